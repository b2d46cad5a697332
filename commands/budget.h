/* commands/budget.h: what a tenant may use in a period, and what happens when it is used up.
 *
 * A budget is set by a directive of the kind "budget": its parameters are the budget. A tenant has
 * at most one for each meter. What was used is counted by the hour in which the model answered, so
 * a period begins and ends at a full hour, UTC. Pure: the time is an argument.
 */
#ifndef HF_COMMANDS_BUDGET_H
#define HF_COMMANDS_BUDGET_H

#include "base/bytes.h"
#include "base/err.h"

enum hf_budget_meter {
    HF_BUDGET_TOKENS,   /* read, from the cache too, and written */
    HF_BUDGET_REQUESTS, /* answered by a model */
    HF_BUDGET_EUR,      /* millionths */
    HF_BUDGET_USD,      /* millionths */
};

#define HF_BUDGET_METERS 4

enum hf_period {
    HF_PERIOD_HOUR,
    HF_PERIOD_DAY,
    HF_PERIOD_MONTH,
};

/* What happens when the limit is reached. */
enum hf_budget_action {
    HF_BUDGET_WARN, /* it is told, and everything goes on */
    HF_BUDGET_ASK,  /* a person is asked before each further use */
    HF_BUDGET_DENY, /* nothing further is used */
};

struct hf_budget {
    enum hf_budget_meter meter;
    enum hf_period period;
    uint64_t limit; /* in units of the meter; 0: there is no budget any more */
    unsigned warn_percent;
    enum hf_budget_action action;
};

#define HF_BUDGET_LIMIT_MAX UINT64_C(9007199254740991)
#define HF_BUDGET_TEXT_MAX  128

/* "meter=tokens,period=month,limit=N,warn=PERCENT,action=ask", in this order. HF_EINVAL says what
 * is expected. */
enum hf_rc hf_budget_read(struct hf_str text, struct hf_budget *ret, struct hf_err *err);
struct hf_str hf_budget_write(const struct hf_budget *budget, char out[HF_BUDGET_TEXT_MAX]);

const char *hf_budget_meter_name(enum hf_budget_meter meter);
const char *hf_period_name(enum hf_period period);
const char *hf_budget_action_name(enum hf_budget_action action);
/* HF_EINVAL names the choices. */
enum hf_rc hf_period_parse(struct hf_str text, enum hf_period *ret, struct hf_err *err);

/* The period that the time falls into: from start up to, not including, end. */
void hf_period_of(enum hf_period period, int64_t time_us, int64_t *ret_start_us,
                  int64_t *ret_end_us);

enum hf_budget_state {
    HF_BUDGET_OPEN,
    HF_BUDGET_WARNED, /* the share was reached at which it warns */
    HF_BUDGET_SPENT,
};
/* Of what is used, and perhaps reserved. */
enum hf_budget_state hf_budget_state(const struct hf_budget *budget, uint64_t used);
const char *hf_budget_state_name(enum hf_budget_state state);

#endif
