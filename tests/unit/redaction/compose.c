/* tests/unit/redaction/compose.c: texts full of secrets, out of a few bytes. */
#include "tests/unit/redaction/compose.h"

#include "base/assert.h"
#include "base/crypto.h"
#include "wrapper/redaction/encodings.h"
#include "wrapper/redaction/sample.h"

const char *const compose_secrets[COMPOSE_SECRETS] = {
    "correct horse/battery+staple&more=\"quotes\" <and> it's 100% \\ \n~\xC3\xA9\xE2\x82\xAC",
    "horse/battery+staple", "0123abcd", "Zm9vYmFyYmF6cXV4Zm9vYmFy",
    "a long one: kWXq2LM8vTzR5cJ1pYb7GdNfHs3Ua9Qe6oBi4KrVtCxwDmSgEhPjZyFlAnIu0OQpLm3Zx8Rw1"};

static struct hf_redactor *redactor_of(const struct hf_redaction_secret *secrets, size_t count,
                                       bool without_tokens)
{
    struct hf_err err;
    struct hf_secret key;
    struct hf_redactor *redactor = NULL;
    HF_ASSERT(hf_secret_copy(HF_BYTES("0123456789abcdef0123456789abcdef"), &key) == HF_OK);
    struct hf_redactor_config config = {&key, secrets, count, without_tokens};
    HF_ASSERT(hf_redactor_new(&config, &redactor, &err) == HF_OK);
    hf_secret_free(&key);
    return redactor;
}

struct hf_redactor *compose_redactor(bool without_tokens)
{
    struct hf_secret values[COMPOSE_SECRETS];
    struct hf_redaction_secret secrets[COMPOSE_SECRETS];
    static const char *const kinds[COMPOSE_SECRETS] = {"s0", "s1", "s2", "s3", "s4"};
    HF_ASSERT(hf_crypto_init(NULL) == HF_OK && hf_redaction_init(NULL) == HF_OK);
    for (size_t i = 0; i < COMPOSE_SECRETS; i++) {
        struct hf_bytes value = hf_str_bytes(hf_str_c(compose_secrets[i]));
        HF_ASSERT(hf_secret_copy(value, &values[i]) == HF_OK);
        struct hf_str kind = hf_str_c(kinds[i]);
        secrets[i] = (struct hf_redaction_secret){kind, kind, &values[i]};
    }
    struct hf_redactor *redactor = redactor_of(secrets, COMPOSE_SECRETS, without_tokens);
    for (size_t i = 0; i < COMPOSE_SECRETS; i++) {
        hf_secret_free(&values[i]);
    }
    return redactor;
}

struct hf_redactor *compose_no_secrets(void)
{
    HF_ASSERT(hf_crypto_init(NULL) == HF_OK && hf_redaction_init(NULL) == HF_OK);
    return redactor_of(NULL, 0, false);
}

/* -- recipes -- */

struct choice {
    size_t left; /* spellings until the one that is wanted */
    unsigned cut;
    struct hf_buf *out;
};

/* Whole, without its last or first third, or its last byte. */
static void put_cut(struct hf_buf *out, struct hf_bytes bytes, unsigned cut)
{
    size_t third = bytes.len / 3;
    switch (cut % 8) {
    case 0: hf_buf_put(out, bytes.ptr, bytes.len - third); break;
    case 1: hf_buf_put(out, bytes.ptr + third, bytes.len - third); break;
    case 2: hf_buf_put(out, bytes.ptr, bytes.len - 1); break;
    default: hf_buf_put(out, bytes.ptr, bytes.len);
    }
}

static enum hf_rc choose(void *arg, const char *name, struct hf_bytes spelling)
{
    (void)name;
    struct choice *choice = arg;
    if (choice->left-- > 0) {
        return HF_OK;
    }
    put_cut(choice->out, spelling, choice->cut);
    return HF_EEND;
}

static void put_spelling(struct hf_buf *out, unsigned a, unsigned b, unsigned c)
{
    struct hf_str value = hf_str_c(compose_secrets[a % COMPOSE_SECRETS]);
    struct choice choice = {b % 64, c, out};
    enum hf_rc rc = hf_spellings(hf_str_bytes(value), choose, &choice);
    out->failed = rc == HF_ENOMEM ? rc : out->failed;
}

static void put_token(struct hf_buf *out, unsigned a, unsigned b, unsigned c)
{
    struct hf_buf token = hf_buf_init(8192);
    size_t at;
    hf_shape_sample(&hf_shapes[a % hf_shape_count], b, &token, &at);
    if (token.failed == HF_OK) {
        put_cut(out, hf_buf_bytes(&token), c);
    } else {
        out->failed = token.failed;
    }
    hf_buf_free(&token);
}

void compose(struct hf_bytes recipe, struct hf_buf *out)
{
    static const char plain[] =
        "abcdefgh 0123456789.-_/+=%\\\"\n\t:SKskghpeyJEAAhf_AKIA{},x-----BEGIN usr8_LS0t'<&>;@nqXz";
    for (size_t i = 0; i < recipe.len && out->failed == HF_OK; i++) {
        unsigned what = recipe.ptr[i];
        unsigned a = i + 1 < recipe.len ? recipe.ptr[i + 1] : 0;
        unsigned b = i + 2 < recipe.len ? recipe.ptr[i + 2] : 0;
        unsigned c = i + 3 < recipe.len ? recipe.ptr[i + 3] : 0;
        if (what < 160) {
            hf_buf_put(out, &plain[what % (sizeof plain - 1)], 1);
        } else if (what < 208) {
            put_spelling(out, a, b, c);
            i += 3;
        } else {
            put_token(out, a, b, c);
            i += 3;
        }
    }
}

/* -- redacting and looking -- */

static enum hf_rc keep(void *arg, struct hf_bytes bytes)
{
    struct hf_buf *out = arg;
    hf_buf_put(out, bytes.ptr, bytes.len);
    return out->failed;
}

enum hf_rc compose_redact(struct hf_redactor *redactor, struct hf_bytes text, size_t most,
                          uint64_t *state, struct hf_buf *out, struct hf_redaction_counts *io_sum,
                          struct hf_err *err)
{
    struct hf_redaction_stream *stream;
    struct hf_redaction_sink sink = {.emit = keep, .arg = out};
    enum hf_rc rc = hf_redaction_stream_open(redactor, &sink, &stream, err);
    if (rc != HF_OK) {
        return rc;
    }
    while (rc == HF_OK && text.len > 0) {
        size_t len = most < text.len ? most : text.len;
        if (state != NULL) {
            *state = *state * UINT64_C(6364136223846793005) + 1;
            len = 1 + (size_t)(*state >> 33) % len;
        }
        rc = hf_redaction_feed(stream, hf_bytes_of(text.ptr, len), err);
        text = hf_bytes_of(text.ptr + len, text.len - len);
    }
    rc = rc == HF_OK ? hf_redaction_end(stream, err) : rc;
    if (io_sum != NULL) {
        hf_redaction_counts_add(io_sum, hf_redaction_counts(stream));
    }
    hf_redaction_stream_close(stream);
    return rc;
}

struct search {
    struct hf_bytes text;
    const char *found;
};

static enum hf_rc look(void *arg, const char *name, struct hf_bytes spelling)
{
    struct search *search = arg;
    if (memmem(search->text.ptr, search->text.len, spelling.ptr, spelling.len) == NULL) {
        return HF_OK;
    }
    search->found = name;
    return HF_EEND;
}

const char *compose_leak(struct hf_bytes text)
{
    struct search search = {text, NULL};
    for (size_t i = 0; i < COMPOSE_SECRETS && search.found == NULL && text.len > 0; i++) {
        struct hf_bytes value = hf_str_bytes(hf_str_c(compose_secrets[i]));
        enum hf_rc rc = hf_spellings(value, look, &search);
        HF_ASSERT(rc == HF_OK || rc == HF_EEND);
    }
    return search.found;
}
