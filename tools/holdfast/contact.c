/* tools/holdfast/contact.c: how somebody is reached: `holdfast principal contact`. */
#include <stdio.h>

#include "base/file.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

#define SUBSCRIPTION_MAX 8192

static const struct hf_table_column columns[] = {
    {.title = "CONTACT"}, {.title = "CHANNEL"}, {.title = "WHERE"},         {.title = "VERIFIED"},
    {.title = "REACHED"}, {.title = "SHOWN"},   {.title = "FAILING SINCE"},
};

static void add_row(struct hf_table *table, const struct hf_json *page,
                    const struct hf_json *contact)
{
    (void)page;
    hf_table_cell(table, hf_json_get_str(contact, "contact"));
    hf_table_cell(table, hf_json_get_str(contact, "channel"));
    hf_table_cell(table, hf_json_get_str(contact, "hint"));
    hf_table_cell(table, hf_json_get_bool(contact, "verified") ? HF_STR("yes") : HF_STR("no"));
    hf_table_cell(table, hf_json_get_str(contact, "reached"));
    hf_table_cell(table, hf_json_get_str(contact, "shown"));
    hf_table_cell(table, hf_json_get_str(contact, "failing_since"));
}

static const struct hf_hub_table as_listed = {
    .list = "contacts", .columns = columns, .column_count = HF_LEN(columns), .add_rows = add_row};

static enum hf_rc show_one(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    return hf_hub_show_item(cli, json, &as_listed, err);
}

static enum hf_rc show_list(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    return hf_hub_show_table(cli, json, &as_listed, err);
}

static enum hf_rc show_removed(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    struct hf_str name = hf_json_get_str(json, "contact");
    hf_cli_printf(cli, "%.*s is not used any more\n", HF_STR_ARG(name));
    return hf_cli_flush(cli, err);
}

/* "/v1/principals/JO/contacts", and what stands behind it. */
static void path_of(struct hf_cli *cli, bool one, const char *more, char out[256])
{
    (void)snprintf(out, 256, "/v1/principals/%.64s/contacts%s%.64s%s", hf_cli_operand(cli, 0),
                   one ? "/" : "", one ? hf_cli_operand(cli, 1) : "", more);
}

static int run_list(struct hf_cli *cli)
{
    char path[256];
    path_of(cli, /* one= */ false, "", path);
    return hf_hub_get(cli, path, show_list);
}

static int add(struct hf_cli *cli, const char *address, const struct hf_json *subscription)
{
    char path[256];
    char texts[3][1100] = {{0}};
    static const char *const keys[] = {"p256dh", "auth"};
    if (subscription != NULL) {
        const struct hf_json *secrets = hf_json_get(subscription, "keys");
        (void)snprintf(texts[0], sizeof texts[0], "%.*s",
                       HF_STR_ARG(hf_json_get_str(subscription, "endpoint")));
        for (size_t i = 0; i < HF_LEN(keys); i++) {
            struct hf_str text = secrets != NULL && hf_json_kind(secrets) == HF_JSON_OBJECT
                                     ? hf_json_get_str(secrets, keys[i])
                                     : HF_STR("");
            (void)snprintf(texts[i + 1], sizeof texts[i + 1], "%.*s", HF_STR_ARG(text));
        }
    }
    const struct hf_hub_member members[] = {
        {.key = "contact", .text = hf_cli_operand(cli, 1)},
        {.key = "address", .text = address},
        {.key = "endpoint", .text = subscription == NULL ? NULL : texts[0]},
        {.key = "p256dh", .text = subscription == NULL ? NULL : texts[1]},
        {.key = "auth", .text = subscription == NULL ? NULL : texts[2]}};
    path_of(cli, /* one= */ false, "", path);
    int code = HF_HUB_POST(cli, path, members, show_one);
    hf_wipe(texts, sizeof texts);
    return code;
}

static int run_add(struct hf_cli *cli)
{
    const char *address = hf_cli_str(cli, "mail");
    const char *file = hf_cli_str(cli, "subscription");
    struct hf_buf text = hf_buf_init(SUBSCRIPTION_MAX);
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    if ((address == NULL) == (file == NULL)) {
        (void)hf_err_set(&err, HF_EUSAGE, "give either --mail or --subscription");
        return hf_cli_fail(cli, &err);
    }
    if (address != NULL) {
        return add(cli, address, NULL);
    }
    enum hf_rc rc = hf_file_read(file, &text, &err);
    if (rc == HF_OK) {
        rc = hf_json_parse(hf_buf_bytes(&text), &doc, &err);
    }
    if (rc == HF_OK && hf_json_kind(hf_json_root(doc)) != HF_JSON_OBJECT) {
        rc = hf_err_set(&err, HF_EINVAL, "it is no subscription of a browser: {\"endpoint\": ...}");
    }
    if (rc != HF_OK) {
        (void)hf_err_wrap(&err, rc, "%s", file);
    }
    int code = rc == HF_OK ? add(cli, NULL, hf_json_root(doc)) : hf_cli_fail(cli, &err);
    hf_json_free(doc);
    hf_buf_free(&text);
    return code;
}

static int run_verify(struct hf_cli *cli)
{
    char path[256];
    const struct hf_hub_member members[] = {{.key = "code", .text = hf_cli_str(cli, "code")}};
    path_of(cli, /* one= */ true, "/verify", path);
    return HF_HUB_POST(cli, path, members, show_one);
}

static int run_remove(struct hf_cli *cli)
{
    char path[256];
    path_of(cli, /* one= */ true, "", path);
    const struct hf_hub_request request = {.method = "DELETE", .path = path, .show = show_removed};
    return hf_hub_command(cli, &request);
}

static const struct hf_cli_operand list_operands[] = {
    {.name = "PRINCIPAL", .help = "who is reached: yourself; admins may name anybody"}};
static const struct hf_cli_operand one_operands[] = {
    {.name = "PRINCIPAL", .help = "who is reached: yourself; admins may name anybody"},
    {.name = "CONTACT", .help = "a name for the device or mailbox: 1 to 48 of a-z, 0-9 and -"}};
static const struct hf_cli_option plain_options[] = {HF_HUB_OPTIONS};
static const struct hf_cli_option add_options[] = {
    HF_HUB_OPTIONS,
    {.name = "mail",
     .kind = HF_CLI_STRING,
     .value = "ADDRESS",
     .help = "a mailbox; it is used once it is verified"},
    {.name = "subscription",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .help = "a device: its push subscription, as JSON of the browser"},
};
static const struct hf_cli_option verify_options[] = {HF_HUB_OPTIONS,
                                                      {.name = "code",
                                                       .kind = HF_CLI_STRING,
                                                       .value = "CODE",
                                                       .required = true,
                                                       .help = "the code that was sent there"}};

static const struct hf_cli_command command_list = {.name = "list",
                                                   .summary = "by what somebody is reached",
                                                   .options = plain_options,
                                                   .option_count = HF_LEN(plain_options),
                                                   .operands = list_operands,
                                                   .operand_count = 1,
                                                   .run = run_list};

#define COMMAND(word, text, list, function)                                                        \
    {                                                                                              \
        .name = (word), .summary = (text), .options = (list), .option_count = HF_LEN(list),        \
        .operands = one_operands, .operand_count = 2, .run = (function),                           \
    }

static const struct hf_cli_command command_add =
    COMMAND("add", "add a device or a mailbox; a code is sent there", add_options, run_add);
static const struct hf_cli_command command_verify =
    COMMAND("verify", "confirm with the code that was sent", verify_options, run_verify);
static const struct hf_cli_command command_remove =
    COMMAND("remove", "send nothing there any more", plain_options, run_remove);

const struct hf_cli_command hf_command_contact = {
    .name = "contact",
    .summary = "how somebody is told that a request for approval waits",
    HF_CLI_CHILDREN(&command_add, &command_list, &command_remove, &command_verify),
};
