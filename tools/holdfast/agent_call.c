/* tools/holdfast/agent_call.c: a session over the agent's socket. */
#include "tools/holdfast/agent_call.h"

enum hf_rc hf_agent_session_open(struct hf_hub_session *session, struct hf_cli *cli,
                                 struct hf_err *err)
{
    const struct hf_http_client_conf conf = {.socket = hf_cli_str(cli, "agent")};
    *session = (struct hf_hub_session){.cli = cli,
                                       .base = "http://agent",
                                       .who = "the agent",
                                       .content_type = "application/octet-stream"};
    enum hf_rc rc = hf_crypto_init(err);
    if (rc == HF_OK) {
        rc = hf_loop_uv_new(&session->loop, err);
    }
    return rc == HF_OK ? hf_http_client_new(session->loop, &conf, &session->client, err) : rc;
}

enum hf_rc hf_agent_ask(struct hf_hub_session *session, const char *method, const char *path,
                        struct hf_bytes body, const struct hf_json **ret_json, struct hf_err *err)
{
    enum hf_rc rc = hf_hub_ask(session, method, path, body, ret_json, err);
    return rc != HF_OK && session->call.rc != HF_OK
               ? hf_err_wrap(err, rc, "the agent at %s does not answer",
                             hf_cli_str(session->cli, "agent"))
               : rc;
}
