/* tests/unit/projections/test_models.c: what each read model makes of events that were written by
 * hand.
 */
#include "tests/unit/projections/sheet.h"

#define NEVER "\"1970-01-01T00:00:00Z\""
#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
/* SHA-256 of "one\ntwo\n" */
#define NAMES "c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8"
#define REGISTERED(tenant, key)                                                                    \
    "{\"tenant\":\"" tenant "\",\"token_hash\":\"" KEY_A "\",\"agent_key\":\"" key                 \
    "\",\"log_key\":\"" KEY_A "\",\"log_origin\":\"x/1\",\"api_key_hash\":\"" KEY_A                \
    "\",\"versions\":{\"openclaw\":\"1\",\"wrapper\":\"2\",\"policy\":\"3\"}}"
#define CREATED(tenant)                                                                            \
    "{\"tenant\":\"" tenant                                                                        \
    "\",\"region\":\"dev\",\"customer\":\"c\",\"plan\":\"p\",\"cohort\":\"sandbox\"}"
#define CHANGED(tenant, channel, outcome, version)                                                 \
    "{\"tenant\":\"" tenant "\",\"channel\":\"" channel "\",\"outcome\":\"" outcome                \
    "\",\"before\":{\"version\":\"0\",\"digest\":\"" KEY_A "\"},\"after\":{\"version\":\"" version \
    "\",\"digest\":\"" KEY_A "\"},\"directive\":1,\"took\":1}"

/* Flags: scopes apart, the last word counts, changes are counted; a tenant's log sets none. */
HF_TEST(flags)
{
    static const struct step steps[] = {
        {.second = 1,
         .type = "flag.set",
         .payload =
             "{\"flag\":\"f\",\"scope\":\"region\",\"subject\":\"dev\",\"value\":\"on\",\"reason\":"
             "\"a\"}"},
        {.second = 2,
         .type = "flag.set",
         .payload =
             "{\"flag\":\"f\",\"scope\":\"tenant\",\"subject\":\"t\",\"value\":\"off\",\"reason\":"
             "\"b\"}"},
        {.second = 3,
         .type = "flag.set",
         .payload = "{\"flag\":\"f\",\"scope\":\"region\",\"subject\":\"dev\",\"value\":\"unset\""
                    ",\"reason\":"
                    "\"c\"}"},
        {.second = 4,
         .type = "flag.set",
         .payload =
             "{\"flag\":\"f\",\"scope\":\"region\",\"subject\":\"dev\",\"value\":\"on\",\"reason\":"
             "\"d\"}",
         .segment = "t"},
        {.second = 5,
         .type = "flag.set",
         .payload =
             "{\"flag\":\"f\",\"scope\":\"region\",\"subject\":\"dev\",\"value\":\"on\",\"reason\":"
             "\"e\"}",
         .version = 2,
         .rc = HF_EVERSION},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_flags, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "f|region|dev|unset|3|jo|c|2\n"
                "f|tenant|t|off|2|jo|b|1\n");
    sheet_end(&s);
}

/* Cutover: a row a step, done or taken back. */
HF_TEST(cutover)
{
    static const struct step steps[] = {
        {.second = 1, .type = "cutover.begun", .payload = "{\"region\":\"dev\",\"reason\":\"go\"}"},
        {.second = 2,
         .type = "cutover.advanced",
         .payload =
             "{\"region\":\"dev\",\"step\":\"freeze-legacy\",\"evidence\":\"x\",\"reason\":\"a\"}"},
        {.second = 3,
         .type = "cutover.advanced",
         .payload =
             "{\"region\":\"dev\",\"step\":\"parallel-run\",\"evidence\":\"y\",\"window_until\":"
             "\"2026-01-03T00:00:00Z\",\"reason\":\"b\"}"},
        {.second = 4,
         .type = "cutover.reverted",
         .payload = "{\"region\":\"dev\",\"step\":\"parallel-run\",\"reason\":\"too early\"}"},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_cutover, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "dev|0|begin|done|1|jo|go||-\n"
                "dev|1|freeze-legacy|done|2|jo|a|x|-\n"
                "dev|5|parallel-run|reverted|4|jo|too early||-\n");
    sheet_end(&s);
}

/* Identities: a life each, of principals and of agents under the same name; a ban of another key
 * changes nothing, registering again begins a new life. */
HF_TEST(identities)
{
    static const struct step steps[] = {
        {.second = 1,
         .type = "principal.created",
         .payload =
             "{\"principal\":\"jo\",\"kind\":\"customer\",\"role\":\"viewer\",\"tenant\":\"t\","
             "\"token_hash\":\"" KEY_A "\",\"expires\":" NEVER "}"},
        {.second = 2, .type = "principal.used", .payload = "{\"principal\":\"jo\"}"},
        {.second = 3,
         .type = "principal.token_rotated",
         .payload = "{\"principal\":\"jo\",\"token_hash\":\"" KEY_B
                    "\",\"expires\":\"2026-02-01T00:00:00Z\",\"previous_until\":" NEVER "}"},
        {.second = 4,
         .type = "principal.revoked",
         .payload = "{\"principal\":\"jo\",\"reason\":\"left\"}"},
        {.second = 5, .type = "tenant.registered", .payload = REGISTERED("jo", KEY_A)},
        {.second = 6,
         .type = "tenant.key_rotated",
         .payload = "{\"tenant\":\"jo\",\"purpose\":\"api-key\",\"before\":\"" KEY_A
                    "\",\"after\":\"" KEY_B "\",\"reason\":\"scheduled\"}"},
        {.second = 7,
         .type = "tenant.agent_banned",
         .payload = "{\"tenant\":\"jo\",\"agent_key\":\"" KEY_B "\",\"reason\":\"other\"}"},
        {.second = 8, .type = "tenant.registered", .payload = REGISTERED("two", KEY_A)},
        {.second = 9,
         .type = "tenant.agent_banned",
         .payload = "{\"tenant\":\"two\",\"agent_key\":\"" KEY_A "\",\"reason\":\"clone\"}"},
        {.second = 10, .type = "tenant.registered", .payload = REGISTERED("x", KEY_A)},
        {.second = 11,
         .type = "tenant.evicted",
         .payload = "{\"tenant\":\"x\",\"reason\":\"moved\"}"},
        {.second = 12, .type = "tenant.registered", .payload = REGISTERED("x", KEY_B)},
        {.second = 13,
         .type = "tenant.evicted",
         .payload = "{\"tenant\":\"x\",\"reason\":\"a lie\"}",
         .segment = "x"},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_identities, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "jo|agent|||jo|active|5|6|1|-|-|-|a\n"
                "jo|principal|customer|viewer|t|revoked|1|3|1|4|2678400|2|\n"
                "two|agent|||two|banned|8|-|0|9|-|-|a\n"
                "x|agent|||x|active|12|-|0|-|-|-|b\n");
    sheet_end(&s);
}

/* SLO: windows and lags by the hour of the region's clock; a clock that is ahead is no lag; what
 * was refused, by status, and to strangers by kind. */
HF_TEST(slo)
{
    static const struct step steps[] = {
        {.second = 10,
         .type = "clock.tick",
         .payload = "{\"region\":\"dev\",\"tick\":1,\"at\":" NEVER ",\"skew\":0}",
         .segment = "t",
         .occurred = 8},
        {.second = 50,
         .type = "clock.tick",
         .payload = "{\"region\":\"dev\",\"tick\":1,\"at\":" NEVER ",\"skew\":0}",
         .segment = "t",
         .occurred = 10},
        {.second = 60,
         .type = "clock.tick",
         .payload = "{\"region\":\"dev\",\"tick\":1,\"at\":" NEVER ",\"skew\":0}",
         .segment = "t",
         .occurred = 70},
        {.second = 3700,
         .type = "clock.tick",
         .payload = "{\"region\":\"dev\",\"tick\":1,\"at\":" NEVER ",\"skew\":0}",
         .segment = "t"},
        {.second = 3701,
         .type = "clock.tick",
         .payload = "{\"region\":\"dev\",\"tick\":1,\"at\":" NEVER ",\"skew\":0}"},
        {.second = 3600,
         .type = "heartbeat.window",
         .payload = "{\"region\":\"dev\",\"start\":" NEVER
                    ",\"end\":\"2026-01-01T01:00:00Z\",\"expected\":3,\"came\":"
                    "2,\"expected_digest\":\"" KEY_A
                    "\",\"bitmap\":\"03\",\"heartbeats_digest\":\"" KEY_A "\",\"latencies\":[]}"},
        {.second = 3600,
         .type = "command.refused",
         .payload =
             "{\"principal\":\"jo\",\"operation\":\"GET /\",\"status\":403,\"problem\":\"p\","
             "\"detail\":\"d\",\"skipped\":0}"},
        {.second = 3601,
         .type = "command.refused",
         .payload =
             "{\"principal\":\"jo\",\"operation\":\"GET /\",\"status\":403,\"problem\":\"p\","
             "\"detail\":\"d\",\"skipped\":5}"},
        {.second = 3660,
         .type = "strangers.window",
         .payload =
             "{\"region\":\"dev\",\"start\":" NEVER
             ",\"end\":\"2026-01-01T01:01:00Z\",\"unknown_principal\":7,"
             "\"unknown_agent\":0,\"bad_registration\":1,\"malformed\":9223372036854775807}"},
        {.second = 3661,
         .type = "strangers.window",
         .payload =
             "{\"region\":\"dev\",\"start\":" NEVER
             ",\"end\":\"2026-01-01T01:01:00Z\",\"unknown_principal\":7,"
             "\"unknown_agent\":0,\"bad_registration\":1,\"malformed\":9223372036854775807}"},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_slo, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "0|0|0|0|3|1|42000000|40000000|2|1\n"
                "3600|1|3|2|1|0|0|0|0|0\n");
    sheet_check(&s, 1,
                "3600|principal|403|2\n"
                "3600|principal|skipped|5\n"
                "3600|stranger|bad-registration|2\n"
                "3600|stranger|malformed|9223372036854775807\n"
                "3600|stranger|unknown-principal|14\n");
    sheet_end(&s);
}

/* Availability: a window over the hour's end covers both, its calls are in the one where it ends;
 * one over a clock that was set says nothing of what lies between. */
HF_TEST(availability)
{
#define BEGIN "\"2026-01-01T00:00:00Z\""
    static const struct step steps[] = {
        {.second = 60,
         .type = "api.window",
         .payload = "{\"region\":\"dev\",\"start\":" BEGIN
                    ",\"end\":\"2026-01-01T00:01:00Z\",\"calls\":10,\"failed\":1}"},
        {.second = 3630,
         .type = "api.window",
         .payload = "{\"region\":\"dev\",\"start\":\"2026-01-01T00:59:30Z\",\"end\":"
                    "\"2026-01-01T01:00:30Z\",\"calls\":9223372036854775807,\"failed\":0}"},
        {.second = 3690,
         .type = "api.window",
         .payload = "{\"region\":\"dev\",\"start\":\"2026-01-01T01:00:30Z\",\"end\":"
                    "\"2026-01-01T01:01:30Z\",\"calls\":9,\"failed\":9}"},
        {.second = 20000,
         .type = "api.window",
         .payload = "{\"region\":\"dev\",\"start\":\"2026-01-01T01:00:30Z\",\"end\":"
                    "\"2026-01-01T05:00:01Z\",\"calls\":1,\"failed\":0}"},
        {.second = 20001,
         .type = "api.window",
         .payload = "{\"region\":\"dev\",\"start\":" BEGIN
                    ",\"end\":\"2026-01-01T00:01:00Z\",\"calls\":10,\"failed\":1}",
         .segment = "t"},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_availability, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "0|90000000|10|1\n"
                "3600|90000000|9223372036854775807|9\n"
                "18000|1000000|1|0\n");
    sheet_end(&s);
#undef BEGIN
}

/* The second fleet: versions from the tenant's own log alone; a window marks who came, by bits over
 * those who were expected, and says nothing when these were others. */
HF_TEST(fleet_2)
{
    static const struct step steps[] = {
        {.second = 1, .type = "tenant.created", .payload = CREATED("one")},
        {.second = 2, .type = "tenant.created", .payload = CREATED("two")},
        {.second = 3, .type = "tenant.created", .payload = CREATED("x")},
        {.second = 4, .type = "tenant.registered", .payload = REGISTERED("one", KEY_A)},
        {.second = 5, .type = "tenant.registered", .payload = REGISTERED("two", KEY_A)},
        {.second = 6, .type = "tenant.registered", .payload = REGISTERED("x", KEY_A)},
        {.second = 7,
         .type = "tenant.evicted",
         .payload = "{\"tenant\":\"x\",\"reason\":\"moved\"}"},
        {.second = 8,
         .type = "tenant.versions_changed",
         .payload = CHANGED("one", "wrapper-patch", "applied", "9"),
         .segment = "one"},
        {.second = 9,
         .type = "tenant.versions_changed",
         .payload = CHANGED("two", "policy-only", "applied", "9"),
         .segment = "one",
         .rc = HF_EINVAL},
        {.second = 60,
         .type = "heartbeat.window",
         .payload = "{\"region\":\"dev\",\"start\":" NEVER
                    ",\"end\":\"2026-01-01T00:01:00Z\",\"expected\":2,\"came\":"
                    "1,\"expected_digest\":\"" NAMES
                    "\",\"bitmap\":\"02\",\"heartbeats_digest\":\"" KEY_A "\",\"latencies\":[]}"},
        {.second = 120,
         .type = "heartbeat.window",
         .payload = "{\"region\":\"dev\",\"start\":" NEVER
                    ",\"end\":\"2026-01-01T00:02:00Z\",\"expected\":2,\"came\":"
                    "1,\"expected_digest\":\"" KEY_A
                    "\",\"bitmap\":\"03\",\"heartbeats_digest\":\"" KEY_A "\",\"latencies\":[]}"},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_fleet_2, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "one|sandbox|active|4|0|0|0|-|2|1|9|3|-\n"
                "two|sandbox|active|5|0|0|0|-|2|1|2|3|60\n"
                "x|sandbox|active|-|0|0|0|-|3|1|2|3|-\n");
    sheet_end(&s);
}

/* A record about another tenant is none; sums stay at the greatest number. */
HF_TEST(usage)
{
#define RECORD(tenant, input)                                                                      \
    "{\"tenant\":\"" tenant                                                                        \
    "\",\"provider\":\"p\",\"model\":\"m\",\"request\":\"r\",\"input_tokens\":" input              \
    ",\"source\":\"wrapper\",\"output_tokens\":1,\"cached_tokens\":0,\"cost\":1,"                  \
    "\"currency\":\"EUR\",\"latency\":1}"
    static const struct step lie = {.second = 1,
                                    .type = "metering.recorded",
                                    .payload = RECORD("other", "1"),
                                    .segment = "t",
                                    .rc = HF_EINVAL};
    static const struct step big = {.second = 1,
                                    .type = "metering.recorded",
                                    .payload = RECORD("t", "9007199254740991"),
                                    .segment = "t"};
    struct sheet s;
    sheet_begin(&s, &hf_projection_usage);
    sheet_show(&s, &lie);
    for (int i = 0; i < 1026 && !hf_test_failed(); i++) {
        sheet_show(&s, &big);
    }
    sheet_check(&s, 0, "t|m|0|1026|9223372036854775807|1026|0|1026\n");
    sheet_end(&s);
}

HF_TEST_MAIN(HF_TEST_CASE(flags), HF_TEST_CASE(cutover), HF_TEST_CASE(identities),
             HF_TEST_CASE(availability), HF_TEST_CASE(slo), HF_TEST_CASE(fleet_2),
             HF_TEST_CASE(usage))
