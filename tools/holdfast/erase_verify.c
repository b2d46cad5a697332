/* tools/holdfast/erase_verify.c: holdfast erase-verify: a certificate of erasure, offline. */
#include "base/file.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "log/audit/erasure.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

struct listing {
    struct hf_cli *cli;
    struct hf_json_out *json; /* NULL: text */
};

static void show_request(void *arg, const struct hf_erasure_request *request)
{
    struct listing *l = arg;
    if (l->json == NULL) {
        hf_cli_printf(l->cli, "request %.*s: region entry %llu, event %u of the segment at %llu\n",
                      HF_STR_ARG(request->approval), (unsigned long long)request->routed,
                      (unsigned)request->offset, (unsigned long long)request->segment);
        return;
    }
    hf_json_object_begin(l->json);
    hf_json_key_str(l->json, "approval", request->approval);
    hf_json_key_u64(l->json, "routed", request->routed);
    hf_json_key_u64(l->json, "segment", request->segment);
    hf_json_key_u64(l->json, "offset", request->offset);
    hf_json_key(l->json, HF_STR("request"));
    hf_json_hex(l->json, request->hash);
    hf_json_object_end(l->json);
}

static void put_result(struct hf_json_out *json, const struct hf_erasure_result *r)
{
    hf_json_key(json, HF_STR("verified"));
    hf_json_bool(json, true);
    hf_json_key_str(json, "tenant", r->tenant);
    hf_json_key_str(json, "subject", r->subject);
    hf_json_key(json, HF_STR("key_digest"));
    hf_json_hex(json, r->key_digest);
    hf_json_key_time_us(json, "kept", r->kept_us);
    hf_json_key_u64(json, "kept_index", r->kept_index);
    hf_json_key_time_us(json, "erased", r->erased_us);
    hf_json_key_u64(json, "erased_index", r->erased_index);
    hf_json_key_str(json, "by", r->by);
    hf_json_key_str(json, "reason", r->reason);
    hf_json_key_u64(json, "size", r->region_size);
    if (r->confirmed) {
        hf_json_key_time_us(json, "confirmed", r->confirmed_us);
        hf_json_key_u64(json, "confirmed_index", r->confirmed_index);
        hf_json_key_u64(json, "confirmed_segment", r->confirmed_segment);
        hf_json_key_u64(json, "confirmed_offset", r->confirmed_offset);
    }
}

static void print_result(struct hf_cli *cli, const struct hf_erasure_result *r)
{
    char kept[HF_TIME_TEXT], erased[HF_TIME_TEXT], confirmed[HF_TIME_TEXT];
    hf_format_time_us(r->kept_us, kept);
    hf_format_time_us(r->erased_us, erased);
    hf_format_time_us(r->confirmed_us, confirmed);
    hf_cli_printf(cli,
                  "verified: the key of subject %.*s of %.*s, which the region had from %s on, was "
                  "erased at %s by %.*s (%.*s)\n"
                  "%llu requests that it sealed are named; as of region size %llu\n",
                  HF_STR_ARG(r->subject), HF_STR_ARG(r->tenant), kept, erased, HF_STR_ARG(r->by),
                  HF_STR_ARG(r->reason), (unsigned long long)r->requests,
                  (unsigned long long)r->region_size);
    if (r->confirmed) {
        hf_cli_printf(cli, "the agent of the tenant erased it too: known to the region at %s\n",
                      confirmed);
    } else {
        hf_cli_printf(cli, "that the agent of the tenant erased it too, it does not say\n");
    }
}

static enum hf_rc verify(struct hf_cli *cli, struct hf_bytes certificate,
                         const struct hf_vkey *vkey, struct hf_err *err)
{
    struct hf_json_out json;
    struct hf_erasure_result result;
    struct hf_buf text = hf_buf_init(64u << 20);
    struct listing listing = {cli, cli->json ? &json : NULL};
    bool shows = cli->json || hf_cli_flag(cli, "show");
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key(&json, HF_STR("requests"));
    hf_json_array_begin(&json);
    /* Nothing is printed of a certificate that does not hold: it is checked before it is shown. */
    enum hf_rc rc = hf_erasure_verify(certificate, vkey, NULL, NULL, &result, err);
    if (rc == HF_OK && shows) {
        rc = hf_erasure_verify(certificate, vkey, show_request, &listing, &result, err);
    }
    hf_json_array_end(&json);
    if (rc == HF_OK && cli->json) {
        put_result(&json, &result);
        hf_json_object_end(&json);
        hf_cli_line(cli, &text);
    } else if (rc == HF_OK) {
        print_result(cli, &result);
    }
    hf_buf_free(&text);
    return rc;
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_vkey vkey;
    struct hf_buf certificate = hf_buf_init(HF_ERASURE_MAX);
    enum hf_rc rc = hf_crypto_init(&err);
    if (rc == HF_OK) {
        rc = hf_trust_load(hf_cli_str(cli, "trust"), &vkey, &err);
    }
    if (rc == HF_OK) {
        rc = hf_file_read(hf_cli_operand(cli, 0), &certificate, &err);
    }
    if (rc != HF_OK) {
        hf_buf_free(&certificate);
        return hf_cli_fail(cli, &err);
    }
    rc = verify(cli, hf_buf_bytes(&certificate), &vkey, &err);
    hf_buf_free(&certificate);
    if (rc == HF_ENOMEM) {
        return hf_cli_fail(cli, &err);
    }
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_no(cli, "%s", err.text);
}

static const struct hf_cli_option options[] = {
    {.name = "trust",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "file with the verifier key of the region's log"},
    {.name = "show", .help = "name the requests as well"},
};
static const struct hf_cli_operand operands[] = {
    {.name = "CERTIFICATE", .help = "the certificate"}};

const struct hf_cli_command hf_command_erase_verify = {
    .name = "erase-verify",
    .summary = "check a certificate of erasure, offline; exit 1 says what is wrong",
    .description = "A certificate has what the region's log says about the key of one subject: "
                   "that the region got it, that it erased it, what it sealed, and, if it is so, "
                   "that the tenant's agent erased it too. Each entry has its proof under a "
                   "checkpoint that the region signed, so nothing but its verifier key is needed.",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
