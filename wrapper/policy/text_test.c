/* wrapper/policy/text_test.c: the lines of a test in a policy's text: a call, or the facts that one
 * was reduced to, and what is expected. */
#include "base/assert.h"
#include "wrapper/policy/compiling.h"
#include "wrapper/policy/text_names.h"

/* How lines of a test begin: bits in hf_compiling.set. */
enum says {
    SAYS_CALL,
    SAYS_FACTS,
    SAYS_EXPECT,
    SAYS_TENANT,
    SAYS_CHANNEL,
    SAYS_REQUESTER,
    SAYS_LEVEL,
    SAYS_TIME,
    SAYS_DAY,
    SAYS_BUDGET,
    SAYS_TAINT, /* this one and the ones behind it may be said again */
    SAYS_RATE,
    SAYS_RECENT,
    SAYS_ROLES,
    SAYS_SECRETS,
    SAYS_COUNT
};

static const char *const words[SAYS_COUNT] = {"call",      "facts", "expect", "tenant", "channel",
                                              "requester", "level", "time",   "day",    "budget",
                                              "taint",     "rate",  "recent", "roles",  "secrets"};

static struct hf_str window_name(unsigned i)
{
    return hf_policy_facts_rates_window_name((enum hf_policy_facts_rates_window)i);
}

static struct hf_str verdict_name(unsigned i)
{
    return hf_policy_vector_verdict_name((enum hf_policy_vector_verdict)i);
}

#define TOOL "A-Za-z0-9._:/-"

/* call TOOL [JSON] */
static void take_call(struct hf_compiling *c, struct hf_text_test *test)
{
    if (!hf_text_name(c, 1, 128, TOOL, "the name of a tool")) {
        return;
    }
    test->facts.tool = c->tokens[1].text;
    test->call_line = c->line;
    if (c->token_count > 2) {
        test->call_column = c->tokens[2].column;
        test->params = c->tokens[2].text;
    }
}

/* facts JSON, as holdfast-wrapper explain and holdfast policy print show them */
static void take_facts(struct hf_compiling *c, struct hf_text_test *test)
{
    if (!hf_text_missing(c, 1, "the facts of a call, as JSON,")) {
        test->has_facts = true;
        test->call_line = c->line;
        test->call_column = c->tokens[1].column;
        test->params = c->tokens[1].text;
    }
}

/* expect VERDICT [by RULE] */
static void take_expect(struct hf_compiling *c, struct hf_text_test *test)
{
    int verdict = hf_text_choice(c, 1, verdict_name, HF_POLICY_VECTOR_VERDICT_COUNT, "expect");
    if (verdict < 0) {
        return;
    }
    test->verdict = (enum hf_policy_vector_verdict)verdict;
    if (c->token_count > 2) {
        if (!hf_text_is(c, 2, "by")) {
            hf_text_fault(c, c->tokens[2].column, "by RULE is expected, or nothing more");
        } else if (hf_text_name(c, 3, 64, "a-z0-9._-", "the id of a rule")) {
            test->rule = c->tokens[3].text;
            test->rule_line = c->line;
            test->rule_column = c->tokens[3].column;
            (void)hf_text_nothing_after(c, 4);
        }
    }
}

static void take_taint(struct hf_compiling *c, struct hf_text_test *test)
{
    for (size_t i = 1; i < c->token_count; i++) {
        int label = hf_text_choice(c, i, hf_text_taint_name, HF_POLICY_FACTS_TAINT_COUNT, "taint");
        if (label < 0) {
            return;
        }
        hf_facts_add_taint(&test->facts, (enum hf_policy_facts_taint)label);
    }
    (void)hf_text_missing(c, 1, "what the session has seen");
}

/* rate WHAT WINDOW N; all counters are there, and 0 until something is said */
static void take_rate(struct hf_compiling *c, struct hf_text_test *test)
{
    struct hf_policy_facts *facts = &test->facts;
    uint64_t count;
    int of = hf_text_choice(c, 1, hf_text_rate_name, HF_POLICY_FACTS_RATES_OF_COUNT, "rate");
    int window =
        of < 0 ? -1 : hf_text_choice(c, 2, window_name, HF_POLICY_FACTS_RATES_WINDOW_COUNT, "rate");
    if (window < 0 || !hf_text_number(c, 3, 0, UINT32_MAX, &count)) {
        return;
    }
    for (size_t i = 0; i < facts->rates_count; i++) {
        if ((int)facts->rates[i].of == of && (int)facts->rates[i].window == window) {
            facts->rates[i].count = count;
            return;
        }
    }
    facts->rates[facts->rates_count++] =
        (struct hf_policy_facts_rates){.count = count,
                                       .of = (enum hf_policy_facts_rates_of)of,
                                       .window = (enum hf_policy_facts_rates_window)window};
}

/* recent TOOL [CLASS...] [untrusted], the newest first */
static void take_recent(struct hf_compiling *c, struct hf_text_test *test)
{
    struct hf_policy_facts *facts = &test->facts;
    unsigned set = 0;
    if (!hf_text_name(c, 1, 128, TOOL, "the name of a tool")) {
        return;
    }
    if (facts->recent_count == HF_LEN(facts->recent)) {
        hf_text_fault(c, c->tokens[0].column, "at most %zu recent calls", HF_LEN(facts->recent));
        return;
    }
    struct hf_policy_facts_recent *call = &facts->recent[facts->recent_count++];
    memset(call, 0, sizeof *call);
    call->tool = c->tokens[1].text;
    call->verdict = HF_POLICY_FACTS_RECENT_VERDICT_PERMIT;
    for (size_t i = 2; i < c->token_count; i++) {
        if (hf_text_is(c, i, "untrusted")) {
            call->untrusted = true;
            continue;
        }
        int found =
            hf_text_choice(c, i, hf_text_class_name, HF_POLICY_FACTS_CLASSES_COUNT, "classes");
        if (found < 0) {
            return;
        }
        set |= 1u << found;
    }
    for (unsigned i = 0; i < HF_POLICY_FACTS_CLASSES_COUNT; i++) {
        if ((set >> i & 1) != 0) {
            call->classes[call->classes_count++] = (enum hf_policy_facts_recent_classes)i;
        }
    }
}

static void take_names(struct hf_compiling *c, struct hf_str *list, size_t max, const char *set,
                       size_t *io_count)
{
    for (size_t i = 1; i < c->token_count; i++) {
        if (*io_count == max) {
            hf_text_fault(c, c->tokens[i].column, "at most %zu of them", max);
            return;
        }
        if (!hf_text_name(c, i, 64, set, "each of them")) {
            return;
        }
        list[(*io_count)++] = c->tokens[i].text;
    }
    (void)hf_text_missing(c, 1, "at least one value");
}

/* Members with one value. */
static void take_single(struct hf_compiling *c, struct hf_policy_facts *facts, enum says word)
{
    int found = 0;
    uint64_t minute;
    switch ((int)word) {
    case SAYS_TENANT:
        if (hf_text_name(c, 1, 48, "a-z0-9-", "the tenant")) {
            facts->tenant = c->tokens[1].text;
        }
        break;
    case SAYS_CHANNEL:
        if (hf_text_name(c, 1, 64, TOOL, "the channel")) {
            facts->channel = c->tokens[1].text;
        }
        break;
    case SAYS_REQUESTER:
        found = hf_text_choice(c, 1, hf_text_requester_name, HF_POLICY_FACTS_REQUESTER_COUNT,
                               "requester");
        facts->requester = found < 0 ? facts->requester : (enum hf_policy_facts_requester)found;
        break;
    case SAYS_DAY:
        found = hf_text_choice(c, 1, hf_text_day_name, HF_POLICY_FACTS_WEEKDAY_COUNT, "day");
        facts->weekday = found < 0 ? facts->weekday : (enum hf_policy_facts_weekday)found;
        break;
    case SAYS_BUDGET:
        found = hf_text_choice(c, 1, hf_text_budget_name, HF_POLICY_FACTS_BUDGET_COUNT, "budget");
        facts->has_budget = found >= 0;
        facts->budget = found < 0 ? facts->budget : (enum hf_policy_facts_budget)found;
        break;
    case SAYS_LEVEL: (void)hf_text_level(c, 1, &facts->level); break;
    default: /* time */
        facts->minute = hf_text_minute(c, 1, &minute) ? minute % 1440 : facts->minute;
        break;
    }
    (void)hf_text_nothing_after(c, 2);
}

void hf_text_test_member(struct hf_compiling *c)
{
    struct hf_text_test *test = c->test;
    struct hf_policy_facts *facts = &test->facts;
    int word = 0;
    while (word < SAYS_COUNT && !hf_text_is(c, 0, words[word])) {
        word++;
    }
    if (word < SAYS_TAINT && hf_text_again(c, &c->set, 1u << word)) {
        return;
    }
    c->set |= 1u << word;
    switch (word) {
    case SAYS_CALL: take_call(c, test); break;
    case SAYS_FACTS: take_facts(c, test); break;
    case SAYS_EXPECT: take_expect(c, test); break;
    case SAYS_TAINT: take_taint(c, test); break;
    case SAYS_RATE: take_rate(c, test); break;
    case SAYS_RECENT: take_recent(c, test); break;
    case SAYS_ROLES:
        take_names(c, facts->roles, HF_LEN(facts->roles), NULL, &facts->roles_count);
        break;
    case SAYS_SECRETS:
        take_names(c, facts->secrets, HF_LEN(facts->secrets), "a-z0-9:_-", &facts->secrets_count);
        break;
    case SAYS_COUNT:
        hf_text_fault(c, c->tokens[0].column,
                      "a line of a test begins with call, facts, expect, tenant, channel, "
                      "requester, roles, level, taint, time, day, budget, rate, recent or secrets");
        break;
    default: take_single(c, facts, (enum says)word); break;
    }
}

void hf_text_test_end(struct hf_compiling *c)
{
    unsigned beside = c->set & ~(1u << SAYS_FACTS | 1u << SAYS_EXPECT);
    if ((c->set & (1u << SAYS_FACTS | 1u << SAYS_CALL)) == 0 || (c->set & 1u << SAYS_EXPECT) == 0) {
        hf_text_fault_at(c, c->block_line, 1, "a test needs a call and what to expect");
    } else if ((c->set & 1u << SAYS_FACTS) != 0 && beside != 0) {
        hf_text_fault_at(c, c->block_line, 1,
                         "facts say everything about a call; beside them stands what to expect");
    }
}
