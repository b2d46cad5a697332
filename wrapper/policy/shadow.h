/* wrapper/policy/shadow.h: a candidate policy beside the active one, and what would be different.
 *
 * The candidate decides nothing: its verdicts are counted where they differ, by the rules of both.
 * Counters are bounded; flips beyond the rows are counted without their rules. One thread; both
 * policies stay the caller's and outlive it.
 */
#ifndef HF_WRAPPER_POLICY_SHADOW_H
#define HF_WRAPPER_POLICY_SHADOW_H

#include "wrapper/policy/policy.h"

#define HF_SHADOW_ROWS_MAX 64

struct hf_shadow_row {
    enum hf_verdict from;
    enum hf_verdict to;
    struct hf_str from_rule; /* borrow from the policies */
    struct hf_str to_rule;
    uint64_t count;
};

struct hf_shadow {
    /* read-only */
    uint64_t calls;
    uint64_t tighter; /* the candidate is stricter */
    uint64_t looser;
    struct hf_shadow_row rows[HF_SHADOW_ROWS_MAX]; /* in the order in which they came up */
    size_t row_count;
    uint64_t beyond; /* flips that found no row */
};

void hf_shadow_init(struct hf_shadow *shadow);
/* Counts what both said of one call. True when they differ. */
bool hf_shadow_count(struct hf_shadow *shadow, const struct hf_policy_verdict *active,
                     const struct hf_policy_verdict *candidate);

#endif
