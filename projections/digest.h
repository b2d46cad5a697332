/* projections/digest.h: what a read model is, in 32 bytes: the same on every store, for everybody
 * who builds it from the same log. */
#ifndef HF_PROJECTIONS_DIGEST_H
#define HF_PROJECTIONS_DIGEST_H

#include "base/crypto.h"
#include "projections/projector.h"

/* SHA-256 over, for each of its tables, the name and a newline, then all rows in key order: a
 * number as its decimal digits and ";", a text as its length, ":" and itself; a newline ends the
 * row. */
enum hf_rc hf_projection_digest(struct hf_store *store, const struct hf_projection *projection,
                                struct hf_hash *ret_digest, uint64_t *ret_rows, struct hf_err *err);
/* The same, and the position that it is of, of a store that another program may bring on meanwhile.
 * HF_EBUSY: it was brought on each time. */
enum hf_rc hf_projection_digest_at(struct hf_store *store, const struct hf_projection *projection,
                                   uint64_t *ret_position, struct hf_hash *ret_digest,
                                   uint64_t *ret_rows, struct hf_err *err);

#endif
