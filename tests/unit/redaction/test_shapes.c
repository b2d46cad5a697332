/* tests/unit/redaction/test_shapes.c: tokens of every shape are found, and what only looks like one
 * is let pass. All tokens are drawn while the test runs. */
#include "wrapper/redaction/shapes.h"

#include <stdio.h>

#include "base/base64.h"
#include "tests/harness/test.h"
#include "tests/unit/redaction/compose.h"
#include "wrapper/redaction/sample.h"

static struct hf_redactor *redactor;
static struct hf_buf out;

static void redact(struct hf_bytes text)
{
    struct hf_err err;
    hf_buf_clear(&out);
    HF_ASSERT(compose_redact(redactor, text, text.len + 1, NULL, &out, NULL, &err) == HF_OK);
}

static void begin(void)
{
    redactor = compose_redactor(false);
    out = hf_buf_init(COMPOSE_MAX);
}

static void end(void)
{
    hf_redactor_free(redactor);
    hf_buf_free(&out);
}

static bool passes(const char *text)
{
    redact(hf_str_bytes(hf_str_c(text)));
    return hf_str_eq(hf_bytes_str(hf_buf_bytes(&out)), hf_str_c(text));
}

/* Each shape in the places where tokens stand: the token is gone, all of it, what is around it
 * stays, and what is there instead names the shape's kind. */
HF_TEST(found)
{
    static const char *const around[][2] = {{"", ""},
                                            {"export KEY=", "\n"},
                                            {"{\"key\":\"", "\"}"},
                                            {"(", ")"},
                                            {"the key is ", "."},
                                            {"a line\\n", "\\nanother"},
                                            {"url?key=", "&x"},
                                            {"%0A", "%0A"},
                                            {"\x1b[32m", "\x1b[0m"},
                                            {"<b>", "</b>"},
                                            {"Authorization: Bearer ", "\r\n"}};
    begin();
    for (size_t i = 0; i < hf_shape_count; i++) {
        const struct hf_shape *shape = &hf_shapes[i];
        for (size_t k = 0; k < HF_LEN(around) && shape->layer == HF_REDACTION_TOKEN; k++) {
            if (around[k][1][0] == '.' &&
                (strstr(shape->pattern, "~.-]") || strstr(shape->pattern, "w.=-]"))) {
                continue; /* a point can be a part of it */
            }
            struct hf_buf text = hf_buf_init(10000), expected = hf_buf_init(10000);
            size_t at;
            hf_buf_str(&text, hf_str_c(around[k][0]));
            hf_shape_sample(shape, 1000 * i + k, &text, &at);
            size_t len = text.len;
            hf_buf_str(&text, hf_str_c(around[k][1]));
            redact(hf_buf_bytes(&text));
            at += shape->keep;
            hf_buf_put(&expected, text.ptr, at);
            hf_buf_printf(&expected, "HFX_%s_", shape->kind);
            size_t tail = strlen(around[k][1]);
            bool right = out.len == expected.len + 14 + tail &&
                         memcmp(out.ptr, expected.ptr, expected.len) == 0 &&
                         memcmp(out.ptr + out.len - tail, around[k][1], tail) == 0;
            if (!right) {
                hf_test_fail(__FILE__, __LINE__, "%s in place %zu: %.*s became %.*s", shape->name,
                             k, (int)len, (const char *)text.ptr, (int)out.len,
                             (const char *)out.ptr);
            }
            hf_buf_free(&text);
            hf_buf_free(&expected);
        }
    }
    end();
}

/* With a wrong checksum, or something else than what has to be within, each passes unchanged. */
HF_TEST(wrong_check)
{
    size_t spoiled = 0;
    begin();
    for (size_t i = 0; i < 4 * hf_shape_count; i++) {
        const struct hf_shape *shape = &hf_shapes[i / 4];
        struct hf_buf text = hf_buf_init(10000);
        size_t at;
        hf_shape_sample(shape, i, &text, &at);
        if (hf_shape_spoil(shape, text.ptr + at, text.len - at)) {
            spoiled++;
            redact(hf_buf_bytes(&text));
            if (!hf_bytes_eq(hf_buf_bytes(&out), hf_buf_bytes(&text))) {
                hf_test_fail(__FILE__, __LINE__, "%s: %.*s became %.*s", shape->name, (int)text.len,
                             (const char *)text.ptr, (int)out.len, (const char *)out.ptr);
            }
        }
        hf_buf_free(&text);
    }
    HF_CHECK(spoiled > 80);
    end();
}

/* One byte less than its shape needs, and within a longer word where an edge is asked for: neither
 * is a token. */
HF_TEST(too_short)
{
    begin();
    for (size_t i = 0; i < hf_shape_count; i++) {
        const struct hf_shape *shape = &hf_shapes[i];
        struct hf_buf text = hf_buf_init(10000);
        size_t at;
        hf_buf_str(&text, HF_STR("q"));
        hf_shape_sample(shape, i, &text, &at);
        bool open_end = shape->check == HF_TOKEN_PEM || shape->check == HF_TOKEN_PEM64 ||
                        shape->check == HF_TOKEN_JWT || shape->check == HF_TOKEN_GITLAB ||
                        shape->check == HF_TOKEN_MIXED || shape->layer == HF_REDACTION_ALLOW;
        if (shape->left == HF_LEFT_EDGE) {
            redact(hf_buf_bytes(&text));
            HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&out)), hf_bytes_str(hf_buf_bytes(&text)));
        }
        if (!open_end && strcmp(shape->name, "mailchimp") != 0 &&
            strcmp(shape->name, "slack-bot") != 0 &&
            strcmp(shape->name, "aws-bedrock-short") != 0) {
            struct hf_bytes less = {text.ptr + 1, text.len - 2};
            redact(less);
            HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&out)), hf_bytes_str(less));
        }
        hf_buf_free(&text);
    }
    end();
}

/* What is public, what only names a thing, and what has digits by the dozen. */
HF_TEST(harmless)
{
    static const char *const texts[] = {
        "550e8400-e29b-41d4-a716-446655440000",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+w==",
        "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012 toolu_01A09q90qw90lq917835lq9 msg_013Zva2CMHLN",
        "sk-learn and task-sk-something, pul-up, key-value, s.getElementsByTagNameNode, SKU 123",
        "hf_transformers_some_function_name_that_is_long()",
        "AC0123456789abcdef0123456789abcdef", /* an account of Twilio: an id */
        "pk_live_0123456789abcdefghij",       /* Stripe's public key */
        "eyJ.eyJ. eyJhbGciOi is how they begin",
        "12345678901234567890 2026-11-30T12:00:00Z 192.168.100.200:8443",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334 :AA",
        "HFX_github_0123456789ABCD",
        "/usr/lib/python3/dist-packages/ya29/glpat-/gsk_/xoxb-/AKIA.py",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"};
    begin();
    for (size_t i = 0; i < HF_LEN(texts); i++) {
        if (!passes(texts[i])) {
            hf_test_fail(__FILE__, __LINE__, "%s became %.*s", texts[i], (int)out.len,
                         (const char *)out.ptr);
        }
    }
    end();
}

/* Public keys and certificates pass, also in JSON and in base64; the same body as a private key
 * does not, cut off neither. */
HF_TEST(pem)
{
    static const char body[] = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKq6bWYQbXpXBKHJGpeHCWhTzEdXu";
    static const char *const labels[] = {"PUBLIC KEY",           "CERTIFICATE",
                                         "RSA PUBLIC KEY",       "CERTIFICATE REQUEST",
                                         "PGP PUBLIC KEY BLOCK", "PRIVATE KEY",
                                         "RSA PRIVATE KEY",      "EC PRIVATE KEY",
                                         "OPENSSH PRIVATE KEY",  "ENCRYPTED PRIVATE KEY",
                                         "PGP PRIVATE KEY BLOCK"};
    begin();
    for (size_t i = 0; i < 3 * HF_LEN(labels); i++) {
        const char *label = labels[i / 3], *line = i % 3 == 1 ? "\\n" : "\n";
        bool secret = strstr(label, "PRIVATE") != NULL;
        char text[1000], text64[HF_BASE64_LEN(1000) + 1];
        (void)snprintf(text, sizeof text, "-----BEGIN %s-----%s%s%s%s%s-----END %s-----", label,
                       line, body, line, body, line, label);
        if (i % 3 == 2) {
            hf_base64_encode(hf_str_bytes(hf_str_c(text)), text64);
        }
        HF_CHECK(passes(i % 3 == 2 ? text64 : text) == !secret);
        HF_CHECK(secret == (memmem(out.ptr, out.len, "HFX_privatekey_", 15) != NULL));
        HF_CHECK(!secret || memmem(out.ptr, out.len, body, 30) == NULL);
        if (i % 3 == 0) {
            text[strlen(text) - strlen(label) - 30] = '\0'; /* in the middle of the second line */
            HF_CHECK(passes(text) == !secret);
        }
    }
    HF_CHECK(passes(
        "Begin with -----BEGIN PRIVATE KEY-----, then your key, -----END PRIVATE KEY-----."));
    end();
}

/* Examples of documentation and OpenClaw's sentinels pass and are counted. */
HF_TEST(allowed)
{
    struct hf_redaction_counts counts = {0};
    struct hf_redaction_sink sink = {0};
    struct hf_err err;
    char text[300];
    (void)snprintf(text, sizeof text, "AKIA%s7EXAMPLE glpat-%s oc-sent-v2.%s.end", "IOSFODNN",
                   "xxxxxxxxxxxxxxxxxxxx", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj");
    begin();
    HF_CHECK(passes(text));
    HF_CHECK_OK(hf_redact(redactor, hf_str_bytes(hf_str_c(text)), &sink, &counts, &err), err);
    HF_CHECK_U64(counts.matches[HF_REDACTION_ALLOW], 3);
    HF_CHECK_U64(counts.matches[HF_REDACTION_TOKEN], 0);
    end();
}

/* Names are unique, kinds are valid in placeholders. */
HF_TEST(table)
{
    HF_CHECK(hf_shape_count >= 100);
    for (size_t i = 0; i < hf_shape_count; i++) {
        HF_CHECK(strlen(hf_shapes[i].kind) <= HF_REDACTION_KIND_MAX);
        for (size_t k = 0; k < i; k++) {
            HF_CHECK(strcmp(hf_shapes[i].name, hf_shapes[k].name) != 0);
        }
    }
}

HF_TEST_MAIN(HF_TEST_CASE(found), HF_TEST_CASE(wrong_check), HF_TEST_CASE(too_short),
             HF_TEST_CASE(harmless), HF_TEST_CASE(pem), HF_TEST_CASE(allowed), HF_TEST_CASE(table))
