/* hub/directive_api.c: operators tell agents to do something. */
#include <stdio.h>

#include "commands/directive.h"
#include "hub/call.h"

#define LIFE_S 3600

void hf_call_answer_directive(struct hf_hub_call *call)
{
    struct hf_event_directive_issued event;
    struct hf_json_out json;
    struct hf_err err = {0};
    struct hf_bytes payload = hf_bytes_of(call->payload, call->payload_len);
    if (hf_event_directive_issued_decode(payload, &event, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "address", event.address);
    hf_json_key_str(&json, "kind", event.kind);
    hf_json_key_u64(&json, "sequence", event.sequence);
    hf_json_key_u64(&json, "index", call->post.append.first);
    hf_json_object_end(&json);
    hf_call_answer(call, 201, &call->scratch);
}

/* Only what is in the region, may still run, and is not looser than who asks may tell. Answers when
 * it is not. */
static bool may_activate(struct hf_hub_call *call, const struct hf_event_directive_issued *event,
                         const struct hf_tenant *tenant)
{
    struct hf_hub *hub = call->hub;
    struct hf_directive directive;
    struct hf_err err = {0};
    hf_artifact_reason reason = HF_EVENT_ARTIFACT_REFUSED_REASON_COUNT;
    if (hf_directive_read(event, &directive, /* err= */ NULL) != HF_OK ||
        directive.kind != HF_DIRECTIVE_ACTIVATE) {
        return true;
    }
    const struct hf_hub_artifact *artifact =
        hf_hub_artifact_find(&hub->artifacts, &directive.artifact);
    if (artifact == NULL) {
        hf_call_problem(call, HF_PROBLEM_INVALID,
                        "artifact: there is no such artifact in this region; add it first.");
        return false;
    }
    const struct hf_activation wish = {
        .artifact = &artifact->life,
        .slot = directive.slot,
        .floor = hub->artifacts.slots[directive.slot].floor,
        .told = tenant == NULL ? NULL
                               : hf_hub_artifacts_told(&hub->artifacts, hf_str_c(tenant->name),
                                                       tenant->registered_us, directive.slot),
        .region = hf_str_c(hub->region),
        .role = call->principal->life.role,
        .now_us = hf_env_wall_us(hf_loop_env(hub->loop))};
    if (hf_artifact_may_activate(&wish, &reason, &err) != HF_OK) {
        hf_call_refuse_artifact(call, reason, &err);
        return false;
    }
    return true;
}

static void issue(struct hf_hub_call *call, struct hf_event_directive_issued *event,
                  const struct hf_tenant *tenant, uint64_t ttl_s)
{
    struct hf_hub *hub = call->hub;
    struct hf_err err = {0};
    char stream[64];
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    event->address = tenant == NULL ? HF_STR(HF_DIRECTIVE_ALL) : hf_str_c(tenant->name);
    event->sequence = hf_hub_directives_last(&hub->directives) + 1;
    event->not_after = now + (int64_t)ttl_s * 1000000;
    enum hf_rc rc =
        hf_directive_may_issue(event, hf_hub_directives_last(&hub->directives), tenant, now, &err);
    if (rc == HF_OK) {
        rc = hf_event_directive_issued_check(event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    if (!may_activate(call, event, tenant)) {
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_directive_issued_encode(event, &w);
    call->payload_len = w.len;
    (void)snprintf(stream, sizeof stream, HF_DIRECTIVE_STREAM "%.*s", HF_STR_ARG(event->address));
    const struct hf_hub_event post = {.type = HF_EVENT_DIRECTIVE_ISSUED_NAME,
                                      .schema_version = HF_EVENT_DIRECTIVE_ISSUED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    hf_hub_directives_take(&hub->directives);
    hf_call_post(call, &post, hf_call_answer_directive);
}

void hf_serve_directive_issue(struct hf_hub_call *call)
{
    const struct hf_api_directive_issue *in = &call->in.directive_issue;
    struct hf_event_directive_issued event = {.kind = in->kind,
                                              .has_artifact = in->has_artifact,
                                              .artifact = in->artifact,
                                              .has_parameters = in->has_parameters,
                                              .parameters = in->parameters,
                                              .reason = in->reason};
    if (hf_call_tenant(call)) {
        issue(call, &event, &call->tenant->life, in->has_ttl_s ? in->ttl_s : LIFE_S);
    }
}

void hf_serve_directive_issue_all(struct hf_hub_call *call)
{
    const struct hf_api_directive_issue_all *in = &call->in.directive_issue_all;
    struct hf_event_directive_issued event = {.kind = in->kind,
                                              .has_artifact = in->has_artifact,
                                              .artifact = in->artifact,
                                              .has_parameters = in->has_parameters,
                                              .parameters = in->parameters,
                                              .reason = in->reason};
    issue(call, &event, NULL, in->has_ttl_s ? in->ttl_s : LIFE_S);
}
