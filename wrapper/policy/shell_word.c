/* wrapper/policy/shell_word.c: words of a command line: quotes, escapes, what is expanded. */
#include "base/assert.h"
#include "wrapper/policy/shell_reader.h"

struct word {
    char *text;
    size_t len;
    size_t cap;
    struct hf_shell_word flags;
    bool any;         /* something was there, be it an empty quote */
    size_t plain_len; /* unquoted characters at its begin */
};

static void put(struct word *w, char c)
{
    HF_ASSERT(w->len < w->cap);
    w->text[w->len++] = c;
}

/* Reads the commands inside of a substitution as a text of their own. */
static void read_inner(struct hf_shell_reader *r, const char *from, const char *to)
{
    hf_shell_mark(r, HF_OPAQUE_BIT(SUBSTITUTION));
    if (r->depth == HF_SHELL_DEPTH_MAX) {
        hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
        return;
    }
    struct hf_shell_reader inner = {.out = r->out,
                                    .arena = r->arena,
                                    .at = from,
                                    .end = to,
                                    .depth = r->depth + 1,
                                    .join = HF_POLICY_FACTS_COMMANDS_JOIN_INNER};
    hf_shell_read_list(&inner);
    if (inner.groups > 0) {
        hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
    }
}

/* The end of a quoted or nested piece from at on, or NULL; at stands behind the opening
 * character. */
static const char *skip_quoted(const char *at, const char *end, char close)
{
    for (; at < end; at++) {
        if (*at == close) {
            return at;
        }
        if (*at == '\\' && close != '\'') {
            at++;
        }
    }
    return NULL;
}

/* The parenthesis that closes the one before at. Quotes inside are respected, comments are not, so
 * a lone quote in a comment makes it not found, and the line opaque. */
static const char *skip_parens(const char *at, const char *end)
{
    unsigned depth = 1;
    for (; at != NULL && at < end; at++) {
        if (*at == '(') {
            depth++;
        } else if (*at == ')' && --depth == 0) {
            return at;
        } else if (*at == '\\') {
            at++;
        } else if (*at == '\'' || *at == '"' || *at == '`') {
            at = skip_quoted(at + 1, end, *at);
            if (at == NULL) {
                return NULL;
            }
        }
    }
    return NULL;
}

void hf_shell_unclosed(struct hf_shell_reader *r)
{
    hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
    r->at = r->end;
}

/* $(...), with the text that stands for it kept as written. */
static void take_parens(struct hf_shell_reader *r, struct word *w, size_t head)
{
    const char *from = r->at + head;
    const char *to = skip_parens(from, r->end);
    w->flags.unknown = true;
    w->any = true;
    if (to == NULL) {
        hf_shell_unclosed(r);
        return;
    }
    if (*from == '(' && head == 2) {
        hf_shell_mark(
            r, HF_OPAQUE_BIT(VARIABLE)); /* arithmetic, which may hold substitutions as well */
    }
    read_inner(r, from, to);
    for (; r->at <= to; r->at++) {
        put(w, *r->at);
    }
}

static void take_backquotes(struct hf_shell_reader *r, struct word *w)
{
    const char *from = r->at + 1;
    const char *to = skip_quoted(from, r->end, '`');
    w->flags.unknown = true;
    w->any = true;
    if (to == NULL) {
        hf_shell_unclosed(r);
        return;
    }
    char *plain = hf_arena_alloc(r->arena, (size_t)(to - from) + 1, 1);
    size_t len = 0;
    for (const char *p = from; p < to && plain != NULL; p++) {
        if (*p == '\\' && p + 1 < to && (p[1] == '`' || p[1] == '\\' || p[1] == '$')) {
            p++;
        }
        plain[len++] = *p;
    }
    if (plain == NULL) {
        hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
    } else {
        read_inner(r, plain, plain + len);
    }
    for (; r->at <= to; r->at++) {
        put(w, *r->at);
    }
}

/* ${...}: its text may hold substitutions, which are read as commands too. */
static void take_braces(struct hf_shell_reader *r, struct word *w)
{
    unsigned depth = 0;
    put(w, *r->at++);
    while (r->at < r->end) {
        char c = *r->at;
        if (c == '$' && hf_shell_peek(r, 1) == '(') {
            take_parens(r, w, 2);
            continue;
        }
        if (c == '`') {
            take_backquotes(r, w);
            continue;
        }
        if (c == '\\' && hf_shell_peek(r, 1) >= 0) {
            put(w, *r->at++);
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && --depth == 0) {
            put(w, *r->at++);
            return;
        }
        put(w, *r->at++);
    }
    hf_shell_unclosed(r);
}

static void take_ansi(struct hf_shell_reader *r, struct word *w);

/* $HOME or ${HOME} at the begin of a word is what ~ stands for; setting it is noticed. */
static bool take_home(struct hf_shell_reader *r, struct word *w)
{
    size_t len = 0;
    if (hf_shell_starts(r, "${HOME}")) {
        len = 7;
    } else if (hf_shell_starts(r, "$HOME") && !hf_shell_is_name(hf_shell_peek(r, 5), false)) {
        len = 5;
    }
    if (len == 0 || w->len > 0) {
        return false;
    }
    put(w, '~');
    w->any = true;
    r->at += len;
    return true;
}

/* At a '$'. */
static void take_dollar(struct hf_shell_reader *r, struct word *w, bool in_quotes)
{
    int c = hf_shell_peek(r, 1);
    if (take_home(r, w)) {
        return;
    }
    if (c == '(') {
        take_parens(r, w, 2);
    } else if (c == '{') {
        w->flags.unknown = true;
        hf_shell_mark(r, HF_OPAQUE_BIT(VARIABLE));
        take_braces(r, w);
    } else if (!in_quotes && c == '\'') {
        take_ansi(r, w);
    } else if (!in_quotes && c == '"') {
        r->at++; /* a text that is translated; it is read as an ordinary one */
    } else if (hf_shell_is_name(c, true) || (c >= '0' && c <= '9') ||
               (c > 0 && strchr("@*#?-$!", c) != NULL)) {
        w->flags.unknown = true;
        hf_shell_mark(r, HF_OPAQUE_BIT(VARIABLE));
        put(w, *r->at++);
        if (!hf_shell_is_name(c, true)) {
            put(w, *r->at++);
        }
        while (hf_shell_is_name(c, true) && hf_shell_is_name(hf_shell_peek(r, 0), false)) {
            put(w, *r->at++);
        }
    } else if (!in_quotes && c == '[') {
        hf_shell_mark(r, HF_OPAQUE_BIT(VARIABLE) | HF_OPAQUE_BIT(SYNTAX));
        put(w, *r->at++);
    } else {
        put(w, *r->at++);
    }
}

/* $'...': the escapes that are plain; others make the line opaque. */
static void take_ansi(struct hf_shell_reader *r, struct word *w)
{
    static const char from[] = "ntr\\'\"abefv";
    static const char to[] = "\n\t\r\\'\"\a\b\033\f\v";
    r->at += 2;
    w->flags.quoted = true;
    w->any = true;
    while (r->at < r->end && *r->at != '\'') {
        char c = *r->at++;
        if (c == '\\' && r->at < r->end) {
            const char *known = *r->at == '\0' ? NULL : strchr(from, *r->at);
            if (known == NULL) {
                hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
                w->flags.unknown = true;
                c = *r->at;
            } else {
                c = to[known - from];
            }
            r->at++;
        }
        put(w, c);
    }
    if (r->at == r->end) {
        hf_shell_unclosed(r);
        return;
    }
    r->at++;
}

static void take_double(struct hf_shell_reader *r, struct word *w)
{
    r->at++;
    w->flags.quoted = true;
    w->any = true;
    while (r->at < r->end && *r->at != '"') {
        char c = *r->at;
        int next = hf_shell_peek(r, 1);
        if (c == '\\' && next == '\n') {
            r->at += 2;
        } else if (c == '\\' && next > 0 && strchr("$`\"\\", next) != NULL) {
            put(w, (char)next);
            r->at += 2;
        } else if (c == '$') {
            take_dollar(r, w, true);
        } else if (c == '`') {
            take_backquotes(r, w);
        } else {
            put(w, c);
            r->at++;
        }
    }
    if (r->at == r->end) {
        hf_shell_unclosed(r);
        return;
    }
    r->at++;
}

static void take_single(struct hf_shell_reader *r, struct word *w)
{
    r->at++;
    w->flags.quoted = true;
    w->any = true;
    while (r->at < r->end && *r->at != '\'') {
        put(w, *r->at++);
    }
    if (r->at == r->end) {
        hf_shell_unclosed(r);
        return;
    }
    r->at++;
}

static bool ends_word(int c)
{
    return c < 0 || strchr(" \t\n|&;()<>", c) != NULL;
}

/* One piece of a word: a quote, an expansion, an escape, a character. */
static void take_piece(struct hf_shell_reader *r, struct word *w)
{
    char c = *r->at;
    if (c == '\'') {
        take_single(r, w);
    } else if (c == '"') {
        take_double(r, w);
    } else if (c == '`') {
        take_backquotes(r, w);
    } else if (c == '$') {
        take_dollar(r, w, false);
    } else if (c == '\\') {
        r->at++;
        if (r->at < r->end && *r->at != '\n') {
            put(w, *r->at);
            w->flags.quoted = true;
            w->any = true;
        }
        r->at += r->at < r->end ? 1 : 0;
    } else {
        if (c == '*' || c == '?' || c == '[' || c == '{') {
            w->flags.glob = true;
        }
        put(w, c);
        w->plain_len += w->plain_len + 1 == w->len && !w->flags.quoted ? 1 : 0;
        r->at++;
    }
}

/* A word, or false when none begins here. */
bool hf_shell_take_word(struct hf_shell_reader *r, struct hf_shell_word *ret, size_t *ret_plain)
{
    struct word w = {.text = r->scratch, .cap = r->scratch_cap};
    while (r->at < r->end && (*r->at == '\0' || !ends_word((uint8_t)*r->at))) {
        if (*r->at == '\0') {
            hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX)); /* a shell drops it or stops at it */
        }
        take_piece(r, &w);
    }
    if (w.len == 0 && !w.any) {
        return false;
    }
    /* A brace alone is no expansion. */
    if (w.len == 1 && w.text[0] == '{') {
        w.flags.glob = false;
    }
    if (w.flags.glob) {
        hf_shell_mark(r, HF_OPAQUE_BIT(GLOB));
    }
    *ret = w.flags;
    ret->text = hf_arena_str(r->arena, (struct hf_str){w.text, w.len});
    *ret_plain = w.plain_len;
    if (ret->text.ptr == NULL) {
        hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
        return false;
    }
    return true;
}

bool hf_shell_take_process(struct hf_shell_reader *r, struct hf_shell_word *ret)
{
    struct word w = {.text = r->scratch, .cap = r->scratch_cap};
    take_parens(r, &w, 2);
    *ret = w.flags;
    ret->quoted = true;
    ret->text = hf_arena_str(r->arena, (struct hf_str){w.text, w.len});
    if (ret->text.ptr == NULL) {
        hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
    }
    return ret->text.ptr != NULL;
}
