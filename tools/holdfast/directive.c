/* tools/holdfast/directive.c: holdfast directive: tells tenants' agents to do something. */
#include <stdio.h>

#include "base/assert.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

static enum hf_rc show(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    struct hf_str address = hf_json_get_str(json, "address");
    struct hf_str kind = hf_json_get_str(json, "kind");
    if (address.len == 0 || kind.len == 0) {
        return hf_err_set(err, HF_EIO, "the Hub's answer is no directive");
    }
    hf_cli_printf(cli, "%llu  %.*s  for %.*s\n",
                  (unsigned long long)hf_json_get_u64(json, "sequence"), HF_STR_ARG(kind),
                  HF_STR_ARG(address));
    return HF_OK;
}

static int run_issue(struct hf_cli *cli)
{
    char path[128];
    const char *tenant = hf_cli_str(cli, "tenant");
    if ((tenant != NULL) == hf_cli_flag(cli, "all")) {
        return hf_cli_refuse(cli, "give --tenant or --all");
    }
    if (tenant != NULL) {
        (void)snprintf(path, sizeof path, "/v1/tenants/%.64s/directives", tenant);
    } else {
        (void)snprintf(path, sizeof path, "/v1/directives");
    }
    const struct hf_hub_member members[] = {
        {.key = "kind", .text = hf_cli_operand(cli, 0)},
        {.key = "parameters", .text = hf_cli_str(cli, "parameters")},
        {.key = "ttl_s", .number = hf_cli_u64(cli, "ttl") * 60, .is_number = true},
        {.key = "reason", .text = hf_cli_str(cli, "reason")}};
    const struct hf_hub_request request = {.method = "POST",
                                           .path = path,
                                           .members = members,
                                           .member_count = HF_LEN(members),
                                           .show = show};
    return hf_hub_command(cli, &request);
}

static const struct hf_cli_operand operands[] = {
    {.name = "KIND",
     .help = "refresh, pause-uploads or rotate-key; `holdfast budget` sets budgets"}};
static const struct hf_cli_option issue_options[] = {
    HF_HUB_OPTIONS,
    {.name = "tenant", .kind = HF_CLI_STRING, .value = "TENANT", .help = "for this one's agent"},
    {.name = "all", .help = "for all agents of the region; needs the role approver"},
    {.name = "parameters",
     .kind = HF_CLI_STRING,
     .value = "KEY=VALUE",
     .help = "what the kind needs to know: pause-uploads takes seconds=N"},
    {.name = "ttl",
     .kind = HF_CLI_U64,
     .value = "MINUTES",
     .fallback = "60",
     .min = 1,
     .max = 10080,
     .help = "after that it is too late"},
    {.name = "reason",
     .kind = HF_CLI_STRING,
     .value = "TEXT",
     .required = true,
     .help = "why, for the record"}};

static const struct hf_cli_command command_issue = {
    .name = "issue",
    .summary = "tell an agent, or all, to do something",
    .description = "The directive is an entry of the region's log and comes to the agent with its "
                   "proof. What became of it is in the tenant's log: `holdfast events tail "
                   "--segments --type directive.` shows it.",
    .options = issue_options,
    .option_count = HF_LEN(issue_options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_issue};

const struct hf_cli_command hf_command_directive = {
    .name = "directive",
    .summary = "tell tenants' agents what to do",
    HF_CLI_CHILDREN(&command_issue),
};
