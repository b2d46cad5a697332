/* base/cli/man.h: the manual page of a program, from its tree of commands. */
#ifndef HF_BASE_CLI_MAN_H
#define HF_BASE_CLI_MAN_H

#include <stdio.h>

#include "base/cli/cli.h"

/* Writes one page of section 1 with all commands that are not hidden, in the `man` macros.
 * Write errors stay in the stream. */
void hf_man_write(FILE *out, const struct hf_cli_command *root);

#endif
