/* wrapper/policy/shell.c: reads a command line: commands, operators, redirections, keywords. */
#include "wrapper/policy/shell.h"

#include "base/assert.h"
#include "wrapper/policy/name_list.h"
#include "wrapper/policy/shell_reader.h"

static struct hf_shell_command *command_of(struct hf_shell_reader *r)
{
    if (r->command == NULL) {
        if (r->out->count == HF_SHELL_COMMANDS_MAX) {
            hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
            return NULL;
        }
        r->command = &r->out->commands[r->out->count++];
        *r->command = (struct hf_shell_command){.join = r->join};
        r->word_cap = 0;
    }
    return r->command;
}

static void add_one_word(struct hf_shell_reader *r, const struct hf_shell_word *word)
{
    struct hf_shell_command *c = command_of(r);
    if (c == NULL || c->word_count == HF_SHELL_WORDS_MAX) {
        hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
        return;
    }
    if (c->word_count == r->word_cap) {
        size_t cap = r->word_cap == 0 ? 8 : 2 * r->word_cap;
        struct hf_shell_word *grown = hf_arena_alloc(r->arena, cap, sizeof *grown);
        if (grown == NULL) {
            hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
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

/* A word, or those that bash makes of it; other ways to write braces are not understood. */
static void add_word(struct hf_shell_reader *r, const struct hf_shell_word *word, unsigned depth)
{
    struct hf_shell_word one = *word;
    size_t open = 0;
    size_t close = 0;
    int found = word->glob ? hf_shell_find_braces(word->text, &open, &close) : 0;
    if (found != 0 &&
        (found < 0 || word->quoted || word->unknown || depth == HF_SHELL_BRACES_MAX)) {
        one.unknown = true;
        hf_shell_mark(r, HF_OPAQUE_BIT(VARIABLE));
        found = 0;
    }
    if (found == 0) {
        add_one_word(r, &one);
        return;
    }
    for (size_t at = open + 1; at <= close;) {
        if (!hf_shell_take_alternative(r, word, open, close, &at, &one)) {
            hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
            return;
        }
        add_word(r, &one, depth + 1);
    }
}

static void add_assignment(struct hf_shell_reader *r, struct hf_str name)
{
    struct hf_shell_command *c = command_of(r);
    if (c == NULL) {
        return;
    }
    if (c->assigned == NULL) {
        c->assigned = hf_arena_alloc(r->arena, 16, sizeof *c->assigned);
    }
    if (c->assigned == NULL || c->assigned_count == 16) {
        hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
        return;
    }
    c->assigned[c->assigned_count++] = name;
}

static void add_redirect(struct hf_shell_reader *r, bool reads, bool writes,
                         const struct hf_shell_word *target)
{
    if (target->glob && memchr(target->text.ptr, '{', target->text.len) != NULL) {
        hf_shell_mark(r, HF_OPAQUE_BIT(VARIABLE));
    }
    struct hf_shell_command *c = command_of(r);
    if (c == NULL) {
        return;
    }
    if (c->redirects == NULL) {
        c->redirects = hf_arena_alloc(r->arena, 16, sizeof *c->redirects);
    }
    if (c->redirects == NULL || c->redirect_count == 16) {
        hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
        return;
    }
    c->redirects[c->redirect_count++] = (struct hf_shell_redirect){reads, writes, *target};
}

/* A separator: what comes next is a new command. */
static void end_command(struct hf_shell_reader *r, enum hf_policy_facts_commands_join join)
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
    while (i < word->text.len && hf_shell_is_name((uint8_t)word->text.ptr[i], i == 0)) {
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

/* A word where a command begins. Answers whether it was a keyword. */
static bool take_keyword(struct hf_shell_reader *r, const struct hf_shell_word *word)
{
    static const char *const go_on[] = {"if", "then", "elif", "else", "while", "until", "do",
                                        "!",  "{",    "fi",   "done", "}",     NULL};
    static const char *const odd[] = {"case", "esac", "function", "select", "coproc", NULL};
    if (word->quoted || word->unknown) {
        return false;
    }
    if (hf_name_is_one_of(word->text, go_on)) {
        r->out->grouped = true;
        return true;
    }
    if (hf_str_eq(word->text, HF_STR("for"))) {
        r->data = true;
        return true;
    }
    if (hf_name_is_one_of(word->text, odd)) {
        hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
        return true;
    }
    return false;
}

static void read_word(struct hf_shell_reader *r)
{
    struct hf_shell_word word;
    size_t plain = 0;
    bool odd = false;
    if (!hf_shell_take_word(r, &word, &plain) || r->data) {
        return;
    }
    bool begins = r->command == NULL || r->command->word_count == 0;
    if (begins && take_keyword(r, &word)) {
        return;
    }
    size_t name = begins ? assignment(&word, plain, &odd) : 0;
    if (name > 0) {
        if (odd || hf_shell_peek(r, 0) == '(') {
            hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX)); /* arrays */
        }
        add_assignment(r, (struct hf_str){word.text.ptr, name});
        return;
    }
    add_word(r, &word, 0);
}

/* The body of a here-document, from the next line on. */
static void skip_here(struct hf_shell_reader *r)
{
    const char *body = r->at;
    bool ended = false;
    r->here = false;
    while (r->at < r->end && !ended) {
        const char *line = r->at;
        const char *stop = memchr(line, '\n', (size_t)(r->end - line));
        const char *end = stop == NULL ? r->end : stop;
        r->at = stop == NULL ? r->end : stop + 1;
        const char *text = line;
        while (r->here_tabs && text < end && *text == '\t') {
            text++;
        }
        ended = hf_str_eq((struct hf_str){line, (size_t)(end - line)}, r->here_end) ||
                hf_str_eq((struct hf_str){text, (size_t)(end - text)}, r->here_end);
        /* Such a line goes on in the next one, which then ends nothing. */
        if (!r->here_plain && end > line && end[-1] == '\\') {
            hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
        }
    }
    if (!ended) {
        hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
    }
    size_t len = (size_t)(r->at - body);
    if (!r->here_plain && len > 0 &&
        (memchr(body, '$', len) != NULL || memchr(body, '`', len) != NULL)) {
        hf_shell_mark(r, HF_OPAQUE_BIT(SUBSTITUTION));
    }
}

static void skip_blanks(struct hf_shell_reader *r)
{
    while (hf_shell_peek(r, 0) == ' ' || hf_shell_peek(r, 0) == '\t' ||
           (hf_shell_peek(r, 0) == '\\' && hf_shell_peek(r, 1) == '\n')) {
        r->at += *r->at == '\\' ? 2 : 1;
    }
}

static void read_here(struct hf_shell_reader *r)
{
    struct hf_shell_word word;
    size_t plain = 0;
    r->here_tabs = hf_shell_peek(r, 2) == '-';
    r->at += r->here_tabs ? 3 : 2;
    skip_blanks(r);
    if (r->here || !hf_shell_take_word(r, &word, &plain)) {
        hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
        return;
    }
    r->here = true;
    r->here_plain = word.quoted;
    r->here_end = word.text;
}

/* <(...) and >(...): a file that is not known, and commands. */
static void read_process(struct hf_shell_reader *r)
{
    struct hf_shell_word word;
    if (hf_shell_take_process(r, &word)) {
        add_one_word(r, &word);
    }
}

/* At '<' or '>', or '&' before '>'. A descriptor's number in front is taken for an argument. */
static void read_redirect(struct hf_shell_reader *r)
{
    struct hf_shell_word target;
    size_t plain = 0;
    if (hf_shell_starts(r, "<<<")) {
        r->at += 3;
        skip_blanks(r);
        if (!hf_shell_take_word(r, &target, &plain)) {
            hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
        }
        return;
    }
    if (hf_shell_starts(r, "<<")) {
        read_here(r);
        return;
    }
    if (hf_shell_peek(r, 1) == '(') {
        read_process(r);
        return;
    }
    bool both = *r->at == '&' || hf_shell_starts(r, "<>");
    bool writes = *r->at != '<' || both;
    bool reads = *r->at == '<';
    r->at += *r->at == '&' ? 2 : 1;
    bool duplicates = hf_shell_peek(r, 0) == '&';
    while (hf_shell_peek(r, 0) > 0 && strchr(">|&", hf_shell_peek(r, 0)) != NULL) {
        r->at++;
    }
    skip_blanks(r);
    if (!hf_shell_take_word(r, &target, &plain)) {
        hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
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

static void read_paren(struct hf_shell_reader *r)
{
    r->out->grouped = true;
    if (*r->at == '(') {
        /* Behind a word it begins a function, an array or a pattern. */
        if (r->command != NULL || hf_shell_starts(r, "((")) {
            hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
        }
        r->groups++;
    } else if (r->groups == 0) {
        hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
    } else {
        r->groups--;
    }
    r->at++;
    end_command(r, r->out->count == 0 ? HF_POLICY_FACTS_COMMANDS_JOIN_FIRST
                                      : HF_POLICY_FACTS_COMMANDS_JOIN_THEN);
}

static void read_operator(struct hf_shell_reader *r)
{
    enum hf_policy_facts_commands_join join = HF_POLICY_FACTS_COMMANDS_JOIN_THEN;
    size_t len = 1;
    if (hf_shell_starts(r, "&&")) {
        join = HF_POLICY_FACTS_COMMANDS_JOIN_AND;
        len = 2;
    } else if (hf_shell_starts(r, "||")) {
        join = HF_POLICY_FACTS_COMMANDS_JOIN_OR;
        len = 2;
    } else if (*r->at == '|') {
        join = HF_POLICY_FACTS_COMMANDS_JOIN_PIPE;
        len = hf_shell_peek(r, 1) == '&' ? 2 : 1;
    } else if (*r->at == '&') {
        join = HF_POLICY_FACTS_COMMANDS_JOIN_BACKGROUND;
    } else if (hf_shell_starts(r, ";;") || hf_shell_starts(r, ";&")) {
        hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
    }
    bool line = *r->at == '\n';
    r->at += len;
    end_command(r, join);
    if (line && r->here) {
        skip_here(r);
    }
}

void hf_shell_read_list(struct hf_shell_reader *r)
{
    r->scratch_cap = (size_t)(r->end - r->at) + 1;
    r->scratch = hf_arena_alloc(r->arena, r->scratch_cap, 1);
    if (r->scratch == NULL) {
        hf_shell_mark(r, HF_OPAQUE_BIT(LIMIT));
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
        } else if (c == '<' || c == '>' || hf_shell_starts(r, "&>")) {
            read_redirect(r);
        } else if (c == '(' || c == ')') {
            read_paren(r);
        } else if (c == '|' || c == '&' || c == ';' || c == '\n') {
            read_operator(r);
        } else {
            read_word(r);
        }
        if (r->at == before) { /* nothing takes this character */
            hf_shell_unclosed(r);
        }
    }
    if (r->here) {
        hf_shell_mark(r, HF_OPAQUE_BIT(SYNTAX));
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
    struct hf_shell_reader r = {.out = ret,
                                .arena = arena,
                                .at = text.ptr,
                                .end = text.ptr == NULL ? NULL : text.ptr + text.len,
                                .join = HF_POLICY_FACTS_COMMANDS_JOIN_FIRST};
    hf_shell_read_list(&r);
    if (r.groups > 0) {
        ret->opaque |= HF_OPAQUE_BIT(SYNTAX);
    }
}
