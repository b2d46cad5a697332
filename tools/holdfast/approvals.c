/* tools/holdfast/approvals.c: holdfast approvals: what agents want to do and may not do alone. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/cli/text.h"
#include "base/parse.h"
#include "commands/tenant.h"
#include "tools/holdfast/approvals_stats.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

#define PATH_SIZE 320

static const struct hf_table_column columns[] = {
    {.title = "TENANT"}, {.title = "APPROVAL"}, {.title = "RISK"},
    {.title = "TOOL"},   {.title = "STATE"},    {.title = "EXPIRES IN", .right = true},
    {.title = "BY"},
};

/* By the Hub's clock, so that two clocks are never compared. */
static void cell_left(struct hf_table *table, struct hf_str now, const struct hf_json *approval)
{
    int64_t now_us = 0;
    int64_t then_us = 0;
    bool waits = hf_str_eq(hf_json_get_str(approval, "state"), HF_STR("pending"));
    if (!waits || hf_parse_time_us(now, &now_us) != HF_OK ||
        hf_parse_time_us(hf_json_get_str(approval, "expires"), &then_us) != HF_OK) {
        hf_table_cell(table, HF_STR("-"));
        return;
    }
    int64_t s = then_us > now_us ? (then_us - now_us) / 1000000 : 0;
    if (s < 600) {
        hf_table_printf(table, "%lld s", (long long)s);
    } else {
        hf_table_printf(table, "%lld min", (long long)(s / 60));
    }
}

static void add_row(struct hf_table *table, const struct hf_json *page, const struct hf_json *item)
{
    static const char *const keys[] = {"tenant", "approval", "risk", "tool", "state"};
    for (size_t i = 0; i < HF_LEN(keys); i++) {
        hf_table_cell(table, hf_json_get_str(item, keys[i]));
    }
    cell_left(table, hf_json_get_str(page, "now"), item);
    struct hf_str by = hf_json_get_str(item, "approver");
    hf_table_cell(table, by.len > 0 ? by : HF_STR("-"));
}

/* The list that is asked for; the options' values are ours or checked here. */
static bool list_path(struct hf_cli *cli, char out[PATH_SIZE])
{
    const char *tenant = hf_cli_str(cli, "tenant");
    if (tenant != NULL && !hf_tenant_name_ok(hf_str_c(tenant))) {
        return false;
    }
    (void)snprintf(out, PATH_SIZE, "/v1/approvals?state=%s%s%s", hf_cli_str(cli, "state"),
                   tenant == NULL ? "" : "&tenant=", tenant == NULL ? "" : tenant);
    return true;
}

static struct hf_hub_table as_listed(struct hf_cli *cli)
{
    bool waiting = strcmp(hf_cli_str(cli, "state"), "pending") == 0;
    return (struct hf_hub_table){.list = "approvals",
                                 .columns = columns,
                                 .column_count = HF_LEN(columns),
                                 .add_rows = add_row,
                                 .most = hf_cli_u64(cli, "first"),
                                 .total = waiting && hf_cli_str(cli, "tenant") == NULL ? "pending"
                                                                                       : NULL};
}

static int run_listing(struct hf_cli *cli, int (*run)(struct hf_cli *cli, const char *path,
                                                      const struct hf_hub_table *as))
{
    char path[PATH_SIZE];
    struct hf_err err = {0};
    const struct hf_hub_table as = as_listed(cli);
    if (!list_path(cli, path)) {
        (void)hf_err_set(&err, HF_EUSAGE, "--tenant: is not the name of a tenant");
        return hf_cli_fail(cli, &err);
    }
    return run(cli, path, &as);
}

static int run_list(struct hf_cli *cli)
{
    return run_listing(cli, hf_hub_list_command);
}

/* one */

static void print_line(struct hf_cli *cli, const char *label, struct hf_str text)
{
    if (text.len > 0) {
        hf_cli_printf(cli, "%-10s ", label);
        hf_text_wrap(cli->out, text, 11, 11);
    }
}

static enum hf_rc show_one(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    static const char *const keys[] = {
        "tenant",    "approval",  "state",   "approver",   "risk",    "tool", "summary",
        "channel",   "requester", "subject", "sealed_why", "policy",  "rule", "reason",
        "session",   "requested", "expires", "notified",   "routing", "seen", "decided",
        "delivered", "enforced",  "outcome", "request",    "action"};
    if (hf_json_get_str(json, "approval").len == 0) {
        return hf_err_set(err, HF_EIO, "the Hub's answer is no request for approval");
    }
    for (size_t i = 0; i < HF_LEN(keys); i++) {
        print_line(cli, keys[i], hf_json_get_str(json, keys[i]));
    }
    const struct hf_json *arguments = hf_json_get_kind(json, "arguments", HF_JSON_ARRAY);
    for (size_t i = 0; arguments != NULL && i < hf_json_count(arguments); i++) {
        const struct hf_json *argument = hf_json_at(arguments, i);
        hf_cli_printf(cli, "  ");
        hf_text_write(cli->out, hf_json_get_str(argument, "name"));
        hf_cli_printf(cli, " = ");
        hf_text_write(cli->out, hf_json_get_str(argument, "value"));
        hf_cli_printf(cli, "\n");
    }
    return HF_OK;
}

static void path_of(struct hf_cli *cli, const char *end, char out[PATH_SIZE])
{
    (void)snprintf(out, PATH_SIZE, "/v1/tenants/%.64s/approvals/%.64s%s", hf_cli_operand(cli, 0),
                   hf_cli_operand(cli, 1), end);
}

static int run_show(struct hf_cli *cli)
{
    char path[PATH_SIZE];
    path_of(cli, "", path);
    return hf_hub_get(cli, path, show_one);
}

/* The answer is bound to what is shown now, or to what --request names. */
static int decide(struct hf_cli *cli, const char *decision)
{
    char path[PATH_SIZE];
    char hash[2 * HF_HASH_SIZE + 1];
    struct hf_hub_session session;
    struct hf_err err = {0};
    const struct hf_json *json = NULL;
    const char *named = hf_cli_str(cli, "request");
    (void)snprintf(hash, sizeof hash, "%s", named == NULL ? "" : named);
    path_of(cli, "", path);
    if (named == NULL) {
        enum hf_rc rc = hf_hub_session_open(&session, cli, &err);
        if (rc == HF_OK) {
            rc = hf_hub_ask(&session, "GET", path, (struct hf_bytes){NULL, 0}, &json, &err);
        }
        if (rc == HF_OK) {
            (void)snprintf(hash, sizeof hash, "%.*s", HF_STR_ARG(hf_json_get_str(json, "request")));
        }
        hf_hub_session_close(&session);
        if (rc != HF_OK) {
            return hf_cli_fail(cli, &err);
        }
    }
    const struct hf_hub_member members[] = {{.key = "decision", .text = decision},
                                            {.key = "request", .text = hash},
                                            {.key = "reason", .text = hf_cli_str(cli, "reason")}};
    path_of(cli, "/decision", path);
    return HF_HUB_POST(cli, path, members, show_one);
}

static int run_approve(struct hf_cli *cli)
{
    return decide(cli, "approved");
}

static int run_deny(struct hf_cli *cli)
{
    return decide(cli, "denied");
}

static int run_watch(struct hf_cli *cli)
{
    return run_listing(cli, hf_hub_watch_command);
}

/* the tree */

#define TENANT_OPTION                                                                              \
    {                                                                                              \
        .name = "tenant", .kind = HF_CLI_STRING, .value = "TENANT", .help = "only those of it"     \
    }
#define STATE_OPTION                                                                               \
    {                                                                                              \
        .name = "state", .kind = HF_CLI_CHOICE, .choices = states, .fallback = "pending",          \
        .help = "those that wait, or those that were answered of late"                             \
    }
#define FIRST_OPTION(all, text)                                                                    \
    {                                                                                              \
        .name = "first", .kind = HF_CLI_U64, .value = "N", .fallback = (all), .max = 1000,         \
        .help = (text)                                                                             \
    }

static const struct hf_cli_operand operands[] = {
    {.name = "TENANT", .help = "whose agent asks"},
    {.name = "APPROVAL", .help = "name of the request"}};
static const char *const states[] = {"pending", "approved", "denied", "expired", "cancelled", NULL};
static const struct hf_cli_option show_options[] = {HF_HUB_OPTIONS};
static const struct hf_cli_option list_options[] = {
    HF_HUB_OPTIONS, TENANT_OPTION, STATE_OPTION,
    FIRST_OPTION("0", "only so many, the oldest; 0: all")};
static const struct hf_cli_option decide_options[] = {
    HF_HUB_OPTIONS,
    {.name = "request",
     .kind = HF_CLI_STRING,
     .value = "HEX",
     .help = "the request that you mean, by its hash; else the one that waits now"},
    {.name = "reason", .kind = HF_CLI_STRING, .value = "TEXT", .help = "why, for the record"}};
static const struct hf_cli_option watch_options[] = {
    HF_HUB_OPTIONS, HF_HUB_EVERY_OPTION, TENANT_OPTION, STATE_OPTION,
    FIRST_OPTION("40", "as many as a screen has, the oldest; 0: all")};

static const struct hf_cli_command command_list = {.name = "list",
                                                   .summary = "what waits for an answer",
                                                   .options = list_options,
                                                   .option_count = HF_LEN(list_options),
                                                   .run = run_list};
static const struct hf_cli_command command_watch = {.name = "watch",
                                                    .summary = "the same, again and again",
                                                    .options = watch_options,
                                                    .option_count = HF_LEN(watch_options),
                                                    .run = run_watch};
static const struct hf_cli_command command_show = {.name = "show",
                                                   .summary =
                                                       "one request: what the agent wants to do",
                                                   .options = show_options,
                                                   .option_count = HF_LEN(show_options),
                                                   .operands = operands,
                                                   .operand_count = HF_LEN(operands),
                                                   .run = run_show};
static const struct hf_cli_command command_approve = {
    .name = "approve",
    .summary = "let it happen, this once",
    .description = "The answer is bound to the hash of the request: the exact action, under the "
                   "policy and in the session that it was asked in. It is written into the "
                   "region's log under your name and works once. Nobody approves what they asked "
                   "for.",
    .options = decide_options,
    .option_count = HF_LEN(decide_options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_approve};
static const struct hf_cli_command command_deny = {.name = "deny",
                                                   .summary = "do not let it happen",
                                                   .options = decide_options,
                                                   .option_count = HF_LEN(decide_options),
                                                   .operands = operands,
                                                   .operand_count = HF_LEN(operands),
                                                   .run = run_deny};

static const struct hf_cli_option stats_options[] = {
    HF_HUB_OPTIONS,
    {.name = "hours",
     .kind = HF_CLI_U64,
     .value = "N",
     .fallback = "24",
     .min = 1,
     .max = 720,
     .help = "so many, the last of them the one that runs"},
    {.name = "probes", .kind = HF_CLI_FLAG, .help = "those of the Hub's own probes"}};
static const struct hf_cli_command command_stats = {
    .name = "stats",
    .summary = "whether requests reached people in time, and how long it took",
    .description = "A request failed to reach people when no push service or mail server took a "
                   "message about it within 30 s of its routing: late, in vain, or not tried, for "
                   "nobody can be reached or its tenant asks too much. Who answers or sees it "
                   "within that time without a message is no failure. The figures are those of "
                   "the region's read model, by the hour of the routing.",
    .options = stats_options,
    .option_count = HF_LEN(stats_options),
    .run = hf_run_approvals_stats};

const struct hf_cli_command hf_command_approvals = {
    .name = "approvals",
    .summary = "what agents want to do and may not do alone",
    HF_CLI_CHILDREN(&command_list, &command_watch, &command_show, &command_approve, &command_deny,
                    &command_stats),
};
