/* log/owned/cut.c: a part of an owned log as a segment, signed at its end. */
#include "log/owned/cut.h"

#include "log/core/reader.h"
#include "log/mirror/segment.h"

#define ENTRIES_MAX 4096
#define BYTES_MAX   (3u << 20)

static enum hf_rc gather(const struct hf_owned *owned, uint64_t from, struct hf_buf *bundle,
                         uint64_t *ret_end, struct hf_err *err)
{
    struct hf_reader *reader = NULL;
    const struct hf_reader_options options = {.from = from};
    enum hf_rc rc = hf_reader_open(owned->log, &options, &reader, err);
    *ret_end = from;
    while (rc == HF_OK && *ret_end - from < ENTRIES_MAX && bundle->len < BYTES_MAX) {
        uint64_t index = 0;
        struct hf_bytes entry;
        uint8_t len[2];
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc == HF_OK) {
            hf_be16_put(len, (uint16_t)entry.len);
            hf_buf_put(bundle, len, sizeof len);
            hf_buf_put(bundle, entry.ptr, entry.len);
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

enum hf_rc hf_owned_cut(const struct hf_owned *owned, uint32_t epoch, uint64_t from,
                        struct hf_buf *out, uint64_t *ret_end, struct hf_err *err)
{
    uint8_t note[HF_SEGMENT_NOTE];
    const struct hf_vkey *vkey = &hf_log_identity(owned->log)->vkey;
    struct hf_writer w = hf_writer_init(note, sizeof note);
    struct hf_buf bundle = hf_buf_init(BYTES_MAX + (1u << 17));
    struct hf_segment segment = {.epoch = epoch, .first = from};
    struct hf_checkpoint checkpoint = {.origin = {vkey->name, vkey->name_len}};
    enum hf_rc rc = gather(owned, from, &bundle, &segment.end, err);
    if (rc == HF_OK) {
        checkpoint.size = segment.end;
        rc = hf_tree_root(hf_log_source(owned->log), segment.end, &checkpoint.root, err);
    }
    if (rc == HF_OK) {
        hf_checkpoint_sign(&checkpoint, vkey, owned->key, &w);
        segment.note = hf_writer_done(&w);
        segment.bundle = hf_buf_bytes(&bundle);
        hf_segment_write(&segment, out);
        rc = out->failed == HF_OK ? HF_OK : hf_err_set(err, out->failed, "no memory for a segment");
        *ret_end = segment.end;
    }
    hf_buf_free(&bundle);
    return rc;
}
