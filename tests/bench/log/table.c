/* tests/bench/log/table.c: results as a table for people or as JSON lines. */
#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/env.h"
#include "tests/bench/log/bench.h"

double now_s(void)
{
    return (double)hf_env_mono_ns(hf_env_os()) / 1e9;
}

void must(enum hf_rc rc, const struct hf_err *err, const char *what)
{
    if (rc != HF_OK) {
        (void)fprintf(stderr, "bench: %s: %s %s\n", what, hf_rc_name(rc), err->text);
        _exit(3);
    }
}

void add_row(struct table *table, struct row row)
{
    HF_ASSERT(table->count < HF_LEN(table->rows));
    table->rows[table->count++] = row;
    (void)fprintf(stderr, "%s: %.2f %s\n", row.measure, row.ours, row.unit);
}

void print_table(const struct table *table, bool json)
{
    if (!json) {
        (void)printf(
            "| measure | ours | against | theirs | ratio | wanted |\n|---|---|---|---|---|---|\n");
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct row *r = &table->rows[i];
        double ratio = r->theirs > 0 ? r->ours / r->theirs : 0;
        if (json) {
            (void)printf("{\"measure\":\"%s\",\"unit\":\"%s\",\"ours\":%.2f,\"against\":\"%s\","
                         "\"theirs\":%.2f,\"ratio\":%.3f}\n",
                         r->measure, r->unit, r->ours, r->against, r->theirs, ratio);
        } else {
            char wanted[32] = "";
            if (r->least != 0) {
                (void)snprintf(wanted, sizeof wanted, "%s%.2f",
                               r->least < 0 ? "<= " : ">= ", r->least < 0 ? -r->least : r->least);
            }
            (void)printf("| %s | %.*f %s | %s | %.*f | %.2f | %s |\n", r->measure,
                         r->ours < 100 ? 1 : 0, r->ours, r->unit, r->against,
                         r->theirs < 100 ? 1 : 0, r->theirs, ratio, wanted);
        }
    }
    if (json) {
        (void)printf("{\"measure\":\"p99 of 64 callers\",\"unit\":\"ms\",\"ours\":%.3f}\n",
                     table->p99_ms);
    } else {
        (void)printf("\n64 callers: p99 %.2f ms.%s%s\n", table->p99_ms,
                     table->skipped == NULL ? "" : " Not compared with PostgreSQL: ",
                     table->skipped == NULL ? "" : table->skipped);
    }
}
