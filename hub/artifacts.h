/* hub/artifacts.h: the region's artifacts, found by digest, and what tenants were told to activate.
 *
 * A fold of the region's log, held in memory: about 600 bytes for each artifact and 200 for each
 * tenant that was told something; bytes and manifests stay in the log. Threads: the loop's.
 */
#ifndef HF_HUB_ARTIFACTS_H
#define HF_HUB_ARTIFACTS_H

#include "base/map.h"
#include "base/queue.h"
#include "commands/artifact.h"

struct hf_hub_artifact {
    struct hf_artifact life;
    /* private */
    struct hf_map_node by_digest;
    struct hf_queue order; /* by when it was added first */
};

/* The last word to one address about one slot. */
struct hf_hub_told {
    uint64_t directive; /* 0: nothing */
    int64_t recorded_us;
    struct hf_hash digest;
};

struct hf_hub_artifacts {
    struct hf_artifact_slot slots[HF_SLOT_COUNT];
    /* private */
    struct hf_map by_digest;
    struct hf_queue order;
    struct hf_map told_by_name;
    struct hf_queue told;
};

/* HF_ENOMEM. */
enum hf_rc hf_hub_artifacts_init(struct hf_hub_artifacts *artifacts, struct hf_env *env);
/* Also for one whose init failed, or of zeroes. */
void hf_hub_artifacts_fini(struct hf_hub_artifacts *artifacts);
/* NULL when it is not there. */
struct hf_hub_artifact *hf_hub_artifact_find(const struct hf_hub_artifacts *artifacts,
                                             const struct hf_hash *digest);
struct hf_hub_artifact *hf_hub_artifacts_first(const struct hf_hub_artifacts *artifacts);
struct hf_hub_artifact *hf_hub_artifacts_next(const struct hf_hub_artifacts *artifacts,
                                              const struct hf_hub_artifact *artifact);
/* What the tenant was told last to run in the slot, by a directive for it or for all, of those for
 * all from since_us on: before that it was not there. NULL: nothing. */
const struct hf_hash *hf_hub_artifacts_told(const struct hf_hub_artifacts *artifacts,
                                            struct hf_str tenant, int64_t since_us,
                                            enum hf_slot slot);
/* What all were told last to run in the slot; NULL: nothing. */
const struct hf_hub_told *hf_hub_artifacts_told_all(const struct hf_hub_artifacts *artifacts,
                                                    enum hf_slot slot);
/* Takes an entry of the region's log: artifact.added, directive.issued, others are let go. */
enum hf_rc hf_hub_artifacts_fold(struct hf_hub_artifacts *artifacts, uint64_t index,
                                 const struct hf_envelope *envelope, struct hf_err *err);

/* Takes what a fold knew, in the order of hf_hub_artifacts_first, or of the visit. HF_ENOMEM;
 * HF_EINVAL: no fold knows that. */
enum hf_rc hf_hub_artifacts_restore(struct hf_hub_artifacts *artifacts,
                                    const struct hf_artifact *life);
void hf_hub_artifacts_visit_told(const struct hf_hub_artifacts *artifacts,
                                 void (*visit)(void *arg, struct hf_str address, enum hf_slot slot,
                                               const struct hf_hub_told *told),
                                 void *arg);
enum hf_rc hf_hub_artifacts_restore_told(struct hf_hub_artifacts *artifacts, struct hf_str address,
                                         enum hf_slot slot, const struct hf_hub_told *told);

#endif
