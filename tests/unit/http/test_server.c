/* tests/unit/http/test_server.c: connections of a server in virtual time: answers in order, slow
 * clients are cut off when they should be and not before, draining ends. */
#include <stdio.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/http/server.h"
#include "base/net/pair.h"
#include "tests/harness/test.h"

#define SECOND UINT64_C(1000000000)

struct world {
    struct hf_env_sim sim;
    struct hf_loop *loop;
    struct hf_http_server *server;
    struct hf_stream *client;
    struct hf_buf received;
    struct hf_buf sending; /* one byte a second */
    size_t sent;
    struct hf_timer drip;
    struct hf_timer stop;
    uint64_t closed_ns; /* when the client's side saw the end; 0: not yet */
    bool closed;
    unsigned handled;
    unsigned over;
    bool drained;
    size_t answer_len;
};

static void handle(void *ctx, struct hf_http_exchange *exchange)
{
    struct world *w = ctx;
    static uint8_t filler[1 << 20];
    w->handled++;
    if (w->answer_len > 0) {
        hf_http_answer(exchange, 200, "text/plain", hf_bytes_of(filler, w->answer_len));
        return;
    }
    struct hf_bytes target = hf_http_exchange_request(exchange)->target;
    struct hf_bytes body = hf_http_exchange_body(exchange);
    hf_http_add_field(exchange, "X-Target", hf_bytes_str(target));
    hf_http_answer(exchange, 200, "text/plain", body);
}

static void over(void *ctx, struct hf_http_exchange *exchange)
{
    struct world *w = ctx;
    (void)exchange;
    w->over++;
}

/* "/small" takes bodies of 10 bytes. */
static uint64_t body_max(void *ctx, const struct hf_http_request *request)
{
    (void)ctx;
    return hf_bytes_eq(request->target, HF_BYTES("/small")) ? 10 : 1u << 20;
}

static const struct hf_http_handler handler = {
    .body_max = body_max, .handle = handle, .over = over};

static void client_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct world *w = stream->user;
    hf_buf_put(&w->received, data.ptr, data.len);
}

static void client_end(struct hf_stream *stream, enum hf_rc why)
{
    struct world *w = stream->user;
    (void)why;
    w->closed_ns = hf_env_mono_ns(&w->sim.env);
    hf_stream_close(stream);
}

static void client_closed(struct hf_stream *stream)
{
    struct world *w = stream->user;
    w->closed = true;
    hf_timer_cancel(&w->drip);
}

static void drip(struct hf_timer *timer)
{
    struct world *w = HF_CONTAINER_OF(timer, struct world, drip);
    if (w->sent < w->sending.len && !w->closed) {
        (void)hf_stream_write(w->client, hf_bytes_of(w->sending.ptr + w->sent++, 1));
        (void)hf_timer_arm(&w->drip, SECOND);
    }
}

static void stop(struct hf_timer *timer)
{
    struct world *w = HF_CONTAINER_OF(timer, struct world, stop);
    hf_loop_stop(w->loop);
}

static void begin_with(struct world *w, uint64_t bodies_max)
{
    struct hf_http_server_conf conf = hf_http_server_defaults;
    conf.bodies_max = bodies_max;
    struct hf_err err = {0};
    struct hf_stream *side = NULL;
    *w = (struct world){.received = hf_buf_init(4u << 20), .sending = hf_buf_init(1u << 20)};
    hf_env_sim_init(&w->sim, 1);
    HF_ASSERT(hf_loop_sim_new(&w->sim, 0, &w->loop, &err) == HF_OK);
    HF_ASSERT(hf_http_server_new(w->loop, &conf, &handler, w, &w->server) == HF_OK);
    HF_ASSERT(hf_pair_new(w->loop, 1000000, &w->client, &side) == HF_OK);
    w->client->user = w;
    w->client->on_data = client_data;
    w->client->on_end = client_end;
    w->client->on_closed = client_closed;
    hf_timer_init(&w->drip, w->loop, drip);
    hf_timer_init(&w->stop, w->loop, stop);
    hf_stream_read(w->client, true);
    hf_http_server_take(w->server, side);
}

static void begin(struct world *w)
{
    begin_with(w, hf_http_server_defaults.bodies_max);
}

static void drained(void *arg)
{
    struct world *w = arg;
    w->drained = true;
}

static void finish(struct world *w)
{
    if (!w->drained) {
        hf_http_server_drain(w->server, drained, w);
    }
    hf_loop_run(w->loop);
    HF_CHECK(w->drained);
    HF_CHECK(w->closed);
    HF_CHECK_U64(w->over, w->handled);
    hf_http_server_free(w->server);
    hf_loop_free(w->loop);
    hf_buf_free(&w->received);
    hf_buf_free(&w->sending);
}

static void run_for(struct world *w, uint64_t seconds)
{
    (void)hf_timer_arm(&w->stop, seconds * SECOND);
    hf_loop_run(w->loop);
}

static bool received(const struct world *w, const char *text)
{
    return w->received.len > 0 &&
           memmem(w->received.ptr, w->received.len, text, strlen(text)) != NULL;
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: h\r\n\r\n"

/* Three requests in one piece: three answers in order on the same connection. */
HF_TEST(pipeline)
{
    struct world w;
    begin(&w);
    (void)hf_stream_write(w.client, HF_BYTES(GET("/1") GET("/2") GET("/3")));
    run_for(&w, 1);
    HF_CHECK_U64(w.handled, 3);
    HF_CHECK(!w.closed);
    const uint8_t *end = w.received.ptr + w.received.len;
    const uint8_t *at = w.received.ptr;
    for (int i = 1; i <= 3; i++) {
        char want[16];
        (void)snprintf(want, sizeof want, "X-Target: /%d", i);
        at = memmem(at, (size_t)(end - at), want, strlen(want));
        HF_CHECK(at != NULL);
    }
    finish(&w);
}

/* A body in two pieces, 100-continue, and an answer to the last request that closes. */
HF_TEST(bodies)
{
    struct world w;
    begin(&w);
    (void)hf_stream_write(w.client, HF_BYTES("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n"
                                             "Expect: 100-continue\r\n\r\n"));
    run_for(&w, 1);
    HF_CHECK(received(&w, "100 Continue"));
    (void)hf_stream_write(w.client, HF_BYTES("abc"));
    run_for(&w, 1);
    HF_CHECK_U64(w.handled, 0);
    (void)hf_stream_write(w.client,
                          HF_BYTES("def"
                                   "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    run_for(&w, 1);
    HF_CHECK_U64(w.handled, 2);
    HF_CHECK(received(&w, "\r\n\r\nabcdef"));
    HF_CHECK(received(&w, "Connection: close"));
    HF_CHECK(w.closed);
    finish(&w);
}

/* A body that is bigger than its call takes is refused before it is held, whether its length is
 * said or seen; all bodies together are bounded; what is over is not counted any more. */
HF_TEST(body_limits)
{
    struct world w;
    begin(&w);
    (void)hf_stream_write(w.client, HF_BYTES("POST /small HTTP/1.1\r\nHost: h\r\n"
                                             "Content-Length: 11\r\n\r\n"));
    run_for(&w, 1);
    HF_CHECK(received(&w, "413 ") && received(&w, "urn:holdfast:problem:too-big") && w.closed);
    finish(&w);
    begin(&w);
    (void)hf_stream_write(w.client,
                          HF_BYTES("POST /small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                                   "chunked\r\n\r\n6\r\nabcdef\r\n5\r\nabcde\r\n"));
    run_for(&w, 1);
    HF_CHECK(received(&w, "413 ") && w.closed && w.handled == 0);
    finish(&w);
    begin_with(&w, 5);
    (void)hf_stream_write(w.client,
                          HF_BYTES("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde"));
    run_for(&w, 1);
    HF_CHECK(received(&w, "200 OK"));
    HF_CHECK_U64(hf_http_server_bodies(w.server), 0);
    (void)hf_stream_write(w.client, HF_BYTES("POST / HTTP/1.1\r\nHost: h\r\n"
                                             "Content-Length: 6\r\n\r\nabc"));
    run_for(&w, 1);
    HF_CHECK_U64(hf_http_server_bodies(w.server), 3);
    (void)hf_stream_write(w.client, HF_BYTES("def"));
    run_for(&w, 1);
    HF_CHECK(received(&w, "503 ") && received(&w, "Retry-After: ") && w.closed);
    HF_CHECK_U64(hf_http_server_bodies(w.server), 0);
    finish(&w);
}

/* A malformed request is answered with a problem document and the connection ends. */
HF_TEST(malformed)
{
    struct world w;
    begin(&w);
    (void)hf_stream_write(w.client,
                          HF_BYTES("GET / HTTP/1.1\r\nHost: h\r\nX Y: z\r\n\r\n" GET("/")));
    run_for(&w, 1);
    HF_CHECK_U64(w.handled, 0);
    HF_CHECK(received(&w, "400 Bad Request"));
    HF_CHECK(received(&w, "application/problem+json"));
    HF_CHECK(received(&w, "urn:holdfast:problem:malformed-request"));
    HF_CHECK(w.closed);
    finish(&w);
}

/* text is sent, then one byte of `slow` each second: the connection must end between the two, and
 * whoever began a request is told why. */
static void check_slow(const char *text, const char *slow, uint64_t from_s, uint64_t to_s)
{
    struct world w;
    begin(&w);
    (void)hf_stream_write(w.client, hf_str_bytes(hf_str_c(text)));
    for (int i = 0; i < 200 && slow[0] != '\0'; i++) {
        hf_buf_str(&w.sending, hf_str_c(slow));
    }
    (void)hf_timer_arm(&w.drip, SECOND);
    run_for(&w, 300);
    HF_CHECK(w.closed);
    if (w.closed_ns < from_s * SECOND || w.closed_ns > to_s * SECOND) {
        hf_test_fail(__FILE__, __LINE__, "\"%.20s\" and drops of \"%s\" ended after %.1f s", text,
                     slow, (double)w.closed_ns / 1e9);
    }
    bool begun = text[0] != '\0' && w.handled == 0;
    HF_CHECK(received(&w, "408 Request Timeout") == begun);
    HF_CHECK(received(&w, "urn:holdfast:problem:too-slow") == begun);
    finish(&w);
}

HF_TEST(slow_clients)
{
    check_slow("", "", 10, 11);                                  /* silent */
    check_slow("GET / HTTP", "", 10, 11);                        /* half a request */
    check_slow("GET / HTTP/1.1\r\nHost: h\r\nX: ", "a", 10, 12); /* a dripping head */
    check_slow("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4096\r\n\r\n", "a", 10, 12);
    check_slow(GET("/"), "", 75, 76); /* idle after an answer */
}

/* A peer that takes nothing of a long answer is cut off after stuck_ns; while it takes some of it,
 * it is not. */
HF_TEST(stuck_reader)
{
    struct world w;
    begin(&w);
    w.answer_len = 1 << 20;
    hf_stream_read(w.client, false);
    (void)hf_stream_write(w.client, HF_BYTES(GET("/")));
    run_for(&w, 29);
    HF_CHECK(!w.closed);
    HF_CHECK_U64(hf_http_server_connections(w.server), 1);
    run_for(&w, 40);
    HF_CHECK_U64(hf_http_server_connections(w.server), 0);
    finish(&w);
}

/* Draining closes an idle connection at once and refuses new ones. */
HF_TEST(drain)
{
    struct world w;
    begin(&w);
    (void)hf_stream_write(w.client, HF_BYTES(GET("/")));
    run_for(&w, 1);
    hf_http_server_drain(w.server, drained, &w);
    run_for(&w, 1);
    HF_CHECK(w.drained);
    HF_CHECK(w.closed);
    finish(&w);
}

HF_TEST_MAIN(HF_TEST_CASE(pipeline), HF_TEST_CASE(bodies), HF_TEST_CASE(body_limits),
             HF_TEST_CASE(malformed), HF_TEST_CASE(slow_clients), HF_TEST_CASE(stuck_reader),
             HF_TEST_CASE(drain))
