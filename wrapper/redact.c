/* wrapper/redact.c: key, redactor, and text through it. */
#include "wrapper/redact.h"

#include "base/assert.h"
#include "base/file.h"
#include "wrapper/redaction/shapes.h"

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
    HF_ASSERT(hf_shape_count <= HF_REDACT_SHAPES_MAX);
    *redact = (struct hf_redact){.env = env, .boot = {.env = env}};
    enum hf_rc rc = hf_redaction_init(err);
    rc = rc == HF_OK ? load_key(env, key_file, &redact->key, err) : rc;
    if (rc == HF_OK) {
        const struct hf_redactor_config config = {.key = &redact->key};
        rc = hf_redactor_new(&config, &redact->redactor, err);
    }
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "redaction");
    }
    hf_redact_test(redact->redactor, &redact->boot);
    if (redact->boot.rc != HF_OK) {
        hf_redactor_free(redact->redactor);
        redact->redactor = NULL;
    }
    return HF_OK;
}

void hf_redact_test(struct hf_redactor *redactor, struct hf_redact_tested *ret)
{
    uint64_t began = hf_env_mono_ns(ret->env);
    ret->err = (struct hf_err){.rc = HF_OK};
    ret->rc = hf_redaction_self_test(redactor, &ret->err);
    ret->cases = hf_redactor_secrets(redactor) + hf_shape_count;
    ret->took_us = (hf_env_mono_ns(ret->env) - began) / 1000;
}

void hf_redact_failed(struct hf_redact *redact, const struct hf_redact_tested *tested)
{
    redact->failed = *tested;
    redact->failures++;
    hf_redact_swap(redact, NULL, NULL, 0);
}

void hf_redact_swap(struct hf_redact *redact, struct hf_redactor *redactor,
                    struct hf_disguises *disguises, size_t secrets)
{
    hf_redactor_free(redact->redactor);
    hf_disguises_free(redact->disguises);
    redact->redactor = redactor;
    redact->disguises = disguises;
    redact->secrets = secrets;
}

void hf_redact_close(struct hf_redact *redact)
{
    hf_redactor_free(redact->redactor);
    hf_disguises_free(redact->disguises);
    hf_secret_free(&redact->key);
    *redact = (struct hf_redact){.redactor = NULL};
}

struct through {
    struct hf_redact *redact;
    struct hf_buf *out;
    bool changed;
};

static void count_shape(struct hf_redact_counts *counts, struct hf_str name)
{
    for (size_t i = 0; i < hf_shape_count; i++) {
        if (hf_str_eq(hf_str_c(hf_shapes[i].name), name)) {
            counts->shapes[i]++;
            return;
        }
    }
}

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
    if (span->layer != HF_REDACTION_KNOWN) {
        count_shape(&t->redact->counts, span->name);
    }
    return HF_OK;
}

enum hf_rc hf_redact_text(struct hf_redact *redact, struct hf_str text, struct hf_buf *out,
                          bool *ret_changed, struct hf_err *err)
{
    struct through t = {.redact = redact, .out = out};
    const struct hf_redaction_sink sink = {.emit = emit, .found = found, .arg = &t};
    if (redact->redactor == NULL) {
        redact->counts.all.failures++;
        return hf_err_set(err, HF_EPERM,
                          "redaction failed its self-test, nothing passes; the wrapper's log says "
                          "what came out wrong");
    }
    uint64_t began = hf_env_mono_ns(redact->env);
    enum hf_rc rc =
        hf_redact(redact->redactor, hf_str_bytes(text), &sink, &redact->counts.all, err);
    redact->counts.took_ns += hf_env_mono_ns(redact->env) - began;
    if (rc == HF_OK) {
        *ret_changed = t.changed;
    }
    return rc;
}
