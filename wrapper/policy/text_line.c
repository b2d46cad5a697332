/* wrapper/policy/text_line.c: lines of a policy's text: tokens, mistakes, values. */
#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/parse.h"
#include "wrapper/policy/compiling.h"
#include "wrapper/policy/text_names.h"

__attribute__((format(printf, 4, 0))) static void fault(struct hf_compiling *c, unsigned line,
                                                        unsigned column, const char *format,
                                                        va_list args)
{
    struct hf_policy_faults *faults = c->faults;
    if (faults->count == HF_POLICY_FAULTS_MAX) {
        faults->more = true;
        return;
    }
    struct hf_policy_fault *at = &faults->at[faults->count++];
    at->line = line;
    at->column = column;
    (void)vsnprintf(at->text, sizeof at->text, format, args);
}

void hf_text_fault(struct hf_compiling *c, unsigned column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault(c, c->line, column, format, args);
    va_end(args);
}

void hf_text_fault_at(struct hf_compiling *c, unsigned line, unsigned column, const char *format,
                      ...)
{
    va_list args;
    va_start(args, format);
    fault(c, line, column, format, args);
    va_end(args);
}

/* A quoted text from at on, which stands behind the quotation mark; its end, or SIZE_MAX. */
static size_t take_quoted(struct hf_compiling *c, struct hf_str line, size_t at, struct hf_str *ret)
{
    size_t end = at;
    while (end < line.len && line.ptr[end] != '"') {
        end += line.ptr[end] == '\\' ? 2 : 1;
    }
    if (end >= line.len) {
        hf_text_fault(c, (unsigned)at, "the quotation mark is not closed on this line");
        return SIZE_MAX;
    }
    char *text = hf_arena_cstr(&c->arena, (struct hf_str){line.ptr + at, end - at});
    size_t len = 0;
    if (text == NULL) {
        c->failed = HF_ENOMEM;
        return SIZE_MAX;
    }
    for (size_t i = at; i < end; i++) {
        if (line.ptr[i] == '\\') {
            i++;
            if (line.ptr[i] != '"' && line.ptr[i] != '\\') {
                hf_text_fault(c, (unsigned)i, "after a backslash comes \" or another backslash");
                return SIZE_MAX;
            }
        }
        text[len++] = line.ptr[i];
    }
    *ret = (struct hf_str){text, len};
    return end + 1;
}

static bool is_blank(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r';
}

/* In a test the parameters of a call, or its facts, are JSON to the end of the line. What follows
 * upon the first line of a block that was wrong may be a test too. */
static bool is_json(const struct hf_compiling *c)
{
    return c->indented && (c->block == HF_BLOCK_TEST || c->block == HF_BLOCK_SKIP) &&
           ((c->token_count == 3 && hf_text_is(c, 0, "call")) ||
            (c->token_count == 2 && hf_text_is(c, 0, "facts")));
}

/* It looks like a blank and is none. */
static bool is_other_blank(uint32_t ch)
{
    return ch == 0xA0 || ch == 0x1680 || (ch >= 0x2000 && ch <= 0x200A) || ch == 0x202F ||
           ch == 0x205F || ch == 0x3000;
}

/* The line, which is UTF-8, has nothing in it that cannot be seen. A policy says what it seems to
 * say; in JSON such a character can be spelled. */
static bool is_visible(struct hf_compiling *c, struct hf_str line)
{
    bool json = c->token_count > 0 && is_json(c);
    for (size_t at = 0; at < line.len;) {
        size_t len;
        uint32_t ch = hf_utf8_next((struct hf_str){line.ptr + at, line.len - at}, &len);
        if (hf_utf8_hidden(ch) && !(ch == '\r' && at + 1 == line.len)) {
            hf_text_fault(c, (unsigned)at + 1,
                          json ? "U+%04X cannot be seen; spell it, as \\u and four digits"
                               : "U+%04X cannot be seen, and has to go",
                          ch);
            return false;
        }
        at += len;
    }
    return true;
}

/* An unquoted word; its end, or SIZE_MAX. */
static size_t take_word(struct hf_compiling *c, struct hf_str line, size_t at, struct hf_str *ret)
{
    size_t end = at;
    while (end < line.len && !is_blank(line.ptr[end])) {
        size_t len;
        uint32_t ch = hf_utf8_next((struct hf_str){line.ptr + end, line.len - end}, &len);
        if (ch == '"' || is_other_blank(ch)) {
            hf_text_fault(c, (unsigned)end + 1,
                          ch == '"' ? "a quotation mark stands at the begin of a text only"
                                    : "this looks like a blank and is another character");
            return SIZE_MAX;
        }
        end += len;
    }
    *ret = (struct hf_str){line.ptr + at, end - at};
    return end;
}

/* The next token, which begins at `at`; its end, or SIZE_MAX with a mistake noted. */
static size_t take_token(struct hf_compiling *c, struct hf_str line, size_t at)
{
    if (c->token_count == HF_TEXT_TOKENS_MAX) {
        hf_text_fault(c, (unsigned)at + 1, "more than %d words on a line; use a list",
                      HF_TEXT_TOKENS_MAX);
        return SIZE_MAX;
    }
    struct hf_token *token = &c->tokens[c->token_count++];
    *token = (struct hf_token){.column = (unsigned)at + 1, .quoted = line.ptr[at] == '"'};
    if (is_json(c)) {
        token->text = (struct hf_str){line.ptr + at, line.len - at};
        return line.len;
    }
    if (!token->quoted) {
        return take_word(c, line, at, &token->text);
    }
    at = take_quoted(c, line, at + 1, &token->text);
    if (at != SIZE_MAX && at < line.len && !is_blank(line.ptr[at])) {
        hf_text_fault(c, (unsigned)at + 1, "a blank is expected behind the quotation mark");
        return SIZE_MAX;
    }
    return at;
}

bool hf_text_split(struct hf_compiling *c, struct hf_str line)
{
    size_t at = 0;
    size_t wrong;
    c->raw = line;
    c->token_count = 0;
    c->indented = line.len > 0 && is_blank(line.ptr[0]);
    if (!hf_utf8_valid(hf_str_bytes(line), &wrong)) {
        hf_text_fault(c, (unsigned)wrong + 1, "this is not UTF-8");
        return false;
    }
    while (at < line.len && (is_blank(line.ptr[at]) || line.ptr[at] != '#')) {
        if (is_blank(line.ptr[at])) {
            at++;
            continue;
        }
        at = take_token(c, line, at);
        if (at == SIZE_MAX) {
            return false;
        }
    }
    return is_visible(c, line);
}

unsigned hf_text_end(const struct hf_compiling *c)
{
    if (c->token_count == 0) {
        return 1;
    }
    const struct hf_token *last = &c->tokens[c->token_count - 1];
    return last->column + (unsigned)last->text.len + (last->quoted ? 2 : 0);
}

bool hf_text_is(const struct hf_compiling *c, size_t i, const char *word)
{
    return i < c->token_count && !c->tokens[i].quoted &&
           hf_str_eq(c->tokens[i].text, hf_str_c(word));
}

int hf_text_choice(struct hf_compiling *c, size_t i, struct hf_str (*name)(unsigned),
                   unsigned count, const char *what)
{
    char list[160];
    struct hf_writer w = hf_writer_init(list, sizeof list - 1);
    for (unsigned k = 0; k < count; k++) {
        if (i < c->token_count && hf_str_eq(c->tokens[i].text, name(k))) {
            return (int)k;
        }
        hf_writer_str(&w, k == 0 ? HF_STR("") : HF_STR(", "));
        hf_writer_str(&w, name(k));
    }
    size_t len = w.len < sizeof list ? w.len : sizeof list - 1;
    hf_text_fault(c, i < c->token_count ? c->tokens[i].column : hf_text_end(c),
                  "%s: one of %.*s is expected", what, w.overflow ? 0 : (int)len, list);
    return -1;
}

bool hf_text_number(struct hf_compiling *c, size_t i, uint64_t min, uint64_t max, uint64_t *ret)
{
    if (i < c->token_count && hf_parse_u64(c->tokens[i].text, min, max, ret) == HF_OK) {
        return true;
    }
    hf_text_fault(c, i < c->token_count ? c->tokens[i].column : hf_text_end(c),
                  "a whole number from %llu to %llu is expected", (unsigned long long)min,
                  (unsigned long long)max);
    return false;
}

bool hf_text_level(struct hf_compiling *c, size_t i, uint64_t *ret)
{
    struct hf_str text = i < c->token_count ? c->tokens[i].text : (struct hf_str){"", 0};
    if (text.len == 2 && text.ptr[0] == 'L' && text.ptr[1] >= '1' && text.ptr[1] <= '5') {
        *ret = (uint64_t)(text.ptr[1] - '0');
        return true;
    }
    hf_text_fault(c, i < c->token_count ? c->tokens[i].column : hf_text_end(c),
                  "a level of autonomy is expected: L1, L2, L3, L4 or L5");
    return false;
}

bool hf_text_minute(struct hf_compiling *c, size_t i, uint64_t *ret)
{
    uint64_t hour = 0;
    uint64_t minute = 0;
    struct hf_str t = i < c->token_count ? c->tokens[i].text : (struct hf_str){"", 0};
    bool shape = t.len == 5 && t.ptr[2] == ':';
    for (size_t k = 0; k < 5 && shape; k++) {
        shape = k == 2 || (t.ptr[k] >= '0' && t.ptr[k] <= '9');
    }
    if (shape) {
        hour = (uint64_t)(t.ptr[0] - '0') * 10 + (uint64_t)(t.ptr[1] - '0');
        minute = (uint64_t)(t.ptr[3] - '0') * 10 + (uint64_t)(t.ptr[4] - '0');
    }
    if (!shape || minute > 59 || hour * 60 + minute > 1440) {
        hf_text_fault(c, i < c->token_count ? c->tokens[i].column : hf_text_end(c),
                      "a time of the day is expected, such as 08:30");
        return false;
    }
    *ret = hour * 60 + minute;
    return true;
}

bool hf_text_nothing_after(struct hf_compiling *c, size_t i)
{
    if (i < c->token_count) {
        hf_text_fault(c, c->tokens[i].column, "nothing more is expected on this line");
        return false;
    }
    return true;
}

hf_class_set hf_text_classes(struct hf_compiling *c, size_t i)
{
    unsigned set = 0;
    if (i == c->token_count) {
        (void)hf_text_choice(c, i, hf_text_class_name, HF_POLICY_FACTS_CLASSES_COUNT, "classes");
    }
    for (; i < c->token_count; i++) {
        int found =
            hf_text_choice(c, i, hf_text_class_name, HF_POLICY_FACTS_CLASSES_COUNT, "classes");
        if (found < 0) {
            return 0;
        }
        set |= 1u << found;
    }
    return (hf_class_set)set;
}

bool hf_text_grow(struct hf_compiling *c, void **io_array, size_t count, size_t *io_cap,
                  size_t size)
{
    if (count < *io_cap) {
        return true;
    }
    size_t cap = *io_cap == 0 ? 32 : 2 * *io_cap;
    void *grown = hf_heap_resize(*io_array, cap, size);
    if (grown == NULL) {
        c->failed = HF_ENOMEM;
        return false;
    }
    *io_array = grown;
    *io_cap = cap;
    return true;
}

static bool in_set(char ch, const char *set)
{
    for (; *set != '\0'; set++) {
        if (set[1] == '-' && set[2] != '\0') {
            if (ch >= set[0] && ch <= set[2]) {
                return true;
            }
            set += 2;
        } else if (ch == *set) {
            return true;
        }
    }
    return false;
}

bool hf_text_name(struct hf_compiling *c, size_t i, size_t max, const char *set, const char *what)
{
    if (hf_text_missing(c, i, what)) {
        return false;
    }
    struct hf_str text = c->tokens[i].text;
    bool good = text.len <= max;
    for (size_t k = 0; k < text.len && good && set != NULL; k++) {
        good = in_set(text.ptr[k], set);
    }
    if (!good) {
        hf_text_fault(c, c->tokens[i].column, "%s has 1 to %zu bytes%s%s%s", what, max,
                      set == NULL ? "" : " out of [", set == NULL ? "" : set,
                      set == NULL ? "" : "]");
    }
    return good;
}

bool hf_text_missing(struct hf_compiling *c, size_t i, const char *what)
{
    if (i < c->token_count && c->tokens[i].text.len > 0) {
        return false;
    }
    hf_text_fault(c, i < c->token_count ? c->tokens[i].column : hf_text_end(c), "%s is expected",
                  what);
    return true;
}

bool hf_text_again(struct hf_compiling *c, unsigned *io_set, unsigned bit)
{
    if ((*io_set & bit) != 0) {
        hf_text_fault(c, c->tokens[0].column, "this was said already");
        return true;
    }
    *io_set |= bit;
    return false;
}
