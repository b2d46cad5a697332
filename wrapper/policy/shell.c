/* wrapper/policy/shell.c: reads a command line: words, operators, redirections, substitutions. */
#include "wrapper/policy/shell.h"

#include "base/assert.h"

/* One text that is read: the line itself, or what is inside of a substitution in it. */
struct reader {
    struct hf_shell *out;
    struct hf_arena *arena;
    const char *at;
    const char *end;
    unsigned depth;
    unsigned groups; /* open parentheses */
    struct hf_shell_command *command;
    char *scratch; /* a word is put together here: it is never longer than the text */
    size_t scratch_cap;
    size_t word_cap;
    bool data;       /* words until the next separator are data: of a for */
    bool here;       /* a here-document waits for its body */
    bool here_plain; /* its delimiter is quoted: nothing in it is expanded */
    struct hf_str here_end;
    enum hf_policy_facts_commands_join join; /* of the next command */
};

static void read_list(struct reader *r);

static void opaque(struct reader *r, unsigned bits)
{
    r->out->opaque |= bits;
}

static int peek(const struct reader *r, size_t ahead)
{
    return (size_t)(r->end - r->at) > ahead ? (uint8_t)r->at[ahead] : -1;
}

static bool starts(const struct reader *r, const char *text)
{
    size_t len = strlen(text);
    return (size_t)(r->end - r->at) >= len && memcmp(r->at, text, len) == 0;
}

static bool is_name(int c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

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
static void read_inner(struct reader *r, const char *from, const char *to)
{
    opaque(r, HF_OPAQUE_BIT(SUBSTITUTION));
    if (r->depth == HF_SHELL_DEPTH_MAX) {
        opaque(r, HF_OPAQUE_BIT(LIMIT));
        return;
    }
    struct reader inner = {.out = r->out,
                           .arena = r->arena,
                           .at = from,
                           .end = to,
                           .depth = r->depth + 1,
                           .join = HF_POLICY_FACTS_COMMANDS_JOIN_INNER};
    read_list(&inner);
    if (inner.groups > 0) {
        opaque(r, HF_OPAQUE_BIT(SYNTAX));
    }
}

/* The end of a quoted or nested piece from at on, or NULL; at stands behind the opening character.
 * */
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
 * a
 * lone quote in a comment makes it not found, and the line opaque. */
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

static void unclosed(struct reader *r)
{
    opaque(r, HF_OPAQUE_BIT(SYNTAX));
    r->at = r->end;
}

/* $(...), with the text that stands for it kept as written. */
static void take_parens(struct reader *r, struct word *w, size_t head)
{
    const char *from = r->at + head;
    const char *to = skip_parens(from, r->end);
    w->flags.unknown = true;
    w->any = true;
    if (to == NULL) {
        unclosed(r);
        return;
    }
    if (*from == '(' && head == 2) {
        opaque(r, HF_OPAQUE_BIT(VARIABLE)); /* arithmetic, which may hold substitutions as well */
    }
    read_inner(r, from, to);
    for (; r->at <= to; r->at++) {
        put(w, *r->at);
    }
}

static void take_backquotes(struct reader *r, struct word *w)
{
    const char *from = r->at + 1;
    const char *to = skip_quoted(from, r->end, '`');
    w->flags.unknown = true;
    w->any = true;
    if (to == NULL) {
        unclosed(r);
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
        opaque(r, HF_OPAQUE_BIT(LIMIT));
    } else {
        read_inner(r, plain, plain + len);
    }
    for (; r->at <= to; r->at++) {
        put(w, *r->at);
    }
}

/* ${...}: its text may hold substitutions, which are read as commands too. */
static void take_braces(struct reader *r, struct word *w)
{
    unsigned depth = 0;
    put(w, *r->at++);
    while (r->at < r->end) {
        char c = *r->at;
        if (c == '$' && peek(r, 1) == '(') {
            take_parens(r, w, 2);
            continue;
        }
        if (c == '`') {
            take_backquotes(r, w);
            continue;
        }
        if (c == '\\' && peek(r, 1) >= 0) {
            put(w, *r->at++);
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && --depth == 0) {
            put(w, *r->at++);
            return;
        }
        put(w, *r->at++);
    }
    unclosed(r);
}

static void take_ansi(struct reader *r, struct word *w);

/* At a '$'. */
static void take_dollar(struct reader *r, struct word *w, bool in_quotes)
{
    int c = peek(r, 1);
    if (c == '(') {
        take_parens(r, w, 2);
    } else if (c == '{') {
        w->flags.unknown = true;
        opaque(r, HF_OPAQUE_BIT(VARIABLE));
        take_braces(r, w);
    } else if (!in_quotes && c == '\'') {
        take_ansi(r, w);
    } else if (!in_quotes && c == '"') {
        r->at++; /* a text that is translated; it is read as an ordinary one */
    } else if (is_name(c, true) || (c >= '0' && c <= '9') ||
               (c > 0 && strchr("@*#?-$!", c) != NULL)) {
        w->flags.unknown = true;
        opaque(r, HF_OPAQUE_BIT(VARIABLE));
        put(w, *r->at++);
        if (!is_name(c, true)) {
            put(w, *r->at++);
        }
        while (is_name(c, true) && is_name(peek(r, 0), false)) {
            put(w, *r->at++);
        }
    } else if (!in_quotes && c == '[') {
        opaque(r, HF_OPAQUE_BIT(VARIABLE) | HF_OPAQUE_BIT(SYNTAX));
        put(w, *r->at++);
    } else {
        put(w, *r->at++);
    }
}

/* $'...': the escapes that are plain; others make the line opaque. */
static void take_ansi(struct reader *r, struct word *w)
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
                opaque(r, HF_OPAQUE_BIT(SYNTAX));
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
        unclosed(r);
        return;
    }
    r->at++;
}

static void take_double(struct reader *r, struct word *w)
{
    r->at++;
    w->flags.quoted = true;
    w->any = true;
    while (r->at < r->end && *r->at != '"') {
        char c = *r->at;
        int next = peek(r, 1);
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
        unclosed(r);
        return;
    }
    r->at++;
}

static void take_single(struct reader *r, struct word *w)
{
    r->at++;
    w->flags.quoted = true;
    w->any = true;
    while (r->at < r->end && *r->at != '\'') {
        put(w, *r->at++);
    }
    if (r->at == r->end) {
        unclosed(r);
        return;
    }
    r->at++;
}

static bool ends_word(int c)
{
    return c < 0 || strchr(" \t\r\n|&;()<>", c) != NULL;
}

/* One piece of a word: a quote, an expansion, an escape, a character. */
static void take_piece(struct reader *r, struct word *w)
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
static bool take_word(struct reader *r, struct hf_shell_word *ret, size_t *ret_plain)
{
    struct word w = {.text = r->scratch, .cap = r->scratch_cap};
    while (r->at < r->end && (*r->at == '\0' || !ends_word((uint8_t)*r->at))) {
        if (*r->at == '\0') {
            opaque(r, HF_OPAQUE_BIT(SYNTAX)); /* a shell drops it or stops at it */
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
        opaque(r, HF_OPAQUE_BIT(GLOB));
    }
    *ret = w.flags;
    ret->text = hf_arena_str(r->arena, (struct hf_str){w.text, w.len});
    *ret_plain = w.plain_len;
    if (ret->text.ptr == NULL) {
        opaque(r, HF_OPAQUE_BIT(LIMIT));
        return false;
    }
    return true;
}

static struct hf_shell_command *command_of(struct reader *r)
{
    if (r->command == NULL) {
        if (r->out->count == HF_SHELL_COMMANDS_MAX) {
            opaque(r, HF_OPAQUE_BIT(LIMIT));
            return NULL;
        }
        r->command = &r->out->commands[r->out->count++];
        *r->command = (struct hf_shell_command){.join = r->join};
        r->word_cap = 0;
    }
    return r->command;
}

static void add_word(struct reader *r, const struct hf_shell_word *word)
{
    struct hf_shell_command *c = command_of(r);
    if (c == NULL || c->word_count == HF_SHELL_WORDS_MAX) {
        opaque(r, HF_OPAQUE_BIT(LIMIT));
        return;
    }
    if (c->word_count == r->word_cap) {
        size_t cap = r->word_cap == 0 ? 8 : 2 * r->word_cap;
        struct hf_shell_word *grown = hf_arena_alloc(r->arena, cap, sizeof *grown);
        if (grown == NULL) {
            opaque(r, HF_OPAQUE_BIT(LIMIT));
            return;
        }
        if (c->word_count > 0) {
            memcpy(grown, c->words, c->word_count * sizeof *grown);
        }
        c->words = grown;
        r->word_cap = cap;
    }
    c->words[c->word_count++] = *word;
}

static void add_assignment(struct reader *r, struct hf_str name)
{
    struct hf_shell_command *c = command_of(r);
    if (c == NULL) {
        return;
    }
    if (c->assigned == NULL) {
        c->assigned = hf_arena_alloc(r->arena, 16, sizeof *c->assigned);
    }
    if (c->assigned == NULL || c->assigned_count == 16) {
        opaque(r, HF_OPAQUE_BIT(LIMIT));
        return;
    }
    c->assigned[c->assigned_count++] = name;
}

static void add_redirect(struct reader *r, bool reads, bool writes,
                         const struct hf_shell_word *target)
{
    struct hf_shell_command *c = command_of(r);
    if (c == NULL) {
        return;
    }
    if (c->redirects == NULL) {
        c->redirects = hf_arena_alloc(r->arena, 16, sizeof *c->redirects);
    }
    if (c->redirects == NULL || c->redirect_count == 16) {
        opaque(r, HF_OPAQUE_BIT(LIMIT));
        return;
    }
    c->redirects[c->redirect_count++] = (struct hf_shell_redirect){reads, writes, *target};
}

/* A separator: what comes next is a new command. */
static void end_command(struct reader *r, enum hf_policy_facts_commands_join join)
{
    r->command = NULL;
    r->data = false;
    r->join = r->depth > 0 && join == HF_POLICY_FACTS_COMMANDS_JOIN_FIRST
                  ? HF_POLICY_FACTS_COMMANDS_JOIN_INNER
                  : join;
}

/* NAME=, NAME+= or NAME[...]= at the begin of a word, unquoted: the length of NAME, or 0. */
static size_t assignment(const struct hf_shell_word *word, size_t plain, bool *ret_odd)
{
    size_t i = 0;
    while (i < word->text.len && is_name((uint8_t)word->text.ptr[i], i == 0)) {
        i++;
    }
    size_t name = i;
    *ret_odd = i < word->text.len && word->text.ptr[i] == '[';
    if (i < word->text.len && word->text.ptr[i] == '+') {
        i++;
    }
    bool equals = i < word->text.len && word->text.ptr[i] == '=' && plain > i;
    *ret_odd = *ret_odd && memchr(word->text.ptr, '=', word->text.len) != NULL;
    return name > 0 && (equals || *ret_odd) ? name : 0;
}

static bool one_of(struct hf_str text, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (hf_str_eq(text, hf_str_c(*list))) {
            return true;
        }
    }
    return false;
}

/* A word where a command begins. Answers whether it was a keyword. */
static bool take_keyword(struct reader *r, const struct hf_shell_word *word)
{
    static const char *const go_on[] = {"if", "then", "elif", "else", "while", "until", "do",
                                        "!",  "time", "{",    "fi",   "done",  "}",     NULL};
    static const char *const odd[] = {"case", "esac", "function", "select", "coproc", NULL};
    if (word->quoted || word->unknown) {
        return false;
    }
    if (one_of(word->text, go_on)) {
        r->out->grouped = true;
        return true;
    }
    if (hf_str_eq(word->text, HF_STR("for"))) {
        r->data = true;
        return true;
    }
    if (one_of(word->text, odd)) {
        opaque(r, HF_OPAQUE_BIT(SYNTAX));
        return true;
    }
    return false;
}

static void read_word(struct reader *r)
{
    struct hf_shell_word word;
    size_t plain = 0;
    bool odd = false;
    if (!take_word(r, &word, &plain) || r->data) {
        return;
    }
    bool begins = r->command == NULL || r->command->word_count == 0;
    if (begins && take_keyword(r, &word)) {
        return;
    }
    size_t name = begins ? assignment(&word, plain, &odd) : 0;
    if (name > 0) {
        if (odd || peek(r, 0) == '(') {
            opaque(r, HF_OPAQUE_BIT(SYNTAX)); /* arrays */
        }
        add_assignment(r, (struct hf_str){word.text.ptr, name});
        return;
    }
    add_word(r, &word);
}

/* The body of a here-document, from the next line on. */
static void skip_here(struct reader *r)
{
    const char *body = r->at;
    r->here = false;
    while (r->at < r->end) {
        const char *line = r->at;
        const char *stop = memchr(line, '\n', (size_t)(r->end - line));
        const char *end = stop == NULL ? r->end : stop;
        r->at = stop == NULL ? r->end : stop + 1;
        const char *text = line;
        while (text < end && *text == '\t') {
            text++;
        }
        if (hf_str_eq((struct hf_str){line, (size_t)(end - line)}, r->here_end) ||
            hf_str_eq((struct hf_str){text, (size_t)(end - text)}, r->here_end)) {
            break;
        }
    }
    size_t len = (size_t)(r->at - body);
    if (!r->here_plain && len > 0 &&
        (memchr(body, '$', len) != NULL || memchr(body, '`', len) != NULL)) {
        opaque(r, HF_OPAQUE_BIT(SUBSTITUTION));
    }
}

static void skip_blanks(struct reader *r)
{
    while (peek(r, 0) == ' ' || peek(r, 0) == '\t' || peek(r, 0) == '\r' ||
           (peek(r, 0) == '\\' && peek(r, 1) == '\n')) {
        r->at += *r->at == '\\' ? 2 : 1;
    }
}

static void read_here(struct reader *r)
{
    struct hf_shell_word word;
    size_t plain = 0;
    r->at += peek(r, 2) == '-' ? 3 : 2;
    skip_blanks(r);
    if (r->here || !take_word(r, &word, &plain)) {
        opaque(r, HF_OPAQUE_BIT(SYNTAX));
        return;
    }
    r->here = true;
    r->here_plain = word.quoted;
    r->here_end = word.text;
    (void)command_of(r);
}

/* <(...) and >(...): a file that is not known, and commands. */
static void read_process(struct reader *r)
{
    struct word w = {.text = r->scratch, .cap = r->scratch_cap};
    take_parens(r, &w, 2);
    w.flags.text = hf_arena_str(r->arena, (struct hf_str){w.text, w.len});
    w.flags.quoted = true;
    if (w.flags.text.ptr == NULL) {
        opaque(r, HF_OPAQUE_BIT(LIMIT));
        return;
    }
    add_word(r, &w.flags);
}

/* At '<' or '>', or '&' before '>'. A descriptor's number in front is taken for an argument by who
 * reads words, which is harmless: "2" is no path that matters, and the target is seen. */
static void read_redirect(struct reader *r)
{
    struct hf_shell_word target;
    size_t plain = 0;
    if (starts(r, "<<<")) {
        r->at += 3;
        skip_blanks(r);
        if (!take_word(r, &target, &plain)) {
            opaque(r, HF_OPAQUE_BIT(SYNTAX));
        }
        return;
    }
    if (starts(r, "<<")) {
        read_here(r);
        return;
    }
    if (peek(r, 1) == '(') {
        read_process(r);
        return;
    }
    bool both = *r->at == '&' || starts(r, "<>");
    bool writes = *r->at != '<' || both;
    bool reads = *r->at == '<';
    r->at += *r->at == '&' ? 2 : 1;
    bool duplicates = peek(r, 0) == '&';
    while (peek(r, 0) > 0 && strchr(">|&", peek(r, 0)) != NULL) {
        r->at++;
    }
    skip_blanks(r);
    if (!take_word(r, &target, &plain)) {
        opaque(r, HF_OPAQUE_BIT(SYNTAX));
        return;
    }
    bool number = target.text.len > 0;
    for (size_t i = 0; i < target.text.len; i++) {
        number = number && ((target.text.ptr[i] >= '0' && target.text.ptr[i] <= '9') ||
                            target.text.ptr[i] == '-');
    }
    if (!duplicates || !number) {
        add_redirect(r, reads, writes, &target);
    }
}

static void read_paren(struct reader *r)
{
    r->out->grouped = true;
    if (*r->at == '(') {
        /* Behind a word it begins a function, an array or a pattern. */
        if (r->command != NULL || starts(r, "((")) {
            opaque(r, HF_OPAQUE_BIT(SYNTAX));
        }
        r->groups++;
    } else if (r->groups == 0) {
        opaque(r, HF_OPAQUE_BIT(SYNTAX));
    } else {
        r->groups--;
    }
    r->at++;
    end_command(r, r->out->count == 0 ? HF_POLICY_FACTS_COMMANDS_JOIN_FIRST
                                      : HF_POLICY_FACTS_COMMANDS_JOIN_THEN);
}

static void read_operator(struct reader *r)
{
    enum hf_policy_facts_commands_join join = HF_POLICY_FACTS_COMMANDS_JOIN_THEN;
    size_t len = 1;
    if (starts(r, "&&")) {
        join = HF_POLICY_FACTS_COMMANDS_JOIN_AND;
        len = 2;
    } else if (starts(r, "||")) {
        join = HF_POLICY_FACTS_COMMANDS_JOIN_OR;
        len = 2;
    } else if (*r->at == '|') {
        join = HF_POLICY_FACTS_COMMANDS_JOIN_PIPE;
        len = peek(r, 1) == '&' ? 2 : 1;
    } else if (*r->at == '&') {
        join = HF_POLICY_FACTS_COMMANDS_JOIN_BACKGROUND;
    } else if (starts(r, ";;") || starts(r, ";&")) {
        opaque(r, HF_OPAQUE_BIT(SYNTAX));
    }
    bool line = *r->at == '\n';
    r->at += len;
    end_command(r, join);
    if (line && r->here) {
        skip_here(r);
    }
}

static void read_list(struct reader *r)
{
    r->scratch_cap = (size_t)(r->end - r->at) + 1;
    r->scratch = hf_arena_alloc(r->arena, r->scratch_cap, 1);
    if (r->scratch == NULL) {
        opaque(r, HF_OPAQUE_BIT(LIMIT));
        return;
    }
    while (r->at < r->end) {
        char c = *r->at;
        const char *before = r->at;
        skip_blanks(r);
        if (r->at > before) {
            continue;
        }
        if (c == '#') {
            while (r->at < r->end && *r->at != '\n') {
                r->at++;
            }
        } else if (c == '<' || c == '>' || starts(r, "&>")) {
            read_redirect(r);
        } else if (c == '(' || c == ')') {
            read_paren(r);
        } else if (c == '|' || c == '&' || c == ';' || c == '\n') {
            read_operator(r);
        } else {
            read_word(r);
        }
        if (r->at == before) {
            /* Nothing takes this character: not understood, and no endless loop. */
            unclosed(r);
        }
    }
    if (r->here) {
        opaque(r, HF_OPAQUE_BIT(SYNTAX));
    }
}

void hf_shell_parse(struct hf_str text, struct hf_arena *arena, struct hf_shell *ret)
{
    ret->count = 0;
    ret->opaque = 0;
    ret->grouped = false;
    if (text.len > HF_SHELL_TEXT_MAX) {
        ret->opaque = HF_OPAQUE_BIT(LIMIT);
        return;
    }
    struct reader r = {.out = ret,
                       .arena = arena,
                       .at = text.ptr,
                       .end = text.ptr == NULL ? NULL : text.ptr + text.len,
                       .join = HF_POLICY_FACTS_COMMANDS_JOIN_FIRST};
    read_list(&r);
    if (r.groups > 0) {
        ret->opaque |= HF_OPAQUE_BIT(SYNTAX);
    }
}
