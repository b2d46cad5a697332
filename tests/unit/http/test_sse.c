/* tests/unit/http/test_sse.c: server-sent events to the byte, and their readers in virtual time:
 * fast, slow, gone. */
#include <stdio.h>

#include "base/env.h"
#include "base/heap.h"
#include "base/http/sse.h"
#include "base/net/pair.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"

#define SECOND UINT64_C(1000000000)

/* bytes */

static const struct {
    const char *id;
    const char *name;
    const char *data;
    const char *want;
} rows[] = {
    {"", "", "a", "data: a\n\n"},
    {"7", "", "a", "id: 7\ndata: a\n\n"},
    {"7.2", "x", "{}", "id: 7.2\nevent: x\ndata: {}\n\n"},
    {"", "", "", "data: \n\n"},
    {"", "", "a\nb", "data: a\ndata: b\n\n"},
    {"", "", "a\rb\r\nc", "data: a\ndata: b\ndata: c\n\n"},
    {"", "", "a\n", "data: a\ndata: \n\n"},
    {"", "", "\r\n\r", "data: \ndata: \ndata: \n\n"},
};

/* Each row's event has exactly the bytes that the standard asks for; every kind of line end begins
 * a field of its own. */
HF_TEST(bytes)
{
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_buf buf = hf_buf_init(1024);
        hf_sse_write(&buf, hf_str_c(rows[i].id), hf_str_c(rows[i].name),
                     hf_str_bytes(hf_str_c(rows[i].data)));
        if (!hf_bytes_eq(hf_buf_bytes(&buf), hf_str_bytes(hf_str_c(rows[i].want)))) {
            hf_test_fail(__FILE__, __LINE__, "case %zu: %.*s", i, (int)buf.len,
                         (const char *)buf.ptr);
        }
        hf_buf_free(&buf);
    }
}

/* readers */

struct world {
    struct hf_env_sim sim;
    struct hf_loop *loop;
    struct hf_http_server *server;
    struct hf_stream *client;
    struct hf_timer stop;
    struct hf_timer nibble;
    struct hf_sse sse;
    bool patient; /* the client reads one piece and rests */
    bool begun;
    bool over;
    bool closed;
    bool drained;
    struct hf_buf received;
    uint64_t put;  /* events so far */
    uint64_t goal; /* events to be put */
    unsigned full; /* how often the queue was */
    size_t most;   /* bytes that waited */
};

static void put_more(struct hf_sse *sse)
{
    struct world *w = HF_CONTAINER_OF(sse, struct world, sse);
    while (w->put < w->goal) {
        char id[24];
        int len = snprintf(id, sizeof id, "%llu", (unsigned long long)w->put);
        enum hf_rc rc = hf_sse_event(sse, (struct hf_str){id, (size_t)len}, HF_STR(""),
                                     HF_BYTES("0123456789012345678901234567890123456789"));
        if (rc == HF_ENOMEM) {
            hf_sse_end(sse, HF_STR("closed"), HF_BYTES("{}"));
            return;
        }
        if (rc != HF_OK) {
            w->full++;
            break;
        }
        w->put++;
    }
    hf_sse_flush(sse);
    size_t waiting = hf_http_stream_queued(sse->exchange);
    w->most = waiting > w->most ? waiting : w->most;
}

static const struct hf_sse_conf conf = {.queue_max = 4096,
                                        .alive_ns = 15 * SECOND,
                                        .slow_ns = 20 * SECOND,
                                        .retry_ms = 1000,
                                        .room = put_more};

static void handle(void *ctx, struct hf_http_exchange *exchange)
{
    struct world *w = ctx;
    HF_CHECK(hf_sse_wanted(hf_http_exchange_request(exchange)));
    w->begun = true;
    hf_sse_begin(&w->sse, w->loop, exchange, &conf);
    put_more(&w->sse);
}

static void over(void *ctx, struct hf_http_exchange *exchange)
{
    struct world *w = ctx;
    (void)exchange;
    w->over = true;
    hf_sse_fini(&w->sse);
}

static void on_drained(void *ctx, struct hf_http_exchange *exchange)
{
    struct world *w = ctx;
    (void)exchange;
    hf_sse_drained(&w->sse);
}

static const struct hf_http_handler handler = {
    .handle = handle, .over = over, .drained = on_drained};

static void client_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct world *w = stream->user;
    hf_buf_put(&w->received, data.ptr, data.len);
    if (w->patient) {
        hf_stream_read(stream, false);
    }
}

static void client_end(struct hf_stream *stream, enum hf_rc why)
{
    (void)why;
    hf_stream_close(stream);
}

static void client_closed(struct hf_stream *stream)
{
    struct world *w = stream->user;
    w->closed = true;
}

static void stop(struct hf_timer *timer)
{
    hf_loop_stop(HF_CONTAINER_OF(timer, struct world, stop)->loop);
}

static void begin(struct world *w, uint64_t goal, bool reading)
{
    struct hf_err err = {0};
    struct hf_stream *side = NULL;
    *w = (struct world){.received = hf_buf_init(64u << 20), .goal = goal};
    hf_env_sim_init(&w->sim, 1);
    HF_ASSERT(hf_loop_sim_new(&w->sim, 0, &w->loop, &err) == HF_OK);
    HF_ASSERT(hf_http_server_new(w->loop, &hf_http_server_defaults, &handler, w, &w->server) ==
              HF_OK);
    HF_ASSERT(hf_pair_new(w->loop, 1000000, &w->client, &side) == HF_OK);
    w->client->user = w;
    w->client->on_data = client_data;
    w->client->on_end = client_end;
    w->client->on_closed = client_closed;
    hf_timer_init(&w->stop, w->loop, stop);
    hf_stream_read(w->client, reading);
    hf_http_server_take(w->server, side);
    (void)hf_stream_write(
        w->client, HF_BYTES("GET / HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n"));
}

static void run_for(struct world *w, uint64_t seconds)
{
    (void)hf_timer_arm(&w->stop, seconds * SECOND);
    hf_loop_run(w->loop);
}

static void drained(void *arg)
{
    ((struct world *)arg)->drained = true;
}

static void finish(struct world *w)
{
    w->patient = false;
    if (!w->closed) {
        hf_stream_read(w->client, true);
    }
    hf_http_server_drain(w->server, drained, w);
    hf_loop_run(w->loop);
    HF_CHECK(w->drained && w->closed && w->begun && w->over);
    hf_http_server_free(w->server);
    hf_loop_free(w->loop);
    hf_buf_free(&w->received);
}

static size_t count(const struct world *w, const char *text)
{
    size_t n = 0;
    const uint8_t *end = w->received.ptr + w->received.len;
    for (const uint8_t *at = w->received.ptr;
         at != NULL && (at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL; at++) {
        n++;
    }
    return n;
}

/* 5,000 events through a queue of 4 KiB: all arrive in order, and no more than the queue and one
 * event ever waits. */
HF_TEST(back_pressure)
{
    struct world w;
    begin(&w, 5000, true);
    run_for(&w, 10);
    HF_CHECK_U64(w.put, 5000);
    HF_CHECK(w.full > 10);
    HF_CHECK(w.most <= 4096 + 128);
    HF_CHECK_U64(count(&w, "\nid: ") + count(&w, "id: 0\n"), 5000 + 1);
    HF_CHECK_U64(count(&w, "id: 4999\n"), 1);
    HF_CHECK_U64(count(&w, "retry: 1000\n\n"), 1);
    HF_CHECK_U64(count(&w, "Content-Type: text/event-stream\r\n"), 1);
    finish(&w);
}

/* Silence is kept alive by a comment every 15 s, for ever. */
HF_TEST(keep_alive)
{
    struct world w;
    begin(&w, 1, true);
    run_for(&w, 302);
    HF_CHECK(!w.closed);
    HF_CHECK_U64(count(&w, "\n:\n\n"), 20);
    finish(&w);
}

/* A reader that takes nothing of a full queue is ended after 20 s with an event that says so; when
 * it reads at last, it finds it behind what was queued. */
HF_TEST(slow_reader)
{
    struct world w;
    begin(&w, 5000, false);
    run_for(&w, 19);
    HF_CHECK(w.begun && !w.over);
    uint64_t put = w.put;
    HF_CHECK(put < 200);
    run_for(&w, 2);
    hf_stream_read(w.client, true);
    run_for(&w, 2);
    HF_CHECK_U64(w.put, put);
    HF_CHECK_U64(count(&w, "event: closed\n"), 1);
    HF_CHECK_U64(count(&w, "too-slow"), 1);
    HF_CHECK_U64(count(&w, "\r\n0\r\n\r\n"), 1);
    HF_CHECK(w.over);
    finish(&w);
}

/* One that never reads is gone after the server's own limit: nothing is held for it. */
HF_TEST(stuck_reader)
{
    struct world w;
    begin(&w, 5000, false);
    run_for(&w, 52);
    HF_CHECK(w.over);
    HF_CHECK_U64(hf_http_server_connections(w.server), 0);
    finish(&w);
}

static void nibble(struct hf_timer *timer)
{
    struct world *w = HF_CONTAINER_OF(timer, struct world, nibble);
    if (!w->closed && w->put < w->goal) {
        hf_stream_read(w->client, true);
        (void)hf_timer_arm(timer, 5 * SECOND);
    }
}

/* One that reads in turns of 5 s takes all of it, however long that is: slow is only who does not
 * take a queue in 20 s. */
HF_TEST(patient_reader)
{
    struct world w;
    begin(&w, 2000, false);
    w.patient = true;
    hf_timer_init(&w.nibble, w.loop, nibble);
    (void)hf_timer_arm(&w.nibble, 5 * SECOND);
    run_for(&w, 600);
    HF_CHECK_U64(w.put, 2000);
    HF_CHECK_U64(count(&w, "event: closed\n"), 0);
    finish(&w);
}

/* The peer hangs up while events wait: over, once. */
HF_TEST(gone_reader)
{
    struct world w;
    begin(&w, 5000, false);
    run_for(&w, 1);
    hf_stream_close(w.client);
    run_for(&w, 1);
    HF_CHECK(w.over && w.closed);
    hf_http_server_drain(w.server, drained, &w);
    hf_loop_run(w.loop);
    HF_CHECK(w.drained);
    hf_http_server_free(w.server);
    hf_loop_free(w.loop);
    hf_buf_free(&w.received);
}

/* The n-th allocation after the request fails, for every n: the stream ends, or goes on with whole
 * events in order; nothing else comes of it. */
HF_TEST(no_memory)
{
    uint64_t calls = 1;
    for (uint64_t n = 1; n <= calls; n++) {
        struct world w;
        begin(&w, 300, true);
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        run_for(&w, 5);
        calls = hf_sweep_end();
        uint64_t events = count(&w, "data: 0123456789012345678901234567890123456789\n\n");
        HF_CHECK_U64(count(&w, "id: "), events);
        HF_CHECK(w.closed || w.over || events == 300);
        if (w.begun) {
            finish(&w);
        } else { /* no memory for the connection */
            hf_http_server_drain(w.server, drained, &w);
            hf_loop_run(w.loop);
            hf_http_server_free(w.server);
            hf_loop_free(w.loop);
            hf_buf_free(&w.received);
        }
    }
    HF_CHECK(calls > 5);
}

HF_TEST_MAIN(HF_TEST_CASE(bytes), HF_TEST_CASE(back_pressure), HF_TEST_CASE(keep_alive),
             HF_TEST_CASE(slow_reader), HF_TEST_CASE(stuck_reader), HF_TEST_CASE(patient_reader),
             HF_TEST_CASE(gone_reader), HF_TEST_CASE(no_memory))
