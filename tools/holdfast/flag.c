/* tools/holdfast/flag.c: feature flags of a region: `holdfast flag`. */
#include <stdio.h>

#include "base/assert.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

static const struct hf_table_column columns[] = {{.title = "FLAG"},
                                                 {.title = "SCOPE"},
                                                 {.title = "SUBJECT"},
                                                 {.title = "VALUE"},
                                                 {.title = "SINCE"}};

static void add_rows(struct hf_table *table, const struct hf_json *page, const struct hf_json *flag)
{
    (void)page;
    const struct hf_json *settings = hf_json_get_kind(flag, "settings", HF_JSON_ARRAY);
    for (size_t i = 0; settings != NULL && i < hf_json_count(settings); i++) {
        const struct hf_json *s = hf_json_at(settings, i);
        hf_table_cell(table, hf_json_get_str(flag, "flag"));
        hf_table_cell(table, hf_json_get_str(s, "scope"));
        hf_table_cell(table, hf_json_get_str(s, "subject"));
        hf_table_cell(table, hf_json_get_str(s, "value"));
        hf_table_cell(table, hf_json_get_str(s, "since"));
    }
}

static const struct hf_hub_table as_listed = {
    .list = "flags", .columns = columns, .column_count = HF_LEN(columns), .add_rows = add_rows};

static enum hf_rc show_one(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    return hf_hub_show_item(cli, json, &as_listed, err);
}

static int run_list(struct hf_cli *cli)
{
    return hf_hub_list_command(cli, "/v1/flags", &as_listed);
}

static int run_set(struct hf_cli *cli)
{
    char path[128];
    const char *ring = hf_cli_str(cli, "ring");
    const char *tenant = hf_cli_str(cli, "tenant");
    if (ring != NULL && tenant != NULL) {
        return hf_cli_refuse(cli, "give --ring or --tenant, not both");
    }
    const char *subject = tenant != NULL ? tenant : ring;
    const struct hf_hub_member members[] = {
        {.key = "value", .text = hf_cli_operand(cli, 1)},
        {.key = "scope", .text = tenant != NULL ? "tenant" : (ring != NULL ? "ring" : "region")},
        {.key = "subject", .text = subject},
        {.key = "reason", .text = hf_cli_str(cli, "reason")}};
    (void)snprintf(path, sizeof path, "/v1/flags/%.64s", hf_cli_operand(cli, 0));
    return HF_HUB_POST(cli, path, members, show_one);
}

static const struct hf_cli_operand set_operands[] = {
    {.name = "FLAG", .help = "the flag: 1 to 48 of a-z, 0-9 and -"},
    {.name = "VALUE", .help = "on, off, or unset: as the wider scope says"}};
static const struct hf_cli_option list_options[] = {HF_HUB_OPTIONS};
static const struct hf_cli_option set_options[] = {
    HF_HUB_OPTIONS,
    {.name = "ring",
     .kind = HF_CLI_CHOICE,
     .choices = hf_hub_rings,
     .help = "only for the tenants of this ring"},
    {.name = "tenant", .kind = HF_CLI_STRING, .value = "TENANT", .help = "only for this tenant"},
    HF_HUB_REASON_OPTION};

static const struct hf_cli_command command_list = {.name = "list",
                                                   .summary = "all flags with their settings",
                                                   .options = list_options,
                                                   .option_count = HF_LEN(list_options),
                                                   .run = run_list};
static const struct hf_cli_command command_set = {
    .name = "set",
    .summary = "set a flag for the region, a ring or a tenant",
    .description = "The narrower setting counts: a tenant's before its ring's before the region's.",
    .options = set_options,
    .option_count = HF_LEN(set_options),
    .operands = set_operands,
    .operand_count = HF_LEN(set_operands),
    .run = run_set};

const struct hf_cli_command hf_command_flag = {
    .name = "flag",
    .summary = "feature flags of a region",
    HF_CLI_CHILDREN(&command_list, &command_set),
};
