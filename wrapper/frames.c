/* wrapper/frames.c: cuts a stream into messages, and puts lengths in front of them. */
#include "wrapper/frames.h"

void hf_frames_free(struct hf_frames *frames)
{
    hf_buf_free(&frames->buf);
    frames->at = 0;
}

enum hf_rc hf_frames_put(struct hf_frames *frames, struct hf_bytes bytes)
{
    struct hf_buf *buf = &frames->buf;
    if (frames->at > 0) {
        memmove(buf->ptr, buf->ptr + frames->at, buf->len - frames->at);
        buf->len -= frames->at;
        frames->at = 0;
    }
    hf_buf_put(buf, bytes.ptr, bytes.len);
    return buf->failed;
}

enum hf_rc hf_frames_next(struct hf_frames *frames, struct hf_bytes *ret_frame)
{
    struct hf_cursor c = hf_cursor_init(hf_bytes_of(frames->buf.ptr, frames->buf.len));
    uint32_t size = 0;
    struct hf_bytes skipped;
    if (!hf_cursor_take(&c, frames->at, &skipped) || !hf_cursor_be32(&c, &size)) {
        return HF_EEND;
    }
    if (size == 0 || size > HF_FRAME_MAX) {
        return HF_EINVAL;
    }
    if (!hf_cursor_take(&c, size, ret_frame)) {
        return HF_EEND;
    }
    frames->at += HF_FRAME_HEAD + size;
    return HF_OK;
}

void hf_frame_open(struct hf_buf *buf)
{
    static const uint8_t head[HF_FRAME_HEAD];
    hf_buf_put(buf, head, sizeof head);
}

enum hf_rc hf_frame_close(struct hf_buf *buf, size_t begin)
{
    if (buf->failed != HF_OK) {
        return buf->failed;
    }
    size_t size = buf->len - begin - HF_FRAME_HEAD;
    if (size > HF_FRAME_MAX) {
        buf->len = begin;
        return HF_ETOOBIG;
    }
    hf_be32_put(buf->ptr + begin, (uint32_t)size);
    return HF_OK;
}
