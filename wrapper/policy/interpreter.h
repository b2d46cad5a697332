/* wrapper/policy/interpreter.h: programs that do what a file or a text says.
 *
 * What it says is not read here, but for a shell's and sed's. Pure; any thread.
 */
#ifndef HF_WRAPPER_POLICY_INTERPRETER_H
#define HF_WRAPPER_POLICY_INTERPRETER_H

#include "wrapper/policy/shell.h"

/* A program without its folder: one that is read by wrapper/policy/shell.h. */
bool hf_interpreter_is_shell(struct hf_str name);
/* Another one: it runs a program that is a file or a text, or opens a shell when it is asked. */
bool hf_interpreter_is(struct hf_str name);
/* Does sed with these words (the first is the program) only print, delete or replace? Other scripts
 * may run programs or write files. */
bool hf_interpreter_sed_is_plain(const struct hf_shell_word *words, size_t count);

#endif
