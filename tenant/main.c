/* tenant/main.c: the program holdfast-agent. */
#include <signal.h>

#include "base/cli/cli.h"
#include "tenant/agent.h"

#define SECOND UINT64_C(1000000000)
#define DAY    (86400 * SECOND)

struct program {
    struct hf_agent agent;
    struct hf_loop *loop;
    struct hf_logger logger;
    struct hf_signal interrupt;
    struct hf_signal terminate;
    bool watching;
    bool closing;
};

static void closed(void *arg)
{
    struct program *program = arg;
    if (program->watching) {
        hf_signal_close(&program->interrupt);
        hf_signal_close(&program->terminate);
    }
}

static void stop(struct program *program)
{
    if (!program->closing) {
        program->closing = true;
        hf_agent_close(&program->agent, closed, program);
    }
}

static void interrupted(struct hf_signal *sig, int number)
{
    (void)number;
    stop(HF_CONTAINER_OF(sig, struct program, interrupt));
}

static void terminated(struct hf_signal *sig, int number)
{
    (void)number;
    stop(HF_CONTAINER_OF(sig, struct program, terminate));
}

static enum hf_rc begin(struct program *program, struct hf_cli *cli, struct hf_err *err)
{
    const struct hf_agent_conf conf = {
        .dir = hf_cli_str(cli, "data"),
        .hub_url = hf_cli_str(cli, "hub"),
        .token_file = hf_cli_str(cli, "token-file"),
        .socket = hf_cli_str(cli, "socket"),
        .heartbeat_ns = hf_cli_u64(cli, "heartbeat") * SECOND,
        .key_ns = hf_cli_u64(cli, "key-days") * DAY,
        .batch_ns = hf_cli_u64(cli, "batch") * SECOND,
        .free_floor = hf_cli_u64(cli, "free-floor"),
        .logger = &program->logger,
    };
    enum hf_rc rc = hf_agent_open(program->loop, &conf, &program->agent, err);
    if (rc == HF_OK) {
        program->interrupt.caught = interrupted;
        rc = hf_signal_open(program->loop, &program->interrupt, SIGINT, true, err);
    }
    if (rc == HF_OK) {
        program->terminate.caught = terminated;
        rc = hf_signal_open(program->loop, &program->terminate, SIGTERM, true, err);
        if (rc != HF_OK) {
            hf_signal_close(&program->interrupt);
        }
        program->watching = rc == HF_OK;
    }
    return rc;
}

static int run(struct hf_cli *cli)
{
    static struct program program; /* too big for the stack */
    struct hf_err err = {0};
    program.logger = (struct hf_logger){.env = cli->env, .fd = 2, .level = HF_LOG_INFO};
    enum hf_rc rc = hf_crypto_init(&err);
    if (rc == HF_OK) {
        rc = hf_loop_uv_new(&program.loop, &err);
    }
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    rc = begin(&program, cli, &err);
    if (rc != HF_OK) {
        stop(&program);
    }
    hf_loop_run(program.loop);
    hf_loop_free(program.loop);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static const struct hf_cli_option options[] = {
    {.name = "data",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .required = true,
     .env = "HOLDFAST_AGENT_DATA",
     .setting = "agent_data",
     .help = "folder of the tenant's log and keys; made when it is not there"},
    {.name = "hub",
     .kind = HF_CLI_STRING,
     .value = "URL",
     .env = "HOLDFAST_HUB",
     .setting = "hub",
     .help = "the Hub, https://HOST:PORT; needed until the agent is registered"},
    {.name = "token-file",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .env = "HOLDFAST_TOKEN_FILE",
     .setting = "token_file",
     .help = "file with the registration token; needed until the agent is registered"},
    {.name = "socket",
     .kind = HF_CLI_STRING,
     .value = "PATH",
     .env = "HOLDFAST_AGENT_SOCKET",
     .setting = "agent_socket",
     .help = "Unix socket for programs beside it (default: agent.sock in the data folder)"},
    {.name = "heartbeat",
     .kind = HF_CLI_U64,
     .value = "SECONDS",
     .fallback = "30",
     .min = 1,
     .max = 3600,
     .setting = "heartbeat",
     .help = "time between two signs of life"},
    {.name = "batch",
     .kind = HF_CLI_U64,
     .value = "SECONDS",
     .fallback = "20",
     .max = 3600,
     .setting = "batch",
     .help = "events that are not urgent wait this long at most before they are sent"},
    {.name = "key-days",
     .kind = HF_CLI_U64,
     .value = "DAYS",
     .fallback = "30",
     .min = 1,
     .max = 365,
     .setting = "key_days",
     .help = "age at which the agent takes its next API key"},
    {.name = "free-floor",
     .kind = HF_CLI_SIZE,
     .fallback = "0",
     .env = "HOLDFAST_FREE_FLOOR",
     .setting = "free_floor",
     .help = "free space below which the log is read-only; 0: by the size of the disk"},
};

static const struct hf_cli_command command_run = {
    .name = "run",
    .summary = "run the tenant's agent until it is interrupted",
    .description =
        "Takes events from programs on this server, keeps them in the tenant's log and replicates "
        "it to the region's Hub. The first start needs a registration token; afterwards the "
        "agent has an identity of its own and the token may be deleted.",
    .options = options,
    .option_count = HF_LEN(options),
    .run = run,
    .no_json = true,
};

static const struct hf_cli_command root = {
    .name = "holdfast-agent",
    .summary = "the tenant's agent: its log, replicated",
    .version = HF_VERSION,
    HF_CLI_CHILDREN(&command_run, &hf_cli_help),
};

int main(int argc, char **argv)
{
    return hf_cli_main(&root, argc, argv);
}
