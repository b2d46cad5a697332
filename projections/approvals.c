/* projections/approvals.c: requests for approval: each one's way, how long its parts took, whether
 * that was in time, and calls that ran without being what was approved.
 */
#include "projections/approval_fold.h"
#include "projections/models.h"

static const struct hf_table_def way = {
    .name = "approvals_1", .columns = {HF_APPROVAL_WAY_COLUMNS}, .key_columns = 2};
static const struct hf_table_def hops = {
    .name = "approval_hops_1", .columns = {HF_APPROVAL_HOP_COLUMNS}, .key_columns = 3};
static const struct hf_table_def percentiles = {.name = "approval_percentiles_1",
                                                .columns = {HF_APPROVAL_PERCENTILE_COLUMNS},
                                                .key_columns = 3};
static const struct hf_table_def slo = {
    .name = "approval_slo_1", .columns = {HF_APPROVAL_SLO_COLUMNS}, .key_columns = 2};
static const struct hf_table_def findings = {
    .name = "approval_findings_1", .columns = {HF_APPROVAL_FINDING_COLUMNS}, .key_columns = 4};

static const struct hf_approval_model model = {&way, &hops, &percentiles, &slo, &findings, false};

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    return hf_approval_apply(&model, store, position, event, err);
}

const struct hf_projection hf_projection_approvals = {
    .model = "approvals",
    .version = 1,
    .name = "approvals_1",
    .about = "requests for approval: their way, how long it took, and what ran unapproved",
    .tables = {&way, &hops, &percentiles, &slo, &findings},
    .apply = apply,
};
