/* log/core/volume.c: reads and seals volumes. */
#include "log/core/volume.h"

#include "base/assert.h"
#include "base/heap.h"

/* "head": check32 over the rest, version, number, record, key id, origin. */
#define HEAD_FIXED     (4 + 4 + 8 + HF_VOLUME_RECORD_SIZE + 4 + 1)
#define VERSION_WHOLE  1
#define VERSION_PRUNED 2
#define LEAF_BYTES     (HF_VOLUME_ENTRIES * HF_HASH_SIZE)
#define TILE_BYTES     (HF_VOLUME_BUNDLES * HF_HASH_SIZE)

struct hf_volume {
    struct hf_kv *kv;
    struct hf_kv_read *read; /* for the volume's life: the file never changes */
    uint64_t number;
    bool pruned;
    struct hf_volume_record record;
    const struct hf_hash *leaves;
    const struct hf_hash *tiles;
    /* All levels above the tiles, 2 * 256 - 1 nodes, heap order: node 1 is the root, the tile
     * roots are 256..511. Makes a proof cost one tile of hashing instead of two. */
    struct hf_hash upper[2 * HF_TILE_WIDTH];
};

/* Packed bundles are stored in groups of about this size, each as be32 length and bytes: a value of
 * LMDB takes whole pages, and half a page wasted on each bundle would be a tenth of the file. */
#define GROUP_BYTES (256u << 10)

/* Of the group that begins with this bundle. */
static struct hf_bytes group_key(unsigned bundle, uint8_t out[3])
{
    out[0] = 'b';
    hf_be16_put(out + 1, (uint16_t)bundle);
    return hf_bytes_of(out, 3);
}

static struct hf_bytes blob_key(uint64_t index, uint32_t chunk, uint8_t out[13])
{
    out[0] = 'x';
    hf_be64_put(out + 1, index);
    hf_be32_put(out + 9, chunk);
    return hf_bytes_of(out, 13);
}

static void head_encode(const struct hf_identity *identity, uint64_t number, uint32_t version,
                        const struct hf_volume_record *record, struct hf_writer *w)
{
    uint8_t body[HEAD_FIXED + HF_KEY_NAME_MAX];
    struct hf_writer b = hf_writer_init(body, sizeof body);
    uint8_t packed[HF_VOLUME_RECORD_SIZE];
    hf_volume_record_encode(record, packed);
    hf_writer_be32(&b, version);
    hf_writer_be64(&b, number);
    hf_writer_put(&b, packed, sizeof packed);
    hf_writer_be32(&b, identity->vkey.id);
    hf_writer_u8(&b, identity->vkey.name_len);
    hf_writer_put(&b, identity->vkey.name, identity->vkey.name_len);
    HF_ASSERT(!b.overflow);
    hf_writer_be32(w, hf_check32(hf_writer_done(&b)));
    hf_writer_bytes(w, hf_writer_done(&b));
}

static enum hf_rc head_check(struct hf_volume *volume, const struct hf_identity *identity,
                             struct hf_bytes head, struct hf_err *err)
{
    if (head.len < HEAD_FIXED ||
        hf_be32_get(head.ptr) != hf_check32(hf_bytes_of(head.ptr + 4, head.len - 4))) {
        return hf_err_set(err, HF_ECORRUPT, "its head is damaged");
    }
    uint32_t version = hf_be32_get(head.ptr + 4);
    volume->pruned = version == VERSION_PRUNED;
    if (version > VERSION_PRUNED) {
        return hf_err_set(err, HF_EVERSION, "it has a newer format; use a newer program");
    }
    enum hf_rc rc = hf_volume_record_decode(hf_bytes_of(head.ptr + 16, HF_VOLUME_RECORD_SIZE),
                                            &volume->record, err);
    if (rc != HF_OK) {
        return rc;
    }
    uint8_t expected[4 + HEAD_FIXED + HF_KEY_NAME_MAX];
    struct hf_writer w = hf_writer_init(expected, sizeof expected);
    head_encode(identity, volume->number, version, &volume->record, &w);
    if (!hf_bytes_eq(hf_writer_done(&w), head)) {
        return hf_err_set(err, HF_EMISMATCH, "it belongs to another log or another place in it");
    }
    return HF_OK;
}

static enum hf_rc get_sized(struct hf_volume *volume, const char *key, size_t len,
                            const struct hf_hash **ret, struct hf_err *err)
{
    struct hf_bytes value;
    enum hf_rc rc = hf_kv_get(volume->read, 0, hf_str_bytes(hf_str_c(key)), &value, err);
    if (rc == HF_ENOTFOUND || (rc == HF_OK && value.len != len)) {
        return hf_err_set(err, HF_ECORRUPT, "its \"%s\" hashes are missing or cut", key);
    }
    if (rc == HF_OK) {
        *ret = (const struct hf_hash *)(const void *)value.ptr;
    }
    return rc;
}

static enum hf_rc load(struct hf_volume *volume, const struct hf_identity *identity,
                       struct hf_err *err)
{
    enum hf_rc rc = hf_kv_read(volume->kv, &volume->read, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_bytes head;
    rc = hf_kv_get(volume->read, 0, HF_BYTES("head"), &head, err);
    if (rc == HF_ENOTFOUND) {
        return hf_err_set(err, HF_EMISMATCH, "it is not a volume of a log");
    }
    if (rc == HF_OK) {
        rc = head_check(volume, identity, head, err);
    }
    if (rc == HF_OK) {
        rc = get_sized(volume, "leaf", LEAF_BYTES, &volume->leaves, err);
    }
    if (rc == HF_OK) {
        rc = get_sized(volume, "tile", TILE_BYTES, &volume->tiles, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    memcpy(volume->upper + HF_TILE_WIDTH, volume->tiles, TILE_BYTES);
    for (unsigned i = HF_TILE_WIDTH - 1; i >= 1; i--) {
        hf_sha256_node(&volume->upper[2 * i], &volume->upper[2 * i + 1], &volume->upper[i]);
    }
    if (!hf_hash_eq(&volume->upper[1], &volume->record.root)) {
        return hf_err_set(err, HF_ECORRUPT, "its tile hashes do not give its root");
    }
    return HF_OK;
}

enum hf_rc hf_volume_open(struct hf_place *place, const struct hf_identity *identity,
                          uint64_t number, struct hf_volume **ret_volume, struct hf_err *err)
{
    char name[HF_VOLUME_NAME_MAX];
    hf_volume_name(number, name);
    struct hf_volume *volume = hf_heap_zalloc(1, sizeof *volume);
    if (volume == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to open volume %s", name);
    }
    volume->number = number;
    enum hf_rc rc = hf_sealed_open(place, name, &volume->kv, err);
    if (rc == HF_OK) {
        rc = load(volume, identity, err);
    }
    if (rc == HF_ENOTFOUND) {
        rc =
            hf_err_set(err, HF_ENOTFOUND,
                       "volume file %s is missing; put it back from the archive or a backup", name);
    } else if (rc != HF_OK) {
        rc = hf_err_wrap(err, rc, "volume file %s", name);
    }
    if (rc != HF_OK) {
        hf_volume_close(volume);
        return rc;
    }
    *ret_volume = volume;
    return HF_OK;
}

void hf_volume_close(struct hf_volume *volume)
{
    if (volume == NULL) {
        return;
    }
    if (volume->read != NULL) {
        hf_kv_end(volume->read);
    }
    hf_kv_close(volume->kv);
    hf_heap_free(volume);
}

const struct hf_volume_record *hf_volume_record(const struct hf_volume *volume)
{
    return &volume->record;
}

bool hf_volume_pruned(const struct hf_volume *volume)
{
    return volume->pruned;
}

uint64_t hf_volume_bytes(const struct hf_volume *volume)
{
    return hf_kv_bytes(volume->kv);
}

const struct hf_hash *hf_volume_leaves(const struct hf_volume *volume)
{
    return volume->leaves;
}

const struct hf_hash *hf_volume_tiles(const struct hf_volume *volume)
{
    return volume->tiles;
}

/* The packed bytes of a bundle in its group; borrows from the snapshot. */
static enum hf_rc find_packed(struct hf_kv_read *read, unsigned bundle, struct hf_bytes *ret_packed,
                              struct hf_err *err)
{
    uint8_t name[3];
    struct hf_bytes key;
    struct hf_bytes group;
    enum hf_rc rc = hf_kv_floor(read, 0, group_key(bundle, name), &key, &group, err);
    if (rc == HF_ENOTFOUND || (rc == HF_OK && (key.len != 3 || key.ptr[0] != 'b'))) {
        return hf_err_set(err, HF_ECORRUPT, "the bundle is missing");
    }
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_cursor c = hf_cursor_init(group);
    for (unsigned at = hf_be16_get(key.ptr + 1); at <= bundle; at++) {
        uint32_t len = 0;
        if (!hf_cursor_be32(&c, &len) || !hf_cursor_take(&c, len, ret_packed)) {
            return hf_err_set(err, HF_ECORRUPT, "the bundle is missing");
        }
    }
    return HF_OK;
}

enum hf_rc hf_volume_bundle(struct hf_volume *volume, struct hf_packer *packer, unsigned bundle,
                            struct hf_buf *buf, struct hf_err *err)
{
    HF_ASSERT(bundle < HF_VOLUME_BUNDLES);
    if (volume->pruned) {
        return hf_err_set(err, HF_EPRUNED,
                          "volume %llu is pruned: whoever gave the receipt has its entries",
                          (unsigned long long)volume->number);
    }
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(volume->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_bytes packed = {NULL, 0};
    rc = find_packed(read, bundle, &packed, err);
    if (rc == HF_OK) {
        hf_buf_clear(buf);
        rc = hf_unpack(packer, packed, HF_BUNDLE_MAX, buf, err);
    }
    hf_kv_end(read);
    return rc == HF_OK ? HF_OK
                       : hf_err_wrap(err, rc, "volume %llu: bundle %u",
                                     (unsigned long long)volume->number, bundle);
}

/* The root of 2^level hashes, folded pairwise in place. */
static void fold(struct hf_hash *hash, size_t count)
{
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++) {
            hf_sha256_node(&hash[2 * i], &hash[2 * i + 1], &hash[i]);
        }
    }
}

void hf_volume_node(const struct hf_volume *volume, unsigned level, uint64_t index,
                    struct hf_hash *ret_hash)
{
    HF_ASSERT(level <= HF_VOLUME_BITS && index < HF_VOLUME_ENTRIES >> level);
    if (level >= 8) {
        *ret_hash = volume->upper[(HF_VOLUME_ENTRIES >> level) + index];
        return;
    }
    struct hf_hash scratch[HF_TILE_WIDTH];
    size_t count = (size_t)1 << level;
    memcpy(scratch, volume->leaves + (index << level), count * sizeof scratch[0]);
    fold(scratch, count);
    *ret_hash = scratch[0];
}

enum hf_rc hf_volume_blob_chunk(struct hf_volume *volume, uint64_t index, uint32_t chunk,
                                struct hf_buf *buf, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(volume->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    uint8_t key[13];
    struct hf_bytes value;
    rc = hf_kv_get(read, 0, blob_key(index, chunk, key), &value, err);
    if (rc == HF_OK) {
        hf_buf_put(buf, value.ptr, value.len);
        if (buf->failed != HF_OK) {
            rc = hf_err_set(err, buf->failed, "no room for a blob's chunk");
        }
    }
    hf_kv_end(read);
    return rc;
}

/* Sealing. The frames are read in short snapshots, so that the writer's file does not grow. */

struct sealing {
    struct hf_sealer *sealer;
    struct hf_kv *kv;
    struct hf_packer *packer;
    struct hf_buf plain;
    struct hf_buf packed;
    struct hf_buf group; /* packed bundles not stored yet */
    unsigned group_first;
    unsigned bundle;    /* the next to pack */
    unsigned in_bundle; /* entries gathered for it */
    uint64_t next;      /* index of the next entry to take */
    uint64_t end;
    int64_t first_us;
    int64_t last_us;
};

static enum hf_rc put_group(struct sealing *s, struct hf_err *err)
{
    uint8_t key[3];
    enum hf_rc rc =
        hf_seal_put(s->sealer, group_key(s->group_first, key), hf_buf_bytes(&s->group), err);
    s->group_first = s->bundle;
    hf_buf_clear(&s->group);
    return rc;
}

static enum hf_rc put_bundle(struct sealing *s, struct hf_err *err)
{
    uint8_t len[4];
    hf_buf_clear(&s->packed);
    enum hf_rc rc = hf_pack(s->packer, hf_buf_bytes(&s->plain), &s->packed, err);
    if (rc == HF_OK) {
        hf_be32_put(len, (uint32_t)s->packed.len);
        hf_buf_put(&s->group, len, sizeof len);
        hf_buf_put(&s->group, s->packed.ptr, s->packed.len);
        rc = s->group.failed == HF_OK ? HF_OK
                                      : hf_err_set(err, s->group.failed, "no memory to seal");
    }
    s->bundle++;
    s->in_bundle = 0;
    hf_buf_clear(&s->plain);
    if (rc == HF_OK && (s->group.len >= GROUP_BYTES || s->bundle == HF_VOLUME_BUNDLES)) {
        rc = put_group(s, err);
    }
    return rc;
}

static enum hf_rc take_frame(struct sealing *s, struct hf_bytes key, struct hf_bytes value,
                             struct hf_err *err)
{
    struct hf_frame frame;
    if (key.len != 8 || hf_be64_get(key.ptr) != s->next) {
        return hf_err_set(err, HF_ECORRUPT, "entry %llu is missing", (unsigned long long)s->next);
    }
    enum hf_rc rc = hf_frame_decode(value, &frame, err);
    if (rc != HF_OK) {
        return rc;
    }
    s->first_us = s->first_us == INT64_MIN ? frame.committed_us : s->first_us;
    s->last_us = frame.committed_us;
    struct hf_cursor c = hf_cursor_init(frame.bundle);
    for (uint32_t i = 0; i < frame.count && rc == HF_OK; i++) {
        const uint8_t *start = c.ptr;
        struct hf_bytes entry;
        rc = hf_bundle_next(&c, &entry);
        if (rc == HF_OK) {
            hf_buf_put(&s->plain, start, 2 + entry.len);
            rc = s->plain.failed;
        }
        if (rc == HF_OK && ++s->in_bundle == HF_TILE_WIDTH) {
            rc = put_bundle(s, err);
        }
    }
    s->next += frame.count;
    return rc == HF_OK && s->next > s->end ? HF_ECORRUPT : rc;
}

#define FRAMES_PER_SNAPSHOT 256

static enum hf_rc take_frames(struct sealing *s, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    while (rc == HF_OK && s->next < s->end) {
        struct hf_kv_read *read = NULL;
        rc = hf_kv_read(s->kv, &read, err);
        if (rc != HF_OK) {
            return rc;
        }
        struct hf_key8 at = hf_key8_make(s->next);
        struct hf_bytes key, value;
        rc = hf_kv_ceil(read, HF_TABLE_FRAMES, hf_key8_bytes(&at), &key, &value, err);
        for (int i = 0; rc == HF_OK; i++) {
            rc = take_frame(s, key, value, err);
            if (rc != HF_OK || s->next >= s->end || i + 1 == FRAMES_PER_SNAPSHOT) {
                break;
            }
            rc = hf_kv_next(read, HF_TABLE_FRAMES, &key, &value, err);
        }
        hf_kv_end(read);
        if (rc == HF_ENOTFOUND) {
            rc = hf_err_set(err, HF_ECORRUPT, "entry %llu is missing", (unsigned long long)s->next);
        }
    }
    return rc;
}

static enum hf_rc copy_blobs(struct sealing *s, uint64_t first, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(s->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_key8 at = hf_key8_make(first);
    struct hf_bytes key, value;
    rc = hf_kv_ceil(read, HF_TABLE_BLOBS, hf_key8_bytes(&at), &key, &value, err);
    while (rc == HF_OK && key.len == 12 && hf_be64_get(key.ptr) < s->end) {
        uint8_t name[13];
        rc = hf_seal_put(s->sealer, blob_key(hf_be64_get(key.ptr), hf_be32_get(key.ptr + 8), name),
                         value, err);
        if (rc == HF_OK) {
            rc = hf_kv_next(read, HF_TABLE_BLOBS, &key, &value, err);
        }
    }
    hf_kv_end(read);
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

/* Keys sort as 'b' < "head" < "leaf" < "tile" < 'x'. */
static enum hf_rc put_hashes(struct sealing *s, const struct hf_identity *identity, uint64_t number,
                             const struct hf_hash *leaves, struct hf_volume_record *ret_record,
                             struct hf_err *err)
{
    struct hf_hash *tiles = hf_heap_alloc(TILE_BYTES);
    struct hf_hash *scratch = hf_heap_alloc(HF_TILE_WIDTH * sizeof *scratch);
    enum hf_rc rc = tiles == NULL || scratch == NULL ? HF_ENOMEM : HF_OK;
    if (rc == HF_OK) {
        for (size_t i = 0; i < HF_VOLUME_BUNDLES; i++) {
            memcpy(scratch, leaves + i * HF_TILE_WIDTH, HF_TILE_WIDTH * sizeof *scratch);
            fold(scratch, HF_TILE_WIDTH);
            tiles[i] = scratch[0];
        }
        memcpy(scratch, tiles, TILE_BYTES);
        fold(scratch, HF_TILE_WIDTH);
        *ret_record = (struct hf_volume_record){scratch[0], s->first_us, s->last_us};
        uint8_t head[4 + HEAD_FIXED + HF_KEY_NAME_MAX];
        struct hf_writer w = hf_writer_init(head, sizeof head);
        head_encode(identity, number, VERSION_WHOLE, ret_record, &w);
        rc = hf_seal_put(s->sealer, HF_BYTES("head"), hf_writer_done(&w), err);
    }
    if (rc == HF_OK) {
        rc = hf_seal_put(s->sealer, HF_BYTES("leaf"), hf_bytes_of(leaves, LEAF_BYTES), err);
    }
    if (rc == HF_OK) {
        rc = hf_seal_put(s->sealer, HF_BYTES("tile"), hf_bytes_of(tiles, TILE_BYTES), err);
    }
    hf_heap_free(tiles);
    hf_heap_free(scratch);
    return rc;
}

enum hf_rc hf_volume_seal(struct hf_place *place, const struct hf_identity *identity,
                          struct hf_kv *kv, uint64_t number, const struct hf_hash *leaves,
                          struct hf_volume_record *ret_record, struct hf_err *err)
{
    char name[HF_VOLUME_NAME_MAX];
    hf_volume_name(number, name);
    uint64_t first = number << HF_VOLUME_BITS;
    struct sealing s = {
        .kv = kv,
        .plain = hf_buf_init(HF_BUNDLE_MAX),
        .packed = hf_buf_init(2 * (size_t)HF_BUNDLE_MAX),
        .group = hf_buf_init(3 * (size_t)HF_BUNDLE_MAX),
        .next = first,
        .end = first + HF_VOLUME_ENTRIES,
        .first_us = INT64_MIN,
    };
    /* The most a volume can hold: every entry and many blobs at their largest. */
    uint64_t bytes_max = UINT64_C(1) << 38;
    enum hf_rc rc = hf_packer_new(&s.packer);
    if (rc == HF_OK) {
        rc = hf_seal_begin(place, name, bytes_max, &s.sealer, err);
    }
    if (rc == HF_OK) {
        rc = take_frames(&s, err);
    }
    if (rc == HF_OK) {
        rc = put_hashes(&s, identity, number, leaves, ret_record, err);
    }
    if (rc == HF_OK) {
        rc = copy_blobs(&s, first, err);
    }
    if (rc == HF_OK) {
        rc = hf_seal_finish(s.sealer, err);
    } else if (s.sealer != NULL) {
        hf_seal_abort(s.sealer);
    }
    hf_packer_free(s.packer);
    hf_buf_free(&s.plain);
    hf_buf_free(&s.packed);
    hf_buf_free(&s.group);
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "sealing volume file %s", name);
}

/* Pruning: the same file without its bundles. */

#define POSTING_KEY_MAX 256

struct pruning {
    struct hf_sealer *sealer;
};

static enum hf_rc keep_posting(void *arg, struct hf_bytes key, struct hf_bytes value,
                               struct hf_err *err)
{
    const struct pruning *pruning = arg;
    uint8_t name[1 + POSTING_KEY_MAX];
    HF_ASSERT(key.len <= POSTING_KEY_MAX);
    name[0] = 'p';
    memcpy(name + 1, key.ptr, key.len);
    return hf_seal_put(pruning->sealer, hf_bytes_of(name, 1 + key.len), value, err);
}

static enum hf_rc keep_blobs(struct hf_volume *volume, struct hf_sealer *sealer, struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    struct hf_bytes key;
    struct hf_bytes value;
    enum hf_rc rc = hf_kv_read(volume->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_kv_ceil(read, 0, HF_BYTES("x"), &key, &value, err);
    while (rc == HF_OK) {
        rc = hf_seal_put(sealer, key, value, err);
        if (rc == HF_OK) {
            rc = hf_kv_next(read, 0, &key, &value, err);
        }
    }
    hf_kv_end(read);
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

/* Keys sort as "head" < "leaf" < 'p' < "tile" < "time" < 'x'. */
static enum hf_rc write_pruned(const struct hf_identity *identity, struct hf_volume *volume,
                               struct hf_prune_index *index, struct hf_sealer *sealer,
                               struct hf_err *err)
{
    uint8_t head[4 + HEAD_FIXED + HF_KEY_NAME_MAX];
    uint8_t packed[8 * HF_VOLUME_BUNDLES];
    int64_t times[HF_VOLUME_BUNDLES] = {0};
    struct pruning pruning = {sealer};
    struct hf_writer w = hf_writer_init(head, sizeof head);
    head_encode(identity, volume->number, VERSION_PRUNED, &volume->record, &w);
    enum hf_rc rc = hf_seal_put(sealer, HF_BYTES("head"), hf_writer_done(&w), err);
    if (rc == HF_OK) {
        rc = hf_seal_put(sealer, HF_BYTES("leaf"), hf_bytes_of(volume->leaves, LEAF_BYTES), err);
    }
    if (rc == HF_OK && index != NULL) {
        rc = index->postings(index, keep_posting, &pruning, times, err);
    }
    if (rc == HF_OK) {
        rc = hf_seal_put(sealer, HF_BYTES("tile"), hf_bytes_of(volume->tiles, TILE_BYTES), err);
    }
    for (size_t i = 0; i < HF_VOLUME_BUNDLES; i++) {
        hf_be64_put(packed + 8 * i, (uint64_t)times[i]);
    }
    if (rc == HF_OK) {
        rc = hf_seal_put(sealer, HF_BYTES("time"), hf_bytes_of(packed, sizeof packed), err);
    }
    return rc == HF_OK ? keep_blobs(volume, sealer, err) : rc;
}

enum hf_rc hf_volume_prune(struct hf_place *place, const struct hf_identity *identity,
                           struct hf_volume *volume, struct hf_prune_index *index,
                           struct hf_err *err)
{
    char name[HF_VOLUME_NAME_MAX];
    struct hf_sealer *sealer = NULL;
    HF_ASSERT(!volume->pruned);
    hf_volume_name(volume->number, name);
    enum hf_rc rc = hf_seal_begin(place, name, UINT64_C(1) << 38, &sealer, err);
    if (rc == HF_OK) {
        rc = write_pruned(identity, volume, index, sealer, err);
        if (rc == HF_OK) {
            rc = hf_seal_finish(sealer, err);
        } else {
            hf_seal_abort(sealer);
        }
    }
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "pruning volume file %s", name);
}

static enum hf_rc read_times(struct hf_kv_read *read, int64_t ret_times[HF_VOLUME_BUNDLES],
                             struct hf_err *err)
{
    struct hf_bytes value;
    enum hf_rc rc = hf_kv_get(read, 0, HF_BYTES("time"), &value, err);
    if (rc == HF_ENOTFOUND || (rc == HF_OK && value.len != (size_t)8 * HF_VOLUME_BUNDLES)) {
        return hf_err_set(err, HF_ECORRUPT, "its times are missing or cut");
    }
    for (size_t i = 0; rc == HF_OK && i < HF_VOLUME_BUNDLES; i++) {
        ret_times[i] = (int64_t)hf_be64_get(value.ptr + 8 * i);
    }
    return rc;
}

enum hf_rc hf_volume_postings(struct hf_volume *volume, hf_volume_posting_fn *take, void *arg,
                              int64_t ret_times[HF_VOLUME_BUNDLES], struct hf_err *err)
{
    struct hf_kv_read *read = NULL;
    struct hf_bytes key;
    struct hf_bytes value = {0}; /* set by each HF_OK; clang 14 cannot see that */
    HF_ASSERT(volume->pruned);
    enum hf_rc rc = hf_kv_read(volume->kv, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = read_times(read, ret_times, err);
    if (rc == HF_OK) {
        rc = hf_kv_ceil(read, 0, HF_BYTES("p"), &key, &value, err);
    }
    while (rc == HF_OK && key.ptr[0] == 'p') {
        rc = take(arg, hf_bytes_of(key.ptr + 1, key.len - 1), value, err);
        if (rc == HF_OK) {
            rc = hf_kv_next(read, 0, &key, &value, err);
        }
    }
    hf_kv_end(read);
    rc = rc == HF_ENOTFOUND ? HF_OK : rc;
    return rc == HF_OK ? HF_OK
                       : hf_err_wrap(err, rc, "volume %llu", (unsigned long long)volume->number);
}
