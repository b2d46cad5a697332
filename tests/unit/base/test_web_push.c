/* tests/unit/base/test_web_push.c: web push and VAPID against the RFCs' examples and against an end
 * of our own. */
#include "base/web_push.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "base/json_in.h"
#include "base/vapid.h"
#include "tests/harness/push_open.h"
#include "tests/harness/test.h"

/* An environment that gives bytes of the test, then a seeded generator's. */
struct script {
    struct hf_env env;
    struct hf_env_sim sim;
    uint8_t bytes[48];
    size_t at;
};

static void scripted(struct hf_env *env, void *ptr, size_t len)
{
    struct script *script = HF_CONTAINER_OF(env, struct script, env);
    HF_ASSERT(script->at + len <= sizeof script->bytes);
    memcpy(ptr, script->bytes + script->at, len);
    script->at += len;
}

static const struct hf_env_ops script_ops = {.random = scripted};

static void unbase64(const char *text, uint8_t *out, size_t len)
{
    size_t got = 0;
    HF_ASSERT(hf_base64url_decode(hf_str_c(text), out, len, &got) == HF_OK && got == len);
}

static struct hf_p256_key *key_of(const char *scalar)
{
    uint8_t bytes[HF_P256_SCALAR];
    struct hf_secret secret = {0};
    struct hf_p256_key *key = NULL;
    unbase64(scalar, bytes, sizeof bytes);
    HF_ASSERT(hf_secret_copy(hf_bytes_of(bytes, sizeof bytes), &secret) == HF_OK);
    HF_ASSERT(hf_p256_key_new(&secret, &key, NULL) == HF_OK);
    hf_secret_free(&secret);
    return key;
}

static struct hf_p256_key *drawn_key(struct hf_env *env)
{
    struct hf_secret secret = {0};
    struct hf_p256_key *key = NULL;
    HF_ASSERT(hf_p256_draw(env, &secret, NULL) == HF_OK);
    HF_ASSERT(hf_p256_key_new(&secret, &key, NULL) == HF_OK);
    hf_secret_free(&secret);
    return key;
}

/* base64url without padding: what section 10 of RFC 4648 spells, and that each value has one
 * spelling. */
HF_TEST(base64url)
{
    static const char *const good[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
    static const char *const bad[] = {"Z", "Zh", "Zg==", "Zm9", "Zm+v", "Zm/v", "Z g", "Zm9vY"};
    char out[16];
    uint8_t bytes[16];
    size_t len = 0;
    for (size_t i = 0; i < HF_LEN(good); i++) {
        hf_base64url_encode(hf_bytes_of("foobar", i), out);
        HF_CHECK_STR(hf_str_c(out), hf_str_c(good[i]));
        HF_CHECK(hf_base64url_decode(hf_str_c(good[i]), bytes, sizeof bytes, &len) == HF_OK);
        HF_CHECK(hf_bytes_eq(hf_bytes_of(bytes, len), hf_bytes_of("foobar", i)));
    }
    for (size_t i = 0; i < HF_LEN(bad); i++) {
        HF_CHECK(hf_base64url_decode(hf_str_c(bad[i]), bytes, sizeof bytes, &len) == HF_ESYNTAX);
    }
    hf_base64url_encode(HF_BYTES("\xfb\xff\xfe"), out);
    HF_CHECK_STR(hf_str_c(out), HF_STR("-__-"));
    HF_CHECK(hf_base64url_decode(HF_STR("Zm9vYmFy"), bytes, 5, &len) == HF_ETOOBIG);
}

/* The example of RFC 8291 section 5: with its key and salt for chance, its message comes out byte
 * by byte; and the receiver reads it. */
HF_TEST(rfc8291)
{
    struct script script = {.env = {&script_ops}};
    struct hf_push_keys to;
    uint8_t expected[144];
    struct hf_buf message = hf_buf_init(HF_PUSH_MESSAGE_MAX);
    struct hf_buf plain = hf_buf_init(HF_PUSH_MESSAGE_MAX);
    const struct hf_bytes text = HF_BYTES("When I grow up, I want to be a watermelon");
    unbase64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", script.bytes, 32);
    unbase64("DGv6ra1nlYgDCS1FRnbzlw", script.bytes + 32, 16);
    unbase64(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw"
        "4",
        to.p256dh, sizeof to.p256dh);
    unbase64("BTBZMqHH6r4Tts7J_aSIgg", to.auth, sizeof to.auth);
    unbase64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocIn"
        "mYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNW"
        "QexSgSxsj_Qulcy4a-fN",
        expected, sizeof expected);
    HF_CHECK(hf_push_encrypt(&script.env, &to, text, &message, NULL) == HF_OK);
    HF_CHECK(hf_bytes_eq(hf_buf_bytes(&message), hf_bytes_of(expected, sizeof expected)));
    struct hf_p256_key *key = key_of("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94");
    HF_CHECK(hf_bytes_eq(hf_p256_key_public(key), hf_bytes_of(to.p256dh, sizeof to.p256dh)));
    HF_CHECK(hf_push_open(key, hf_bytes_of(to.auth, sizeof to.auth), hf_buf_bytes(&message),
                          &plain) == HF_OK);
    HF_CHECK(hf_bytes_eq(hf_buf_bytes(&plain), text));
    hf_p256_key_free(key);
    hf_buf_free(&message);
    hf_buf_free(&plain);
}

/* Texts of every kind of length come back; one byte changed, another key or auth, and nothing
 * does; what is too long or for no key is refused. */
HF_TEST(round_trip)
{
    static uint8_t text[HF_PUSH_PLAIN_MAX + 1];
    static const size_t lens[] = {0, 1, 15, 16, 17, 1000, HF_PUSH_PLAIN_MAX};
    struct hf_env_sim sim;
    hf_env_sim_init(&sim, hf_test_seed());
    struct hf_p256_key *key = drawn_key(&sim.env);
    struct hf_p256_key *other = drawn_key(&sim.env);
    struct hf_push_keys to;
    memcpy(to.p256dh, hf_p256_key_public(key).ptr, sizeof to.p256dh);
    hf_env_random(&sim.env, to.auth, sizeof to.auth);
    hf_env_random(&sim.env, text, sizeof text);
    struct hf_bytes auth = hf_bytes_of(to.auth, sizeof to.auth);
    struct hf_buf message = hf_buf_init(HF_PUSH_MESSAGE_MAX);
    struct hf_buf plain = hf_buf_init(HF_PUSH_MESSAGE_MAX);
    for (size_t i = 0; i < HF_LEN(lens); i++) {
        hf_buf_clear(&message);
        hf_buf_clear(&plain);
        struct hf_bytes sent = hf_bytes_of(text, lens[i]);
        HF_CHECK(hf_push_encrypt(&sim.env, &to, sent, &message, NULL) == HF_OK);
        HF_CHECK_U64(message.len, lens[i] + HF_PUSH_OVERHEAD);
        HF_CHECK(hf_push_open(key, auth, hf_buf_bytes(&message), &plain) == HF_OK);
        HF_CHECK(hf_bytes_eq(hf_buf_bytes(&plain), sent));
        HF_CHECK(hf_push_open(other, auth, hf_buf_bytes(&message), &plain) == HF_EBADSIG);
    }
    for (size_t at = 0; at < message.len; at += 97) {
        message.ptr[at] ^= 1;
        HF_CHECK(hf_push_open(key, auth, hf_buf_bytes(&message), &plain) != HF_OK);
        message.ptr[at] ^= 1;
    }
    struct hf_err err = {0};
    HF_CHECK(hf_push_encrypt(&sim.env, &to, hf_bytes_of(text, sizeof text), &message, &err) ==
             HF_ETOOBIG);
    to.p256dh[40] ^= 1;
    HF_CHECK(!hf_p256_public_ok(hf_bytes_of(to.p256dh, sizeof to.p256dh)));
    HF_CHECK(hf_push_encrypt(&sim.env, &to, HF_BYTES("x"), &message, &err) == HF_EINVAL);
    hf_p256_key_free(key);
    hf_p256_key_free(other);
    hf_buf_free(&message);
    hf_buf_free(&plain);
}

/* Scalars outside of the curve's order are no keys: 0, the order itself, too few bytes. */
HF_TEST(scalars)
{
    static const char *const bad[] = {
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE",
        "_____________________________________________w",
        "AAAAAAAAAAAAAAAAAAAAAQ",
    };
    for (size_t i = 0; i < HF_LEN(bad); i++) {
        uint8_t bytes[48];
        size_t len = 0;
        struct hf_secret secret = {0};
        struct hf_p256_key *key = NULL;
        struct hf_err err = {0};
        HF_CHECK(hf_base64url_decode(hf_str_c(bad[i]), bytes, sizeof bytes, &len) == HF_OK);
        HF_CHECK(hf_secret_copy(hf_bytes_of(bytes, len), &secret) == HF_OK);
        HF_CHECK(hf_p256_key_new(&secret, &key, &err) == HF_EINVAL);
        hf_secret_free(&secret);
    }
}

/* Does OpenSSL, which knows nothing of how it was written, take the token's signature? */
static bool signature_good(struct hf_bytes public_key, struct hf_bytes message,
                           const uint8_t pair[HF_P256_SIGNATURE])
{
    uint8_t der[80] = {0x30};
    uint8_t spki[26 + HF_P256_PUBLIC] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                         0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                         0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
    const unsigned char *at = spki;
    struct hf_writer w = hf_writer_init(der + 2, sizeof der - 2);
    for (int i = 0; i < 2; i++) { /* INTEGERs without sign: a zero in front does no harm */
        const uint8_t *number = pair + (size_t)i * 32;
        size_t skip = 0;
        while (skip < 31 && number[skip] == 0) {
            skip++;
        }
        bool negative = (number[skip] & 0x80) != 0;
        hf_writer_u8(&w, 2);
        hf_writer_u8(&w, (uint8_t)(32 - skip + (negative ? 1 : 0)));
        hf_writer_put(&w, "", negative ? 1 : 0);
        hf_writer_put(&w, number + skip, 32 - skip);
    }
    der[1] = (uint8_t)w.len;
    memcpy(spki + 26, public_key.ptr, HF_P256_PUBLIC);
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, sizeof spki);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = key != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(ctx, der, w.len + 2, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return good;
}

/* Tokens of VAPID: the form of RFC 8292, the claims, and a signature that the key in it gives. */
HF_TEST(vapid)
{
    char value[HF_VAPID_VALUE_MAX];
    uint8_t signature[HF_P256_SIGNATURE];
    uint8_t claims[512];
    size_t len = 0;
    struct hf_env_sim sim;
    hf_env_sim_init(&sim, hf_test_seed());
    for (int n = 0; n < 50; n++) {
        struct hf_p256_key *key = drawn_key(&sim.env);
        struct hf_writer w = hf_writer_init(value, sizeof value);
        HF_CHECK(hf_vapid_write(key, HF_STR("https://push.example.net"),
                                HF_STR("mailto:admin@example.net"), 1700000000, &w, NULL) == HF_OK);
        struct hf_str text = {value, w.len};
        HF_CHECK(hf_str_starts(text, HF_STR("vapid t=")));
        const char *token = value + sizeof "vapid t=" - 1;
        const char *second = memchr(token, '.', w.len - 8);
        const char *third = memchr(second + 1, '.', w.len - (size_t)(second + 1 - value));
        const char *comma = memchr(third, ',', w.len - (size_t)(third - value));
        HF_CHECK(hf_base64url_decode((struct hf_str){second + 1, (size_t)(third - second - 1)},
                                     claims, sizeof claims, &len) == HF_OK);
        HF_CHECK_STR(((struct hf_str){(const char *)claims, len}),
                     HF_STR("{\"aud\":\"https://push.example.net\",\"exp\":1700000000,"
                            "\"sub\":\"mailto:admin@example.net\"}"));
        HF_CHECK(hf_base64url_decode((struct hf_str){third + 1, (size_t)(comma - third - 1)},
                                     signature, sizeof signature, &len) == HF_OK);
        struct hf_bytes signed_part = hf_bytes_of(token, (size_t)(third - token));
        HF_CHECK(signature_good(hf_p256_key_public(key), signed_part, signature));
        signature[5] ^= 1;
        HF_CHECK(!signature_good(hf_p256_key_public(key), signed_part, signature));
        hf_p256_key_free(key);
    }
}

/* The origin is what a push service's token is for; what is no plain URL of the web is refused. */
HF_TEST(origins)
{
    static const char *const good[][2] = {
        {"https://push.example.net/send/abc?x=1", "https://push.example.net"},
        {"https://push.example.net", "https://push.example.net"},
        {"https://push.example.net:8443/", "https://push.example.net:8443"},
        {"http://127.0.0.1:99/x", "http://127.0.0.1:99"},
        {"https://[::1]:99/x", "https://[::1]:99"},
    };
    static const char *const bad[] = {"",         "https://",     "ftp://example.net/",
                                      "push",     "https:///x",   "https://a@example.net/",
                                      "file:///", "https://a b/", "https://example.net#x"};
    struct hf_str origin;
    struct hf_err err = {0};
    for (size_t i = 0; i < HF_LEN(good); i++) {
        HF_CHECK(hf_origin_of(hf_str_c(good[i][0]), &origin, NULL) == HF_OK);
        HF_CHECK_STR(origin, hf_str_c(good[i][1]));
    }
    for (size_t i = 0; i < HF_LEN(bad); i++) {
        HF_CHECK(hf_origin_of(hf_str_c(bad[i]), &origin, &err) == HF_EINVAL);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(base64url), HF_TEST_CASE(rfc8291), HF_TEST_CASE(round_trip),
             HF_TEST_CASE(scalars), HF_TEST_CASE(vapid), HF_TEST_CASE(origins))
