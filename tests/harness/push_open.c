/* tests/harness/push_open.c: opens web push messages. */
#include "tests/harness/push_open.h"

#include <openssl/evp.h>

#define TAG 16

static bool unseal(const struct hf_push_record *record, struct hf_bytes sealed, uint8_t *out)
{
    int len = 0;
    int more = 0;
    size_t text_len = sealed.len - TAG;
    uint8_t tag[TAG];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    memcpy(tag, sealed.ptr + text_len, TAG);
    bool good =
        ctx != NULL &&
        EVP_DecryptInit_ex2(ctx, EVP_aes_128_gcm(), record->key, record->nonce, NULL) == 1 &&
        EVP_DecryptUpdate(ctx, out, &len, sealed.ptr, (int)text_len) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
        EVP_DecryptFinal_ex(ctx, out + len, &more) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return good;
}

/* The record's text ends with a byte 2 and then any number of zeros. */
static enum hf_rc unpad(const uint8_t *text, size_t len, struct hf_buf *plain)
{
    while (len > 0 && text[len - 1] == 0) {
        len--;
    }
    if (len == 0 || text[len - 1] != 2) {
        return HF_EINVAL;
    }
    hf_buf_put(plain, text, len - 1);
    return plain->failed;
}

enum hf_rc hf_push_open(const struct hf_p256_key *key, struct hf_bytes auth,
                        struct hf_bytes message, struct hf_buf *plain)
{
    uint8_t text[HF_PUSH_MESSAGE_MAX];
    struct hf_cursor cursor = hf_cursor_init(message);
    struct hf_bytes salt;
    struct hf_bytes sender;
    struct hf_push_record record;
    struct hf_secret shared = {0};
    uint32_t size = 0;
    uint8_t id_len = 0;
    if (message.len > HF_PUSH_MESSAGE_MAX || !hf_cursor_take(&cursor, HF_PUSH_SALT, &salt) ||
        !hf_cursor_be32(&cursor, &size) || !hf_cursor_u8(&cursor, &id_len) ||
        !hf_cursor_take(&cursor, id_len, &sender) || cursor.left <= TAG || cursor.left > size) {
        return HF_EINVAL;
    }
    if (hf_p256_agree(key, sender, &shared, /* err= */ NULL) != HF_OK) {
        return HF_EINVAL;
    }
    const struct hf_push_agreed agreed = {.shared = &shared,
                                          .auth = auth,
                                          .receiver = hf_p256_key_public(key),
                                          .sender = sender,
                                          .salt = salt};
    enum hf_rc rc = hf_push_derive(&agreed, &record);
    if (rc == HF_OK) {
        rc = unseal(&record, hf_bytes_of(cursor.ptr, cursor.left), text) ? HF_OK : HF_EBADSIG;
    }
    hf_secret_free(&shared);
    return rc == HF_OK ? unpad(text, cursor.left - TAG, plain) : rc;
}
