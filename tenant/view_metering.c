/* tenant/view_metering.c: what was used, by meter and hour, and the periods that are over. */
#include <stdio.h>

#include "base/assert.h"
#include "base/calendar.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"
#include "tenant/view_tables.h"

#define METER_NAME_SIZE 48 /* "proxy/" and the longest meter's name */

const struct hf_table_def hf_view_metering_table = {
    .name = "metering_1",
    .columns = {{"meter", HF_COLUMN_TEXT}, {"hour_us", HF_COLUMN_INT}, {"amount", HF_COLUMN_INT}},
    .key_columns = HF_VIEW_METER_KEY};

const struct hf_table_def hf_view_periods_table = {
    .name = "periods_1",
    .columns = {{"end_us", HF_COLUMN_INT}, {"start_us", HF_COLUMN_INT}},
    .key_columns = 1};

static enum hf_rc count(struct hf_store *store, bool proxy, struct hf_str name, int64_t hour_us,
                        uint64_t amount, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    char text[METER_NAME_SIZE];
    int len = snprintf(text, sizeof text, "%s%.*s", proxy ? "proxy/" : "", HF_STR_ARG(name));
    HF_ASSERT(len > 0 && len < (int)sizeof text);
    struct hf_str meter = {text, (size_t)len};
    row[HF_VIEW_METER].text = meter;
    row[HF_VIEW_METER_HOUR_US].number = hour_us;
    enum hf_rc rc = hf_store_get(store, &hf_view_metering_table, row, err);
    if (rc != HF_OK && rc != HF_ENOTFOUND) {
        return rc;
    }
    row[HF_VIEW_METER].text = meter;
    row[HF_VIEW_METER_HOUR_US].number = hour_us;
    if (__builtin_add_overflow(row[HF_VIEW_METER_AMOUNT].number, (int64_t)amount,
                               &row[HF_VIEW_METER_AMOUNT].number)) {
        return hf_err_set(err, HF_EINVAL, "the meter is full");
    }
    return hf_store_put(store, &hf_view_metering_table, row, err);
}

static enum hf_rc apply_period(struct hf_store *store, const struct hf_envelope *event,
                               struct hf_err *err)
{
    struct hf_event_metering_period_ended period;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_rc rc = hf_event_metering_period_ended_decode(event->payload, &period, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[HF_VIEW_PERIOD_END_US].number = period.end;
    row[HF_VIEW_PERIOD_START_US].number = period.start;
    return hf_store_put(store, &hf_view_periods_table, row, err);
}

static enum hf_rc apply_metering(struct hf_store *store, const struct hf_position *position,
                                 const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_event_metering_recorded record;
    uint8_t bytes[1024];
    char cost[32];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_bytes payload;
    (void)position;
    if (hf_str_eq(event->type, HF_STR(HF_EVENT_METERING_PERIOD_ENDED_NAME))) {
        return apply_period(store, event, err);
    }
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
    bool proxy = record.source == HF_EVENT_METERING_RECORDED_SOURCE_PROXY;
    bool priced = record.has_cost && record.has_currency;
    int len = 0;
    if (priced) {
        struct hf_str currency = hf_event_metering_recorded_currency_name(record.currency);
        len = snprintf(cost, sizeof cost, "cost/%.*s", HF_STR_ARG(currency));
    }

    const struct {
        struct hf_str meter;
        bool there;
        uint64_t amount;
    } meters[] = {
        {HF_STR("requests"), true, 1},
        {HF_STR("input_tokens"), true, record.input_tokens},
        {HF_STR("output_tokens"), true, record.output_tokens},
        {HF_STR("cached_tokens"), true, record.cached_tokens},
        {HF_STR("cache_write_tokens"), record.has_cache_write_tokens, record.cache_write_tokens},
        {HF_STR("reasoning_tokens"), record.has_reasoning_tokens, record.reasoning_tokens},
        {{cost, (size_t)len}, priced, priced ? record.cost : 0}};

    int64_t hour = event->occurred_us - event->occurred_us % HF_HOUR_US;

    if (record.has_probe && record.probe) {
        return HF_OK;
    }
    for (size_t i = 0; rc == HF_OK && i < HF_LEN(meters); i++) {
        if (meters[i].there) {
            rc = count(store, proxy, meters[i].meter, hour, meters[i].amount, err);
        }
    }
    return rc;
}

const struct hf_projection hf_view_metering = {
    .model = "metering",
    .version = 1,
    .name = "metering_1",
    .about = "what was used, by meter and hour",
    .tables = {&hf_view_metering_table, &hf_view_periods_table},
    .apply = apply_metering,
};
