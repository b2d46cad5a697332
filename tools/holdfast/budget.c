/* tools/holdfast/budget.c: holdfast budget: what tenants may use in a period. */
#include <stdio.h>

#include "base/assert.h"
#include "commands/budget.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/directive.h"

/* As long as a directive may live: an agent may be away for a while. */
#define TTL_S 604800

static enum hf_rc show_set(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    struct hf_str address = hf_json_get_str(json, "address");
    if (address.len == 0) {
        return hf_err_set(err, HF_EIO, "the Hub's answer is no directive");
    }
    hf_cli_printf(cli, "directive %llu for %.*s; `holdfast budget list` says when it is in force\n",
                  (unsigned long long)hf_json_get_u64(json, "sequence"), HF_STR_ARG(address));
    return HF_OK;
}

static int set(struct hf_cli *cli, const struct hf_budget *budget)
{
    char parameters[HF_BUDGET_TEXT_MAX];
    const char *tenant = hf_cli_operand(cli, 0);
    const struct hf_directive_wish wish = {
        .kind = "budget", .parameters = parameters, .show = show_set};
    (void)hf_budget_write(budget, parameters);
    return hf_directive_issue(cli, strcmp(tenant, "*") == 0 ? NULL : tenant, TTL_S, &wish);
}

static const char *const meters[] = {"tokens", "requests", "eur", "usd", NULL};
static const char *const periods[] = {"hour", "day", "month", NULL};
static const char *const actions[] = {"warn", "ask", "deny", NULL};

static unsigned index_of(const char *const names[], const char *name)
{
    unsigned i = 0;
    while (strcmp(names[i], name) != 0) {
        i++;
        HF_ASSERT(names[i] != NULL); /* the option takes no other */
    }
    return i;
}

static int run_set(struct hf_cli *cli)
{
    const struct hf_budget budget = {
        .meter = (enum hf_budget_meter)index_of(meters, hf_cli_str(cli, "meter")),
        .period = (enum hf_period)index_of(periods, hf_cli_str(cli, "period")),
        .limit = hf_cli_u64(cli, "limit"),
        .warn_percent = (unsigned)hf_cli_u64(cli, "warn"),
        .action = (enum hf_budget_action)index_of(actions, hf_cli_str(cli, "action"))};
    return set(cli, &budget);
}

static int run_remove(struct hf_cli *cli)
{
    const struct hf_budget budget = {
        .meter = (enum hf_budget_meter)index_of(meters, hf_cli_str(cli, "meter")),
        .period = HF_PERIOD_MONTH,
        .warn_percent = 100};
    return set(cli, &budget);
}

static const struct hf_table_column columns[] = {
    {.title = "TENANT"}, {.title = "METER"}, {.title = "PERIOD"}, {.title = "LIMIT", .right = true},
    {.title = "THEN"},   {.title = "STATE"}, {.title = "USED"}};

static void add_rows(struct hf_table *table, const struct hf_json *page, const struct hf_json *row)
{
    char text[32];
    (void)page;
    uint64_t limit = hf_json_get_u64(row, "amount");
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)limit);
    hf_table_cell(table, hf_json_get_str(row, "tenant"));
    hf_table_cell(table, hf_json_get_str(row, "meter"));
    hf_table_cell(table, hf_json_get_str(row, "period"));
    hf_table_cell(table, limit == 0 ? HF_STR("none") : hf_str_c(text));
    hf_table_cell(table, hf_json_get_str(row, "action"));
    hf_table_cell(table, hf_json_get_str(row, "state"));
    hf_table_cell(table, hf_json_get_str(row, "level"));
}

static int run_list(struct hf_cli *cli)
{
    const struct hf_hub_table as = {
        .list = "rows", .columns = columns, .column_count = HF_LEN(columns), .add_rows = add_rows};
    return hf_hub_list_command(cli, "/v1/models/budgets", &as);
}

static const struct hf_cli_operand tenant[] = {
    {.name = "TENANT", .help = "whose budget it is; '*': everybody's, for the role approver"}};

#define METER_OPTION                                                                               \
    {                                                                                              \
        .name = "meter", .kind = HF_CLI_CHOICE, .choices = meters, .fallback = "tokens",           \
        .help = "what is counted; money in millionths"                                             \
    }
static const struct hf_cli_option set_options[] = {
    HF_HUB_OPTIONS,
    METER_OPTION,
    {.name = "period",
     .kind = HF_CLI_CHOICE,
     .choices = periods,
     .fallback = "month",
     .help = "by the calendar, UTC"},
    {.name = "limit",
     .kind = HF_CLI_U64,
     .value = "N",
     .required = true,
     .min = 1,
     .max = HF_BUDGET_LIMIT_MAX,
     .help = "what may be used in a period"},
    {.name = "warn",
     .kind = HF_CLI_U64,
     .value = "PERCENT",
     .fallback = "80",
     .min = 1,
     .max = 100,
     .help = "share of it from which it warns"},
    {.name = "action",
     .kind = HF_CLI_CHOICE,
     .choices = actions,
     .fallback = "ask",
     .help = "when it is used up: only warn, ask a person each time, or deny"},
    HF_HUB_REASON_OPTION};
static const struct hf_cli_option remove_options[] = {HF_HUB_OPTIONS, METER_OPTION,
                                                      HF_HUB_REASON_OPTION};
static const struct hf_cli_option list_options[] = {HF_HUB_OPTIONS};

static const struct hf_cli_command command_set = {
    .name = "set",
    .summary = "set a tenant's budget",
    .description = "A tenant has at most one budget for each meter; a new one takes the place of "
                   "the one before. The agent keeps to it from its next answer from the Hub on, "
                   "also when the Hub is away afterwards.",
    .options = set_options,
    .option_count = HF_LEN(set_options),
    .operands = tenant,
    .operand_count = HF_LEN(tenant),
    .run = run_set};
static const struct hf_cli_command command_remove = {.name = "remove",
                                                     .summary = "end a tenant's budget",
                                                     .options = remove_options,
                                                     .option_count = HF_LEN(remove_options),
                                                     .operands = tenant,
                                                     .operand_count = HF_LEN(tenant),
                                                     .run = run_remove};
static const struct hf_cli_command command_list = {
    .name = "list",
    .summary = "all budgets: whether they are in force, and which are at their warning or spent",
    .options = list_options,
    .option_count = HF_LEN(list_options),
    .run = run_list};

const struct hf_cli_command hf_command_budget = {
    .name = "budget",
    .summary = "what tenants may use in a period",
    HF_CLI_CHILDREN(&command_set, &command_remove, &command_list),
};
