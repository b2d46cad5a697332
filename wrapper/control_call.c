/* wrapper/control_call.c: a loop for one call. */
#include "wrapper/control_call.h"

#include <stdio.h>

#include "base/http/client.h"
#include "base/json_in.h"

#define WAIT_NS    UINT64_C(5000000000)
#define ANSWER_MAX (256u << 10)

struct asking {
    struct hf_loop *loop;
    struct hf_http_call call;
};

static void answered(struct hf_http_call *call)
{
    hf_loop_stop(HF_CONTAINER_OF(call, struct asking, call)->loop);
}

/* What the problem document says. */
static enum hf_rc refused(const struct hf_http_call *call, const char *socket, struct hf_err *err)
{
    struct hf_json_doc *doc = NULL;
    struct hf_str detail = {NULL, 0};
    if (hf_json_parse(hf_buf_bytes(&call->answer), &doc, /* err= */ NULL) == HF_OK &&
        hf_json_kind(hf_json_root(doc)) == HF_JSON_OBJECT) {
        detail = hf_json_get_str(hf_json_root(doc), "detail");
    }
    (void)hf_err_set(err, HF_EPERM, "the wrapper at %s answered %d%s%.*s", socket, call->status,
                     detail.len > 0 ? ": " : "", HF_STR_ARG(detail));
    hf_json_free(doc);
    return HF_EPERM;
}

static enum hf_rc ask(struct asking *asking, const char *socket, struct hf_err *err)
{
    const struct hf_http_client_conf conf = {.socket = socket};
    struct hf_http_client *client = NULL;
    enum hf_rc rc = hf_http_client_new(asking->loop, &conf, &client, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_http_call_start(client, &asking->call);
    hf_loop_run(asking->loop);
    hf_http_client_free(client);
    hf_loop_run(asking->loop); /* its connection closes */
    if (asking->call.rc != HF_OK) {
        return hf_err_set(err, asking->call.rc, "the wrapper at %s does not answer: %s", socket,
                          asking->call.err.text);
    }
    return asking->call.status == 200 ? HF_OK : refused(&asking->call, socket, err);
}

enum hf_rc hf_control_post(const struct hf_cli *cli, const char *path, struct hf_bytes body,
                           struct hf_buf *ret_answer, struct hf_err *err)
{
    char url[128];
    struct asking asking = {.loop = NULL};
    (void)snprintf(url, sizeof url, "http://wrapper%s", path);
    asking.call = (struct hf_http_call){.method = "POST",
                                        .url = url,
                                        .content_type = body.len > 0 ? "application/json" : NULL,
                                        .body = body,
                                        .timeout_ns = WAIT_NS,
                                        .answer_max = ANSWER_MAX,
                                        .done = answered};
    *ret_answer = hf_buf_init(0);
    enum hf_rc rc = hf_crypto_init(err);
    rc = rc == HF_OK ? hf_loop_uv_new(&asking.loop, err) : rc;
    if (rc == HF_OK) {
        rc = ask(&asking, hf_cli_str(cli, "control-socket"), err);
        *ret_answer = asking.call.answer;
    }
    hf_loop_free(asking.loop);
    return rc;
}
