/* tests/bench/log/no_postgres.c: stands in where libpq is not installed. */
#include "tests/bench/log/bench.h"

void bench_postgres(struct table *table, const char *conninfo, double ours)
{
    (void)conninfo;
    (void)ours;
    table->skipped = "libpq-dev is not installed";
}
