/* tools/holdfast/log_stat.c: holdfast log stat. */
#include "base/cli/table.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "log/core/verify.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

struct stat_facts {
    char vkey[HF_VKEY_TEXT_MAX];
    char root[2 * HF_HASH_SIZE + 1];
    struct hf_tip tip;
    uint64_t bytes;
    uint64_t kept; /* entries before it are pruned */
    bool verified;
    struct hf_verified last;
    char owner[256];
};

static void print_json(struct hf_cli *cli, const struct hf_identity *identity,
                       const struct stat_facts *facts)
{
    struct hf_buf buf = hf_buf_init(1u << 16);
    struct hf_json_out json;
    hf_json_init(&json, &buf);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "origin", hf_str_c(identity->vkey.name));
    hf_json_key_str(&json, "kind", hf_str_c(identity->kind));
    hf_json_key_str(&json, "vkey", hf_str_c(facts->vkey));
    hf_json_key_u64(&json, "size", facts->tip.size);
    hf_json_key_str(&json, "root", hf_str_c(facts->root));
    hf_json_key_u64(&json, "bytes", facts->bytes);
    hf_json_key_u64(&json, "volumes", facts->tip.sealed);
    hf_json_key_u64(&json, "pruned", facts->kept);
    hf_json_key(&json, HF_STR("last_commit"));
    if (facts->tip.size > 0) {
        hf_json_time_us(&json, facts->tip.committed_us);
    } else {
        hf_json_null(&json);
    }
    hf_json_key_u64(&json, "verified", facts->verified ? facts->last.size : 0);
    hf_json_key(&json, HF_STR("verified_at"));
    if (facts->verified) {
        hf_json_time_us(&json, facts->last.at_us);
    } else {
        hf_json_null(&json);
    }
    hf_json_key(&json, HF_STR("owner"));
    if (facts->owner[0] != '\0') {
        hf_json_str(&json, hf_str_c(facts->owner));
    } else {
        hf_json_null(&json);
    }
    hf_json_object_end(&json);
    hf_cli_line(cli, &buf);
    hf_buf_free(&buf);
}

static void print_text(struct hf_cli *cli, const struct hf_identity *identity,
                       const struct stat_facts *facts)
{
    char at[HF_TIME_TEXT] = "never";
    hf_cli_printf(cli, "origin       %s\nkind         %s\nvkey         %s\n", identity->vkey.name,
                  identity->kind, facts->vkey);
    hf_cli_printf(cli, "size         %llu entries\nroot         %s\n",
                  (unsigned long long)facts->tip.size, facts->root);
    hf_cli_printf(cli, "bytes        %llu on disk\nvolumes      %llu sealed\n",
                  (unsigned long long)facts->bytes, (unsigned long long)facts->tip.sealed);
    if (facts->kept > 0) {
        hf_cli_printf(cli, "pruned       entries below %llu\n", (unsigned long long)facts->kept);
    }
    if (facts->tip.size > 0) {
        hf_format_time_us(facts->tip.committed_us, at);
    }
    hf_cli_printf(cli, "last commit  %s\n", at);
    if (facts->verified) {
        hf_format_time_us(facts->last.at_us, at);
        hf_cli_printf(cli, "verified     %llu entries, %s\n", (unsigned long long)facts->last.size,
                      at);
    } else {
        hf_cli_printf(cli, "verified     never; run holdfast log verify\n");
    }
    if (facts->owner[0] != '\0') {
        hf_cli_printf(cli, "owner        %s\n", facts->owner);
    }
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_session session;
    struct stat_facts facts = {0};
    enum hf_rc rc = hf_session_open(&session, cli, HF_PLACE_READ, &err);
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    const struct hf_identity *identity = hf_log_identity(session.log);
    (void)hf_vkey_format(&identity->vkey, facts.vkey);
    hf_log_tip(session.log, &facts.tip);
    hf_hex_encode(hf_bytes_of(facts.tip.root.b, HF_HASH_SIZE), facts.root);
    facts.bytes = hf_log_bytes(session.log);
    if (hf_log_kept(session.log, &facts.kept, &err) != HF_OK) {
        facts.kept = 0; /* a volume is away or damaged: verify says which */
    }
    facts.verified = hf_verified_read(session.place, &facts.last) == HF_OK;
    (void)hf_place_foreign_owner(session.place, facts.owner, sizeof facts.owner);
    if (cli->json) {
        print_json(cli, identity, &facts);
    } else {
        print_text(cli, identity, &facts);
    }
    hf_session_close(&session);
    return HF_EXIT_OK;
}

static const struct hf_cli_operand operands[] = {HF_OPERAND_DIR};

const struct hf_cli_command hf_command_log_stat = {
    .name = "stat",
    .summary = "what a log is and how long",
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
