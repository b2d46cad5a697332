/* hub/probes.h: probes of the way that requests for approval take, so that it is known to work
 * while nobody asks.
 *
 * Each period the next tenant in turn is told by a directive "probe" to ask for approval of
 * nothing. Its agent's request is flagged, and goes the way of all: into the tenant's log, up,
 * routed, answered, told, enforced. The answer is the router's, and it is always no: a flag that
 * somebody sets allows nothing. The read models and /metrics count probes apart.
 * Threads: the loop's. Order: start when the log is folded, stop before the log is closed.
 */
#ifndef HF_HUB_PROBES_H
#define HF_HUB_PROBES_H

#include "base/loop.h"
#include "commands/tenant.h"

struct hf_hub;

struct hf_hub_probes {
    uint64_t issued; /* read-only */
    /* private */
    struct hf_hub *hub;
    struct hf_timer timer;
    uint64_t every_ns; /* 0: none */
    char last[HF_TENANT_NAME_MAX + 1];
};

/* every_ns 0: there are no probes. */
void hf_hub_probes_start(struct hf_hub *hub, uint64_t every_ns);
/* Also of those that were not started. */
void hf_hub_probes_stop(struct hf_hub *hub);

#endif
