/* base/net/socket.h: TCP and Unix sockets as streams: connecting and listening. */
#ifndef HF_BASE_NET_SOCKET_H
#define HF_BASE_NET_SOCKET_H

#include "base/net/address.h"
#include "base/net/stream.h"

/* Takes fd (a connected socket, made non-blocking here); it is closed with the stream, or at once
 * when this fails. Gives *ret_stream. */
enum hf_rc hf_socket_stream(struct hf_loop *loop, int fd, struct hf_stream **ret_stream,
                            struct hf_err *err);

/* Begins to connect; what is written waits for it. Gives *ret_stream, which ends with HF_EIO when
 * nobody answers. HF_EIO at once when nobody listens on this machine. */
enum hf_rc hf_socket_connect(struct hf_loop *loop, const struct hf_address *address,
                             struct hf_stream **ret_stream, struct hf_err *err);

/* Embedded by its owner, who keeps it in place until `closed` ran. */
struct hf_listener {
    /* public */
    /* Gives a stream for each connection. */
    void (*accepted)(struct hf_listener *listener, struct hf_stream *stream);
    void (*closed)(struct hf_listener *listener); /* may be NULL */
    struct hf_address address;                    /* with the port that the system chose */
    /* private */
    struct hf_poll poll;
    int fd;
};

/* Sets `accepted` first. A Unix socket gets mode 0660 before anybody can connect, and takes the
 * place of a dead one; HF_ELOCKED: somebody listens there. */
enum hf_rc hf_listener_open(struct hf_loop *loop, const struct hf_address *address,
                            struct hf_listener *listener, struct hf_err *err);
void hf_listener_close(struct hf_listener *listener);

#endif
