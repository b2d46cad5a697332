/* tests/fuzz/policy/fuzz_policy_bundle.c: a bundle that is taken is written again to the same
 * bytes. */
#include "base/assert.h"
#include "wrapper/policy/bundle.h"
#include "wrapper/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static union hf_policy_bundle_record record;
    struct hf_policy_bundle_reader reader;
    struct hf_policy *policy = NULL;
    struct hf_buf again = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_err err = {0};
    if (hf_policy_load(hf_bytes_of(data, size), &policy, &err) != HF_OK) {
        HF_ASSERT(err.text[0] != '\0' && policy == NULL);
        return 0;
    }
    HF_ASSERT(hf_policy_rule_count(policy) > 0);
    HF_ASSERT(hf_policy_bundle_open(hf_policy_bundle(policy), &reader, &err) == HF_OK);
    hf_buf_str(&again, HF_STR(HF_POLICY_BUNDLE_MAGIC));
    while (hf_policy_bundle_next(&reader, &record, &err) == HF_OK) {
        HF_ASSERT(hf_policy_bundle_put(reader.kind, &record, &again, &err) == HF_OK);
    }
    HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&again), hf_bytes_of(data, size)));
    (void)hf_policy_selftest(policy, &err);
    hf_policy_free(policy);
    hf_buf_free(&again);
    return 0;
}
