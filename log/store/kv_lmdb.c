/* log/store/kv_lmdb.c: the one home of LMDB.
 *
 * Full sync on every commit; never WRITEMAP, NOSYNC (but for files that are built and synced as a
 * whole) or NOMETASYNC; no DUPSORT; NOTLS, so that a read snapshot belongs to whoever holds it.
 */
#include "log/store/kv_lmdb.h"

#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/heap.h"

#define READERS_MAX    1024
#define IDLE_READS_MAX 16
#define SEALED_MAP_MIN 4096

struct lmdb {
    struct hf_kv kv;
    MDB_env *env;
    int table_count;
    enum hf_lmdb_mode mode;
    bool failed; /* a commit failed: nothing is written any more */
    pthread_mutex_t lock;
    struct lmdb_read *idle; /* reset read transactions, to be renewed */
    int idle_count;
    bool missing[HF_KV_TABLES_MAX]; /* a reader found no such table yet */
    MDB_dbi table[HF_KV_TABLES_MAX];
};

struct lmdb_txn {
    struct hf_kv_txn txn;
    MDB_txn *mdb;
};

struct lmdb_read {
    struct hf_kv_read read;
    MDB_txn *mdb;
    MDB_cursor *cursor[HF_KV_TABLES_MAX];
    bool renewed[HF_KV_TABLES_MAX]; /* the cursor belongs to the present snapshot */
    struct lmdb_read *next;
};

static struct lmdb *lmdb_of(struct hf_kv *kv)
{
    return HF_CONTAINER_OF(kv, struct lmdb, kv);
}

static struct lmdb_txn *txn_of(struct hf_kv_txn *txn)
{
    return HF_CONTAINER_OF(txn, struct lmdb_txn, txn);
}

static struct lmdb_read *read_of(struct hf_kv_read *read)
{
    return HF_CONTAINER_OF(read, struct lmdb_read, read);
}

static enum hf_rc rc_of(int code)
{
    switch (code) {
    case MDB_SUCCESS: return HF_OK;
    case MDB_NOTFOUND: return HF_ENOTFOUND;
    case MDB_KEYEXIST: return HF_EEXIST;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT: return HF_ENOSPC;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC: return HF_ECORRUPT;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH: return HF_EINVAL;
    case ENOMEM: return HF_ENOMEM;
    case EACCES:
    case EPERM: return HF_EPERM;
    case EROFS: return HF_EREADONLY;
    case ENOENT: return HF_ENOTFOUND;
    default: return HF_EIO;
    }
}

static enum hf_rc fault(struct hf_err *err, int code, const char *what)
{
    enum hf_rc rc = rc_of(code);
    return rc == HF_OK ? HF_OK : hf_err_set(err, rc, "%s: %s", what, mdb_strerror(code));
}

static MDB_val val_of(struct hf_bytes bytes)
{
    /* LMDB's values are not const; it does not write through those it is given. */
    union {
        const uint8_t *in;
        void *out;
    } pointer = {.in = bytes.ptr};

    return (MDB_val){bytes.len, pointer.out};
}

/* writing */

static enum hf_rc begin(struct hf_kv *kv, struct hf_kv_txn **ret_txn, struct hf_err *err)
{
    struct lmdb *lmdb = lmdb_of(kv);
    if (lmdb->mode == HF_LMDB_READ || lmdb->mode == HF_LMDB_SEALED) {
        return hf_err_set(err, HF_EREADONLY, "the file is open for reading only");
    }
    if (lmdb->failed) {
        return hf_err_set(err, HF_EIO, "a commit failed before; close the log and open it again");
    }
    struct lmdb_txn *txn = hf_heap_zalloc(1, sizeof *txn);
    if (txn == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a transaction");
    }
    int code = mdb_txn_begin(lmdb->env, NULL, 0, &txn->mdb);
    if (code != 0) {
        hf_heap_free(txn);
        return fault(err, code, "cannot begin a transaction");
    }
    txn->txn.kv = kv;
    *ret_txn = &txn->txn;
    return HF_OK;
}

static enum hf_rc put(struct hf_kv_txn *txn, int table, struct hf_bytes key, struct hf_bytes value,
                      bool append, struct hf_err *err)
{
    HF_ASSERT(key.len > 0 && key.len <= HF_KV_KEY_MAX);
    MDB_val k = val_of(key);
    MDB_val v = val_of(value);
    int code =
        mdb_put(txn_of(txn)->mdb, lmdb_of(txn->kv)->table[table], &k, &v, append ? MDB_APPEND : 0);
    return fault(err, code, "cannot write");
}

static enum hf_rc del(struct hf_kv_txn *txn, int table, struct hf_bytes key, struct hf_err *err)
{
    MDB_val k = val_of(key);
    int code = mdb_del(txn_of(txn)->mdb, lmdb_of(txn->kv)->table[table], &k, NULL);
    return fault(err, code, "cannot delete");
}

static enum hf_rc commit(struct hf_kv_txn *txn, struct hf_err *err)
{
    struct lmdb *lmdb = lmdb_of(txn->kv);
    int code = mdb_txn_commit(txn_of(txn)->mdb);
    hf_heap_free(txn_of(txn));
    if (code != 0) {
        lmdb->failed = true;
    }
    return fault(err, code, "cannot commit");
}

static void abort_txn(struct hf_kv_txn *txn)
{
    mdb_txn_abort(txn_of(txn)->mdb);
    hf_heap_free(txn_of(txn));
}

/* reading */

static struct lmdb_read *take_idle(struct lmdb *lmdb)
{
    (void)pthread_mutex_lock(&lmdb->lock);
    struct lmdb_read *read = lmdb->idle;
    if (read != NULL) {
        lmdb->idle = read->next;
        lmdb->idle_count--;
    }
    (void)pthread_mutex_unlock(&lmdb->lock);
    return read;
}

static void free_read(struct lmdb_read *read)
{
    for (int i = 0; i < HF_KV_TABLES_MAX; i++) {
        if (read->cursor[i] != NULL) {
            mdb_cursor_close(read->cursor[i]);
        }
    }
    mdb_txn_abort(read->mdb);
    hf_heap_free(read);
}

static int begin_read(struct lmdb *lmdb, MDB_txn **ret_txn)
{
    int code = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, ret_txn);
    if (code == MDB_MAP_RESIZED && mdb_env_set_mapsize(lmdb->env, 0) == 0) {
        code = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, ret_txn);
    }
    int dead = 0;
    if (code == MDB_READERS_FULL && mdb_reader_check(lmdb->env, &dead) == 0 && dead > 0) {
        code = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, ret_txn);
    }
    return code;
}

static enum hf_rc begin_snapshot(struct hf_kv *kv, struct hf_kv_read **ret_read, struct hf_err *err)
{
    struct lmdb *lmdb = lmdb_of(kv);
    struct lmdb_read *read = take_idle(lmdb);
    if (read != NULL) {
        if (mdb_txn_renew(read->mdb) == 0) {
            *ret_read = &read->read;
            return HF_OK;
        }
        free_read(read);
    }
    read = hf_heap_zalloc(1, sizeof *read);
    if (read == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to read");
    }
    int code = begin_read(lmdb, &read->mdb);
    if (code != 0) {
        hf_heap_free(read);
        return fault(err, code, "cannot begin to read");
    }
    read->read.kv = kv;
    *ret_read = &read->read;
    return HF_OK;
}

static void end(struct hf_kv_read *handle)
{
    struct lmdb_read *read = read_of(handle);
    struct lmdb *lmdb = lmdb_of(handle->kv);
    mdb_txn_reset(read->mdb);
    memset(read->renewed, 0, sizeof read->renewed);
    (void)pthread_mutex_lock(&lmdb->lock);
    bool keep = lmdb->idle_count < IDLE_READS_MAX;
    if (keep) {
        read->next = lmdb->idle;
        lmdb->idle = read;
        lmdb->idle_count++;
    }
    (void)pthread_mutex_unlock(&lmdb->lock);
    if (!keep) {
        free_read(read);
    }
}

/* A table that a reader did not find when it opened the file: its writer may have made it since. */
static bool have_table(const struct lmdb_read *read, int table)
{
    const struct lmdb *lmdb = lmdb_of(read->read.kv);
    HF_ASSERT(table >= 0 && table < lmdb->table_count);
    return !lmdb->missing[table];
}

static enum hf_rc get(struct hf_kv_read *read, int table, struct hf_bytes key,
                      struct hf_bytes *ret_value, struct hf_err *err)
{
    if (!have_table(read_of(read), table)) {
        return HF_ENOTFOUND;
    }
    MDB_val k = val_of(key);
    MDB_val v;
    int code = mdb_get(read_of(read)->mdb, lmdb_of(read->kv)->table[table], &k, &v);
    if (code == 0) {
        *ret_value = hf_bytes_of(v.mv_data, v.mv_size);
    }
    return code == MDB_NOTFOUND ? HF_ENOTFOUND : fault(err, code, "cannot read");
}

static enum hf_rc cursor_of(struct lmdb_read *read, int table, MDB_cursor **ret_cursor,
                            struct hf_err *err)
{
    if (!have_table(read, table)) {
        return HF_ENOTFOUND;
    }
    int code = 0;
    if (read->cursor[table] == NULL) {
        code =
            mdb_cursor_open(read->mdb, lmdb_of(read->read.kv)->table[table], &read->cursor[table]);
    } else if (!read->renewed[table]) {
        code = mdb_cursor_renew(read->mdb, read->cursor[table]);
    }
    if (code != 0) {
        return fault(err, code, "cannot read");
    }
    read->renewed[table] = true;
    *ret_cursor = read->cursor[table];
    return HF_OK;
}

static enum hf_rc found(int code, const MDB_val *k, const MDB_val *v, struct hf_bytes *ret_key,
                        struct hf_bytes *ret_value, struct hf_err *err)
{
    if (code == 0) {
        *ret_key = hf_bytes_of(k->mv_data, k->mv_size);
        *ret_value = hf_bytes_of(v->mv_data, v->mv_size);
    }
    return code == MDB_NOTFOUND ? HF_ENOTFOUND : fault(err, code, "cannot read");
}

static enum hf_rc ceiling(struct hf_kv_read *read, int table, struct hf_bytes key,
                          struct hf_bytes *ret_key, struct hf_bytes *ret_value, struct hf_err *err)
{
    MDB_cursor *cursor = NULL;
    enum hf_rc rc = cursor_of(read_of(read), table, &cursor, err);
    if (rc != HF_OK) {
        return rc;
    }
    MDB_val k = val_of(key);
    MDB_val v;
    int code = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
    return found(code, &k, &v, ret_key, ret_value, err);
}

static enum hf_rc floor_of(struct hf_kv_read *read, int table, struct hf_bytes key,
                           struct hf_bytes *ret_key, struct hf_bytes *ret_value, struct hf_err *err)
{
    MDB_cursor *cursor = NULL;
    enum hf_rc rc = cursor_of(read_of(read), table, &cursor, err);
    if (rc != HF_OK) {
        return rc;
    }
    MDB_val k = val_of(key);
    MDB_val v;
    int code = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND) {
        code = mdb_cursor_get(cursor, &k, &v, MDB_LAST);
    } else if (code == 0 && !hf_bytes_eq(hf_bytes_of(k.mv_data, k.mv_size), key)) {
        code = mdb_cursor_get(cursor, &k, &v, MDB_PREV);
    }
    return found(code, &k, &v, ret_key, ret_value, err);
}

static enum hf_rc next(struct hf_kv_read *read, int table, struct hf_bytes *ret_key,
                       struct hf_bytes *ret_value, struct hf_err *err)
{
    MDB_cursor *cursor = NULL;
    enum hf_rc rc = cursor_of(read_of(read), table, &cursor, err);
    if (rc != HF_OK) {
        return rc;
    }
    MDB_val k;
    MDB_val v;
    int code = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    return found(code, &k, &v, ret_key, ret_value, err);
}

static uint64_t bytes_of(struct hf_kv *kv)
{
    int fd = -1;
    struct stat st;
    if (mdb_env_get_fd(lmdb_of(kv)->env, &fd) != 0 || fstat(fd, &st) != 0) {
        return 0;
    }
    return (uint64_t)st.st_size;
}

/* opening and closing */

static void close_kv(struct hf_kv *kv)
{
    struct lmdb *lmdb = lmdb_of(kv);
    while (lmdb->idle != NULL) {
        struct lmdb_read *read = lmdb->idle;
        lmdb->idle = read->next;
        free_read(read);
    }
    if (lmdb->env != NULL) {
        mdb_env_close(lmdb->env);
    }
    (void)pthread_mutex_destroy(&lmdb->lock);
    hf_heap_free(lmdb);
}

static const struct hf_kv_ops ops = {close_kv,       begin, put,     del,      commit, abort_txn,
                                     begin_snapshot, get,   ceiling, floor_of, next,   end,
                                     bytes_of};

static int open_tables(struct lmdb *lmdb, const struct hf_kv_conf *conf)
{
    bool writes = lmdb->mode == HF_LMDB_WRITE || lmdb->mode == HF_LMDB_BUILD;
    MDB_txn *txn = NULL;
    int code = writes ? mdb_txn_begin(lmdb->env, NULL, 0, &txn) : begin_read(lmdb, &txn);
    if (code != 0) {
        return code;
    }
    for (int i = 0; i < conf->table_count && code == 0; i++) {
        code = mdb_dbi_open(txn, conf->tables[i], writes ? MDB_CREATE : 0, &lmdb->table[i]);
        if (code == MDB_NOTFOUND && !writes) {
            lmdb->missing[i] = true;
            code = 0;
        }
    }
    if (code != 0) {
        mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

static int open_env(struct lmdb *lmdb, const char *path, const struct hf_kv_conf *conf)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
    if (lmdb->mode == HF_LMDB_READ) {
        flags |= MDB_RDONLY;
    } else if (lmdb->mode == HF_LMDB_SEALED) {
        flags |= MDB_RDONLY | MDB_NOLOCK;
    } else if (lmdb->mode == HF_LMDB_BUILD) {
        flags |= MDB_NOLOCK | MDB_NOSYNC;
    }
    int code = mdb_env_create(&lmdb->env);
    if (code == 0) {
        code = mdb_env_set_maxreaders(lmdb->env, READERS_MAX);
    }
    if (code == 0) {
        code = mdb_env_set_maxdbs(lmdb->env, HF_KV_TABLES_MAX);
    }
    if (code == 0 && conf->map_bytes > 0) {
        code = mdb_env_set_mapsize(lmdb->env, conf->map_bytes);
    } else if (code == 0 && lmdb->mode == HF_LMDB_SEALED) {
        /* Raised by LMDB to what the file holds; by itself it would take the map that the file was
         * built in, and with many sealed volumes the address space would run out. */
        code = mdb_env_set_mapsize(lmdb->env, SEALED_MAP_MIN);
    }
    if (code == 0) {
        code = mdb_env_open(lmdb->env, path, flags, 0600);
    }
    if (lmdb->mode == HF_LMDB_READ && (code == EACCES || code == EROFS)) {
        /* Read-only media: nobody can write there, so no lock is needed. */
        mdb_env_close(lmdb->env);
        lmdb->env = NULL;
        lmdb->mode = HF_LMDB_SEALED;
        return open_env(lmdb, path, conf); // NOLINT(misc-no-recursion): once, with another mode
    }
    int dead = 0;
    if (code == 0 && lmdb->mode != HF_LMDB_SEALED && lmdb->mode != HF_LMDB_BUILD) {
        (void)mdb_reader_check(lmdb->env, &dead);
    }
    return code == 0 ? open_tables(lmdb, conf) : code;
}

enum hf_rc hf_lmdb_open(const char *path, enum hf_lmdb_mode mode, const struct hf_kv_conf *conf,
                        struct hf_kv **ret_kv, struct hf_err *err)
{
    HF_ASSERT(conf->table_count <= HF_KV_TABLES_MAX);
    struct lmdb *lmdb = hf_heap_zalloc(1, sizeof *lmdb);
    if (lmdb == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to open %s", path);
    }
    lmdb->kv.ops = &ops;
    lmdb->mode = mode;
    lmdb->table_count = conf->table_count;
    (void)pthread_mutex_init(&lmdb->lock, NULL);
    int code = open_env(lmdb, path, conf);
    if (code != 0) {
        close_kv(&lmdb->kv);
        enum hf_rc rc = rc_of(code);
        return rc == HF_EINVAL
                   ? hf_err_set(
                         err, rc,
                         "%s is damaged, or no data file of this program; restore it from a backup",
                         path)
                   : fault(err, code, path);
    }
    *ret_kv = &lmdb->kv;
    return HF_OK;
}

enum hf_rc hf_lmdb_sync(struct hf_kv *kv, struct hf_err *err)
{
    return fault(err, mdb_env_sync(lmdb_of(kv)->env, 1), "cannot sync");
}
