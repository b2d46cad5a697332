/* projections/slo.c: by hour: heartbeats expected and come, how late events arrived, what was
 * refused.
 */
#include <stdio.h>

#include "base/assert.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"

enum {
    HOUR,
    WINDOWS,
    EXPECTED,
    CAME,
    EVENTS,
    AHEAD, /* the tenant's clock was ahead of the region's: such an event counts as not late */
    LAG_SUM,
    LAG_MAX,
    OVER_1_S,
    OVER_30_S,
};

/* Lags are in microseconds. */
static const struct hf_table_def hours = {.name = "slo_1",
                                          .columns = {{"hour_us", HF_COLUMN_INT},
                                                      {"windows", HF_COLUMN_INT},
                                                      {"expected", HF_COLUMN_INT},
                                                      {"came", HF_COLUMN_INT},
                                                      {"events", HF_COLUMN_INT},
                                                      {"ahead", HF_COLUMN_INT},
                                                      {"lag_sum", HF_COLUMN_INT},
                                                      {"lag_max", HF_COLUMN_INT},
                                                      {"over_1_s", HF_COLUMN_INT},
                                                      {"over_30_s", HF_COLUMN_INT}},
                                          .key_columns = 1};

enum {
    REFUSED_HOUR,
    WHO,
    WHAT,
    COUNT,
};

/* who: principal, and what the HTTP status or "skipped"; stranger, and what the kind of call. */
static const struct hf_table_def refused = {.name = "slo_refused_1",
                                            .columns = {{"hour_us", HF_COLUMN_INT},
                                                        {"who", HF_COLUMN_TEXT},
                                                        {"what", HF_COLUMN_TEXT},
                                                        {"count", HF_COLUMN_INT}},
                                            .key_columns = 3};

/* A tenant's event, in the hour in which the region took it. */
static enum hf_rc take_lag(struct hf_store *store, const struct hf_position *position,
                           const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {
        [HOUR] = {.number = hf_fold_hour(position->recorded_us)}};
    enum hf_rc rc = hf_fold_row(store, &hours, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    int64_t lag = position->recorded_us - event->occurred_us; /* both are 0 to the year 9999 */
    row[EVENTS].number++;
    row[AHEAD].number += lag < 0 ? 1 : 0;
    lag = lag < 0 ? 0 : lag;
    row[LAG_SUM].number = hf_fold_add(row[LAG_SUM].number, (uint64_t)lag);
    row[LAG_MAX].number = lag > row[LAG_MAX].number ? lag : row[LAG_MAX].number;
    row[OVER_1_S].number += lag > 1000000 ? 1 : 0;
    row[OVER_30_S].number += lag > 30000000 ? 1 : 0;
    return hf_store_put(store, &hours, row, err);
}

static enum hf_rc take_window(struct hf_store *store, struct hf_bytes payload, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    struct hf_event_heartbeat_window window;
    enum hf_rc rc = hf_event_heartbeat_window_decode(payload, &window, err);
    if (rc == HF_OK) {
        row[HOUR].number = hf_fold_hour(window.end);
        rc = hf_fold_row(store, &hours, row, NULL, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    row[WINDOWS].number++;
    row[EXPECTED].number += (int64_t)window.expected;
    row[CAME].number += (int64_t)window.came;
    return hf_store_put(store, &hours, row, err);
}

static enum hf_rc count_refused(struct hf_store *store, const struct hf_value *key, uint64_t count,
                                struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {
        [REFUSED_HOUR] = key[REFUSED_HOUR], [WHO] = key[WHO], [WHAT] = key[WHAT]};
    if (count == 0) {
        return HF_OK;
    }
    enum hf_rc rc = hf_fold_row(store, &refused, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[COUNT].number = hf_fold_add(row[COUNT].number, count);
    return hf_store_put(store, &refused, row, err);
}

static enum hf_rc take_refused(struct hf_store *store, const struct hf_position *position,
                               struct hf_bytes payload, struct hf_err *err)
{
    struct hf_event_command_refused event;
    char status[16];
    enum hf_rc rc = hf_event_command_refused_decode(payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    int len = snprintf(status, sizeof status, "%llu", (unsigned long long)event.status);
    struct hf_value key[] = {[REFUSED_HOUR] = {.number = hf_fold_hour(position->recorded_us)},
                             [WHO] = {.text = HF_STR("principal")},
                             [WHAT] = {.text = {status, (size_t)len}}};
    rc = count_refused(store, key, 1, err);
    key[WHAT].text = HF_STR("skipped");
    return rc == HF_OK ? count_refused(store, key, event.skipped, err) : rc;
}

static enum hf_rc take_strangers(struct hf_store *store, struct hf_bytes payload,
                                 struct hf_err *err)
{
    struct hf_event_strangers_window window;
    enum hf_rc rc = hf_event_strangers_window_decode(payload, &window, err);
    if (rc != HF_OK) {
        return rc;
    }

    const struct {
        const char *what;
        uint64_t count;
    } counts[] = {{"unknown-principal", window.unknown_principal},
                  {"unknown-agent", window.unknown_agent},
                  {"bad-registration", window.bad_registration},
                  {"malformed", window.malformed}};

    for (size_t i = 0; rc == HF_OK && i < HF_LEN(counts); i++) {
        const struct hf_value key[] = {[REFUSED_HOUR] = {.number = hf_fold_hour(window.end)},
                                       [WHO] = {.text = HF_STR("stranger")},
                                       [WHAT] = {.text = hf_str_c(counts[i].what)}};
        rc = count_refused(store, key, counts[i].count, err);
    }
    return rc;
}

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    bool window = hf_fold_is(event, HF_EVENT_HEARTBEAT_WINDOW_NAME);
    bool command = hf_fold_is(event, HF_EVENT_COMMAND_REFUSED_NAME);
    bool strangers = hf_fold_is(event, HF_EVENT_STRANGERS_WINDOW_NAME);
    if (position->offset != 0) {
        return take_lag(store, position, event, err);
    }
    if (!window && !command && !strangers) {
        return HF_OK;
    }
    if (event->schema_version != 1) {
        return hf_err_set(err, HF_EVERSION,
                          "%.*s has version %u, this program knows 1: it needs a newer release",
                          HF_STR_ARG(event->type), event->schema_version);
    }
    return window    ? take_window(store, event->payload, err)
           : command ? take_refused(store, position, event->payload, err)
                     : take_strangers(store, event->payload, err);
}

const struct hf_projection hf_projection_slo = {
    .model = "slo",
    .version = 1,
    .name = "slo_1",
    .about = "by hour: heartbeats expected and come, lag of events, refusals",
    .tables = {&hours, &refused},
    .apply = apply,
};
