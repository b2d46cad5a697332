/* wrapper/policy/reduce_arg.c: what an argument of a program is about: a URL, a host, a path. */
#include "wrapper/policy/reduce_arg.h"

#include "wrapper/policy/reduce_option.h"

static bool looks_like_path(struct hf_str text)
{
    return text.len > 0 && (memchr(text.ptr, '/', text.len) != NULL || text.ptr[0] == '~' ||
                            hf_str_eq(text, HF_STR(".")) || hf_str_eq(text, HF_STR("..")));
}

static bool talks(const struct hf_known_program *known)
{
    return (known->classes & HF_CLASS_BIT(COMMUNICATE)) != 0;
}

static void use_path(struct hf_reducing *r, const struct hf_known_program *known,
                     struct hf_str text, bool glob)
{
    if (known->paths == 0 || known->odd) {
        hf_reduce_path(r, text, HF_POLICY_FACTS_PATHS_ACCESS_UNKNOWN, glob);
        return;
    }
    for (unsigned i = 0; i < HF_POLICY_FACTS_PATHS_ACCESS_UNKNOWN; i++) {
        if ((known->paths >> i & 1) != 0) {
            hf_reduce_path(r, text, (enum hf_policy_facts_paths_access)i, glob);
        }
    }
}

void hf_reduce_own_path(struct hf_reducing *r, const struct hf_known_program *known,
                        struct hf_str path)
{
    use_path(r, known, path, false);
}

/* The part of an option, or of NAME=VALUE, that may be a path: behind letters that are glued to it
 * it begins with a slash or a point at the latest. */
static struct hf_str value_in(struct hf_str text)
{
    const char *equals = memchr(text.ptr, '=', text.len);
    const char *slash = memchr(text.ptr, '/', text.len);
    const char *point = memchr(text.ptr, '.', text.len);
    size_t skip = 0;
    if (slash == NULL || (point != NULL && point < slash)) {
        slash = point;
    }
    if (equals != NULL) {
        skip = (size_t)(equals + 1 - text.ptr);
    } else if (text.ptr[0] == '-' && slash != NULL) {
        skip = (size_t)(slash - text.ptr);
    }
    return (struct hf_str){text.ptr + skip, text.len - skip};
}

/* Letters, digits and what else the name before a "=" has. */
static bool is_plain_name(struct hf_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_')) {
            return false;
        }
    }
    return true;
}

/* An argument that is a URL or holds one as a value. A URL, or a host, with another URL in what it
 * asks for leads to the first one. */
static bool use_url(struct hf_reducing *r, struct hf_str text, struct hf_str value)
{
    size_t before = (size_t)(value.ptr - text.ptr);
    struct hf_str head = {text.ptr, before > 0 ? before - 1 : 0};
    bool option = text.ptr[0] == '-';
    if (!hf_reduce_is_url(value) || hf_reduce_is_url(head)) {
        return hf_reduce_url(r, text);
    }
    bool good = option || is_plain_name(head) || hf_reduce_host(r, text);
    return hf_reduce_url(r, value) && good;
}

/* Where a colon, outside of brackets, ends the host; the text's length when there is none. */
static size_t host_end(struct hf_str text)
{
    bool inside = false;
    for (size_t i = 0; i < text.len; i++) {
        inside = text.ptr[i] == '[' || (inside && text.ptr[i] != ']');
        if (text.ptr[i] == ':' && !inside) {
            return i;
        }
    }
    return text.len;
}

static bool maybe_host(struct hf_str text)
{
    return text.len > 0 && text.ptr[0] != '/' && text.ptr[0] != '.' && text.ptr[0] != '~' &&
           (memchr(text.ptr, '@', text.len) != NULL || memchr(text.ptr, '.', text.len) != NULL ||
            memchr(text.ptr, ':', text.len) != NULL || hf_str_starts(text, HF_STR("localhost")));
}

/* user@host:path as scp reads it, user:word@host:port/path as curl does: where the two differ both
 * hosts are facts. */
static bool use_host(struct hf_reducing *r, struct hf_str text)
{
    size_t end = host_end(text);
    const char *at = memrchr(text.ptr, '@', end);
    struct hf_str host = {text.ptr, end};
    bool whole = end < text.len && memchr(text.ptr + end, '@', text.len - end) != NULL;
    if (at != NULL) {
        size_t skip = (size_t)(at + 1 - text.ptr);
        host = (struct hf_str){text.ptr + skip, end - skip};
    }
    bool good = hf_reduce_host(r, host);
    return whole ? hf_reduce_host(r, text) && good : good;
}

/* @FILE is read, also behind NAME=. False: it is none. */
static bool use_file(struct hf_reducing *r, struct hf_str text, bool glob)
{
    const char *file = text.len == 0 ? NULL : memchr(text.ptr, '@', text.len);
    if (file == NULL || (file != text.ptr && file[-1] != '=')) {
        return false;
    }
    size_t skip = (size_t)(file + 1 - text.ptr);
    hf_reduce_path(r, (struct hf_str){text.ptr + skip, text.len - skip},
                   HF_POLICY_FACTS_PATHS_ACCESS_READ, glob);
    return true;
}

/* The value of an option that is known. */
static bool use_value(struct hf_reducing *r, enum hf_option_kind kind, struct hf_str value,
                      bool glob)
{
    bool url = hf_reduce_is_url(value);
    switch (kind) {
    case HF_OPTION_TEXT: return false;
    case HF_OPTION_DATA: (void)use_file(r, value, glob); return false;
    case HF_OPTION_READ:
        hf_reduce_path(r, value, HF_POLICY_FACTS_PATHS_ACCESS_READ, glob);
        return false;
    case HF_OPTION_WRITE:
        hf_reduce_path(r, value, HF_POLICY_FACTS_PATHS_ACCESS_WRITE, glob);
        return false;
    case HF_OPTION_WHERE:
    case HF_OPTION_THROUGH: {
        bool good = url ? hf_reduce_url(r, value) : use_host(r, value);
        if (!good) {
            hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_HOST);
        }
        return good && kind == HF_OPTION_WHERE;
    }
    case HF_OPTION_ELSEWHERE:
        hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_HOST);
        return false;
    case HF_OPTION_RUNS:
        if (hf_str_eq(value, HF_STR("ssh"))) {
            return false; /* what rsync does anyway */
        }
        hf_reduce_line(r, value, HF_POLICY_FACTS_COMMANDS_JOIN_INNER);
        return false;
    }
    return false;
}

/* What is glued to an option that is not known: "--name=value", "-Xvalue". It may be a host; that
 * it is the one that is talked to is not said. */
static void use_glued(struct hf_reducing *r, struct hf_str text)
{
    const char *equals = memchr(text.ptr, '=', text.len);
    size_t skip = equals != NULL       ? (size_t)(equals + 1 - text.ptr)
                  : text.ptr[1] == '-' ? text.len
                                       : 2;
    struct hf_str value = {text.ptr + skip, text.len - skip};
    if (maybe_host(value)) {
        (void)use_host(r, value);
    }
}

static bool use_plain(struct hf_reducing *r, const struct hf_known_program *known,
                      const struct hf_shell_word *word)
{
    struct hf_str text = word->text;
    struct hf_str value = value_in(text);
    if (hf_reduce_is_url(text) || hf_reduce_is_url(value)) {
        if (!known->listed) {
            hf_facts_add_classes(r->facts, HF_CLASS_BIT(COMMUNICATE));
        }
        bool url = use_url(r, text, value);
        if (!url) {
            hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_HOST);
        }
        return url;
    }
    bool option = text.ptr[0] == '-' && text.len > 1;
    bool in_value =
        value.ptr != text.ptr && value.len > 0 && (looks_like_path(value) || known->paths != 0);
    bool plain = !option && (known->paths != 0 || (!known->listed && looks_like_path(text)));
    r->paths_seen = r->paths_seen || plain;
    if (plain || in_value) {
        use_path(r, known, in_value ? value : text, word->glob);
    }
    if (!talks(known) || use_file(r, text, word->glob)) {
        return false;
    }
    if (option) {
        use_glued(r, text);
        return false;
    }
    return maybe_host(text) && use_host(r, text);
}

bool hf_reduce_arg(struct hf_reducing *r, const struct hf_known_program *known,
                   const struct hf_shell_word *words, size_t count, size_t *io_at)
{
    const struct hf_shell_word *word = &words[*io_at];
    struct hf_option_value option;
    if (word->text.len == 0 || word->unknown) {
        return false;
    }
    if (!talks(known) || !hf_option_find(known->program, word->text, &option)) {
        return use_plain(r, known, word);
    }
    if (option.glued) {
        return use_value(r, option.kind, option.value, word->glob);
    }
    if (*io_at + 1 >= count) {
        return false;
    }
    const struct hf_shell_word *next = &words[++*io_at];
    return !next->unknown && next->text.len > 0 &&
           use_value(r, option.kind, next->text, next->glob);
}
