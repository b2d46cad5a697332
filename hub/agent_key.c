/* hub/agent_key.c: the API keys by which tenants' agents are known. */
#include "hub/agent_key.h"

#include <stdio.h>

#include "base/hex.h"

#define KEY_PREFIX "hfk_"

void hf_agent_key_make(const struct hf_hub *hub, const struct hf_agent_key_of *of,
                       char out[HF_AGENT_KEY_TEXT_MAX])
{
    uint8_t message[128];
    char hex[2 * HF_HASH_SIZE + 1];
    struct hf_signature signature;
    struct hf_hash secret;
    struct hf_writer w = hf_writer_init(message, sizeof message);
    hf_writer_str(&w, of->serial == 0 ? HF_STR("holdfast/api-key/v1\n")
                                      : HF_STR("holdfast/api-key/v2\n"));
    hf_writer_put(&w, of->token->b, HF_HASH_SIZE);
    hf_writer_put(&w, of->agent_key->b, HF_PUBLIC_KEY_SIZE);
    if (of->serial > 0) {
        hf_writer_be64(&w, of->serial);
    }
    hf_sign(hub->api_keys, hf_writer_done(&w), &signature);
    hf_sha256(hf_bytes_of(signature.b, sizeof signature.b), &secret);
    hf_hex_encode(hf_bytes_of(secret.b, HF_HASH_SIZE), hex);
    (void)snprintf(out, HF_AGENT_KEY_TEXT_MAX, KEY_PREFIX "%.*s_%s", HF_STR_ARG(of->tenant), hex);
    hf_wipe(&signature, sizeof signature);
    hf_wipe(&secret, sizeof secret);
    hf_wipe(hex, sizeof hex);
}

struct hf_hub_tenant *hf_hub_tenant_by_key(const struct hf_hub *hub,
                                           const struct hf_http_request *request)
{
    const struct hf_http_field *field = hf_http_field(request, "authorization");
    const char scheme[] = "Bearer " KEY_PREFIX;
    const size_t key_at = sizeof "Bearer " - 1;
    struct hf_hash hash;
    if (field == NULL || field->value.len <= sizeof scheme ||
        memcmp(field->value.ptr, scheme, sizeof scheme - 1) != 0) {
        return NULL;
    }
    const char *ptr = (const char *)field->value.ptr + sizeof scheme - 1;
    size_t len = field->value.len - (sizeof scheme - 1);
    const char *end = memchr(ptr, '_', len);
    struct hf_str name = {ptr, end == NULL ? 0 : (size_t)(end - ptr)};
    hf_sha256(hf_bytes_of(field->value.ptr + key_at, field->value.len - key_at), &hash);
    struct hf_hub_tenant *tenant = hf_hub_tenant_find(hub->tenants, name);
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    return tenant != NULL && hf_tenant_takes_key(&tenant->life, &hash, now) ? tenant : NULL;
}

bool hf_call_need_agent(struct hf_hub_call *call)
{
    call->tenant = hf_hub_tenant_by_key(call->hub, hf_http_exchange_request(call->exchange));
    if (call->tenant == NULL) {
        call->hub->strangers.unknown_agent++;
        hf_call_problem(
            call, HF_PROBLEM_UNKNOWN_AGENT,
            "The API key is not known here; register the agent again with a new token.");
        return false;
    }
    if (call->tenant->life.status != HF_TENANT_ACTIVE) {
        hf_call_problem(call, HF_PROBLEM_TENANT_NOT_ACTIVE,
                        "The tenant is suspended or decommissioned; keep the events until it is "
                        "resumed.");
        return false;
    }
    return true;
}
