/* wrapper/policy/compile.c: makes a bundle of a policy's text: order, lists, golden vectors. */
#include <stdlib.h>

#include "base/assert.h"
#include "base/heap.h"
#include "wrapper/policy/compiling.h"
#include "wrapper/policy/reduce.h"

enum {
    KEY_MAX = 512
};

static struct hf_bytes keep(struct hf_compiling *c, struct hf_bytes bytes)
{
    struct hf_str copy = hf_arena_str(&c->arena, hf_bytes_str(bytes));
    if (copy.ptr == NULL) {
        c->failed = HF_ENOMEM;
    }
    return hf_str_bytes(copy);
}

void hf_text_emit(struct hf_compiling *c, enum hf_policy_bundle_kind kind,
                  const union hf_policy_bundle_record *record, unsigned line)
{
    struct hf_buf bytes = hf_buf_init(HF_POLICY_BUNDLE_RECORD_MAX + 16);
    uint8_t key[KEY_MAX];
    struct hf_writer w = hf_writer_init(key, sizeof key);
    struct hf_err err = {0};
    if (hf_policy_bundle_put(kind, record, &bytes, &err) != HF_OK) {
        hf_text_fault_at(c, line, 1, "%.180s", err.text);
    } else if (bytes.failed != HF_OK || !hf_text_grow(c, (void **)&c->items, c->item_count,
                                                      &c->item_cap, sizeof *c->items)) {
        c->failed = HF_ENOMEM;
    } else {
        hf_policy_bundle_key(kind, record, &w);
        c->items[c->item_count++] = (struct hf_item){kind, line, keep(c, hf_writer_done(&w)),
                                                     keep(c, hf_buf_bytes(&bytes))};
    }
    hf_buf_free(&bytes);
}

static int by_kind_then_key(const void *a, const void *b)
{
    const struct hf_item *x = a;
    const struct hf_item *y = b;
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    int order = hf_bytes_cmp(x->key, y->key);
    return order != 0 ? order : x->line < y->line ? -1 : x->line > y->line ? 1 : 0;
}

/* Puts the records in their order; two with one key are a mistake. */
static void sort_items(struct hf_compiling *c)
{
    static const char *const names[HF_POLICY_BUNDLE_KIND_END] = {
        "?", "?", "level", "list", "program", "tool", "rule", "test"};
    if (c->item_count > 0) {
        qsort(c->items, c->item_count, sizeof *c->items, by_kind_then_key);
    }
    for (size_t i = 1; i < c->item_count; i++) {
        const struct hf_item *a = &c->items[i - 1];
        const struct hf_item *b = &c->items[i];
        if (a->kind == b->kind && hf_bytes_eq(a->key, b->key)) {
            hf_text_fault_at(c, b->line, 1, "this %s is there already, on line %u", names[b->kind],
                             a->line);
        }
    }
}

static int by_name(const void *a, const void *b)
{
    const struct hf_list_block *x = a;
    const struct hf_list_block *y = b;
    return hf_bytes_cmp(hf_str_bytes(x->name), hf_str_bytes(y->name));
}

/* Lists that are used are there, and what is in them could fit where they are used. */
static void check_lists(struct hf_compiling *c)
{
    if (c->list_count > 0) {
        qsort(c->lists, c->list_count, sizeof *c->lists, by_name);
    }
    for (size_t i = 0; i < c->use_count; i++) {
        const struct hf_list_use *use = &c->uses[i];
        struct hf_list_block wanted = {.name = use->name};
        struct hf_list_block *list =
            c->list_count == 0 ? NULL
                               : bsearch(&wanted, c->lists, c->list_count, sizeof wanted, by_name);
        if (list == NULL) {
            hf_text_fault_at(c, use->line, use->column, "there is no list %.*s",
                             HF_STR_ARG(use->name));
            continue;
        }
        for (size_t k = 0; k < list->count && (list->checked & 1u << use->fact) == 0; k++) {
            const struct hf_list_value *value = &c->values[list->first + k];
            (void)hf_text_value_fault(c, use->fact, &value->token, value->line);
        }
        list->checked |= 1u << use->fact;
    }
}

/* A rule that a test expects is one of the text's, or one of those that every policy has. */
static void check_tests(struct hf_compiling *c)
{
    for (size_t i = 0; i < c->test_count; i++) {
        const struct hf_text_test *test = c->tests[i];
        struct hf_item wanted = {.kind = HF_POLICY_BUNDLE_RULE, .key = hf_str_bytes(test->rule)};
        size_t low = 0;
        size_t high = c->item_count;
        while (low < high) { /* the first that is not before it */
            size_t middle = low + (high - low) / 2;
            if (by_kind_then_key(&c->items[middle], &wanted) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        bool found = low < c->item_count && c->items[low].kind == wanted.kind &&
                     hf_bytes_eq(c->items[low].key, wanted.key);
        if (test->rule.len > 0 && !found && !hf_str_starts(test->rule, HF_STR("holdfast."))) {
            hf_text_fault_at(c, test->rule_line, test->rule_column, "there is no rule %.*s",
                             HF_STR_ARG(test->rule));
        }
    }
}

/* Mistakes that only the whole shows. */
static void check_whole(struct hf_compiling *c)
{
    static const char *const names[HF_POLICY_BUNDLE_KIND_END] = {
        "?", "?", "levels", "parts of lists", "programs", "tools", "rules", "tests"};
    size_t counts[HF_POLICY_BUNDLE_KIND_END] = {0};
    for (size_t i = 0; i < c->item_count; i++) {
        counts[c->items[i].kind]++;
    }
    counts[HF_POLICY_BUNDLE_VECTOR] = c->test_count;
    for (size_t kind = HF_POLICY_BUNDLE_LEVEL; kind < HF_POLICY_BUNDLE_KIND_END; kind++) {
        if (counts[kind] > HF_POLICY_BUNDLE_RECORD_MAX) {
            hf_text_fault_at(c, 1, 1, "a policy has at most %d %s; these are %zu",
                             HF_POLICY_BUNDLE_RECORD_MAX, names[kind], counts[kind]);
        }
    }
    check_lists(c);
    if (c->faults->count > 0) {
        return; /* whatever else is missing may be what is wrong */
    }
    check_tests(c);
    if (c->head_line == 0) {
        hf_text_fault_at(c, 1, 1, "the policy has no name; begin with: policy NAME version 1");
    } else if (counts[HF_POLICY_BUNDLE_RULE] == 0) {
        hf_text_fault_at(c, 1, 1, "the policy has no rules; an empty policy is not valid");
    }
}

/* Head and records as a bundle. */
static void write_bundle(struct hf_compiling *c, struct hf_buf *out)
{
    union hf_policy_bundle_record record = {.head = c->head};
    struct hf_err err = {0};
    record.head.format = 1;
    record.head.counts_count = HF_POLICY_BUNDLE_KIND_END - HF_POLICY_BUNDLE_LEVEL;
    for (size_t i = 0; i < c->item_count; i++) {
        record.head.counts[c->items[i].kind - HF_POLICY_BUNDLE_LEVEL]++;
    }
    hf_buf_str(out, HF_STR(HF_POLICY_BUNDLE_MAGIC));
    if (hf_policy_bundle_put(HF_POLICY_BUNDLE_HEAD, &record, out, &err) != HF_OK) {
        hf_text_fault_at(c, c->head_line, 1, "%.180s", err.text);
    }
    for (size_t i = 0; i < c->item_count; i++) {
        hf_buf_put(out, c->items[i].bytes.ptr, c->items[i].bytes.len);
    }
}

/* The machine of tests: fixed folders, nothing that a link leads away from. */
static const struct hf_root roots[] = {
    {{"home", 4}, {"/home/agent", 11}},
    {{"workspace", 9}, {"/home/agent/workspace", 21}},
    {{"state", 5}, {"/home/agent/.openclaw", 21}},
    {{"config", 6}, {"/etc/openclaw", 13}},
    {{"wrapper", 7}, {"/usr/share/holdfast", 19}},
    {{"tmp", 3}, {"/tmp", 4}},
};

/* The facts of a test's call, by the policy's own classification; or those that the test says. */
static enum hf_rc facts_of(const struct hf_policy *policy, struct hf_text_test *test,
                           const struct hf_json *params, struct hf_arena *arena, struct hf_err *err)
{
    static const struct hf_str cwd = {"/home/agent/workspace", 21};
    if (test->has_facts) {
        return hf_policy_facts_from_json(params, arena, &test->facts, err);
    }
    struct hf_call call = {.params = params,
                           .cwd = cwd,
                           .home = roots[0].path,
                           .roots = roots,
                           .root_count = HF_LEN(roots),
                           .resolver = &hf_resolver_lexical};
    hf_reduce(policy, &call, arena, &test->facts);
    return HF_OK;
}

static void vector_of(struct hf_compiling *c, const struct hf_policy *policy,
                      struct hf_text_test *test)
{
    struct hf_json_doc *doc = NULL;
    struct hf_arena arena;
    struct hf_err err = {0};
    uint8_t bytes[HF_FACTS_SIZE_MAX];
    union hf_policy_bundle_record record;
    memset(&record, 0, sizeof record);
    hf_arena_init(&arena, HF_REDUCE_ARENA_MAX);
    enum hf_rc rc = HF_OK;
    if (test->params.len > 0) {
        rc = hf_json_parse(hf_str_bytes(test->params), &doc, &err);
    }
    if (rc == HF_OK) {
        rc = facts_of(policy, test, doc == NULL ? NULL : hf_json_root(doc), &arena, &err);
    }
    if (rc == HF_OK) {
        rc = test->has_facts ? hf_facts_encode(&test->facts, bytes, &record.vector.facts, &err)
                             : hf_facts_encode_cut(&test->facts, bytes, &record.vector.facts, &err);
    }
    if (rc == HF_ENOMEM) {
        c->failed = rc;
    } else if (rc != HF_OK) {
        hf_text_fault_at(c, test->call_line, test->call_column == 0 ? 1 : test->call_column,
                         "%.180s", err.text);
    } else {
        record.vector.name = test->name;
        record.vector.verdict = test->verdict;
        record.vector.has_rule = test->rule.len > 0;
        record.vector.rule = test->rule;
        hf_text_emit(c, HF_POLICY_BUNDLE_VECTOR, &record, test->line);
    }
    hf_arena_fini(&arena);
    hf_json_free(doc);
}

/* Tests become vectors, by means of the policy as far as it is. */
static enum hf_rc make_vectors(struct hf_compiling *c, struct hf_err *err)
{
    struct hf_buf bundle = hf_buf_init(HF_POLICY_TEXT_MAX * 4);
    struct hf_policy *policy = NULL;
    write_bundle(c, &bundle);
    enum hf_rc rc = bundle.failed;
    if (rc == HF_OK && c->faults->count == 0) {
        rc = hf_policy_load(hf_buf_bytes(&bundle), &policy, err);
    }
    for (size_t i = 0; i < c->test_count && rc == HF_OK && policy != NULL; i++) {
        vector_of(c, policy, c->tests[i]);
    }
    hf_policy_free(policy);
    hf_buf_free(&bundle);
    return rc;
}

static int by_place(const void *a, const void *b)
{
    const struct hf_policy_fault *x = a;
    const struct hf_policy_fault *y = b;
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    return x->column < y->column ? -1 : x->column > y->column ? 1 : 0;
}

static enum hf_rc compile(struct hf_compiling *c, struct hf_str text, struct hf_buf *out,
                          struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    hf_text_read(c, text);
    sort_items(c);
    check_whole(c);
    if (c->faults->count == 0 && c->failed == HF_OK) {
        rc = make_vectors(c, err);
        sort_items(c);
    }
    if (c->faults->count == 0 && c->failed == HF_OK && rc == HF_OK) {
        write_bundle(c, out);
        rc = out->failed;
    }
    if (c->failed != HF_OK) {
        rc = hf_err_set(err, c->failed, "%s", hf_rc_text(c->failed));
    } else if (rc == HF_ETOOBIG) {
        rc = hf_err_set(err, rc, "the policy is too big");
    } else if (rc == HF_ENOMEM) {
        rc = hf_err_set(err, rc, "out of memory");
    }
    return rc;
}

enum hf_rc hf_policy_compile(struct hf_str text, struct hf_buf *out,
                             struct hf_policy_faults *ret_faults, struct hf_err *err)
{
    struct hf_compiling *c = hf_heap_zalloc(1, sizeof *c);
    ret_faults->count = 0;
    ret_faults->more = false;
    if (c == NULL) {
        return hf_err_set(err, HF_ENOMEM, "out of memory");
    }
    if (text.len > HF_POLICY_TEXT_MAX) {
        hf_heap_free(c);
        return hf_err_set(err, HF_ETOOBIG, "a policy's text has at most %u bytes",
                          HF_POLICY_TEXT_MAX);
    }
    /* The text, each record once, and the quoted texts: four times the text is plenty for what is
     * written by people, and the arena is where too much ends. */
    hf_arena_init(&c->arena, 256u << 20);
    c->faults = ret_faults;
    c->head.level = 3;
    c->head.lowers = 1;
    c->head.lowest = 1;
    c->head.wait = 1800;
    enum hf_rc rc = compile(c, text, out, err);
    hf_heap_free(c->items);
    hf_heap_free(c->lists);
    hf_heap_free(c->uses);
    hf_heap_free(c->values);
    hf_heap_free(c->tests);
    hf_arena_fini(&c->arena);
    hf_heap_free(c);
    if (rc != HF_OK || ret_faults->count == 0) {
        return rc;
    }
    qsort(ret_faults->at, ret_faults->count, sizeof ret_faults->at[0], by_place);
    const struct hf_policy_fault *first = &ret_faults->at[0];
    return hf_err_set(err, HF_EINVAL, "line %u, column %u: %s", first->line, first->column,
                      first->text);
}
