/* projections/redaction.c: what redaction did, by tenant and day, by shape, and its last self-test.
 *
 * Counters are of intervals of an hour at most; each counts for the day in which it ends.
 */
#include "base/assert.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    TENANT,
    DAY_US,
    MESSAGES,
    BYTES,
    FAILURES,
    MATCHES,
    REDACTED,
    KNOWN,
    TOKENS,
    ALLOWED,
    MICROSECONDS,
};

static const struct hf_table_def days = {.name = "redaction_1",
                                         .columns = {{"tenant", HF_COLUMN_TEXT},
                                                     {"day_us", HF_COLUMN_INT},
                                                     {"messages", HF_COLUMN_INT},
                                                     {"bytes", HF_COLUMN_INT},
                                                     {"failures", HF_COLUMN_INT},
                                                     {"matches", HF_COLUMN_INT},
                                                     {"redacted", HF_COLUMN_INT},
                                                     {"known", HF_COLUMN_INT},
                                                     {"tokens", HF_COLUMN_INT},
                                                     {"allowed", HF_COLUMN_INT},
                                                     {"microseconds", HF_COLUMN_INT}},
                                         .key_columns = 2};

enum {
    SHAPE = DAY_US + 1,
    SHAPE_MATCHES,
};

static const struct hf_table_def shapes = {.name = "redaction_shapes_1",
                                           .columns = {{"tenant", HF_COLUMN_TEXT},
                                                       {"day_us", HF_COLUMN_INT},
                                                       {"shape", HF_COLUMN_TEXT},
                                                       {"matches", HF_COLUMN_INT}},
                                           .key_columns = 3};

enum {
    TEST_US = TENANT + 1,
    PASSED,
    FAILED,
    FAILING_SINCE_US,
};

static const struct hf_table_def tests = {.name = "redaction_tests_1",
                                          .columns = {{"tenant", HF_COLUMN_TEXT},
                                                      {"tested_us", HF_COLUMN_INT},
                                                      {"passed", HF_COLUMN_INT},
                                                      {"failed", HF_COLUMN_INT},
                                                      {"failing_since_us", HF_COLUMN_INT}},
                                          .key_columns = 1};

static void add(struct hf_value *value, uint64_t more)
{
    value->number = hf_fold_add(value->number, more);
}

static enum hf_rc add_day(struct hf_store *store, int64_t day,
                          const struct hf_event_redaction_counters *counters, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {
        [TENANT] = {.text = counters->tenant}, [DAY_US] = {.number = day}};

    const struct {
        const char *name;
        int column;
    } layers[] = {{"known", KNOWN}, {"token", TOKENS}, {"allow", ALLOWED}};

    enum hf_rc rc = hf_fold_row(store, &days, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    add(&row[MESSAGES], counters->messages);
    add(&row[BYTES], counters->bytes);
    add(&row[FAILURES], counters->failures);
    add(&row[MICROSECONDS], counters->took);
    for (size_t i = 0; i < counters->layers_count; i++) {
        add(&row[MATCHES], counters->layers[i].matches);
        add(&row[REDACTED], counters->layers[i].redacted);
        for (size_t k = 0; k < HF_LEN(layers); k++) {
            bool is = hf_str_eq(counters->layers[i].layer, hf_str_c(layers[k].name));
            add(&row[layers[k].column], is ? counters->layers[i].matches : 0);
        }
    }
    return hf_store_put(store, &days, row, err);
}

static enum hf_rc add_shape(struct hf_store *store, int64_t day, struct hf_str tenant,
                            struct hf_str shape, uint64_t matches, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {
        [TENANT] = {.text = tenant}, [DAY_US] = {.number = day}, [SHAPE] = {.text = shape}};
    enum hf_rc rc = hf_fold_row(store, &shapes, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    add(&row[SHAPE_MATCHES], matches);
    return hf_store_put(store, &shapes, row, err);
}

static enum hf_rc take_counters(struct hf_store *store, const struct hf_position *position,
                                const struct hf_envelope *event, struct hf_err *err)
{
    uint8_t bytes[HF_FOLD_PAYLOAD_SIZE];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_bytes payload;
    struct hf_event_redaction_counters counters;
    enum hf_rc rc = hf_upcast_newest(event, HF_EVENT_REDACTION_COUNTERS_VERSION, &w, &payload, err);
    rc = rc == HF_OK ? hf_event_redaction_counters_decode(payload, &counters, err) : rc;
    rc = rc == HF_OK ? hf_fold_own(position, counters.tenant, err) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    int64_t day = counters.end - counters.end % (24 * HF_FOLD_HOUR_US);
    rc = add_day(store, day, &counters, err);
    for (size_t i = 0; rc == HF_OK && i < counters.shapes_count; i++) {
        rc = add_shape(store, day, counters.tenant, counters.shapes[i].shape,
                       counters.shapes[i].matches, err);
    }
    return rc;
}

static enum hf_rc take_test(struct hf_store *store, const struct hf_position *position,
                            const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_event_selftest_completed test;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_rc rc = hf_event_selftest_completed_decode(event->payload, &test, err);
    rc = rc == HF_OK ? hf_fold_own(position, test.tenant, err) : rc;
    if (rc != HF_OK || test.suite != HF_EVENT_SELFTEST_COMPLETED_SUITE_REDACTION) {
        return rc;
    }
    row[TENANT].text = test.tenant;
    rc = hf_fold_row(store, &tests, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[TEST_US].number = event->occurred_us;
    row[PASSED].number = (int64_t)test.passed;
    row[FAILED].number = (int64_t)test.failed;
    if (test.failed == 0) {
        row[FAILING_SINCE_US].number = 0;
    } else if (row[FAILING_SINCE_US].number == 0) {
        row[FAILING_SINCE_US].number = event->occurred_us;
    }
    return hf_store_put(store, &tests, row, err);
}

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    if (hf_fold_is(event, HF_EVENT_REDACTION_COUNTERS_NAME)) {
        return take_counters(store, position, event, err);
    }
    return hf_fold_is(event, HF_EVENT_SELFTEST_COMPLETED_NAME)
               ? take_test(store, position, event, err)
               : HF_OK;
}

const struct hf_projection hf_projection_redaction = {
    .model = "redaction",
    .version = 1,
    .name = "redaction_1",
    .about = "what redaction found, by tenant and day and by shape, and its last self-test",
    .tables = {&days, &shapes, &tests},
    .apply = apply,
};
