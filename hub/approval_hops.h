/* hub/approval_hops.h: how long each part of an approval's way took, since the Hub started.
 *
 * Counted for /metrics, probes apart; the read models have the same out of the log. A hop that ends
 * before it began went over two clocks, and counts as no time.
 * Threads: the loop's.
 */
#ifndef HF_HUB_APPROVAL_HOPS_H
#define HF_HUB_APPROVAL_HOPS_H

#include <stdbool.h>

#include "base/buf.h"
#include "projections/histogram.h"

enum hf_hub_hop {
    HF_HUB_HOP_ROUTED,     /* from the tenant's request */
    HF_HUB_HOP_NOTIFIED,   /* from there to the first message that a service took */
    HF_HUB_HOP_PROPAGATED, /* from the request to that */
    HF_HUB_HOP_SEEN,       /* from there to the first who saw it */
    HF_HUB_HOP_DECIDED,    /* from its routing to a person's answer */
    HF_HUB_HOP_DELIVERED,  /* from there to the tenant's log */
    HF_HUB_HOP_ENFORCED,   /* from there to what the wrapper did */
    HF_HUB_HOPS,
};

struct hf_hub_hops {
    /* [1]: of probes */
    uint64_t counts[HF_HUB_HOPS][2];
    uint64_t sums_us[HF_HUB_HOPS][2];
    uint64_t buckets[HF_HUB_HOPS][2][HF_HISTOGRAM_BOUNDS];
};

void hf_hub_hops_add(struct hf_hub_hops *hops, enum hf_hub_hop hop, bool probe,
                     int64_t duration_us);
/* As a histogram of Prometheus' text form. */
void hf_hub_hops_put(const struct hf_hub_hops *hops, struct hf_buf *buf);

#endif
