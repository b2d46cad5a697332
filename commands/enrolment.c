/* commands/enrolment.c: tokens, and the texts that agents sign. */
#include "commands/enrolment.h"

#include "base/base64.h"
#include "base/hex.h"

#define PREFIX  "hfe1_"
#define RAW_MAX (1 + 16 + 1 + HF_TENANT_NAME_MAX + 3 * 32 + 4)

static uint32_t check_of(struct hf_bytes bytes)
{
    struct hf_hash hash;
    hf_sha256(bytes, &hash);
    return hf_be32_get(hash.b);
}

enum hf_rc hf_token_draw(struct hf_env *env, struct hf_token *token, struct hf_err *err)
{
    enum hf_rc rc = hf_secret_alloc(HF_SEED_SIZE, &token->seed);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no memory for a token");
    }
    hf_env_random(env, hf_secret_fill(&token->seed), HF_SEED_SIZE);
    return HF_OK;
}

void hf_token_free(struct hf_token *token)
{
    hf_secret_free(&token->seed);
}

enum hf_rc hf_token_format(const struct hf_token *token, struct hf_secret *ret_text,
                           struct hf_err *err)
{
    uint8_t raw[RAW_MAX];
    char text[HF_TOKEN_TEXT_MAX];
    struct hf_writer w = hf_writer_init(raw, sizeof raw);
    hf_writer_u8(&w, (uint8_t)strlen(token->region));
    hf_writer_put(&w, token->region, strlen(token->region));
    hf_writer_u8(&w, (uint8_t)strlen(token->tenant));
    hf_writer_put(&w, token->tenant, strlen(token->tenant));
    hf_writer_bytes(&w, hf_secret_reveal(&token->seed));
    hf_writer_put(&w, token->tls_pin.b, HF_HASH_SIZE);
    hf_writer_put(&w, token->log_fingerprint.b, HF_HASH_SIZE);
    hf_writer_be32(&w, check_of(hf_writer_done(&w)));
    memcpy(text, PREFIX, sizeof PREFIX - 1);
    hf_base64_encode(hf_writer_done(&w), text + sizeof PREFIX - 1);
    enum hf_rc rc = hf_secret_copy(hf_bytes_of(text, strlen(text) + 1), ret_text);
    hf_wipe(raw, sizeof raw);
    hf_wipe(text, sizeof text);
    return rc == HF_OK ? HF_OK : hf_err_set(err, rc, "no memory for a token");
}

static bool take_name(struct hf_cursor *c, char *out, size_t cap)
{
    uint8_t len = 0;
    struct hf_bytes name;
    if (!hf_cursor_u8(c, &len) || len >= cap || !hf_cursor_take(c, len, &name) ||
        !hf_tenant_name_ok(hf_bytes_str(name))) {
        return false;
    }
    memcpy(out, name.ptr, len);
    out[len] = '\0';
    return true;
}

static enum hf_rc take_token(struct hf_bytes raw, struct hf_token *token, struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(raw);
    struct hf_bytes seed;
    struct hf_bytes pin;
    struct hf_bytes fingerprint;
    if (raw.len < 4 ||
        hf_be32_get(raw.ptr + raw.len - 4) != check_of(hf_bytes_of(raw.ptr, raw.len - 4)) ||
        !take_name(&c, token->region, sizeof token->region) ||
        !take_name(&c, token->tenant, sizeof token->tenant) ||
        !hf_cursor_take(&c, HF_SEED_SIZE, &seed) || !hf_cursor_take(&c, HF_HASH_SIZE, &pin) ||
        !hf_cursor_take(&c, HF_HASH_SIZE, &fingerprint) || c.left != 4) {
        return hf_err_set(err, HF_ESYNTAX,
                          "it is no registration token, or a part of it is missing or mistyped");
    }
    memcpy(token->tls_pin.b, pin.ptr, HF_HASH_SIZE);
    memcpy(token->log_fingerprint.b, fingerprint.ptr, HF_HASH_SIZE);
    enum hf_rc rc = hf_secret_copy(seed, &token->seed);
    return rc == HF_OK ? HF_OK : hf_err_set(err, rc, "no memory for a token");
}

enum hf_rc hf_token_parse(struct hf_str text, struct hf_token *ret_token, struct hf_err *err)
{
    uint8_t raw[RAW_MAX + 3];
    size_t len = 0;
    *ret_token = (struct hf_token){.region = ""};
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == ' ')) {
        text.len--;
    }
    size_t prefix = sizeof PREFIX - 1;
    if (text.len < prefix || memcmp(text.ptr, PREFIX, prefix) != 0 ||
        hf_base64_decode((struct hf_str){text.ptr + prefix, text.len - prefix}, raw, sizeof raw,
                         &len) != HF_OK) {
        return hf_err_set(err, HF_ESYNTAX, "it is no registration token (%s...)", PREFIX);
    }
    enum hf_rc rc = take_token(hf_bytes_of(raw, len), ret_token, err);
    hf_wipe(raw, sizeof raw);
    return rc;
}

enum hf_rc hf_token_key(const struct hf_token *token, struct hf_signing_key **ret_key,
                        struct hf_err *err)
{
    return hf_signing_key_from_seed(&token->seed, ret_key, err);
}

void hf_token_hash(const struct hf_public_key *token_key, struct hf_hash *ret_hash)
{
    hf_sha256(hf_bytes_of(token_key->b, sizeof token_key->b), ret_hash);
}

static void put_hex(struct hf_writer *w, const void *ptr, size_t len)
{
    char hex[2 * 32 + 1];
    hf_hex_encode(hf_bytes_of(ptr, len), hex);
    hf_writer_printf(w, "%s\n", hex);
}

static void put_registration(const struct hf_registration *r, const char *version,
                             struct hf_writer *w)
{
    hf_writer_printf(w, "holdfast/register/%s\n%.*s\n", version, HF_STR_ARG(r->tenant));
    put_hex(w, r->token_key.b, sizeof r->token_key.b);
    put_hex(w, r->agent_key.b, sizeof r->agent_key.b);
    put_hex(w, r->log_key.b, sizeof r->log_key.b);
    hf_writer_printf(w, "%.*s\n", HF_STR_ARG(r->log_stem));
    put_hex(w, r->tls_pin.b, sizeof r->tls_pin.b);
    hf_writer_printf(w, "%lld\n", (long long)r->time_us);
}

void hf_registration_text(const struct hf_registration *r, struct hf_writer *w)
{
    put_registration(r, "v2", w);
    hf_writer_printf(w, "%.*s\n%.*s\n%.*s\n", HF_STR_ARG(r->openclaw), HF_STR_ARG(r->wrapper),
                     HF_STR_ARG(r->policy));
}

void hf_registration_text_v1(const struct hf_registration *r, struct hf_writer *w)
{
    put_registration(r, "v1", w);
}

void hf_key_wish_text(const struct hf_key_wish *wish, struct hf_writer *w)
{
    hf_writer_printf(w, "holdfast/next-key/v1\n%.*s\n%llu\n", HF_STR_ARG(wish->tenant),
                     (unsigned long long)wish->serial);
    put_hex(w, wish->tls_pin.b, sizeof wish->tls_pin.b);
}

void hf_heartbeat_text(const struct hf_heartbeat *h, struct hf_writer *w)
{
    hf_writer_printf(w, "holdfast/heartbeat/v1\n%.*s\n%llu\n%lld\n%u\n%llu\n%llu\n%llu\n",
                     HF_STR_ARG(h->tenant), (unsigned long long)h->counter, (long long)h->time_us,
                     h->epoch, (unsigned long long)h->size, (unsigned long long)h->receipt,
                     (unsigned long long)h->queue);
    hf_writer_printf(w, "%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n", HF_STR_ARG(h->policy),
                     HF_STR_ARG(h->wrapper), HF_STR_ARG(h->openclaw), HF_STR_ARG(h->proxy),
                     HF_STR_ARG(h->agent), HF_STR_ARG(h->self_test));
}
