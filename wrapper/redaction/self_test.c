/* wrapper/redaction/self_test.c: canaries through the live path. */
#include "base/buf.h"
#include "wrapper/redaction/redactor.h"

#define TEXT_MAX (4 * HF_REDACTION_SECRET_MAX)

static enum hf_rc keep(void *arg, struct hf_bytes bytes)
{
    struct hf_buf *out = arg;
    hf_buf_put(out, bytes.ptr, bytes.len);
    return out->failed;
}

/* One text, divided after `border` bytes, must become what is expected. */
static enum hf_rc expect(struct hf_redactor *redactor, struct hf_bytes text, size_t border,
                         struct hf_bytes expected, struct hf_err *err)
{
    struct hf_buf out = hf_buf_init(TEXT_MAX);
    struct hf_redaction_sink sink = {.emit = keep, .arg = &out};
    struct hf_redaction_stream *stream;
    enum hf_rc rc = hf_redaction_stream_open(redactor, &sink, &stream, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_redaction_feed(stream, hf_bytes_of(text.ptr, border), err);
    rc = rc == HF_OK
             ? hf_redaction_feed(stream, hf_bytes_of(text.ptr + border, text.len - border), err)
             : rc;
    rc = rc == HF_OK ? hf_redaction_end(stream, err) : rc;
    if (rc == HF_OK && !hf_bytes_eq(hf_buf_bytes(&out), expected)) {
        rc = hf_err_set(err, HF_ECORRUPT, "it came out wrong");
    }
    hf_redaction_stream_close(stream);
    if (out.ptr != NULL) {
        hf_wipe(out.ptr, out.len);
    }
    hf_buf_free(&out);
    return rc;
}

enum hf_rc hf_redaction_self_test(struct hf_redactor *redactor, struct hf_err *err)
{
    for (size_t i = 0; i < redactor->known_count; i++) {
        const struct hf_known *known = &redactor->known[i];
        struct hf_bytes value = hf_secret_reveal(&known->value);
        struct hf_bytes expected = hf_str_bytes(hf_placeholder_str(&known->placeholder));
        for (size_t border = 0; border <= 1; border++) {
            enum hf_rc rc = expect(redactor, value, border * value.len / 2, expected, err);
            if (rc != HF_OK) {
                return hf_err_wrap(err, rc, "secret %.*s", HF_STR_ARG(known->name));
            }
        }
    }
    return HF_OK;
}
