/* log/tlog/key_file.c: seals a signing key's seed into a text file and opens it. */
#include "log/tlog/key_file.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/host_key.h"

#define HEADER "holdfast/key@v1"
#define SEALED (HF_SEED_SIZE + HF_SEAL_OVERHEAD)

void hf_key_file_format(struct hf_env *env, const struct hf_vkey *vkey,
                        const struct hf_secret *seed, const struct hf_secret *host_key,
                        struct hf_writer *w)
{
    char text[HF_VKEY_TEXT_MAX];
    uint8_t id[8];
    char packed_id[HF_BASE64_LEN(sizeof id) + 1];
    uint8_t sealed[SEALED];
    char packed[HF_BASE64_LEN(SEALED) + 1];
    HF_ASSERT(hf_secret_reveal(seed).len == HF_SEED_SIZE);
    (void)hf_vkey_format(vkey, text);
    hf_host_key_id(host_key, id);
    hf_base64_encode(hf_bytes_of(id, sizeof id), packed_id);
    size_t start = w->len;
    hf_writer_printf(w, HEADER "\n%s\n%s\n", text, packed_id);
    if (w->overflow) {
        return;
    }
    hf_seal(env, host_key, hf_secret_reveal(seed), hf_bytes_of(w->ptr + start, w->len - start),
            sealed);
    hf_base64_encode(hf_bytes_of(sealed, sizeof sealed), packed);
    hf_writer_printf(w, "%s\n", packed);
}

static enum hf_rc unseal(struct hf_bytes head, struct hf_str packed_id, struct hf_str packed,
                         const struct hf_secret *host_key, struct hf_secret *ret_seed,
                         struct hf_err *err)
{
    uint8_t expected[8], id[8], sealed[SEALED];
    size_t id_len = 0;
    size_t len = 0;
    if (hf_base64_decode(packed_id, id, sizeof id, &id_len) != HF_OK || id_len != sizeof id ||
        hf_base64_decode(packed, sealed, sizeof sealed, &len) != HF_OK || len != sizeof sealed) {
        return hf_err_set(err, HF_ESYNTAX,
                          "it is damaged, or no key file; restore it from a backup");
    }
    hf_host_key_id(host_key, expected);
    if (memcmp(expected, id, sizeof id) != 0) {
        return hf_err_set(err, HF_EMISMATCH,
                          "the key is sealed under another host's key; name that host key in "
                          "HOLDFAST_HOST_KEY, or work where the log was made");
    }
    enum hf_rc rc = hf_unseal(host_key, hf_bytes_of(sealed, sizeof sealed), head, ret_seed);
    return rc == HF_OK ? rc
                       : hf_err_set(err, rc,
                                    "the key file was altered; restore it from a "
                                    "backup");
}

/* The file's two halves; gives *ret_seed. */
static enum hf_rc open_seed(struct hf_bytes text, const struct hf_secret *host_key,
                            struct hf_vkey *ret_vkey, struct hf_secret *ret_seed,
                            struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(text);
    struct hf_str header = {0}, vkey = {0}, packed_id = {0}, packed = {0};
    bool ok =
        hf_cursor_line(&c, &header) && hf_cursor_line(&c, &vkey) && hf_cursor_line(&c, &packed_id);
    struct hf_bytes head = {text.ptr, text.len - c.left};
    ok = ok && hf_cursor_line(&c, &packed) && c.left == 0 && hf_str_eq(header, HF_STR(HEADER));
    if (!ok) {
        return hf_err_set(err, HF_ESYNTAX,
                          "it is damaged, or no key file; restore it from a backup");
    }
    if (hf_vkey_parse(vkey, ret_vkey, /* err= */ NULL) != HF_OK) {
        return hf_err_set(err, HF_ESYNTAX,
                          "its verifier key is damaged; restore the file from a backup");
    }
    return unseal(head, packed_id, packed, host_key, ret_seed, err);
}

enum hf_rc hf_key_file_open(struct hf_bytes text, const struct hf_secret *host_key,
                            struct hf_vkey *ret_vkey, struct hf_signing_key **ret_key,
                            struct hf_err *err)
{
    struct hf_secret seed = {0};
    enum hf_rc rc = open_seed(text, host_key, ret_vkey, &seed, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_signing_key_from_seed(&seed, ret_key, err);
    hf_secret_free(&seed);
    if (rc == HF_OK &&
        memcmp(hf_signing_key_public(*ret_key), &ret_vkey->public_key, HF_PUBLIC_KEY_SIZE) != 0) {
        hf_signing_key_free(*ret_key);
        *ret_key = NULL;
        rc = hf_err_set(err, HF_ECORRUPT, "the key file's two halves do not belong together");
    }
    return rc;
}

enum hf_rc hf_key_file_rename(struct hf_env *env, struct hf_bytes text,
                              const struct hf_secret *host_key, struct hf_str name,
                              struct hf_writer *w, struct hf_err *err)
{
    struct hf_secret seed = {0};
    struct hf_vkey old = {.name_len = 0};
    struct hf_vkey vkey;
    enum hf_rc rc = open_seed(text, host_key, &old, &seed, err);
    if (rc == HF_OK) {
        rc = hf_vkey_make(name, old.type, &old.public_key, &vkey, err);
    }
    if (rc == HF_OK) {
        hf_key_file_format(env, &vkey, &seed, host_key, w);
        rc = w->overflow ? hf_err_set(err, HF_ETOOBIG, "the key's name is too long") : HF_OK;
    }
    hf_secret_free(&seed);
    return rc;
}
