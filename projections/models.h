/* projections/models.h: the read models; a new one is a file of its own and a line in models.c. */
#ifndef HF_PROJECTIONS_MODELS_H
#define HF_PROJECTIONS_MODELS_H

#include "projections/projector.h"

extern const struct hf_projection hf_projection_activations;
extern const struct hf_projection hf_projection_approvals;
extern const struct hf_projection hf_projection_approvals_2;
extern const struct hf_projection hf_projection_artifacts;
extern const struct hf_projection hf_projection_availability;
extern const struct hf_projection hf_projection_budgets;
extern const struct hf_projection hf_projection_cutover;
extern const struct hf_projection hf_projection_flags;
extern const struct hf_projection hf_projection_fleet;
extern const struct hf_projection hf_projection_fleet_2;
extern const struct hf_projection hf_projection_freshness;
extern const struct hf_projection hf_projection_identities;
extern const struct hf_projection hf_projection_metering;
extern const struct hf_projection hf_projection_redaction;
extern const struct hf_projection hf_projection_secrets;
extern const struct hf_projection hf_projection_slo;
extern const struct hf_projection hf_projection_unapproved;
extern const struct hf_projection hf_projection_usage;
extern const struct hf_projection hf_projection_usage_2;

#endif
