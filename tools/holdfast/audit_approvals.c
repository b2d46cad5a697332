/* tools/holdfast/audit_approvals.c: requests, their answers, and what came of them. */
#include "tools/holdfast/audit_approvals.h"

#include "base/heap.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "schemas/events_gen.h"

struct hf_audit_approval {
    struct hf_event_approval_requested asked;
    int64_t asked_us;
    uint64_t asked_at; /* event of the tenant */
    struct hf_event_approval_decided decided;
    int64_t decided_us;
    uint64_t decided_at; /* entry of the region */
    bool is_decided;
    struct hf_str outcome; /* empty: nothing came of it yet */
    uint64_t outcome_at;   /* event of the tenant */
};

static struct hf_audit_approval *find(struct hf_audit_approvals *approvals, struct hf_str name)
{
    for (size_t i = approvals->count; i > 0; i--) {
        if (hf_str_eq(approvals->rows[i - 1].asked.approval, name)) {
            return &approvals->rows[i - 1];
        }
    }
    return NULL;
}

static struct hf_audit_approval *add(struct hf_audit_approvals *approvals)
{
    if (approvals->count == approvals->cap) {
        size_t cap = approvals->cap == 0 ? 64 : 2 * approvals->cap;
        struct hf_audit_approval *grown = hf_heap_zalloc(cap, sizeof *grown);
        if (grown == NULL) {
            approvals->failed = HF_ENOMEM;
            return NULL;
        }
        if (approvals->count > 0) {
            memcpy(grown, approvals->rows, approvals->count * sizeof *grown);
        }
        hf_heap_free(approvals->rows);
        approvals->rows = grown;
        approvals->cap = cap;
    }
    return &approvals->rows[approvals->count++];
}

static bool is(const struct hf_envelope *envelope, const char *type)
{
    return hf_str_eq(envelope->type, hf_str_c(type));
}

static void take_asked(struct hf_audit_approvals *approvals, const struct hf_audit_event *event,
                       const struct hf_envelope *envelope)
{
    struct hf_event_approval_requested asked;
    if (hf_event_approval_requested_decode(envelope->payload, &asked, /* err= */ NULL) != HF_OK) {
        return;
    }
    struct hf_audit_approval *row = add(approvals);
    if (row != NULL) {
        *row = (struct hf_audit_approval){
            .asked = asked, .asked_us = envelope->occurred_us, .asked_at = event->tenant_index};
    }
}

void hf_audit_approvals_take(struct hf_audit_approvals *approvals,
                             const struct hf_audit_event *event, const struct hf_envelope *envelope)
{
    struct hf_event_approval_decided decided;
    struct hf_event_approval_enforced enforced;
    struct hf_audit_approval *row;
    if (event->of_tenant && is(envelope, HF_EVENT_APPROVAL_REQUESTED_NAME)) {
        take_asked(approvals, event, envelope);
    } else if (!event->of_tenant && is(envelope, HF_EVENT_APPROVAL_DECIDED_NAME) &&
               hf_event_approval_decided_decode(envelope->payload, &decided, NULL) == HF_OK &&
               (row = find(approvals, decided.approval)) != NULL) {
        row->decided = decided;
        row->decided_us = envelope->occurred_us;
        row->decided_at = event->region_index;
        row->is_decided = true;
    } else if (event->of_tenant && is(envelope, HF_EVENT_APPROVAL_ENFORCED_NAME) &&
               hf_event_approval_enforced_decode(envelope->payload, &enforced, NULL) == HF_OK &&
               (row = find(approvals, enforced.approval)) != NULL) {
        row->outcome = hf_event_approval_enforced_outcome_name(enforced.outcome);
        row->outcome_at = event->tenant_index;
    }
}

static struct hf_str hex_of(struct hf_bytes digest, char out[2 * HF_HASH_SIZE + 1])
{
    if (digest.len != HF_HASH_SIZE) {
        return HF_STR("");
    }
    hf_hex_encode(digest, out);
    return (struct hf_str){out, 2 * HF_HASH_SIZE};
}

static void print_row(struct hf_cli *cli, const struct hf_audit_approval *row)
{
    char time[HF_TIME_TEXT];
    char hex[2 * HF_HASH_SIZE + 1];
    const struct hf_event_approval_requested *asked = &row->asked;
    hf_format_time_us(row->asked_us, time);
    hf_cli_printf(cli, "%s  %.*s  %.*s, risk %.*s  (tenant event %llu)\n", time,
                  HF_STR_ARG(asked->approval), HF_STR_ARG(asked->tool),
                  HF_STR_ARG(hf_event_approval_requested_risk_name(asked->risk)),
                  (unsigned long long)row->asked_at);
    hf_cli_printf(cli, "    action %.*s, session %.*s\n", HF_STR_ARG(hex_of(asked->action, hex)),
                  HF_STR_ARG(asked->session));
    hf_cli_printf(cli, "    policy %.*s %.*s", HF_STR_ARG(asked->policy),
                  HF_STR_ARG(hex_of(asked->policy_digest, hex)));
    hf_cli_printf(cli, ", rule %.*s: %.*s\n", HF_STR_ARG(asked->rule), HF_STR_ARG(asked->reason));
    if (row->is_decided) {
        const struct hf_event_approval_decided *decided = &row->decided;
        hf_format_time_us(row->decided_us, time);
        hf_cli_printf(cli, "    %.*s by %.*s (%.*s) at %s",
                      HF_STR_ARG(hf_event_approval_decided_decision_name(decided->decision)),
                      HF_STR_ARG(decided->has_approver ? decided->approver : HF_STR("nobody")),
                      HF_STR_ARG(hf_event_approval_decided_by_name(decided->by)), time);
        hf_cli_printf(cli, "%s%.*s  (region entry %llu)\n", decided->has_reason ? ": " : "",
                      HF_STR_ARG(decided->reason), (unsigned long long)row->decided_at);
    } else {
        hf_cli_printf(cli, "    not answered\n");
    }
    if (row->outcome.len > 0) {
        hf_cli_printf(cli, "    outcome %.*s  (tenant event %llu)\n", HF_STR_ARG(row->outcome),
                      (unsigned long long)row->outcome_at);
    }
}

static void print_json(struct hf_cli *cli, const struct hf_audit_approval *row, struct hf_buf *buf)
{
    char time[HF_TIME_TEXT];
    char hex[2 * HF_HASH_SIZE + 1];
    struct hf_json_out json;
    const struct hf_event_approval_requested *asked = &row->asked;
    hf_buf_clear(buf);
    hf_json_init(&json, buf);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "approval", asked->approval);
    hf_format_time_us(row->asked_us, time);
    hf_json_key_str(&json, "asked", hf_str_c(time));
    hf_json_key_u64(&json, "asked_at", row->asked_at);
    hf_json_key_str(&json, "tool", asked->tool);
    hf_json_key_str(&json, "risk", hf_event_approval_requested_risk_name(asked->risk));
    hf_json_key_str(&json, "action", hex_of(asked->action, hex));
    hf_json_key_str(&json, "session", asked->session);
    hf_json_key_str(&json, "policy", asked->policy);
    hf_json_key_str(&json, "policy_digest", hex_of(asked->policy_digest, hex));
    hf_json_key_str(&json, "rule", asked->rule);
    if (row->is_decided) {
        hf_format_time_us(row->decided_us, time);
        hf_json_key_str(&json, "decision",
                        hf_event_approval_decided_decision_name(row->decided.decision));
        hf_json_key_str(&json, "by", hf_event_approval_decided_by_name(row->decided.by));
        hf_json_key_str(&json, "approver", row->decided.approver);
        hf_json_key_str(&json, "decided", hf_str_c(time));
        hf_json_key_u64(&json, "decided_at", row->decided_at);
        hf_json_key_str(&json, "reason", row->decided.reason);
    }
    hf_json_key_str(&json, "outcome", row->outcome);
    hf_json_object_end(&json);
    hf_cli_line(cli, buf);
}

enum hf_rc hf_audit_approvals_print(const struct hf_audit_approvals *approvals, struct hf_cli *cli,
                                    struct hf_err *err)
{
    struct hf_buf buf = hf_buf_init(1u << 16);
    if (approvals->failed != HF_OK) {
        return hf_err_set(err, approvals->failed, "no memory for the approvals");
    }
    for (size_t i = 0; i < approvals->count; i++) {
        if (cli->json) {
            print_json(cli, &approvals->rows[i], &buf);
        } else {
            print_row(cli, &approvals->rows[i]);
        }
    }
    hf_buf_free(&buf);
    return HF_OK;
}

void hf_audit_approvals_free(struct hf_audit_approvals *approvals)
{
    hf_heap_free(approvals->rows);
    *approvals = (struct hf_audit_approvals){.rows = NULL};
}
