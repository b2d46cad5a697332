/* hub/register_api.c: an agent registers with a one-time token. */
#include <stdio.h>

#include "hub/agent_key.h"
#include "hub/notes.h"

static void answer_registration(struct hf_hub_call *call, int status)
{
    HF_ASSERT(call->tenant != NULL); /* it may register, so it is there */
    const struct hf_hub *hub = call->hub;
    const struct hf_tenant *life = &call->tenant->life;
    struct hf_json_out json;
    char key[HF_AGENT_KEY_TEXT_MAX];
    char vkey[HF_VKEY_TEXT_MAX];
    const struct hf_agent_key_of of = {.tenant = hf_str_c(life->name),
                                       .token = &life->token_used,
                                       .agent_key = &life->agent_key,
                                       .serial = life->api_key_serial};
    hf_agent_key_make(hub, &of, key);
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "tenant", hf_str_c(life->name));
    hf_json_key_str(&json, "region", hf_str_c(hub->region));
    hf_json_key_str(&json, "api_key", hf_str_c(key));
    (void)hf_vkey_format(&hub->log_vkey, vkey);
    hf_json_key_str(&json, "log", hf_str_c(vkey));
    (void)hf_vkey_format(&hub->cosigner_vkey, vkey);
    hf_json_key_str(&json, "cosigner", hf_str_c(vkey));
    const struct hf_mirror *mirror = &call->tenant->mirror;
    hf_json_key_u64(&json, "epoch", mirror->epoch);
    hf_json_key_u64(&json, "receipt", mirror->frontier.size);
    if (mirror->epoch > 0) {
        hf_json_key(&json, HF_STR("log_key"));
        hf_json_hex(&json, hf_bytes_of(mirror->key.b, HF_PUBLIC_KEY_SIZE));
    }
    hf_json_object_end(&json);
    hf_wipe(key, sizeof key);
    hf_call_answer(call, status, &call->scratch);
}

static void registered(struct hf_hub_call *call)
{
    hf_log(call->hub->logger, HF_LOG_INFO, "tenant.registered",
           hf_f_c("tenant", call->tenant->life.name));
    answer_registration(call, 201);
}

struct signatures {
    struct hf_signature by_token;
    struct hf_signature by_agent;
};

static bool is_signed(const struct hf_registration *r, const struct signatures *signatures,
                      void (*write)(const struct hf_registration *r, struct hf_writer *w))
{
    uint8_t text[HF_REGISTRATION_TEXT_MAX];
    struct hf_writer w = hf_writer_init(text, sizeof text);
    write(r, &w);
    return !w.overflow && hf_verify(&r->token_key, hf_writer_done(&w), &signatures->by_token) &&
           hf_verify(&r->agent_key, hf_writer_done(&w), &signatures->by_agent);
}

/* Verifies the request: it is signed by the token's key and by the agent's. An older agent does not
 * sign its versions, so they are not taken; its first sign of life, which is signed, says them. */
static bool take_registration(struct hf_hub_call *call, struct hf_registration *r,
                              struct hf_event_tenant_registered *event)
{
    const struct hf_api_agent_register *in = &call->in.agent_register;
    struct signatures signatures;
    r->tenant = in->tenant;
    r->log_stem = in->log_stem;
    r->time_us = (int64_t)in->time_us;
    r->tls_pin = call->hub->tls_pin;
    memcpy(r->token_key.b, in->token_key.ptr, sizeof r->token_key.b);
    memcpy(r->agent_key.b, in->agent_key.ptr, sizeof r->agent_key.b);
    memcpy(r->log_key.b, in->log_key.ptr, sizeof r->log_key.b);
    memcpy(signatures.by_token.b, in->token_signature.ptr, sizeof signatures.by_token.b);
    memcpy(signatures.by_agent.b, in->agent_signature.ptr, sizeof signatures.by_agent.b);
    r->openclaw = in->openclaw;
    r->wrapper = in->wrapper;
    r->policy = in->policy;
    bool new_form = is_signed(r, &signatures, hf_registration_text);
    bool good = new_form || is_signed(r, &signatures, hf_registration_text_v1);
    const struct hf_str none = HF_STR(HF_VERSION_NONE);
    event->versions.openclaw = new_form ? r->openclaw : none;
    event->versions.wrapper = new_form ? r->wrapper : none;
    event->versions.policy = new_form ? r->policy : none;
    if (!good) {
        call->hub->strangers.bad_registration++; /* an answer may be the end of the call */
        hf_call_problem(call, HF_PROBLEM_BAD_SIGNATURE,
                        "The request is not signed by its token and its agent for this Hub.");
        return false;
    }
    return true;
}

/* The stem of a tenant's log is REGION/tenant/NAME, nothing else. */
static bool right_stem(const struct hf_hub_call *call, const struct hf_registration *r)
{
    char stem[HF_TENANT_STEM_MAX + 1];
    (void)snprintf(stem, sizeof stem, "%s/tenant/%.*s", call->hub->region, HF_STR_ARG(r->tenant));
    return hf_str_eq(hf_str_c(stem), r->log_stem);
}

/* A refused registration is counted; one that only a copy or a thief can send is an alarm. */
static void note_refusal(struct hf_hub_call *call, enum hf_rc rc, const struct hf_registration *r)
{
    struct hf_hub_tenant *t = call->tenant;
    bool banned = t != NULL && hf_tenant_bans(&t->life, &r->agent_key);
    call->hub->strangers.bad_registration += rc == HF_OK ? 0 : 1;
    if (t != NULL && (rc == HF_EFORK || banned)) {
        const struct hf_hub_alarm alarm = {
            .kind = banned ? HF_HUB_ALARM_BANNED_KEY : HF_HUB_ALARM_TOKEN_REUSED,
            .agent_key = &r->agent_key,
            .address = hf_str_c(hf_http_exchange_peer(call->exchange)->text)};
        hf_hub_note_alarm(call->hub, t, &alarm);
    }
}

void hf_serve_agent_register(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    struct hf_registration r = {.time_us = 0};
    struct hf_event_tenant_registered event = {.has_address = false};
    struct hf_err err = {0};
    struct hf_hash token;
    struct hf_hash key_hash;
    char key[HF_AGENT_KEY_TEXT_MAX];
    char stream[64];
    if (!take_registration(call, &r, &event)) {
        return;
    }
    hf_token_hash(&r.token_key, &token);
    call->tenant = hf_hub_tenant_find(hub->tenants, r.tenant);
    struct hf_tenant none;
    hf_tenant_init(&none);
    const struct hf_tenant *life = call->tenant == NULL ? &none : &call->tenant->life;
    enum hf_rc rc = hf_tenant_may_register(life, &token, &r.agent_key,
                                           hf_env_wall_us(hf_loop_env(hub->loop)), &err);
    if (rc == HF_EEXIST) {
        answer_registration(call, 200);
        return;
    }
    if (rc == HF_OK) {
        rc = hf_cutover_may_register(&hub->cutover, &err);
    }
    note_refusal(call, rc, &r);
    if (rc == HF_OK && !right_stem(call, &r)) {
        rc = hf_err_set(&err, HF_EINVAL, "log_stem: must be %s/tenant/TENANT", hub->region);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    const struct hf_agent_key_of of = {
        .tenant = r.tenant, .token = &token, .agent_key = &r.agent_key};
    hf_agent_key_make(hub, &of, key);
    hf_sha256(hf_bytes_of(key, strlen(key)), &key_hash);
    hf_wipe(key, sizeof key);
    event.tenant = r.tenant;
    event.token_hash = hf_bytes_of(token.b, HF_HASH_SIZE);
    event.agent_key = hf_bytes_of(r.agent_key.b, HF_PUBLIC_KEY_SIZE);
    event.log_key = hf_bytes_of(r.log_key.b, HF_PUBLIC_KEY_SIZE);
    event.log_origin = r.log_stem;
    event.api_key_hash = hf_bytes_of(key_hash.b, HF_HASH_SIZE);
    if (hf_event_tenant_registered_check(&event, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_registered_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "tenant/%.*s", HF_STR_ARG(r.tenant));
    const struct hf_hub_event post = {.type = HF_EVENT_TENANT_REGISTERED_NAME,
                                      .schema_version = HF_EVENT_TENANT_REGISTERED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w),
                                      .expects = true,
                                      .version = life->version};
    hf_call_post(call, &post, registered);
}
