/* wrapper/policy/unwrap.c: programs that run other programs, and interpreters. */
#include "wrapper/policy/unwrap.h"

#include "base/assert.h"
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

static bool in_list(struct hf_str name, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (hf_str_eq(name, hf_str_c(*list))) {
            return true;
        }
    }
    return false;
}

/* python3.11 is a python. */
static bool is_version_of(struct hf_str name, const char *program)
{
    size_t len = strlen(program);
    if (name.len < len || memcmp(name.ptr, program, len) != 0) {
        return false;
    }
    for (size_t i = len; i < name.len; i++) {
        if ((name.ptr[i] < '0' || name.ptr[i] > '9') && name.ptr[i] != '.') {
            return false;
        }
    }
    return true;
}

static bool is_shell(struct hf_str name)
{
    static const char *const shells[] = {"sh",  "bash", "dash", "zsh",  "ksh", "mksh",
                                         "ash", "fish", "csh",  "tcsh", NULL};
    return in_list(name, shells);
}

/* What runs a program that is a file or a text, or opens a shell when it is asked. */
static const char *const interpreter_families[] = {"python", "pypy", "perl", "ruby",
                                                   "php",    "lua",  "node", "tclsh"};
static const char *const interpreters[] = {"nodejs",
                                           "deno",
                                           "bun",
                                           "awk",
                                           "gawk",
                                           "mawk",
                                           "nawk",
                                           "Rscript",
                                           "osascript",
                                           "expect",
                                           "guile",
                                           "luajit",
                                           "source",
                                           ".",
                                           "m4",
                                           "gdb",
                                           "make",
                                           "gmake",
                                           "ninja",
                                           "npx",
                                           "bunx",
                                           "pnpx",
                                           "uvx",
                                           "pipx",
                                           "julia",
                                           "groovy",
                                           "java",
                                           "sqlite3",
                                           "jshell",
                                           "ed",
                                           "ex",
                                           "vi",
                                           "vim",
                                           "nvim",
                                           "emacs",
                                           "nano",
                                           "script",
                                           "at",
                                           "batch",
                                           "tmux",
                                           "screen",
                                           "irb",
                                           "rake",
                                           "bundle",
                                           "psql",
                                           "mysql",
                                           "ltrace",
                                           "fakeroot",
                                           "proot",
                                           "torify",
                                           "setarch",
                                           "linux32",
                                           "linux64",
                                           "rlwrap",
                                           "run-parts",
                                           "start-stop-daemon",
                                           "dbus-run-session",
                                           "split",
                                           "csplit",
                                           "toybox",
                                           "perf",
                                           NULL};

static bool is_interpreter(struct hf_str name)
{
    for (size_t i = 0; i < HF_LEN(interpreter_families); i++) {
        if (is_version_of(name, interpreter_families[i])) {
            return true;
        }
    }
    return in_list(name, interpreters);
}

static bool is_option(const struct hf_shell_word *word)
{
    return word->text.len > 1 && word->text.ptr[0] == '-';
}

/* Where the options end that begin at `at`. A long option whose value may be the next word cannot
 * be told from one without, so it makes the command opaque. */
static size_t skip_options(const char *with_value, const struct hf_shell_word *words, size_t count,
                           size_t at, unsigned *io_opaque)
{
    while (at < count && is_option(&words[at])) {
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
        if (!is_option(&words[i]) && !su) {
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
        if (!in_list(words[i].text, actions)) {
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
    return in_list(base, names) ? base : HF_STR("");
}

/* node .../openclaw.mjs, npx openclaw, npm exec openclaw: openclaw by another name. */
static bool unwrap_openclaw(struct hf_str name, const struct hf_shell_word *words, size_t count,
                            struct hf_unwrapped *ret)
{
    static const char *const launchers[] = {"node", "nodejs", "npx", "bunx",     "pnpx", "npm",
                                            "pnpm", "yarn",   "bun", "corepack", "deno", NULL};
    if (!in_list(name, launchers)) {
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

/* A sed script that only prints, deletes or replaces; others may run programs or write files. */
static bool sed_is_plain(const struct hf_shell_word *words, size_t count)
{
    size_t at = 1;
    while (at < count &&
           (hf_str_eq(words[at].text, HF_STR("-n")) || hf_str_eq(words[at].text, HF_STR("-i")) ||
            hf_str_eq(words[at].text, HF_STR("-E")))) {
        at++;
    }
    if (at == count || words[at].text.len < 2 || words[at].unknown) {
        return false;
    }
    struct hf_str script = words[at].text;
    for (size_t i = at + 1; i < count; i++) {
        if (is_option(&words[i])) {
            return false;
        }
    }
    size_t slashes = 0;
    size_t last = 0;
    for (size_t i = 0; i < script.len; i++) {
        if (script.ptr[i] == '\n' || script.ptr[i] == ';' || script.ptr[i] == '\\') {
            return false;
        }
        if (script.ptr[i] == '/') {
            slashes++;
            last = i;
        }
    }
    if (script.ptr[0] == 's' && script.ptr[1] == '/' && slashes == 3) {
        for (size_t i = last + 1; i < script.len; i++) {
            if (strchr("gpiI0123456789", script.ptr[i]) == NULL) {
                return false;
            }
        }
        return true;
    }
    for (size_t i = 0; i + 1 < script.len; i++) {
        if (strchr("0123456789,$", script.ptr[i]) == NULL) {
            return false;
        }
    }
    return script.ptr[script.len - 1] == 'p' || script.ptr[script.len - 1] == 'd';
}

/* Builtins that change how later words are read, or run text. */
static bool unwrap_builtin(struct hf_str name, const struct hf_shell_word *words, size_t count,
                           struct hf_unwrapped *ret)
{
    static const char *const odd[] = {"alias", "unalias",  "enable", "hash", "shopt", "set",
                                      "bind",  "complete", "pushd",  "popd", NULL};
    static const char *const sets[] = {"export", "declare", "typeset", "readonly", "local", NULL};
    struct hf_str variable;
    if (in_list(name, odd)) {
        ret->opaque |= HF_OPAQUE_BIT(SYNTAX);
        return true;
    }
    if (in_list(name, sets)) {
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
    if (is_shell(name) || hf_str_eq(name, HF_STR("su"))) {
        unwrap_shell(name, words, count, ret);
    } else if (hf_str_eq(name, HF_STR("find"))) {
        unwrap_find(words, count, ret);
    } else if (is_interpreter(name) ||
               (hf_str_eq(name, HF_STR("sed")) && !sed_is_plain(words, count))) {
        bool asks = count == 2 && (hf_str_eq(words[1].text, HF_STR("--version")) ||
                                   hf_str_eq(words[1].text, HF_STR("--help")));
        ret->opaque |= asks ? 0 : HF_OPAQUE_BIT(INTERPRETER);
    }
}
