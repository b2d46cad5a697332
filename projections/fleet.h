/* projections/fleet.h: what the versions of the fleet have in common: the first columns. */
#ifndef HF_PROJECTIONS_FLEET_H
#define HF_PROJECTIONS_FLEET_H

#include "projections/projector.h"

enum {
    HF_FLEET_TENANT,
    HF_FLEET_RING,
    HF_FLEET_STATUS,
    HF_FLEET_REGISTERED_US,
    HF_FLEET_EPOCH,
    HF_FLEET_RECEIPT,
    HF_FLEET_SEGMENTS,
    HF_FLEET_LAST_SEGMENT_US,
    HF_FLEET_EVENTS,
    HF_FLEET_COLUMNS,
};

/* What an event of the region about this tenant changes in these columns. */
enum hf_rc hf_fleet_change(const struct hf_envelope *event, struct hf_value *row,
                           struct hf_err *err);
/* "tenant/acme" and "segment/acme" are about acme. */
bool hf_fleet_tenant_of(struct hf_str stream, struct hf_str *ret_tenant);

#endif
