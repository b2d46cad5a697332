/* base/vapid.c: tokens for push services. */
#include "base/vapid.h"

#include "base/base64.h"
#include "base/json_out.h"

#define CLAIMS_MAX 700

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == ':' || c == '[' || c == ']';
}

enum hf_rc hf_origin_of(struct hf_str url, struct hf_str *ret_origin, struct hf_err *err)
{
    size_t at = hf_str_starts(url, HF_STR("https://"))  ? sizeof "https://" - 1
                : hf_str_starts(url, HF_STR("http://")) ? sizeof "http://" - 1
                                                        : 0;
    size_t begin = at;
    while (at > 0 && at < url.len && is_host_char(url.ptr[at])) {
        at++;
    }
    bool ends = at == url.len || url.ptr[at] == '/' || url.ptr[at] == '?';
    if (at == begin || !ends || at > HF_ORIGIN_MAX) {
        return hf_err_set(err, HF_EINVAL, "it is no URL of the form https://HOST/PATH");
    }
    *ret_origin = (struct hf_str){url.ptr, at};
    return HF_OK;
}

static void put_base64url(struct hf_writer *w, struct hf_bytes bytes)
{
    char text[HF_BASE64_LEN(CLAIMS_MAX) + 1];
    hf_base64url_encode(bytes, text);
    hf_writer_str(w, hf_str_c(text));
}

static enum hf_rc put_claims(struct hf_writer *w, struct hf_str origin, struct hf_str contact,
                             int64_t expires_s)
{
    struct hf_buf claims = hf_buf_init(CLAIMS_MAX);
    struct hf_json_out json;
    hf_json_init(&json, &claims);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "aud", origin);
    hf_json_key(&json, HF_STR("exp"));
    hf_json_i64(&json, expires_s);
    hf_json_key_str(&json, "sub", contact);
    hf_json_object_end(&json);
    if (claims.failed == HF_OK) {
        put_base64url(w, hf_buf_bytes(&claims));
    }
    enum hf_rc rc = claims.failed;
    hf_buf_free(&claims);
    return rc;
}

enum hf_rc hf_vapid_write(const struct hf_p256_key *key, struct hf_str origin,
                          struct hf_str contact, int64_t expires_s, struct hf_writer *w,
                          struct hf_err *err)
{
    uint8_t signature[HF_P256_SIGNATURE];
    hf_writer_str(w, HF_STR("vapid t="));
    size_t begin = w->len;
    put_base64url(w, HF_BYTES("{\"typ\":\"JWT\",\"alg\":\"ES256\"}"));
    hf_writer_str(w, HF_STR("."));
    enum hf_rc rc = put_claims(w, origin, contact, expires_s);
    if (rc != HF_OK || w->overflow) {
        return hf_err_set(err, rc == HF_OK ? HF_ETOOBIG : rc, "no room for a token of VAPID");
    }
    rc = hf_p256_sign(key, hf_bytes_of(w->ptr + begin, w->len - begin), signature, err);
    if (rc == HF_OK) {
        hf_writer_str(w, HF_STR("."));
        put_base64url(w, hf_bytes_of(signature, sizeof signature));
        hf_writer_str(w, HF_STR(", k="));
        put_base64url(w, hf_p256_key_public(key));
    }
    return rc == HF_OK && w->overflow ? hf_err_set(err, HF_ETOOBIG, "no room for a token of VAPID")
                                      : rc;
}
