/* base/p256.h: keys on the curve P-256: agreement and ES256 signatures, as web push needs them.
 *
 * By OpenSSL. A key is made of a scalar of 32 bytes, which is what is stored (sealed), so that
 * where it comes from is the environment's business. A public key is the 65 bytes of an
 * uncompressed point (SEC 1). Pure but for the drawing; any thread. Secrets never appear in errors.
 */
#ifndef HF_BASE_P256_H
#define HF_BASE_P256_H

#include "base/bytes.h"
#include "base/env.h"
#include "base/err.h"
#include "base/secret.h"

#define HF_P256_PUBLIC    65
#define HF_P256_SCALAR    32
#define HF_P256_SIGNATURE 64

struct hf_p256_key;

/* A fresh scalar out of env's randomness. Gives *ret_scalar. */
enum hf_rc hf_p256_draw(struct hf_env *env, struct hf_secret *ret_scalar, struct hf_err *err);
/* HF_EINVAL: no scalar of the curve. Copies; gives *ret_key. */
enum hf_rc hf_p256_key_new(const struct hf_secret *scalar, struct hf_p256_key **ret_key,
                           struct hf_err *err);
void hf_p256_key_free(struct hf_p256_key *key); /* NULL is fine */
/* HF_P256_PUBLIC bytes; borrows from the key. */
struct hf_bytes hf_p256_key_public(const struct hf_p256_key *key);

/* Is that a point of the curve, uncompressed? For bytes of others. */
bool hf_p256_public_ok(struct hf_bytes point);
/* The x coordinate that both sides come to. HF_EINVAL: peer is no public key. Gives *ret_shared. */
enum hf_rc hf_p256_agree(const struct hf_p256_key *key, struct hf_bytes peer,
                         struct hf_secret *ret_shared, struct hf_err *err);
/* ES256 of RFC 7518: r and s of ECDSA over SHA-256, 32 bytes each. Its nonce is OpenSSL's. */
enum hf_rc hf_p256_sign(const struct hf_p256_key *key, struct hf_bytes message,
                        uint8_t ret_signature[HF_P256_SIGNATURE], struct hf_err *err);

#endif
