/* tenant/probe.c: writes the events of a probe. */
#include "tenant/probe.h"

#include "base/crypto.h"

/* The action is the probe's name and nothing else, which no tool call hashes to. */
static void action_of(struct hf_str approval, struct hf_hash *ret)
{
    struct hf_sha256_state state;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, HF_BYTES("holdfast/probe/v1\n"));
    hf_sha256_update(&state, hf_str_bytes(approval));
    hf_sha256_end(&state, ret);
}

bool hf_probe_is(struct hf_str approval)
{
    return hf_str_starts(approval, HF_STR(HF_DIRECTIVE_PROBE_PREFIX));
}

struct hf_bytes hf_probe_ask(struct hf_str tenant, struct hf_str approval, int64_t not_after_us,
                             struct hf_writer *w)
{
    struct hf_hash action;
    action_of(approval, &action);
    const struct hf_event_approval_requested event = {
        .approval = approval,
        .tenant = tenant,
        .tool = HF_STR("probe"),
        .risk = HF_EVENT_APPROVAL_REQUESTED_RISK_LOW,
        .has_summary = true,
        .summary = HF_STR("Nothing: a test of the way that requests for approval take"),
        .facts = hf_bytes_of(action.b, HF_HASH_SIZE),
        .policy = HF_STR("probe"),
        .expires = not_after_us,
        .action = hf_bytes_of(action.b, HF_HASH_SIZE),
        .has_probe = true,
        .probe = true};
    hf_event_approval_requested_encode(&event, w);
    return hf_writer_done(w);
}

struct hf_bytes hf_probe_end(struct hf_str tenant, struct hf_str approval, uint64_t delivered,
                             struct hf_writer *w)
{
    struct hf_hash action;
    action_of(approval, &action);
    const struct hf_event_approval_enforced event = {.approval = approval,
                                                     .tenant = tenant,
                                                     .outcome =
                                                         HF_EVENT_APPROVAL_ENFORCED_OUTCOME_BLOCKED,
                                                     .action = hf_bytes_of(action.b, HF_HASH_SIZE),
                                                     .has_delivered = true,
                                                     .delivered = delivered};
    hf_event_approval_enforced_encode(&event, w);
    return hf_writer_done(w);
}
