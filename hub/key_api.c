/* hub/key_api.c: an agent takes its next API key; the one before works for a while. */
#include <string.h>

#include "hub/agent_key.h"

static void make_key(const struct hf_hub_call *call, uint64_t serial,
                     char out[HF_AGENT_KEY_TEXT_MAX])
{
    const struct hf_tenant *life = &call->tenant->life;
    const struct hf_agent_key_of of = {.tenant = hf_str_c(life->name),
                                       .token = &life->token_used,
                                       .agent_key = &life->agent_key,
                                       .serial = serial};
    hf_agent_key_make(call->hub, &of, out);
}

static void answer_key(struct hf_hub_call *call)
{
    const struct hf_tenant *life = &call->tenant->life;
    struct hf_json_out json;
    char key[HF_AGENT_KEY_TEXT_MAX];
    make_key(call, life->api_key_serial, key);
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "serial", life->api_key_serial);
    hf_json_key_str(&json, "api_key", hf_str_c(key));
    hf_json_object_end(&json);
    hf_wipe(key, sizeof key);
    hf_call_answer(call, 200, &call->scratch);
}

static bool take_wish(struct hf_hub_call *call, struct hf_key_wish *wish)
{
    uint8_t text[HF_KEY_WISH_TEXT_MAX];
    struct hf_signature signature;
    memcpy(signature.b, call->in.agent_rotate.signature.ptr, sizeof signature.b);
    wish->serial = call->in.agent_rotate.serial;
    wish->tenant = hf_str_c(call->tenant->life.name);
    wish->tls_pin = call->hub->tls_pin;
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_key_wish_text(wish, &w);
    if (w.overflow || !hf_verify(&call->tenant->life.agent_key, hf_writer_done(&w), &signature)) {
        hf_call_problem(call, HF_PROBLEM_BAD_SIGNATURE, "The request is not signed by the agent.");
        return false;
    }
    return true;
}

void hf_serve_agent_rotate(struct hf_hub_call *call)
{
    struct hf_key_wish wish;
    struct hf_err err = {0};
    struct hf_hash after;
    char key[HF_AGENT_KEY_TEXT_MAX];
    if (!take_wish(call, &wish)) {
        return;
    }
    struct hf_tenant *life = &call->tenant->life;
    enum hf_rc rc = hf_tenant_may_rotate(life, wish.serial, &err);
    if (rc == HF_EEXIST) {
        answer_key(call);
        return;
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    make_key(call, wish.serial, key);
    hf_sha256(hf_bytes_of(key, strlen(key)), &after);
    hf_wipe(key, sizeof key);
    const struct hf_event_tenant_key_rotated event = {
        .tenant = wish.tenant,
        .purpose = HF_EVENT_TENANT_KEY_ROTATED_PURPOSE_API_KEY,
        .before = hf_bytes_of(life->api_key_hash.b, HF_HASH_SIZE),
        .after = hf_bytes_of(after.b, HF_HASH_SIZE),
        .reason = HF_EVENT_TENANT_KEY_ROTATED_REASON_SCHEDULED,
        .has_previous_until = true,
        .previous_until = hf_env_wall_us(hf_loop_env(call->hub->loop)) + HF_KEY_OVERLAP_US};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_key_rotated_encode(&event, &w);
    hf_call_post_to_tenant(call, HF_EVENT_TENANT_KEY_ROTATED_NAME,
                           HF_EVENT_TENANT_KEY_ROTATED_VERSION, hf_writer_done(&w), answer_key);
}
