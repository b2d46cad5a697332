/* wrapper/drain.c: the command `drain`: a gateway is about to stop, and nothing may hold it up. */
#include "wrapper/drain.h"

#include "wrapper/control_call.h"

static int run(struct hf_cli *cli)
{
    struct hf_buf answer;
    struct hf_err err = {0};
    enum hf_rc rc = hf_control_post(cli, "/v1/drain", hf_bytes_of(NULL, 0), &answer, &err);
    hf_buf_free(&answer);
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
