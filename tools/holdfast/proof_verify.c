/* tools/holdfast/proof_verify.c: holdfast proof verify: offline, needs no log. */
#include "base/file.h"
#include "log/tlog/proof_file.h"
#include "log/tlog/tile.h"
#include "tools/holdfast/commands.h"

static int verify(struct hf_cli *cli, const struct hf_vkey *key, const struct hf_buf *entry,
                  const struct hf_buf *proof)
{
    struct hf_err err = {0};
    struct hf_proof_file file;
    struct hf_checkpoint checkpoint;
    enum hf_rc rc = hf_proof_file_parse(hf_buf_bytes(proof), &file, &err);
    if (rc == HF_OK) {
        rc = hf_proof_file_verify(&file, key, hf_buf_bytes(entry), &checkpoint, &err);
    }
    if (rc == HF_ENOMEM) {
        return hf_cli_fail(cli, &err);
    }
    if (rc != HF_OK) {
        return hf_cli_no(cli, "%s", err.text);
    }
    if (cli->json) {
        hf_cli_printf(cli, "{\"verified\":true,\"index\":%llu,\"size\":%llu}\n",
                      (unsigned long long)file.index, (unsigned long long)checkpoint.size);
    } else {
        hf_cli_printf(cli, "verified: entry %llu of %s at size %llu\n",
                      (unsigned long long)file.index, key->name,
                      (unsigned long long)checkpoint.size);
    }
    return HF_EXIT_OK;
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_vkey key;
    struct hf_buf entry = hf_buf_init(HF_ENTRY_MAX);
    struct hf_buf proof = hf_buf_init(HF_PROOF_FILE_MAX);
    enum hf_rc rc = hf_crypto_init(&err);
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    if (hf_vkey_parse(hf_str_c(hf_cli_str(cli, "vkey")), &key, &err) != HF_OK) {
        return hf_cli_refuse(cli, "--vkey: %s", err.text);
    }
    rc = hf_file_read(hf_cli_str(cli, "entry"), &entry, &err);
    if (rc == HF_OK) {
        rc = hf_file_read(hf_cli_operand(cli, 0), &proof, &err);
    }
    int code = rc == HF_OK        ? verify(cli, &key, &entry, &proof)
               : rc == HF_ETOOBIG ? hf_cli_no(cli, "%s", err.text)
                                  : hf_cli_fail(cli, &err);
    hf_buf_free(&entry);
    hf_buf_free(&proof);
    return code;
}

static const struct hf_cli_option options[] = {
    {.name = "vkey",
     .kind = HF_CLI_STRING,
     .value = "KEY",
     .required = true,
     .help = "the log's verifier key"},
    {.name = "entry",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "the entry's bytes"},
};
static const struct hf_cli_operand operands[] = {
    {.name = "PROOF", .help = "the proof file, - for standard input"}};

const struct hf_cli_command hf_command_proof_verify = {
    .name = "verify",
    .summary = "is this entry in that log? offline",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
