/* hub/flags.h: the region's feature flags, found by name. A fold of the region's log, held in
 * memory. Threads: the loop's.
 */
#ifndef HF_HUB_FLAGS_H
#define HF_HUB_FLAGS_H

#include "base/map.h"
#include "base/queue.h"
#include "commands/flag.h"

struct hf_hub_flag {
    struct hf_flag life;
    /* private */
    struct hf_map_node by_name;
    struct hf_queue order; /* by first setting */
};

struct hf_hub_flags {
    struct hf_map by_name;
    struct hf_queue order;
};

/* HF_ENOMEM. */
enum hf_rc hf_hub_flags_init(struct hf_hub_flags *flags, struct hf_env *env);
/* Also for one whose init failed, or of zeroes. */
void hf_hub_flags_fini(struct hf_hub_flags *flags);
/* NULL when it was never set. */
struct hf_hub_flag *hf_hub_flag_find(const struct hf_hub_flags *flags, struct hf_str name);
struct hf_hub_flag *hf_hub_flags_first(const struct hf_hub_flags *flags);
struct hf_hub_flag *hf_hub_flags_next(const struct hf_hub_flags *flags,
                                      const struct hf_hub_flag *flag);
/* Takes one as a snapshot has it, the next in order. HF_ENOMEM. */
enum hf_rc hf_hub_flags_restore(struct hf_hub_flags *flags, const struct hf_flag *life);
/* Takes an entry of the region's log: flag/NAME, others are let go. */
enum hf_rc hf_hub_flags_fold(struct hf_hub_flags *flags, const struct hf_envelope *envelope,
                             struct hf_err *err);

#endif
