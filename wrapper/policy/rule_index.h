/* wrapper/policy/rule_index.h: which rules can fit a call at all, by its tool and its classes.
 *
 * While a policy is loaded, each rule's tools are noted; then the index is made in the policy's
 * arena. Evaluation walks the candidates only (one that names a tool and also what it begins with
 * may come twice), so a policy of thousands of rules about other tools costs no time.
 * One thread while it is made.
 */
#ifndef HF_WRAPPER_POLICY_RULE_INDEX_H
#define HF_WRAPPER_POLICY_RULE_INDEX_H

#include "wrapper/policy/table.h"

struct hf_rule_mention {
    struct hf_str tool;
    uint32_t rule;
    bool prefix;
};

struct hf_rule_index {
    /* private */
    struct hf_rule_mention *mentions;
    size_t count;
    size_t cap;
};

/* Notes that the rule is about the tool; borrows the name. HF_ENOMEM. */
enum hf_rc hf_rule_index_tool(struct hf_rule_index *index, struct hf_str tool, uint32_t rule);
/* Makes the policy's index. HF_ENOMEM. */
enum hf_rc hf_rule_index_finish(struct hf_rule_index *index, struct hf_policy *policy);
/* Frees the notes; an index of zeroes is fine. */
void hf_rule_index_fini(struct hf_rule_index *index);

/* Calls visit with each rule that can be about the tool and the classes, until it answers false. */
typedef bool hf_rule_visit_fn(void *arg, const struct hf_rule *rule);
void hf_rule_index_each(const struct hf_policy *policy, struct hf_str tool, hf_class_set classes,
                        hf_rule_visit_fn *visit, void *arg);

#endif
