/* tests/unit/policy/test_facts.c: fact vectors: bounds, order, canonical bytes. */
#include "base/buf.h"
#include "schemas/canonical.h"
#include "tests/harness/test.h"
#include "wrapper/policy/facts.h"

static struct hf_policy_facts sample(void)
{
    struct hf_policy_facts facts;
    hf_facts_init(&facts);
    facts.tenant = HF_STR("acme");
    facts.tool = HF_STR("exec");
    facts.commands_count = 1;
    facts.commands[0].program = HF_STR("git");
    facts.commands[0].args_count = 1;
    facts.commands[0].args[0] = HF_STR("status");
    hf_facts_add_classes(&facts, HF_CLASS_BIT(EXECUTE));
    return facts;
}

/* What is encoded decodes to the same bytes again; what is missing is refused with its name. */
HF_TEST(round_trip)
{
    static uint8_t out[HF_FACTS_SIZE_MAX];
    static uint8_t again[HF_FACTS_SIZE_MAX];
    struct hf_policy_facts facts = sample();
    struct hf_policy_facts back;
    struct hf_bytes bytes;
    struct hf_bytes bytes_again;
    struct hf_err err = {0};
    HF_CHECK_OK(hf_facts_encode(&facts, out, &bytes, &err), err);
    HF_CHECK_OK(hf_facts_decode(bytes, &back, &err), err);
    HF_CHECK_OK(hf_facts_encode(&back, again, &bytes_again, &err), err);
    HF_CHECK(hf_bytes_eq(bytes, bytes_again));
    HF_CHECK_STR(back.commands[0].args[0], HF_STR("status"));
    facts.tool = (struct hf_str){"", 0};
    HF_CHECK_RC(hf_facts_encode(&facts, out, &bytes, &err), HF_EINVAL);
    HF_CHECK(strstr(err.text, "tool") != NULL);
}

/* Sets are kept in order whatever order they come in; a list out of order is refused both ways. */
HF_TEST(sets)
{
    static uint8_t out[HF_FACTS_SIZE_MAX];
    struct hf_policy_facts facts = sample();
    struct hf_bytes bytes;
    struct hf_err err = {0};
    hf_facts_add_classes(&facts, HF_CLASS_BIT(CONFIGURE) | HF_CLASS_BIT(READ));
    HF_CHECK_U64(facts.classes_count, 3);
    HF_CHECK_U64(facts.classes[0], HF_POLICY_FACTS_CLASSES_READ);
    hf_facts_add_opaque(&facts, HF_POLICY_FACTS_OPAQUE_LIMIT);
    hf_facts_add_opaque(&facts, HF_POLICY_FACTS_OPAQUE_SYNTAX);
    hf_facts_add_opaque(&facts, HF_POLICY_FACTS_OPAQUE_VARIABLE);
    hf_facts_add_opaque(&facts, HF_POLICY_FACTS_OPAQUE_SYNTAX);
    HF_CHECK_U64(facts.opaque_count, 3);
    hf_facts_add_taint(&facts, HF_POLICY_FACTS_TAINT_CREDENTIAL);
    hf_facts_add_taint(&facts, HF_POLICY_FACTS_TAINT_UNTRUSTED);
    HF_CHECK(hf_facts_tainted(&facts, HF_POLICY_FACTS_TAINT_UNTRUSTED));
    HF_CHECK_OK(hf_facts_encode(&facts, out, &bytes, &err), err);
    /* "read" and "execute" change places in the bytes: same length of the list, wrong order. */
    facts.classes[0] = HF_POLICY_FACTS_CLASSES_EXECUTE;
    facts.classes[1] = HF_POLICY_FACTS_CLASSES_READ;
    HF_CHECK_RC(hf_facts_check(&facts, &err), HF_EINVAL);
    struct hf_writer w = hf_writer_init(out, sizeof out);
    struct hf_policy_facts back;
    hf_policy_facts_encode(&facts, &w);
    HF_CHECK_RC(hf_facts_decode(hf_writer_done(&w), &back, &err), HF_EINVAL);
    HF_CHECK(strstr(err.text, "classes") != NULL);
}

/* More than 16 KiB is refused as too big, and every shorter piece of a vector as damaged. */
HF_TEST(bounds)
{
    static uint8_t out[HF_FACTS_SIZE_MAX];
    static char path[1024];
    struct hf_policy_facts facts = sample();
    struct hf_policy_facts back;
    struct hf_bytes bytes;
    struct hf_err err = {0};
    HF_CHECK_OK(hf_facts_encode(&facts, out, &bytes, &err), err);
    for (size_t len = 0; len < bytes.len; len++) {
        HF_CHECK(hf_facts_decode(hf_bytes_of(bytes.ptr, len), &back, &err) != HF_OK);
    }
    memset(path, 'a', sizeof path);
    for (size_t i = 0; i < HF_LEN(facts.paths); i++) {
        facts.paths[i].path = (struct hf_str){path, sizeof path};
    }
    facts.paths_count = HF_LEN(facts.paths);
    HF_CHECK_RC(hf_facts_encode(&facts, out, &bytes, &err), HF_ETOOBIG);
}

HF_TEST_MAIN(HF_TEST_CASE(round_trip), HF_TEST_CASE(sets), HF_TEST_CASE(bounds))
