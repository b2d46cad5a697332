/* projections/cache.c: rows in memory above a store. */
#include "projections/cache.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/heap.h"
#include "base/map.h"
#include "base/queue.h"

#define TABLES_MAX 64

struct row {
    struct hf_map_node by_key;
    struct hf_queue node; /* of its table */
    bool changed;
    uint8_t *texts; /* what the values' texts lie in */
    struct hf_value values[HF_COLUMNS_MAX];
};

struct cached {
    const struct hf_table_def *table;
    unsigned columns;
    struct hf_map by_key;
    struct hf_queue rows;
    size_t count;
    struct row **changed; /* in this transaction */
    size_t changed_count;
    size_t changed_cap;
    bool complete; /* a row that is not here is nowhere */
};

struct cache {
    struct hf_store store;
    struct hf_store *under;
    struct hf_env *env;
    size_t rows_max;
    size_t count;
    struct cached tables[TABLES_MAX];
    unsigned table_count;
    struct hf_buf key;
};

static struct cache *cache_of(struct hf_store *store)
{
    return HF_CONTAINER_OF(store, struct cache, store);
}

static void forget_table(struct cache *c, struct cached *t)
{
    for (struct hf_queue *node; (node = hf_queue_pop(&t->rows)) != NULL;) {
        struct row *row = HF_CONTAINER_OF(node, struct row, node);
        hf_map_remove(&t->by_key, &row->by_key);
        hf_heap_free(row->texts);
        hf_heap_free(row);
    }
    c->count -= t->count;
    t->count = 0;
    t->changed_count = 0;
    t->complete = false;
}

void hf_cache_forget(struct hf_store *store)
{
    struct cache *c = cache_of(store);
    for (unsigned i = 0; i < c->table_count; i++) {
        forget_table(c, &c->tables[i]);
    }
}

static enum hf_rc find_table(struct cache *c, const struct hf_table_def *table, struct cached **ret,
                             struct hf_err *err)
{
    for (unsigned i = 0; i < c->table_count; i++) {
        if (c->tables[i].table == table) {
            *ret = &c->tables[i];
            return HF_OK;
        }
    }
    HF_ASSERT(c->table_count < TABLES_MAX);
    struct cached *t = &c->tables[c->table_count];
    *t = (struct cached){.table = table, .columns = hf_table_columns(table)};
    hf_queue_init(&t->rows);
    if (hf_map_init(&t->by_key, c->env) != HF_OK) {
        return hf_err_set(err, HF_ENOMEM, "no memory for rows of %s", table->name);
    }
    c->table_count++;
    *ret = t;
    return HF_OK;
}

void hf_cache_assume_empty(struct hf_store *store, const struct hf_table_def *table)
{
    struct cached *t = NULL;
    if (find_table(cache_of(store), table, &t, NULL) == HF_OK) {
        t->complete = t->count == 0;
    }
}

/* The key's bytes; two keys have the same when they are the same. */
static enum hf_rc write_key(struct cache *c, const struct hf_table_def *table,
                            const struct hf_value *row, struct hf_err *err)
{
    hf_buf_clear(&c->key);
    for (unsigned i = 0; i < table->key_columns; i++) {
        bool text = table->columns[i].type == HF_COLUMN_TEXT;
        int64_t number = text ? (int64_t)row[i].text.len : row[i].number;
        hf_buf_put(&c->key, &number, sizeof number);
        if (text) {
            hf_buf_put(&c->key, row[i].text.ptr, row[i].text.len);
        }
    }
    return c->key.failed == HF_OK ? HF_OK : hf_err_set(err, c->key.failed, "no memory for a key");
}

static struct row *find_row(const struct cached *t, struct hf_bytes key,
                            const struct hf_value *values)
{
    for (struct hf_map_node *n = hf_map_first(&t->by_key, key); n != NULL; n = hf_map_next(n)) {
        struct row *row = HF_CONTAINER_OF(n, struct row, by_key);
        if (hf_key_compare(t->table, row->values, values) == 0) {
            return row;
        }
    }
    return NULL;
}

static bool same_texts(const struct cached *t, const struct row *row, const struct hf_value *values)
{
    for (unsigned i = 0; i < t->columns; i++) {
        if (t->table->columns[i].type == HF_COLUMN_TEXT &&
            !hf_str_eq(row->values[i].text, values[i].text)) {
            return false;
        }
    }
    return true;
}

/* Takes the values; their texts may lie in the row's own memory. */
static enum hf_rc fill_row(const struct cached *t, struct row *row, const struct hf_value *values,
                           struct hf_err *err)
{
    if (row->texts != NULL && same_texts(t, row, values)) {
        for (unsigned i = 0; i < t->columns; i++) {
            row->values[i].number = values[i].number;
        }
        return HF_OK;
    }
    size_t len = 0;
    for (unsigned i = 0; i < t->columns; i++) {
        len += t->table->columns[i].type == HF_COLUMN_TEXT ? values[i].text.len : 0;
    }
    uint8_t *texts = hf_heap_alloc(len + 1);
    if (texts == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a row of %s", t->table->name);
    }
    len = 0;
    for (unsigned i = 0; i < t->columns; i++) {
        struct hf_value value = {.number = values[i].number};
        if (t->table->columns[i].type == HF_COLUMN_TEXT) {
            value.text = (struct hf_str){(const char *)texts + len, values[i].text.len};
            if (value.text.len > 0) {
                memcpy(texts + len, values[i].text.ptr, value.text.len);
            }
            len += value.text.len;
        }
        row->values[i] = value;
    }
    hf_heap_free(row->texts);
    row->texts = texts;
    return HF_OK;
}

static enum hf_rc add_row(struct cache *c, struct cached *t, const struct hf_value *values,
                          struct row **ret, struct hf_err *err)
{
    struct row *row = hf_heap_zalloc(1, sizeof *row);
    if (row == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a row of %s", t->table->name);
    }
    enum hf_rc rc = fill_row(t, row, values, err);
    if (rc == HF_OK) {
        rc = write_key(c, t->table, row->values, err);
    }
    if (rc != HF_OK) {
        hf_heap_free(row->texts);
        hf_heap_free(row);
        return rc;
    }
    hf_map_insert(&t->by_key, hf_buf_bytes(&c->key), &row->by_key);
    hf_queue_push(&t->rows, &row->node);
    t->count++;
    c->count++;
    *ret = row;
    return HF_OK;
}

static enum hf_rc note_changed(struct cached *t, struct row *row, struct hf_err *err)
{
    if (row->changed) {
        return HF_OK;
    }
    if (t->changed_count == t->changed_cap) {
        size_t cap = t->changed_cap == 0 ? 64 : 2 * t->changed_cap;
        struct row **list = hf_heap_resize(t->changed, cap, sizeof(struct row *));
        if (list == NULL) {
            return hf_err_set(err, HF_ENOMEM, "no memory for rows of %s", t->table->name);
        }
        t->changed = list;
        t->changed_cap = cap;
    }
    row->changed = true;
    t->changed[t->changed_count++] = row;
    return HF_OK;
}

/* operations */

static enum hf_rc put_one(struct cache *c, struct cached *t, const struct hf_value *values,
                          struct hf_err *err)
{
    enum hf_rc rc = write_key(c, t->table, values, err);
    struct row *row = rc == HF_OK ? find_row(t, hf_buf_bytes(&c->key), values) : NULL;
    if (rc == HF_OK && (row == NULL || !same_texts(t, row, values))) {
        rc = hf_row_check(t->table, values, err);
    }
    if (rc == HF_OK) {
        rc = row == NULL ? add_row(c, t, values, &row, err) : fill_row(t, row, values, err);
    }
    return rc == HF_OK && row != NULL ? note_changed(t, row, err) : rc;
}

static enum hf_rc put_rows(struct hf_store *store, const struct hf_table_def *table,
                           const struct hf_value *const *rows, size_t count, struct hf_err *err)
{
    struct cache *c = cache_of(store);
    struct cached *t = NULL;
    enum hf_rc rc = find_table(c, table, &t, err);
    for (size_t i = 0; rc == HF_OK && i < count; i++) {
        rc = put_one(c, t, rows[i], err);
    }
    return rc;
}

static enum hf_rc get(struct hf_store *store, const struct hf_table_def *table,
                      struct hf_value *values, struct hf_err *err)
{
    struct cache *c = cache_of(store);
    struct cached *t = NULL;
    enum hf_rc rc = find_table(c, table, &t, err);
    if (rc == HF_OK) {
        rc = write_key(c, table, values, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    struct row *row = find_row(t, hf_buf_bytes(&c->key), values);
    if (row == NULL && t->complete) {
        return HF_ENOTFOUND;
    }
    if (row == NULL) {
        rc = hf_store_get(c->under, table, values, err);
        if (rc == HF_OK) {
            rc = add_row(c, t, values, &row, err);
        }
    }
    if (rc == HF_OK && row != NULL) {
        memcpy(values, row->values, t->columns * sizeof values[0]);
    }
    return rc;
}

static int by_key(const void *a, const void *b, void *arg)
{
    const struct row *const *x = a;
    const struct row *const *y = b;
    const struct cached *t = arg;
    return hf_key_compare(t->table, (*x)->values, (*y)->values);
}

static enum hf_rc flush_table(struct cache *c, struct cached *t, struct hf_err *err)
{
    const struct hf_value **rows = hf_heap_zalloc(t->changed_count, sizeof(void *));
    enum hf_rc rc = HF_ENOMEM;
    qsort_r(t->changed, t->changed_count, sizeof(struct row *), by_key, t);
    for (size_t i = 0; rows != NULL && i < t->changed_count; i++) {
        rows[i] = t->changed[i]->values;
        t->changed[i]->changed = false;
    }
    if (rows == NULL) {
        (void)hf_err_set(err, rc, "no memory to write rows of %s", t->table->name);
    } else {
        rc = hf_store_put_rows(c->under, t->table, rows, t->changed_count, err);
    }
    hf_heap_free(rows);
    t->changed_count = 0; /* after a failure the transaction is rolled back, and all is forgotten */
    return rc;
}

static enum hf_rc flush(struct cache *c, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (unsigned i = 0; rc == HF_OK && i < c->table_count; i++) {
        if (c->tables[i].changed_count > 0) {
            rc = flush_table(c, &c->tables[i], err);
        }
    }
    return rc;
}

static enum hf_rc begin(struct hf_store *store, struct hf_err *err)
{
    return hf_store_begin(cache_of(store)->under, err);
}

static void rollback(struct hf_store *store)
{
    hf_store_rollback(cache_of(store)->under);
    hf_cache_forget(store); /* rows were changed in place */
}

static enum hf_rc commit(struct hf_store *store, struct hf_err *err)
{
    struct cache *c = cache_of(store);
    enum hf_rc rc = flush(c, err);
    if (rc != HF_OK) {
        rollback(store);
        return rc;
    }
    rc = hf_store_commit(c->under, err);
    if (rc != HF_OK || c->count > c->rows_max) {
        hf_cache_forget(store);
    }
    return rc;
}

static enum hf_rc create(struct hf_store *store, const struct hf_table_def *table,
                         struct hf_err *err)
{
    return hf_store_create(cache_of(store)->under, table, err);
}

static enum hf_rc drop(struct hf_store *store, const struct hf_table_def *table, struct hf_err *err)
{
    struct cache *c = cache_of(store);
    struct cached *t = NULL;
    enum hf_rc rc = find_table(c, table, &t, err);
    if (rc == HF_OK) {
        forget_table(c, t);
        rc = hf_store_drop(c->under, table, err);
    }
    return rc;
}

static enum hf_rc scan_rows(struct hf_store *store, const struct hf_table_def *table,
                            const struct hf_scan *scan,
                            enum hf_rc (*take)(void *arg, const struct hf_value *row), void *arg,
                            struct hf_err *err)
{
    struct cache *c = cache_of(store);
    enum hf_rc rc = flush(c, err);
    return rc == HF_OK ? hf_store_scan(c->under, table, scan, take, arg, err) : rc;
}

static enum hf_rc remove_rows(struct hf_store *store, const struct hf_table_def *table,
                              const struct hf_value *first, struct hf_err *err)
{
    struct cache *c = cache_of(store);
    struct cached *t = NULL;
    enum hf_rc rc = flush(c, err);
    if (rc == HF_OK) {
        rc = find_table(c, table, &t, err);
    }
    if (rc == HF_OK) {
        forget_table(c, t);
        rc = hf_store_remove(c->under, table, first, err);
    }
    return rc;
}

static enum hf_rc get_position(struct hf_store *store, const char *projection, uint64_t *ret,
                               struct hf_err *err)
{
    return hf_store_get_position(cache_of(store)->under, projection, ret, err);
}

static enum hf_rc set_position(struct hf_store *store, const char *projection, uint64_t position,
                               struct hf_err *err)
{
    return hf_store_set_position(cache_of(store)->under, projection, position, err);
}

static void close_cache(struct hf_store *store)
{
    struct cache *c = cache_of(store);
    hf_cache_forget(store);
    for (unsigned i = 0; i < c->table_count; i++) {
        hf_map_fini(&c->tables[i].by_key);
        hf_heap_free(c->tables[i].changed);
    }
    hf_buf_free(&c->key);
    hf_heap_free(c);
}

static const struct hf_store_ops ops = {
    .close = close_cache,
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

enum hf_rc hf_cache_new(struct hf_env *env, struct hf_store *under, size_t rows_max,
                        struct hf_store **ret_cache, struct hf_err *err)
{
    struct cache *c = hf_heap_zalloc(1, sizeof *c);
    if (c == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a cache of rows");
    }
    c->store.ops = &ops;
    c->under = under;
    c->env = env;
    c->rows_max = rows_max;
    c->key = hf_buf_init(1u << 20);
    *ret_cache = &c->store;
    return HF_OK;
}
