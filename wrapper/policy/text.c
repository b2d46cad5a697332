/* wrapper/policy/text.c: the blocks of a policy's text; what is in tools, programs, rules and tests
 * is read elsewhere. */
#include "wrapper/policy/text.h"

#include <stdlib.h>

#include "base/assert.h"
#include "wrapper/policy/compiling.h"

enum {
    HEAD_LEVEL = 1u << 0,
    HEAD_LOWERS = 1u << 1,
    HEAD_WAIT = 1u << 2
};

/* policy NAME version VERSION */
static void begin_policy(struct hf_compiling *c)
{
    if (c->head_line != 0) {
        hf_text_fault(c, 1, "the policy has its name already, on line %u", c->head_line);
        return;
    }
    c->head_line = c->line;
    if (!hf_text_name(c, 1, 48, "a-z0-9-", "the name of the policy")) {
        return;
    }
    c->head.name = c->tokens[1].text;
    if (!hf_text_is(c, 2, "version")) {
        hf_text_fault(c, c->token_count > 2 ? c->tokens[2].column : hf_text_end(c),
                      "version and the policy's version are expected");
        return;
    }
    if (!hf_text_name(c, 3, 64, "A-Za-z0-9.+_-", "the version of the policy")) {
        return;
    }
    c->head.version = c->tokens[3].text;
    (void)hf_text_nothing_after(c, 4);
}

/* level LN; level tenant|channel NAME LN */
static void begin_level(struct hf_compiling *c)
{
    bool tenant = hf_text_is(c, 1, "tenant");
    if (!tenant && !hf_text_is(c, 1, "channel")) {
        if (!hf_text_again(c, &c->head_set, HEAD_LEVEL) && hf_text_level(c, 1, &c->head.level)) {
            (void)hf_text_nothing_after(c, 2);
        }
        return;
    }
    memset(&c->record, 0, sizeof c->record);
    c->record.level.of = tenant ? HF_POLICY_LEVEL_OF_TENANT : HF_POLICY_LEVEL_OF_CHANNEL;
    if (!hf_text_name(c, 2, 64, "A-Za-z0-9._:/-", tenant ? "the tenant" : "the channel") ||
        !hf_text_level(c, 3, &c->record.level.level) || !hf_text_nothing_after(c, 4)) {
        return;
    }
    c->record.level.name = c->tokens[2].text;
    hf_text_emit(c, HF_POLICY_BUNDLE_LEVEL, &c->record, c->line);
}

/* untrusted lowers N [never below LN] */
static void begin_untrusted(struct hf_compiling *c)
{
    if (!hf_text_is(c, 1, "lowers")) {
        hf_text_fault(c, c->token_count > 1 ? c->tokens[1].column : hf_text_end(c),
                      "untrusted lowers N is expected");
    } else if (!hf_text_again(c, &c->head_set, HEAD_LOWERS) &&
               hf_text_number(c, 2, 0, 4, &c->head.lowers)) {
        bool bounded = hf_text_is(c, 3, "never") && hf_text_is(c, 4, "below");
        if (!bounded || hf_text_level(c, 5, &c->head.lowest)) {
            (void)hf_text_nothing_after(c, bounded ? 6 : 3);
        }
    }
}

/* wait N seconds|minutes|hours */
static void begin_wait(struct hf_compiling *c)
{
    static const struct {
        const char *name;
        unsigned seconds;
    } units[] = {{"seconds", 1}, {"minutes", 60}, {"hours", 3600}};

    uint64_t count;
    if (hf_text_again(c, &c->head_set, HEAD_WAIT) || !hf_text_number(c, 1, 1, 86400, &count)) {
        return;
    }
    for (size_t i = 0; i < HF_LEN(units); i++) {
        if (hf_text_is(c, 2, units[i].name)) {
            c->head.wait = count * units[i].seconds;
            if (c->head.wait < 10 || c->head.wait > 86400) {
                hf_text_fault(c, c->tokens[1].column, "an answer may take 10 seconds to a day");
            }
            (void)hf_text_nothing_after(c, 3);
            return;
        }
    }
    hf_text_fault(c, c->token_count > 2 ? c->tokens[2].column : hf_text_end(c),
                  "seconds, minutes or hours are expected");
}

/* What the first line of a block names. */
struct naming {
    enum hf_block block;
    bool one; /* and not several */
    size_t max;
    const char *set;
    const char *what;
    const char *(*fault)(struct hf_str); /* what more is wrong with a name; may be NULL */
};
static const struct naming namings[] = {
    {HF_BLOCK_LIST, true, 48, "a-z0-9-", "the name of the list", NULL},
    {HF_BLOCK_PROGRAM, false, 256, NULL, "the name of a program", hf_text_command_fault},
    {HF_BLOCK_TOOL, false, 128, "A-Za-z0-9._:/*-", "the name of a tool", hf_text_tool_fault},
    {HF_BLOCK_RULE, true, 64, "a-z0-9._-", "the id of the rule", NULL},
    {HF_BLOCK_TEST, true, 128, NULL, "what the test is about, in \"quotation marks\",", NULL},
};

static void begin_block(struct hf_compiling *c, enum hf_block block)
{
    const struct naming *naming = namings;
    while (naming->block != block) {
        naming++;
    }
    memset(&c->record, 0, sizeof c->record);
    c->block = HF_BLOCK_SKIP;
    c->block_line = c->line;
    c->block_faults = c->faults->count;
    c->set = 0;
    c->name_count = 0;
    if (hf_text_missing(c, 1, naming->what) || (naming->one && !hf_text_nothing_after(c, 2))) {
        return;
    }
    for (size_t i = 1; i < c->token_count; i++) {
        if (!hf_text_name(c, i, naming->max, naming->set, naming->what)) {
            return;
        }
        const char *fault = naming->fault == NULL ? NULL : naming->fault(c->tokens[i].text);
        if (fault != NULL) {
            hf_text_fault(c, c->tokens[i].column, "%s", fault);
            return;
        }
        c->names[c->name_count++] = c->tokens[i].text;
    }
    c->block = block;
}

static void begin_list(struct hf_compiling *c)
{
    begin_block(c, HF_BLOCK_LIST);
    if (c->block == HF_BLOCK_LIST &&
        hf_text_grow(c, (void **)&c->lists, c->list_count, &c->list_cap, sizeof *c->lists)) {
        c->lists[c->list_count++] =
            (struct hf_list_block){.name = c->names[0], .first = c->value_count};
    }
}

static void begin_test(struct hf_compiling *c)
{
    begin_block(c, HF_BLOCK_TEST);
    if (c->block != HF_BLOCK_TEST) {
        return;
    }
    c->test = hf_arena_alloc(&c->arena, 1, sizeof *c->test);
    if (c->test == NULL ||
        !hf_text_grow(c, (void **)&c->tests, c->test_count, &c->test_cap, sizeof(void *))) {
        c->failed = HF_ENOMEM;
        c->block = HF_BLOCK_SKIP;
        return;
    }
    c->tests[c->test_count++] = c->test;
    hf_facts_init(&c->test->facts);
    c->test->facts.tenant = HF_STR("example");
    c->test->facts.level = 5;
    c->test->facts.minute = 10 * 60;
    c->test->facts.has_budget = true;
    c->test->facts.budget = HF_POLICY_FACTS_BUDGET_NONE;
    for (unsigned of = 0; of < HF_POLICY_FACTS_RATES_OF_COUNT; of++) {
        for (unsigned w = 0; w < HF_POLICY_FACTS_RATES_WINDOW_COUNT; w++) {
            c->test->facts.rates[c->test->facts.rates_count++] =
                (struct hf_policy_facts_rates){.of = (enum hf_policy_facts_rates_of)of,
                                               .window = (enum hf_policy_facts_rates_window)w};
        }
    }
    c->test->line = c->line;
    c->test->name = c->names[0];
}

static int by_bytes(const void *a, const void *b)
{
    const struct hf_list_value *x = a;
    const struct hf_list_value *y = b;
    int order = hf_bytes_cmp(hf_str_bytes(x->token.text), hf_str_bytes(y->token.text));
    return order != 0 ? order : x->line < y->line ? -1 : x->line > y->line ? 1 : 0;
}

static void end_list(struct hf_compiling *c)
{
    struct hf_list_block *block = &c->lists[c->list_count - 1];
    struct hf_list_value *values = c->values + block->first;
    size_t all = c->value_count - block->first;
    if (all == 0) {
        hf_text_fault_at(c, c->block_line, 1, "the list is empty");
        return;
    }
    qsort(values, all, sizeof *values, by_bytes);
    for (size_t i = 0; i < all; i++) {
        if (i == 0 || !hf_str_eq(values[block->count - 1].token.text, values[i].token.text)) {
            values[block->count++] = values[i];
        }
    }
    c->value_count = block->first + block->count;
    struct hf_policy_list *list = &c->record.list;
    if (block->count > 64 * HF_LEN(list->values)) {
        hf_text_fault_at(c, c->block_line, 1, "a list has at most %zu values",
                         64 * HF_LEN(list->values));
        return;
    }
    list->name = block->name;
    for (size_t at = 0; at < block->count; list->part++) {
        list->values_count = 0;
        while (at < block->count && list->values_count < HF_LEN(list->values)) {
            list->values[list->values_count++] = values[at++].token.text;
        }
        hf_text_emit(c, HF_POLICY_BUNDLE_LIST, &c->record, c->block_line);
    }
}

static void list_member(struct hf_compiling *c)
{
    for (size_t i = 0; i < c->token_count; i++) {
        struct hf_str value = c->tokens[i].text;
        if (value.len == 0 || value.len > 256 || value.ptr[0] == '@') {
            hf_text_fault(c, c->tokens[i].column,
                          "a value has 1 to 256 bytes, and is not another list");
            return;
        }
        if (!hf_text_grow(c, (void **)&c->values, c->value_count, &c->value_cap,
                          sizeof *c->values)) {
            return;
        }
        c->values[c->value_count++] = (struct hf_list_value){c->tokens[i], c->line};
    }
}

static void end_block(struct hf_compiling *c)
{
    enum hf_block block = c->block;
    c->block = HF_BLOCK_NONE;
    /* What a mistake left out is not missed as well. */
    if (c->failed != HF_OK || c->faults->count != c->block_faults || c->faults->more) {
        return;
    }
    switch (block) {
    case HF_BLOCK_LIST: end_list(c); break;
    case HF_BLOCK_PROGRAM: hf_text_program_end(c); break;
    case HF_BLOCK_TOOL: hf_text_tool_end(c); break;
    case HF_BLOCK_RULE: hf_text_rule_end(c); break;
    case HF_BLOCK_TEST: hf_text_test_end(c); break;
    case HF_BLOCK_NONE:
    case HF_BLOCK_SKIP: break;
    }
}

static void member(struct hf_compiling *c)
{
    switch (c->block) {
    case HF_BLOCK_LIST: list_member(c); break;
    case HF_BLOCK_PROGRAM: hf_text_program_member(c); break;
    case HF_BLOCK_TOOL: hf_text_tool_member(c); break;
    case HF_BLOCK_RULE: hf_text_rule_member(c); break;
    case HF_BLOCK_TEST: hf_text_test_member(c); break;
    case HF_BLOCK_NONE:
        hf_text_fault(c, c->tokens[0].column, "this line is indented and belongs to nothing");
        break;
    case HF_BLOCK_SKIP: break;
    }
}

static void begin(struct hf_compiling *c)
{
    if (hf_text_is(c, 0, "policy")) {
        begin_policy(c);
    } else if (hf_text_is(c, 0, "level")) {
        begin_level(c);
    } else if (hf_text_is(c, 0, "untrusted")) {
        begin_untrusted(c);
    } else if (hf_text_is(c, 0, "wait")) {
        begin_wait(c);
    } else if (hf_text_is(c, 0, "list")) {
        begin_list(c);
    } else if (hf_text_is(c, 0, "program")) {
        begin_block(c, HF_BLOCK_PROGRAM);
    } else if (hf_text_is(c, 0, "tool")) {
        begin_block(c, HF_BLOCK_TOOL);
    } else if (hf_text_is(c, 0, "rule")) {
        begin_block(c, HF_BLOCK_RULE);
        c->record.rule.id = c->name_count > 0 ? c->names[0] : c->record.rule.id;
    } else if (hf_text_is(c, 0, "test")) {
        begin_test(c);
    } else {
        c->block = HF_BLOCK_SKIP;
        hf_text_fault(c, c->tokens[0].column,
                      "policy, level, untrusted, wait, list, program, tool, rule or test is "
                      "expected at the margin; what belongs to one of them is indented");
    }
}

void hf_text_read(struct hf_compiling *c, struct hf_str text)
{
    size_t at = 0;
    while (at < text.len && c->failed == HF_OK) {
        const char *stop = memchr(text.ptr + at, '\n', text.len - at);
        size_t end = stop == NULL ? text.len : (size_t)(stop - text.ptr);
        c->line++;
        bool good = hf_text_split(c, (struct hf_str){text.ptr + at, end - at});
        if (!c->indented && (!good || c->token_count > 0)) {
            end_block(c);
            c->block = good ? HF_BLOCK_NONE : HF_BLOCK_SKIP;
        }
        if (good && c->token_count > 0) {
            if (c->indented) {
                member(c);
            } else {
                begin(c);
            }
        }
        at = end + 1;
    }
    end_block(c);
}
