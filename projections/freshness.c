/* projections/freshness.c: the heartbeat SLO's counters: expected and come, by hour. */
#include "projections/models.h"
#include "schemas/events_gen.h"

#define HOUR_US INT64_C(3600000000)

enum {
    HOUR,
    WINDOWS,
    EXPECTED,
    CAME,
};

static const struct hf_table_def table = {.name = "freshness_1",
                                          .columns = {{"hour_us", HF_COLUMN_INT},
                                                      {"windows", HF_COLUMN_INT},
                                                      {"expected", HF_COLUMN_INT},
                                                      {"came", HF_COLUMN_INT}},
                                          .key_columns = 1};

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    struct hf_event_heartbeat_window window;
    if (position->offset != 0 || !hf_str_eq(event->type, HF_STR(HF_EVENT_HEARTBEAT_WINDOW_NAME))) {
        return HF_OK; /* a window counts only when the region itself says it */
    }
    enum hf_rc rc = hf_event_heartbeat_window_decode(event->payload, &window, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[HOUR].number = window.end - window.end % HOUR_US;
    rc = hf_store_get(store, &table, row, err);
    if (rc != HF_OK && rc != HF_ENOTFOUND) {
        return rc;
    }
    row[WINDOWS].number++;
    row[EXPECTED].number += (int64_t)window.expected;
    row[CAME].number += (int64_t)window.came;
    return hf_store_put(store, &table, row, err);
}

const struct hf_projection hf_projection_freshness = {
    .model = "freshness",
    .version = 1,
    .name = "freshness_1",
    .about = "heartbeats expected and come, by hour",
    .tables = {&table},
    .apply = apply,
};
