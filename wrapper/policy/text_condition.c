/* wrapper/policy/text_condition.c: a condition of a rule in a policy's text. */
#include "base/assert.h"
#include "wrapper/policy/compiling.h"
#include "wrapper/policy/text_names.h"

static struct hf_str fact_name(unsigned i)
{
    return hf_policy_rule_conditions_fact_name((enum hf_policy_rule_conditions_fact)i);
}

static struct hf_str access_name(unsigned i)
{
    return hf_policy_rule_conditions_access_name((enum hf_policy_rule_conditions_access)i);
}

static struct hf_str quant_name(unsigned i)
{
    return hf_policy_rule_conditions_quant_name((enum hf_policy_rule_conditions_quant)i);
}

static struct hf_str window_name(unsigned i)
{
    return hf_policy_rule_conditions_window_name((enum hf_policy_rule_conditions_window)i);
}

static struct hf_str opaque_name(unsigned i)
{
    return hf_policy_facts_opaque_name((enum hf_policy_facts_opaque)i);
}

/* Index of a word among names, without a mistake; -1. */
static int known(const struct hf_compiling *c, size_t i, struct hf_str (*name)(unsigned),
                 unsigned count)
{
    for (unsigned k = 0; k < count; k++) {
        if (i < c->token_count && !c->tokens[i].quoted && hf_str_eq(c->tokens[i].text, name(k))) {
            return (int)k;
        }
    }
    return -1;
}

static bool word_missing(struct hf_compiling *c, size_t i, const char *word)
{
    if (hf_text_is(c, i, word)) {
        return false;
    }
    hf_text_fault(c, i < c->token_count ? c->tokens[i].column : hf_text_end(c),
                  "the word \"%s\" is expected", word);
    return true;
}

/* A mention of a list; false when it is none, or a mistake, which is noted. */
static bool use_list(struct hf_compiling *c, const struct hf_token *token,
                     enum hf_policy_rule_conditions_fact fact)
{
    if (token->text.len < 2) {
        hf_text_fault(c, token->column, "the name of a list is expected behind the @");
        return false;
    }
    if (!hf_text_grow(c, (void **)&c->uses, c->use_count, &c->use_cap, sizeof *c->uses)) {
        return false;
    }
    c->uses[c->use_count++] = (struct hf_list_use){
        {token->text.ptr + 1, token->text.len - 1}, c->line, token->column, fact};
    return true;
}

/* Values from token `from` to before `to`; names: what each has to be one of, or NULL. */
static void take_values(struct hf_compiling *c, struct hf_policy_rule_conditions *to, size_t from,
                        size_t until, struct hf_str (*name)(unsigned), unsigned count)
{
    for (size_t i = from; i < until; i++) {
        const struct hf_token *token = &c->tokens[i];
        if (name != NULL && hf_text_choice(c, i, name, count, "value") < 0) {
            return;
        }
        if (token->text.len == 0 || token->text.len > 256) {
            hf_text_fault(c, token->column, "a value has 1 to 256 bytes");
            return;
        }
        if (to->values_count == HF_LEN(to->values)) {
            hf_text_fault(c, token->column, "more than %zu values; make a list of them",
                          HF_LEN(to->values));
            return;
        }
        bool built_in = to->fact == HF_POLICY_RULE_CONDITIONS_FACT_HOST &&
                        hf_str_eq(token->text, HF_STR("@private"));
        if (!built_in &&
            (token->text.ptr[0] == '@' ? !use_list(c, token, to->fact)
                                       : hf_text_value_fault(c, to->fact, token, c->line))) {
            return;
        }
        to->values[to->values_count++] = token->text;
    }
}

bool hf_text_needs_value(struct hf_compiling *c, size_t i)
{
    if (i >= c->token_count) {
        hf_text_fault(c, hf_text_end(c), "at least one value is expected");
        return true;
    }
    return false;
}

/* path, host and command: [QUANT] [ACCESS] WORD in VALUE... */
static void take_things(struct hf_compiling *c, struct hf_policy_rule_conditions *to, size_t at)
{
    int quant = known(c, at, quant_name, HF_POLICY_RULE_CONDITIONS_QUANT_COUNT);
    if (quant >= 0) {
        to->has_quant = true;
        to->quant = (enum hf_policy_rule_conditions_quant)quant;
        at++;
    }
    int access = known(c, at, access_name, HF_POLICY_RULE_CONDITIONS_ACCESS_COUNT);
    if (access >= 0) {
        to->has_access = true;
        to->access = (enum hf_policy_rule_conditions_access)access;
        at++;
    }
    if (hf_text_is(c, at, "path")) {
        to->fact = HF_POLICY_RULE_CONDITIONS_FACT_PATH;
    } else if (hf_text_is(c, at, "host") && access < 0) {
        to->fact = HF_POLICY_RULE_CONDITIONS_FACT_HOST;
    } else if (hf_text_is(c, at, "command") && access < 0) {
        to->fact = HF_POLICY_RULE_CONDITIONS_FACT_COMMAND;
    } else {
        hf_text_fault(c, at < c->token_count ? c->tokens[at].column : hf_text_end(c),
                      access < 0 ? "path, host or command is expected" : "path is expected");
        return;
    }
    if (!word_missing(c, at + 1, "in") && !hf_text_needs_value(c, at + 2)) {
        take_values(c, to, at + 2, c->token_count, NULL, 0);
    }
}

/* "12.50" as millionths. */
static bool micros(struct hf_compiling *c, size_t i, uint64_t *ret)
{
    struct hf_str text = i < c->token_count ? c->tokens[i].text : (struct hf_str){"", 0};
    uint64_t value = 0;
    unsigned places = 0;
    bool point = false;
    bool good = text.len > 0 && text.len < 18 && text.ptr[text.len - 1] != '.';
    for (size_t k = 0; k < text.len && good; k++) {
        if (text.ptr[k] == '.' && !point && k > 0) {
            point = true;
        } else {
            good = text.ptr[k] >= '0' && text.ptr[k] <= '9' && places < 6 &&
                   (point || value < UINT64_C(1000000000000));
            value = value * 10 + (uint64_t)(text.ptr[k] - '0');
            places += point ? 1 : 0;
        }
    }
    for (; places < 6; places++) {
        value *= 10;
    }
    if (!good || value > 9 * UINT64_C(1000000000000000)) {
        hf_text_fault(c, i < c->token_count ? c->tokens[i].column : hf_text_end(c),
                      "an amount is expected, such as 12.50");
        return false;
    }
    *ret = value;
    return true;
}

/* amount over N CUR, amount at most N CUR */
static void take_amount(struct hf_compiling *c, struct hf_policy_rule_conditions *to, size_t at)
{
    bool over = hf_text_is(c, at, "over");
    uint64_t value;
    if (!over && (word_missing(c, at, "at") || word_missing(c, at + 1, "most"))) {
        return;
    }
    at += over ? 1 : 2;
    if (!micros(c, at, &value)) {
        return;
    }
    struct hf_str currency =
        at + 1 < c->token_count ? c->tokens[at + 1].text : (struct hf_str){"", 0};
    bool good = currency.len == 3;
    for (size_t i = 0; i < 3 && good; i++) {
        good = currency.ptr[i] >= 'A' && currency.ptr[i] <= 'Z';
    }
    if (!good) {
        hf_text_fault(c, at + 1 < c->token_count ? c->tokens[at + 1].column : hf_text_end(c),
                      "a currency is expected, such as EUR");
        return;
    }
    to->has_low = over;
    to->low = over ? value : 0;
    to->has_high = !over;
    to->high = over ? 0 : value;
    to->has_name = true;
    to->name = currency;
    (void)hf_text_nothing_after(c, at + 2);
}

/* time HH:MM to HH:MM */
static void take_time(struct hf_compiling *c, struct hf_policy_rule_conditions *to, size_t at)
{
    to->has_low = true;
    to->has_high = true;
    if (!hf_text_minute(c, at, &to->low) || word_missing(c, at + 1, "to") ||
        !hf_text_minute(c, at + 2, &to->high)) {
        return;
    }
    if (to->low == to->high) {
        hf_text_fault(c, c->tokens[at + 2].column,
                      "from a time to the same time is no time at all");
    }
    (void)hf_text_nothing_after(c, at + 3);
}

/* rate WHAT WINDOW over N */
static void take_rate(struct hf_compiling *c, struct hf_policy_rule_conditions *to, size_t at)
{
    int of = hf_text_choice(c, at, hf_text_rate_name, HF_POLICY_FACTS_RATES_OF_COUNT, "rate");
    if (of < 0) {
        return;
    }
    int window =
        hf_text_choice(c, at + 1, window_name, HF_POLICY_RULE_CONDITIONS_WINDOW_COUNT, "rate");
    if (window < 0 || word_missing(c, at + 2, "over") ||
        !hf_text_number(c, at + 3, 0, UINT32_MAX, &to->low)) {
        return;
    }
    to->has_name = true;
    to->name = hf_text_rate_name((unsigned)of);
    to->has_window = true;
    to->window = (enum hf_policy_rule_conditions_window)window;
    to->has_low = true;
    (void)hf_text_nothing_after(c, at + 4);
}

/* after [untrusted] [class CLASS... | tool TOOL...] within N */
static void take_after(struct hf_compiling *c, struct hf_policy_rule_conditions *to, size_t at)
{
    size_t until = c->token_count;
    while (until > at && !hf_text_is(c, until - 1, "within")) {
        until--;
    }
    if (until == at) {
        hf_text_fault(c, hf_text_end(c), "how far back is expected: within N, up to 16 calls");
        return;
    }
    until--;
    to->has_low = true;
    to->has_high = true;
    to->has_name = true;
    to->name = HF_STR("any");
    if (!hf_text_number(c, until + 1, 1, 16, &to->high) || !hf_text_nothing_after(c, until + 2)) {
        return;
    }
    if (hf_text_is(c, at, "untrusted") && at < until) {
        to->low = 1;
        at++;
    }
    bool classes = hf_text_is(c, at, "class") && at < until;
    if (!classes && !(hf_text_is(c, at, "tool") && at < until)) {
        if (at < until || to->low == 0) {
            hf_text_fault(c, c->tokens[at].column, "untrusted, class or tool is expected");
        }
        return;
    }
    to->name = classes ? HF_STR("class") : HF_STR("tool");
    if (at + 1 == until) {
        hf_text_fault(c, c->tokens[until].column, "at least one value is expected");
        return;
    }
    take_values(c, to, at + 1, until, classes ? hf_text_class_name : NULL,
                HF_POLICY_FACTS_CLASSES_COUNT);
}

/* param NAME [in VALUE...] */
static void take_param(struct hf_compiling *c, struct hf_policy_rule_conditions *to, size_t at)
{
    if (!hf_text_name(c, at, 64, NULL, "the name of a parameter")) {
        return;
    }
    to->has_name = true;
    to->name = c->tokens[at].text;
    if (at + 1 < c->token_count && !word_missing(c, at + 1, "in") &&
        !hf_text_needs_value(c, at + 2)) {
        take_values(c, to, at + 2, c->token_count, NULL, 0);
    }
}

struct words {
    enum hf_policy_rule_conditions_fact fact;
    struct hf_str (*name)(unsigned);
    unsigned count;
    bool needs; /* at least one value */
};

/* Conditions that are a word and values. */
static const struct words simple[] = {
    {HF_POLICY_RULE_CONDITIONS_FACT_OPAQUE, opaque_name, HF_POLICY_FACTS_OPAQUE_COUNT, false},
    {HF_POLICY_RULE_CONDITIONS_FACT_STRANGE, NULL, 0, false},
    {HF_POLICY_RULE_CONDITIONS_FACT_DAY, hf_text_day_name, HF_POLICY_FACTS_WEEKDAY_COUNT, true},
    {HF_POLICY_RULE_CONDITIONS_FACT_REQUESTER, hf_text_requester_name,
     HF_POLICY_FACTS_REQUESTER_COUNT, true},
    {HF_POLICY_RULE_CONDITIONS_FACT_ROLE, NULL, 0, true},
    {HF_POLICY_RULE_CONDITIONS_FACT_CHANNEL, NULL, 0, true},
    {HF_POLICY_RULE_CONDITIONS_FACT_TENANT, NULL, 0, true},
    {HF_POLICY_RULE_CONDITIONS_FACT_TAINT, hf_text_taint_name, HF_POLICY_FACTS_TAINT_COUNT, false},
    {HF_POLICY_RULE_CONDITIONS_FACT_BUDGET, hf_text_budget_name, HF_POLICY_FACTS_BUDGET_COUNT,
     true},
    {HF_POLICY_RULE_CONDITIONS_FACT_SECRET, NULL, 0, false},
    {HF_POLICY_RULE_CONDITIONS_FACT_CLASS, hf_text_class_name, HF_POLICY_FACTS_CLASSES_COUNT, true},
};

static void take_simple(struct hf_compiling *c, struct hf_policy_rule_conditions *to)
{
    for (size_t i = 0; i < HF_LEN(simple); i++) {
        if (simple[i].fact == to->fact) {
            if (!simple[i].needs || !hf_text_needs_value(c, 2)) {
                take_values(c, to, 2, c->token_count, simple[i].name, simple[i].count);
            }
            return;
        }
    }
    (void)hf_text_nothing_after(c, 2); /* unlisted */
}

/* when CONDITION, unless CONDITION */
void hf_text_condition(struct hf_compiling *c, bool negate)
{
    struct hf_policy_rule *rule = &c->record.rule;
    if (rule->conditions_count == HF_LEN(rule->conditions)) {
        hf_text_fault(c, c->tokens[0].column, "a rule has at most %zu conditions",
                      HF_LEN(rule->conditions));
        return;
    }
    struct hf_policy_rule_conditions *to = &rule->conditions[rule->conditions_count++];
    to->negate = negate;
    if (hf_text_is(c, 1, "rule-of-two")) {
        to->fact = HF_POLICY_RULE_CONDITIONS_FACT_TWO;
        (void)hf_text_nothing_after(c, 2);
        return;
    }
    int fact = known(c, 1, fact_name, HF_POLICY_RULE_CONDITIONS_FACT_COUNT);
    bool things = fact <= (int)HF_POLICY_RULE_CONDITIONS_FACT_COMMAND;
    if (things &&
        (fact >= 0 || known(c, 1, quant_name, HF_POLICY_RULE_CONDITIONS_QUANT_COUNT) >= 0 ||
         known(c, 1, access_name, HF_POLICY_RULE_CONDITIONS_ACCESS_COUNT) >= 0)) {
        take_things(c, to, 1);
        return;
    }
    if (fact < 0 || fact == (int)HF_POLICY_RULE_CONDITIONS_FACT_TWO) {
        hf_text_fault(c, c->token_count > 1 ? c->tokens[1].column : hf_text_end(c),
                      "a condition is expected: path, host, command, opaque, param, strange, "
                      "unlisted, amount, time, day, rate, requester, role, channel, tenant, "
                      "taint, budget, secret, class, after, rule-of-two");
        return;
    }
    to->fact = (enum hf_policy_rule_conditions_fact)fact;
    switch (fact) {
    case HF_POLICY_RULE_CONDITIONS_FACT_AMOUNT: take_amount(c, to, 2); break;
    case HF_POLICY_RULE_CONDITIONS_FACT_TIME: take_time(c, to, 2); break;
    case HF_POLICY_RULE_CONDITIONS_FACT_RATE: take_rate(c, to, 2); break;
    case HF_POLICY_RULE_CONDITIONS_FACT_AFTER: take_after(c, to, 2); break;
    case HF_POLICY_RULE_CONDITIONS_FACT_PARAM: take_param(c, to, 2); break;
    default: take_simple(c, to); break;
    }
}
