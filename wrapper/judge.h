/* wrapper/judge.h: a tool call becomes facts, and the facts a verdict.
 *
 * Everything that a decision rests on is copied here, so that it can be written down and looked at
 * again after a person answered, whatever became of the policy meanwhile.
 * Threads: the loop's. Never blocks.
 */
#ifndef HF_WRAPPER_JUDGE_H
#define HF_WRAPPER_JUDGE_H

#include "wrapper/policy/policy.h"
#include "wrapper/protocol.h"
#include "wrapper/sessions.h"

struct hf_wrapper;

#define HF_JUDGE_RULE_MAX    64
#define HF_JUDGE_REASON_MAX  400
#define HF_JUDGE_NAME_MAX    64
#define HF_JUDGE_SUMMARY_MAX 512

struct hf_judgement {
    struct hf_bytes vector; /* canonical facts; in room */
    uint8_t *room;          /* owned: hf_judgement_free */
    enum hf_verdict verdict;
    char rule[HF_JUDGE_RULE_MAX + 1];
    char reason[HF_JUDGE_REASON_MAX + 1];
    enum hf_policy_rule_asi asi;
    enum hf_policy_rule_risk risk;
    struct hf_hash policy_digest;
    char policy[HF_JUDGE_NAME_MAX + 1];
    unsigned wait_s; /* how long a person has */
    hf_class_set classes;
    uint8_t labels;        /* of taint, once the result is there */
    struct hf_hash action; /* of exactly this call, its session, its parameters and the policy */
    uint64_t took_us;
    bool has_shadow;
    enum hf_verdict shadow_verdict;
    struct hf_hash shadow_digest;
    char shadow_rule[HF_JUDGE_RULE_MAX + 1];
};

/* HF_OK: there is a verdict, maybe a refusal. Else the call cannot be decided at all, and err says
 * why: HF_EINVAL parameters that are no object, a tool's name of other characters; HF_ENOTFOUND no
 * policy, no tenant; HF_ENOMEM. *ret is written in any case and must be freed. */
enum hf_rc hf_judge(struct hf_wrapper *wrapper, const struct hf_plugin_call *call,
                    const struct hf_session *session, struct hf_judgement *ret, struct hf_err *err);
/* Do the recorded bytes give this verdict again, by the policy that is active? Nothing may run that
 * an auditor could not arrive at. */
bool hf_judgement_holds(const struct hf_wrapper *wrapper, const struct hf_judgement *judgement);
void hf_judgement_free(struct hf_judgement *judgement);

#endif
