/* tests/fuzz/commands/fuzz_token.c: a registration token that is taken has one text. */
#include "base/assert.h"
#include "commands/enrolment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_token token;
    struct hf_secret again = {0};
    struct hf_err err = {0};
    struct hf_str text = {(const char *)data, size};
    HF_ASSERT(hf_crypto_init(&err) == HF_OK);
    if (hf_token_parse(text, &token, &err) != HF_OK) {
        HF_ASSERT(err.text[0] != '\0');
        hf_token_free(&token);
        return 0;
    }
    HF_ASSERT(hf_token_format(&token, &again, &err) == HF_OK);
    struct hf_bytes written = hf_secret_reveal(&again);
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == ' ')) {
        text.len--;
    }
    HF_ASSERT(hf_bytes_eq(hf_bytes_of(written.ptr, written.len - 1), hf_str_bytes(text)));
    HF_ASSERT(hf_tenant_name_ok(hf_str_c(token.tenant)));
    hf_secret_free(&again);
    hf_token_free(&token);
    return 0;
}
