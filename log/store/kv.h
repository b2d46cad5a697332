/* log/store/kv.h: an ordered key-value environment with transactions: what a log stands on.
 *
 * Two implementations: LMDB (kv_lmdb.c) and an in-memory model that can crash at any write
 * (kv_model.c). Tables are numbered; keys are 1 to 511 bytes, ordered bytewise; values up to
 * 128 MiB. One writer at a time, any number of readers.
 *
 * Promises: a commit is atomic, and durable when hf_kv_commit returned HF_OK (full sync). After a
 * failed commit the outcome is unknown and the environment is `failed`: every later write is
 * refused with HF_EIO until it is closed and opened again.
 * Threads: write transactions and read handles belong to the thread that uses them at the time
 * (a write transaction begins and ends on one thread); different handles are independent.
 * A read handle pins old pages: begin it, copy, end it; never keep one across waits.
 */
#ifndef HF_LOG_STORE_KV_H
#define HF_LOG_STORE_KV_H

#include "base/bytes.h"
#include "base/err.h"

struct hf_kv;      /* an environment */
struct hf_kv_txn;  /* a write transaction */
struct hf_kv_read; /* a read snapshot */

#define HF_KV_KEY_MAX    511
#define HF_KV_TABLES_MAX 8

struct hf_kv_ops {
    void (*close)(struct hf_kv *kv);
    enum hf_rc (*begin)(struct hf_kv *kv, struct hf_kv_txn **ret_txn, struct hf_err *err);
    enum hf_rc (*put)(struct hf_kv_txn *txn, int table, struct hf_bytes key, struct hf_bytes value,
                      bool append, struct hf_err *err);
    enum hf_rc (*del)(struct hf_kv_txn *txn, int table, struct hf_bytes key, struct hf_err *err);
    enum hf_rc (*commit)(struct hf_kv_txn *txn, struct hf_err *err);
    void (*abort)(struct hf_kv_txn *txn);
    enum hf_rc (*read)(struct hf_kv *kv, struct hf_kv_read **ret_read, struct hf_err *err);
    enum hf_rc (*get)(struct hf_kv_read *read, int table, struct hf_bytes key,
                      struct hf_bytes *ret_value, struct hf_err *err);
    enum hf_rc (*ceil)(struct hf_kv_read *read, int table, struct hf_bytes key,
                       struct hf_bytes *ret_key, struct hf_bytes *ret_value, struct hf_err *err);
    enum hf_rc (*floor)(struct hf_kv_read *read, int table, struct hf_bytes key,
                        struct hf_bytes *ret_key, struct hf_bytes *ret_value, struct hf_err *err);
    enum hf_rc (*next)(struct hf_kv_read *read, int table, struct hf_bytes *ret_key,
                       struct hf_bytes *ret_value, struct hf_err *err);
    void (*end)(struct hf_kv_read *read);
    uint64_t (*bytes)(struct hf_kv *kv);
};

struct hf_kv {
    const struct hf_kv_ops *ops;
};

struct hf_kv_txn {
    struct hf_kv *kv;
};

struct hf_kv_read {
    struct hf_kv *kv;
};

/* Closes and frees; no transaction or read handle may be open. NULL is fine. */
static inline void hf_kv_close(struct hf_kv *kv)
{
    if (kv != NULL) {
        kv->ops->close(kv);
    }
}

static inline enum hf_rc hf_kv_begin(struct hf_kv *kv, struct hf_kv_txn **ret_txn,
                                     struct hf_err *err)
{
    return kv->ops->begin(kv, ret_txn, err);
}

/* append: the key sorts after every key of the table (HF_EEXIST otherwise); faster. */
static inline enum hf_rc hf_kv_put(struct hf_kv_txn *txn, int table, struct hf_bytes key,
                                   struct hf_bytes value, bool append, struct hf_err *err)
{
    return txn->kv->ops->put(txn, table, key, value, append, err);
}

/* HF_ENOTFOUND when there is no such key. */
static inline enum hf_rc hf_kv_del(struct hf_kv_txn *txn, int table, struct hf_bytes key,
                                   struct hf_err *err)
{
    return txn->kv->ops->del(txn, table, key, err);
}

/* Takes the transaction, whatever it answers. HF_ENOSPC, HF_EIO: see the promises above. */
static inline enum hf_rc hf_kv_commit(struct hf_kv_txn *txn, struct hf_err *err)
{
    return txn->kv->ops->commit(txn, err);
}

/* Takes the transaction. */
static inline void hf_kv_abort(struct hf_kv_txn *txn)
{
    txn->kv->ops->abort(txn);
}

/* A snapshot of the newest commit. */
static inline enum hf_rc hf_kv_read(struct hf_kv *kv, struct hf_kv_read **ret_read,
                                    struct hf_err *err)
{
    return kv->ops->read(kv, ret_read, err);
}

/* HF_ENOTFOUND (without touching err). Values and keys of a read borrow until hf_kv_end. */
static inline enum hf_rc hf_kv_get(struct hf_kv_read *read, int table, struct hf_bytes key,
                                   struct hf_bytes *ret_value, struct hf_err *err)
{
    return read->kv->ops->get(read, table, key, ret_value, err);
}

/* The least key >= key. HF_ENOTFOUND at the end. Positions the table's cursor for hf_kv_next. */
static inline enum hf_rc hf_kv_ceil(struct hf_kv_read *read, int table, struct hf_bytes key,
                                    struct hf_bytes *ret_key, struct hf_bytes *ret_value,
                                    struct hf_err *err)
{
    return read->kv->ops->ceil(read, table, key, ret_key, ret_value, err);
}

/* The greatest key <= key. Positions the cursor too. */
static inline enum hf_rc hf_kv_floor(struct hf_kv_read *read, int table, struct hf_bytes key,
                                     struct hf_bytes *ret_key, struct hf_bytes *ret_value,
                                     struct hf_err *err)
{
    return read->kv->ops->floor(read, table, key, ret_key, ret_value, err);
}

/* The key after the cursor. HF_ENOTFOUND at the end. */
static inline enum hf_rc hf_kv_next(struct hf_kv_read *read, int table, struct hf_bytes *ret_key,
                                    struct hf_bytes *ret_value, struct hf_err *err)
{
    return read->kv->ops->next(read, table, ret_key, ret_value, err);
}

static inline void hf_kv_end(struct hf_kv_read *read)
{
    read->kv->ops->end(read);
}

/* Bytes of the environment's file. */
static inline uint64_t hf_kv_bytes(struct hf_kv *kv)
{
    return kv->ops->bytes(kv);
}

#endif
