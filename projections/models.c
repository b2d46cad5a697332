/* projections/models.c: the list of read models. */
#include "projections/models.h"

const struct hf_projection *const hf_projections[] = {
    &hf_projection_fleet, &hf_projection_freshness, &hf_projection_usage, NULL};
