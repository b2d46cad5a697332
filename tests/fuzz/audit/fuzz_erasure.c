/* tests/fuzz/audit/fuzz_erasure.c: certificates of erasure: only the one that the key signed is
 * taken, and what is told of it stays inside of it. The key is that of the corpus's certificate. */
#include "base/assert.h"
#include "log/audit/erasure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char vkey_text[] =
    "holdfast/dev+44e35f51+AZKYSzTAVZOOZ3T+oUYM7AOdTWw1BDYk2zaJ6UXE3zFP";

static bool inside(struct hf_bytes whole, const void *ptr, size_t len)
{
    const uint8_t *at = ptr;
    return len == 0 || (at >= whole.ptr && at + len <= whole.ptr + whole.len);
}

struct seen {
    struct hf_bytes certificate;
    uint64_t requests;
};

static void tell(void *arg, const struct hf_erasure_request *request)
{
    struct seen *seen = arg;
    seen->requests++;
    HF_ASSERT(inside(seen->certificate, request->approval.ptr, request->approval.len));
    HF_ASSERT(inside(seen->certificate, request->hash.ptr, request->hash.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {.certificate = hf_bytes_of(data, size)};
    struct hf_vkey vkey;
    struct hf_erasure_result result;
    struct hf_err err = {0};
    HF_ASSERT(hf_crypto_init(&err) == HF_OK);
    HF_ASSERT(hf_vkey_parse(hf_str_c(vkey_text), &vkey, &err) == HF_OK);
    if (hf_erasure_verify(seen.certificate, &vkey, tell, &seen, &result, &err) == HF_OK) {
        HF_ASSERT(result.requests == seen.requests && result.erased_index < result.region_size);
        HF_ASSERT(result.kept_index < result.erased_index);
        HF_ASSERT(inside(seen.certificate, result.reason.ptr, result.reason.len));
        HF_ASSERT(inside(seen.certificate, result.subject.ptr, result.subject.len));
    } else {
        HF_ASSERT(err.text[0] != '\0');
    }
    return 0;
}
