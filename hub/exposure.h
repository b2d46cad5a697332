/* hub/exposure.h: tenants that say that a registered secret stands in their log.
 *
 * The region has no secrets and can look for none: it believes secrets.scanned of the tenant's own
 * agent. A finding becomes secrets.exposed in the region's log, at most one an hour for a tenant,
 * and again only when there are more; what was told is not remembered over a restart, so it is then
 * told once more with the tenant's next report.
 * Threads: the loop's.
 */
#ifndef HF_HUB_EXPOSURE_H
#define HF_HUB_EXPOSURE_H

#include "hub/hub.h"

/* A segment was taken: its bytes. */
void hf_hub_exposure_look(struct hf_hub *hub, struct hf_hub_tenant *tenant, struct hf_bytes bytes);
/* Tenants whose last report since the Hub started had a finding. */
uint64_t hf_hub_exposed_tenants(const struct hf_hub *hub);

#endif
