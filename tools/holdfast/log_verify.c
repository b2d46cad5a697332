/* tools/holdfast/log_verify.c: holdfast log verify. */
#include "base/cli/progress.h"
#include "base/file.h"
#include "base/hex.h"
#include "log/core/verify.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

static void progress(void *arg, uint64_t done, uint64_t total)
{
    (void)total;
    hf_progress_set(arg, done);
}

static bool says_no(enum hf_rc rc)
{
    return rc == HF_ECORRUPT || rc == HF_EBADSIG || rc == HF_EMISMATCH || rc == HF_EBADPROOF ||
           rc == HF_ENOTFOUND || rc == HF_ESYNTAX || rc == HF_EINVAL;
}

static int report(struct hf_cli *cli, const struct hf_session *session,
                  const struct hf_verify_result *result, enum hf_rc rc, const struct hf_err *err)
{
    char root[2 * HF_HASH_SIZE + 1];
    if (rc != HF_OK) {
        return says_no(rc) ? hf_cli_no(cli, "%s", err->text) : hf_cli_fail(cli, err);
    }
    struct hf_verified verified = {result->size, result->root, hf_env_wall_us(cli->env)};
    hf_verified_write(session->place, &verified);
    hf_hex_encode(hf_bytes_of(result->root.b, HF_HASH_SIZE), root);
    if (cli->json) {
        hf_cli_printf(cli, "{\"verified\":%llu,\"pruned\":%llu,\"root\":\"%s\"}\n",
                      (unsigned long long)result->size, (unsigned long long)result->pruned, root);
    } else {
        hf_cli_printf(cli, "verified %llu entries, root %s\n", (unsigned long long)result->size,
                      root);
        if (result->pruned > 0) {
            hf_cli_printf(cli, "the first %llu by their hashes alone: they are pruned\n",
                          (unsigned long long)result->pruned);
        }
    }
    return HF_EXIT_OK;
}

static enum hf_rc read_inputs(struct hf_cli *cli, struct hf_vkey *vkey, struct hf_buf *note,
                              struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    if (hf_cli_given(cli, "vkey")) {
        rc = hf_vkey_parse(hf_str_c(hf_cli_str(cli, "vkey")), vkey, err);
        if (rc != HF_OK) {
            return hf_err_wrap(err, HF_EUSAGE, "--vkey");
        }
    }
    if (hf_cli_given(cli, "against")) {
        rc = hf_file_read(hf_cli_str(cli, "against"), note, err);
    }
    return rc;
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_session session = {0};
    struct hf_vkey vkey;
    struct hf_buf note = hf_buf_init(HF_NOTE_MAX);
    struct hf_progress bar;
    struct hf_verify_result result = {0};
    enum hf_rc rc = read_inputs(cli, &vkey, &note, &err);
    if (rc != HF_OK) {
        hf_buf_free(&note);
        return hf_cli_fail(cli, &err);
    }
    rc = hf_session_open(&session, cli, HF_PLACE_READ, &err);
    if (rc != HF_OK) {
        hf_buf_free(&note);
        /* A data file that was damaged is an answer; a folder that is no log is not. */
        return rc == HF_ECORRUPT ? hf_cli_no(cli, "entry 0 and later: %s", err.text)
                                 : hf_cli_fail(cli, &err);
    }
    struct hf_verify_options options = {
        .vkey = hf_cli_given(cli, "vkey") ? &vkey : NULL,
        .against = hf_buf_bytes(&note),
        .progress = progress,
        .arg = &bar,
    };
    hf_progress_start(&bar, cli, "verifying", "entries", hf_log_size(session.log));
    rc = hf_log_verify(session.log, &options, &result, &err);
    hf_progress_end(&bar);
    int code = report(cli, &session, &result, rc, &err);
    hf_session_close(&session);
    hf_buf_free(&note);
    return code;
}

static const struct hf_cli_option options_[] = {
    {.name = "vkey",
     .kind = HF_CLI_STRING,
     .value = "KEY",
     .help = "the verifier key you trust (default: the one in the log)"},
    {.name = "against",
     .kind = HF_CLI_STRING,
     .value = "NOTE",
     .help = "an older checkpoint that the log must still agree with"},
};
static const struct hf_cli_operand operands[] = {HF_OPERAND_DIR};

const struct hf_cli_command hf_command_log_verify = {
    .name = "verify",
    .summary = "re-hash everything and compare it with what was signed",
    .description = "Ends with exit code 1 and the first bad entry when the log is not what it "
                   "promised to be.",
    .options = options_,
    .option_count = HF_LEN(options_),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
