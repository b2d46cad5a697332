/* wrapper/explain_command.h: the command `holdfast-wrapper explain`. */
#ifndef HF_WRAPPER_EXPLAIN_COMMAND_H
#define HF_WRAPPER_EXPLAIN_COMMAND_H

#include "base/cli/cli.h"

extern const struct hf_cli_command hf_explain_command;

#endif
