/* tests/fuzz/audit/fuzz_audit.c: audit bundles: only the one that the key signed is taken, and what
 * is told about events stays inside of the bundle. The key is that of the corpus's bundle. */
#include "base/assert.h"
#include "log/audit/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char vkey_text[] =
    "holdfast/dev+2cf319ee+AafClfY+WVH+4f//gomCDa0MV/iymKF+B+flZrp1iq0q";

static void tell(void *arg, const struct hf_audit_event *event)
{
    const struct hf_bytes *bundle = arg;
    HF_ASSERT(event->leaf.ptr >= bundle->ptr &&
              event->leaf.ptr + event->leaf.len <= bundle->ptr + bundle->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_bytes bundle = hf_bytes_of(data, size);
    struct hf_vkey vkey;
    struct hf_audit_result result;
    struct hf_err err = {0};
    HF_ASSERT(hf_crypto_init(&err) == HF_OK);
    HF_ASSERT(hf_vkey_parse(hf_str_c(vkey_text), &vkey, &err) == HF_OK);
    if (hf_audit_verify(bundle, &vkey, tell, &bundle, &result, &err) == HF_OK) {
        HF_ASSERT(result.region_events > 0 && result.tenant.len > 0);
        HF_ASSERT(result.region_size >= result.region_events);
    } else {
        HF_ASSERT(err.text[0] != '\0');
    }
    return 0;
}
