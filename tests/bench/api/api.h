/* tests/bench/api/api.h: GET of one thing from two servers, in a closed loop and paced. */
#ifndef HF_TESTS_BENCH_API_API_H
#define HF_TESTS_BENCH_API_API_H

#include "tests/bench/load/latency.h"
#include "tests/bench/load/must.h"
#include "tests/bench/load/process.h"
#include "tests/bench/load/wire.h"

enum {
    READERS_MAX = 256
};

struct readers;

struct reader {
    struct load_wire wire;
    struct readers *all;
    double wanted_at;
};

struct readers {
    struct load_target target;
    const char *path;
    const char *token; /* NULL: none */
    struct hf_bytes expected;
    struct reader reader[READERS_MAX];
    unsigned count;
    struct reader *idle[READERS_MAX];
    unsigned idle_count;
    double until;
    double next_at; /* the next request of a pace */
    double pace_s;  /* between two requests; 0: as fast as answers come */
    struct hf_timer pacer;
    struct latency latency;
    uint64_t done;
};

struct seen {
    double rate;
    double p50_ms;
    double p99_ms;
    double cpu_us; /* of the server, a request */
};

/* Reads for `seconds` and says what was seen; every answer must be 200 with the expected bytes. */
struct seen readers_run(struct readers *all, pid_t server, double rate, double seconds);

/* nginx with one process, its own P-256 certificate, serving the bytes at the path. `dir` is made.
 * Gives its address and pin. */
void nginx_start(struct load_process *nginx, const char *dir, const char *path,
                 struct hf_bytes bytes, struct hf_hash *ret_pin);

#endif
