/* tests/fuzz/redaction/fuzz_redaction.c: redacted text is the same however the text was divided,
 * and no registered secret is in it, in any spelling.
 *
 * The first byte chooses: an even one that the rest is a recipe (compose.h), an odd one that it is
 * the text itself.
 */
#include "base/assert.h"
#include "tests/unit/redaction/compose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hf_redactor *the_redactor(void)
{
    static struct hf_redactor *redactor; /* compiled once for all inputs */
    if (redactor == NULL) {
        redactor = compose_redactor(false);
    }
    return redactor;
}

static void redact(struct hf_redactor *redactor, struct hf_bytes text, size_t most, uint64_t *state,
                   struct hf_buf *out)
{
    struct hf_err err;
    *out = hf_buf_init(2 * (size_t)COMPOSE_MAX);
    HF_ASSERT(compose_redact(redactor, text, most, state, out, NULL, &err) == HF_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 9 || size > 4096) {
        return 0;
    }
    struct hf_buf composed = hf_buf_init(COMPOSE_MAX), whole, divided;
    struct hf_bytes text = {data + 9, size - 9};
    uint64_t state;
    struct hf_redactor *redactor = the_redactor();
    memcpy(&state, data + 1, sizeof state);
    if (data[0] % 2 == 0) {
        compose(text, &composed);
        text = hf_buf_bytes(&composed);
    }
    if (composed.failed == HF_OK) {
        static const size_t most[] = {1, 40, 3000};
        redact(redactor, text, text.len + 1, NULL, &whole);
        for (size_t i = 0; i < HF_LEN(most); i++) {
            redact(redactor, text, most[i], i == 0 ? NULL : &state, &divided);
            HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&whole), hf_buf_bytes(&divided)));
            hf_buf_free(&divided);
        }
        HF_ASSERT(compose_leak(hf_buf_bytes(&whole)) == NULL);
        hf_buf_free(&whole);
    }
    hf_buf_free(&composed);
    return 0;
}
