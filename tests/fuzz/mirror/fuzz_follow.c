/* tests/fuzz/mirror/fuzz_follow.c: what a follower of a region takes and keeps.
 *
 * First byte 0: the rest is a part. It has a form or it has none; with one, its walk shows each of
 * its entries once, and written again it is the same bytes. Else the rest is what a follower kept:
 * what is read of it is written as the same bytes, and a part of somebody's making is refused by it
 * without a trace.
 */
#include "base/assert.h"
#include "log/mirror/follow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct hf_follow_part *part)
{
    struct hf_follow_walk walk;
    struct hf_bytes entry;
    struct hf_bytes blob;
    uint64_t index = 0;
    uint64_t next = part->segment.first;
    size_t bytes = 0;
    size_t blobs = 0;
    hf_follow_walk_begin(part, &walk);
    while (hf_follow_walk_next(&walk, &index, &entry, &blob)) {
        HF_ASSERT(index == next++);
        bytes += 2 + entry.len;
        blobs += blob.len > 0 ? 8 + blob.len : 0;
    }
    HF_ASSERT(next == part->segment.end);
    HF_ASSERT(bytes == part->segment.bundle.len && blobs == part->blobs.len);
}

static void try_part(struct hf_bytes bytes)
{
    struct hf_follow_part part;
    struct hf_buf segment = hf_buf_init(HF_SEGMENT_MAX);
    struct hf_buf again = hf_buf_init(HF_FOLLOW_PART_MAX);
    if (hf_follow_parse(bytes, &part, /* err= */ NULL) == HF_OK) {
        walk(&part);
        hf_segment_write(&part.segment, &segment);
        hf_follow_write_part(hf_buf_bytes(&segment), part.blobs, &again);
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&again), bytes));
    }
    hf_buf_free(&segment);
    hf_buf_free(&again);
}

static void try_state(struct hf_bytes bytes)
{
    struct hf_follow follow;
    struct hf_follow_part part;
    struct hf_buf again = hf_buf_init(HF_FOLLOW_STATE_MAX);
    if (hf_follow_read(bytes, /* vkey= */ NULL, &follow, /* err= */ NULL) == HF_OK) {
        hf_follow_write(&follow, &again);
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&again), bytes));
        HF_ASSERT(hf_follow_take(&follow, bytes, &part, /* err= */ NULL) == HF_EINVAL);
        hf_buf_clear(&again);
        hf_follow_write(&follow, &again);
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&again), bytes));
    }
    hf_buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HF_ASSERT(hf_crypto_init(/* err= */ NULL) == HF_OK);
    if (size > 0 && data[0] == 0) {
        try_part(hf_bytes_of(data + 1, size - 1));
    } else if (size > 0) {
        try_state(hf_bytes_of(data + 1, size - 1));
    }
    return 0;
}
