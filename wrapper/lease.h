/* wrapper/lease.h: whether the wrapper of this very gateway is in force, and how that is known.
 *
 * A gateway is named by user, process and start time, never by a number alone. It claims the lease
 * when its plugin says hello, and is challenged from then on: the plugin calls a harmless tool
 * through the gateway's own API. The gate must ask the daemon about that call (`seen`), and the
 * gateway must answer the caller with the refusal that only the daemon knew (`ended`): then the
 * gate is enforced, for HF_LEASE_NS. Whoever relies on it (the agent's heartbeat, the egress
 * proxy) asks for the state.
 *
 *   NONE      no gateway claimed it
 *   CLAIMED   claimed, and nothing shown yet, or not again in time
 *   ENFORCED  a canary was stopped, less than HF_LEASE_NS ago
 *   BROKEN    a canary was not stopped: what the gate says is not obeyed
 * Pure: clock and process facts are handed in. One thread.
 */
#ifndef HF_WRAPPER_LEASE_H
#define HF_WRAPPER_LEASE_H

#include "base/env.h"
#include "wrapper/driver.h"

#define HF_LEASE_NS      UINT64_C(60000000000)
#define HF_CANARY_NS     UINT64_C(20000000000) /* between two challenges: one may fail */
#define HF_CANARY_PREFIX "agent:main:holdfast-canary-"
#define HF_CANARY_NONCE  32 /* characters */

enum hf_lease_state {
    HF_LEASE_NONE,
    HF_LEASE_CLAIMED,
    HF_LEASE_ENFORCED,
    HF_LEASE_BROKEN
};

struct hf_lease {
    /* read-only */
    struct hf_gateway gateway;
    uint64_t proved; /* canaries that were stopped */
    uint64_t failed; /* canaries that came to nothing, or were not stopped */
    char why[128];   /* of the last one that failed */
    /* private */
    bool held;
    bool broken;
    bool outstanding; /* a challenge is not over */
    bool seen;
    uint64_t proved_ns;
    char nonce[HF_CANARY_NONCE + 1];
};

/* The gateway takes the lease, or has it already. HF_ELOCKED: another one has it and lives. */
enum hf_rc hf_lease_claim(struct hf_lease *lease, const struct hf_gateway *gateway,
                          bool holder_lives);
bool hf_lease_holds(const struct hf_lease *lease, const struct hf_gateway *gateway);
void hf_lease_drop(struct hf_lease *lease);

/* A new challenge; one that is not over counts as failed. Borrows the nonce until the next. */
const char *hf_lease_challenge(struct hf_lease *lease, struct hf_env *env);
/* A call in this session came to the gate: true when it is the challenge. */
bool hf_lease_seen(struct hf_lease *lease, struct hf_str session);
/* What the gateway answered to the call. */
void hf_lease_ended(struct hf_lease *lease, struct hf_str nonce, uint64_t status,
                    struct hf_str text, uint64_t now_ns);

enum hf_lease_state hf_lease_state(const struct hf_lease *lease, uint64_t now_ns);
/* "enforced". */
const char *hf_lease_state_name(enum hf_lease_state state);

#endif
