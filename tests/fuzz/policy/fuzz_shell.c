/* tests/fuzz/policy/fuzz_shell.c: a line that is not opaque means the same with every word quoted.
 * */
#include "base/assert.h"
#include "base/buf.h"
#include "wrapper/policy/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void quote(struct hf_str word, struct hf_buf *out)
{
    hf_buf_str(out, HF_STR("'"));
    for (size_t i = 0; i < word.len; i++) {
        hf_buf_str(out, word.ptr[i] == '\'' ? HF_STR("'\\''") : (struct hf_str){word.ptr + i, 1});
    }
    hf_buf_str(out, HF_STR("' "));
}

/* Joins other than these come from substitutions, which are opaque. */
static void write_line(const struct hf_shell *shell, struct hf_buf *out)
{
    static const char *const joins[] = {"", "; ", "&& ", "|| ", "| ", "& ", "? "};
    for (size_t i = 0; i < shell->count; i++) {
        const struct hf_shell_command *c = &shell->commands[i];
        hf_buf_printf(out, "%s", i == 0 ? "" : joins[c->join]);
        for (size_t k = 0; k < c->assigned_count; k++) {
            hf_buf_printf(out, "%.*s=x ", HF_STR_ARG(c->assigned[k]));
        }
        for (size_t k = 0; k < c->word_count; k++) {
            quote(c->words[k].text, out);
        }
        for (size_t k = 0; k < c->redirect_count; k++) {
            hf_buf_printf(out, "%s%s ", c->redirects[k].reads ? "<" : "",
                          c->redirects[k].writes ? ">" : "");
            quote(c->redirects[k].target.text, out);
        }
    }
}

static void check_same(const struct hf_shell *a, const struct hf_shell *b)
{
    HF_ASSERT(a->count == b->count && b->opaque == 0);
    for (size_t i = 0; i < a->count; i++) {
        const struct hf_shell_command *x = &a->commands[i];
        const struct hf_shell_command *y = &b->commands[i];
        HF_ASSERT(x->word_count == y->word_count && x->assigned_count == y->assigned_count &&
                  x->redirect_count == y->redirect_count);
        for (size_t k = 0; k < x->word_count; k++) {
            HF_ASSERT(hf_str_eq(x->words[k].text, y->words[k].text));
            HF_ASSERT(!y->words[k].unknown && !y->words[k].glob);
        }
        for (size_t k = 0; k < x->redirect_count; k++) {
            HF_ASSERT(hf_str_eq(x->redirects[k].target.text, y->redirects[k].target.text));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hf_shell first;
    static struct hf_shell second;
    struct hf_buf line = hf_buf_init(8 * HF_SHELL_TEXT_MAX);
    struct hf_arena arena;
    hf_arena_init(&arena, 16u << 20);
    hf_shell_parse(hf_bytes_str(hf_bytes_of(data, size)), &arena, &first);
    HF_ASSERT(first.count <= HF_SHELL_COMMANDS_MAX);
    if (first.opaque == 0) {
        write_line(&first, &line);
        if (line.failed == HF_OK && line.len <= HF_SHELL_TEXT_MAX) {
            hf_shell_parse(hf_bytes_str(hf_buf_bytes(&line)), &arena, &second);
            check_same(&first, &second);
        }
    }
    hf_arena_fini(&arena);
    hf_buf_free(&line);
    return 0;
}
