/* tools/holdfast/cutover.c: from the old provisioning flow to the new: `holdfast cutover`. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/cli/table.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

static const char *const steps[] = {"freeze-legacy",
                                    "cleanup-release",
                                    "enable-registration",
                                    "first-tenant",
                                    "parallel-run",
                                    "flip-default",
                                    NULL};

/* Which of the steps are done, and which ways are open. */
static enum hf_rc show(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    static const struct hf_table_column columns[] = {{.title = "STEP"}, {.title = "STATE"}};
    static const char *const ways[] = {"legacy-deploy", "old-flow", "new-flow"};
    struct hf_table table;
    const struct hf_json *open =
        hf_json_kind(json) == HF_JSON_OBJECT ? hf_json_get(json, "ways") : NULL;
    if (open == NULL) {
        return hf_err_set(err, HF_EIO, "the Hub's answer is no cutover");
    }
    struct hf_str step = hf_json_get_str(json, "step");
    bool done = hf_json_get_bool(json, "begun") && !hf_str_eq(step, HF_STR("none"));
    hf_table_init(&table, columns, HF_LEN(columns));
    for (size_t i = 0; steps[i] != NULL; i++) {
        bool is_next = hf_str_eq(hf_json_get_str(json, "next"), hf_str_c(steps[i]));
        hf_table_cell(&table, hf_str_c(steps[i]));
        hf_table_cell(&table, done ? HF_STR("done") : (is_next ? HF_STR("next") : HF_STR("")));
        done = done && !hf_str_eq(step, hf_str_c(steps[i]));
    }
    enum hf_rc rc = HF_OK;
    if (hf_json_get_bool(json, "begun")) {
        rc = hf_table_write(&table, cli->out, err);
    } else {
        hf_cli_printf(cli, "no cutover has begun in %.*s: everything goes the new way\n",
                      HF_STR_ARG(hf_json_get_str(json, "region")));
    }
    hf_table_free(&table);
    struct hf_str until = hf_json_get_str(json, "window_until");
    if (until.len > 0) {
        hf_cli_printf(cli, "the parallel run lasts until %.*s at least\n", HF_STR_ARG(until));
    }
    for (size_t i = 0; i < HF_LEN(ways); i++) {
        hf_cli_printf(cli, "%-14s %.*s\n", ways[i], HF_STR_ARG(hf_json_get_str(open, ways[i])));
    }
    return rc;
}

static int run_show(struct hf_cli *cli)
{
    return hf_hub_get(cli, "/v1/cutover", show);
}

/* begin, revert: a reason is all they need. */
static int run_reason(struct hf_cli *cli, const char *path)
{
    const struct hf_hub_member members[] = {{.key = "reason", .text = hf_cli_str(cli, "reason")}};
    return HF_HUB_POST(cli, path, members, show);
}

static int run_begin(struct hf_cli *cli)
{
    return run_reason(cli, "/v1/cutover/begin");
}

static int run_revert(struct hf_cli *cli)
{
    return run_reason(cli, "/v1/cutover/revert");
}

static int run_advance(struct hf_cli *cli)
{
    const char *step = hf_cli_operand(cli, 0);
    bool window = strcmp(step, "parallel-run") == 0;
    const struct hf_hub_member members[] = {
        {.key = "step", .text = step},
        {.key = "evidence", .text = hf_cli_str(cli, "evidence")},
        {.key = "reason", .text = hf_cli_str(cli, "reason")},
        {.key = "window_s",
         .number = window ? hf_cli_u64(cli, "hours") * 3600 : 0,
         .is_number = window}};
    return HF_HUB_POST(cli, "/v1/cutover/advance", members, show);
}

static enum hf_rc show_way(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    (void)err;
    hf_cli_printf(cli, "go on with %.*s\n", HF_STR_ARG(hf_json_get_str(json, "way")));
    return HF_OK;
}

static int run_admit(struct hf_cli *cli)
{
    const struct hf_hub_member members[] = {{.key = "way", .text = hf_cli_str(cli, "way")},
                                            {.key = "ring", .text = hf_cli_str(cli, "ring")}};
    return HF_HUB_POST(cli, "/v1/cutover/admit", members, show_way);
}

static const char *const ways[] = {"legacy-deploy", "old-flow", "new-flow", NULL};
static const struct hf_cli_operand step_operand[] = {
    {.name = "STEP", .help = "the step that is done: `holdfast cutover show` names the next one"}};
static const struct hf_cli_option show_options[] = {HF_HUB_OPTIONS};
static const struct hf_cli_option reason_options[] = {HF_HUB_OPTIONS, HF_HUB_REASON_OPTION};
static const struct hf_cli_option advance_options[] = {
    HF_HUB_OPTIONS,
    {.name = "evidence",
     .kind = HF_CLI_STRING,
     .value = "TEXT",
     .required = true,
     .help = "what shows that the step is done: a release, a ticket, a tenant"},
    {.name = "hours",
     .kind = HF_CLI_U64,
     .value = "HOURS",
     .fallback = "168",
     .min = 1,
     .max = 2160,
     .help = "how long the parallel run lasts at least"},
    HF_HUB_REASON_OPTION};
static const struct hf_cli_option admit_options[] = {
    HF_HUB_OPTIONS,
    {.name = "way",
     .kind = HF_CLI_CHOICE,
     .choices = ways,
     .help = "the way to go; without it, the default one"},
    {.name = "ring",
     .kind = HF_CLI_CHOICE,
     .choices = hf_hub_rings,
     .required = true,
     .help = "the ring of the tenant that is to be made"}};

#define COMMAND(word, text, list, function)                                                        \
    {                                                                                              \
        .name = (word), .summary = (text), .options = (list), .option_count = HF_LEN(list),        \
        .run = (function),                                                                         \
    }

static const struct hf_cli_command command_show =
    COMMAND("show", "which steps are done and which ways are open", show_options, run_show);
static const struct hf_cli_command command_begin =
    COMMAND("begin", "begin the cutover of a region", reason_options, run_begin);
static const struct hf_cli_command command_revert =
    COMMAND("revert", "take the last step back", reason_options, run_revert);
static const struct hf_cli_command command_admit = COMMAND(
    "admit", "may a deployment begin? fails with the reason when not", admit_options, run_admit);
static const struct hf_cli_command command_advance = {
    .name = "advance",
    .summary = "do the next step; its guard must let it",
    .options = advance_options,
    .option_count = HF_LEN(advance_options),
    .operands = step_operand,
    .operand_count = 1,
    .run = run_advance,
};

const struct hf_cli_command hf_command_cutover = {
    .name = "cutover",
    .summary = "go over from the old provisioning flow to the new one, step by step",
    HF_CLI_CHILDREN(&command_show, &command_begin, &command_advance, &command_revert,
                    &command_admit),
};
