/* wrapper/policy/load.c: makes the table of a policy out of its bundle. */
#include <stdlib.h>

#include "base/assert.h"
#include "base/heap.h"
#include "wrapper/policy/policy.h"
#include "wrapper/policy/rule_index.h"
#include "wrapper/policy/table.h"

/* The sets of one named list, one for each kind of pattern that rules use it for. */
struct list {
    struct hf_str name;
    struct hf_str *values;
    size_t count;
    struct hf_match_set *sets[HF_MATCH_COMMAND + 1];
};

struct loader {
    struct hf_policy *policy;
    struct list *lists;
    size_t list_count;
    union hf_policy_bundle_record record;
    struct hf_rule_index index;
};

#define TAKE(loader, count, type) hf_arena_alloc(&(loader)->policy->arena, (count), sizeof(type))

static enum hf_match_kind match_kind(enum hf_policy_rule_conditions_fact fact)
{
    switch ((int)fact) {
    case HF_POLICY_RULE_CONDITIONS_FACT_PATH: return HF_MATCH_PATH;
    case HF_POLICY_RULE_CONDITIONS_FACT_HOST: return HF_MATCH_HOST;
    case HF_POLICY_RULE_CONDITIONS_FACT_COMMAND: return HF_MATCH_COMMAND;
    default: return HF_MATCH_WORD;
    }
}

/* A name and a list; lists come in the order of their names. */
static int by_name(const void *name, const void *list)
{
    return hf_bytes_cmp(hf_str_bytes(*(const struct hf_str *)name),
                        hf_str_bytes(((const struct list *)list)->name));
}

static enum hf_rc use_list(struct loader *loader, struct hf_str name, enum hf_match_kind kind,
                           struct hf_condition *condition, struct hf_err *err)
{
    struct list *list = loader->list_count == 0 ? NULL
                                                : bsearch(&name, loader->lists, loader->list_count,
                                                          sizeof *loader->lists, by_name);
    if (list == NULL) {
        return hf_err_set(err, HF_EINVAL, "there is no list @%.*s", HF_STR_ARG(name));
    }
    if (list->sets[kind] == NULL) {
        list->sets[kind] = TAKE(loader, 1, struct hf_match_set);
        if (list->sets[kind] == NULL ||
            hf_match_set_build(kind, list->values, list->count, &loader->policy->arena,
                               list->sets[kind]) != HF_OK) {
            return HF_ENOMEM;
        }
    }
    condition->lists[condition->list_count++] = list->sets[kind];
    return HF_OK;
}

static enum hf_rc load_values(struct loader *loader, const struct hf_policy_rule_conditions *from,
                              struct hf_condition *to, struct hf_err *err)
{
    enum hf_match_kind kind = match_kind(from->fact);
    struct hf_str plain[HF_LEN(from->values)];
    size_t plain_count = 0;
    to->value_count = from->values_count;
    to->lists = TAKE(loader, from->values_count, const struct hf_match_set *);
    if (to->lists == NULL) {
        return HF_ENOMEM;
    }
    for (size_t i = 0; i < from->values_count; i++) {
        struct hf_str value = from->values[i];
        if (kind == HF_MATCH_HOST && hf_str_eq(value, HF_STR("@private"))) {
            to->is_private = true;
        } else if (value.ptr[0] == '@') {
            enum hf_rc rc =
                use_list(loader, (struct hf_str){value.ptr + 1, value.len - 1}, kind, to, err);
            if (rc != HF_OK) {
                return rc;
            }
        } else {
            plain[plain_count++] = value;
        }
    }
    return hf_match_set_build(kind, plain, plain_count, &loader->policy->arena, &to->set);
}

static enum hf_rc load_condition(struct loader *loader,
                                 const struct hf_policy_rule_conditions *from,
                                 struct hf_condition *to, struct hf_err *err)
{
    *to = (struct hf_condition){
        .fact = from->fact,
        .quant = from->has_quant ? from->quant : HF_POLICY_RULE_CONDITIONS_QUANT_ANY,
        .access = from->has_access ? (int)from->access : -1,
        .negate = from->negate,
        .has_low = from->has_low,
        .has_high = from->has_high,
        .low = from->low,
        .high = from->high,
        .window = from->has_window ? from->window : HF_POLICY_RULE_CONDITIONS_WINDOW_HOUR,
        .name = from->has_name ? from->name : (struct hf_str){"", 0},
    };
    return from->values_count == 0 ? HF_OK : load_values(loader, from, to, err);
}

/* Those that are looked up in lists come last: their order means nothing, and a no ends a rule. */
static enum hf_rc load_conditions(struct loader *loader, const struct hf_policy_rule *from,
                                  struct hf_condition *to, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    size_t count = 0;
    for (unsigned last = 0; last < 2; last++) {
        for (size_t i = 0; i < from->conditions_count && rc == HF_OK; i++) {
            bool looks_up = match_kind(from->conditions[i].fact) != HF_MATCH_WORD;
            if (looks_up == (last == 1)) {
                rc = load_condition(loader, &from->conditions[i], &to[count++], err);
            }
        }
    }
    return rc;
}

static enum hf_rc load_rule(struct loader *loader, struct hf_err *err)
{
    const struct hf_policy_rule *from = &loader->record.rule;
    struct hf_policy *policy = loader->policy;
    struct hf_rule *to = &policy->rules[policy->rule_count];
    unsigned classes = 0;
    unsigned levels = 0;
    if (hf_str_starts(from->id, HF_STR("holdfast."))) {
        return hf_err_set(err, HF_EINVAL, "rule %.*s: names that begin with holdfast. are taken",
                          HF_STR_ARG(from->id));
    }
    for (size_t i = 0; i < from->classes_count; i++) {
        classes |= 1u << from->classes[i];
    }
    for (size_t i = 0; i < from->levels_count; i++) {
        levels |= 1u << from->levels[i];
    }
    *to = (struct hf_rule){.id = from->id,
                           .reason = from->reason,
                           .effect = (enum hf_verdict)from->effect,
                           .asi = from->asi,
                           .risk = from->risk,
                           .classes = (hf_class_set)classes,
                           .levels = (uint8_t)levels,
                           .has_tools = from->tools_count > 0,
                           .conditions = TAKE(loader, from->conditions_count, struct hf_condition),
                           .condition_count = from->conditions_count};
    if (to->conditions == NULL) {
        return HF_ENOMEM;
    }
    enum hf_rc rc = load_conditions(loader, from, to->conditions, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "rule %.*s", HF_STR_ARG(from->id));
    }
    for (size_t i = 0; i < from->tools_count && rc == HF_OK; i++) {
        rc = hf_rule_index_tool(&loader->index, from->tools[i], (uint32_t)policy->rule_count);
    }
    policy->rule_count++;
    return rc;
}

static enum hf_rc load_level(struct loader *loader)
{
    const struct hf_policy_level *from = &loader->record.level;
    struct hf_policy *policy = loader->policy;
    struct hf_level level = {from->name, (unsigned)from->level};
    if (from->of == HF_POLICY_LEVEL_OF_TENANT) {
        policy->tenant_levels[policy->tenant_level_count++] = level;
    } else {
        policy->channel_levels[policy->channel_level_count++] = level;
    }
    return HF_OK;
}

/* Parts of one list follow each other, so they are gathered into one array. */
static enum hf_rc load_list(struct loader *loader, struct hf_err *err)
{
    const struct hf_policy_list *from = &loader->record.list;
    if (loader->list_count == 0 ||
        !hf_str_eq(loader->lists[loader->list_count - 1].name, from->name)) {
        loader->lists[loader->list_count++] = (struct list){.name = from->name};
    }
    struct list *list = &loader->lists[loader->list_count - 1];
    if (list->count != from->part * HF_LEN(from->values)) {
        return hf_err_set(err, HF_EINVAL, "list %.*s: a part before part %u is not full",
                          HF_STR_ARG(from->name), (unsigned)from->part);
    }
    struct hf_str *values = TAKE(loader, list->count + from->values_count, struct hf_str);
    if (values == NULL) {
        return HF_ENOMEM;
    }
    if (list->count > 0) {
        memcpy(values, list->values, list->count * sizeof *values);
    }
    memcpy(values + list->count, from->values, from->values_count * sizeof *values);
    list->values = values;
    list->count += from->values_count;
    return HF_OK;
}

/* Letters as getopt takes them, words with their dashes, "+" and "-" alone. */
static enum hf_rc load_options(struct loader *loader, const struct hf_policy_program *from,
                               struct hf_program *to)
{
    to->has_options = from->options_count > 0;
    to->option_count = from->options_count;
    to->options = TAKE(loader, from->options_count, struct hf_str);
    if (to->options == NULL) {
        return HF_ENOMEM;
    }
    for (size_t i = 0; i < from->options_count; i++) {
        to->options[i] = from->options[i];
    }
    return HF_OK;
}

static enum hf_rc load_program(struct loader *loader)
{
    const struct hf_policy_program *from = &loader->record.program;
    struct hf_program *to = &loader->policy->programs[loader->policy->program_count++];
    const char *space = memchr(from->words.ptr, ' ', from->words.len);
    unsigned classes = 0;
    unsigned paths = 0;
    for (size_t i = 0; i < from->classes_count; i++) {
        classes |= 1u << from->classes[i];
    }
    for (size_t i = 0; i < from->paths_count; i++) {
        paths |= 1u << from->paths[i];
    }
    size_t name = space == NULL ? from->words.len : (size_t)(space - from->words.ptr);
    *to = (struct hf_program){.words = from->words,
                              .name = {from->words.ptr, name},
                              .classes = (hf_class_set)classes,
                              .paths = (uint8_t)paths};
    return load_options(loader, from, to);
}

static enum hf_rc load_tool(struct loader *loader, struct hf_err *err)
{
    const struct hf_policy_tool *from = &loader->record.tool;
    struct hf_tool *to = &loader->policy->tools[loader->policy->tool_count++];
    unsigned classes = 0;
    unsigned result = 0;
    bool prefix = from->name.ptr[from->name.len - 1] == '*';
    for (size_t i = 0; i < from->classes_count; i++) {
        classes |= 1u << from->classes[i];
    }
    for (size_t i = 0; i < from->result_count; i++) {
        result |= 1u << from->result[i];
    }
    *to = (struct hf_tool){.name = {from->name.ptr, from->name.len - (prefix ? 1 : 0)},
                           .prefix = prefix,
                           .classes = (hf_class_set)classes,
                           .result = (uint8_t)result,
                           .params = TAKE(loader, from->params_count, struct hf_tool_param),
                           .param_count = from->params_count};
    if (to->params == NULL) {
        return HF_ENOMEM;
    }
    for (size_t i = 0; i < from->params_count; i++) {
        const struct hf_policy_tool_params *param = &from->params[i];
        to->params[i] = (struct hf_tool_param){param->name, param->kind,
                                               param->has_access ? (int)param->access : -1};
        if (i > 0 &&
            hf_bytes_cmp(hf_str_bytes(from->params[i - 1].name), hf_str_bytes(param->name)) >= 0) {
            return hf_err_set(err, HF_EINVAL, "tool %.*s: parameters are not in order",
                              HF_STR_ARG(from->name));
        }
    }
    return HF_OK;
}

/* The head says how much of everything comes, so that each array is taken once. */
static enum hf_rc load_head(struct loader *loader)
{
    struct hf_policy *policy = loader->policy;
    policy->head = loader->record.head;
    const uint64_t *counts = policy->head.counts;
    policy->tenant_levels = TAKE(loader, counts[0], struct hf_level);
    policy->channel_levels = TAKE(loader, counts[0], struct hf_level);
    loader->lists = TAKE(loader, counts[1], struct list);
    policy->programs = TAKE(loader, counts[2], struct hf_program);
    policy->tools = TAKE(loader, counts[3], struct hf_tool);
    policy->rules = TAKE(loader, counts[4], struct hf_rule);
    return hf_arena_overflow(&policy->arena) ? HF_ENOMEM : HF_OK;
}

static enum hf_rc load_record(struct loader *loader, enum hf_policy_bundle_kind kind,
                              const struct hf_policy_bundle_reader *reader, struct hf_err *err)
{
    if (kind != HF_POLICY_BUNDLE_HEAD && reader->counts[kind] > reader->announced[kind]) {
        return hf_err_set(err, HF_EINVAL, "more records of a kind than the head says");
    }
    switch (kind) {
    case HF_POLICY_BUNDLE_HEAD: return load_head(loader);
    case HF_POLICY_BUNDLE_LEVEL: return load_level(loader);
    case HF_POLICY_BUNDLE_LIST: return load_list(loader, err);
    case HF_POLICY_BUNDLE_PROGRAM: return load_program(loader);
    case HF_POLICY_BUNDLE_TOOL: return load_tool(loader, err);
    case HF_POLICY_BUNDLE_RULE: return load_rule(loader, err);
    case HF_POLICY_BUNDLE_VECTOR: loader->policy->vector_count++; return HF_OK;
    case HF_POLICY_BUNDLE_KIND_END: break;
    }
    return HF_EINVAL;
}

static enum hf_rc load_all(struct loader *loader, struct hf_err *err)
{
    struct hf_policy_bundle_reader reader;
    enum hf_rc rc = hf_policy_bundle_open(loader->policy->bundle, &reader, err);
    while (rc == HF_OK) {
        rc = hf_policy_bundle_next(&reader, &loader->record, err);
        if (rc == HF_OK) {
            rc = load_record(loader, reader.kind, &reader, err);
        }
    }
    return rc == HF_EEND ? hf_rule_index_finish(&loader->index, loader->policy) : rc;
}

enum hf_rc hf_policy_load(struct hf_bytes bundle, struct hf_policy **ret_policy, struct hf_err *err)
{
    if (bundle.len > HF_POLICY_BUNDLE_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "policy: a bundle has at most %u bytes",
                          HF_POLICY_BUNDLE_MAX);
    }
    struct hf_policy *policy = hf_heap_zalloc(1, sizeof *policy);
    struct loader *loader = hf_heap_zalloc(1, sizeof *loader);
    enum hf_rc rc = policy == NULL || loader == NULL ? HF_ENOMEM : HF_OK;
    if (rc == HF_OK) {
        hf_arena_init(&policy->arena, HF_POLICY_ARENA_MAX);
        struct hf_str copy = hf_arena_str(&policy->arena, hf_bytes_str(bundle));
        loader->policy = policy;
        policy->bundle = hf_str_bytes(copy);
        rc = copy.ptr == NULL && bundle.len > 0 ? HF_ENOMEM : load_all(loader, err);
        hf_rule_index_fini(&loader->index);
    }
    if (rc == HF_OK && hf_arena_overflow(&policy->arena)) {
        rc = HF_ENOMEM;
    }
    hf_heap_free(loader);
    if (rc != HF_OK) {
        hf_policy_free(policy);
        return rc == HF_ENOMEM ? hf_err_set(err, rc, "policy: out of memory")
                               : hf_err_wrap(err, rc, "policy");
    }
    hf_sha256(policy->bundle, &policy->digest);
    *ret_policy = policy;
    return HF_OK;
}

void hf_policy_free(struct hf_policy *policy)
{
    if (policy != NULL) {
        hf_arena_fini(&policy->arena);
        hf_heap_free(policy);
    }
}
