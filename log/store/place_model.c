/* log/store/place_model.c: a disk in memory that crashes on demand. */
#include "log/store/place_model.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/env.h"
#include "base/heap.h"
#include "log/store/sealer.h"
#include "log/store/table_model.h"

#define FILES_MAX 64

enum file_kind {
    FILE_ENV,
    FILE_SEALED,
    FILE_MARK
};

struct file {
    char name[HF_PLACE_NAME_MAX];
    enum file_kind kind;
    struct hf_table_model table[HF_KV_TABLES_MAX];
    struct hf_table_model before[HF_KV_TABLES_MAX]; /* before the newest commit, for a lying disk */
    bool has_before;
    uint8_t mark[HF_MARK_MAX];
    size_t mark_len;
    uint8_t old_mark[HF_MARK_MAX];
    size_t old_mark_len;
    unsigned opens; /* a file that is replaced or removed stays for those who have it open */
    bool gone;
};

struct hf_disk_model {
    struct hf_env_sim env; /* only its randomness: what survives a crash */
    struct hf_disk_plan plan;
    uint64_t steps;
    bool crashed;
    bool owned;
    struct file *files[FILES_MAX];
    struct model_txn *in_flight; /* a commit that the crash hit */
};

struct model_place {
    struct hf_place place;
    struct hf_disk_model *disk;
};

struct model_kv {
    struct hf_kv kv;
    struct hf_disk_model *disk;
    struct file *file;
    int table_count;
    bool writable;
    bool failed;
    int reads;
};

struct op {
    int table;
    bool is_put;
    struct hf_pair_model pair;
};

struct model_txn {
    struct hf_kv_txn txn;
    struct file *file;
    struct op *ops;
    size_t count;
    size_t cap;
};

struct model_read {
    struct hf_kv_read read;
    size_t at[HF_KV_TABLES_MAX];
};

struct model_sealer {
    struct hf_sealer sealer;
    struct file *file; /* not on the disk before it is finished */
};

/* steps and faults */

static enum hf_rc step(struct hf_disk_model *disk, struct hf_err *err)
{
    if (disk->crashed) {
        return hf_err_set(err, HF_EIO, "the power is off");
    }
    disk->steps++;
    if (disk->steps != disk->plan.at_step) {
        return HF_OK;
    }
    switch (disk->plan.fault) {
    case HF_FAULT_NONE: break;
    case HF_FAULT_CRASH: disk->crashed = true; return hf_err_set(err, HF_EIO, "the power went off");
    case HF_FAULT_EIO: return hf_err_set(err, HF_EIO, "the disk failed once");
    case HF_FAULT_ENOSPC: return hf_err_set(err, HF_ENOSPC, "the disk was full once");
    }
    return HF_OK;
}

static uint64_t draw(struct hf_disk_model *disk, uint64_t below)
{
    uint64_t number = 0;
    hf_env_random(&disk->env.env, &number, sizeof number);
    return number % below;
}

/* files */

static struct file *find_file(const struct hf_disk_model *disk, const char *name)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (disk->files[i] != NULL && strcmp(disk->files[i]->name, name) == 0) {
            return disk->files[i];
        }
    }
    return NULL;
}

static struct file *new_file(const char *name, enum file_kind kind)
{
    struct file *file = hf_heap_zalloc(1, sizeof *file);
    if (file != NULL) {
        file->kind = kind;
        (void)snprintf(file->name, sizeof file->name, "%s", name);
    }
    return file;
}

static void free_file(struct file *file)
{
    if (file != NULL) {
        for (int i = 0; i < HF_KV_TABLES_MAX; i++) {
            hf_table_model_free(&file->table[i]);
            hf_table_model_free(&file->before[i]);
        }
        hf_heap_free(file);
    }
}

static void drop_file(struct hf_disk_model *disk, const char *name)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (disk->files[i] != NULL && strcmp(disk->files[i]->name, name) == 0) {
            disk->files[i]->gone = true;
            if (disk->files[i]->opens == 0) {
                free_file(disk->files[i]);
            }
            disk->files[i] = NULL;
        }
    }
}

static void add_file(struct hf_disk_model *disk, struct file *file)
{
    drop_file(disk, file->name);
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (disk->files[i] == NULL) {
            disk->files[i] = file;
            return;
        }
    }
    HF_UNREACHABLE("a simulated log has fewer files");
}

/* environments */

static struct model_kv *kv_of(struct hf_kv *kv)
{
    return HF_CONTAINER_OF(kv, struct model_kv, kv);
}

static struct model_txn *txn_of(struct hf_kv_txn *txn)
{
    return HF_CONTAINER_OF(txn, struct model_txn, txn);
}

static struct model_read *read_of(struct hf_kv_read *read)
{
    return HF_CONTAINER_OF(read, struct model_read, read);
}

static void close_kv(struct hf_kv *kv)
{
    struct file *file = kv_of(kv)->file;
    HF_ASSERT(kv_of(kv)->reads == 0);
    if (--file->opens == 0 && file->gone) {
        free_file(file);
    }
    hf_heap_free(kv_of(kv));
}

static enum hf_rc begin(struct hf_kv *kv, struct hf_kv_txn **ret_txn, struct hf_err *err)
{
    struct model_kv *model = kv_of(kv);
    if (!model->writable) {
        return hf_err_set(err, HF_EREADONLY, "the file is open for reading only");
    }
    if (model->failed || model->disk->crashed) {
        return hf_err_set(err, HF_EIO, "a commit failed before");
    }
    struct model_txn *txn = hf_heap_zalloc(1, sizeof *txn);
    if (txn == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a transaction");
    }
    txn->txn.kv = kv;
    txn->file = model->file;
    *ret_txn = &txn->txn;
    return HF_OK;
}

static enum hf_rc add_op(struct model_txn *txn, int table, bool is_put, struct hf_bytes key,
                         struct hf_bytes value)
{
    if (txn->count == txn->cap) {
        size_t cap = txn->cap == 0 ? 16 : 2 * txn->cap;
        struct op *grown = hf_heap_resize(txn->ops, cap, sizeof *grown);
        if (grown == NULL) {
            return HF_ENOMEM;
        }
        txn->ops = grown;
        txn->cap = cap;
    }
    uint8_t *bytes = hf_heap_alloc(key.len + value.len);
    if (bytes == NULL) {
        return HF_ENOMEM;
    }
    memcpy(bytes, key.ptr, key.len);
    if (value.len > 0) {
        memcpy(bytes + key.len, value.ptr, value.len);
    }
    txn->ops[txn->count++] = (struct op){table, is_put, {bytes, key.len, value.len}};
    return HF_OK;
}

/* Is the key there, as the transaction sees it? */
static bool has_key(const struct model_txn *txn, int table, struct hf_bytes key)
{
    for (size_t i = txn->count; i > 0; i--) {
        const struct op *op = &txn->ops[i - 1];
        if (op->table == table && hf_bytes_eq(hf_pair_key(&op->pair), key)) {
            return op->is_put;
        }
    }
    return hf_table_model_find(&txn->file->table[table], key) != NULL;
}

/* Does the key sort behind all that the transaction sees? */
static bool sorts_last(const struct model_txn *txn, int table, struct hf_bytes key)
{
    const struct hf_table_model *stored = &txn->file->table[table];
    for (size_t i = stored->count; i > 0; i--) {
        struct hf_bytes other = hf_pair_key(&stored->pair[i - 1]);
        if (hf_bytes_cmp(other, key) < 0) {
            break;
        }
        if (has_key(txn, table, other)) {
            return false;
        }
    }
    for (size_t i = 0; i < txn->count; i++) {
        struct hf_bytes other = hf_pair_key(&txn->ops[i].pair);
        if (txn->ops[i].table == table && hf_bytes_cmp(other, key) >= 0 &&
            has_key(txn, table, other)) {
            return false;
        }
    }
    return true;
}

static enum hf_rc put(struct hf_kv_txn *txn, int table, struct hf_bytes key, struct hf_bytes value,
                      bool append, struct hf_err *err)
{
    enum hf_rc rc = step(kv_of(txn->kv)->disk, err);
    if (rc == HF_OK && append && !sorts_last(txn_of(txn), table, key)) {
        return hf_err_set(err, HF_EEXIST, "the key does not sort last");
    }
    return rc == HF_OK ? add_op(txn_of(txn), table, true, key, value) : rc;
}

static enum hf_rc del(struct hf_kv_txn *txn, int table, struct hf_bytes key, struct hf_err *err)
{
    enum hf_rc rc = step(kv_of(txn->kv)->disk, err);
    if (rc == HF_OK && !has_key(txn_of(txn), table, key)) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no such key");
    }
    return rc == HF_OK ? add_op(txn_of(txn), table, false, key, (struct hf_bytes){NULL, 0}) : rc;
}

static void free_txn(struct model_txn *txn)
{
    for (size_t i = 0; i < txn->count; i++) {
        hf_heap_free(txn->ops[i].pair.bytes);
    }
    hf_heap_free(txn->ops);
    hf_heap_free(txn);
}

static void apply(struct model_txn *txn)
{
    for (size_t i = 0; i < txn->count; i++) {
        const struct op *op = &txn->ops[i];
        struct hf_table_model *table = &txn->file->table[op->table];
        enum hf_rc rc =
            op->is_put ? hf_table_model_put(table, hf_pair_key(&op->pair), hf_pair_value(&op->pair))
                       : hf_table_model_del(table, hf_pair_key(&op->pair));
        HF_ASSERT(rc == HF_OK || rc == HF_ENOTFOUND); /* the model's own memory is not swept */
    }
}

static void remember(struct file *file)
{
    for (int i = 0; i < HF_KV_TABLES_MAX; i++) {
        hf_table_model_free(&file->before[i]);
        enum hf_rc rc = hf_table_model_copy(&file->table[i], &file->before[i]);
        HF_ASSERT(rc == HF_OK);
    }
    file->has_before = true;
}

static enum hf_rc commit(struct hf_kv_txn *handle, struct hf_err *err)
{
    struct model_txn *txn = txn_of(handle);
    struct model_kv *kv = kv_of(handle->kv);
    struct hf_disk_model *disk = kv->disk;
    bool was_on = !disk->crashed;
    enum hf_rc rc = step(disk, err);
    if (rc == HF_OK) {
        if (disk->plan.lying) {
            remember(kv->file);
        }
        apply(txn);
        free_txn(txn);
        return HF_OK;
    }
    kv->failed = true;
    if (was_on && disk->crashed) {
        disk->in_flight = txn; /* the restart decides */
    } else {
        free_txn(txn);
    }
    return rc;
}

static void abort_txn(struct hf_kv_txn *txn)
{
    free_txn(txn_of(txn));
}

static enum hf_rc begin_read(struct hf_kv *kv, struct hf_kv_read **ret_read, struct hf_err *err)
{
    if (kv_of(kv)->disk->crashed) {
        return hf_err_set(err, HF_EIO, "the power is off");
    }
    struct model_read *read = hf_heap_zalloc(1, sizeof *read);
    if (read == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to read");
    }
    read->read.kv = kv;
    kv_of(kv)->reads++;
    *ret_read = &read->read;
    return HF_OK;
}

static enum hf_rc get(struct hf_kv_read *read, int table, struct hf_bytes key,
                      struct hf_bytes *ret_value, struct hf_err *err)
{
    (void)err;
    struct hf_pair_model *pair = hf_table_model_find(&kv_of(read->kv)->file->table[table], key);
    if (pair == NULL) {
        return HF_ENOTFOUND;
    }
    *ret_value = hf_pair_value(pair);
    return HF_OK;
}

static enum hf_rc give(struct hf_kv_read *read, int table, size_t at, struct hf_bytes *ret_key,
                       struct hf_bytes *ret_value)
{
    const struct hf_table_model *stored = &kv_of(read->kv)->file->table[table];
    if (at >= stored->count) {
        return HF_ENOTFOUND;
    }
    read_of(read)->at[table] = at;
    *ret_key = hf_pair_key(&stored->pair[at]);
    *ret_value = hf_pair_value(&stored->pair[at]);
    return HF_OK;
}

static enum hf_rc ceiling(struct hf_kv_read *read, int table, struct hf_bytes key,
                          struct hf_bytes *ret_key, struct hf_bytes *ret_value, struct hf_err *err)
{
    (void)err;
    return give(read, table, hf_table_model_ceil(&kv_of(read->kv)->file->table[table], key),
                ret_key, ret_value);
}

static enum hf_rc floor_of(struct hf_kv_read *read, int table, struct hf_bytes key,
                           struct hf_bytes *ret_key, struct hf_bytes *ret_value, struct hf_err *err)
{
    (void)err;
    const struct hf_table_model *stored = &kv_of(read->kv)->file->table[table];
    size_t at = hf_table_model_ceil(stored, key);
    bool equal = at < stored->count && hf_bytes_eq(hf_pair_key(&stored->pair[at]), key);
    if (!equal && at == 0) {
        return HF_ENOTFOUND;
    }
    return give(read, table, equal ? at : at - 1, ret_key, ret_value);
}

static enum hf_rc next(struct hf_kv_read *read, int table, struct hf_bytes *ret_key,
                       struct hf_bytes *ret_value, struct hf_err *err)
{
    (void)err;
    return give(read, table, read_of(read)->at[table] + 1, ret_key, ret_value);
}

static void end(struct hf_kv_read *read)
{
    kv_of(read->kv)->reads--;
    hf_heap_free(read_of(read));
}

static uint64_t bytes_of(struct hf_kv *kv)
{
    uint64_t bytes = 0;
    for (int i = 0; i < HF_KV_TABLES_MAX; i++) {
        const struct hf_table_model *table = &kv_of(kv)->file->table[i];
        for (size_t k = 0; k < table->count; k++) {
            bytes += table->pair[k].key_len + table->pair[k].value_len;
        }
    }
    return bytes;
}

static const struct hf_kv_ops kv_ops = {close_kv,  begin,      put,     del,     commit,
                                        abort_txn, begin_read, get,     ceiling, floor_of,
                                        next,      end,        bytes_of};

/* the place */

static struct hf_disk_model *disk_of(struct hf_place *place)
{
    return HF_CONTAINER_OF(place, struct model_place, place)->disk;
}

static void close_place(struct hf_place *place)
{
    if (place->mode == HF_PLACE_CREATE && !disk_of(place)->crashed) {
        drop_file(disk_of(place), "log.mdb");
    }
    if (place->mode != HF_PLACE_READ) {
        disk_of(place)->owned = false;
    }
    hf_heap_free(HF_CONTAINER_OF(place, struct model_place, place));
}

static enum hf_rc open_kv(struct hf_disk_model *disk, struct file *file, int tables, bool writable,
                          struct hf_kv **ret_kv, struct hf_err *err)
{
    struct model_kv *kv = hf_heap_zalloc(1, sizeof *kv);
    if (kv == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to open %s", file->name);
    }
    kv->kv.ops = &kv_ops;
    kv->disk = disk;
    kv->file = file;
    file->opens++;
    kv->table_count = tables;
    kv->writable = writable;
    *ret_kv = &kv->kv;
    return HF_OK;
}

static enum hf_rc open_env(struct hf_place *place, const char *name, const struct hf_kv_conf *conf,
                           struct hf_kv **ret_kv, struct hf_err *err)
{
    struct hf_disk_model *disk = disk_of(place);
    struct file *file = find_file(disk, name);
    bool makes = place->mode == HF_PLACE_CREATE ||
                 (place->mode == HF_PLACE_OWN && strcmp(name, "log.mdb") != 0);
    if (disk->crashed) {
        return hf_err_set(err, HF_EIO, "the power is off");
    }
    if (file == NULL && !makes) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no %s", name);
    }
    if (file == NULL) {
        file = new_file(name, FILE_ENV);
        if (file == NULL) {
            return hf_err_set(err, HF_ENOMEM, "no memory for %s", name);
        }
        add_file(disk, file);
    }
    return open_kv(disk, file, conf->table_count, place->mode != HF_PLACE_READ, ret_kv, err);
}

static enum hf_rc seal_begin(struct hf_place *place, const char *name, uint64_t bytes_max,
                             struct hf_sealer **ret_sealer, struct hf_err *err)
{
    (void)bytes_max;
    struct model_sealer *sealer = hf_heap_zalloc(1, sizeof *sealer);
    if (sealer != NULL) {
        sealer->file = new_file(name, FILE_SEALED);
    }
    if (sealer == NULL || sealer->file == NULL) {
        hf_heap_free(sealer);
        return hf_err_set(err, HF_ENOMEM, "no memory to seal");
    }
    sealer->sealer.place = place;
    *ret_sealer = &sealer->sealer;
    return HF_OK;
}

static struct model_sealer *sealer_of(struct hf_sealer *sealer)
{
    return HF_CONTAINER_OF(sealer, struct model_sealer, sealer);
}

static enum hf_rc seal_put(struct hf_sealer *sealer, struct hf_bytes key, struct hf_bytes value,
                           struct hf_err *err)
{
    enum hf_rc rc = step(disk_of(sealer->place), err);
    return rc == HF_OK ? hf_table_model_put(&sealer_of(sealer)->file->table[0], key, value) : rc;
}

static void seal_abort(struct hf_sealer *sealer)
{
    free_file(sealer_of(sealer)->file);
    hf_heap_free(sealer_of(sealer));
}

/* The file is whole under its name or not there: what is under a temporary name is never looked at,
 * and the rename is synced. A crash in between may have done it. */
static enum hf_rc seal_finish(struct hf_sealer *sealer, struct hf_err *err)
{
    struct hf_disk_model *disk = disk_of(sealer->place);
    bool was_on = !disk->crashed;
    enum hf_rc rc = step(disk, err);
    bool done = rc == HF_OK || (was_on && disk->crashed && draw(disk, 2) == 1);
    if (done) {
        add_file(disk, sealer_of(sealer)->file);
        sealer_of(sealer)->file = NULL;
    }
    seal_abort(sealer);
    return rc;
}

static enum hf_rc sealed_open(struct hf_place *place, const char *name, struct hf_kv **ret_kv,
                              struct hf_err *err)
{
    struct hf_disk_model *disk = disk_of(place);
    struct file *file = find_file(disk, name);
    if (disk->crashed) {
        return hf_err_set(err, HF_EIO, "the power is off");
    }
    return file == NULL ? hf_err_set(err, HF_ENOTFOUND, "there is no %s", name)
                        : open_kv(disk, file, 1, false, ret_kv, err);
}

/* Nobody looks at what was damaged. */
static enum hf_rc set_aside(struct hf_place *place, const char *name, struct hf_err *err)
{
    enum hf_rc rc = step(disk_of(place), err);
    if (rc == HF_OK && find_file(disk_of(place), name) == NULL) {
        rc = hf_err_set(err, HF_ENOTFOUND, "there is no %s", name);
    }
    if (rc == HF_OK) {
        drop_file(disk_of(place), name);
    }
    return rc;
}

static enum hf_rc mark_write(struct hf_place *place, const char *name, struct hf_bytes bytes,
                             struct hf_err *err)
{
    struct hf_disk_model *disk = disk_of(place);
    enum hf_rc rc = step(disk, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct file *file = find_file(disk, name);
    if (file == NULL) {
        file = new_file(name, FILE_MARK);
        if (file == NULL) {
            return hf_err_set(err, HF_ENOMEM, "no memory for a mark");
        }
        add_file(disk, file);
    }
    memcpy(file->old_mark, file->mark, sizeof file->mark);
    file->old_mark_len = file->mark_len;
    memcpy(file->mark, bytes.ptr, bytes.len);
    file->mark_len = bytes.len;
    return HF_OK;
}

static enum hf_rc mark_read(struct hf_place *place, const char *name, uint8_t *out, size_t cap,
                            size_t *ret_len, struct hf_err *err)
{
    const struct file *file = find_file(disk_of(place), name);
    if (file == NULL || file->kind != FILE_MARK) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no %s", name);
    }
    *ret_len = file->mark_len < cap ? file->mark_len : cap;
    memcpy(out, file->mark, *ret_len);
    return HF_OK;
}

static enum hf_rc room(struct hf_place *place, uint64_t *ret_free, uint64_t *ret_total,
                       struct hf_err *err)
{
    (void)place;
    (void)err;
    *ret_free = UINT64_C(1) << 40;
    *ret_total = UINT64_C(1) << 40;
    return HF_OK;
}

static bool foreign_owner(struct hf_place *place, char *out, size_t cap)
{
    bool held = place->mode == HF_PLACE_READ && disk_of(place)->owned;
    (void)snprintf(out, cap, "%s", held ? "the simulation" : "");
    return held;
}

static const struct hf_place_ops place_ops = {close_place, open_env,   seal_begin,  seal_put,
                                              seal_finish, seal_abort, sealed_open, set_aside,
                                              mark_write,  mark_read,  room,        foreign_owner};

enum hf_rc hf_place_model_open(struct hf_disk_model *disk, enum hf_place_mode mode,
                               struct hf_place **ret_place, struct hf_err *err)
{
    if (disk->crashed) {
        return hf_err_set(err, HF_EIO, "the power is off");
    }
    if (mode != HF_PLACE_READ && disk->owned) {
        return hf_err_set(err, HF_ELOCKED, "the log is open for writing in this simulation");
    }
    if (mode == HF_PLACE_CREATE && find_file(disk, "log.mdb") != NULL) {
        return hf_err_set(err, HF_EEXIST, "the disk is not empty");
    }
    struct model_place *place = hf_heap_zalloc(1, sizeof *place);
    if (place == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a place");
    }
    place->place.ops = &place_ops;
    place->place.mode = mode;
    place->disk = disk;
    disk->owned = disk->owned || mode != HF_PLACE_READ;
    *ret_place = &place->place;
    return HF_OK;
}

/* the disk */

enum hf_rc hf_disk_model_new(uint64_t seed, struct hf_disk_model **ret_disk)
{
    struct hf_disk_model *disk = hf_heap_zalloc(1, sizeof *disk);
    if (disk == NULL) {
        return HF_ENOMEM;
    }
    hf_env_sim_init(&disk->env, seed);
    *ret_disk = disk;
    return HF_OK;
}

static enum hf_rc copy_file(const struct file *from, struct file **ret_file)
{
    struct file *file = new_file(from->name, from->kind);
    if (file == NULL) {
        return HF_ENOMEM;
    }
    *ret_file = file;
    memcpy(file->mark, from->mark, sizeof file->mark);
    memcpy(file->old_mark, from->old_mark, sizeof file->old_mark);
    file->mark_len = from->mark_len;
    file->old_mark_len = from->old_mark_len;
    enum hf_rc rc = HF_OK;
    for (int i = 0; rc == HF_OK && i < HF_KV_TABLES_MAX; i++) {
        rc = hf_table_model_copy(&from->table[i], &file->table[i]);
    }
    return rc;
}

enum hf_rc hf_disk_model_copy(const struct hf_disk_model *from, uint64_t seed,
                              struct hf_disk_model **ret_disk)
{
    enum hf_rc rc = hf_disk_model_new(seed, ret_disk);
    for (size_t i = 0; rc == HF_OK && i < FILES_MAX; i++) {
        if (from->files[i] != NULL) {
            rc = copy_file(from->files[i], &(*ret_disk)->files[i]);
        }
    }
    if (rc != HF_OK) {
        hf_disk_model_free(*ret_disk);
        *ret_disk = NULL;
    }
    return rc;
}

void hf_disk_model_free(struct hf_disk_model *disk)
{
    if (disk == NULL) {
        return;
    }
    if (disk->in_flight != NULL) {
        free_txn(disk->in_flight);
    }
    for (size_t i = 0; i < FILES_MAX; i++) {
        free_file(disk->files[i]);
    }
    hf_heap_free(disk);
}

void hf_disk_model_plan(struct hf_disk_model *disk, struct hf_disk_plan plan)
{
    disk->plan = plan;
    disk->steps = 0;
}

uint64_t hf_disk_model_steps(const struct hf_disk_model *disk)
{
    return disk->steps;
}

void hf_disk_model_crash(struct hf_disk_model *disk)
{
    disk->crashed = true;
}

bool hf_disk_model_crashed(const struct hf_disk_model *disk)
{
    return disk->crashed;
}

static void settle_mark(struct hf_disk_model *disk, struct file *file)
{
    switch (draw(disk, 3)) {
    case 0: break; /* the new one reached the disk */
    case 1:
        memcpy(file->mark, file->old_mark, sizeof file->mark);
        file->mark_len = file->old_mark_len;
        break;
    default: /* torn: the new one up to somewhere, then the old one */
        for (size_t i = (size_t)draw(disk, file->mark_len + 1); i < file->mark_len; i++) {
            file->mark[i] = file->old_mark[i];
        }
        break;
    }
}

void hf_disk_model_restart(struct hf_disk_model *disk)
{
    HF_ASSERT(disk->crashed && !disk->owned);
    if (disk->in_flight != NULL) {
        if (draw(disk, 2) == 1) {
            apply(disk->in_flight);
        }
        free_txn(disk->in_flight);
        disk->in_flight = NULL;
    }
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct file *file = disk->files[i];
        if (file != NULL && file->kind == FILE_MARK) {
            settle_mark(disk, file);
        }
        if (file != NULL && file->has_before && disk->plan.lying) {
            for (int t = 0; t < HF_KV_TABLES_MAX; t++) {
                hf_table_model_free(&file->table[t]);
                file->table[t] = file->before[t];
                file->before[t] = (struct hf_table_model){0};
            }
            file->has_before = false;
        }
    }
    disk->crashed = false;
    disk->plan = (struct hf_disk_plan){0};
}
