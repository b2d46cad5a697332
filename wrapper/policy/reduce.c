/* wrapper/policy/reduce.c: the parameters of a tool call as facts. */
#include "wrapper/policy/reduce.h"

#include "base/buf.h"
#include "base/parse.h"
#include "wrapper/policy/reducing.h"
#include "wrapper/policy/shell.h"

/* The classification of a tool: by its name, else by the longest beginning of it. */
static const struct hf_tool *find_tool(const struct hf_policy *policy, struct hf_str name)
{
    const struct hf_tool *best = NULL;
    for (size_t i = 0; i < policy->tool_count; i++) {
        const struct hf_tool *tool = &policy->tools[i];
        if (!tool->prefix && hf_str_eq(tool->name, name)) {
            return tool;
        }
        if (tool->prefix && hf_str_starts(name, tool->name) &&
            (best == NULL || tool->name.len > best->name.len)) {
            best = tool;
        }
    }
    return best;
}

static const struct hf_tool_param *find_param(const struct hf_tool *tool, struct hf_str name)
{
    for (size_t i = 0; tool != NULL && i < tool->param_count; i++) {
        if (hf_str_eq(tool->params[i].name, name)) {
            return &tool->params[i];
        }
    }
    return NULL;
}

static void add_strange(struct hf_reducing *r, struct hf_str name)
{
    struct hf_policy_facts *facts = r->facts;
    bool cut;
    if (facts->strange_count == sizeof facts->strange / sizeof *facts->strange) {
        facts->incomplete = true;
        return;
    }
    facts->strange[facts->strange_count++] =
        hf_reduce_text(r, name.len == 0 ? HF_STR("?") : name, 64, &cut);
}

/* A single value as text; what has no single value is a strange parameter. */
static void add_value(struct hf_reducing *r, struct hf_str name, const struct hf_json *value)
{
    struct hf_policy_facts *facts = r->facts;
    char number[24];
    struct hf_str text = {NULL, 0};
    bool cut;
    struct hf_writer w = hf_writer_init(number, sizeof number);
    switch (hf_json_kind(value)) {
    case HF_JSON_STR: text = hf_json_as_str(value); break;
    case HF_JSON_INT:
        hf_writer_printf(&w, "%lld", (long long)hf_json_as_i64(value));
        text = hf_bytes_str(hf_writer_done(&w));
        break;
    case HF_JSON_BOOL: text = hf_json_as_bool(value) ? HF_STR("true") : HF_STR("false"); break;
    case HF_JSON_NULL: return;
    case HF_JSON_REAL:
    case HF_JSON_ARRAY:
    case HF_JSON_OBJECT: add_strange(r, name); return;
    }
    if (facts->params_count == sizeof facts->params / sizeof *facts->params) {
        facts->incomplete = true;
        return;
    }
    struct hf_policy_facts_params *param = &facts->params[facts->params_count++];
    param->name = hf_reduce_text(r, name, 64, &cut);
    param->value = hf_reduce_text(r, text, 128, &cut);
    if (cut) {
        add_strange(r, name);
    }
}

/* Digits with at most one point to millionths; false for anything else, and for what is negative.
 * */
static bool parse_micros(struct hf_str text, uint64_t *ret)
{
    uint64_t value = 0;
    unsigned places = 0;
    bool point = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || places == 6 || value > 9 * UINT64_C(100000000000000)) {
            return false;
        }
        value = value * 10 + (uint64_t)(c - '0');
        places += point ? 1 : 0;
    }
    for (; places < 6; places++) {
        if (value > 9 * UINT64_C(100000000000000)) {
            return false;
        }
        value *= 10;
    }
    *ret = value;
    return text.len > (point ? 1 : 0) && value <= 9 * UINT64_C(1000000000000000);
}

static void add_amount(struct hf_reducing *r, struct hf_str name, const struct hf_json *value,
                       bool cents)
{
    uint64_t micros = 0;
    bool good = false;
    enum hf_json_kind kind = hf_json_kind(value);
    if (kind == HF_JSON_STR) {
        good = parse_micros(hf_json_as_str(value), &micros);
    } else if (kind == HF_JSON_INT && hf_json_as_i64(value) >= 0) {
        good = !__builtin_mul_overflow((uint64_t)hf_json_as_i64(value), UINT64_C(1000000), &micros);
    } else if (kind == HF_JSON_REAL && hf_json_as_real(value) >= 0 &&
               hf_json_as_real(value) < 9e9) {
        /* The next millionth above: a rule may take an amount for more than it is, never for less.
         * */
        micros = (uint64_t)(hf_json_as_real(value) * 1e6) + 1;
        good = true;
    }
    micros = cents ? (micros + 99) / 100 : micros;
    if (!good || r->has_amount || micros > 9 * UINT64_C(1000000000000000)) {
        add_strange(r, name);
        r->facts->incomplete = true;
        return;
    }
    r->has_amount = true;
    r->micros = micros;
}

static void reduce_text_param(struct hf_reducing *r, const struct hf_tool_param *param,
                              hf_class_set classes, struct hf_str text)
{
    enum hf_policy_facts_paths_access access = HF_POLICY_FACTS_PATHS_ACCESS_READ;
    if (param->access >= 0) {
        access = (enum hf_policy_facts_paths_access)param->access;
    } else if ((classes & HF_CLASS_BIT(DESTROY)) != 0) {
        access = HF_POLICY_FACTS_PATHS_ACCESS_DESTROY;
    } else if ((classes & HF_CLASS_BIT(WRITE)) != 0) {
        access = HF_POLICY_FACTS_PATHS_ACCESS_WRITE;
    } else if ((classes & HF_CLASS_BIT(EXECUTE)) != 0) {
        access = HF_POLICY_FACTS_PATHS_ACCESS_EXECUTE;
    }
    bool good = true;
    switch ((int)param->kind) {
    case HF_POLICY_TOOL_PARAMS_KIND_PATH: hf_reduce_tool_path(r, text, access); break;
    case HF_POLICY_TOOL_PARAMS_KIND_URL: good = hf_reduce_url(r, text); break;
    case HF_POLICY_TOOL_PARAMS_KIND_HOST: good = hf_reduce_host(r, text); break;
    case HF_POLICY_TOOL_PARAMS_KIND_COMMAND:
        hf_reduce_line(r, text, HF_POLICY_FACTS_COMMANDS_JOIN_FIRST);
        break;
    case HF_POLICY_TOOL_PARAMS_KIND_PATCH: hf_reduce_patch(r, text); break;
    default: break;
    }
    if (!good) {
        hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_HOST);
    }
}

/* A command given as a list of words needs no shell: each is quoted, so that it stays one word. */
static void reduce_argv(struct hf_reducing *r, const struct hf_json *words)
{
    struct hf_buf line = hf_buf_init(HF_SHELL_TEXT_MAX);
    for (size_t i = 0; i < hf_json_count(words); i++) {
        const struct hf_json *word = hf_json_at(words, i);
        if (hf_json_kind(word) != HF_JSON_STR) {
            hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_SYNTAX);
            continue;
        }
        struct hf_str text = hf_json_as_str(word);
        hf_buf_str(&line, HF_STR("'"));
        for (size_t k = 0; k < text.len; k++) {
            hf_buf_str(&line,
                       text.ptr[k] == '\'' ? HF_STR("'\\''") : (struct hf_str){text.ptr + k, 1});
        }
        hf_buf_str(&line, HF_STR("' "));
    }
    struct hf_str copy = hf_arena_str(r->arena, hf_bytes_str(hf_buf_bytes(&line)));
    if (line.failed != HF_OK || copy.ptr == NULL) {
        r->facts->incomplete = true;
    } else {
        hf_reduce_line(r, copy, HF_POLICY_FACTS_COMMANDS_JOIN_FIRST);
    }
    hf_buf_free(&line);
}

static void reduce_param(struct hf_reducing *r, hf_class_set classes,
                         const struct hf_tool_param *param, const struct hf_json *value)
{
    enum hf_json_kind kind = hf_json_kind(value);
    if (param->kind == HF_POLICY_TOOL_PARAMS_KIND_TEXT || kind == HF_JSON_NULL) {
        return;
    }
    if (param->kind == HF_POLICY_TOOL_PARAMS_KIND_VALUE) {
        add_value(r, param->name, value);
    } else if (param->kind == HF_POLICY_TOOL_PARAMS_KIND_AMOUNT ||
               param->kind == HF_POLICY_TOOL_PARAMS_KIND_CENTS) {
        add_amount(r, param->name, value, param->kind == HF_POLICY_TOOL_PARAMS_KIND_CENTS);
    } else if (param->kind == HF_POLICY_TOOL_PARAMS_KIND_COMMAND && kind == HF_JSON_ARRAY) {
        reduce_argv(r, value);
    } else if (kind == HF_JSON_STR) {
        if (param->kind == HF_POLICY_TOOL_PARAMS_KIND_CURRENCY) {
            r->currency = hf_json_as_str(value);
        } else if (param->kind != HF_POLICY_TOOL_PARAMS_KIND_FOLDER) {
            reduce_text_param(r, param, classes, hf_json_as_str(value));
        }
    } else if (kind == HF_JSON_ARRAY) {
        for (size_t i = 0; i < hf_json_count(value); i++) {
            const struct hf_json *item = hf_json_at(value, i);
            if (hf_json_kind(item) == HF_JSON_STR) {
                reduce_text_param(r, param, classes, hf_json_as_str(item));
            } else {
                add_strange(r, param->name);
            }
        }
    } else {
        add_strange(r, param->name);
    }
}

/* The folder in which everything else happens comes first. */
static void reduce_folder(struct hf_reducing *r, const struct hf_tool *tool)
{
    for (size_t i = 0; i < hf_json_count(r->call->params); i++) {
        struct hf_str name;
        struct hf_str path;
        bool moved;
        const struct hf_json *value = hf_json_member(r->call->params, i, &name);
        const struct hf_tool_param *param = find_param(tool, name);
        if (param == NULL || param->kind != HF_POLICY_TOOL_PARAMS_KIND_FOLDER ||
            hf_json_kind(value) == HF_JSON_NULL) {
            continue;
        }
        if (hf_json_kind(value) != HF_JSON_STR) {
            add_strange(r, name);
        } else if (hf_reduce_resolve(r, hf_json_as_str(value), &path, &moved)) {
            hf_reduce_tool_path(r, hf_json_as_str(value), HF_POLICY_FACTS_PATHS_ACCESS_READ);
            r->cwd = path;
        }
    }
}

static void finish_amount(struct hf_reducing *r)
{
    struct hf_policy_facts *facts = r->facts;
    if (!r->has_amount) {
        return;
    }
    char *currency = hf_arena_cstr(r->arena, HF_STR("XXX"));
    if (currency == NULL) {
        facts->incomplete = true;
        return;
    }
    bool good = r->currency.len == 3;
    for (size_t i = 0; i < 3 && good; i++) {
        char c = r->currency.ptr[i];
        c = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        good = c >= 'A' && c <= 'Z';
        currency[i] = good ? c : 'X';
    }
    facts->amounts[0] = (struct hf_policy_facts_amounts){{good ? currency : "XXX", 3}, r->micros};
    facts->amounts_count = 1;
}

void hf_reduce(const struct hf_policy *policy, const struct hf_call *call, struct hf_arena *arena,
               struct hf_policy_facts *io_facts)
{
    struct hf_reducing r = {
        .policy = policy, .call = call, .arena = arena, .facts = io_facts, .cwd = call->cwd};
    const struct hf_tool *tool = find_tool(policy, io_facts->tool);
    hf_class_set tool_classes = tool == NULL ? 0 : tool->classes;
    hf_facts_add_classes(io_facts, tool_classes);
    if (call->params != NULL && hf_json_kind(call->params) != HF_JSON_OBJECT) {
        io_facts->incomplete = true;
        return;
    }
    size_t count = call->params == NULL ? 0 : hf_json_count(call->params);
    if (count > 0) {
        reduce_folder(&r, tool);
    }
    for (size_t i = 0; i < count; i++) {
        struct hf_str name;
        const struct hf_json *value = hf_json_member(call->params, i, &name);
        const struct hf_tool_param *param = find_param(tool, name);
        if (param == NULL) {
            add_strange(&r, name);
        } else {
            reduce_param(&r, tool_classes, param, value);
        }
    }
    finish_amount(&r);
    if (hf_arena_overflow(arena)) {
        io_facts->incomplete = true;
    }
}

unsigned hf_policy_result_taint(const struct hf_policy *policy, const struct hf_policy_facts *facts)
{
    const struct hf_tool *tool = find_tool(policy, facts->tool);
    hf_class_set classes = hf_facts_classes(facts);
    unsigned labels = tool == NULL ? 1u << HF_POLICY_FACTS_TAINT_UNTRUSTED : tool->result;
    if ((classes & HF_CLASS_BIT(COMMUNICATE)) != 0) {
        labels |= 1u << HF_POLICY_FACTS_TAINT_UNTRUSTED;
    }
    if ((classes & HF_CLASS_BIT(CREDENTIAL)) != 0 || facts->secrets_count > 0) {
        labels |= 1u << HF_POLICY_FACTS_TAINT_CREDENTIAL;
    }
    return labels;
}

bool hf_policy_param_is_text(const struct hf_policy *policy, struct hf_str tool,
                             struct hf_str param)
{
    const struct hf_tool_param *known = find_param(find_tool(policy, tool), param);
    return known != NULL && (known->kind == HF_POLICY_TOOL_PARAMS_KIND_TEXT ||
                             known->kind == HF_POLICY_TOOL_PARAMS_KIND_PATCH);
}
