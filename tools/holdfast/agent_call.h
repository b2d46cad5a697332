/* tools/holdfast/agent_call.h: calls to the agent on this server, over its Unix socket.
 *
 * A session as with a Hub (tools/holdfast/hub_call.h); the agent knows who asks from the socket.
 */
#ifndef HF_TOOLS_HOLDFAST_AGENT_CALL_H
#define HF_TOOLS_HOLDFAST_AGENT_CALL_H

#include "tools/holdfast/hub_call.h"

/* Put it into a command's list of options. */
#define HF_AGENT_OPTION                                                                            \
    {                                                                                              \
        .name = "agent", .kind = HF_CLI_STRING, .value = "PATH", .required = true,                 \
        .env = "HOLDFAST_AGENT_SOCKET", .setting = "agent_socket",                                 \
        .help = "the agent's Unix socket"                                                          \
    }

/* Close it with hf_hub_session_close. */
enum hf_rc hf_agent_session_open(struct hf_hub_session *session, struct hf_cli *cli,
                                 struct hf_err *err);
/* As hf_hub_ask with a body of bytes as they are. */
enum hf_rc hf_agent_ask(struct hf_hub_session *session, const char *method, const char *path,
                        struct hf_bytes body, const struct hf_json **ret_json, struct hf_err *err);

#endif
