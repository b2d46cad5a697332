/* hub/hub.c: opens a region: log, identity, listener; folds what is in the log; closes it all. */
#include "hub/hub.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/host_key.h"
#include "hub/call.h"
#include "hub/erasures.h"
#include "hub/identity.h"
#include "hub/memory.h"
#include "hub/windows.h"
#include "log/core/reader.h"

enum hf_rc hf_hub_peers_parse(const char *text, struct hf_hub_peer peers[HF_HUB_PEERS_MAX],
                              unsigned *ret_count, struct hf_err *err)
{
    *ret_count = 0;
    for (const char *at = text; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, ",");
        const char *mark = memchr(at, '=', len);
        if (mark == NULL || *ret_count == HF_HUB_PEERS_MAX) {
            return hf_err_set(err, HF_EINVAL,
                              "peers are at most %d of REGION=URL with commas between them",
                              HF_HUB_PEERS_MAX);
        }
        struct hf_hub_peer *peer = &peers[*ret_count];
        struct hf_str url = {mark + 1, len - (size_t)(mark - at) - 1};
        enum hf_rc rc =
            hf_region_parse((struct hf_str){at, (size_t)(mark - at)}, &peer->region, err);
        if (rc != HF_OK) {
            return rc;
        }
        if (url.len <= sizeof "https://" - 1 || url.len >= sizeof peer->url ||
            memcmp(url.ptr, "https://", sizeof "https://" - 1) != 0) {
            return hf_err_set(err, HF_EINVAL,
                              "the URL of %s must begin with https:// and have at "
                              "most %zu bytes",
                              hf_region_name(peer->region), sizeof peer->url - 1);
        }
        for (unsigned i = 0; i < *ret_count; i++) {
            if (peers[i].region == peer->region) {
                return hf_err_set(err, HF_EINVAL, "%s is there twice; leave one out",
                                  hf_region_name(peer->region));
            }
        }
        memcpy(peer->url, url.ptr, url.len);
        peer->url[url.len] = '\0';
        (*ret_count)++;
        at += len + (at[len] == ',' ? 1 : 0);
    }
    return HF_OK;
}

/* folding */

static enum hf_rc fold_log(struct hf_hub *hub, uint64_t every_ns, struct hf_err *err)
{
    struct hf_reader *reader = NULL;
    struct hf_reader_options options = {.from = 0};
    enum hf_rc rc = hf_hub_snapshot_load(hub, &options.from, err);
    if (rc == HF_OK) {
        rc = hf_reader_open(hub->log.log, &options, &reader, err);
    }
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
    hub->as_of = hf_log_size(hub->log.log);
    if (rc == HF_EEND) {
        hf_log(hub->logger, HF_LOG_INFO, "hub.memory", hf_f_u64("snapshot", options.from),
               hf_f_u64("folded", hub->as_of - options.from));
        hf_hub_snapshot_start(hub, every_ns, hub->as_of - options.from);
    }
    return rc == HF_EEND ? HF_OK : rc;
}

/* opening */

static void tell_failure(struct hf_task *task)
{
    struct hf_hub *hub = HF_CONTAINER_OF(task, struct hf_hub, failing);
    hub->failed(hub->failed_arg, hf_log_writer_trouble(hub->log.writer));
}

static void log_changed(void *arg, struct hf_log_writer *writer)
{
    struct hf_hub *hub = arg;
    hf_hub_followers_wake(&hub->followers);
    hf_hub_models_wake(&hub->models);
    hf_hub_snapshot_log(hub, hf_log_writer_state(writer) == HF_WRITER_FAILED);
    if (hf_owned_room_turned(&hub->log, writer)) {
        hf_log(hub->logger, hub->log.full ? HF_LOG_ERROR : HF_LOG_INFO,
               hub->log.full ? "log.read_only" : "log.writable",
               hf_f_err(hf_log_writer_trouble(writer)));
    }
    if (hub->failed != NULL && hf_log_writer_state(writer) == HF_WRITER_FAILED) {
        hf_task_post(hub->loop, &hub->failing);
    }
}

static void accepted(struct hf_listener *listener, struct hf_stream *stream)
{
    struct hf_hub *hub = HF_CONTAINER_OF(listener, struct hf_hub, listener);
    struct hf_stream *top = stream;
    if (hf_tls_accept(hub->tls, stream, &top) != HF_OK) {
        hf_log(hub->logger, HF_LOG_WARN, "hub.no_memory", hf_f_c("peer", stream->peer.text));
    }
    hf_http_server_take(hub->http, top); /* without TLS it gets a malformed request, and goes */
}

void hf_hub_reload(struct hf_hub *hub)
{
    hf_log(hub->logger, HF_LOG_INFO, "hub.reload",
           hf_f_bool("certificate", hub->certificate.until_us != 0));
    hf_hub_certificate_reload(&hub->certificate);
}

void hf_hub_serve(struct hf_hub *hub, struct hf_stream *stream)
{
    hf_http_server_take(hub->http, stream);
}

static enum hf_rc open_tls(struct hf_hub *hub, const struct hf_hub_conf *conf,
                           const struct hf_secret *host_key, struct hf_err *err)
{
    const struct hf_hub_certificate_files files = {conf->tls_certificate, conf->tls_key,
                                                   conf->public_url};
    enum hf_rc rc = hf_hub_identity_tls(hub, conf->name, host_key, err);
    if (rc == HF_OK && conf->tls_certificate != NULL) {
        rc = hf_hub_certificate_open(hub->loop, hub->logger, hub->tls, &files, &hub->certificate,
                                     err);
    }
    return rc;
}

static enum hf_rc open_server(struct hf_hub *hub, const char *listen, struct hf_err *err)
{
    struct hf_address address;
    enum hf_rc rc = listen == NULL ? HF_OK : hf_address_parse(listen, &address, err);
    if (rc == HF_OK) {
        rc = hf_http_server_new(hub->loop, &hf_http_server_defaults, &hf_hub_handler, hub,
                                &hub->http);
    }
    if (rc == HF_OK && listen != NULL) {
        hub->listener.accepted = accepted;
        rc = hf_listener_open(hub->loop, &address, &hub->listener, err);
        hub->listening = rc == HF_OK;
    }
    return rc;
}

static enum hf_rc models_url(const struct hf_hub_conf *conf, char out[HF_PATH_MAX],
                             struct hf_err *err)
{
    if (conf->models == NULL) {
        enum hf_rc rc = hf_path_join(conf->dir, "models.db", out, HF_PATH_MAX);
        return rc == HF_OK ? rc : hf_err_set(err, rc, "the path %s is too long", conf->dir);
    }
    if (strlen(conf->models) >= HF_HUB_MODELS_URL_MAX) {
        return hf_err_set(err, HF_EINVAL, "the URL of the read models has more than %d bytes",
                          HF_HUB_MODELS_URL_MAX - 1);
    }
    (void)snprintf(out, HF_PATH_MAX, "%s", conf->models);
    return HF_OK;
}

static uint64_t log_size(void *arg)
{
    const struct hf_hub *hub = arg;
    return hf_log_size(hub->log.log);
}

static enum hf_rc start_models(struct hf_hub *hub, const struct hf_hub_conf *conf, const char *url,
                               struct hf_err *err)
{
    if (!conf->only_api) {
        hf_hub_models_start(&hub->models, hub->loop, url, hub->log.log, hub->logger);
        return HF_OK;
    }
    const struct hf_model_reader_conf reader = {hub->loop, url, hub->logger, log_size, hub};
    return conf->models == NULL ? HF_OK : hf_model_reader_new(&reader, &hub->reader, err);
}

static enum hf_rc open_memory(struct hf_hub *hub, uint64_t every_ns, struct hf_err *err)
{
    enum hf_rc rc = hf_memory_init(hub, err);
    if (rc == HF_OK && hf_web_sessions_init(&hub->sessions, hf_loop_env(hub->loop)) != HF_OK) {
        rc = hf_err_set(err, HF_ENOMEM, "no memory for sessions of the pages");
    }
    if (rc == HF_OK) {
        rc = fold_log(hub, every_ns, err);
    }
    return rc == HF_OK ? hf_hub_erasures_open(hub, err) : rc;
}

/* Without one people are sent to where it listens, which is good on one machine. */
static void set_public_url(struct hf_hub *hub, const char *given)
{
    char address[HF_ADDRESS_TEXT_MAX] = "localhost";
    if (given == NULL && hub->listening) {
        hf_address_format(&hub->listener.address, address);
    }
    size_t len = given == NULL ? 0 : strlen(given);
    while (len > 0 && given[len - 1] == '/') {
        len--;
    }
    if (given == NULL) {
        (void)snprintf(hub->public_url, sizeof hub->public_url, "https://%s", address);
    } else {
        (void)snprintf(hub->public_url, sizeof hub->public_url, "%.*s", (int)len, given);
    }
}

static void start_work(struct hf_hub *hub, const struct hf_hub_conf *conf)
{
    hf_hub_windows_start(hub);
    hf_hub_router_start(hub);
    set_public_url(hub, conf->public_url);
    hf_outbox_start(&hub->outbox);
}

static void begin(struct hf_hub *hub, struct hf_loop *loop, const struct hf_hub_conf *conf)
{
    memset(hub, 0, sizeof *hub); /* too big for the stack */
    hub->loop = loop;
    hub->logger = conf->logger;
    hf_task_init(&hub->failing, tell_failure);
    hub->failed = conf->failed;
    hub->opened_us = hf_env_wall_us(hf_loop_env(loop));
    hub->failed_arg = conf->arg;
    hub->disk = conf->disk == NULL ? hf_disk_os() : conf->disk;
    hf_hub_followers_init(&hub->followers, loop);
    hf_hub_takers_init(&hub->takers);
    hub->push_anywhere = conf->push_anywhere;
    (void)snprintf(hub->region, sizeof hub->region, "%s", conf->region);
    (void)snprintf(hub->dir, sizeof hub->dir, "%s", conf->dir);
}

enum hf_rc hf_hub_open(struct hf_loop *loop, const struct hf_hub_conf *conf, struct hf_hub *hub,
                       struct hf_err *err)
{
    char origin[64];
    char models[HF_PATH_MAX];
    struct hf_secret host_key = {0};
    begin(hub, loop, conf);
    (void)snprintf(origin, sizeof origin, HF_HUB_ORIGIN, conf->region);
    enum hf_rc rc = hf_region_parse(hf_str_c(conf->region), &hub->region_number, err);
    if (rc == HF_OK) {
        rc = hf_hub_peers_parse(conf->peers, hub->peers, &hub->peer_count, err);
    }
    if (rc == HF_OK) {
        rc = models_url(conf, models, err);
    }
    if (rc == HF_OK) {
        rc = conf->host_key == NULL
                 ? hf_host_key_load(hf_loop_env(loop), /* path= */ NULL, &host_key, err)
                 : hf_secret_copy(hf_secret_reveal(conf->host_key), &host_key);
    }
    if (rc == HF_OK) {
        const struct hf_owned_conf owned = {.loop = loop,
                                            .disk = hub->disk,
                                            .dir = conf->dir,
                                            .origin = origin,
                                            .program = "holdfast-hub",
                                            .host_key = &host_key,
                                            .free_floor = conf->free_floor,
                                            .changed = log_changed,
                                            .arg = hub};
        rc = hf_owned_open(&owned, &hub->log, err);
    }
    if (rc == HF_OK) {
        hf_owned_tell_index(&hub->log, hub->logger);
        rc = hf_hub_identity_keys(hub, conf->release_keys, &host_key, err);
    }
    if (rc == HF_OK && conf->listen != NULL) {
        rc = open_tls(hub, conf, &host_key, err);
    }
    hf_secret_free(&host_key);
    if (rc == HF_OK) {
        rc = open_memory(hub, conf->snapshot_ns, err);
    }
    if (rc == HF_OK) {
        rc = hf_hub_entries_new(hub->log.log, &hub->entries, err);
    }
    if (rc == HF_OK) {
        rc = open_server(hub, conf->listen, err);
    }
    if (rc == HF_OK && conf->listen != NULL) {
        const struct hf_hub_local_conf local = {hub->dir, conf->socket, conf->allow};
        rc = hf_hub_local_open(&hub->local, loop, &local, &hf_hub_local_handler, hub, err);
    }
    if (rc == HF_OK) {
        start_work(hub, conf);
    }
    if (rc == HF_OK && conf->listen != NULL) {
        rc = start_models(hub, conf, models, err);
    }
    if (rc == HF_OK) {
        hf_hub_probes_start(hub, conf->probe_ns);
        hf_hub_newcomers_start(hub);
    }
    return rc;
}

/* closing */

static void snapshot_closed(struct hf_hub *hub)
{
    hf_memory_fini(hub);
    hf_contact_box_close(&hub->contact_box);
    hf_custody_close(&hub->custody);
    hf_web_sessions_fini(&hub->sessions);
    hf_tls_server_free(hub->tls);
    hf_signing_key_free(hub->cosigner);
    hf_signing_key_free(hub->api_keys);
    hub->closed(hub->closed_arg);
}

static void log_closed(void *arg)
{
    hf_hub_snapshot_close(arg, snapshot_closed);
}

static void reader_closed(void *arg)
{
    struct hf_hub *hub = arg;
    hf_hub_models_stop(&hub->models);
    hf_hub_router_stop(hub);
    hf_outbox_stop(&hub->outbox);
    hf_hub_entries_free(hub->entries);
    hub->entries = NULL;
    hf_owned_close(&hub->log, log_closed, hub);
}

static void local_closed(void *arg)
{
    struct hf_hub *hub = arg;
    hf_model_reader_free(hub->reader, reader_closed, hub);
}

static void drained(void *arg)
{
    struct hf_hub *hub = arg;
    hf_http_server_free(hub->http);
    hub->http = NULL;
    hf_hub_local_close(&hub->local, local_closed, hub);
}

void hf_hub_close(struct hf_hub *hub, void (*closed)(void *arg), void *arg)
{
    hub->failed = NULL;
    hf_task_cancel(&hub->failing);
    hub->closed = closed;
    hub->closed_arg = arg;
    if (hub->window.fire != NULL) {
        hf_hub_windows_stop(hub);
    }
    if (hub->listening) {
        hub->listening = false;
        hf_listener_close(&hub->listener);
    }
    hf_hub_certificate_close(&hub->certificate);
    hf_hub_probes_stop(hub);
    hf_hub_newcomers_stop(hub);
    hf_model_reader_quit(hub->reader);
    hf_hub_directives_wake_all(&hub->directives);
    hf_hub_takers_wake(&hub->takers);
    hf_hub_followers_close(&hub->followers);
    if (hub->http != NULL) {
        hf_http_server_drain(hub->http, drained, hub);
    } else {
        drained(hub);
    }
}
