/* tests/unit/policy/test_diff.c: tighter, looser or mixed; and what a candidate's counters say. */
#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/unit/policy/policies.h"
#include "wrapper/policy/diff.h"
#include "wrapper/policy/shadow.h"

#define HEAD   "policy t version 1\nlevel L4\ntool read view\n  classes read\n  param path path\n"
#define READ   "rule reads\n  permit\n  classes read\n  reason \"R.\"\n  asi ASI02\n"
#define NO     "rule no-etc\n  forbid\n  when any path in /etc/**\n  reason \"N.\"\n  asi ASI03\n"
#define T_WS   "test \"a note\"\n  call read {\"path\": \"n\"}\n  expect permit\n"
#define T_ETC  "test \"etc\"\n  call read {\"path\": \"/etc/x\"}\n  expect forbid by no-etc\n"
#define T_FREE "test \"etc\"\n  call read {\"path\": \"/etc/x\"}\n  expect permit\n"

struct row {
    const char *name;
    const char *old_text;
    const char *new_text;
    enum hf_policy_strictness strictness;
    size_t changes;
};

static void count(void *arg, const struct hf_policy_change *change)
{
    size_t *io_count = arg;
    HF_ASSERT(change->name.len > 0);
    (*io_count)++;
}

/* A table of pairs, each with what changed and what that means. */
HF_TEST(strictness)
{
    static const struct row rows[] = {
        {"the same", HEAD READ T_WS, HEAD READ T_WS, HF_POLICY_STRICTNESS_SAME, 0},
        {"another name", HEAD READ T_WS,
         "policy u version 2\nlevel L4\n" READ T_WS
         "tool read view\n  classes read\n  param path path\n",
         HF_POLICY_STRICTNESS_SAME, 0},
        {"a forbid more, tested", HEAD READ T_WS, HEAD READ NO T_WS T_ETC,
         HF_POLICY_STRICTNESS_TIGHTER, 1},
        {"a forbid more, not tested", HEAD READ T_WS, HEAD READ NO T_WS,
         HF_POLICY_STRICTNESS_TIGHTER, 1},
        {"a forbid less", HEAD READ NO T_WS T_ETC, HEAD READ T_WS T_FREE,
         HF_POLICY_STRICTNESS_LOOSER, 1},
        {"a forbid less, not tested", HEAD READ NO T_WS, HEAD READ T_WS,
         HF_POLICY_STRICTNESS_LOOSER, 1},
        {"other words", HEAD READ T_WS,
         HEAD "rule reads\n  permit\n  classes read\n  reason \"Other.\"\n  asi ASI01\n  risk "
              "low\n" T_WS,
         HF_POLICY_STRICTNESS_SAME, 1},
        {"a rule changed, tested by nothing", HEAD READ NO T_WS,
         HEAD READ
         "rule no-etc\n  forbid\n  when any path in /usr/**\n  reason \"N.\"\n  asi ASI03\n" T_WS,
         HF_POLICY_STRICTNESS_MIXED, 1},
        {"a rule changed, seen by a test", HEAD READ NO T_WS T_ETC,
         HEAD READ
         "rule no-etc\n  ask\n  when any path in /etc/**\n  reason \"N.\"\n  asi ASI03\n" T_WS,
         HF_POLICY_STRICTNESS_LOOSER, 1},
        {"another classification", HEAD READ T_WS, HEAD READ T_WS "tool x\n  classes read\n",
         HF_POLICY_STRICTNESS_MIXED, 1},
        {"another level", HEAD READ T_WS, HEAD READ T_WS "level tenant a L1\n",
         HF_POLICY_STRICTNESS_MIXED, 1},
    };
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_policy *a = policy_of(rows[i].old_text);
        struct hf_policy *b = policy_of(rows[i].new_text);
        struct hf_policy_diff *diff = NULL;
        struct hf_err err = {0};
        size_t changes = 0;
        HF_CHECK_OK(hf_policy_diff_open(a, b, &diff, &err), err);
        HF_CHECK_OK(hf_policy_diff_golden(diff, NULL, NULL, &err), err);
        HF_CHECK_OK(hf_policy_diff_changes(diff, count, &changes, &err), err);
        if (hf_policy_diff_strictness(diff) != rows[i].strictness || changes != rows[i].changes) {
            hf_test_fail(__FILE__, __LINE__, "%s: %.*s with %zu changes", rows[i].name,
                         HF_STR_ARG(hf_policy_strictness_name(hf_policy_diff_strictness(diff))),
                         changes);
        }
        hf_policy_diff_close(diff);
        hf_policy_free(a);
        hf_policy_free(b);
    }
}

/* Over random vectors, what a diff says of both directions are opposites. */
HF_TEST(both_ways)
{
    uint64_t seed = hf_test_seed();
    for (unsigned round = 0; round < 20; round++) {
        struct hf_policy *policies[2];
        struct hf_policy_diff *diffs[2] = {NULL, NULL};
        struct hf_err err = {0};
        uint64_t flips[2] = {0, 0};
        for (unsigned i = 0; i < 2; i++) {
            struct hf_buf text = hf_buf_init(1 << 20);
            hf_buf_str(&text, HF_STR("policy t version 1\nlevel L4\n"));
            for (unsigned k = 0; k < 10; k++) {
                draw_rule(&seed, k, &text);
            }
            hf_buf_put(&text, "", 1);
            policies[i] = policy_of((const char *)text.ptr);
            hf_buf_free(&text);
        }
        HF_CHECK_OK(hf_policy_diff_open(policies[0], policies[1], &diffs[0], &err), err);
        HF_CHECK_OK(hf_policy_diff_open(policies[1], policies[0], &diffs[1], &err), err);
        for (unsigned i = 0; i < 100; i++) {
            static uint8_t bytes[HF_FACTS_SIZE_MAX];
            struct hf_policy_facts facts;
            struct hf_policy_flip flip;
            struct hf_bytes vector;
            draw_facts(&seed, &facts);
            HF_CHECK_OK(hf_facts_encode(&facts, bytes, &vector, &err), err);
            for (unsigned k = 0; k < 2; k++) {
                flips[k] += hf_policy_diff_vector(diffs[k], vector, &flip) ? 1 : 0;
            }
        }
        unsigned one = hf_policy_diff_strictness(diffs[0]);
        unsigned other = hf_policy_diff_strictness(diffs[1]);
        HF_CHECK_U64(flips[0], flips[1]);
        HF_CHECK((one & HF_POLICY_STRICTNESS_TIGHTER) ==
                 (other & HF_POLICY_STRICTNESS_LOOSER) >> 1);
        HF_CHECK((one & HF_POLICY_STRICTNESS_LOOSER) >> 1 ==
                 (other & HF_POLICY_STRICTNESS_TIGHTER));
        for (unsigned i = 0; i < 2; i++) {
            hf_policy_diff_close(diffs[i]);
            hf_policy_free(policies[i]);
        }
    }
}

/* Counters of a candidate: each kind of flip has a row, and what finds none is counted all the
 * same. */
HF_TEST(shadow)
{
    static struct hf_shadow counts;
    static char names[HF_SHADOW_ROWS_MAX + 8][8];
    hf_shadow_init(&counts);
    struct hf_policy_verdict permit = {.verdict = HF_VERDICT_PERMIT, .rule = HF_STR("a")};
    struct hf_policy_verdict ask = {.verdict = HF_VERDICT_ASK, .rule = HF_STR("b")};
    HF_CHECK(!hf_shadow_count(&counts, &permit, &permit));
    HF_CHECK(hf_shadow_count(&counts, &permit, &ask));
    HF_CHECK(hf_shadow_count(&counts, &permit, &ask));
    HF_CHECK(hf_shadow_count(&counts, &ask, &permit));
    HF_CHECK(counts.calls == 4 && counts.tighter == 2 && counts.looser == 1);
    HF_CHECK(counts.row_count == 2 && counts.rows[0].count == 2 && counts.rows[1].count == 1);
    for (size_t i = 0; i < HF_LEN(names); i++) {
        (void)snprintf(names[i], sizeof names[i], "r%zu", i);
        permit.rule = hf_str_c(names[i]);
        HF_CHECK(hf_shadow_count(&counts, &permit, &ask));
    }
    HF_CHECK_U64(counts.row_count, HF_SHADOW_ROWS_MAX);
    HF_CHECK_U64(counts.beyond, HF_LEN(names) + 2 - HF_SHADOW_ROWS_MAX);
}

HF_TEST_MAIN(HF_TEST_CASE(strictness), HF_TEST_CASE(both_ways), HF_TEST_CASE(shadow))
