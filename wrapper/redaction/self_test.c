/* wrapper/redaction/self_test.c: canaries through the live path.
 *
 * Each registered secret in each of its spellings, a token of each shape, and the same token with
 * its check spoiled, which has to come out as it went in; each whole and divided in the middle.
 */
#include "base/buf.h"
#include "wrapper/redaction/encodings.h"
#include "wrapper/redaction/redactor.h"
#include "wrapper/redaction/sample.h"

#define OUT_MAX ((size_t)HF_SPELLING_FACTOR * HF_REDACTION_SECRET_MAX + HF_SPELLING_REST)

struct self_test {
    struct hf_redactor *redactor;
    struct hf_redaction_stream *stream;
    struct hf_buf out;
    const struct hf_known *known; /* the one whose spellings are tried */
    struct hf_err *err;
};

static enum hf_rc keep(void *arg, struct hf_bytes bytes)
{
    struct self_test *test = arg;
    hf_buf_put(&test->out, bytes.ptr, bytes.len);
    return test->out.failed;
}

/* What becomes of the text, divided after `border` bytes, is in test->out. */
static enum hf_rc pass(struct self_test *test, struct hf_bytes text, size_t border)
{
    hf_buf_clear(&test->out);
    enum hf_rc rc = hf_redaction_feed(test->stream, hf_bytes_of(text.ptr, border), test->err);
    if (rc == HF_OK) {
        struct hf_bytes rest = {text.ptr + border, text.len - border};
        rc = hf_redaction_feed(test->stream, rest, test->err);
    }
    return rc == HF_OK ? hf_redaction_end(test->stream, test->err) : rc;
}

static enum hf_rc wrong(struct self_test *test, const char *what, struct hf_str name,
                        const char *spelling)
{
    return hf_err_set(test->err, HF_ECORRUPT,
                      "the self-test of redaction failed: %s %.*s%s%s came out wrong", what,
                      HF_STR_ARG(name), spelling[0] == '\0' ? "" : " as ", spelling);
}

/* A secret may contain another one, or be spelled like one: it has to become a placeholder, and
 * nothing else may be left. */
static enum hf_rc try_spelling(void *arg, const char *name, struct hf_bytes spelling)
{
    struct self_test *test = arg;
    for (size_t half = 0; half <= 1; half++) {
        enum hf_rc rc = pass(test, spelling, half * spelling.len / 2);
        if (rc != HF_OK) {
            return rc;
        }
        struct hf_str out = hf_bytes_str(hf_buf_bytes(&test->out));
        struct hf_placeholder found;
        if (!hf_placeholder_parse(out, &found) || found.len != out.len) {
            return wrong(test, "secret", test->known->name, name);
        }
    }
    return HF_OK;
}

static enum hf_rc try_text(struct self_test *test, struct hf_bytes text, struct hf_bytes expected,
                           const struct hf_shape *shape)
{
    for (size_t half = 0; half <= 1; half++) {
        enum hf_rc rc = pass(test, text, half * text.len / 2);
        if (rc != HF_OK) {
            return rc;
        }
        if (!hf_bytes_eq(hf_buf_bytes(&test->out), expected)) {
            return wrong(test, "shape", hf_str_c(shape->name), "");
        }
    }
    return HF_OK;
}

static enum hf_rc try_shape(struct self_test *test, const struct hf_shape *shape, uint64_t seed)
{
    struct hf_buf text = hf_buf_init(8192), expected = hf_buf_init(8192);
    size_t at;
    hf_shape_sample(shape, seed, &text, &at);
    enum hf_rc rc = text.failed;
    if (rc == HF_OK) {
        struct hf_bytes secret = {text.ptr + at + shape->keep, text.len - at - shape->keep};
        struct hf_placeholder placeholder;
        hf_placeholder_make(hf_redactor_key(test->redactor), hf_str_c(shape->kind), secret,
                            &placeholder);
        hf_buf_put(&expected, text.ptr, at + shape->keep);
        if (shape->layer == HF_REDACTION_ALLOW) {
            hf_buf_put(&expected, secret.ptr, secret.len);
        } else {
            hf_buf_str(&expected, hf_placeholder_str(&placeholder));
        }
        rc = expected.failed;
    }
    rc = rc == HF_OK ? try_text(test, hf_buf_bytes(&text), hf_buf_bytes(&expected), shape) : rc;
    if (rc == HF_OK && hf_shape_spoil(shape, text.ptr + at, text.len - at)) {
        rc = try_text(test, hf_buf_bytes(&text), hf_buf_bytes(&text), shape);
    }
    hf_buf_free(&text);
    hf_buf_free(&expected);
    return rc;
}

static enum hf_rc try_all(struct self_test *test)
{
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; rc == HF_OK && i < test->redactor->known_count; i++) {
        test->known = &test->redactor->known[i];
        rc = hf_spellings(hf_secret_reveal(&test->known->value), try_spelling, test);
    }
    for (size_t i = 0; rc == HF_OK && i < test->redactor->anchors.pattern_count; i++) {
        rc = try_shape(test, &hf_shapes[i], i);
        rc = rc == HF_OK ? try_shape(test, &hf_shapes[i], i + 1000) : rc;
    }
    return rc;
}

enum hf_rc hf_redaction_self_test(struct hf_redactor *redactor, struct hf_err *err)
{
    struct self_test test = {redactor, NULL, hf_buf_init(OUT_MAX), NULL, err};
    struct hf_redaction_sink sink = {.emit = keep, .arg = &test};
    enum hf_rc rc = hf_redaction_stream_open(redactor, &sink, &test.stream, err);
    if (rc == HF_OK) {
        rc = try_all(&test);
        rc = rc == HF_ENOMEM ? hf_err_set(err, rc, "no memory for the self-test") : rc;
    }
    hf_redaction_stream_close(test.stream);
    if (test.out.ptr != NULL) {
        hf_wipe(test.out.ptr, test.out.len); /* a failed test may have left a secret there */
    }
    hf_buf_free(&test.out);
    return rc;
}
