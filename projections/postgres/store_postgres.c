/* projections/postgres/store_postgres.c: tables in PostgreSQL. */
#include "projections/postgres/store_postgres.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/heap.h"
#include "projections/positions.h"
#include "projections/postgres/connection.h"
#include "projections/postgres/sql.h"

#define TABLES_MAX 64
#define NAME_SIZE  96
#define COPY_FROM  64         /* rows; fewer go through the pipeline */
#define COPY_PIECE (1u << 20) /* sent at once; one row may be longer */
#define COPY_MAX   (64u << 20)
#define PAGE_ROWS  5000

/* What the connection of that generation knows of a table; 0: nothing. */
struct prepared {
    const struct hf_table_def *table;
    unsigned ready;  /* has statements */
    unsigned staged; /* has a temporary table for COPY */
    bool filled;     /* and that has rows of this transaction */
};

struct postgres_store {
    struct hf_store store;
    struct hf_pg pg;
    PGresult *row; /* of the last get: its texts live in it */
    struct prepared tables[TABLES_MAX];
    unsigned table_count;
    struct hf_buf copy;
    int stop_fd; /* a second descriptor of a reading store's socket; -1: none */
};

static struct postgres_store *postgres_of(struct hf_store *store)
{
    return HF_CONTAINER_OF(store, struct postgres_store, store);
}

/* tables and what is prepared for them */

static struct prepared *prepared_of(struct postgres_store *s, const struct hf_table_def *table)
{
    for (unsigned i = 0; i < s->table_count; i++) {
        if (s->tables[i].table == table) {
            return &s->tables[i];
        }
    }
    HF_ASSERT(s->table_count < TABLES_MAX);
    s->tables[s->table_count] = (struct prepared){.table = table};
    return &s->tables[s->table_count++];
}

static enum hf_rc create(struct hf_store *store, const struct hf_table_def *table,
                         struct hf_err *err)
{
    struct postgres_store *s = postgres_of(store);
    struct hf_buf sql = hf_buf_init(HF_PG_SQL_MAX);
    enum hf_rc rc = hf_pg_ready(&s->pg, err);
    if (rc != HF_OK || s->pg.reading) { /* what is missing is told when it is read */
        return rc;
    }
    hf_pg_sql_create(&sql, table);
    return hf_pg_run_buf(&s->pg, &sql, table->name, err);
}

static enum hf_rc drop(struct hf_store *store, const struct hf_table_def *table, struct hf_err *err)
{
    struct postgres_store *s = postgres_of(store);
    char sql[256];
    enum hf_rc rc = hf_pg_ready(&s->pg, err);
    if (rc != HF_OK) {
        return rc;
    }
    (void)snprintf(sql, sizeof sql,
                   "DROP TABLE IF EXISTS holdfast.%s; DROP TABLE IF EXISTS pg_temp.stage_%s",
                   table->name, table->name);
    prepared_of(s, table)->staged = 0;
    return hf_pg_run(&s->pg, sql, table->name, err);
}

static enum hf_rc prepare_one(struct postgres_store *s, const char *verb,
                              const struct hf_table_def *table, struct hf_buf *sql,
                              struct hf_err *err)
{
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof name, "%s_%s", verb, table->name);
    hf_buf_put(sql, "", 1);
    if (sql->failed != HF_OK) {
        return hf_err_set(err, sql->failed, "no memory for a statement");
    }
    PGresult *result = PQprepare(s->pg.link, name, (const char *)sql->ptr, 0, NULL);
    hf_buf_clear(sql);
    return hf_pg_done(&s->pg, result, PGRES_COMMAND_OK, table->name, err);
}

/* The first half may be there when the second failed: it is thrown away, by a new connection. */
static enum hf_rc prepare(struct postgres_store *s, const struct hf_table_def *table,
                          struct hf_err *err)
{
    enum hf_rc rc = hf_pg_ready(&s->pg, err);
    struct prepared *p = prepared_of(s, table);
    if (rc != HF_OK || p->ready == s->pg.generation) {
        return rc;
    }
    struct hf_buf sql = hf_buf_init(HF_PG_SQL_MAX);
    hf_pg_sql_put(&sql, table);
    rc = prepare_one(s, "put", table, &sql, err);
    if (rc == HF_OK) {
        hf_pg_sql_get(&sql, table);
        rc = prepare_one(s, "get", table, &sql, err);
        s->pg.lost = s->pg.lost || rc != HF_OK;
    }
    hf_buf_free(&sql);
    p->ready = rc == HF_OK ? s->pg.generation : 0;
    return rc;
}

/* values: numbers go as 8 bytes in network order, texts as they are, both as binary parameters */

struct parameters {
    const char *values[2 * HF_COLUMNS_MAX];
    int lengths[2 * HF_COLUMNS_MAX];
    int formats[2 * HF_COLUMNS_MAX];
    int64_t numbers[2 * HF_COLUMNS_MAX];
    int count;
};

static void add_parameters(struct parameters *p, const struct hf_table_def *table, unsigned count,
                           const struct hf_value *row)
{
    for (unsigned i = 0; i < count; i++) {
        int at = p->count++;
        p->formats[at] = 1;
        if (table->columns[i].type == HF_COLUMN_INT) {
            p->numbers[at] = (int64_t)htobe64((uint64_t)row[i].number);
            p->values[at] = (const char *)&p->numbers[at];
            p->lengths[at] = sizeof p->numbers[at];
        } else {
            p->values[at] = row[i].text.len == 0 ? "" : row[i].text.ptr;
            p->lengths[at] = (int)row[i].text.len;
        }
    }
}

static void take_row(const PGresult *result, int line, const struct hf_table_def *table,
                     struct hf_value *row)
{
    for (int i = 0; i < (int)hf_table_columns(table); i++) {
        const char *value = PQgetvalue(result, line, i);
        int len = PQgetlength(result, line, i);
        if (table->columns[i].type == HF_COLUMN_TEXT) {
            row[i].text = (struct hf_str){value, (size_t)len};
        } else {
            uint64_t number = 0;
            HF_ASSERT(len == sizeof number); /* the column is a bigint, asked for in binary */
            memcpy(&number, value, sizeof number);
            row[i].number = (int64_t)be64toh(number);
        }
    }
}

static enum hf_rc get(struct hf_store *store, const struct hf_table_def *table,
                      struct hf_value *row, struct hf_err *err)
{
    struct postgres_store *s = postgres_of(store);
    struct parameters p = {.count = 0};
    char name[NAME_SIZE];
    enum hf_rc rc = prepare(s, table, err);
    if (rc != HF_OK) {
        return rc;
    }
    (void)snprintf(name, sizeof name, "get_%s", table->name);
    add_parameters(&p, table, table->key_columns, row);
    PGresult *result = PQexecPrepared(s->pg.link, name, p.count, p.values, p.lengths, p.formats,
                                      /* binary */ 1);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        return hf_pg_done(&s->pg, result, PGRES_TUPLES_OK, table->name, err);
    }
    PQclear(s->row);
    s->row = result;
    if (PQntuples(result) == 0) {
        return HF_ENOTFOUND;
    }
    take_row(result, 0, table, row);
    return HF_OK;
}

/* writing few: one round trip for all of them */

/* The answers to `sent` statements and to the sync after them; the first that is bad is told. */
static enum hf_rc take_answers(struct postgres_store *s, size_t sent, const char *what,
                               struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; i <= sent; i++) {
        PGresult *result = PQgetResult(s->pg.link);
        ExecStatusType wanted = i < sent ? PGRES_COMMAND_OK : PGRES_PIPELINE_SYNC;
        if (result == NULL || PQstatus(s->pg.link) != CONNECTION_OK) {
            enum hf_rc lost = hf_pg_done(&s->pg, result, wanted, what, rc == HF_OK ? err : NULL);
            return rc == HF_OK ? lost : rc;
        }
        enum hf_rc one = hf_pg_done(&s->pg, result, wanted, what, rc == HF_OK ? err : NULL);
        rc = rc == HF_OK ? one : rc;
        if (i < sent) {
            PQclear(PQgetResult(s->pg.link)); /* the NULL that ends a statement's results */
        }
    }
    if (PQexitPipelineMode(s->pg.link) != 1 && rc == HF_OK) {
        rc = hf_pg_fault(&s->pg, NULL, what, err);
    }
    return rc;
}

static enum hf_rc put_few(struct postgres_store *s, const struct hf_table_def *table,
                          const struct hf_value *const *rows, size_t count, struct hf_err *err)
{
    char name[NAME_SIZE];
    size_t sent = 0;
    enum hf_rc rc = prepare(s, table, err);
    if (rc != HF_OK) {
        return rc;
    }
    (void)snprintf(name, sizeof name, "put_%s", table->name);
    if (PQenterPipelineMode(s->pg.link) != 1) {
        return hf_pg_fault(&s->pg, NULL, table->name, err);
    }
    bool good = true;
    for (; good && sent < count; sent += good ? 1 : 0) {
        struct parameters p = {.count = 0};
        add_parameters(&p, table, hf_table_columns(table), rows[sent]);
        good =
            PQsendQueryPrepared(s->pg.link, name, p.count, p.values, p.lengths, p.formats, 1) == 1;
    }
    if (!good || PQpipelineSync(s->pg.link) != 1) {
        s->pg.lost = true; /* what was sent dies with the connection */
        return hf_pg_fault(&s->pg, NULL, table->name, err);
    }
    return take_answers(s, sent, table->name, err);
}

/* writing many: COPY into a temporary table, and one upsert out of it */

static enum hf_rc send_copy(struct postgres_store *s, const char *what, struct hf_err *err)
{
    enum hf_rc rc = s->copy.failed == HF_OK
                        ? HF_OK
                        : hf_err_set(err, s->copy.failed, "no memory for rows of %s", what);
    if (rc == HF_OK &&
        PQputCopyData(s->pg.link, (const char *)s->copy.ptr, (int)s->copy.len) != 1) {
        rc = hf_pg_fault(&s->pg, NULL, what, err);
    }
    hf_buf_clear(&s->copy);
    return rc;
}

static enum hf_rc copy_rows(struct postgres_store *s, const struct hf_table_def *table,
                            const struct hf_value *const *rows, size_t count, struct hf_err *err)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql, "COPY pg_temp.stage_%s FROM STDIN", table->name);
    enum hf_rc rc = hf_pg_done(&s->pg, PQexec(s->pg.link, sql), PGRES_COPY_IN, table->name, err);
    if (rc != HF_OK) {
        return rc;
    }
    for (size_t i = 0; rc == HF_OK && i < count; i++) {
        hf_pg_copy_row(&s->copy, table, rows[i]);
        if (s->copy.len >= COPY_PIECE || i + 1 == count) {
            rc = send_copy(s, table->name, err);
        }
    }
    if (PQputCopyEnd(s->pg.link, rc == HF_OK ? NULL : "stopped") != 1 && rc == HF_OK) {
        rc = hf_pg_fault(&s->pg, NULL, table->name, err);
    }
    PGresult *result = NULL;
    while ((result = PQgetResult(s->pg.link)) != NULL) {
        enum hf_rc one =
            hf_pg_done(&s->pg, result, PGRES_COMMAND_OK, table->name, rc == HF_OK ? err : NULL);
        rc = rc == HF_OK ? one : rc;
    }
    return rc;
}

/* Its rows go with the transaction, so it is emptied only when it is filled twice in one. */
static enum hf_rc stage(struct postgres_store *s, struct prepared *p, struct hf_err *err)
{
    const char *name = p->table->name;
    char sql[256];
    if (p->staged == s->pg.generation) {
        (void)snprintf(sql, sizeof sql, "TRUNCATE pg_temp.stage_%s", name);
        return p->filled ? hf_pg_run(&s->pg, sql, name, err) : HF_OK;
    }
    (void)snprintf(
        sql, sizeof sql,
        "CREATE TEMPORARY TABLE IF NOT EXISTS stage_%s (LIKE holdfast.%s) ON COMMIT DELETE ROWS",
        name, name);
    enum hf_rc rc = hf_pg_run(&s->pg, sql, name, err);
    p->staged = rc == HF_OK ? s->pg.generation : 0;
    return rc;
}

static enum hf_rc put_many(struct postgres_store *s, const struct hf_table_def *table,
                           const struct hf_value *const *rows, size_t count, struct hf_err *err)
{
    struct prepared *p = prepared_of(s, table);
    char from[NAME_SIZE];
    enum hf_rc rc = hf_pg_ready(&s->pg, err);
    if (rc == HF_OK) {
        rc = stage(s, p, err);
    }
    if (rc == HF_OK) {
        p->filled = s->pg.in_transaction;
        rc = copy_rows(s, table, rows, count, err);
    }
    if (rc == HF_OK) {
        struct hf_buf sql = hf_buf_init(HF_PG_SQL_MAX);
        (void)snprintf(from, sizeof from, "pg_temp.stage_%s", table->name);
        hf_pg_sql_put_from(&sql, table, from);
        rc = hf_pg_run_buf(&s->pg, &sql, table->name, err);
    }
    return rc;
}

static enum hf_rc put_rows(struct hf_store *store, const struct hf_table_def *table,
                           const struct hf_value *const *rows, size_t count, struct hf_err *err)
{
    struct postgres_store *s = postgres_of(store);
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; rc == HF_OK && i < count; i++) {
        rc = hf_row_check(table, rows[i], err);
    }
    if (rc != HF_OK || count == 0) {
        return rc;
    }
    return count < COPY_FROM || !s->pg.in_transaction ? put_few(s, table, rows, count, err)
                                                      : put_many(s, table, rows, count, err);
}

/* scanning: in pages, so that a big table is never held whole and the callback may use the store */

static enum hf_rc read_page(struct postgres_store *s, const struct hf_table_def *table,
                            const struct hf_scan *scan, PGresult **ret, struct hf_err *err)
{
    struct parameters p = {.count = 0};
    struct hf_buf sql = hf_buf_init(HF_PG_SQL_MAX);
    hf_pg_sql_scan(&sql, table, scan->first != NULL, scan->after != NULL, scan->limit);
    hf_buf_put(&sql, "", 1);
    if (sql.failed != HF_OK) {
        enum hf_rc rc = hf_err_set(err, sql.failed, "no memory for a statement");
        hf_buf_free(&sql);
        return rc;
    }
    if (scan->first != NULL) {
        add_parameters(&p, table, 1, scan->first);
    }
    if (scan->after != NULL) {
        add_parameters(&p, table, table->key_columns, scan->after);
    }
    PGresult *result = PQexecParams(s->pg.link, (const char *)sql.ptr, p.count, NULL, p.values,
                                    p.lengths, p.formats, /* binary */ 1);
    hf_buf_free(&sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        return hf_pg_done(&s->pg, result, PGRES_TUPLES_OK, table->name, err);
    }
    *ret = result;
    return HF_OK;
}

static enum hf_rc scan_rows(struct hf_store *store, const struct hf_table_def *table,
                            const struct hf_scan *scan,
                            enum hf_rc (*take)(void *arg, const struct hf_value *row), void *arg,
                            struct hf_err *err)
{
    struct postgres_store *s = postgres_of(store);
    struct hf_scan page = *scan;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    PGresult *before = NULL; /* what `after` lies in */
    uint64_t left = scan->limit == 0 ? UINT64_MAX : scan->limit;
    enum hf_rc rc = hf_pg_ready(&s->pg, err);
    while (rc == HF_OK && left > 0) {
        PGresult *result = NULL;
        page.limit = left < PAGE_ROWS ? left : PAGE_ROWS;
        rc = read_page(s, table, &page, &result, err);
        PQclear(before);
        before = result;
        int lines = rc == HF_OK ? PQntuples(result) : 0;
        for (int i = 0; rc == HF_OK && i < lines; i++) {
            take_row(result, i, table, row);
            rc = take(arg, row);
        }
        left -= (uint64_t)lines;
        if ((uint64_t)lines < page.limit) {
            break;
        }
        page.after = row;
    }
    PQclear(before);
    return rc;
}

static enum hf_rc remove_rows(struct hf_store *store, const struct hf_table_def *table,
                              const struct hf_value *first, struct hf_err *err)
{
    struct postgres_store *s = postgres_of(store);
    struct parameters p = {.count = 0};
    char sql[256];
    enum hf_rc rc = hf_pg_ready(&s->pg, err);
    if (rc != HF_OK) {
        return rc;
    }
    (void)snprintf(sql, sizeof sql, "DELETE FROM holdfast.%s WHERE %s = $1", table->name,
                   table->columns[0].name);
    add_parameters(&p, table, 1, first);
    PGresult *result =
        PQexecParams(s->pg.link, sql, p.count, NULL, p.values, p.lengths, p.formats, 1);
    return hf_pg_done(&s->pg, result, PGRES_COMMAND_OK, table->name, err);
}

/* transactions */

static enum hf_rc begin(struct hf_store *store, struct hf_err *err)
{
    return hf_pg_begin(&postgres_of(store)->pg, err);
}

/* What was made in the transaction is not there. */
static void forget(struct postgres_store *s, bool made)
{
    for (unsigned i = 0; i < s->table_count; i++) {
        s->tables[i].filled = false;
        s->tables[i].staged = made ? 0 : s->tables[i].staged;
    }
}

static void rollback(struct hf_store *store)
{
    struct postgres_store *s = postgres_of(store);
    hf_pg_rollback(&s->pg);
    forget(s, true);
}

static enum hf_rc commit(struct hf_store *store, struct hf_err *err)
{
    struct postgres_store *s = postgres_of(store);
    enum hf_rc rc = hf_pg_commit(&s->pg, err);
    forget(s, rc != HF_OK);
    return rc;
}

static void close_store(struct hf_store *store)
{
    struct postgres_store *s = postgres_of(store);
    PQclear(s->row);
    hf_pg_close(&s->pg);
    if (s->stop_fd >= 0) {
        (void)close(s->stop_fd);
    }
    hf_buf_free(&s->copy);
    hf_heap_free(s);
}

static const struct hf_store_ops ops = {
    .close = close_store,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .create = create,
    .drop = drop,
    .put_rows = put_rows,
    .get = get,
    .scan = scan_rows,
    .remove = remove_rows,
    .get_position = hf_positions_get,
    .set_position = hf_positions_set,
};

static enum hf_rc open_store(const char *url, bool reading, struct hf_store **ret_store,
                             struct hf_err *err)
{
    struct postgres_store *s = hf_heap_zalloc(1, sizeof *s);
    if (s == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a connection to PostgreSQL");
    }
    s->store.ops = &ops;
    s->copy = hf_buf_init(COPY_MAX);
    s->stop_fd = -1;
    enum hf_rc rc = hf_pg_open(&s->pg, url, reading, err);
    if (rc == HF_OK && reading) { /* libpq may close its own at any moment */
        s->stop_fd = fcntl(PQsocket(s->pg.link), F_DUPFD_CLOEXEC, 0);
        rc = s->stop_fd >= 0 ? HF_OK : hf_err_errno(err, errno, "cannot copy a descriptor");
    } else if (rc == HF_OK) {
        rc = create(&s->store, &hf_positions, err);
    }
    if (rc != HF_OK) {
        close_store(&s->store);
        return rc;
    }
    *ret_store = &s->store;
    return HF_OK;
}

enum hf_rc hf_store_postgres_open(const char *url, struct hf_store **ret_store, struct hf_err *err)
{
    return open_store(url, /* reading= */ false, ret_store, err);
}

enum hf_rc hf_store_postgres_open_reading(const char *url, struct hf_store **ret_store,
                                          struct hf_err *err)
{
    return open_store(url, /* reading= */ true, ret_store, err);
}

void hf_store_postgres_interrupt(struct hf_store *store)
{
    (void)shutdown(postgres_of(store)->stop_fd, SHUT_RDWR);
}
