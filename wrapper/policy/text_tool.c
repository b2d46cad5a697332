/* wrapper/policy/text_tool.c: the blocks that say what tools and programs do. */
#include <stdlib.h>

#include "base/assert.h"
#include "wrapper/policy/compiling.h"

enum {
    TOOL_CLASSES = 1u << 0,
    TOOL_PATHS = 1u << 1,
    TOOL_RESULT = 1u << 2
};

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

/* options LETTERS --word -word + -: may stand on several lines. */
static void take_options(struct hf_compiling *c)
{
    struct hf_policy_program *program = &c->record.program;
    if (hf_text_missing(c, 1, "letters or words of options, or \"-\" for none")) {
        return;
    }
    for (size_t i = 1; i < c->token_count; i++) {
        struct hf_str text = c->tokens[i].text;
        if (text.len == 0 || text.len > 64) {
            hf_text_fault(c, c->tokens[i].column, "an option has 1 to 64 bytes");
            return;
        }
        if (program->options_count == HF_LEN(program->options)) {
            hf_text_fault(c, c->tokens[i].column, "a program has at most %zu options",
                          HF_LEN(program->options));
            return;
        }
        program->options[program->options_count++] = text;
    }
    program->has_options = true;
}

void hf_text_program_member(struct hf_compiling *c)
{
    struct hf_policy_program *program = &c->record.program;
    if (hf_text_is(c, 0, "classes")) {
        hf_class_set set = hf_text_again(c, &c->set, TOOL_CLASSES) ? 0 : hf_text_classes(c, 1);
        for (unsigned i = 0; i < HF_POLICY_FACTS_CLASSES_COUNT; i++) {
            if ((set >> i & 1) != 0) {
                program->classes[program->classes_count++] = (enum hf_policy_program_classes)i;
            }
        }
    } else if (hf_text_is(c, 0, "paths")) {
        unsigned set = 0;
        if (hf_text_again(c, &c->set, TOOL_PATHS) ||
            hf_text_missing(c, 1, "what it does with paths")) {
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
    } else if (hf_text_is(c, 0, "options")) {
        take_options(c);
    } else {
        hf_text_fault(c, c->tokens[0].column,
                      "a line of a program begins with classes, paths or options");
    }
}

void hf_text_program_end(struct hf_compiling *c)
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

void hf_text_tool_member(struct hf_compiling *c)
{
    struct hf_policy_tool *tool = &c->record.tool;
    if (hf_text_is(c, 0, "classes")) {
        hf_class_set set = hf_text_again(c, &c->set, TOOL_CLASSES) ? 0 : hf_text_classes(c, 1);
        for (unsigned i = 0; i < HF_POLICY_FACTS_CLASSES_COUNT; i++) {
            if ((set >> i & 1) != 0) {
                tool->classes[tool->classes_count++] = (enum hf_policy_tool_classes)i;
            }
        }
    } else if (hf_text_is(c, 0, "param")) {
        take_params(c);
    } else if (hf_text_is(c, 0, "result")) {
        unsigned set = 0;
        if (hf_text_again(c, &c->set, TOOL_RESULT) ||
            hf_text_missing(c, 1, "what its results are")) {
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

void hf_text_tool_end(struct hf_compiling *c)
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
        tool->name = c->names[i];
        hf_text_emit(c, HF_POLICY_BUNDLE_TOOL, &c->record, c->block_line);
    }
}
