/* hub/subjects.h: the subjects that the region knows: whose keys it keeps, which were erased, and
 * how far an erasure is. A fold of the region's log, held in memory; no key is in it.
 * Threads: the loop's.
 */
#ifndef HF_HUB_SUBJECTS_H
#define HF_HUB_SUBJECTS_H

#include "base/map.h"
#include "base/queue.h"
#include "commands/subject.h"

/* Entries that are remembered of what a subject's key sealed, the newest. */
#define HF_HUB_SUBJECT_REQUESTS 4096

struct hf_hub_subject {
    struct hf_subject_life life;
    uint64_t requests;          /* that were routed, sealed under its key */
    uint64_t directive;         /* number of the newest that tells its agent to erase; 0: none */
    uint64_t directive_index;   /* of its entry */
    int64_t directive_until_us; /* when nobody heeds it any more */
    /* Not in the log: */
    bool gone;    /* from custody, after its erasure */
    bool telling; /* a directive is on its way to the log */
    bool stuck;   /* it could not be deleted, which was said */
    /* private */
    uint64_t *routed; /* entries of approval.routed, oldest first from routed_first on */
    size_t routed_first;
    size_t routed_count; /* with those before routed_first */
    size_t routed_cap;
    struct hf_map_node by_key;
    struct hf_queue order; /* of its tenant, by when they came */
    struct hf_queue open;  /* erasures of which something is left to do: hub/erasures.h ends them */
    struct hf_hub_subjects_tenant *tenant;
};

struct hf_hub_subjects {
    uint64_t count; /* read-only */
    /* private */
    struct hf_map by_key;
    struct hf_map by_tenant;
    struct hf_queue tenants;
    struct hf_queue open;
};

/* HF_ENOMEM. */
enum hf_rc hf_hub_subjects_init(struct hf_hub_subjects *subjects, struct hf_env *env);
/* Also for one whose init failed, or of zeroes. */
void hf_hub_subjects_fini(struct hf_hub_subjects *subjects);
/* Takes an entry of the region's log: subject.*, approval.routed, directives to erase; others are
 * let go. HF_ENOMEM, HF_ECORRUPT. */
enum hf_rc hf_hub_subjects_fold(struct hf_hub_subjects *subjects, uint64_t index,
                                const struct hf_envelope *envelope, struct hf_err *err);
/* Takes one as a snapshot has it, without what was routed; the next by when they came. HF_ENOMEM.
 */
enum hf_rc hf_hub_subjects_restore(struct hf_hub_subjects *subjects,
                                   const struct hf_hub_subject *kept);
/* The same for an entry that was routed; of one subject oldest first. HF_ENOMEM; HF_EINVAL: there
 * is no such subject. */
enum hf_rc hf_hub_subjects_restore_routed(struct hf_hub_subjects *subjects, struct hf_str tenant,
                                          const struct hf_subject *subject, uint64_t index);

/* NULL: it is not known. */
struct hf_hub_subject *hf_hub_subject_find(const struct hf_hub_subjects *subjects,
                                           struct hf_str tenant, const struct hf_subject *subject);
/* Of one tenant, by when they came; NULL at the end. */
struct hf_hub_subject *hf_hub_subjects_first(const struct hf_hub_subjects *subjects,
                                             struct hf_str tenant);
struct hf_hub_subject *hf_hub_subjects_next(const struct hf_hub_subject *subject);
/* Shows each, those of one tenant by when they came. */
void hf_hub_subjects_visit(const struct hf_hub_subjects *subjects,
                           void (*visit)(void *arg, struct hf_hub_subject *subject), void *arg);

/* Entries of the region's log, approval.routed, of what its key sealed; the newest, oldest first.
 * Borrowed until the next fold. */
const uint64_t *hf_hub_subject_routed(const struct hf_hub_subject *subject, size_t *ret_count);

#endif
