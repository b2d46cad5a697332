/* tests/unit/http/test_socket_client.c: the client of a Unix socket, and its connections: kept,
 * used again, replaced when the server closed them, given up when more came than was asked for. */
#include <stdio.h>

#include "base/heap.h"
#include "base/http/client.h"
#include "base/http/server.h"
#include "base/net/socket.h"
#include "tests/harness/test.h"

#define CALLS   4
#define LONG_NS UINT64_C(20000000000)

/* A server of ours, or one that does what the script says with each request. */
enum manner {
    SERVER,
    KEEPS,       /* answers */
    SAYS_CLOSE,  /* answers, and says that the connection ends */
    SAYS_MORE,   /* answers, with bytes behind it */
    SPEAKS,      /* answers, and says something later, unasked */
    FIRST_ALONE, /* answers the first request of a connection, and closes at the second */
    NONE,        /* closes at once */
    STARTS,      /* as FIRST_ALONE, after the second answer's first bytes */
    MUTE,
};

struct world;

struct request {
    struct hf_http_call call;
    struct world *world;
};

struct world {
    struct hf_loop *loop;
    struct hf_http_server *server;
    struct hf_listener listener;
    struct hf_http_client *client;
    struct hf_err err;
    enum manner manner;
    unsigned connections;
    unsigned requests;
    unsigned done;
    struct request calls[CALLS];
};

struct peer {
    struct world *world;
    struct hf_stream *stream;
    struct hf_task task; /* speaks unasked */
    unsigned requests;
};

static void handle(void *ctx, struct hf_http_exchange *exchange)
{
    struct world *w = ctx;
    struct hf_bytes body = hf_http_exchange_body(exchange);
    w->requests++;
    hf_http_answer(exchange, 200, "text/plain", body.len > 0 ? body : HF_BYTES("x"));
}

static const struct hf_http_handler handler = {.handle = handle};

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"

static void say(struct peer *peer, const char *text)
{
    HF_CHECK_RC(hf_stream_write(peer->stream, hf_str_bytes(hf_str_c(text))), HF_OK);
}

static void unasked(struct hf_task *task)
{
    say(HF_CONTAINER_OF(task, struct peer, task), "and one more thing");
}

static void peer_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct peer *peer = stream->user;
    bool first = ++peer->requests == 1;
    (void)data;
    peer->world->requests++;
    switch (peer->world->manner) {
    case SERVER:
    case KEEPS: say(peer, ANSWER "\r\nx"); break;
    case SAYS_CLOSE: say(peer, ANSWER "Connection: close\r\n\r\nx"); break;
    case SAYS_MORE: say(peer, ANSWER "\r\nxy"); break;
    case SPEAKS:
        say(peer, ANSWER "\r\nx");
        hf_task_post(peer->world->loop, &peer->task);
        break;
    case FIRST_ALONE:
    case STARTS:
        say(peer, first ? ANSWER "\r\nx" : peer->world->manner == STARTS ? ANSWER : "");
        if (!first) {
            hf_stream_finish(stream);
        }
        break;
    case NONE: hf_stream_finish(stream); break;
    case MUTE: break;
    }
}

static void peer_end(struct hf_stream *stream, enum hf_rc why)
{
    struct peer *peer = stream->user;
    (void)why;
    hf_task_cancel(&peer->task);
    hf_stream_close(stream);
}

static void peer_closed(struct hf_stream *stream)
{
    hf_heap_free(stream->user);
}

static void accepted(struct hf_listener *listener, struct hf_stream *stream)
{
    struct world *w = HF_CONTAINER_OF(listener, struct world, listener);
    w->connections++;
    if (w->manner == SERVER) {
        hf_http_server_take(w->server, stream);
        return;
    }
    struct peer *peer = hf_heap_zalloc(1, sizeof *peer);
    HF_ASSERT(peer != NULL);
    *peer = (struct peer){.world = w, .stream = stream};
    hf_task_init(&peer->task, unasked);
    stream->user = peer;
    stream->on_data = peer_data;
    stream->on_end = peer_end;
    stream->on_closed = peer_closed;
    hf_stream_read(stream, true);
}

static void begin(struct world *w, enum manner manner)
{
    char path[200];
    char text[220];
    struct hf_address address;
    *w = (struct world){.manner = manner};
    (void)snprintf(path, sizeof path, "%s/s", hf_test_dir());
    (void)snprintf(text, sizeof text, "unix:%s", path);
    const struct hf_http_client_conf conf = {.socket = path};
    HF_ASSERT(hf_loop_uv_new(&w->loop, &w->err) == HF_OK);
    HF_ASSERT(hf_http_server_new(w->loop, &hf_http_server_defaults, &handler, w, &w->server) ==
              HF_OK);
    HF_CHECK_OK(hf_address_parse(text, &address, &w->err), w->err);
    w->listener.accepted = accepted;
    HF_CHECK_OK(hf_listener_open(w->loop, &address, &w->listener, &w->err), w->err);
    HF_CHECK_OK(hf_http_client_new(w->loop, &conf, &w->client, &w->err), w->err);
}

static void drained(void *arg)
{
    (void)arg;
}

static void finish(struct world *w)
{
    hf_http_client_free(w->client);
    hf_listener_close(&w->listener);
    hf_http_server_drain(w->server, drained, NULL);
    hf_loop_run(w->loop);
    hf_http_server_free(w->server);
    hf_loop_free(w->loop);
    for (size_t i = 0; i < CALLS; i++) {
        hf_buf_free(&w->calls[i].call.answer);
    }
}

static void done(struct hf_http_call *call)
{
    HF_CONTAINER_OF(call, struct request, call)->world->done++;
}

static struct hf_http_call *start(struct world *w, size_t i, uint64_t timeout_ns,
                                  struct hf_bytes body)
{
    struct hf_http_call *call = &w->calls[i].call;
    w->calls[i].world = w;
    hf_buf_free(&call->answer);
    *call = (struct hf_http_call){.method = "POST",
                                  .url = "http://server/v1/x",
                                  .content_type = "text/plain",
                                  .body = body,
                                  .timeout_ns = timeout_ns,
                                  .answer_max = 4u << 20,
                                  .done = done};
    hf_http_call_start(w->client, call);
    return call;
}

static void nothing(struct hf_task *task)
{
    (void)task;
}

static void until_done(struct world *w, unsigned count)
{
    while (w->done < count) {
        HF_ASSERT(hf_loop_step(w->loop));
    }
    struct hf_task task;
    hf_task_init(&task, nothing);
    for (int i = 0; i < 10; i++) { /* what else is on its way */
        hf_task_post(w->loop, &task);
        HF_ASSERT(hf_loop_step(w->loop));
    }
    hf_task_cancel(&task);
}

/* One call after the other; their result, and how many connections and requests that made. */
static void check_sequence(enum manner manner, unsigned calls, enum hf_rc last,
                           unsigned connections, unsigned requests)
{
    struct world w;
    begin(&w, manner);
    for (unsigned i = 0; i < calls; i++) {
        const struct hf_http_call *call = start(&w, 0, LONG_NS, HF_BYTES("a"));
        until_done(&w, i + 1);
        HF_CHECK_RC(call->rc, i + 1 == calls ? last : HF_OK);
        HF_CHECK(call->rc == HF_OK ? call->status == 200 : call->err.text[0] != '\0');
    }
    HF_CHECK_U64(w.connections, connections);
    HF_CHECK_U64(w.requests, requests);
    finish(&w);
}

HF_TEST(kept)
{
    check_sequence(SERVER, 20, HF_OK, 1, 20);
    check_sequence(KEEPS, 20, HF_OK, 1, 20);
}

HF_TEST(not_kept)
{
    check_sequence(SAYS_CLOSE, 3, HF_OK, 3, 3);
    check_sequence(SAYS_MORE, 3, HF_OK, 3, 3);
    check_sequence(SPEAKS, 3, HF_OK, 3, 3);
}

/* The second call of a connection is sent once more on a new one, and no third time. */
HF_TEST(closed_meanwhile)
{
    check_sequence(FIRST_ALONE, 2, HF_OK, 2, 3);
    check_sequence(FIRST_ALONE, 5, HF_OK, 5, 9);
    check_sequence(NONE, 1, HF_EIO, 1, 1);
    check_sequence(STARTS, 2, HF_EIO, 1, 2);
}

HF_TEST(at_once)
{
    static uint8_t big[3 << 20];
    struct world w;
    begin(&w, SERVER);
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (uint8_t)(i * 31 >> 3);
    }
    for (unsigned round = 1; round <= 3; round++) {
        for (size_t i = 0; i < CALLS; i++) {
            (void)start(&w, i, LONG_NS, hf_bytes_of(big, i == 1 ? 0 : sizeof big >> (8 * (i % 3))));
        }
        until_done(&w, round * CALLS);
        HF_CHECK_U64(w.connections, CALLS);
        HF_CHECK(hf_bytes_eq(hf_buf_bytes(&w.calls[0].call.answer), hf_bytes_of(big, sizeof big)));
        HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&w.calls[1].call.answer)), HF_STR("x"));
    }
    finish(&w);
}

HF_TEST(late_and_cancelled)
{
    struct world w;
    begin(&w, MUTE);
    struct hf_http_call *call = start(&w, 0, LONG_NS, HF_BYTES("a"));
    hf_http_call_cancel(call);
    call = start(&w, 1, 1000000, HF_BYTES("a"));
    until_done(&w, 1);
    HF_CHECK_RC(call->rc, HF_EIO);
    HF_CHECK(call->timed_out);
    (void)start(&w, 2, LONG_NS, HF_BYTES("a"));
    hf_http_client_free(w.client);
    w.client = NULL;
    HF_CHECK_U64(w.done, 2);
    HF_CHECK_RC(w.calls[2].call.rc, HF_ECANCELED);
    finish(&w);
}

HF_TEST(nobody)
{
    struct world w;
    begin(&w, SERVER);
    const struct hf_http_client_conf conf = {.socket = "/nonexistent/agent.sock"};
    hf_http_client_free(w.client);
    HF_CHECK_OK(hf_http_client_new(w.loop, &conf, &w.client, &w.err), w.err);
    const struct hf_http_call *call = start(&w, 0, LONG_NS, HF_BYTES("a"));
    HF_CHECK_U64(w.done, 0); /* never inside of the start */
    until_done(&w, 1);
    HF_CHECK_RC(call->rc, HF_EIO);
    HF_CHECK(strstr(call->err.text, "/nonexistent/agent.sock") != NULL);
    finish(&w);
}

HF_TEST(no_path)
{
    struct world w;
    begin(&w, SERVER);
    char path[300] = "/";
    struct hf_http_client *client = NULL;
    const struct hf_http_client_conf conf = {.socket = path};
    memset(path + 1, 'x', sizeof path - 2);
    HF_CHECK_RC(hf_http_client_new(w.loop, &conf, &client, &w.err), HF_EINVAL);
    finish(&w);
}

HF_TEST_MAIN(HF_TEST_CASE(kept), HF_TEST_CASE(not_kept), HF_TEST_CASE(closed_meanwhile),
             HF_TEST_CASE(at_once), HF_TEST_CASE(late_and_cancelled), HF_TEST_CASE(nobody),
             HF_TEST_CASE(no_path))
