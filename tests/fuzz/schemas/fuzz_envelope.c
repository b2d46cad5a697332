/* tests/fuzz/schemas/fuzz_envelope.c: an envelope that is accepted is written again to its bytes,
 * the fast reader sees what the full one sees, and anything can be shown. */
#include "base/assert.h"
#include "schemas/envelope.h"
#include "schemas/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(const struct hf_envelope *envelope)
{
    struct hf_buf text = hf_buf_init(4u << 20);
    struct hf_json_out json;
    hf_json_init(&json, &text);
    hf_envelope_to_json(envelope, &json);
    HF_ASSERT(text.failed == HF_OK);
    hf_buf_free(&text);
}

static void check_same(const struct hf_envelope *a, const struct hf_envelope *b)
{
    HF_ASSERT(hf_str_eq(a->type, b->type) && hf_str_eq(a->stream, b->stream));
    HF_ASSERT(hf_str_eq(a->producer, b->producer) && a->sequence == b->sequence);
    HF_ASSERT(a->version == b->version && a->recorded_us == b->recorded_us);
    HF_ASSERT(a->body_len == b->body_len && hf_bytes_eq(a->payload, b->payload));
}

static void check_leaf(struct hf_bytes leaf, const struct hf_envelope *e)
{
    static uint8_t submission[HF_LEAF_MAX];
    static uint8_t again[HF_LEAF_MAX];
    struct hf_envelope parsed;
    struct hf_hash a;
    struct hf_hash b;
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(submission, sizeof submission);
    HF_ASSERT(hf_envelope_write_submission(e, &w, &err) == HF_OK);
    HF_ASSERT(hf_envelope_parse_submission(hf_writer_done(&w), &parsed, &err) == HF_OK);
    hf_submission_hash(hf_writer_done(&w), &a);
    hf_envelope_submission_hash(e, &b);
    HF_ASSERT(hf_hash_eq(&a, &b));
    struct hf_writer l = hf_writer_init(again, sizeof again);
    hf_envelope_finish(hf_writer_done(&w), e->version, e->recorded_us, &l);
    HF_ASSERT(!l.overflow && hf_bytes_eq(hf_writer_done(&l), leaf));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_bytes input = hf_bytes_of(data, size);
    struct hf_envelope fast;
    struct hf_envelope full;
    struct hf_err err = {0};
    bool readable = hf_envelope_read_leaf(input, &fast, &err) == HF_OK;
    if (readable) {
        show(&fast);
    }
    if (hf_envelope_parse_leaf(input, &full, &err) == HF_OK) {
        HF_ASSERT(readable);
        check_same(&fast, &full);
        check_leaf(input, &full);
    }
    readable = hf_envelope_read_submission(input, &fast, &err) == HF_OK;
    if (hf_envelope_parse_submission(input, &full, &err) == HF_OK) {
        HF_ASSERT(readable);
        check_same(&fast, &full);
        enum hf_event_known known;
        (void)hf_event_validate(full.type, full.schema_version, full.payload, &known, &err);
        (void)hf_event_check_stream(&full, &err);
        show(&full);
    }
    return 0;
}
