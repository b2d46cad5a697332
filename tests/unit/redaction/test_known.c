/* tests/unit/redaction/test_known.c: registered secrets, in every spelling, and who may be one. */
#include "base/base64.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "tests/unit/redaction/compose.h"
#include "wrapper/redaction/encodings.h"

struct spell {
    struct hf_redactor *redactor;
    struct hf_buf first; /* what the value itself became */
    size_t count;
    const char *wrong;
};

static enum hf_rc try_spelling(void *arg, const char *name, struct hf_bytes spelling)
{
    struct spell *spell = arg;
    struct hf_buf out = hf_buf_init(COMPOSE_MAX);
    struct hf_err err;
    HF_ASSERT(compose_redact(spell->redactor, spelling, 7, NULL, &out, NULL, &err) == HF_OK);
    if (spell->count++ == 0) {
        spell->first = out;
        return HF_OK;
    }
    if (!hf_bytes_eq(hf_buf_bytes(&out), hf_buf_bytes(&spell->first))) {
        spell->wrong = name;
    }
    hf_buf_free(&out);
    return HF_OK;
}

/* Every spelling of a secret becomes the placeholder of the secret itself. */
HF_TEST(one_placeholder)
{
    struct hf_redactor *redactor = compose_redactor(true);
    for (size_t i = 0; i < COMPOSE_SECRETS; i++) {
        struct spell spell = {.redactor = redactor};
        struct hf_bytes value = hf_str_bytes(hf_str_c(compose_secrets[i]));
        HF_CHECK_RC(hf_spellings(value, try_spelling, &spell), HF_OK);
        HF_CHECK_STR(hf_str_c(spell.wrong == NULL ? "" : spell.wrong), HF_STR(""));
        HF_CHECK(spell.count > 30 && spell.first.len == 4 + 2 + 1 + 14);
        hf_buf_free(&spell.first);
    }
    hf_redactor_free(redactor);
}

/* Basic authentication: the secret is found behind users of any length. */
HF_TEST(basic)
{
    struct hf_redactor *redactor = compose_redactor(true);
    static const char *const users[] = {"u", "us", "use", "user", "someone"};
    for (size_t i = 0; i < HF_LEN(users) * 2; i++) {
        struct hf_buf plain = hf_buf_init(1000), out = hf_buf_init(2000);
        char text[2000];
        hf_buf_printf(&plain, "%s:%s", users[i / 2], compose_secrets[i % 2]);
        hf_base64_encode(hf_buf_bytes(&plain), text);
        struct hf_err err;
        HF_CHECK_OK(
            compose_redact(redactor, hf_str_bytes(hf_str_c(text)), 3, NULL, &out, NULL, &err), err);
        HF_CHECK(memmem(out.ptr, out.len, "HFX_s", 5) != NULL);
        HF_CHECK(out.len < 40); /* the user, a placeholder, and what padding is left */
        hf_buf_free(&plain);
        hf_buf_free(&out);
    }
    hf_redactor_free(redactor);
}

/* A redactor of one secret. */
static enum hf_rc register_one(const char *value, size_t len, const char *kind, struct hf_err *err,
                               struct hf_redactor **ret)
{
    struct hf_secret key, secret;
    HF_ASSERT(hf_crypto_init(NULL) == HF_OK && hf_redaction_init(NULL) == HF_OK);
    HF_ASSERT(hf_secret_copy(HF_BYTES("0123456789abcdef0123456789abcdef"), &key) == HF_OK &&
              hf_secret_copy(hf_bytes_of(value, len), &secret) == HF_OK);
    struct hf_redaction_secret one = {HF_STR("the one"), hf_str_c(kind), &secret};
    struct hf_redactor_config config = {&key, &one, 1, true};
    enum hf_rc rc = hf_redactor_new(&config, ret, err);
    hf_secret_free(&key);
    hf_secret_free(&secret);
    return rc;
}

/* Too short, too long, too monotonous, a word of ordinary texts, of no kind: refused by name, and
 * the value is not in the text. */
HF_TEST(refused)
{
    static char big[HF_REDACTION_SECRET_MAX + 1];
    struct hf_redactor *redactor = NULL;
    struct hf_err err;
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = "abcdefgh"[i % 8];
    }
    HF_CHECK_RC(register_one("short7!", 7, "a", &err, &redactor), HF_EINVAL);
    HF_CHECK(strstr(err.text, "the one") != NULL && strstr(err.text, "short7!") == NULL);
    HF_CHECK_RC(register_one(big, sizeof big, "a", &err, &redactor), HF_EINVAL);
    HF_CHECK_RC(register_one("aabbccaabbcc", 12, "a", &err, &redactor), HF_EINVAL);
    HF_CHECK_RC(register_one("Production", 10, "a", &err, &redactor), HF_EINVAL);
    HF_CHECK(strstr(err.text, "word") != NULL && strstr(err.text, "roduction") == NULL);
    HF_CHECK(hf_redaction_unfit(HF_BYTES("production2")) == NULL);
    HF_CHECK_RC(register_one("long enough", 11, "A kind", &err, &redactor), HF_EINVAL);
    HF_CHECK_RC(register_one("long enough", 11, "", &err, &redactor), HF_EINVAL);
    HF_CHECK_OK(register_one(big, sizeof big - 1, "a", &err, &redactor), err);
    HF_CHECK_OK(hf_redaction_self_test(redactor, &err), err);
    hf_redactor_free(redactor);
}

/* Secrets that overlap in a text: nothing of either is left. */
HF_TEST(overlap)
{
    struct hf_redactor *redactor = compose_redactor(true);
    struct hf_buf out = hf_buf_init(1000);
    struct hf_err err;
    /* "0123abcd" ends where s3 begins in base64, and one is in the other */
    struct hf_bytes text = HF_BYTES("<0123abcdZm9vYmFyYmF6cXV4Zm9vYmFy> 0123abc0123abcd");
    HF_CHECK_OK(compose_redact(redactor, text, 5, NULL, &out, NULL, &err), err);
    HF_CHECK(out.len == 1 + 2 * 21 + 2 + 7 + 21);
    HF_CHECK(compose_leak(hf_buf_bytes(&out)) == NULL);
    hf_buf_free(&out);
    hf_redactor_free(redactor);
}

/* The self-test passes; it is of these secrets and all shapes. Shared, a redactor lives as long
 * as its last owner. */
HF_TEST(self_test)
{
    struct hf_redactor *redactor = compose_redactor(false);
    struct hf_redactor *other = hf_redactor_share(redactor);
    struct hf_err err;
    hf_redactor_free(redactor);
    HF_CHECK_OK(hf_redaction_self_test(other, &err), err);
    hf_redactor_free(other);
}

/* Goal: with few secrets and nothing else nothing is read past the end of a text. Method: sets of 1
 * to 12 secrets, drawn, whose self-test goes through guarded memory that ends where a text does. */
HF_TEST(few)
{
    struct hf_env_sim sim;
    hf_env_sim_init(&sim, hf_test_seed());
    for (size_t round = 0; round < 60; round++) {
        size_t count = 1 + round % 12;
        struct hf_secret key;
        struct hf_secret values[12];
        struct hf_redaction_secret secrets[12];
        struct hf_redactor *redactor = NULL;
        struct hf_err err = {0};
        for (size_t i = 0; i < count; i++) {
            uint8_t bytes[24];
            char text[49];
            hf_env_random(&sim.env, bytes, sizeof bytes);
            hf_hex_encode(hf_bytes_of(bytes, sizeof bytes), text);
            for (size_t k = 0; k < 48; k++) {
                text[k] = (char)(text[k] + (bytes[k % 24] >> 4)); /* more than hexadecimal digits */
            }
            size_t len = 16u + bytes[0] % 33u;
            HF_CHECK_RC(hf_secret_copy(hf_bytes_of(text, len), &values[i]), HF_OK);
            secrets[i] = (struct hf_redaction_secret){HF_STR("few"), HF_STR("few"), &values[i]};
        }
        HF_CHECK_RC(hf_secret_copy(HF_BYTES("0123456789abcdef0123456789abcdef"), &key), HF_OK);
        const struct hf_redactor_config config = {&key, secrets, count, true};
        HF_CHECK_OK(hf_redactor_new(&config, &redactor, &err), err);
        HF_CHECK_OK(hf_redaction_self_test(redactor, &err), err);
        hf_redactor_free(redactor);
        for (size_t i = 0; i < count; i++) {
            hf_secret_free(&values[i]);
        }
        hf_secret_free(&key);
    }
}

/* The n-th allocation fails while a redactor is made: HF_ENOMEM, and nothing leaks. */
HF_TEST(no_memory)
{
    for (uint64_t n = 1;; n++) {
        struct hf_redactor *redactor = NULL;
        struct hf_err err;
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        enum hf_rc rc = register_one("a registered value", 18, "a", &err, &redactor);
        bool hit = hf_sweep_end() >= n;
        HF_CHECK_RC(rc, hit ? HF_ENOMEM : HF_OK);
        if (!hit) {
            HF_CHECK(n > 10);
            hf_redactor_free(redactor);
            break;
        }
    }
}

HF_TEST_MAIN(HF_TEST_CASE(one_placeholder), HF_TEST_CASE(basic), HF_TEST_CASE(refused),
             HF_TEST_CASE(overlap), HF_TEST_CASE(self_test), HF_TEST_CASE(few),
             HF_TEST_CASE(no_memory))
