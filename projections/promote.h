/* projections/promote.h: which version of a read model is the one that is read.
 *
 * A new version is built beside the old one; until it is promoted everybody reads the old one. The
 * first version of a model needs no promotion.
 */
#ifndef HF_PROJECTIONS_PROMOTE_H
#define HF_PROJECTIONS_PROMOTE_H

#include "projections/projector.h"

/* The promoted version of the model ("fleet"), its lowest one when none was promoted; HF_ENOTFOUND
 * when there is no such model. */
enum hf_rc hf_promoted(struct hf_store *store, struct hf_str model,
                       const struct hf_projection **ret_projection, struct hf_err *err);

/* May this version be read from now on? HF_EBUSY: it is not up to `size`; HF_EPERM: it has dead
 * letters (a rebuild must not lose what the one before had), the text says how many. */
enum hf_rc hf_may_promote(struct hf_store *store, const struct hf_projection *projection,
                          uint64_t size, struct hf_err *err);
/* because: kept beside it, with the position; "" when there was nothing to explain. */
enum hf_rc hf_promote(struct hf_store *store, const struct hf_projection *projection,
                      const char *because, struct hf_err *err);
/* Dead letters of a projection. */
enum hf_rc hf_count_dead(struct hf_store *store, const struct hf_projection *projection,
                         uint64_t *ret_count, struct hf_err *err);

/* Makes the table of promotions for those who only read, and so cannot. */
enum hf_rc hf_promotions_create(struct hf_store *store, struct hf_err *err);

/* How two versions differ in what both have: columns of the same name, rows of the same key. */
struct hf_difference {
    uint64_t rows_a;
    uint64_t rows_b;
    uint64_t missing; /* keys of a that b has not */
    uint64_t added;   /* keys of b that a has not */
    uint64_t changed; /* rows with another value in a column that both have */
    char first[128];  /* the first key that differs, for people */
};
/* Compares the first tables. HF_EINVAL when their keys are not the same columns. */
enum hf_rc hf_compare(struct hf_store *store, const struct hf_projection *a,
                      const struct hf_projection *b, struct hf_difference *ret, struct hf_err *err);

#endif
