/* wrapper/policy/reduce_path.c: paths and patches of a call as facts. */
#include <strings.h>

#include "base/hex.h"
#include "wrapper/policy/reducing.h"

enum {
    PATH_MAX_BYTES = 4096
};

/* Appends the parts of path to out, which holds an absolute path without a slash at its end. */
static bool append_parts(struct hf_writer *out, struct hf_str path)
{
    bool moved = false;
    size_t at = 0;
    while (at < path.len) {
        size_t end = at;
        while (end < path.len && path.ptr[end] != '/') {
            end++;
        }
        struct hf_str part = {path.ptr + at, end - at};
        if (hf_str_eq(part, HF_STR(".."))) {
            moved = true;
            while (out->len > 0 && !out->overflow && out->ptr[--out->len] != '/') {
            }
        } else if (part.len > 0 && !hf_str_eq(part, HF_STR("."))) {
            hf_writer_u8(out, '/');
            hf_writer_str(out, part);
        }
        at = end + 1;
    }
    return moved;
}

static enum hf_rc resolve_lexical(void *arg, struct hf_str path, struct hf_writer *out,
                                  bool *ret_moved)
{
    (void)arg;
    size_t start = out->len;
    struct hf_writer sub = hf_writer_init(out->ptr + start, out->cap - start);
    *ret_moved = append_parts(&sub, path);
    if (sub.len == 0) {
        hf_writer_u8(&sub, '/');
    }
    out->len = start + sub.len;
    out->overflow = out->overflow || sub.overflow;
    return out->overflow ? HF_ETOOBIG : HF_OK;
}

const struct hf_resolver hf_resolver_lexical = {.resolve = resolve_lexical};

struct hf_str hf_reduce_text(struct hf_reducing *r, struct hf_str text, size_t max, bool *ret_cut)
{
    *ret_cut = text.len > max;
    size_t len = *ret_cut ? max : text.len;
    /* Not in the middle of a character: the facts are valid UTF-8. */
    while (*ret_cut && len > 0 && ((uint8_t)text.ptr[len] & 0xc0) == 0x80) {
        len--;
    }
    struct hf_str copy = hf_arena_str(r->arena, (struct hf_str){text.ptr, len});
    if (copy.ptr == NULL || !hf_utf8_valid(hf_str_bytes(copy), NULL)) {
        r->facts->incomplete = true;
        return HF_STR("?");
    }
    return copy;
}

/* The text as an absolute path, not resolved yet. */
static bool absolute(struct hf_reducing *r, struct hf_str text, struct hf_writer *out)
{
    if (text.len > 0 && text.ptr[0] == '~') {
        bool mine = text.len == 1 || text.ptr[1] == '/';
        if (!mine || r->call->home.len == 0) {
            hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_VARIABLE);
            return false;
        }
        hf_writer_str(out, r->call->home);
        text = (struct hf_str){text.ptr + 1, text.len - 1};
    } else if (text.len == 0 || text.ptr[0] != '/') {
        hf_writer_str(out, r->cwd);
    }
    hf_writer_u8(out, '/');
    hf_writer_str(out, text);
    if (out->overflow || memchr(text.ptr == NULL ? "" : text.ptr, '\0', text.len) != NULL) {
        r->facts->incomplete = true;
        return false;
    }
    return true;
}

bool hf_reduce_resolve(struct hf_reducing *r, struct hf_str text, struct hf_str *ret_path,
                       bool *ret_moved)
{
    char raw[PATH_MAX_BYTES];
    char done[PATH_MAX_BYTES];
    struct hf_writer in = hf_writer_init(raw, sizeof raw);
    struct hf_writer out = hf_writer_init(done, sizeof done);
    *ret_moved = false;
    if (!absolute(r, text, &in)) {
        return false;
    }
    const struct hf_resolver *resolver = r->call->resolver;
    enum hf_rc rc =
        resolver->resolve(resolver->arg, hf_bytes_str(hf_writer_done(&in)), &out, ret_moved);
    if (rc != HF_OK || out.overflow || out.len == 0 || out.ptr[0] != '/') {
        r->facts->incomplete = true;
        return false;
    }
    *ret_path = hf_arena_str(r->arena, hf_bytes_str(hf_writer_done(&out)));
    if (ret_path->ptr == NULL) {
        r->facts->incomplete = true;
    }
    return ret_path->ptr != NULL;
}

static bool below(struct hf_str path, struct hf_str root)
{
    return hf_str_starts(path, root) &&
           (path.len == root.len || path.ptr[root.len] == '/' || root.len == 1);
}

/* Writes the path from its innermost root on. */
static void name_root(const struct hf_call *call, struct hf_str path, struct hf_writer *out)
{
    const struct hf_root *best = NULL;
    for (size_t i = 0; i < call->root_count; i++) {
        if (below(path, call->roots[i].path) &&
            (best == NULL || call->roots[i].path.len > best->path.len)) {
            best = &call->roots[i];
        }
    }
    if (best != NULL) {
        hf_writer_u8(out, '$');
        hf_writer_str(out, best->name);
        path = (struct hf_str){path.ptr + best->path.len, path.len - best->path.len};
        if (best->path.len == 1 && path.len > 0) {
            hf_writer_u8(out, '/');
        }
    }
    hf_writer_str(out, path);
}

static void add_path(struct hf_reducing *r, struct hf_str path, bool moved,
                     enum hf_policy_facts_paths_access access)
{
    struct hf_policy_facts *facts = r->facts;
    char named[PATH_MAX_BYTES];
    struct hf_writer out = hf_writer_init(named, sizeof named);
    bool cut = false;
    name_root(r->call, path, &out);
    struct hf_str text = out.overflow ? (struct hf_str){"", 0} : hf_bytes_str(hf_writer_done(&out));
    for (size_t i = 0; i < facts->paths_count; i++) {
        if (facts->paths[i].access == access && hf_str_eq(facts->paths[i].path, text)) {
            facts->paths[i].moved = facts->paths[i].moved || moved;
            return;
        }
    }
    if (out.overflow || facts->paths_count == sizeof facts->paths / sizeof *facts->paths) {
        facts->incomplete = true;
        return;
    }
    facts->paths[facts->paths_count] =
        (struct hf_policy_facts_paths){access, moved, hf_reduce_text(r, text, 1024, &cut)};
    facts->paths_count++;
    facts->incomplete = facts->incomplete || cut;
}

/* Does some rule say one thing about the pattern and another about what fits it? */
static bool differs(const struct hf_reducing *r, struct hf_str pattern, struct hf_str path)
{
    for (size_t i = 0; i < r->policy->rule_count; i++) {
        const struct hf_rule *rule = &r->policy->rules[i];
        for (size_t k = 0; k < rule->condition_count; k++) {
            if (hf_condition_path(&rule->conditions[k], pattern) !=
                hf_condition_path(&rule->conditions[k], path)) {
                return true;
            }
        }
    }
    return false;
}

struct fitting {
    struct hf_reducing *r;
    struct hf_str pattern; /* as the fact has it */
    enum hf_policy_facts_paths_access access;
};

static struct hf_str named(struct hf_reducing *r, struct hf_str path)
{
    char name[PATH_MAX_BYTES];
    struct hf_writer out = hf_writer_init(name, sizeof name);
    name_root(r->call, path, &out);
    return out.overflow ? (struct hf_str){"", 0}
                        : hf_arena_str(r->arena, hf_bytes_str(hf_writer_done(&out)));
}

/* What fits a pattern is a fact of its own where it is a link, or where a rule cares. */
static void use_fitting(void *arg, struct hf_str path)
{
    struct fitting *fitting = arg;
    struct hf_reducing *r = fitting->r;
    struct hf_str to;
    bool moved;
    if (!hf_reduce_resolve(r, path, &to, &moved)) {
        return;
    }
    struct hf_str name = named(r, to);
    if (name.ptr == NULL) {
        r->facts->incomplete = true;
    } else if (moved || differs(r, fitting->pattern, name)) {
        add_path(r, to, moved, fitting->access);
    }
}

static void expand(struct hf_reducing *r, struct hf_str path,
                   enum hf_policy_facts_paths_access access)
{
    const struct hf_resolver *resolver = r->call->resolver;
    struct fitting fitting = {.r = r, .pattern = named(r, path), .access = access};
    if (resolver->expand == NULL) {
        return;
    }
    enum hf_rc rc = resolver->expand(resolver->arg, path, use_fitting, &fitting);
    if (rc == HF_ETOOBIG) {
        hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_LIMIT);
    } else if (rc != HF_OK) {
        r->facts->incomplete = true;
    }
}

void hf_reduce_path(struct hf_reducing *r, struct hf_str text,
                    enum hf_policy_facts_paths_access access, bool glob)
{
    struct hf_str path;
    bool moved;
    size_t plain = text.len;
    for (size_t i = 0; glob && i < text.len && plain == text.len; i++) {
        plain = strchr("*?[{", text.ptr[i]) != NULL ? i : plain;
    }
    if (plain == text.len) {
        if (hf_reduce_resolve(r, text, &path, &moved)) {
            add_path(r, path, moved, access);
        }
        return;
    }
    /* The folder before the first part with a star is resolved, the rest stays as it is. */
    while (plain > 0 && text.ptr[plain - 1] != '/') {
        plain--;
    }
    struct hf_str folder = {text.ptr, plain};
    struct hf_str rest = {text.ptr + plain, text.len - plain};
    while (rest.len > 1 && rest.ptr[rest.len - 1] == '/') {
        rest.len--;
    }
    if (!hf_reduce_resolve(r, folder, &path, &moved)) {
        return;
    }
    char joined[2 * PATH_MAX_BYTES];
    struct hf_writer out = hf_writer_init(joined, sizeof joined);
    hf_writer_str(&out, path.len == 1 ? (struct hf_str){"", 0} : path);
    hf_writer_u8(&out, '/');
    hf_writer_str(&out, rest);
    if (out.overflow) {
        r->facts->incomplete = true;
        return;
    }
    add_path(r, hf_bytes_str(hf_writer_done(&out)), moved, access);
    expand(r, hf_bytes_str(hf_writer_done(&out)), access);
}

/* The path of a file URL, behind its host, with what is escaped in it; empty: it is none, or there
 * is no memory. */
static struct hf_str url_path(struct hf_reducing *r, struct hf_str text)
{
    static const char head[] = "file:";
    size_t skip = sizeof head - 1;
    if (text.len <= skip || strncasecmp(text.ptr, head, skip) != 0) {
        return (struct hf_str){NULL, 0};
    }
    if (text.len >= skip + 2 && text.ptr[skip] == '/' && text.ptr[skip + 1] == '/') {
        const char *slash = memchr(text.ptr + skip + 2, '/', text.len - skip - 2);
        skip = slash == NULL ? text.len : (size_t)(slash - text.ptr);
    }
    char *out = hf_arena_alloc(r->arena, text.len - skip + 1, 1);
    size_t len = 0;
    for (size_t i = skip; out != NULL && i < text.len && strchr("?#", text.ptr[i]) == NULL; i++) {
        bool whole = text.ptr[i] == '%' && i + 2 < text.len;
        int high = whole ? hf_hex_digit(text.ptr[i + 1]) : -1;
        int low = whole ? hf_hex_digit(text.ptr[i + 2]) : -1;
        char c = text.ptr[i];
        if (high >= 0 && low >= 0) {
            c = (char)(high << 4 | low);
            i += 2;
        }
        out[len++] = c;
    }
    r->facts->incomplete = r->facts->incomplete || out == NULL;
    return (struct hf_str){out, out == NULL ? 0 : len};
}

void hf_reduce_tool_path(struct hf_reducing *r, struct hf_str text,
                         enum hf_policy_facts_paths_access access)
{
    hf_reduce_path(r, text, access, false);
    if (text.len > 1 && text.ptr[0] == '@') {
        text = (struct hf_str){text.ptr + 1, text.len - 1};
        hf_reduce_path(r, text, access, false);
    }
    struct hf_str path = url_path(r, text);
    if (path.len > 0) {
        hf_reduce_path(r, path, access, false);
    }
}

struct patch_word {
    const char *head;
    enum hf_policy_facts_paths_access access;
};

void hf_reduce_patch(struct hf_reducing *r, struct hf_str text)
{
    static const struct patch_word words[] = {
        {"*** Add File: ", HF_POLICY_FACTS_PATHS_ACCESS_WRITE},
        {"*** Update File: ", HF_POLICY_FACTS_PATHS_ACCESS_WRITE},
        {"*** Move to: ", HF_POLICY_FACTS_PATHS_ACCESS_WRITE},
        {"*** Delete File: ", HF_POLICY_FACTS_PATHS_ACCESS_DESTROY},
    };
    size_t found = 0;
    size_t at = 0;
    while (at < text.len) {
        const char *stop = memchr(text.ptr + at, '\n', text.len - at);
        size_t end = stop == NULL ? text.len : (size_t)(stop - text.ptr);
        size_t from = at;
        while (from < end && (text.ptr[from] == ' ' || text.ptr[from] == '\t')) {
            from++;
        }
        struct hf_str line = {text.ptr + from, end - from};
        while (line.len > 0 && strchr(" \t\r", line.ptr[line.len - 1]) != NULL) {
            line.len--;
        }
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            size_t len = strlen(words[i].head);
            if (line.len > len && memcmp(line.ptr, words[i].head, len) == 0) {
                hf_reduce_tool_path(r, (struct hf_str){line.ptr + len, line.len - len},
                                    words[i].access);
                if (words[i].access == HF_POLICY_FACTS_PATHS_ACCESS_DESTROY) {
                    hf_facts_add_classes(r->facts, HF_CLASS_BIT(DESTROY));
                }
                found++;
            }
        }
        at = end + 1;
    }
    if (found == 0) {
        hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_SYNTAX);
    }
}
