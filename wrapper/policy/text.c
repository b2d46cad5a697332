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
    if (hf_text_missing(c, 1, "the name of the policy")) {
        return;
    }
    c->head.name = c->tokens[1].text;
    if (!hf_text_is(c, 2, "version") || hf_text_missing(c, 3, "a version")) {
        hf_text_fault(c, c->token_count > 2 ? c->tokens[2].column : hf_text_end(c),
                      "version and the policy's version are expected");
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
    if (hf_text_missing(c, 2, "a name") || !hf_text_level(c, 3, &c->record.level.level) ||
        !hf_text_nothing_after(c, 4)) {
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

/* Begins a block whose first line names one thing (one) or several. */
static void begin_block(struct hf_compiling *c, enum hf_block block, bool one, const char *what)
{
    memset(&c->record, 0, sizeof c->record);
    c->block = HF_BLOCK_SKIP;
    c->block_line = c->line;
    c->set = 0;
    c->name_count = 0;
    c->value_count = 0;
    if (hf_text_missing(c, 1, what) || (one && !hf_text_nothing_after(c, 2))) {
        return;
    }
    for (size_t i = 1; i < c->token_count; i++) {
        c->names[c->name_count++] = c->tokens[i].text;
    }
    c->block = block;
}

static void begin_test(struct hf_compiling *c)
{
    begin_block(c, HF_BLOCK_TEST, true, "what the test is about, in \"quotation marks\",");
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
    const struct hf_str *x = a;
    const struct hf_str *y = b;
    return hf_bytes_cmp(hf_str_bytes(*x), hf_str_bytes(*y));
}

static void end_list(struct hf_compiling *c)
{
    size_t count = 0;
    if (c->value_count == 0) {
        hf_text_fault_at(c, c->block_line, 1, "the list is empty");
        return;
    }
    qsort(c->values, c->value_count, sizeof *c->values, by_bytes);
    for (size_t i = 0; i < c->value_count; i++) {
        if (i == 0 || !hf_str_eq(c->values[count - 1], c->values[i])) {
            c->values[count++] = c->values[i];
        }
    }
    struct hf_policy_list *list = &c->record.list;
    if (count > 64 * HF_LEN(list->values)) {
        hf_text_fault_at(c, c->block_line, 1, "a list has at most %zu values",
                         64 * HF_LEN(list->values));
        return;
    }
    list->name = c->names[0];
    for (size_t at = 0; at < count; list->part++) {
        list->values_count = 0;
        while (at < count && list->values_count < HF_LEN(list->values)) {
            list->values[list->values_count++] = c->values[at++];
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
        c->values[c->value_count++] = value;
    }
}

static void end_block(struct hf_compiling *c)
{
    enum hf_block block = c->block;
    c->block = HF_BLOCK_NONE;
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
        begin_block(c, HF_BLOCK_LIST, true, "the name of the list");
    } else if (hf_text_is(c, 0, "program")) {
        begin_block(c, HF_BLOCK_PROGRAM, false, "the name of a program");
    } else if (hf_text_is(c, 0, "tool")) {
        begin_block(c, HF_BLOCK_TOOL, false, "the name of a tool");
    } else if (hf_text_is(c, 0, "rule")) {
        begin_block(c, HF_BLOCK_RULE, true, "the id of the rule");
        c->record.rule.id = c->name_count > 0 ? c->names[0] : c->record.rule.id;
    } else if (hf_text_is(c, 0, "test")) {
        begin_test(c);
    } else {
        c->block = HF_BLOCK_SKIP;
        hf_text_fault(c, c->tokens[0].column,
                      "policy, level, untrusted, wait, list, program, tool, rule or test is "
                      "expected at the margin");
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
