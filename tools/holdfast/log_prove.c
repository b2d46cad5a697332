/* tools/holdfast/log_prove.c: checkpoint, root, prove and consistency: what others can check. */
#include "base/base64.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "log/tlog/proof_file.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

static enum hf_rc open_loaded(struct hf_session *session, struct hf_cli *cli, struct hf_err *err)
{
    enum hf_rc rc = hf_session_open(session, cli, HF_PLACE_READ, err);
    return rc == HF_OK ? hf_log_load(session->log, /* fold= */ NULL, /* arg= */ NULL, err) : rc;
}

static enum hf_rc check_size(const struct hf_session *session, uint64_t size, struct hf_err *err)
{
    uint64_t now = hf_log_size(session->log);
    return size <= now ? HF_OK
                       : hf_err_set(err, HF_ERANGE, "the log has %llu entries, not %llu",
                                    (unsigned long long)now, (unsigned long long)size);
}

static int finish(struct hf_session *session, struct hf_cli *cli, enum hf_rc rc,
                  const struct hf_err *err)
{
    hf_session_close(session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, err);
}

static void print(struct hf_cli *cli, struct hf_bytes bytes)
{
    (void)fwrite(bytes.ptr, 1, bytes.len, cli->out); /* looked at when the command ends */
}

static void print_json_text(struct hf_cli *cli, const char *key, struct hf_bytes text)
{
    struct hf_buf buf = hf_buf_init(HF_PROOF_FILE_MAX * 8);
    struct hf_json_out json;
    hf_json_init(&json, &buf);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, key, hf_bytes_str(text));
    hf_json_object_end(&json);
    hf_buf_str(&buf, HF_STR("\n"));
    print(cli, hf_buf_bytes(&buf));
    hf_buf_free(&buf);
}

/* checkpoint */

static int run_checkpoint(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_session session;
    struct hf_buf note = hf_buf_init(HF_NOTE_MAX);
    enum hf_rc rc = open_loaded(&session, cli, &err);
    if (rc == HF_OK) {
        rc = hf_session_checkpoint(&session, cli, hf_log_size(session.log), &note, &err);
    }
    if (rc == HF_OK && cli->json) {
        print_json_text(cli, "checkpoint", hf_buf_bytes(&note));
    } else if (rc == HF_OK) {
        print(cli, hf_buf_bytes(&note));
    }
    hf_buf_free(&note);
    return finish(&session, cli, rc, &err);
}

/* root */

static int run_root(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_session session;
    struct hf_hash root;
    enum hf_rc rc = open_loaded(&session, cli, &err);
    uint64_t size = 0;
    if (rc == HF_OK) {
        size = hf_cli_given(cli, "size") ? hf_cli_u64(cli, "size") : hf_log_size(session.log);
        rc = check_size(&session, size, &err);
    }
    if (rc == HF_OK) {
        rc = hf_tree_root(hf_log_source(session.log), size, &root, &err);
    }
    if (rc == HF_OK) {
        char text[2 * HF_HASH_SIZE + 1];
        hf_hex_encode(hf_bytes_of(root.b, HF_HASH_SIZE), text);
        if (cli->json) {
            hf_cli_printf(cli, "{\"size\":%llu,\"root\":\"%s\"}\n", (unsigned long long)size, text);
        } else {
            hf_cli_printf(cli, "%s\n", text);
        }
    }
    return finish(&session, cli, rc, &err);
}

/* prove */

static enum hf_rc prove(struct hf_session *session, struct hf_cli *cli, uint64_t index,
                        struct hf_err *err)
{
    uint64_t size = hf_cli_given(cli, "size") ? hf_cli_u64(cli, "size") : hf_log_size(session->log);
    struct hf_proof_file file = {.index = index};
    struct hf_buf note = hf_buf_init(HF_NOTE_MAX);
    struct hf_buf text = hf_buf_init(HF_PROOF_FILE_MAX);
    enum hf_rc rc = check_size(session, size, err);
    if (rc == HF_OK) {
        rc = hf_prove_inclusion(hf_log_source(session->log), index, size, &file.proof, err);
    }
    if (rc == HF_OK) {
        rc = hf_session_checkpoint(session, cli, size, &note, err);
    }
    if (rc == HF_OK) {
        file.note = hf_buf_bytes(&note);
        uint8_t *room = hf_buf_reserve(&text, HF_PROOF_FILE_MAX);
        struct hf_writer w = hf_writer_init(room, room == NULL ? 0 : HF_PROOF_FILE_MAX);
        hf_proof_file_format(&file, &w);
        rc = w.overflow ? hf_err_set(err, HF_ENOMEM, "no memory for the proof") : HF_OK;
        if (rc == HF_OK && cli->json) {
            print_json_text(cli, "proof", hf_writer_done(&w));
        } else if (rc == HF_OK) {
            print(cli, hf_writer_done(&w));
        }
    }
    hf_buf_free(&note);
    hf_buf_free(&text);
    return rc;
}

static int run_prove(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_session session;
    uint64_t index = 0;
    int refused = 0;
    if (!hf_operand_u64(cli, 1, "INDEX", &index, &refused)) {
        return refused;
    }
    enum hf_rc rc = open_loaded(&session, cli, &err);
    if (rc == HF_OK) {
        rc = prove(&session, cli, index, &err);
    }
    return finish(&session, cli, rc, &err);
}

/* consistency */

static void print_hashes(struct hf_cli *cli, const struct hf_proof *proof)
{
    hf_cli_printf(cli, "%s", cli->json ? "[" : "");
    for (unsigned i = 0; i < proof->count; i++) {
        char text[HF_BASE64_LEN(HF_HASH_SIZE) + 1];
        hf_base64_encode(hf_bytes_of(proof->hash[i].b, HF_HASH_SIZE), text);
        if (cli->json) {
            hf_cli_printf(cli, "%s\"%s\"", i > 0 ? "," : "", text);
        } else {
            hf_cli_printf(cli, "%s\n", text);
        }
    }
    hf_cli_printf(cli, "%s", cli->json ? "]\n" : "");
}

static int run_consistency(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_session session;
    struct hf_proof proof;
    uint64_t old_size = 0;
    uint64_t new_size = 0;
    int refused = 0;
    if (!hf_operand_u64(cli, 1, "OLD", &old_size, &refused) ||
        !hf_operand_u64(cli, 2, "NEW", &new_size, &refused)) {
        return refused;
    }
    enum hf_rc rc = open_loaded(&session, cli, &err);
    if (rc == HF_OK) {
        rc = check_size(&session, new_size, &err);
    }
    if (rc == HF_OK) {
        rc = hf_prove_consistency(hf_log_source(session.log), old_size, new_size, &proof, &err);
    }
    if (rc == HF_OK) {
        print_hashes(cli, &proof);
    }
    return finish(&session, cli, rc, &err);
}

static const struct hf_cli_option size_option[] = {
    {.name = "size", .kind = HF_CLI_U64, .help = "of the log at that size (default: now)"},
};
static const struct hf_cli_operand dir[] = {HF_OPERAND_DIR};
static const struct hf_cli_operand dir_index[] = {
    HF_OPERAND_DIR, {.name = "INDEX", .help = "the entry's index, from 0"}};
static const struct hf_cli_operand dir_old_new[] = {HF_OPERAND_DIR,
                                                    {.name = "OLD", .help = "the older size"},
                                                    {.name = "NEW", .help = "the newer size"}};

const struct hf_cli_command hf_command_log_checkpoint = {
    .name = "checkpoint",
    .summary = "print the signed checkpoint",
    .operands = dir,
    .operand_count = HF_LEN(dir),
    .run = run_checkpoint,
};
const struct hf_cli_command hf_command_log_root = {
    .name = "root",
    .summary = "print the Merkle root, in hexadecimal",
    .options = size_option,
    .option_count = HF_LEN(size_option),
    .operands = dir,
    .operand_count = HF_LEN(dir),
    .run = run_root,
};
const struct hf_cli_command hf_command_log_prove = {
    .name = "prove",
    .summary = "write the proof file of an entry to standard output",
    .description =
        "The proof (c2sp.org/tlog-proof@v1) shows to anybody who has the verifier key that "
        "the entry is in the log; holdfast proof verify checks it, offline.",
    .options = size_option,
    .option_count = HF_LEN(size_option),
    .operands = dir_index,
    .operand_count = HF_LEN(dir_index),
    .run = run_prove,
};
const struct hf_cli_command hf_command_log_consistency = {
    .name = "consistency",
    .summary = "prove that a log only grew, as hashes in base64",
    .operands = dir_old_new,
    .operand_count = HF_LEN(dir_old_new),
    .run = run_consistency,
};
