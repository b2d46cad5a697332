/* wrapper/policy/reduce_option.c: the options, by program. Sources: their manual pages: curl(1),
 * wget(1), ssh(1), scp(1), rsync(1), nc(1), git(1). */
#include "wrapper/policy/reduce_option.h"

struct option {
    const char *name; /* "-H" or "--header" */
    enum hf_option_kind kind;
};

static const struct option curl[] = {
    {"-H", HF_OPTION_DATA},
    {"--header", HF_OPTION_DATA},
    {"--proxy-header", HF_OPTION_DATA},
    {"-A", HF_OPTION_TEXT},
    {"--user-agent", HF_OPTION_TEXT},
    {"-e", HF_OPTION_TEXT},
    {"--referer", HF_OPTION_TEXT},
    {"-X", HF_OPTION_TEXT},
    {"--request", HF_OPTION_TEXT},
    {"-u", HF_OPTION_TEXT},
    {"--user", HF_OPTION_TEXT},
    {"-U", HF_OPTION_TEXT},
    {"--proxy-user", HF_OPTION_TEXT},
    {"-m", HF_OPTION_TEXT},
    {"--max-time", HF_OPTION_TEXT},
    {"--connect-timeout", HF_OPTION_TEXT},
    {"--retry", HF_OPTION_TEXT},
    {"-r", HF_OPTION_TEXT},
    {"--range", HF_OPTION_TEXT},
    {"-w", HF_OPTION_DATA},
    {"--write-out", HF_OPTION_DATA},
    {"-d", HF_OPTION_DATA},
    {"--data", HF_OPTION_DATA},
    {"--data-ascii", HF_OPTION_DATA},
    {"--data-binary", HF_OPTION_DATA},
    {"--json", HF_OPTION_DATA},
    {"-T", HF_OPTION_READ},
    {"--upload-file", HF_OPTION_READ},
    {"--cacert", HF_OPTION_READ},
    {"-E", HF_OPTION_READ},
    {"--cert", HF_OPTION_READ},
    {"--key", HF_OPTION_READ},
    {"-o", HF_OPTION_WRITE},
    {"--output", HF_OPTION_WRITE},
    {"-c", HF_OPTION_WRITE},
    {"--cookie-jar", HF_OPTION_WRITE},
    {"-D", HF_OPTION_WRITE},
    {"--dump-header", HF_OPTION_WRITE},
    {"--url", HF_OPTION_WHERE},
    {"-x", HF_OPTION_THROUGH},
    {"--proxy", HF_OPTION_THROUGH},
    {"--preproxy", HF_OPTION_THROUGH},
    {"--socks4", HF_OPTION_THROUGH},
    {"--socks4a", HF_OPTION_THROUGH},
    {"--socks5", HF_OPTION_THROUGH},
    {"--socks5-hostname", HF_OPTION_THROUGH},
    {"--doh-url", HF_OPTION_THROUGH},
    {"--connect-to", HF_OPTION_ELSEWHERE},
    {"--resolve", HF_OPTION_ELSEWHERE},
    {"--dns-servers", HF_OPTION_ELSEWHERE},
    {"--unix-socket", HF_OPTION_ELSEWHERE},
    {"--abstract-unix-socket", HF_OPTION_ELSEWHERE},
    {"-K", HF_OPTION_ELSEWHERE},
    {"--config", HF_OPTION_ELSEWHERE},
    {NULL, HF_OPTION_TEXT},
};

static const struct option wget[] = {
    {"--header", HF_OPTION_TEXT},
    {"-U", HF_OPTION_TEXT},
    {"--user-agent", HF_OPTION_TEXT},
    {"--referer", HF_OPTION_TEXT},
    {"--post-data", HF_OPTION_TEXT},
    {"--body-data", HF_OPTION_TEXT},
    {"-T", HF_OPTION_TEXT},
    {"--timeout", HF_OPTION_TEXT},
    {"-t", HF_OPTION_TEXT},
    {"--tries", HF_OPTION_TEXT},
    {"--post-file", HF_OPTION_READ},
    {"--body-file", HF_OPTION_READ},
    {"-O", HF_OPTION_WRITE},
    {"--output-document", HF_OPTION_WRITE},
    {"-o", HF_OPTION_WRITE},
    {"--output-file", HF_OPTION_WRITE},
    {"-a", HF_OPTION_WRITE},
    {"-P", HF_OPTION_WRITE},
    {"--directory-prefix", HF_OPTION_WRITE},
    {"-B", HF_OPTION_WHERE},
    {"--base", HF_OPTION_WHERE},
    {"-i", HF_OPTION_ELSEWHERE},
    {"--input-file", HF_OPTION_ELSEWHERE},
    {"-e", HF_OPTION_ELSEWHERE},
    {"--execute", HF_OPTION_ELSEWHERE},
    {"--config", HF_OPTION_ELSEWHERE},
    {NULL, HF_OPTION_TEXT},
};

/* ssh, scp, sftp. */
static const struct option ssh[] = {
    {"-l", HF_OPTION_TEXT},      {"-i", HF_OPTION_READ},      {"-J", HF_OPTION_THROUGH},
    {"-o", HF_OPTION_ELSEWHERE}, {"-F", HF_OPTION_ELSEWHERE}, {"-S", HF_OPTION_ELSEWHERE},
    {NULL, HF_OPTION_TEXT},
};

static const struct option ssh_alone[] = {
    {"-p", HF_OPTION_TEXT},      {"-E", HF_OPTION_WRITE},     {"-W", HF_OPTION_WHERE},
    {"-L", HF_OPTION_ELSEWHERE}, {"-R", HF_OPTION_ELSEWHERE}, {"-D", HF_OPTION_ELSEWHERE},
    {NULL, HF_OPTION_TEXT},
};

static const struct option rsync[] = {
    {"-e", HF_OPTION_RUNS},
    {"--rsh", HF_OPTION_RUNS},
    {"--port", HF_OPTION_TEXT},
    {"--timeout", HF_OPTION_TEXT},
    {"--exclude", HF_OPTION_TEXT},
    {"--include", HF_OPTION_TEXT},
    {"--password-file", HF_OPTION_READ},
    {"--files-from", HF_OPTION_READ},
    {"--exclude-from", HF_OPTION_READ},
    {"--include-from", HF_OPTION_READ},
    {"--log-file", HF_OPTION_WRITE},
    {NULL, HF_OPTION_TEXT},
};

static const struct option nc[] = {
    {"-X", HF_OPTION_TEXT}, {"-w", HF_OPTION_TEXT},    {"-p", HF_OPTION_TEXT},
    {"-s", HF_OPTION_TEXT}, {"-x", HF_OPTION_THROUGH}, {"-U", HF_OPTION_ELSEWHERE},
    {"-e", HF_OPTION_RUNS}, {"-c", HF_OPTION_RUNS},    {NULL, HF_OPTION_TEXT},
};

static const struct option git[] = {
    {"-m", HF_OPTION_TEXT},
    {"--message", HF_OPTION_TEXT},
    {"-c", HF_OPTION_ELSEWHERE},
    {"--upload-pack", HF_OPTION_RUNS},
    {"--receive-pack", HF_OPTION_RUNS},
    {NULL, HF_OPTION_TEXT},
};

static const struct {
    const char *program;
    const struct option *options;
} programs[] = {
    {"curl", curl},   {"wget", wget}, {"ssh", ssh}, {"ssh", ssh_alone}, {"scp", ssh}, {"sftp", ssh},
    {"rsync", rsync}, {"nc", nc},     {"ncat", nc}, {"netcat", nc},     {"git", git},
};

/* "-H" alone or with its value glued to it; "--header" alone or with "=". */
static bool fits(struct hf_str word, struct hf_str name, struct hf_option_value *ret)
{
    if (hf_str_eq(word, name)) {
        ret->glued = false;
        return true;
    }
    bool is_long = name.len > 2;
    if (!hf_str_starts(word, name) || (is_long && word.ptr[name.len] != '=')) {
        return false;
    }
    size_t skip = name.len + (is_long ? 1 : 0);
    ret->glued = true;
    ret->value = (struct hf_str){word.ptr + skip, word.len - skip};
    return true;
}

bool hf_option_find(struct hf_str program, struct hf_str word, struct hf_option_value *ret)
{
    if (word.len < 2 || word.ptr[0] != '-') {
        return false;
    }
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        if (!hf_str_eq(program, hf_str_c(programs[i].program))) {
            continue;
        }
        for (const struct option *o = programs[i].options; o->name != NULL; o++) {
            if (fits(word, hf_str_c(o->name), ret)) {
                ret->kind = o->kind;
                return true;
            }
        }
    }
    return false;
}
