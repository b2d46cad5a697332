/* projections/availability.c: by hour: how long there was an API, what it was asked and how often
 * it failed. The time of an hour that no window covers is time without a Hub. */
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"

enum {
    HOUR,
    COVERED,
    CALLS,
    FAILED,
};

static const struct hf_table_def table = {.name = "availability_1",
                                          .columns = {{"hour_us", HF_COLUMN_INT},
                                                      {"covered", HF_COLUMN_INT},
                                                      {"calls", HF_COLUMN_INT},
                                                      {"failed", HF_COLUMN_INT}},
                                          .key_columns = 1};

/* Adds to the hour's row what one window has of it. */
static enum hf_rc add(struct hf_store *store, int64_t hour, int64_t covered,
                      const struct hf_event_api_window *calls, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {[HOUR] = {.number = hour}};
    enum hf_rc rc = hf_fold_row(store, &table, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[COVERED].number = hf_fold_add(row[COVERED].number, (uint64_t)covered);
    if (calls != NULL) {
        row[CALLS].number = hf_fold_add(row[CALLS].number, calls->calls);
        row[FAILED].number = hf_fold_add(row[FAILED].number, calls->failed);
    }
    return hf_store_put(store, &table, row, err);
}

/* A window is a minute long; one over a clock that was set is longer, and says nothing of the hours
 * between its ends. Its calls count in the hour in which it ends. */
static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_event_api_window window;
    if (position->offset != 0 || !hf_fold_is(event, HF_EVENT_API_WINDOW_NAME)) {
        return HF_OK; /* it counts only when the region itself says it */
    }
    enum hf_rc rc = hf_event_api_window_decode(event->payload, &window, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (window.end <= window.start) {
        return hf_err_set(err, HF_EINVAL, "the window ends before it begins");
    }
    int64_t hour = hf_fold_hour(window.end);
    int64_t begin = window.start > hour ? window.start : hour;
    if (window.start < hour && hour - window.start < HF_FOLD_HOUR_US) {
        rc = add(store, hour - HF_FOLD_HOUR_US, hour - window.start, NULL, err);
    }
    return rc == HF_OK ? add(store, hour, window.end - begin, &window, err) : rc;
}

const struct hf_projection hf_projection_availability = {
    .model = "availability",
    .version = 1,
    .name = "availability_1",
    .about = "how long there was an API, calls and failures, by hour",
    .tables = {&table},
    .apply = apply,
};
