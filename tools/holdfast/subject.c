/* tools/holdfast/subject.c: holdfast subject: whom sealed data of a tenant is about. */
#include <stdio.h>

#include "base/assert.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

static const struct hf_table_column columns[] = {
    {.title = "SUBJECT"}, {.title = "NAME"},
    {.title = "STATE"},   {.title = "REQUESTS", .right = true},
    {.title = "KEPT"},    {.title = "ERASED"},
    {.title = "BY"},      {.title = "AGENT"}};

static void cell(struct hf_table *table, struct hf_str text)
{
    hf_table_cell(table, text.len > 0 ? text : HF_STR("-"));
}

static void add_row(struct hf_table *table, const struct hf_json *page, const struct hf_json *item)
{
    (void)page;
    bool erased = hf_str_eq(hf_json_get_str(item, "state"), HF_STR("erased"));
    bool confirmed = hf_json_get_str(item, "confirmed").len > 0;
    cell(table, hf_json_get_str(item, "subject"));
    cell(table, hf_json_get_str(item, "name"));
    cell(table, hf_json_get_str(item, "state"));
    hf_table_u64(table, hf_json_get_u64(item, "requests"));
    cell(table, hf_json_get_str(item, "kept"));
    cell(table, hf_json_get_str(item, "erased"));
    cell(table, hf_json_get_str(item, "by"));
    cell(table, !erased ? HF_STR("") : (confirmed ? HF_STR("confirmed") : HF_STR("not yet")));
}

static int run_list(struct hf_cli *cli)
{
    char path[128];
    const struct hf_hub_table as = {.list = "subjects",
                                    .columns = columns,
                                    .column_count = HF_LEN(columns),
                                    .add_rows = add_row};
    (void)snprintf(path, sizeof path, "/v1/tenants/%.64s/subjects", hf_cli_operand(cli, 0));
    return hf_hub_list_command(cli, path, &as);
}

static const struct hf_cli_option options[] = {HF_HUB_OPTIONS};
static const struct hf_cli_operand operands[] = {{.name = "TENANT", .help = "the tenant"}};

static const struct hf_cli_command command_list = {
    .name = "list",
    .summary = "whose keys the region keeps, and whose were erased",
    .description = "A subject is somebody whom sealed data of the tenant is about: who made its "
                   "agent ask for something. Names are shown to those who may read what is "
                   "sealed: approvers, and the tenant's own people.",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_list,
};

const struct hf_cli_command hf_command_subject = {
    .name = "subject",
    .summary = "people whom sealed data is about",
    HF_CLI_CHILDREN(&command_list),
};
