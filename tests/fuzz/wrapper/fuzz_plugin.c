/* tests/fuzz/wrapper/fuzz_plugin.c: what a plugin sends is cut the same however it is split, and a
 * message that is understood is, written again, understood as the same. */
#include "base/assert.h"
#include "wrapper/frames.h"
#include "wrapper/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each frame and its end, one after the other, into out. */
static enum hf_rc cut(struct hf_bytes bytes, size_t piece, struct hf_buf *out)
{
    struct hf_frames frames = hf_frames_init();
    enum hf_rc rc = HF_EEND;
    while (bytes.len > 0 && rc == HF_EEND) {
        size_t len = bytes.len < piece ? bytes.len : piece;
        struct hf_bytes frame;
        HF_ASSERT(hf_frames_put(&frames, hf_bytes_of(bytes.ptr, len)) == HF_OK);
        bytes = hf_bytes_of(bytes.ptr + len, bytes.len - len);
        while ((rc = hf_frames_next(&frames, &frame)) == HF_OK) {
            hf_buf_put(out, frame.ptr, frame.len);
            hf_buf_str(out, HF_STR("|"));
        }
    }
    hf_frames_free(&frames);
    return rc;
}

static void write_again(struct hf_bytes text)
{
    struct hf_plugin_message first;
    struct hf_plugin_message second;
    struct hf_buf once = hf_buf_init(16u << 20);
    struct hf_buf twice = hf_buf_init(16u << 20);
    if (hf_plugin_message_parse(text, &first, /* err= */ NULL) != HF_OK) {
        return;
    }
    HF_ASSERT(hf_plugin_message_put(&once, &first) == HF_OK);
    struct hf_bytes frame = hf_bytes_of(once.ptr + HF_FRAME_HEAD, once.len - HF_FRAME_HEAD);
    HF_ASSERT(hf_plugin_message_parse(frame, &second, /* err= */ NULL) == HF_OK);
    HF_ASSERT(first.kind == second.kind && first.id == second.id);
    HF_ASSERT(hf_plugin_message_put(&twice, &second) == HF_OK);
    HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&once), hf_buf_bytes(&twice)));
    hf_plugin_message_free(&first);
    hf_plugin_message_free(&second);
    hf_buf_free(&once);
    hf_buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_bytes bytes = hf_bytes_of(data, size);
    struct hf_buf whole = hf_buf_init(16u << 20);
    static const size_t pieces[] = {1, 3, 100};
    if (size == 0) {
        return 0;
    }
    enum hf_rc rc = cut(bytes, size, &whole);
    for (size_t i = 0; i < HF_LEN(pieces); i++) {
        struct hf_buf split = hf_buf_init(16u << 20);
        HF_ASSERT(cut(bytes, pieces[i], &split) == rc);
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&whole), hf_buf_bytes(&split)));
        hf_buf_free(&split);
    }
    hf_buf_free(&whole);
    write_again(bytes);
    return 0;
}
