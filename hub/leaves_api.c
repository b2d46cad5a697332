/* hub/leaves_api.c: tells an agent which of its log's entries the region has, by their hashes.
 *
 * An agent that was put back in time does not know what the region got since its last kept receipt.
 * It asks before it begins a new epoch, and carries over what the region does not have. The region
 * can name a leaf's hash only because it has the entry.
 */
#include <stdio.h>

#include "base/heap.h"
#include "hub/agent_key.h"
#include "log/core/reader.h"
#include "log/mirror/segment.h"
#include "schemas/upcast.h"

#define LEAVES_MAX 1024 /* of an answer: 32 KiB */
#define ANSWER_MAX (sizeof(uint64_t) + (size_t)LEAVES_MAX * HF_HASH_SIZE)

/* A segment of the tenant, as its entry in the region's log says. */
struct found {
    uint64_t index;
    uint32_t epoch;
    uint64_t first;
    uint64_t end;
    struct hf_hash blob;
};

/* HF_ENOTFOUND: it is an entry of another kind. */
static enum hf_rc take(struct hf_bytes leaf, uint64_t index, struct found *ret, struct hf_err *err)
{
    uint8_t room[1024];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_envelope envelope;
    struct hf_event_segment_received event;
    struct hf_bytes payload;
    enum hf_rc rc = hf_envelope_read_leaf(leaf, &envelope, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (!hf_str_eq(envelope.type, HF_STR(HF_EVENT_SEGMENT_RECEIVED_NAME)) ||
        envelope.blob.len != HF_HASH_SIZE) {
        return HF_ENOTFOUND;
    }
    rc = hf_upcast_newest(&envelope, HF_EVENT_SEGMENT_RECEIVED_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_segment_received_decode(payload, &event, err);
    }
    if (rc == HF_OK) {
        *ret = (struct found){index, (uint32_t)event.epoch, event.first, event.end, {{0}}};
        memcpy(ret->blob.b, envelope.blob.ptr, HF_HASH_SIZE);
    }
    return rc;
}

/* The tenant's first segment at or behind this index of the region's log. */
static enum hf_rc first_from(struct hf_hub_call *call, uint64_t from, struct found *ret,
                             struct hf_err *err)
{
    char stream[64];
    struct hf_reader *reader = NULL;
    (void)snprintf(stream, sizeof stream, "segment/%s", call->tenant->life.name);
    const struct hf_reader_options options = {
        .from = from, .kind = HF_HEAD_STREAM, .name = hf_str_c(stream)};
    enum hf_rc rc = hf_reader_open(call->hub->log.log, &options, &reader, err);
    bool more = rc == HF_OK;
    while (more) {
        uint64_t index = 0;
        struct hf_bytes leaf;
        rc = hf_reader_next(reader, &index, &leaf, err);
        if (rc == HF_OK) {
            rc = take(leaf, index, ret, err);
        }
        more = rc == HF_ENOTFOUND;
    }
    hf_reader_close(reader);
    return rc;
}

/* Epochs and their entries only grow along the region's log, so the segment with an entry is found
 * by halving. HF_ENOTFOUND: the region does not have it. */
static enum hf_rc find(struct hf_hub_call *call, uint32_t epoch, uint64_t entry, struct found *ret,
                       struct hf_err *err)
{
    uint64_t low = 0;
    uint64_t high = call->tenant->last_segment;
    if (high == UINT64_MAX) {
        return HF_ENOTFOUND;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        enum hf_rc rc = first_from(call, middle, ret, err);
        if (rc != HF_OK) {
            return rc;
        }
        bool reached = ret->epoch > epoch || (ret->epoch == epoch && ret->end > entry);
        low = reached ? low : middle + 1;
        high = reached ? middle : high;
    }
    enum hf_rc rc = first_from(call, low, ret, err);
    return rc != HF_OK                                                      ? rc
           : ret->epoch == epoch && ret->first <= entry && entry < ret->end ? HF_OK
                                                                            : HF_ENOTFOUND;
}

/* Writes the hashes of the segment's entries from this one on. */
static enum hf_rc put_leaves(struct hf_hub_call *call, const struct found *found, uint64_t entry,
                             struct hf_buf *out, struct hf_err *err)
{
    struct hf_segment segment;
    struct hf_buf blob = hf_buf_init(HF_SEGMENT_MAX);
    enum hf_rc rc = hf_log_blob_at(call->hub->log.log, found->index, &found->blob, &blob, err);
    if (rc == HF_OK) {
        rc = hf_segment_parse(hf_buf_bytes(&blob), &segment, err);
    }
    if (rc == HF_OK) {
        struct hf_cursor cursor = hf_cursor_init(segment.bundle);
        uint16_t len = 0;
        struct hf_bytes bytes;
        for (uint64_t at = segment.first; out->len < ANSWER_MAX && hf_cursor_be16(&cursor, &len) &&
                                          hf_cursor_take(&cursor, len, &bytes);
             at++) {
            struct hf_hash hash;
            if (at >= entry) {
                hf_tree_leaf_hash(bytes, &hash);
                hf_buf_put(out, hash.b, HF_HASH_SIZE);
            }
        }
        rc = out->failed == HF_OK ? rc : hf_err_set(err, out->failed, "no memory for the answer");
    }
    hf_buf_free(&blob);
    return rc;
}

void hf_serve_agent_leaves(struct hf_hub_call *call)
{
    const struct hf_api_agent_leaves_query *query = &call->asked.agent_leaves;
    struct hf_err err = {0};
    struct found found;
    uint8_t first[sizeof(uint64_t)];
    struct hf_buf out = hf_buf_init(ANSWER_MAX);
    hf_be64_put(first, query->first);
    hf_buf_put(&out, first, sizeof first);
    enum hf_rc rc = find(call, (uint32_t)query->epoch, query->first, &found, &err);
    if (rc == HF_OK) {
        rc = put_leaves(call, &found, query->first, &out, &err);
    }
    if (out.failed == HF_OK && (rc == HF_OK || rc == HF_ENOTFOUND || rc == HF_EEND)) {
        hf_http_answer(call->exchange, 200, "application/octet-stream", hf_buf_bytes(&out));
    } else {
        hf_call_refuse(call, &err);
    }
    hf_buf_free(&out);
}
