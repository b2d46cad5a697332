/* base/net/stream.h: a connection: bytes in, bytes out, back-pressure both ways.
 *
 * One interface for sockets (base/net/socket.h), TLS on top of another stream (base/net/tls.h) and
 * pairs in memory for simulations (base/net/pair.h).
 * - No callback runs inside of the call that asked for it, but on_data and on_end may run inside of
 *   one another's turn of the loop.
 * - Writing never blocks: what the peer does not take yet is queued; look at hf_stream_queued and
 *   wait for on_drain.
 * - hf_stream_close may be called at any time, also from a callback; on_closed is the last callback
 *   and the stream is gone after it.
 * Threads: the loop's.
 */
#ifndef HF_BASE_NET_STREAM_H
#define HF_BASE_NET_STREAM_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/loop.h"

struct hf_stream;

#define HF_PEER_TEXT 64

/* Who is at the other end. */
struct hf_peer {
    char text[HF_PEER_TEXT]; /* "127.0.0.1:5432", "unix, uid 1000" */
    bool is_unix;
    uint32_t uid; /* of a Unix socket's peer (SO_PEERCRED) */
    int32_t pid;
};

struct hf_stream_ops {
    void (*read)(struct hf_stream *stream, bool on);
    enum hf_rc (*write)(struct hf_stream *stream, struct hf_bytes bytes);
    void (*finish)(struct hf_stream *stream);
    void (*close)(struct hf_stream *stream);
    size_t (*queued)(const struct hf_stream *stream);
};

struct hf_stream {
    const struct hf_stream_ops *ops;
    struct hf_loop *loop;
    struct hf_peer peer;
    /* set by whoever uses the stream, before the loop runs again */
    void *user;
    void (*on_data)(struct hf_stream *stream, struct hf_bytes data); /* borrows for the call */
    /* No more data: HF_EEND the peer ended, HF_EIO the connection broke, HF_EBADSIG the TLS
     * handshake or a record was refused. Once. */
    void (*on_end)(struct hf_stream *stream, enum hf_rc why);
    void (*on_drain)(struct hf_stream *stream); /* the queue is empty again; may be NULL */
    void (*on_closed)(struct hf_stream *stream);
};

/* A new stream does not read until it is told to. */
static inline void hf_stream_read(struct hf_stream *stream, bool on)
{
    stream->ops->read(stream, on);
}

/* Copies what cannot be sent at once. HF_ENOMEM; errors of the connection come by on_end. */
static inline enum hf_rc hf_stream_write(struct hf_stream *stream, struct hf_bytes bytes)
{
    return stream->ops->write(stream, bytes);
}

/* After what is queued the peer sees the end of our bytes. */
static inline void hf_stream_finish(struct hf_stream *stream)
{
    stream->ops->finish(stream);
}

/* Drops what is queued. */
static inline void hf_stream_close(struct hf_stream *stream)
{
    stream->ops->close(stream);
}

static inline size_t hf_stream_queued(const struct hf_stream *stream)
{
    return stream->ops->queued(stream);
}

#endif
