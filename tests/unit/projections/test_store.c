/* tests/unit/projections/test_store.c: what every store does, on each of them: SQLite, PostgreSQL
 * (when $HOLDFAST_TEST_POSTGRES names one), and the cache above each.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "base/buf.h"
#include "projections/cache.h"
#include "projections/postgres/store_postgres.h"
#include "projections/sqlite/store_sqlite.h"
#include "tests/harness/test.h"

enum {
    NAME,
    NUMBER,
    TEXT,
    COUNT,
};

static const struct hf_table_def table = {.name = "test_1",
                                          .columns = {{"name", HF_COLUMN_TEXT},
                                                      {"number", HF_COLUMN_INT},
                                                      {"text", HF_COLUMN_TEXT},
                                                      {"count", HF_COLUMN_INT}},
                                          .key_columns = 2};
static const struct hf_scan all;

struct world {
    struct hf_store *under;
    struct hf_store *store; /* the one that is tested: under, or a cache above it */
    const char *what;
};

static void fail(const struct world *w, const char *what, const struct hf_err *err)
{
    hf_test_fail(__FILE__, __LINE__, "%s: %s: %s", w->what, what, err->text);
}

static void must(const struct world *w, enum hf_rc rc, enum hf_rc wanted, const char *what,
                 const struct hf_err *err)
{
    if (rc != wanted) {
        fail(w, what, err);
    }
}

static void put(const struct world *w, const char *name, int64_t number, const char *text,
                int64_t count)
{
    struct hf_err err = {0};
    const struct hf_value row[HF_COLUMNS_MAX] = {[NAME] = {.text = hf_str_c(name)},
                                                 [NUMBER] = {.number = number},
                                                 [TEXT] = {.text = hf_str_c(text)},
                                                 [COUNT] = {.number = count}};
    must(w, hf_store_put(w->store, &table, row, &err), HF_OK, "put", &err);
}

static void begin(const struct world *w)
{
    struct hf_err err = {0};
    must(w, hf_store_begin(w->store, &err), HF_OK, "begin", &err);
}

static void commit(const struct world *w)
{
    struct hf_err err = {0};
    must(w, hf_store_commit(w->store, &err), HF_OK, "commit", &err);
}

static enum hf_rc print_row(void *arg, const struct hf_value *row)
{
    hf_buf_printf(arg, "%.*s/%lld=%.*s,%lld;", HF_STR_ARG(row[NAME].text),
                  (long long)row[NUMBER].number, HF_STR_ARG(row[TEXT].text),
                  (long long)row[COUNT].number);
    return HF_OK;
}

static void check_scan(const struct world *w, const struct hf_scan *scan, const char *wanted)
{
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(1u << 20);
    must(w, hf_store_scan(w->store, &table, scan, print_row, &text, &err), HF_OK, "scan", &err);
    if (!hf_str_eq(hf_bytes_str(hf_buf_bytes(&text)), hf_str_c(wanted))) {
        hf_test_fail(__FILE__, __LINE__, "%s: scan gave %.*s, not %s", w->what, (int)text.len,
                     (const char *)text.ptr, wanted);
    }
    hf_buf_free(&text);
}

static void fresh(const struct world *w)
{
    struct hf_err err = {0};
    must(w, hf_store_drop(w->store, &table, &err), HF_OK, "drop", &err);
    must(w, hf_store_create(w->store, &table, &err), HF_OK, "create", &err);
    must(w, hf_store_create(w->store, &table, &err), HF_OK, "create again", &err);
}

/* Rows are put, replaced and found; scans show them by the keys' bytes and numbers, all, from a
 * key on, of one first column, so many. */
static void rows(const struct world *w)
{
    struct hf_value row[HF_COLUMNS_MAX] = {
        [NAME] = {.text = HF_STR("b")}, [NUMBER] = {.number = 2}};
    struct hf_err err = {0};
    fresh(w);
    begin(w);
    must(w, hf_store_get(w->store, &table, row, &err), HF_ENOTFOUND, "no such row", &err);
    put(w, "b", 2, "x", 1);
    put(w, "b", -1, "y", 2);
    put(w, "B", 7, "", INT64_MIN);
    put(w, "a'\"\\\t\n", 0, "\\N", INT64_MAX);
    put(w, "\xc3\xa9", 0, "z", 3);
    put(w, "b", 2, "xx", 4);
    commit(w);
    must(w, hf_store_get(w->store, &table, row, &err), HF_OK, "get", &err);
    HF_CHECK_STR(row[TEXT].text, HF_STR("xx"));
    HF_CHECK(row[COUNT].number == 4);
    check_scan(w, &all,
               "B/7=,-9223372036854775808;a'\"\\\t\n/0=\\N,9223372036854775807;b/-1=y,2;b/2=xx,4;"
               "\xc3\xa9/0=z,3;");
    const struct hf_value b[2] = {{.text = HF_STR("b")}, {.number = -1}};
    check_scan(w, &(struct hf_scan){.first = b}, "b/-1=y,2;b/2=xx,4;");
    check_scan(w, &(struct hf_scan){.after = b, .limit = 1}, "b/2=xx,4;");
    check_scan(w, &(struct hf_scan){.first = b, .after = b}, "b/2=xx,4;");
    begin(w);
    must(w, hf_store_remove(w->store, &table, b, &err), HF_OK, "remove", &err);
    commit(w);
    check_scan(w, &(struct hf_scan){.first = b}, "");
}

/* What was rolled back is not there, neither rows nor positions; what no text can be is refused. */
static void transactions(const struct world *w)
{
    struct hf_err err = {0};
    uint64_t position = 99;
    fresh(w);
    begin(w);
    put(w, "a", 1, "kept", 1);
    must(w, hf_store_set_position(w->store, "test_1", 5, &err), HF_OK, "position", &err);
    commit(w);
    begin(w);
    put(w, "a", 1, "gone", 2);
    put(w, "b", 1, "gone", 2);
    must(w, hf_store_set_position(w->store, "test_1", 6, &err), HF_OK, "position", &err);
    hf_store_rollback(w->store);
    check_scan(w, &all, "a/1=kept,1;");
    must(w, hf_store_get_position(w->store, "test_1", &position, &err), HF_OK, "position", &err);
    HF_CHECK_U64(position, 5);
    must(w, hf_store_get_position(w->store, "nobody_1", &position, &err), HF_OK, "none", &err);
    HF_CHECK_U64(position, 0);
    static const struct hf_str bad[] = {{"a\0b", 3}, {"\xff", 1}, {"\xed\xa0\x80", 3}};
    for (size_t i = 0; i < HF_LEN(bad); i++) {
        const struct hf_value row[HF_COLUMNS_MAX] = {
            [NAME] = {.text = HF_STR("a")}, [TEXT] = {.text = bad[i]}};
        begin(w);
        must(w, hf_store_put(w->store, &table, row, &err), HF_EINVAL, "a bad text", &err);
        hf_store_rollback(w->store);
    }
    check_scan(w, &all, "a/1=kept,1;");
}

static enum hf_rc count_row(void *arg, const struct hf_value *row)
{
    int64_t *sums = arg;
    sums[0]++;
    sums[1] += row[COUNT].number;
    return HF_OK;
}

/* Thousands of rows in one transaction, each changed three times, then some of them again: both
 * ways of writing, and scans over more than a page. */
static void many(const struct world *w)
{
    char name[32];
    int64_t sums[2] = {0, 0};
    struct hf_err err = {0};
    fresh(w);
    for (int round = 0; round < 3; round++) {
        begin(w);
        for (int i = 0; i < 12000 >> (4 * round); i++) {
            (void)snprintf(name, sizeof name, "n%05d", i);
            put(w, name, 1, "some text", 1);
            put(w, name, 1, "some text", 2);
            put(w, name, 1, "another text, longer than before", 3 + round);
        }
        commit(w);
    }
    must(w, hf_store_scan(w->store, &table, &all, count_row, sums, &err), HF_OK, "scan", &err);
    HF_CHECK(sums[0] == 12000 && sums[1] == 12000 * 3 + 750 + 46);
}

static void with_each(void (*check)(const struct world *w))
{
    struct hf_err err = {0};
    struct hf_env_sim env;
    const char *url = getenv("HOLDFAST_TEST_POSTGRES");
    hf_env_sim_init(&env, 1);
    for (int i = 0; i < (url == NULL ? 2 : 4); i++) {
        struct world w = {.what = i < 2 ? "SQLite" : "PostgreSQL"};
        struct hf_store *cache = NULL;
        enum hf_rc rc = i < 2 ? hf_store_sqlite_open("", &w.under, &err)
                              : hf_store_postgres_open(url, &w.under, &err);
        HF_CHECK_OK(rc, err);
        if (i % 2 == 1) {
            HF_CHECK_OK(hf_cache_new(&env.env, w.under, 5000, &cache, &err), err);
        }
        w.store = cache == NULL ? w.under : cache;
        check(&w);
        hf_store_close(cache);
        hf_store_close(w.under);
    }
}

/* See rows(). */
HF_TEST(put_get_scan)
{
    with_each(rows);
}

/* See transactions(). */
HF_TEST(rolled_back)
{
    with_each(transactions);
}

/* See many(). */
HF_TEST(thousands)
{
    with_each(many);
}

/* Goal: SQLite's journal does not grow with what is written, although rows are being read whenever
 * a transaction ends. Method: thousands of them, and a look at the file. */
HF_TEST(journal)
{
    struct hf_err err = {0};
    struct world w = {.what = "SQLite"};
    char path[128];
    char journal[160];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/store.db", hf_test_dir());
    (void)snprintf(journal, sizeof journal, "%s-wal", path);
    HF_CHECK_OK(hf_store_sqlite_open(path, &w.under, &err), err);
    w.store = w.under;
    must(&w, hf_store_create(w.store, &table, &err), HF_OK, "create", &err);
    for (int i = 0; i < 3000; i++) {
        struct hf_value row[HF_COLUMNS_MAX] = {
            [NAME] = {.text = HF_STR("n")}, [NUMBER] = {.number = i}};
        begin(&w);
        put(&w, "n", i, "some text", i);
        must(&w, hf_store_get(w.store, &table, row, &err), HF_OK, "get", &err);
        commit(&w);
    }
    HF_CHECK(stat(journal, &st) == 0 && st.st_size < 8 << 20); /* SQLite empties it at 4 MiB */
    HF_CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    hf_store_close(w.store);
}

/* One writer a database; a password in the URL and a server that is not there are refused with what
 * to do. */
HF_TEST(postgres_refusals)
{
    const char *url = getenv("HOLDFAST_TEST_POSTGRES");
    struct hf_store *first = NULL;
    struct hf_store *second = NULL;
    struct hf_err err = {0};
    HF_CHECK_RC(hf_store_postgres_open("postgresql://a:secret@localhost/x", &first, &err),
                HF_EINVAL);
    HF_CHECK(strstr(err.text, "secret") == NULL);
    HF_CHECK_RC(hf_store_postgres_open("postgresql:///x?host=/nowhere", &first, &err), HF_EIO);
    if (url != NULL) {
        HF_CHECK_OK(hf_store_postgres_open(url, &first, &err), err);
        HF_CHECK_RC(hf_store_postgres_open(url, &second, &err), HF_ELOCKED);
        hf_store_close(first);
        HF_CHECK_OK(hf_store_postgres_open(url, &second, &err), err);
        hf_store_close(second);
    }
}

/* The server ends every other connection. */
static void cut_all(PGconn *admin)
{
    PQclear(PQexec(admin, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid "
                          "<> pg_backend_pid() AND application_name = 'holdfast'"));
}

#define STEPS 5
#define BLOCK 70 /* rows: enough for COPY */

static enum hf_rc put_block(const struct world *w, const char *text, size_t count,
                            struct hf_err *err)
{
    char names[BLOCK][16];
    struct hf_value values[BLOCK][HF_COLUMNS_MAX] = {{{.number = 0}}};
    const struct hf_value *list[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
        int len = snprintf(names[i], sizeof names[i], "n%03d", i);
        values[i][NAME].text = (struct hf_str){names[i], (size_t)len};
        values[i][TEXT].text = hf_str_c(text);
        values[i][COUNT].number = 1;
        list[i] = values[i];
    }
    return hf_store_put_rows(w->store, &table, list, count, err);
}

/* One transaction that writes in both ways, the connection being cut before one of its steps. */
static enum hf_rc write_all(const struct world *w, PGconn *admin, int cut, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (int step = 0; rc == HF_OK && step < STEPS; step++) {
        if (step == cut) {
            cut_all(admin);
        }
        rc = step == 0   ? hf_store_begin(w->store, err)
             : step == 1 ? put_block(w, "few", 3, err)
             : step == 2 ? put_block(w, "many", BLOCK, err)
             : step == 3 ? hf_store_set_position(w->store, "test_1", 7, err)
                         : hf_store_commit(w->store, err);
        if (rc != HF_OK && step > 0 && step + 1 < STEPS) {
            hf_store_rollback(w->store);
        }
    }
    return rc;
}

/* The connection is cut before each step of a transaction, and twice in a row: the step fails,
 * nothing of it is there, what is read next is read over a new connection, and the same transaction
 * then works, so does another after a rollback. */
HF_TEST(postgres_cut)
{
    const char *url = getenv("HOLDFAST_TEST_POSTGRES");
    struct hf_err err = {0};
    struct world w = {.what = "PostgreSQL"};
    if (url == NULL) {
        hf_test_skip("no server");
        return;
    }
    PGconn *admin = PQconnectdb(url);
    HF_CHECK_OK(hf_store_postgres_open(url, &w.under, &err), err);
    w.store = w.under;
    for (int cut = 0; cut <= STEPS; cut++) {
        int64_t sums[2] = {0, 0};
        uint64_t position = 0;
        fresh(&w);
        must(&w, hf_store_set_position(w.store, "test_1", 1, &err), HF_OK, "position", &err);
        for (int i = 0; i < (cut < STEPS ? 2 : 0); i++) {
            must(&w, write_all(&w, admin, cut, &err), HF_EIO, "cut", &err);
            must(&w, hf_store_get_position(w.store, "test_1", &position, &err), HF_OK, "again",
                 &err);
            HF_CHECK_U64(position, 1);
            check_scan(&w, &all, "");
        }
        must(&w, write_all(&w, admin, STEPS, &err), HF_OK, "whole", &err);
        must(&w, hf_store_scan(w.store, &table, &all, count_row, sums, &err), HF_OK, "scan", &err);
        HF_CHECK(sums[0] == BLOCK);
        must(&w, hf_store_begin(w.store, &err), HF_OK, "begin", &err);
        hf_store_rollback(w.store);
        must(&w, write_all(&w, admin, STEPS, &err), HF_OK, "after a rollback", &err);
    }
    hf_store_close(w.store);
    PQfinish(admin);
}

/* A temporary table that was made in a transaction that was rolled back is made again. */
HF_TEST(postgres_staged_again)
{
    const char *url = getenv("HOLDFAST_TEST_POSTGRES");
    struct hf_err err = {0};
    struct world w = {.what = "PostgreSQL"};
    if (url == NULL) {
        hf_test_skip("no server");
        return;
    }
    HF_CHECK_OK(hf_store_postgres_open(url, &w.under, &err), err);
    w.store = w.under;
    fresh(&w);
    for (int round = 0; round < 3; round++) {
        begin(&w);
        must(&w, put_block(&w, "gone", BLOCK, &err), HF_OK, "many", &err);
        must(&w, put_block(&w, "kept", BLOCK, &err), HF_OK, "many again", &err);
        if (round == 0) {
            hf_store_rollback(w.store);
        } else {
            commit(&w);
        }
    }
    check_scan(&w, &(struct hf_scan){.limit = 1}, "n000/0=kept,1;");
    hf_store_close(w.store);
}

HF_TEST_MAIN(HF_TEST_CASE(put_get_scan), HF_TEST_CASE(rolled_back), HF_TEST_CASE(thousands),
             HF_TEST_CASE(journal), HF_TEST_CASE(postgres_refusals), HF_TEST_CASE(postgres_cut),
             HF_TEST_CASE(postgres_staged_again))
