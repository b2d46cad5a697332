/* hub/agent_key.h: the API keys by which tenants' agents are known. */
#ifndef HF_HUB_AGENT_KEY_H
#define HF_HUB_AGENT_KEY_H

#include "hub/call.h"

#define HF_AGENT_KEY_TEXT_MAX 160

/* What a key is made of. */
struct hf_agent_key_of {
    struct hf_str tenant;
    const struct hf_hash *token; /* the registration token's */
    const struct hf_public_key *agent_key;
    uint64_t serial; /* how often it was rotated */
};

/* The same registration and serial give the same key, so that a lost answer can be repeated, and
 * nothing of it is stored: it comes from a signature, which nobody without the Hub's key can make.
 * out is secret: wipe it. */
void hf_agent_key_make(const struct hf_hub *hub, const struct hf_agent_key_of *of,
                       char out[HF_AGENT_KEY_TEXT_MAX]);
/* The tenant whose API key the request carries; NULL. */
struct hf_hub_tenant *hf_hub_tenant_by_key(const struct hf_hub *hub,
                                           const struct hf_http_request *request);
/* Sets call->tenant to the tenant whose API key the call carries; answers 401 or 403 when there is
 * none. */
bool hf_call_need_agent(struct hf_hub_call *call);

#endif
