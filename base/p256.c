/* base/p256.c: keys on the curve P-256, by OpenSSL. */
#include "base/p256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/heap.h"

#define DRAWS_MAX 16 /* a draw misses with a chance of 2^-32 */
#define GROUP     "P-256"

struct hf_p256_key {
    EVP_PKEY *pkey;
    uint8_t public_key[HF_P256_PUBLIC];
};

static enum hf_rc refuse(struct hf_err *err, const char *what)
{
    ERR_clear_error();
    return hf_err_set(err, HF_EINVAL, "%s", what);
}

static EVP_PKEY *from_params(OSSL_PARAM_BLD *build, int selection)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1) {
        (void)EVP_PKEY_fromdata(ctx, &pkey, selection, params);
    }
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return pkey;
}

/* OpenSSL checks that the point is on the curve, and not the neutral one. */
static EVP_PKEY *from_point(struct hf_bytes point)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (point.len == HF_P256_PUBLIC && point.ptr[0] == POINT_CONVERSION_UNCOMPRESSED &&
        build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, GROUP, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len) ==
            1) {
        pkey = from_params(build, EVP_PKEY_PUBLIC_KEY);
    }
    OSSL_PARAM_BLD_free(build);
    ERR_clear_error();
    return pkey;
}

bool hf_p256_public_ok(struct hf_bytes point)
{
    EVP_PKEY *pkey = from_point(point);
    EVP_PKEY_free(pkey);
    return pkey != NULL;
}

static BIGNUM *number_of(const struct hf_secret *scalar)
{
    struct hf_bytes bytes = hf_secret_reveal(scalar);
    BIGNUM *n = BN_secure_new();
    if (n != NULL) {
        (void)BN_bin2bn(bytes.ptr, (int)bytes.len, n);
        BN_set_flags(n, BN_FLG_CONSTTIME);
    }
    return n;
}

static bool in_range(const EC_GROUP *group, const BIGNUM *n)
{
    return !BN_is_zero(n) && BN_cmp(n, EC_GROUP_get0_order(group)) < 0;
}

static bool multiply(const EC_GROUP *group, const BIGNUM *n, uint8_t out[HF_P256_PUBLIC])
{
    EC_POINT *point = EC_POINT_new(group);
    bool good = point != NULL && EC_POINT_mul(group, point, n, NULL, NULL, NULL) == 1 &&
                EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, HF_P256_PUBLIC,
                                   NULL) == HF_P256_PUBLIC;
    EC_POINT_free(point);
    return good;
}

static EVP_PKEY *make_pair(const BIGNUM *n, const uint8_t public_key[HF_P256_PUBLIC])
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, GROUP, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public_key,
                                         HF_P256_PUBLIC) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, n) == 1) {
        pkey = from_params(build, EVP_PKEY_KEYPAIR);
    }
    OSSL_PARAM_BLD_free(build);
    return pkey;
}

enum hf_rc hf_p256_key_new(const struct hf_secret *scalar, struct hf_p256_key **ret_key,
                           struct hf_err *err)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BIGNUM *n = number_of(scalar);
    struct hf_p256_key *key = hf_heap_zalloc(1, sizeof *key);
    enum hf_rc rc = HF_ENOMEM;
    if (group != NULL && n != NULL && key != NULL) {
        rc = hf_secret_reveal(scalar).len == HF_P256_SCALAR && in_range(group, n) ? HF_OK
                                                                                  : HF_EINVAL;
    }
    if (rc == HF_OK && multiply(group, n, key->public_key)) {
        key->pkey = make_pair(n, key->public_key);
    }
    if (rc == HF_OK && key->pkey == NULL) {
        rc = HF_ENOMEM;
    }
    BN_clear_free(n);
    EC_GROUP_free(group);
    ERR_clear_error();
    if (rc != HF_OK) {
        hf_p256_key_free(key);
        return hf_err_set(err, rc, "%s",
                          rc == HF_EINVAL ? "these bytes are no key on P-256"
                                          : "no memory for a key on P-256");
    }
    *ret_key = key;
    return HF_OK;
}

enum hf_rc hf_p256_draw(struct hf_env *env, struct hf_secret *ret_scalar, struct hf_err *err)
{
    struct hf_secret drawn = {0};
    enum hf_rc rc = hf_secret_alloc(HF_P256_SCALAR, &drawn);
    bool good = false;
    for (int i = 0; rc == HF_OK && !good && i < DRAWS_MAX; i++) {
        struct hf_p256_key *key = NULL;
        hf_env_random(env, hf_secret_fill(&drawn), HF_P256_SCALAR);
        rc = hf_p256_key_new(&drawn, &key, err);
        good = rc == HF_OK;
        rc = rc == HF_EINVAL ? HF_OK : rc;
        hf_p256_key_free(key);
    }
    if (rc != HF_OK || !good) {
        hf_secret_free(&drawn);
        return hf_err_set(err, rc == HF_OK ? HF_EINVAL : rc, "no key on P-256 could be drawn");
    }
    *ret_scalar = drawn;
    return HF_OK;
}

void hf_p256_key_free(struct hf_p256_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        hf_heap_free(key);
    }
}

struct hf_bytes hf_p256_key_public(const struct hf_p256_key *key)
{
    return hf_bytes_of(key->public_key, HF_P256_PUBLIC);
}

enum hf_rc hf_p256_agree(const struct hf_p256_key *key, struct hf_bytes peer,
                         struct hf_secret *ret_shared, struct hf_err *err)
{
    struct hf_secret shared = {0};
    EVP_PKEY *other = from_point(peer);
    if (other == NULL) {
        return refuse(err, "the other side's key is no point of P-256");
    }
    enum hf_rc rc = hf_secret_alloc(HF_P256_SCALAR, &shared);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    size_t len = HF_P256_SCALAR;
    bool good = rc == HF_OK && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
                EVP_PKEY_derive(ctx, hf_secret_fill(&shared), &len) == 1 && len == HF_P256_SCALAR;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(other);
    ERR_clear_error();
    if (!good) {
        hf_secret_free(&shared);
        return hf_err_set(err, HF_ENOMEM, "no memory to agree on a key");
    }
    *ret_shared = shared;
    return HF_OK;
}

/* OpenSSL writes DER; ES256 has two numbers of 32 bytes. */
static bool unpack(const uint8_t *der, size_t len, uint8_t out[HF_P256_SIGNATURE])
{
    const unsigned char *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
    bool good = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32) == 32 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32) == 32;
    ECDSA_SIG_free(pair);
    return good;
}

enum hf_rc hf_p256_sign(const struct hf_p256_key *key, struct hf_bytes message,
                        uint8_t ret_signature[HF_P256_SIGNATURE], struct hf_err *err)
{
    uint8_t der[128]; /* at most 72 */
    size_t len = sizeof der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL &&
                EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key->pkey, NULL) == 1 &&
                EVP_DigestSign(ctx, der, &len, message.ptr, message.len) == 1 &&
                unpack(der, len, ret_signature);
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good ? HF_OK : hf_err_set(err, HF_ENOMEM, "no memory to sign");
}
