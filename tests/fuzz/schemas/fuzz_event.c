/* tests/fuzz/schemas/fuzz_event.c: what a decoder accepts is what the encoder writes.
 *
 * The input's first line names type and version, the rest is the payload.
 */
#include "base/assert.h"
#include "schemas/canonical.h"
#include "schemas/events_gen.h"
#include "tests/fuzz/schemas/type_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[HF_CANONICAL_SIZE_MAX];
    struct hf_bytes payload = {NULL, 0};
    const struct hf_event_type *type = fuzz_type_line(hf_bytes_of(data, size), &payload);
    if (type == NULL) {
        return 0;
    }
    union hf_event_any event;
    struct hf_err err = {0};
    if (type->decode(payload, &event, &err) != HF_OK) {
        HF_ASSERT(err.text[0] != '\0');
        return 0;
    }
    struct hf_writer w = hf_writer_init(again, sizeof again);
    type->encode(&event, &w);
    HF_ASSERT(!w.overflow && hf_bytes_eq(hf_writer_done(&w), payload));
    /* UTF-8 is all that a decoder leaves to the canonical check. */
    struct hf_canonical_fault fault;
    bool canonical = hf_canonical_check(payload, &fault) == HF_OK;
    HF_ASSERT(canonical || fault.reason == HF_CANONICAL_UTF8);
    HF_ASSERT(canonical == (type->check(&event, &err) == HF_OK));
    return 0;
}
