/* wrapper/policy/reduce_url.c: URLs and hosts of a call as facts. */
#include <strings.h>

#include "wrapper/policy/reducing.h"

static bool host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
           c == ':' || c == '[' || c == ']' || (uint8_t)c >= 0x80;
}

/* Small letters, without port and final dot. False: it may be another one than it looks, as a
 * client makes plain letters of many characters of other scripts: a full-width e is an e. */
static bool add_host(struct hf_reducing *r, struct hf_str text)
{
    struct hf_policy_facts *facts = r->facts;
    char small[256];
    size_t len = 0;
    bool bracket = text.len > 0 && text.ptr[0] == '[';
    size_t colons = 0;
    bool plain = true;
    for (size_t i = 0; i < text.len; i++) {
        colons += text.ptr[i] == ':' ? 1 : 0;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        if ((c == ':' && !bracket && colons == 1) || (bracket && i > 0 && text.ptr[i - 1] == ']')) {
            break;
        }
        if (len == sizeof small - 1 || !host_char(c)) {
            return false;
        }
        plain = plain && (uint8_t)c < 0x80;
        small[len++] = c;
    }
    if (len >= 2 && small[0] == '[' && small[len - 1] == ']') {
        memmove(small, small + 1, len - 2);
        len -= 2;
    }
    len -= len > 1 && small[len - 1] == '.' ? 1 : 0;
    struct hf_str host = {small, len};
    for (size_t i = 0; i < facts->hosts_count; i++) {
        if (hf_str_eq(facts->hosts[i], host)) {
            return plain;
        }
    }
    bool cut = false;
    if (len == 0) {
        return false;
    }
    if (facts->hosts_count == sizeof facts->hosts / sizeof *facts->hosts) {
        facts->incomplete = true;
        return plain;
    }
    facts->hosts[facts->hosts_count++] = hf_reduce_text(r, host, 255, &cut);
    return plain;
}

/* What stands before the path, without a user. The rules are the WHATWG's, in which a backslash is
 * a slash: what a lenient client would connect to is what counts. */
static struct hf_str authority(struct hf_str text)
{
    size_t end = 0;
    while (end < text.len && strchr("/\\?#", text.ptr[end]) == NULL) {
        end++;
    }
    const char *user = memrchr(text.ptr, '@', end);
    size_t skip = user == NULL ? 0 : (size_t)(user + 1 - text.ptr);
    return (struct hf_str){text.ptr + skip, end - skip};
}

bool hf_reduce_host(struct hf_reducing *r, struct hf_str text)
{
    return text.len > 0 && add_host(r, authority(text));
}

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

static struct hf_str behind(struct hf_str text, size_t skip)
{
    return (struct hf_str){text.ptr + skip, text.len - skip};
}

/* Behind the scheme and its colon, in any case of letters; 0: the text does not begin so. */
static size_t scheme(struct hf_str text, const char *name)
{
    size_t len = strlen(name);
    bool same = text.len > len && text.ptr[len] == ':';
    for (size_t i = 0; same && i < len; i++) {
        same = (text.ptr[i] | 0x20) == name[i];
    }
    return same ? len + 1 : 0;
}

/* The same of those that a lenient client takes for a URL with fewer slashes too. */
static size_t web_scheme(struct hf_str text)
{
    static const char *const names[] = {"http", "https", "ws", "wss", "ftp"};
    size_t skip = 0;
    for (size_t i = 0; skip == 0 && i < sizeof names / sizeof *names; i++) {
        skip = scheme(text, names[i]);
    }
    return skip;
}

bool hf_reduce_is_url(struct hf_str text)
{
    size_t skip = scheme(text, "file");
    skip = skip > 0 ? skip : web_scheme(text);
    return (skip > 0 && skip < text.len && is_slash(text.ptr[skip])) ||
           (text.len > 0 && memmem(text.ptr, text.len, "://", 3) != NULL);
}

/* Behind "file:": a path of this machine. False: it may be another one than it looks. */
static bool reduce_file(struct hf_reducing *r, struct hf_str rest)
{
    bool good = true;
    if (hf_str_starts(rest, HF_STR("//"))) {
        const char *slash = memchr(rest.ptr + 2, '/', rest.len - 2);
        size_t len = slash == NULL ? rest.len - 2 : (size_t)(slash - rest.ptr) - 2;
        struct hf_str host = {rest.ptr + 2, len};
        good = len == 0 || (len == 9 && strncasecmp(host.ptr, "localhost", len) == 0);
        rest = behind(rest, 2 + len);
    }
    for (size_t i = 0; i < rest.len; i++) {
        good = good && strchr("%?#\\", rest.ptr[i]) == NULL;
    }
    if (!hf_str_starts(rest, HF_STR("/"))) {
        return false;
    }
    hf_reduce_path(r, rest, HF_POLICY_FACTS_PATHS_ACCESS_READ, false);
    return good;
}

/* Behind a scheme that is none of ours, and its "://"; 0: what stands there is no scheme. */
static size_t other_scheme(struct hf_str text)
{
    const char *colon = text.len == 0 ? NULL : memmem(text.ptr, text.len, "://", 3);
    size_t len = colon == NULL ? 0 : (size_t)(colon - text.ptr);
    for (size_t i = 0; i < len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '.' || c == '-')) {
            return 0;
        }
    }
    return colon == NULL ? 0 : len + 3;
}

bool hf_reduce_url(struct hf_reducing *r, struct hf_str text)
{
    while (text.len > 0 && (uint8_t)text.ptr[0] <= ' ') {
        text = behind(text, 1);
    }
    for (size_t i = 0; i < text.len; i++) {
        if ((uint8_t)text.ptr[i] < ' ') {
            return false; /* some take it out, and read on */
        }
    }
    size_t skip = scheme(text, "file");
    if (skip > 0) {
        return reduce_file(r, behind(text, skip));
    }
    skip = web_scheme(text);
    skip = skip > 0 ? skip : other_scheme(text);
    if (skip == 0) {
        return hf_reduce_host(r, text);
    }
    struct hf_str rest = behind(text, skip);
    while (rest.len > 0 && is_slash(rest.ptr[0])) {
        rest = behind(rest, 1);
    }
    return rest.len > 0 && add_host(r, authority(rest));
}
