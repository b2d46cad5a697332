/* wrapper/policy/text_names.h: names of facts by number, for hf_text_choice. */
#ifndef HF_WRAPPER_POLICY_TEXT_NAMES_H
#define HF_WRAPPER_POLICY_TEXT_NAMES_H

#include "wrapper/policy/facts.h"

static inline struct hf_str hf_text_class_name(unsigned i)
{
    return hf_policy_facts_classes_name((enum hf_policy_facts_classes)i);
}

static inline struct hf_str hf_text_taint_name(unsigned i)
{
    return hf_policy_facts_taint_name((enum hf_policy_facts_taint)i);
}

static inline struct hf_str hf_text_day_name(unsigned i)
{
    return hf_policy_facts_weekday_name((enum hf_policy_facts_weekday)i);
}

static inline struct hf_str hf_text_requester_name(unsigned i)
{
    return hf_policy_facts_requester_name((enum hf_policy_facts_requester)i);
}

static inline struct hf_str hf_text_budget_name(unsigned i)
{
    return hf_policy_facts_budget_name((enum hf_policy_facts_budget)i);
}

static inline struct hf_str hf_text_rate_name(unsigned i)
{
    return hf_policy_facts_rates_of_name((enum hf_policy_facts_rates_of)i);
}

#endif
