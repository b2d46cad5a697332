/* tests/unit/projections/test_redaction.c: counters of redaction by day, and its self-tests. */
#include "tests/unit/projections/sheet.h"

#define COUNTERS(end, messages, known, shapes)                                                     \
    "{\"tenant\":\"t\",\"start\":\"2026-01-01T00:00:00Z\",\"end\":\"2026-01-" end                  \
    "Z\",\"policy\":\"p\",\"messages\":" messages                                                  \
    ",\"bytes\":10,\"failures\":1,\"took\":7,\"layers\":[{\"layer\":\"known\",\"matches\":" known  \
    ",\"redacted\":" known                                                                         \
    "},{\"layer\":\"allow\",\"matches\":2,\"redacted\":0}],\"shapes\":[" shapes "]}"
#define SHAPE(name, matches) "{\"shape\":\"" name "\",\"matches\":" matches "}"
#define TEST(suite, passed, failed)                                                                \
    "{\"tenant\":\"t\",\"suite\":\"" suite "\",\"trigger\":\"boot\",\"versions\":{\"openclaw\":"   \
    "\"1\",\"wrapper\":\"2\",\"policy\":\"3\"},\"passed\":" passed ",\"failed\":" failed           \
    ",\"skipped\":0,\"took\":1,\"failures\":[]}"

/* Goal: intervals of a day are one row, shapes apart; version 1, which had no shapes, counts too; a
 * failure has a begin until a test passes, other suites are not asked; nobody speaks for others. */
HF_TEST(counted)
{
    static const struct step steps[] = {
        {.second = 1,
         .type = "redaction.counters",
         .payload = COUNTERS("01T01:00:00", "3", "5", SHAPE("npm", "1") "," SHAPE("jwt", "2")),
         .segment = "t"},
        {.second = 2,
         .type = "redaction.counters",
         .payload = COUNTERS("01T23:59:59", "4", "6", SHAPE("jwt", "3")),
         .segment = "t"},
        {.second = 3,
         .type = "redaction.counters",
         .payload = COUNTERS("02T00:10:00", "1", "0", ""),
         .segment = "t"},
        {.second = 4,
         .type = "redaction.counters",
         .payload = COUNTERS("02T00:10:00", "1", "0", ""),
         .segment = "u",
         .rc = HF_EINVAL},
        {.second = 5,
         .type = "selftest.completed",
         .payload = TEST("redaction", "9", "0"),
         .segment = "t"},
        {.second = 6,
         .type = "selftest.completed",
         .payload = TEST("redaction", "0", "1"),
         .segment = "t"},
        {.second = 7,
         .type = "selftest.completed",
         .payload = TEST("redaction", "0", "1"),
         .segment = "t"},
        {.second = 8,
         .type = "selftest.completed",
         .payload = TEST("egress", "1", "0"),
         .segment = "t"},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_redaction, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "t|0|7|20|2|15|11|11|0|4|14\n"
                "t|86400|1|10|1|2|0|0|0|2|7\n");
    sheet_check(&s, 1, "t|0|jwt|5\nt|0|npm|1\n");
    sheet_check(&s, 2, "t|7|0|1|6\n");
    sheet_end(&s);
}

HF_TEST_MAIN(HF_TEST_CASE(counted))
