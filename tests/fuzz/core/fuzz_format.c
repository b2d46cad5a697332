/* tests/fuzz/core/fuzz_format.c: the records of a log on disk: what is accepted is written again to
 * its bytes; bundles and packed pieces never give more than they may. */
#include "base/assert.h"
#include "log/core/format.h"
#include "log/core/packer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_identity(struct hf_bytes input)
{
    struct hf_identity identity;
    struct hf_err err = {0};
    uint8_t again[HF_IDENTITY_MAX];
    if (hf_identity_decode(input, &identity, &err) == HF_OK) {
        struct hf_writer w = hf_writer_init(again, sizeof again);
        hf_identity_encode(&identity, &w);
        HF_ASSERT(hf_bytes_eq(hf_writer_done(&w), input));
    }
}

static void check_records(struct hf_bytes input)
{
    struct hf_tip tip;
    struct hf_volume_record record;
    struct hf_err err = {0};
    if (hf_tip_decode(input, &tip, &err) == HF_OK) {
        uint8_t again[HF_TIP_SIZE];
        hf_tip_encode(&tip, again);
        HF_ASSERT(hf_bytes_eq(hf_bytes_of(again, sizeof again), input));
    }
    if (hf_volume_record_decode(input, &record, &err) == HF_OK) {
        uint8_t again[HF_VOLUME_RECORD_SIZE];
        hf_volume_record_encode(&record, again);
        HF_ASSERT(hf_bytes_eq(hf_bytes_of(again, sizeof again), input));
    }
}

static void check_frame(struct hf_bytes input)
{
    struct hf_frame frame;
    struct hf_err err = {0};
    if (hf_frame_decode(input, &frame, &err) != HF_OK) {
        return;
    }
    uint8_t header[HF_FRAME_HEADER_SIZE];
    hf_frame_header_encode(&frame, header);
    HF_ASSERT(memcmp(header, input.ptr, sizeof header) == 0);
    HF_ASSERT(frame.checks.len == (size_t)frame.count * 4);
    HF_ASSERT(sizeof header + frame.bundle.len + frame.checks.len == input.len);
}

static void check_bundle(struct hf_bytes input)
{
    struct hf_cursor cursor = hf_cursor_init(input);
    struct hf_bytes entry;
    size_t used = 0;
    enum hf_rc rc;
    while ((rc = hf_bundle_next(&cursor, &entry)) == HF_OK) {
        used += 2 + entry.len;
        HF_ASSERT(entry.ptr + entry.len <= input.ptr + input.len);
    }
    HF_ASSERT(rc == HF_EEND ? used == input.len : used < input.len);
}

/* What was packed comes back; the input as a packed piece gives at most what was allowed. */
static void check_packing(struct hf_bytes input)
{
    enum {
        PLAIN_MAX = 1 << 16
    };

    struct hf_packer *packer = NULL;
    struct hf_buf packed = hf_buf_init(1u << 20);
    struct hf_buf plain = hf_buf_init(1u << 20);
    struct hf_err err = {0};
    HF_ASSERT(hf_packer_new(&packer) == HF_OK);
    enum hf_rc rc = hf_unpack(packer, input, PLAIN_MAX, &plain, &err);
    HF_ASSERT(plain.len <= PLAIN_MAX && (rc == HF_OK || err.text[0] != '\0'));
    hf_buf_clear(&plain);
    if (input.len <= PLAIN_MAX) {
        HF_ASSERT(hf_pack(packer, input, &packed, &err) == HF_OK);
        HF_ASSERT(hf_unpack(packer, hf_buf_bytes(&packed), input.len, &plain, &err) == HF_OK);
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&plain), input));
    }
    hf_buf_free(&packed);
    hf_buf_free(&plain);
    hf_packer_free(packer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_bytes input = hf_bytes_of(data, size);
    check_identity(input);
    check_records(input);
    check_frame(input);
    check_bundle(input);
    check_packing(input);
    return 0;
}
