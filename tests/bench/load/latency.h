/* tests/bench/load/latency.h: how long things took: percentiles of all of them, none dropped. */
#ifndef HF_TESTS_BENCH_LOAD_LATENCY_H
#define HF_TESTS_BENCH_LOAD_LATENCY_H

#include <stddef.h>

struct latency {
    float *ms;
    size_t count;
    size_t room;
};

void latency_add(struct latency *latency, double seconds);
/* In milliseconds; 0 when nothing was added. share 1: the worst. Sorts. */
double latency_at(struct latency *latency, double share);
void latency_clear(struct latency *latency);

#endif
