/* tenant/budget.h: the tenant's budgets: kept, reserved of, held against what was metered.
 *
 * A budget comes down as a directive and is kept in the file "budgets" of the agent's folder, a
 * line each as commands/budget.h writes it. Used is what the view of metering has of the period
 * that is now; of an epoch of the log, so after a restored snapshot what stands in the one before
 * counts no more.
 *
 * On the agent's socket:
 *   GET  /v1/budget          {"budgets":[{"meter":"tokens","period":"month","start":...,"end":...,
 *                            "limit":N,"warn":80,"action":"ask","used":N,"reserved":N,
 *                            "state":"open"}]}
 *   POST /v1/budget/reserve  {"reservation":NAME,"ttl_s":600,"tokens":N,"requests":1,"eur":N,
 *                            "usd":N,"agreed":false}; amounts that are left out are 0
 *                            -> {"verdict":"go"|"warn"|"ask"|"deny","strictest":"none"|ACTION,
 *                            "meter":...,"budget":{...}}; the last two, of the budget that hinders
 *                            most, where the verdict is not "go"
 *   POST /v1/budget/release  {"reservation":NAME}
 * "ask" and "deny" reserve nothing; "agreed" says that the person who was asked allows it. A
 * metering record that names the reservation settles it.
 *
 * When a budget is at its warning or its end, that is an event, budget.crossed, once a period.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_BUDGET_H
#define HF_TENANT_BUDGET_H

#include "base/http/server.h"
#include "log/owned/owned.h"
#include "tenant/ledger.h"

struct hf_agent;

struct hf_agent_budgets {
    struct hf_budget items[HF_BUDGET_METERS]; /* by meter; limit 0: none */
    int64_t told_start_us[HF_BUDGET_METERS];  /* of the period in which `told` was told */
    enum hf_budget_state told[HF_BUDGET_METERS];
    struct hf_ledger ledger;
    struct hf_timer look;
    struct hf_post post;
    enum hf_budget_meter posting_meter;
    enum hf_budget_state posting_state;
    int64_t posting_start_us;
    bool posting;
};

/* Reads the file. HF_ECORRUPT: it is not what this agent wrote. */
enum hf_rc hf_agent_budgets_load(struct hf_agent *agent, struct hf_err *err);
void hf_agent_budgets_end(struct hf_agent *agent);
/* Durable when it returns. */
enum hf_rc hf_agent_budget_set(struct hf_agent *agent, const struct hf_budget *budget,
                               struct hf_err *err);
/* Something was metered; `reservation` is what it settles, empty: nothing. */
void hf_agent_budgets_metered(struct hf_agent *agent, struct hf_str reservation);

void hf_agent_budget_show(struct hf_agent *agent, struct hf_http_exchange *exchange);
void hf_agent_budget_reserve(struct hf_agent *agent, struct hf_http_exchange *exchange);
void hf_agent_budget_release(struct hf_agent *agent, struct hf_http_exchange *exchange);

#endif
