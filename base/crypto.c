/* base/crypto.c: SHA-256 by OpenSSL, everything else by libsodium. */

/* The low-level SHA-256 calls are deprecated in OpenSSL 3 but use the same code with SHA
 * instructions; the EVP calls cost more than hashing a Merkle node does (measured: 65 bytes in
 * 0.10 us against 0.35 us). When a release drops them, EVP with a prefetched digest replaces them.
 * */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/crypto.h"

#include <openssl/sha.h>
#include <sodium.h>

#include "base/assert.h"
#include "base/heap.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct hf_sha256_state), "the state must fit");

struct hf_signing_key {
    struct hf_secret pair; /* libsodium's 64 bytes: seed and public key */
    struct hf_public_key public_key;
};

static SHA256_CTX *context(struct hf_sha256_state *state)
{
    return (SHA256_CTX *)(void *)state->opaque;
}

void hf_sha256_begin(struct hf_sha256_state *state)
{
    (void)SHA256_Init(context(state));
}

void hf_sha256_update(struct hf_sha256_state *state, struct hf_bytes data)
{
    if (data.len > 0) {
        (void)SHA256_Update(context(state), data.ptr, data.len);
    }
}

void hf_sha256_end(struct hf_sha256_state *state, struct hf_hash *ret_hash)
{
    (void)SHA256_Final(ret_hash->b, context(state));
}

void hf_sha256(struct hf_bytes data, struct hf_hash *ret_hash)
{
    struct hf_sha256_state state;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, data);
    hf_sha256_end(&state, ret_hash);
}

void hf_sha256_prefixed(uint8_t prefix, struct hf_bytes data, struct hf_hash *ret_hash)
{
    struct hf_sha256_state state;
    hf_sha256_begin(&state);
    /* One update instead of two for what fits: the library buffers partial blocks. */
    uint8_t head[512];
    if (data.len < sizeof head) {
        head[0] = prefix;
        if (data.len > 0) {
            memcpy(head + 1, data.ptr, data.len);
        }
        (void)SHA256_Update(context(&state), head, 1 + data.len);
    } else {
        (void)SHA256_Update(context(&state), &prefix, 1);
        (void)SHA256_Update(context(&state), data.ptr, data.len);
    }
    hf_sha256_end(&state, ret_hash);
}

void hf_sha256_node(const struct hf_hash *left, const struct hf_hash *right,
                    struct hf_hash *ret_hash)
{
    uint8_t node[1 + 2 * HF_HASH_SIZE];
    node[0] = 0x01;
    memcpy(node + 1, left->b, HF_HASH_SIZE);
    memcpy(node + 1 + HF_HASH_SIZE, right->b, HF_HASH_SIZE);
    hf_sha256(hf_bytes_of(node, sizeof node), ret_hash);
}

/* Known answers: SHA-256("abc") of FIPS 180-2; the public key of RFC 8032's first test. */
enum hf_rc hf_crypto_init(struct hf_err *err)
{
    static const uint8_t abc[HF_HASH_SIZE] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                              0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                              0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                              0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    static const uint8_t seed[HF_SEED_SIZE] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
                                               0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
                                               0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
                                               0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
    static const uint8_t public_key[HF_PUBLIC_KEY_SIZE] = {
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
        0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
        0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
    if (sodium_init() < 0) {
        return hf_err_set(err, HF_EIO, "libsodium does not start");
    }
    struct hf_hash hash;
    hf_sha256(HF_BYTES("abc"), &hash);
    uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(pk, sk, seed);
    sodium_memzero(sk, sizeof sk);
    if (memcmp(hash.b, abc, sizeof abc) != 0 || memcmp(pk, public_key, sizeof pk) != 0) {
        return hf_err_set(err, HF_EIO,
                          "SHA-256 or Ed25519 give wrong answers on this machine; do not use it");
    }
    return HF_OK;
}

/* signatures */

enum hf_rc hf_signing_key_from_seed(const struct hf_secret *seed, struct hf_signing_key **ret_key,
                                    struct hf_err *err)
{
    struct hf_bytes bytes = hf_secret_reveal(seed);
    if (bytes.len != HF_SEED_SIZE) {
        return hf_err_set(err, HF_EINVAL, "a signing key's seed has %d bytes", HF_SEED_SIZE);
    }
    struct hf_signing_key *key = hf_heap_zalloc(1, sizeof *key);
    if (key == NULL || hf_secret_alloc(crypto_sign_SECRETKEYBYTES, &key->pair) != HF_OK) {
        hf_heap_free(key);
        return hf_err_set(err, HF_ENOMEM, "no locked memory for a signing key");
    }
    (void)crypto_sign_seed_keypair(key->public_key.b, hf_secret_fill(&key->pair), bytes.ptr);
    *ret_key = key;
    return HF_OK;
}

enum hf_rc hf_signing_key_new(struct hf_env *env, struct hf_signing_key **ret_key,
                              struct hf_secret *ret_seed, struct hf_err *err)
{
    struct hf_secret seed = {0};
    enum hf_rc rc = hf_secret_alloc(HF_SEED_SIZE, &seed);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no locked memory for a signing key");
    }
    hf_env_random(env, hf_secret_fill(&seed), HF_SEED_SIZE);
    rc = hf_signing_key_from_seed(&seed, ret_key, err);
    if (rc != HF_OK) {
        hf_secret_free(&seed);
        return rc;
    }
    *ret_seed = seed;
    return HF_OK;
}

void hf_signing_key_free(struct hf_signing_key *key)
{
    if (key != NULL) {
        hf_secret_free(&key->pair);
        hf_heap_free(key);
    }
}

const struct hf_public_key *hf_signing_key_public(const struct hf_signing_key *key)
{
    return &key->public_key;
}

void hf_sign(const struct hf_signing_key *key, struct hf_bytes message,
             struct hf_signature *ret_signature)
{
    (void)crypto_sign_detached(ret_signature->b, NULL, message.ptr, message.len,
                               hf_secret_reveal(&key->pair).ptr);
}

bool hf_verify(const struct hf_public_key *key, struct hf_bytes message,
               const struct hf_signature *signature)
{
    return crypto_sign_verify_detached(signature->b, message.ptr, message.len, key->b) == 0;
}

/* sealing */

void hf_seal(struct hf_env *env, const struct hf_secret *key, struct hf_bytes plain,
             struct hf_bytes associated, uint8_t *out)
{
    uint8_t nonce[HF_SEAL_NONCE_SIZE];
    hf_env_random(env, nonce, sizeof nonce);
    hf_seal_with(key, nonce, plain, associated, out);
}

void hf_seal_with(const struct hf_secret *key, const uint8_t *nonce, struct hf_bytes plain,
                  struct hf_bytes associated, uint8_t *out)
{
    HF_ASSERT(hf_secret_reveal(key).len == HF_SEAL_KEY_SIZE);
    memcpy(out, nonce, HF_SEAL_NONCE_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + HF_SEAL_NONCE_SIZE, NULL, plain.ptr,
                                                     plain.len, associated.ptr, associated.len,
                                                     NULL, out, hf_secret_reveal(key).ptr);
}

enum hf_rc hf_unseal(const struct hf_secret *key, struct hf_bytes sealed,
                     struct hf_bytes associated, struct hf_secret *ret_plain)
{
    HF_ASSERT(hf_secret_reveal(key).len == HF_SEAL_KEY_SIZE);
    const size_t nonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    if (sealed.len < HF_SEAL_OVERHEAD) {
        return HF_EBADSIG;
    }
    struct hf_secret plain = {0};
    enum hf_rc rc = hf_secret_alloc(sealed.len - HF_SEAL_OVERHEAD, &plain);
    if (rc != HF_OK) {
        return rc;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            hf_secret_fill(&plain), NULL, NULL, sealed.ptr + nonce, sealed.len - nonce,
            associated.ptr, associated.len, sealed.ptr, hf_secret_reveal(key).ptr) != 0) {
        hf_secret_free(&plain);
        return HF_EBADSIG;
    }
    *ret_plain = plain;
    return HF_OK;
}

bool hf_equal_secret(struct hf_bytes a, struct hf_bytes b)
{
    return a.len == b.len && sodium_memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* OpenSSL's SHA-256 is four times as fast as libsodium's HMAC for what is short. */
void hf_hmac_key_init(struct hf_bytes key, struct hf_hmac_key *ret_key)
{
    uint8_t block[64] = {0};
    if (key.len > sizeof block) {
        struct hf_hash hash;
        hf_sha256(key, &hash);
        memcpy(block, hash.b, sizeof hash.b);
    } else if (key.len > 0) {
        memcpy(block, key.ptr, key.len);
    }
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x36;
    }
    hf_sha256_begin(&ret_key->inner);
    hf_sha256_update(&ret_key->inner, hf_bytes_of(block, sizeof block));
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x36 ^ 0x5C;
    }
    hf_sha256_begin(&ret_key->outer);
    hf_sha256_update(&ret_key->outer, hf_bytes_of(block, sizeof block));
    hf_wipe(block, sizeof block);
}

void hf_hmac_key_sha256(const struct hf_hmac_key *key, struct hf_bytes head, struct hf_bytes rest,
                        struct hf_hash *ret_mac)
{
    struct hf_sha256_state state = key->inner;
    hf_sha256_update(&state, head);
    hf_sha256_update(&state, rest);
    hf_sha256_end(&state, ret_mac);
    state = key->outer;
    hf_sha256_update(&state, hf_bytes_of(ret_mac->b, sizeof ret_mac->b));
    hf_sha256_end(&state, ret_mac);
    hf_wipe(&state, sizeof state);
}

void hf_hmac_sha256(const struct hf_secret *key, struct hf_bytes head, struct hf_bytes rest,
                    struct hf_hash *ret_mac)
{
    struct hf_hmac_key once;
    hf_hmac_key_init(hf_secret_reveal(key), &once);
    hf_hmac_key_sha256(&once, head, rest, ret_mac);
    hf_wipe(&once, sizeof once);
}

uint64_t hf_table_hash(const uint8_t key[16], struct hf_bytes data)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t hash;
    _Static_assert(sizeof out == sizeof hash, "SipHash-2-4 gives 64 bits");
    (void)crypto_shorthash(out, data.ptr, data.len, key);
    memcpy(&hash, out, sizeof hash);
    return hash;
}
