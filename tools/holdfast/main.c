/* tools/holdfast/main.c: the tree of commands. */
#include "base/parse.h"
#include "tools/holdfast/commands.h"

bool hf_operand_u64(struct hf_cli *cli, size_t index, const char *name, uint64_t *ret,
                    int *ret_exit)
{
    const char *text = hf_cli_operand(cli, index);
    if (hf_parse_u64(hf_str_c(text), 0, INT64_MAX, ret) == HF_OK) {
        return true;
    }
    *ret_exit = hf_cli_refuse(cli, "%s must be a number, not \"%s\"", name, text);
    return false;
}

static const struct hf_cli_command log_group = {
    .name = "log",
    .summary = "make, fill, read and verify logs",
    .description =
        "A log is a folder: an append-only sequence of entries under a Merkle tree whose "
        "root is signed with the log's key. Whoever has the verifier key (vkey) can check "
        "any entry without the log and without trusting its owner.",
    HF_CLI_CHILDREN(&hf_command_log_init, &hf_command_log_append, &hf_command_log_show,
                    &hf_command_log_stat, &hf_command_log_checkpoint, &hf_command_log_root,
                    &hf_command_log_prove, &hf_command_log_consistency, &hf_command_log_verify,
                    &hf_command_log_export, &hf_command_log_prune, &hf_command_log_sample),
};

static const struct hf_cli_command proof_group = {
    .name = "proof",
    .summary = "check proofs without a log",
    HF_CLI_CHILDREN(&hf_command_proof_verify),
};

static const struct hf_cli_command root = {
    .name = "holdfast",
    .summary = "a log that a stranger can verify",
    .version = HF_VERSION,
    .section = "holdfast",
    HF_CLI_CHILDREN(&log_group, &proof_group, &hf_command_audit, &hf_command_tenant,
                    &hf_command_principal, &hf_command_flag, &hf_command_cutover,
                    &hf_command_approvals, &hf_command_artifact, &hf_command_budget,
                    &hf_command_directive, &hf_command_subject, &hf_command_erase,
                    &hf_command_erase_verify, &hf_command_events, &hf_command_policy,
                    &hf_command_region, &hf_command_projections, &hf_command_vault, &hf_cli_help),
};

int main(int argc, char **argv)
{
    return hf_cli_main(&root, argc, argv);
}
