/* base/web_push.h: the encryption of web push messages: RFC 8291 on aes128gcm of RFC 8188.
 *
 *   message: salt 16 | u32 record size 4096 | u8 65 | our public key 65 | ciphertext | tag 16
 *
 * One record, so that what is sent to a push service has at most 4,096 bytes. The key and the salt
 * of each message are drawn from env. What the push service sees tells it nothing but a length.
 * Pure but for the drawing; any thread.
 */
#ifndef HF_BASE_WEB_PUSH_H
#define HF_BASE_WEB_PUSH_H

#include "base/buf.h"
#include "base/p256.h"

#define HF_PUSH_AUTH        16
#define HF_PUSH_SALT        16
#define HF_PUSH_MESSAGE_MAX 4096
/* Header, one byte that ends the record, tag. */
#define HF_PUSH_OVERHEAD    (HF_PUSH_SALT + 4 + 1 + HF_P256_PUBLIC + 1 + 16)
#define HF_PUSH_PLAIN_MAX   (HF_PUSH_MESSAGE_MAX - HF_PUSH_OVERHEAD)

/* Of a subscription, as the browser gave them. */
struct hf_push_keys {
    uint8_t p256dh[HF_P256_PUBLIC];
    uint8_t auth[HF_PUSH_AUTH];
};

/* Appends plain.len + HF_PUSH_OVERHEAD bytes to buf. HF_ETOOBIG; HF_EINVAL: p256dh is no key. */
enum hf_rc hf_push_encrypt(struct hf_env *env, const struct hf_push_keys *to, struct hf_bytes plain,
                           struct hf_buf *buf, struct hf_err *err);

/* What sender and receiver have in common: the key and nonce of a message's one record. `shared`
 * is what hf_p256_agree gives, receiver and sender are the public keys. */
struct hf_push_record {
    uint8_t key[16];
    uint8_t nonce[12];
};

struct hf_push_agreed {
    const struct hf_secret *shared;
    struct hf_bytes auth;
    struct hf_bytes receiver;
    struct hf_bytes sender;
    struct hf_bytes salt;
};
/* HF_ENOMEM. Wipe it after use. */
enum hf_rc hf_push_derive(const struct hf_push_agreed *agreed, struct hf_push_record *ret);

#endif
