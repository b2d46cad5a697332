/* wrapper/lease.c: claim, challenge, proof. */
#include "wrapper/lease.h"

#include <stdio.h>

#include "base/hex.h"

#define HTTP_OK        200
#define HTTP_FORBIDDEN 403

static void note_failure(struct hf_lease *lease, const char *why)
{
    lease->failed++;
    lease->outstanding = false;
    (void)snprintf(lease->why, sizeof lease->why, "%s", why);
}

bool hf_lease_holds(const struct hf_lease *lease, const struct hf_gateway *gateway)
{
    return lease->held && hf_gateway_eq(&lease->gateway, gateway);
}

void hf_lease_drop(struct hf_lease *lease)
{
    lease->held = false;
    lease->broken = false;
    lease->outstanding = false;
    lease->proved_ns = 0;
}

enum hf_rc hf_lease_claim(struct hf_lease *lease, const struct hf_gateway *gateway,
                          bool holder_lives)
{
    if (hf_lease_holds(lease, gateway)) {
        return HF_OK;
    }
    if (lease->held && holder_lives) {
        return HF_ELOCKED;
    }
    hf_lease_drop(lease);
    lease->gateway = *gateway;
    lease->held = true;
    return HF_OK;
}

const char *hf_lease_challenge(struct hf_lease *lease, struct hf_env *env)
{
    uint8_t random[HF_CANARY_NONCE / 2];
    if (lease->outstanding) {
        note_failure(lease, "the gateway did not answer");
    }
    hf_env_random(env, random, sizeof random);
    hf_hex_encode(hf_bytes_of(random, sizeof random), lease->nonce);
    lease->outstanding = true;
    lease->seen = false;
    return lease->nonce;
}

bool hf_lease_seen(struct hf_lease *lease, struct hf_str session)
{
    struct hf_str prefix = HF_STR(HF_CANARY_PREFIX);
    if (!lease->outstanding || !hf_str_starts(session, prefix) ||
        !hf_str_eq((struct hf_str){session.ptr + prefix.len, session.len - prefix.len},
                   hf_str_c(lease->nonce))) {
        return false;
    }
    lease->seen = true;
    return true;
}

static bool contains(struct hf_str text, struct hf_str part)
{
    return part.len > 0 && memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

void hf_lease_ended(struct hf_lease *lease, struct hf_str nonce, uint64_t status,
                    struct hf_str text, uint64_t now_ns)
{
    char why[128];
    if (!lease->outstanding || !hf_str_eq(nonce, hf_str_c(lease->nonce))) {
        return;
    }
    if (lease->seen && status == HTTP_FORBIDDEN && contains(text, nonce)) {
        lease->outstanding = false;
        lease->broken = false;
        lease->proved++;
        lease->proved_ns = now_ns;
        return;
    }
    (void)snprintf(why, sizeof why, "%s, and the gateway answered %llu",
                   lease->seen ? "the gate was asked" : "the gate was not asked",
                   (unsigned long long)status);
    note_failure(lease, why);
    lease->broken = status == HTTP_OK;
}

enum hf_lease_state hf_lease_state(const struct hf_lease *lease, uint64_t now_ns)
{
    if (!lease->held) {
        return HF_LEASE_NONE;
    }
    if (lease->broken) {
        return HF_LEASE_BROKEN;
    }
    bool fresh = lease->proved_ns > 0 && now_ns - lease->proved_ns < HF_LEASE_NS;
    return fresh ? HF_LEASE_ENFORCED : HF_LEASE_CLAIMED;
}

const char *hf_lease_state_name(enum hf_lease_state state)
{
    static const char *const names[] = {[HF_LEASE_NONE] = "none",
                                        [HF_LEASE_CLAIMED] = "claimed",
                                        [HF_LEASE_ENFORCED] = "enforced",
                                        [HF_LEASE_BROKEN] = "broken"};
    return names[state];
}
