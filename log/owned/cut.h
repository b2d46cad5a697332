/* log/owned/cut.h: a part of an owned log as a segment (log/mirror/segment.h), signed at its end:
 * what an agent sends up, and what a region gives to those who follow it. Threads: the loop's.
 */
#ifndef HF_LOG_OWNED_CUT_H
#define HF_LOG_OWNED_CUT_H

#include "log/owned/owned.h"

/* Appends to out the segment of the entries from `from` on, as many as fit: at least one, at most
 * 4,096 and about 3 MiB. A checkpoint is a pure function of size and root, so any durable size may
 * be signed. HF_ENOTFOUND: there is no entry there (yet). */
enum hf_rc hf_owned_cut(const struct hf_owned *owned, uint32_t epoch, uint64_t from,
                        struct hf_buf *out, uint64_t *ret_end, struct hf_err *err);
/* The same as a part that a follower takes (log/mirror/follow.h), with the blobs that its entries
 * brought: entries and blobs until they have 1 MiB together, and always one entry. */
enum hf_rc hf_owned_cut_part(const struct hf_owned *owned, uint64_t from, struct hf_buf *out,
                             struct hf_err *err);

#endif
