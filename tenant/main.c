/* tenant/main.c: the program holdfast-agent. */
#include "base/cli/service.h"
#include "tenant/agent.h"

#define SECOND UINT64_C(1000000000)
#define DAY    (86400 * SECOND)

struct program {
    struct hf_service service;
    struct hf_agent agent;
};

static struct program *program_of(struct hf_service *service)
{
    return HF_CONTAINER_OF(service, struct program, service);
}

static enum hf_rc open_agent(struct hf_service *service, struct hf_err *err)
{
    struct hf_cli *cli = service->cli;
    const struct hf_agent_conf conf = {
        .dir = hf_cli_str(cli, "data"),
        .hub_url = hf_cli_str(cli, "hub"),
        .token_file = hf_cli_str(cli, "token-file"),
        .socket = hf_cli_str(cli, "socket"),
        .heartbeat_ns = hf_cli_u64(cli, "heartbeat") * SECOND,
        .key_ns = hf_cli_u64(cli, "key-days") * DAY,
        .batch_ns = hf_cli_u64(cli, "batch") * SECOND,
        .free_floor = hf_cli_u64(cli, "free-floor"),
        .logger = &service->logger,
    };
    return hf_agent_open(service->loop, &conf, &program_of(service)->agent, err);
}

static void stop(struct hf_service *service)
{
    hf_agent_close(&program_of(service)->agent, hf_service_stopped, service);
}

static int run(struct hf_cli *cli)
{
    static struct program program; /* too big for the stack */
    program.service = (struct hf_service){.open = open_agent, .stop = stop};
    return hf_service_run(&program.service, cli);
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
