/* log/core/views.c: postings and times, one sealed volume at a time. */
#include "log/core/views.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/heap.h"

enum {
    TABLE_POSTINGS,
    TABLE_TIMES,
    TABLE_STATE,
    TABLES
};

static const char *const table_names[TABLES] = {"postings", "times", "state"};
static const struct hf_kv_conf views_conf = {table_names, TABLES, UINT64_C(1) << 38};

#define KEY_MAX    (2 + HF_NAME_MAX + 8)
#define VALUE_HEAD (4 + 8 + 8)

#define POSTINGS_PER_COMMIT 4096

struct hf_views {
    struct hf_kv *kv;
    const struct hf_codec *codec;
};

void hf_views_close(struct hf_views *views)
{
    if (views != NULL) {
        hf_kv_close(views->kv);
        hf_heap_free(views);
    }
}

uint64_t hf_views_bytes(struct hf_views *views)
{
    return hf_kv_bytes(views->kv);
}

static enum hf_rc damaged(struct hf_err *err, const char *what)
{
    return hf_err_set(err, HF_ECORRUPT,
                      "the index views.mdb is damaged (%s); it is rebuilt when the log is opened "
                      "for writing the next time",
                      what);
}

static enum hf_rc read_state(struct hf_kv_read *read, uint64_t *ret_volumes, struct hf_err *err)
{
    struct hf_bytes value;
    enum hf_rc rc = hf_kv_get(read, TABLE_STATE, HF_BYTES("volumes"), &value, err);
    if (rc == HF_ENOTFOUND) {
        *ret_volumes = 0;
        return HF_OK;
    }
    if (rc == HF_OK &&
        (value.len != 12 || hf_be32_get(value.ptr + 8) != hf_check32(hf_bytes_of(value.ptr, 8)))) {
        return damaged(err, "its position");
    }
    if (rc == HF_OK) {
        *ret_volumes = hf_be64_get(value.ptr);
    }
    return rc;
}

enum hf_rc hf_views_volumes(struct hf_views *views, uint64_t *ret_volumes, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(views->kv, &read, err);
    if (rc == HF_OK) {
        rc = read_state(read, ret_volumes, err);
        hf_kv_end(read);
    }
    return rc;
}

static struct hf_bytes posting_key(enum hf_head_kind kind, struct hf_bytes name, uint64_t ordinal,
                                   uint8_t out[KEY_MAX])
{
    HF_ASSERT(name.len <= HF_NAME_MAX);
    out[0] = (uint8_t)kind;
    out[1] = (uint8_t)name.len;
    memcpy(out + 2, name.ptr, name.len);
    hf_be64_put(out + 2 + name.len, ordinal);
    return hf_bytes_of(out, 2 + name.len + 8);
}

static bool same_name(struct hf_bytes key, struct hf_bytes wanted)
{
    return key.len == wanted.len && memcmp(key.ptr, wanted.ptr, wanted.len - 8) == 0;
}

/* building: collect (kind, name, ordinal, offset) of a volume, sort by name, write lists */

struct item {
    struct hf_bytes name; /* points into the volume's plain bundles, kept until written */
    uint64_t ordinal;
    uint16_t offset;
    uint8_t kind;
};

struct builder {
    struct hf_views *views;
    struct hf_packer *packer;
    struct hf_buf plain;  /* all bundles of the volume */
    struct hf_buf bundle; /* one */
    struct item *items;
    size_t count;
    int64_t times[HF_VOLUME_BUNDLES];
};

static int compare_items(const void *left, const void *right)
{
    const struct item *a = left;
    const struct item *b = right;
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    if (a->name.len != b->name.len) {
        return a->name.len < b->name.len ? -1 : 1; /* as the key: length first */
    }
    int order = hf_bytes_cmp(a->name, b->name);
    return order != 0 ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

static void add_item(struct builder *b, enum hf_head_kind kind, struct hf_bytes name,
                     uint64_t ordinal, uint32_t offset)
{
    b->items[b->count++] = (struct item){name, ordinal, (uint16_t)offset, (uint8_t)kind};
}

static enum hf_rc collect(struct builder *b, struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(hf_buf_bytes(&b->plain));
    for (uint32_t i = 0; i < HF_VOLUME_ENTRIES; i++) {
        struct hf_bytes entry;
        struct hf_entry_meta meta;
        enum hf_rc rc = hf_bundle_next(&c, &entry);
        if (rc == HF_OK) {
            rc = b->views->codec->entry(entry, false, &meta, err);
        }
        if (rc != HF_OK) {
            return hf_err_wrap(err, HF_ECORRUPT, "entry %u of the volume", i);
        }
        add_item(b, HF_HEAD_STREAM, hf_str_bytes(meta.stream), meta.version, i);
        add_item(b, HF_HEAD_PRODUCER, hf_str_bytes(meta.producer), meta.sequence, i);
        add_item(b, HF_HEAD_TYPE, hf_str_bytes(meta.type), 0, i);
        if (meta.has_blob) {
            /* The hash's place in the entry is not in meta: keep a copy that lives as long. */
            uint8_t *copy = hf_buf_reserve(&b->bundle, HF_HASH_SIZE);
            if (copy == NULL) {
                return hf_err_set(err, HF_ENOMEM, "no memory to index a volume");
            }
            memcpy(copy, meta.blob.b, HF_HASH_SIZE);
            hf_buf_commit(&b->bundle, HF_HASH_SIZE);
            add_item(b, HF_HEAD_BLOB, hf_bytes_of(copy, HF_HASH_SIZE), 0, i);
        }
        if (i % HF_TILE_WIDTH == 0) {
            b->times[i / HF_TILE_WIDTH] = meta.recorded_us;
        }
    }
    return HF_OK;
}

static enum hf_rc builder_load(struct builder *b, struct hf_volume *volume, struct hf_err *err)
{
    b->plain = hf_buf_init((size_t)HF_VOLUME_ENTRIES * (2 + HF_ENTRY_MAX));
    b->bundle = hf_buf_init(HF_BUNDLE_MAX);
    b->items = hf_heap_alloc(4 * HF_VOLUME_ENTRIES * sizeof *b->items);
    enum hf_rc rc = b->items == NULL ? hf_err_set(err, HF_ENOMEM, "no memory to index a volume")
                                     : hf_packer_new(&b->packer);
    for (unsigned i = 0; i < HF_VOLUME_BUNDLES && rc == HF_OK; i++) {
        rc = hf_volume_bundle(volume, b->packer, i, &b->bundle, err);
        if (rc == HF_OK) {
            hf_buf_put(&b->plain, b->bundle.ptr, b->bundle.len);
            rc = b->plain.failed;
        }
    }
    if (rc == HF_OK) {
        /* From here on the bundle's buffer holds blob hashes; one reservation, so that they stay
         * where they are. */
        hf_buf_clear(&b->bundle);
        rc = hf_buf_reserve(&b->bundle, HF_VOLUME_ENTRIES * HF_HASH_SIZE) == NULL ? HF_ENOMEM
                                                                                  : HF_OK;
    }
    if (rc == HF_OK) {
        rc = collect(b, err);
    }
    if (rc == HF_OK) {
        qsort(b->items, b->count, sizeof *b->items, compare_items);
    }
    return rc;
}

static void builder_free(struct builder *b)
{
    hf_buf_free(&b->plain);
    hf_buf_free(&b->bundle);
    hf_heap_free(b->items);
    hf_packer_free(b->packer);
}

/* Types and blobs count their entries; the count so far is in the last posting of the name. */
static enum hf_rc count_before(struct hf_kv_read *read, const struct item *item,
                               uint64_t below_volume, uint64_t *ret_count, struct hf_err *err)
{
    uint8_t wanted[KEY_MAX];
    struct hf_bytes end = posting_key(item->kind, item->name, UINT64_MAX, wanted);
    struct hf_bytes key, value;
    *ret_count = 0;
    enum hf_rc rc = hf_kv_floor(read, TABLE_POSTINGS, end, &key, &value, err);
    while (rc == HF_OK && same_name(key, end) && value.len >= VALUE_HEAD) {
        if (hf_be64_get(value.ptr + 12) < below_volume) {
            *ret_count = hf_be64_get(value.ptr + 4);
            return HF_OK;
        }
        uint64_t first = hf_be64_get(key.ptr + key.len - 8);
        if (first == 0) {
            break;
        }
        uint8_t before[KEY_MAX];
        rc = hf_kv_floor(read, TABLE_POSTINGS,
                         posting_key(item->kind, item->name, first - 1, before), &key, &value, err);
    }
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

/* One name's list, from items [at, end): key and value. */
static enum hf_rc encode_posting(const struct item *items, size_t count, uint64_t before,
                                 uint64_t number, uint8_t key_out[KEY_MAX],
                                 struct hf_bytes *ret_key, struct hf_buf *value)
{
    bool counted = items[0].kind == HF_HEAD_TYPE || items[0].kind == HF_HEAD_BLOB;
    uint64_t first = counted ? before + 1 : items[0].ordinal;
    uint64_t last = counted ? before + count : items[count - 1].ordinal;
    *ret_key = posting_key(items[0].kind, items[0].name, first, key_out);
    hf_buf_clear(value);
    uint8_t *p = hf_buf_reserve(value, VALUE_HEAD + 2 * count);
    if (p == NULL) {
        return HF_ENOMEM;
    }
    hf_be64_put(p + 4, last);
    hf_be64_put(p + 12, number);
    for (size_t i = 0; i < count; i++) {
        hf_be16_put(p + VALUE_HEAD + 2 * i, items[i].offset);
    }
    /* The check covers the key too, so that a list cannot pass for another one. */
    struct hf_sha256_state state;
    struct hf_hash hash;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, *ret_key);
    hf_sha256_update(&state, hf_bytes_of(p + 4, VALUE_HEAD - 4 + 2 * count));
    hf_sha256_end(&state, &hash);
    memcpy(p, hash.b, 4);
    hf_buf_commit(value, VALUE_HEAD + 2 * count);
    return HF_OK;
}

static size_t run_of(const struct builder *b, size_t at)
{
    size_t end = at + 1;
    while (end < b->count && b->items[end].kind == b->items[at].kind &&
           hf_bytes_eq(b->items[end].name, b->items[at].name)) {
        end++;
    }
    return end - at;
}

/* Calls put for every posting of the volume. */
static enum hf_rc each_posting(struct builder *b, struct hf_kv_read *read, uint64_t number,
                               enum hf_rc (*put)(void *arg, struct hf_bytes key,
                                                 struct hf_bytes value, struct hf_err *err),
                               void *arg, struct hf_err *err)
{
    struct hf_buf value = hf_buf_init(VALUE_HEAD + 2 * HF_VOLUME_ENTRIES);
    enum hf_rc rc = HF_OK;
    for (size_t at = 0; at < b->count && rc == HF_OK;) {
        size_t count = run_of(b, at);
        uint64_t before = 0;
        uint8_t key_out[KEY_MAX];
        struct hf_bytes key = {NULL, 0};
        if (b->items[at].kind == HF_HEAD_TYPE || b->items[at].kind == HF_HEAD_BLOB) {
            rc = count_before(read, &b->items[at], number, &before, err);
        }
        if (rc == HF_OK) {
            rc = encode_posting(b->items + at, count, before, number, key_out, &key, &value);
        }
        if (rc == HF_OK) {
            rc = put(arg, key, hf_buf_bytes(&value), err);
        }
        at += count;
    }
    hf_buf_free(&value);
    return rc;
}

static void encode_time(int64_t time_us, uint8_t out[12])
{
    hf_be64_put(out + 4, (uint64_t)time_us);
    hf_be32_put(out, hf_check32(hf_bytes_of(out + 4, 8)));
}

/* A volume's postings in steps: those of blobs are spread over all of the table, so that each
 * changes a page of its own, which LMDB holds in memory until the transaction ends. A crash in
 * between leaves a volume that is not covered yet and is added again, to the same bytes. */
struct adding {
    struct hf_kv *kv;
    struct hf_kv_txn *txn;
    unsigned puts;
};

static enum hf_rc put_posting(void *arg, struct hf_bytes key, struct hf_bytes value,
                              struct hf_err *err)
{
    struct adding *adding = arg;
    enum hf_rc rc = HF_OK;
    if (adding->puts == POSTINGS_PER_COMMIT) {
        rc = hf_kv_commit(adding->txn, err);
        adding->txn = NULL;
        adding->puts = 0;
        rc = rc == HF_OK ? hf_kv_begin(adding->kv, &adding->txn, err) : rc;
    }
    adding->puts++;
    return rc == HF_OK ? hf_kv_put(adding->txn, TABLE_POSTINGS, key, value, false, err) : rc;
}

/* What hf_views_records gives is the same for a volume with entries and for a pruned one. */
enum hf_rc hf_views_records(struct hf_views *views, struct hf_volume *volume, uint64_t number,
                            hf_volume_posting_fn *take, void *arg,
                            int64_t ret_times[HF_VOLUME_BUNDLES], struct hf_err *err)
{
    if (hf_volume_pruned(volume)) {
        return hf_volume_postings(volume, take, arg, ret_times, err);
    }
    struct builder b = {.views = views};
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = builder_load(&b, volume, err);
    if (rc == HF_OK) {
        rc = hf_kv_read(views->kv, &read, err);
    }
    if (rc == HF_OK) {
        rc = each_posting(&b, read, number, take, arg, err);
    }
    if (read != NULL) {
        hf_kv_end(read);
    }
    memcpy(ret_times, b.times, sizeof b.times);
    builder_free(&b);
    return rc;
}

static enum hf_rc put_rest(struct hf_kv_txn *txn, uint64_t number,
                           const int64_t times[HF_VOLUME_BUNDLES], struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (uint64_t i = 0; i < HF_VOLUME_BUNDLES && rc == HF_OK; i++) {
        struct hf_key8 key = hf_key8_make((number << HF_VOLUME_BITS) + i * HF_TILE_WIDTH);
        uint8_t value[12];
        encode_time(times[i], value);
        rc = hf_kv_put(txn, TABLE_TIMES, hf_key8_bytes(&key), hf_bytes_of(value, sizeof value),
                       true, err);
    }
    if (rc == HF_OK) {
        uint8_t state[12];
        hf_be64_put(state, number + 1);
        hf_be32_put(state + 8, hf_check32(hf_bytes_of(state, 8)));
        rc = hf_kv_put(txn, TABLE_STATE, HF_BYTES("volumes"), hf_bytes_of(state, sizeof state),
                       false, err);
    }
    return rc;
}

enum hf_rc hf_views_add(struct hf_views *views, struct hf_volume *volume, uint64_t number,
                        struct hf_err *err)
{
    int64_t times[HF_VOLUME_BUNDLES];
    struct adding adding = {.kv = views->kv};
    enum hf_rc rc = hf_kv_begin(views->kv, &adding.txn, err);
    if (rc == HF_OK) {
        rc = hf_views_records(views, volume, number, put_posting, &adding, times, err);
    }
    if (rc == HF_OK) {
        rc = put_rest(adding.txn, number, times, err);
    }
    if (adding.txn != NULL && rc == HF_OK) {
        rc = hf_kv_commit(adding.txn, err);
    } else if (adding.txn != NULL) {
        hf_kv_abort(adding.txn);
    }
    return rc == HF_OK ? HF_OK
                       : hf_err_wrap(err, rc, "indexing volume %llu", (unsigned long long)number);
}

/* looking up */

static enum hf_rc check_value(struct hf_bytes key, struct hf_bytes value, struct hf_err *err)
{
    struct hf_sha256_state state;
    struct hf_hash hash;
    if (value.len < VALUE_HEAD + 2 || (value.len - VALUE_HEAD) % 2 != 0) {
        return damaged(err, "a list is cut");
    }
    hf_sha256_begin(&state);
    hf_sha256_update(&state, key);
    hf_sha256_update(&state, hf_bytes_of(value.ptr + 4, value.len - 4));
    hf_sha256_end(&state, &hash);
    return memcmp(hash.b, value.ptr, 4) == 0 ? HF_OK : damaged(err, "a list");
}

static bool time_is_good(struct hf_bytes value)
{
    return value.len == 12 && hf_be32_get(value.ptr) == hf_check32(hf_bytes_of(value.ptr + 4, 8));
}

static uint64_t value_index(struct hf_bytes value, size_t i)
{
    return (hf_be64_get(value.ptr + 12) << HF_VOLUME_BITS) +
           hf_be16_get(value.ptr + VALUE_HEAD + 2 * i);
}

enum hf_rc hf_views_head(struct hf_views *views, enum hf_head_kind kind, struct hf_bytes name,
                         uint64_t *ret_last, uint64_t *ret_index, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(views->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    uint8_t wanted[KEY_MAX];
    /* A blob's head is where its bytes are: the first entry that named it. */
    bool first = kind == HF_HEAD_BLOB;
    struct hf_bytes end = posting_key(kind, name, first ? 0 : UINT64_MAX, wanted);
    struct hf_bytes key, value;
    rc = first ? hf_kv_ceil(read, TABLE_POSTINGS, end, &key, &value, err)
               : hf_kv_floor(read, TABLE_POSTINGS, end, &key, &value, err);
    if (rc == HF_OK && !same_name(key, end)) {
        rc = HF_ENOTFOUND;
    }
    if (rc == HF_OK) {
        rc = check_value(key, value, err);
    }
    if (rc == HF_OK) {
        *ret_last = hf_be64_get(value.ptr + 4);
        *ret_index = value_index(value, first ? 0 : (value.len - VALUE_HEAD) / 2 - 1);
    }
    hf_kv_end(read);
    return rc;
}

enum hf_rc hf_views_posting(struct hf_views *views, enum hf_head_kind kind, struct hf_bytes name,
                            uint64_t ordinal, uint64_t *ret_first, uint64_t *ret_last,
                            struct hf_buf *buf, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(views->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    uint8_t wanted[KEY_MAX];
    struct hf_bytes at = posting_key(kind, name, ordinal, wanted);
    struct hf_bytes key, value;
    rc = hf_kv_floor(read, TABLE_POSTINGS, at, &key, &value, err);
    if (rc == HF_ENOTFOUND || (rc == HF_OK && (!same_name(key, at) || value.len < VALUE_HEAD ||
                                               hf_be64_get(value.ptr + 4) < ordinal))) {
        rc = hf_kv_ceil(read, TABLE_POSTINGS, at, &key, &value, err);
    }
    if (rc == HF_OK && !same_name(key, at)) {
        rc = HF_ENOTFOUND;
    }
    if (rc == HF_OK) {
        rc = check_value(key, value, err);
    }
    if (rc == HF_OK) {
        *ret_first = hf_be64_get(key.ptr + key.len - 8);
        *ret_last = hf_be64_get(value.ptr + 4);
        for (size_t i = 0; i < (value.len - VALUE_HEAD) / 2; i++) {
            uint64_t index = value_index(value, i);
            hf_buf_put(buf, &index, sizeof index);
        }
        rc = buf->failed;
    }
    hf_kv_end(read);
    return rc;
}

enum hf_rc hf_views_time(struct hf_views *views, int64_t time_us, uint64_t *ret_index,
                         struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    uint64_t volumes = 0;
    enum hf_rc rc = hf_kv_read(views->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = read_state(read, &volumes, err);
    /* Bisection over the bundles: recorded times never go backwards. The answer is the last
     * bundle that begins before time_us. */
    uint64_t low = 0;
    uint64_t high = volumes * HF_VOLUME_BUNDLES;
    while (rc == HF_OK && low < high) {
        uint64_t mid = low + (high - low) / 2;
        struct hf_key8 key = hf_key8_make(mid * HF_TILE_WIDTH);
        struct hf_bytes value;
        rc = hf_kv_get(read, TABLE_TIMES, hf_key8_bytes(&key), &value, err);
        if (rc == HF_ENOTFOUND || (rc == HF_OK && !time_is_good(value))) {
            rc = damaged(err, "its times");
        } else if (rc == HF_OK && (int64_t)hf_be64_get(value.ptr + 4) < time_us) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    hf_kv_end(read);
    *ret_index = low == 0 ? 0 : (low - 1) * HF_TILE_WIDTH;
    return rc;
}

/* opening */

static enum hf_rc check_table(struct hf_kv_read *read, int table, struct hf_err *err)
{
    struct hf_bytes key;
    struct hf_bytes value;
    enum hf_rc rc = hf_kv_ceil(read, table, HF_BYTES("\0"), &key, &value, err);
    while (rc == HF_OK) {
        if (table == TABLE_POSTINGS) {
            rc = check_value(key, value, err);
        } else if (!time_is_good(value)) {
            rc = damaged(err, "its times");
        }
        if (rc == HF_OK) {
            rc = hf_kv_next(read, table, &key, &value, err);
        }
    }
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

/* A volume is covered before the log says that it is sealed: a crash may come between. */
static enum hf_rc check_all(struct hf_views *views, uint64_t sealed, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    uint64_t covered = 0;
    enum hf_rc rc = hf_kv_read(views->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = read_state(read, &covered, err);
    if (rc == HF_OK && covered > sealed + 1) {
        rc = damaged(err, "it covers more than the log has");
    }
    if (rc == HF_OK) {
        rc = check_table(read, TABLE_POSTINGS, err);
    }
    if (rc == HF_OK) {
        rc = check_table(read, TABLE_TIMES, err);
    }
    hf_kv_end(read);
    return rc;
}

static enum hf_rc open_kv(struct hf_views *views, struct hf_place *place, uint64_t sealed,
                          struct hf_err *err)
{
    enum hf_rc rc = hf_place_env(place, "views.mdb", &views_conf, &views->kv, err);
    if (rc == HF_OK && place->mode != HF_PLACE_READ) {
        rc = check_all(views, sealed, err);
        if (rc != HF_OK) {
            hf_kv_close(views->kv);
            views->kv = NULL;
        }
    }
    return rc;
}

enum hf_rc hf_views_open(struct hf_place *place, const struct hf_codec *codec, uint64_t sealed,
                         struct hf_views **ret_views, struct hf_err *ret_damage, struct hf_err *err)
{
    struct hf_err why = {0};
    struct hf_views *views = hf_heap_zalloc(1, sizeof *views);
    if (views == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the log's indexes");
    }
    views->codec = codec;
    *ret_damage = (struct hf_err){.rc = HF_OK};
    enum hf_rc rc = open_kv(views, place, sealed, &why);
    if ((rc == HF_ECORRUPT || rc == HF_EINVAL) && place->mode != HF_PLACE_READ) {
        /* Rebuildable: begin anew rather than refuse to open the log. */
        *ret_damage = why;
        ret_damage->rc = rc;
        rc = hf_place_set_aside(place, "views.mdb", &why);
        if (rc == HF_OK) {
            rc = open_kv(views, place, sealed, &why);
        }
    }
    if (rc != HF_OK) {
        hf_heap_free(views);
        return hf_err_set(err, rc, "%s", why.text);
    }
    *ret_views = views;
    return HF_OK;
}

/* checking */

static enum hf_rc compare_posting(void *arg, struct hf_bytes key, struct hf_bytes value,
                                  struct hf_err *err)
{
    struct hf_bytes stored;
    enum hf_rc rc = hf_kv_get(arg, TABLE_POSTINGS, key, &stored, err);
    if (rc == HF_ENOTFOUND || (rc == HF_OK && !hf_bytes_eq(stored, value))) {
        return damaged(err, "a list differs from the entries");
    }
    return rc;
}

enum hf_rc hf_views_check(struct hf_views *views, struct hf_volume *volume, uint64_t number,
                          struct hf_err *err)
{
    int64_t times[HF_VOLUME_BUNDLES];
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(views->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_views_records(views, volume, number, compare_posting, read, times, err);
    for (uint64_t i = 0; i < HF_VOLUME_BUNDLES && rc == HF_OK; i++) {
        struct hf_key8 key = hf_key8_make((number << HF_VOLUME_BITS) + i * HF_TILE_WIDTH);
        struct hf_bytes stored;
        uint8_t value[12];
        encode_time(times[i], value);
        rc = hf_kv_get(read, TABLE_TIMES, hf_key8_bytes(&key), &stored, err);
        if (rc == HF_ENOTFOUND ||
            (rc == HF_OK && !hf_bytes_eq(stored, hf_bytes_of(value, sizeof value)))) {
            rc = damaged(err, "its times differ from the entries");
        }
    }
    hf_kv_end(read);
    return rc;
}
