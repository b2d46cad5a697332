/* tests/unit/policy/test_shell.c: command lines as a shell would read them, each held against its
 * parts.
 */
#include "base/buf.h"
#include "tests/harness/test.h"
#include "wrapper/policy/shell.h"

static struct hf_arena arena;
static struct hf_shell shell;

static const char *const joins[] = {"", "; ", " && ", " || ", " | ", " & ", " ^ "};

/* Commands in one line: joins, words in brackets, <FILE, >FILE, NAME=; opaque reasons at the end.
 * */
static void describe(const char *line, struct hf_buf *out)
{
    hf_shell_parse(hf_str_c(line), &arena, &shell);
    for (size_t i = 0; i < shell.count; i++) {
        const struct hf_shell_command *c = &shell.commands[i];
        hf_buf_printf(out, "%s", joins[c->join]);
        for (size_t k = 0; k < c->assigned_count; k++) {
            hf_buf_printf(out, "%.*s=", HF_STR_ARG(c->assigned[k]));
        }
        for (size_t k = 0; k < c->word_count; k++) {
            hf_buf_printf(out, "[%.*s]", HF_STR_ARG(c->words[k].text));
        }
        for (size_t k = 0; k < c->redirect_count; k++) {
            hf_buf_printf(out, "%s%s%.*s", c->redirects[k].reads ? "<" : "",
                          c->redirects[k].writes ? ">" : "",
                          HF_STR_ARG(c->redirects[k].target.text));
        }
    }
    for (unsigned i = 0; i < HF_POLICY_FACTS_OPAQUE_COUNT; i++) {
        if ((shell.opaque >> i & 1) != 0) {
            hf_buf_printf(out, " !%.*s",
                          HF_STR_ARG(hf_policy_facts_opaque_name((enum hf_policy_facts_opaque)i)));
        }
    }
}

struct row {
    const char *line;
    const char *parts;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hf_buf out = hf_buf_init(1 << 16);
        hf_arena_init(&arena, 1 << 20);
        describe(rows[i].line, &out);
        if (!hf_str_eq(hf_bytes_str(hf_buf_bytes(&out)), hf_str_c(rows[i].parts))) {
            hf_test_fail(__FILE__, __LINE__, "%s: is %.*s, expected %s", rows[i].line, (int)out.len,
                         (const char *)out.ptr, rows[i].parts);
        }
        hf_arena_fini(&arena);
        hf_buf_free(&out);
    }
}

/* Quotes, escapes, lists and redirections that are fully known. */
HF_TEST(plain)
{
    static const struct row rows[] = {
        {"ls -la", "[ls][-la]"},
        {"  ls   -la  # all", "[ls][-la]"},
        {"echo 'a b' \"c d\" e\\ f", "[echo][a b][c d][e f]"},
        {"echo a'b'\"c\"d", "[echo][abcd]"},
        {"echo ''", "[echo][]"},
        {"echo \"a\\\"b\\\\c\\d\"", "[echo][a\"b\\c\\d]"},
        {"echo 'it'\\''s'", "[echo][it's]"},
        {"echo $'a\\tb'", "[echo][a\tb]"},
        {"a | b || c && d; e & f", "[a] | [b] || [c] && [d]; [e] & [f]"},
        {"a\nb", "[a]; [b]"},
        {"a >x 2>>y <z", "[a][2]>x>y<z"},
        {"a &> all", "[a]>all"},
        {"a 2>&1", "[a][2]"},
        {"A=1 B=2 cmd x", "A=B=[cmd][x]"},
        {"A=1", "A="},
        {"cmd A=1", "[cmd][A=1]"},
        {"(a; b) | c", "[a]; [b] | [c]"},
        {"if a; then b; else c; fi", "[a]; [b]; [c]"},
        {"while a; do b; done", "[a]; [b]"},
        {"{ a; b; }", "[a]; [b]"},
        {"! a", "[a]"},
        {"time -p a", "[time][-p][a]"},
        {"a\rb", "[a\rb]"},
        {"cat <<E\n\tE\nb\nE\nc", "[cat]; [c]"},
        {"cat <<-E\n\tE\nb", "[cat]; [b]"},
        {"a \\\n b", "[a][b]"},
        {"cat <<'E'\n$(x)\nE\nls", "[cat]; [ls]"},
        {"cat <<E\nplain\nE\nls", "[cat]; [ls]"},
        {"echo {", "[echo][{]"},
        {"'if' x", "[if][x]"},
        {"\\ls", "[ls]"},
        {"cat <<<word", "[cat]"},
        {"", ""},
    };
    check_rows(rows, HF_LEN(rows));
}

/* What a shell would still expand, or what is not understood, is marked with the reason. */
HF_TEST(opaque)
{
    static const struct row rows[] = {
        {"echo $HOMES", " !variable"},
        {"echo x$HOME", " !variable"},
        {"cat \"$HOME/a\" ${HOME}/b", ""},
        {"echo ${A:-$(id)}", " !substitution !variable"},
        {"echo \"$(rm x)\"", " !substitution"},
        {"echo `rm x`", " !substitution"},
        {"echo $(a $(b))", " !substitution"},
        {"diff <(a) <(b)", " !substitution"},
        {"rm *.txt", " !glob"},
        {"cat {a,b}", " !glob"},
        {"rm '*.txt'", ""},
        {"echo 'a", " !syntax"},
        {"a)", " !syntax"},
        {"(a", " !syntax"},
        {"f() { a; }", " !syntax"},
        {"case x in y) a;; esac", " !syntax"},
        {"for f in *; do rm $f; done", " !variable !glob"},
        {"A=(1 2)", " !syntax"},
        {"echo $'\\x41'", " !syntax"},
        {"echo $(", " !syntax"},
        {"cat <<E\n$(x)\nE", " !substitution"},
        {"cat <<E\nno end", " !syntax"},
        {"cat <<E\na\\\nE\nb\nE", " !syntax"},
    };
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        hf_arena_init(&arena, 1 << 20);
        struct hf_buf out = hf_buf_init(1 << 16);
        describe(rows[i].line, &out);
        const char *got = out.len == 0 ? NULL : memmem(out.ptr, out.len, " !", 2);
        size_t got_len = got == NULL ? 0 : (size_t)((const char *)out.ptr + out.len - got);
        if (!hf_str_eq((struct hf_str){got, got_len}, hf_str_c(rows[i].parts))) {
            hf_test_fail(__FILE__, __LINE__, "%s: is %.*s, expected%s", rows[i].line, (int)out.len,
                         (const char *)out.ptr, rows[i].parts);
        }
        hf_buf_free(&out);
        hf_arena_fini(&arena);
    }
}

/* Commands in substitutions are there, wherever they are hidden. */
HF_TEST(inner_commands)
{
    static const char *const lines[] = {"echo $(evil now)",
                                        "echo \"a $(evil now)\"",
                                        "echo `evil now`",
                                        "x=$(evil now)",
                                        "cat <(evil now)",
                                        "echo ${x:-$(evil now)}",
                                        "a && (b; evil now)",
                                        "{ evil now; }",
                                        "if true; then evil now; fi",
                                        "echo a > $(evil now)",
                                        "echo $(echo $(evil now))",
                                        "a | evil now",
                                        "a & evil now",
                                        "! evil now",

                                        "a\nevil now",
                                        "echo \"`evil now`\"",
                                        "for i in a; do evil now; done",
                                        "a #x\nevil now",
                                        "cat <<E\nx\nE\nevil now"};
    for (size_t i = 0; i < HF_LEN(lines); i++) {
        bool found = false;
        hf_arena_init(&arena, 1 << 20);
        hf_shell_parse(hf_str_c(lines[i]), &arena, &shell);
        for (size_t k = 0; k < shell.count; k++) {
            const struct hf_shell_command *c = &shell.commands[k];
            found = found || (c->word_count == 2 && hf_str_eq(c->words[0].text, HF_STR("evil")) &&
                              hf_str_eq(c->words[1].text, HF_STR("now")));
        }
        if (!found) {
            hf_test_fail(__FILE__, __LINE__, "not found in %s", lines[i]);
        }
        hf_arena_fini(&arena);
    }
}

/* More than the bounds is opaque with the reason limit, and without memory too. */
HF_TEST(limits)
{
    static char line[HF_SHELL_TEXT_MAX + 2];
    memset(line, 'a', sizeof line - 1);
    hf_arena_init(&arena, 1 << 20);
    hf_shell_parse(hf_str_c(line), &arena, &shell);
    HF_CHECK_U64(shell.opaque, HF_OPAQUE_BIT(LIMIT));
    memset(line, ';', 200);
    for (size_t i = 0; i < 200; i += 2) {
        line[i] = 'a';
    }
    line[200] = '\0';
    hf_shell_parse(hf_str_c(line), &arena, &shell);
    HF_CHECK_U64(shell.opaque, HF_OPAQUE_BIT(LIMIT));
    hf_arena_fini(&arena);
    hf_arena_init(&arena, 64);
    hf_shell_parse(HF_STR("some words here and there"), &arena, &shell);
    HF_CHECK((shell.opaque & HF_OPAQUE_BIT(LIMIT)) != 0);
    hf_arena_fini(&arena);
}

HF_TEST_MAIN(HF_TEST_CASE(plain), HF_TEST_CASE(opaque), HF_TEST_CASE(inner_commands),
             HF_TEST_CASE(limits))
