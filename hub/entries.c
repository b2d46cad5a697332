/* hub/entries.c: reads entries and segments, shows them as JSON, keeps the newest. */
#include "hub/entries.h"

#include <stdio.h>

#include "base/heap.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "log/core/reader.h"
#include "log/event/entry_json.h"
#include "log/mirror/segment.h"
#include "log/tlog/tile.h"
#include "schemas/events_gen.h"

#define SLOTS    256         /* a few commits: who follows is rarely further behind */
#define KEEP_MAX (16u << 10) /* what is longer is rendered each time: at most 8 MiB in all */
#define JSON_MAX (1u << 20)  /* a leaf of 64 KiB, six bytes for one at worst */
#define NONE     UINT64_MAX

struct slot {
    uint64_t index; /* NONE: empty */
    struct hf_buf entry;
    struct hf_buf json; /* empty: not rendered yet */
};

struct hf_hub_entries {
    struct hf_log *log;
    struct hf_reader *reader;
    struct slot slots[SLOTS];
    /* the segment that was looked into last */
    uint64_t segment_index;
    struct hf_buf segment;
    struct hf_segment parsed;
    uint32_t segment_next; /* number of the event at the cursor */
    struct hf_cursor cursor;
    struct hf_buf json; /* of an event inside it */
};

/* positions */

enum hf_rc hf_hub_position_parse(struct hf_str text, struct hf_hub_position *ret)
{
    const char *dot = text.len == 0 ? NULL : memchr(text.ptr, '.', text.len);
    size_t len = dot == NULL ? text.len : (size_t)(dot - text.ptr);
    uint64_t offset = 0;
    enum hf_rc rc = hf_parse_u64((struct hf_str){text.ptr, len}, 0, INT64_MAX, &ret->index);
    if (rc == HF_OK && dot != NULL) {
        rc = hf_parse_u64((struct hf_str){dot + 1, text.len - len - 1}, 0, HF_SEGMENT_ENTRIES,
                          &offset);
    }
    ret->offset = (uint32_t)offset;
    return rc == HF_OK ? HF_OK : HF_ESYNTAX;
}

struct hf_str hf_hub_position_format(struct hf_hub_position position, char out[HF_POSITION_TEXT])
{
    int len = position.offset == 0
                  ? snprintf(out, HF_POSITION_TEXT, "%llu", (unsigned long long)position.index)
                  : snprintf(out, HF_POSITION_TEXT, "%llu.%u", (unsigned long long)position.index,
                             position.offset);
    return (struct hf_str){out, (size_t)len};
}

/* the store */

enum hf_rc hf_hub_entries_new(struct hf_log *log, struct hf_hub_entries **ret_entries,
                              struct hf_err *err)
{
    struct hf_hub_entries *entries = hf_heap_zalloc(1, sizeof *entries);
    const struct hf_reader_options options = {.from = 0};
    if (entries == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to show events");
    }
    enum hf_rc rc = hf_reader_open(log, &options, &entries->reader, err);
    if (rc != HF_OK) {
        hf_heap_free(entries);
        return rc;
    }
    entries->log = log;
    entries->segment_index = NONE;
    entries->segment = hf_buf_init(HF_SEGMENT_MAX);
    entries->json = hf_buf_init(JSON_MAX);
    for (size_t i = 0; i < SLOTS; i++) {
        entries->slots[i] = (struct slot){NONE, hf_buf_init(HF_LEAF_MAX), hf_buf_init(JSON_MAX)};
    }
    *ret_entries = entries;
    return HF_OK;
}

void hf_hub_entries_free(struct hf_hub_entries *entries)
{
    if (entries == NULL) {
        return;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        hf_buf_free(&entries->slots[i].entry);
        hf_buf_free(&entries->slots[i].json);
    }
    hf_buf_free(&entries->segment);
    hf_buf_free(&entries->json);
    hf_reader_close(entries->reader);
    hf_heap_free(entries);
}

/* The slot of an entry, with its bytes. */
static enum hf_rc slot_of(struct hf_hub_entries *entries, uint64_t index, struct slot **ret_slot,
                          struct hf_err *err)
{
    struct slot *slot = &entries->slots[index % SLOTS];
    *ret_slot = slot;
    if (slot->index == index) {
        return HF_OK;
    }
    uint64_t found = 0;
    struct hf_bytes entry;
    hf_reader_seek(entries->reader, index);
    enum hf_rc rc = hf_reader_next(entries->reader, &found, &entry, err);
    if (rc != HF_OK) {
        return rc;
    }
    slot->index = NONE;
    if (slot->entry.len + slot->json.len > KEEP_MAX) {
        hf_buf_free(&slot->entry);
        hf_buf_free(&slot->json);
        slot->entry = hf_buf_init(HF_LEAF_MAX);
        slot->json = hf_buf_init(JSON_MAX);
    }
    hf_buf_clear(&slot->entry);
    hf_buf_clear(&slot->json);
    hf_buf_put(&slot->entry, entry.ptr, entry.len);
    if (slot->entry.failed != HF_OK) {
        return hf_err_set(err, slot->entry.failed, "no memory to show entry %llu",
                          (unsigned long long)index);
    }
    slot->index = index;
    return HF_OK;
}

/* filters */

static bool of_tenant(struct hf_str stream, const char *tenant)
{
    struct hf_str name = hf_str_c(tenant);
    return stream.len > name.len && stream.ptr[stream.len - name.len - 1] == '/' &&
           memcmp(stream.ptr + stream.len - name.len, name.ptr, name.len) == 0;
}

static bool passes(const struct hf_hub_filter *filter, const struct hf_envelope *envelope)
{
    return hf_str_starts(envelope->type, hf_str_c(filter->type)) &&
           (filter->stream[0] == '\0' || hf_str_eq(envelope->stream, hf_str_c(filter->stream)));
}

/* entries */

static enum hf_rc show_entry(struct slot *slot, struct hf_bytes *ret_json, struct hf_err *err)
{
    struct hf_json_out json;
    if (slot->json.len == 0) {
        hf_json_init(&json, &slot->json);
        hf_json_object_begin(&json);
        hf_json_key_u64(&json, "index", slot->index);
        hf_entry_to_json(&json, hf_buf_bytes(&slot->entry), /* is_event= */ true);
        hf_json_object_end(&json);
    }
    *ret_json = hf_buf_bytes(&slot->json);
    if (slot->json.failed != HF_OK) {
        enum hf_rc rc = slot->json.failed;
        hf_buf_clear(&slot->json);
        return hf_err_set(err, rc, "no memory to show entry %llu", (unsigned long long)slot->index);
    }
    return HF_OK;
}

/* segments */

static bool has_events(const struct hf_hub_filter *filter, const struct hf_envelope *envelope)
{
    return filter->segments && envelope->blob.len == HF_HASH_SIZE &&
           hf_str_eq(envelope->type, HF_STR(HF_EVENT_SEGMENT_RECEIVED_NAME)) &&
           (filter->tenant[0] == '\0' || of_tenant(envelope->stream, filter->tenant));
}

static enum hf_rc open_segment(struct hf_hub_entries *entries, uint64_t index,
                               const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_hash hash;
    memcpy(hash.b, envelope->blob.ptr, HF_HASH_SIZE);
    entries->segment_index = NONE;
    enum hf_rc rc = hf_log_blob_at(entries->log, index, &hash, &entries->segment, err);
    if (rc == HF_OK) {
        rc = hf_segment_parse(hf_buf_bytes(&entries->segment), &entries->parsed, err);
    }
    if (rc == HF_OK) {
        entries->segment_index = index;
        entries->segment_next = 1;
        entries->cursor = hf_cursor_init(entries->parsed.bundle);
    }
    return rc;
}

/* The bytes of the event at the position. HF_EEND behind the last one. */
static enum hf_rc event_at(struct hf_hub_entries *entries, struct hf_hub_position position,
                           const struct hf_envelope *envelope, struct hf_bytes *ret_entry,
                           struct hf_err *err)
{
    if (entries->segment_index != position.index) {
        enum hf_rc rc = open_segment(entries, position.index, envelope, err);
        if (rc != HF_OK) {
            return rc;
        }
    }
    if (position.offset < entries->segment_next) {
        entries->segment_next = 1;
        entries->cursor = hf_cursor_init(entries->parsed.bundle);
    }
    enum hf_rc rc = HF_OK;
    do {
        rc = hf_bundle_next(&entries->cursor, ret_entry);
    } while (rc == HF_OK && entries->segment_next++ < position.offset);
    return rc;
}

static enum hf_rc show_event(struct hf_hub_entries *entries, struct hf_hub_position at,
                             struct hf_str tenant, struct hf_bytes entry, struct hf_bytes *ret_json,
                             struct hf_err *err)
{
    struct hf_json_out json;
    struct hf_envelope envelope;
    /* Nobody but the tenant has looked at these bytes yet. */
    bool is_event = hf_envelope_parse_leaf(entry, &envelope, /* err= */ NULL) == HF_OK;
    hf_buf_clear(&entries->json);
    hf_json_init(&json, &entries->json);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "index", at.index);
    hf_json_key_u64(&json, "offset", at.offset);
    hf_json_key_str(&json, "tenant", tenant);
    hf_json_key_u64(&json, "epoch", entries->parsed.epoch);
    hf_json_key_u64(&json, "tenant_index", entries->parsed.first + at.offset - 1);
    hf_entry_to_json(&json, entry, is_event);
    hf_json_object_end(&json);
    *ret_json = hf_buf_bytes(&entries->json);
    return entries->json.failed == HF_OK
               ? HF_OK
               : hf_err_set(err, entries->json.failed, "no memory to show an event");
}

static enum hf_rc next_in_segment(struct hf_hub_entries *entries,
                                  const struct hf_hub_filter *filter,
                                  const struct hf_envelope *envelope,
                                  struct hf_hub_position *io_position, struct hf_bytes *ret_json,
                                  struct hf_err *err)
{
    struct hf_bytes entry;
    struct hf_envelope inside;
    enum hf_rc rc = event_at(entries, *io_position, envelope, &entry, err);
    if (rc == HF_EEND) {
        *io_position = (struct hf_hub_position){io_position->index + 1, 0};
        return HF_ENOTFOUND;
    }
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_hub_position at = *io_position;
    io_position->offset++;
    bool all = filter->type[0] == '\0' && filter->stream[0] == '\0';
    if (!all && (hf_envelope_read_leaf(entry, &inside, /* err= */ NULL) != HF_OK ||
                 !passes(filter, &inside))) {
        return HF_ENOTFOUND;
    }
    struct hf_str tenant = {envelope->stream.ptr + sizeof "segment/" - 1,
                            envelope->stream.len - (sizeof "segment/" - 1)};
    return show_event(entries, at, tenant, entry, ret_json, err);
}

enum hf_rc hf_hub_entries_next(struct hf_hub_entries *entries, const struct hf_hub_filter *filter,
                               struct hf_hub_position *io_position, struct hf_hub_position *ret_at,
                               struct hf_bytes *ret_json, struct hf_err *err)
{
    struct slot *slot = NULL;
    struct hf_envelope envelope;
    enum hf_rc rc = slot_of(entries, io_position->index, &slot, err);
    if (rc == HF_OK) {
        rc = hf_envelope_read_leaf(hf_buf_bytes(&slot->entry), &envelope, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    *ret_at = *io_position;
    bool inside = has_events(filter, &envelope);
    if (io_position->offset > 0 && inside) {
        return next_in_segment(entries, filter, &envelope, io_position, ret_json, err);
    }
    if (inside) {
        io_position->offset = 1;
    } else {
        *io_position = (struct hf_hub_position){io_position->index + 1, 0};
    }
    if (ret_at->offset > 0 || !passes(filter, &envelope) ||
        (filter->tenant[0] != '\0' && !of_tenant(envelope.stream, filter->tenant))) {
        return HF_ENOTFOUND;
    }
    return show_entry(slot, ret_json, err);
}

enum hf_rc hf_hub_entries_leaf(struct hf_hub_entries *entries, struct hf_hub_position position,
                               struct hf_bytes *ret_leaf, struct hf_err *err)
{
    static const struct hf_hub_filter any = {.segments = true};
    struct slot *slot = NULL;
    struct hf_envelope envelope;
    enum hf_rc rc = slot_of(entries, position.index, &slot, err);
    if (rc != HF_OK) {
        return rc;
    }
    *ret_leaf = hf_buf_bytes(&slot->entry);
    if (position.offset == 0) {
        return HF_OK;
    }
    rc = hf_envelope_read_leaf(*ret_leaf, &envelope, err);
    if (rc == HF_OK && !has_events(&any, &envelope)) {
        rc = hf_err_set(err, HF_ENOTFOUND, "entry %llu is no segment",
                        (unsigned long long)position.index);
    }
    return rc == HF_OK ? event_at(entries, position, &envelope, ret_leaf, err) : rc;
}
