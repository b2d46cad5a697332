/* wrapper/policy/interpreter.c: names of interpreters, and what a sed script may hold. */
#include "wrapper/policy/interpreter.h"

#include "base/assert.h"
#include "wrapper/policy/name_list.h"

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

bool hf_interpreter_is_shell(struct hf_str name)
{
    static const char *const shells[] = {"sh",  "bash", "dash", "zsh",  "ksh", "mksh",
                                         "ash", "fish", "csh",  "tcsh", NULL};
    return hf_name_is_one_of(name, shells);
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

bool hf_interpreter_is(struct hf_str name)
{
    for (size_t i = 0; i < HF_LEN(interpreter_families); i++) {
        if (is_version_of(name, interpreter_families[i])) {
            return true;
        }
    }
    return hf_name_is_one_of(name, interpreters);
}

bool hf_interpreter_sed_is_plain(const struct hf_shell_word *words, size_t count)
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
        if (hf_shell_word_is_option(&words[i])) {
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
