/* tools/holdfast/tenant.c: holdfast tenant: the tenants of a region, through its Hub. */
#include <stdio.h>

#include "base/cli/table.h"
#include "base/file.h"
#include "base/json_out.h"
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

/* The answer as it came. */
static void print_raw(const struct hf_hub_session *session)
{
    hf_cli_printf(session->cli, "%.*s\n", (int)session->answer.len,
                  (const char *)session->answer.ptr);
}

/* list, watch, show */

/* One call; the answer as it came with --json, else as `print` shows it. */
static int ask_and_print(struct hf_cli *cli, const char *method, const char *path,
                         struct hf_bytes body,
                         enum hf_rc (*print)(struct hf_cli *cli, const struct hf_json *json,
                                             struct hf_err *err))
{
    struct hf_hub_session session;
    struct hf_err err = {0};
    const struct hf_json *json = NULL;
    enum hf_rc rc = hf_hub_session_open(&session, cli, &err);
    if (rc == HF_OK) {
        rc = hf_hub_ask(&session, method, path, body, &json, &err);
    }
    if (rc == HF_OK) {
        if (cli->json) {
            print_raw(&session);
        } else {
            rc = print(cli, json, &err);
        }
    }
    hf_hub_session_close(&session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static int run_list(struct hf_cli *cli)
{
    return hf_hub_list_command(cli, "/v1/tenants", &as_listed);
}

static int run_watch(struct hf_cli *cli)
{
    return hf_hub_watch_command(cli, "/v1/tenants", &as_listed);
}

/* One call about one tenant: body is a JSON text or empty. */
static int call_tenant(struct hf_cli *cli, const char *method, const char *verb,
                       const struct hf_buf *body)
{
    char path[256];
    const char *name = hf_cli_operand(cli, 0);
    (void)snprintf(path, sizeof path, "/v1/tenants%s%.64s%s", verb == NULL ? "" : "/",
                   verb == NULL ? "" : name, verb == NULL ? "" : verb);
    return ask_and_print(cli, method, path, hf_buf_bytes(body), print_tenant);
}

static int run_show(struct hf_cli *cli)
{
    struct hf_buf none = hf_buf_init(0);
    return call_tenant(cli, "GET", "", &none);
}

/* commands */

/* {"KEY": VALUE, ...} of texts; NULL values are left out. */
static void write_body(struct hf_buf *body, const char *const pairs[][2], size_t count)
{
    struct hf_json_out json;
    hf_json_init(&json, body);
    hf_json_object_begin(&json);
    for (size_t i = 0; i < count; i++) {
        if (pairs[i][1] != NULL) {
            hf_json_key_str(&json, pairs[i][0], hf_str_c(pairs[i][1]));
        }
    }
    hf_json_object_end(&json);
}

static int run_create(struct hf_cli *cli)
{
    const char *const pairs[][2] = {
        {"tenant", hf_cli_operand(cli, 0)},        {"ring", hf_cli_str(cli, "ring")},
        {"customer", hf_cli_str(cli, "customer")}, {"plan", hf_cli_str(cli, "plan")},
        {"region", hf_cli_str(cli, "region")},     {"market", hf_cli_str(cli, "market")}};
    struct hf_buf body = hf_buf_init(4096);
    write_body(&body, pairs, HF_LEN(pairs));
    int code = call_tenant(cli, "POST", NULL, &body);
    hf_buf_free(&body);
    return code;
}

static int run_verb(struct hf_cli *cli, const char *verb, const char *ring)
{
    const char *const pairs[][2] = {{"reason", hf_cli_str(cli, "reason")}, {"ring", ring}};
    struct hf_buf body = hf_buf_init(4096);
    write_body(&body, pairs, HF_LEN(pairs));
    int code = call_tenant(cli, "POST", verb, &body);
    hf_buf_free(&body);
    return code;
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
    struct hf_hub_session session;
    struct hf_err err = {0};
    const struct hf_json *json = NULL;
    char path[128];
    char body[64];
    int len = snprintf(body, sizeof body, "{\"ttl_s\":%llu}",
                       (unsigned long long)hf_cli_u64(cli, "ttl") * 60);
    (void)snprintf(path, sizeof path, "/v1/tenants/%.64s/tokens", hf_cli_operand(cli, 0));
    enum hf_rc rc = hf_hub_session_open(&session, cli, &err);
    if (rc == HF_OK) {
        rc = hf_hub_ask(&session, "POST", path, hf_bytes_of(body, (size_t)len), &json, &err);
    }
    if (rc == HF_OK) {
        rc = hf_file_replace(hf_cli_str(cli, "out"), hf_str_bytes(text_of(json, "token")), 0600,
                             &err);
    }
    hf_hub_session_close(&session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static const char *const rings[] = {"sandbox", "canary", "general", NULL};
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
     .choices = rings,
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
#define REASON_HELP "why, for the record"
#define REASON_OPTION                                                                              \
    {                                                                                              \
        .name = "reason", .kind = HF_CLI_STRING, .value = "TEXT", .required = true,                \
        .help = REASON_HELP                                                                        \
    }
static const struct hf_cli_option reason_options[] = {HF_HUB_OPTIONS, REASON_OPTION};
static const struct hf_cli_option move_options[] = {
    HF_HUB_OPTIONS,
    {.name = "ring", .kind = HF_CLI_CHOICE, .choices = rings, .required = true, .help = "where to"},
    REASON_OPTION};
static const char *const end_reasons[] = {"customer",   "unpaid",   "abuse",
                                          "never-used", "operator", NULL};
static const struct hf_cli_option end_options[] = {HF_HUB_OPTIONS,
                                                   {.name = "reason",
                                                    .kind = HF_CLI_CHOICE,
                                                    .choices = end_reasons,
                                                    .required = true,
                                                    .help = REASON_HELP}};
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
