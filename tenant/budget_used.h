/* tenant/budget_used.h: what is used of a budget, and what a request may still take of all.
 *
 * Threads: the loop's.
 */
#ifndef HF_TENANT_BUDGET_USED_H
#define HF_TENANT_BUDGET_USED_H

#include "commands/budget.h"

struct hf_agent;

struct hf_budget_used {
    const struct hf_budget *budget;
    int64_t start_us; /* of the period that is now */
    int64_t end_us;
    uint64_t used;
    uint64_t reserved;
    enum hf_budget_state state; /* of what is used */
};

/* HF_ECLOSED and others when the views cannot tell. */
enum hf_rc hf_budget_used(struct hf_agent *agent, const struct hf_budget *budget,
                          struct hf_budget_used *ret, struct hf_err *err);

#endif
