/* log/mirror/segment.c: segments to bytes and back. */
#include "log/mirror/segment.h"

#include "log/tlog/tile.h"

#define MAGIC "HFS1"

static enum hf_rc check_bundle(const struct hf_segment *segment, struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(segment->bundle);
    struct hf_bytes entry;
    uint64_t count = 0;
    enum hf_rc rc;
    while ((rc = hf_bundle_next(&cursor, &entry)) == HF_OK) {
        count++;
    }
    if (rc != HF_EEND || count != segment->end - segment->first) {
        return hf_err_set(err, HF_EINVAL, "the segment does not have the %llu entries it names",
                          (unsigned long long)(segment->end - segment->first));
    }
    return HF_OK;
}

enum hf_rc hf_segment_parse(struct hf_bytes bytes, struct hf_segment *ret_segment,
                            struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(bytes);
    struct hf_bytes magic;
    uint16_t note_len = 0;
    if (bytes.len > HF_SEGMENT_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "a segment has at most %u bytes", HF_SEGMENT_MAX);
    }
    if (!hf_cursor_take(&cursor, sizeof MAGIC - 1, &magic) ||
        memcmp(magic.ptr, MAGIC, sizeof MAGIC - 1) != 0) {
        return hf_err_set(err, HF_EINVAL, "it is no segment");
    }
    if (!hf_cursor_be32(&cursor, &ret_segment->epoch) ||
        !hf_cursor_be64(&cursor, &ret_segment->first) ||
        !hf_cursor_be64(&cursor, &ret_segment->end) || !hf_cursor_be16(&cursor, &note_len) ||
        note_len > HF_SEGMENT_NOTE || !hf_cursor_take(&cursor, note_len, &ret_segment->note)) {
        return hf_err_set(err, HF_EINVAL, "the segment's head is cut or wrong");
    }
    ret_segment->bundle = hf_bytes_of(cursor.ptr, cursor.left);
    if (ret_segment->epoch == 0 || ret_segment->end <= ret_segment->first ||
        ret_segment->end > INT64_MAX ||
        ret_segment->end - ret_segment->first > HF_SEGMENT_ENTRIES) {
        return hf_err_set(err, HF_EINVAL, "a segment has 1 to %u entries of an epoch from 1",
                          HF_SEGMENT_ENTRIES);
    }
    return check_bundle(ret_segment, err);
}

void hf_segment_write(const struct hf_segment *segment, struct hf_buf *buf)
{
    uint8_t head[sizeof MAGIC - 1 + 4 + 8 + 8 + 2];
    struct hf_writer w = hf_writer_init(head, sizeof head);
    hf_writer_put(&w, MAGIC, sizeof MAGIC - 1);
    hf_writer_be32(&w, segment->epoch);
    hf_writer_be64(&w, segment->first);
    hf_writer_be64(&w, segment->end);
    hf_writer_be16(&w, (uint16_t)segment->note.len);
    hf_buf_put(buf, head, w.len);
    hf_buf_put(buf, segment->note.ptr, segment->note.len);
    hf_buf_put(buf, segment->bundle.ptr, segment->bundle.len);
}
