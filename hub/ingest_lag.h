/* hub/ingest_lag.h: how old tenants' segments are when the region has them, since the Hub started.
 *
 * Of each segment its oldest entry counts: from the time that the tenant's log recorded it to the
 * receipt. The two are of two clocks, and less than nothing counts as nothing. For /metrics; the
 * read models have the same of every event. Threads: the loop's.
 */
#ifndef HF_HUB_INGEST_LAG_H
#define HF_HUB_INGEST_LAG_H

#include "base/buf.h"
#include "log/mirror/segment.h"

#define HF_HUB_LAG_BOUNDS 8

struct hf_hub_ingest_lag {
    uint64_t count;
    uint64_t sum_us;
    uint64_t buckets[HF_HUB_LAG_BOUNDS];
    int64_t last_us; /* when the last one was taken; 0: none yet */
};

/* When the oldest entry of a segment was recorded; 0: it has no time. */
int64_t hf_hub_ingest_oldest(const struct hf_segment *segment);
void hf_hub_ingest_lag_add(struct hf_hub_ingest_lag *lag, int64_t oldest_us, int64_t now_us);
/* As a histogram of Prometheus' text form. */
void hf_hub_ingest_lag_put(const struct hf_hub_ingest_lag *lag, struct hf_buf *buf);

#endif
