/* tenant/enrol.c: registers with the Hub: the token proves the invitation, the agent's own key
 * stays. */
#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "tenant/agent.h"

static void put_hex(struct hf_json_out *json, const char *key, const void *ptr, size_t len)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_hex(json, hf_bytes_of(ptr, len));
}

static void write_request(struct hf_agent *agent, const struct hf_registration *r,
                          const struct hf_signature *by_token, const struct hf_signature *by_agent)
{
    struct hf_json_out json;
    hf_buf_clear(&agent->enrol.body);
    hf_json_init(&json, &agent->enrol.body);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "tenant", r->tenant);
    put_hex(&json, "token_key", r->token_key.b, sizeof r->token_key.b);
    put_hex(&json, "agent_key", r->agent_key.b, sizeof r->agent_key.b);
    put_hex(&json, "log_key", r->log_key.b, sizeof r->log_key.b);
    hf_json_key_str(&json, "log_stem", r->log_stem);
    hf_json_key_u64(&json, "time_us", (uint64_t)r->time_us);
    put_hex(&json, "token_signature", by_token->b, sizeof by_token->b);
    put_hex(&json, "agent_signature", by_agent->b, sizeof by_agent->b);
    hf_json_key_str(&json, "openclaw", r->openclaw);
    hf_json_key_str(&json, "wrapper", r->wrapper);
    hf_json_key_str(&json, "policy", r->policy);
    hf_json_object_end(&json);
}

static enum hf_rc sign_request(struct hf_agent *agent, struct hf_err *err)
{
    char stem[HF_TENANT_STEM_MAX + 1];
    uint8_t text[HF_REGISTRATION_TEXT_MAX];
    struct hf_signature by_token;
    struct hf_signature by_agent;
    struct hf_signing_key *token_key = NULL;
    enum hf_rc rc = hf_token_key(&agent->token, &token_key, err);
    if (rc != HF_OK) {
        return rc;
    }
    (void)snprintf(stem, sizeof stem, "%s/tenant/%s", agent->token.region, agent->token.tenant);
    const struct hf_registration r = {.tenant = hf_str_c(agent->token.tenant),
                                      .token_key = *hf_signing_key_public(token_key),
                                      .agent_key = *hf_signing_key_public(agent->identity),
                                      .log_key = *hf_signing_key_public(agent->log.key),
                                      .log_stem = hf_str_c(stem),
                                      .tls_pin = agent->token.tls_pin,
                                      .time_us = hf_env_wall_us(hf_loop_env(agent->loop)),
                                      .openclaw = HF_STR(HF_VERSION_NONE),
                                      .wrapper = HF_STR(HF_VERSION_NONE),
                                      .policy = HF_STR(HF_VERSION_NONE)};
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_registration_text(&r, &w);
    HF_ASSERT(!w.overflow);
    hf_sign(token_key, hf_writer_done(&w), &by_token);
    hf_sign(agent->identity, hf_writer_done(&w), &by_agent);
    hf_signing_key_free(token_key);
    write_request(agent, &r, &by_token, &by_agent);
    return HF_OK;
}

static bool take_vkey(const struct hf_json *json, const char *key, struct hf_vkey *ret)
{
    return hf_vkey_parse(hf_json_get_str(json, key), ret, /* err= */ NULL) == HF_OK;
}

/* What the region has of the tenant's log: when it is signed by another key, the agent before this
 * one wrote it. */
static void take_log_before(const struct hf_json *json, struct hf_agent *agent)
{
    struct hf_str key = hf_json_get_str(json, "log_key");
    char own[2 * HF_PUBLIC_KEY_SIZE + 1];
    uint64_t number = 0;
    agent->region.after_epoch = 0;
    hf_hex_encode(hf_bytes_of(hf_signing_key_public(agent->log.key)->b, HF_PUBLIC_KEY_SIZE), own);
    if (key.len > 0 && !hf_str_eq(key, hf_str_c(own)) &&
        hf_json_take_u64(json, "epoch", UINT32_MAX - 1, &number) &&
        hf_json_take_u64(json, "receipt", UINT64_MAX, &agent->region.after_size)) {
        agent->region.after_epoch = (uint32_t)number;
    }
}

/* The answer is believed because of the TLS pin and the fingerprint, both from the token. */
static enum hf_rc take_answer(struct hf_agent *agent, const struct hf_json *json,
                              struct hf_err *err)
{
    struct hf_agent_region *region = &agent->region;
    char text[HF_VKEY_TEXT_MAX];
    struct hf_hash fingerprint;
    const struct hf_json *key = hf_json_get_kind(json, "api_key", HF_JSON_STR);
    if (key == NULL || hf_json_as_str(key).len > 200 ||
        !take_vkey(json, "log", &region->log_vkey) ||
        !take_vkey(json, "cosigner", &region->cosigner)) {
        return hf_err_set(err, HF_EINVAL, "the Hub's answer lacks a member");
    }
    size_t len = hf_vkey_format(&region->log_vkey, text);
    hf_sha256(hf_bytes_of(text, len), &fingerprint);
    if (!hf_hash_eq(&fingerprint, &agent->token.log_fingerprint)) {
        return hf_err_set(err, HF_EBADSIG, "the Hub's log key is not the one that the token names");
    }
    (void)snprintf(region->region, sizeof region->region, "%s", agent->token.region);
    (void)snprintf(region->tenant, sizeof region->tenant, "%s", agent->token.tenant);
    if (agent->conf.hub_url != NULL) {
        (void)snprintf(region->hub_url, sizeof region->hub_url, "%s", agent->conf.hub_url);
    }
    take_log_before(json, agent);
    region->token = agent->token_hash;
    region->key_serial = 0;
    region->tls_pin = agent->token.tls_pin;
    enum hf_rc rc = hf_secret_copy(hf_str_bytes(hf_json_as_str(key)), &agent->api_key);
    return rc == HF_OK ? hf_agent_save_region(agent, err)
                       : hf_err_set(err, rc, "no memory for the API key");
}

static enum hf_rc finish(struct hf_agent *agent, struct hf_bytes answer, struct hf_err *err)
{
    struct hf_json_doc *doc = NULL;
    enum hf_rc rc = hf_json_parse(answer, &doc, err);
    if (rc == HF_OK && hf_json_kind(hf_json_root(doc)) != HF_JSON_OBJECT) {
        rc = hf_err_set(err, HF_EINVAL, "the Hub's answer is no object");
    }
    if (rc == HF_OK) {
        rc = take_answer(agent, hf_json_root(doc), err);
    }
    hf_json_free(doc);
    if (rc == HF_OK) {
        rc = hf_agent_run(agent, err);
    }
    return rc;
}

static void answered(struct hf_http_call *call)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(call, struct hf_agent_job, call);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, enrol);
    struct hf_err err = call->err;
    job->busy = false;
    enum hf_rc rc = call->rc;
    if (rc == HF_OK && (call->status == 200 || call->status == 201)) {
        rc = finish(agent, hf_buf_bytes(&call->answer), &err);
        if (rc == HF_OK) {
            hf_buf_free(&call->answer);
            return;
        }
    } else if (rc == HF_OK) {
        rc = hf_err_set(&err, call->status == 403 || call->status == 422 ? HF_EPERM : HF_EIO,
                        "the Hub answered %d: %.*s", call->status, (int)call->answer.len,
                        (const char *)call->answer.ptr);
    }
    hf_buf_free(&call->answer);
    hf_log(agent->logger, HF_LOG_WARN, "agent.not_registered", hf_f_err(&err));
    if (rc == HF_EPERM) {
        hf_agent_move(agent, HF_AGENT_REFUSED);
    } else {
        hf_agent_back_off(agent, job);
    }
}

static void ask(struct hf_timer *timer)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(timer, struct hf_agent_job, timer);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, enrol);
    struct hf_err err = {0};
    if (sign_request(agent, &err) != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "agent.not_registered", hf_f_err(&err));
        hf_agent_back_off(agent, job);
        return;
    }
    hf_agent_ask(agent, job, "/v1/register", "application/json", answered);
}

void hf_agent_enrol(struct hf_agent *agent)
{
    hf_agent_move(agent, HF_AGENT_REGISTERING);
    hf_timer_init(&agent->enrol.timer, agent->loop, ask);
    ask(&agent->enrol.timer);
}
