/* projections/approvals_2.c: requests for approval as in version 1; and one verdict for each on
 * whether people were told of it in time, counted by hour, with the hop "propagated" from the
 * request to the first message that a push service or mail server took.
 */
#include "projections/approval_fold.h"
#include "projections/models.h"

static const struct hf_table_def way = {
    .name = "approvals_2",
    .columns = {HF_APPROVAL_WAY_COLUMNS, {"routing", HF_COLUMN_TEXT}},
    .key_columns = 2};
static const struct hf_table_def hops = {
    .name = "approval_hops_2", .columns = {HF_APPROVAL_HOP_COLUMNS}, .key_columns = 3};
static const struct hf_table_def percentiles = {.name = "approval_percentiles_2",
                                                .columns = {HF_APPROVAL_PERCENTILE_COLUMNS},
                                                .key_columns = 3};
static const struct hf_table_def slo = {.name = "approval_slo_2",
                                        .columns = {HF_APPROVAL_SLO_COLUMNS,
                                                    {"queue_good", HF_COLUMN_INT},
                                                    {"told_in_time", HF_COLUMN_INT},
                                                    {"told_late", HF_COLUMN_INT},
                                                    {"in_vain", HF_COLUMN_INT},
                                                    {"untried", HF_COLUMN_INT},
                                                    {"answered", HF_COLUMN_INT}},
                                        .key_columns = 2};
static const struct hf_table_def findings = {
    .name = "approval_findings_2", .columns = {HF_APPROVAL_FINDING_COLUMNS}, .key_columns = 4};

static const struct hf_approval_model model = {&way, &hops, &percentiles, &slo, &findings, true};

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    return hf_approval_apply(&model, store, position, event, err);
}

const struct hf_projection hf_projection_approvals_2 = {
    .model = "approvals",
    .version = 2,
    .name = "approvals_2",
    .about = "requests for approval: their way, whether people were told in time, and what ran "
             "unapproved",
    .tables = {&way, &hops, &percentiles, &slo, &findings},
    .apply = apply,
};
