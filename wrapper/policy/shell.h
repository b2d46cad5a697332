/* wrapper/policy/shell.h: a command line as a shell would read it, as far as that can be known.
 *
 * Understood are words with all quotes and escapes, pipelines, lists, groups and subshells, the
 * words of if, while, until and for, redirections, here-documents, assignments, comments, and
 * substitutions, whose inner commands are listed too. A word that the shell would still expand (a
 * variable, a substitution, a glob, a brace) is marked, and so is the whole line. What is not
 * understood makes the line opaque with the reason HF_POLICY_FACTS_OPAQUE_SYNTAX, and is never
 * guessed at: what comes out is what would run, or more, or the line is opaque. The syntax is
 * POSIX's with what bash adds.
 * Bounded: HF_SHELL_TEXT_MAX bytes, HF_SHELL_COMMANDS_MAX commands, HF_SHELL_WORDS_MAX words each,
 * HF_SHELL_DEPTH_MAX substitutions inside each other; beyond is opaque with reason LIMIT.
 * Pure; any thread; memory is the arena's, text borrows from it or from the input.
 */
#ifndef HF_WRAPPER_POLICY_SHELL_H
#define HF_WRAPPER_POLICY_SHELL_H

#include "base/arena.h"
#include "wrapper/policy/facts.h"

#define HF_SHELL_TEXT_MAX     32768
#define HF_SHELL_COMMANDS_MAX 64
#define HF_SHELL_WORDS_MAX    256
#define HF_SHELL_DEPTH_MAX    6
#define HF_SHELL_BRACES_MAX   3 /* pairs of braces in one word */

struct hf_shell_word {
    struct hf_str text; /* quotes removed; expansions as written */
    bool unknown;       /* holds a variable or a substitution */
    bool glob;          /* holds an unquoted glob, or a brace that is not expanded */
    bool quoted;        /* some part was quoted or escaped: no keyword, no tilde at its begin */
};

/* Does it begin with a dash, and is more than that? */
static inline bool hf_shell_word_is_option(const struct hf_shell_word *word)
{
    return word->text.len > 1 && word->text.ptr[0] == '-';
}

struct hf_shell_redirect {
    bool reads;
    bool writes;
    struct hf_shell_word target;
};

struct hf_shell_command {
    struct hf_shell_word *words;
    size_t word_count;
    struct hf_str *assigned; /* names of variables that are set in front of it */
    size_t assigned_count;
    struct hf_shell_redirect *redirects;
    size_t redirect_count;
    enum hf_policy_facts_commands_join join;
};

struct hf_shell {
    struct hf_shell_command commands[HF_SHELL_COMMANDS_MAX];
    size_t count;
    bool grouped;    /* there are parentheses or braces around commands */
    unsigned opaque; /* bit N for enum hf_policy_facts_opaque N */
};

#define HF_OPAQUE_BIT(name) (1u << HF_POLICY_FACTS_OPAQUE_##name)

/* Never fails; without memory the line is opaque with reason LIMIT. */
void hf_shell_parse(struct hf_str text, struct hf_arena *arena, struct hf_shell *ret);

#endif
