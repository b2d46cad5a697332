/* projections/usage.c: token usage by tenant, model and hour, out of what wrappers metered. */
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    TENANT,
    MODEL,
    HOUR_US,
    REQUESTS,
    INPUT,
    OUTPUT,
    CACHED,
    COST,
};

static const struct hf_table_def table = {.name = "usage_1",
                                          .columns = {{"tenant", HF_COLUMN_TEXT},
                                                      {"model", HF_COLUMN_TEXT},
                                                      {"hour_us", HF_COLUMN_INT},
                                                      {"requests", HF_COLUMN_INT},
                                                      {"input_tokens", HF_COLUMN_INT},
                                                      {"output_tokens", HF_COLUMN_INT},
                                                      {"cached_tokens", HF_COLUMN_INT},
                                                      {"cost_micro", HF_COLUMN_INT}},
                                          .key_columns = 3};

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    struct hf_event_metering_recorded record;
    uint8_t bytes[1024];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_bytes payload;
    if (!hf_str_eq(event->type, HF_STR(HF_EVENT_METERING_RECORDED_NAME))) {
        return HF_OK;
    }
    enum hf_rc rc = hf_upcast_newest(event, HF_EVENT_METERING_RECORDED_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_metering_recorded_decode(payload, &record, err);
    }
    if (rc == HF_OK) {
        rc = hf_fold_own(position, record.tenant, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    if (record.source != HF_EVENT_METERING_RECORDED_SOURCE_WRAPPER) {
        return HF_OK; /* the proxy's own count of the same calls */
    }
    row[TENANT].text = record.tenant;
    row[MODEL].text = record.model;
    row[HOUR_US].number = hf_fold_hour(event->occurred_us);
    rc = hf_fold_row(store, &table, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[REQUESTS].number++;
    row[INPUT].number = hf_fold_add(row[INPUT].number, record.input_tokens);
    row[OUTPUT].number = hf_fold_add(row[OUTPUT].number, record.output_tokens);
    row[CACHED].number = hf_fold_add(row[CACHED].number, record.cached_tokens);
    row[COST].number = hf_fold_add(row[COST].number, record.cost);
    return hf_store_put(store, &table, row, err);
}

const struct hf_projection hf_projection_usage = {
    .model = "usage",
    .version = 1,
    .name = "usage_1",
    .about = "requests, tokens and cost by tenant, model and hour",
    .tables = {&table},
    .apply = apply,
};
