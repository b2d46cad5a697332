/* tests/bench/log/appends.c: one caller, and 64 in flight. */
#include <stdlib.h>

#include "base/heap.h"
#include "tests/bench/log/bench.h"

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bench_appends(struct table *table, const char *dir)
{
    enum {
        SINGLE = 2000,
        MANY = 32000
    };

    static struct bench b;
    open_bench(&b, dir, "log-appends", "events");
    b.latencies = hf_heap_zalloc(MANY + SINGLE, sizeof *b.latencies);
    double bare = bare_lmdb(dir, 1, SINGLE);
    double ours = run_callers(&b, 1, 1, SINGLE);
    add_row(table,
            (struct row){"one caller, durable and signed", "/s", ours, bare, "bare LMDB", 0.6});
    uint64_t before = hf_log_writer_counts(b.writer)->commits;
    ours = run_callers(&b, CALLERS, 1, MANY);
    qsort(b.latencies, b.latency_count, sizeof *b.latencies, compare);
    table->p99_ms = b.latencies[b.latency_count * 99 / 100] * 1e3;
    uint64_t commits = hf_log_writer_counts(b.writer)->commits;
    unsigned each = (unsigned)(MANY / (commits - before));
    each = each < 1 ? 1 : each;
    bare = bare_lmdb(dir, each, MANY / each);
    add_row(table, (struct row){"64 callers in flight, durable and signed", "/s", ours, bare,
                                "bare LMDB, same entries a commit", 0.6});
    const char *conninfo = getenv("BENCH_POSTGRES");
    if (conninfo == NULL) {
        table->skipped = "no PostgreSQL 15 server here";
    } else {
        bench_postgres(table, conninfo, ours);
    }
    close_bench(&b);
}
