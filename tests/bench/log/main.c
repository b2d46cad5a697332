/* tests/bench/log/main.c: the log against what it stands on, both sides in one run.
 *
 * bench_log DIR [--json]; started by tools/bench log, which also starts the PostgreSQL that
 * $BENCH_POSTGRES names. DIR is on the disk to measure.
 */
#include <stdio.h>
#include <string.h>

#include "tests/bench/log/bench.h"

int main(int argc, char **argv)
{
    static struct table table;
    struct hf_err err = {0};
    if (argc < 2 || (argc > 2 && strcmp(argv[2], "--json") != 0)) {
        (void)fprintf(stderr, "usage: bench_log DIR [--json]\n");
        return 2;
    }
    must(hf_crypto_init(&err), &err, "crypto");
    bench_appends(&table, argv[1]);
    bench_volumes(&table, argv[1]);
    print_table(&table, argc > 2);
    return 0;
}
