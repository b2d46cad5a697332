/* wrapper/redact.c: key, redactor, and text through it. */
#include "wrapper/redact.h"

#include "base/file.h"

/* The key is as good as the state folder, which only this program reads: it keeps placeholders from
 * being guessed by whoever reads the log, and opens nothing. */
static enum hf_rc load_key(struct hf_env *env, const char *path, struct hf_secret *ret,
                           struct hf_err *err)
{
    struct hf_buf buf = hf_buf_init(HF_REDACTION_KEY_SIZE);
    uint8_t fresh[HF_REDACTION_KEY_SIZE];
    enum hf_rc rc = hf_file_read(path, &buf, err);
    if (rc == HF_ENOTFOUND) {
        hf_env_random(env, fresh, sizeof fresh);
        rc = hf_file_create(path, hf_bytes_of(fresh, sizeof fresh), 0600, err);
        if (rc == HF_OK) {
            rc = hf_secret_copy(hf_bytes_of(fresh, sizeof fresh), ret);
        }
        hf_wipe(fresh, sizeof fresh);
    } else if (rc == HF_OK && buf.len == HF_REDACTION_KEY_SIZE) {
        rc = hf_secret_copy(hf_buf_bytes(&buf), ret);
    } else if (rc == HF_OK || rc == HF_ETOOBIG) {
        rc = hf_err_set(err, HF_ECORRUPT, "%s: has not %d bytes; remove it to begin anew", path,
                        HF_REDACTION_KEY_SIZE);
    }
    if (buf.ptr != NULL) {
        hf_wipe(buf.ptr, buf.len);
    }
    hf_buf_free(&buf);
    return rc;
}

enum hf_rc hf_redact_open(struct hf_env *env, const char *key_file, struct hf_redact *redact,
                          struct hf_err *err)
{
    *redact = (struct hf_redact){.redactor = NULL};
    enum hf_rc rc = hf_redaction_init(err);
    rc = rc == HF_OK ? load_key(env, key_file, &redact->key, err) : rc;
    if (rc == HF_OK) {
        const struct hf_redactor_config config = {.key = &redact->key};
        rc = hf_redactor_new(&config, &redact->redactor, err);
    }
    rc = rc == HF_OK ? hf_redaction_self_test(redact->redactor, err) : rc;
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "redaction");
}

void hf_redact_swap(struct hf_redact *redact, struct hf_redactor *redactor, size_t secrets)
{
    hf_redactor_free(redact->redactor);
    redact->redactor = redactor;
    redact->secrets = secrets;
}

void hf_redact_close(struct hf_redact *redact)
{
    hf_redactor_free(redact->redactor);
    hf_secret_free(&redact->key);
    *redact = (struct hf_redact){.redactor = NULL};
}

struct through {
    struct hf_buf *out;
    bool changed;
};

static enum hf_rc emit(void *arg, struct hf_bytes bytes)
{
    struct through *t = arg;
    hf_buf_put(t->out, bytes.ptr, bytes.len);
    return t->out->failed;
}

static enum hf_rc found(void *arg, const struct hf_redaction_span *span)
{
    struct through *t = arg;
    t->changed = t->changed || span->layer != HF_REDACTION_ALLOW;
    return HF_OK;
}

enum hf_rc hf_redact_text(struct hf_redact *redact, struct hf_str text, struct hf_buf *out,
                          bool *ret_changed, struct hf_err *err)
{
    struct through t = {.out = out};
    const struct hf_redaction_sink sink = {.emit = emit, .found = found, .arg = &t};
    if (redact->redactor == NULL) {
        return hf_err_set(err, HF_EPERM, "there is no redactor");
    }
    enum hf_rc rc = hf_redact(redact->redactor, hf_str_bytes(text), &sink, &redact->counts, err);
    if (rc == HF_OK) {
        *ret_changed = t.changed;
    }
    return rc;
}
