/* log/owned/mirror.h: fills the mirror of a log that somebody else writes (hf_owned_conf.source).
 *
 * The mirror's own log is its whole state: a part is in it, with the checkpoint behind it, or it is
 * not, so that a program which is killed at any moment goes on where it was. It is read as the
 * log that it is a copy of. Threads: the loop's.
 */
#ifndef HF_LOG_OWNED_MIRROR_H
#define HF_LOG_OWNED_MIRROR_H

#include "log/mirror/follow.h"
#include "log/owned/owned.h"

/* Where it is: a follower that has taken all that is in the log. HF_ECORRUPT: the entries are not
 * those that the source signed. */
enum hf_rc hf_owned_follow(const struct hf_owned *owned, struct hf_follow *ret_follow,
                           struct hf_err *err);

/* One part to write; embedded by its owner, left in place until `done` ran. */
struct hf_owned_part {
    /* public */
    void (*done)(struct hf_owned_part *part);
    struct hf_append append; /* the answer: rc, err */
    /* private */
    struct hf_submission *items;
};

/* Writes what hf_follow_take took behind what is in the log; one at a time. Borrows the part until
 * `done` ran, on the loop. HF_ENOMEM: it will not run. */
enum hf_rc hf_owned_put(struct hf_owned *owned, const struct hf_follow_part *part,
                        struct hf_owned_part *put, struct hf_err *err);

#endif
