/* tests/unit/projections/test_sweep.c: each allocation, write and sync of a store fails once.
 *
 * Also of a cache above it. What a transaction was answered for is there, each is there whole or
 * not at all, and the store goes on. SQLite, and PostgreSQL when $HOLDFAST_TEST_POSTGRES names one
 * (allocations alone: its writes are another process's).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "projections/cache.h"
#include "projections/postgres/store_postgres.h"
#include "projections/sqlite/store_sqlite.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"

#define TRANSACTIONS 4
#define ROWS         3 /* of a transaction, and one counter that all of them raise */

enum {
    NAME,
    NUMBER,
    COUNT,
};

static const struct hf_table_def table = {
    .name = "sweep_1",
    .columns = {{"name", HF_COLUMN_TEXT}, {"number", HF_COLUMN_INT}, {"count", HF_COLUMN_INT}},
    .key_columns = 2};
static const struct hf_scan all;

struct world {
    struct hf_env_sim sim;
    char path[256];
    const char *url; /* of a PostgreSQL; NULL: SQLite at path */
    bool cached;
    struct hf_store *under;
    struct hf_store *store;
    struct hf_err err;
};

static enum hf_rc open_store(struct world *w)
{
    enum hf_rc rc = w->url == NULL ? hf_store_sqlite_open(w->path, &w->under, &w->err)
                                   : hf_store_postgres_open(w->url, &w->under, &w->err);
    w->store = rc == HF_OK ? w->under : NULL;
    if (rc == HF_OK && w->cached) {
        rc = hf_cache_new(&w->sim.env, w->under, 100, &w->store, &w->err);
    }
    return rc;
}

static void close_store(struct world *w)
{
    if (w->store != w->under) {
        hf_store_close(w->store);
    }
    hf_store_close(w->under);
    w->store = NULL;
    w->under = NULL;
}

static enum hf_rc put(struct world *w, const char *name, int64_t number, int64_t count)
{
    const struct hf_value row[HF_COLUMNS_MAX] = {[NAME] = {.text = hf_str_c(name)},
                                                 [NUMBER] = {.number = number},
                                                 [COUNT] = {.number = count}};
    return hf_store_put(w->store, &table, row, &w->err);
}

/* Transaction t: a row that was put before goes, ROWS others come, the counter is raised, and the
 * position says so. */
static enum hf_rc fill(struct world *w, int64_t t)
{
    char name[16];
    struct hf_value row[HF_COLUMNS_MAX] = {[NAME] = {.text = HF_STR("counter")}};
    enum hf_rc rc = hf_store_create(w->store, &table, &w->err);
    if (rc == HF_OK) {
        rc = hf_store_get(w->store, &table, row, &w->err);
        row[COUNT].number = rc == HF_ENOTFOUND ? 0 : row[COUNT].number;
        rc = rc == HF_ENOTFOUND ? HF_OK : rc;
    }
    if (rc == HF_OK) {
        rc = put(w, "counter", 0, row[COUNT].number + 1);
    }
    for (int64_t i = 0; rc == HF_OK && i < ROWS; i++) {
        (void)snprintf(name, sizeof name, "row-%lld", (long long)t);
        rc = put(w, name, i, t);
    }
    if (rc == HF_OK && t > 1) {
        (void)snprintf(name, sizeof name, "row-%lld", (long long)(t - 1));
        const struct hf_value gone = {.text = hf_str_c(name)};
        rc = hf_store_remove(w->store, &table, &gone, &w->err);
    }
    return rc == HF_OK ? hf_store_set_position(w->store, "sweep", (uint64_t)t, &w->err) : rc;
}

static enum hf_rc transact(struct world *w, int64_t t)
{
    HF_ASSERT(w->store != NULL);
    enum hf_rc rc = hf_store_begin(w->store, &w->err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = fill(w, t);
    if (rc == HF_OK) {
        return hf_store_commit(w->store, &w->err);
    }
    hf_store_rollback(w->store);
    return rc;
}

static int64_t live(struct world *w)
{
    int64_t acked = 0;
    enum hf_rc rc = open_store(w);
    while (rc == HF_OK && acked < TRANSACTIONS) {
        rc = transact(w, acked + 1);
        acked += rc == HF_OK ? 1 : 0;
    }
    close_store(w);
    return acked;
}

struct seen {
    int64_t counter;
    int64_t rows;
    int64_t newest;
};

static enum hf_rc see(void *arg, const struct hf_value *row)
{
    struct seen *seen = arg;
    if (hf_str_eq(row[NAME].text, HF_STR("counter"))) {
        seen->counter = row[COUNT].number;
    } else {
        seen->rows++;
        seen->newest = row[COUNT].number > seen->newest ? row[COUNT].number : seen->newest;
    }
    return HF_OK;
}

static void check_after(struct world *w, int64_t acked)
{
    struct seen seen = {0, 0, 0};
    uint64_t position = 0;
    HF_CHECK_OK(open_store(w), w->err);
    HF_ASSERT(w->store != NULL && w->under != NULL);
    HF_CHECK_OK(hf_store_create(w->under, &table, &w->err), w->err);
    HF_CHECK_OK(hf_store_scan(w->store, &table, &all, see, &seen, &w->err), w->err);
    HF_CHECK_OK(hf_store_get_position(w->store, "sweep", &position, &w->err), w->err);
    HF_CHECK(seen.counter >= acked && seen.counter <= acked + 1);
    HF_CHECK_U64(position, seen.counter);
    HF_CHECK_U64(seen.newest, seen.counter);
    HF_CHECK_U64(seen.rows, seen.counter == 0 ? 0 : ROWS);
    for (int64_t t = seen.counter + 1; t <= TRANSACTIONS; t++) {
        HF_CHECK_OK(transact(w, t), w->err);
    }
    close_store(w);
}

static void clear(struct world *w)
{
    if (w->url == NULL) {
        return;
    }
    HF_CHECK_OK(open_store(w), w->err);
    HF_ASSERT(w->under != NULL);
    HF_CHECK_OK(hf_store_drop(w->under, &table, &w->err), w->err);
    HF_CHECK_OK(hf_store_set_position(w->under, "sweep", 0, &w->err), w->err);
    close_store(w);
}

static void sweep(enum hf_sweep kind, int error, const char *url, bool cached)
{
    for (uint64_t n = 1;; n++) {
        struct world w = {.url = url, .cached = cached};
        hf_env_sim_init(&w.sim, hf_test_seed());
        (void)snprintf(w.path, sizeof w.path, "%s/%d-%d-%llu.db", hf_test_dir(), (int)kind, cached,
                       (unsigned long long)n);
        clear(&w);
        hf_sweep_begin(kind, n, error);
        int64_t acked = live(&w);
        uint64_t calls = hf_sweep_end();
        check_after(&w, acked);
        if (hf_test_failed() || calls < n) {
            HF_CHECK(n > 3); /* there was something to sweep */
            return;
        }
    }
}

HF_TEST(allocations)
{
    hf_sweep_without_syncs();
    sweep(HF_SWEEP_ALLOC, 0, NULL, false);
    sweep(HF_SWEEP_ALLOC, 0, NULL, true);
}

HF_TEST(writes)
{
    sweep(HF_SWEEP_WRITE, EIO, NULL, false);
    sweep(HF_SWEEP_WRITE, ENOSPC, NULL, true);
}

HF_TEST(syncs)
{
    sweep(HF_SWEEP_SYNC, EIO, NULL, true);
}

HF_TEST(postgres)
{
    const char *url = getenv("HOLDFAST_TEST_POSTGRES");
    if (url == NULL) {
        hf_test_skip("no $HOLDFAST_TEST_POSTGRES");
        return;
    }
    sweep(HF_SWEEP_ALLOC, 0, url, false);
    sweep(HF_SWEEP_ALLOC, 0, url, true);
}

HF_TEST_MAIN(HF_TEST_CASE(allocations), HF_TEST_CASE(writes), HF_TEST_CASE(syncs),
             HF_TEST_CASE(postgres))
