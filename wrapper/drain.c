/* wrapper/drain.c: the command `drain`: a gateway is about to stop, and nothing may hold it up. */
#include "wrapper/drain.h"

#include "base/assert.h"
#include "base/http/client.h"

#define WAIT_NS    UINT64_C(5000000000)
#define ANSWER_MAX 65536

struct asking {
    struct hf_loop *loop;
    struct hf_http_call call;
};

static void answered(struct hf_http_call *call)
{
    hf_loop_stop(HF_CONTAINER_OF(call, struct asking, call)->loop);
}

static enum hf_rc ask(struct asking *asking, const char *path, struct hf_err *err)
{
    const struct hf_http_client_conf conf = {.socket = path};
    struct hf_http_client *client = NULL;
    enum hf_rc rc = hf_http_client_new(asking->loop, &conf, &client, err);
    if (rc != HF_OK) {
        return rc;
    }
    asking->call = (struct hf_http_call){.method = "POST",
                                         .url = "http://wrapper/v1/drain",
                                         .timeout_ns = WAIT_NS,
                                         .answer_max = ANSWER_MAX,
                                         .done = answered};
    hf_http_call_start(client, &asking->call);
    hf_loop_run(asking->loop);
    hf_buf_free(&asking->call.answer);
    hf_http_client_free(client);
    hf_loop_run(asking->loop); /* its connection closes */
    if (asking->call.rc != HF_OK) {
        return hf_err_set(err, asking->call.rc, "the wrapper at %s does not answer: %s", path,
                          asking->call.err.text);
    }
    return asking->call.status == 200 ? HF_OK
                                      : hf_err_set(err, HF_EPERM, "the wrapper at %s answered %d",
                                                   path, asking->call.status);
}

static int run(struct hf_cli *cli)
{
    struct asking asking = {.loop = NULL};
    struct hf_err err = {0};
    enum hf_rc rc = hf_crypto_init(&err);
    rc = rc == HF_OK ? hf_loop_uv_new(&asking.loop, &err) : rc;
    rc = rc == HF_OK ? ask(&asking, hf_cli_str(cli, "control-socket"), &err) : rc;
    hf_loop_free(asking.loop);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static const struct hf_cli_option options[] = {
    HF_CONTROL_SOCKET_OPTION,
};

const struct hf_cli_command hf_drain_command = {
    .name = "drain",
    .summary = "have a running wrapper refuse what waits for a person, before OpenClaw is stopped",
    .description =
        "OpenClaw waits for all that it began before it ends, and a call that waits for a person "
        "can take long. This refuses what waits, and whatever else the gateway asks for, until it "
        "has ended. For root and the wrapper's own user; openclaw.service does it before it stops.",
    .options = options,
    .option_count = HF_LEN(options),
    .run = run,
    .no_json = true,
};
