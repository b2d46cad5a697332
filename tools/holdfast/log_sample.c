/* tools/holdfast/log_sample.c: holdfast log sample: events to try a log with. */
#include "tools/holdfast/commands.h"

#include "base/parse.h"

static int run(struct hf_cli *cli)
{
    uint64_t count = 0;
    int refused = 0;
    if (!hf_operand_u64(cli, 0, "N", &count, &refused)) {
        return refused;
    }
    uint64_t from = hf_cli_u64(cli, "from");
    int64_t now = hf_env_wall_us(cli->env);
    for (uint64_t i = from; i < from + count; i++) {
        char at[HF_TIME_TEXT];
        hf_format_time_us(now, at);
        hf_cli_printf(
            cli,
            "{\"type\":\"clock.tick\",\"producer\":\"sample\",\"sequence\":%llu,"
            "\"actor\":\"program:holdfast-log-sample\",\"occurred\":\"%s\","
            "\"payload\":{\"region\":\"dev\",\"tick\":%llu,\"at\":\"%s\",\"skew\":%llu}}\n",
            (unsigned long long)i + 1, at, (unsigned long long)i + 1, at,
            (unsigned long long)(i * 37 % 1000));
    }
    return HF_EXIT_OK;
}

static const struct hf_cli_option options[] = {
    {.name = "from",
     .kind = HF_CLI_U64,
     .fallback = "0",
     .help = "how many were made before; sequences go on from there"},
};
static const struct hf_cli_operand operands[] = {{.name = "N", .help = "how many"}};

const struct hf_cli_command hf_command_log_sample = {
    .name = "sample",
    .summary = "print sample events as JSON lines, to try a log with",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
    .no_json = true,
};
