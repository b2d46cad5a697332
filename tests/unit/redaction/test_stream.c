/* tests/unit/redaction/test_stream.c: text goes through, secrets do not, however it is divided. */
#include "wrapper/redaction/redaction.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "tests/harness/test.h"

static struct hf_buf out;

static enum hf_rc keep(void *arg, struct hf_bytes bytes)
{
    (void)arg;
    hf_buf_put(&out, bytes.ptr, bytes.len);
    return out.failed;
}

static struct hf_secret secret_of(const char *text)
{
    struct hf_secret secret = {0};
    HF_ASSERT(hf_crypto_init(NULL) == HF_OK &&
              hf_secret_copy(hf_str_bytes(hf_str_c(text)), &secret) == HF_OK);
    return secret;
}

/* A redactor of two secrets, one of which begins with the other. */
static struct hf_redactor *two_secrets(void)
{
    struct hf_secret key = secret_of("0123456789abcdef0123456789abcdef");
    struct hf_secret a = secret_of("correct horse"), b = secret_of("correct horse battery");
    struct hf_redaction_secret secrets[] = {{HF_STR("a"), HF_STR("short"), &a},
                                            {HF_STR("b"), HF_STR("long"), &b}};
    struct hf_redactor_config config = {&key, secrets, 2, false};
    struct hf_redactor *redactor = NULL;
    struct hf_err err;
    HF_ASSERT(hf_redaction_init(&err) == HF_OK);
    HF_ASSERT(hf_redactor_new(&config, &redactor, &err) == HF_OK);
    hf_secret_free(&key);
    hf_secret_free(&a);
    hf_secret_free(&b);
    return redactor;
}

/* The longer secret wins, the shorter one is found as well, and nothing else changes; fed whole,
 * byte by byte and in all pairs, the output is the same. */
HF_TEST(divided)
{
    struct hf_redactor *redactor = two_secrets();
    struct hf_str text = HF_STR("x correct horse battery, correct horse bat and correct hors");
    struct hf_err err;
    struct hf_redaction_sink sink = {.emit = keep};
    struct hf_redaction_stream *stream;
    out = hf_buf_init(1000);
    HF_CHECK_OK(hf_redact(redactor, hf_str_bytes(text), &sink, NULL, &err), err);
    struct hf_str expected = hf_bytes_str(hf_buf_bytes(&out));
    HF_CHECK(memmem(expected.ptr, expected.len, "correct horse", 13) == NULL);
    HF_CHECK(memcmp(expected.ptr, "x HFX_long_", 11) == 0);
    struct hf_buf whole = out;
    HF_CHECK_OK(hf_redaction_stream_open(redactor, &sink, &stream, &err), err);
    for (size_t border = 0; border <= text.len; border++) {
        out = hf_buf_init(1000);
        HF_CHECK_OK(hf_redaction_feed(stream, hf_bytes_of(text.ptr, border), &err), err);
        for (size_t i = border; i < text.len; i++) {
            HF_CHECK_OK(hf_redaction_feed(stream, hf_bytes_of(text.ptr + i, 1), &err), err);
        }
        HF_CHECK_OK(hf_redaction_end(stream, &err), err);
        HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&out)), expected);
        hf_buf_free(&out);
    }
    HF_CHECK_U64(hf_redaction_counts(stream)->texts, text.len + 1);
    hf_redaction_stream_close(stream);
    hf_buf_free(&whole);
    HF_CHECK_OK(hf_redaction_self_test(redactor, &err), err);
    hf_redactor_free(redactor);
}

HF_TEST_MAIN(HF_TEST_CASE(divided))
