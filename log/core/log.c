/* log/core/log.c: opens a log and finds entries and hashes in its open and sealed parts. */
#include "log/core/log.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/assert.h"
#include "base/heap.h"

static const char *const table_names[HF_TABLES] = {"meta", "frames", "volumes", "blobs"};
/* The open part of a log stays near one volume; blobs of 64 MiB and a stuck sealing still fit. */
static const struct hf_kv_conf log_conf = {table_names, HF_TABLES, UINT64_C(64) << 30};

struct hf_log {
    struct hf_tree_source source;
    struct hf_place *place;
    struct hf_kv *kv;
    struct hf_identity identity;
    const struct hf_codec *codec;
    struct hf_views *views;
    struct hf_err damage; /* of the indexes that were put beside */
    struct hf_tail tail;
    struct hf_tip tip;
    uint8_t note[HF_SOURCE_NOTE_MAX]; /* a mirror's, of the tip's size */
    size_t note_len;
    _Atomic uint64_t size;
    pthread_mutex_t lock; /* of volumes, the packer and of tip for other threads */
    struct hf_volume **volumes;
    size_t volume_cap;
    struct hf_volume *replaced;    /* by pruning, and not closed yet */
    struct hf_packer *idle_packer; /* for the next blob: making one costs more than most blobs */
};

/* creating and opening */

static enum hf_rc meta_put(struct hf_kv_txn *txn, const char *key, struct hf_bytes value,
                           struct hf_err *err)
{
    return hf_kv_put(txn, HF_TABLE_META, hf_str_bytes(hf_str_c(key)), value, false, err);
}

enum hf_rc hf_log_create(struct hf_place *place, const struct hf_identity *identity,
                         struct hf_err *err)
{
    struct hf_kv *kv = NULL;
    struct hf_kv_txn *txn = NULL;
    uint8_t text[HF_IDENTITY_MAX];
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_identity_encode(identity, &w);
    HF_ASSERT(!w.overflow);
    struct hf_tip tip = {0};
    hf_sha256((struct hf_bytes){NULL, 0}, &tip.root);
    uint8_t packed[HF_TIP_SIZE];
    hf_tip_encode(&tip, packed);
    enum hf_rc rc = hf_place_env(place, "log.mdb", &log_conf, &kv, err);
    if (rc == HF_OK) {
        rc = hf_kv_begin(kv, &txn, err);
    }
    if (rc == HF_OK) {
        rc = meta_put(txn, "identity", hf_writer_done(&w), err);
        if (rc == HF_OK) {
            rc = meta_put(txn, "tip", hf_bytes_of(packed, sizeof packed), err);
        }
        if (rc == HF_OK) {
            rc = hf_kv_commit(txn, err);
        } else {
            hf_kv_abort(txn);
        }
    }
    hf_kv_close(kv);
    if (rc == HF_OK) {
        place->mode = HF_PLACE_OWN;
    }
    return rc;
}

static enum hf_rc read_identity(struct hf_log *log, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(log->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_bytes value;
    rc = hf_kv_get(read, HF_TABLE_META, HF_BYTES("identity"), &value, err);
    if (rc == HF_ENOTFOUND) {
        rc = hf_err_set(err, HF_EMISMATCH, "this is not a log (its data file has no identity)");
    } else if (rc == HF_OK) {
        rc = hf_identity_decode(value, &log->identity, err);
    }
    hf_kv_end(read);
    return rc;
}

static void keep_note(struct hf_log *log, struct hf_bytes note)
{
    if (note.len > 0 && note.len <= sizeof log->note) {
        memcpy(log->note, note.ptr, note.len);
        log->note_len = note.len;
    }
}

/* And with it, of the same moment, the source's checkpoint. */
static enum hf_rc read_tip(struct hf_log *log, struct hf_tip *ret_tip, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(log->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_bytes value;
    rc = hf_kv_get(read, HF_TABLE_META, HF_BYTES("tip"), &value, err);
    if (rc == HF_ENOTFOUND) {
        rc = hf_err_set(err, HF_ECORRUPT,
                        "the record of the newest commit is missing; restore the folder from a "
                        "backup or a mirror");
    } else if (rc == HF_OK) {
        rc = hf_tip_decode(value, ret_tip, err);
    }
    if (rc == HF_OK && hf_kv_get(read, HF_TABLE_META, HF_BYTES("source"), &value, NULL) == HF_OK) {
        keep_note(log, value);
    }
    hf_kv_end(read);
    return rc;
}

static enum hf_rc find_codec(struct hf_log *log, const struct hf_log_options *options)
{
    if (hf_str_eq(hf_str_c(log->identity.kind), HF_STR("opaque"))) {
        return HF_OK;
    }
    for (size_t i = 0; i < options->codec_count; i++) {
        if (hf_str_eq(hf_str_c(log->identity.kind), hf_str_c(options->codecs[i]->kind))) {
            log->codec = options->codecs[i];
        }
    }
    return HF_OK;
}

static enum hf_rc node(struct hf_tree_source *source, unsigned level, uint64_t index,
                       struct hf_hash *ret_hash, struct hf_err *err)
{
    struct hf_log *log = HF_CONTAINER_OF(source, struct hf_log, source);
    if (hf_tail_node(&log->tail, level, index, ret_hash)) {
        return HF_OK;
    }
    uint64_t number = (index << level) >> HF_VOLUME_BITS;
    struct hf_volume *volume = NULL;
    enum hf_rc rc = hf_log_volume(log, number, &volume, err);
    if (rc == HF_OK) {
        hf_volume_node(volume, level, index - ((number << HF_VOLUME_BITS) >> level), ret_hash);
    }
    return rc;
}

enum hf_rc hf_log_open(struct hf_place *place, const struct hf_log_options *options,
                       struct hf_log **ret_log, struct hf_err *err)
{
    struct hf_log *log = hf_heap_zalloc(1, sizeof *log);
    if (log == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to open the log");
    }
    log->source.node = node;
    log->place = place;
    hf_tail_init(&log->tail);
    (void)pthread_mutex_init(&log->lock, /* attr= */ NULL);
    enum hf_rc rc = hf_place_env(place, "log.mdb", &log_conf, &log->kv, err);
    if (rc == HF_ENOTFOUND) {
        rc = hf_err_set(err, HF_EMISMATCH,
                        "this folder is not a log (no log.mdb in it); "
                        "make one with holdfast log init");
    }
    if (rc == HF_OK) {
        rc = read_identity(log, err);
    }
    if (rc == HF_OK) {
        rc = find_codec(log, options);
    }
    if (rc == HF_OK) {
        rc = read_tip(log, &log->tip, err);
    }
    if (rc == HF_OK && log->codec != NULL) {
        rc = hf_views_open(place, log->codec, log->tip.sealed, &log->views, &log->damage, err);
        if (rc == HF_ENOTFOUND || (rc != HF_OK && place->mode == HF_PLACE_READ)) {
            rc = HF_OK; /* rebuildable: a reader does without */
        }
    }
    if (rc != HF_OK) {
        hf_log_close(log);
        return rc;
    }
    atomic_store(&log->size, log->tip.size);
    *ret_log = log;
    return HF_OK;
}

void hf_log_close(struct hf_log *log)
{
    if (log == NULL) {
        return;
    }
    for (size_t i = 0; i < log->volume_cap; i++) {
        hf_volume_close(log->volumes[i]);
    }
    hf_volume_close(log->replaced);
    hf_heap_free(log->volumes);
    hf_views_close(log->views);
    hf_tail_fini(&log->tail);
    hf_kv_close(log->kv);
    hf_packer_free(log->idle_packer);
    (void)pthread_mutex_destroy(&log->lock);
    hf_heap_free(log);
}

/* what it is */

const struct hf_identity *hf_log_identity(const struct hf_log *log)
{
    return &log->identity;
}

const struct hf_codec *hf_log_codec(const struct hf_log *log)
{
    return log->codec;
}

struct hf_place *hf_log_place(const struct hf_log *log)
{
    return log->place;
}

struct hf_kv *hf_log_kv(const struct hf_log *log)
{
    return log->kv;
}

const struct hf_err *hf_log_index_damage(const struct hf_log *log)
{
    return &log->damage;
}

struct hf_views *hf_log_views(const struct hf_log *log)
{
    return log->views;
}

uint64_t hf_log_size(const struct hf_log *log)
{
    return atomic_load(&log->size);
}

void hf_log_tip(const struct hf_log *log, struct hf_tip *ret_tip)
{
    *ret_tip = log->tip;
}

uint64_t hf_log_bytes(struct hf_log *log)
{
    uint64_t bytes = hf_kv_bytes(log->kv);
    if (log->views != NULL) {
        bytes += hf_views_bytes(log->views);
    }
    for (uint64_t i = 0; i < log->tip.sealed; i++) {
        struct hf_volume *volume = NULL;
        if (hf_log_volume(log, i, &volume, /* err= */ NULL) == HF_OK) {
            bytes += hf_volume_bytes(volume);
        }
    }
    return bytes;
}

struct hf_bytes hf_log_source_note(const struct hf_log *log)
{
    return hf_bytes_of(log->note, log->note_len);
}

void hf_log_publish(struct hf_log *log, const struct hf_tip *tip, struct hf_bytes note)
{
    (void)pthread_mutex_lock(&log->lock);
    log->tip = *tip;
    keep_note(log, note);
    (void)pthread_mutex_unlock(&log->lock);
    atomic_store(&log->size, tip->size);
}

enum hf_rc hf_log_refresh(struct hf_log *log, bool *ret_grown, struct hf_err *err)
{
    struct hf_tip tip = {0};
    enum hf_rc rc = read_tip(log, &tip, err);
    if (rc != HF_OK) {
        return rc;
    }
    *ret_grown = tip.size > log->tip.size;
    hf_log_publish(log, &tip, (struct hf_bytes){NULL, 0});
    return HF_OK;
}

enum hf_rc hf_log_forget_source(struct hf_log *log, struct hf_err *err)
{
    struct hf_kv_txn *txn = NULL;
    enum hf_rc rc = hf_kv_begin(log->kv, &txn, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_kv_del(txn, HF_TABLE_META, HF_BYTES("source"), err);
    if (rc != HF_OK) {
        hf_kv_abort(txn);
        return rc;
    }
    log->note_len = 0;
    return hf_kv_commit(txn, err);
}

/* loading */

static enum hf_rc load_sealed(struct hf_log *log, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(log->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    for (uint64_t i = log->tail.upper.size; i < log->tip.sealed && rc == HF_OK; i++) {
        struct hf_key8 key = hf_key8_make(i);
        struct hf_bytes value;
        struct hf_volume_record record;
        rc = hf_kv_get(read, HF_TABLE_VOLUMES, hf_key8_bytes(&key), &value, err);
        if (rc == HF_ENOTFOUND) {
            rc = hf_err_set(err, HF_ECORRUPT, "its record is missing");
        } else if (rc == HF_OK) {
            rc = hf_volume_record_decode(value, &record, err);
        }
        if (rc == HF_OK) {
            rc = hf_tail_add_sealed(&log->tail, &record.root);
        }
        if (rc != HF_OK) {
            rc = hf_err_wrap(err, rc, "volume %llu", (unsigned long long)i);
        }
    }
    hf_kv_end(read);
    return rc;
}

struct loading {
    struct hf_log *log;
    hf_log_fold_fn *fold;
    void *arg;
};

/* An entry of ours that cannot be read was damaged on the disk: says what to do about that. */
static enum hf_rc damaged(struct hf_err *err, uint64_t index, const char *what)
{
    return hf_err_set(err, HF_ECORRUPT,
                      "entry %llu: %s; restore the folder from a backup or a mirror",
                      (unsigned long long)index, what);
}

static enum hf_rc load_entry(const struct loading *l, struct hf_bytes entry, struct hf_err *err)
{
    struct hf_tail *tail = &l->log->tail;
    struct hf_hash leaf;
    struct hf_tail_link link = {0};
    hf_tree_leaf_hash(entry, &leaf);
    if (l->fold != NULL) {
        enum hf_rc rc = l->fold(l->arg, tail->size, entry, &link, err);
        if (rc == HF_ECORRUPT) {
            const struct hf_err why = err == NULL ? (struct hf_err){.rc = rc} : *err;
            return damaged(err, tail->size, why.text);
        }
        if (rc != HF_OK) {
            return hf_err_wrap(err, rc, "entry %llu", (unsigned long long)tail->size);
        }
    }
    enum hf_rc rc = hf_tail_append(tail, &leaf, l->fold == NULL ? NULL : &link);
    return rc == HF_OK ? HF_OK : hf_err_set(err, rc, "no memory for the log's hashes");
}

static enum hf_rc load_run(const struct loading *l, struct hf_packer *packer, struct hf_buf *buf,
                           struct hf_err *err)
{
    struct hf_tail *tail = &l->log->tail;
    uint64_t first = 0;
    uint64_t count = 0;
    enum hf_rc rc = hf_log_run(l->log, packer, tail->size, buf, &first, &count, err);
    struct hf_cursor c = hf_cursor_init(hf_buf_bytes(buf));
    for (uint64_t i = first; rc == HF_OK && i < first + count; i++) {
        struct hf_bytes entry;
        rc = hf_bundle_next(&c, &entry);
        if (rc != HF_OK) {
            return damaged(err, i, "its frame is cut");
        }
        if (i >= tail->size) {
            rc = load_entry(l, entry, err);
        }
    }
    return rc;
}

static enum hf_rc load_open(const struct loading *l, struct hf_err *err)
{
    struct hf_packer *packer = NULL;
    struct hf_buf buf = hf_buf_init(HF_FRAME_MAX);
    enum hf_rc rc = hf_packer_new(&packer);
    while (rc == HF_OK && l->log->tail.size < l->log->tip.size) {
        rc = load_run(l, packer, &buf, err);
    }
    hf_buf_free(&buf);
    hf_packer_free(packer);
    return rc;
}

enum hf_rc hf_log_load(struct hf_log *log, hf_log_fold_fn *fold, void *arg, struct hf_err *err)
{
    struct loading l = {log, fold, arg};
    enum hf_rc rc = log->tail.count == 0 ? load_sealed(log, err) : HF_OK;
    if (rc == HF_OK) {
        rc = load_open(&l, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_hash root;
    rc = hf_tree_root(&log->source, log->tip.size, &root, err);
    if (rc == HF_OK && !hf_hash_eq(&root, &log->tip.root)) {
        rc = hf_err_set(err, HF_ECORRUPT,
                        "the entries are not those that were committed; holdfast log verify "
                        "says which; restore the folder from a backup or a mirror");
    }
    return rc;
}

struct hf_tail *hf_log_tail(struct hf_log *log)
{
    return &log->tail;
}

struct hf_tree_source *hf_log_source(struct hf_log *log)
{
    return &log->source;
}

/* entries */

enum hf_rc hf_log_volume(struct hf_log *log, uint64_t number, struct hf_volume **ret_volume,
                         struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    (void)pthread_mutex_lock(&log->lock);
    if (number >= log->volume_cap) {
        size_t cap = (size_t)number + 16;
        struct hf_volume **grown = hf_heap_resize(log->volumes, cap, sizeof(void *));
        if (grown == NULL) {
            rc = hf_err_set(err, HF_ENOMEM, "no memory for the list of volumes");
        } else {
            memset(grown + log->volume_cap, 0, (cap - log->volume_cap) * sizeof(void *));
            log->volumes = grown;
            log->volume_cap = cap;
        }
    }
    if (rc == HF_OK && log->volumes[number] == NULL) {
        rc = hf_volume_open(log->place, &log->identity, number, &log->volumes[number], err);
    }
    if (rc == HF_OK) {
        *ret_volume = log->volumes[number];
    }
    (void)pthread_mutex_unlock(&log->lock);
    return rc;
}

/* A frame of the open part. A volume may be sealed between the caller's look at the tip and the
 * read; the frame is then gone and HF_ENOTFOUND says: look again. */
static enum hf_rc frame_run(struct hf_log *log, uint64_t index, struct hf_buf *buf,
                            uint64_t *ret_first, uint64_t *ret_count, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(log->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_key8 at = hf_key8_make(index);
    struct hf_bytes key, value;
    struct hf_frame frame = {0};
    rc = hf_kv_floor(read, HF_TABLE_FRAMES, hf_key8_bytes(&at), &key, &value, err);
    if (rc == HF_OK) {
        rc = key.len == 8 ? hf_frame_decode(value, &frame, err)
                          : hf_err_set(err, HF_ECORRUPT,
                                       "its frame is damaged; restore the folder from a backup or "
                                       "a mirror");
    }
    if (rc == HF_OK && hf_be64_get(key.ptr) + frame.count <= index) {
        rc = HF_ENOTFOUND;
    }
    if (rc == HF_OK) {
        hf_buf_clear(buf);
        hf_buf_put(buf, frame.bundle.ptr, frame.bundle.len);
        rc = buf->failed;
        *ret_first = hf_be64_get(key.ptr);
        *ret_count = frame.count;
    }
    hf_kv_end(read);
    return rc;
}

static uint64_t sealed_volumes(struct hf_log *log)
{
    (void)pthread_mutex_lock(&log->lock);
    uint64_t sealed = log->tip.sealed;
    (void)pthread_mutex_unlock(&log->lock);
    return sealed;
}

enum hf_rc hf_log_run(struct hf_log *log, struct hf_packer *packer, uint64_t index,
                      struct hf_buf *buf, uint64_t *ret_first, uint64_t *ret_count,
                      struct hf_err *err)
{
    if (index >= hf_log_size(log)) {
        return HF_EEND;
    }
    if (index >> HF_VOLUME_BITS >= sealed_volumes(log)) {
        enum hf_rc rc = frame_run(log, index, buf, ret_first, ret_count, err);
        if (rc != HF_ENOTFOUND) {
            return rc == HF_OK ? rc : hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
        }
        struct hf_tip tip = {0};
        rc = read_tip(log, &tip, err);
        if (rc != HF_OK) {
            return rc;
        }
        if (index >> HF_VOLUME_BITS >= tip.sealed) {
            return damaged(err, index, "it is missing");
        }
    }
    struct hf_volume *volume = NULL;
    enum hf_rc rc = hf_log_volume(log, index >> HF_VOLUME_BITS, &volume, err);
    if (rc == HF_OK) {
        unsigned bundle = (unsigned)(index % HF_VOLUME_ENTRIES / HF_TILE_WIDTH);
        rc = hf_volume_bundle(volume, packer, bundle, buf, err);
        *ret_first = index - index % HF_TILE_WIDTH;
        *ret_count = HF_TILE_WIDTH;
        if (rc == HF_EPRUNED) {
            rc = hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
        }
    }
    return rc;
}

enum hf_rc hf_log_entry(struct hf_log *log, struct hf_packer *packer, uint64_t index,
                        struct hf_buf *buf, struct hf_err *err)
{
    uint64_t first = 0;
    uint64_t count = 0;
    enum hf_rc rc = hf_log_run(log, packer, index, buf, &first, &count, err);
    if (rc == HF_EEND) {
        return hf_err_set(err, HF_ERANGE, "there is no entry %llu, the log has %llu",
                          (unsigned long long)index, (unsigned long long)hf_log_size(log));
    }
    struct hf_cursor c = hf_cursor_init(hf_buf_bytes(buf));
    struct hf_bytes entry = {NULL, 0};
    for (uint64_t i = first; i <= index && rc == HF_OK; i++) {
        rc = hf_bundle_next(&c, &entry);
        if (rc != HF_OK) {
            return damaged(err, i, "its bundle is cut");
        }
    }
    if (rc == HF_OK && entry.len > 0) {
        memmove(buf->ptr, entry.ptr, entry.len);
    }
    buf->len = rc == HF_OK ? entry.len : 0;
    return rc;
}

/* pruning */

static enum hf_rc is_pruned(struct hf_log *log, uint64_t number, bool *ret, struct hf_err *err)
{
    struct hf_volume *volume = NULL;
    enum hf_rc rc = hf_log_volume(log, number, &volume, err);
    *ret = rc == HF_OK && hf_volume_pruned(volume);
    return rc;
}

/* The number of pruned volumes: they are the oldest ones. */
static enum hf_rc count_pruned(struct hf_log *log, uint64_t *ret, struct hf_err *err)
{
    uint64_t low = 0;
    uint64_t high = sealed_volumes(log);
    enum hf_rc rc = HF_OK;
    while (rc == HF_OK && low < high) {
        /* Most logs have none: looking at the first one is enough then. */
        uint64_t mid = low == 0 ? 0 : low + (high - low) / 2;
        bool pruned = false;
        rc = is_pruned(log, mid, &pruned, err);
        if (pruned) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    *ret = low;
    return rc;
}

enum hf_rc hf_log_kept(struct hf_log *log, uint64_t *ret_first, struct hf_err *err)
{
    uint64_t pruned = 0;
    enum hf_rc rc = count_pruned(log, &pruned, err);
    *ret_first = pruned << HF_VOLUME_BITS;
    return rc;
}

struct view_index {
    struct hf_prune_index index;
    struct hf_log *log;
    struct hf_volume *volume;
    uint64_t number;
};

static enum hf_rc postings(struct hf_prune_index *index, hf_volume_posting_fn *take, void *arg,
                           int64_t ret_times[HF_VOLUME_BUNDLES], struct hf_err *err)
{
    const struct view_index *view = HF_CONTAINER_OF(index, struct view_index, index);
    return hf_views_records(view->log->views, view->volume, view->number, take, arg, ret_times,
                            err);
}

/* May this volume go? Its part of the indexes must be there to be kept. */
static enum hf_rc may_prune(struct hf_log *log, uint64_t number, uint64_t below, struct hf_err *err)
{
    uint64_t covered = UINT64_MAX;
    enum hf_rc rc = HF_OK;
    if (number + 1 >= sealed_volumes(log) || (number + 1) << HF_VOLUME_BITS > below) {
        return HF_ENOTFOUND;
    }
    if (log->codec != NULL) {
        rc = log->views == NULL ? HF_ENOTFOUND : hf_views_volumes(log->views, &covered, err);
    }
    return rc == HF_OK && number >= covered ? HF_ENOTFOUND : rc;
}

enum hf_rc hf_log_prune(struct hf_log *log, uint64_t below, bool *ret_more, struct hf_err *err)
{
    uint64_t number = 0;
    struct view_index view = {.index = {postings}, .log = log};
    *ret_more = false;
    HF_ASSERT(log->place->mode == HF_PLACE_OWN);
    enum hf_rc rc = count_pruned(log, &number, err);
    if (rc == HF_OK) {
        rc = may_prune(log, number, below, err);
    }
    if (rc == HF_OK) {
        rc = hf_log_volume(log, number, &view.volume, err);
    }
    if (rc == HF_OK) {
        view.number = number;
        rc = hf_volume_prune(log->place, &log->identity, view.volume,
                             log->codec == NULL ? NULL : &view.index, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    (void)pthread_mutex_lock(&log->lock);
    HF_ASSERT(log->replaced == NULL);
    log->replaced = log->volumes[number];
    log->volumes[number] = NULL; /* opened anew by who needs it */
    (void)pthread_mutex_unlock(&log->lock);
    *ret_more = may_prune(log, number + 1, below, /* err= */ NULL) == HF_OK;
    return HF_OK;
}

void hf_log_prune_end(struct hf_log *log)
{
    (void)pthread_mutex_lock(&log->lock);
    struct hf_volume *replaced = log->replaced;
    log->replaced = NULL;
    (void)pthread_mutex_unlock(&log->lock);
    hf_volume_close(replaced);
}

/* blobs: each chunk is one zstd frame of at most HF_BLOB_CHUNK plain bytes */

static enum hf_rc blob_chunk(struct hf_log *log, uint64_t index, uint32_t chunk, struct hf_buf *buf,
                             struct hf_err *err)
{
    if (index >> HF_VOLUME_BITS < sealed_volumes(log)) {
        struct hf_volume *volume = NULL;
        enum hf_rc rc = hf_log_volume(log, index >> HF_VOLUME_BITS, &volume, err);
        return rc == HF_OK ? hf_volume_blob_chunk(volume, index, chunk, buf, err) : rc;
    }
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(log->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    uint8_t key[12];
    hf_be64_put(key, index);
    hf_be32_put(key + 8, chunk);
    struct hf_bytes value;
    rc = hf_kv_get(read, HF_TABLE_BLOBS, hf_bytes_of(key, sizeof key), &value, err);
    if (rc == HF_OK) {
        hf_buf_put(buf, value.ptr, value.len);
        rc = buf->failed;
    }
    hf_kv_end(read);
    return rc;
}

static enum hf_rc take_packer(struct hf_log *log, struct hf_packer **ret_packer)
{
    (void)pthread_mutex_lock(&log->lock);
    struct hf_packer *packer = log->idle_packer;
    log->idle_packer = NULL;
    (void)pthread_mutex_unlock(&log->lock);
    *ret_packer = packer;
    return packer != NULL ? HF_OK : hf_packer_new(ret_packer);
}

static void give_packer(struct hf_log *log, struct hf_packer *packer)
{
    (void)pthread_mutex_lock(&log->lock);
    struct hf_packer *other = log->idle_packer;
    log->idle_packer = packer;
    (void)pthread_mutex_unlock(&log->lock);
    hf_packer_free(other);
}

enum hf_rc hf_log_blob_at(struct hf_log *log, uint64_t index, const struct hf_hash *hash,
                          struct hf_buf *buf, struct hf_err *err)
{
    struct hf_packer *packer = NULL;
    struct hf_buf packed = hf_buf_init(2 * (size_t)HF_BLOB_CHUNK);
    enum hf_rc rc = take_packer(log, &packer);
    hf_buf_clear(buf);
    for (uint32_t chunk = 0; rc == HF_OK; chunk++) {
        hf_buf_clear(&packed);
        rc = blob_chunk(log, index, chunk, &packed, err);
        if (rc == HF_ENOTFOUND && chunk > 0) {
            rc = HF_OK;
            break;
        }
        size_t before = buf->len;
        if (rc == HF_OK) {
            rc = hf_unpack(packer, hf_buf_bytes(&packed), HF_BLOB_CHUNK, buf, err);
        }
        if (rc == HF_OK && buf->len - before < HF_BLOB_CHUNK) {
            break; /* only the last chunk is shorter */
        }
    }
    if (rc == HF_OK) {
        struct hf_hash actual;
        hf_sha256(hf_buf_bytes(buf), &actual);
        if (!hf_hash_eq(&actual, hash)) {
            rc = hf_err_set(err, HF_ECORRUPT, "the blob of entry %llu is damaged",
                            (unsigned long long)index);
        }
    }
    if (packer != NULL) {
        give_packer(log, packer);
    }
    hf_buf_free(&packed);
    return rc;
}
