/* commands/tenant.h: a tenant's life on the write side: what happened, and what may happen next.
 *
 * The state is a fold of the stream tenant/TENANT. A decider looks at the state and a wish and
 * answers HF_OK (append the event, expecting the state's version) or refuses with a reason that the
 * caller can act on. Pure: the time is an argument.
 */
#ifndef HF_COMMANDS_TENANT_H
#define HF_COMMANDS_TENANT_H

#include <stdbool.h>

#include "base/crypto.h"
#include "base/err.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"

#define HF_TENANT_NAME_MAX   48
#define HF_TENANT_TOKENS_MAX 8
#define HF_TENANT_STEM_MAX   128
#define HF_TENANT_BANNED_MAX 16

enum hf_tenant_status {
    HF_TENANT_NONE, /* no such tenant */
    HF_TENANT_ACTIVE,
    HF_TENANT_SUSPENDED,
    HF_TENANT_GONE, /* decommissioned */
};

enum hf_ring {
    HF_RING_SANDBOX,
    HF_RING_CANARY,
    HF_RING_GENERAL,
};

struct hf_tenant_token {
    struct hf_hash hash; /* of the token's public key */
    int64_t expires_us;
    bool bound; /* used to register: only the same agent key may repeat it */
};

struct hf_tenant {
    char name[HF_TENANT_NAME_MAX + 1];
    uint64_t version; /* of its stream */
    enum hf_tenant_status status;
    enum hf_ring ring;
    struct hf_tenant_token tokens[HF_TENANT_TOKENS_MAX]; /* the newest */
    unsigned token_count;
    bool registered;
    int64_t registered_us;
    struct hf_hash token_used;
    struct hf_public_key agent_key;
    struct hf_public_key log_key;
    char log_stem[HF_TENANT_STEM_MAX + 1];
    struct hf_hash api_key_hash;
    uint64_t api_key_serial; /* how often it was rotated since registration */
    struct hf_hash previous_key_hash;
    int64_t previous_until_us;                         /* 0: there is no key before */
    struct hf_public_key banned[HF_TENANT_BANNED_MAX]; /* agents' keys */
    unsigned banned_count;
};

void hf_tenant_init(struct hf_tenant *tenant);
/* Takes one event of its stream, in order. Types that it does not know only count. HF_ECORRUPT when
 * a known payload does not decode. */
enum hf_rc hf_tenant_fold(struct hf_tenant *tenant, const struct hf_envelope *envelope,
                          struct hf_err *err);

/* Deciders. HF_EEXIST, HF_ENOTFOUND, HF_EPERM, HF_EINVAL; the text is for the caller. */
enum hf_rc hf_tenant_may_create(const struct hf_tenant *tenant, struct hf_err *err);
enum hf_rc hf_tenant_may_mint(const struct hf_tenant *tenant, int64_t expires_us, int64_t now_us,
                              struct hf_err *err);
enum hf_rc hf_tenant_may_move(const struct hf_tenant *tenant, enum hf_ring to, struct hf_err *err);
enum hf_rc hf_tenant_may_suspend(const struct hf_tenant *tenant, struct hf_err *err);
enum hf_rc hf_tenant_may_resume(const struct hf_tenant *tenant, struct hf_err *err);
enum hf_rc hf_tenant_may_decommission(const struct hf_tenant *tenant, struct hf_err *err);

/* A registration by `token` for `agent_key`. HF_OK: append tenant.registered. HF_EEXIST: the same
 * agent registered with this token and lost the answer: give it again. HF_EFORK: another agent
 * already used the token: an alarm. HF_EPERM: unknown or expired token, tenant not active, key
 * banned. */
enum hf_rc hf_tenant_may_register(const struct hf_tenant *tenant, const struct hf_hash *token,
                                  const struct hf_public_key *agent_key, int64_t now_us,
                                  struct hf_err *err);

/* Is this API key (its hash) taken at this time? */
bool hf_tenant_takes_key(const struct hf_tenant *tenant, const struct hf_hash *key_hash,
                         int64_t now_us);
/* A new API key with this serial, asked for by the agent: HF_OK: append tenant.key_rotated.
 * HF_EEXIST: it has this serial already, the answer was lost: give it again. HF_EINVAL. */
enum hf_rc hf_tenant_may_rotate(const struct hf_tenant *tenant, uint64_t serial,
                                struct hf_err *err);
/* Evicted: the agent's keys are not taken any more, a new token lets the same or another agent
 * register. Banned: the same, and this agent's identity key is refused for good. */
enum hf_rc hf_tenant_may_evict(const struct hf_tenant *tenant, struct hf_err *err);
enum hf_rc hf_tenant_may_ban(const struct hf_tenant *tenant, struct hf_err *err);
bool hf_tenant_bans(const struct hf_tenant *tenant, const struct hf_public_key *agent_key);

const char *hf_ring_name(enum hf_ring ring);
/* HF_EINVAL names the choices. */
enum hf_rc hf_ring_parse(struct hf_str text, enum hf_ring *ret_ring, struct hf_err *err);
const char *hf_tenant_status_name(enum hf_tenant_status status);
/* 1 to 48 of a-z 0-9 -. */
bool hf_tenant_name_ok(struct hf_str name);
/* The two names of a stream "KIND/TENANT/REST", where kind ends in "/". HF_ENOTFOUND: it is of
 * another kind, or TENANT is no name of a tenant. */
enum hf_rc hf_tenant_of_stream(struct hf_str stream, const char *kind, struct hf_str *ret_tenant,
                               struct hf_str *ret_rest);

#endif
