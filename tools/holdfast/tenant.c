/* tools/holdfast/tenant.c: holdfast tenant: the tenants of a region, through its Hub. */
#include <stdio.h>

#include "base/cli/table.h"
#include "base/parse.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

static struct hf_str text_of(const struct hf_json *object, const char *key)
{
    struct hf_str text = hf_json_get_str(object, key);
    return text.len > 0 ? text : HF_STR("-");
}

/* "3 s" ago; by the Hub's clock, so that two clocks are never compared. */
static void cell_age(struct hf_table *table, struct hf_str now, struct hf_str then)
{
    int64_t now_us = 0;
    int64_t then_us = 0;
    if (hf_parse_time_us(now, &now_us) != HF_OK || hf_parse_time_us(then, &then_us) != HF_OK) {
        hf_table_cell(table, HF_STR("never"));
        return;
    }
    int64_t s = (now_us - then_us) / 1000000;
    if (s < 120) {
        hf_table_printf(table, "%lld s", (long long)s);
    } else if (s < 7200) {
        hf_table_printf(table, "%lld min", (long long)(s / 60));
    } else {
        hf_table_printf(table, "%lld h", (long long)(s / 3600));
    }
}

static const struct hf_table_column columns[] = {
    {.title = "TENANT"},
    {.title = "RING"},
    {.title = "STATUS"},
    {.title = "AGENT"},
    {.title = "POLICY"},
    {.title = "HEARTBEAT", .right = true},
    {.title = "EVENTS", .right = true},
    {.title = "RECEIPT", .right = true},
    {.title = "LAG", .right = true},
};

static void add_row(struct hf_table *table, struct hf_str now, const struct hf_json *tenant)
{
    const struct hf_json *versions = hf_json_get(tenant, "versions");
    /* How much there is at the tenant, its heartbeat says; none came since the Hub's start. */
    uint64_t events = hf_json_get_u64(tenant, "events");
    uint64_t receipt = hf_json_get_u64(tenant, "receipt");
    hf_table_cell(table, text_of(tenant, "tenant"));
    hf_table_cell(table, text_of(tenant, "ring"));
    hf_table_cell(table, text_of(tenant, "status"));
    hf_table_cell(table, text_of(versions, "agent"));
    hf_table_cell(table, text_of(versions, "policy"));
    cell_age(table, now, text_of(tenant, "last_heartbeat"));
    hf_table_u64(table, events > receipt ? events : receipt);
    hf_table_u64(table, receipt);
    hf_table_u64(table, hf_json_get_u64(tenant, "lag"));
}

static void add_listed(struct hf_table *table, const struct hf_json *page,
                       const struct hf_json *tenant)
{
    add_row(table, text_of(page, "now"), tenant);
}

static const struct hf_hub_table as_listed = {
    .list = "tenants", .columns = columns, .column_count = HF_LEN(columns), .add_rows = add_listed};

/* One tenant as the list shows it; its age by this machine's clock. */
static enum hf_rc print_tenant(struct hf_cli *cli, const struct hf_json *tenant, struct hf_err *err)
{
    struct hf_table table;
    char now[HF_TIME_TEXT];
    if (hf_json_kind(tenant) != HF_JSON_OBJECT || hf_json_get(tenant, "versions") == NULL) {
        return hf_err_set(err, HF_EIO, "the Hub's answer is no tenant");
    }
    hf_format_time_us(hf_env_wall_us(cli->env), now);
    hf_table_init(&table, columns, HF_LEN(columns));
    add_row(&table, hf_str_c(now), tenant);
    enum hf_rc rc = hf_table_write(&table, cli->out, err);
    hf_table_free(&table);
    return rc;
}

/* list, watch, show */

static int run_list(struct hf_cli *cli)
{
    return hf_hub_list_command(cli, "/v1/tenants", &as_listed);
}

static int run_watch(struct hf_cli *cli)
{
    return hf_hub_watch_command(cli, "/v1/tenants", &as_listed);
}

/* "/v1/tenants/ACME", and what stands behind it. */
static void path_of(struct hf_cli *cli, const char *end, char out[128])
{
    (void)snprintf(out, 128, "/v1/tenants/%.64s%s", hf_cli_operand(cli, 0), end);
}

static int run_show(struct hf_cli *cli)
{
    char path[128];
    path_of(cli, "", path);
    return hf_hub_get(cli, path, print_tenant);
}

/* commands */

static int run_create(struct hf_cli *cli)
{
    const struct hf_hub_member members[] = {
        {.key = "tenant", .text = hf_cli_operand(cli, 0)},
        {.key = "ring", .text = hf_cli_str(cli, "ring")},
        {.key = "customer", .text = hf_cli_str(cli, "customer")},
        {.key = "plan", .text = hf_cli_str(cli, "plan")},
        {.key = "region", .text = hf_cli_str(cli, "region")},
        {.key = "market", .text = hf_cli_str(cli, "market")}};
    return HF_HUB_POST(cli, "/v1/tenants", members, print_tenant);
}

static int run_verb(struct hf_cli *cli, const char *verb, const char *ring)
{
    char path[128];
    const struct hf_hub_member members[] = {{.key = "reason", .text = hf_cli_str(cli, "reason")},
                                            {.key = "ring", .text = ring}};
    path_of(cli, verb, path);
    return HF_HUB_POST(cli, path, members, print_tenant);
}

static int run_move(struct hf_cli *cli)
{
    return run_verb(cli, "/move", hf_cli_str(cli, "ring"));
}

static int run_suspend(struct hf_cli *cli)
{
    return run_verb(cli, "/suspend", NULL);
}

static int run_resume(struct hf_cli *cli)
{
    return run_verb(cli, "/resume", NULL);
}

static int run_evict(struct hf_cli *cli)
{
    return run_verb(cli, "/evict", NULL);
}

static int run_ban(struct hf_cli *cli)
{
    return run_verb(cli, "/ban", NULL);
}

static int run_decommission(struct hf_cli *cli)
{
    return run_verb(cli, "/decommission", NULL);
}

/* The token goes into a file of the owner's alone, never on the screen. */
static int run_token(struct hf_cli *cli)
{
    char path[128];
    const struct hf_hub_member members[] = {
        {.key = "ttl_s", .number = hf_cli_u64(cli, "ttl") * 60, .is_number = true}};
    path_of(cli, "/tokens", path);
    const struct hf_hub_request request = {.method = "POST",
                                           .path = path,
                                           .members = members,
                                           .member_count = HF_LEN(members),
                                           .token_file = hf_cli_str(cli, "out")};
    return hf_hub_command(cli, &request);
}

static const char *const regions[] = {"dev", "staging", "prod-eu", "prod-us", NULL};
static const char *const markets[] = {"eu", "na", NULL};
static const struct hf_cli_operand tenant_operand[] = {
    {.name = "TENANT", .help = "the tenant's name: 1 to 48 of a-z, 0-9 and -"}};
static const struct hf_cli_option hub_options[] = {HF_HUB_OPTIONS};
static const struct hf_cli_option watch_options[] = {HF_HUB_OPTIONS, HF_HUB_EVERY_OPTION};
static const struct hf_cli_option create_options[] = {
    HF_HUB_OPTIONS,
    {.name = "ring",
     .kind = HF_CLI_CHOICE,
     .choices = hf_hub_rings,
     .fallback = "sandbox",
     .help = "the rollout ring it begins in"},
    {.name = "customer", .kind = HF_CLI_STRING, .value = "NAME", .help = "account that owns it"},
    {.name = "plan", .kind = HF_CLI_STRING, .value = "NAME", .help = "plan that was ordered"},
    {.name = "region",
     .kind = HF_CLI_CHOICE,
     .choices = regions,
     .help = "the region it must be in; another region's Hub refuses it"},
    {.name = "market",
     .kind = HF_CLI_CHOICE,
     .choices = markets,
     .help = "the customer's market, which decides the region when none is named: eu belongs to "
             "prod-eu, na to prod-us"}};
static const struct hf_cli_option reason_options[] = {HF_HUB_OPTIONS, HF_HUB_REASON_OPTION};
static const struct hf_cli_option move_options[] = {HF_HUB_OPTIONS,
                                                    {.name = "ring",
                                                     .kind = HF_CLI_CHOICE,
                                                     .choices = hf_hub_rings,
                                                     .required = true,
                                                     .help = "where to"},
                                                    HF_HUB_REASON_OPTION};
static const char *const end_reasons[] = {"customer",   "unpaid",   "abuse",
                                          "never-used", "operator", NULL};
static const struct hf_cli_option end_options[] = {HF_HUB_OPTIONS,
                                                   {.name = "reason",
                                                    .kind = HF_CLI_CHOICE,
                                                    .choices = end_reasons,
                                                    .required = true,
                                                    .help = "why, for the record"}};
static const struct hf_cli_option token_options[] = {
    HF_HUB_OPTIONS,
    {.name = "ttl",
     .kind = HF_CLI_U64,
     .value = "MINUTES",
     .fallback = "30",
     .min = 1,
     .max = 10080,
     .help = "how long the token may be used"},
    {.name = "out",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "where to write the token; readable by you alone"}};

#define COMMAND(word, text, list, function)                                                        \
    {                                                                                              \
        .name = (word), .summary = (text), .options = (list), .option_count = HF_LEN(list),        \
        .operands = tenant_operand, .operand_count = 1, .run = (function),                         \
    }

static const struct hf_cli_command command_create =
    COMMAND("create", "make a tenant", create_options, run_create);
static const struct hf_cli_command command_show =
    COMMAND("show", "one tenant", hub_options, run_show);
static const struct hf_cli_command command_token =
    COMMAND("token", "make a registration token for a tenant's agent", token_options, run_token);
static const struct hf_cli_command command_move =
    COMMAND("move", "put a tenant into another rollout ring", move_options, run_move);
static const struct hf_cli_command command_suspend =
    COMMAND("suspend", "refuse a tenant's agent until it is resumed", reason_options, run_suspend);
static const struct hf_cli_command command_resume =
    COMMAND("resume", "serve a suspended tenant's agent again", reason_options, run_resume);
static const struct hf_cli_command command_evict = COMMAND(
    "evict", "let a tenant's agent out; a new token lets it in again", reason_options, run_evict);
static const struct hf_cli_command command_ban =
    COMMAND("ban", "refuse the key of a tenant's agent for good", reason_options, run_ban);

static const struct hf_cli_command command_decommission =
    COMMAND("decommission", "end a tenant for good", end_options, run_decommission);

static const struct hf_cli_command command_list = {.name = "list",
                                                   .summary = "all tenants of the region",
                                                   .options = hub_options,
                                                   .option_count = HF_LEN(hub_options),
                                                   .run = run_list};
static const struct hf_cli_command command_watch = {.name = "watch",
                                                    .summary = "all tenants, again and again",
                                                    .options = watch_options,
                                                    .option_count = HF_LEN(watch_options),
                                                    .run = run_watch,
                                                    .no_json = true};

const struct hf_cli_command hf_command_tenant = {
    .name = "tenant",
    .summary = "make, see and move the tenants of a region",
    HF_CLI_CHILDREN(&command_create, &command_list, &command_show, &command_watch, &command_token,
                    &command_move, &command_suspend, &command_resume, &command_evict, &command_ban,
                    &command_decommission),
};
