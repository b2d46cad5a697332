/* tests/unit/projections/test_metering.c: usage with each meter apart, periods that are over, and
 * budgets.
 */
#include "tests/unit/projections/sheet.h"

#define HOUR 3600

#define RECORD(model, source, input, more)                                                         \
    "{\"tenant\":\"t\",\"provider\":\"p\",\"model\":\"" model                                      \
    "\",\"request\":\"r\",\"source\":\"" source "\",\"input_tokens\":" input                       \
    ",\"output_tokens\":2,\"cached_tokens\":3" more "}"

/* Goal: what wrapper and proxy count stands apart, money by its currency, and probes nowhere. */
HF_TEST(usage_2)
{
    static const struct step steps[] = {
        {.second = 1,
         .type = "metering.recorded",
         .payload = RECORD("m", "wrapper", "10",
                           ",\"cache_write_tokens\":4,\"reasoning_tokens\":1,\"cost\":7,"
                           "\"currency\":\"EUR\""),
         .segment = "t"},
        {.second = 2,
         .type = "metering.recorded",
         .payload = RECORD("m", "wrapper", "5", ",\"cost\":9,\"currency\":\"USD\""),
         .segment = "t"},
        {.second = 3,
         .type = "metering.recorded",
         .payload = RECORD("m", "proxy", "16", ""),
         .segment = "t"},
        {.second = 4,
         .type = "metering.recorded",
         .payload = RECORD("m", "wrapper", "99", ",\"probe\":true"),
         .segment = "t"},
        {.second = HOUR,
         .type = "metering.recorded",
         .payload = RECORD("m", "wrapper", "1", ""),
         .segment = "t"},
        {.second = 5,
         .type = "metering.recorded",
         .payload = RECORD("m", "wrapper", "1", ""),
         .segment = "other",
         .rc = HF_EINVAL},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_usage_2, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "t|0|p|m|proxy|1|16|2|3|0|0|0|0\n"
                "t|0|p|m|wrapper|2|15|4|6|4|1|7|9\n"
                "t|3600|p|m|wrapper|1|1|2|3|0|0|0|0\n");
    sheet_end(&s);
}

#define ENDED(start, end, requests, input, whole)                                                  \
    "{\"tenant\":\"t\",\"epoch\":1,\"period\":\"hour\",\"start\":\"2026-01-01T" start              \
    "Z\",\"end\":\"2026-01-01T" end "Z\",\"entries\":9,\"whole\":" whole ",\"requests\":" requests \
    ",\"input_tokens\":" input                                                                     \
    ",\"output_tokens\":4,\"cached_tokens\":6,\"cache_write_tokens\":0,\"reasoning_tokens\":0,"    \
    "\"cost_eur\":0,\"cost_usd\":0}"

/* Goal: a marker is held against what came before it; what comes later is late and changes nothing;
 * a lie and a period that is none are told. */
HF_TEST(periods)
{
    static const struct step steps[] = {
        {.second = 10,
         .type = "metering.recorded",
         .payload = RECORD("m", "wrapper", "10", ""),
         .segment = "t",
         .occurred = 1},
        {.second = 100,
         .type = "metering.recorded",
         .payload = RECORD("m", "wrapper", "20", ""),
         .segment = "t",
         .occurred = 2},
        {.second = 101,
         .type = "metering.recorded",
         .payload = RECORD("m", "proxy", "30", ""),
         .segment = "t",
         .occurred = 100},
        {.second = HOUR + 60,
         .type = "metering.period_ended",
         .payload = ENDED("00:00:00", "01:00:00", "2", "30", "true"),
         .segment = "t"},
        {.second = HOUR + 70,
         .type = "metering.recorded",
         .payload = RECORD("m", "wrapper", "1", ""),
         .segment = "t",
         .occurred = HOUR - 1},
        {.second = 2 * HOUR + 60,
         .type = "metering.period_ended",
         .payload = ENDED("01:00:00", "02:00:00", "1", "1", "true"),
         .segment = "t"},
        {.second = 3 * HOUR + 60,
         .type = "metering.period_ended",
         .payload = ENDED("02:00:00", "03:00:00", "1", "1", "false"),
         .segment = "t"},
        {.second = 3 * HOUR + 61,
         .type = "metering.period_ended",
         .payload = ENDED("02:00:00", "02:30:00", "1", "1", "true"),
         .segment = "t",
         .rc = HF_EINVAL},
        {.second = 3 * HOUR + 62,
         .type = "metering.period_ended",
         .payload = ENDED("02:00:00", "02:00:00", "1", "1", "true"),
         .segment = "t",
         .rc = HF_EINVAL},
        {.second = 3 * HOUR + 63,
         .type = "metering.period_ended",
         .payload = ENDED("02:00:00", "03:00:00", "1", "1", "true"),
         .segment = "u",
         .rc = HF_EINVAL},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_metering, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "t|0|1|3600|hour|2|40|2|40|1\n"
                "t|3600|1|7200|hour|1|11|0|0|0\n"
                "t|7200|1|10800|hour|1|11|0|0|-1\n");
    sheet_check(&s, 1, "t|0|3|46\n");
    sheet_check(&s, 2, "t|10800|1|3599\n");
    sheet_check(&s, 3, "0|3|108000000|98000000|2|1\n3600|1|71000000|71000000|1|1\n");
    sheet_end(&s);
}

#define ISSUED(address, kind, number, parameters)                                                  \
    "{\"address\":\"" address "\",\"kind\":\"" kind "\",\"sequence\":" number                      \
    ",\"not_after\":\"2026-01-02T00:00:00Z\",\"parameters\":\"" parameters "\",\"reason\":\"r\"}"
#define APPLIED(tenant, kind, number)                                                              \
    "{\"tenant\":\"" tenant "\",\"sequence\":" number ",\"index\":1,\"kind\":\"" kind "\"}"
#define TOKENS "meter=tokens,period=month,limit=100,warn=80,action=ask"

/* Goal: a budget is issued, then applied or refused, by the number of its directive; a newer one
 * takes its place and waits anew; what is used is what the tenant says. */
HF_TEST(budgets)
{
    static const struct step steps[] = {
        {.second = 1, .type = "directive.issued", .payload = ISSUED("t", "budget", "1", TOKENS)},
        {.second = 2,
         .type = "directive.issued",
         .payload = ISSUED("t", "budget", "2", "meter=eur,period=day,limit=5,warn=50,action=deny")},
        {.second = 3,
         .type = "directive.issued",
         .payload = ISSUED("t", "pause-uploads", "3", "seconds=1")},
        {.second = 4,
         .type = "directive.issued",
         .payload = ISSUED("t", "budget", "4", "nonsense"),
         .rc = HF_EINVAL},
        {.second = 5,
         .type = "directive.applied",
         .payload = APPLIED("t", "budget", "1"),
         .segment = "t"},
        {.second = 6,
         .type = "directive.refused",
         .payload = "{\"tenant\":\"t\",\"sequence\":2,\"kind\":\"budget\",\"reason\":\"expired\"}",
         .segment = "t"},
        {.second = 7,
         .type = "budget.crossed",
         .payload = "{\"tenant\":\"t\",\"meter\":\"tokens\",\"period\":\"month\",\"start\":"
                    "\"2026-01-01T00:00:00Z\",\"state\":\"warned\",\"used\":81,\"limit\":100,"
                    "\"action\":\"ask\"}",
         .segment = "t"},
        {.second = 8,
         .type = "directive.applied",
         .payload = APPLIED("t", "budget", "1"),
         .segment = "u",
         .rc = HF_EINVAL},
    };
    static const struct step newer = {
        .second = 9,
        .type = "directive.issued",
        .payload =
            ISSUED("t", "budget", "9", "meter=tokens,period=day,limit=7,warn=80,action=warn")};
    static const struct step late = {.second = 10,
                                     .type = "directive.applied",
                                     .payload = APPLIED("t", "budget", "1"),
                                     .segment = "t"};
    struct sheet s;
    sheet_play(&s, &hf_projection_budgets, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "t|eur|day|5|50|deny|2|2|refused||-|-|0\n"
                "t|tokens|month|100|80|ask|1|1|applied|warned|0|7|81\n");
    sheet_show(&s, &newer);
    sheet_show(&s, &late);
    sheet_check(&s, 0,
                "t|eur|day|5|50|deny|2|2|refused||-|-|0\n"
                "t|tokens|day|7|80|warn|9|9|issued||-|-|0\n");
    sheet_end(&s);
}

HF_TEST_MAIN(HF_TEST_CASE(usage_2), HF_TEST_CASE(periods), HF_TEST_CASE(budgets))
