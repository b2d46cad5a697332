/* tests/unit/http/test_wire.c: server and client over real sockets, plain and with TLS: answers,
 * pins, and the probes against a real listener. */
#include <stdio.h>
#include <unistd.h>

#include "base/http/client.h"
#include "base/http/server.h"
#include "base/net/socket.h"
#include "base/net/tls.h"
#include "base/net/tls_identity.h"
#include "tests/harness/test.h"
#include "tests/unit/http/probes.h"

struct world {
    struct hf_loop *loop;
    struct hf_http_server *server;
    struct hf_listener listener;
    struct hf_tls_server *tls;
    struct hf_hash pin;
    struct hf_err err;
    char url[128];
    unsigned answers;
};

static void handle(void *ctx, struct hf_http_exchange *exchange)
{
    struct world *w = ctx;
    struct hf_bytes body = hf_http_exchange_body(exchange);
    w->answers++;
    hf_http_answer(exchange, 200, "application/octet-stream", body.len > 0 ? body : HF_BYTES("x"));
}

static const struct hf_http_handler handler = {.handle = handle};

static void accepted(struct hf_listener *listener, struct hf_stream *stream)
{
    struct world *w = HF_CONTAINER_OF(listener, struct world, listener);
    struct hf_stream *top = stream;
    if (w->tls != NULL) {
        HF_ASSERT(hf_tls_accept(w->tls, stream, &top) == HF_OK);
    }
    hf_http_server_take(w->server, top);
}

static void begin(struct world *w, bool tls, const struct hf_http_limits *limits)
{
    struct hf_http_server_conf conf = hf_http_server_defaults;
    conf.limits = *limits;
    struct hf_address address;
    char text[HF_ADDRESS_TEXT_MAX];
    *w = (struct world){.loop = NULL};
    HF_ASSERT(hf_crypto_init(&w->err) == HF_OK);
    HF_ASSERT(hf_loop_uv_new(&w->loop, &w->err) == HF_OK);
    HF_ASSERT(hf_http_server_new(w->loop, &conf, &handler, w, &w->server) == HF_OK);
    if (tls) {
        struct hf_buf certificate = hf_buf_init(65536);
        struct hf_secret key = {0};
        enum hf_rc rc = hf_tls_identity_make("hub.example", hf_env_wall_us(hf_env_os()),
                                             &certificate, &key, &w->err);
        HF_CHECK_OK(rc, w->err);
        rc = hf_tls_server_new(hf_buf_bytes(&certificate), &key, &w->tls, &w->err);
        HF_CHECK_OK(rc, w->err);
        hf_tls_server_pin(w->tls, &w->pin);
        hf_buf_free(&certificate);
        hf_secret_free(&key);
    }
    HF_ASSERT(hf_address_parse("127.0.0.1:0", &address, &w->err) == HF_OK);
    w->listener.accepted = accepted;
    HF_CHECK_OK(hf_listener_open(w->loop, &address, &w->listener, &w->err), w->err);
    hf_address_format(&w->listener.address, text);
    (void)snprintf(w->url, sizeof w->url, "%s://%s/", tls ? "https" : "http", text);
}

static void ignore(void *arg)
{
    (void)arg;
}

static void finish(struct world *w)
{
    hf_listener_close(&w->listener);
    hf_http_server_drain(w->server, ignore, NULL);
    hf_loop_run(w->loop);
    hf_http_server_free(w->server);
    hf_tls_server_free(w->tls);
    hf_loop_free(w->loop);
}

struct request {
    struct hf_http_call call;
    struct world *world;
};

static void done(struct hf_http_call *call)
{
    struct request *request = HF_CONTAINER_OF(call, struct request, call);
    hf_loop_stop(request->world->loop);
}

static void send_request(struct world *w, struct hf_http_client *client, struct request *request,
                         struct hf_bytes body)
{
    *request = (struct request){.world = w,
                                .call = {.method = body.len > 0 ? "POST" : "GET",
                                         .url = w->url,
                                         .content_type = body.len > 0 ? "text/plain" : NULL,
                                         .body = body,
                                         .timeout_ns = UINT64_C(20000000000),
                                         .answer_max = 4u << 20,
                                         .done = done}};
    hf_http_call_start(client, &request->call);
    hf_loop_run(w->loop);
}

static void check_wire(bool tls)
{
    static uint8_t big[3 << 20];
    struct world w;
    struct hf_http_client *client = NULL;
    struct request request;
    begin(&w, tls, &hf_http_server_defaults.limits);
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (uint8_t)(i * 31 >> 3);
    }
    struct hf_http_client_conf conf = {.pin = tls ? &w.pin : NULL};
    HF_CHECK_OK(hf_http_client_new(w.loop, &conf, &client, &w.err), w.err);
    for (int i = 0; i < 20; i++) {
        send_request(&w, client, &request, (struct hf_bytes){NULL, 0});
        HF_CHECK_OK(request.call.rc, request.call.err);
        HF_CHECK_U64(request.call.status, 200);
        hf_buf_free(&request.call.answer);
    }
    HF_CHECK_U64(hf_http_server_connections(w.server), 1); /* kept and used again */
    send_request(&w, client, &request, hf_bytes_of(big, sizeof big));
    HF_CHECK_OK(request.call.rc, request.call.err);
    HF_CHECK(hf_bytes_eq(hf_buf_bytes(&request.call.answer), hf_bytes_of(big, sizeof big)));
    hf_buf_free(&request.call.answer);
    hf_http_client_free(client);
    if (tls) {
        w.pin.b[0] ^= 1;
        HF_CHECK_OK(hf_http_client_new(w.loop, &conf, &client, &w.err), w.err);
        unsigned before = w.answers;
        send_request(&w, client, &request, (struct hf_bytes){NULL, 0});
        HF_CHECK_RC(request.call.rc, HF_EBADSIG);
        HF_CHECK_U64(w.answers, before);
        hf_buf_free(&request.call.answer);
        hf_http_client_free(client);
    }
    finish(&w);
}

HF_TEST(plain)
{
    check_wire(false);
}

HF_TEST(tls)
{
    check_wire(true);
}

struct last {
    struct hf_http_call call;
    struct hf_http_client **client;
    unsigned *done;
};

/* The first one that is answered frees the client; the others end with it. */
static void last_done(struct hf_http_call *call)
{
    struct last *last = HF_CONTAINER_OF(call, struct last, call);
    struct hf_http_client *client = *last->client;
    *last->client = NULL;
    (*last->done)++;
    hf_buf_free(&call->answer);
    hf_http_client_free(client);
}

/* A client that is freed in the middle of its own calls leaves nothing behind: as a program does
 * that ends because of an answer. */
HF_TEST(freed_in_done)
{
    struct world w;
    struct hf_http_client *client = NULL;
    struct last calls[5];
    unsigned done_count = 0;
    const struct hf_http_client_conf conf = {.pin = NULL};
    begin(&w, false, &hf_http_server_defaults.limits);
    HF_CHECK_OK(hf_http_client_new(w.loop, &conf, &client, &w.err), w.err);
    for (size_t i = 0; i < HF_LEN(calls); i++) {
        calls[i] = (struct last){.client = &client,
                                 .done = &done_count,
                                 .call = {.method = "GET",
                                          .url = w.url,
                                          .timeout_ns = UINT64_C(20000000000),
                                          .answer_max = 65536,
                                          .done = last_done}};
        hf_http_call_start(client, &calls[i].call);
    }
    while (client != NULL) {
        HF_ASSERT(hf_loop_step(w.loop));
    }
    HF_CHECK_U64(done_count, HF_LEN(calls));
    finish(&w);
}

/* What one connection of the peer got back. */
struct raw {
    struct hf_poll poll;
    struct hf_buf got;
    struct world *world;
    int fd;
};

static void raw_closed(struct hf_poll *poll)
{
    struct raw *raw = HF_CONTAINER_OF(poll, struct raw, poll);
    (void)close(raw->fd);
    hf_loop_stop(raw->world->loop);
}

static void raw_ready(struct hf_poll *poll, unsigned events)
{
    struct raw *raw = HF_CONTAINER_OF(poll, struct raw, poll);
    uint8_t bytes[4096];
    (void)events;
    ssize_t len = read(raw->fd, bytes, sizeof bytes);
    if (len > 0) {
        hf_buf_put(&raw->got, bytes, (size_t)len);
    } else {
        hf_poll_close(poll);
    }
}

static unsigned count(const struct hf_buf *buf, const char *text)
{
    unsigned found = 0;
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= buf->len; i++) {
        found += memcmp(buf->ptr + i, text, len) == 0;
    }
    return found;
}

/* Sends the probe and no more, and reads until the server closes. */
static void check_probe(struct world *w, const struct probe *probe)
{
    struct hf_bytes bytes = probe->bytes;
    struct raw raw = {.world = w, .got = hf_buf_init(1u << 20)};
    char line[32];
    raw.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr *to = (const struct sockaddr *)(const void *)&w->listener.address.storage;
    HF_CHECK(raw.fd >= 0 && connect(raw.fd, to, w->listener.address.len) == 0);
    HF_CHECK(write(raw.fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len);
    (void)shutdown(raw.fd, SHUT_WR);
    raw.poll.ready = raw_ready;
    raw.poll.closed = raw_closed;
    HF_CHECK_OK(hf_poll_open(w->loop, &raw.poll, raw.fd, &w->err), w->err);
    hf_poll_set(&raw.poll, HF_POLL_READ);
    hf_loop_run(w->loop);
    (void)snprintf(line, sizeof line, "HTTP/1.1 %d ", probe->status);
    unsigned good = count(&raw.got, "HTTP/1.1 200 ");
    if (good > (unsigned)probe->accepted || (probe->status != 0 && count(&raw.got, line) != 1)) {
        hf_test_fail(__FILE__, __LINE__, "%s: %u answers of 200, %.60s", probe->name, good,
                     raw.got.len > 0 ? (const char *)raw.got.ptr : "nothing");
    }
    hf_buf_free(&raw.got);
}

HF_TEST(hostile)
{
    struct world w;
    begin(&w, false, &probe_limits);
    for (size_t i = 0; i < probe_count && !hf_test_failed(); i++) {
        check_probe(&w, &probes[i]);
    }
    finish(&w);
}

/* One connection of our own making, without the client library. */
struct caller {
    struct world *world;
    struct hf_stream *stream;
    struct hf_buf got;
    enum hf_rc why;
};

static void caller_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct caller *caller = stream->user;
    hf_buf_put(&caller->got, data.ptr, data.len);
}

static void caller_end(struct hf_stream *stream, enum hf_rc why)
{
    struct caller *caller = stream->user;
    caller->why = why;
    hf_stream_close(stream);
}

static void caller_closed(struct hf_stream *stream)
{
    struct caller *caller = stream->user;
    hf_loop_stop(caller->world->loop);
}

/* Connects, writes a request before anything is open, and reads until the end. */
static void call_out(struct caller *caller, const struct hf_hash *pin)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct world *w = caller->world;
    struct hf_tls_client *client = NULL;
    caller->got = hf_buf_init(65536);
    HF_CHECK_OK(hf_socket_connect(w->loop, &w->listener.address, &caller->stream, &w->err), w->err);
    if (pin != NULL) {
        struct hf_stream *under = caller->stream;
        HF_CHECK_OK(hf_tls_client_new(pin, &client, &w->err), w->err);
        HF_CHECK_RC(hf_tls_connect(client, under, &caller->stream), HF_OK);
    }
    caller->stream->user = caller;
    caller->stream->on_data = caller_data;
    caller->stream->on_end = caller_end;
    caller->stream->on_closed = caller_closed;
    HF_CHECK_RC(hf_stream_write(caller->stream, hf_bytes_of(text, sizeof text - 1)), HF_OK);
    hf_stream_read(caller->stream, true);
    hf_loop_run(w->loop);
    hf_tls_client_free(client);
}

static void check_call_out(bool tls)
{
    struct world w;
    begin(&w, tls, &hf_http_server_defaults.limits);
    struct caller caller = {.world = &w};
    call_out(&caller, tls ? &w.pin : NULL);
    HF_CHECK_RC(caller.why, HF_EEND);
    HF_CHECK_U64(count(&caller.got, "HTTP/1.1 200 "), 1);
    HF_CHECK_U64(w.answers, 1);
    hf_buf_free(&caller.got);
    if (tls) {
        struct hf_hash other = w.pin;
        other.b[31] ^= 1;
        call_out(&caller, &other);
        HF_CHECK_RC(caller.why, HF_EBADSIG);
        HF_CHECK_U64(caller.got.len, 0);
        HF_CHECK_U64(w.answers, 1); /* the request was not sent */
        hf_buf_free(&caller.got);
    }
    finish(&w);
}

HF_TEST(connect_plain)
{
    check_call_out(false);
}

HF_TEST(connect_tls)
{
    check_call_out(true);
}

/* Nobody listens there any more: said at once, or by the stream's end. */
HF_TEST(connect_nobody)
{
    struct world w;
    struct caller caller = {.world = &w, .got = hf_buf_init(64)};
    begin(&w, false, &hf_http_server_defaults.limits);
    struct hf_address address = w.listener.address;
    finish(&w);
    HF_CHECK_OK(hf_loop_uv_new(&w.loop, &w.err), w.err);
    enum hf_rc rc = hf_socket_connect(w.loop, &address, &caller.stream, &w.err);
    if (rc == HF_OK) {
        caller.stream->user = &caller;
        caller.stream->on_data = caller_data;
        caller.stream->on_end = caller_end;
        caller.stream->on_closed = caller_closed;
        HF_CHECK_RC(hf_stream_write(caller.stream, HF_BYTES("x")), HF_OK);
        hf_stream_read(caller.stream, true);
        hf_loop_run(w.loop);
        rc = caller.why;
    }
    HF_CHECK_RC(rc, HF_EIO);
    hf_loop_free(w.loop);
}

HF_TEST_MAIN(HF_TEST_CASE(plain), HF_TEST_CASE(tls), HF_TEST_CASE(freed_in_done),
             HF_TEST_CASE(hostile), HF_TEST_CASE(connect_plain), HF_TEST_CASE(connect_tls),
             HF_TEST_CASE(connect_nobody))
