/* tests/unit/projections/test_models.c: what each read model makes of events that were written by
 * hand: events as JSON in, rows out.
 */
#include <string.h>

#include "base/json_in.h"
#include "log/event/codec.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "projections/sqlite/store_sqlite.h"
#include "tests/harness/test.h"

#define DAY_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

/* One event, `second` being when the region recorded it. */
struct step {
    int64_t second;
    const char *type;
    const char *payload;
    const char *segment; /* inside of this tenant's segment */
    uint32_t version;    /* that the event says it has; 0: the newest */
    enum hf_rc rc;       /* of the projection */
    int64_t occurred;    /* second; 0: the same */
};

struct sheet {
    struct hf_store *store;
    const struct hf_projection *projection;
    uint64_t index;
};

static void begin(struct sheet *s, const struct hf_projection *projection)
{
    struct hf_err err = {0};
    *s = (struct sheet){.projection = projection};
    HF_CHECK_OK(hf_store_sqlite_open("", &s->store, &err), err);
    for (int i = 0; i < HF_PROJECTION_TABLES_MAX && projection->tables[i] != NULL; i++) {
        HF_CHECK_OK(hf_store_create(s->store, projection->tables[i], &err), err);
    }
}

static void show(struct sheet *s, const struct step *step)
{
    struct hf_err err = {0};
    struct hf_json_doc *doc = NULL;
    struct hf_envelope event;
    struct hf_buf text = hf_buf_init(1u << 16);
    uint8_t bytes[8192];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_buf_printf(&text, "{\"type\":\"%s\",\"producer\":\"p\",\"sequence\":1,\"actor\":\"jo\",",
                  step->type);
    hf_buf_printf(&text, "\"payload\":%s}", step->payload);
    enum hf_rc rc = hf_json_parse(hf_buf_bytes(&text), &doc, &err);
    hf_buf_free(&text);
    HF_CHECK_OK(rc, err);
    int64_t occurred = step->occurred != 0 ? step->occurred : step->second;
    rc = hf_event_from_json(hf_json_root(doc), DAY_US + occurred * 1000000, &w, &err);
    hf_json_free(doc);
    HF_CHECK_OK(rc, err);
    HF_CHECK_OK(hf_envelope_parse_submission(hf_writer_done(&w), &event, &err), err);
    event.recorded_us = DAY_US + step->second * 1000000;
    event.schema_version = step->version == 0 ? event.schema_version : step->version;
    const struct hf_position position = {.index = s->index++,
                                         .offset = step->segment != NULL ? 1 : 0,
                                         .recorded_us = event.recorded_us,
                                         .tenant = step->segment != NULL ? hf_str_c(step->segment)
                                                                         : HF_STR("")};
    rc = s->projection->apply(s->store, &position, &event, &err);
    if (rc != step->rc) {
        hf_test_fail(__FILE__, __LINE__, "%s %s: %s %s", step->type, step->payload, hf_rc_name(rc),
                     err.text);
    }
}

struct printed {
    const struct hf_table_def *table;
    struct hf_buf text;
};

/* Values between bars, times as seconds of the day ("-": none), of a key its first character. */
static enum hf_rc print_row(void *arg, const struct hf_value *row)
{
    struct printed *p = arg;
    for (unsigned i = 0; i < hf_table_columns(p->table); i++) {
        const char *name = p->table->columns[i].name;
        const char *bar = i == 0 ? "" : "|";
        bool key = strcmp(name, "agent_key") == 0;
        if (p->table->columns[i].type == HF_COLUMN_TEXT) {
            hf_buf_printf(&p->text, "%s%.*s", bar,
                          (int)(key && row[i].text.len > 1 ? 1 : row[i].text.len), row[i].text.ptr);
        } else if (strcmp(name + strlen(name) - 3, "_us") != 0) {
            hf_buf_printf(&p->text, "%s%lld", bar, (long long)row[i].number);
        } else if (row[i].number == 0) {
            hf_buf_printf(&p->text, "%s-", bar);
        } else {
            hf_buf_printf(&p->text, "%s%lld", bar, (long long)(row[i].number - DAY_US) / 1000000);
        }
    }
    hf_buf_put(&p->text, "\n", 1);
    return HF_OK;
}

static void check_table(struct sheet *s, int number, const char *wanted)
{
    static const struct hf_scan all;
    struct hf_err err = {0};
    struct printed p = {.table = s->projection->tables[number], .text = hf_buf_init(1u << 16)};
    HF_CHECK_OK(hf_store_scan(s->store, p.table, &all, print_row, &p, &err), err);
    if (!hf_str_eq(hf_bytes_str(hf_buf_bytes(&p.text)), hf_str_c(wanted))) {
        hf_test_fail(__FILE__, __LINE__, "%s:\n%.*s\nnot\n%s", p.table->name, (int)p.text.len,
                     (const char *)p.text.ptr, wanted);
    }
    hf_buf_free(&p.text);
}

static void play(struct sheet *s, const struct hf_projection *projection, const struct step *steps,
                 size_t count)
{
    begin(s, projection);
    for (size_t i = 0; i < count && !hf_test_failed(); i++) {
        show(s, &steps[i]);
    }
}

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
    play(&s, &hf_projection_flags, steps, HF_LEN(steps));
    check_table(&s, 0,
                "f|region|dev|unset|3|jo|c|2\n"
                "f|tenant|t|off|2|jo|b|1\n");
    hf_store_close(s.store);
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
    play(&s, &hf_projection_cutover, steps, HF_LEN(steps));
    check_table(&s, 0,
                "dev|0|begin|done|1|jo|go||-\n"
                "dev|1|freeze-legacy|done|2|jo|a|x|-\n"
                "dev|5|parallel-run|reverted|4|jo|too early||-\n");
    hf_store_close(s.store);
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
    play(&s, &hf_projection_identities, steps, HF_LEN(steps));
    check_table(&s, 0,
                "jo|agent|||jo|active|5|6|1|-|-|-|a\n"
                "jo|principal|customer|viewer|t|revoked|1|3|1|4|2678400|2|\n"
                "two|agent|||two|banned|8|-|0|9|-|-|a\n"
                "x|agent|||x|active|12|-|0|-|-|-|b\n");
    hf_store_close(s.store);
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
    play(&s, &hf_projection_slo, steps, HF_LEN(steps));
    check_table(&s, 0,
                "0|0|0|0|3|1|42000000|40000000|2|1\n"
                "3600|1|3|2|1|0|0|0|0|0\n");
    check_table(&s, 1,
                "3600|principal|403|2\n"
                "3600|principal|skipped|5\n"
                "3600|stranger|bad-registration|2\n"
                "3600|stranger|malformed|9223372036854775807\n"
                "3600|stranger|unknown-principal|14\n");
    hf_store_close(s.store);
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
    play(&s, &hf_projection_availability, steps, HF_LEN(steps));
    check_table(&s, 0,
                "0|90000000|10|1\n"
                "3600|90000000|9223372036854775807|9\n"
                "18000|1000000|1|0\n");
    hf_store_close(s.store);
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
    play(&s, &hf_projection_fleet_2, steps, HF_LEN(steps));
    check_table(&s, 0,
                "one|sandbox|active|4|0|0|0|-|2|1|9|3|-\n"
                "two|sandbox|active|5|0|0|0|-|2|1|2|3|60\n"
                "x|sandbox|active|-|0|0|0|-|3|1|2|3|-\n");
    hf_store_close(s.store);
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
    begin(&s, &hf_projection_usage);
    show(&s, &lie);
    for (int i = 0; i < 1026 && !hf_test_failed(); i++) {
        show(&s, &big);
    }
    check_table(&s, 0, "t|m|0|1026|9223372036854775807|1026|0|1026\n");
    hf_store_close(s.store);
}

HF_TEST_MAIN(HF_TEST_CASE(flags), HF_TEST_CASE(cutover), HF_TEST_CASE(identities),
             HF_TEST_CASE(availability), HF_TEST_CASE(slo), HF_TEST_CASE(fleet_2),
             HF_TEST_CASE(usage))
