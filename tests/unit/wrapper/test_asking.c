/* tests/unit/wrapper/test_asking.c: who asks, under which names, and what budgets come to. */
#include <stdio.h>

#include "tests/harness/test.h"
#include "wrapper/asker.h"
#include "wrapper/budget.h"
#include "wrapper/requester.h"

#define KIND(name) HF_POLICY_FACTS_REQUESTER_##name

/* What deserves less trust wins, whatever else is said. */
HF_TEST(requesters)
{
    const struct {
        struct hf_plugin_call call;
        enum hf_policy_facts_requester kind;
    } rows[] = {
        {{.owner = true}, KIND(OWNER)},
        {{.owner = false}, KIND(UNPROVEN)},
        {{.owner = true, .origin = HF_STR("schedule")}, KIND(SCHEDULE)},
        {{.owner = true, .origin = HF_STR("agent")}, KIND(AGENT)},
        {{.owner = true, .origin = HF_STR("something-new")}, KIND(AGENT)},
        {{.owner = true, .session = HF_STR("agent:main:cron:7:run:8")}, KIND(SCHEDULE)},
        {{.owner = true, .session = HF_STR("agent:main:main:heartbeat")}, KIND(SCHEDULE)},
        {{.owner = true, .session = HF_STR("agent:main:subagent:1")}, KIND(AGENT)},
        {{.owner = true, .session = HF_STR("agent:main:acp:1")}, KIND(AGENT)},
        {{.owner = true, .session = HF_STR("agent:cron:main")}, KIND(OWNER)},
        {{.owner = true, .session = HF_STR("cron")}, KIND(OWNER)},
        {{.requester = HF_STR("7"), .channel = HF_STR("a")}, KIND(MEMBER)},
        {{.requester = HF_STR("8"), .channel = HF_STR("a")}, KIND(STRANGER)},
        {{.requester = HF_STR("8"), .channel = HF_STR("b")}, KIND(MEMBER)},
        {{.requester = HF_STR("7"), .channel = HF_STR("c")}, KIND(STRANGER)},
        {{.requester = HF_STR("*"), .channel = HF_STR("a")}, KIND(STRANGER)},
        {{.requester = HF_STR("7")}, KIND(STRANGER)},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        HF_CHECK_U64(hf_requester_of(&rows[i].call, HF_STR("a:7,b:*,a:x:y")), rows[i].kind);
        HF_CHECK(hf_requester_of(&rows[i].call, HF_STR("")) != KIND(MEMBER));
    }
    HF_CHECK_RC(hf_members_check(HF_STR("a:7,b:*,a:x:y"), NULL), HF_OK);
    HF_CHECK_RC(hf_members_check(HF_STR(""), NULL), HF_OK);
    HF_CHECK_RC(hf_members_check(HF_STR("a"), NULL), HF_EINVAL);
    HF_CHECK_RC(hf_members_check(HF_STR("a:,b:1"), NULL), HF_EINVAL);
    HF_CHECK_RC(hf_members_check(HF_STR(":1"), NULL), HF_EINVAL);
}

/* Long names are cut between characters and stay different. */
HF_TEST(names)
{
    char long_name[400];
    char out[2][HF_ASKER_NAME_MAX + 1];
    for (size_t i = 0; i + 1 < sizeof long_name; i += 2) {
        long_name[i] = '\xc3';
        long_name[i + 1] = '\xa9';
    }
    hf_asker_fit((struct hf_str){long_name, 300}, out[0], sizeof out[0]);
    hf_asker_fit((struct hf_str){long_name, 302}, out[1], sizeof out[1]);
    HF_CHECK(strlen(out[0]) <= HF_ASKER_NAME_MAX && strcmp(out[0], out[1]) != 0);
    HF_CHECK(hf_utf8_valid(hf_str_bytes(hf_str_c(out[0])), NULL));
    struct hf_asker asker;
    hf_asker_take(&asker, HF_STR(""), HF_STR("telegram"), HF_STR(""), true);
    HF_CHECK_STR(hf_str_c(asker.session), HF_STR("none"));
    HF_CHECK_STR(hf_str_c(asker.requester), HF_STR("owner"));
}

/* The worst state and the strictest action, each of its own budget. */
HF_TEST(budgets)
{
    const struct {
        const char *answer;
        enum hf_policy_facts_budget state;
        enum hf_wrapper_budget_action strictest;
    } rows[] = {
        {"{\"budgets\":[]}", HF_POLICY_FACTS_BUDGET_NONE, HF_WRAPPER_BUDGET_NONE},
        {"{\"budgets\":[{\"state\":\"open\",\"action\":\"deny\"}]}", HF_POLICY_FACTS_BUDGET_OK,
         HF_WRAPPER_BUDGET_DENY},
        {"{\"budgets\":[{\"state\":\"spent\",\"action\":\"warn\"}]}", HF_POLICY_FACTS_BUDGET_WARN,
         HF_WRAPPER_BUDGET_WARN},
        {"{\"budgets\":[{\"state\":\"spent\",\"action\":\"ask\"},"
         "{\"state\":\"warned\",\"action\":\"deny\"}]}",
         HF_POLICY_FACTS_BUDGET_ASK, HF_WRAPPER_BUDGET_DENY},
        {"{\"budgets\":[{\"state\":\"spent\",\"action\":\"what\"}]}",
         HF_POLICY_FACTS_BUDGET_EXHAUSTED, HF_WRAPPER_BUDGET_DENY},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_wrapper_budget_stand stand;
        struct hf_bytes answer = hf_str_bytes(hf_str_c(rows[i].answer));
        HF_CHECK_RC(hf_wrapper_budget_read(answer, &stand, NULL), HF_OK);
        HF_CHECK_U64(stand.state, rows[i].state);
        HF_CHECK_U64(stand.strictest, rows[i].strictest);
    }
    struct hf_wrapper_budget_stand stand;
    HF_CHECK_RC(hf_wrapper_budget_read(HF_BYTES("[]"), &stand, NULL), HF_EINVAL);
    HF_CHECK_RC(hf_wrapper_budget_read(HF_BYTES("{"), &stand, NULL), HF_EINVAL);
}

HF_TEST_MAIN(HF_TEST_CASE(requesters), HF_TEST_CASE(names), HF_TEST_CASE(budgets))
