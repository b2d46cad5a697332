/* wrapper/policy/unwrap.c: programs that run other programs. */
#include "wrapper/policy/unwrap.h"

#include "base/assert.h"
#include "wrapper/policy/interpreter.h"
#include "wrapper/policy/name_list.h"
#include "wrapper/policy/variable.h"

struct wrapper {
    const char *name;
    const char *with_value; /* letters of options that take the next word */
    size_t positional;      /* words of its own before the command */
    bool shown;
    unsigned opaque;
};

/* From the manual pages of coreutils, util-linux, sudo, findutils and bash. */
static const struct wrapper wrappers[] = {
    {"sudo", "ugpCDRTtrhU", 0, true, 0},
    {"doas", "uC", 0, true, 0},
    {"pkexec", "u", 0, true, 0},
    {"env", "uC", 0, false, 0},
    {"nice", "n", 0, false, 0},
    {"ionice", "cnpPu", 0, false, 0},
    {"chrt", "TPD", 1, false, 0},
    {"taskset", "", 1, false, 0},
    {"nohup", "", 0, false, 0},
    {"setsid", "", 0, false, 0},
    {"stdbuf", "ioe", 0, false, 0},
    {"timeout", "ks", 1, false, 0},
    {"time", "fo", 0, false, 0},
    {"command", "", 0, false, 0},
    {"builtin", "", 0, false, 0},
    {"exec", "a", 0, false, 0},
    {"busybox", "", 0, false, 0},
    {"flock", "wE", 1, false, HF_OPAQUE_BIT(INTERPRETER)}, /* makes a file of any name */
    {"chroot", "", 1, true, 0},
    {"unshare", "SGRw", 0, true, 0},
    {"nsenter", "tSGNW", 0, true, 0},
    {"runuser", "ugGs", 0, true, 0},
    {"systemd-run", "uptMHEd", 0, true, 0},
    {"setpriv", "", 0, true, 0},
    {"strace", "eopsuSaOPXbEI", 0, true, HF_OPAQUE_BIT(INTERPRETER)},
    {"xargs", "IiLnPsdEa", 0, true, HF_OPAQUE_BIT(INPUT)},
    {"parallel", "jaIN", 0, true, HF_OPAQUE_BIT(INPUT)},
    {"watch", "n", 0, true, HF_OPAQUE_BIT(INTERPRETER)},
};

/* Where the options end that begin at `at`. A long option whose value may be the next word cannot
 * be told from one without, so it makes the command opaque. */
static size_t skip_options(const char *with_value, const struct hf_shell_word *words, size_t count,
                           size_t at, unsigned *io_opaque)
{
    while (at < count && hf_shell_word_is_option(&words[at])) {
        struct hf_str text = words[at].text;
        at++;
        if (hf_str_eq(text, HF_STR("--"))) {
            break;
        }
        if (text.ptr[1] == '-') {
            if (memchr(text.ptr, '=', text.len) == NULL) {
                *io_opaque |= HF_OPAQUE_BIT(SYNTAX);
            }
            continue;
        }
        for (size_t i = 1; i < text.len; i++) {
            if (strchr(with_value, text.ptr[i]) != NULL && text.ptr[i] != '\0') {
                at += i + 1 == text.len ? 1 : 0;
                break;
            }
        }
    }
    return at < count ? at : count;
}

static bool is_assignment(const struct hf_shell_word *word, struct hf_str *ret_name)
{
    const char *equals = memchr(word->text.ptr, '=', word->text.len);
    if (equals == NULL || equals == word->text.ptr) {
        return false;
    }
    *ret_name = (struct hf_str){word->text.ptr, (size_t)(equals - word->text.ptr)};
    return true;
}

/* env -S reads a command line out of one word and -C goes to another folder, both with long names
 * that may be cut short; time -o and -a write a file. */
static bool is_odd_option(const struct wrapper *wrapper, struct hf_str text)
{
    bool env = strcmp(wrapper->name, "env") == 0;
    bool time = strcmp(wrapper->name, "time") == 0;
    const char *odd = env ? "SC" : time ? "oa" : "";
    if (text.len < 2 || text.ptr[0] != '-' || (!env && !time)) {
        return false;
    }
    if (text.ptr[1] == '-') {
        return !hf_str_starts(text, HF_STR("--unset=")) && !hf_str_eq(text, HF_STR("--"));
    }
    for (size_t i = 1; i < text.len; i++) {
        if (strchr(odd, text.ptr[i]) != NULL && text.ptr[i] != '\0') {
            return true;
        }
    }
    return false;
}

static void unwrap_plain(const struct wrapper *wrapper, const struct hf_shell_word *words,
                         size_t count, struct hf_unwrapped *ret)
{
    struct hf_str name;
    size_t at = skip_options(wrapper->with_value, words, count, 1, &ret->opaque);
    bool sets = strcmp(wrapper->name, "env") == 0 || strcmp(wrapper->name, "sudo") == 0 ||
                strcmp(wrapper->name, "doas") == 0;
    for (size_t i = 1; i < at; i++) {
        ret->opaque |= is_odd_option(wrapper, words[i].text) ? HF_OPAQUE_BIT(INTERPRETER) : 0;
    }
    while (sets && at < count && is_assignment(&words[at], &name)) {
        ret->opaque |= hf_variable_matters(name) ? HF_OPAQUE_BIT(INTERPRETER) : 0;
        at++;
    }
    at += wrapper->positional;
    ret->shown = wrapper->shown;
    ret->opaque |= wrapper->opaque;
    ret->skip = at < count ? at : 0;
}

/* sh -c TEXT, also as -lc or -ec; su -c TEXT. A shell with a file runs what is in it; one without
 * anything runs what comes in. */
static void unwrap_shell(struct hf_str name, const struct hf_shell_word *words, size_t count,
                         struct hf_unwrapped *ret)
{
    bool su = hf_str_eq(name, HF_STR("su"));
    for (size_t i = 1; i < count; i++) {
        struct hf_str text = words[i].text;
        bool dash = text.len > 1 && text.ptr[0] == '-' && text.ptr[1] != '-';
        if (dash && text.ptr[text.len - 1] == 'c' && i + 1 < count) {
            ret->shown = su;
            ret->has_text = !words[i + 1].unknown;
            ret->text = words[i + 1].text;
            ret->opaque |= words[i + 1].unknown ? HF_OPAQUE_BIT(VARIABLE) : 0;
            return;
        }
        if (!hf_shell_word_is_option(&words[i]) && !su) {
            ret->opaque |= HF_OPAQUE_BIT(INTERPRETER);
            return;
        }
    }
    if (su) {
        ret->shown = true;
    }
    ret->opaque |= HF_OPAQUE_BIT(INPUT);
}

/* find ... -exec COMMAND ; and its sisters: the first one is unwrapped, a second one is opaque. */
static void unwrap_find(const struct hf_shell_word *words, size_t count, struct hf_unwrapped *ret)
{
    static const char *const actions[] = {"-exec", "-execdir", "-ok", "-okdir", NULL};
    for (size_t i = 1; i < count; i++) {
        if (!hf_name_is_one_of(words[i].text, actions)) {
            continue;
        }
        if (ret->skip > 0) {
            ret->opaque |= HF_OPAQUE_BIT(SYNTAX);
            return;
        }
        ret->skip = i + 1 < count ? i + 1 : 0;
        ret->until = count;
        for (size_t k = i + 1; k < count; k++) {
            if (hf_str_eq(words[k].text, HF_STR(";")) || hf_str_eq(words[k].text, HF_STR("+"))) {
                ret->until = k;
                break;
            }
        }
        /* What it finds becomes arguments of the command. */
        ret->opaque |= HF_OPAQUE_BIT(INPUT);
        ret->shown = true;
        i = ret->until;
    }
    if (ret->skip > 0 && ret->until <= ret->skip) {
        ret->skip = 0;
        ret->opaque |= HF_OPAQUE_BIT(SYNTAX);
    }
}

static struct hf_str base_name(struct hf_str path)
{
    const char *slash = path.len == 0 ? NULL : memrchr(path.ptr, '/', path.len);
    size_t skip = slash == NULL ? 0 : (size_t)(slash + 1 - path.ptr);
    return (struct hf_str){path.ptr + skip, path.len - skip};
}

/* By its name, or a file in its package. */
static bool is_openclaw(struct hf_str word)
{
    return hf_str_starts(base_name(word), HF_STR("openclaw")) ||
           (word.len > 0 && memmem(word.ptr, word.len, "node_modules/openclaw/", 22) != NULL);
}

struct hf_str hf_unwrap_watched(struct hf_str word)
{
    static const char *const names[] = {"holdfast",     "holdfast-agent", "holdfast-wrapper",
                                        "holdfast-hub", "sudo",           "doas",
                                        "su",           "pkexec",         NULL};
    struct hf_str base = base_name(word);
    if (hf_str_starts(base, HF_STR("openclaw"))) {
        return HF_STR("openclaw");
    }
    return hf_name_is_one_of(base, names) ? base : HF_STR("");
}

/* node .../openclaw.mjs, npx openclaw, npm exec openclaw: openclaw by another name. */
static bool unwrap_openclaw(struct hf_str name, const struct hf_shell_word *words, size_t count,
                            struct hf_unwrapped *ret)
{
    static const char *const launchers[] = {"node", "nodejs", "npx", "bunx",     "pnpx", "npm",
                                            "pnpm", "yarn",   "bun", "corepack", "deno", NULL};
    if (!hf_name_is_one_of(name, launchers)) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        /* A word of an option is looked at too: what matters is that it is named at all. */
        if (is_openclaw(words[i].text)) {
            ret->skip = i;
            ret->program = HF_STR("openclaw");
            return true;
        }
    }
    return false;
}

/* Builtins that change how later words are read, or run text. */
static bool unwrap_builtin(struct hf_str name, const struct hf_shell_word *words, size_t count,
                           struct hf_unwrapped *ret)
{
    static const char *const odd[] = {"alias", "unalias",  "enable", "hash", "shopt", "set",
                                      "bind",  "complete", "pushd",  "popd", NULL};
    static const char *const sets[] = {"export", "declare", "typeset", "readonly", "local", NULL};
    struct hf_str variable;
    if (hf_name_is_one_of(name, odd)) {
        ret->opaque |= HF_OPAQUE_BIT(SYNTAX);
        return true;
    }
    if (hf_name_is_one_of(name, sets)) {
        for (size_t i = 1; i < count; i++) {
            if (words[i].unknown ||
                (is_assignment(&words[i], &variable) && hf_variable_matters(variable))) {
                ret->opaque |= HF_OPAQUE_BIT(INTERPRETER);
            }
        }
        return true;
    }
    if (hf_str_eq(name, HF_STR("eval"))) {
        ret->opaque |= HF_OPAQUE_BIT(INTERPRETER);
        ret->has_text = count == 2 && !words[1].unknown;
        ret->text = count == 2 ? words[1].text : ret->text;
        ret->skip = count > 2 ? 1 : 0;
        return true;
    }
    if (hf_str_eq(name, HF_STR("trap")) && count > 1) {
        ret->shown = true;
        ret->has_text = !words[1].unknown;
        ret->text = words[1].text;
        return true;
    }
    return false;
}

void hf_unwrap(struct hf_str name, const struct hf_shell_word *words, size_t count,
               struct hf_unwrapped *ret)
{
    *ret = (struct hf_unwrapped){.skip = 0};
    if (unwrap_openclaw(name, words, count, ret) || unwrap_builtin(name, words, count, ret)) {
        return;
    }
    for (size_t i = 0; i < HF_LEN(wrappers); i++) {
        if (hf_str_eq(name, hf_str_c(wrappers[i].name))) {
            unwrap_plain(&wrappers[i], words, count, ret);
            return;
        }
    }
    if (hf_interpreter_is_shell(name) || hf_str_eq(name, HF_STR("su"))) {
        unwrap_shell(name, words, count, ret);
    } else if (hf_str_eq(name, HF_STR("find"))) {
        unwrap_find(words, count, ret);
    } else if (hf_interpreter_is(name) ||
               (hf_str_eq(name, HF_STR("sed")) && !hf_interpreter_sed_is_plain(words, count))) {
        bool asks = count == 2 && (hf_str_eq(words[1].text, HF_STR("--version")) ||
                                   hf_str_eq(words[1].text, HF_STR("--help")));
        ret->opaque |= asks ? 0 : HF_OPAQUE_BIT(INTERPRETER);
    }
}
