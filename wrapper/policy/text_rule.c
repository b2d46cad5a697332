/* wrapper/policy/text_rule.c: the lines of a rule in a policy's text. */
#include "base/assert.h"
#include "wrapper/policy/compiling.h"

/* What a block of a rule has had, for hf_compiling.set. */
enum {
    HAS_EFFECT = 1u << 0,
    HAS_REASON = 1u << 1,
    HAS_ASI = 1u << 2,
    HAS_RISK = 1u << 3,
    HAS_TOOLS = 1u << 4,
    HAS_CLASSES = 1u << 5,
    HAS_LEVELS = 1u << 6
};

static struct hf_str asi_name(unsigned i)
{
    return hf_policy_rule_asi_name((enum hf_policy_rule_asi)i);
}

static struct hf_str risk_name(unsigned i)
{
    return hf_policy_rule_risk_name((enum hf_policy_rule_risk)i);
}

/* A member that stands in a block once. */
static bool again(struct hf_compiling *c, unsigned bit)
{
    if ((c->set & bit) != 0) {
        hf_text_fault(c, c->tokens[0].column, "this stands in the rule already");
        return true;
    }
    c->set |= bit;
    return false;
}

static void take_reason(struct hf_compiling *c, struct hf_policy_rule *rule)
{
    if (c->token_count < 2 || c->tokens[1].text.len == 0 || c->tokens[1].text.len > 400) {
        hf_text_fault(c, c->token_count < 2 ? hf_text_end(c) : c->tokens[1].column,
                      "a \"text\" of at most 400 bytes is expected");
        return;
    }
    rule->reason = c->tokens[1].text;
    (void)hf_text_nothing_after(c, 2);
}

static void take_tools(struct hf_compiling *c, struct hf_policy_rule *rule)
{
    for (size_t i = 1; i < c->token_count; i++) {
        struct hf_str name = c->tokens[i].text;
        const char *fault = hf_text_tool_fault(name);
        if (!hf_text_name(c, i, 128, "A-Za-z0-9._:/*-", "the name of a tool")) {
            return;
        }
        if (fault != NULL) {
            hf_text_fault(c, c->tokens[i].column, "%s", fault);
            return;
        }
        if (rule->tools_count == HF_LEN(rule->tools)) {
            hf_text_fault(c, c->tokens[i].column, "a rule names at most %zu tools",
                          HF_LEN(rule->tools));
            return;
        }
        rule->tools[rule->tools_count++] = name;
    }
    (void)hf_text_needs_value(c, 1);
}

static void take_classes(struct hf_compiling *c, struct hf_policy_rule *rule)
{
    hf_class_set set = hf_text_classes(c, 1);
    for (unsigned i = 0; i < HF_POLICY_FACTS_CLASSES_COUNT; i++) {
        if ((set >> i & 1) != 0) {
            rule->classes[rule->classes_count++] = (enum hf_policy_rule_classes)i;
        }
    }
}

static void take_levels(struct hf_compiling *c, struct hf_policy_rule *rule)
{
    unsigned set = 0;
    for (size_t i = 1; i < c->token_count; i++) {
        uint64_t level;
        if (!hf_text_level(c, i, &level)) {
            return;
        }
        set |= 1u << level;
    }
    (void)hf_text_needs_value(c, 1);
    for (unsigned i = 1; i <= 5; i++) {
        if ((set >> i & 1) != 0) {
            rule->levels[rule->levels_count++] = i;
        }
    }
}

void hf_text_rule_member(struct hf_compiling *c)
{
    struct hf_policy_rule *rule = &c->record.rule;
    static const char *const effects[] = {"forbid", "ask", "permit"};
    for (size_t i = 0; i < HF_LEN(effects); i++) {
        if (hf_text_is(c, 0, effects[i])) {
            if (!again(c, HAS_EFFECT) && hf_text_nothing_after(c, 1)) {
                rule->effect = (enum hf_policy_rule_effect)i;
            }
            return;
        }
    }
    if (hf_text_is(c, 0, "when") || hf_text_is(c, 0, "unless")) {
        hf_text_condition(c, hf_text_is(c, 0, "unless"));
    } else if (hf_text_is(c, 0, "reason")) {
        if (!again(c, HAS_REASON)) {
            take_reason(c, rule);
        }
    } else if (hf_text_is(c, 0, "asi")) {
        int asi = again(c, HAS_ASI)
                      ? -1
                      : hf_text_choice(c, 1, asi_name, HF_POLICY_RULE_ASI_COUNT, "asi");
        if (asi >= 0 && hf_text_nothing_after(c, 2)) {
            rule->asi = (enum hf_policy_rule_asi)asi;
        }
    } else if (hf_text_is(c, 0, "risk")) {
        int risk = again(c, HAS_RISK)
                       ? -1
                       : hf_text_choice(c, 1, risk_name, HF_POLICY_RULE_RISK_COUNT, "risk");
        if (risk >= 0 && hf_text_nothing_after(c, 2)) {
            rule->risk = (enum hf_policy_rule_risk)risk;
        }
    } else if (hf_text_is(c, 0, "tools")) {
        if (!again(c, HAS_TOOLS)) {
            take_tools(c, rule);
        }
    } else if (hf_text_is(c, 0, "classes")) {
        if (!again(c, HAS_CLASSES)) {
            take_classes(c, rule);
        }
    } else if (hf_text_is(c, 0, "levels")) {
        if (!again(c, HAS_LEVELS)) {
            take_levels(c, rule);
        }
    } else {
        hf_text_fault(c, c->tokens[0].column,
                      "a line of a rule begins with permit, ask, forbid, tools, classes, levels, "
                      "when, unless, risk, asi or reason");
    }
}

void hf_text_rule_end(struct hf_compiling *c)
{
    static const struct {
        unsigned bit;
        const char *text;
    } needed[] = {{HAS_EFFECT, "the rule says neither permit, ask nor forbid"},
                  {HAS_REASON, "the rule has no reason; say why, as a customer would want to know"},
                  {HAS_ASI, "the rule has no asi; say which of ASI01 to ASI10 it is against"}};

    for (size_t i = 0; i < HF_LEN(needed); i++) {
        if ((c->set & needed[i].bit) == 0) {
            hf_text_fault_at(c, c->block_line, 1, "%s", needed[i].text);
            return;
        }
    }
    if (hf_str_starts(c->record.rule.id, HF_STR("holdfast."))) {
        hf_text_fault_at(c, c->block_line, 1, "names that begin with holdfast. are taken");
        return;
    }
    if ((c->set & HAS_RISK) == 0) {
        c->record.rule.risk = HF_POLICY_RULE_RISK_MEDIUM;
    }
    hf_text_emit(c, HF_POLICY_BUNDLE_RULE, &c->record, c->block_line);
}
