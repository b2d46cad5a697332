/* wrapper/policy/condition.c: does a rule fit a vector? Each kind of condition on the facts. */
#include "base/assert.h"
#include "wrapper/policy/host.h"
#include "wrapper/policy/table.h"

static bool has(const struct hf_condition *c, enum hf_match_kind kind, struct hf_str text)
{
    if (hf_match_set_has(&c->set, kind, text) || (c->is_private && hf_host_private(text))) {
        return true;
    }
    for (size_t i = 0; i < c->list_count; i++) {
        if (hf_match_set_has(c->lists[i], kind, text)) {
            return true;
        }
    }
    return false;
}

bool hf_condition_path(const struct hf_condition *condition, struct hf_str path)
{
    return condition->fact == HF_POLICY_RULE_CONDITIONS_FACT_PATH &&
           has(condition, HF_MATCH_PATH, path);
}

static bool has_command(const struct hf_condition *c, const struct hf_policy_facts_commands *run)
{
    if (hf_match_set_has_command(&c->set, run->program, run->args, run->args_count)) {
        return true;
    }
    for (size_t i = 0; i < c->list_count; i++) {
        if (hf_match_set_has_command(c->lists[i], run->program, run->args, run->args_count)) {
            return true;
        }
    }
    return false;
}

/* What a quantifier says about things of which `fit` of `count` fit. */
static enum hf_fit quantified(const struct hf_condition *c, size_t count, size_t fit)
{
    bool yes = false;
    switch (c->quant) {
    case HF_POLICY_RULE_CONDITIONS_QUANT_ANY: yes = fit > 0; break;
    case HF_POLICY_RULE_CONDITIONS_QUANT_ALL: yes = count > 0 && fit == count; break;
    case HF_POLICY_RULE_CONDITIONS_QUANT_ONLY: yes = fit == count; break;
    case HF_POLICY_RULE_CONDITIONS_QUANT_NO: yes = fit == 0; break;
    case HF_POLICY_RULE_CONDITIONS_QUANT_COUNT: break;
    }
    return yes ? HF_FIT_YES : HF_FIT_NO;
}

_Static_assert((int)HF_POLICY_RULE_CONDITIONS_ACCESS_READ ==
                       (int)HF_POLICY_FACTS_PATHS_ACCESS_READ &&
                   (int)HF_POLICY_RULE_CONDITIONS_ACCESS_DESTROY ==
                       (int)HF_POLICY_FACTS_PATHS_ACCESS_DESTROY,
               "an access has one number in all schemas");

/* A path that is used in an unknown way counts as used in any. */
static enum hf_fit fit_path(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    size_t count = 0;
    size_t fit = 0;
    for (size_t i = 0; i < facts->paths_count; i++) {
        const struct hf_policy_facts_paths *path = &facts->paths[i];
        if (c->access < 0 || (int)path->access == c->access ||
            path->access == HF_POLICY_FACTS_PATHS_ACCESS_UNKNOWN) {
            count++;
            fit += has(c, HF_MATCH_PATH, path->path) ? 1 : 0;
        }
    }
    return quantified(c, count, fit);
}

static enum hf_fit fit_host(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    size_t fit = 0;
    for (size_t i = 0; i < facts->hosts_count; i++) {
        fit += has(c, HF_MATCH_HOST, facts->hosts[i]) ? 1 : 0;
    }
    return quantified(c, facts->hosts_count, fit);
}

static enum hf_fit fit_command(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    size_t fit = 0;
    for (size_t i = 0; i < facts->commands_count; i++) {
        fit += has_command(c, &facts->commands[i]) ? 1 : 0;
    }
    return quantified(c, facts->commands_count, fit);
}

static enum hf_fit fit_word(const struct hf_condition *c, struct hf_str word)
{
    return has(c, HF_MATCH_WORD, word) ? HF_FIT_YES : HF_FIT_NO;
}

/* One of several words; without values in the policy, there is a word at all. */
#define ANY_WORD(c, count, word)                                                                   \
    do {                                                                                           \
        for (size_t i = 0; i < (count); i++) {                                                     \
            if ((c)->value_count == 0 || has((c), HF_MATCH_WORD, (word))) {                        \
                return HF_FIT_YES;                                                                 \
            }                                                                                      \
        }                                                                                          \
        return HF_FIT_NO;                                                                          \
    } while (0)

static enum hf_fit fit_opaque(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    ANY_WORD(c, facts->opaque_count, hf_policy_facts_opaque_name(facts->opaque[i]));
}

static enum hf_fit fit_strange(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    ANY_WORD(c, facts->strange_count, facts->strange[i]);
}

static enum hf_fit fit_role(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    ANY_WORD(c, facts->roles_count, facts->roles[i]);
}

static enum hf_fit fit_taint(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    ANY_WORD(c, facts->taint_count, hf_policy_facts_taint_name(facts->taint[i]));
}

static enum hf_fit fit_secret(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    ANY_WORD(c, facts->secrets_count, facts->secrets[i]);
}

static enum hf_fit fit_class(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    ANY_WORD(c, facts->classes_count, hf_policy_facts_classes_name(facts->classes[i]));
}

static enum hf_fit fit_param(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    for (size_t i = 0; i < facts->params_count; i++) {
        if (hf_str_eq(facts->params[i].name, c->name) &&
            (c->value_count == 0 || has(c, HF_MATCH_WORD, facts->params[i].value))) {
            return HF_FIT_YES;
        }
    }
    return HF_FIT_NO;
}

static enum hf_fit fit_unlisted(const struct hf_policy_facts *facts)
{
    for (size_t i = 0; i < facts->commands_count; i++) {
        if (!facts->commands[i].listed) {
            return HF_FIT_YES;
        }
    }
    return HF_FIT_NO;
}

/* "over": some amount is, or is in another currency and cannot be compared. "at most": all are in
 * the currency, and none is over. A payment whose amount is not known cannot be judged at all. */
static enum hf_fit fit_amount(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    bool over = false;
    bool within = facts->amounts_count > 0;
    if (facts->amounts_count == 0 && (hf_facts_classes(facts) & HF_CLASS_BIT(PAY)) != 0) {
        return HF_FIT_ERROR;
    }
    for (size_t i = 0; i < facts->amounts_count; i++) {
        bool same = hf_str_eq(facts->amounts[i].currency, c->name);
        over = over || !same || facts->amounts[i].micros > c->low;
        within = within && same && facts->amounts[i].micros <= c->high;
    }
    return (c->has_low ? over : within) ? HF_FIT_YES : HF_FIT_NO;
}

/* From low to before high; past midnight when low is the later one. */
static enum hf_fit fit_time(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    bool after = facts->minute >= c->low;
    bool before = facts->minute < c->high;
    bool inside = c->low <= c->high ? after && before : after || before;
    return inside ? HF_FIT_YES : HF_FIT_NO;
}

_Static_assert((int)HF_POLICY_RULE_CONDITIONS_WINDOW_DAY == (int)HF_POLICY_FACTS_RATES_WINDOW_DAY,
               "a window has one number in all schemas");

static enum hf_fit fit_rate(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    for (size_t i = 0; i < facts->rates_count; i++) {
        const struct hf_policy_facts_rates *rate = &facts->rates[i];
        if ((int)rate->window == (int)c->window &&
            hf_str_eq(hf_policy_facts_rates_of_name(rate->of), c->name)) {
            return rate->count > c->low ? HF_FIT_YES : HF_FIT_NO;
        }
    }
    return HF_FIT_ERROR;
}

static enum hf_fit fit_budget(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    return facts->has_budget ? fit_word(c, hf_policy_facts_budget_name(facts->budget))
                             : HF_FIT_ERROR;
}

/* One of the last `high` calls of the session was of a class or tool that is named, and its result
 * was not trusted where low says so. Calls that were forbidden brought nothing in. */
static enum hf_fit fit_after(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    bool by_tool = hf_str_eq(c->name, HF_STR("tool"));
    for (size_t i = 0; i < facts->recent_count && i < c->high; i++) {
        const struct hf_policy_facts_recent *call = &facts->recent[i];
        bool named = c->value_count == 0 || (by_tool && has(c, HF_MATCH_WORD, call->tool));
        for (size_t k = 0; k < call->classes_count && !by_tool && !named; k++) {
            named = has(c, HF_MATCH_WORD, hf_policy_facts_recent_classes_name(call->classes[k]));
        }
        if (named && (c->low == 0 || call->untrusted) &&
            call->verdict != HF_POLICY_FACTS_RECENT_VERDICT_FORBID) {
            return HF_FIT_YES;
        }
    }
    return HF_FIT_NO;
}

/* The Rule of Two: untrusted content seen, private data or credentials within reach, and a call
 * that changes something or sends something out. All three want a person. */
static enum hf_fit fit_two(const struct hf_policy_facts *facts)
{
    hf_class_set classes = hf_facts_classes(facts);
    bool untrusted = hf_facts_tainted(facts, HF_POLICY_FACTS_TAINT_UNTRUSTED);
    bool reach = hf_facts_tainted(facts, HF_POLICY_FACTS_TAINT_PRIVATE) ||
                 hf_facts_tainted(facts, HF_POLICY_FACTS_TAINT_CREDENTIAL) ||
                 (classes & HF_CLASS_BIT(CREDENTIAL)) != 0 || facts->secrets_count > 0;
    bool acts = (classes & (HF_CLASS_BIT(COMMUNICATE) | HF_CLASS_BIT(PAY) | HF_CLASS_BIT(DESTROY) |
                            HF_CLASS_BIT(CONFIGURE))) != 0 ||
                facts->opaque_count > 0 || fit_unlisted(facts) == HF_FIT_YES;
    return untrusted && reach && acts ? HF_FIT_YES : HF_FIT_NO;
}

static enum hf_fit fit(const struct hf_condition *c, const struct hf_policy_facts *facts)
{
    switch (c->fact) {
    case HF_POLICY_RULE_CONDITIONS_FACT_PATH: return fit_path(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_HOST: return fit_host(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_COMMAND: return fit_command(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_OPAQUE: return fit_opaque(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_PARAM: return fit_param(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_STRANGE: return fit_strange(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_UNLISTED: return fit_unlisted(facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_AMOUNT: return fit_amount(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_TIME: return fit_time(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_DAY:
        return fit_word(c, hf_policy_facts_weekday_name(facts->weekday));
    case HF_POLICY_RULE_CONDITIONS_FACT_RATE: return fit_rate(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_REQUESTER:
        return fit_word(c, hf_policy_facts_requester_name(facts->requester));
    case HF_POLICY_RULE_CONDITIONS_FACT_ROLE: return fit_role(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_CHANNEL: return fit_word(c, facts->channel);
    case HF_POLICY_RULE_CONDITIONS_FACT_TENANT: return fit_word(c, facts->tenant);
    case HF_POLICY_RULE_CONDITIONS_FACT_TAINT: return fit_taint(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_BUDGET: return fit_budget(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_SECRET: return fit_secret(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_AFTER: return fit_after(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_CLASS: return fit_class(c, facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_TWO: return fit_two(facts);
    case HF_POLICY_RULE_CONDITIONS_FACT_COUNT: break;
    }
    return HF_FIT_ERROR;
}

/* No is stronger than an error, so the order of the conditions does not matter. */
enum hf_fit hf_rule_fits(const struct hf_rule *rule, const struct hf_policy_facts *facts,
                         hf_class_set classes, unsigned level)
{
    enum hf_fit all = HF_FIT_YES;
    if ((rule->classes != 0 && (rule->classes & classes) == 0) ||
        (rule->levels != 0 && (rule->levels >> level & 1) == 0)) {
        return HF_FIT_NO;
    }
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct hf_condition *c = &rule->conditions[i];
        enum hf_fit one = fit(c, facts);
        if (one == HF_FIT_ERROR) {
            all = HF_FIT_ERROR;
        } else if ((one == HF_FIT_YES) == c->negate) {
            return HF_FIT_NO;
        }
    }
    return all;
}
