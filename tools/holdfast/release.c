/* tools/holdfast/release.c: release keys and manifests, for commands that sign or verify. */
#include "tools/holdfast/release.h"

#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/host_key.h"
#include "log/tlog/key_file.h"

#define DAY_US (INT64_C(86400) * 1000000)

enum hf_rc hf_release_load_keys(struct hf_cli *cli, struct hf_release_keys *ret_keys,
                                struct hf_err *err)
{
    const char *path = hf_cli_str(cli, "release-keys");
    struct hf_buf text = hf_buf_init(HF_RELEASE_TEXT_MAX);
    enum hf_rc rc = hf_file_read(path, &text, err);
    if (rc == HF_OK) {
        rc = hf_release_keys_parse(hf_buf_bytes(&text), ret_keys, err);
        rc = rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "%s", path);
    }
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_release_load_key(struct hf_cli *cli, const char *path, struct hf_vkey *ret_vkey,
                               struct hf_signing_key **ret_key, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(HF_KEY_FILE_MAX);
    struct hf_secret host_key = {0};
    enum hf_rc rc = hf_file_read(path, &text, err);
    if (rc == HF_OK) {
        rc = hf_host_key_load(cli->env, /* path= */ NULL, &host_key, err);
    }
    if (rc == HF_OK) {
        rc = hf_key_file_open(hf_buf_bytes(&text), &host_key, ret_vkey, ret_key, err);
        rc = rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "%s", path);
    }
    hf_secret_free(&host_key);
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_release_load_artifact(const char *path, struct hf_buf *bytes, struct hf_err *err)
{
    enum hf_rc rc = hf_file_read(path, bytes, err);
    if (rc == HF_ETOOBIG) {
        return hf_err_set(err, rc, "%s: an artifact has at most %u bytes", path, HF_ARTIFACT_MAX);
    }
    if (rc == HF_OK && bytes->len == 0) {
        return hf_err_set(err, HF_EINVAL, "%s is empty, and so no artifact", path);
    }
    return rc;
}

enum hf_rc hf_release_sign(struct hf_cli *cli, const char *key_path, struct hf_bytes bytes,
                           uint64_t days, struct hf_manifest *manifest, struct hf_writer *w,
                           struct hf_err *err)
{
    struct hf_vkey vkey;
    struct hf_signing_key *key = NULL;
    manifest->channel = hf_slot_channel(manifest->slot);
    manifest->length = bytes.len;
    hf_sha256(bytes, &manifest->digest);
    manifest->created_us = hf_env_wall_us(cli->env);
    manifest->expires_us = manifest->created_us + (int64_t)days * DAY_US;
    enum hf_rc rc = hf_manifest_check(manifest, err);
    if (rc == HF_OK) {
        rc = hf_release_load_key(cli, key_path, &vkey, &key, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_manifest_sign(manifest, &vkey, key, w);
    hf_signing_key_free(key);
    return w->overflow ? hf_err_set(err, HF_ETOOBIG, "the key's name is too long for a manifest")
                       : HF_OK;
}

enum hf_rc hf_release_manifest_path(const char *named, const char *artifact, char *out, size_t cap,
                                    struct hf_err *err)
{
    int len = named != NULL ? snprintf(out, cap, "%s", named)
                            : snprintf(out, cap, "%s.manifest", artifact);
    return len > 0 && (size_t)len < cap ? HF_OK
                                        : hf_err_set(err, HF_ETOOBIG, "the path is too long");
}

enum hf_rc hf_release_copy(const char *what, const char *text, char out[HF_MANIFEST_NAME_MAX + 1],
                           struct hf_err *err)
{
    if (strlen(text) > HF_MANIFEST_NAME_MAX) {
        return hf_err_set(err, HF_EINVAL, "%s: has at most %d characters", what,
                          HF_MANIFEST_NAME_MAX);
    }
    memcpy(out, text, strlen(text) + 1);
    return HF_OK;
}

enum hf_rc hf_release_hash(const char *what, const char *text, struct hf_hash *ret,
                           struct hf_err *err)
{
    size_t len = 0;
    if (hf_hex_decode(hf_str_c(text), ret->b, HF_HASH_SIZE, &len, NULL) != HF_OK ||
        len != HF_HASH_SIZE) {
        return hf_err_set(err, HF_EINVAL, "%s: must be 64 hexadecimal digits", what);
    }
    return HF_OK;
}
