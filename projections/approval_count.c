/* projections/approval_count.c: how long parts of the way took, and objectives, by hour. */
#include "base/assert.h"
#include "projections/approval_fold.h"
#include "projections/fold.h"

static enum hf_rc count_percentiles(const struct hf_approval_tally *tally,
                                    const struct hf_value *hop, struct hf_err *err)
{
    int64_t buckets[HF_HISTOGRAM_BOUNDS];

    static const struct {
        unsigned column;
        unsigned per_mille;
    } shown[] = {{P50, 500}, {P90, 900}, {P95, 950}, {P99, 990}};

    struct hf_value row[HF_COLUMNS_MAX] = {
        [HOUR] = hop[HOUR], [HOP] = hop[HOP], [OF_PROBES] = hop[OF_PROBES], [COUNT] = hop[COUNT]};
    for (unsigned n = 0; n < HF_HISTOGRAM_BOUNDS; n++) {
        buckets[n] = hop[BUCKETS + n].number;
    }
    for (size_t i = 0; i < HF_LEN(shown); i++) {
        row[shown[i].column].number = hf_histogram_percentile_us(
            buckets, hop[COUNT].number, shown[i].per_mille, hop[MAX].number);
    }
    return hf_store_put(tally->store, tally->model->percentiles, row, err);
}

enum hf_rc hf_approval_count_hop(const struct hf_approval_tally *tally, const char *hop,
                                 int64_t took_us, struct hf_err *err)
{
    int64_t took = took_us > 0 ? took_us : 0;
    unsigned bucket = hf_histogram_bucket(took);
    struct hf_value row[HF_COLUMNS_MAX] = {[HOUR] = {.number = hf_fold_hour(tally->recorded_us)},
                                           [HOP] = {.text = hf_str_c(hop)},
                                           [OF_PROBES] = {.number = tally->probe}};
    enum hf_rc rc = hf_fold_row(tally->store, tally->model->hops, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[COUNT].number++;
    row[SUM].number = hf_fold_add(row[SUM].number, (uint64_t)took);
    row[MAX].number = took > row[MAX].number ? took : row[MAX].number;
    if (bucket < HF_HISTOGRAM_BOUNDS) {
        row[BUCKETS + bucket].number++;
    }
    rc = hf_store_put(tally->store, tally->model->hops, row, err);
    row[HOP].text = hf_str_c(hop);
    return rc == HF_OK ? count_percentiles(tally, row, err) : rc;
}

enum hf_rc hf_approval_count_slo(const struct hf_approval_tally *tally, int64_t at_us,
                                 const unsigned *columns, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {
        [SLO_HOUR] = {.number = hf_fold_hour(at_us)}, [SLO_PROBE] = {.number = tally->probe}};
    enum hf_rc rc = hf_fold_row(tally->store, tally->model->slo, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    for (; *columns != SLO_HOUR; columns++) {
        row[*columns].number++;
    }
    return hf_store_put(tally->store, tally->model->slo, row, err);
}
