/* tests/unit/commands/test_budget.c: budgets as text, the periods of a calendar, when one is spent.
 */
#include "commands/budget.h"

#include "base/parse.h"
#include "tests/harness/test.h"

static int64_t at(const char *text)
{
    int64_t us = 0;
    return hf_parse_time_us(hf_str_c(text), &us) == HF_OK ? us : -1;
}

/* Goal: one way to write a budget. Method: what is written is read as the same, and everything that
 * differs by a piece is refused. */
HF_TEST(text)
{
    static const char *const bad[] = {
        "",
        "meter=tokens",
        "meter=tokens,period=month,limit=1,warn=80,action=ask,",
        "meter=tokens,period=month,limit=1,warn=80,action=asks",
        "meter=tokens,period=month,limit=1,warn=80,action=",
        "meter=tokens,period=month,limit=1,warn=0,action=ask",
        "meter=tokens,period=month,limit=1,warn=101,action=ask",
        "meter=tokens,period=month,limit=-1,warn=80,action=ask",
        "meter=tokens,period=month,limit=9007199254740992,warn=80,action=ask",
        "meter=tokens,period=year,limit=1,warn=80,action=ask",
        "meter=token,period=month,limit=1,warn=80,action=ask",
        "period=month,meter=tokens,limit=1,warn=80,action=ask",
    };
    struct hf_budget budget, again;
    struct hf_err err = {0};
    char out[HF_BUDGET_TEXT_MAX];
    for (size_t i = 0; i < HF_LEN(bad); i++) {
        HF_CHECK_RC(hf_budget_read(hf_str_c(bad[i]), &budget, &err), HF_EINVAL);
    }
    for (unsigned meter = 0; meter < HF_BUDGET_METERS; meter++) {
        for (unsigned rest = 0; rest < 9; rest++) {
            budget = (struct hf_budget){.meter = (enum hf_budget_meter)meter,
                                        .period = (enum hf_period)(rest % 3),
                                        .limit = rest == 0 ? 0 : HF_BUDGET_LIMIT_MAX - rest,
                                        .warn_percent = 1 + rest * 11,
                                        .action = (enum hf_budget_action)(rest / 3)};
            HF_CHECK_OK(hf_budget_read(hf_budget_write(&budget, out), &again, &err), err);
            HF_CHECK(again.meter == budget.meter && again.period == budget.period &&
                     again.limit == budget.limit && again.warn_percent == budget.warn_percent &&
                     again.action == budget.action);
        }
    }
}

/* Goal: periods follow each other without a gap, and months are the calendar's. Method: a table,
 * and each hour of four years held against its neighbour. */
HF_TEST(periods)
{
    static const struct {
        enum hf_period period;
        const char *time, *start, *end;
    } rows[] = {
        {HF_PERIOD_HOUR, "2026-11-30T23:59:59.999999Z", "2026-11-30T23:00:00Z",
         "2026-12-01T00:00:00Z"},
        {HF_PERIOD_DAY, "2026-11-30T23:59:59.999999Z", "2026-11-30T00:00:00Z",
         "2026-12-01T00:00:00Z"},
        {HF_PERIOD_MONTH, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {HF_PERIOD_MONTH, "2028-02-29T00:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
        {HF_PERIOD_MONTH, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z"},
    };

    const int64_t hour = INT64_C(3600000000);
    int64_t start = 0;
    int64_t end = 0;
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        hf_period_of(rows[i].period, at(rows[i].time), &start, &end);
        HF_CHECK(start == at(rows[i].start) && end == at(rows[i].end));
    }
    int64_t before = at("2027-01-01T00:00:00Z");
    hf_period_of(HF_PERIOD_MONTH, before - 1, &start, &end);
    for (int64_t now = before; now < at("2031-01-01T00:00:00Z"); now += hour) {
        int64_t last_start = start;
        int64_t last_end = end;
        hf_period_of(HF_PERIOD_MONTH, now, &start, &end);
        HF_CHECK(start <= now && now < end);
        HF_CHECK(start == last_end || (start == last_start && end == last_end));
    }
}

/* Below the share it is open, from it on it warns, from the limit on it is spent; also for limits
 * whose product with a percentage would not fit. */
HF_TEST(states)
{
    struct hf_budget budget = {.limit = 1000, .warn_percent = 80};
    HF_CHECK_U64(hf_budget_state(&budget, 799), HF_BUDGET_OPEN);
    HF_CHECK_U64(hf_budget_state(&budget, 800), HF_BUDGET_WARNED);
    HF_CHECK_U64(hf_budget_state(&budget, 999), HF_BUDGET_WARNED);
    HF_CHECK_U64(hf_budget_state(&budget, 1000), HF_BUDGET_SPENT);
    HF_CHECK_U64(hf_budget_state(&budget, UINT64_MAX), HF_BUDGET_SPENT);
    budget = (struct hf_budget){.limit = HF_BUDGET_LIMIT_MAX, .warn_percent = 100};
    HF_CHECK_U64(hf_budget_state(&budget, HF_BUDGET_LIMIT_MAX - 1), HF_BUDGET_OPEN);
    budget.warn_percent = 50;
    HF_CHECK_U64(hf_budget_state(&budget, HF_BUDGET_LIMIT_MAX / 2), HF_BUDGET_WARNED);
    HF_CHECK_U64(hf_budget_state(&budget, HF_BUDGET_LIMIT_MAX / 2 - 1), HF_BUDGET_OPEN);
}

HF_TEST_MAIN(HF_TEST_CASE(text), HF_TEST_CASE(periods), HF_TEST_CASE(states))
