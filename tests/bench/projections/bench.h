/* tests/bench/projections/bench.h: a region's log as a region would have it, and what reads it. */
#ifndef HF_TESTS_BENCH_PROJECTIONS_BENCH_H
#define HF_TESTS_BENCH_PROJECTIONS_BENCH_H

#include "log/core/log.h"
#include "tests/bench/load/must.h"
#include "tests/harness/log_world.h"

struct bench_conf {
    uint64_t events; /* in segments */
    uint64_t tenants;
    uint64_t segment; /* events in one */
    bool json;
};

/* Makes the log in world->path: the tenants' lives, then their segments in turn, and between them a
 * heartbeat window for each minute of the events' time. Leaves it closed. */
void bench_fill(const struct bench_conf *conf, struct hf_log_world *world);

#endif
