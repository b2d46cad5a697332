/* hub/local.h: the Hub's own Unix socket, where the region's worker follows the log and the role
 * notifications takes what people have to be told.
 *
 * It speaks what the API speaks, without TLS. Whoever may connect (root, the Hub's user, who is
 * named in allow_uids) is the worker there, and may call what schemas/api declares for it.
 * Threads: the loop's.
 */
#ifndef HF_HUB_LOCAL_H
#define HF_HUB_LOCAL_H

#include "base/http/server.h"
#include "base/net/peers.h"
#include "base/net/socket.h"

struct hf_hub_local {
    /* private */
    struct hf_http_server *http; /* its own, so that a full API does not shut the worker out */
    struct hf_peers peers;
    struct hf_listener listener;
    bool open;
    void (*closed)(void *arg);
    void *arg;
};

struct hf_hub_local_conf {
    const char *dir;
    const char *path; /* of the socket; NULL: hub.sock in dir */
    struct hf_peers peers;
};
/* The address of the socket, "unix:PATH". HF_ETOOBIG. */
enum hf_rc hf_hub_local_address(const struct hf_hub_local_conf *conf, char *out, size_t cap,
                                struct hf_err *err);
enum hf_rc hf_hub_local_open(struct hf_hub_local *local, struct hf_loop *loop,
                             const struct hf_hub_local_conf *conf,
                             const struct hf_http_handler *handler, void *ctx, struct hf_err *err);
/* Lets answers finish; then closed(arg), at once for one that is not open. */
void hf_hub_local_close(struct hf_hub_local *local, void (*closed)(void *arg), void *arg);

bool hf_hub_local_allows(const struct hf_hub_local *local, const struct hf_peer *peer);

#endif
