/* tests/fuzz/policy/fuzz_facts.c: a vector that is taken encodes to the same bytes; any bytes get a
 * verdict. */
#include "base/assert.h"
#include "tests/unit/policy/policies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hf_policy *policy;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[HF_FACTS_SIZE_MAX];
    struct hf_policy_facts facts;
    struct hf_policy_verdict decided;
    struct hf_policy_verdict evaluated;
    struct hf_bytes again;
    struct hf_err err = {0};
    if (policy == NULL) {
        policy = policy_default();
    }
    hf_policy_decide(policy, hf_bytes_of(data, size), &decided);
    HF_ASSERT(decided.rule.len > 0 && decided.reason.len > 0);
    if (hf_facts_decode(hf_bytes_of(data, size), &facts, &err) != HF_OK) {
        HF_ASSERT(decided.verdict == HF_VERDICT_FORBID && decided.error && err.text[0] != '\0');
        return 0;
    }
    HF_ASSERT(hf_facts_encode(&facts, out, &again, &err) == HF_OK);
    HF_ASSERT(hf_bytes_eq(again, hf_bytes_of(data, size)));
    hf_policy_eval(policy, &facts, &evaluated);
    HF_ASSERT(evaluated.verdict == decided.verdict && hf_str_eq(evaluated.rule, decided.rule));
    HF_ASSERT(!facts.incomplete || decided.verdict == HF_VERDICT_FORBID);
    return 0;
}
