/* schemas/upcast.c: takes a payload through the steps from its version to a newer one. */
#include "schemas/upcast.h"

#include "base/assert.h"
#include "base/heap.h"
#include "schemas/canonical.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"

/* Version 2 counts cached tokens apart. A record of version 1 knows nothing of them: all its input
 * stays where it was, which is also how it was billed. */
static enum hf_rc metering_recorded_1(struct hf_bytes payload, struct hf_writer *w,
                                      struct hf_err *err)
{
    struct hf_event_metering_recorded_v1 old;
    enum hf_rc rc = hf_event_metering_recorded_v1_decode(payload, &old, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_event_metering_recorded_v2 event = {
        .tenant = old.tenant,
        .provider = old.provider,
        .model = old.model,
        .request = old.request,
        .input_tokens = old.input_tokens,
        .cached_tokens = 0,
        .output_tokens = old.output_tokens,
        .cost = old.cost,
        .currency = (enum hf_event_metering_recorded_v2_currency)old.currency,
        .latency = old.latency,
    };
    hf_event_metering_recorded_v2_encode(&event, w);
    return HF_OK;
}

/* Version 3 says who counted, and need not know a price. Before it only wrappers counted. */
static enum hf_rc metering_recorded_2(struct hf_bytes payload, struct hf_writer *w,
                                      struct hf_err *err)
{
    struct hf_event_metering_recorded_v2 old;
    enum hf_rc rc = hf_event_metering_recorded_v2_decode(payload, &old, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_event_metering_recorded event = {
        .tenant = old.tenant,
        .provider = old.provider,
        .model = old.model,
        .request = old.request,
        .source = HF_EVENT_METERING_RECORDED_SOURCE_WRAPPER,
        .input_tokens = old.input_tokens,
        .cached_tokens = old.cached_tokens,
        .output_tokens = old.output_tokens,
        .has_cost = true,
        .cost = old.cost,
        .has_currency = true,
        .currency = (enum hf_event_metering_recorded_currency)old.currency,
        .has_latency = true,
        .latency = old.latency,
    };
    hf_event_metering_recorded_encode(&event, w);
    return HF_OK;
}

/* Version 2 knows customers' users and programs; who came before was one of us. */
static enum hf_rc principal_created_1(struct hf_bytes payload, struct hf_writer *w,
                                      struct hf_err *err)
{
    struct hf_event_principal_created_v1 old;
    enum hf_rc rc = hf_event_principal_created_v1_decode(payload, &old, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_event_principal_created event = {
        .principal = old.principal,
        .kind = HF_EVENT_PRINCIPAL_CREATED_KIND_OPERATOR,
        .role = (enum hf_event_principal_created_role)old.role,
        .token_hash = old.token_hash,
        .expires = old.expires,
    };
    hf_event_principal_created_encode(&event, w);
    return HF_OK;
}

/* Version 2 may name an end of the key before; the payload of version 1 is one without it. */
static enum hf_rc tenant_key_rotated_1(struct hf_bytes payload, struct hf_writer *w,
                                       struct hf_err *err)
{
    struct hf_event_tenant_key_rotated_v1 old;
    enum hf_rc rc = hf_event_tenant_key_rotated_v1_decode(payload, &old, err);
    if (rc == HF_OK) {
        hf_writer_put(w, payload.ptr, payload.len);
    }
    return rc;
}

/* Version 2 names the action that the answer is for; before, the facts were all there was. */
static enum hf_rc approval_requested_1(struct hf_bytes payload, struct hf_writer *w,
                                       struct hf_err *err)
{
    struct hf_event_approval_requested_v1 old;
    enum hf_rc rc = hf_event_approval_requested_v1_decode(payload, &old, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_event_approval_requested_v2 event = {
        .approval = old.approval,
        .tenant = old.tenant,
        .tool = old.tool,
        .risk = (enum hf_event_approval_requested_v2_risk)old.risk,
        .summary = old.summary,
        .facts = old.facts,
        .policy = old.policy,
        .expires = old.expires,
        .arguments_count = old.arguments_count,
        .has_arguments = old.has_arguments,
        .action = old.facts,
    };
    for (size_t i = 0; i < old.arguments_count; i++) {
        event.arguments[i].name = old.arguments[i].name;
        event.arguments[i].value = old.arguments[i].value;
    }
    hf_event_approval_requested_v2_encode(&event, w);
    return HF_OK;
}

/* Version 3 may say why the rule asks; the payload of version 2 is one without it. */
static enum hf_rc approval_requested_2(struct hf_bytes payload, struct hf_writer *w,
                                       struct hf_err *err)
{
    struct hf_event_approval_requested_v2 old;
    enum hf_rc rc = hf_event_approval_requested_v2_decode(payload, &old, err);
    if (rc == HF_OK) {
        hf_writer_put(w, payload.ptr, payload.len);
    }
    return rc;
}

/* Version 4 may seal what is personal; the payload of version 3 is one that does not. */
static enum hf_rc approval_requested_3(struct hf_bytes payload, struct hf_writer *w,
                                       struct hf_err *err)
{
    struct hf_event_approval_requested_v3 old;
    enum hf_rc rc = hf_event_approval_requested_v3_decode(payload, &old, err);
    if (rc == HF_OK) {
        hf_writer_put(w, payload.ptr, payload.len);
    }
    return rc;
}

/* Version 2 may name the subject of what is sealed; the payload of version 1 is one without it. */
static enum hf_rc approval_routed_1(struct hf_bytes payload, struct hf_writer *w,
                                    struct hf_err *err)
{
    struct hf_event_approval_routed_v1 old;
    enum hf_rc rc = hf_event_approval_routed_v1_decode(payload, &old, err);
    if (rc == HF_OK) {
        hf_writer_put(w, payload.ptr, payload.len);
    }
    return rc;
}

/* Version 3 may name the person; the payload of version 2 is one without it. */
static enum hf_rc principal_created_2(struct hf_bytes payload, struct hf_writer *w,
                                      struct hf_err *err)
{
    struct hf_event_principal_created_v2 old;
    enum hf_rc rc = hf_event_principal_created_v2_decode(payload, &old, err);
    if (rc == HF_OK) {
        hf_writer_put(w, payload.ptr, payload.len);
    }
    return rc;
}

/* Version 2 may count requests for approval; the payload of version 1 is one without it. */
static enum hf_rc segment_received_1(struct hf_bytes payload, struct hf_writer *w,
                                     struct hf_err *err)
{
    struct hf_event_segment_received_v1 old;
    enum hf_rc rc = hf_event_segment_received_v1_decode(payload, &old, err);
    if (rc == HF_OK) {
        hf_writer_put(w, payload.ptr, payload.len);
    }
    return rc;
}

/* Version 2 has one more reason; the payload of version 1 is one with another. */
static enum hf_rc artifact_refused_1(struct hf_bytes payload, struct hf_writer *w,
                                     struct hf_err *err)
{
    struct hf_event_artifact_refused_v1 old;
    enum hf_rc rc = hf_event_artifact_refused_v1_decode(payload, &old, err);
    if (rc == HF_OK) {
        hf_writer_put(w, payload.ptr, payload.len);
    }
    return rc;
}

/* Version 2 has the time of all layers together, which is what was measured, and shapes. */
static enum hf_rc redaction_counters_1(struct hf_bytes payload, struct hf_writer *w,
                                       struct hf_err *err)
{
    struct hf_event_redaction_counters_v1 old;
    struct hf_event_redaction_counters event = {.layers_count = 0};
    enum hf_rc rc = hf_event_redaction_counters_v1_decode(payload, &old, err);
    if (rc != HF_OK) {
        return rc;
    }
    event.tenant = old.tenant;
    event.start = old.start;
    event.end = old.end;
    event.policy = old.policy;
    event.messages = old.messages;
    event.bytes = old.bytes;
    event.failures = old.failures;
    event.layers_count = old.layers_count;
    for (size_t i = 0; i < old.layers_count; i++) {
        event.layers[i].layer = old.layers[i].layer;
        event.layers[i].matches = old.layers[i].matches;
        event.layers[i].redacted = old.layers[i].redacted;
        uint64_t sum = event.took + old.layers[i].took; /* of 53 bits each */
        event.took = sum < (UINT64_C(1) << 53) ? sum : (UINT64_C(1) << 53) - 1;
    }
    hf_event_redaction_counters_encode(&event, w);
    return HF_OK;
}

/* Version 2 says why; before, only what the region had staged was reported. */
static enum hf_rc policy_activated_1(struct hf_bytes payload, struct hf_writer *w,
                                     struct hf_err *err)
{
    struct hf_event_policy_activated_v1 old;
    enum hf_rc rc = hf_event_policy_activated_v1_decode(payload, &old, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_event_policy_activated event = {
        .tenant = old.tenant,
        .digest = old.digest,
        .name = old.name,
        .version = old.version,
        .has_sequence = true,
        .sequence = old.sequence,
        .vectors = old.vectors,
        .cause = HF_EVENT_POLICY_ACTIVATED_CAUSE_STAGED,
        .has_before = old.has_before,
        .before = old.before,
    };
    hf_event_policy_activated_encode(&event, w);
    return HF_OK;
}

static const struct hf_upcast steps[] = {
    {{HF_EVENT_APPROVAL_REQUESTED_NAME, sizeof HF_EVENT_APPROVAL_REQUESTED_NAME - 1},
     1,
     approval_requested_1},
    {{HF_EVENT_APPROVAL_REQUESTED_NAME, sizeof HF_EVENT_APPROVAL_REQUESTED_NAME - 1},
     2,
     approval_requested_2},
    {{HF_EVENT_APPROVAL_REQUESTED_NAME, sizeof HF_EVENT_APPROVAL_REQUESTED_NAME - 1},
     3,
     approval_requested_3},
    {{HF_EVENT_APPROVAL_ROUTED_NAME, sizeof HF_EVENT_APPROVAL_ROUTED_NAME - 1},
     1,
     approval_routed_1},
    {{HF_EVENT_METERING_RECORDED_NAME, sizeof HF_EVENT_METERING_RECORDED_NAME - 1},
     1,
     metering_recorded_1},
    {{HF_EVENT_METERING_RECORDED_NAME, sizeof HF_EVENT_METERING_RECORDED_NAME - 1},
     2,
     metering_recorded_2},
    {{HF_EVENT_POLICY_ACTIVATED_NAME, sizeof HF_EVENT_POLICY_ACTIVATED_NAME - 1},
     1,
     policy_activated_1},
    {{HF_EVENT_PRINCIPAL_CREATED_NAME, sizeof HF_EVENT_PRINCIPAL_CREATED_NAME - 1},
     1,
     principal_created_1},
    {{HF_EVENT_PRINCIPAL_CREATED_NAME, sizeof HF_EVENT_PRINCIPAL_CREATED_NAME - 1},
     2,
     principal_created_2},
    {{HF_EVENT_TENANT_KEY_ROTATED_NAME, sizeof HF_EVENT_TENANT_KEY_ROTATED_NAME - 1},
     1,
     tenant_key_rotated_1},
    {{HF_EVENT_SEGMENT_RECEIVED_NAME, sizeof HF_EVENT_SEGMENT_RECEIVED_NAME - 1},
     1,
     segment_received_1},
    {{HF_EVENT_REDACTION_COUNTERS_NAME, sizeof HF_EVENT_REDACTION_COUNTERS_NAME - 1},
     1,
     redaction_counters_1},
    {{HF_EVENT_ARTIFACT_REFUSED_NAME, sizeof HF_EVENT_ARTIFACT_REFUSED_NAME - 1},
     1,
     artifact_refused_1},
};

static const struct hf_upcast *find_step(const struct hf_upcast_job *job, uint32_t from)
{
    for (size_t i = 0; i < job->count; i++) {
        if (job->table[i].from == from && hf_str_eq(job->table[i].type, job->type)) {
            return &job->table[i];
        }
    }
    return NULL;
}

/* One step; the writer holds what fits an event at most. */
static enum hf_rc take_step(const struct hf_upcast *step, struct hf_bytes payload,
                            struct hf_writer *w, struct hf_err *err)
{
    enum hf_rc rc = step->step(payload, w, err);
    if (rc == HF_OK && (w->overflow || w->len > HF_CANONICAL_SIZE_MAX)) {
        rc = hf_err_set(err, HF_ETOOBIG, "the result has %zu bytes, more than fit", w->len);
    }
    return rc == HF_OK
               ? HF_OK
               : hf_err_wrap(err, rc, "%.*s: from version %u", HF_STR_ARG(step->type), step->from);
}

enum hf_rc hf_upcast_by(const struct hf_upcast_job *job, struct hf_writer *w, struct hf_err *err)
{
    HF_ASSERT(job->from < job->to);
    for (uint32_t version = job->from; version < job->to; version++) {
        if (find_step(job, version) == NULL) {
            return hf_err_set(err, HF_EVERSION,
                              "%.*s: this program cannot take version %u to version %u",
                              HF_STR_ARG(job->type), version, version + 1);
        }
    }
    /* Two rooms take turns: a step reads one and writes the other. */
    uint8_t *rooms = hf_heap_alloc((size_t)2 * HF_CANONICAL_SIZE_MAX);
    if (rooms == NULL) {
        return hf_err_set(err, HF_ENOMEM, "out of memory while reading an old version");
    }
    struct hf_bytes payload = job->payload;
    enum hf_rc rc = HF_OK;
    size_t turn = 0;
    for (uint32_t version = job->from; rc == HF_OK && version < job->to; version++) {
        struct hf_writer room =
            hf_writer_init(rooms + turn * HF_CANONICAL_SIZE_MAX, HF_CANONICAL_SIZE_MAX);
        rc = take_step(find_step(job, version), payload, &room, err);
        payload = hf_writer_done(&room);
        turn = 1 - turn;
    }
    if (rc == HF_OK) {
        hf_writer_bytes(w, payload);
        if (w->overflow) {
            rc = hf_err_set(err, HF_ETOOBIG, "the result has %zu bytes, more than fit", w->len);
        }
    }
    hf_heap_free(rooms);
    return rc;
}

enum hf_rc hf_upcast(struct hf_str type, uint32_t from, uint32_t to, struct hf_bytes payload,
                     struct hf_writer *w, struct hf_err *err)
{
    const struct hf_upcast_job job = {steps, HF_LEN(steps), type, from, to, payload};
    return hf_upcast_by(&job, w, err);
}

enum hf_rc hf_upcast_newest(const struct hf_envelope *event, uint32_t newest, struct hf_writer *w,
                            struct hf_bytes *ret_payload, struct hf_err *err)
{
    if (event->schema_version == newest) {
        *ret_payload = event->payload;
        return HF_OK;
    }
    if (event->schema_version > newest) {
        return hf_err_set(err, HF_EVERSION,
                          "%.*s has version %u, this program knows %u: it needs a newer release",
                          HF_STR_ARG(event->type), event->schema_version, newest);
    }
    enum hf_rc rc = hf_upcast(event->type, event->schema_version, newest, event->payload, w, err);
    *ret_payload = hf_writer_done(w);
    return rc;
}
