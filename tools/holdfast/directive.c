/* tools/holdfast/directive.c: holdfast directive: tells tenants' agents to do something. */
#include "tools/holdfast/directive.h"

#include <stdio.h>

#include "base/assert.h"
#include "tools/holdfast/commands.h"

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

int hf_directive_issue(struct hf_cli *cli, const char *tenant, uint64_t ttl_s,
                       const struct hf_directive_wish *wish)
{
    char path[128] = "/v1/directives";
    const struct hf_hub_member members[] = {{.key = "kind", .text = wish->kind},
                                            {.key = "artifact", .text = wish->artifact},
                                            {.key = "parameters", .text = wish->parameters},
                                            {.key = "ttl_s", .number = ttl_s, .is_number = true},
                                            {.key = "reason", .text = hf_cli_str(cli, "reason")}};
    if (tenant != NULL) {
        (void)snprintf(path, sizeof path, "/v1/tenants/%.64s/directives", tenant);
    }
    return HF_HUB_POST(cli, path, members, wish->show);
}

int hf_directive_command(struct hf_cli *cli, const struct hf_directive_wish *wish)
{
    const char *tenant = hf_cli_str(cli, "tenant");
    return (tenant != NULL) == hf_cli_flag(cli, "all")
               ? hf_cli_refuse(cli, "give --tenant or --all")
               : hf_directive_issue(cli, tenant, hf_cli_u64(cli, "ttl") * 60, wish);
}

static int run_issue(struct hf_cli *cli)
{
    const struct hf_directive_wish wish = {
        .kind = hf_cli_operand(cli, 0), .parameters = hf_cli_str(cli, "parameters"), .show = show};
    return hf_directive_command(cli, &wish);
}

static const struct hf_cli_operand operands[] = {
    {.name = "KIND",
     .help = "refresh, pause-uploads or rotate-key; `holdfast budget` sets budgets"}};
static const struct hf_cli_option issue_options[] = {
    HF_HUB_OPTIONS,
    {.name = "parameters",
     .kind = HF_CLI_STRING,
     .value = "KEY=VALUE",
     .help = "what the kind needs to know: pause-uploads takes seconds=N"},
    HF_DIRECTIVE_OPTIONS("60")};

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
