/* tests/fuzz/core/fuzz_bundle.c: compressed bundles and frames never give more than was allowed.
 *
 * Input: a limit (be16), then packed bytes. Properties: unpacking stays within the limit, and
 * changes nothing when it refuses; what is unpacked is one frame and nothing behind it; packed
 * again and unpacked it is the same. The same bytes taken as plain ones survive packing, and not
 * under a limit one short. Entries of a bundle and parts of a frame make up the bytes they came in.
 */
#include "base/assert.h"
#include "log/core/format.h"
#include "log/core/packer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An empty frame that decoders skip: it must not ride behind, or in place of, a real one. */
#define SKIPPABLE "\x50\x2A\x4D\x18\x00\x00\x00\x00"

static void check_refused(struct hf_packer *packer, struct hf_bytes packed, size_t plain_max,
                          struct hf_buf *buf)
{
    size_t before = buf->len;
    HF_ASSERT(hf_unpack(packer, packed, plain_max, buf, /* err= */ NULL) == HF_ECORRUPT);
    HF_ASSERT(buf->len == before && buf->failed == HF_OK);
}

/* Bytes survive packing; a packed piece with anything behind it, or cut, is none. */
static void check_plain(struct hf_packer *packer, struct hf_bytes plain)
{
    struct hf_buf packed = hf_buf_init(1u << 20);
    struct hf_buf buf = hf_buf_init(1u << 20);
    HF_ASSERT(hf_pack(packer, plain, &packed, /* err= */ NULL) == HF_OK);
    hf_buf_put(&buf, "kept", 4);
    HF_ASSERT(hf_unpack(packer, hf_buf_bytes(&packed), plain.len, &buf, /* err= */ NULL) == HF_OK);
    HF_ASSERT(memcmp(buf.ptr, "kept", 4) == 0 &&
              hf_bytes_eq(hf_bytes_of(buf.ptr + 4, buf.len - 4), plain));
    size_t len = packed.len;
    if (plain.len > 0) {
        check_refused(packer, hf_buf_bytes(&packed), plain.len - 1, &buf);
    }
    check_refused(packer, hf_bytes_of(packed.ptr, len - 1), plain.len, &buf);
    hf_buf_put(&packed, SKIPPABLE, sizeof SKIPPABLE - 1);
    check_refused(packer, hf_buf_bytes(&packed), plain.len, &buf);
    check_refused(packer, hf_bytes_of(packed.ptr + len, packed.len - len), plain.len, &buf);
    packed.len = len;
    HF_ASSERT(hf_pack(packer, HF_BYTES(""), &packed, /* err= */ NULL) == HF_OK);
    check_refused(packer, hf_buf_bytes(&packed), plain.len, &buf);
    hf_buf_free(&packed);
    hf_buf_free(&buf);
}

/* Entries come off whole and in order; where it ends early, what is left is no entry. */
static void check_entries(struct hf_bytes bundle)
{
    struct hf_cursor c = hf_cursor_init(bundle);
    struct hf_bytes entry;
    size_t used = 0;
    enum hf_rc rc = hf_bundle_next(&c, &entry);
    for (; rc == HF_OK; rc = hf_bundle_next(&c, &entry)) {
        HF_ASSERT(hf_be16_get(bundle.ptr + used) == entry.len);
        HF_ASSERT(entry.ptr == bundle.ptr + used + 2);
        used += 2 + entry.len;
        HF_ASSERT(used <= bundle.len && c.left == bundle.len - used);
    }
    size_t left = bundle.len - used;
    HF_ASSERT(rc == (left == 0 ? HF_EEND : HF_ECORRUPT));
    HF_ASSERT(left < 2 || hf_be16_get(bundle.ptr + used) > left - 2);
}

/* The header's check is put right first: no mutation would ever hit it. */
static void check_frame(struct hf_bytes input)
{
    static uint8_t copy[1u << 17];
    struct hf_frame frame;
    uint8_t header[HF_FRAME_HEADER_SIZE];
    if (input.len < sizeof header || input.len > sizeof copy) {
        return;
    }
    memcpy(copy, input.ptr, input.len);
    hf_be32_put(copy + 20, hf_check32(hf_bytes_of(copy, 20)));
    struct hf_bytes bytes = hf_bytes_of(copy, input.len);
    if (hf_frame_decode(bytes, &frame, /* err= */ NULL) != HF_OK) {
        return;
    }
    hf_frame_header_encode(&frame, header);
    HF_ASSERT(memcmp(header, bytes.ptr, sizeof header) == 0);
    HF_ASSERT(frame.bundle.ptr == bytes.ptr + sizeof header);
    HF_ASSERT(frame.checks.ptr == frame.bundle.ptr + frame.bundle.len);
    HF_ASSERT(frame.checks.len == 4 * (size_t)frame.count);
    HF_ASSERT(sizeof header + frame.bundle.len + frame.checks.len == bytes.len);
    check_entries(frame.bundle);
}

static void check_packed(struct hf_packer *packer, struct hf_bytes packed, size_t plain_max)
{
    struct hf_buf buf = hf_buf_init(1u << 20);
    if (hf_unpack(packer, packed, plain_max, &buf, /* err= */ NULL) == HF_OK) {
        HF_ASSERT(buf.len <= plain_max);
        check_plain(packer, hf_buf_bytes(&buf));
        check_entries(hf_buf_bytes(&buf));
        check_frame(hf_buf_bytes(&buf));
    } else {
        HF_ASSERT(buf.len == 0 && buf.failed == HF_OK);
    }
    hf_buf_free(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_packer *packer = NULL;
    if (size < 2) {
        return 0;
    }
    struct hf_bytes input = hf_bytes_of(data + 2, size - 2);
    HF_ASSERT(hf_packer_new(&packer) == HF_OK);
    check_packed(packer, input, hf_be16_get(data));
    check_plain(packer, input);
    check_entries(input);
    check_frame(input);
    hf_packer_free(packer);
    return 0;
}
