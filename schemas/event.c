/* schemas/event.c: finds event types by name and works on events of any type. */
#include "schemas/event.h"

#include "base/assert.h"
#include "schemas/canonical.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"

/* Bytes fields decoded from JSON: an event encodes to less than a leaf, so this is ample. */
#define JSON_ARENA_MAX (256u << 10)

/* Index of the first entry of the table that is above (name, version). */
static size_t upper_bound(struct hf_str name, uint32_t version)
{
    size_t low = 0;
    size_t high = HF_EVENT_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct hf_event_type *type = &hf_event_types[middle];
        int order = hf_bytes_cmp(hf_str_bytes(type->name), hf_str_bytes(name));
        if (order < 0 || (order == 0 && type->version <= version)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct hf_event_type *hf_event_find(struct hf_str name)
{
    size_t above = upper_bound(name, UINT32_MAX);
    if (above == 0 || !hf_str_eq(hf_event_types[above - 1].name, name)) {
        return NULL;
    }
    HF_ASSERT(hf_event_types[above - 1].newest);
    return &hf_event_types[above - 1];
}

const struct hf_event_type *hf_event_find_version(struct hf_str name, uint32_t version)
{
    size_t above = upper_bound(name, version);
    if (above == 0) {
        return NULL;
    }
    const struct hf_event_type *type = &hf_event_types[above - 1];
    return type->version == version && hf_str_eq(type->name, name) ? type : NULL;
}

enum hf_rc hf_event_validate(struct hf_str type, uint32_t version, struct hf_bytes payload,
                             enum hf_event_known *ret_known, struct hf_err *err)
{
    const struct hf_event_type *newest = hf_event_find(type);
    if (newest == NULL) {
        *ret_known = HF_KNOWN_UNKNOWN;
        return HF_OK;
    }
    const struct hf_event_type *found = hf_event_find_version(type, version);
    if (found == NULL) {
        *ret_known = HF_KNOWN_NEWER;
        return HF_OK;
    }
    *ret_known = found->newest ? HF_KNOWN_CURRENT : HF_KNOWN_OLD;
    union hf_event_any any;
    HF_ASSERT(found->size <= sizeof any);
    enum hf_rc rc = found->decode(payload, &any, err);
    return rc == HF_OK ? HF_OK
                       : hf_err_wrap(err, rc, "%.*s version %u", HF_STR_ARG(found->name), version);
}

enum hf_rc hf_event_check_stream(const struct hf_envelope *envelope, struct hf_err *err)
{
    const struct hf_event_type *type =
        hf_event_find_version(envelope->type, envelope->schema_version);
    if (type == NULL) {
        return HF_OK;
    }
    union hf_event_any any;
    enum hf_rc rc = type->decode(envelope->payload, &any, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "%.*s version %u", HF_STR_ARG(type->name), type->version);
    }
    char name[HF_ENVELOPE_NAME_MAX];
    struct hf_writer w = hf_writer_init(name, sizeof name);
    type->stream_name(&any, &w);
    HF_ASSERT(!w.overflow);
    if (!hf_bytes_eq(hf_writer_done(&w), hf_str_bytes(envelope->stream))) {
        return hf_err_set(err, HF_EINVAL, "stream: needs %.*s, as the type's stream is %s",
                          (int)w.len, name, type->stream);
    }
    return HF_OK;
}

enum hf_rc hf_event_payload_from_json(struct hf_str type, const struct hf_json *value,
                                      struct hf_writer *w, struct hf_err *err)
{
    const struct hf_event_type *found = hf_event_find(type);
    if (found == NULL) {
        return hf_err_set(err, HF_ENOTFOUND,
                          "this program has no schema of such a type; the types "
                          "are listed in docs/EVENTS.md");
    }
    struct hf_arena arena;
    union hf_event_any any;
    hf_arena_init(&arena, JSON_ARENA_MAX);
    enum hf_rc rc = found->from_json(value, &arena, &any, err);
    if (rc == HF_OK) {
        found->encode(&any, w);
        if (w->overflow) {
            rc = hf_err_set(err, HF_ETOOBIG, "payload of %zu bytes does not fit %zu", w->len,
                            w->cap);
        }
    }
    hf_arena_fini(&arena);
    return rc;
}

void hf_event_payload_to_json(struct hf_str type, uint32_t version, struct hf_bytes payload,
                              struct hf_json_out *json)
{
    const struct hf_event_type *found = hf_event_find_version(type, version);
    union hf_event_any any;
    if (found != NULL && found->decode(payload, &any, /* err= */ NULL) == HF_OK) {
        found->to_json(&any, json);
        return;
    }
    hf_value_to_json(payload, json);
}

static void text_unless_empty(struct hf_json_out *json, const char *key, struct hf_str value)
{
    if (value.len > 0) {
        hf_json_key_str(json, key, value);
    }
}

void hf_envelope_to_json(const struct hf_envelope *envelope, struct hf_json_out *json)
{
    hf_json_object_begin(json);
    hf_json_key_str(json, "type", envelope->type);
    hf_json_key_u64(json, "schema_version", envelope->schema_version);
    hf_json_key_str(json, "producer", envelope->producer);
    hf_json_key_u64(json, "sequence", envelope->sequence);
    hf_json_key_str(json, "stream", envelope->stream);
    if (envelope->version > 0) {
        hf_json_key_u64(json, "version", envelope->version);
    }
    hf_json_key(json, HF_STR("occurred"));
    hf_json_time_us(json, envelope->occurred_us);
    if (envelope->version > 0) {
        hf_json_key(json, HF_STR("recorded"));
        hf_json_time_us(json, envelope->recorded_us);
    }
    text_unless_empty(json, "actor", envelope->actor);
    text_unless_empty(json, "correlation", envelope->correlation);
    if (envelope->has_causation) {
        hf_json_key(json, HF_STR("causation"));
        hf_json_object_begin(json);
        hf_json_key_str(json, "producer", envelope->causation_producer);
        hf_json_key_u64(json, "sequence", envelope->causation_sequence);
        hf_json_object_end(json);
    }
    if (envelope->blob.len > 0) {
        hf_json_key(json, HF_STR("blob"));
        hf_json_hex(json, envelope->blob);
    }
    hf_json_key(json, HF_STR("payload"));
    hf_event_payload_to_json(envelope->type, envelope->schema_version, envelope->payload, json);
    hf_json_object_end(json);
}
