/* tools/holdfast/principal.c: who may use a region's Hub: `holdfast principal`. */
#include <stdio.h>

#include "base/assert.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

#define DAY_S 86400

static const struct hf_table_column columns[] = {
    {.title = "PRINCIPAL"}, {.title = "KIND"},    {.title = "ROLE"},      {.title = "TENANT"},
    {.title = "STATUS"},    {.title = "EXPIRES"}, {.title = "LAST USED"},
};

static void add_row(struct hf_table *table, const struct hf_json *page,
                    const struct hf_json *principal)
{
    (void)page;
    static const char *const keys[] = {"principal", "kind",    "role",     "tenant",
                                       "status",    "expires", "last_used"};
    for (size_t i = 0; i < HF_LEN(keys); i++) {
        hf_table_cell(table, hf_json_get_str(principal, keys[i]));
    }
}

static const struct hf_hub_table as_listed = {
    .list = "principals", .columns = columns, .column_count = HF_LEN(columns), .add_rows = add_row};

static enum hf_rc show_one(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    return hf_hub_show_item(cli, json, &as_listed, err);
}

static int run_list(struct hf_cli *cli)
{
    return hf_hub_list_command(cli, "/v1/principals", &as_listed);
}

static int run_create(struct hf_cli *cli)
{
    const struct hf_hub_member members[] = {
        {.key = "principal", .text = hf_cli_operand(cli, 0)},
        {.key = "role", .text = hf_cli_str(cli, "role")},
        {.key = "kind", .text = hf_cli_str(cli, "kind")},
        {.key = "tenant", .text = hf_cli_str(cli, "tenant")},
        {.key = "person", .text = hf_cli_str(cli, "person")},
        {.key = "ttl_s", .number = hf_cli_u64(cli, "days") * DAY_S, .is_number = true}};
    const struct hf_hub_request request = {.method = "POST",
                                           .path = "/v1/principals",
                                           .members = members,
                                           .member_count = HF_LEN(members),
                                           .token_file = hf_cli_str(cli, "out")};
    return hf_hub_command(cli, &request);
}

static int run_rotate(struct hf_cli *cli)
{
    char path[128];
    const struct hf_hub_member members[] = {
        {.key = "overlap_s", .number = hf_cli_u64(cli, "overlap") * 60, .is_number = true},
        {.key = "ttl_s", .number = hf_cli_u64(cli, "days") * DAY_S, .is_number = true}};
    (void)snprintf(path, sizeof path, "/v1/principals/%.64s/rotate", hf_cli_operand(cli, 0));
    const struct hf_hub_request request = {.method = "POST",
                                           .path = path,
                                           .members = members,
                                           .member_count = HF_LEN(members),
                                           .token_file = hf_cli_str(cli, "out")};
    return hf_hub_command(cli, &request);
}

static int run_revoke(struct hf_cli *cli)
{
    char path[128];
    const struct hf_hub_member members[] = {{.key = "reason", .text = hf_cli_str(cli, "reason")}};
    (void)snprintf(path, sizeof path, "/v1/principals/%.64s/revoke", hf_cli_operand(cli, 0));
    return HF_HUB_POST(cli, path, members, show_one);
}

#define DAYS_OPTION                                                                                \
    {                                                                                              \
        .name = "days", .kind = HF_CLI_U64, .value = "DAYS", .fallback = "0", .max = 366,          \
        .help = "how long the token works; 0: until it is revoked"                                 \
    }
#define OUT_OPTION                                                                                 \
    {                                                                                              \
        .name = "out", .kind = HF_CLI_STRING, .value = "FILE", .required = true,                   \
        .help = "where to write the token; readable by you alone"                                  \
    }

static const char *const roles[] = {"viewer", "auditor", "operator", "approver", "admin", NULL};
static const char *const kinds[] = {"operator", "customer", "program", NULL};
static const struct hf_cli_operand name_operand[] = {
    {.name = "PRINCIPAL", .help = "its name: 1 to 48 of a-z, 0-9 and -"}};
static const struct hf_cli_option list_options[] = {HF_HUB_OPTIONS};
static const struct hf_cli_option create_options[] = {
    HF_HUB_OPTIONS,
    {.name = "role",
     .kind = HF_CLI_CHOICE,
     .choices = roles,
     .required = true,
     .help = "what it may do; each role may all that those before it may"},
    {.name = "kind",
     .kind = HF_CLI_CHOICE,
     .choices = kinds,
     .fallback = "operator",
     .help = "one of us, a customer's user (viewer or approver of its tenant), or a program"},
    {.name = "tenant",
     .kind = HF_CLI_STRING,
     .value = "TENANT",
     .help = "the only tenant that it may see and act on"},
    {.name = "person",
     .kind = HF_CLI_STRING,
     .value = "TEXT",
     .help = "who it is, as channels name them (user:anna): nobody approves what they asked for, "
             "whichever of their principals they use"},
    DAYS_OPTION,
    OUT_OPTION};
static const struct hf_cli_option rotate_options[] = {
    HF_HUB_OPTIONS,
    {.name = "overlap",
     .kind = HF_CLI_U64,
     .value = "MINUTES",
     .fallback = "60",
     .max = 10080,
     .help = "how long the token before works on"},
    DAYS_OPTION,
    OUT_OPTION};
static const struct hf_cli_option revoke_options[] = {HF_HUB_OPTIONS, HF_HUB_REASON_OPTION};

static const struct hf_cli_command command_list = {.name = "list",
                                                   .summary = "everybody who may use the Hub",
                                                   .options = list_options,
                                                   .option_count = HF_LEN(list_options),
                                                   .run = run_list};

#define COMMAND(word, text, list, function)                                                        \
    {                                                                                              \
        .name = (word), .summary = (text), .options = (list), .option_count = HF_LEN(list),        \
        .operands = name_operand, .operand_count = 1, .run = (function),                           \
    }

static const struct hf_cli_command command_create =
    COMMAND("create", "let somebody or a program use the Hub", create_options, run_create);
static const struct hf_cli_command command_rotate =
    COMMAND("rotate", "make a principal's next token", rotate_options, run_rotate);
static const struct hf_cli_command command_revoke =
    COMMAND("revoke", "end a principal for good", revoke_options, run_revoke);

const struct hf_cli_command hf_command_principal = {
    .name = "principal",
    .summary = "who may use a region's Hub, and with which role",
    HF_CLI_CHILDREN(&hf_command_contact, &command_create, &command_list, &command_rotate,
                    &command_revoke),
};
