/* tests/unit/tenant/test_scan.c: the search of a tenant's log for what is in its vault.
 *
 * A lone agent with a vault and views in a folder, in virtual time. What a program writes is found
 * in every spelling, whenever it is registered, in slices; what is told of it is told once; and
 * each allocation fails once without anything being passed over.
 */
#include <stdio.h>

#include "log/core/reader.h"
#include "schemas/events_gen.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "tests/sim/region/lone.h"

#define SECOND UINT64_C(1000000000)
#define VALUE  "Zq7-not.for.logs-2216"
#define BASE64 "WnE3LW5vdC5mb3IubG9ncy0yMjE2"

static bool post_event(struct lone *lone, unsigned sequence, const char *model)
{
    char event[512];
    (void)snprintf(event, sizeof event,
                   "{\"type\":\"metering.recorded\",\"producer\":\"test\",\"sequence\":%u,"
                   "\"occurred\":\"2026-01-01T00:00:00Z\",\"payload\":{\"tenant\":\"acme\","
                   "\"provider\":\"p\",\"model\":\"%s\",\"request\":\"r\",\"input_tokens\":1,"
                   "\"output_tokens\":1,\"cached_tokens\":0,\"source\":\"wrapper\"}}",
                   sequence, model);
    return lone_post(lone, event);
}

static void open_all(struct lone *lone)
{
    char views[HF_PATH_MAX + 16];
    (void)snprintf(views, sizeof views, "%s/views.db", lone->dir);
    HF_CHECK_OK(lone_open(lone), lone->err);
    lone->agent->conf.meter_period = HF_PERIOD_MONTH; /* no markers every hour */
    const struct hf_agent_views_conf conf = {.loop = lone->loop,
                                             .logger = &lone->logger,
                                             .path = views,
                                             .log = lone->agent->log.log,
                                             .personal = hf_agent_personal_show,
                                             .arg = lone->agent};
    HF_CHECK_OK(hf_agent_views_open(&conf, &lone->agent->views, &lone->err), lone->err);
    hf_agent_vault_open(lone->agent);
    hf_agent_scan_open(lone->agent);
    HF_CHECK(lone->agent->vault.store != NULL);
    hf_agent_scan_poke(lone->agent);
}

static void start(struct lone *lone, const char *name)
{
    char dir[HF_PATH_MAX];
    (void)snprintf(dir, sizeof dir, "%s/%s", hf_test_dir(), name);
    lone_init(lone, hf_test_seed(), dir);
    open_all(lone);
}

static void put(struct lone *lone, const char *name, const char *value)
{
    struct hf_vault_note note;
    const struct hf_vault_value put = {.name = hf_str_c(name),
                                       .kind = HF_VAULT_CREDENTIAL,
                                       .value = hf_str_bytes(hf_str_c(value)),
                                       .uid = 1};
    HF_CHECK_OK(hf_vault_put(lone->agent->vault.store, &put, &note, &lone->err), lone->err);
    hf_agent_vault_tell(lone->agent);
}

static struct hf_scan_row row_of(struct lone *lone)
{
    struct hf_scan_row row;
    HF_ASSERT(hf_scan_rows_load(lone->agent->views.store, &row, &lone->err) == HF_OK);
    return row;
}

/* Reports in the log; *ret_last is the newest one's number of findings. */
static unsigned reports(struct lone *lone, uint64_t *ret_last)
{
    struct hf_reader *reader = NULL;
    struct hf_bytes entry;
    uint64_t index = 0;
    unsigned count = 0;
    const struct hf_reader_options options = {.kind = HF_HEAD_TYPE,
                                              .name = HF_STR(HF_EVENT_SECRETS_SCANNED_NAME)};
    HF_ASSERT(hf_reader_open(lone->agent->log.log, &options, &reader, &lone->err) == HF_OK);
    while (hf_reader_next(reader, &index, &entry, &lone->err) == HF_OK) {
        struct hf_envelope envelope;
        struct hf_event_secrets_scanned report;
        HF_ASSERT(hf_envelope_read_leaf(entry, &envelope, &lone->err) == HF_OK);
        HF_ASSERT(hf_event_secrets_scanned_decode(envelope.payload, &report, &lone->err) == HF_OK);
        *ret_last = report.findings;
        count++;
    }
    hf_reader_close(reader);
    return count;
}

/* What follows a first report: nothing while nothing happens, an hour's wait for what is harmless,
 * seconds for another finding. */
static void tell_later(struct lone *lone)
{
    uint64_t last = 0;
    lone_run(lone, 30 * SECOND); /* that the rest was searched as well is told a little later */
    unsigned told = reports(lone, &last);
    HF_CHECK(told <= 2);
    lone_run(lone, 3 * 3600 * SECOND);
    HF_CHECK_U64(reports(lone, &last), told); /* nothing happened */
    HF_CHECK(post_event(lone, 451, "m"));
    lone_run(lone, 10 * SECOND);
    HF_CHECK_U64(reports(lone, &last), told + 1); /* the last one is long ago */
    HF_CHECK(post_event(lone, 452, "m"));
    lone_run(lone, 10 * SECOND);
    HF_CHECK_U64(reports(lone, &last), told + 1);
    HF_CHECK(!post_event(lone, 453, VALUE)); /* what is known to be one is not written */
    size_t known = lone->agent->scan.set->count;
    lone->agent->scan.set->count = 0; /* as while a set is being compiled */
    HF_CHECK(post_event(lone, 453, VALUE));
    lone->agent->scan.set->count = known;
    lone_run(lone, 10 * SECOND);
    HF_CHECK_U64(reports(lone, &last), told + 2); /* another finding waits seconds, not an hour */
    HF_CHECK_U64(last, 2);
}

/* Goal: nothing is told before there is a secret; then the whole log is searched, also what was
 * written before, in many slices; a finding is told at once, a quiet hour is not told of. */
HF_TEST(life)
{
    static struct lone lone; /* too big for the stack */
    uint64_t last = 99;
    start(&lone, "life");
    for (unsigned i = 1; i <= 450; i++) {
        HF_CHECK(post_event(&lone, i, i == 430 ? "x-" BASE64 "-y" : "m"));
    }
    lone_run(&lone, 10 * SECOND);
    HF_CHECK_U64(reports(&lone, &last), 0);
    HF_CHECK_U64(row_of(&lone).to, 450);
    put(&lone, "mail", VALUE);
    lone_run(&lone, 2 * SECOND);
    struct hf_scan_row row = row_of(&lone);
    HF_CHECK_U64(row.findings, 1);
    HF_CHECK_U64(row.first_index, 429);
    HF_CHECK(strcmp(row.first_secret, "mail") == 0);
    HF_CHECK_U64(row.from, 0);
    HF_CHECK(reports(&lone, &last) >= 1);
    HF_CHECK_U64(last, 1);

    tell_later(&lone);
    put(&lone, "other", "another+secret/of=ours");
    lone_run(&lone, 20 * SECOND);
    HF_CHECK_U64(row_of(&lone).findings, 2);
    HF_CHECK_U64(row_of(&lone).to, hf_log_size(lone.agent->log.log));
    lone_close(&lone);
    lone_fini(&lone);
}

/* Goal: whatever has no memory while it is searched for, in the end the log is searched whole and
 * the finding is told; nothing is counted twice. */
HF_TEST(allocations)
{
    static struct lone lone; /* too big for the stack */
    hf_sweep_without_syncs();
    for (uint64_t n = 1;; n++) {
        char name[32];
        uint64_t last = 0;
        (void)snprintf(name, sizeof name, "scan-%llu", (unsigned long long)n);
        start(&lone, name);
        HF_CHECK(post_event(&lone, 1, "m"));
        HF_CHECK(post_event(&lone, 2, BASE64));
        put(&lone, "mail", VALUE);
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        lone_run(&lone, SECOND);
        uint64_t calls = hf_sweep_end();
        if (hf_log_writer_state(lone.agent->log.writer) == HF_WRITER_FAILED) {
            lone_close(&lone); /* as the program does, which is then started again */
            open_all(&lone);
        }
        lone_run(&lone, 60 * SECOND);
        struct hf_scan_row row = row_of(&lone);
        HF_CHECK_U64(row.findings, 1);
        HF_CHECK_U64(row.first_index, 1);
        HF_CHECK_U64(row.to, hf_log_size(lone.agent->log.log));
        HF_CHECK(reports(&lone, &last) >= 1);
        HF_CHECK_U64(last, 1);
        lone_close(&lone);
        lone_fini(&lone);
        if (hf_test_failed() || calls < n) {
            HF_CHECK(calls < n);
            HF_CHECK(n > 30); /* there was something to sweep */
            return;
        }
    }
}

HF_TEST_MAIN(HF_TEST_CASE(life), HF_TEST_CASE(allocations))
