/* tools/holdfast/log_prune.c: holdfast log prune. */
#include "base/cli/progress.h"
#include "base/file.h"
#include "base/heap.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

/* The receipt: a checkpoint of this log, signed by it, with the region's cosignature under it. */
static enum hf_rc read_receipt(struct hf_cli *cli, struct hf_log *log, uint64_t *ret_size,
                               struct hf_err *err)
{
    struct hf_vkey cosigner;
    struct hf_checkpoint checkpoint;
    struct hf_hash root;
    struct hf_buf bytes = hf_buf_init(HF_NOTE_MAX);
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    enum hf_rc rc = note == NULL ? hf_err_set(err, HF_ENOMEM, "no memory for a receipt") : HF_OK;
    if (rc == HF_OK) {
        rc = hf_vkey_parse(hf_str_c(hf_cli_str(cli, "cosigner")), &cosigner, err);
    }
    if (rc == HF_OK) {
        rc = hf_file_read(hf_cli_str(cli, "receipt"), &bytes, err);
    }
    if (rc == HF_OK) {
        rc = hf_checkpoint_open(hf_buf_bytes(&bytes), &hf_log_identity(log)->vkey, note,
                                &checkpoint, err);
    }
    if (rc == HF_OK) {
        rc = hf_note_verify(note, &cosigner, /* ret_time_s= */ NULL, err);
    }
    if (rc == HF_OK && checkpoint.size > hf_log_size(log)) {
        rc = hf_err_set(err, HF_EMISMATCH, "the receipt is for more entries than the log has");
    }
    if (rc == HF_OK) {
        rc = hf_tree_root(hf_log_source(log), checkpoint.size, &root, err);
    }
    if (rc == HF_OK && !hf_hash_eq(&root, &checkpoint.root)) {
        rc = hf_err_set(err, HF_EMISMATCH, "the receipt is for another history than this log's");
    }
    hf_heap_free(note);
    hf_buf_free(&bytes);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "the receipt");
    }
    *ret_size = checkpoint.size;
    return HF_OK;
}

static enum hf_rc prune(struct hf_cli *cli, struct hf_log *log, uint64_t below,
                        uint64_t *ret_volumes, struct hf_err *err)
{
    struct hf_progress bar;
    bool more = true;
    enum hf_rc rc = HF_OK;
    *ret_volumes = 0;
    hf_progress_start(&bar, cli, "pruning", "entries", below);
    while (rc == HF_OK && more) {
        rc = hf_log_prune(log, below, &more, err);
        if (rc == HF_OK) {
            hf_log_prune_end(log);
            hf_progress_set(&bar, ++*ret_volumes << HF_VOLUME_BITS);
        }
    }
    hf_progress_end(&bar);
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_session session = {0};
    uint64_t receipt = 0;
    uint64_t volumes = 0;
    uint64_t kept = 0;
    enum hf_rc rc = hf_session_open(&session, cli, HF_PLACE_OWN, &err);
    if (rc == HF_OK) {
        rc = hf_log_load(session.log, /* fold= */ NULL, /* arg= */ NULL, &err);
    }
    if (rc == HF_OK) {
        rc = read_receipt(cli, session.log, &receipt, &err);
    }
    uint64_t below = hf_cli_given(cli, "below") ? hf_cli_u64(cli, "below") : receipt;
    if (rc == HF_OK && below > receipt) {
        rc = hf_err_set(&err, HF_EUSAGE,
                        "--below %llu: the receipt covers %llu entries; what nobody else has is "
                        "not pruned",
                        (unsigned long long)below, (unsigned long long)receipt);
    }
    if (rc == HF_OK) {
        rc = prune(cli, session.log, below, &volumes, &err);
    }
    if (rc == HF_OK) {
        rc = hf_log_kept(session.log, &kept, &err);
    }
    hf_session_close(&session);
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    if (cli->json) {
        hf_cli_printf(cli, "{\"volumes\":%llu,\"kept_from\":%llu}\n", (unsigned long long)volumes,
                      (unsigned long long)kept);
    } else {
        hf_cli_printf(cli, "pruned %llu volumes; entries are kept from %llu on\n",
                      (unsigned long long)volumes, (unsigned long long)kept);
    }
    return HF_EXIT_OK;
}

static const struct hf_cli_option options_[] = {
    {.name = "receipt",
     .kind = HF_CLI_STRING,
     .value = "NOTE",
     .required = true,
     .help = "the region's receipt: the log's checkpoint with its cosignature"},
    {.name = "cosigner",
     .kind = HF_CLI_STRING,
     .value = "KEY",
     .required = true,
     .help = "verifier key of who gave it"},
    {.name = "below",
     .kind = HF_CLI_U64,
     .value = "INDEX",
     .help = "keep the entries from here on; all that the receipt covers may go without it"},
};
static const struct hf_cli_operand operands[] = {HF_OPERAND_DIR};

const struct hf_cli_command hf_command_log_prune = {
    .name = "prune",
    .summary = "let go of old entries that somebody else has a receipt for",
    .description = "Whole volumes of 65,536 entries lose their entries' bytes and keep their "
                   "hashes, so that every proof, the streams' versions and the producers' "
                   "sequences stay as they were. Blobs and the newest sealed volume are kept. An "
                   "agent does this by itself with keep_days.",
    .options = options_,
    .option_count = HF_LEN(options_),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
