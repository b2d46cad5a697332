/* hub/hub.c: opens a region: log, keys, TLS, listener; folds what is in the log; closes it all. */
#include "hub/hub.h"

#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/host_key.h"
#include "hub/call.h"
#include "hub/windows.h"
#include "log/core/reader.h"

#define TOKEN_PREFIX "hfp_"

static const char *const regions[] = {"dev", "staging", "prod-eu", "prod-us"};

enum hf_rc hf_hub_region_number(const char *region, int *ret_number, struct hf_err *err)
{
    for (size_t i = 0; i < HF_LEN(regions); i++) {
        if (strcmp(regions[i], region) == 0) {
            *ret_number = (int)i;
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_EINVAL,
                      "\"%.40s\" is no region: use dev, staging, prod-eu or prod-us", region);
}

const char *hf_role_name(enum hf_role role)
{
    static const char *const names[] = {"viewer", "auditor", "operator", "approver", "admin"};
    return names[role];
}

/* principals */

static enum hf_rc fold_principal(struct hf_hub *hub, const struct hf_envelope *envelope,
                                 struct hf_err *err)
{
    const size_t prefix = sizeof "principal/" - 1;
    struct hf_str name = {envelope->stream.ptr + prefix, envelope->stream.len - prefix};
    struct hf_principal *p = NULL;
    for (unsigned i = 0; i < hub->principal_count && p == NULL; i++) {
        p = hf_str_eq(hf_str_c(hub->principals[i].name), name) ? &hub->principals[i] : NULL;
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_PRINCIPAL_REVOKED_NAME))) {
        if (p != NULL) {
            p->revoked = true;
        }
        return HF_OK;
    }
    struct hf_event_principal_created event;
    if (!hf_str_eq(envelope->type, HF_STR(HF_EVENT_PRINCIPAL_CREATED_NAME))) {
        return HF_OK;
    }
    enum hf_rc rc = hf_event_principal_created_decode(envelope->payload, &event, err);
    if (rc != HF_OK || name.len >= sizeof p->name) {
        return rc;
    }
    if (p == NULL) {
        if (hub->principal_count == HF_HUB_PRINCIPALS_MAX) {
            return hf_err_set(err, HF_ENOSPC, "the Hub knows at most %d principals",
                              HF_HUB_PRINCIPALS_MAX);
        }
        p = &hub->principals[hub->principal_count++];
    }
    *p = (struct hf_principal){.role = (enum hf_role)event.role,
                               .expires_us = event.expires,
                               .version = envelope->version};
    memcpy(p->name, name.ptr, name.len);
    memcpy(p->token_hash.b, event.token_hash.ptr, HF_HASH_SIZE);
    return HF_OK;
}

bool hf_hub_has_admin(const struct hf_hub *hub)
{
    for (unsigned i = 0; i < hub->principal_count; i++) {
        if (hub->principals[i].role == HF_ROLE_ADMIN && !hub->principals[i].revoked) {
            return true;
        }
    }
    return false;
}

enum hf_rc hf_hub_principal_event(struct hf_hub *hub, struct hf_str name, enum hf_role role,
                                  struct hf_writer *w, struct hf_secret *ret_token,
                                  struct hf_err *err)
{
    uint8_t seed[32];
    char text[sizeof TOKEN_PREFIX + 2 * sizeof seed];
    struct hf_hash hash;
    hf_env_random(hf_loop_env(hub->loop), seed, sizeof seed);
    memcpy(text, TOKEN_PREFIX, sizeof TOKEN_PREFIX);
    hf_hex_encode(hf_bytes_of(seed, sizeof seed), text + sizeof TOKEN_PREFIX - 1);
    hf_sha256(hf_bytes_of(text, strlen(text)), &hash);
    enum hf_rc rc = hf_secret_copy(hf_bytes_of(text, strlen(text)), ret_token);
    hf_wipe(seed, sizeof seed);
    hf_wipe(text, sizeof text);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no memory for a token");
    }
    const struct hf_event_principal_created event = {
        .principal = name,
        .role = (enum hf_event_principal_created_role)role,
        .token_hash = hf_bytes_of(hash.b, HF_HASH_SIZE)};
    rc = hf_event_principal_created_check(&event, err);
    if (rc == HF_OK) {
        hf_event_principal_created_encode(&event, w);
    }
    return rc;
}

/* folding */

enum hf_rc hf_hub_fold(struct hf_hub *hub, uint64_t index, const struct hf_envelope *envelope,
                       struct hf_err *err)
{
    const char prefix[] = "principal/";
    char own[32];
    (void)snprintf(own, sizeof own, "hub/%s", hub->region);
    if (hf_str_eq(envelope->producer, hf_str_c(own)) && envelope->sequence > hub->sequence) {
        hub->sequence = envelope->sequence;
    }
    if (envelope->stream.len > sizeof prefix - 1 &&
        memcmp(envelope->stream.ptr, prefix, sizeof prefix - 1) == 0) {
        return fold_principal(hub, envelope, err);
    }
    return hf_hub_tenants_fold(hub->tenants, index, envelope, hub->log.log, err);
}

static enum hf_rc fold_log(struct hf_hub *hub, struct hf_err *err)
{
    struct hf_reader *reader = NULL;
    struct hf_reader_options options = {.from = 0};
    enum hf_rc rc = hf_reader_open(hub->log.log, &options, &reader, err);
    while (rc == HF_OK) {
        uint64_t index = 0;
        struct hf_bytes entry;
        struct hf_envelope envelope;
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc == HF_OK) {
            rc = hf_envelope_read_leaf(entry, &envelope, err);
        }
        if (rc == HF_OK) {
            rc = hf_hub_fold(hub, index, &envelope, err);
            if (rc != HF_OK) {
                rc = hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
            }
        }
    }
    hf_reader_close(reader);
    return rc == HF_EEND ? HF_OK : rc;
}

/* keys and TLS */

static enum hf_rc open_keys(struct hf_hub *hub, const struct hf_secret *host_key,
                            struct hf_err *err)
{
    char name[64];
    char text[HF_VKEY_TEXT_MAX];
    struct hf_env *env = hf_loop_env(hub->loop);
    hub->log_vkey = hf_log_identity(hub->log.log)->vkey;
    size_t len = hf_vkey_format(&hub->log_vkey, text);
    hf_sha256(hf_bytes_of(text, len), &hub->log_fingerprint);
    (void)snprintf(name, sizeof name, "%s/cosigner", hub->region);
    const struct hf_owned_key_conf cosigner = {hub->dir,           "cosigner.key", name,
                                               HF_KEY_COSIGNATURE, host_key,       env};
    enum hf_rc rc = hf_owned_key(&cosigner, &hub->cosigner, &hub->cosigner_vkey, err);
    if (rc != HF_OK) {
        return rc;
    }
    (void)snprintf(name, sizeof name, "%s/api-keys", hub->region);
    const struct hf_owned_key_conf api = {hub->dir, "api.key", name, HF_KEY_ED25519, host_key, env};
    struct hf_vkey unused; /* nobody verifies what it signs: it makes keys */
    return hf_owned_key(&api, &hub->api_keys, &unused, err);
}

/* The TLS key lies sealed under the host key beside its certificate. */
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
        hf_file_create(key_path, hf_bytes_of(sealed, plain.len + HF_SEAL_OVERHEAD), 0600, err);
    if (rc == HF_OK) {
        rc = hf_file_create(certificate_path, certificate, 0644, err);
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
            rc = hf_err_set(err, rc, "%s was altered or is of another host", path);
        }
    }
    hf_buf_free(&sealed);
    return rc;
}

static enum hf_rc open_tls(struct hf_hub *hub, const char *name, const struct hf_secret *host_key,
                           struct hf_err *err)
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
            rc = read_tls_key(key_path, host_key, &key, err);
        }
    } else {
        rc = hf_tls_identity_make(name, hf_env_wall_us(env), &certificate, &key, err);
        if (rc == HF_OK) {
            rc = write_tls(certificate_path, key_path, hf_buf_bytes(&certificate), &key, host_key,
                           env, err);
        }
    }
    if (rc == HF_OK) {
        rc = hf_tls_server_new(hf_buf_bytes(&certificate), &key, &hub->tls, err);
    }
    if (rc == HF_OK) {
        hf_tls_server_pin(hub->tls, &hub->tls_pin);
    }
    hf_secret_free(&key);
    hf_buf_free(&certificate);
    return rc;
}

/* opening */

static void accepted(struct hf_listener *listener, struct hf_stream *stream)
{
    struct hf_hub *hub = HF_CONTAINER_OF(listener, struct hf_hub, listener);
    struct hf_stream *top = stream;
    if (hf_tls_accept(hub->tls, stream, &top) != HF_OK) {
        hf_log(hub->logger, HF_LOG_WARN, "hub.no_memory", hf_f_c("peer", stream->peer.text));
    }
    hf_http_server_take(hub->http, top); /* without TLS it gets a malformed request, and goes */
}

static enum hf_rc open_listener(struct hf_hub *hub, const char *listen, struct hf_err *err)
{
    struct hf_address address;
    enum hf_rc rc = hf_address_parse(listen, &address, err);
    if (rc == HF_OK) {
        rc = hf_http_server_new(hub->loop, &hf_http_server_defaults, &hf_hub_handler, hub,
                                &hub->http);
    }
    if (rc == HF_OK) {
        hub->listener.accepted = accepted;
        rc = hf_listener_open(hub->loop, &address, &hub->listener, err);
        hub->listening = rc == HF_OK;
    }
    return rc;
}

enum hf_rc hf_hub_open(struct hf_loop *loop, const struct hf_hub_conf *conf, struct hf_hub *hub,
                       struct hf_err *err)
{
    char origin[64];
    struct hf_secret host_key = {0};
    int number = 0;
    *hub = (struct hf_hub){.loop = loop, .logger = conf->logger};
    (void)snprintf(hub->region, sizeof hub->region, "%s", conf->region);
    (void)snprintf(hub->dir, sizeof hub->dir, "%s", conf->dir);
    (void)snprintf(origin, sizeof origin, "holdfast/%s", conf->region);
    enum hf_rc rc = hf_hub_region_number(conf->region, &number, err);
    if (rc == HF_OK) {
        rc = hf_host_key_load(hf_loop_env(loop), /* path= */ NULL, &host_key, err);
    }
    if (rc == HF_OK) {
        const struct hf_owned_conf owned = {.loop = loop,
                                            .dir = conf->dir,
                                            .origin = origin,
                                            .program = "holdfast-hub",
                                            .host_key = &host_key,
                                            .free_floor = conf->free_floor};
        rc = hf_owned_open(&owned, &hub->log, err);
    }
    if (rc == HF_OK) {
        rc = open_keys(hub, &host_key, err);
    }
    if (rc == HF_OK) {
        rc = open_tls(hub, conf->name, &host_key, err);
    }
    hf_secret_free(&host_key);
    if (rc == HF_OK) {
        rc = hf_hub_tenants_new(hf_loop_env(loop), &hub->tenants);
    }
    if (rc == HF_OK) {
        rc = fold_log(hub, err);
    }
    if (rc == HF_OK) {
        rc = open_listener(hub, conf->listen, err);
    }
    if (rc == HF_OK) {
        hf_hub_windows_start(hub);
    }
    return rc;
}

/* closing */

static void log_closed(void *arg)
{
    struct hf_hub *hub = arg;
    hf_hub_tenants_free(hub->tenants);
    hf_tls_server_free(hub->tls);
    hf_signing_key_free(hub->cosigner);
    hf_signing_key_free(hub->api_keys);
    hub->closed(hub->closed_arg);
}

static void drained(void *arg)
{
    struct hf_hub *hub = arg;
    hf_http_server_free(hub->http);
    hub->http = NULL;
    hf_owned_close(&hub->log, log_closed, hub);
}

void hf_hub_close(struct hf_hub *hub, void (*closed)(void *arg), void *arg)
{
    hub->closed = closed;
    hub->closed_arg = arg;
    if (hub->window.fire != NULL) {
        hf_hub_windows_stop(hub);
    }
    if (hub->listening) {
        hub->listening = false;
        hf_listener_close(&hub->listener);
    }
    if (hub->http != NULL) {
        hf_http_server_drain(hub->http, drained, hub);
    } else {
        drained(hub);
    }
}
