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

/* Whoever started the program starts it again, on a log that is opened anew. */
static void failed(void *arg, const struct hf_err *err)
{
    hf_service_fail(arg, err->rc == HF_OK ? HF_EIO : err->rc, err);
}

static enum hf_rc open_agent(struct hf_service *service, struct hf_err *err)
{
    struct hf_cli *cli = service->cli;
    struct hf_peers peers;
    enum hf_rc rc = hf_peers_parse(hf_cli_str(cli, "allow-uids"), &peers, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "--allow-uids");
    }
    struct hf_peers vault_peers;
    rc = hf_peers_parse(hf_cli_str(cli, "vault-uids"), &vault_peers, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "--vault-uids");
    }
    struct hf_peers wrapper_peers = vault_peers; /* of whom the wrapper is one */
    if (hf_cli_str(cli, "wrapper-uids") != NULL) {
        rc = hf_peers_parse(hf_cli_str(cli, "wrapper-uids"), &wrapper_peers, err);
    }
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "--wrapper-uids");
    }
    enum hf_period period = HF_PERIOD_MONTH;
    rc = hf_period_parse(hf_str_c(hf_cli_str(cli, "meter-period")), &period, err);
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_agent_conf conf = {
        .dir = hf_cli_str(cli, "data"),
        .hub_url = hf_cli_str(cli, "hub"),
        .token_file = hf_cli_str(cli, "token-file"),
        .socket = hf_cli_str(cli, "socket"),
        .release_keys = hf_cli_str(cli, "release-keys"),
        .heartbeat_ns = hf_cli_u64(cli, "heartbeat") * SECOND,
        .key_ns = hf_cli_u64(cli, "key-days") * DAY,
        .artifact_jitter_ns = hf_cli_u64(cli, "artifact-jitter") * SECOND,
        .scan_report_ns = hf_cli_u64(cli, "scan-report") * SECOND,
        .batch_ns = hf_cli_u64(cli, "batch") * SECOND,
        .free_floor = hf_cli_u64(cli, "free-floor"),
        .meter_period = period,
        .keep_days = hf_cli_u64(cli, "keep-days"),
        .restore_by_itself = strcmp(hf_cli_str(cli, "restore"), "new-epoch") == 0,
        .peers = peers,
        .vault_peers = vault_peers,
        .wrapper_peers = wrapper_peers,
        .wrapper_socket = hf_cli_str(cli, "wrapper-socket"),
        .openclaw_port = hf_cli_u64(cli, "openclaw-port"),
        .logger = &service->logger,
        .failed = failed,
        .arg = service,
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

/* checking settings */

static enum hf_rc check_hub(const char *text, struct hf_err *err)
{
    struct hf_str url = hf_str_c(text);
    bool is_url =
        hf_str_starts(url, HF_STR("https://")) && strcspn(text + 8, "/ \t?#@") == url.len - 8;
    return is_url && url.len > 8 && url.len < HF_AGENT_URL_MAX
               ? HF_OK
               : hf_err_set(err, HF_EUSAGE, "it must be https://HOST:PORT and no more");
}

/* Everything that is wrong is said at once. */
static int check_config(struct hf_cli *cli)
{
    static const char *const shown[] = {"data",       "hub",        "token-file",   "socket",
                                        "allow-uids", "vault-uids", "wrapper-uids", "restore"};
    if (hf_cli_problems(cli) != HF_EXIT_OK) {
        return HF_EXIT_NO;
    }
    for (size_t i = 0; i < HF_LEN(shown); i++) {
        const char *value = hf_cli_str(cli, shown[i]);
        hf_cli_printf(cli, "%-12s %s\n", shown[i], value == NULL ? "-" : value);
    }
    hf_cli_printf(cli, "%-12s %llu s\n%-12s %llu s\n", "heartbeat",
                  (unsigned long long)hf_cli_u64(cli, "heartbeat"), "batch",
                  (unsigned long long)hf_cli_u64(cli, "batch"));
    return HF_EXIT_OK;
}

static const char *const restore_choices[] = {"wait", "new-epoch", NULL};
static const char *const periods[] = {"hour", "day", "month", NULL};
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
     .check = check_hub,
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
     .check = hf_address_check_path,
     .help = "Unix socket for programs beside it (default: agent.sock in the data folder)"},
    {.name = "release-keys",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .env = "HOLDFAST_RELEASE_KEYS",
     .setting = "release_keys",
     .help = "the keys that artifacts are verified with: lines CHANNEL VKEY; kept in the data "
             "folder, and without it those that were kept are used"},
    {.name = "allow-uids",
     .kind = HF_CLI_STRING,
     .value = "UID,UID",
     .setting = "allow_uids",
     .check = hf_peers_check,
     .help = "users that may use the socket besides root and the agent's own"},
    {.name = "vault-uids",
     .kind = HF_CLI_STRING,
     .value = "UID,UID",
     .env = "HOLDFAST_VAULT_UIDS",
     .setting = "vault_uids",
     .check = hf_peers_check,
     .help =
         "users that may read values out of the vault, as wrapper and proxy do: nobody else may, "
         "not even root"},
    {.name = "wrapper-uids",
     .kind = HF_CLI_STRING,
     .value = "UID,UID",
     .env = "HOLDFAST_WRAPPER_UIDS",
     .setting = "wrapper_uids",
     .check = hf_peers_check,
     .help = "users that the safety wrapper runs as, who alone may write what only it says "
             "(default: those of vault_uids)"},
    {.name = "wrapper-socket",
     .kind = HF_CLI_STRING,
     .value = "PATH",
     .env = "HOLDFAST_WRAPPER_CONTROL_SOCKET",
     .setting = "wrapper_control_socket",
     .help =
         "control socket of the safety wrapper; with it the agent reports, and raises an alarm, "
         "when OpenClaw is not held"},
    {.name = "openclaw-port",
     .kind = HF_CLI_U64,
     .value = "PORT",
     .fallback = "0",
     .max = 65535,
     .env = "HOLDFAST_OPENCLAW_PORT",
     .setting = "openclaw_port",
     .help = "port of OpenClaw's gateway on loopback, which is asked when the wrapper does not "
             "answer"},
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
    {.name = "artifact-jitter",
     .kind = HF_CLI_U64,
     .value = "SECONDS",
     .fallback = "30",
     .max = 3600,
     .setting = "artifact_jitter",
     .help = "an artifact that all tenants are told to activate is fetched within this, at random, "
             "so that they do not all ask at once"},
    {.name = "scan-report",
     .kind = HF_CLI_U64,
     .value = "SECONDS",
     .fallback = "3600",
     .min = 1,
     .max = 86400,
     .setting = "scan_report",
     .help = "how often the log says how far it is searched for registered secrets; a finding is "
             "said at once"},
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
    {.name = "keep-days",
     .kind = HF_CLI_U64,
     .value = "DAYS",
     .fallback = "0",
     .max = 36500,
     .setting = "keep_days",
     .help = "entries that are older are pruned here once the region has a receipt for them; 0: "
             "all are kept"},
    {.name = "meter-period",
     .kind = HF_CLI_CHOICE,
     .choices = periods,
     .fallback = "month",
     .setting = "meter_period",
     .help = "period after which the log says what was used"},
    {.name = "restore",
     .kind = HF_CLI_CHOICE,
     .choices = restore_choices,
     .fallback = "wait",
     .setting = "restore",
     .help =
         "when this server was put back in time: wait for a person's word, or begin a new epoch "
         "of the log at once"},
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

static const struct hf_cli_command command_check = {
    .name = "check-config",
    .summary = "say what the configuration means, or all that is wrong with it",
    .options = options,
    .option_count = HF_LEN(options),
    .run = check_config,
    .no_json = true,
    .collects = true,
};

static int run_new_epoch(struct hf_cli *cli)
{
    struct hf_err err = {0};
    if (hf_agent_give_word(hf_cli_str(cli, "data"), hf_cli_str(cli, "reason"), &err) != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    hf_cli_printf(cli, "the agent begins a new epoch as soon as it looks\n");
    return HF_EXIT_OK;
}

static const struct hf_cli_option new_epoch_options[] = {
    {.name = "data",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .required = true,
     .env = "HOLDFAST_AGENT_DATA",
     .setting = "agent_data",
     .help = "folder of the tenant's log and keys"},
    {.name = "reason",
     .kind = HF_CLI_STRING,
     .value = "TEXT",
     .required = true,
     .help = "why; it stands in the first entry of the new epoch"},
};

static const struct hf_cli_command command_new_epoch = {
    .name = "new-epoch",
    .summary = "let a halted agent go on in a new epoch of its log",
    .description =
        "An agent is halted when its log and the region's copy differ: the server was put back in "
        "time, or another one writes as this agent. Stop the other one first, if there is one. "
        "In the new epoch follows what the region may not have; the region keeps the old one.",
    .options = new_epoch_options,
    .option_count = HF_LEN(new_epoch_options),
    .run = run_new_epoch,
    .no_json = true,
};

static const struct hf_cli_command root = {
    .name = "holdfast-agent",
    .summary = "the tenant's agent: its log, replicated",
    .version = HF_VERSION,
    .section = "agent",
    HF_CLI_CHILDREN(&command_run, &command_check, &command_new_epoch, &hf_cli_help),
};

int main(int argc, char **argv)
{
    return hf_cli_main(&root, argc, argv);
}
