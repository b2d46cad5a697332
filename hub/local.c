/* hub/local.c: the Hub's own Unix socket, where the region's worker follows the log. */
#include "hub/local.h"

#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"

#define CONNECTIONS_MAX 64

static void accepted(struct hf_listener *listener, struct hf_stream *stream)
{
    struct hf_hub_local *local = HF_CONTAINER_OF(listener, struct hf_hub_local, listener);
    hf_http_server_take(local->http, stream);
}

enum hf_rc hf_hub_local_address(const struct hf_hub_local_conf *conf, char *out, size_t cap,
                                struct hf_err *err)
{
    char path[HF_PATH_MAX];
    enum hf_rc rc =
        conf->path == NULL ? hf_path_join(conf->dir, "hub.sock", path, sizeof path) : HF_OK;
    int len =
        rc != HF_OK ? -1 : snprintf(out, cap, "unix:%s", conf->path == NULL ? path : conf->path);
    return len >= 0 && (size_t)len < cap
               ? HF_OK
               : hf_err_set(err, HF_ETOOBIG, "the path of the Hub's socket is too long");
}

enum hf_rc hf_hub_local_open(struct hf_hub_local *local, struct hf_loop *loop,
                             const struct hf_hub_local_conf *conf,
                             const struct hf_http_handler *handler, void *ctx, struct hf_err *err)
{
    char text[HF_PATH_MAX + 8];
    struct hf_address address;
    struct hf_http_server_conf limits = hf_http_server_defaults;
    limits.connections_max = CONNECTIONS_MAX;
    *local = (struct hf_hub_local){.peers = conf->peers};
    local->listener.accepted = accepted;
    enum hf_rc rc = hf_hub_local_address(conf, text, sizeof text, err);
    if (rc == HF_OK) {
        rc = hf_address_parse(text, &address, err);
    }
    if (rc == HF_OK) {
        rc = hf_http_server_new(loop, &limits, handler, ctx, &local->http);
    }
    if (rc == HF_OK) {
        rc = hf_listener_open(loop, &address, &local->listener, err);
    }
    local->open = rc == HF_OK;
    return rc == HF_OK ? rc : hf_err_wrap(err, rc, "the Hub's socket (setting socket)");
}

static void drained(void *arg)
{
    struct hf_hub_local *local = arg;
    hf_http_server_free(local->http);
    local->http = NULL;
    local->closed(local->arg);
}

void hf_hub_local_close(struct hf_hub_local *local, void (*closed)(void *arg), void *arg)
{
    local->closed = closed;
    local->arg = arg;
    if (local->open) {
        local->open = false;
        hf_listener_close(&local->listener);
    }
    if (local->http != NULL) {
        hf_http_server_drain(local->http, drained, local);
    } else {
        closed(arg);
    }
}

bool hf_hub_local_allows(const struct hf_hub_local *local, const struct hf_peer *peer)
{
    return hf_peers_allow(&local->peers, geteuid(), peer);
}
