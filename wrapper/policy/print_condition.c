/* wrapper/policy/print_condition.c: a condition of a rule as text, as text_condition.c reads it. */
#include "wrapper/policy/facts.h"
#include "wrapper/policy/printing.h"

static void put_values(struct hf_buf *out, const struct hf_policy_rule_conditions *condition)
{
    for (size_t i = 0; i < condition->values_count; i++) {
        hf_print_word(out, condition->values[i]);
    }
}

/* path, host and command: [QUANT] [ACCESS] WORD in VALUE... */
static void put_things(struct hf_buf *out, const struct hf_policy_rule_conditions *condition)
{
    if (condition->has_quant) {
        hf_print_word(out, hf_policy_rule_conditions_quant_name(condition->quant));
    }
    if (condition->has_access) {
        hf_print_word(out, hf_policy_rule_conditions_access_name(condition->access));
    }
    hf_print_word(out, hf_policy_rule_conditions_fact_name(condition->fact));
    hf_buf_str(out, HF_STR(" in"));
    put_values(out, condition);
}

/* Millionths as "12.5". */
static void put_micros(struct hf_buf *out, uint64_t micros)
{
    char places[8];
    struct hf_writer w = hf_writer_init(places, sizeof places);
    hf_buf_printf(out, " %llu", (unsigned long long)(micros / 1000000));
    hf_writer_printf(&w, ".%06llu", (unsigned long long)(micros % 1000000));
    while (w.len > 1 && places[w.len - 1] == '0') {
        w.len--;
    }
    if (w.len > 1) {
        hf_buf_str(out, (struct hf_str){places, w.len});
    }
}

static void put_minute(struct hf_buf *out, uint64_t minute)
{
    hf_buf_printf(out, "%02llu:%02llu", (unsigned long long)(minute / 60),
                  (unsigned long long)(minute % 60));
}

/* after [untrusted] [class CLASS... | tool TOOL...] within N */
static void put_after(struct hf_buf *out, const struct hf_policy_rule_conditions *condition)
{
    if (condition->low == 1) {
        hf_buf_str(out, HF_STR(" untrusted"));
    }
    if (!hf_str_eq(condition->name, HF_STR("any"))) {
        hf_print_word(out, condition->name);
        put_values(out, condition);
    }
    hf_buf_printf(out, " within %llu", (unsigned long long)condition->high);
}

void hf_print_condition(struct hf_buf *out, const struct hf_policy_rule_conditions *condition)
{
    hf_buf_str(out, condition->negate ? HF_STR("  unless") : HF_STR("  when"));
    switch ((int)condition->fact) {
    case HF_POLICY_RULE_CONDITIONS_FACT_PATH:
    case HF_POLICY_RULE_CONDITIONS_FACT_HOST:
    case HF_POLICY_RULE_CONDITIONS_FACT_COMMAND: put_things(out, condition); break;
    case HF_POLICY_RULE_CONDITIONS_FACT_TWO: hf_buf_str(out, HF_STR(" rule-of-two")); break;
    case HF_POLICY_RULE_CONDITIONS_FACT_PARAM:
        hf_buf_str(out, HF_STR(" param"));
        hf_print_word(out, condition->name);
        if (condition->values_count > 0) {
            hf_buf_str(out, HF_STR(" in"));
            put_values(out, condition);
        }
        break;
    case HF_POLICY_RULE_CONDITIONS_FACT_AMOUNT:
        hf_buf_str(out, condition->has_low ? HF_STR(" amount over") : HF_STR(" amount at most"));
        put_micros(out, condition->has_low ? condition->low : condition->high);
        hf_print_word(out, condition->name);
        break;
    case HF_POLICY_RULE_CONDITIONS_FACT_TIME:
        hf_buf_str(out, HF_STR(" time "));
        put_minute(out, condition->low);
        hf_buf_str(out, HF_STR(" to "));
        put_minute(out, condition->high);
        break;
    case HF_POLICY_RULE_CONDITIONS_FACT_RATE:
        hf_buf_str(out, HF_STR(" rate"));
        hf_print_word(out, condition->name);
        hf_print_word(out, hf_policy_rule_conditions_window_name(condition->window));
        hf_buf_printf(out, " over %llu", (unsigned long long)condition->low);
        break;
    case HF_POLICY_RULE_CONDITIONS_FACT_AFTER:
        hf_buf_str(out, HF_STR(" after"));
        put_after(out, condition);
        break;
    default: /* a word and values */
        hf_print_word(out, hf_policy_rule_conditions_fact_name(condition->fact));
        put_values(out, condition);
        break;
    }
    hf_buf_str(out, HF_STR("\n"));
}
