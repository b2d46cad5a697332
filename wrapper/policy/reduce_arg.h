/* wrapper/policy/reduce_arg.h: arguments of a program as facts.
 *
 * Private to this folder. One thread.
 */
#ifndef HF_WRAPPER_POLICY_REDUCE_ARG_H
#define HF_WRAPPER_POLICY_REDUCE_ARG_H

#include "wrapper/policy/reducing.h"
#include "wrapper/policy/shell.h"

/* What the policy says of a program. */
struct hf_known_program {
    struct hf_str program;
    bool listed;
    bool odd; /* the policy knows it, but not one of these options, which may do anything */
    hf_class_set classes;
    uint8_t paths; /* bit N: its arguments are paths that it accesses so */
};

/* The argument at words[*io_at], and the next one if it belongs to it: *io_at is then that. True:
 * it says which host is talked to. */
bool hf_reduce_arg(struct hf_reducing *r, const struct hf_known_program *known,
                   const struct hf_shell_word *words, size_t count, size_t *io_at);

/* A path that the program works on without being told. */
void hf_reduce_own_path(struct hf_reducing *r, const struct hf_known_program *known,
                        struct hf_str path);

#endif
