/* tools/holdfast/log_export.c: holdfast log export. */
#include "base/cli/progress.h"
#include "log/core/export.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

static void progress(void *arg, uint64_t done, uint64_t total)
{
    (void)total;
    hf_progress_set(arg, done);
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_session session;
    struct hf_progress bar;
    struct hf_buf note = hf_buf_init(HF_NOTE_MAX);
    uint64_t files = 0;
    enum hf_rc rc = hf_session_open(&session, cli, HF_PLACE_READ, &err);
    if (rc == HF_OK) {
        rc = hf_log_load(session.log, /* fold= */ NULL, /* arg= */ NULL, &err);
    }
    if (rc == HF_OK) {
        rc = hf_session_checkpoint(&session, cli, hf_log_size(session.log), &note, &err);
    }
    if (rc == HF_OK) {
        struct hf_export_options options = {
            .out = hf_cli_operand(cli, 1),
            .checkpoint = hf_buf_bytes(&note),
            .size = hf_log_size(session.log),
            .progress = progress,
            .arg = &bar,
        };
        hf_progress_start(&bar, cli, "exporting", "entries", options.size);
        rc = hf_log_export(session.log, &options, &files, &err);
        hf_progress_end(&bar);
        if (rc == HF_OK && cli->json) {
            hf_cli_printf(cli, "{\"size\":%llu,\"files\":%llu}\n", (unsigned long long)options.size,
                          (unsigned long long)files);
        } else if (rc == HF_OK) {
            hf_cli_printf(cli, "exported %llu entries, %llu new files\n",
                          (unsigned long long)options.size, (unsigned long long)files);
        }
    }
    hf_buf_free(&note);
    hf_session_close(&session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static const struct hf_cli_operand operands[] = {
    HF_OPERAND_DIR, {.name = "OUT", .help = "the folder to write; an older export grows"}};

const struct hf_cli_command hf_command_log_export = {
    .name = "export",
    .summary = "write a static tlog-tiles tree with its checkpoint",
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
