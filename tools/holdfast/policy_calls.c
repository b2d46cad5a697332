/* tools/holdfast/policy_calls.c: reads call.decided events out of a tenant's or a region's log. */
#include "tools/holdfast/policy_calls.h"

#include "log/core/reader.h"
#include "log/mirror/segment.h"
#include "log/tlog/tile.h"
#include "schemas/envelope.h"

struct walk {
    struct hf_log *log;
    struct hf_str tenant;
    hf_recorded_call_fn *visit;
    void *arg;
    struct hf_buf blob;
};

static enum hf_rc show(const struct walk *walk, uint64_t index, uint32_t offset,
                       const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_call_decided event;
    if (!hf_str_eq(envelope->type, HF_STR(HF_EVENT_CALL_DECIDED_NAME)) ||
        envelope->schema_version != HF_EVENT_CALL_DECIDED_VERSION) {
        return HF_OK;
    }
    enum hf_rc rc = hf_event_call_decided_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
    }
    if (walk->tenant.len > 0 && !hf_str_eq(walk->tenant, event.tenant)) {
        return HF_OK;
    }
    const struct hf_recorded_call call = {index, offset, &event};
    return walk->visit(walk->arg, &call, err);
}

static enum hf_rc show_segment(struct walk *walk, uint64_t index,
                               const struct hf_envelope *received, struct hf_err *err)
{
    struct hf_segment segment;
    struct hf_bytes entry;
    struct hf_hash hash;
    uint32_t offset = 0;
    memcpy(hash.b, received->blob.ptr, HF_HASH_SIZE);
    hf_buf_clear(&walk->blob);
    enum hf_rc rc = hf_log_blob_at(walk->log, index, &hash, &walk->blob, err);
    if (rc == HF_OK) {
        rc = hf_segment_parse(hf_buf_bytes(&walk->blob), &segment, err);
    }
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
    }
    struct hf_cursor cursor = hf_cursor_init(segment.bundle);
    while (rc == HF_OK && hf_bundle_next(&cursor, &entry) == HF_OK) {
        struct hf_envelope event;
        offset++;
        /* What a tenant signed and is no event concerns the projections, not this. */
        if (hf_envelope_parse_leaf(entry, &event, NULL) == HF_OK) {
            rc = show(walk, index, offset, &event, err);
        }
    }
    return rc;
}

static bool is_theirs(const struct walk *walk, struct hf_str stream)
{
    struct hf_str head = HF_STR("segment/");
    return walk->tenant.len == 0 ||
           (hf_str_starts(stream, head) &&
            hf_str_eq((struct hf_str){stream.ptr + head.len, stream.len - head.len}, walk->tenant));
}

static enum hf_rc show_entry(struct walk *walk, uint64_t index, struct hf_bytes entry,
                             struct hf_err *err)
{
    struct hf_envelope event;
    enum hf_rc rc = hf_envelope_read_leaf(entry, &event, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
    }
    if (event.blob.len == HF_HASH_SIZE && hf_str_eq(event.type, HF_STR("segment.received"))) {
        return is_theirs(walk, event.stream) ? show_segment(walk, index, &event, err) : HF_OK;
    }
    return show(walk, index, 0, &event, err);
}

enum hf_rc hf_recorded_calls(struct hf_log *log, struct hf_str tenant, hf_recorded_call_fn *visit,
                             void *arg, struct hf_err *err)
{
    const struct hf_reader_options options = {.skip_pruned = true};
    struct walk walk = {log, tenant, visit, arg, hf_buf_init(HF_SEGMENT_MAX)};
    struct hf_reader *reader = NULL;
    enum hf_rc rc = hf_reader_open(log, &options, &reader, err);
    while (rc == HF_OK) {
        struct hf_bytes entry;
        uint64_t index;
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc == HF_OK) {
            rc = show_entry(&walk, index, entry, err);
        }
    }
    hf_reader_close(reader);
    hf_buf_free(&walk.blob);
    return rc == HF_EEND ? HF_OK : rc;
}
