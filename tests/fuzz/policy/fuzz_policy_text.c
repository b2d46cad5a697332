/* tests/fuzz/policy/fuzz_policy_text.c: a text is a policy, always the same one, also when it is
 * printed and read again, or has mistakes at places that exist. */
#include "base/assert.h"
#include "wrapper/policy/policy.h"
#include "wrapper/policy/print.h"
#include "wrapper/policy/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_faults(struct hf_str text, const struct hf_policy_faults *faults)
{
    unsigned lines = 1;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n' ? 1 : 0;
    }
    HF_ASSERT(faults->count <= HF_POLICY_FAULTS_MAX);
    for (size_t i = 0; i < faults->count; i++) {
        HF_ASSERT(faults->at[i].line >= 1 && faults->at[i].line <= lines);
        HF_ASSERT(faults->at[i].column >= 1 && faults->at[i].text[0] != '\0');
        HF_ASSERT(i == 0 || faults->at[i - 1].line <= faults->at[i].line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hf_policy_faults faults;
    struct hf_str text = hf_bytes_str(hf_bytes_of(data, size));
    struct hf_buf first = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_buf second = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_policy *policy = NULL;
    struct hf_err err = {0};
    enum hf_rc rc = hf_policy_compile(text, &first, &faults, &err);
    check_faults(text, &faults);
    if (rc == HF_OK) {
        HF_ASSERT(faults.count == 0);
        HF_ASSERT(hf_policy_compile(text, &second, &faults, &err) == HF_OK);
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&first), hf_buf_bytes(&second)));
        HF_ASSERT(hf_policy_load(hf_buf_bytes(&first), &policy, &err) == HF_OK);
        (void)hf_policy_selftest(policy, &err);
        hf_policy_free(policy);
        /* It compiles what it printed, and holds it against the bundle. */
        struct hf_buf printed = hf_buf_init(HF_POLICY_TEXT_MAX);
        HF_ASSERT(hf_policy_print(hf_buf_bytes(&first), &printed, &err) == HF_OK);
        hf_buf_clear(&second);
        HF_ASSERT(hf_policy_compile(hf_bytes_str(hf_buf_bytes(&printed)), &second, &faults, &err) ==
                  HF_OK);
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&first), hf_buf_bytes(&second)));
        hf_buf_free(&printed);
    } else {
        HF_ASSERT(err.text[0] != '\0' && first.len == 0);
    }
    hf_buf_free(&first);
    hf_buf_free(&second);
    return 0;
}
