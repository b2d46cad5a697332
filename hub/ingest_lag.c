/* hub/ingest_lag.c: counts how old segments are when they come. */
#include "hub/ingest_lag.h"

#include "log/tlog/tile.h"
#include "schemas/envelope.h"

#define NAME "holdfast_agent_segments_lag_seconds"

/* One of them is what the service level is about: at the Hub within 60 s. */
static const unsigned bounds_s[HF_HUB_LAG_BOUNDS] = {1, 5, 15, 30, 60, 300, 3600, 86400};

int64_t hf_hub_ingest_oldest(const struct hf_segment *segment)
{
    struct hf_cursor cursor = hf_cursor_init(segment->bundle);
    struct hf_bytes entry;
    struct hf_envelope event;
    return hf_bundle_next(&cursor, &entry) == HF_OK &&
                   hf_envelope_parse_leaf(entry, &event, /* err= */ NULL) == HF_OK
               ? event.recorded_us
               : 0;
}

void hf_hub_ingest_lag_add(struct hf_hub_ingest_lag *lag, int64_t oldest_us, int64_t now_us)
{
    uint64_t us = now_us > oldest_us ? (uint64_t)(now_us - oldest_us) : 0;
    lag->last_us = now_us;
    if (oldest_us <= 0) {
        return;
    }
    lag->count++;
    lag->sum_us += us;
    for (unsigned n = 0; n < HF_HUB_LAG_BOUNDS; n++) {
        if (us <= bounds_s[n] * UINT64_C(1000000)) {
            lag->buckets[n]++;
            return;
        }
    }
}

void hf_hub_ingest_lag_put(const struct hf_hub_ingest_lag *lag, struct hf_buf *buf)
{
    uint64_t so_far = 0;
    hf_buf_printf(buf,
                  "# HELP %s Age of a segment's oldest entry when the region has it.\n"
                  "# TYPE %s histogram\n",
                  NAME, NAME);
    for (unsigned n = 0; n < HF_HUB_LAG_BOUNDS; n++) {
        so_far += lag->buckets[n];
        hf_buf_printf(buf, NAME "_bucket{le=\"%u\"} %llu\n", bounds_s[n],
                      (unsigned long long)so_far);
    }
    hf_buf_printf(buf,
                  NAME "_bucket{le=\"+Inf\"} %llu\n" NAME "_sum %llu.%06llu\n" NAME "_count %llu\n",
                  (unsigned long long)lag->count, (unsigned long long)(lag->sum_us / 1000000),
                  (unsigned long long)(lag->sum_us % 1000000), (unsigned long long)lag->count);
}
