/* wrapper/drain.h: the command `holdfast-wrapper drain`. */
#ifndef HF_WRAPPER_DRAIN_H
#define HF_WRAPPER_DRAIN_H

#include "base/cli/cli.h"

extern const struct hf_cli_command hf_drain_command;

#endif
