/* hub/directives.h: the directives of the region by whom they are for, and the agents that wait.
 *
 * A fold of the region's log, held in memory: 24 bytes for each directive. An agent that waits is a
 * follower in a queue of its tenant: a directive for one tenant wakes nobody else.
 * Threads: the loop's.
 */
#ifndef HF_HUB_DIRECTIVES_H
#define HF_HUB_DIRECTIVES_H

#include "base/map.h"
#include "hub/followers.h"
#include "schemas/envelope.h"

struct hf_hub_directive {
    uint64_t sequence;
    uint64_t index; /* of its entry */
    int64_t recorded_us;
};

struct hf_hub_directives {
    /* private */
    struct hf_map by_name;
    struct hf_queue addresses;
    uint64_t last;   /* number of the newest, also of those on their way to the log */
    uint64_t folded; /* of the newest in the log */
};

/* HF_ENOMEM. */
enum hf_rc hf_hub_directives_init(struct hf_hub_directives *directives, struct hf_env *env);
/* Also, like waking all, for directives of zeroes. */
void hf_hub_directives_fini(struct hf_hub_directives *directives);
/* Takes an entry of the region's log: directive.issued, others are let go. Wakes who waits for it.
 */
enum hf_rc hf_hub_directives_fold(struct hf_hub_directives *directives, uint64_t index,
                                  const struct hf_envelope *envelope, struct hf_err *err);

/* Shows each that is in the log; of one address by number. */
void hf_hub_directives_visit(const struct hf_hub_directives *directives,
                             void (*visit)(void *arg, struct hf_str address,
                                           const struct hf_hub_directive *directive),
                             void *arg);
/* Takes one as a snapshot has it. HF_ENOMEM. */
enum hf_rc hf_hub_directives_restore(struct hf_hub_directives *directives, struct hf_str address,
                                     const struct hf_hub_directive *directive);

/* The number before the one that comes next. */
uint64_t hf_hub_directives_last(const struct hf_hub_directives *directives);
/* The number of the newest one that is in the log. */
uint64_t hf_hub_directives_folded(const struct hf_hub_directives *directives);
/* The next number is taken. */
void hf_hub_directives_take(struct hf_hub_directives *directives);

/* Those for the tenant with a number above `after`, oldest first, at most `max`. For an agent
 * that knows none yet (after = 0), of those for all only what was recorded from since_us on: before
 * that it was not there. */
unsigned hf_hub_directives_for(const struct hf_hub_directives *directives, struct hf_str tenant,
                               uint64_t after, int64_t since_us, struct hf_hub_directive *ret,
                               unsigned max);
/* The follower waits until there is one for the tenant. HF_ENOMEM. */
enum hf_rc hf_hub_directives_wait(struct hf_hub_directives *directives, struct hf_str tenant,
                                  struct hf_hub_follower *follower);
/* Wakes all who wait. */
void hf_hub_directives_wake_all(struct hf_hub_directives *directives);

#endif
