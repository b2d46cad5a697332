/* log/tlog/note.c: verifier keys, parsing and making of signed notes. */
#include "log/tlog/note.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/hex.h"

#define DASH "\xE2\x80\x94 " /* U+2014 and a space */

/* keys */

/* The white space of Unicode, as code points; ASCII's are control characters or the space. */
static bool is_space(uint32_t c)
{
    return c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* The next code point of valid UTF-8. */
static uint32_t next_point(struct hf_str *text)
{
    const uint8_t *p = (const uint8_t *)text->ptr;
    uint32_t c = p[0];
    size_t len = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    c = len == 1 ? c : c & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        c = c << 6 | (p[i] & 0x3F);
    }
    text->ptr += len;
    text->len -= len;
    return c;
}

enum hf_rc hf_key_name_check(struct hf_str name, struct hf_err *err)
{
    if (name.len == 0 || name.len > HF_KEY_NAME_MAX) {
        return hf_err_set(err, HF_EINVAL, "a key's name has 1 to %d bytes", HF_KEY_NAME_MAX);
    }
    if (!hf_utf8_valid(hf_str_bytes(name), /* ret_at= */ NULL)) {
        return hf_err_set(err, HF_EINVAL, "a key's name must be UTF-8");
    }
    while (name.len > 0) {
        uint32_t c = next_point(&name);
        if (c < 0x20 || c == 0x7F || c == '+' || is_space(c)) {
            return hf_err_set(err, HF_EINVAL,
                              "a key's name has no white space, no '+' and no control characters");
        }
    }
    return HF_OK;
}

static uint32_t key_id(struct hf_str name, enum hf_key_type type,
                       const struct hf_public_key *public_key)
{
    uint8_t middle[2] = {'\n', (uint8_t)type};
    struct hf_sha256_state state;
    struct hf_hash hash;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, hf_str_bytes(name));
    hf_sha256_update(&state, hf_bytes_of(middle, sizeof middle));
    hf_sha256_update(&state, hf_bytes_of(public_key->b, sizeof public_key->b));
    hf_sha256_end(&state, &hash);
    return hf_be32_get(hash.b);
}

enum hf_rc hf_vkey_make(struct hf_str name, enum hf_key_type type,
                        const struct hf_public_key *public_key, struct hf_vkey *ret_key,
                        struct hf_err *err)
{
    enum hf_rc rc = hf_key_name_check(name, err);
    if (rc != HF_OK) {
        return rc;
    }
    memset(ret_key, 0, sizeof *ret_key);
    memcpy(ret_key->name, name.ptr, name.len);
    ret_key->name_len = (uint8_t)name.len;
    ret_key->type = type;
    ret_key->public_key = *public_key;
    ret_key->id = key_id(name, type, public_key);
    return HF_OK;
}

enum hf_rc hf_vkey_parse(struct hf_str text, struct hf_vkey *ret_key, struct hf_err *err)
{
    const char *plus = text.len == 0 ? NULL : memchr(text.ptr, '+', text.len);
    size_t name_len = plus == NULL ? 0 : (size_t)(plus - text.ptr);
    if (plus == NULL || text.len - name_len < 10 || plus[9] != '+') {
        return hf_err_set(err, HF_ESYNTAX, "a verifier key is written NAME+HEXID+BASE64");
    }
    uint8_t id[4];
    uint8_t body[1 + HF_PUBLIC_KEY_SIZE];
    size_t id_len = 0;
    size_t body_len = 0;
    struct hf_str packed = {plus + 10, text.len - name_len - 10};
    if (hf_hex_decode((struct hf_str){plus + 1, 8}, id, sizeof id, &id_len, NULL) != HF_OK ||
        hf_base64_decode(packed, body, sizeof body, &body_len) != HF_OK || body_len < 1) {
        return hf_err_set(err, HF_ESYNTAX, "the verifier key is not hex and base64 of a key");
    }
    for (size_t i = 1; i < 9; i++) {
        if (plus[i] >= 'A' && plus[i] <= 'F') {
            return hf_err_set(err, HF_ESYNTAX, "a verifier key's id is in lower case");
        }
    }
    if (body[0] != HF_KEY_ED25519 && body[0] != HF_KEY_COSIGNATURE) {
        return hf_err_set(err, HF_ENOSYS, "keys of type 0x%02x are not supported", body[0]);
    }
    if (body_len != sizeof body) {
        return hf_err_set(err, HF_ESYNTAX, "an Ed25519 key has %d bytes", HF_PUBLIC_KEY_SIZE);
    }
    struct hf_public_key public_key;
    memcpy(public_key.b, body + 1, sizeof public_key.b);
    struct hf_vkey key;
    enum hf_rc rc = hf_vkey_make((struct hf_str){text.ptr, name_len}, (enum hf_key_type)body[0],
                                 &public_key, &key, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, HF_ESYNTAX, "the verifier key");
    }
    if (key.id != hf_be32_get(id)) {
        return hf_err_set(err, HF_EBADSIG,
                          "the verifier key's id does not belong to its key; was "
                          "it copied whole?");
    }
    *ret_key = key;
    return HF_OK;
}

bool hf_vkey_eq(const struct hf_vkey *a, const struct hf_vkey *b)
{
    return a->type == b->type && hf_str_eq(hf_str_c(a->name), hf_str_c(b->name)) &&
           memcmp(a->public_key.b, b->public_key.b, HF_PUBLIC_KEY_SIZE) == 0;
}

size_t hf_vkey_format(const struct hf_vkey *key, char out[HF_VKEY_TEXT_MAX])
{
    uint8_t body[1 + HF_PUBLIC_KEY_SIZE];
    char packed[HF_BASE64_LEN(sizeof body) + 1];
    body[0] = (uint8_t)key->type;
    memcpy(body + 1, key->public_key.b, HF_PUBLIC_KEY_SIZE);
    hf_base64_encode(hf_bytes_of(body, sizeof body), packed);
    int len = snprintf(out, HF_VKEY_TEXT_MAX, "%s+%08x+%s", key->name, (unsigned)key->id, packed);
    HF_ASSERT(len > 0 && len < HF_VKEY_TEXT_MAX);
    return (size_t)len;
}

/* parsing */

static enum hf_rc bad_line(struct hf_err *err, struct hf_bytes bytes, const char *at,
                           const char *what)
{
    unsigned line = 1;
    for (const char *p = (const char *)bytes.ptr; p < at; p++) {
        line += *p == '\n';
    }
    return hf_err_set(err, HF_ESYNTAX, "the note's line %u %s", line, what);
}

static enum hf_rc parse_signature(struct hf_str line, struct hf_note *note,
                                  struct hf_note_signature *signature)
{
    struct hf_str dash = HF_STR(DASH);
    if (!hf_str_starts(line, dash)) {
        return HF_ESYNTAX;
    }
    struct hf_str rest = {line.ptr + dash.len, line.len - dash.len};
    const char *space = rest.len == 0 ? NULL : memchr(rest.ptr, ' ', rest.len);
    if (space == NULL) {
        return HF_ESYNTAX;
    }
    size_t name_len = (size_t)(space - rest.ptr);
    signature->name = (struct hf_str){rest.ptr, name_len};
    if (hf_key_name_check(signature->name, /* err= */ NULL) != HF_OK) {
        return HF_ESYNTAX;
    }
    struct hf_str packed = {space + 1, rest.len - name_len - 1};
    uint8_t *payload = note->payloads[note->count];
    uint8_t big[8192];
    size_t len = 0;
    enum hf_rc rc = hf_base64_decode(packed, payload, sizeof note->payloads[0], &len);
    if (rc == HF_ETOOBIG) {
        /* A kind of signature that we do not know, ML-DSA for one: keep its name and id. */
        rc = hf_base64_decode(packed, big, sizeof big, &len);
        signature->id = rc == HF_OK ? hf_be32_get(big) : 0;
        signature->payload = hf_bytes_of(payload, 0);
        return rc;
    }
    if (rc != HF_OK || len < 5) {
        return HF_ESYNTAX;
    }
    signature->id = hf_be32_get(payload);
    signature->payload = hf_bytes_of(payload + 4, len - 4);
    return HF_OK;
}

/* The offset just past the last empty line, which parts text and signatures; 0 if there is none. */
static size_t find_signatures(struct hf_bytes bytes)
{
    for (size_t i = bytes.len; i >= 2; i--) {
        if (bytes.ptr[i - 1] == '\n' && bytes.ptr[i - 2] == '\n') {
            return i;
        }
    }
    return 0;
}

enum hf_rc hf_note_parse(struct hf_bytes bytes, struct hf_note *ret_note, struct hf_err *err)
{
    if (bytes.len > HF_NOTE_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "the note has %zu bytes, at most %d are read", bytes.len,
                          HF_NOTE_MAX);
    }
    size_t bad = 0;
    if (!hf_utf8_valid(bytes, &bad)) {
        return bad_line(err, bytes, (const char *)bytes.ptr + bad, "is not UTF-8");
    }
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] < 0x20 && bytes.ptr[i] != '\n') {
            return bad_line(err, bytes, (const char *)bytes.ptr + i, "has a control character");
        }
    }
    size_t at = find_signatures(bytes);
    if (at < 2 || at == bytes.len) {
        return hf_err_set(err, HF_ESYNTAX,
                          "this is no signed note (no empty line followed by signatures)");
    }
    ret_note->text = (struct hf_str){(const char *)bytes.ptr, at - 1};
    if (ret_note->text.len < 2) {
        return hf_err_set(err, HF_ESYNTAX, "the note has no text");
    }
    ret_note->count = 0;
    struct hf_cursor c = hf_cursor_init(hf_bytes_of(bytes.ptr + at, bytes.len - at));
    while (c.left > 0) {
        const char *start = (const char *)c.ptr;
        struct hf_str line;
        if (!hf_cursor_line(&c, &line)) {
            return bad_line(err, bytes, start, "has no newline at its end");
        }
        if (ret_note->count == HF_NOTE_SIGNATURES_MAX) {
            return hf_err_set(err, HF_ETOOBIG, "the note has more than %d signatures",
                              HF_NOTE_SIGNATURES_MAX);
        }
        if (parse_signature(line, ret_note, &ret_note->signature[ret_note->count]) != HF_OK) {
            return bad_line(err, bytes, start, "is no signature line");
        }
        ret_note->count++;
    }
    return HF_OK;
}

/* verifying and signing */

static bool verify_one(const struct hf_note *note, const struct hf_vkey *key,
                       struct hf_bytes payload, uint64_t *ret_time_s)
{
    struct hf_signature signature;
    *ret_time_s = 0;
    if (key->type == HF_KEY_ED25519) {
        if (payload.len != HF_SIGNATURE_SIZE) {
            return false;
        }
        memcpy(signature.b, payload.ptr, HF_SIGNATURE_SIZE);
        return hf_verify(&key->public_key, hf_str_bytes(note->text), &signature);
    }
    if (payload.len != 8 + HF_SIGNATURE_SIZE || hf_be64_get(payload.ptr) > INT64_MAX) {
        return false;
    }
    struct hf_buf message = hf_buf_init(HF_NOTE_MAX + 64);
    *ret_time_s = hf_be64_get(payload.ptr);
    hf_buf_printf(&message, "cosignature/v1\ntime %llu\n", (unsigned long long)*ret_time_s);
    hf_buf_str(&message, note->text);
    memcpy(signature.b, payload.ptr + 8, HF_SIGNATURE_SIZE);
    bool ok =
        message.failed == HF_OK && hf_verify(&key->public_key, hf_buf_bytes(&message), &signature);
    hf_buf_free(&message);
    return ok;
}

enum hf_rc hf_note_verify(const struct hf_note *note, const struct hf_vkey *key,
                          uint64_t *ret_time_s, struct hf_err *err)
{
    struct hf_str name = {key->name, key->name_len};
    bool found = false;
    uint64_t time_s = 0;
    for (unsigned i = 0; i < note->count; i++) {
        const struct hf_note_signature *signature = &note->signature[i];
        if (signature->id != key->id || !hf_str_eq(signature->name, name)) {
            continue;
        }
        /* Each one by a key that we know must verify, also a second one. */
        if (!verify_one(note, key, signature->payload, &time_s)) {
            return hf_err_set(err, HF_EBADSIG, "the signature of %s does not verify", key->name);
        }
        found = true;
    }
    if (!found) {
        return hf_err_set(err, HF_ENOTFOUND, "the note is not signed by %s+%08x", key->name,
                          (unsigned)key->id);
    }
    if (ret_time_s != NULL) {
        *ret_time_s = time_s;
    }
    return HF_OK;
}

static void write_line(const struct hf_vkey *vkey, struct hf_bytes payload, struct hf_writer *w)
{
    char packed[HF_BASE64_LEN(4 + 8 + HF_SIGNATURE_SIZE) + 1];
    hf_base64_encode(payload, packed);
    hf_writer_printf(w, DASH "%s %s\n", vkey->name, packed);
}

void hf_note_sign(struct hf_str text, const struct hf_vkey *vkey, const struct hf_signing_key *key,
                  struct hf_writer *w)
{
    HF_ASSERT(vkey->type == HF_KEY_ED25519);
    uint8_t payload[4 + HF_SIGNATURE_SIZE];
    struct hf_signature signature;
    hf_be32_put(payload, vkey->id);
    hf_sign(key, hf_str_bytes(text), &signature);
    memcpy(payload + 4, signature.b, sizeof signature.b);
    write_line(vkey, hf_bytes_of(payload, sizeof payload), w);
}

void hf_note_cosign(struct hf_str text, const struct hf_vkey *vkey,
                    const struct hf_signing_key *key, uint64_t time_s, struct hf_writer *w)
{
    HF_ASSERT(vkey->type == HF_KEY_COSIGNATURE && time_s <= INT64_MAX);
    uint8_t payload[4 + 8 + HF_SIGNATURE_SIZE];
    struct hf_signature signature;
    struct hf_buf message = hf_buf_init(HF_NOTE_MAX + 64);
    hf_buf_printf(&message, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
    hf_buf_str(&message, text);
    if (message.failed != HF_OK) {
        w->overflow = true; /* no memory: the caller sees it where it looks for success */
    } else {
        hf_be32_put(payload, vkey->id);
        hf_be64_put(payload + 4, time_s);
        hf_sign(key, hf_buf_bytes(&message), &signature);
        memcpy(payload + 12, signature.b, sizeof signature.b);
        write_line(vkey, hf_bytes_of(payload, sizeof payload), w);
    }
    hf_buf_free(&message);
}
