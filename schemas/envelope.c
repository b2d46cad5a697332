/* schemas/envelope.c: reads, checks and writes the positional array around an event. */
#include "schemas/envelope.h"

#include "base/assert.h"
#include "schemas/canonical.h"
#include "schemas/pack.h"
#include "schemas/unpack.h"

/* What is wrong, in the order of the elements. FAULT_NONE is 0. */
enum fault {
    FAULT_NONE,
    FAULT_COUNT,
    FAULT_ENVELOPE_VERSION,
    FAULT_TYPE,
    FAULT_SCHEMA_VERSION,
    FAULT_PRODUCER,
    FAULT_SEQUENCE,
    FAULT_STREAM,
    FAULT_OCCURRED,
    FAULT_ACTOR,
    FAULT_CORRELATION,
    FAULT_CAUSATION,
    FAULT_BLOB,
    FAULT_PAYLOAD,
    FAULT_VERSION,
    FAULT_RECORDED,
    FAULT_TRAILING
};

static const char *const fault_texts[] = {
    [FAULT_NONE] = "no fault",
    [FAULT_COUNT] = "needs an array of 12 elements (a submission) or 14 (a leaf)",
    [FAULT_ENVELOPE_VERSION] = "envelope version: needs 1",
    [FAULT_TYPE] = "type: needs text of 1 to 64 bytes out of a-z0-9._",
    [FAULT_SCHEMA_VERSION] = "schema version: needs an integer from 1 to 65535",
    [FAULT_PRODUCER] = "producer: needs text of 1 to 128 bytes without control characters",
    [FAULT_SEQUENCE] = "producer sequence: needs an integer from 1",
    [FAULT_STREAM] = "stream: needs text of 1 to 128 bytes without control characters",
    [FAULT_OCCURRED] = "occurred: needs microseconds UTC since 1970, up to the year 9999",
    [FAULT_ACTOR] = "actor: needs text of at most 128 bytes without control characters",
    [FAULT_CORRELATION] = "correlation: needs text of at most 128 bytes without control characters",
    [FAULT_CAUSATION] = "causation: needs nil, or an array of a producer and its sequence",
    [FAULT_BLOB] = "blob: needs nil, or a hash of 32 bytes",
    [FAULT_PAYLOAD] = "payload: needs a map",
    [FAULT_VERSION] = "stream version: needs an integer from 1",
    [FAULT_RECORDED] = "recorded: needs microseconds UTC since 1970, up to the year 9999",
    [FAULT_TRAILING] = "bytes after the last element",
};

static bool read_name(struct hf_unpack *u, size_t min, size_t max, struct hf_str *ret)
{
    return hf_unpack_str(u, ret) && ret->len >= min && ret->len <= max;
}

static bool read_time(struct hf_unpack *u, int64_t *ret_us)
{
    uint64_t value;
    if (!hf_unpack_u64(u, &value) || value > (uint64_t)HF_ENVELOPE_TIME_MAX) {
        return false;
    }
    *ret_us = (int64_t)value;
    return true;
}

static bool read_causation(struct hf_unpack *u, struct hf_envelope *e)
{
    size_t count;
    e->has_causation = !hf_unpack_nil(u);
    if (!e->has_causation) {
        e->causation_producer = (struct hf_str){NULL, 0};
        e->causation_sequence = 0;
        return true;
    }
    return hf_unpack_array(u, &count) && count == 2 &&
           read_name(u, 1, HF_ENVELOPE_NAME_MAX, &e->causation_producer) &&
           hf_unpack_u64(u, &e->causation_sequence) && e->causation_sequence >= 1;
}

static bool read_blob(struct hf_unpack *u, struct hf_envelope *e)
{
    if (hf_unpack_nil(u)) {
        e->blob = (struct hf_bytes){NULL, 0};
        return true;
    }
    return hf_unpack_bin(u, &e->blob) && e->blob.len == HF_HASH_SIZE;
}

static bool read_payload(struct hf_unpack *u, struct hf_envelope *e)
{
    const uint8_t *start = u->ptr;
    if (hf_unpack_peek(u) != HF_UNPACK_MAP || !hf_unpack_skip(u)) {
        return false;
    }
    e->payload = hf_bytes_of(start, (size_t)(u->ptr - start));
    return true;
}

/* Elements 0 to 11. */
static enum fault read_body(struct hf_unpack *u, struct hf_envelope *e)
{
    uint64_t number;
    if (!hf_unpack_u64(u, &number) || number != HF_ENVELOPE_VERSION) {
        return FAULT_ENVELOPE_VERSION;
    }
    if (!read_name(u, 1, HF_ENVELOPE_TYPE_MAX, &e->type)) {
        return FAULT_TYPE;
    }
    if (!hf_unpack_u64(u, &number) || number < 1 || number > HF_ENVELOPE_SCHEMA_MAX) {
        return FAULT_SCHEMA_VERSION;
    }
    e->schema_version = (uint32_t)number;
    if (!read_name(u, 1, HF_ENVELOPE_NAME_MAX, &e->producer)) {
        return FAULT_PRODUCER;
    }
    if (!hf_unpack_u64(u, &e->sequence) || e->sequence < 1) {
        return FAULT_SEQUENCE;
    }
    if (!read_name(u, 1, HF_ENVELOPE_NAME_MAX, &e->stream)) {
        return FAULT_STREAM;
    }
    if (!read_time(u, &e->occurred_us)) {
        return FAULT_OCCURRED;
    }
    if (!read_name(u, 0, HF_ENVELOPE_NAME_MAX, &e->actor)) {
        return FAULT_ACTOR;
    }
    if (!read_name(u, 0, HF_ENVELOPE_NAME_MAX, &e->correlation)) {
        return FAULT_CORRELATION;
    }
    if (!read_causation(u, e)) {
        return FAULT_CAUSATION;
    }
    if (!read_blob(u, e)) {
        return FAULT_BLOB;
    }
    return read_payload(u, e) ? FAULT_NONE : FAULT_PAYLOAD;
}

static enum fault read_envelope(struct hf_bytes bytes, uint8_t tag, struct hf_envelope *e)
{
    if (bytes.len == 0 || bytes.ptr[0] != tag) {
        return FAULT_COUNT;
    }
    struct hf_unpack u = hf_unpack_init(hf_bytes_of(bytes.ptr + 1, bytes.len - 1));
    enum fault fault = read_body(&u, e);
    if (fault != FAULT_NONE) {
        return fault;
    }
    e->bytes = bytes;
    e->body_len = (size_t)(u.ptr - bytes.ptr);
    e->version = 0;
    e->recorded_us = 0;
    if (tag == HF_ENVELOPE_LEAF_TAG) {
        if (!hf_unpack_u64(&u, &e->version) || e->version < 1) {
            return FAULT_VERSION;
        }
        if (!read_time(&u, &e->recorded_us)) {
            return FAULT_RECORDED;
        }
    }
    return hf_unpack_left(&u) == 0 ? FAULT_NONE : FAULT_TRAILING;
}

static bool type_ok(struct hf_str type)
{
    if (type.len < 1 || type.len > HF_ENVELOPE_TYPE_MAX) {
        return false;
    }
    for (size_t i = 0; i < type.len; i++) {
        char c = type.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_')) {
            return false;
        }
    }
    return true;
}

/* Valid UTF-8 of min to HF_ENVELOPE_NAME_MAX bytes without control characters, of which those from
 * U+0080 to U+009F take two bytes, 0xc2 and the number itself. */
static bool name_ok(struct hf_str name, size_t min)
{
    if (name.len < min || name.len > HF_ENVELOPE_NAME_MAX ||
        !hf_utf8_valid(hf_str_bytes(name), /* ret_at= */ NULL)) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = (uint8_t)name.ptr[i];
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && (uint8_t)name.ptr[i + 1] < 0xa0)) {
            return false;
        }
    }
    return true;
}

/* What reading leaves open, and what a caller of write may have wrong. */
static enum fault check_texts(const struct hf_envelope *e)
{
    if (!type_ok(e->type)) {
        return FAULT_TYPE;
    }
    if (!name_ok(e->producer, 1)) {
        return FAULT_PRODUCER;
    }
    if (!name_ok(e->stream, 1)) {
        return FAULT_STREAM;
    }
    if (!name_ok(e->actor, 0)) {
        return FAULT_ACTOR;
    }
    if (!name_ok(e->correlation, 0)) {
        return FAULT_CORRELATION;
    }
    if (e->has_causation && !name_ok(e->causation_producer, 1)) {
        return FAULT_CAUSATION;
    }
    return FAULT_NONE;
}

static enum hf_rc fault_rc(enum fault fault, enum hf_rc rc, struct hf_err *err)
{
    return fault == FAULT_NONE ? HF_OK : hf_err_set(err, rc, "%s", fault_texts[fault]);
}

static enum hf_rc parse(struct hf_bytes bytes, uint8_t tag, struct hf_envelope *ret,
                        struct hf_err *err)
{
    enum hf_rc rc = hf_canonical_check_err(bytes, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_envelope e;
    enum fault fault = read_envelope(bytes, tag, &e);
    if (fault == FAULT_NONE) {
        fault = check_texts(&e);
    }
    if (fault != FAULT_NONE) {
        return fault_rc(fault, HF_EINVAL, err);
    }
    if (e.body_len > HF_SUBMISSION_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "submission of %zu bytes: at most %d are allowed",
                          e.body_len, HF_SUBMISSION_MAX);
    }
    *ret = e;
    return HF_OK;
}

enum hf_rc hf_envelope_parse_submission(struct hf_bytes submission, struct hf_envelope *ret,
                                        struct hf_err *err)
{
    return parse(submission, HF_ENVELOPE_SUBMISSION_TAG, ret, err);
}

enum hf_rc hf_envelope_parse_leaf(struct hf_bytes leaf, struct hf_envelope *ret, struct hf_err *err)
{
    return parse(leaf, HF_ENVELOPE_LEAF_TAG, ret, err);
}

/* Reads straight into *ret: one copy less on the way that every replayed event takes. */
enum hf_rc hf_envelope_read_leaf(struct hf_bytes leaf, struct hf_envelope *ret, struct hf_err *err)
{
    return fault_rc(read_envelope(leaf, HF_ENVELOPE_LEAF_TAG, ret), HF_ECORRUPT, err);
}

enum hf_rc hf_envelope_read_submission(struct hf_bytes submission, struct hf_envelope *ret,
                                       struct hf_err *err)
{
    return fault_rc(read_envelope(submission, HF_ENVELOPE_SUBMISSION_TAG, ret), HF_ECORRUPT, err);
}

static enum fault check_fields(const struct hf_envelope *e)
{
    enum fault fault = check_texts(e);
    if (fault != FAULT_NONE) {
        return fault;
    }
    if (e->schema_version < 1 || e->schema_version > HF_ENVELOPE_SCHEMA_MAX) {
        return FAULT_SCHEMA_VERSION;
    }
    if (e->sequence < 1) {
        return FAULT_SEQUENCE;
    }
    if (e->occurred_us < 0 || e->occurred_us > HF_ENVELOPE_TIME_MAX) {
        return FAULT_OCCURRED;
    }
    if (e->has_causation && e->causation_sequence < 1) {
        return FAULT_CAUSATION;
    }
    if (e->blob.len != 0 && e->blob.len != HF_HASH_SIZE) {
        return FAULT_BLOB;
    }
    struct hf_unpack u = hf_unpack_init(e->payload);
    return hf_unpack_peek(&u) == HF_UNPACK_MAP ? FAULT_NONE : FAULT_PAYLOAD;
}

enum hf_rc hf_envelope_write_submission(const struct hf_envelope *envelope, struct hf_writer *w,
                                        struct hf_err *err)
{
    enum fault fault = check_fields(envelope);
    if (fault != FAULT_NONE) {
        return fault_rc(fault, HF_EINVAL, err);
    }
    size_t start = w->len;
    hf_pack_array(w, 12);
    hf_pack_u64(w, HF_ENVELOPE_VERSION);
    hf_pack_str(w, envelope->type);
    hf_pack_u64(w, envelope->schema_version);
    hf_pack_str(w, envelope->producer);
    hf_pack_u64(w, envelope->sequence);
    hf_pack_str(w, envelope->stream);
    hf_pack_i64(w, envelope->occurred_us);
    hf_pack_str(w, envelope->actor);
    hf_pack_str(w, envelope->correlation);
    if (envelope->has_causation) {
        hf_pack_array(w, 2);
        hf_pack_str(w, envelope->causation_producer);
        hf_pack_u64(w, envelope->causation_sequence);
    } else {
        hf_pack_nil(w);
    }
    if (envelope->blob.len > 0) {
        hf_pack_bin(w, envelope->blob);
    } else {
        hf_pack_nil(w);
    }
    hf_writer_bytes(w, envelope->payload);
    size_t len = w->len - start;
    if (w->overflow || len > HF_SUBMISSION_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "submission of %zu bytes: at most %d are allowed", len,
                          HF_SUBMISSION_MAX);
    }
    return HF_OK;
}

void hf_envelope_finish(struct hf_bytes submission, uint64_t version, int64_t recorded_us,
                        struct hf_writer *w)
{
    HF_ASSERT(submission.len > 1 && submission.ptr[0] == HF_ENVELOPE_SUBMISSION_TAG);
    HF_ASSERT(version >= 1);
    HF_ASSERT(recorded_us >= 0 && recorded_us <= HF_ENVELOPE_TIME_MAX);
    hf_writer_u8(w, HF_ENVELOPE_LEAF_TAG);
    hf_writer_put(w, submission.ptr + 1, submission.len - 1);
    hf_pack_u64(w, version);
    hf_pack_i64(w, recorded_us);
}

/* SHA-256(prefix || the tag of a submission || rest). */
static void hash_rest(struct hf_bytes rest, struct hf_hash *ret_hash)
{
    static const uint8_t tag = HF_ENVELOPE_SUBMISSION_TAG;
    struct hf_sha256_state state;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, HF_BYTES(HF_SUBMISSION_PREFIX));
    hf_sha256_update(&state, hf_bytes_of(&tag, 1));
    hf_sha256_update(&state, rest);
    hf_sha256_end(&state, ret_hash);
}

void hf_submission_hash(struct hf_bytes submission, struct hf_hash *ret_hash)
{
    HF_ASSERT(submission.len > 1 && submission.ptr[0] == HF_ENVELOPE_SUBMISSION_TAG);
    hash_rest(hf_bytes_of(submission.ptr + 1, submission.len - 1), ret_hash);
}

void hf_envelope_submission_hash(const struct hf_envelope *envelope, struct hf_hash *ret_hash)
{
    HF_ASSERT(envelope->body_len > 1 && envelope->body_len <= envelope->bytes.len);
    hash_rest(hf_bytes_of(envelope->bytes.ptr + 1, envelope->body_len - 1), ret_hash);
}
