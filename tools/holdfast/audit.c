/* tools/holdfast/audit.c: holdfast audit tenant, holdfast audit verify: a tenant's history, for
 * people and to take away. */
#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "log/audit/bundle.h"
#include "schemas/envelope.h"
#include "schemas/event.h"
#include "tools/holdfast/audit_approvals.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

struct timeline {
    struct hf_cli *cli;
    int64_t from_us;
    int64_t to_us;
    struct hf_buf buf;
    bool shows;
    bool asks; /* for approvals */
    struct hf_audit_approvals approvals;
    const char *policies; /* folder for them, or NULL */
    enum hf_rc failed;
    struct hf_err err;
};

static void print_json(struct timeline *t, const struct hf_audit_event *event,
                       const struct hf_envelope *envelope)
{
    struct hf_json_out json;
    hf_json_init(&json, &t->buf);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "region_index", event->region_index);
    if (event->of_tenant) {
        hf_json_key_u64(&json, "epoch", event->epoch);
        hf_json_key_u64(&json, "tenant_index", event->tenant_index);
    }
    hf_json_key(&json, HF_STR("event"));
    hf_envelope_to_json(envelope, &json);
    hf_json_object_end(&json);
}

static void print_text(struct timeline *t, const struct hf_audit_event *event,
                       const struct hf_envelope *envelope)
{
    char time[HF_TIME_TEXT];
    struct hf_json_out json;
    hf_format_time_us(envelope->occurred_us, time);
    if (event->of_tenant) {
        hf_buf_printf(&t->buf, "%s  tenant ", time);
        if (event->epoch > 1) {
            hf_buf_printf(&t->buf, "epoch %u, ", event->epoch);
        }
        hf_buf_printf(&t->buf, "%llu  ", (unsigned long long)event->tenant_index);
    } else {
        hf_buf_printf(&t->buf, "%s  region %llu  ", time, (unsigned long long)event->region_index);
    }
    hf_buf_printf(&t->buf, "%.*s  ", HF_STR_ARG(envelope->type));
    if (envelope->actor.len > 0) {
        hf_buf_printf(&t->buf, "by %.*s  ", HF_STR_ARG(envelope->actor));
    }
    hf_json_init(&json, &t->buf);
    hf_event_payload_to_json(envelope->type, envelope->schema_version, envelope->payload, &json);
}

/* DIGEST.bundle, which the digest in each decision leads to. */
static void keep_policy(struct timeline *t, const struct hf_audit_event *event,
                        const struct hf_envelope *envelope)
{
    char path[4096];
    char hex[2 * HF_HASH_SIZE + 1] = "";
    hf_hex_encode(envelope->blob, hex);
    hex[2 * HF_HASH_SIZE] = '\0';
    int len = snprintf(path, sizeof path, "%s/%s.bundle", t->policies, hex);
    t->failed = len < 0 || (size_t)len >= sizeof path
                    ? hf_err_set(&t->err, HF_EINVAL, "the folder's name is too long")
                    : hf_file_replace(path, event->artifact, 0644, &t->err);
}

static void print_event(void *arg, const struct hf_audit_event *event)
{
    struct timeline *t = arg;
    struct hf_envelope envelope;
    if (hf_envelope_read_leaf(event->leaf, &envelope, /* err= */ NULL) != HF_OK) {
        return;
    }
    if (t->policies != NULL && event->artifact.len > 0 && t->failed == HF_OK) {
        keep_policy(t, event, &envelope);
    }
    if (t->asks) {
        hf_audit_approvals_take(&t->approvals, event, &envelope);
    }
    if (!t->shows || envelope.occurred_us < t->from_us || envelope.occurred_us > t->to_us) {
        return;
    }
    hf_buf_clear(&t->buf);
    if (t->cli->json) {
        print_json(t, event, &envelope);
    } else {
        print_text(t, event, &envelope);
    }
    hf_cli_line(t->cli, &t->buf);
}

static bool take_time(struct hf_cli *cli, const char *name, int64_t *ret, int *ret_exit)
{
    const char *text = hf_cli_str(cli, name);
    if (text == NULL || hf_parse_time_us(hf_str_c(text), ret) == HF_OK) {
        return true;
    }
    *ret_exit = hf_cli_refuse(cli, "--%s must be a time such as 2026-01-02T03:04:05Z, not \"%s\"",
                              name, text);
    return false;
}

/* The bundle out of a region's folder, under its newest signed checkpoint. */
static enum hf_rc make_bundle(struct hf_cli *cli, struct hf_buf *bundle, struct hf_vkey *ret_vkey,
                              struct hf_err *err)
{
    struct hf_session session;
    struct hf_buf note = hf_buf_init(HF_MARK_MAX);
    enum hf_rc rc = hf_session_open(&session, cli, HF_PLACE_READ, err);
    if (rc == HF_OK) {
        rc = hf_log_load(session.log, NULL, NULL, err);
    }
    if (rc == HF_OK) {
        *ret_vkey = hf_log_identity(session.log)->vkey;
        rc = hf_session_checkpoint(&session, cli, hf_log_size(session.log), &note, err);
    }
    if (rc == HF_OK) {
        rc = hf_audit_write(session.log, hf_str_c(hf_cli_operand(cli, 1)), hf_buf_bytes(&note),
                            bundle, err);
    }
    hf_buf_free(&note);
    hf_session_close(&session);
    return rc;
}

/* What was gathered, once all of the bundle holds. */
static enum hf_rc finish(struct timeline *t, enum hf_rc rc, struct hf_err *err)
{
    if (rc == HF_OK && t->failed != HF_OK) {
        *err = t->err;
        rc = t->failed;
    }
    if (rc == HF_OK && t->asks) {
        rc = hf_audit_approvals_print(&t->approvals, t->cli, err);
    }
    hf_audit_approvals_free(&t->approvals);
    hf_buf_free(&t->buf);
    return rc;
}

static void summarise_json(struct hf_cli *cli, const struct hf_audit_result *result)
{
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(4096);
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key(&json, HF_STR("verified"));
    hf_json_bool(&json, true);
    hf_json_key_str(&json, "tenant", result->tenant);
    hf_json_key_u64(&json, "region_events", result->region_events);
    hf_json_key_u64(&json, "tenant_events", result->tenant_events);
    hf_json_key_u64(&json, "segments", result->segments);
    hf_json_key_u64(&json, "epochs", result->epochs);
    hf_json_key_u64(&json, "region_size", result->region_size);
    hf_json_object_end(&json);
    hf_cli_line(cli, &text);
    hf_buf_free(&text);
}

/* Whoever asked for events or approvals as JSON gets these alone, one object a line. */
static void summarise(struct timeline *t, const struct hf_audit_result *result)
{
    struct hf_cli *cli = t->cli;
    if (cli->json && !t->shows && !t->asks) {
        summarise_json(cli, result);
    } else if (!cli->json) {
        hf_cli_printf(cli,
                      "verified tenant %.*s: %llu events of the region, %llu of the tenant in %llu "
                      "segments and %llu epochs, as of region size %llu\n",
                      HF_STR_ARG(result->tenant), (unsigned long long)result->region_events,
                      (unsigned long long)result->tenant_events,
                      (unsigned long long)result->segments, (unsigned long long)result->epochs,
                      (unsigned long long)result->region_size);
    }
}

static int run_tenant(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_vkey vkey;
    struct hf_audit_result result;
    bool asks = hf_cli_flag(cli, "approvals");
    struct timeline t = {
        .cli = cli, .from_us = INT64_MIN, .to_us = INT64_MAX, .shows = !asks, .asks = asks};
    int code = HF_EXIT_OK;
    if (!take_time(cli, "from", &t.from_us, &code) || !take_time(cli, "to", &t.to_us, &code)) {
        return code;
    }
    if (t.from_us > t.to_us) {
        return hf_cli_refuse(cli, "--from is after --to");
    }
    struct hf_buf bundle = hf_buf_init(HF_AUDIT_BUNDLE_MAX);
    t.buf = hf_buf_init(64u << 20);
    enum hf_rc rc = make_bundle(cli, &bundle, &vkey, &err);
    if (rc == HF_OK) {
        rc = hf_audit_verify(hf_buf_bytes(&bundle), &vkey, print_event, &t, &result, &err);
    }
    rc = finish(&t, rc, &err);
    if (rc == HF_OK && hf_cli_str(cli, "out") != NULL) {
        rc = hf_file_replace(hf_cli_str(cli, "out"), hf_buf_bytes(&bundle), 0644, &err);
    }
    if (rc == HF_OK) {
        summarise(&t, &result);
    }
    hf_buf_free(&bundle);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static int run_verify(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_vkey vkey;
    struct hf_audit_result result;
    struct timeline t = {.cli = cli,
                         .from_us = INT64_MIN,
                         .to_us = INT64_MAX,
                         .shows = hf_cli_flag(cli, "show"),
                         .asks = hf_cli_flag(cli, "approvals"),
                         .policies = hf_cli_str(cli, "policies")};
    struct hf_buf bundle = hf_buf_init(HF_AUDIT_BUNDLE_MAX);
    enum hf_rc rc = hf_crypto_init(&err);
    if (rc == HF_OK) {
        rc = hf_trust_load(hf_cli_str(cli, "trust"), &vkey, &err);
    }
    if (rc == HF_OK) {
        rc = hf_file_read(hf_cli_operand(cli, 0), &bundle, &err);
    }
    if (rc != HF_OK) {
        hf_buf_free(&bundle);
        return hf_cli_fail(cli, &err);
    }
    t.buf = hf_buf_init(64u << 20);
    rc = hf_audit_verify(hf_buf_bytes(&bundle), &vkey, print_event, &t, &result, &err);
    rc = finish(&t, rc, &err);
    if (rc == HF_OK) {
        summarise(&t, &result);
    }
    hf_buf_free(&bundle);
    if (rc == HF_ENOMEM || t.failed != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_no(cli, "%s", err.text);
}

static const struct hf_cli_option tenant_options[] = {
    {.name = "from", .kind = HF_CLI_STRING, .value = "TIME", .help = "show events from here on"},
    {.name = "to", .kind = HF_CLI_STRING, .value = "TIME", .help = "show events up to here"},
    {.name = "out",
     .kind = HF_CLI_STRING,
     .value = "BUNDLE",
     .help = "write the whole history with its proofs to this file"},
    {.name = "approvals", .help = "print who approved what, when, under which policy"},
};
static const struct hf_cli_operand tenant_operands[] = {
    {.name = "DIR", .help = "the folder of the region's log"},
    {.name = "TENANT", .help = "the tenant"}};
static const struct hf_cli_option verify_options[] = {
    {.name = "trust",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "file with the verifier key of the region's log"},
    {.name = "show", .help = "print the events as well"},
    {.name = "approvals", .help = "print who approved what, when, under which policy"},
    {.name = "policies",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .help = "write the policies in it to this folder, as DIGEST.bundle"},
};
static const struct hf_cli_operand verify_operands[] = {{.name = "BUNDLE", .help = "the bundle"}};

static const struct hf_cli_command command_tenant = {
    .name = "tenant",
    .summary = "a tenant's whole history out of a region's log, verified",
    .description = "Prints what the region recorded about the tenant and every event that the "
                   "tenant's agent sent, in the order of the region's log, after checking all "
                   "of it. The bundle can be verified on another machine, without the region.",
    .options = tenant_options,
    .option_count = HF_LEN(tenant_options),
    .operands = tenant_operands,
    .operand_count = HF_LEN(tenant_operands),
    .run = run_tenant,
};
static const struct hf_cli_command command_verify = {
    .name = "verify",
    .summary = "check a bundle, offline; exit 1 names the first bad event",
    .options = verify_options,
    .option_count = HF_LEN(verify_options),
    .operands = verify_operands,
    .operand_count = HF_LEN(verify_operands),
    .run = run_verify,
};

const struct hf_cli_command hf_command_audit = {
    .name = "audit",
    .summary = "tenants' histories, to read and to take away; what must not be in a log",
    HF_CLI_CHILDREN(&command_tenant, &command_verify, &hf_command_audit_secrets),
};
