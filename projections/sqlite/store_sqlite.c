/* projections/sqlite/store_sqlite.c: the one home of SQLite. */
#include "projections/sqlite/store_sqlite.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/heap.h"
#include "projections/positions.h"

#define TABLES_MAX 64
#define BUSY_MS    250 /* that another program may hold the file; the Hub's calls wait as long */

/* A table's statements, prepared at its first use. */
struct prepared {
    const struct hf_table_def *table;
    sqlite3_stmt *put;
    sqlite3_stmt *get;
};

struct sqlite_store {
    struct hf_store store;
    sqlite3 *db;
    struct prepared tables[TABLES_MAX];
    unsigned table_count;
};

static struct sqlite_store *sqlite_of(struct hf_store *store)
{
    return HF_CONTAINER_OF(store, struct sqlite_store, store);
}

static enum hf_rc fault(struct sqlite_store *s, struct hf_err *err, const char *what)
{
    int code = sqlite3_errcode(s->db) & 0xFF;
    enum hf_rc rc = code == SQLITE_NOMEM                           ? HF_ENOMEM
                    : code == SQLITE_FULL                          ? HF_ENOSPC
                    : code == SQLITE_BUSY || code == SQLITE_LOCKED ? HF_ELOCKED
                    : code == SQLITE_READONLY                      ? HF_EREADONLY
                                                                   : HF_EIO;
    s->store.damaged = s->store.damaged || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    return hf_err_set(err, rc, "%s: %s", what, sqlite3_errmsg(s->db));
}

static enum hf_rc run(struct sqlite_store *s, const char *sql, struct hf_err *err)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? HF_OK
                                                                   : fault(s, err, "SQLite");
}

static enum hf_rc prepare(struct sqlite_store *s, const struct hf_buf *sql, sqlite3_stmt **ret,
                          struct hf_err *err)
{
    if (sql->failed != HF_OK) {
        return hf_err_set(err, sql->failed, "no memory for a statement");
    }
    return sqlite3_prepare_v3(s->db, (const char *)sql->ptr, (int)sql->len,
                              SQLITE_PREPARE_PERSISTENT, ret, NULL) == SQLITE_OK
               ? HF_OK
               : fault(s, err, "SQLite");
}

/* SQL text: names are ours, constants of the program, never a peer's. */

static void sql_columns(struct hf_buf *sql, const struct hf_table_def *table, unsigned from,
                        unsigned to, const char *after)
{
    for (unsigned i = from; i < to; i++) {
        hf_buf_printf(sql, "%s%s%s", i == from ? "" : ", ", table->columns[i].name, after);
    }
}

static void sql_where_key(struct hf_buf *sql, const struct hf_table_def *table)
{
    hf_buf_str(sql, HF_STR(" WHERE "));
    for (unsigned i = 0; i < table->key_columns; i++) {
        hf_buf_printf(sql, "%s%s = ?", i == 0 ? "" : " AND ", table->columns[i].name);
    }
}

static enum hf_rc create(struct hf_store *store, const struct hf_table_def *table,
                         struct hf_err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct hf_buf sql = hf_buf_init(4096);
    hf_buf_printf(&sql, "CREATE TABLE IF NOT EXISTS %s (", table->name);
    for (unsigned i = 0; i < hf_table_columns(table); i++) {
        hf_buf_printf(&sql, "%s %s NOT NULL, ", table->columns[i].name,
                      table->columns[i].type == HF_COLUMN_INT ? "INTEGER" : "TEXT");
    }
    hf_buf_str(&sql, HF_STR("PRIMARY KEY ("));
    sql_columns(&sql, table, 0, table->key_columns, "");
    hf_buf_str(&sql, HF_STR(")) STRICT, WITHOUT ROWID"));
    hf_buf_put(&sql, "", 1);
    enum hf_rc rc = sql.failed == HF_OK ? run(s, (const char *)sql.ptr, err)
                                        : hf_err_set(err, sql.failed, "no memory for a statement");
    hf_buf_free(&sql);
    return rc;
}

static void forget(struct sqlite_store *s)
{
    for (unsigned i = 0; i < s->table_count; i++) {
        struct prepared *p = &s->tables[i];
        (void)sqlite3_finalize(p->put);
        (void)sqlite3_finalize(p->get);
        p->put = NULL;
        p->get = NULL;
    }
}

/* SQLite drops no table while any row is being read, and the last `get` is until it is let go. */
static enum hf_rc drop(struct hf_store *store, const struct hf_table_def *table, struct hf_err *err)
{
    char sql[128];
    forget(sqlite_of(store));
    (void)snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS %s", table->name);
    return run(sqlite_of(store), sql, err);
}

static enum hf_rc find(struct sqlite_store *s, const struct hf_table_def *table,
                       struct prepared **ret, struct hf_err *err)
{
    struct prepared *p = NULL;
    for (unsigned i = 0; i < s->table_count && p == NULL; i++) {
        p = s->tables[i].table == table ? &s->tables[i] : NULL;
    }
    if (p == NULL) {
        HF_ASSERT(s->table_count < TABLES_MAX);
        p = &s->tables[s->table_count++];
        p->table = table;
    }
    *ret = p;
    if (p->put != NULL) {
        return HF_OK;
    }
    unsigned columns = hf_table_columns(table);
    struct hf_buf sql = hf_buf_init(4096);
    hf_buf_printf(&sql, "INSERT OR REPLACE INTO %s VALUES (", table->name);
    for (unsigned i = 0; i < columns; i++) {
        hf_buf_str(&sql, i == 0 ? HF_STR("?") : HF_STR(", ?"));
    }
    hf_buf_str(&sql, HF_STR(")"));
    enum hf_rc rc = prepare(s, &sql, &p->put, err);
    if (rc == HF_OK) {
        hf_buf_clear(&sql);
        hf_buf_str(&sql, HF_STR("SELECT "));
        sql_columns(&sql, table, 0, columns, "");
        hf_buf_printf(&sql, " FROM %s", table->name);
        sql_where_key(&sql, table);
        rc = prepare(s, &sql, &p->get, err);
    }
    if (rc != HF_OK) {
        (void)sqlite3_finalize(p->put); /* one without the other would count as both */
        p->put = NULL;
    }
    hf_buf_free(&sql);
    return rc;
}

/* Binds the row's first `count` values behind the *at that are bound; moves *at. */
static bool bind_from(sqlite3_stmt *statement, const struct hf_table_def *table, unsigned count,
                      const struct hf_value *row, unsigned *at)
{
    int code = SQLITE_OK;
    for (unsigned i = 0; i < count && code == SQLITE_OK; i++) {
        int place = (int)++*at;
        code =
            table->columns[i].type == HF_COLUMN_INT
                ? sqlite3_bind_int64(statement, place, row[i].number)
                : sqlite3_bind_text(statement, place, row[i].text.len == 0 ? "" : row[i].text.ptr,
                                    (int)row[i].text.len, SQLITE_STATIC);
    }
    return code == SQLITE_OK;
}

static bool bind(sqlite3_stmt *statement, const struct hf_table_def *table, unsigned count,
                 const struct hf_value *row)
{
    unsigned at = 0;
    return bind_from(statement, table, count, row, &at);
}

static void take_row(sqlite3_stmt *statement, const struct hf_table_def *table,
                     struct hf_value row[HF_COLUMNS_MAX])
{
    for (unsigned i = 0; i < hf_table_columns(table); i++) {
        if (table->columns[i].type == HF_COLUMN_INT) {
            row[i].number = sqlite3_column_int64(statement, (int)i);
        } else {
            const unsigned char *text = sqlite3_column_text(statement, (int)i);
            row[i].text = (struct hf_str){(const char *)text,
                                          (size_t)sqlite3_column_bytes(statement, (int)i)};
        }
    }
}

static enum hf_rc put_rows(struct hf_store *store, const struct hf_table_def *table,
                           const struct hf_value *const *rows, size_t count, struct hf_err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct prepared *p = NULL;
    enum hf_rc rc = find(s, table, &p, err);
    for (size_t i = 0; rc == HF_OK && i < count; i++) {
        rc = hf_row_check(table, rows[i], err);
        if (rc == HF_OK) {
            bool done = bind(p->put, table, hf_table_columns(table), rows[i]) &&
                        sqlite3_step(p->put) == SQLITE_DONE;
            rc = done ? HF_OK : fault(s, err, table->name);
            (void)sqlite3_reset(p->put);
        }
    }
    return rc;
}

static enum hf_rc get(struct hf_store *store, const struct hf_table_def *table,
                      struct hf_value *row, struct hf_err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct prepared *p = NULL;
    enum hf_rc rc = find(s, table, &p, err);
    if (rc != HF_OK) {
        return rc;
    }
    (void)sqlite3_reset(p->get);
    if (!bind(p->get, table, table->key_columns, row)) {
        return fault(s, err, table->name);
    }
    int code = sqlite3_step(p->get);
    if (code == SQLITE_DONE) {
        (void)sqlite3_reset(p->get);
        return HF_ENOTFOUND;
    }
    if (code != SQLITE_ROW) {
        return fault(s, err, table->name);
    }
    take_row(p->get, table, row); /* its texts live until the statement is used again */
    return HF_OK;
}

static void sql_scan(struct hf_buf *sql, const struct hf_table_def *table,
                     const struct hf_scan *scan)
{
    const char *glue = " WHERE ";
    hf_buf_str(sql, HF_STR("SELECT "));
    sql_columns(sql, table, 0, hf_table_columns(table), "");
    hf_buf_printf(sql, " FROM %s", table->name);
    if (scan->first != NULL) {
        hf_buf_printf(sql, "%s%s = ?", glue, table->columns[0].name);
        glue = " AND ";
    }
    if (scan->after != NULL) {
        hf_buf_printf(sql, "%s(", glue);
        sql_columns(sql, table, 0, table->key_columns, "");
        hf_buf_str(sql, HF_STR(") > ("));
        for (unsigned i = 0; i < table->key_columns; i++) {
            hf_buf_str(sql, i == 0 ? HF_STR("?") : HF_STR(", ?"));
        }
        hf_buf_str(sql, HF_STR(")"));
    }
    hf_buf_str(sql, HF_STR(" ORDER BY "));
    sql_columns(sql, table, 0, table->key_columns, "");
    if (scan->limit > 0) {
        hf_buf_printf(sql, " LIMIT %llu", (unsigned long long)scan->limit);
    }
}

static enum hf_rc scan_rows(struct hf_store *store, const struct hf_table_def *table,
                            const struct hf_scan *scan,
                            enum hf_rc (*take)(void *arg, const struct hf_value *row), void *arg,
                            struct hf_err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct hf_buf sql = hf_buf_init(4096);
    sqlite3_stmt *statement = NULL;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    sql_scan(&sql, table, scan);
    enum hf_rc rc = prepare(s, &sql, &statement, err);
    hf_buf_free(&sql);
    unsigned at = 0;
    if (rc == HF_OK && scan->first != NULL) {
        rc = bind_from(statement, table, 1, scan->first, &at) ? rc : fault(s, err, table->name);
    }
    if (rc == HF_OK && scan->after != NULL) {
        rc = bind_from(statement, table, table->key_columns, scan->after, &at)
                 ? rc
                 : fault(s, err, table->name);
    }
    while (rc == HF_OK) {
        int code = sqlite3_step(statement);
        if (code == SQLITE_DONE) {
            break;
        }
        if (code != SQLITE_ROW) {
            rc = fault(s, err, table->name);
            break;
        }
        take_row(statement, table, row);
        rc = take(arg, row);
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

static enum hf_rc remove_rows(struct hf_store *store, const struct hf_table_def *table,
                              const struct hf_value *first, struct hf_err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct hf_buf sql = hf_buf_init(4096);
    sqlite3_stmt *statement = NULL;
    hf_buf_printf(&sql, "DELETE FROM %s WHERE %s = ?", table->name, table->columns[0].name);
    enum hf_rc rc = prepare(s, &sql, &statement, err);
    hf_buf_free(&sql);
    if (rc == HF_OK &&
        (!bind(statement, table, 1, first) || sqlite3_step(statement) != SQLITE_DONE)) {
        rc = fault(s, err, table->name);
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

/* The last `get` of a table is read until it is let go, and as long as anything is being read
 * SQLite cannot put the journal's pages into the file: it would grow for ever. */
static void let_go(struct sqlite_store *s)
{
    for (unsigned i = 0; i < s->table_count; i++) {
        (void)sqlite3_reset(s->tables[i].get);
    }
}

static enum hf_rc begin(struct hf_store *store, struct hf_err *err)
{
    let_go(sqlite_of(store));
    return run(sqlite_of(store), "BEGIN IMMEDIATE", err);
}

static enum hf_rc commit(struct hf_store *store, struct hf_err *err)
{
    let_go(sqlite_of(store));
    enum hf_rc rc = run(sqlite_of(store), "COMMIT", err);
    if (rc != HF_OK) {
        (void)run(sqlite_of(store), "ROLLBACK", NULL);
    }
    return rc;
}

static void rollback(struct hf_store *store)
{
    (void)run(sqlite_of(store), "ROLLBACK", NULL);
}

static void close_store(struct hf_store *store)
{
    struct sqlite_store *s = sqlite_of(store);
    forget(s);
    (void)sqlite3_close(s->db);
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

static enum hf_rc open_with(const char *path, const char *pragmas, struct hf_store **ret_store,
                            struct hf_err *err)
{
    struct sqlite_store *s = hf_heap_zalloc(1, sizeof *s);
    if (s == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to open %s", path);
    }
    s->store.ops = &ops;
    /* Nobody else's to read; SQLite gives its further files the mode of this one. */
    enum hf_rc made = hf_file_create(path, (struct hf_bytes){NULL, 0}, 0600, /* err= */ NULL);
    (void)made; /* it may be there; what else is wrong, opening says */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    enum hf_rc rc =
        sqlite3_open_v2(path, &s->db, flags, NULL) == SQLITE_OK ? HF_OK : fault(s, err, path);
    if (rc == HF_OK) {
        (void)sqlite3_busy_timeout(s->db, BUSY_MS);
        rc = run(s, pragmas, err);
    }
    if (rc == HF_OK) {
        rc = create(&s->store, &hf_positions, err);
    }
    if (rc != HF_OK) {
        close_store(&s->store);
        return hf_err_wrap(err, rc, "%s", path);
    }
    *ret_store = &s->store;
    return HF_OK;
}

enum hf_rc hf_store_sqlite_open(const char *path, struct hf_store **ret_store, struct hf_err *err)
{
    return open_with(path, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", ret_store,
                     err);
}

/* A journal alone is no database's: it goes first. */
static const char *const file_ends[] = {"-wal", "-shm", ""};

enum hf_rc hf_store_sqlite_remove(const char *path, struct hf_err *err)
{
    char name[HF_PATH_MAX + 8];
    for (size_t i = 0; i < HF_LEN(file_ends); i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, file_ends[i]);
        if (unlink(name) != 0 && errno != ENOENT) {
            return hf_err_errno(err, errno, "cannot remove %s", name);
        }
    }
    return HF_OK;
}

enum hf_rc hf_store_sqlite_set_aside(const char *path, struct hf_err *err)
{
    char from[HF_PATH_MAX];
    char to[HF_PATH_MAX];
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; i < HF_LEN(file_ends); i++) {
        int len = snprintf(to, sizeof to, "%s.damaged%s", path, file_ends[i]);
        if (len < 0 || (size_t)len >= sizeof to) {
            return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", path);
        }
        (void)snprintf(from, sizeof from, "%s%s", path, file_ends[i]);
        rc = hf_file_move(from, to, err);
        if (rc != HF_OK && file_ends[i][0] != '\0') {
            (void)unlink(from); /* else the next file would take it for its own */
        }
    }
    return rc;
}

/* The journal has pages as they were; its end in the file overwrites them there, and then it is cut
 * to nothing. A row that is being read would hold that up. */
enum hf_rc hf_store_sqlite_scrub(struct hf_store *store, struct hf_err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *statement = NULL;
    const char *sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    forget(s);
    enum hf_rc rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) == SQLITE_OK &&
                            sqlite3_step(statement) == SQLITE_ROW
                        ? HF_OK
                        : fault(s, err, "SQLite");
    if (rc == HF_OK && sqlite3_column_int(statement, 0) != 0) {
        rc = hf_err_set(err, HF_ELOCKED, "another program reads the database");
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

enum hf_rc hf_store_sqlite_open_kept(const char *path, struct hf_store **ret_store,
                                     struct hf_err *err)
{
    return open_with(
        path, "PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
        ret_store, err);
}
