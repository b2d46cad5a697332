/* tests/unit/policy/test_eval.c: what a verdict is: the table of meanings, any order of rules, and
 * the
 * index against an evaluator that looks at every rule.
 */
#include <stdio.h>

#include "base/heap.h"
#include "tests/harness/test.h"
#include "tests/unit/policy/policies.h"
#include "wrapper/policy/table.h"
#include "wrapper/policy/text.h"

#define HEAD                   "policy t version 1\nlevel L3\nuntrusted lowers 1 never below L2\n"
#define RULE(id, effect, rest) "rule " id "\n  " effect "\n  reason \"R.\"\n  asi ASI01\n" rest

struct meaning {
    const char *name;
    const char *rules;
    hf_class_set classes;
    enum hf_verdict verdict;
    const char *rule;
};

/* The rules of wrapper/policy/policy.h, one by one. */
HF_TEST(meanings)
{
    static const struct meaning rows[] = {
        {"nothing fits", RULE("a", "permit", "  tools other\n"), HF_CLASS_BIT(READ),
         HF_VERDICT_FORBID, "holdfast.default"},
        {"a permit", RULE("a", "permit", "  classes read\n"), HF_CLASS_BIT(READ), HF_VERDICT_PERMIT,
         "a"},
        {"a class that nobody covers", RULE("a", "permit", "  classes read\n"),
         HF_CLASS_BIT(READ) | HF_CLASS_BIT(PAY), HF_VERDICT_FORBID, "holdfast.default"},
        {"two rules cover two classes",
         RULE("b", "permit", "  classes read\n") RULE("a", "permit", "  classes pay\n"),
         HF_CLASS_BIT(READ) | HF_CLASS_BIT(PAY), HF_VERDICT_PERMIT, "a"},
        {"a rule without classes covers all", RULE("a", "permit", ""),
         HF_CLASS_BIT(READ) | HF_CLASS_BIT(PAY), HF_VERDICT_PERMIT, "a"},
        {"an ask covers as well",
         RULE("b", "permit", "  classes read\n") RULE("a", "ask", "  classes pay\n"),
         HF_CLASS_BIT(READ) | HF_CLASS_BIT(PAY), HF_VERDICT_ASK, "a"},
        {"an ask beats a permit", RULE("a", "permit", "") RULE("b", "ask", ""), HF_CLASS_BIT(READ),
         HF_VERDICT_ASK, "b"},
        {"a forbid beats both",
         RULE("a", "permit", "") RULE("b", "ask", "") RULE("c", "forbid", ""), HF_CLASS_BIT(READ),
         HF_VERDICT_FORBID, "c"},
        {"the first by id is named", RULE("z", "forbid", "") RULE("m", "forbid", ""),
         HF_CLASS_BIT(READ), HF_VERDICT_FORBID, "m"},
        {"an error denies", RULE("a", "permit", "") RULE("b", "ask", "  when budget warn\n"),
         HF_CLASS_BIT(READ), HF_VERDICT_FORBID, "holdfast.error"},
        {"no is stronger than an error",
         RULE("a", "permit", "") RULE("b", "ask", "  when budget warn\n  when taint private\n"),
         HF_CLASS_BIT(READ), HF_VERDICT_PERMIT, "a"},
        {"an error under unless denies too",
         RULE("a", "permit", "") RULE("b", "forbid", "  unless rate all hour over 3\n"),
         HF_CLASS_BIT(READ), HF_VERDICT_FORBID, "holdfast.error"},
        {"an error elsewhere is none of its business",
         RULE("a", "permit", "") RULE("b", "ask", "  tools other\n  when budget warn\n"),
         HF_CLASS_BIT(READ), HF_VERDICT_PERMIT, "a"},
        {"without classes, one that fits is enough", RULE("a", "permit", "  tools read\n"), 0,
         HF_VERDICT_PERMIT, "a"},
        {"without classes, a rule about a class does not fit",
         RULE("a", "permit", "  classes read\n"), 0, HF_VERDICT_FORBID, "holdfast.default"},
        {"a tool's beginning", RULE("a", "permit", "  tools re*\n"), HF_CLASS_BIT(READ),
         HF_VERDICT_PERMIT, "a"},
        {"a level that is not this one", RULE("a", "permit", "  levels L4\n"), HF_CLASS_BIT(READ),
         HF_VERDICT_FORBID, "holdfast.default"},
        {"a level that is", RULE("a", "permit", "  levels L3 L4\n"), HF_CLASS_BIT(READ),
         HF_VERDICT_PERMIT, "a"},
        {"a payment without an amount cannot be judged",
         RULE("a", "permit", "  when amount at most 5 EUR\n"), HF_CLASS_BIT(PAY), HF_VERDICT_FORBID,
         "holdfast.error"},
    };
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        char text[2048];
        struct hf_policy_facts facts;
        struct hf_policy_verdict got;
        (void)snprintf(text, sizeof text, HEAD "%s", rows[i].rules);
        struct hf_policy *policy = policy_of(text);
        hf_facts_init(&facts);
        facts.tenant = HF_STR("acme");
        facts.tool = HF_STR("read");
        facts.level = 5;
        hf_facts_add_classes(&facts, rows[i].classes);
        hf_policy_eval(policy, &facts, &got);
        if (got.verdict != rows[i].verdict || !hf_str_eq(got.rule, hf_str_c(rows[i].rule))) {
            hf_test_fail(__FILE__, __LINE__, "%s: %.*s by %.*s", rows[i].name,
                         HF_STR_ARG(hf_verdict_name(got.verdict)), HF_STR_ARG(got.rule));
        }
        hf_policy_free(policy);
    }
}

/* Level: the lower of tenant and channel, at most what the server allows, less what taint takes. */
HF_TEST(levels)
{
    struct hf_policy *policy = policy_of(HEAD "level tenant acme L5\nlevel channel telegram L4\n"
                                              "level channel low L1\n" RULE("a", "permit", ""));
    struct hf_policy_facts facts;
    hf_facts_init(&facts);
    facts.tenant = HF_STR("other");
    facts.level = 5;
    HF_CHECK_U64(hf_policy_level(policy, &facts), 3);
    facts.tenant = HF_STR("acme");
    HF_CHECK_U64(hf_policy_level(policy, &facts), 5);
    facts.channel = HF_STR("telegram");
    HF_CHECK_U64(hf_policy_level(policy, &facts), 4);
    hf_facts_add_taint(&facts, HF_POLICY_FACTS_TAINT_UNTRUSTED);
    HF_CHECK_U64(hf_policy_level(policy, &facts), 3);
    facts.level = 2;
    HF_CHECK_U64(hf_policy_level(policy, &facts), 2);
    facts.channel = HF_STR("low");
    HF_CHECK_U64(hf_policy_level(policy, &facts), 1);
    hf_policy_free(policy);
}

/* The same rules, shuffled by a seed, give the same bytes; so no order can matter to a verdict. */
HF_TEST(any_order)
{
    enum {
        RULES = 60
    };

    uint64_t seed = hf_test_seed();
    struct hf_buf first = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    static struct hf_policy_faults faults;
    struct hf_err err = {0};
    struct hf_buf rules[RULES];
    for (unsigned i = 0; i < RULES; i++) {
        rules[i] = hf_buf_init(1 << 16);
        draw_rule(&seed, i, &rules[i]);
    }
    for (unsigned round = 0; round < 10; round++) {
        struct hf_buf text = hf_buf_init(1 << 20);
        struct hf_buf bundle = hf_buf_init(HF_POLICY_BUNDLE_MAX);
        for (unsigned i = RULES - 1; i > 0; i--) {
            unsigned other = draw(&seed, i + 1);
            struct hf_buf swap = rules[i];
            rules[i] = rules[other];
            rules[other] = swap;
        }
        for (unsigned i = 0; i < RULES; i++) {
            hf_buf_put(&text, rules[i].ptr, rules[i].len);
        }
        hf_buf_str(&text, HF_STR("policy t version 1\n"));
        HF_CHECK_OK(hf_policy_compile(hf_bytes_str(hf_buf_bytes(&text)), &bundle, &faults, &err),
                    err);
        if (round == 0) {
            hf_buf_put(&first, bundle.ptr, bundle.len);
        }
        HF_CHECK(hf_bytes_eq(hf_buf_bytes(&first), hf_buf_bytes(&bundle)));
        hf_buf_free(&bundle);
        hf_buf_free(&text);
    }
    for (unsigned i = 0; i < RULES; i++) {
        hf_buf_free(&rules[i]);
    }
    hf_buf_free(&first);
}

static bool names_tool(const struct hf_policy_rule *rule, struct hf_str tool)
{
    for (size_t i = 0; i < rule->tools_count; i++) {
        if (hf_match_word(rule->tools[i], tool)) {
            return true;
        }
    }
    return rule->tools_count == 0;
}

/* Every rule of the bundle in turn, without the index. */
static void naive(const struct hf_policy *policy, const struct hf_policy_facts *facts,
                  enum hf_verdict *ret_verdict, struct hf_str *ret_rule)
{
    static union hf_policy_bundle_record record;
    struct hf_policy_bundle_reader reader;
    struct hf_str first[3] = {{NULL, 0}};
    hf_class_set classes = hf_facts_classes(facts);
    hf_class_set covered = 0;
    bool error = false;
    size_t at = 0;
    HF_ASSERT(hf_policy_bundle_open(hf_policy_bundle(policy), &reader, NULL) == HF_OK);
    while (hf_policy_bundle_next(&reader, &record, NULL) == HF_OK) {
        if (reader.kind != HF_POLICY_BUNDLE_RULE) {
            continue;
        }
        const struct hf_rule *rule = &policy->rules[at++];
        enum hf_fit fit = names_tool(&record.rule, facts->tool)
                              ? hf_rule_fits(rule, facts, classes, hf_policy_level(policy, facts))
                              : HF_FIT_NO;
        error = error || fit == HF_FIT_ERROR;
        if (fit == HF_FIT_YES) {
            first[rule->effect] = first[rule->effect].len == 0 ? rule->id : first[rule->effect];
            if (rule->effect != HF_VERDICT_FORBID) {
                covered = (hf_class_set)(covered | (rule->classes == 0 ? 255 : rule->classes));
            }
        }
    }
    struct hf_str allow =
        first[HF_VERDICT_ASK].len > 0 ? first[HF_VERDICT_ASK] : first[HF_VERDICT_PERMIT];
    *ret_verdict = HF_VERDICT_FORBID;
    if (first[HF_VERDICT_FORBID].len > 0) {
        *ret_rule = first[HF_VERDICT_FORBID];
    } else if (error) {
        *ret_rule = HF_STR("holdfast.error");
    } else if (allow.len == 0 || (classes & ~covered) != 0) {
        *ret_rule = HF_STR("holdfast.default");
    } else {
        *ret_rule = allow;
        *ret_verdict = first[HF_VERDICT_ASK].len > 0 ? HF_VERDICT_ASK : HF_VERDICT_PERMIT;
    }
}

/* Random policies on random vectors: the index finds what looking at every rule finds. */
HF_TEST(index_against_all)
{
    uint64_t seed = hf_test_seed();
    size_t seen[3] = {0};
    for (unsigned round = 0; round < 60; round++) {
        struct hf_buf text = hf_buf_init(1 << 20);
        unsigned count = 1 + draw(&seed, 24);
        hf_buf_str(&text, HF_STR("policy t version 1\nlevel L4\n"));
        for (unsigned i = 0; i < count; i++) {
            draw_rule(&seed, i, &text);
        }
        hf_buf_put(&text, "", 1);
        struct hf_policy *policy = policy_of((const char *)text.ptr);
        for (unsigned i = 0; i < 200; i++) {
            static uint8_t bytes[HF_FACTS_SIZE_MAX];
            struct hf_policy_facts facts;
            struct hf_policy_verdict got;
            struct hf_bytes vector;
            struct hf_err err = {0};
            enum hf_verdict verdict;
            struct hf_str rule;
            draw_facts(&seed, &facts);
            HF_CHECK_OK(hf_facts_encode(&facts, bytes, &vector, &err), err);
            hf_policy_decide(policy, vector, &got);
            naive(policy, &facts, &verdict, &rule);
            HF_CHECK_U64(got.verdict, verdict);
            HF_CHECK_STR(got.rule, rule);
            seen[verdict]++;
        }
        hf_policy_free(policy);
        hf_buf_free(&text);
    }
    HF_CHECK(seen[0] > 100 && seen[1] > 100 && seen[2] > 100);
}

/* The default bundle keeps its promises. */
HF_TEST(default_bundle)
{
    struct hf_policy *policy = policy_default();
    struct hf_err err = {0};
    HF_CHECK_OK(hf_policy_selftest(policy, &err), err);
    HF_CHECK(hf_policy_vector_count(policy) >= 40);
    hf_policy_free(policy);
}

HF_TEST_MAIN(HF_TEST_CASE(meanings), HF_TEST_CASE(levels), HF_TEST_CASE(any_order),
             HF_TEST_CASE(index_against_all), HF_TEST_CASE(default_bundle))
