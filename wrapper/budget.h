/* wrapper/budget.h: how the tenant's budgets stand, as the agent says.
 *
 * The agent is asked every few seconds, and soon after something was metered. The worst of all
 * budgets is a fact of each call. Until the agent has said so for the first time it is not known,
 * and a policy that asks for it refuses; when the agent is away what it said last counts, as no
 * call can be written down without it anyway.
 *
 * What the strictest budget does once it is spent is kept on the disk: by it a run of the model is
 * decided while nobody can be asked whether it fits (wrapper/run.c, and the plugin while the
 * wrapper is away). So a tenant whose budgets only warn, or who has none, does not suffer, and one
 * whose budgets stop is stopped.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_BUDGET_H
#define HF_WRAPPER_BUDGET_H

#include "base/http/client.h"
#include "base/logger.h"
#include "wrapper/policy/facts.h"

/* Ordered: the later the stricter. */
enum hf_wrapper_budget_action {
    HF_WRAPPER_BUDGET_NONE, /* there is no budget, or none is known of */
    HF_WRAPPER_BUDGET_WARN,
    HF_WRAPPER_BUDGET_ASK,
    HF_WRAPPER_BUDGET_DENY,
};

/* What the agent's answer to GET /v1/budget comes to. */
struct hf_wrapper_budget_stand {
    enum hf_policy_facts_budget state;       /* the worst */
    enum hf_wrapper_budget_action strictest; /* of all, spent or not */
};

struct hf_wrapper_budget {
    bool known; /* read-only, as stand */
    struct hf_wrapper_budget_stand stand;
    /* private */
    const struct hf_logger *logger;
    struct hf_http_client *client;
    const char *file;
    struct hf_timer timer;
    struct hf_http_call call;
    bool asking;
};

/* Borrows client, logger and file (of what is kept) until close. */
void hf_wrapper_budget_open(struct hf_wrapper_budget *budget, struct hf_loop *loop,
                            struct hf_http_client *client, const struct hf_logger *logger,
                            const char *file);
void hf_wrapper_budget_close(struct hf_wrapper_budget *budget);
/* The agent said in another answer what the strictest does, by such a word as below. */
void hf_wrapper_budget_learn(struct hf_wrapper_budget *budget, struct hf_str word);
/* Something was metered: the agent is asked soon. Nothing happens when it is closed. */
void hf_wrapper_budget_soon(struct hf_wrapper_budget *budget);

/* Does one of them stop what goes beyond it? */
static inline bool hf_wrapper_budget_stops(const struct hf_wrapper_budget *budget)
{
    return budget->stand.strictest >= HF_WRAPPER_BUDGET_ASK;
}

/* "none", "warn", "ask", "deny": what the strictest does. */
struct hf_str hf_wrapper_budget_word(const struct hf_wrapper_budget *budget);

/* Pure; HF_EINVAL: it is no such answer. */
enum hf_rc hf_wrapper_budget_read(struct hf_bytes answer, struct hf_wrapper_budget_stand *ret,
                                  struct hf_err *err);

#endif
