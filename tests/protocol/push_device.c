/* tests/protocol/push_device.c: a device that subscribes to web push, for tests in Python.
 *
 *   push_device            draws a key; prints a line "P256DH AUTH" in base64url, then reads lines
 *                          of hexadecimal, each a message of a push service, and prints each one's
 *                          text as a line, or "refused"
 */
#include <stdio.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "tests/harness/push_open.h"

#define MESSAGE_LINE (2 * HF_PUSH_MESSAGE_MAX + 2)

static int serve(const struct hf_p256_key *key, const uint8_t auth[HF_PUSH_AUTH])
{
    static char line[MESSAGE_LINE];
    static uint8_t message[HF_PUSH_MESSAGE_MAX];
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct hf_buf text = hf_buf_init(HF_PUSH_MESSAGE_MAX);
        size_t len = 0;
        struct hf_str hex = {line, strcspn(line, "\n")};
        enum hf_rc rc = hf_hex_decode(hex, message, sizeof message, &len, NULL);
        if (rc == HF_OK) {
            rc = hf_push_open(key, hf_bytes_of(auth, HF_PUSH_AUTH), hf_bytes_of(message, len),
                              &text);
        }
        if (rc == HF_OK) {
            (void)printf("%.*s\n", (int)text.len, (const char *)text.ptr);
        } else {
            (void)printf("refused\n");
        }
        (void)fflush(stdout);
        hf_buf_free(&text);
    }
    return 0;
}

int main(void)
{
    struct hf_env *env = hf_env_os();
    struct hf_secret scalar = {0};
    struct hf_p256_key *key = NULL;
    uint8_t auth[HF_PUSH_AUTH];
    char texts[2][HF_BASE64_LEN(HF_P256_PUBLIC) + 1];
    if (hf_crypto_init(NULL) != HF_OK || hf_p256_draw(env, &scalar, NULL) != HF_OK ||
        hf_p256_key_new(&scalar, &key, NULL) != HF_OK) {
        return 1;
    }
    hf_env_random(env, auth, sizeof auth);
    hf_base64url_encode(hf_p256_key_public(key), texts[0]);
    hf_base64url_encode(hf_bytes_of(auth, sizeof auth), texts[1]);
    (void)printf("%s %s\n", texts[0], texts[1]);
    (void)fflush(stdout);
    int code = serve(key, auth);
    hf_p256_key_free(key);
    hf_secret_free(&scalar);
    return code;
}
