/* wrapper/control_call.h: one question to a running wrapper's control socket, for commands.
 * Blocks until it is answered. One thread.
 */
#ifndef HF_WRAPPER_CONTROL_CALL_H
#define HF_WRAPPER_CONTROL_CALL_H

#include "base/buf.h"
#include "base/cli/cli.h"

#define HF_CONTROL_SOCKET_OPTION                                                                   \
    {                                                                                              \
        .name = "control-socket", .kind = HF_CLI_STRING, .value = "PATH",                          \
        .fallback = "/run/holdfast-wrapper/control.sock",                                          \
        .env = "HOLDFAST_WRAPPER_CONTROL_SOCKET", .setting = "wrapper_control_socket",             \
        .help = "Unix socket that tells how the wrapper is"                                        \
    }

/* POST of a body (empty: none) to a path at --control-socket. Gives *ret_answer, which is freed
 * with hf_buf_free in any case. HF_EPERM: the wrapper said no, and why; HF_EIO: it does not answer.
 */
enum hf_rc hf_control_post(const struct hf_cli *cli, const char *path, struct hf_bytes body,
                           struct hf_buf *ret_answer, struct hf_err *err);

#endif
