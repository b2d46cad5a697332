/* tests/fuzz/schemas/fuzz_event_json.c: an event made of JSON is canonical and comes back the same.
 *
 * The input's first line names type and version, the rest is the JSON text.
 */
#include "base/assert.h"
#include "schemas/canonical.h"
#include "schemas/events_gen.h"
#include "tests/fuzz/schemas/type_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum hf_rc payload_of(const struct hf_event_type *type, struct hf_bytes text,
                             struct hf_writer *w)
{
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    enum hf_rc rc = hf_json_parse(text, &doc, &err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_arena arena;
    union hf_event_any event;
    hf_arena_init(&arena, 256u << 10);
    rc = type->from_json(hf_json_root(doc), &arena, &event, &err);
    if (rc == HF_OK) {
        HF_ASSERT(type->check(&event, &err) == HF_OK);
        type->encode(&event, w);
        HF_ASSERT(!w->overflow);
    } else {
        HF_ASSERT(err.text[0] != '\0');
    }
    hf_arena_fini(&arena);
    hf_json_free(doc);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t first[HF_CANONICAL_SIZE_MAX];
    static uint8_t second[HF_CANONICAL_SIZE_MAX];
    struct hf_bytes rest = {NULL, 0};
    const struct hf_event_type *type = fuzz_type_line(hf_bytes_of(data, size), &rest);
    if (type == NULL) {
        return 0;
    }
    struct hf_writer w = hf_writer_init(first, sizeof first);
    if (payload_of(type, rest, &w) != HF_OK) {
        return 0;
    }
    struct hf_bytes payload = hf_writer_done(&w);
    struct hf_canonical_fault fault;
    union hf_event_any event;
    HF_ASSERT(hf_canonical_check(payload, &fault) == HF_OK);
    HF_ASSERT(type->decode(payload, &event, /* err= */ NULL) == HF_OK);
    struct hf_buf text = hf_buf_init(1u << 20);
    struct hf_json_out json;
    hf_json_init(&json, &text);
    type->to_json(&event, &json);
    HF_ASSERT(text.failed == HF_OK);
    struct hf_writer w2 = hf_writer_init(second, sizeof second);
    HF_ASSERT(payload_of(type, hf_buf_bytes(&text), &w2) == HF_OK);
    HF_ASSERT(hf_bytes_eq(hf_writer_done(&w2), payload));
    hf_buf_free(&text);
    return 0;
}
