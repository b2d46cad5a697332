/* log/event/codec.c: the event codec, and submissions from JSON. */
#include "log/event/codec.h"

#include "base/heap.h"
#include "base/hex.h"
#include "base/parse.h"
#include "schemas/envelope.h"
#include "schemas/event.h"

static void describe(const struct hf_envelope *envelope, struct hf_entry_meta *ret_meta)
{
    *ret_meta = (struct hf_entry_meta){
        .producer = envelope->producer,
        .stream = envelope->stream,
        .type = envelope->type,
        .sequence = envelope->sequence,
        .version = envelope->version,
        .recorded_us = envelope->recorded_us,
        .has_blob = envelope->blob.len == HF_HASH_SIZE,
    };
    if (ret_meta->has_blob) {
        memcpy(ret_meta->blob.b, envelope->blob.ptr, HF_HASH_SIZE);
    }
}

static enum hf_rc check(const struct hf_envelope *envelope, struct hf_err *err)
{
    enum hf_event_known known;
    enum hf_rc rc =
        hf_event_validate(envelope->type, envelope->schema_version, envelope->payload, &known, err);
    return rc == HF_OK ? hf_event_check_stream(envelope, err) : rc;
}

static enum hf_rc submission(struct hf_bytes bytes, struct hf_entry_meta *ret_meta,
                             struct hf_err *err)
{
    struct hf_envelope envelope;
    enum hf_rc rc = hf_envelope_parse_submission(bytes, &envelope, err);
    if (rc == HF_OK) {
        rc = check(&envelope, err);
    }
    if (rc == HF_OK) {
        describe(&envelope, ret_meta);
    }
    return rc;
}

static enum hf_rc entry(struct hf_bytes bytes, bool strict, struct hf_entry_meta *ret_meta,
                        struct hf_err *err)
{
    struct hf_envelope envelope;
    enum hf_rc rc = strict ? hf_envelope_parse_leaf(bytes, &envelope, err)
                           : hf_envelope_read_leaf(bytes, &envelope, err);
    if (rc == HF_OK && strict) {
        rc = check(&envelope, err);
    }
    if (rc != HF_OK) {
        return rc == HF_ENOMEM ? rc : hf_err_wrap(err, HF_ECORRUPT, "not a valid event");
    }
    describe(&envelope, ret_meta);
    return HF_OK;
}

static enum hf_rc entry_submission_hash(struct hf_bytes bytes, struct hf_hash *ret_hash,
                                        struct hf_err *err)
{
    struct hf_envelope envelope;
    enum hf_rc rc = hf_envelope_read_leaf(bytes, &envelope, err);
    if (rc == HF_OK) {
        hf_envelope_submission_hash(&envelope, ret_hash);
    }
    return rc;
}

const struct hf_codec hf_event_codec = {
    .kind = "events",
    .submission = submission,
    .finish = hf_envelope_finish,
    .entry = entry,
    .entry_submission_hash = entry_submission_hash,
    .submission_hash = hf_submission_hash,
    .finish_max = HF_ENVELOPE_FINISH_MAX,
};

/* from JSON */

struct conversion {
    struct hf_envelope envelope;
    uint8_t blob[HF_HASH_SIZE];
    char stream[2 * HF_NAME_MAX];
    uint8_t *payload; /* HF_SUBMISSION_MAX bytes */
};

static enum hf_rc text(const struct hf_json *json, const char *key, bool required,
                       struct hf_str *ret, struct hf_err *err)
{
    const struct hf_json *value = hf_json_get(json, key);
    if (value == NULL && !required) {
        return HF_OK;
    }
    if (value == NULL) {
        return hf_err_set(err, HF_EINVAL, "%s: is missing", key);
    }
    if (hf_json_kind(value) != HF_JSON_STR) {
        return hf_err_set(err, HF_EINVAL, "%s: must be a string, not %s", key,
                          hf_json_kind_name(hf_json_kind(value)));
    }
    *ret = hf_json_as_str(value);
    return HF_OK;
}

static enum hf_rc number(const struct hf_json *json, const char *key, uint64_t *ret,
                         struct hf_err *err)
{
    const struct hf_json *value = hf_json_get(json, key);
    if (value == NULL || hf_json_to_u64(value, ret) != HF_OK) {
        return hf_err_set(err, HF_EINVAL, "%s: must be a number", key);
    }
    return HF_OK;
}

static enum hf_rc known_members(const struct hf_json *json, struct hf_err *err)
{
    static const char *const names[] = {"type",     "payload", "producer",      "sequence",
                                        "stream",   "actor",   "correlation",   "causation",
                                        "occurred", "blob",    "schema_version"};
    for (size_t i = 0; i < hf_json_count(json); i++) {
        struct hf_str key;
        (void)hf_json_member(json, i, &key);
        bool known = false;
        for (size_t n = 0; n < sizeof names / sizeof names[0] && !known; n++) {
            known = hf_str_eq(key, hf_str_c(names[n]));
        }
        if (!known) {
            return hf_err_set(err, HF_EINVAL, "%.*s: an event has no such member", HF_STR_ARG(key));
        }
    }
    return HF_OK;
}

static enum hf_rc take_identity(const struct hf_json *json, struct conversion *c, int64_t now_us,
                                struct hf_err *err)
{
    struct hf_str occurred = {NULL, 0};
    struct hf_envelope *e = &c->envelope;
    enum hf_rc rc = text(json, "type", true, &e->type, err);
    if (rc == HF_OK) {
        rc = text(json, "producer", true, &e->producer, err);
    }
    if (rc == HF_OK) {
        rc = number(json, "sequence", &e->sequence, err);
    }
    if (rc == HF_OK) {
        rc = text(json, "actor", false, &e->actor, err);
    }
    if (rc == HF_OK) {
        rc = text(json, "correlation", false, &e->correlation, err);
    }
    if (rc == HF_OK) {
        rc = text(json, "occurred", false, &occurred, err);
    }
    e->occurred_us = now_us;
    if (rc == HF_OK && occurred.ptr != NULL &&
        hf_parse_time_us(occurred, &e->occurred_us) != HF_OK) {
        rc = hf_err_set(err, HF_EINVAL,
                        "occurred: must be a time such as "
                        "2026-01-02T03:04:05.678901Z");
    }
    return rc;
}

static enum hf_rc take_links(const struct hf_json *json, struct conversion *c, struct hf_err *err)
{
    struct hf_envelope *e = &c->envelope;
    const struct hf_json *cause = hf_json_get(json, "causation");
    struct hf_str blob = {NULL, 0};
    enum hf_rc rc = HF_OK;
    if (cause != NULL && hf_json_kind(cause) != HF_JSON_NULL) {
        if (hf_json_kind(cause) != HF_JSON_OBJECT) {
            return hf_err_set(err, HF_EINVAL, "causation: must be an object");
        }
        e->has_causation = true;
        rc = text(cause, "producer", true, &e->causation_producer, err);
        if (rc == HF_OK) {
            rc = number(cause, "sequence", &e->causation_sequence, err);
        }
        rc = rc == HF_OK ? rc : hf_err_wrap(err, rc, "causation");
    }
    if (rc == HF_OK) {
        rc = text(json, "blob", false, &blob, err);
    }
    if (rc == HF_OK && blob.ptr != NULL) {
        size_t len = 0;
        if (hf_hex_decode(blob, c->blob, sizeof c->blob, &len, /* ret_at= */ NULL) != HF_OK ||
            len != sizeof c->blob) {
            return hf_err_set(err, HF_EINVAL, "blob: must be a SHA-256 in 64 hex digits");
        }
        e->blob = hf_bytes_of(c->blob, len);
    }
    return rc;
}

/* The stream as the type's schema names it, from the payload's members. */
static enum hf_rc default_stream(struct conversion *c, const struct hf_event_type *type,
                                 struct hf_err *err)
{
    void *event = hf_heap_zalloc(1, type->size);
    if (event == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for an event");
    }
    enum hf_rc rc = type->decode(c->envelope.payload, event, err);
    if (rc == HF_OK) {
        struct hf_writer w = hf_writer_init(c->stream, sizeof c->stream);
        type->stream_name(event, &w);
        rc = w.overflow ? hf_err_set(err, HF_ETOOBIG, "the stream's name is too long") : HF_OK;
        c->envelope.stream = (struct hf_str){c->stream, w.len};
    }
    hf_heap_free(event);
    return rc;
}

static enum hf_rc take_payload(const struct hf_json *json, struct conversion *c, struct hf_err *err)
{
    struct hf_envelope *e = &c->envelope;
    const struct hf_json *payload = hf_json_get(json, "payload");
    const struct hf_event_type *type = hf_event_find(e->type);
    if (type == NULL) {
        return hf_err_set(err, HF_EINVAL, "type: %.*s is not known; docs/EVENTS.md lists the types",
                          HF_STR_ARG(e->type));
    }
    uint64_t version = type->version;
    if (hf_json_get(json, "schema_version") != NULL) {
        enum hf_rc given = number(json, "schema_version", &version, err);
        if (given != HF_OK) {
            return given;
        }
    }
    if (version != type->version) {
        return hf_err_set(err, HF_EINVAL,
                          "schema_version: version %u of %.*s is the one that is taken",
                          (unsigned)type->version, HF_STR_ARG(e->type));
    }
    if (payload == NULL || hf_json_kind(payload) != HF_JSON_OBJECT) {
        return hf_err_set(err, HF_EINVAL, "payload: must be an object");
    }
    struct hf_writer w = hf_writer_init(c->payload, HF_SUBMISSION_MAX);
    enum hf_rc rc = hf_event_payload_from_json(e->type, payload, &w, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "payload");
    }
    e->schema_version = type->version;
    e->payload = hf_writer_done(&w);
    rc = text(json, "stream", false, &e->stream, err);
    return rc == HF_OK && e->stream.ptr == NULL ? default_stream(c, type, err) : rc;
}

enum hf_rc hf_event_from_json(const struct hf_json *json, int64_t now_us, struct hf_writer *w,
                              struct hf_err *err)
{
    if (hf_json_kind(json) != HF_JSON_OBJECT) {
        return hf_err_set(err, HF_EINVAL, "an event is a JSON object");
    }
    struct conversion *c = hf_heap_zalloc(1, sizeof *c);
    if (c != NULL) {
        c->payload = hf_heap_alloc(HF_SUBMISSION_MAX);
    }
    if (c == NULL || c->payload == NULL) {
        hf_heap_free(c);
        return hf_err_set(err, HF_ENOMEM, "no memory for an event");
    }
    enum hf_rc rc = known_members(json, err);
    if (rc == HF_OK) {
        rc = take_identity(json, c, now_us, err);
    }
    if (rc == HF_OK) {
        rc = take_links(json, c, err);
    }
    if (rc == HF_OK) {
        rc = take_payload(json, c, err);
    }
    if (rc == HF_OK) {
        rc = hf_envelope_write_submission(&c->envelope, w, err);
    }
    hf_heap_free(c->payload);
    hf_heap_free(c);
    return rc;
}
