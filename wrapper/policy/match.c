/* wrapper/policy/match.c: glob patterns with bounded work, and sets of them that are looked up. */
#include "wrapper/policy/match.h"

#include <stdlib.h>

/* As many keys are looked at one by one faster than they are found by the parents of a text. */
enum {
    FEW = 12
};

bool hf_match_word(struct hf_str pattern, struct hf_str text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = SIZE_MAX;
    size_t mark = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.len && pattern.ptr[p] == text.ptr[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

/* Two places to go back to: the last "*", which never passes a "/", and the last "**". Going back
 * to a "**" forgets the "*" after it, so the work is bounded by the product of the lengths, squared
 * only over one part between two "**". */
static bool glob_path(struct hf_str pattern, struct hf_str path)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = SIZE_MAX;
    size_t star_mark = 0;
    size_t deep = SIZE_MAX;
    size_t deep_mark = 0;
    while (t < path.len || p < pattern.len) {
        if (p + 1 < pattern.len && pattern.ptr[p] == '*' && pattern.ptr[p + 1] == '*') {
            deep = p;
            deep_mark = t;
            star = SIZE_MAX;
            p += 2;
        } else if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            star_mark = t;
        } else if (p < pattern.len && t < path.len && pattern.ptr[p] == path.ptr[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX && star_mark < path.len && path.ptr[star_mark] != '/') {
            p = star + 1;
            t = ++star_mark;
        } else if (deep != SIZE_MAX && deep_mark < path.len) {
            p = deep + 2;
            t = ++deep_mark;
            star = SIZE_MAX;
        } else {
            return false;
        }
    }
    return true;
}

static bool ends_deep(struct hf_str pattern)
{
    return pattern.len >= 3 && memcmp(pattern.ptr + pattern.len - 3, "/**", 3) == 0;
}

bool hf_match_path(struct hf_str pattern, struct hf_str path)
{
    if (glob_path(pattern, path)) {
        return true;
    }
    return ends_deep(pattern) && glob_path((struct hf_str){pattern.ptr, pattern.len - 3}, path);
}

/* The next word of a command pattern; false at the end. */
static bool next_word(struct hf_str *io_rest, struct hf_str *ret)
{
    if (io_rest->len == 0) {
        return false;
    }
    const char *space = memchr(io_rest->ptr, ' ', io_rest->len);
    size_t len = space == NULL ? io_rest->len : (size_t)(space - io_rest->ptr);
    size_t skip = space == NULL ? len : len + 1;
    *ret = (struct hf_str){io_rest->ptr, len};
    *io_rest = (struct hf_str){io_rest->ptr + skip, io_rest->len - skip};
    return true;
}

bool hf_match_command(struct hf_str pattern, struct hf_str program, const struct hf_str *args,
                      size_t arg_count)
{
    struct hf_str rest = pattern;
    struct hf_str word;
    struct hf_str after_star = {NULL, 0};
    bool star = false;
    size_t mark = 0;
    size_t at = 0;
    if (!next_word(&rest, &word) || !hf_match_word(word, program)) {
        return false;
    }
    /* What follows the pattern's last word is free, so the pattern only has to run out. */
    for (;;) {
        if (!next_word(&rest, &word)) {
            return true;
        }
        if (hf_str_eq(word, HF_STR("*"))) {
            star = true;
            after_star = rest;
            mark = at;
        } else if (at < arg_count && hf_match_word(word, args[at])) {
            at++;
        } else if (star && mark < arg_count) {
            rest = after_star;
            at = ++mark;
        } else {
            return false;
        }
    }
}

static bool is_key(enum hf_match_kind kind, struct hf_str value)
{
    struct hf_str rest = value;
    if (kind == HF_MATCH_COMMAND) {
        return false;
    }
    if (kind == HF_MATCH_PATH && ends_deep(value)) {
        rest.len -= 3;
    } else if (kind == HF_MATCH_HOST && value.len > 2 && memcmp(value.ptr, "*.", 2) == 0) {
        rest = (struct hf_str){value.ptr + 2, value.len - 2};
    }
    return rest.len == 0 || memchr(rest.ptr, '*', rest.len) == NULL;
}

static int by_bytes(const void *a, const void *b)
{
    const struct hf_str *x = a;
    const struct hf_str *y = b;
    return hf_bytes_cmp(hf_str_bytes(*x), hf_str_bytes(*y));
}

enum hf_rc hf_match_set_build(enum hf_match_kind kind, const struct hf_str *values, size_t count,
                              struct hf_arena *arena, struct hf_match_set *ret)
{
    *ret = (struct hf_match_set){NULL, 0, NULL, 0};
    if (count == 0) {
        return HF_OK;
    }
    struct hf_str *all = hf_arena_alloc(arena, count, sizeof *all);
    if (all == NULL) {
        return HF_ENOMEM;
    }
    size_t keys = 0;
    size_t globs = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_key(kind, values[i])) {
            all[keys++] = values[i];
        } else {
            all[count - ++globs] = values[i];
        }
    }
    qsort(all, keys, sizeof *all, by_bytes);
    *ret = (struct hf_match_set){all, keys, all + keys, globs};
    return HF_OK;
}

/* Is there the key head + text + tail? */
static bool find_key(const struct hf_match_set *set, struct hf_str head, struct hf_str text,
                     struct hf_str tail)
{
    size_t low = 0;
    size_t high = set->key_count;
    size_t len = head.len + text.len + tail.len;
    const struct hf_str parts[3] = {head, text, tail};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct hf_str key = set->keys[middle];
        size_t at = 0;
        int order = 0;
        for (size_t i = 0; i < 3 && order == 0 && at < key.len; i++) {
            size_t part = parts[i].len < key.len - at ? parts[i].len : key.len - at;
            order = part == 0 ? 0 : memcmp(key.ptr + at, parts[i].ptr, part);
            at += part;
        }
        if (order == 0) {
            order = key.len < len ? -1 : key.len > len ? 1 : 0;
        }
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static bool has_parent(const struct hf_match_set *set, struct hf_str path)
{
    const struct hf_str none = {"", 0};
    if (find_key(set, none, path, HF_STR("/**"))) {
        return true;
    }
    for (size_t i = path.len; i > 0; i--) {
        if (path.ptr[i - 1] == '/' &&
            find_key(set, none, (struct hf_str){path.ptr, i - 1}, HF_STR("/**"))) {
            return true;
        }
    }
    return false;
}

static bool has_domain(const struct hf_match_set *set, struct hf_str host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] == '.' &&
            find_key(set, HF_STR("*"), (struct hf_str){host.ptr + i, host.len - i},
                     (struct hf_str){"", 0})) {
            return true;
        }
    }
    return false;
}

/* One key, without going through the parents of the text. */
static bool key_fits(struct hf_str key, enum hf_match_kind kind, struct hf_str text)
{
    if (kind == HF_MATCH_PATH && ends_deep(key)) {
        size_t len = key.len - 3;
        return text.len >= len && memcmp(text.ptr, key.ptr, len) == 0 &&
               (text.len == len || text.ptr[len] == '/');
    }
    if (kind == HF_MATCH_HOST && key.len > 2 && key.ptr[0] == '*') {
        return text.len >= key.len - 1 &&
               memcmp(text.ptr + text.len - (key.len - 1), key.ptr + 1, key.len - 1) == 0;
    }
    return hf_str_eq(key, text);
}

bool hf_match_set_has(const struct hf_match_set *set, enum hf_match_kind kind, struct hf_str text)
{
    const struct hf_str none = {"", 0};
    if (set->key_count <= FEW) {
        for (size_t i = 0; i < set->key_count; i++) {
            if (key_fits(set->keys[i], kind, text)) {
                return true;
            }
        }
    } else {
        if (find_key(set, none, text, none) || (kind == HF_MATCH_PATH && has_parent(set, text)) ||
            (kind == HF_MATCH_HOST && has_domain(set, text))) {
            return true;
        }
    }
    for (size_t i = 0; i < set->glob_count; i++) {
        if (kind == HF_MATCH_PATH ? hf_match_path(set->globs[i], text)
                                  : hf_match_word(set->globs[i], text)) {
            return true;
        }
    }
    return false;
}

bool hf_match_set_has_command(const struct hf_match_set *set, struct hf_str program,
                              const struct hf_str *args, size_t arg_count)
{
    for (size_t i = 0; i < set->glob_count; i++) {
        if (hf_match_command(set->globs[i], program, args, arg_count)) {
            return true;
        }
    }
    return false;
}
