/* base/cli/complete.h: completion for bash, from a program's tree of commands.
 *
 * The script needs nothing but bash itself. It completes commands, options and choices; file
 * names everywhere else.
 */
#ifndef HF_BASE_CLI_COMPLETE_H
#define HF_BASE_CLI_COMPLETE_H

#include <stdio.h>

#include "base/cli/cli.h"

/* Write errors stay in the stream. */
void hf_complete_write(FILE *out, const struct hf_cli_command *root);

#endif
