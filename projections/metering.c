/* projections/metering.c: metering periods that tenants say are over, held against what the region
 * has of them, and how late metering records arrive.
 *
 * A period agrees when the tenant's marker names just the requests and tokens that came before it.
 * A record of a period that is over is late: it is counted at its tenant's watermark, the end of
 * its last period, and never changes what was said of the period.
 */
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    TENANT,
    HOUR_US,
    REQUESTS,
    TOKENS,
};

/* Tokens as a budget counts them: read, from the cache too, and written. */
static const struct hf_table_def hours = {.name = "metering_hours_1",
                                          .columns = {{"tenant", HF_COLUMN_TEXT},
                                                      {"hour_us", HF_COLUMN_INT},
                                                      {"requests", HF_COLUMN_INT},
                                                      {"tokens", HF_COLUMN_INT}},
                                          .key_columns = 2};

enum {
    START_US = 1,
    EPOCH,
    END_US,
    PERIOD,
    MARKED_REQUESTS,
    MARKED_TOKENS,
    HERE_REQUESTS,
    HERE_TOKENS,
    AGREES, /* 1, 0; -1: the tenant's log of this epoch does not have all of the period */
};

static const struct hf_table_def periods = {.name = "metering_1",
                                            .columns = {{"tenant", HF_COLUMN_TEXT},
                                                        {"start_us", HF_COLUMN_INT},
                                                        {"epoch", HF_COLUMN_INT},
                                                        {"end_us", HF_COLUMN_INT},
                                                        {"period", HF_COLUMN_TEXT},
                                                        {"requests", HF_COLUMN_INT},
                                                        {"tokens", HF_COLUMN_INT},
                                                        {"requests_here", HF_COLUMN_INT},
                                                        {"tokens_here", HF_COLUMN_INT},
                                                        {"agrees", HF_COLUMN_INT}},
                                            .key_columns = 3};

enum {
    WATERMARK_US = 1,
    LATE,
    LAST_US,
};

static const struct hf_table_def watermarks = {.name = "metering_watermarks_1",
                                               .columns = {{"tenant", HF_COLUMN_TEXT},
                                                           {"watermark_us", HF_COLUMN_INT},
                                                           {"late_records", HF_COLUMN_INT},
                                                           {"last_record_us", HF_COLUMN_INT}},
                                               .key_columns = 1};

enum {
    LAG_HOUR_US,
    RECORDS,
    LAG_SUM,
    LAG_MAX,
    OVER_1_S,
    OVER_60_S,
};

/* By the hour in which the region took them; lags in microseconds. */
static const struct hf_table_def lags = {.name = "metering_lag_1",
                                         .columns = {{"hour_us", HF_COLUMN_INT},
                                                     {"records", HF_COLUMN_INT},
                                                     {"lag_sum", HF_COLUMN_INT},
                                                     {"lag_max", HF_COLUMN_INT},
                                                     {"over_1_s", HF_COLUMN_INT},
                                                     {"over_60_s", HF_COLUMN_INT}},
                                         .key_columns = 1};

static uint64_t tokens_of(const struct hf_event_metering_recorded *record)
{
    /* each has at most 53 bits */
    return record->input_tokens + record->output_tokens + record->cached_tokens +
           (record->has_cache_write_tokens ? record->cache_write_tokens : 0);
}

static enum hf_rc take_hour(struct hf_store *store, const struct hf_envelope *event,
                            const struct hf_event_metering_recorded *record, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {
        [TENANT] = {.text = record->tenant},
        [HOUR_US] = {.number = hf_fold_hour(event->occurred_us)}};
    enum hf_rc rc = hf_fold_row(store, &hours, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[REQUESTS].number = hf_fold_add(row[REQUESTS].number, 1);
    row[TOKENS].number = hf_fold_add(row[TOKENS].number, tokens_of(record));
    return hf_store_put(store, &hours, row, err);
}

static enum hf_rc take_watermark(struct hf_store *store, const struct hf_envelope *event,
                                 struct hf_str tenant, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {[TENANT] = {.text = tenant}};
    enum hf_rc rc = hf_fold_row(store, &watermarks, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[LATE].number += event->occurred_us < row[WATERMARK_US].number ? 1 : 0;
    if (event->occurred_us > row[LAST_US].number) {
        row[LAST_US].number = event->occurred_us;
    }
    return hf_store_put(store, &watermarks, row, err);
}

static enum hf_rc take_lag(struct hf_store *store, const struct hf_position *position,
                           const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {
        [LAG_HOUR_US] = {.number = hf_fold_hour(position->recorded_us)}};
    enum hf_rc rc = hf_fold_row(store, &lags, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    int64_t lag = position->recorded_us - event->occurred_us;
    lag = lag < 0 ? 0 : lag; /* the tenant's clock is ahead */
    row[RECORDS].number++;
    row[LAG_SUM].number = hf_fold_add(row[LAG_SUM].number, (uint64_t)lag);
    row[LAG_MAX].number = lag > row[LAG_MAX].number ? lag : row[LAG_MAX].number;
    row[OVER_1_S].number += lag > 1000000 ? 1 : 0;
    row[OVER_60_S].number += lag > 60000000 ? 1 : 0;
    return hf_store_put(store, &lags, row, err);
}

static enum hf_rc take_record(struct hf_store *store, const struct hf_position *position,
                              const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_event_metering_recorded record;
    uint8_t bytes[1024];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_bytes payload;
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
    /* The proxy's count of the same request is no request more. */
    if (record.source == HF_EVENT_METERING_RECORDED_SOURCE_WRAPPER) {
        rc = take_hour(store, event, &record, err);
        if (rc == HF_OK) {
            rc = take_watermark(store, event, record.tenant, err);
        }
    }
    return rc == HF_OK ? take_lag(store, position, event, err) : rc;
}

/* What the region has of the period now. A period has at most 744 hours. */
static enum hf_rc count_here(struct hf_store *store,
                             const struct hf_event_metering_period_ended *period,
                             struct hf_value *row, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (int64_t hour = period->start; rc == HF_OK && hour < period->end; hour += HF_FOLD_HOUR_US) {
        struct hf_value one[HF_COLUMNS_MAX] = {
            [TENANT] = {.text = period->tenant}, [HOUR_US] = {.number = hour}};
        rc = hf_fold_row(store, &hours, one, NULL, err);
        row[HERE_REQUESTS].number =
            hf_fold_add(row[HERE_REQUESTS].number, (uint64_t)one[REQUESTS].number);
        row[HERE_TOKENS].number =
            hf_fold_add(row[HERE_TOKENS].number, (uint64_t)one[TOKENS].number);
    }
    return rc;
}

static enum hf_rc check_period(const struct hf_event_metering_period_ended *period,
                               struct hf_err *err)
{
    if (period->start % HF_FOLD_HOUR_US != 0 || period->end % HF_FOLD_HOUR_US != 0 ||
        period->end <= period->start || period->end - period->start > 31 * 24 * HF_FOLD_HOUR_US) {
        return hf_err_set(err, HF_EINVAL, "a period is whole hours, at most a month");
    }
    return HF_OK;
}

static enum hf_rc take_period(struct hf_store *store, const struct hf_position *position,
                              const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_event_metering_period_ended period;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    struct hf_value mark[HF_COLUMNS_MAX] = {{.number = 0}};
    if (event->schema_version != HF_EVENT_METERING_PERIOD_ENDED_VERSION) {
        return hf_err_set(err, HF_EVERSION, "version %u needs a newer release",
                          event->schema_version);
    }
    enum hf_rc rc = hf_event_metering_period_ended_decode(event->payload, &period, err);
    if (rc == HF_OK) {
        rc = hf_fold_own(position, period.tenant, err);
    }
    if (rc == HF_OK) {
        rc = check_period(&period, err);
    }
    if (rc == HF_OK) {
        rc = count_here(store, &period, row, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    uint64_t tokens = period.input_tokens + period.output_tokens + period.cached_tokens +
                      period.cache_write_tokens;
    row[TENANT].text = period.tenant;
    row[START_US].number = period.start;
    row[EPOCH].number = (int64_t)period.epoch;
    row[END_US].number = period.end;
    row[PERIOD].text = hf_event_metering_period_ended_period_name(period.period);
    row[MARKED_REQUESTS].number = (int64_t)period.requests;
    row[MARKED_TOKENS].number = (int64_t)tokens;
    bool same = row[MARKED_REQUESTS].number == row[HERE_REQUESTS].number &&
                row[MARKED_TOKENS].number == row[HERE_TOKENS].number;
    row[AGREES].number = !period.whole ? -1 : same ? 1 : 0;
    rc = hf_store_put(store, &periods, row, err);
    if (rc == HF_OK) {
        mark[TENANT].text = period.tenant;
        rc = hf_fold_row(store, &watermarks, mark, NULL, err);
    }
    if (rc == HF_OK && period.end > mark[WATERMARK_US].number) {
        mark[WATERMARK_US].number = period.end;
        rc = hf_store_put(store, &watermarks, mark, err);
    }
    return rc;
}

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    return hf_fold_is(event, HF_EVENT_METERING_RECORDED_NAME)
               ? take_record(store, position, event, err)
           : hf_fold_is(event, HF_EVENT_METERING_PERIOD_ENDED_NAME)
               ? take_period(store, position, event, err)
               : HF_OK;
}

const struct hf_projection hf_projection_metering = {
    .model = "metering",
    .version = 1,
    .name = "metering_1",
    .about = "metering periods that are over, whether they agree, and how late records come",
    .tables = {&periods, &hours, &watermarks, &lags},
    .apply = apply,
};
