/* projections/models.c: the list of read models. */
#include "projections/models.h"

const struct hf_projection *const hf_projections[] = {
    &hf_projection_activations,  &hf_projection_artifacts,
    &hf_projection_approvals,    &hf_projection_approvals_2,
    &hf_projection_availability, &hf_projection_budgets,
    &hf_projection_cutover,      &hf_projection_flags,
    &hf_projection_fleet,        &hf_projection_fleet_2,
    &hf_projection_freshness,    &hf_projection_identities,
    &hf_projection_metering,     &hf_projection_redaction,
    &hf_projection_secrets,      &hf_projection_slo,
    &hf_projection_unapproved,   &hf_projection_usage,
    &hf_projection_usage_2,      NULL,
};

const struct hf_projection *hf_projection_find(struct hf_str name)
{
    for (size_t i = 0; hf_projections[i] != NULL; i++) {
        if (hf_str_eq(hf_str_c(hf_projections[i]->name), name)) {
            return hf_projections[i];
        }
    }
    return NULL;
}
