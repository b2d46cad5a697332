/* tests/bench/load/latency.c: keeps them all and sorts. */
#include "tests/bench/load/latency.h"

#include <stdlib.h>

#include "base/heap.h"
#include "tests/bench/load/must.h"

void latency_add(struct latency *latency, double seconds)
{
    if (latency->count == latency->room) {
        size_t room = latency->room == 0 ? 4096 : 2 * latency->room;
        float *ms = hf_heap_resize(latency->ms, room, sizeof *ms);
        must(ms == NULL ? HF_ENOMEM : HF_OK, NULL, "latencies");
        latency->ms = ms;
        latency->room = room;
    }
    latency->ms[latency->count++] = (float)(seconds * 1e3);
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

double latency_at(struct latency *latency, double share)
{
    if (latency->count == 0) {
        return 0;
    }
    qsort(latency->ms, latency->count, sizeof *latency->ms, compare);
    size_t index = (size_t)(share * (double)latency->count);
    return (double)latency->ms[index < latency->count ? index : latency->count - 1];
}

void latency_clear(struct latency *latency)
{
    hf_heap_free(latency->ms);
    *latency = (struct latency){NULL, 0, 0};
}
