/* base/http/server.c: connections: bytes to requests, answers to bytes, deadlines. */
#include "base/http/server.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/json_out.h"
#include "base/secret.h"
#include "base/sm.h"

#define SECOND     UINT64_C(1000000000)
#define FIELDS_MAX (8u << 10) /* of an answer */

const struct hf_http_server_conf hf_http_server_defaults = {
    .limits = {.head_max = 16384, .target_max = 4096, .body_max = 8u << 20, .framing_max = 65536},
    .connections_max = 20000,
    .bodies_max = 256u << 20,
    .head_ns = 10 * SECOND,
    .body_grace_ns = 10 * SECOND,
    .body_rate = 1024,
    .stuck_ns = 30 * SECOND,
    .idle_ns = 75 * SECOND,
    .drain_ns = 10 * SECOND,
};

/*   IDLE -> HEAD -> BODY -> HANDLING -> SENDING -> IDLE
 *   HEAD -> HANDLING (no body), HANDLING -> STREAMING -> SENDING
 *   any -> LAST (the last answer is on its way), any -> GONE */
enum {
    IDLE,
    HEAD,
    BODY,
    HANDLING,
    STREAMING,
    SENDING,
    LAST,
    GONE,
};

static const struct hf_sm_state states[] = {
    [IDLE] = {"IDLE", HF_SM_TO(HEAD) | HF_SM_TO(LAST) | HF_SM_TO(GONE), HF_SM_INITIAL},
    [HEAD] = {"HEAD", HF_SM_TO(BODY) | HF_SM_TO(HANDLING) | HF_SM_TO(LAST) | HF_SM_TO(GONE), 0},
    [BODY] = {"BODY", HF_SM_TO(HANDLING) | HF_SM_TO(LAST) | HF_SM_TO(GONE), 0},
    [HANDLING] = {"HANDLING",
                  HF_SM_TO(STREAMING) | HF_SM_TO(SENDING) | HF_SM_TO(LAST) | HF_SM_TO(GONE), 0},
    [STREAMING] = {"STREAMING", HF_SM_TO(SENDING) | HF_SM_TO(LAST) | HF_SM_TO(GONE), 0},
    [SENDING] = {"SENDING", HF_SM_TO(IDLE) | HF_SM_TO(LAST) | HF_SM_TO(GONE), 0},
    [LAST] = {"LAST", HF_SM_TO(GONE), 0},
    [GONE] = {"GONE", 0, HF_SM_FINAL},
};
static const struct hf_sm_conf sm_conf = {"http connection", states, HF_LEN(states)};

struct connection;

struct hf_http_exchange {
    struct connection *connection;
    void *user;
    const struct hf_http_request *request;
    struct hf_buf body;
    struct hf_buf fields; /* added to the answer */
    uint64_t began_ns;
    int status;
    bool open;    /* the handler has it: `over` is due */
    bool chunked; /* the answer is */
};

struct connection {
    struct hf_queue node;
    struct hf_http_server *server;
    struct hf_stream *stream;
    struct hf_http_parser *parser;
    struct hf_sm sm;
    struct hf_timer timer;
    struct hf_task task; /* goes on with what is in `ahead` */
    struct hf_buf ahead; /* bytes behind the request at hand */
    uint64_t phase_ns;   /* when the phase began */
    uint64_t body_seen;  /* bytes of the body */
    uint64_t body_max;
    uint64_t written;    /* bytes of all answers */
    uint64_t last_taken; /* by the peer, at the last look */
    bool peer_ended;
    struct hf_http_exchange exchange;
};

struct hf_http_server {
    struct hf_loop *loop;
    struct hf_http_server_conf conf;
    const struct hf_http_handler *handler;
    void *ctx;
    struct hf_queue connections;
    uint32_t count;
    uint64_t refused;
    uint64_t bodies; /* bytes that are held */
    bool draining;
    void (*drained)(void *arg);
    void *drained_arg;
    struct hf_timer drain_timer;
    struct hf_task drain_task;
};

static uint64_t now_of(const struct connection *c)
{
    return hf_env_mono_ns(hf_loop_env(c->server->loop));
}

static struct connection *connection_of(const struct hf_http_exchange *exchange)
{
    return exchange->connection;
}

/* What the peer took so far: what was written and does not wait any more. TLS makes what waits a
 * little longer than what was written, so only the difference of two looks means something. */
static uint64_t taken_of(const struct connection *c)
{
    return c->written - hf_stream_queued(c->stream);
}

static enum hf_rc write_out(struct connection *c, struct hf_bytes bytes)
{
    c->written += bytes.len;
    return hf_stream_write(c->stream, bytes);
}

/* phases */

static void arm(struct connection *c, uint64_t ns)
{
    if (hf_timer_arm(&c->timer, ns) != HF_OK) {
        hf_stream_close(c->stream); /* without a deadline nobody may stay */
    }
}

static void enter(struct connection *c, int state)
{
    const struct hf_http_server_conf *conf = &c->server->conf;
    hf_sm_move(&c->sm, state);
    c->phase_ns = now_of(c);
    switch (state) {
    case IDLE: arm(c, conf->idle_ns); break;
    case HEAD: arm(c, conf->head_ns); break;
    case BODY: arm(c, conf->body_grace_ns); break;
    case STREAMING:
    case SENDING:
    case LAST:
        c->last_taken = taken_of(c);
        arm(c, conf->stuck_ns);
        break;
    default: hf_timer_cancel(&c->timer); break;
    }
    /* While somebody else is to act, the peer has to wait. */
    hf_stream_read(c->stream, state == IDLE || state == HEAD || state == BODY || state == LAST);
}

static void end_exchange(struct connection *c)
{
    struct hf_http_exchange *e = &c->exchange;
    if (e->open) {
        e->open = false;
        if (c->server->handler->over != NULL) {
            c->server->handler->over(c->server->ctx, e);
        }
    }
    c->server->bodies -= e->body.len;
    hf_buf_free(&e->body);
    hf_buf_free(&e->fields);
    *e = (struct hf_http_exchange){.connection = c,
                                   .body = hf_buf_init(c->server->conf.limits.body_max),
                                   .fields = hf_buf_init(FIELDS_MAX)};
}

static void drop(struct connection *c)
{
    if (c->sm.state != GONE) {
        enter(c, GONE);
        hf_stream_close(c->stream);
    }
}

/* What is queued went out: the next request, or the end. */
static void sent(struct connection *c)
{
    if (c->sm.state == LAST) {
        hf_stream_finish(c->stream);
        return; /* the peer's end, or the deadline, closes */
    }
    if (c->sm.state != SENDING) {
        return;
    }
    end_exchange(c);
    hf_http_parser_release(c->parser);
    if (c->server->draining) {
        drop(c);
        return;
    }
    enter(c, IDLE);
    hf_task_post(c->server->loop, &c->task);
}

static void late(struct hf_timer *timer)
{
    struct connection *c = HF_CONTAINER_OF(timer, struct connection, timer);
    const struct hf_http_server_conf *conf = &c->server->conf;
    uint64_t gone_ns = now_of(c) - c->phase_ns;
    if (c->sm.state == BODY) {
        if (c->body_seen >= gone_ns / SECOND * conf->body_rate) {
            arm(c, SECOND);
            return;
        }
    } else if (c->sm.state == STREAMING || c->sm.state == SENDING) {
        if (hf_stream_queued(c->stream) == 0 || (int64_t)(taken_of(c) - c->last_taken) > 0) {
            c->last_taken = taken_of(c);
            arm(c, conf->stuck_ns);
            return;
        }
    }
    if (c->sm.state == HEAD || c->sm.state == BODY) {
        bool head = c->sm.state == HEAD;
        c->server->refused++;
        c->exchange.request = NULL; /* so that it is the last answer */
        hf_http_problem(&c->exchange, 408, "too-slow",
                        head ? "The head of the request did not come in time; send it at once."
                             : "The body of the request came too slowly; send it faster.");
        return;
    }
    drop(c);
}

/* answers */

static void put_head(struct connection *c, struct hf_buf *out, int status, const char *content_type,
                     bool last)
{
    hf_buf_printf(out, "HTTP/1.1 %d %s\r\n", status, hf_http_status_text(status));
    if (content_type != NULL) {
        hf_buf_printf(out, "Content-Type: %s\r\n", content_type);
    }
    if (last) {
        hf_buf_str(out, HF_STR("Connection: close\r\n"));
    }
    hf_buf_put(out, c->exchange.fields.ptr, c->exchange.fields.len);
}

static bool is_last(const struct connection *c)
{
    const struct hf_http_request *request = c->exchange.request;
    return request == NULL || !request->keep_alive || c->server->draining || c->peer_ended;
}

/* Everything of the answer is written: on to sending it. */
static void written(struct connection *c, bool last)
{
    enter(c, last ? LAST : SENDING);
    if (last) {
        end_exchange(c);
    }
    if (hf_stream_queued(c->stream) == 0) {
        sent(c);
    }
}

void hf_http_answer(struct hf_http_exchange *exchange, int status, const char *content_type,
                    struct hf_bytes body)
{
    struct connection *c = connection_of(exchange);
    struct hf_buf out = hf_buf_init((128u << 20) + FIELDS_MAX);
    bool last = is_last(c);
    bool none = status == 204 || status == 304;
    bool is_head = exchange->request != NULL &&
                   hf_str_eq(hf_bytes_str(exchange->request->method), HF_STR("HEAD"));
    exchange->status = status;
    if (c->sm.state == GONE) {
        return;
    }
    put_head(c, &out, status, none ? NULL : content_type, last);
    if (!none) {
        hf_buf_printf(&out, "Content-Length: %zu\r\n", body.len);
    }
    hf_buf_str(&out, HF_STR("\r\n"));
    if (!none && !is_head) {
        hf_buf_put(&out, body.ptr, body.len);
    }
    if (out.failed != HF_OK || write_out(c, hf_buf_bytes(&out)) != HF_OK) {
        hf_buf_free(&out);
        drop(c);
        return;
    }
    hf_buf_free(&out);
    written(c, last);
}

void hf_http_problem(struct hf_http_exchange *exchange, int status, const char *type,
                     const char *detail)
{
    struct hf_buf text = hf_buf_init(16384);
    struct hf_json_out json;
    char urn[128];
    (void)snprintf(urn, sizeof urn, "urn:holdfast:problem:%s", type);
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "type", hf_str_c(urn));
    hf_json_key_str(&json, "title", hf_str_c(hf_http_status_text(status)));
    hf_json_key_u64(&json, "status", (uint64_t)status);
    hf_json_key_str(&json, "detail", hf_str_c(detail));
    hf_json_object_end(&json);
    hf_http_answer(exchange, status, "application/problem+json", hf_buf_bytes(&text));
    hf_buf_free(&text);
}

void hf_http_add_field(struct hf_http_exchange *exchange, const char *name, struct hf_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        HF_ASSERT(value.ptr[i] >= 0x20 && value.ptr[i] < 0x7F);
    }
    hf_buf_printf(&exchange->fields, "%s: %.*s\r\n", name, HF_STR_ARG(value));
}

void hf_http_stream_begin(struct hf_http_exchange *exchange, int status, const char *content_type)
{
    struct connection *c = connection_of(exchange);
    struct hf_buf out = hf_buf_init(2 * FIELDS_MAX);
    exchange->status = status;
    if (c->sm.state == GONE) {
        return;
    }
    exchange->chunked = exchange->request->minor == 1;
    put_head(c, &out, status, content_type, !exchange->chunked || is_last(c));
    hf_buf_str(&out,
               exchange->chunked ? HF_STR("Transfer-Encoding: chunked\r\n\r\n") : HF_STR("\r\n"));
    bool good = out.failed == HF_OK && write_out(c, hf_buf_bytes(&out)) == HF_OK;
    hf_buf_free(&out);
    if (!good) {
        drop(c);
        return;
    }
    enter(c, STREAMING);
    hf_stream_read(c->stream, true); /* to see the peer go */
}

enum hf_rc hf_http_stream_put(struct hf_http_exchange *exchange, struct hf_bytes piece,
                              size_t queue_max)
{
    struct connection *c = connection_of(exchange);
    if (c->sm.state != STREAMING || piece.len == 0) {
        return HF_OK;
    }
    size_t queued = hf_stream_queued(c->stream);
    if (queued > queue_max || piece.len > queue_max - queued) {
        return HF_EBUSY;
    }
    if (!exchange->chunked) {
        if (write_out(c, piece) != HF_OK) {
            drop(c);
        }
        return HF_OK;
    }
    /* In one write, so that a chunk is one record of TLS. */
    struct hf_buf out = hf_buf_init(piece.len + 32);
    hf_buf_printf(&out, "%zx\r\n", piece.len);
    hf_buf_put(&out, piece.ptr, piece.len);
    hf_buf_str(&out, HF_STR("\r\n"));
    if (out.failed != HF_OK || write_out(c, hf_buf_bytes(&out)) != HF_OK) {
        drop(c);
    }
    hf_buf_free(&out);
    return HF_OK;
}

size_t hf_http_stream_queued(const struct hf_http_exchange *exchange)
{
    const struct connection *c = connection_of(exchange);
    return c->sm.state == STREAMING ? hf_stream_queued(c->stream) : 0;
}

void hf_http_stream_end(struct hf_http_exchange *exchange)
{
    struct connection *c = connection_of(exchange);
    if (c->sm.state != STREAMING) {
        return;
    }
    if (exchange->chunked) {
        (void)write_out(c, HF_BYTES("0\r\n\r\n"));
    }
    written(c, !exchange->chunked || is_last(c));
}

/* requests */

static enum hf_rc on_head(void *ctx, const struct hf_http_request *request)
{
    struct connection *c = ctx;
    c->exchange.request = request;
    c->exchange.began_ns = now_of(c);
    c->body_seen = 0;
    c->body_max = c->server->handler->body_max == NULL
                      ? c->server->conf.limits.body_max
                      : c->server->handler->body_max(c->server->ctx, request);
    if (!request->chunked && request->length > c->body_max) {
        return HF_ETOOBIG;
    }
    if (request->chunked || request->length > 0) {
        enter(c, BODY);
        if (request->expect_continue) {
            return hf_stream_write(c->stream, HF_BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
        }
    }
    return HF_OK;
}

static enum hf_rc on_body(void *ctx, struct hf_bytes data)
{
    struct connection *c = ctx;
    c->body_seen += data.len;
    if (c->body_seen > c->body_max) {
        return HF_ETOOBIG;
    }
    if (c->server->bodies + data.len > c->server->conf.bodies_max) {
        return HF_EBUSY;
    }
    size_t before = c->exchange.body.len;
    hf_buf_put(&c->exchange.body, data.ptr, data.len);
    c->server->bodies += c->exchange.body.len - before;
    return c->exchange.body.failed;
}

static enum hf_rc on_end(void *ctx)
{
    struct connection *c = ctx;
    enter(c, HANDLING);
    c->exchange.open = true;
    return HF_OK;
}

static const struct hf_http_events parser_events = {on_head, on_body, on_end};

static void refuse(struct connection *c, enum hf_rc rc)
{
    int status = hf_http_parser_status(c->parser);
    c->server->refused++;
    c->exchange.request = NULL; /* so that it is the last answer */
    if (rc == HF_ETOOBIG && status == 0) {
        char detail[96];
        (void)snprintf(detail, sizeof detail, "This call takes a body of at most %llu bytes.",
                       (unsigned long long)c->body_max);
        hf_http_problem(&c->exchange, 413, "too-big", detail);
        return;
    }
    if (status == 0) {
        hf_http_add_field(&c->exchange, "Retry-After", HF_STR("1"));
        hf_http_problem(&c->exchange, 503, rc == HF_EBUSY ? "busy" : "out-of-memory",
                        "The server has no room for this request now; try again.");
        return;
    }
    hf_http_problem(&c->exchange, status, "malformed-request", hf_http_parser_reason(c->parser));
}

/* Feeds bytes until a request is whole; what is behind it waits. */
static void feed(struct connection *c, struct hf_bytes bytes)
{
    size_t at = 0;
    while (at < bytes.len && (c->sm.state == IDLE || c->sm.state == HEAD || c->sm.state == BODY)) {
        size_t used = 0;
        if (c->sm.state == IDLE) {
            enter(c, HEAD);
        }
        enum hf_rc rc =
            hf_http_parser_feed(c->parser, hf_bytes_of(bytes.ptr + at, bytes.len - at), &used);
        at += used;
        if (rc != HF_OK) {
            refuse(c, rc);
            return;
        }
    }
    if (at < bytes.len && c->sm.state == HANDLING) {
        hf_buf_put(&c->ahead, bytes.ptr + at, bytes.len - at);
        if (c->ahead.failed != HF_OK) {
            drop(c);
            return;
        }
    }
    if (c->sm.state == HANDLING) {
        c->server->handler->handle(c->server->ctx, &c->exchange);
    }
}

static void on_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct connection *c = stream->user;
    if (c->sm.state == IDLE || c->sm.state == HEAD || c->sm.state == BODY) {
        feed(c, data);
    } else if (c->sm.state != LAST && c->sm.state != GONE) {
        hf_buf_put(&c->ahead, data.ptr, data.len); /* was on its way when reading was turned off */
        if (c->ahead.failed != HF_OK) {
            drop(c);
        }
    }
}

/* Bytes that came behind the last request. */
static void go_on(struct hf_task *task)
{
    struct connection *c = HF_CONTAINER_OF(task, struct connection, task);
    if (c->sm.state != IDLE || c->ahead.len == 0) {
        if (c->sm.state == IDLE && c->peer_ended) {
            drop(c);
        }
        return;
    }
    struct hf_buf bytes = c->ahead;
    c->ahead = hf_buf_init(c->server->conf.limits.head_max + (256u << 10));
    feed(c, hf_buf_bytes(&bytes));
    hf_buf_free(&bytes);
}

static void on_end_of_stream(struct hf_stream *stream, enum hf_rc why)
{
    struct connection *c = stream->user;
    c->peer_ended = true;
    bool busy = c->sm.state == HANDLING || c->sm.state == SENDING;
    if (why == HF_EEND && busy) {
        return; /* half-closed: it still gets its answer */
    }
    drop(c);
}

static void on_drain(struct hf_stream *stream)
{
    struct connection *c = stream->user;
    if (c->sm.state == STREAMING) {
        if (c->server->handler->drained != NULL) {
            c->server->handler->drained(c->server->ctx, &c->exchange);
        }
        return;
    }
    sent(c);
}

static void finish_drain(struct hf_task *task)
{
    struct hf_http_server *server = HF_CONTAINER_OF(task, struct hf_http_server, drain_task);
    hf_timer_cancel(&server->drain_timer);
    server->drained(server->drained_arg);
}

static void on_closed(struct hf_stream *stream)
{
    struct connection *c = stream->user;
    struct hf_http_server *server = c->server;
    if (c->sm.state != GONE) {
        hf_sm_move(&c->sm, GONE);
    }
    end_exchange(c);
    hf_timer_cancel(&c->timer);
    hf_task_cancel(&c->task);
    hf_queue_remove(&c->node);
    hf_http_parser_free(c->parser);
    hf_buf_free(&c->ahead);
    hf_buf_free(&c->exchange.body);
    hf_buf_free(&c->exchange.fields);
    hf_heap_free(c);
    server->count--;
    if (server->draining && server->count == 0) {
        hf_task_post(server->loop, &server->drain_task);
    }
}

/* the server */

static void refused_closed(struct hf_stream *stream)
{
    (void)stream;
}

void hf_http_server_take(struct hf_http_server *server, struct hf_stream *stream)
{
    struct connection *c = NULL;
    if (!server->draining && server->count < server->conf.connections_max) {
        c = hf_heap_zalloc(1, sizeof *c);
    }
    if (c == NULL ||
        hf_http_parser_new(&server->conf.limits, &parser_events, c, &c->parser) != HF_OK) {
        hf_heap_free(c);
        stream->on_closed = refused_closed;
        hf_stream_close(stream);
        return;
    }
    c->server = server;
    c->stream = stream;
    c->ahead = hf_buf_init(server->conf.limits.head_max + (256u << 10));
    c->exchange = (struct hf_http_exchange){.connection = c,
                                            .body = hf_buf_init(server->conf.limits.body_max),
                                            .fields = hf_buf_init(FIELDS_MAX)};
    hf_sm_init(&c->sm, &sm_conf, /* invariant= */ NULL, IDLE, 0);
    hf_timer_init(&c->timer, server->loop, late);
    hf_task_init(&c->task, go_on);
    hf_queue_push(&server->connections, &c->node);
    server->count++;
    stream->user = c;
    stream->on_data = on_data;
    stream->on_end = on_end_of_stream;
    stream->on_drain = on_drain;
    stream->on_closed = on_closed;
    c->phase_ns = now_of(c);
    arm(c, server->conf.head_ns);
    hf_stream_read(stream, true);
}

static void drain_late(struct hf_timer *timer)
{
    struct hf_http_server *server = HF_CONTAINER_OF(timer, struct hf_http_server, drain_timer);
    for (struct hf_queue *node = server->connections.next, *next; node != &server->connections;
         node = next) {
        next = node->next;
        drop(HF_CONTAINER_OF(node, struct connection, node));
    }
}

void hf_http_server_drain(struct hf_http_server *server, void (*done)(void *arg), void *arg)
{
    HF_ASSERT(!server->draining);
    server->draining = true;
    server->drained = done;
    server->drained_arg = arg;
    for (struct hf_queue *node = server->connections.next, *next; node != &server->connections;
         node = next) {
        struct connection *c = HF_CONTAINER_OF(node, struct connection, node);
        next = node->next;
        if (c->sm.state != HANDLING && c->sm.state != SENDING && c->sm.state != LAST) {
            drop(c);
        }
    }
    if (server->count == 0) {
        hf_task_post(server->loop, &server->drain_task);
    } else if (hf_timer_arm(&server->drain_timer, server->conf.drain_ns) != HF_OK) {
        drain_late(&server->drain_timer);
    }
}

enum hf_rc hf_http_server_new(struct hf_loop *loop, const struct hf_http_server_conf *conf,
                              const struct hf_http_handler *handler, void *ctx,
                              struct hf_http_server **ret_server)
{
    struct hf_http_server *server = hf_heap_zalloc(1, sizeof *server);
    if (server == NULL) {
        return HF_ENOMEM;
    }
    server->loop = loop;
    server->conf = *conf;
    server->handler = handler;
    server->ctx = ctx;
    hf_queue_init(&server->connections);
    hf_timer_init(&server->drain_timer, loop, drain_late);
    hf_task_init(&server->drain_task, finish_drain);
    *ret_server = server;
    return HF_OK;
}

void hf_http_server_free(struct hf_http_server *server)
{
    if (server != NULL) {
        HF_ASSERT(server->count == 0);
        hf_heap_free(server);
    }
}

uint32_t hf_http_server_connections(const struct hf_http_server *server)
{
    return server->count;
}

uint64_t hf_http_server_bodies(const struct hf_http_server *server)
{
    return server->bodies;
}

uint64_t hf_http_server_refused(const struct hf_http_server *server)
{
    return server->refused;
}

const struct hf_http_request *hf_http_exchange_request(const struct hf_http_exchange *exchange)
{
    return exchange->request;
}

struct hf_bytes hf_http_exchange_body(const struct hf_http_exchange *exchange)
{
    return hf_buf_bytes(&exchange->body);
}

void hf_http_exchange_wipe(struct hf_http_exchange *exchange)
{
    hf_wipe(exchange->body.ptr, exchange->body.len);
}

const struct hf_peer *hf_http_exchange_peer(const struct hf_http_exchange *exchange)
{
    return &connection_of(exchange)->stream->peer;
}

void hf_http_exchange_set_user(struct hf_http_exchange *exchange, void *user)
{
    exchange->user = user;
}

void *hf_http_exchange_user(const struct hf_http_exchange *exchange)
{
    return exchange->user;
}

uint64_t hf_http_exchange_began(const struct hf_http_exchange *exchange)
{
    return exchange->began_ns;
}

int hf_http_exchange_status(const struct hf_http_exchange *exchange)
{
    return exchange->status;
}
