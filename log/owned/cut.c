/* log/owned/cut.c: a part of an owned log as a segment, signed at its end. */
#include "log/owned/cut.h"

#include "log/core/reader.h"
#include "log/mirror/follow.h"

#define ENTRIES_MAX    4096
#define BYTES_MAX      (3u << 20)
#define PART_BYTES_MAX (1u << 20)
#define PART_BLOB_MAX  (8u << 20)

static void put_entry(struct hf_buf *bundle, struct hf_bytes entry)
{
    uint8_t len[2];
    hf_be16_put(len, (uint16_t)entry.len);
    hf_buf_put(bundle, len, sizeof len);
    hf_buf_put(bundle, entry.ptr, entry.len);
}

/* The blob that the entry brought, behind its number; none when an earlier entry did, or when it
 * names none. */
static enum hf_rc put_blob(const struct hf_owned *owned, uint64_t index, uint32_t n,
                           struct hf_bytes entry, struct hf_buf *blobs, struct hf_err *err)
{
    struct hf_envelope envelope;
    struct hf_hash hash;
    uint8_t head[8];
    struct hf_buf blob = hf_buf_init(PART_BLOB_MAX);
    if (hf_envelope_read_leaf(entry, &envelope, /* err= */ NULL) != HF_OK ||
        envelope.blob.len != HF_HASH_SIZE) {
        return HF_OK;
    }
    memcpy(hash.b, envelope.blob.ptr, HF_HASH_SIZE);
    enum hf_rc rc = hf_log_blob_at(owned->log, index, &hash, &blob, err);
    if (rc == HF_OK) {
        hf_be32_put(head, n);
        hf_be32_put(head + 4, (uint32_t)blob.len);
        hf_buf_put(blobs, head, sizeof head);
        hf_buf_put(blobs, blob.ptr, blob.len);
        rc = blobs->failed;
    }
    hf_buf_free(&blob);
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

/* blobs: NULL for none. */
static enum hf_rc gather(const struct hf_owned *owned, uint64_t from, struct hf_buf *bundle,
                         struct hf_buf *blobs, uint64_t *ret_end, struct hf_err *err)
{
    struct hf_reader *reader = NULL;
    const struct hf_reader_options options = {.from = from};
    size_t bytes_max = blobs == NULL ? BYTES_MAX : PART_BYTES_MAX;
    enum hf_rc rc = hf_reader_open(owned->log, &options, &reader, err);
    *ret_end = from;
    while (rc == HF_OK && *ret_end - from < ENTRIES_MAX &&
           bundle->len + (blobs == NULL ? 0 : blobs->len) < bytes_max) {
        uint64_t index = 0;
        struct hf_bytes entry;
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc == HF_OK && blobs != NULL) {
            rc = put_blob(owned, index, (uint32_t)(index - from), entry, blobs, err);
        }
        if (rc == HF_OK) {
            put_entry(bundle, entry);
            rc = bundle->failed;
            *ret_end = index + 1;
        }
    }
    hf_reader_close(reader);
    if (rc == HF_EEND && *ret_end == from) {
        return hf_err_set(err, HF_ENOTFOUND, "the log has no entry %llu", (unsigned long long)from);
    }
    return rc == HF_EEND ? HF_OK : rc;
}

/* Signs the end of what was gathered, and writes it. */
static enum hf_rc write_segment(const struct hf_owned *owned, struct hf_segment *segment,
                                struct hf_buf *out, struct hf_err *err)
{
    uint8_t note[HF_SEGMENT_NOTE];
    const struct hf_vkey *vkey = &hf_log_identity(owned->log)->vkey;
    struct hf_writer w = hf_writer_init(note, sizeof note);
    struct hf_checkpoint checkpoint = {.origin = {vkey->name, vkey->name_len},
                                       .size = segment->end};
    enum hf_rc rc = hf_tree_root(hf_log_source(owned->log), segment->end, &checkpoint.root, err);
    if (rc == HF_OK) {
        hf_checkpoint_sign(&checkpoint, vkey, owned->key, &w);
        segment->note = hf_writer_done(&w);
        hf_segment_write(segment, out);
        rc = out->failed == HF_OK ? HF_OK : hf_err_set(err, out->failed, "no memory for a segment");
    }
    return rc;
}

enum hf_rc hf_owned_cut(const struct hf_owned *owned, uint32_t epoch, uint64_t from,
                        struct hf_buf *out, uint64_t *ret_end, struct hf_err *err)
{
    struct hf_buf bundle = hf_buf_init(BYTES_MAX + (1u << 17));
    struct hf_segment segment = {.epoch = epoch, .first = from};
    enum hf_rc rc = gather(owned, from, &bundle, /* blobs= */ NULL, &segment.end, err);
    if (rc == HF_OK) {
        segment.bundle = hf_buf_bytes(&bundle);
        rc = write_segment(owned, &segment, out, err);
    }
    if (rc == HF_OK) {
        *ret_end = segment.end;
    }
    hf_buf_free(&bundle);
    return rc;
}

enum hf_rc hf_owned_cut_part(const struct hf_owned *owned, uint64_t from, struct hf_buf *out,
                             struct hf_err *err)
{
    struct hf_buf bundle = hf_buf_init(PART_BYTES_MAX + (1u << 17));
    struct hf_buf blobs = hf_buf_init(PART_BYTES_MAX + PART_BLOB_MAX + 8);
    struct hf_buf bytes = hf_buf_init(HF_SEGMENT_MAX);
    struct hf_segment segment = {.epoch = 1, .first = from};
    enum hf_rc rc = gather(owned, from, &bundle, &blobs, &segment.end, err);
    if (rc == HF_OK) {
        segment.bundle = hf_buf_bytes(&bundle);
        rc = write_segment(owned, &segment, &bytes, err);
    }
    if (rc == HF_OK) {
        hf_follow_write_part(hf_buf_bytes(&bytes), hf_buf_bytes(&blobs), out);
        rc = out->failed == HF_OK ? HF_OK : hf_err_set(err, out->failed, "no memory for a part");
    }
    hf_buf_free(&bytes);
    hf_buf_free(&blobs);
    hf_buf_free(&bundle);
    return rc;
}
