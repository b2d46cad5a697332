/* wrapper/policy/table.h: a loaded policy in memory: rules, conditions, and the index of rules.
 *
 * Made by load.c, read by the files of this folder; nobody else includes it. All of it lives in
 * the arena of the policy and borrows from its copy of the bundle; nothing changes after loading.
 */
#ifndef HF_WRAPPER_POLICY_TABLE_H
#define HF_WRAPPER_POLICY_TABLE_H

#include "base/arena.h"
#include "wrapper/policy/bundle.h"
#include "wrapper/policy/match.h"
#include "wrapper/policy/policy.h"

#define HF_POLICY_ARENA_MAX (512u << 20) /* 65,535 rules with everything in them fit */

struct hf_condition {
    enum hf_policy_rule_conditions_fact fact;
    enum hf_policy_rule_conditions_quant quant;
    int access; /* enum hf_policy_rule_conditions_access, -1 for any */
    bool negate;
    bool is_private; /* hosts: those that hf_host_private says */
    bool has_low;
    bool has_high;
    uint64_t low;
    uint64_t high;
    enum hf_policy_rule_conditions_window window;
    struct hf_str name;
    size_t value_count; /* as written; 0 for none */
    struct hf_match_set set;
    const struct hf_match_set **lists;
    size_t list_count;
};

struct hf_rule {
    struct hf_str id;
    struct hf_str reason;
    enum hf_verdict effect;
    enum hf_policy_rule_asi asi;
    enum hf_policy_rule_risk risk;
    hf_class_set classes; /* 0 for all */
    uint8_t levels;       /* bit N for level N; 0 for all */
    bool has_tools;
    struct hf_condition *conditions;
    size_t condition_count;
};

/* Rules that name one tool, or a beginning of tools. */
struct hf_rule_key {
    struct hf_str tool; /* without the star */
    uint32_t *rules;    /* ascending */
    size_t count;
};

struct hf_rule_list {
    uint32_t *rules; /* ascending */
    size_t count;
};

struct hf_level {
    struct hf_str name;
    unsigned level;
};

struct hf_program {
    struct hf_str words;
    struct hf_str name; /* its first word */
    hf_class_set classes;
    uint8_t paths; /* bit N for enum hf_policy_program_paths N */
    bool has_options;
    struct hf_str *options; /* those that are known, with has_options */
    size_t option_count;
};

struct hf_tool_param {
    struct hf_str name;
    enum hf_policy_tool_params_kind kind;
    int access; /* enum hf_policy_tool_params_access, -1 for none */
};

struct hf_tool {
    struct hf_str name; /* without the star */
    bool prefix;
    hf_class_set classes;
    uint8_t result; /* bit N for enum hf_policy_facts_taint N */
    struct hf_tool_param *params;
    size_t param_count;
};

struct hf_policy {
    struct hf_arena arena;
    struct hf_bytes bundle;
    struct hf_hash digest;
    struct hf_policy_head head;
    struct hf_rule *rules; /* by id */
    size_t rule_count;
    /* The index: by tool exactly, by what the tool begins with, by class, and the rest. */
    struct hf_rule_key *by_tool;
    size_t by_tool_count;
    struct hf_rule_key *by_prefix;
    size_t by_prefix_count;
    uint64_t prefix_lengths[3]; /* bit N: some beginning has N bytes */
    struct hf_rule_list by_class[HF_POLICY_FACTS_CLASSES_COUNT];
    struct hf_rule_list everywhere;
    struct hf_level *tenant_levels; /* by name */
    size_t tenant_level_count;
    struct hf_level *channel_levels;
    size_t channel_level_count;
    struct hf_program *programs; /* by words */
    size_t program_count;
    struct hf_tool *tools; /* by name */
    size_t tool_count;
    size_t vector_count;
};

/* One rule on a vector, at a level. */
enum hf_fit {
    HF_FIT_NO,
    HF_FIT_YES,
    HF_FIT_ERROR /* a fact is not there that it asks for, and nothing else says no */
};

/* Is it a condition on paths, and this one of its values? */
bool hf_condition_path(const struct hf_condition *condition, struct hf_str path);
enum hf_fit hf_rule_fits(const struct hf_rule *rule, const struct hf_policy_facts *facts,
                         hf_class_set classes, unsigned level);

/* The level of autonomy that the vector is decided at. */
unsigned hf_policy_level(const struct hf_policy *policy, const struct hf_policy_facts *facts);

#endif
