/* wrapper/budget.h: how the tenant's budgets stand, as the agent says.
 *
 * The agent is asked every few seconds, and soon after something was metered. The worst of all
 * budgets is a fact of each call. Until the agent has said so for the first time it is not known,
 * and a policy that asks for it refuses; when the agent is away what it said last counts, as no
 * call can be written down without it anyway.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_BUDGET_H
#define HF_WRAPPER_BUDGET_H

#include "base/http/client.h"
#include "wrapper/policy/facts.h"

struct hf_wrapper_budget {
    bool known; /* read-only */
    enum hf_policy_facts_budget state;
    /* private */
    struct hf_http_client *client;
    struct hf_timer timer;
    struct hf_http_call call;
    bool asking;
};

/* Borrows client until close. */
void hf_wrapper_budget_open(struct hf_wrapper_budget *budget, struct hf_loop *loop,
                            struct hf_http_client *client);
void hf_wrapper_budget_close(struct hf_wrapper_budget *budget);
/* Something was metered: the agent is asked soon. Nothing happens when it is closed. */
void hf_wrapper_budget_soon(struct hf_wrapper_budget *budget);

/* The worst of what the agent's answer to GET /v1/budget says. Pure; HF_EINVAL: it is no such
 * answer. */
enum hf_rc hf_wrapper_budget_read(struct hf_bytes answer, enum hf_policy_facts_budget *ret,
                                  struct hf_err *err);

#endif
