/* tests/unit/policy/test_bundle.c: bundles are written in one spelling, and anything else is
 * refused. */
#include "tests/harness/test.h"
#include "wrapper/policy/bundle.h"
#include "wrapper/policy/policy.h"

/* A bundle with the rules that are given, in their order. */
static void make(const char *const *ids, size_t count, struct hf_buf *out)
{
    static union hf_policy_bundle_record record;
    struct hf_err err = {0};
    memset(&record, 0, sizeof record);
    hf_buf_str(out, HF_STR(HF_POLICY_BUNDLE_MAGIC));
    record.head = (struct hf_policy_head){.format = 1,
                                          .name = HF_STR("small"),
                                          .version = HF_STR("1"),
                                          .level = 3,
                                          .lowers = 1,
                                          .lowest = 1,
                                          .wait = 600,
                                          .counts_count = 6,
                                          .counts = {0, 0, 0, 0, count, 0}};
    HF_ASSERT(hf_policy_bundle_put(HF_POLICY_BUNDLE_HEAD, &record, out, &err) == HF_OK);
    for (size_t i = 0; i < count; i++) {
        memset(&record, 0, sizeof record);
        record.rule.id = hf_str_c(ids[i]);
        record.rule.effect = HF_POLICY_RULE_EFFECT_PERMIT;
        record.rule.reason = HF_STR("Reading is fine.");
        record.rule.classes_count = 1;
        record.rule.classes[0] = HF_POLICY_RULE_CLASSES_READ;
        HF_ASSERT(hf_policy_bundle_put(HF_POLICY_BUNDLE_RULE, &record, out, &err) == HF_OK);
    }
}

static enum hf_rc load(const char *const *ids, size_t count, struct hf_err *err)
{
    struct hf_buf out = hf_buf_init(1u << 20);
    struct hf_policy *policy = NULL;
    make(ids, count, &out);
    enum hf_rc rc = hf_policy_load(hf_buf_bytes(&out), &policy, err);
    hf_policy_free(policy);
    hf_buf_free(&out);
    return rc;
}

/* Rules in order load; out of order, twice, none, or with a name that is taken, they are refused.
 * */
HF_TEST(one_spelling)
{
    const char *good[] = {"a", "b"};
    const char *swapped[] = {"b", "a"};
    const char *twice[] = {"a", "a"};
    const char *taken[] = {"holdfast.x"};
    struct hf_err err = {0};
    HF_CHECK_OK(load(good, 2, &err), err);
    HF_CHECK_RC(load(swapped, 2, &err), HF_EINVAL);
    HF_CHECK(strstr(err.text, "ascending") != NULL);
    HF_CHECK_RC(load(twice, 2, &err), HF_EINVAL);
    HF_CHECK_RC(load(good, 0, &err), HF_EINVAL);
    HF_CHECK(strstr(err.text, "without rules") != NULL);
    HF_CHECK_RC(load(taken, 1, &err), HF_EINVAL);
}

/* Every beginning of a bundle is refused, and a byte more too. */
HF_TEST(cut)
{
    const char *good[] = {"a", "b"};
    struct hf_buf out = hf_buf_init(1u << 20);
    struct hf_policy *policy = NULL;
    struct hf_err err = {0};
    make(good, 2, &out);
    for (size_t len = 0; len < out.len; len++) {
        HF_CHECK_RC(hf_policy_load(hf_bytes_of(out.ptr, len), &policy, &err), HF_EINVAL);
    }
    hf_buf_put(&out, "", 1);
    HF_CHECK_RC(hf_policy_load(hf_buf_bytes(&out), &policy, &err), HF_EINVAL);
    hf_buf_free(&out);
}

/* The smallest policy: what it permits, what it does not cover, and what it cannot read. */
HF_TEST(smallest)
{
    const char *good[] = {"a", "b"};
    static uint8_t vector[HF_FACTS_SIZE_MAX];
    struct hf_buf out = hf_buf_init(1u << 20);
    struct hf_policy *policy = NULL;
    struct hf_policy_verdict got;
    struct hf_policy_facts facts;
    struct hf_bytes bytes;
    struct hf_err err = {0};
    make(good, 2, &out);
    HF_CHECK_OK(hf_policy_load(hf_buf_bytes(&out), &policy, &err), err);
    hf_facts_init(&facts);
    facts.tenant = HF_STR("acme");
    facts.tool = HF_STR("read");
    hf_facts_add_classes(&facts, HF_CLASS_BIT(READ));
    HF_CHECK_OK(hf_facts_encode(&facts, vector, &bytes, &err), err);
    hf_policy_decide(policy, bytes, &got);
    HF_CHECK_U64(got.verdict, HF_VERDICT_PERMIT);
    HF_CHECK_STR(got.rule, HF_STR("a"));
    hf_facts_add_classes(&facts, HF_CLASS_BIT(COMMUNICATE));
    hf_policy_eval(policy, &facts, &got);
    HF_CHECK_U64(got.verdict, HF_VERDICT_FORBID);
    HF_CHECK_STR(got.rule, HF_STR("holdfast.default"));
    facts.incomplete = true;
    hf_policy_eval(policy, &facts, &got);
    HF_CHECK_STR(got.rule, HF_STR("holdfast.incomplete"));
    hf_policy_decide(policy, hf_bytes_of(vector, bytes.len - 1), &got);
    HF_CHECK(got.error && got.verdict == HF_VERDICT_FORBID);
    HF_CHECK_RC(hf_policy_selftest(policy, &err), HF_EINVAL);
    hf_policy_free(policy);
    hf_buf_free(&out);
}

HF_TEST_MAIN(HF_TEST_CASE(one_spelling), HF_TEST_CASE(cut), HF_TEST_CASE(smallest))
