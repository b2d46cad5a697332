/* projections/usage_2.c: token usage with each meter apart, by tenant, hour, model and who counted.
 *
 * The wrapper's count and the proxy's stand side by side, to be compared; whoever bills takes one
 * of them. Probes are left out. Money is kept by its currency.
 */
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    TENANT,
    HOUR_US,
    PROVIDER,
    MODEL,
    SOURCE,
    REQUESTS,
    INPUT,
    OUTPUT,
    CACHED,
    CACHE_WRITE,
    REASONING,
    COST_EUR,
    COST_USD,
};

static const struct hf_table_def table = {.name = "usage_2",
                                          .columns = {{"tenant", HF_COLUMN_TEXT},
                                                      {"hour_us", HF_COLUMN_INT},
                                                      {"provider", HF_COLUMN_TEXT},
                                                      {"model", HF_COLUMN_TEXT},
                                                      {"source", HF_COLUMN_TEXT},
                                                      {"requests", HF_COLUMN_INT},
                                                      {"input_tokens", HF_COLUMN_INT},
                                                      {"output_tokens", HF_COLUMN_INT},
                                                      {"cached_tokens", HF_COLUMN_INT},
                                                      {"cache_write_tokens", HF_COLUMN_INT},
                                                      {"reasoning_tokens", HF_COLUMN_INT},
                                                      {"cost_eur_micro", HF_COLUMN_INT},
                                                      {"cost_usd_micro", HF_COLUMN_INT}},
                                          .key_columns = 5};

static void add(struct hf_value *value, uint64_t more)
{
    value->number = hf_fold_add(value->number, more);
}

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    struct hf_event_metering_recorded record;
    uint8_t bytes[1024];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_bytes payload;
    if (!hf_fold_is(event, HF_EVENT_METERING_RECORDED_NAME)) {
        return HF_OK;
    }
    enum hf_rc rc = hf_upcast_newest(event, HF_EVENT_METERING_RECORDED_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_metering_recorded_decode(payload, &record, err);
    }
    if (rc == HF_OK) {
        rc = hf_fold_own(position, record.tenant, err);
    }
    if (rc != HF_OK || (record.has_probe && record.probe)) {
        return rc;
    }
    row[TENANT].text = record.tenant;
    row[HOUR_US].number = hf_fold_hour(event->occurred_us);
    row[PROVIDER].text = record.provider;
    row[MODEL].text = record.model;
    row[SOURCE].text = hf_event_metering_recorded_source_name(record.source);
    rc = hf_fold_row(store, &table, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    add(&row[REQUESTS], 1);
    add(&row[INPUT], record.input_tokens);
    add(&row[OUTPUT], record.output_tokens);
    add(&row[CACHED], record.cached_tokens);
    add(&row[CACHE_WRITE], record.has_cache_write_tokens ? record.cache_write_tokens : 0);
    add(&row[REASONING], record.has_reasoning_tokens ? record.reasoning_tokens : 0);
    if (record.has_cost && record.has_currency) {
        bool euros = record.currency == HF_EVENT_METERING_RECORDED_CURRENCY_EUR;
        add(&row[euros ? COST_EUR : COST_USD], record.cost);
    }
    return hf_store_put(store, &table, row, err);
}

const struct hf_projection hf_projection_usage_2 = {
    .model = "usage",
    .version = 2,
    .name = "usage_2",
    .about = "requests, each kind of token and cost by tenant, hour, model and who counted",
    .tables = {&table},
    .apply = apply,
};
