/* hub/contact_box.c: seals where people are reached, and makes tokens for push services. */
#include "hub/contact_box.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/heap.h"

#define PLAIN_MAX  (HF_P256_PUBLIC + HF_PUSH_AUTH + HF_CONTACT_ENDPOINT_MAX)
#define SECOND_US  INT64_C(1000000)
#define ASSOCIATED HF_BYTES("holdfast/push-key/v1")

_Static_assert(PLAIN_MAX + HF_SEAL_OVERHEAD <= HF_CONTACT_SEALED_MAX, "what is sealed must fit");

/* opening */

static enum hf_rc derive_key(const struct hf_contact_box_conf *conf, struct hf_secret *ret_key)
{
    struct hf_signature signature;
    struct hf_hash hash;
    hf_sign(conf->api_keys, HF_BYTES("holdfast/contact-key/v1\n"), &signature);
    hf_sha256(hf_bytes_of(signature.b, sizeof signature.b), &hash);
    enum hf_rc rc = hf_secret_copy(hf_bytes_of(hash.b, HF_HASH_SIZE), ret_key);
    hf_wipe(&signature, sizeof signature);
    hf_wipe(&hash, sizeof hash);
    return rc;
}

static enum hf_rc make_scalar(const struct hf_contact_box_conf *conf, const char *path,
                              struct hf_secret *ret_scalar, struct hf_err *err)
{
    uint8_t sealed[HF_P256_SCALAR + HF_SEAL_OVERHEAD];
    enum hf_rc rc = hf_p256_draw(conf->env, ret_scalar, err);
    if (rc == HF_OK) {
        hf_seal(conf->env, conf->host_key, hf_secret_reveal(ret_scalar), ASSOCIATED, sealed);
        rc = hf_disk_replace(conf->disk, path, hf_bytes_of(sealed, sizeof sealed), 0600, err);
    }
    return rc;
}

static enum hf_rc load_scalar(const struct hf_contact_box_conf *conf, struct hf_secret *ret_scalar,
                              struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf sealed = hf_buf_init(HF_P256_SCALAR + HF_SEAL_OVERHEAD);
    enum hf_rc rc = hf_path_join(conf->dir, "push.key", path, sizeof path);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "the path %s is too long", conf->dir);
    }
    rc = hf_disk_read(conf->disk, path, &sealed, err);
    if (rc == HF_ENOTFOUND) {
        rc = make_scalar(conf, path, ret_scalar, err);
    } else if (rc == HF_OK || rc == HF_ETOOBIG) {
        rc = rc == HF_OK ? hf_unseal(conf->host_key, hf_buf_bytes(&sealed), ASSOCIATED, ret_scalar)
                         : HF_EBADSIG;
        if (rc != HF_OK) {
            rc = hf_err_set(err, rc,
                            "%s was altered or is of another host; bring it back, or remove it: "
                            "then devices have to subscribe again",
                            path);
        }
    }
    hf_buf_free(&sealed);
    return rc;
}

enum hf_rc hf_contact_box_open(const struct hf_contact_box_conf *conf, struct hf_contact_box *box,
                               struct hf_err *err)
{
    struct hf_secret scalar = {0};
    *box = (struct hf_contact_box){
        .tokens = hf_heap_zalloc(HF_VAPID_TOKENS, sizeof(struct hf_vapid_token))};
    enum hf_rc rc = box->tokens == NULL ? HF_ENOMEM : derive_key(conf, &box->key);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no memory for the keys of contacts");
    }
    rc = load_scalar(conf, &scalar, err);
    if (rc == HF_OK) {
        rc = hf_p256_key_new(&scalar, &box->vapid, err);
    }
    hf_secret_free(&scalar);
    return rc;
}

void hf_contact_box_close(struct hf_contact_box *box)
{
    hf_secret_free(&box->key);
    hf_p256_key_free(box->vapid);
    box->vapid = NULL;
    if (box->tokens != NULL) {
        hf_wipe(box->tokens, HF_VAPID_TOKENS * sizeof(struct hf_vapid_token));
        hf_heap_free(box->tokens);
        box->tokens = NULL;
    }
}

/* sealing: p256dh and auth of a device, then the place */

static struct hf_bytes associated(struct hf_str principal, struct hf_str contact, char out[160])
{
    int len = snprintf(out, 160, "holdfast/contact/v1\n%.*s/%.*s", HF_STR_ARG(principal),
                       HF_STR_ARG(contact));
    return hf_bytes_of(out, (size_t)len);
}

bool hf_contact_seal(const struct hf_contact_box *box, struct hf_env *env, struct hf_str principal,
                     struct hf_str contact, const struct hf_contact_where *where,
                     struct hf_writer *w)
{
    uint8_t plain[PLAIN_MAX];
    char text[160];
    struct hf_writer p = hf_writer_init(plain, sizeof plain);
    if (where->channel == HF_CONTACT_PUSH) {
        hf_writer_put(&p, where->keys.p256dh, HF_P256_PUBLIC);
        hf_writer_put(&p, where->keys.auth, HF_PUSH_AUTH);
    }
    hf_writer_str(&p, hf_str_c(where->place));
    bool fits = !p.overflow && w->cap - w->len >= p.len + HF_SEAL_OVERHEAD;
    if (fits) {
        hf_seal(env, &box->key, hf_writer_done(&p), associated(principal, contact, text),
                w->ptr + w->len);
        w->len += p.len + HF_SEAL_OVERHEAD;
    }
    hf_wipe(plain, sizeof plain);
    return fits;
}

static bool take_place(struct hf_cursor *cursor, struct hf_contact_where *where)
{
    size_t len = cursor->left;
    struct hf_bytes place;
    if (len == 0 || len >= sizeof where->place || !hf_cursor_take(cursor, len, &place)) {
        return false;
    }
    memcpy(where->place, place.ptr, len);
    where->place[len] = '\0';
    return true;
}

enum hf_rc hf_contact_unseal(const struct hf_contact_box *box, struct hf_str principal,
                             const struct hf_contact *contact, struct hf_contact_where *ret_where)
{
    char text[160];
    struct hf_secret plain = {0};
    struct hf_bytes key;
    struct hf_bytes auth;
    enum hf_rc rc = hf_unseal(&box->key, hf_bytes_of(contact->sealed, contact->sealed_len),
                              associated(principal, hf_str_c(contact->name), text), &plain);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_cursor cursor = hf_cursor_init(hf_secret_reveal(&plain));
    bool good = true;
    ret_where->channel = contact->channel;
    if (contact->channel == HF_CONTACT_PUSH) {
        good = hf_cursor_take(&cursor, HF_P256_PUBLIC, &key) &&
               hf_cursor_take(&cursor, HF_PUSH_AUTH, &auth);
        if (good) {
            memcpy(ret_where->keys.p256dh, key.ptr, HF_P256_PUBLIC);
            memcpy(ret_where->keys.auth, auth.ptr, HF_PUSH_AUTH);
        }
    }
    good = good && take_place(&cursor, ret_where);
    hf_secret_free(&plain);
    return good ? HF_OK : HF_EBADSIG;
}

/* tokens */

static enum hf_rc renew(const struct hf_contact_box *box, struct hf_vapid_token *token,
                        struct hf_str contact, int64_t now_us)
{
    struct hf_writer w = hf_writer_init(token->value, HF_VAPID_VALUE_MAX);
    enum hf_rc rc = hf_vapid_write(box->vapid, hf_str_c(token->origin), contact,
                                   now_us / SECOND_US + HF_VAPID_LIFE_S, &w, /* err= */ NULL);
    token->value[rc == HF_OK ? w.len : 0] = '\0';
    /* Used for half of its life, so that clocks which differ do no harm. */
    token->until_us = rc == HF_OK ? now_us + HF_VAPID_LIFE_S / 2 * SECOND_US : 0;
    return rc;
}

const char *hf_contact_box_token(struct hf_contact_box *box, struct hf_str url,
                                 struct hf_str contact, int64_t now_us)
{
    struct hf_str origin;
    struct hf_vapid_token *token = NULL;
    if (hf_origin_of(url, &origin, /* err= */ NULL) != HF_OK) {
        return NULL;
    }
    for (unsigned i = 0; i < HF_VAPID_TOKENS && token == NULL; i++) {
        token = hf_str_eq(hf_str_c(box->tokens[i].origin), origin) ? &box->tokens[i] : NULL;
    }
    if (token == NULL) {
        token = &box->tokens[box->next];
        box->next = (box->next + 1) % HF_VAPID_TOKENS;
        memcpy(token->origin, origin.ptr, origin.len);
        token->origin[origin.len] = '\0';
        token->until_us = 0;
    }
    if (token->until_us <= now_us && renew(box, token, contact, now_us) != HF_OK) {
        return NULL;
    }
    return token->value;
}
