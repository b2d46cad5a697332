/* tests/fuzz/push/fuzz_push.c: what a receiver of web push takes.
 *
 * What is encrypted for it comes back; the input, being of nobody who knows its keys, never does.
 */
#include "base/assert.h"
#include "base/crypto.h"
#include "tests/harness/push_open.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void there_and_back(struct hf_env *env, const struct hf_p256_key *key,
                           const struct hf_push_keys *to, struct hf_bytes text)
{
    struct hf_buf message = hf_buf_init(HF_PUSH_MESSAGE_MAX);
    struct hf_buf plain = hf_buf_init(HF_PUSH_MESSAGE_MAX);
    HF_ASSERT(hf_push_encrypt(env, to, text, &message, NULL) == HF_OK);
    HF_ASSERT(message.len == text.len + HF_PUSH_OVERHEAD);
    HF_ASSERT(hf_push_open(key, hf_bytes_of(to->auth, HF_PUSH_AUTH), hf_buf_bytes(&message),
                           &plain) == HF_OK);
    HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&plain), text));
    hf_buf_free(&message);
    hf_buf_free(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_env_sim sim;
    struct hf_secret scalar = {0};
    struct hf_p256_key *key = NULL;
    struct hf_push_keys to = {.auth = {1, 2, 3}};
    struct hf_buf plain = hf_buf_init(HF_PUSH_MESSAGE_MAX);
    struct hf_bytes input = hf_bytes_of(data, size);
    hf_env_sim_init(&sim, 1);
    HF_ASSERT(hf_crypto_init(NULL) == HF_OK);
    HF_ASSERT(hf_p256_draw(&sim.env, &scalar, NULL) == HF_OK);
    HF_ASSERT(hf_p256_key_new(&scalar, &key, NULL) == HF_OK);
    memcpy(to.p256dh, hf_p256_key_public(key).ptr, sizeof to.p256dh);
    HF_ASSERT(hf_push_open(key, hf_bytes_of(to.auth, HF_PUSH_AUTH), input, &plain) != HF_OK);
    if (size <= HF_PUSH_PLAIN_MAX) {
        there_and_back(&sim.env, key, &to, input);
    }
    /* Bytes of others as a subscription's key: taken when they are a point, refused otherwise. */
    if (size >= HF_P256_PUBLIC) {
        struct hf_buf message = hf_buf_init(HF_PUSH_MESSAGE_MAX);
        memcpy(to.p256dh, data, HF_P256_PUBLIC);
        bool good = hf_p256_public_ok(hf_bytes_of(data, HF_P256_PUBLIC));
        enum hf_rc rc = hf_push_encrypt(&sim.env, &to, HF_BYTES("x"), &message, NULL);
        HF_ASSERT(rc == (good ? HF_OK : HF_EINVAL));
        hf_buf_free(&message);
    }
    hf_p256_key_free(key);
    hf_secret_free(&scalar);
    hf_buf_free(&plain);
    return 0;
}
