/* wrapper/policy/diff.h: is one policy tighter or looser than another, and what changed in it?
 *
 * Both are evaluated over vectors: the golden ones of both, and recorded calls that the caller
 * gives. Evaluation says tighter, looser or both. What evaluation cannot see counts as what it
 * might be: a change of classification, of levels or of lists as both; a rule that changed and
 * decided none of the vectors by what such a change can do (a new forbid can only tighten, a permit
 * that is gone as well).
 * So "tighter" is said only when nothing speaks against it.
 * Order: open, vectors, strictness and changes, close. One thread; the policies stay the caller's.
 */
#ifndef HF_WRAPPER_POLICY_DIFF_H
#define HF_WRAPPER_POLICY_DIFF_H

#include "wrapper/policy/bundle.h"
#include "wrapper/policy/policy.h"

enum hf_policy_strictness {
    HF_POLICY_STRICTNESS_SAME = 0,
    HF_POLICY_STRICTNESS_TIGHTER = 1,
    HF_POLICY_STRICTNESS_LOOSER = 2,
    HF_POLICY_STRICTNESS_MIXED = 3
};

enum hf_policy_change_kind {
    HF_POLICY_CHANGE_ADDED,
    HF_POLICY_CHANGE_REMOVED,
    HF_POLICY_CHANGE_CHANGED
};

/* One record that differs. */
struct hf_policy_change {
    enum hf_policy_bundle_kind record; /* rule, tool, program, list, level, head */
    enum hf_policy_change_kind kind;
    struct hf_str name; /* borrows until the next one */
    bool seen;          /* a rule that decided some vector, or only its words changed */
    enum hf_policy_strictness might; /* what it can do to verdicts */
};

struct hf_policy_flip {
    struct hf_policy_verdict old_verdict;
    struct hf_policy_verdict new_verdict;
};

struct hf_policy_diff;

/* Gives *ret_diff. HF_ENOMEM. */
enum hf_rc hf_policy_diff_open(const struct hf_policy *old_policy,
                               const struct hf_policy *new_policy, struct hf_policy_diff **ret_diff,
                               struct hf_err *err);
void hf_policy_diff_close(struct hf_policy_diff *diff);

/* Evaluates both on one vector. True when the verdicts differ; *ret_flip is always written. */
bool hf_policy_diff_vector(struct hf_policy_diff *diff, struct hf_bytes vector,
                           struct hf_policy_flip *ret_flip);
/* The golden vectors of both; visit (may be NULL) is called for each that flips. */
typedef void hf_policy_flip_fn(void *arg, struct hf_str name, const struct hf_policy_flip *flip);
enum hf_rc hf_policy_diff_golden(struct hf_policy_diff *diff, hf_policy_flip_fn *visit, void *arg,
                                 struct hf_err *err);

/* Calls visit (may be NULL) with each record that differs. */
typedef void hf_policy_change_fn(void *arg, const struct hf_policy_change *change);
enum hf_rc hf_policy_diff_changes(struct hf_policy_diff *diff, hf_policy_change_fn *visit,
                                  void *arg, struct hf_err *err);
/* After hf_policy_diff_changes. */
enum hf_policy_strictness hf_policy_diff_strictness(const struct hf_policy_diff *diff);
uint64_t hf_policy_diff_evaluated(const struct hf_policy_diff *diff);

/* "same", "tighter", "looser", "mixed"; static storage. */
struct hf_str hf_policy_strictness_name(enum hf_policy_strictness strictness);

#endif
