/* commands/budget.c: budgets as text, their periods and states. */
#include "commands/budget.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/calendar.h"
#include "base/parse.h"

static const char *const meters[] = {"tokens", "requests", "eur", "usd", NULL};
static const char *const periods[] = {"hour", "day", "month", NULL};
static const char *const actions[] = {"warn", "ask", "deny", NULL};
static const char *const states[] = {"open", "warned", "spent"};

const char *hf_budget_meter_name(enum hf_budget_meter meter)
{
    return meters[meter];
}

const char *hf_period_name(enum hf_period period)
{
    return periods[period];
}

const char *hf_budget_action_name(enum hf_budget_action action)
{
    return actions[action];
}

const char *hf_budget_state_name(enum hf_budget_state state)
{
    return states[state];
}

static bool find(const char *const names[], struct hf_str text, unsigned *ret)
{
    for (unsigned i = 0; names[i] != NULL; i++) {
        if (hf_str_eq(text, hf_str_c(names[i]))) {
            *ret = i;
            return true;
        }
    }
    return false;
}

enum hf_rc hf_period_parse(struct hf_str text, enum hf_period *ret, struct hf_err *err)
{
    unsigned found = 0;
    if (!find(periods, text, &found)) {
        return hf_err_set(err, HF_EINVAL, "a period is one of hour, day, month");
    }
    *ret = (enum hf_period)found;
    return HF_OK;
}

enum hf_rc hf_budget_read(struct hf_str text, struct hf_budget *ret, struct hf_err *err)
{
    struct hf_str meter, period, limit, warn, action;
    unsigned m = 0, p = 0, a = 0;
    uint64_t amount = 0, percent = 0;
    bool good = hf_parse_pair(&text, HF_STR("meter="), &meter) && find(meters, meter, &m) &&
                hf_parse_pair(&text, HF_STR("period="), &period) && find(periods, period, &p) &&
                hf_parse_pair(&text, HF_STR("limit="), &limit) &&
                hf_parse_u64(limit, 0, HF_BUDGET_LIMIT_MAX, &amount) == HF_OK &&
                hf_parse_pair(&text, HF_STR("warn="), &warn) &&
                hf_parse_u64(warn, 1, 100, &percent) == HF_OK &&
                hf_parse_pair(&text, HF_STR("action="), &action) && find(actions, action, &a) &&
                text.len == 0;
    if (!good) {
        return hf_err_set(err, HF_EINVAL,
                          "parameters: a budget takes meter=tokens, requests, eur or usd, "
                          "period=hour, day or month, limit=N, warn=PERCENT, action=warn, ask or "
                          "deny, in this order with commas between");
    }
    *ret = (struct hf_budget){.meter = (enum hf_budget_meter)m,
                              .period = (enum hf_period)p,
                              .limit = amount,
                              .warn_percent = (unsigned)percent,
                              .action = (enum hf_budget_action)a};
    return HF_OK;
}

struct hf_str hf_budget_write(const struct hf_budget *budget, char out[HF_BUDGET_TEXT_MAX])
{
    int len =
        snprintf(out, HF_BUDGET_TEXT_MAX, "meter=%s,period=%s,limit=%llu,warn=%u,action=%s",
                 meters[budget->meter], periods[budget->period], (unsigned long long)budget->limit,
                 budget->warn_percent, actions[budget->action]);
    HF_ASSERT(len > 0 && len < HF_BUDGET_TEXT_MAX);
    return (struct hf_str){out, (size_t)len};
}

void hf_period_of(enum hf_period period, int64_t time_us, int64_t *ret_start_us,
                  int64_t *ret_end_us)
{
    int64_t length = period == HF_PERIOD_HOUR ? HF_HOUR_US : HF_DAY_US;
    HF_ASSERT(time_us >= 0);
    *ret_start_us = time_us - time_us % length;
    *ret_end_us = *ret_start_us + length;
    if (period == HF_PERIOD_MONTH) {
        struct hf_date date = hf_date_of_days(time_us / HF_DAY_US);
        date.day = 1;
        *ret_start_us = hf_date_days(&date) * HF_DAY_US;
        date.year += date.month == 12;
        date.month = date.month % 12 + 1;
        *ret_end_us = hf_date_days(&date) * HF_DAY_US;
    }
}

enum hf_budget_state hf_budget_state(const struct hf_budget *budget, uint64_t used)
{
    /* Limits have at most 53 bits, so the product fits. */
    uint64_t warn_at = budget->limit / 100 * budget->warn_percent +
                       budget->limit % 100 * budget->warn_percent / 100;
    return used >= budget->limit ? HF_BUDGET_SPENT
           : used >= warn_at     ? HF_BUDGET_WARNED
                                 : HF_BUDGET_OPEN;
}
