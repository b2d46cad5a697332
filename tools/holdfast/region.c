/* tools/holdfast/region.c: holdfast region: what a region is, and how far its mirror got. */
#include "base/hex.h"
#include "base/parse.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"
#include "tools/holdfast/session.h"

/* The mirror in the folder that was named; size 0 and an empty root without one. */
struct mirror {
    bool named;
    struct hf_vkey vkey;
    struct hf_tip tip;
    char root[2 * HF_HASH_SIZE + 1];
    char follower[256];
};

static enum hf_rc look_at(struct hf_cli *cli, struct mirror *ret, struct hf_err *err)
{
    struct hf_session session = {0};
    enum hf_rc rc = hf_session_open(&session, cli, HF_PLACE_READ, err);
    if (rc == HF_OK) {
        ret->named = true;
        ret->vkey = hf_log_identity(session.log)->vkey;
        hf_log_tip(session.log, &ret->tip);
        hf_hex_encode(hf_bytes_of(ret->tip.root.b, HF_HASH_SIZE), ret->root);
        (void)hf_place_foreign_owner(session.place, ret->follower, sizeof ret->follower);
    }
    hf_session_close(&session);
    return rc;
}

static uint64_t behind(const struct mirror *mirror, uint64_t size)
{
    return size > mirror->tip.size ? size - mirror->tip.size : 0;
}

static void print_json(struct hf_cli *cli, const struct hf_json *json, const struct mirror *mirror)
{
    struct hf_buf buf = hf_buf_init(1u << 16);
    struct hf_json_out out;
    hf_json_init(&out, &buf);
    hf_json_object_begin(&out);
    hf_json_key(&out, HF_STR("region"));
    hf_hub_copy_json(&out, json);
    hf_json_key(&out, HF_STR("mirror"));
    if (mirror->named) {
        hf_json_object_begin(&out);
        hf_json_key_u64(&out, "size", mirror->tip.size);
        hf_json_key_u64(&out, "behind", behind(mirror, hf_json_get_u64(json, "size")));
        hf_json_key_str(&out, "root", hf_str_c(mirror->root));
        hf_json_key(&out, HF_STR("last_commit"));
        hf_json_time_us(&out, mirror->tip.committed_us);
        hf_json_key_str(&out, "follower", hf_str_c(mirror->follower));
        hf_json_object_end(&out);
    } else {
        hf_json_null(&out);
    }
    hf_json_object_end(&out);
    hf_cli_line(cli, &buf);
    hf_buf_free(&buf);
}

static void print_text(struct hf_cli *cli, const struct hf_json *json, const struct mirror *mirror)
{
    char at[HF_TIME_TEXT] = "never";
    uint64_t size = hf_json_get_u64(json, "size");
    hf_cli_printf(cli, "region       %.*s\nlog          %.*s\ncosigner     %.*s\n",
                  HF_STR_ARG(hf_json_get_str(json, "region")),
                  HF_STR_ARG(hf_json_get_str(json, "log")),
                  HF_STR_ARG(hf_json_get_str(json, "cosigner")));
    hf_cli_printf(cli, "size         %llu entries\ntenants      %llu\n", (unsigned long long)size,
                  (unsigned long long)hf_json_get_u64(json, "tenants"));
    if (!mirror->named) {
        return;
    }
    if (mirror->tip.size > 0) {
        hf_format_time_us(mirror->tip.committed_us, at);
    }
    hf_cli_printf(cli, "mirror       %llu entries, %llu behind\nroot         %s\n",
                  (unsigned long long)mirror->tip.size, (unsigned long long)behind(mirror, size),
                  mirror->root);
    hf_cli_printf(cli, "last commit  %s\nfollower     %s\n", at,
                  mirror->follower[0] == '\0' ? "none is running" : mirror->follower);
}

static int run_status(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_hub_session session;
    const struct hf_json *json = NULL;
    static struct mirror mirror;
    char vkey[HF_VKEY_TEXT_MAX];
    mirror = (struct mirror){.named = false};
    enum hf_rc rc = hf_hub_session_open(&session, cli, &err);
    if (rc == HF_OK) {
        rc = hf_hub_ask(&session, "GET", "/v1/region", (struct hf_bytes){NULL, 0}, &json, &err);
    }
    if (rc == HF_OK && hf_cli_operand(cli, 0) != NULL) {
        rc = look_at(cli, &mirror, &err);
    }
    int code = HF_EXIT_OK;
    if (rc != HF_OK) {
        code = hf_cli_fail(cli, &err);
    } else if (mirror.named && (hf_vkey_format(&mirror.vkey, vkey), true) &&
               !hf_str_eq(hf_str_c(vkey), hf_json_get_str(json, "log"))) {
        code = hf_cli_no(cli, "the folder holds another log than the Hub's: %s", vkey);
    } else if (mirror.tip.size > hf_json_get_u64(json, "size")) {
        code = hf_cli_no(cli,
                         "the mirror has %llu entries, the Hub's log only %llu: it was put "
                         "back, or it is another one",
                         (unsigned long long)mirror.tip.size,
                         (unsigned long long)hf_json_get_u64(json, "size"));
    } else if (cli->json) {
        print_json(cli, json, &mirror);
    } else {
        print_text(cli, json, &mirror);
    }
    hf_hub_session_close(&session);
    return code;
}

static const struct hf_cli_option options[] = {HF_HUB_OPTIONS};
static const struct hf_cli_operand operands[] = {
    {.name = "DIR", .help = "folder of a mirror of it", .optional = true},
};

static const struct hf_cli_command command_status = {
    .name = "status",
    .summary = "what a region is, and how far its mirror got",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_status,
};

const struct hf_cli_command hf_command_region = {
    .name = "region",
    .summary = "look at a region, and keep a copy of its log elsewhere",
    HF_CLI_CHILDREN(&hf_command_region_follow, &command_status),
};
