/* tests/unit/policy/test_print.c: a bundle as text again: it compiles to the same bytes. */
#include "wrapper/policy/print.h"

#include "base/file.h"
#include "base/json_out.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "tests/unit/policy/policies.h"
#include "wrapper/policy/bundle.h"
#include "wrapper/policy/text.h"

static void compile(struct hf_str text, struct hf_buf *out)
{
    static struct hf_policy_faults faults;
    struct hf_err err = {0};
    HF_CHECK_OK(hf_policy_compile(text, out, &faults, &err), err);
}

/* Compiles, prints, compiles: twice the same bytes, and the text is a fixed point. Gives the text
 * that was printed. */
static void round_trip(struct hf_str text, struct hf_buf *ret_printed)
{
    struct hf_buf bundle = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_buf again = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_buf reprinted = hf_buf_init(HF_POLICY_TEXT_MAX);
    struct hf_err err = {0};
    compile(text, &bundle);
    HF_CHECK_OK(hf_policy_print(hf_buf_bytes(&bundle), ret_printed, &err), err);
    compile(hf_bytes_str(hf_buf_bytes(ret_printed)), &again);
    HF_CHECK(hf_bytes_eq(hf_buf_bytes(&bundle), hf_buf_bytes(&again)));
    HF_CHECK_OK(hf_policy_print(hf_buf_bytes(&again), &reprinted, &err), err);
    HF_CHECK(hf_bytes_eq(hf_buf_bytes(ret_printed), hf_buf_bytes(&reprinted)));
    hf_buf_free(&bundle);
    hf_buf_free(&again);
    hf_buf_free(&reprinted);
}

static void file_round_trip(const char *path)
{
    struct hf_buf text = hf_buf_init(1u << 20);
    struct hf_err err = {0};
    HF_CHECK_OK(hf_file_read(hf_test_source(path), &text, &err), err);
    struct hf_buf printed = hf_buf_init(HF_POLICY_TEXT_MAX);
    round_trip(hf_bytes_str(hf_buf_bytes(&text)), &printed);
    hf_buf_free(&printed);
    hf_buf_free(&text);
}

/* The policies that the product has. */
HF_TEST(files)
{
    file_round_trip("../packaging/policy/default.policy");
    file_round_trip("golden/policy-1.txt");
    file_round_trip("golden/policy-2.txt");
    file_round_trip("fuzz/corpus/policy_text/all-of-the-language");
}

#define RULE "rule a\n  permit\n  reason \"R.\"\n  asi ASI01\n"

/* All that has a word of its own, and words that have to be quoted, or have a meaning elsewhere. */
HF_TEST(spelling)
{
    static const char *const lines[] = {
        "  when amount over 0.000001 EUR\n",
        "  when amount at most 9000000000 EUR\n",
        "  when amount at most 12.3 EUR\n",
        "  when amount over 0 EUR\n",
        "  when time 00:00 to 24:00\n",
        "  when rate configure minute over 4294967295\n",
        "  when after untrusted within 16\n",
        "  unless after untrusted tool within \"within\" tool \"in\" within 1\n",
        "  when after class read pay within 2\n",
        "  when param in in in \"in \"\n",
        "  when param \"a b\"\n",
        "  when path in \"/a/[b]\" \"/{?}\" $*/x\n",
        "  when no destroy path in /a \"/a b\" \"/#c\" \"/\\\"\\\\\" $home/** **\n",
        "  when all command in \"rm * -rf\" \"\\\\\" # a comment\n",
        "  when host in @private\n",
        "  when only host in \"*.example.org\"\n",
        "  when role \"d\xc3\xa9j\xc3\xa0 vu\" \"#\"\n",
        "  unless rule-of-two\n  when class pay\n  unless strange\n  unless unlisted\n",
        "  tools a* b *\n  levels L5 L1\n  classes pay read\n  risk critical\n",
        "list within\n  within call a b\n  facts c d\n  # \n  \"#\" \"a b\"\n",
        "program \"git diff\" git \"[\"\n  options -\nprogram ls\n  options abc: --color + #\n",
        "program x\nprogram y\n  paths destroy read\n",
        "tool read\n  classes read\n  param path path read\n  param read \"in a\" patch\n",
        "tool read path\n  classes read\n  param a b c path write\n",
        "tool z\n  classes pay\n  result credential untrusted\ntool z*\n  classes read\n",
        "level channel a/b L1\nlevel tenant a L2\nlevel L5\n",
        "wait 90 seconds\nuntrusted lowers 4 never below L2\n",
        "wait 24 hours\nuntrusted lowers 0\n",
        "test \"a \\\"b\\\"\"\n  call a {\"x\": \"\\u0000\\n\\u001b\\\"\"}\n  expect permit by a\n",
        "test h\n  call a {\"\\u202e\": 1, \"\\udb40\\udc41\": 1, \"\\u009b\": 1}\n  expect ask\n",
        "test call\n  roles \"a b\"\n  rate all day 7\n  call exec\n  expect forbid\n",
    };
    for (size_t i = 0; i < HF_LEN(lines); i++) {
        struct hf_buf text = hf_buf_init(1u << 16);
        hf_buf_printf(&text, "policy t version 1\n" RULE "%s", lines[i]);
        struct hf_buf printed = hf_buf_init(HF_POLICY_TEXT_MAX);
        round_trip(hf_bytes_str(hf_buf_bytes(&text)), &printed);
        hf_buf_free(&printed);
        hf_buf_free(&text);
    }
}

/* What is read: the words that a person would have written, and programs and tools of which the
 * same is said in one block. */
HF_TEST(reads_well)
{
    static const char text[] =
        "policy t version 1\nlevel L2\nuntrusted lowers 2 never below L1\nwait 5 minutes\n"
        "level tenant acme L4\n"
        "\nlist l\n  /a /b\n"
        "\nprogram rm\n  classes destroy\n"
        "\nprogram \"git diff\" cat tail\n  classes read\n  paths read\n  options abc -\n"
        "\ntool edit write\n  classes write\n  param path path write\n  result private\n"
        "\nrule a\n  ask\n  classes read\n  tools read mcp_*\n  levels L3 L4\n"
        "  when only read path in $workspace/** @l\n  unless amount over 12.5 EUR\n"
        "  risk high\n  asi ASI02\n  reason \"Because \\\"this\\\".\"\n";
    struct hf_buf printed = hf_buf_init(HF_POLICY_TEXT_MAX);
    round_trip(hf_str_c(text), &printed);
    HF_CHECK(hf_str_eq(hf_bytes_str(hf_buf_bytes(&printed)), hf_str_c(text)));
    hf_buf_free(&printed);
}

/* Random policies, with vectors of random facts. */
HF_TEST(random)
{
    uint64_t seed = hf_test_seed() | 1;
    for (unsigned round = 0; round < 60; round++) {
        struct hf_buf text = hf_buf_init(1u << 20);
        hf_buf_str(&text, HF_STR("policy t version 1\ntool read\n  classes read\n"));
        for (unsigned i = 0; i < 1 + draw(&seed, 12); i++) {
            draw_rule(&seed, i, &text);
        }
        for (unsigned i = draw(&seed, 4); i > 0; i--) {
            struct hf_policy_facts facts;
            struct hf_json_out json;
            draw_facts(&seed, &facts);
            hf_buf_printf(&text, "test \"%u\"\n  facts ", i);
            hf_json_init(&json, &text);
            hf_policy_facts_to_json(&facts, &json);
            hf_buf_str(&text, HF_STR("\n  expect ask\n"));
        }
        struct hf_buf printed = hf_buf_init(HF_POLICY_TEXT_MAX);
        round_trip(hf_bytes_str(hf_buf_bytes(&text)), &printed);
        hf_buf_free(&printed);
        hf_buf_free(&text);
    }
}

/* Facts as they are recorded are a test, and nothing stands beside them. */
HF_TEST(facts)
{
    static struct hf_policy_faults faults;

    static const struct {
        const char *text;
        unsigned line;
        unsigned column;
        const char *says;
    } rows[] = {
        {"test x\n  facts\n  expect ask\n", 7, 8, "as JSON"},
        {"test x\n  facts {}\n  expect ask\n", 7, 9, "is missing"},
        {"test x\n  facts {\"a\n  expect ask\n", 7, 9, "line 1"},
        {"test x\n  facts {}\n", 6, 1, "needs a call"},
        {"test x\n  call a\n  facts {}\n  expect ask\n", 6, 1, "beside them"},
        {"test x\n  facts {}\n  taint private\n  expect ask\n", 6, 1, "beside them"},
        {"test x\n  facts {}\n  facts {}\n  expect ask\n", 8, 3, "already"},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_buf text = hf_buf_init(1u << 16);
        struct hf_buf out = hf_buf_init(HF_POLICY_BUNDLE_MAX);
        struct hf_err err = {0};
        hf_buf_printf(&text, "policy t version 1\n" RULE "%s", rows[i].text);
        HF_CHECK_RC(hf_policy_compile(hf_bytes_str(hf_buf_bytes(&text)), &out, &faults, &err),
                    HF_EINVAL);
        if (faults.count == 0 || faults.at[0].line != rows[i].line ||
            faults.at[0].column != rows[i].column ||
            strstr(faults.at[0].text, rows[i].says) == NULL) {
            hf_test_fail(__FILE__, __LINE__, "row %zu: %s", i, err.text);
        }
        hf_buf_free(&out);
        hf_buf_free(&text);
    }
}

/* A bundle that loads and that no text gives: it is refused, and nothing is printed. */
HF_TEST(no_words)
{
    static union hf_policy_bundle_record record;
    struct hf_buf bundle = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_buf text = hf_buf_init(HF_POLICY_TEXT_MAX);
    struct hf_policy *policy = NULL;
    struct hf_err err = {0};
    hf_buf_str(&bundle, HF_STR(HF_POLICY_BUNDLE_MAGIC));
    record.head = (struct hf_policy_head){.format = 1,
                                          .name = HF_STR("t"),
                                          .version = HF_STR("1"),
                                          .level = 3,
                                          .lowest = 1,
                                          .wait = 60,
                                          .counts = {0, 0, 0, 0, 1, 0},
                                          .counts_count = 6};
    HF_CHECK_OK(hf_policy_bundle_put(HF_POLICY_BUNDLE_HEAD, &record, &bundle, &err), err);
    memset(&record, 0, sizeof record);
    record.rule = (struct hf_policy_rule){
        .id = HF_STR("a"), .effect = HF_POLICY_RULE_EFFECT_FORBID, .reason = HF_STR("two\nlines")};
    HF_CHECK_OK(hf_policy_bundle_put(HF_POLICY_BUNDLE_RULE, &record, &bundle, &err), err);
    HF_CHECK_OK(hf_policy_load(hf_buf_bytes(&bundle), &policy, &err), err);
    HF_CHECK_RC(hf_policy_print(hf_buf_bytes(&bundle), &text, &err), HF_EMISMATCH);
    HF_CHECK(strstr(err.text, "no words") != NULL && text.len == 0);
    HF_CHECK_RC(hf_policy_print(HF_BYTES("policy t version 1\n"), &text, &err), HF_EINVAL);
    HF_CHECK_RC(hf_policy_print(hf_bytes_of(bundle.ptr, bundle.len - 1), &text, &err), HF_EINVAL);
    HF_CHECK_U64(text.len, 0);
    hf_policy_free(policy);
    hf_buf_free(&bundle);
    hf_buf_free(&text);
}

/* The n-th allocation fails: out of memory, and nothing lost. */
HF_TEST(allocations)
{
    struct hf_buf bundle = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    compile(hf_str_c("policy t version 1\n" RULE
                     "tool a b\n  classes read\nprogram c\nlist l\n  v\n"
                     "test x\n  call a {}\n  expect permit\n"),
            &bundle);
    uint64_t count = 2;
    for (uint64_t n = 1; n <= count; n++) {
        struct hf_buf text = hf_buf_init(HF_POLICY_TEXT_MAX);
        struct hf_err err = {0};
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        enum hf_rc rc = hf_policy_print(hf_buf_bytes(&bundle), &text, &err);
        count = hf_sweep_end();
        HF_CHECK_RC(rc, n <= count ? HF_ENOMEM : HF_OK);
        HF_CHECK((text.len > 0) == (rc == HF_OK));
        hf_buf_free(&text);
    }
    hf_buf_free(&bundle);
}

HF_TEST_MAIN(HF_TEST_CASE(files), HF_TEST_CASE(spelling), HF_TEST_CASE(reads_well),
             HF_TEST_CASE(random), HF_TEST_CASE(facts), HF_TEST_CASE(no_words),
             HF_TEST_CASE(allocations))
