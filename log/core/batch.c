/* log/core/batch.c: gathers the entries of one commit into frames. */
#include "log/core/batch.h"

#include "base/assert.h"

void hf_batch_init(struct hf_batch *batch)
{
    memset(batch, 0, sizeof *batch);
    hf_queue_init(&batch->requests);
    for (int i = 0; i < HF_BATCH_FRAMES; i++) {
        batch->frame[i].buf = hf_buf_init(HF_FRAME_MAX);
        batch->frame[i].checks = hf_buf_init(4 * HF_VOLUME_ENTRIES);
    }
    batch->blobs = hf_buf_init(HF_BATCH_ENTRIES_MAX * sizeof(struct hf_batch_blob));
}

void hf_batch_fini(struct hf_batch *batch)
{
    HF_ASSERT(hf_queue_empty(&batch->requests));
    for (int i = 0; i < HF_BATCH_FRAMES; i++) {
        hf_buf_free(&batch->frame[i].buf);
        hf_buf_free(&batch->frame[i].checks);
    }
    hf_buf_free(&batch->blobs);
}

void hf_batch_reset(struct hf_batch *batch, uint64_t first)
{
    HF_ASSERT(hf_queue_empty(&batch->requests));
    batch->first = first;
    batch->count = 0;
    batch->bytes = 0;
    batch->note = (struct hf_bytes){NULL, 0};
    batch->frames = 0;
    hf_buf_clear(&batch->blobs);
}

static struct hf_batch_frame *open_frame(struct hf_batch *batch)
{
    uint64_t next = batch->first + batch->count;
    if (batch->frames > 0 && next % HF_VOLUME_ENTRIES != 0) {
        return &batch->frame[batch->frames - 1];
    }
    if (batch->frames > 0 && batch->frame[batch->frames - 1].first == next) {
        return &batch->frame[batch->frames - 1];
    }
    HF_ASSERT(batch->frames < HF_BATCH_FRAMES);
    struct hf_batch_frame *frame = &batch->frame[batch->frames];
    frame->first = next;
    frame->count = 0;
    hf_buf_clear(&frame->buf);
    hf_buf_clear(&frame->checks);
    if (hf_buf_reserve(&frame->buf, HF_FRAME_HEADER_SIZE) == NULL) {
        return NULL;
    }
    hf_buf_commit(&frame->buf, HF_FRAME_HEADER_SIZE);
    batch->frames++;
    return frame;
}

uint8_t *hf_batch_reserve(struct hf_batch *batch, size_t len_max)
{
    struct hf_batch_frame *frame = open_frame(batch);
    uint8_t *room = frame == NULL ? NULL : hf_buf_reserve(&frame->buf, 2 + len_max);
    return room == NULL ? NULL : room + 2;
}

enum hf_rc hf_batch_commit(struct hf_batch *batch, size_t len, uint32_t check)
{
    HF_ASSERT(len <= HF_ENTRY_MAX);
    struct hf_batch_frame *frame = open_frame(batch);
    uint8_t packed[4];
    hf_be32_put(packed, check);
    hf_buf_put(&frame->checks, packed, sizeof packed);
    if (frame->checks.failed != HF_OK) {
        return HF_ENOMEM;
    }
    hf_be16_put(frame->buf.ptr + frame->buf.len, (uint16_t)len);
    hf_buf_commit(&frame->buf, 2 + len);
    frame->count++;
    batch->count++;
    batch->bytes += 2 + len;
    return HF_OK;
}

enum hf_rc hf_batch_blob(struct hf_batch *batch, uint64_t index, struct hf_bytes plain)
{
    struct hf_batch_blob blob = {index, plain};
    hf_buf_put(&batch->blobs, &blob, sizeof blob);
    if (batch->blobs.failed == HF_OK) {
        batch->bytes += plain.len;
    }
    return batch->blobs.failed;
}

static size_t bundle_offset(const struct hf_batch_frame *frame, uint32_t count)
{
    size_t at = HF_FRAME_HEADER_SIZE;
    for (uint32_t i = 0; i < count; i++) {
        at += 2 + (size_t)hf_be16_get(frame->buf.ptr + at);
    }
    return at;
}

void hf_batch_truncate(struct hf_batch *batch, uint64_t count)
{
    uint64_t end = batch->first + count;
    while (batch->frames > 0 && batch->frame[batch->frames - 1].first >= end) {
        batch->frames--;
    }
    if (batch->frames > 0) {
        struct hf_batch_frame *frame = &batch->frame[batch->frames - 1];
        frame->count = (uint32_t)(end - frame->first);
        frame->buf.len = bundle_offset(frame, frame->count);
        frame->buf.failed = HF_OK;
        frame->checks.len = 4 * (size_t)frame->count;
        frame->checks.failed = HF_OK;
    }
    while (batch->blobs.len > 0) {
        const struct hf_batch_blob *last =
            (const struct hf_batch_blob *)(const void *)(batch->blobs.ptr + batch->blobs.len) - 1;
        if (last->index < end) {
            break;
        }
        batch->blobs.len -= sizeof *last;
    }
    batch->blobs.failed = HF_OK;
    batch->count = count;
}

bool hf_batch_find(const struct hf_batch *batch, uint64_t index, struct hf_bytes *ret_entry)
{
    for (unsigned i = 0; i < batch->frames; i++) {
        const struct hf_batch_frame *frame = &batch->frame[i];
        if (index >= frame->first && index < frame->first + frame->count) {
            size_t at = bundle_offset(frame, (uint32_t)(index - frame->first));
            *ret_entry = hf_bytes_of(frame->buf.ptr + at + 2, hf_be16_get(frame->buf.ptr + at));
            return true;
        }
    }
    return false;
}

static enum hf_rc write_frame(struct hf_batch_frame *frame, struct hf_kv_txn *txn,
                              int64_t committed_us, struct hf_err *err)
{
    size_t bundle = frame->buf.len - HF_FRAME_HEADER_SIZE;
    struct hf_frame header = {
        .count = frame->count,
        .committed_us = committed_us,
        .bundle = hf_bytes_of(frame->buf.ptr + HF_FRAME_HEADER_SIZE, bundle),
    };
    hf_frame_header_encode(&header, frame->buf.ptr);
    hf_buf_put(&frame->buf, frame->checks.ptr, frame->checks.len);
    if (frame->buf.failed != HF_OK) {
        return hf_err_set(err, frame->buf.failed, "no memory for a commit of %zu bytes", bundle);
    }
    struct hf_key8 key = hf_key8_make(frame->first);
    return hf_kv_put(txn, HF_TABLE_FRAMES, hf_key8_bytes(&key), hf_buf_bytes(&frame->buf), true,
                     err);
}

static enum hf_rc write_blob(const struct hf_batch_blob *blob, struct hf_kv_txn *txn,
                             struct hf_packer *packer, struct hf_err *err)
{
    struct hf_buf packed = hf_buf_init(2 * (size_t)HF_BLOB_CHUNK);
    enum hf_rc rc = HF_OK;
    uint8_t key[12];
    hf_be64_put(key, blob->index);
    uint32_t chunk = 0;
    for (size_t at = 0; at < blob->plain.len && rc == HF_OK; at += HF_BLOB_CHUNK, chunk++) {
        size_t len = blob->plain.len - at < HF_BLOB_CHUNK ? blob->plain.len - at : HF_BLOB_CHUNK;
        hf_buf_clear(&packed);
        rc = hf_pack(packer, hf_bytes_of(blob->plain.ptr + at, len), &packed, err);
        if (rc == HF_OK) {
            hf_be32_put(key + 8, chunk);
            rc = hf_kv_put(txn, HF_TABLE_BLOBS, hf_bytes_of(key, sizeof key), hf_buf_bytes(&packed),
                           true, err);
        }
    }
    hf_buf_free(&packed);
    return rc;
}

enum hf_rc hf_batch_write(struct hf_batch *batch, struct hf_kv_txn *txn, struct hf_packer *packer,
                          int64_t committed_us, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (unsigned i = 0; i < batch->frames && rc == HF_OK; i++) {
        rc = write_frame(&batch->frame[i], txn, committed_us, err);
    }
    const struct hf_batch_blob *blob = (const struct hf_batch_blob *)(const void *)batch->blobs.ptr;
    for (size_t n = batch->blobs.len / sizeof *blob; n > 0 && rc == HF_OK; n--, blob++) {
        rc = write_blob(blob, txn, packer, err);
    }
    return rc;
}
