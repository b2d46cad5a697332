/* projections/usage.c: token usage by tenant, model and hour, out of metering records. */
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

#define HOUR_US INT64_C(3600000000)

enum {
    TENANT,
    MODEL,
    HOUR_US_COLUMN,
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
    (void)position;
    if (!hf_str_eq(event->type, HF_STR(HF_EVENT_METERING_RECORDED_NAME))) {
        return HF_OK;
    }
    enum hf_rc rc = hf_upcast_newest(event, HF_EVENT_METERING_RECORDED_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_metering_recorded_decode(payload, &record, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    row[TENANT].text = record.tenant;
    row[MODEL].text = record.model;
    row[HOUR_US_COLUMN].number = event->occurred_us - event->occurred_us % HOUR_US;
    rc = hf_store_get(store, &table, row, err);
    if (rc != HF_OK && rc != HF_ENOTFOUND) {
        return rc;
    }
    row[TENANT].text = record.tenant;
    row[MODEL].text = record.model;
    row[REQUESTS].number++;
    row[INPUT].number += (int64_t)record.input_tokens;
    row[OUTPUT].number += (int64_t)record.output_tokens;
    row[CACHED].number += (int64_t)record.cached_tokens;
    row[COST].number += (int64_t)record.cost;
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
