/* hub/identity.c: opens the keys and the certificate that a region is known by, or makes them. */
#include "hub/identity.h"

#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/net/tls_identity.h"
#include "hub/hub.h"

static enum hf_rc open_release_keys(struct hf_hub *hub, const char *path, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(HF_RELEASE_TEXT_MAX);
    enum hf_rc rc = path == NULL ? HF_OK : hf_disk_read(hub->disk, path, &text, err);
    if (rc == HF_OK && path != NULL) {
        rc = hf_release_keys_parse(hf_buf_bytes(&text), &hub->release, err);
        rc = rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "%s", path);
    }
    hf_buf_free(&text);
    return rc;
}

/* A key that others know the region by is made with the region, and never again: one that was lost
 * and made anew would go unnoticed here and refused by every agent. */
static enum hf_rc expect_file(const struct hf_hub *hub, const char *name, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    if (hf_log_size(hub->log.log) == 0 ||
        hf_path_join(hub->dir, name, path, sizeof path) != HF_OK ||
        hf_disk_exists(hub->disk, path)) {
        return HF_OK;
    }
    return hf_err_set(err, HF_ENOTFOUND, "%s is missing; restore it from a backup of this region",
                      path);
}

/* A log belongs to its region for ever: its tenants must not turn up under another name. */
static enum hf_rc same_region(const struct hf_hub *hub, struct hf_err *err)
{
    char origin[64];
    const char *has = hub->log_vkey.name;
    (void)snprintf(origin, sizeof origin, HF_HUB_ORIGIN, hub->region);
    return strcmp(has, origin) == 0
               ? HF_OK
               : hf_err_set(err, HF_EUSAGE,
                            "%s holds the log of %s, and this Hub is of the region %s: give it the "
                            "region of its folder, or another folder",
                            hub->dir, has, hub->region);
}

enum hf_rc hf_hub_identity_keys(struct hf_hub *hub, const char *release_keys,
                                const struct hf_secret *host_key, struct hf_err *err)
{
    char name[64];
    char text[HF_VKEY_TEXT_MAX];
    struct hf_env *env = hf_loop_env(hub->loop);
    hub->log_vkey = hf_log_identity(hub->log.log)->vkey;
    size_t len = hf_vkey_format(&hub->log_vkey, text);
    hf_sha256(hf_bytes_of(text, len), &hub->log_fingerprint);
    (void)snprintf(name, sizeof name, "%s/cosigner", hub->region);
    const struct hf_owned_key_conf cosigner = {
        hub->dir, "cosigner.key", name, HF_KEY_COSIGNATURE, host_key, env, hub->disk};
    enum hf_rc rc = same_region(hub, err);
    rc = rc == HF_OK ? expect_file(hub, cosigner.name, err) : rc;
    rc = rc == HF_OK ? expect_file(hub, "api.key", err) : rc;
    if (rc == HF_OK) {
        rc = hf_owned_key(&cosigner, &hub->cosigner, &hub->cosigner_vkey, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    (void)snprintf(name, sizeof name, "%s/api-keys", hub->region);
    const struct hf_owned_key_conf api = {hub->dir, "api.key", name,     HF_KEY_ED25519,
                                          host_key, env,       hub->disk};
    struct hf_vkey unused; /* nobody verifies what it signs: it makes keys */
    rc = hf_owned_key(&api, &hub->api_keys, &unused, err);
    if (rc == HF_OK) {
        struct hf_signature signature;
        hf_sign(hub->api_keys, HF_BYTES("holdfast/cursor-key/v1\n"), &signature);
        hf_sha256(hf_bytes_of(signature.b, sizeof signature.b), &hub->cursor_key);
        hf_wipe(&signature, sizeof signature);
        const struct hf_contact_box_conf box = {hub->dir, hub->disk, env, host_key, hub->api_keys};
        rc = hf_contact_box_open(&box, &hub->contact_box, err);
    }
    if (rc == HF_OK) {
        const struct hf_custody_conf custody = {hub->dir, hub->disk, env, host_key};
        rc = hf_custody_open(&custody, &hub->custody, err);
    }
    return rc == HF_OK ? open_release_keys(hub, release_keys, err) : rc;
}

/* The TLS key lies sealed under the host key beside its certificate, which comes last: without it a
 * key is of an opening that was interrupted, and nobody knows it yet. */
static enum hf_rc write_tls(const char *certificate_path, const char *key_path,
                            struct hf_bytes certificate, const struct hf_secret *key,
                            const struct hf_secret *host_key, struct hf_env *env,
                            struct hf_err *err)
{
    struct hf_bytes plain = hf_secret_reveal(key);
    uint8_t *sealed = hf_heap_alloc(plain.len + HF_SEAL_OVERHEAD);
    if (sealed == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a TLS identity");
    }
    hf_seal(env, host_key, plain, HF_BYTES("holdfast/tls-key/v1"), sealed);
    enum hf_rc rc =
        hf_file_replace(key_path, hf_bytes_of(sealed, plain.len + HF_SEAL_OVERHEAD), 0600, err);
    if (rc == HF_OK) {
        rc = hf_file_replace(certificate_path, certificate, 0644, err);
    }
    hf_heap_free(sealed);
    return rc;
}

static enum hf_rc read_tls_key(const char *path, const struct hf_secret *host_key,
                               struct hf_secret *ret_key, struct hf_err *err)
{
    struct hf_buf sealed = hf_buf_init(65536);
    enum hf_rc rc = hf_file_read(path, &sealed, err);
    if (rc == HF_OK) {
        rc = hf_unseal(host_key, hf_buf_bytes(&sealed), HF_BYTES("holdfast/tls-key/v1"), ret_key);
        if (rc != HF_OK) {
            rc = hf_err_set(err, rc,
                            "%s was altered or is of another host; restore it from a backup, or "
                            "remove it and tls.pem: then every agent has to register anew",
                            path);
        }
    }
    hf_buf_free(&sealed);
    return rc;
}

enum hf_rc hf_hub_identity_tls(struct hf_hub *hub, const char *name,
                               const struct hf_secret *host_key, struct hf_err *err)
{
    char certificate_path[HF_PATH_MAX];
    char key_path[HF_PATH_MAX];
    struct hf_buf certificate = hf_buf_init(65536);
    struct hf_secret key = {0};
    struct hf_env *env = hf_loop_env(hub->loop);
    enum hf_rc rc = hf_path_join(hub->dir, "tls.pem", certificate_path, sizeof certificate_path);
    if (rc == HF_OK) {
        rc = hf_path_join(hub->dir, "tls.key", key_path, sizeof key_path);
    }
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "the path %s is too long", hub->dir);
    }
    if (access(certificate_path, F_OK) == 0) {
        rc = hf_file_read(certificate_path, &certificate, err);
        if (rc == HF_OK) {
            rc = expect_file(hub, "tls.key", err);
        }
        if (rc == HF_OK) {
            rc = read_tls_key(key_path, host_key, &key, err);
        }
    } else if (access(key_path, F_OK) == 0 && hf_log_size(hub->log.log) > 0) {
        rc = hf_err_set(
            err, HF_ENOTFOUND,
            "%s is missing, and agents know this Hub by it; restore it from a backup, or "
            "remove tls.key too: then every agent has to register anew",
            certificate_path);
    } else {
        rc = hf_tls_identity_make(name, hf_env_wall_us(env), &certificate, &key, err);
        if (rc == HF_OK) {
            rc = write_tls(certificate_path, key_path, hf_buf_bytes(&certificate), &key, host_key,
                           env, err);
        }
    }
    if (rc == HF_OK) {
        rc = hf_tls_server_new(hf_buf_bytes(&certificate), &key, &hub->tls, err);
        rc = rc == HF_OK
                 ? rc
                 : hf_err_wrap(err, rc,
                               "%s (restore it from a backup, or remove it and tls.key: then "
                               "every agent has to register anew)",
                               certificate_path);
    }
    if (rc == HF_OK) {
        hf_tls_server_pin(hub->tls, &hub->tls_pin);
    }
    hf_secret_free(&key);
    hf_buf_free(&certificate);
    return rc;
}
