/* tenant/vault_key.c: seals the vault's key into a text file and opens it.
 *
 *   holdfast/vault-key@v1\n
 *   BASE64(host key id, 8 bytes)\n
 *   BASE64(nonce || sealed key)\n      associated data: the first two lines
 */
#include "tenant/vault_key.h"

#include "base/base64.h"
#include "base/host_key.h"

#define HEADER   "holdfast/vault-key@v1"
#define SEALED   (HF_SEAL_KEY_SIZE + HF_SEAL_OVERHEAD)
#define FILE_MAX 256

static enum hf_rc open_text(struct hf_bytes text, const struct hf_secret *host_key,
                            struct hf_secret *ret_key, struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(text);
    struct hf_str header = {0}, packed_id = {0}, packed = {0};
    uint8_t expected[8], id[8], sealed[SEALED];
    size_t id_len = 0;
    size_t len = 0;
    bool good = hf_cursor_line(&c, &header) && hf_cursor_line(&c, &packed_id);
    struct hf_bytes head = {text.ptr, text.len - c.left};
    good = good && hf_cursor_line(&c, &packed) && c.left == 0 &&
           hf_str_eq(header, HF_STR(HEADER)) &&
           hf_base64_decode(packed_id, id, sizeof id, &id_len) == HF_OK && id_len == sizeof id &&
           hf_base64_decode(packed, sealed, sizeof sealed, &len) == HF_OK && len == sizeof sealed;
    if (!good) {
        return hf_err_set(err, HF_ESYNTAX,
                          "this is no vault key of holdfast; restore it from a backup");
    }
    hf_host_key_id(host_key, expected);
    if (memcmp(expected, id, sizeof id) != 0) {
        return hf_err_set(err, HF_EMISMATCH,
                          "the vault's key is sealed under another host's key; name that host key "
                          "in HOLDFAST_HOST_KEY, or move vault.key and vault.db away and put the "
                          "secrets again");
    }
    enum hf_rc rc = hf_unseal(host_key, hf_bytes_of(sealed, sizeof sealed), head, ret_key);
    return rc == HF_OK ? rc
           : rc == HF_ENOMEM
               ? hf_err_set(err, rc, "no locked memory for the vault's key")
               : hf_err_set(err, rc, "the vault's key was altered; restore it from a backup");
}

enum hf_rc hf_vault_key_load(const struct hf_vault_key_conf *conf, struct hf_secret *ret_key,
                             struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(FILE_MAX);
    enum hf_rc rc = hf_disk_read(conf->disk, conf->path, &text, err);
    if (rc == HF_OK) {
        rc = open_text(hf_buf_bytes(&text), conf->host_key, ret_key, err);
        rc = rc == HF_OK ? rc : hf_err_wrap(err, rc, "%s", conf->path);
    }
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_vault_key_make(const struct hf_vault_key_conf *conf, struct hf_secret *ret_key,
                             struct hf_err *err)
{
    uint8_t id[8], sealed[SEALED], text[FILE_MAX];
    char packed_id[HF_BASE64_LEN(sizeof id) + 1];
    char packed[HF_BASE64_LEN(SEALED) + 1];
    struct hf_secret key = {0};
    struct hf_writer w = hf_writer_init(text, sizeof text);
    enum hf_rc rc = hf_secret_alloc(HF_SEAL_KEY_SIZE, &key);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no locked memory for the vault's key");
    }
    hf_env_random(conf->env, hf_secret_fill(&key), HF_SEAL_KEY_SIZE);
    hf_host_key_id(conf->host_key, id);
    hf_base64_encode(hf_bytes_of(id, sizeof id), packed_id);
    hf_writer_printf(&w, HEADER "\n%s\n", packed_id);
    hf_seal(conf->env, conf->host_key, hf_secret_reveal(&key), hf_writer_done(&w), sealed);
    hf_base64_encode(hf_bytes_of(sealed, sizeof sealed), packed);
    hf_writer_printf(&w, "%s\n", packed);
    rc = hf_disk_replace(conf->disk, conf->path, hf_writer_done(&w), 0600, err);
    if (rc != HF_OK) {
        hf_secret_free(&key);
        return rc;
    }
    *ret_key = key;
    return HF_OK;
}
