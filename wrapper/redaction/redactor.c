/* wrapper/redaction/redactor.c: what is looked for, checked and compiled once. */
#include "wrapper/redaction/redactor.h"

#include "base/assert.h"
#include "base/crypto.h"
#include "base/heap.h"

const char *hf_redaction_layer_name(enum hf_redaction_layer layer)
{
    static const char *const names[HF_REDACTION_LAYERS] = {"known", "token", "allow"};
    return names[layer];
}

enum hf_rc hf_redaction_init(struct hf_err *err)
{
    return hf_engine_init(err);
}

static enum hf_rc check_secret(const struct hf_redaction_secret *secret, struct hf_err *err)
{
    const char *unfit = hf_redaction_unfit(hf_secret_reveal(secret->value));
    if (!hf_placeholder_kind_valid(secret->kind)) {
        return hf_err_set(err, HF_EINVAL, "secret %.*s: its kind is 1 to %d characters a-z, 0-9",
                          HF_STR_ARG(secret->name), HF_REDACTION_KIND_MAX);
    }
    return unfit == NULL
               ? HF_OK
               : hf_err_set(err, HF_EINVAL, "secret %.*s %s", HF_STR_ARG(secret->name), unfit);
}

static enum hf_rc check_config(const struct hf_redactor_config *config, struct hf_err *err)
{
    if (hf_secret_reveal(config->key).len != HF_REDACTION_KEY_SIZE) {
        return hf_err_set(err, HF_EINVAL, "the key of placeholders has %d bytes",
                          HF_REDACTION_KEY_SIZE);
    }
    if (config->secret_count > HF_REDACTION_SECRETS_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "%zu registered secrets, %d are the most",
                          config->secret_count, HF_REDACTION_SECRETS_MAX);
    }
    for (size_t i = 0; i < config->secret_count; i++) {
        enum hf_rc rc = check_secret(&config->secrets[i], err);
        if (rc != HF_OK) {
            return rc;
        }
    }
    return HF_OK;
}

static struct hf_str copy_text(struct hf_str text, char **io_at)
{
    struct hf_str copy = {*io_at, text.len};
    if (text.len > 0) {
        memcpy(*io_at, text.ptr, text.len);
    }
    *io_at += text.len;
    return copy;
}

static enum hf_rc take_secrets(struct hf_redactor *redactor,
                               const struct hf_redactor_config *config)
{
    size_t texts_len = 0;
    for (size_t i = 0; i < config->secret_count; i++) {
        texts_len += config->secrets[i].name.len + config->secrets[i].kind.len;
    }
    redactor->texts = hf_heap_alloc(texts_len);
    redactor->known = hf_heap_zalloc(config->secret_count + 1, sizeof *redactor->known);
    if (redactor->texts == NULL || redactor->known == NULL ||
        hf_secret_alloc(sizeof(struct hf_hmac_key), &redactor->key) != HF_OK) {
        return HF_ENOMEM;
    }
    hf_hmac_key_init(hf_secret_reveal(config->key),
                     (struct hf_hmac_key *)(void *)hf_secret_fill(&redactor->key));
    char *at = redactor->texts;
    for (size_t i = 0; i < config->secret_count; i++) {
        struct hf_known *known = &redactor->known[i];
        struct hf_bytes value = hf_secret_reveal(config->secrets[i].value);
        if (hf_secret_copy(value, &known->value) != HF_OK) {
            return HF_ENOMEM;
        }
        redactor->known_count++;
        known->name = copy_text(config->secrets[i].name, &at);
        known->kind = copy_text(config->secrets[i].kind, &at);
        hf_placeholder_make(hf_redactor_key(redactor), known->kind, value, &known->placeholder);
    }
    return HF_OK;
}

enum hf_rc hf_redactor_new(const struct hf_redactor_config *config,
                           struct hf_redactor **ret_redactor, struct hf_err *err)
{
    enum hf_rc rc = check_config(config, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_redactor *redactor = hf_heap_zalloc(1, sizeof *redactor);
    if (redactor == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a redactor");
    }
    atomic_init(&redactor->owners, 1);
    rc = take_secrets(redactor, config);
    rc = rc == HF_OK ? rc : hf_err_set(err, rc, "no memory for a redactor");
    if (rc == HF_OK) {
        rc = hf_anchors_build(redactor->known, redactor->known_count, !config->without_tokens,
                              &redactor->anchors, err);
    }
    if (rc != HF_OK) {
        hf_redactor_free(redactor);
        return rc;
    }
    *ret_redactor = redactor;
    return HF_OK;
}

struct hf_redactor *hf_redactor_share(struct hf_redactor *redactor)
{
    (void)atomic_fetch_add(&redactor->owners, 1);
    return redactor;
}

size_t hf_redactor_secrets(const struct hf_redactor *redactor)
{
    return redactor->known_count;
}

size_t hf_redactor_spellings(const struct hf_redactor *redactor)
{
    return redactor->anchors.literals.count;
}

void hf_redactor_free(struct hf_redactor *redactor)
{
    if (redactor == NULL || atomic_fetch_sub(&redactor->owners, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < redactor->known_count; i++) {
        hf_secret_free(&redactor->known[i].value);
    }
    hf_anchors_free(&redactor->anchors);
    hf_secret_free(&redactor->key);
    hf_heap_free(redactor->known);
    hf_heap_free(redactor->texts);
    hf_heap_free(redactor);
}
