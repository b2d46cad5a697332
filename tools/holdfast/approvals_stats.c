/* tools/holdfast/approvals_stats.c: holdfast approvals stats: whether requests reached people in
 * time, and how long each part of their way took, out of the region's read model. */
#include "tools/holdfast/approvals_stats.h"

#include <stdio.h>

#include "base/parse.h"
#include "projections/histogram.h"
#include "tools/holdfast/hub_call.h"

#define HOUR_US   INT64_C(3600000000)
#define HOURS_MAX 720
#define MODEL     "/v1/models/approvals_2?limit=1000"
#define HOPS_MAX  16
#define HOP_TEXT  32

/* A part of the way, over all hours that are shown. */
struct hop {
    char name[HOP_TEXT];
    int64_t count;
    int64_t longest_us;
    int64_t buckets[HF_HISTOGRAM_BOUNDS];
};

struct stats {
    struct hf_cli *cli;
    struct hf_hub_session session;
    int64_t probes; /* 1: of probes, 0: of tenants */
    struct hf_table hours;
    struct hop hops[HOPS_MAX];
    unsigned hop_count;
    struct hf_buf text;
    struct hf_json_out json;
};

static const struct hf_table_column hour_columns[] = {
    {.title = "HOUR (UTC)"},
    {.title = "REQUESTS", .right = true},
    {.title = "NOT ROUTED", .right = true},
    {.title = "TOLD IN 30 S", .right = true},
    {.title = "LATE", .right = true},
    {.title = "IN VAIN", .right = true},
    {.title = "NOT TRIED", .right = true},
    {.title = "ANSWERED", .right = true},
    {.title = "TOLD IN 5 S", .right = true},
    {.title = "DONE IN 10 S", .right = true},
};
static const struct hf_table_column hop_columns[] = {
    {.title = "PART"},
    {.title = "COUNT", .right = true},
    {.title = "P50 MS", .right = true},
    {.title = "P95 MS", .right = true},
    {.title = "P99 MS", .right = true},
    {.title = "LONGEST MS", .right = true},
};

static void cell_share(struct hf_table *table, uint64_t good, uint64_t all)
{
    if (all == 0) {
        hf_table_cell(table, HF_STR("-"));
    } else {
        hf_table_printf(table, "%llu of %llu", (unsigned long long)good, (unsigned long long)all);
    }
}

static void take_hour(struct stats *stats, const struct hf_json *row)
{
    static const char *const keys[] = {"told_in_time", "told_late", "in_vain", "untried",
                                       "answered"};
    char time[HF_TIME_TEXT];
    struct hf_table *table = &stats->hours;
    hf_format_time_us((int64_t)hf_json_get_u64(row, "hour_us"), time);
    hf_table_printf(table, "%.10s %.5s", time, time + 11);
    hf_table_u64(table, hf_json_get_u64(row, "attempts"));
    hf_table_u64(table, hf_json_get_u64(row, "too_late") + hf_json_get_u64(row, "too_many"));
    for (size_t i = 0; i < HF_LEN(keys); i++) {
        hf_table_u64(table, hf_json_get_u64(row, keys[i]));
    }
    cell_share(table, hf_json_get_u64(row, "propagation_good"),
               hf_json_get_u64(row, "propagation_all"));
    cell_share(table, hf_json_get_u64(row, "enforcement_good"),
               hf_json_get_u64(row, "enforcement_all"));
}

static void take_hop(struct stats *stats, const struct hf_json *row)
{
    static const char *const keys[HF_HISTOGRAM_BOUNDS] = {
        "to_25_ms", "to_50_ms", "to_100_ms", "to_250_ms", "to_500_ms",
        "to_1_s",   "to_2_s",   "to_5_s",    "to_10_s",   "to_30_s"};
    struct hf_str name = hf_json_get_str(row, "hop");
    unsigned n = 0;
    while (n < stats->hop_count && !hf_str_eq(hf_str_c(stats->hops[n].name), name)) {
        n++;
    }
    if (n == HOPS_MAX || name.len >= HOP_TEXT) {
        return; /* a newer Hub has more parts than are known here */
    }
    struct hop *hop = &stats->hops[n];
    if (n == stats->hop_count) {
        (void)snprintf(hop->name, sizeof hop->name, "%.*s", HF_STR_ARG(name));
        stats->hop_count++;
    }
    int64_t longest_us = (int64_t)hf_json_get_u64(row, "took_max");
    hop->count += (int64_t)hf_json_get_u64(row, "count");
    hop->longest_us = longest_us > hop->longest_us ? longest_us : hop->longest_us;
    for (size_t i = 0; i < HF_HISTOGRAM_BOUNDS; i++) {
        hop->buckets[i] += (int64_t)hf_json_get_u64(row, keys[i]);
    }
}

/* The rows of one hour. */
static enum hf_rc take_rows(struct stats *stats, const char *table, int64_t hour_us,
                            void (*take)(struct stats *stats, const struct hf_json *row),
                            struct hf_err *err)
{
    char path[160];
    const struct hf_json *page = NULL;
    (void)snprintf(path, sizeof path, MODEL "&table=%s&key=%lld", table, (long long)hour_us);
    enum hf_rc rc =
        hf_hub_ask(&stats->session, "GET", path, (struct hf_bytes){NULL, 0}, &page, err);
    const struct hf_json *rows = rc == HF_OK ? hf_json_get_kind(page, "rows", HF_JSON_ARRAY) : NULL;
    if (rc == HF_OK && rows == NULL) {
        return hf_err_set(err, HF_EIO, "the Hub's answer has no rows");
    }
    for (size_t i = 0; rc == HF_OK && i < hf_json_count(rows); i++) {
        const struct hf_json *row = hf_json_at(rows, i);
        if ((int64_t)hf_json_get_u64(row, "probe") == stats->probes) {
            take(stats, row);
            hf_hub_copy_json(&stats->json, row);
        }
    }
    return rc;
}

static enum hf_rc take_table(struct stats *stats, const char *key, const char *table,
                             void (*take)(struct stats *stats, const struct hf_json *row),
                             struct hf_err *err)
{
    int64_t now = hf_env_wall_us(stats->cli->env);
    int64_t last = now - now % HOUR_US;
    int64_t hours = (int64_t)hf_cli_u64(stats->cli, "hours");
    enum hf_rc rc = HF_OK;
    hf_json_key(&stats->json, hf_str_c(key));
    hf_json_array_begin(&stats->json);
    for (int64_t hour = last - (hours - 1) * HOUR_US; rc == HF_OK && hour <= last;
         hour += HOUR_US) {
        rc = take_rows(stats, table, hour, take, err);
    }
    hf_json_array_end(&stats->json);
    return rc;
}

static enum hf_rc print_hops(const struct stats *stats, struct hf_err *err)
{
    static const unsigned shown[] = {500, 950, 990};
    struct hf_table table;
    hf_table_init(&table, hop_columns, HF_LEN(hop_columns));
    for (unsigned n = 0; n < stats->hop_count; n++) {
        const struct hop *hop = &stats->hops[n];
        hf_table_cell(&table, hf_str_c(hop->name));
        hf_table_u64(&table, (uint64_t)hop->count);
        for (size_t i = 0; i < HF_LEN(shown); i++) {
            int64_t us =
                hf_histogram_percentile_us(hop->buckets, hop->count, shown[i], hop->longest_us);
            hf_table_u64(&table, (uint64_t)(us / 1000));
        }
        hf_table_u64(&table, (uint64_t)(hop->longest_us / 1000));
    }
    enum hf_rc rc = hf_table_write(&table, stats->cli->out, err);
    hf_table_free(&table);
    return rc;
}

static enum hf_rc print_all(struct stats *stats, struct hf_err *err)
{
    if (hf_cli_flag(stats->cli, "json")) {
        hf_cli_line(stats->cli, &stats->text);
        return HF_OK;
    }
    enum hf_rc rc = hf_table_write(&stats->hours, stats->cli->out, err);
    hf_cli_printf(stats->cli, "\n");
    return rc == HF_OK ? print_hops(stats, err) : rc;
}

int hf_run_approvals_stats(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct stats stats = {.cli = cli, .probes = hf_cli_flag(cli, "probes") ? 1 : 0};
    stats.text = hf_buf_init(64u << 20);
    hf_table_init(&stats.hours, hour_columns, HF_LEN(hour_columns));
    hf_json_init(&stats.json, &stats.text);
    hf_json_object_begin(&stats.json);
    enum hf_rc rc = hf_hub_session_open(&stats.session, cli, &err);
    if (rc == HF_OK) {
        rc = take_table(&stats, "hours", "approval_slo_2", take_hour, &err);
    }
    if (rc == HF_OK) {
        rc = take_table(&stats, "hops", "approval_hops_2", take_hop, &err);
    }
    hf_json_object_end(&stats.json);
    if (rc == HF_OK && stats.text.failed != HF_OK) {
        rc = hf_err_set(&err, stats.text.failed, "no memory for the figures");
    }
    if (rc == HF_OK) {
        rc = print_all(&stats, &err);
    }
    hf_hub_session_close(&stats.session);
    hf_table_free(&stats.hours);
    hf_buf_free(&stats.text);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}
