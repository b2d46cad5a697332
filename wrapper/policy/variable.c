/* wrapper/policy/variable.c: names of variables. */
#include "wrapper/policy/variable.h"

#include "base/assert.h"
#include "wrapper/policy/name_list.h"

/* Which variables a program heeds is not known in general; these only say how it writes. */
bool hf_variable_matters(struct hf_str name)
{
    static const char *const plain[] = {"LANG",     "LANGUAGE",    "COLUMNS",   "LINES", "TERM",
                                        "NO_COLOR", "FORCE_COLOR", "COLORTERM", "CI",    "TZ",
                                        "DEBUG",    "VERBOSE",     "CLICOLOR",  NULL};
    return !hf_str_starts(name, HF_STR("LC_")) && !hf_name_is_one_of(name, plain);
}

bool hf_variable_is_special(struct hf_str name)
{
    static const char *const names[] = {"PATH",
                                        "HOME",
                                        "IFS",
                                        "ENV",
                                        "BASH_ENV",
                                        "SHELLOPTS",
                                        "BASHOPTS",
                                        "CDPATH",
                                        "PAGER",
                                        "EDITOR",
                                        "VISUAL",
                                        "BROWSER",
                                        "SHELL",
                                        "PROMPT_COMMAND",
                                        "GLOBIGNORE",
                                        "PS4",
                                        "MANPAGER",
                                        "LESSOPEN",
                                        "TAR_OPTIONS",
                                        "RUSTC_WRAPPER",
                                        "LESS",
                                        "MAKEFLAGS",
                                        "WGETRC",
                                        "RSYNC_RSH",
                                        "RIPGREP_CONFIG_PATH",
                                        "GCONV_PATH",
                                        "SSH_ASKPASS",
                                        "SUDO_ASKPASS",
                                        NULL};
    static const char *const families[] = {"LD_",       "GIT_",     "PYTHON", "PERL",  "RUBY",
                                           "NODE_",     "NPM_",     "npm_",   "JAVA_", "BASH_FUNC",
                                           "OPENCLAW_", "DYLD_",    "HTTP",   "http",  "ALL_PROXY",
                                           "no_proxy",  "NO_PROXY", "SSL_",   "CURL_", "XDG_"};
    for (size_t i = 0; i < HF_LEN(families); i++) {
        if (hf_str_starts(name, hf_str_c(families[i]))) {
            return true;
        }
    }
    return hf_name_is_one_of(name, names);
}
