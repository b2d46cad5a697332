/* base/crypto.h: hashing, signatures and sealing: the crypto edge.
 *
 * SHA-256 is OpenSSL's (it uses the processor's SHA instructions), Ed25519 and the sealing are
 * libsodium's. hf_crypto_init once per process, before threads. All functions are pure on their
 * arguments and may be called from any thread. Secrets never appear in errors.
 */
#ifndef HF_BASE_CRYPTO_H
#define HF_BASE_CRYPTO_H

#include "base/bytes.h"
#include "base/env.h"
#include "base/err.h"
#include "base/secret.h"

#define HF_HASH_SIZE       32
#define HF_PUBLIC_KEY_SIZE 32
#define HF_SIGNATURE_SIZE  64
#define HF_SEED_SIZE       32
#define HF_SEAL_KEY_SIZE   32
#define HF_SEAL_NONCE_SIZE 24
#define HF_SEAL_TAG_SIZE   16
#define HF_SEAL_OVERHEAD   (HF_SEAL_NONCE_SIZE + HF_SEAL_TAG_SIZE) /* XChaCha20-Poly1305 */

struct hf_hash {
    uint8_t b[HF_HASH_SIZE];
};

struct hf_public_key {
    uint8_t b[HF_PUBLIC_KEY_SIZE];
};

struct hf_signature {
    uint8_t b[HF_SIGNATURE_SIZE];
};

/* Starts libsodium and checks SHA-256, Ed25519 against known answers. */
enum hf_rc hf_crypto_init(struct hf_err *err);

static inline bool hf_hash_eq(const struct hf_hash *a, const struct hf_hash *b)
{
    return memcmp(a->b, b->b, HF_HASH_SIZE) == 0;
}

void hf_sha256(struct hf_bytes data, struct hf_hash *ret_hash);

/* SHA-256(prefix byte || data): a leaf of RFC 6962 with prefix 0. */
void hf_sha256_prefixed(uint8_t prefix, struct hf_bytes data, struct hf_hash *ret_hash);

/* SHA-256(0x01 || left || right): a node of RFC 6962. ret_hash may be left or right. */
void hf_sha256_node(const struct hf_hash *left, const struct hf_hash *right,
                    struct hf_hash *ret_hash);

/* Streaming; the state is plain memory, needs no cleanup. */
struct hf_sha256_state {
    /* private */
    _Alignas(8) uint8_t opaque[128];
};

void hf_sha256_begin(struct hf_sha256_state *state);
void hf_sha256_update(struct hf_sha256_state *state, struct hf_bytes data);
void hf_sha256_end(struct hf_sha256_state *state, struct hf_hash *ret_hash);

/* A signing key. The secret half lives in memory that is locked, not dumped and wiped by
 * hf_signing_key_free. */
struct hf_signing_key;

/* seed: 32 bytes, copied. Gives *ret_key. */
enum hf_rc hf_signing_key_from_seed(const struct hf_secret *seed, struct hf_signing_key **ret_key,
                                    struct hf_err *err);
/* A fresh key from env's randomness. Gives both; the seed is what a key file stores (sealed);
 * free it with hf_secret_free. */
enum hf_rc hf_signing_key_new(struct hf_env *env, struct hf_signing_key **ret_key,
                              struct hf_secret *ret_seed, struct hf_err *err);
void hf_signing_key_free(struct hf_signing_key *key);
const struct hf_public_key *hf_signing_key_public(const struct hf_signing_key *key);
/* Ed25519 (RFC 8032), deterministic. */
void hf_sign(const struct hf_signing_key *key, struct hf_bytes message,
             struct hf_signature *ret_signature);
bool hf_verify(const struct hf_public_key *key, struct hf_bytes message,
               const struct hf_signature *signature);

/* XChaCha20-Poly1305 with a random nonce in front. out holds plain.len + HF_SEAL_OVERHEAD. */
void hf_seal(struct hf_env *env, const struct hf_secret *key, struct hf_bytes plain,
             struct hf_bytes associated, uint8_t *out);
/* The same with a nonce of the caller's, HF_SEAL_NONCE_SIZE bytes, under which nothing else is
 * sealed with this key. */
void hf_seal_with(const struct hf_secret *key, const uint8_t *nonce, struct hf_bytes plain,
                  struct hf_bytes associated, uint8_t *out);
/* HF_EBADSIG when key, bytes or associated data are not those of the sealing. *ret_plain is
 * given; free with hf_secret_free. */
enum hf_rc hf_unseal(const struct hf_secret *key, struct hf_bytes sealed,
                     struct hf_bytes associated, struct hf_secret *ret_plain);

/* Constant-time comparison of equal lengths. */
bool hf_equal_secret(struct hf_bytes a, struct hf_bytes b);

/* A key of HMACs, half of whose work is done once; as secret as the key itself. */
struct hf_hmac_key {
    /* private */
    struct hf_sha256_state inner;
    struct hf_sha256_state outer;
};

void hf_hmac_key_init(struct hf_bytes key, struct hf_hmac_key *ret_key);
/* HMAC-SHA-256 (RFC 2104) of head || rest. */
void hf_hmac_key_sha256(const struct hf_hmac_key *key, struct hf_bytes head, struct hf_bytes rest,
                        struct hf_hash *ret_mac);
/* The same with a key of any length that is used once. */
void hf_hmac_sha256(const struct hf_secret *key, struct hf_bytes head, struct hf_bytes rest,
                    struct hf_hash *ret_mac);

/* Keyed 64-bit hash for hash tables of foreign keys (SipHash-2-4); key of 16 bytes. */
uint64_t hf_table_hash(const uint8_t key[16], struct hf_bytes data);

#endif
