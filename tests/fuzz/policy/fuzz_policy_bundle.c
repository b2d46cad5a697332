/* tests/fuzz/policy/fuzz_policy_bundle.c: a bundle that is taken is written again to the same
 * bytes, and so is the text that it is printed as, if the language has words for all of it. */
#include "base/assert.h"
#include "wrapper/policy/bundle.h"
#include "wrapper/policy/policy.h"
#include "wrapper/policy/print.h"
#include "wrapper/policy/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct hf_bytes bundle)
{
    static struct hf_policy_faults faults;
    struct hf_buf text = hf_buf_init(HF_POLICY_TEXT_MAX);
    struct hf_buf again = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_err err = {0};
    enum hf_rc rc = hf_policy_print(bundle, &text, &err);
    if (rc == HF_OK) {
        HF_ASSERT(hf_policy_compile(hf_bytes_str(hf_buf_bytes(&text)), &again, &faults, &err) ==
                  HF_OK);
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&again), bundle));
    } else {
        HF_ASSERT((rc == HF_EMISMATCH || rc == HF_ETOOBIG) && text.len == 0);
    }
    hf_buf_free(&text);
    hf_buf_free(&again);
}

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
    check_text(hf_policy_bundle(policy));
    hf_policy_free(policy);
    hf_buf_free(&again);
    return 0;
}
