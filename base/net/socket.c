/* base/net/socket.c: sockets on the loop's readiness. */
#include "base/net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/heap.h"

#define READ_MAX   (64u << 10)
#define QUEUE_MAX  (64u << 20) /* far above what any user lets gather */
#define UNSENT_MAX (128 << 10) /* bytes that the kernel takes beyond what it may send */
#define BACKLOG    512
#define ACCEPT_MAX 64 /* connections a turn of the loop */

struct socket_stream {
    struct hf_stream stream;
    struct hf_poll poll;
    int fd;
    bool reading;
    bool ended;     /* on_end ran or must not run any more */
    bool finishing; /* shut down when the queue is empty */
    bool closing;
    struct hf_buf queue;
    size_t queue_at; /* bytes of the queue that are sent */
    struct hf_task end_task;
    enum hf_rc end_why;
};

static struct socket_stream *socket_of(struct hf_stream *stream)
{
    return HF_CONTAINER_OF(stream, struct socket_stream, stream);
}

static void update(struct socket_stream *s)
{
    unsigned events = (s->reading && !s->ended ? (unsigned)HF_POLL_READ : 0) |
                      (s->queue.len > s->queue_at ? (unsigned)HF_POLL_WRITE : 0);
    if (!s->closing) {
        hf_poll_set(&s->poll, events);
    }
}

static void tell_end(struct hf_task *task)
{
    struct socket_stream *s = HF_CONTAINER_OF(task, struct socket_stream, end_task);
    if (!s->closing) {
        s->stream.on_end(&s->stream, s->end_why);
    }
}

static void end(struct socket_stream *s, enum hf_rc why)
{
    if (!s->ended) {
        s->ended = true;
        s->end_why = why;
        hf_task_post(s->stream.loop, &s->end_task);
    }
    update(s);
}

static void broke(struct socket_stream *s)
{
    hf_buf_clear(&s->queue);
    s->queue_at = 0;
    end(s, HF_EIO);
}

/* Sends what it can; the number of bytes, or -1 when the connection broke. */
static ssize_t send_some(struct socket_stream *s, struct hf_bytes bytes)
{
    size_t sent = 0;
    while (sent < bytes.len) {
        ssize_t done = send(s->fd, bytes.ptr + sent, bytes.len - sent, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0 && errno == EAGAIN) {
            break;
        }
        if (done < 0) {
            return -1;
        }
        sent += (size_t)done;
    }
    return (ssize_t)sent;
}

static void flush(struct socket_stream *s)
{
    struct hf_bytes rest = hf_bytes_of(s->queue.ptr + s->queue_at, s->queue.len - s->queue_at);
    ssize_t sent = send_some(s, rest);
    if (sent < 0) {
        broke(s);
        return;
    }
    s->queue_at += (size_t)sent;
    if (s->queue_at < s->queue.len) {
        return;
    }
    hf_buf_free(&s->queue);
    s->queue = hf_buf_init(QUEUE_MAX);
    s->queue_at = 0;
    if (s->finishing) {
        (void)shutdown(s->fd, SHUT_WR);
    }
    update(s);
    if (s->stream.on_drain != NULL) {
        s->stream.on_drain(&s->stream);
    }
}

static void receive(struct socket_stream *s)
{
    uint8_t
        bytes[READ_MAX / 4] HF_UNINITIALIZED; /* on the stack: an idle connection has no buffer */
    for (int turns = 0; turns < 4 && s->reading && !s->ended && !s->closing; turns++) {
        ssize_t len = recv(s->fd, bytes, sizeof bytes, 0);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len < 0 && errno == EAGAIN) {
            return;
        }
        if (len <= 0) {
            end(s, len == 0 ? HF_EEND : HF_EIO);
            return;
        }
        s->stream.on_data(&s->stream, hf_bytes_of(bytes, (size_t)len));
        if ((size_t)len < sizeof bytes) {
            return;
        }
    }
}

static void ready(struct hf_poll *poll, unsigned events)
{
    struct socket_stream *s = HF_CONTAINER_OF(poll, struct socket_stream, poll);
    if ((events & HF_POLL_WRITE) != 0 && !s->closing) {
        flush(s);
    }
    if ((events & HF_POLL_READ) != 0 && !s->closing) {
        receive(s);
    }
}

static void read_on(struct hf_stream *stream, bool on)
{
    socket_of(stream)->reading = on;
    update(socket_of(stream));
}

static enum hf_rc write_out(struct hf_stream *stream, struct hf_bytes bytes)
{
    struct socket_stream *s = socket_of(stream);
    if (s->closing || s->finishing) {
        return HF_OK; /* nobody reads it any more */
    }
    ssize_t sent = 0;
    if (s->queue.len == 0) {
        sent = send_some(s, bytes);
        if (sent < 0) {
            broke(s);
            return HF_OK;
        }
    }
    if ((size_t)sent < bytes.len) {
        hf_buf_put(&s->queue, bytes.ptr + sent, bytes.len - (size_t)sent);
        if (s->queue.failed != HF_OK) {
            return HF_ENOMEM;
        }
        update(s);
    }
    return HF_OK;
}

static void finish(struct hf_stream *stream)
{
    struct socket_stream *s = socket_of(stream);
    if (!s->finishing) {
        s->finishing = true;
        if (s->queue.len == 0) {
            (void)shutdown(s->fd, SHUT_WR);
        }
    }
}

static void poll_closed(struct hf_poll *poll)
{
    struct socket_stream *s = HF_CONTAINER_OF(poll, struct socket_stream, poll);
    (void)close(s->fd);
    hf_buf_free(&s->queue);
    s->stream.on_closed(&s->stream);
    hf_heap_free(s);
}

static void close_stream(struct hf_stream *stream)
{
    struct socket_stream *s = socket_of(stream);
    if (!s->closing) {
        s->closing = true;
        hf_task_cancel(&s->end_task);
        hf_poll_close(&s->poll);
    }
}

static size_t queued(const struct hf_stream *stream)
{
    const struct socket_stream *s = (const void *)stream; /* the first member */
    return s->queue.len - s->queue_at;
}

static const struct hf_stream_ops stream_ops = {read_on, write_out, finish, close_stream, queued};

static void describe_peer(int fd, struct hf_peer *peer)
{
    struct hf_address address = {.len = sizeof address.storage};
    struct sockaddr *to = (struct sockaddr *)(void *)&address.storage;
    if (getpeername(fd, to, &address.len) != 0) {
        (void)snprintf(peer->text, sizeof peer->text, "unknown");
        return;
    }
    if (!hf_address_is_unix(&address)) {
        char text[HF_ADDRESS_TEXT_MAX];
        hf_address_format(&address, text);
        (void)snprintf(peer->text, sizeof peer->text, "%.*s", (int)sizeof peer->text - 1, text);
        return;
    }
    struct ucred who = {0};
    socklen_t len = sizeof who;
    peer->is_unix = true;
    peer->uid = UINT32_MAX;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0) {
        peer->uid = who.uid;
        peer->pid = who.pid;
    }
    (void)snprintf(peer->text, sizeof peer->text, "unix, uid %u", peer->uid);
}

enum hf_rc hf_socket_stream(struct hf_loop *loop, int fd, struct hf_stream **ret_stream,
                            struct hf_err *err)
{
    int on = 1;
    int unsent = UNSENT_MAX;
    struct socket_stream *s = hf_heap_zalloc(1, sizeof *s);
    if (s == NULL) {
        (void)close(fd);
        return hf_err_set(err, HF_ENOMEM, "no memory for a connection");
    }
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* The kernel would take up to 4 MiB for a peer that reads nothing, and we would learn of it
     * only then. What is on its way in the network does not count, so nobody gets slower. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    s->fd = fd;
    s->queue = hf_buf_init(QUEUE_MAX);
    s->stream.ops = &stream_ops;
    s->stream.loop = loop;
    s->poll.ready = ready;
    s->poll.closed = poll_closed;
    hf_task_init(&s->end_task, tell_end);
    describe_peer(fd, &s->stream.peer);
    enum hf_rc rc = hf_poll_open(loop, &s->poll, fd, err);
    if (rc != HF_OK) {
        (void)close(fd);
        hf_heap_free(s);
        return rc;
    }
    *ret_stream = &s->stream;
    return HF_OK;
}

enum hf_rc hf_socket_connect(struct hf_loop *loop, const struct hf_address *address,
                             struct hf_stream **ret_stream, struct hf_err *err)
{
    char text[HF_ADDRESS_TEXT_MAX];
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    hf_address_format(address, text);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot make a socket");
    }
    if (connect(fd, (const struct sockaddr *)(const void *)&address->storage, address->len) != 0 &&
        errno != EINPROGRESS) {
        int why = errno;
        (void)close(fd);
        (void)hf_err_errno(err, why, "cannot connect to %s", text);
        return HF_EIO;
    }
    enum hf_rc rc = hf_socket_stream(loop, fd, ret_stream, err);
    if (rc == HF_OK) {
        (void)snprintf((*ret_stream)->peer.text, sizeof(*ret_stream)->peer.text, "%.*s",
                       (int)sizeof(*ret_stream)->peer.text - 1, text);
    }
    return rc;
}

/* listening */

static void acceptable(struct hf_poll *poll, unsigned events)
{
    struct hf_listener *listener = HF_CONTAINER_OF(poll, struct hf_listener, poll);
    (void)events;
    for (int i = 0; i < ACCEPT_MAX && poll->events != 0; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return; /* nobody waits, or no descriptor is free: then they wait in the backlog */
        }
        struct hf_stream *stream = NULL;
        if (hf_socket_stream(poll->loop, fd, &stream, /* err= */ NULL) == HF_OK) {
            listener->accepted(listener, stream);
        }
    }
}

static void listener_closed(struct hf_poll *poll)
{
    struct hf_listener *listener = HF_CONTAINER_OF(poll, struct hf_listener, poll);
    (void)close(listener->fd);
    if (listener->closed != NULL) {
        listener->closed(listener);
    }
}

/* A socket file that nobody listens on is left by a dead process. */
static enum hf_rc clear_unix(const struct hf_address *address, struct hf_err *err)
{
    struct sockaddr_un un;
    memcpy(&un, &address->storage, sizeof un);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot make a socket");
    }
    int code = connect(fd, (const struct sockaddr *)(const void *)&address->storage, address->len);
    int why = errno;
    (void)close(fd);
    if (code == 0) {
        return hf_err_set(err, HF_ELOCKED, "somebody listens on %s already", un.sun_path);
    }
    if (why == ECONNREFUSED) {
        (void)unlink(un.sun_path);
    }
    return HF_OK;
}

static enum hf_rc bind_and_listen(int fd, const struct hf_address *address, struct hf_err *err)
{
    char text[HF_ADDRESS_TEXT_MAX];
    int on = 1;
    bool is_unix = hf_address_is_unix(address);
    hf_address_format(address, text);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)(const void *)&address->storage, address->len) != 0) {
        return hf_err_errno(err, errno, "cannot listen on %s", text);
    }
    if (is_unix && chmod(text + 5, 0660) != 0) {
        return hf_err_errno(err, errno, "cannot set the mode of %s", text);
    }
    return listen(fd, BACKLOG) == 0 ? HF_OK : hf_err_errno(err, errno, "cannot listen on %s", text);
}

enum hf_rc hf_listener_open(struct hf_loop *loop, const struct hf_address *address,
                            struct hf_listener *listener, struct hf_err *err)
{
    enum hf_rc rc = hf_address_is_unix(address) ? clear_unix(address, err) : HF_OK;
    if (rc != HF_OK) {
        return rc;
    }
    listener->fd =
        socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0) {
        return hf_err_errno(err, errno, "cannot make a socket");
    }
    rc = bind_and_listen(listener->fd, address, err);
    listener->address = *address;
    listener->address.len = sizeof listener->address.storage;
    if (rc == HF_OK && !hf_address_is_unix(address)) {
        (void)getsockname(listener->fd, (struct sockaddr *)(void *)&listener->address.storage,
                          &listener->address.len);
    }
    if (rc == HF_OK) {
        listener->poll.ready = acceptable;
        listener->poll.closed = listener_closed;
        rc = hf_poll_open(loop, &listener->poll, listener->fd, err);
    }
    if (rc != HF_OK) {
        (void)close(listener->fd);
        return rc;
    }
    hf_poll_set(&listener->poll, HF_POLL_READ);
    return HF_OK;
}

void hf_listener_close(struct hf_listener *listener)
{
    if (hf_address_is_unix(&listener->address)) {
        char text[HF_ADDRESS_TEXT_MAX];
        hf_address_format(&listener->address, text);
        (void)unlink(text + 5);
    }
    hf_poll_close(&listener->poll);
}
