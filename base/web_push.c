/* base/web_push.c: the encryption of web push messages, by OpenSSL. */
#include "base/web_push.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define INFO_MAX (sizeof "WebPush: info" + 2 * HF_P256_PUBLIC)

struct hkdf {
    struct hf_bytes key;
    struct hf_bytes salt;
    struct hf_bytes info;
};

/* HKDF with SHA-256 (RFC 5869), both steps. OpenSSL's parameters are not const: they are copies. */
static bool expand(const struct hkdf *in, uint8_t *out, size_t len)
{
    char digest[] = "SHA256";
    uint8_t bytes[INFO_MAX + 64];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_writer_bytes(&w, in->key);
    hf_writer_bytes(&w, in->salt);
    hf_writer_bytes(&w, in->info);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, bytes, in->key.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, bytes + in->key.len, in->salt.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, bytes + in->key.len + in->salt.len,
                                          in->info.len),
        OSSL_PARAM_construct_end()};
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    bool good = !w.overflow && ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    hf_wipe(bytes, sizeof bytes);
    return good;
}

enum hf_rc hf_push_derive(const struct hf_push_agreed *agreed, struct hf_push_record *ret)
{
    uint8_t info[INFO_MAX];
    uint8_t input[32];
    struct hf_writer w = hf_writer_init(info, sizeof info);
    hf_writer_put(&w, "WebPush: info", sizeof "WebPush: info");
    hf_writer_bytes(&w, agreed->receiver);
    hf_writer_bytes(&w, agreed->sender);
    const struct hkdf first = {hf_secret_reveal(agreed->shared), agreed->auth, hf_writer_done(&w)};
    const struct hf_bytes input_bytes = hf_bytes_of(input, sizeof input);
    static const char key_info[] = "Content-Encoding: aes128gcm";
    static const char nonce_info[] = "Content-Encoding: nonce";
    const struct hkdf key = {input_bytes, agreed->salt, hf_bytes_of(key_info, sizeof key_info)};
    const struct hkdf nonce = {input_bytes, agreed->salt,
                               hf_bytes_of(nonce_info, sizeof nonce_info)};
    bool good = !w.overflow && expand(&first, input, sizeof input) &&
                expand(&key, ret->key, sizeof ret->key) &&
                expand(&nonce, ret->nonce, sizeof ret->nonce);
    hf_wipe(input, sizeof input);
    ERR_clear_error();
    return good ? HF_OK : HF_ENOMEM;
}

/* The plaintext and the byte 2, which says that it is the last record. */
static bool seal_record(const struct hf_push_record *record, struct hf_bytes plain, uint8_t *out)
{
    static const uint8_t last = 2;
    int len = 0;
    int more = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool good =
        ctx != NULL &&
        EVP_EncryptInit_ex2(ctx, EVP_aes_128_gcm(), record->key, record->nonce, NULL) == 1 &&
        (plain.len == 0 || EVP_EncryptUpdate(ctx, out, &len, plain.ptr, (int)plain.len) == 1) &&
        EVP_EncryptUpdate(ctx, out + len, &more, &last, 1) == 1 &&
        EVP_EncryptFinal_ex(ctx, out + len + more, &more) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, out + plain.len + 1) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return good;
}

static enum hf_rc write_message(struct hf_env *env, const struct hf_p256_key *ours,
                                const struct hf_push_keys *to, struct hf_bytes plain,
                                struct hf_buf *buf, struct hf_err *err)
{
    uint8_t head[HF_PUSH_SALT + 5];
    struct hf_push_record record;
    struct hf_secret shared = {0};
    struct hf_push_agreed agreed = {.shared = &shared,
                                    .auth = hf_bytes_of(to->auth, HF_PUSH_AUTH),
                                    .receiver = hf_bytes_of(to->p256dh, HF_P256_PUBLIC),
                                    .sender = hf_p256_key_public(ours),
                                    .salt = hf_bytes_of(head, HF_PUSH_SALT)};
    hf_env_random(env, head, HF_PUSH_SALT);
    hf_be32_put(head + HF_PUSH_SALT, HF_PUSH_MESSAGE_MAX);
    head[HF_PUSH_SALT + 4] = HF_P256_PUBLIC;
    enum hf_rc rc = hf_p256_agree(ours, agreed.receiver, &shared, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_buf_put(buf, head, sizeof head);
    hf_buf_put(buf, agreed.sender.ptr, agreed.sender.len);
    uint8_t *room = hf_buf_reserve(buf, plain.len + 17);
    bool good = room != NULL && hf_push_derive(&agreed, &record) == HF_OK &&
                seal_record(&record, plain, room);
    if (good) {
        hf_buf_commit(buf, plain.len + 17);
    }
    hf_wipe(&record, sizeof record);
    hf_secret_free(&shared);
    ERR_clear_error();
    return good ? HF_OK : hf_err_set(err, HF_ENOMEM, "no memory for a push message");
}

enum hf_rc hf_push_encrypt(struct hf_env *env, const struct hf_push_keys *to, struct hf_bytes plain,
                           struct hf_buf *buf, struct hf_err *err)
{
    struct hf_secret scalar = {0};
    struct hf_p256_key *ours = NULL;
    if (plain.len > HF_PUSH_PLAIN_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "a push message has at most %d bytes of text",
                          HF_PUSH_PLAIN_MAX);
    }
    enum hf_rc rc = hf_p256_draw(env, &scalar, err);
    if (rc == HF_OK) {
        rc = hf_p256_key_new(&scalar, &ours, err);
    }
    if (rc == HF_OK) {
        rc = write_message(env, ours, to, plain, buf, err);
    }
    hf_p256_key_free(ours);
    hf_secret_free(&scalar);
    return rc;
}
