/* hub/evict_api.c: an operator lets a tenant's agent out, or bans it for good. */
#include "hub/call.h"

static void done(struct hf_hub_call *call)
{
    hf_call_answer_tenant(call, 200);
}

void hf_serve_tenant_evict(struct hf_hub_call *call)
{
    struct hf_event_tenant_evicted event = {.reason = call->in.tenant_evict.reason};
    struct hf_err err = {0};
    if (!hf_call_tenant(call)) {
        return;
    }
    event.tenant = hf_str_c(call->tenant->life.name);
    enum hf_rc rc = hf_tenant_may_evict(&call->tenant->life, &err);
    if (rc == HF_OK) {
        rc = hf_event_tenant_evicted_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_evicted_encode(&event, &w);
    hf_call_post_to_tenant(call, HF_EVENT_TENANT_EVICTED_NAME, HF_EVENT_TENANT_EVICTED_VERSION,
                           hf_writer_done(&w), done);
}

void hf_serve_tenant_ban(struct hf_hub_call *call)
{
    struct hf_event_tenant_agent_banned event = {.reason = call->in.tenant_ban.reason};
    struct hf_err err = {0};
    if (!hf_call_tenant(call)) {
        return;
    }
    event.tenant = hf_str_c(call->tenant->life.name);
    event.agent_key = hf_bytes_of(call->tenant->life.agent_key.b, HF_PUBLIC_KEY_SIZE);
    enum hf_rc rc = hf_tenant_may_ban(&call->tenant->life, &err);
    if (rc == HF_OK) {
        rc = hf_event_tenant_agent_banned_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_agent_banned_encode(&event, &w);
    hf_call_post_to_tenant(call, HF_EVENT_TENANT_AGENT_BANNED_NAME,
                           HF_EVENT_TENANT_AGENT_BANNED_VERSION, hf_writer_done(&w), done);
}
