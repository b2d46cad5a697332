/* wrapper/policy/print.c: writes the text of a policy bundle, and sees that it compiles to it. */
#include "wrapper/policy/print.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/json_out.h"
#include "wrapper/policy/bundle.h"
#include "wrapper/policy/compiling.h"
#include "wrapper/policy/facts.h"
#include "wrapper/policy/policy.h"
#include "wrapper/policy/printing.h"
#include "wrapper/policy/text.h"

enum {
    COLUMNS = 100 /* where lines of names and values are broken */
};

/* A program or a tool: its name as a word, and the lines that say what it does. */
struct entry {
    size_t name_at; /* in the buffer of names, which may still move */
    size_t name_len;
    size_t lines_at;
    size_t lines_len;
    const struct printer *printer;
};

struct printer {
    struct hf_buf *out;
    struct hf_buf names;
    struct hf_buf lines;
    struct entry *entries;
    size_t entry_count;
    size_t entry_cap;
    enum hf_policy_bundle_kind kind; /* of the record before, and so of the entries */
    union hf_policy_bundle_record record;
};

static bool is_plain(struct hf_str word)
{
    static const char others[] = "-_.:/@$*+=,~%";
    for (size_t i = 0; i < word.len; i++) {
        char ch = word.ptr[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
              (ch != '\0' && memchr(others, ch, sizeof others - 1) != NULL))) {
            return false;
        }
    }
    /* The one word with a meaning where there may be values before it. */
    return word.len > 0 && !hf_str_eq(word, HF_STR("within"));
}

void hf_print_quoted(struct hf_buf *out, struct hf_str text)
{
    hf_buf_str(out, HF_STR(" \""));
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') {
            hf_buf_str(out, HF_STR("\\"));
        }
        hf_buf_put(out, &text.ptr[i], 1);
    }
    hf_buf_str(out, HF_STR("\""));
}

void hf_print_word(struct hf_buf *out, struct hf_str word)
{
    if (is_plain(word)) {
        hf_buf_str(out, HF_STR(" "));
        hf_buf_str(out, word);
    } else {
        hf_print_quoted(out, word);
    }
}

static void put_head(struct hf_buf *out, const struct hf_policy_head *head)
{
    static const struct {
        const char *name;
        unsigned seconds;
    } units[] = {{"hours", 3600}, {"minutes", 60}, {"seconds", 1}};

    size_t unit = 0;
    while (head->wait % units[unit].seconds != 0) {
        unit++;
    }
    hf_buf_printf(out, "policy %.*s version %.*s\nlevel L%u\n", HF_STR_ARG(head->name),
                  HF_STR_ARG(head->version), (unsigned)head->level);
    hf_buf_printf(out, "untrusted lowers %u never below L%u\nwait %llu %s\n",
                  (unsigned)head->lowers, (unsigned)head->lowest,
                  (unsigned long long)head->wait / units[unit].seconds, units[unit].name);
}

/* Parts of a list follow each other, and are one list. */
static void put_list(struct printer *p, const struct hf_policy_list *list)
{
    if (list->part == 0) {
        hf_buf_str(p->out, HF_STR("\nlist"));
        hf_print_word(p->out, list->name);
        hf_buf_str(p->out, HF_STR("\n"));
    }
    size_t begin = p->out->len;
    for (size_t i = 0; i < list->values_count; i++) {
        if (i == 0 || p->out->len - begin + list->values[i].len > COLUMNS) {
            hf_buf_str(p->out, i == 0 ? HF_STR(" ") : HF_STR("\n "));
            begin = p->out->len - 1;
        }
        hf_print_word(p->out, list->values[i]);
    }
    hf_buf_str(p->out, HF_STR("\n"));
}

/* A line of names of the schema; none when there are none of them. */
#define NAMES(out, word, list, count, name)                                                        \
    do {                                                                                           \
        if ((count) > 0) {                                                                         \
            hf_buf_str(out, HF_STR("  " word));                                                    \
        }                                                                                          \
        for (size_t k = 0; k < (count); k++) {                                                     \
            hf_print_word(out, name((list)[k]));                                                   \
        }                                                                                          \
        if ((count) > 0) {                                                                         \
            hf_buf_str(out, HF_STR("\n"));                                                         \
        }                                                                                          \
    } while (0)

static void keep_entry(struct printer *p, struct hf_str name, size_t lines_at)
{
    size_t name_at = p->names.len;
    if (p->entry_count == p->entry_cap) {
        size_t cap = p->entry_cap == 0 ? 64 : 2 * p->entry_cap;
        struct entry *grown = hf_heap_resize(p->entries, cap, sizeof *grown);
        if (grown == NULL) {
            p->out->failed = HF_ENOMEM;
            return;
        }
        p->entries = grown;
        p->entry_cap = cap;
    }
    hf_print_word(&p->names, name);
    p->entries[p->entry_count++] =
        (struct entry){name_at, p->names.len - name_at, lines_at, p->lines.len - lines_at, p};
}

static void take_program(struct printer *p, const struct hf_policy_program *program)
{
    size_t lines_at = p->lines.len;
    NAMES(&p->lines, "classes", program->classes, program->classes_count,
          hf_policy_program_classes_name);
    NAMES(&p->lines, "paths", program->paths, program->paths_count, hf_policy_program_paths_name);
    for (size_t i = 0; i < program->options_count; i++) {
        hf_buf_str(&p->lines, i == 0 ? HF_STR("  options") : HF_STR(""));
        hf_print_word(&p->lines, program->options[i]);
    }
    hf_buf_str(&p->lines, program->options_count > 0 ? HF_STR("\n") : HF_STR(""));
    keep_entry(p, program->words, lines_at);
}

static void take_tool(struct printer *p, const struct hf_policy_tool *tool)
{
    struct hf_buf *out = &p->lines;
    size_t lines_at = out->len;
    NAMES(out, "classes", tool->classes, tool->classes_count, hf_policy_tool_classes_name);
    for (size_t i = 0; i < tool->params_count; i++) {
        const struct hf_policy_tool_params *param = &tool->params[i];
        hf_buf_str(out, HF_STR("  param"));
        hf_print_word(out, param->name);
        hf_print_word(out, hf_policy_tool_params_kind_name(param->kind));
        if (param->has_access) {
            hf_print_word(out, hf_policy_tool_params_access_name(param->access));
        }
        hf_buf_str(out, HF_STR("\n"));
    }
    NAMES(out, "result", tool->result, tool->result_count, hf_policy_tool_result_name);
    keep_entry(p, tool->name, lines_at);
}

static struct hf_bytes name_of(const struct entry *e)
{
    return hf_bytes_of(e->printer->names.ptr + e->name_at, e->name_len);
}

static struct hf_bytes lines_of(const struct entry *e)
{
    return hf_bytes_of(e->printer->lines.ptr + e->lines_at, e->lines_len);
}

static int by_lines_then_name(const void *a, const void *b)
{
    int order = hf_bytes_cmp(lines_of(a), lines_of(b));
    return order != 0 ? order : hf_bytes_cmp(name_of(a), name_of(b));
}

/* All programs, or all tools: blocks of those of which the same is said. */
static void put_entries(struct printer *p)
{
    const char *word = p->kind == HF_POLICY_BUNDLE_PROGRAM ? "program" : "tool";
    struct hf_buf *out = p->out;
    if (p->names.failed != HF_OK || p->lines.failed != HF_OK) {
        out->failed = p->names.failed != HF_OK ? p->names.failed : p->lines.failed;
    }
    if (out->failed == HF_OK && p->entry_count > 0) {
        qsort(p->entries, p->entry_count, sizeof *p->entries, by_lines_then_name);
    }
    for (size_t i = 0; i < p->entry_count && out->failed == HF_OK;) {
        const struct entry *first = &p->entries[i];
        size_t begin = out->len;
        hf_buf_printf(out, "\n%s", word);
        do {
            hf_buf_str(out, hf_bytes_str(name_of(&p->entries[i])));
            i++;
        } while (i < p->entry_count && hf_bytes_eq(lines_of(first), lines_of(&p->entries[i])) &&
                 out->len - begin + p->entries[i].name_len <= COLUMNS);
        hf_buf_str(out, HF_STR("\n"));
        hf_buf_str(out, hf_bytes_str(lines_of(first)));
    }
    p->entry_count = 0;
    hf_buf_clear(&p->names);
    hf_buf_clear(&p->lines);
}

static void put_rule(struct hf_buf *out, const struct hf_policy_rule *rule)
{
    static const char *const effects[] = {"forbid", "ask", "permit"};
    hf_buf_str(out, HF_STR("\nrule"));
    hf_print_word(out, rule->id);
    hf_buf_printf(out, "\n  %s\n", effects[rule->effect]);
    NAMES(out, "classes", rule->classes, rule->classes_count, hf_policy_rule_classes_name);
    for (size_t i = 0; i < rule->tools_count; i++) {
        hf_buf_str(out, i == 0 ? HF_STR("  tools") : HF_STR(""));
        hf_print_word(out, rule->tools[i]);
    }
    hf_buf_str(out, rule->tools_count > 0 ? HF_STR("\n") : HF_STR(""));
    for (size_t i = 0; i < rule->levels_count; i++) {
        hf_buf_printf(out, "%s L%u", i == 0 ? "  levels" : "", (unsigned)rule->levels[i]);
    }
    hf_buf_str(out, rule->levels_count > 0 ? HF_STR("\n") : HF_STR(""));
    for (size_t i = 0; i < rule->conditions_count; i++) {
        hf_print_condition(out, &rule->conditions[i]);
    }
    hf_buf_printf(out, "  risk %.*s\n  asi %.*s\n  reason",
                  HF_STR_ARG(hf_policy_rule_risk_name(rule->risk)),
                  HF_STR_ARG(hf_policy_rule_asi_name(rule->asi)));
    hf_print_quoted(out, rule->reason);
    hf_buf_str(out, HF_STR("\n"));
}

/* JSON, in which characters that cannot be seen are spelled: other people wrote them. */
static void put_json(struct hf_buf *out, struct hf_str json)
{
    while (json.len > 0) {
        size_t len;
        uint32_t ch = hf_utf8_next(json, &len);
        if (!hf_utf8_hidden(ch)) {
            hf_buf_put(out, json.ptr, len);
        } else if (ch < 0x10000) {
            hf_buf_printf(out, "\\u%04x", ch);
        } else {
            hf_buf_printf(out, "\\u%04x\\u%04x", 0xD7C0 + (ch >> 10), 0xDC00 + (ch & 0x3FF));
        }
        json = (struct hf_str){json.ptr + len, json.len - len};
    }
}

static enum hf_rc put_vector(struct hf_buf *out, const struct hf_policy_vector *vector,
                             struct hf_err *err)
{
    struct hf_policy_facts facts;
    struct hf_buf text = hf_buf_init(HF_POLICY_TEXT_MAX);
    struct hf_json_out json;
    enum hf_rc rc = hf_facts_decode(vector->facts, &facts, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, HF_EMISMATCH,
                           "vector %.*s has no words in the language of policies",
                           HF_STR_ARG(vector->name));
    }
    hf_buf_str(out, HF_STR("\ntest"));
    hf_print_quoted(out, vector->name);
    hf_buf_str(out, HF_STR("\n  facts "));
    hf_json_init(&json, &text);
    hf_policy_facts_to_json(&facts, &json);
    put_json(out, hf_bytes_str(hf_buf_bytes(&text)));
    out->failed = out->failed != HF_OK ? out->failed : text.failed;
    hf_buf_free(&text);
    hf_buf_printf(out, "\n  expect %.*s",
                  HF_STR_ARG(hf_policy_vector_verdict_name(vector->verdict)));
    if (vector->has_rule) {
        hf_buf_printf(out, " by %.*s", HF_STR_ARG(vector->rule));
    }
    hf_buf_str(out, HF_STR("\n"));
    return HF_OK;
}

static enum hf_rc put_record(struct printer *p, enum hf_policy_bundle_kind kind, struct hf_err *err)
{
    const union hf_policy_bundle_record *record = &p->record;
    if (kind != p->kind && p->entry_count > 0) {
        put_entries(p);
    }
    p->kind = kind;
    switch (kind) {
    case HF_POLICY_BUNDLE_HEAD: put_head(p->out, &record->head); break;
    case HF_POLICY_BUNDLE_LEVEL:
        hf_buf_printf(p->out, "level %.*s", HF_STR_ARG(hf_policy_level_of_name(record->level.of)));
        hf_print_word(p->out, record->level.name);
        hf_buf_printf(p->out, " L%u\n", (unsigned)record->level.level);
        break;
    case HF_POLICY_BUNDLE_LIST: put_list(p, &record->list); break;
    case HF_POLICY_BUNDLE_PROGRAM: take_program(p, &record->program); break;
    case HF_POLICY_BUNDLE_TOOL: take_tool(p, &record->tool); break;
    case HF_POLICY_BUNDLE_RULE: put_rule(p->out, &record->rule); break;
    case HF_POLICY_BUNDLE_VECTOR: return put_vector(p->out, &record->vector, err);
    case HF_POLICY_BUNDLE_KIND_END: break;
    }
    return HF_OK;
}

/* All records. The last ones are rules or vectors, so that no entries are left. */
static enum hf_rc put_all(struct printer *p, struct hf_bytes bundle, struct hf_err *err)
{
    struct hf_policy_bundle_reader reader;
    enum hf_rc rc = hf_policy_bundle_open(bundle, &reader, err);
    while (rc == HF_OK && p->out->failed == HF_OK) {
        rc = hf_policy_bundle_next(&reader, &p->record, err);
        if (rc == HF_OK) {
            rc = put_record(p, reader.kind, err);
        }
    }
    rc = rc == HF_EEND ? HF_OK : rc;
    return rc != HF_OK ? rc : p->out->failed;
}

/* What was written is the bundle. */
static enum hf_rc check(struct hf_bytes bundle, struct hf_str text, struct hf_err *err)
{
    struct hf_policy_faults *faults = hf_heap_zalloc(1, sizeof *faults);
    struct hf_buf again = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    enum hf_rc rc = HF_ENOMEM;
    if (faults != NULL) {
        rc = hf_policy_compile(text, &again, faults, err);
    }
    if (rc == HF_EINVAL || (rc == HF_OK && !hf_bytes_eq(hf_buf_bytes(&again), bundle))) {
        rc = hf_err_set(err, HF_EMISMATCH,
                        "the language of policies has no words for something in this bundle");
    }
    hf_buf_free(&again);
    hf_heap_free(faults);
    return rc;
}

enum hf_rc hf_policy_print(struct hf_bytes bundle, struct hf_buf *out, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(HF_POLICY_TEXT_MAX);
    struct printer *p = hf_heap_zalloc(1, sizeof *p);
    enum hf_rc rc = HF_ENOMEM;
    if (p != NULL) {
        p->out = &text;
        p->names = hf_buf_init(HF_POLICY_TEXT_MAX);
        p->lines = hf_buf_init(HF_POLICY_TEXT_MAX);
        rc = put_all(p, bundle, err);
        hf_buf_free(&p->names);
        hf_buf_free(&p->lines);
        hf_heap_free(p->entries);
    }
    if (rc == HF_OK) {
        rc = check(bundle, hf_bytes_str(hf_buf_bytes(&text)), err);
    }
    if (rc == HF_OK) {
        hf_buf_put(out, text.ptr, text.len);
        rc = out->failed;
    }
    if (rc == HF_ETOOBIG) {
        rc = hf_err_set(err, rc, "as text, this policy has more than the %u bytes of a text",
                        HF_POLICY_TEXT_MAX);
    } else if (rc == HF_ENOMEM) {
        rc = hf_err_set(err, rc, "out of memory");
    }
    hf_buf_free(&text);
    hf_heap_free(p);
    return rc;
}
