/* tools/holdfast/vault.c: holdfast vault: the tenant's secrets, through the agent on its server. */
#include <stdio.h>

#include "tools/holdfast/agent_call.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/secret_in.h"

#define VALUE_MAX (8192 + 1) /* one more than the vault takes, which then says so */

static const char *const kinds[] = {"modelkey", "credential", "registered", NULL};

/* Asks for one thing about the secret that the command names, and shows what came of it. */
static int change(struct hf_cli *cli, const char *method, const char *end, bool brings)
{
    char path[160];
    struct hf_hub_session session;
    struct hf_secret value = {0};
    struct hf_err err = {0};
    const struct hf_json *json = NULL;
    const char *name = hf_cli_operand(cli, 0);
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(name)) {
        return hf_cli_refuse(cli, "NAME is of a-z, 0-9, dot, underscore and dash");
    }
    (void)snprintf(path, sizeof path, "/v1/vault/secrets/%.80s%s", name, end);
    enum hf_rc rc = hf_agent_session_open(&session, cli, &err);
    if (rc == HF_OK && brings) {
        rc = hf_secret_read((int)hf_cli_u64(cli, "fd"), VALUE_MAX, !hf_cli_flag(cli, "exact"),
                            &value, &err);
    }
    if (rc == HF_OK) {
        struct hf_bytes body =
            brings ? hf_secret_reveal(&value) : (struct hf_bytes){.ptr = NULL, .len = 0};
        rc = hf_agent_ask(&session, method, path, body, &json, &err);
    }
    if (rc == HF_OK && cli->json) {
        hf_cli_line(cli, &session.answer);
    } else if (rc == HF_OK) {
        hf_cli_printf(cli, "%s  version %llu%s\n", name,
                      (unsigned long long)hf_json_get_u64(json, "version"),
                      strcmp(method, "DELETE") == 0       ? ", deleted"
                      : hf_json_get_bool(json, "changed") ? ""
                                                          : ", as it was");
    }
    hf_secret_free(&value);
    hf_hub_session_close(&session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static int run_put(struct hf_cli *cli)
{
    char query[32];
    (void)snprintf(query, sizeof query, "?kind=%s", hf_cli_str(cli, "kind"));
    return change(cli, "PUT", query, true);
}

static int run_rotate(struct hf_cli *cli)
{
    return change(cli, "POST", "/rotate", true);
}

static int run_delete(struct hf_cli *cli)
{
    return change(cli, "DELETE", "", false);
}

/* list */

static const struct hf_table_column columns[] = {{.title = "SECRET"},
                                                 {.title = "KIND"},
                                                 {.title = "VERSION", .right = true},
                                                 {.title = "KEPT", .right = true},
                                                 {.title = "CHANGED"}};

static void add_row(struct hf_table *table, const struct hf_json *page, const struct hf_json *item)
{
    (void)page;
    hf_table_cell(table, hf_json_get_str(item, "name"));
    hf_table_cell(table, hf_json_get_str(item, "kind"));
    hf_table_u64(table, hf_json_get_u64(item, "version"));
    hf_table_u64(table, hf_json_get_u64(item, "kept"));
    hf_table_cell(table, hf_json_get_str(item, "changed"));
}

static int run_list(struct hf_cli *cli)
{
    struct hf_hub_session session;
    struct hf_err err = {0};
    const struct hf_json *json = NULL;
    const struct hf_hub_table as = {.list = "secrets",
                                    .columns = columns,
                                    .column_count = HF_LEN(columns),
                                    .add_rows = add_row};
    enum hf_rc rc = hf_agent_session_open(&session, cli, &err);
    if (rc == HF_OK) {
        rc = hf_agent_ask(&session, "GET", "/v1/vault", (struct hf_bytes){.ptr = NULL, .len = 0},
                          &json, &err);
    }
    if (rc == HF_OK && cli->json) {
        hf_cli_line(cli, &session.answer);
    } else if (rc == HF_OK) {
        rc = hf_hub_show_table(cli, json, &as, &err);
    }
    hf_hub_session_close(&session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

#define VALUE_OPTIONS                                                                              \
    {.name = "fd",                                                                                 \
     .kind = HF_CLI_U64,                                                                           \
     .value = "N",                                                                                 \
     .fallback = "0",                                                                              \
     .max = 1023,                                                                                  \
     .help = "descriptor that the value comes from; 0 is standard input"},                         \
    {                                                                                              \
        .name = "exact", .help = "a newline at the end belongs to the value too"                   \
    }

static const struct hf_cli_operand operands[] = {{.name = "NAME", .help = "of the secret"}};
static const struct hf_cli_option put_options[] = {
    HF_AGENT_OPTION,
    {.name = "kind",
     .kind = HF_CLI_CHOICE,
     .choices = kinds,
     .required = true,
     .help = "modelkey: for a model's provider; credential: for anything else that programs log "
             "in to; registered: nobody needs it, it only must not appear anywhere"},
    VALUE_OPTIONS};
static const struct hf_cli_option rotate_options[] = {HF_AGENT_OPTION, VALUE_OPTIONS};
static const struct hf_cli_option agent_options[] = {HF_AGENT_OPTION};

static const struct hf_cli_command command_put = {
    .name = "put",
    .summary = "put a new secret into the vault",
    .description = "The value comes from standard input or a descriptor, never from the command "
                   "line. Putting the same again does no harm.",
    .examples = "holdfast vault put mail-password --kind credential < /run/mail-password",
    .options = put_options,
    .option_count = HF_LEN(put_options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_put};

static const struct hf_cli_command command_rotate = {
    .name = "rotate",
    .summary = "give a secret its next value",
    .description = "The values before, at most four, are kept for redaction: they may still turn "
                   "up. Programs get the new one.",
    .options = rotate_options,
    .option_count = HF_LEN(rotate_options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_rotate};

static const struct hf_cli_command command_delete = {
    .name = "delete",
    .summary = "delete a secret with all its values",
    .description = "From then on its values are not redacted any more either.",
    .options = agent_options,
    .option_count = HF_LEN(agent_options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_delete};

static const struct hf_cli_command command_list = {
    .name = "list",
    .summary = "show what secrets there are, never their values",
    .options = agent_options,
    .option_count = HF_LEN(agent_options),
    .run = run_list};

const struct hf_cli_command hf_command_vault = {
    .name = "vault",
    .summary = "look after a tenant's secrets, on its server",
    HF_CLI_CHILDREN(&command_list, &command_put, &command_rotate, &command_delete,
                    &hf_command_vault_import),
};
