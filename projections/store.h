/* projections/store.h: where read models live: tables with typed columns and a primary key.
 *
 * Deliberately little: put, get, scan in key order, and a position for each projection in the same
 * transaction as its rows. So a projection runs the same on every store, and its digest (over rows
 * in key order) is the same on every store.
 * HF_ECORRUPT, HF_EINVAL and HF_EVERSION are what a projection says of an event, so no store
 * answers them of itself (a damaged file is HF_EIO); for a row HF_EINVAL is the event's fault.
 * After HF_EIO roll back; the next try may find the store well again.
 * Threads: one.
 */
#ifndef HF_PROJECTIONS_STORE_H
#define HF_PROJECTIONS_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define HF_COLUMNS_MAX 18

enum hf_column_type {
    HF_COLUMN_INT,
    HF_COLUMN_TEXT,
};

struct hf_column {
    const char *name;
    enum hf_column_type type;
};

struct hf_table_def {
    const char *name;                         /* ends in the projection's version: "fleet_1" */
    struct hf_column columns[HF_COLUMNS_MAX]; /* the key's first; ends with a NULL name */
    unsigned key_columns;
};

struct hf_value {
    int64_t number;     /* HF_COLUMN_INT */
    struct hf_str text; /* HF_COLUMN_TEXT */
};

struct hf_store;

/* Which rows a scan shows; all zero: all of them. */
struct hf_scan {
    const struct hf_value *first; /* only rows whose first key column is this; NULL: any */
    const struct hf_value *after; /* only rows behind this key; NULL: from the first on */
    uint64_t limit;               /* 0: none */
};

struct hf_store_ops {
    void (*close)(struct hf_store *store);
    enum hf_rc (*begin)(struct hf_store *store, struct hf_err *err);
    enum hf_rc (*commit)(struct hf_store *store, struct hf_err *err);
    void (*rollback)(struct hf_store *store);
    enum hf_rc (*create)(struct hf_store *store, const struct hf_table_def *table,
                         struct hf_err *err);
    enum hf_rc (*drop)(struct hf_store *store, const struct hf_table_def *table,
                       struct hf_err *err);
    enum hf_rc (*put_rows)(struct hf_store *store, const struct hf_table_def *table,
                           const struct hf_value *const *rows, size_t count, struct hf_err *err);
    enum hf_rc (*get)(struct hf_store *store, const struct hf_table_def *table,
                      struct hf_value *row, struct hf_err *err);
    enum hf_rc (*scan)(struct hf_store *store, const struct hf_table_def *table,
                       const struct hf_scan *scan,
                       enum hf_rc (*row)(void *arg, const struct hf_value *row), void *arg,
                       struct hf_err *err);
    enum hf_rc (*remove)(struct hf_store *store, const struct hf_table_def *table,
                         const struct hf_value *first, struct hf_err *err);
    enum hf_rc (*get_position)(struct hf_store *store, const char *projection,
                               uint64_t *ret_position, struct hf_err *err);
    enum hf_rc (*set_position)(struct hf_store *store, const char *projection, uint64_t position,
                               struct hf_err *err);
};

struct hf_store {
    const struct hf_store_ops *ops;
    bool damaged; /* read-only: a call found that what is kept cannot be read any more; trying again
                     is no use, beginning anew is */
};

static inline void hf_store_close(struct hf_store *store)
{
    if (store != NULL) {
        store->ops->close(store);
    }
}

static inline enum hf_rc hf_store_begin(struct hf_store *store, struct hf_err *err)
{
    return store->ops->begin(store, err);
}

/* HF_OK, or nothing of the transaction has happened and it is over. */
static inline enum hf_rc hf_store_commit(struct hf_store *store, struct hf_err *err)
{
    return store->ops->commit(store, err);
}

static inline void hf_store_rollback(struct hf_store *store)
{
    store->ops->rollback(store);
}

/* Makes the table when it is not there. */
static inline enum hf_rc hf_store_create(struct hf_store *store, const struct hf_table_def *table,
                                         struct hf_err *err)
{
    return store->ops->create(store, table, err);
}

static inline enum hf_rc hf_store_drop(struct hf_store *store, const struct hf_table_def *table,
                                       struct hf_err *err)
{
    return store->ops->drop(store, table, err);
}

/* Writes whole rows, each key once; replaces those of the same key. Texts are UTF-8 without NUL (of
 * which one store could keep what the other cannot): HF_EINVAL. */
static inline enum hf_rc hf_store_put_rows(struct hf_store *store, const struct hf_table_def *table,
                                           const struct hf_value *const *rows, size_t count,
                                           struct hf_err *err)
{
    return store->ops->put_rows(store, table, rows, count, err);
}

static inline enum hf_rc hf_store_put(struct hf_store *store, const struct hf_table_def *table,
                                      const struct hf_value *row, struct hf_err *err)
{
    return store->ops->put_rows(store, table, &row, 1, err);
}

/* row holds the key; fills the rest, texts borrowed until the next call on the table,
 * or until a transaction begins or ends.
 * HF_ENOTFOUND. */
static inline enum hf_rc hf_store_get(struct hf_store *store, const struct hf_table_def *table,
                                      struct hf_value *row, struct hf_err *err)
{
    return store->ops->get(store, table, row, err);
}

/* Rows in key order (numbers by size, texts by bytes); an answer other than HF_OK ends it and comes
 * back. */
static inline enum hf_rc hf_store_scan(struct hf_store *store, const struct hf_table_def *table,
                                       const struct hf_scan *scan,
                                       enum hf_rc (*row)(void *arg, const struct hf_value *row),
                                       void *arg, struct hf_err *err)
{
    return store->ops->scan(store, table, scan, row, arg, err);
}

/* Removes the rows whose first key column is this. */
static inline enum hf_rc hf_store_remove(struct hf_store *store, const struct hf_table_def *table,
                                         const struct hf_value *first, struct hf_err *err)
{
    return store->ops->remove(store, table, first, err);
}

/* 0 when there is none. */
static inline enum hf_rc hf_store_get_position(struct hf_store *store, const char *projection,
                                               uint64_t *ret_position, struct hf_err *err)
{
    return store->ops->get_position(store, projection, ret_position, err);
}

static inline enum hf_rc hf_store_set_position(struct hf_store *store, const char *projection,
                                               uint64_t position, struct hf_err *err)
{
    return store->ops->set_position(store, projection, position, err);
}

/* HF_EINVAL when a text of the row cannot be kept. */
enum hf_rc hf_row_check(const struct hf_table_def *table, const struct hf_value *row,
                        struct hf_err *err);
/* Less than, equal to, greater than 0, as scans order rows. */
int hf_key_compare(const struct hf_table_def *table, const struct hf_value *a,
                   const struct hf_value *b);

static inline unsigned hf_table_columns(const struct hf_table_def *table)
{
    unsigned count = 0;
    while (count < HF_COLUMNS_MAX && table->columns[count].name != NULL) {
        count++;
    }
    return count;
}

#endif
