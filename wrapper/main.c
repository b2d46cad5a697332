/* wrapper/main.c: the program holdfast-wrapper. */
#include "base/cli/service.h"
#include "wrapper/control_call.h"
#include "wrapper/drain.h"
#include "wrapper/explain_command.h"
#include "wrapper/requester.h"
#include "wrapper/wrapper.h"

#define SECOND UINT64_C(1000000000)

struct program {
    struct hf_service service;
    struct hf_wrapper wrapper;
};

static struct program *program_of(struct hf_service *service)
{
    return HF_CONTAINER_OF(service, struct program, service);
}

static enum hf_rc peers(struct hf_cli *cli, const char *name, struct hf_peers *ret,
                        struct hf_err *err)
{
    enum hf_rc rc = hf_peers_parse(hf_cli_str(cli, name), ret, err);
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "--%s", name);
}

static enum hf_rc members(const char *text, struct hf_err *err)
{
    enum hf_rc rc = hf_members_check(hf_str_c(text), err);
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "--members");
}

static enum hf_rc open_wrapper(struct hf_service *service, struct hf_err *err)
{
    struct hf_cli *cli = service->cli;
    struct hf_wrapper_conf conf = {
        .state = hf_cli_str(cli, "state"),
        .plugin_socket = hf_cli_str(cli, "plugin-socket"),
        .control_socket = hf_cli_str(cli, "control-socket"),
        .agent_socket = hf_cli_str(cli, "agent-socket"),
        .policy = hf_cli_str(cli, "policy"),
        .release_keys = hf_cli_str(cli, "release-keys"),
        .shadow = hf_cli_str(cli, "shadow"),
        .workspace = hf_cli_str(cli, "workspace"),
        .home = hf_cli_str(cli, "home"),
        .openclaw_config = hf_cli_str(cli, "openclaw-config"),
        .openclaw_state = hf_cli_str(cli, "openclaw-state"),
        .openclaw_plugin = hf_cli_str(cli, "openclaw-plugin"),
        .members = hf_cli_str(cli, "members"),
        .level = (unsigned)hf_cli_u64(cli, "level"),
        .grace_s = hf_cli_u64(cli, "grace"),
        .tick_ns = hf_cli_u64(cli, "look") * SECOND,
        .logger = &service->logger,
    };
    enum hf_rc rc = peers(cli, "gateway-uids", &conf.gateways, err);
    rc = rc == HF_OK ? peers(cli, "readers", &conf.readers, err) : rc;
    rc = rc == HF_OK ? members(conf.members, err) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    return hf_wrapper_open(service->loop, &conf, &program_of(service)->wrapper, err);
}

static void stop(struct hf_service *service)
{
    struct hf_wrapper *wrapper = &program_of(service)->wrapper;
    if (wrapper->loop == NULL) {
        hf_service_stopped(service); /* its settings were refused */
    } else {
        hf_wrapper_close(wrapper, hf_service_stopped, service);
    }
}

static int run(struct hf_cli *cli)
{
    static struct program program; /* too big for the stack */
    program.service = (struct hf_service){.open = open_wrapper, .stop = stop};
    return hf_service_run(&program.service, cli);
}

static const struct hf_cli_option options[] = {
    {.name = "state",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .required = true,
     .env = "HOLDFAST_WRAPPER_STATE",
     .setting = "wrapper_state",
     .help = "folder of what outlives a restart; made when it is not there"},
    {.name = "agent-socket",
     .kind = HF_CLI_STRING,
     .value = "PATH",
     .required = true,
     .env = "HOLDFAST_AGENT_SOCKET",
     .setting = "agent_socket",
     .help = "Unix socket of the tenant's agent, which keeps the log"},
    {.name = "plugin-socket",
     .kind = HF_CLI_STRING,
     .value = "PATH",
     .fallback = "/run/holdfast-wrapper/plugin.sock",
     .env = "HOLDFAST_WRAPPER_PLUGIN_SOCKET",
     .setting = "wrapper_plugin_socket",
     .help = "Unix socket where OpenClaw's plugin asks"},
    HF_CONTROL_SOCKET_OPTION,
    {.name = "gateway-uids",
     .kind = HF_CLI_STRING,
     .value = "UID,UID",
     .env = "HOLDFAST_WRAPPER_GATEWAY_UIDS",
     .setting = "wrapper_gateway_uids",
     .help = "users that OpenClaw's gateway runs as"},
    {.name = "readers",
     .kind = HF_CLI_STRING,
     .value = "UID,UID",
     .env = "HOLDFAST_WRAPPER_READERS",
     .setting = "wrapper_readers",
     .help = "users that may use the control socket besides root and the wrapper's own"},
    {.name = "members",
     .kind = HF_CLI_STRING,
     .value = "CHANNEL:ID,CHANNEL:*",
     .fallback = HF_MEMBERS_DEFAULT,
     .env = "HOLDFAST_WRAPPER_MEMBERS",
     .setting = "wrapper_members",
     .help = "senders of messages who are no strangers to policies, besides the owner"},
    {.name = "policy",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .env = "HOLDFAST_WRAPPER_POLICY",
     .setting = "wrapper_policy",
     .help = "compiled policy of this server, in force until the region gives one"},
    {.name = "release-keys",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .env = "HOLDFAST_RELEASE_KEYS",
     .setting = "release_keys",
     .help =
         "the keys that the region's policies are verified with: lines CHANNEL VKEY; without it "
         "none is taken"},
    {.name = "shadow",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .env = "HOLDFAST_WRAPPER_SHADOW",
     .setting = "wrapper_shadow",
     .help =
         "compiled policy that is evaluated beside the one in force; where it says otherwise is "
         "counted and stands in each decision"},
    {.name = "workspace",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .env = "HOLDFAST_WRAPPER_WORKSPACE",
     .setting = "wrapper_workspace",
     .help = "the agent's workspace (default: what the gateway says)"},
    {.name = "home",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .env = "HOLDFAST_WRAPPER_HOME",
     .setting = "wrapper_home",
     .help = "home folder of the gateway's user"},
    {.name = "openclaw-config",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .env = "HOLDFAST_WRAPPER_OPENCLAW_CONFIG",
     .setting = "wrapper_openclaw_config",
     .help = "folder of OpenClaw's configuration, $config in policies"},
    {.name = "openclaw-state",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .env = "HOLDFAST_WRAPPER_OPENCLAW_STATE",
     .setting = "wrapper_openclaw_state",
     .help = "folder of OpenClaw's state, $state in policies"},
    {.name = "openclaw-plugin",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .env = "HOLDFAST_WRAPPER_OPENCLAW_PLUGIN",
     .setting = "wrapper_openclaw_plugin",
     .help = "folder of the plugin in OpenClaw, $wrapper in policies"},
    {.name = "level",
     .kind = HF_CLI_U64,
     .value = "LEVEL",
     .fallback = "5",
     .min = 1,
     .max = 5,
     .setting = "wrapper_level",
     .help = "highest level of autonomy on this server; the policy may say less"},
    {.name = "grace",
     .kind = HF_CLI_U64,
     .value = "SECONDS",
     .fallback = "60",
     .max = 600,
     .setting = "wrapper_grace",
     .help = "a gateway that is younger is starting, and no alarm yet"},
    {.name = "look",
     .kind = HF_CLI_U64,
     .value = "SECONDS",
     .fallback = "2",
     .min = 1,
     .max = 60,
     .setting = "wrapper_look",
     .help = "how often gateways are looked for"},
};

static const struct hf_cli_command command_run = {
    .name = "run",
    .summary = "decide every tool call of the tenant's OpenClaw until it is interrupted",
    .description =
        "OpenClaw's plugin asks before each tool call and obeys. Calls are decided by the policy, "
        "by a person where it says so, and written into the tenant's log before they run. Without "
        "a policy, without the agent, and for a gateway that does not hold the lease everything "
        "is refused.",
    .options = options,
    .option_count = HF_LEN(options),
    .run = run,
    .no_json = true,
};

static const struct hf_cli_command root = {
    .name = "holdfast-wrapper",
    .summary = "the safety wrapper around a tenant's OpenClaw",
    .version = HF_VERSION,
    .section = "wrapper",
    HF_CLI_CHILDREN(&command_run, &hf_explain_command, &hf_drain_command, &hf_cli_help),
};

int main(int argc, char **argv)
{
    return hf_cli_main(&root, argc, argv);
}
