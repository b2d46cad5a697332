/* log/mirror/follow.c: takes parts of a region's log, and keeps how far it got. */
#include "log/mirror/follow.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/heap.h"
#include "base/parse.h"
#include "log/tlog/tile.h"
#include "schemas/envelope.h"

#define MAGIC  "HFF1"
#define HEADER "holdfast/follow@v1"

void hf_follow_init(struct hf_follow *follow, const struct hf_vkey *vkey)
{
    *follow = (struct hf_follow){.vkey = *vkey};
    hf_frontier_init(&follow->frontier);
}

struct hf_bytes hf_follow_note(const struct hf_follow *follow)
{
    return hf_bytes_of(follow->note, follow->note_len);
}

/* parts */

static bool next_blob(struct hf_cursor *blobs, uint32_t *ret_n, struct hf_bytes *ret_blob)
{
    uint32_t len = 0;
    return hf_cursor_be32(blobs, ret_n) && hf_cursor_be32(blobs, &len) && len > 0 &&
           hf_cursor_take(blobs, len, ret_blob);
}

enum hf_rc hf_follow_parse(struct hf_bytes bytes, struct hf_follow_part *ret, struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(bytes);
    struct hf_bytes magic;
    struct hf_bytes segment;
    uint32_t len = 0;
    if (bytes.len > HF_FOLLOW_PART_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "a part of a log has at most %u bytes",
                          HF_FOLLOW_PART_MAX);
    }
    if (!hf_cursor_take(&cursor, sizeof MAGIC - 1, &magic) ||
        memcmp(magic.ptr, MAGIC, sizeof MAGIC - 1) != 0) {
        return hf_err_set(err, HF_EINVAL, "it is no part of a followed log");
    }
    if (!hf_cursor_be32(&cursor, &len) || !hf_cursor_take(&cursor, len, &segment)) {
        return hf_err_set(err, HF_EINVAL, "the part is cut before its segment ends");
    }
    enum hf_rc rc = hf_segment_parse(segment, &ret->segment, err);
    if (rc == HF_OK && ret->segment.epoch != 1) {
        rc = hf_err_set(err, HF_EINVAL, "a region's log has no epochs");
    }
    if (rc != HF_OK) {
        return rc;
    }
    ret->blobs = hf_bytes_of(cursor.ptr, cursor.left);
    uint64_t count = ret->segment.end - ret->segment.first;
    uint64_t least = 0;
    while (cursor.left > 0) {
        uint32_t n = 0;
        struct hf_bytes blob;
        if (!next_blob(&cursor, &n, &blob) || n < least || n >= count) {
            return hf_err_set(err, HF_EINVAL, "the part's blobs are cut or out of order");
        }
        least = (uint64_t)n + 1;
    }
    return HF_OK;
}

void hf_follow_write_part(struct hf_bytes segment, struct hf_bytes blobs, struct hf_buf *buf)
{
    uint8_t len[4];
    hf_be32_put(len, (uint32_t)segment.len);
    hf_buf_put(buf, MAGIC, sizeof MAGIC - 1);
    hf_buf_put(buf, len, sizeof len);
    hf_buf_put(buf, segment.ptr, segment.len);
    hf_buf_put(buf, blobs.ptr, blobs.len);
}

void hf_follow_walk_begin(const struct hf_follow_part *part, struct hf_follow_walk *ret)
{
    *ret = (struct hf_follow_walk){.entries = hf_cursor_init(part->segment.bundle),
                                   .blobs = hf_cursor_init(part->blobs),
                                   .first = part->segment.first,
                                   .index = part->segment.first};
}

bool hf_follow_walk_next(struct hf_follow_walk *walk, uint64_t *ret_index,
                         struct hf_bytes *ret_entry, struct hf_bytes *ret_blob)
{
    uint32_t n = 0;
    struct hf_cursor blobs = walk->blobs;
    struct hf_bytes blob = {NULL, 0};
    if (hf_bundle_next(&walk->entries, ret_entry) != HF_OK) {
        return false;
    }
    *ret_index = walk->index++;
    *ret_blob = (struct hf_bytes){NULL, 0};
    if (next_blob(&blobs, &n, &blob) && n == *ret_index - walk->first) {
        *ret_blob = blob;
        walk->blobs = blobs;
    }
    return true;
}

/* Names the entry the blob? */
static bool is_named(struct hf_bytes entry, struct hf_bytes blob)
{
    struct hf_envelope envelope;
    struct hf_hash hash;
    if (hf_envelope_read_leaf(entry, &envelope, /* err= */ NULL) != HF_OK) {
        return false;
    }
    hf_sha256(blob, &hash);
    return hf_bytes_eq(envelope.blob, hf_bytes_of(hash.b, HF_HASH_SIZE));
}

static enum hf_rc open_note(const struct hf_follow *follow, const struct hf_segment *segment,
                            struct hf_checkpoint *ret, struct hf_err *err)
{
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    if (note == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to check a checkpoint");
    }
    enum hf_rc rc = hf_checkpoint_open(segment->note, &follow->vkey, note, ret, err);
    hf_heap_free(note);
    if (rc == HF_ENOMEM) {
        return rc;
    }
    if (rc != HF_OK) {
        return hf_err_wrap(err, HF_EBADSIG, "the checkpoint is not signed by the key of %s",
                           follow->vkey.name);
    }
    if (ret->size != segment->end) {
        return hf_err_set(err, HF_EINVAL, "the part's checkpoint is of another size");
    }
    return HF_OK;
}

static enum hf_rc check_known(const struct hf_follow *follow, const struct hf_frontier *frontier,
                              struct hf_err *err)
{
    struct hf_hash root;
    if (follow->known_size == 0 || frontier->size != follow->known_size) {
        return HF_OK;
    }
    hf_frontier_root(frontier, &root);
    return hf_hash_eq(&root, &follow->known_root)
               ? HF_OK
               : hf_err_set(err, HF_EFORK,
                            "the first %llu entries of %s are not those that were there before: "
                            "the log was rewritten, or it is another copy of it",
                            (unsigned long long)frontier->size, follow->vkey.name);
}

static enum hf_rc append(const struct hf_follow *follow, const struct hf_follow_part *part,
                         struct hf_frontier *frontier, struct hf_err *err)
{
    struct hf_follow_walk walk;
    uint64_t index = 0;
    struct hf_bytes entry;
    struct hf_bytes blob;
    enum hf_rc rc = HF_OK;
    hf_follow_walk_begin(part, &walk);
    while (rc == HF_OK && hf_follow_walk_next(&walk, &index, &entry, &blob)) {
        struct hf_hash leaf;
        hf_tree_leaf_hash(entry, &leaf);
        hf_frontier_append(frontier, &leaf);
        rc = check_known(follow, frontier, err);
        if (rc == HF_OK && blob.len > 0 && !is_named(entry, blob)) {
            rc = hf_err_set(err, HF_ECORRUPT, "the blob of entry %llu is not the one that it names",
                            (unsigned long long)index);
        }
    }
    return rc;
}

enum hf_rc hf_follow_take(struct hf_follow *follow, struct hf_bytes bytes,
                          struct hf_follow_part *ret, struct hf_err *err)
{
    struct hf_follow_part part = {.segment = {.first = 0}};
    struct hf_checkpoint checkpoint = {.size = 0};
    struct hf_hash root;
    enum hf_rc rc = hf_follow_parse(bytes, &part, err);
    if (rc == HF_OK) {
        rc = open_note(follow, &part.segment, &checkpoint, err);
    }
    if (rc == HF_OK && part.segment.first != follow->frontier.size) {
        rc = hf_err_set(err, HF_ECONFLICT, "the part begins at %llu, entry %llu is wanted",
                        (unsigned long long)part.segment.first,
                        (unsigned long long)follow->frontier.size);
    }
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_frontier frontier = follow->frontier;
    rc = append(follow, &part, &frontier, err);
    hf_frontier_root(&frontier, &root);
    if (rc == HF_OK && !hf_hash_eq(&root, &checkpoint.root)) {
        rc = hf_err_set(err, HF_EFORK,
                        "the entries %llu to %llu of %s, behind those that are here, do not give "
                        "the root that it signed: the log was rewritten, or is not the same for "
                        "everybody",
                        (unsigned long long)part.segment.first,
                        (unsigned long long)part.segment.end - 1, follow->vkey.name);
    }
    if (rc == HF_OK) {
        HF_ASSERT(part.segment.note.ptr != NULL); /* it was opened */
        follow->frontier = frontier;
        memcpy(follow->note, part.segment.note.ptr, part.segment.note.len);
        follow->note_len = part.segment.note.len;
        *ret = part;
    }
    return rc;
}

/* state */

void hf_follow_write(const struct hf_follow *follow, struct hf_buf *buf)
{
    char text[HF_VKEY_TEXT_MAX];
    (void)hf_vkey_format(&follow->vkey, text);
    hf_buf_printf(buf, HEADER "\n%s\n%llu\n", text, (unsigned long long)follow->frontier.size);
    for (unsigned i = 0; i < HF_LEN(follow->frontier.level); i++) {
        if ((follow->frontier.size >> i & 1) != 0) {
            char hash[HF_BASE64_LEN(HF_HASH_SIZE) + 1];
            hf_base64_encode(hf_bytes_of(follow->frontier.level[i].b, HF_HASH_SIZE), hash);
            hf_buf_printf(buf, "%s\n", hash);
        }
    }
    hf_buf_str(buf, HF_STR("\n"));
    hf_buf_put(buf, follow->note, follow->note_len);
}

static bool read_frontier(struct hf_cursor *cursor, struct hf_frontier *frontier)
{
    struct hf_str line;
    if (!hf_cursor_line(cursor, &line) ||
        hf_parse_u64(line, 0, HF_TREE_SIZE_MAX, &frontier->size) != HF_OK) {
        return false;
    }
    for (unsigned i = 0; i < HF_LEN(frontier->level); i++) {
        size_t len = 0;
        if ((frontier->size >> i & 1) != 0 &&
            (!hf_cursor_line(cursor, &line) ||
             hf_base64_decode(line, frontier->level[i].b, HF_HASH_SIZE, &len) != HF_OK ||
             len != HF_HASH_SIZE)) {
            return false;
        }
    }
    return hf_cursor_line(cursor, &line) && line.len == 0;
}

/* The region's signature says whether the hashes are what they were. */
static enum hf_rc check_state(struct hf_follow *follow, struct hf_bytes note, struct hf_err *err)
{
    struct hf_checkpoint checkpoint = {.size = 0};
    struct hf_hash root;
    const struct hf_segment segment = {.end = follow->frontier.size, .note = note};
    if (follow->frontier.size == 0) {
        return note.len == 0 ? HF_OK : hf_err_set(err, HF_ECORRUPT, "something stands behind it");
    }
    if (note.len > sizeof follow->note) {
        return hf_err_set(err, HF_ECORRUPT, "the checkpoint is too long");
    }
    enum hf_rc rc = open_note(follow, &segment, &checkpoint, err);
    if (rc == HF_ENOMEM) {
        return rc;
    }
    hf_frontier_root(&follow->frontier, &root);
    if (rc != HF_OK || !hf_hash_eq(&root, &checkpoint.root)) {
        return hf_err_set(err, HF_ECORRUPT, "its hashes are not those of its checkpoint");
    }
    memcpy(follow->note, note.ptr, note.len);
    follow->note_len = note.len;
    return HF_OK;
}

enum hf_rc hf_follow_resume(const struct hf_vkey *vkey, const struct hf_frontier *frontier,
                            struct hf_bytes note, struct hf_follow *ret_follow, struct hf_err *err)
{
    hf_follow_init(ret_follow, vkey);
    ret_follow->frontier = *frontier;
    return check_state(ret_follow, note, err);
}

enum hf_rc hf_follow_read(struct hf_bytes text, const struct hf_vkey *vkey,
                          struct hf_follow *ret_follow, struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(text);
    struct hf_str header;
    struct hf_str line;
    struct hf_vkey named;
    if (!hf_cursor_line(&cursor, &header) || !hf_str_eq(header, HF_STR(HEADER)) ||
        !hf_cursor_line(&cursor, &line) || hf_vkey_parse(line, &named, /* err= */ NULL) != HF_OK) {
        return hf_err_set(err, HF_ECORRUPT, "it is not what a follower wrote");
    }
    if (vkey != NULL && !hf_vkey_eq(&named, vkey)) {
        return hf_err_set(err, HF_EMISMATCH, "it is about the log %.*s", HF_STR_ARG(line));
    }
    hf_follow_init(ret_follow, &named);
    if (!read_frontier(&cursor, &ret_follow->frontier)) {
        return hf_err_set(err, HF_ECORRUPT, "its hashes are cut or damaged");
    }
    return check_state(ret_follow, hf_bytes_of(cursor.ptr, cursor.left), err);
}
