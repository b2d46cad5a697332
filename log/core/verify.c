/* log/core/verify.c: a full verification. */
#include "log/core/verify.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/parse.h"
#include "log/core/heads.h"

struct verification {
    struct hf_log *log;
    const struct hf_verify_options *options;
    struct hf_verify_result *result;
    struct hf_packer *packer;
    struct hf_buf run;
    struct hf_buf blob;
    struct hf_hash *leaves; /* of the volume at hand */
    struct hf_frontier frontier;
    struct hf_heads heads; /* streams and producers so far */
    struct hf_tip tip;
    struct hf_checkpoint against;
    bool has_against;
};

static enum hf_rc bad(struct verification *v, uint64_t index, enum hf_rc rc, const char *what,
                      struct hf_err *err)
{
    if (rc == HF_EIO || rc == HF_ENOMEM) {
        return hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
    }
    v->result->found_bad = true;
    v->result->bad_index = index;
    if (what != NULL) {
        return hf_err_set(err, rc, "entry %llu: %s", (unsigned long long)index, what);
    }
    return hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
}

/* The fold of streams and producers: versions without gaps, sequences that grow. */
static enum hf_rc check_fold(struct verification *v, uint64_t index,
                             const struct hf_entry_meta *meta, struct hf_err *err)
{
    struct hf_head *stream = NULL;
    struct hf_head *producer = NULL;
    bool is_new = false;
    if (hf_heads_get(&v->heads, HF_HEAD_STREAM, hf_str_bytes(meta->stream), &stream, &is_new) !=
            HF_OK ||
        hf_heads_get(&v->heads, HF_HEAD_PRODUCER, hf_str_bytes(meta->producer), &producer,
                     &is_new) != HF_OK) {
        return hf_err_set(err, HF_ENOMEM, "no memory to follow the streams");
    }
    if (meta->version != stream->last + 1) {
        return bad(v, index, HF_ECORRUPT, "its stream's version does not follow", err);
    }
    if (meta->sequence <= producer->last) {
        return bad(v, index, HF_ECORRUPT, "its producer's sequence does not grow", err);
    }
    stream->last = meta->version;
    producer->last = meta->sequence;
    return HF_OK;
}

static enum hf_rc check_event(struct verification *v, uint64_t index, struct hf_bytes entry,
                              struct hf_err *err)
{
    struct hf_entry_meta meta;
    enum hf_rc rc = hf_log_codec(v->log)->entry(entry, true, &meta, err);
    if (rc != HF_OK) {
        return bad(v, index, rc, /* what= */ NULL, err);
    }
    rc = check_fold(v, index, &meta, err);
    if (rc != HF_OK || !meta.has_blob) {
        return rc;
    }
    struct hf_head *blob = NULL;
    bool is_new = false;
    rc = hf_heads_get(&v->heads, HF_HEAD_BLOB, hf_bytes_of(meta.blob.b, HF_HASH_SIZE), &blob,
                      &is_new);
    if (rc == HF_OK && is_new) {
        rc = hf_log_blob_at(v->log, index, &meta.blob, &v->blob, err);
        if (rc != HF_OK) {
            return bad(v, index, HF_ECORRUPT, "its blob is missing or damaged", err);
        }
    }
    return rc;
}

static void tell(struct verification *v, uint64_t done)
{
    if (v->options->progress != NULL) {
        v->options->progress(v->options->arg, done, v->tip.size);
    }
}

/* Root of the older checkpoint, when the fold passes its size. */
static enum hf_rc check_against(struct verification *v, uint64_t size, struct hf_err *err)
{
    if (!v->has_against || v->against.size != size) {
        return HF_OK;
    }
    struct hf_hash root;
    hf_frontier_root(&v->frontier, &root);
    if (!hf_hash_eq(&root, &v->against.root)) {
        return bad(v, size == 0 ? 0 : size - 1, HF_EMISMATCH,
                   "the first entries up to here are not those of the older checkpoint", err);
    }
    return HF_OK;
}

static enum hf_rc add_leaf(struct verification *v, uint64_t index, const struct hf_hash *leaf,
                           struct hf_err *err)
{
    hf_frontier_append(&v->frontier, leaf);
    return check_against(v, index + 1, err);
}

/* A tile's leaves, each hashed once: as one subtree, unless the older checkpoint ends inside. */
static enum hf_rc add_tile(struct verification *v, const struct hf_hash *leaves,
                           const struct hf_hash *stored, struct hf_err *err)
{
    uint64_t first = v->frontier.size;
    struct hf_hash fold[HF_TILE_WIDTH];
    memcpy(fold, leaves, sizeof fold);
    for (size_t count = HF_TILE_WIDTH; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++) {
            hf_sha256_node(&fold[2 * i], &fold[2 * i + 1], &fold[i]);
        }
    }
    if (!hf_hash_eq(&fold[0], stored)) {
        return bad(v, first, HF_ECORRUPT, "its tile's hash differs from the stored one", err);
    }
    if (!v->has_against || v->against.size <= first || v->against.size >= first + HF_TILE_WIDTH) {
        hf_frontier_append_subtree(&v->frontier, 8, &fold[0]);
        return check_against(v, v->frontier.size, err);
    }
    enum hf_rc rc = HF_OK;
    for (unsigned i = 0; i < HF_TILE_WIDTH && rc == HF_OK; i++) {
        rc = add_leaf(v, first + i, &leaves[i], err);
    }
    return rc;
}

/* sealed volumes */

static enum hf_rc verify_bundle(struct verification *v, struct hf_volume *volume, uint64_t first,
                                unsigned bundle, struct hf_err *err)
{
    uint64_t index = first + (uint64_t)bundle * HF_TILE_WIDTH;
    enum hf_rc rc = hf_volume_bundle(volume, v->packer, bundle, &v->run, err);
    if (rc != HF_OK) {
        return bad(v, index, rc, /* what= */ NULL, err);
    }
    struct hf_cursor c = hf_cursor_init(hf_buf_bytes(&v->run));
    for (unsigned i = 0; i < HF_TILE_WIDTH; i++, index++) {
        struct hf_bytes entry;
        if (hf_bundle_next(&c, &entry) != HF_OK) {
            return bad(v, index, HF_ECORRUPT, "its bundle is cut", err);
        }
        struct hf_hash *leaf = &v->leaves[index - first];
        hf_tree_leaf_hash(entry, leaf);
        if (!hf_hash_eq(leaf, &hf_volume_leaves(volume)[index - first])) {
            return bad(v, index, HF_ECORRUPT, "its leaf hash differs from the stored one", err);
        }
        rc = hf_log_codec(v->log) == NULL ? HF_OK : check_event(v, index, entry, err);
        if (rc != HF_OK) {
            return rc;
        }
    }
    if (c.left != 0) {
        return bad(v, index - 1, HF_ECORRUPT, "bytes follow it", err);
    }
    return add_tile(v, v->leaves + (size_t)bundle * HF_TILE_WIDTH, &hf_volume_tiles(volume)[bundle],
                    err);
}

static enum hf_rc stored_record(struct verification *v, uint64_t number,
                                struct hf_volume_record *ret, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(hf_log_kv(v->log), &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_key8 key = hf_key8_make(number);
    struct hf_bytes value;
    rc = hf_kv_get(read, HF_TABLE_VOLUMES, hf_key8_bytes(&key), &value, err);
    rc = rc == HF_OK ? hf_volume_record_decode(value, ret, err)
                     : hf_err_set(err, HF_ECORRUPT, "the volume's record is missing");
    hf_kv_end(read);
    return rc;
}

/* The tiles were compared with the leaves that were made from the entries; together they are the
 * subtree that was recorded when the volume was sealed. */
static enum hf_rc check_root(struct verification *v, struct hf_volume *volume, uint64_t number,
                             struct hf_err *err)
{
    uint64_t first = number << HF_VOLUME_BITS;
    struct hf_frontier whole;
    struct hf_hash root;
    struct hf_volume_record record;
    hf_frontier_init(&whole);
    for (unsigned t = 0; t < HF_VOLUME_BUNDLES; t++) {
        hf_frontier_append(&whole, &hf_volume_tiles(volume)[t]);
    }
    hf_frontier_root(&whole, &root);
    enum hf_rc rc = stored_record(v, number, &record, err);
    if (rc != HF_OK) {
        return bad(v, first, rc, /* what= */ NULL, err);
    }
    return hf_hash_eq(&root, &record.root)
               ? HF_OK
               : bad(v, first, HF_ECORRUPT, "its volume is not the one that was sealed", err);
}

/* What a pruned volume kept of its streams and producers is where the fold goes on. */
static enum hf_rc take_posting(void *arg, struct hf_bytes key, struct hf_bytes value,
                               struct hf_err *err)
{
    struct verification *v = arg;
    struct hf_head *head = NULL;
    bool is_new = false;
    if (key.len < 10 || value.len < 12 || key.ptr[1] != key.len - 10) {
        return hf_err_set(err, HF_ECORRUPT, "what it kept of the indexes is damaged");
    }
    if (hf_heads_get(&v->heads, (enum hf_head_kind)key.ptr[0],
                     hf_bytes_of(key.ptr + 2, key.len - 10), &head, &is_new) != HF_OK) {
        return hf_err_set(err, HF_ENOMEM, "no memory to follow the streams");
    }
    uint64_t first = hf_be64_get(key.ptr + key.len - 8);
    bool follows = key.ptr[0] == HF_HEAD_PRODUCER ? first > head->last : first == head->last + 1;
    if (!follows) {
        return hf_err_set(err, HF_ECORRUPT, "what it kept of the indexes does not follow");
    }
    head->last = hf_be64_get(value.ptr + 4);
    return HF_OK;
}

/* Only the hashes are left: they must be those of the sealed volume. */
static enum hf_rc verify_pruned(struct verification *v, struct hf_volume *volume, uint64_t first,
                                struct hf_err *err)
{
    int64_t times[HF_VOLUME_BUNDLES];
    enum hf_rc rc = HF_OK;
    for (unsigned bundle = 0; bundle < HF_VOLUME_BUNDLES && rc == HF_OK; bundle++) {
        rc = add_tile(v, hf_volume_leaves(volume) + (size_t)bundle * HF_TILE_WIDTH,
                      &hf_volume_tiles(volume)[bundle], err);
    }
    if (rc == HF_OK && hf_log_codec(v->log) != NULL) {
        rc = hf_volume_postings(volume, take_posting, v, times, err);
        rc = rc == HF_OK ? HF_OK : bad(v, first, rc, /* what= */ NULL, err);
    }
    v->result->pruned += HF_VOLUME_ENTRIES;
    tell(v, v->frontier.size);
    return rc;
}

static enum hf_rc verify_volume(struct verification *v, uint64_t number, struct hf_err *err)
{
    uint64_t first = number << HF_VOLUME_BITS;
    struct hf_volume *volume = NULL;
    enum hf_rc rc = hf_log_volume(v->log, number, &volume, err);
    if (rc != HF_OK) {
        return bad(v, first, rc, /* what= */ NULL, err);
    }
    if (hf_volume_pruned(volume)) {
        rc = verify_pruned(v, volume, first, err);
    }
    for (unsigned bundle = 0;
         bundle < HF_VOLUME_BUNDLES && rc == HF_OK && !hf_volume_pruned(volume); bundle++) {
        rc = verify_bundle(v, volume, first, bundle, err);
        tell(v, v->frontier.size);
    }
    if (rc == HF_OK) {
        rc = check_root(v, volume, number, err);
    }
    uint64_t indexed = 0;
    if (rc == HF_OK && hf_log_views(v->log) != NULL) {
        rc = hf_views_volumes(hf_log_views(v->log), &indexed, err);
        if (rc == HF_OK && number < indexed) {
            rc = hf_views_check(hf_log_views(v->log), volume, number, err);
        }
        if (rc != HF_OK) {
            rc = bad(v, first, rc, /* what= */ NULL, err);
        }
    }
    return rc;
}

/* the open part */

static enum hf_rc verify_frame(struct verification *v, struct hf_bytes key, struct hf_bytes value,
                               struct hf_err *err)
{
    uint64_t index = v->frontier.size;
    struct hf_frame frame;
    if (key.len != 8 || hf_be64_get(key.ptr) != index) {
        return bad(v, index, HF_ECORRUPT, "it is missing", err);
    }
    enum hf_rc rc = hf_frame_decode(value, &frame, err);
    if (rc != HF_OK) {
        return bad(v, index, rc, /* what= */ NULL, err);
    }
    struct hf_cursor c = hf_cursor_init(frame.bundle);
    for (uint32_t i = 0; i < frame.count && rc == HF_OK; i++, index++) {
        struct hf_bytes entry;
        if (hf_bundle_next(&c, &entry) != HF_OK) {
            return bad(v, index, HF_ECORRUPT, "its frame is cut", err);
        }
        struct hf_hash leaf;
        hf_tree_leaf_hash(entry, &leaf);
        if (hf_be32_get(leaf.b) != hf_be32_get(frame.checks.ptr + 4 * (size_t)i)) {
            return bad(v, index, HF_ECORRUPT, "its bytes do not have the hash they had", err);
        }
        rc = hf_log_codec(v->log) == NULL ? HF_OK : check_event(v, index, entry, err);
        if (rc == HF_OK) {
            rc = add_leaf(v, index, &leaf, err);
        }
    }
    if (rc == HF_OK && c.left != 0) {
        rc = bad(v, index - 1, HF_ECORRUPT, "bytes follow it", err);
    }
    return rc;
}

static enum hf_rc verify_open(struct verification *v, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    struct hf_buf copy = hf_buf_init(HF_FRAME_MAX);
    while (rc == HF_OK && v->frontier.size < v->tip.size) {
        struct hf_kv_read *read = NULL;
        rc = hf_kv_read(hf_log_kv(v->log), &read, err);
        if (rc != HF_OK) {
            break;
        }
        struct hf_key8 at = hf_key8_make(v->frontier.size);
        struct hf_key8 found;
        struct hf_bytes key, value;
        rc = hf_kv_ceil(read, HF_TABLE_FRAMES, hf_key8_bytes(&at), &key, &value, err);
        if (rc == HF_OK && key.len == sizeof found.b) {
            /* Out of the snapshot: hashing may take longer than a writer should wait. */
            memcpy(found.b, key.ptr, sizeof found.b);
            hf_buf_clear(&copy);
            hf_buf_put(&copy, value.ptr, value.len);
            rc = copy.failed;
        } else {
            rc = rc == HF_OK ? HF_ENOTFOUND : rc;
        }
        hf_kv_end(read);
        if (rc == HF_OK) {
            rc = verify_frame(v, hf_key8_bytes(&found), hf_buf_bytes(&copy), err);
        } else {
            rc = bad(v, v->frontier.size, rc == HF_ENOTFOUND ? HF_ECORRUPT : rc, "it is missing",
                     err);
        }
        tell(v, v->frontier.size);
    }
    hf_buf_free(&copy);
    return rc;
}

/* promises */

static enum hf_rc check_mark(struct verification *v, const struct hf_vkey *vkey,
                             struct hf_note *note, struct hf_err *err)
{
    uint8_t bytes[HF_MARK_MAX];
    size_t len = 0;
    struct hf_checkpoint mark;
    struct hf_err inner = {0};
    if (hf_mark_read(hf_log_place(v->log), "checkpoint", bytes, sizeof bytes, &len,
                     /* err= */ NULL) != HF_OK) {
        return HF_OK; /* it may be lost: it was never synced */
    }
    enum hf_rc rc = hf_checkpoint_open(hf_bytes_of(bytes, len), vkey, note, &mark, &inner);
    if (rc != HF_OK) {
        return hf_err_set(err, rc,
                          "the entries are in order, but the file \"checkpoint\" beside them is "
                          "not (%.150s); the log's owner writes it anew when it opens the log",
                          inner.text);
    }
    if (mark.size > v->tip.size) {
        return bad(v, v->tip.size, HF_ECORRUPT,
                   "it is missing: a signed checkpoint promises more entries than are here", err);
    }
    if (mark.size == v->tip.size && !hf_hash_eq(&mark.root, &v->result->root)) {
        return bad(v, 0, HF_EMISMATCH, "the signed checkpoint has another root", err);
    }
    return HF_OK;
}

static enum hf_rc prepare(struct verification *v, const struct hf_vkey *vkey, struct hf_note *note,
                          struct hf_err *err)
{
    const struct hf_vkey *own = &hf_log_identity(v->log)->vkey;
    if (vkey != own && (vkey->id != own->id || vkey->name_len != own->name_len ||
                        memcmp(vkey->name, own->name, own->name_len) != 0 ||
                        memcmp(&vkey->public_key, &own->public_key, HF_PUBLIC_KEY_SIZE) != 0)) {
        char text[HF_VKEY_TEXT_MAX];
        (void)hf_vkey_format(own, text);
        return hf_err_set(err, HF_EMISMATCH, "this log's key is %s, not the given one", text);
    }
    if (v->options->against.len > 0) {
        enum hf_rc rc = hf_checkpoint_open(v->options->against, vkey, note, &v->against, err);
        if (rc != HF_OK) {
            return hf_err_wrap(err, rc, "the older checkpoint");
        }
        v->has_against = true;
        if (v->against.size > v->tip.size) {
            return bad(v, v->tip.size, HF_EMISMATCH,
                       "it is missing: the older checkpoint promises more entries than are here",
                       err);
        }
    }
    return check_against(v, 0, err);
}

static enum hf_rc verify_all(struct verification *v, struct hf_err *err)
{
    const struct hf_vkey *vkey =
        v->options->vkey != NULL ? v->options->vkey : &hf_log_identity(v->log)->vkey;
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    v->leaves = hf_heap_alloc(HF_VOLUME_ENTRIES * sizeof *v->leaves);
    enum hf_rc rc = note == NULL || v->leaves == NULL
                        ? hf_err_set(err, HF_ENOMEM, "no memory to verify")
                        : prepare(v, vkey, note, err);
    for (uint64_t i = 0; rc == HF_OK && i < v->tip.sealed; i++) {
        rc = verify_volume(v, i, err);
    }
    if (rc == HF_OK) {
        rc = verify_open(v, err);
    }
    if (rc == HF_OK) {
        hf_frontier_root(&v->frontier, &v->result->root);
        v->result->size = v->frontier.size;
        if (v->frontier.size != v->tip.size || !hf_hash_eq(&v->result->root, &v->tip.root)) {
            rc = bad(v, v->frontier.size == 0 ? 0 : v->frontier.size - 1, HF_ECORRUPT,
                     "the root is not the one of the newest commit", err);
        }
    }
    if (rc == HF_OK) {
        rc = check_mark(v, vkey, note, err);
    }
    hf_heap_free(note);
    return rc;
}

enum hf_rc hf_log_verify(struct hf_log *log, const struct hf_verify_options *options,
                         struct hf_verify_result *ret, struct hf_err *err)
{
    struct verification v = {.log = log, .options = options, .result = ret};
    static const uint8_t key[16]; /* whoever stuffs names into a log only slows its verification */
    memset(ret, 0, sizeof *ret);
    hf_log_tip(log, &v.tip);
    hf_heads_init(&v.heads, key);
    hf_frontier_init(&v.frontier);
    v.run = hf_buf_init(HF_FRAME_MAX);
    v.blob = hf_buf_init(HF_BLOB_MAX);
    enum hf_rc rc = hf_packer_new(&v.packer);
    rc = rc == HF_OK ? verify_all(&v, err) : hf_err_set(err, rc, "no memory to verify");
    hf_packer_free(v.packer);
    hf_heads_fini(&v.heads);
    hf_heap_free(v.leaves);
    hf_buf_free(&v.run);
    hf_buf_free(&v.blob);
    return rc;
}

/* the mark: "SIZE ROOTHEX MICROSECONDS\n" */

void hf_verified_write(struct hf_place *place, const struct hf_verified *verified)
{
    char root[2 * HF_HASH_SIZE + 1];
    uint8_t text[HF_MARK_MAX];
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_hex_encode(hf_bytes_of(verified->root.b, HF_HASH_SIZE), root);
    hf_writer_printf(&w, "%llu %s %lld\n", (unsigned long long)verified->size, root,
                     (long long)verified->at_us);
    (void)hf_mark_write(place, "verified", hf_writer_done(&w), /* err= */ NULL);
}

static bool word(struct hf_str *text, char end, struct hf_str *ret)
{
    const char *at = text->len == 0 ? NULL : memchr(text->ptr, end, text->len);
    if (at == NULL) {
        return false;
    }
    *ret = (struct hf_str){text->ptr, (size_t)(at - text->ptr)};
    text->len -= ret->len + 1;
    text->ptr = at + 1;
    return true;
}

enum hf_rc hf_verified_read(struct hf_place *place, struct hf_verified *ret)
{
    uint8_t bytes[HF_MARK_MAX];
    size_t len = 0;
    enum hf_rc rc = hf_mark_read(place, "verified", bytes, sizeof bytes, &len, /* err= */ NULL);
    struct hf_str text = {(const char *)bytes, len};
    struct hf_str size, root, at;
    size_t root_len = 0;
    if (rc != HF_OK || !word(&text, ' ', &size) || !word(&text, ' ', &root) ||
        !word(&text, '\n', &at) || hf_parse_u64(size, 0, INT64_MAX, &ret->size) != HF_OK ||
        hf_hex_decode(root, ret->root.b, HF_HASH_SIZE, &root_len, /* ret_at= */ NULL) != HF_OK ||
        root_len != HF_HASH_SIZE || hf_parse_i64(at, 0, INT64_MAX, &ret->at_us) != HF_OK) {
        return HF_ENOTFOUND;
    }
    return HF_OK;
}
