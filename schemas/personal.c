/* schemas/personal.c: seals and opens personal data. */
#include "schemas/personal.h"

#include "base/assert.h"
#include "base/hex.h"
#include "schemas/canonical.h"

#define NONCE_LINE "holdfast/personal-nonce/v1\n"
#define PLACE_LINE "holdfast/personal/v1\n"
#define KEY_LINE   "holdfast/subject-key/v1\n"
#define NAME_MAX_  48 /* of a tenant and of an approval */
#define HEAD       (1 + HF_SUBJECT_SIZE)

_Static_assert(HF_SEALED_MIN == HEAD + HF_SEAL_OVERHEAD, "the shape of schemas/canonical.h");

/* The line of the nonce, and behind it the associated data. */
struct bound {
    char text[sizeof NONCE_LINE + sizeof PLACE_LINE + 2 * (NAME_MAX_ + 1)];
    size_t len;
};

static bool name_ok(struct hf_str name)
{
    return name.len > 0 && name.len <= NAME_MAX_ && memchr(name.ptr, '\n', name.len) == NULL;
}

static enum hf_rc bind(const struct hf_personal_place *place, struct bound *ret, struct hf_err *err)
{
    struct hf_writer w = hf_writer_init(ret->text, sizeof ret->text);
    if (!name_ok(place->tenant) || !name_ok(place->approval)) {
        return hf_err_set(err, HF_EINVAL,
                          "personal: it needs the names of a tenant and an approval");
    }
    hf_writer_str(&w, HF_STR(NONCE_LINE));
    hf_writer_str(&w, HF_STR(PLACE_LINE));
    hf_writer_str(&w, place->tenant);
    hf_writer_str(&w, HF_STR("\n"));
    hf_writer_str(&w, place->approval);
    hf_writer_str(&w, HF_STR("\n"));
    HF_ASSERT(!w.overflow);
    ret->len = w.len;
    return HF_OK;
}

static struct hf_bytes associated(const struct bound *bound)
{
    const size_t skip = sizeof NONCE_LINE - 1;
    return hf_bytes_of((const uint8_t *)bound->text + skip, bound->len - skip);
}

static void seal(const struct hf_subject_key *key, const struct bound *bound, struct hf_bytes plain,
                 struct hf_writer *w)
{
    uint8_t out[HF_PERSONAL_MAX];
    struct hf_hash mac;
    const size_t len = HF_SEALED_MIN + plain.len;
    HF_ASSERT(len <= sizeof out);
    out[0] = HF_SEALED_FORMAT;
    memcpy(out + 1, key->subject.b, HF_SUBJECT_SIZE);
    hf_hmac_sha256(&key->key, hf_bytes_of(bound->text, bound->len), plain, &mac);
    hf_seal_with(&key->key, mac.b, plain, associated(bound), out + HEAD);
    hf_writer_put(w, out, len);
}

enum hf_rc hf_personal_seal(const struct hf_subject_key *key, const struct hf_personal_place *place,
                            const struct hf_approval_personal *content, struct hf_writer *w,
                            struct hf_err *err)
{
    uint8_t plain[HF_PERSONAL_MAX - HF_SEALED_MIN];
    struct hf_writer room = hf_writer_init(plain, sizeof plain);
    struct bound bound = {.len = 0};
    enum hf_rc rc = bind(place, &bound, err);
    rc = rc == HF_OK ? hf_approval_personal_check(content, err) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    hf_approval_personal_encode(content, &room);
    HF_ASSERT(!room.overflow);
    seal(key, &bound, hf_writer_done(&room), w);
    hf_wipe(plain, room.len);
    return HF_OK;
}

enum hf_rc hf_personal_open(const struct hf_subject_key *key, const struct hf_personal_place *place,
                            struct hf_bytes sealed, struct hf_personal *ret, struct hf_err *err)
{
    struct hf_subject subject;
    struct bound bound = {.len = 0};
    struct hf_personal opened = {.plain = {NULL, 0}};
    if (!hf_personal_subject(sealed, &subject) || sealed.len > HF_CANONICAL_SIZE_MAX) {
        return hf_err_set(err, HF_EINVAL, "personal: this is no sealed data");
    }
    if (!hf_subject_eq(&subject, &key->subject)) {
        return hf_err_set(err, HF_EMISMATCH, "personal: it is about another subject");
    }
    enum hf_rc rc = bind(place, &bound, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_unseal(&key->key, hf_bytes_of(sealed.ptr + HEAD, sealed.len - HEAD), associated(&bound),
                   &opened.plain);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "personal: %s",
                          rc == HF_EBADSIG ? "this key does not open it here" : "out of memory");
    }
    struct hf_bytes plain = hf_secret_reveal(&opened.plain);
    struct hf_canonical_fault fault;
    if (hf_canonical_check(plain, &fault) != HF_OK ||
        hf_approval_personal_decode(plain, &opened.content, /* err= */ NULL) != HF_OK) {
        hf_personal_free(&opened);
        return hf_err_set(err, HF_EINVAL, "personal: what was sealed is no approval.personal");
    }
    *ret = opened;
    return HF_OK;
}

void hf_personal_free(struct hf_personal *personal)
{
    hf_secret_free(&personal->plain);
    *personal = (struct hf_personal){.plain = {NULL, 0}};
}

bool hf_personal_subject(struct hf_bytes sealed, struct hf_subject *ret)
{
    if (sealed.len < HF_SEALED_MIN || sealed.ptr[0] != HF_SEALED_FORMAT) {
        return false;
    }
    memcpy(ret->b, sealed.ptr + 1, HF_SUBJECT_SIZE);
    return true;
}

void hf_subject_key_digest(const struct hf_subject_key *key, struct hf_hash *ret)
{
    struct hf_sha256_state state;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, HF_BYTES(KEY_LINE));
    hf_sha256_update(&state, hf_bytes_of(key->subject.b, HF_SUBJECT_SIZE));
    hf_sha256_update(&state, hf_secret_reveal(&key->key));
    hf_sha256_end(&state, ret);
    hf_wipe(&state, sizeof state);
}

void hf_subject_text(const struct hf_subject *subject, char out[HF_SUBJECT_TEXT])
{
    hf_hex_encode(hf_bytes_of(subject->b, HF_SUBJECT_SIZE), out);
}

bool hf_subject_parse(struct hf_str text, struct hf_subject *ret)
{
    struct hf_subject subject;
    char again[HF_SUBJECT_TEXT];
    size_t len = 0;
    if (text.len != 2 * HF_SUBJECT_SIZE ||
        hf_hex_decode(text, subject.b, sizeof subject.b, &len, /* ret_at= */ NULL) != HF_OK) {
        return false;
    }
    hf_subject_text(&subject, again); /* one spelling: small letters */
    if (!hf_str_eq(text, hf_str_c(again))) {
        return false;
    }
    *ret = subject;
    return true;
}
