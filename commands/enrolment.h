/* commands/enrolment.h: how a new agent proves that it was invited, and stays itself afterwards.
 *
 * A registration token carries the seed of an Ed25519 key that exists for this one purpose, and
 * what the agent must pin: the Hub's TLS key and the fingerprint of the region's log key. The Hub
 * keeps only the hash of the token's public key, so neither its log nor its database lets anybody
 * register. The seed never travels: the request is signed with it, and with the agent's own new
 * key.
 *
 * Token text: "hfe1_" BASE64 of
 *   u8 length, region | u8 length, tenant | seed (32) | TLS pin (32) | log key fingerprint (32) |
 *   first 4 bytes of SHA-256 of all before
 * Fingerprint of a log key: SHA-256 of its vkey's text.
 */
#ifndef HF_COMMANDS_ENROLMENT_H
#define HF_COMMANDS_ENROLMENT_H

#include "base/crypto.h"
#include "base/env.h"
#include "base/err.h"
#include "base/secret.h"
#include "commands/tenant.h"

#define HF_TOKEN_TEXT_MAX 320

struct hf_token {
    char region[17];
    char tenant[HF_TENANT_NAME_MAX + 1];
    struct hf_secret seed;
    struct hf_hash tls_pin;
    struct hf_hash log_fingerprint;
};

/* Draws the seed; the rest is filled in by the caller. */
enum hf_rc hf_token_draw(struct hf_env *env, struct hf_token *token, struct hf_err *err);
/* Gives *ret_text, NUL-terminated inside. */
enum hf_rc hf_token_format(const struct hf_token *token, struct hf_secret *ret_text,
                           struct hf_err *err);
/* White space around it is let go. HF_ESYNTAX. */
enum hf_rc hf_token_parse(struct hf_str text, struct hf_token *ret_token, struct hf_err *err);
void hf_token_free(struct hf_token *token);
/* The key that the seed makes. Gives *ret_key. */
enum hf_rc hf_token_key(const struct hf_token *token, struct hf_signing_key **ret_key,
                        struct hf_err *err);
/* What the Hub keeps: SHA-256 of the token's public key. */
void hf_token_hash(const struct hf_public_key *token_key, struct hf_hash *ret_hash);

/* What an agent asks for. */
struct hf_registration {
    struct hf_str tenant;
    struct hf_public_key token_key;
    struct hf_public_key agent_key;
    struct hf_public_key log_key;
    struct hf_str log_stem; /* origin of the tenant's log without the epoch */
    struct hf_hash tls_pin; /* of the Hub that the agent believes it talks to */
    int64_t time_us;
    struct hf_str openclaw; /* versions of what runs: HF_VERSION_NONE or at most
                               HF_VERSION_TEXT_MAX bytes */
    struct hf_str wrapper;
    struct hf_str policy;
};

#define HF_VERSION_NONE          "none"
#define HF_REGISTRATION_TEXT_MAX 1024
/* The text that the token's key and the agent's key sign. */
void hf_registration_text(const struct hf_registration *registration, struct hf_writer *w);
/* That of older agents, without the versions, of which it says nothing. */
void hf_registration_text_v1(const struct hf_registration *registration, struct hf_writer *w);

/* An agent asks for its next API key; signed by its identity key. */
struct hf_key_wish {
    struct hf_str tenant;
    uint64_t serial; /* of the key that is wished for: one more than that of the one it has */
    struct hf_hash tls_pin;
};

#define HF_KEY_WISH_TEXT_MAX 256
void hf_key_wish_text(const struct hf_key_wish *wish, struct hf_writer *w);
/* How long the key before is taken: long enough for an agent that was cut off in between. */
#define HF_KEY_OVERLAP_US (INT64_C(7) * 86400 * 1000000)

/* A sign of life, signed by the agent's key. */
struct hf_heartbeat {
    struct hf_str tenant;
    uint64_t counter; /* grows by one or more; a clone makes it fork */
    int64_t time_us;
    uint32_t epoch;
    uint64_t size;        /* of the tenant's log */
    uint64_t receipt;     /* size that the region acknowledged last */
    uint64_t queue;       /* entries that wait for upload */
    struct hf_str policy; /* versions of what runs; empty: not there */
    struct hf_str wrapper;
    struct hf_str openclaw;
    struct hf_str proxy;
    struct hf_str agent;
    struct hf_str self_test; /* "passed", "failed", "not-run" */
};

#define HF_HEARTBEAT_TEXT_MAX 1024
#define HF_VERSION_TEXT_MAX   64
void hf_heartbeat_text(const struct hf_heartbeat *heartbeat, struct hf_writer *w);

#endif
