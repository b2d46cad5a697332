/* tests/bench/log/bench.h: what the parts of the log's benchmark share. */
#ifndef HF_TESTS_BENCH_LOG_BENCH_H
#define HF_TESTS_BENCH_LOG_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "log/core/log.h"
#include "log/core/writer.h"

#define NAMES     2000 /* streams, and producers */
#define EVENT_MAX 512
#define CALLERS   64
#define BULK      256

double now_s(void);
/* Ends the program when rc is not HF_OK. */
void must(enum hf_rc rc, const struct hf_err *err, const char *what);

/* One line of the table. */
struct row {
    const char *measure;
    const char *unit;
    double ours;
    double theirs; /* 0: not measured */
    const char *against;
    double least; /* wanted ratio; negative: at most; 0: none */
};

struct table {
    struct row rows[24];
    size_t count;
    double p99_ms;       /* of 64 callers */
    const char *skipped; /* why PostgreSQL was not measured; NULL when it was */
};

void add_row(struct table *table, struct row row);
void print_table(const struct table *table, bool json);

/* Events of about 250 bytes, with ids that look random, as in life. The same state gives the same
 * events. */
struct source {
    uint64_t sequence[NAMES];
    uint64_t state;
};

#define SOURCE_INIT                                                                                \
    {                                                                                              \
        .state = 88172645463325252u                                                                \
    }

uint64_t draw(struct source *s);
/* Writes the submission of the next event of stream and producer number `name`. */
size_t make_event(struct source *s, unsigned name, uint8_t out[EVENT_MAX]);

/* Commits of `batch` puts of the same bytes: puts a second. */
double bare_lmdb(const char *dir, unsigned batch, unsigned commits);

/* Our log with callers in flight. */
struct caller;

struct bench {
    struct hf_place *place;
    struct hf_log *log;
    struct hf_log_writer *writer;
    struct hf_loop *loop;
    struct hf_signing_key *key;
    struct source source;
    struct caller *callers;
    unsigned items;
    uint64_t left;
    uint64_t busy;
    double *latencies;
    size_t latency_count;
};

/* A new log of `kind` in dir/name. */
void open_bench(struct bench *b, const char *dir, const char *name, const char *kind);
/* The writer alone; the log stays open to be read. */
void close_writer(struct bench *b);
void close_bench(struct bench *b);
/* Entries a second; the time to make the events is measured alone and taken out. */
double run_callers(struct bench *b, unsigned callers, unsigned items, uint64_t requests);

/* The parts. */
void bench_appends(struct table *table, const char *dir);
void bench_volumes(struct table *table, const char *dir);
/* 64 clients of the server that `conninfo` names, one prepared INSERT a transaction; `ours` is the
 * log's rate. */
void bench_postgres(struct table *table, const char *conninfo, double ours);

#endif
