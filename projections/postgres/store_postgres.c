/* projections/postgres/store_postgres.c: the one home of libpq. */
#include "projections/postgres/store_postgres.h"

#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/heap.h"

#define TABLES_MAX   32
#define COPY_FROM    64 /* rows; fewer go through the pipeline */
#define SQL_MAX      8192
#define COPY_PIECE   (1u << 20)
#define LOCK_NUMBER  "7523046861534720338" /* "holdfast" is the only one who takes it */
#define NUMBER_CHARS 24
#define PAGE_ROWS    5000

struct prepared {
    const struct hf_table_def *table;
    bool ready;
    bool staged; /* its temporary table is there */
};

struct postgres_store {
    struct hf_store store;
    PGconn *connection;
    PGresult *row; /* of the last get: its texts live in it */
    struct prepared tables[TABLES_MAX];
    unsigned table_count;
    struct hf_buf copy;
};

static struct postgres_store *postgres_of(struct hf_store *store)
{
    return HF_CONTAINER_OF(store, struct postgres_store, store);
}

/* The server's message, in one line. */
static enum hf_rc fault(struct postgres_store *s, const PGresult *result, const char *what,
                        struct hf_err *err)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text =
        result == NULL ? PQerrorMessage(s->connection) : PQresultErrorMessage(result);
    enum hf_rc rc = HF_EIO;
    if (state != NULL && strcmp(state, "53100") == 0) {
        rc = HF_ENOSPC;
    } else if (state != NULL && strcmp(state, "42501") == 0) {
        rc = HF_EPERM;
    } else if (state != NULL && strcmp(state, "40001") == 0) {
        rc = HF_ELOCKED;
    }
    size_t len = strcspn(text, "\n");
    return hf_err_set(err, rc, "PostgreSQL, %s: %.*s", what, (int)(len < 300 ? len : 300), text);
}

static enum hf_rc run(struct postgres_store *s, const char *sql, const char *what,
                      struct hf_err *err)
{
    PGresult *result = PQexec(s->connection, sql);
    ExecStatusType status = PQresultStatus(result);
    enum hf_rc rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK
                        ? HF_OK
                        : fault(s, result, what, err);
    PQclear(result);
    return rc;
}

static enum hf_rc run_buf(struct postgres_store *s, struct hf_buf *sql, const char *what,
                          struct hf_err *err)
{
    hf_buf_put(sql, "", 1);
    enum hf_rc rc = sql->failed == HF_OK
                        ? run(s, (const char *)sql->ptr, what, err)
                        : hf_err_set(err, sql->failed, "no memory for a statement");
    hf_buf_free(sql);
    return rc;
}

/* SQL text: names are ours, constants of the program, never a peer's. */

static void sql_columns(struct hf_buf *sql, const struct hf_table_def *table, unsigned from,
                        unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        hf_buf_printf(sql, "%s%s", i == from ? "" : ", ", table->columns[i].name);
    }
}

static void sql_parameters(struct hf_buf *sql, unsigned from, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        hf_buf_printf(sql, "%s$%u", i == 0 ? "" : ", ", from + i);
    }
}

/* What an insert does when the key is there. */
static void sql_upsert(struct hf_buf *sql, const struct hf_table_def *table)
{
    unsigned columns = hf_table_columns(table);
    hf_buf_str(sql, HF_STR(" ON CONFLICT ("));
    sql_columns(sql, table, 0, table->key_columns);
    hf_buf_str(sql,
               table->key_columns == columns ? HF_STR(") DO NOTHING") : HF_STR(") DO UPDATE SET "));
    for (unsigned i = table->key_columns; i < columns; i++) {
        hf_buf_printf(sql, "%s%s = EXCLUDED.%s", i == table->key_columns ? "" : ", ",
                      table->columns[i].name, table->columns[i].name);
    }
}

static enum hf_rc create(struct hf_store *store, const struct hf_table_def *table,
                         struct hf_err *err)
{
    struct hf_buf sql = hf_buf_init(SQL_MAX);
    hf_buf_printf(&sql, "CREATE TABLE IF NOT EXISTS holdfast.%s (", table->name);
    for (unsigned i = 0; i < hf_table_columns(table); i++) {
        hf_buf_printf(&sql, "%s %s NOT NULL, ", table->columns[i].name,
                      table->columns[i].type == HF_COLUMN_INT ? "bigint" : "text COLLATE \"C\"");
    }
    hf_buf_str(&sql, HF_STR("PRIMARY KEY ("));
    sql_columns(&sql, table, 0, table->key_columns);
    hf_buf_str(&sql, HF_STR("))"));
    return run_buf(postgres_of(store), &sql, table->name, err);
}

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

static enum hf_rc prepare_one(struct postgres_store *s, const char *verb,
                              const struct hf_table_def *table, struct hf_buf *sql,
                              struct hf_err *err)
{
    char name[80];
    (void)snprintf(name, sizeof name, "%s_%s", verb, table->name);
    hf_buf_put(sql, "", 1);
    if (sql->failed != HF_OK) {
        return hf_err_set(err, sql->failed, "no memory for a statement");
    }
    PGresult *result = PQprepare(s->connection, name, (const char *)sql->ptr, 0, NULL);
    enum hf_rc rc =
        PQresultStatus(result) == PGRES_COMMAND_OK ? HF_OK : fault(s, result, table->name, err);
    PQclear(result);
    hf_buf_clear(sql);
    return rc;
}

static enum hf_rc prepare(struct postgres_store *s, const struct hf_table_def *table,
                          struct hf_err *err)
{
    struct prepared *p = prepared_of(s, table);
    unsigned columns = hf_table_columns(table);
    struct hf_buf sql = hf_buf_init(SQL_MAX);
    if (p->ready) {
        return HF_OK;
    }
    hf_buf_printf(&sql, "INSERT INTO holdfast.%s VALUES (", table->name);
    sql_parameters(&sql, 1, columns);
    hf_buf_str(&sql, HF_STR(")"));
    sql_upsert(&sql, table);
    enum hf_rc rc = prepare_one(s, "put", table, &sql, err);
    if (rc == HF_OK) {
        hf_buf_str(&sql, HF_STR("SELECT "));
        sql_columns(&sql, table, 0, columns);
        hf_buf_printf(&sql, " FROM holdfast.%s WHERE (", table->name);
        sql_columns(&sql, table, 0, table->key_columns);
        hf_buf_str(&sql, HF_STR(") = ("));
        sql_parameters(&sql, 1, table->key_columns);
        hf_buf_str(&sql, HF_STR(")"));
        rc = prepare_one(s, "get", table, &sql, err);
    }
    hf_buf_free(&sql);
    p->ready = rc == HF_OK;
    return rc;
}

static enum hf_rc drop(struct hf_store *store, const struct hf_table_def *table, struct hf_err *err)
{
    struct postgres_store *s = postgres_of(store);
    struct prepared *p = prepared_of(s, table);
    char sql[192];
    (void)snprintf(sql, sizeof sql,
                   "DROP TABLE IF EXISTS holdfast.%s; DROP TABLE IF EXISTS pg_temp.stage_%s",
                   table->name, table->name);
    p->staged = false;
    return run(s, sql, table->name, err);
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
    char name[80];
    enum hf_rc rc = prepare(s, table, err);
    if (rc != HF_OK) {
        return rc;
    }
    (void)snprintf(name, sizeof name, "get_%s", table->name);
    add_parameters(&p, table, table->key_columns, row);
    PGresult *result = PQexecPrepared(s->connection, name, p.count, p.values, p.lengths, p.formats,
                                      /* binary */ 1);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        rc = fault(s, result, table->name, err);
        PQclear(result);
        return rc;
    }
    PQclear(s->row);
    s->row = result;
    if (PQntuples(result) == 0) {
        return HF_ENOTFOUND;
    }
    take_row(result, 0, table, row);
    return HF_OK;
}

/* writing few */

static enum hf_rc end_pipeline(struct postgres_store *s, size_t sent, const char *what,
                               struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; i <= sent;) {
        PGresult *result = PQgetResult(s->connection);
        ExecStatusType status = PQresultStatus(result);
        if (result == NULL && PQstatus(s->connection) != CONNECTION_OK) {
            return fault(s, NULL, what, err);
        }
        i += result == NULL ? 0 : 1;
        bool good = result == NULL || status == PGRES_COMMAND_OK || status == PGRES_PIPELINE_SYNC;
        if (!good && rc == HF_OK) {
            rc = fault(s, result, what, err);
        }
        if (result == NULL) {
            continue;
        }
        PQclear(result);
        if (status == PGRES_PIPELINE_SYNC) {
            break;
        }
        (void)PQgetResult(s->connection); /* the NULL that ends a statement's results */
    }
    return PQexitPipelineMode(s->connection) == 1 || rc != HF_OK ? rc : fault(s, NULL, what, err);
}

static enum hf_rc put_few(struct postgres_store *s, const struct hf_table_def *table,
                          const struct hf_value *const *rows, size_t count, struct hf_err *err)
{
    char name[80];
    size_t sent = 0;
    enum hf_rc rc = prepare(s, table, err);
    if (rc != HF_OK) {
        return rc;
    }
    (void)snprintf(name, sizeof name, "put_%s", table->name);
    if (PQenterPipelineMode(s->connection) != 1) {
        return fault(s, NULL, table->name, err);
    }
    bool good = true;
    for (; good && sent < count; sent += good ? 1 : 0) {
        struct parameters p = {.count = 0};
        add_parameters(&p, table, hf_table_columns(table), rows[sent]);
        good = PQsendQueryPrepared(s->connection, name, p.count, p.values, p.lengths, p.formats,
                                   1) == 1;
    }
    if (!good || PQpipelineSync(s->connection) != 1) {
        return fault(s, NULL, table->name, err);
    }
    return end_pipeline(s, sent, table->name, err);
}

/* writing many: the text form of COPY */

static void copy_text(struct hf_buf *out, struct hf_str text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *escape = text.ptr[i] == '\\'   ? "\\\\"
                             : text.ptr[i] == '\t' ? "\\t"
                             : text.ptr[i] == '\n' ? "\\n"
                             : text.ptr[i] == '\r' ? "\\r"
                                                   : NULL;
        if (escape != NULL) {
            hf_buf_put(out, text.ptr + from, i - from);
            hf_buf_put(out, escape, 2);
            from = i + 1;
        }
    }
    hf_buf_put(out, text.ptr + from, text.len - from);
}

static void copy_row(struct hf_buf *out, const struct hf_table_def *table,
                     const struct hf_value *row)
{
    unsigned columns = hf_table_columns(table);
    for (unsigned i = 0; i < columns; i++) {
        if (table->columns[i].type == HF_COLUMN_INT) {
            char number[NUMBER_CHARS];
            int len = snprintf(number, sizeof number, "%lld", (long long)row[i].number);
            hf_buf_put(out, number, (size_t)len);
        } else if (row[i].text.len > 0) {
            copy_text(out, row[i].text);
        }
        hf_buf_put(out, i + 1 == columns ? "\n" : "\t", 1);
    }
}

static enum hf_rc send_copy(struct postgres_store *s, const char *what, struct hf_err *err)
{
    enum hf_rc rc = s->copy.failed == HF_OK
                        ? HF_OK
                        : hf_err_set(err, s->copy.failed, "no memory for rows of %s", what);
    if (rc == HF_OK &&
        PQputCopyData(s->connection, (const char *)s->copy.ptr, (int)s->copy.len) != 1) {
        rc = fault(s, NULL, what, err);
    }
    hf_buf_clear(&s->copy);
    return rc;
}

static enum hf_rc copy_rows(struct postgres_store *s, const struct hf_table_def *table,
                            const struct hf_value *const *rows, size_t count, struct hf_err *err)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql, "COPY pg_temp.stage_%s FROM STDIN", table->name);
    PGresult *result = PQexec(s->connection, sql);
    enum hf_rc rc =
        PQresultStatus(result) == PGRES_COPY_IN ? HF_OK : fault(s, result, table->name, err);
    PQclear(result);
    if (rc != HF_OK) {
        return rc;
    }
    for (size_t i = 0; rc == HF_OK && i < count; i++) {
        copy_row(&s->copy, table, rows[i]);
        if (s->copy.len >= COPY_PIECE || i + 1 == count) {
            rc = send_copy(s, table->name, err);
        }
    }
    if (PQputCopyEnd(s->connection, rc == HF_OK ? NULL : "stopped") != 1 && rc == HF_OK) {
        rc = fault(s, NULL, table->name, err);
    }
    while ((result = PQgetResult(s->connection)) != NULL) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK && rc == HF_OK) {
            rc = fault(s, result, table->name, err);
        }
        PQclear(result);
    }
    return rc;
}

static enum hf_rc put_many(struct postgres_store *s, const struct hf_table_def *table,
                           const struct hf_value *const *rows, size_t count, struct hf_err *err)
{
    struct prepared *p = prepared_of(s, table);
    enum hf_rc rc = HF_OK;
    if (!p->staged) {
        char sql[256];
        (void)snprintf(sql, sizeof sql,
                       "CREATE TEMPORARY TABLE IF NOT EXISTS stage_%s (LIKE holdfast.%s) "
                       "ON COMMIT DELETE ROWS",
                       table->name, table->name);
        rc = run(s, sql, table->name, err);
        p->staged = rc == HF_OK;
    }
    if (rc == HF_OK) {
        rc = copy_rows(s, table, rows, count, err);
    }
    if (rc == HF_OK) {
        struct hf_buf sql = hf_buf_init(SQL_MAX);
        hf_buf_printf(&sql, "INSERT INTO holdfast.%s SELECT * FROM pg_temp.stage_%s", table->name,
                      table->name);
        sql_upsert(&sql, table);
        hf_buf_printf(&sql, "; TRUNCATE pg_temp.stage_%s", table->name);
        rc = run_buf(s, &sql, table->name, err);
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
    return count < COPY_FROM ? put_few(s, table, rows, count, err)
                             : put_many(s, table, rows, count, err);
}

/* scanning: in pages, so that a big table is never held whole and the callback may use the store */

static void sql_scan(struct hf_buf *sql, const struct hf_table_def *table, bool first, bool after,
                     uint64_t limit)
{
    unsigned parameter = 1;
    const char *glue = " WHERE ";
    hf_buf_str(sql, HF_STR("SELECT "));
    sql_columns(sql, table, 0, hf_table_columns(table));
    hf_buf_printf(sql, " FROM holdfast.%s", table->name);
    if (first) {
        hf_buf_printf(sql, "%s%s = $%u", glue, table->columns[0].name, parameter++);
        glue = " AND ";
    }
    if (after) {
        hf_buf_printf(sql, "%s(", glue);
        sql_columns(sql, table, 0, table->key_columns);
        hf_buf_str(sql, HF_STR(") > ("));
        sql_parameters(sql, parameter, table->key_columns);
        hf_buf_str(sql, HF_STR(")"));
    }
    hf_buf_str(sql, HF_STR(" ORDER BY "));
    sql_columns(sql, table, 0, table->key_columns);
    hf_buf_printf(sql, " LIMIT %llu", (unsigned long long)limit);
    hf_buf_put(sql, "", 1);
}

static enum hf_rc read_page(struct postgres_store *s, const struct hf_table_def *table,
                            const struct hf_scan *scan, PGresult **ret, struct hf_err *err)
{
    struct parameters p = {.count = 0};
    struct hf_buf sql = hf_buf_init(SQL_MAX);
    sql_scan(&sql, table, scan->first != NULL, scan->after != NULL, scan->limit);
    if (scan->first != NULL) {
        add_parameters(&p, table, 1, scan->first);
    }
    if (scan->after != NULL) {
        add_parameters(&p, table, table->key_columns, scan->after);
    }
    if (sql.failed != HF_OK) {
        return hf_err_set(err, sql.failed, "no memory for a statement");
    }
    PGresult *result = PQexecParams(s->connection, (const char *)sql.ptr, p.count, NULL, p.values,
                                    p.lengths, p.formats, /* binary */ 1);
    hf_buf_free(&sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        enum hf_rc rc = fault(s, result, table->name, err);
        PQclear(result);
        return rc;
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
    enum hf_rc rc = HF_OK;
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
    char sql[192];
    (void)snprintf(sql, sizeof sql, "DELETE FROM holdfast.%s WHERE %s = $1", table->name,
                   table->columns[0].name);
    add_parameters(&p, table, 1, first);
    PGresult *result =
        PQexecParams(s->connection, sql, p.count, NULL, p.values, p.lengths, p.formats, 1);
    enum hf_rc rc =
        PQresultStatus(result) == PGRES_COMMAND_OK ? HF_OK : fault(s, result, table->name, err);
    PQclear(result);
    return rc;
}

/* positions are a table like any other */

static const struct hf_table_def positions = {
    .name = "holdfast_positions",
    .columns = {{"projection", HF_COLUMN_TEXT}, {"position", HF_COLUMN_INT}},
    .key_columns = 1};

static enum hf_rc get_position(struct hf_store *store, const char *projection,
                               uint64_t *ret_position, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.text = hf_str_c(projection)}};
    enum hf_rc rc = get(store, &positions, row, err);
    *ret_position = rc == HF_OK ? (uint64_t)row[1].number : 0;
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

static enum hf_rc set_position(struct hf_store *store, const char *projection, uint64_t position,
                               struct hf_err *err)
{
    const struct hf_value row[HF_COLUMNS_MAX] = {{.text = hf_str_c(projection)},
                                                 {.number = (int64_t)position}};
    return hf_store_put(store, &positions, row, err);
}

/* transactions and connection */

static enum hf_rc begin(struct hf_store *store, struct hf_err *err)
{
    return run(postgres_of(store), "BEGIN", "begin", err);
}

static void rollback(struct hf_store *store)
{
    struct postgres_store *s = postgres_of(store);
    if (PQpipelineStatus(s->connection) != PQ_PIPELINE_OFF) {
        return; /* the connection broke in the middle: nothing more goes over it */
    }
    (void)run(s, "ROLLBACK", "rollback", NULL);
}

static enum hf_rc commit(struct hf_store *store, struct hf_err *err)
{
    struct postgres_store *s = postgres_of(store);
    PGresult *result = PQexec(s->connection, "COMMIT");
    /* In a transaction that failed COMMIT succeeds, and says ROLLBACK. */
    bool good =
        PQresultStatus(result) == PGRES_COMMAND_OK && strcmp(PQcmdStatus(result), "COMMIT") == 0;
    enum hf_rc rc = good ? HF_OK : fault(s, result, "commit", err);
    PQclear(result);
    if (rc != HF_OK) {
        rollback(store);
    }
    return rc;
}

static void close_store(struct hf_store *store)
{
    struct postgres_store *s = postgres_of(store);
    PQclear(s->row);
    PQfinish(s->connection);
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
    .get_position = get_position,
    .set_position = set_position,
};

static void be_quiet(void *arg, const char *message)
{
    (void)arg;
    (void)message; /* "already exists, skipping" is what we want to hear */
}

/* What a fresh connection needs. */
static enum hf_rc greet(struct postgres_store *s, struct hf_err *err)
{
    (void)PQsetNoticeProcessor(s->connection, be_quiet, NULL);
    /* The server lets go of a lock a moment after its holder has gone. */
    PGresult *result =
        PQexec(s->connection, "SET lock_timeout = 2000; SELECT pg_advisory_lock(" LOCK_NUMBER
                              "); SET lock_timeout = 0");
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    enum hf_rc rc = HF_OK;
    if (state != NULL && strcmp(state, "55P03") == 0) {
        rc = hf_err_set(err, HF_ELOCKED,
                        "another program writes the read models of this database; stop it first");
    } else if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        rc = fault(s, result, "lock", err);
    }
    PQclear(result);
    if (rc == HF_OK) {
        rc = run(s, "CREATE SCHEMA IF NOT EXISTS holdfast", "schema", err);
    }
    return rc == HF_OK ? create(&s->store, &positions, err) : rc;
}

static bool has_password(const char *url)
{
    const char *text = NULL;
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        text = strcmp(o->keyword, "password") == 0 ? o->val : text;
    }
    bool there = text != NULL && text[0] != '\0';
    PQconninfoFree(options);
    return there;
}

enum hf_rc hf_store_postgres_open(const char *url, struct hf_store **ret_store, struct hf_err *err)
{
    if (has_password(url)) {
        return hf_err_set(err, HF_EINVAL,
                          "a password does not belong into a URL that others can read: put it into "
                          "~/.pgpass");
    }
    struct postgres_store *s = hf_heap_zalloc(1, sizeof *s);
    if (s == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a connection to PostgreSQL");
    }
    s->store.ops = &ops;
    s->copy = hf_buf_init(16 * COPY_PIECE);
    s->connection = PQconnectdb(url);
    enum hf_rc rc =
        PQstatus(s->connection) == CONNECTION_OK ? greet(s, err) : fault(s, NULL, "connect", err);
    if (rc != HF_OK) {
        close_store(&s->store);
        return rc;
    }
    *ret_store = &s->store;
    return HF_OK;
}
