/* wrapper/policy/unwrap.h: what a command runs that only runs another one: sudo, env, xargs, sh -c.
 *
 * Looks at one command's words and says how many of them belong to the wrapper, or which text is a
 * command line of its own. What is not understood is opaque. Pure; any thread; borrows.
 */
#ifndef HF_WRAPPER_POLICY_UNWRAP_H
#define HF_WRAPPER_POLICY_UNWRAP_H

#include "wrapper/policy/shell.h"

struct hf_unwrapped {
    size_t skip;        /* words of the wrapper; what follows is a command; 0: no wrapper */
    size_t until;       /* where the inner command ends; 0: with the words */
    bool shown;         /* the wrapper counts as a command itself: it gives rights or input */
    struct hf_str text; /* a command line that it runs, with has_text */
    bool has_text;
    struct hf_str program; /* what it is called by rules, if not by its own name */
    unsigned opaque;       /* bit N for enum hf_policy_facts_opaque N */
};

/* words: at least one, the first of them the program. name: the program without its folder. */
void hf_unwrap(struct hf_str name, const struct hf_shell_word *words, size_t count,
               struct hf_unwrapped *ret);

/* The name of a program that starts another agent, watches over this one or gives rights, if the
 * word is one; else empty. */
struct hf_str hf_unwrap_watched(struct hf_str word);

#endif
