/* wrapper/policy/rule_index.c: rules by tool, by what a tool begins with, and by class. */
#include "wrapper/policy/rule_index.h"

#include <stdlib.h>

#include "base/heap.h"

enum hf_rc hf_rule_index_tool(struct hf_rule_index *index, struct hf_str tool, uint32_t rule)
{
    if (index->count == index->cap) {
        size_t cap = index->cap == 0 ? 64 : 2 * index->cap;
        struct hf_rule_mention *grown = hf_heap_resize(index->mentions, cap, sizeof *grown);
        if (grown == NULL) {
            return HF_ENOMEM;
        }
        index->mentions = grown;
        index->cap = cap;
    }
    bool prefix = tool.ptr[tool.len - 1] == '*';
    index->mentions[index->count++] =
        (struct hf_rule_mention){{tool.ptr, tool.len - (prefix ? 1 : 0)}, rule, prefix};
    return HF_OK;
}

static int by_tool_then_rule(const void *a, const void *b)
{
    const struct hf_rule_mention *x = a;
    const struct hf_rule_mention *y = b;
    if (x->prefix != y->prefix) {
        return x->prefix ? 1 : -1;
    }
    int order = hf_bytes_cmp(hf_str_bytes(x->tool), hf_str_bytes(y->tool));
    return order != 0 ? order : x->rule < y->rule ? -1 : x->rule > y->rule ? 1 : 0;
}

/* Groups the mentions [from, to), which are sorted, by tool. */
static enum hf_rc group(const struct hf_rule_index *index, size_t from, size_t to,
                        struct hf_arena *arena, struct hf_rule_key **ret_keys, size_t *ret_count)
{
    struct hf_rule_key *keys = hf_arena_alloc(arena, to - from, sizeof *keys);
    uint32_t *rules = hf_arena_alloc(arena, to - from, sizeof *rules);
    size_t count = 0;
    if (keys == NULL || rules == NULL) {
        return HF_ENOMEM;
    }
    for (size_t i = from; i < to; i++) {
        const struct hf_rule_mention *m = &index->mentions[i];
        struct hf_rule_key *last = count == 0 ? NULL : &keys[count - 1];
        if (last == NULL || !hf_str_eq(last->tool, m->tool)) {
            last = &keys[count++];
            *last = (struct hf_rule_key){m->tool, rules, 0};
        }
        if (last->count == 0 || last->rules[last->count - 1] != m->rule) {
            last->rules[last->count++] = m->rule;
            rules++;
        }
    }
    *ret_keys = keys;
    *ret_count = count;
    return HF_OK;
}

static enum hf_rc list_classes(struct hf_policy *policy)
{
    for (size_t c = 0; c <= HF_POLICY_FACTS_CLASSES_COUNT; c++) {
        struct hf_rule_list *list =
            c < HF_POLICY_FACTS_CLASSES_COUNT ? &policy->by_class[c] : &policy->everywhere;
        list->rules = hf_arena_alloc(&policy->arena, policy->rule_count, sizeof *list->rules);
        if (list->rules == NULL) {
            return HF_ENOMEM;
        }
        for (size_t i = 0; i < policy->rule_count; i++) {
            const struct hf_rule *rule = &policy->rules[i];
            bool here = c < HF_POLICY_FACTS_CLASSES_COUNT ? (rule->classes >> c & 1) != 0
                                                          : rule->classes == 0;
            if (here && !rule->has_tools) {
                list->rules[list->count++] = (uint32_t)i;
            }
        }
    }
    return HF_OK;
}

enum hf_rc hf_rule_index_finish(struct hf_rule_index *index, struct hf_policy *policy)
{
    size_t exact = 0;
    if (index->count > 0) {
        qsort(index->mentions, index->count, sizeof *index->mentions, by_tool_then_rule);
    }
    while (exact < index->count && !index->mentions[exact].prefix) {
        exact++;
    }
    if (group(index, 0, exact, &policy->arena, &policy->by_tool, &policy->by_tool_count) != HF_OK ||
        group(index, exact, index->count, &policy->arena, &policy->by_prefix,
              &policy->by_prefix_count) != HF_OK) {
        return HF_ENOMEM;
    }
    for (size_t i = 0; i < policy->by_prefix_count; i++) {
        size_t len = policy->by_prefix[i].tool.len;
        policy->prefix_lengths[len / 64] |= UINT64_C(1) << (len % 64);
    }
    return list_classes(policy);
}

void hf_rule_index_fini(struct hf_rule_index *index)
{
    hf_heap_free(index->mentions);
    *index = (struct hf_rule_index){NULL, 0, 0};
}

static const struct hf_rule_key *find(const struct hf_rule_key *keys, size_t count,
                                      struct hf_str tool)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = hf_bytes_cmp(hf_str_bytes(keys[middle].tool), hf_str_bytes(tool));
        if (order == 0) {
            return &keys[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

struct walk {
    const struct hf_policy *policy;
    hf_class_set classes;
    hf_rule_visit_fn *visit;
    void *arg;
};

/* A rule that names a tool and classes is about calls of the tool that have one of the classes. */
static bool walk_rules(const struct walk *walk, const uint32_t *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct hf_rule *rule = &walk->policy->rules[rules[i]];
        if ((rule->classes == 0 || (rule->classes & walk->classes) != 0) &&
            !walk->visit(walk->arg, rule)) {
            return false;
        }
    }
    return true;
}

/* Rules of one class; those that a lower class of the call brought already are left out. */
static bool walk_class(const struct walk *walk, unsigned c)
{
    const struct hf_rule_list *list = &walk->policy->by_class[c];
    unsigned below = (1u << c) - 1;
    for (size_t i = 0; i < list->count; i++) {
        const struct hf_rule *rule = &walk->policy->rules[list->rules[i]];
        if ((rule->classes & walk->classes & below) == 0 && !walk->visit(walk->arg, rule)) {
            return false;
        }
    }
    return true;
}

void hf_rule_index_each(const struct hf_policy *policy, struct hf_str tool, hf_class_set classes,
                        hf_rule_visit_fn *visit, void *arg)
{
    const struct walk walk = {policy, classes, visit, arg};
    const struct hf_rule_key *key = find(policy->by_tool, policy->by_tool_count, tool);
    if (key != NULL && !walk_rules(&walk, key->rules, key->count)) {
        return;
    }
    for (size_t len = 0; policy->by_prefix_count > 0 && len <= tool.len; len++) {
        if ((policy->prefix_lengths[len / 64] >> (len % 64) & 1) == 0) {
            continue;
        }
        key = find(policy->by_prefix, policy->by_prefix_count, (struct hf_str){tool.ptr, len});
        if (key != NULL && !walk_rules(&walk, key->rules, key->count)) {
            return;
        }
    }
    if (!walk_rules(&walk, policy->everywhere.rules, policy->everywhere.count)) {
        return;
    }
    for (unsigned c = 0; c < HF_POLICY_FACTS_CLASSES_COUNT; c++) {
        if ((classes >> c & 1) != 0 && !walk_class(&walk, c)) {
            return;
        }
    }
}
