/* wrapper/drain.h: the command `holdfast-wrapper drain`, and the option that it shares with the one
 * that it talks to. */
#ifndef HF_WRAPPER_DRAIN_H
#define HF_WRAPPER_DRAIN_H

#include "base/cli/cli.h"

#define HF_CONTROL_SOCKET_OPTION                                                                   \
    {                                                                                              \
        .name = "control-socket", .kind = HF_CLI_STRING, .value = "PATH",                          \
        .fallback = "/run/holdfast-wrapper/control.sock",                                          \
        .env = "HOLDFAST_WRAPPER_CONTROL_SOCKET", .setting = "wrapper_control_socket",             \
        .help = "Unix socket that tells how the wrapper is"                                        \
    }

extern const struct hf_cli_command hf_drain_command;

#endif
