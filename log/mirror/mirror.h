/* log/mirror/mirror.h: what the region knows of one tenant's log, and whether a segment goes on.
 *
 * A mirror is a size and a frontier. It grows only by segments whose entries give a root that the
 * tenant signed, and never shrinks, so two histories under one key are seen at once. The epoch
 * after the mirror's begins a new log of the tenant: its first entry, the event epoch.opened, says
 * so and tells what the tenant still had of the old one. Pure; the region's log is where segments
 * are stored.
 */
#ifndef HF_LOG_MIRROR_MIRROR_H
#define HF_LOG_MIRROR_MIRROR_H

#include "log/mirror/segment.h"
#include "log/tlog/checkpoint.h"
#include "log/tlog/tree.h"
#include "schemas/events_gen.h"

struct hf_mirror {
    uint32_t epoch;           /* 0: nothing came yet */
    struct hf_public_key key; /* that signs this epoch */
    struct hf_frontier frontier;
};

void hf_mirror_init(struct hf_mirror *mirror);

/* The verifier key of an epoch: named STEM/EPOCH, so that the epoch is signed with every checkpoint
 * (origin and key name are the same). Fails only for a stem that is no key name. */
enum hf_rc hf_mirror_vkey(struct hf_str stem, uint32_t epoch, const struct hf_public_key *key,
                          struct hf_vkey *ret_vkey, struct hf_err *err);

/* Does the segment continue the mirror of the log STEM under the tenant's log key?
 * HF_OK: yes; *ret_next is the mirror after it, *ret_root the root at its end.
 * HF_EEXIST: all of it is here already, with the same root at its end if that is the mirror's size.
 * HF_ECONFLICT: it begins elsewhere than at the mirror's size (a gap, or an overlap): send from
 *   there.
 * HF_EBADSIG: the checkpoint is not the tenant's. HF_EFORK: the entries do not give the root that
 *   was signed, or the history at the mirror's size is another one. HF_ESTALE: an older epoch,
 *   or this one under another key than it began with.
 * HF_EBADPROOF: an epoch that is not the next one, or does not begin with epoch.opened. A region
 *   that has nothing of the log, as it was put back in time, takes any epoch from its beginning.
 * err says it in words. */
enum hf_rc hf_mirror_check(const struct hf_mirror *mirror, const struct hf_segment *segment,
                           struct hf_str stem, const struct hf_public_key *key,
                           struct hf_mirror *ret_next, struct hf_hash *ret_root,
                           struct hf_err *err);

/* Continues the mirror by a segment that hf_mirror_check let in before and the region's log kept:
 * its signature by key is not verified again, its entries must give the root that was recorded.
 * HF_ECORRUPT; the mirror stays as it was. */
enum hf_rc hf_mirror_follow(struct hf_mirror *mirror, const struct hf_segment *segment,
                            const struct hf_public_key *key, const struct hf_hash *root,
                            struct hf_err *err);
/* What the first entry of a segment's epoch says: the segment begins at 0 in an epoch after the
 * first. Borrows from the segment. HF_EBADPROOF. */
enum hf_rc hf_mirror_opening(const struct hf_segment *segment, struct hf_event_epoch_opened *ret,
                             struct hf_err *err);

#endif
