/* tools/holdfast/projections_digest.c: holdfast projections digest: what a read model is goes into
 * the region's log.
 */
#include <stdio.h>

#include "base/assert.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

static enum hf_rc show(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    struct hf_str projection = hf_json_get_str(json, "projection");
    struct hf_str digest = hf_json_get_str(json, "digest");
    if (projection.len == 0 || digest.len == 0) {
        return hf_err_set(err, HF_EIO, "the Hub's answer is no digest");
    }
    hf_cli_printf(cli, "%.*s  at %llu  %llu rows  %.*s\n", HF_STR_ARG(projection),
                  (unsigned long long)hf_json_get_u64(json, "position"),
                  (unsigned long long)hf_json_get_u64(json, "rows"), HF_STR_ARG(digest));
    return HF_OK;
}

static int run(struct hf_cli *cli)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/v1/models/%.64s/digest", hf_cli_operand(cli, 0));
    const struct hf_hub_request request = {.method = "POST", .path = path, .show = show};
    return hf_hub_command(cli, &request);
}

static const struct hf_cli_operand operands[] = {
    {.name = "MODEL", .help = "a read model (fleet: the version that is read) or one version"}};
static const struct hf_cli_option options[] = {HF_HUB_OPTIONS};

const struct hf_cli_command hf_command_projections_digest = {
    .name = "digest",
    .summary = "have the Hub write a read model's digest into the region's log",
    .description = "From then on the log itself says what the read model was at that position: "
                   "whoever builds it up to there from a copy of the log must come to the same.",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run};
