/* wrapper/policy/text.c: the blocks of a policy's text; what is in rules and tests is read
 * elsewhere. */
#include "wrapper/policy/text.h"

#include <stdlib.h>

#include "base/assert.h"
#include "wrapper/policy/compiling.h"

enum {
    HEAD_LEVEL = 1u << 0,
    HEAD_LOWERS = 1u << 1,
    HEAD_WAIT = 1u << 2,
    TOOL_CLASSES = 1u << 0,
    TOOL_PATHS = 1u << 1,
    TOOL_RESULT = 1u << 2
};

static bool missing(struct hf_compiling *c, size_t i, const char *what)
{
    if (i < c->token_count && c->tokens[i].text.len > 0) {
        return false;
    }
    hf_text_fault(c, hf_text_end(c), "%s is expected", what);
    return true;
}

static bool again(struct hf_compiling *c, unsigned *io_set, unsigned bit)
{
    if ((*io_set & bit) != 0) {
        hf_text_fault(c, c->tokens[0].column, "this was said already");
        return true;
    }
    *io_set |= bit;
    return false;
}

/* policy NAME version VERSION */
static void begin_policy(struct hf_compiling *c)
{
    if (c->head_line != 0) {
        hf_text_fault(c, 1, "the policy has its name already, on line %u", c->head_line);
        return;
    }
    c->head_line = c->line;
    if (missing(c, 1, "the name of the policy")) {
        return;
    }
    c->head.name = c->tokens[1].text;
    if (!hf_text_is(c, 2, "version") || missing(c, 3, "a version")) {
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
        if (!again(c, &c->head_set, HEAD_LEVEL) && hf_text_level(c, 1, &c->head.level)) {
            (void)hf_text_nothing_after(c, 2);
        }
        return;
    }
    memset(&c->record, 0, sizeof c->record);
    c->record.level.of = tenant ? HF_POLICY_LEVEL_OF_TENANT : HF_POLICY_LEVEL_OF_CHANNEL;
    if (missing(c, 2, "a name") || !hf_text_level(c, 3, &c->record.level.level) ||
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
    } else if (!again(c, &c->head_set, HEAD_LOWERS) &&
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
    if (again(c, &c->head_set, HEAD_WAIT) || !hf_text_number(c, 1, 1, 86400, &count)) {
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
    if (missing(c, 1, what) || (one && !hf_text_nothing_after(c, 2))) {
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

static struct hf_str way_name(unsigned i)
{
    return hf_policy_program_paths_name((enum hf_policy_program_paths)i);
}

static struct hf_str access_name(unsigned i)
{
    return hf_policy_tool_params_access_name((enum hf_policy_tool_params_access)i);
}

static struct hf_str kind_name(unsigned i)
{
    return hf_policy_tool_params_kind_name((enum hf_policy_tool_params_kind)i);
}

static struct hf_str result_name(unsigned i)
{
    return hf_policy_tool_result_name((enum hf_policy_tool_result)i);
}

static void program_member(struct hf_compiling *c)
{
    struct hf_policy_program *program = &c->record.program;
    if (hf_text_is(c, 0, "classes")) {
        hf_class_set set = again(c, &c->set, TOOL_CLASSES) ? 0 : hf_text_classes(c, 1);
        for (unsigned i = 0; i < HF_POLICY_FACTS_CLASSES_COUNT; i++) {
            if ((set >> i & 1) != 0) {
                program->classes[program->classes_count++] = (enum hf_policy_program_classes)i;
            }
        }
    } else if (hf_text_is(c, 0, "paths")) {
        unsigned set = 0;
        if (again(c, &c->set, TOOL_PATHS) || missing(c, 1, "what it does with paths")) {
            return;
        }
        for (size_t i = 1; i < c->token_count; i++) {
            int way = hf_text_choice(c, i, way_name, HF_POLICY_PROGRAM_PATHS_COUNT, "paths");
            if (way < 0) {
                return;
            }
            set |= 1u << way;
        }
        for (unsigned i = 0; i < HF_POLICY_PROGRAM_PATHS_COUNT; i++) {
            if ((set >> i & 1) != 0) {
                program->paths[program->paths_count++] = (enum hf_policy_program_paths)i;
            }
        }
    } else {
        hf_text_fault(c, c->tokens[0].column, "a line of a program begins with classes or paths");
    }
}

static void end_program(struct hf_compiling *c)
{
    for (size_t i = 0; i < c->name_count; i++) {
        c->record.program.words = c->names[i];
        hf_text_emit(c, HF_POLICY_BUNDLE_PROGRAM, &c->record, c->block_line);
    }
}

/* param NAME... KIND [ACCESS] */
static void take_params(struct hf_compiling *c)
{
    struct hf_policy_tool *tool = &c->record.tool;
    size_t last = c->token_count - 1;
    int access = -1;
    if (last >= 3 && (hf_text_is(c, last - 1, "path") || hf_text_is(c, last - 1, "patch"))) {
        for (unsigned i = 0; i < HF_POLICY_TOOL_PARAMS_ACCESS_COUNT; i++) {
            access = hf_str_eq(c->tokens[last].text, access_name(i)) ? (int)i : access;
        }
        last -= access >= 0 ? 1 : 0;
    }
    if (c->token_count < 3) {
        hf_text_fault(c, hf_text_end(c), "names of parameters and their kind are expected");
        return;
    }
    int kind = hf_text_choice(c, last, kind_name, HF_POLICY_TOOL_PARAMS_KIND_COUNT, "kind");
    for (size_t i = 1; i < last && kind >= 0; i++) {
        if (tool->params_count == HF_LEN(tool->params)) {
            hf_text_fault(c, c->tokens[i].column, "a tool has at most %zu parameters",
                          HF_LEN(tool->params));
            return;
        }
        if (c->tokens[i].text.len == 0 || c->tokens[i].text.len > 64) {
            hf_text_fault(c, c->tokens[i].column, "a parameter's name has 1 to 64 bytes");
            return;
        }
        struct hf_policy_tool_params *param = &tool->params[tool->params_count++];
        *param = (struct hf_policy_tool_params){.name = c->tokens[i].text,
                                                .kind = (enum hf_policy_tool_params_kind)kind};
        param->has_access = access >= 0;
        param->access = access < 0 ? 0 : (enum hf_policy_tool_params_access)access;
    }
}

static void tool_member(struct hf_compiling *c)
{
    struct hf_policy_tool *tool = &c->record.tool;
    if (hf_text_is(c, 0, "classes")) {
        hf_class_set set = again(c, &c->set, TOOL_CLASSES) ? 0 : hf_text_classes(c, 1);
        for (unsigned i = 0; i < HF_POLICY_FACTS_CLASSES_COUNT; i++) {
            if ((set >> i & 1) != 0) {
                tool->classes[tool->classes_count++] = (enum hf_policy_tool_classes)i;
            }
        }
    } else if (hf_text_is(c, 0, "param")) {
        take_params(c);
    } else if (hf_text_is(c, 0, "result")) {
        unsigned set = 0;
        if (again(c, &c->set, TOOL_RESULT) || missing(c, 1, "what its results are")) {
            return;
        }
        for (size_t i = 1; i < c->token_count; i++) {
            int label = hf_text_choice(c, i, result_name, HF_POLICY_TOOL_RESULT_COUNT, "result");
            set |= label < 0 ? 0 : 1u << label;
        }
        for (unsigned i = 0; i < HF_POLICY_TOOL_RESULT_COUNT; i++) {
            if ((set >> i & 1) != 0) {
                tool->result[tool->result_count++] = (enum hf_policy_tool_result)i;
            }
        }
    } else {
        hf_text_fault(c, c->tokens[0].column,
                      "a line of a tool begins with classes, param or result");
    }
}

static int by_name(const void *a, const void *b)
{
    const struct hf_policy_tool_params *x = a;
    const struct hf_policy_tool_params *y = b;
    return hf_bytes_cmp(hf_str_bytes(x->name), hf_str_bytes(y->name));
}

static void end_tool(struct hf_compiling *c)
{
    struct hf_policy_tool *tool = &c->record.tool;
    if ((c->set & TOOL_CLASSES) == 0) {
        hf_text_fault_at(c, c->block_line, 1, "the tool has no classes; say what it does");
        return;
    }
    qsort(tool->params, tool->params_count, sizeof *tool->params, by_name);
    for (size_t i = 1; i < tool->params_count; i++) {
        if (hf_str_eq(tool->params[i - 1].name, tool->params[i].name)) {
            hf_text_fault_at(c, c->block_line, 1, "the parameter %.*s is there twice",
                             HF_STR_ARG(tool->params[i].name));
            return;
        }
    }
    for (size_t i = 0; i < c->name_count; i++) {
        struct hf_str name = c->names[i];
        const char *star = name.len == 0 ? NULL : memchr(name.ptr, '*', name.len);
        if (star != NULL && (size_t)(star + 1 - name.ptr) != name.len) {
            hf_text_fault_at(c, c->block_line, 1, "a star stands at the end of a tool's name only");
            return;
        }
        tool->name = name;
        hf_text_emit(c, HF_POLICY_BUNDLE_TOOL, &c->record, c->block_line);
    }
}

static void end_test(struct hf_compiling *c)
{
    if (!c->test->has_call || !c->test->has_expect) {
        hf_text_fault_at(c, c->block_line, 1, "a test needs a call and what to expect");
    }
}

static void end_block(struct hf_compiling *c)
{
    enum hf_block block = c->block;
    c->block = HF_BLOCK_NONE;
    switch (block) {
    case HF_BLOCK_LIST: end_list(c); break;
    case HF_BLOCK_PROGRAM: end_program(c); break;
    case HF_BLOCK_TOOL: end_tool(c); break;
    case HF_BLOCK_RULE: hf_text_rule_end(c); break;
    case HF_BLOCK_TEST: end_test(c); break;
    case HF_BLOCK_NONE:
    case HF_BLOCK_SKIP: break;
    }
}

static void member(struct hf_compiling *c)
{
    switch (c->block) {
    case HF_BLOCK_LIST: list_member(c); break;
    case HF_BLOCK_PROGRAM: program_member(c); break;
    case HF_BLOCK_TOOL: tool_member(c); break;
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
