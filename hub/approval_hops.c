/* hub/approval_hops.c: counts how long each part of an approval's way took. */
#include "hub/approval_hops.h"

#define NAME "holdfast_approval_hop_duration_seconds"

static const char *const names[HF_HUB_HOPS] = {
    [HF_HUB_HOP_ROUTED] = "routed",         [HF_HUB_HOP_NOTIFIED] = "notified",
    [HF_HUB_HOP_PROPAGATED] = "propagated", [HF_HUB_HOP_SEEN] = "seen",
    [HF_HUB_HOP_DECIDED] = "decided",       [HF_HUB_HOP_DELIVERED] = "delivered",
    [HF_HUB_HOP_ENFORCED] = "enforced",
};

void hf_hub_hops_add(struct hf_hub_hops *hops, enum hf_hub_hop hop, bool probe, int64_t duration_us)
{
    int64_t us = duration_us < 0 ? 0 : duration_us;
    unsigned bucket = hf_histogram_bucket(us);
    hops->counts[hop][probe]++;
    hops->sums_us[hop][probe] += (uint64_t)us;
    if (bucket < HF_HISTOGRAM_BOUNDS) {
        hops->buckets[hop][probe][bucket]++;
    }
}

static void put_hop(const struct hf_hub_hops *hops, unsigned hop, bool probe, struct hf_buf *buf)
{
    const char *kind = probe ? "probe" : "real";
    uint64_t sum_us = hops->sums_us[hop][probe];
    uint64_t so_far = 0;
    for (unsigned n = 0; n < HF_HISTOGRAM_BOUNDS; n++) {
        int64_t bound = hf_histogram_bounds_us[n];
        so_far += hops->buckets[hop][probe][n];
        hf_buf_printf(buf, NAME "_bucket{hop=\"%s\",kind=\"%s\",le=\"%lld.%03lld\"} %llu\n",
                      names[hop], kind, (long long)(bound / 1000000),
                      (long long)(bound / 1000 % 1000), (unsigned long long)so_far);
    }
    hf_buf_printf(buf, NAME "_bucket{hop=\"%s\",kind=\"%s\",le=\"+Inf\"} %llu\n", names[hop], kind,
                  (unsigned long long)hops->counts[hop][probe]);
    hf_buf_printf(buf, NAME "_sum{hop=\"%s\",kind=\"%s\"} %llu.%06llu\n", names[hop], kind,
                  (unsigned long long)(sum_us / 1000000), (unsigned long long)(sum_us % 1000000));
    hf_buf_printf(buf, NAME "_count{hop=\"%s\",kind=\"%s\"} %llu\n", names[hop], kind,
                  (unsigned long long)hops->counts[hop][probe]);
}

void hf_hub_hops_put(const struct hf_hub_hops *hops, struct hf_buf *buf)
{
    hf_buf_printf(buf,
                  "# HELP %s Each part of an approval's way, by who asked: a tenant or a probe.\n"
                  "# TYPE %s histogram\n",
                  NAME, NAME);
    for (unsigned hop = 0; hop < HF_HUB_HOPS; hop++) {
        put_hop(hops, hop, false, buf);
        put_hop(hops, hop, true, buf);
    }
}
