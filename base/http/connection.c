/* base/http/connection.c: bytes to requests, answers on their way, deadlines. */
#include "base/http/connection.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"

#define SECOND UINT64_C(1000000000)

static const struct hf_sm_state states[] = {
    [HF_HTTP_PHASE_IDLE] = {"IDLE",
                            HF_SM_TO(HF_HTTP_PHASE_HEAD) | HF_SM_TO(HF_HTTP_PHASE_LAST) |
                                HF_SM_TO(HF_HTTP_PHASE_GONE),
                            HF_SM_INITIAL},
    [HF_HTTP_PHASE_HEAD] = {"HEAD",
                            HF_SM_TO(HF_HTTP_PHASE_BODY) | HF_SM_TO(HF_HTTP_PHASE_HANDLING) |
                                HF_SM_TO(HF_HTTP_PHASE_LAST) | HF_SM_TO(HF_HTTP_PHASE_GONE),
                            0},
    [HF_HTTP_PHASE_BODY] = {"BODY",
                            HF_SM_TO(HF_HTTP_PHASE_HANDLING) | HF_SM_TO(HF_HTTP_PHASE_LAST) |
                                HF_SM_TO(HF_HTTP_PHASE_GONE),
                            0},
    [HF_HTTP_PHASE_HANDLING] = {"HANDLING",
                                HF_SM_TO(HF_HTTP_PHASE_STREAMING) |
                                    HF_SM_TO(HF_HTTP_PHASE_SENDING) | HF_SM_TO(HF_HTTP_PHASE_LAST) |
                                    HF_SM_TO(HF_HTTP_PHASE_GONE),
                                0},
    [HF_HTTP_PHASE_STREAMING] = {"STREAMING",
                                 HF_SM_TO(HF_HTTP_PHASE_SENDING) | HF_SM_TO(HF_HTTP_PHASE_LAST) |
                                     HF_SM_TO(HF_HTTP_PHASE_GONE),
                                 0},
    [HF_HTTP_PHASE_SENDING] = {"SENDING",
                               HF_SM_TO(HF_HTTP_PHASE_IDLE) | HF_SM_TO(HF_HTTP_PHASE_LAST) |
                                   HF_SM_TO(HF_HTTP_PHASE_GONE),
                               0},
    [HF_HTTP_PHASE_LAST] = {"LAST", HF_SM_TO(HF_HTTP_PHASE_GONE), 0},
    [HF_HTTP_PHASE_GONE] = {"GONE", 0, HF_SM_FINAL},
};
static const struct hf_sm_conf sm_conf = {"http connection", states, HF_LEN(states)};

static uint64_t now_of(const struct hf_http_connection *c)
{
    return hf_env_mono_ns(hf_loop_env(c->server->loop));
}

/* What the peer took so far: what was written and does not wait any more. TLS makes what waits a
 * little longer than what was written, so only the difference of two looks means something. */
static uint64_t taken_of(const struct hf_http_connection *c)
{
    return c->written - hf_stream_queued(c->stream);
}

enum hf_rc hf_http_connection_write(struct hf_http_connection *c, struct hf_bytes bytes)
{
    c->written += bytes.len;
    return hf_stream_write(c->stream, bytes);
}

/* phases */

static void arm(struct hf_http_connection *c, uint64_t ns)
{
    if (hf_timer_arm(&c->timer, ns) != HF_OK) {
        hf_stream_close(c->stream); /* without a deadline nobody may stay */
    }
}

void hf_http_connection_enter(struct hf_http_connection *c, enum hf_http_phase phase)
{
    const struct hf_http_server_conf *conf = &c->server->conf;
    hf_sm_move(&c->sm, (int)phase);
    c->phase_ns = now_of(c);
    switch (phase) {
    case HF_HTTP_PHASE_IDLE: arm(c, conf->idle_ns); break;
    case HF_HTTP_PHASE_HEAD: arm(c, conf->head_ns); break;
    case HF_HTTP_PHASE_BODY: arm(c, conf->body_grace_ns); break;
    case HF_HTTP_PHASE_STREAMING:
    case HF_HTTP_PHASE_SENDING:
    case HF_HTTP_PHASE_LAST:
        c->last_taken = taken_of(c);
        arm(c, conf->stuck_ns);
        break;
    case HF_HTTP_PHASE_HANDLING:
    case HF_HTTP_PHASE_GONE: hf_timer_cancel(&c->timer); break;
    }
    /* While somebody else is to act, the peer has to wait. */
    hf_stream_read(c->stream, phase == HF_HTTP_PHASE_IDLE || phase == HF_HTTP_PHASE_HEAD ||
                                  phase == HF_HTTP_PHASE_BODY || phase == HF_HTTP_PHASE_LAST);
}

static void end_exchange(struct hf_http_connection *c)
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
                                   .fields = hf_buf_init(HF_HTTP_ANSWER_FIELDS)};
}

void hf_http_connection_drop(struct hf_http_connection *c)
{
    if (c->sm.state != HF_HTTP_PHASE_GONE) {
        hf_http_connection_enter(c, HF_HTTP_PHASE_GONE);
        hf_stream_close(c->stream);
    }
}

/* What is queued went out: the next request, or the end. */
static void sent(struct hf_http_connection *c)
{
    if (c->sm.state == HF_HTTP_PHASE_LAST) {
        hf_stream_finish(c->stream);
        return; /* the peer's end, or the deadline, closes */
    }
    if (c->sm.state != HF_HTTP_PHASE_SENDING) {
        return;
    }
    end_exchange(c);
    hf_http_parser_release(c->parser);
    if (c->server->draining) {
        hf_http_connection_drop(c);
        return;
    }
    hf_http_connection_enter(c, HF_HTTP_PHASE_IDLE);
    hf_task_post(c->server->loop, &c->task);
}

static void late(struct hf_timer *timer)
{
    struct hf_http_connection *c = HF_CONTAINER_OF(timer, struct hf_http_connection, timer);
    const struct hf_http_server_conf *conf = &c->server->conf;
    uint64_t gone_ns = now_of(c) - c->phase_ns;
    if (c->sm.state == HF_HTTP_PHASE_BODY) {
        if (c->body_seen >= gone_ns / SECOND * conf->body_rate) {
            arm(c, SECOND);
            return;
        }
    } else if (c->sm.state == HF_HTTP_PHASE_STREAMING || c->sm.state == HF_HTTP_PHASE_SENDING) {
        if (hf_stream_queued(c->stream) == 0 || (int64_t)(taken_of(c) - c->last_taken) > 0) {
            c->last_taken = taken_of(c);
            arm(c, conf->stuck_ns);
            return;
        }
    }
    if (c->sm.state == HF_HTTP_PHASE_HEAD || c->sm.state == HF_HTTP_PHASE_BODY) {
        bool head = c->sm.state == HF_HTTP_PHASE_HEAD;
        c->server->refused++;
        c->exchange.request = NULL; /* so that it is the last answer */
        hf_http_problem(&c->exchange, 408, "too-slow",
                        head ? "The head of the request did not come in time; send it at once."
                             : "The body of the request came too slowly; send it faster.");
        return;
    }
    hf_http_connection_drop(c);
}

void hf_http_connection_written(struct hf_http_connection *c, bool last)
{
    hf_http_connection_enter(c, last ? HF_HTTP_PHASE_LAST : HF_HTTP_PHASE_SENDING);
    if (last) {
        end_exchange(c);
    }
    if (hf_stream_queued(c->stream) == 0) {
        sent(c);
    }
}

/* requests */

static enum hf_rc on_head(void *ctx, const struct hf_http_request *request)
{
    struct hf_http_connection *c = ctx;
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
        hf_http_connection_enter(c, HF_HTTP_PHASE_BODY);
        if (request->expect_continue) {
            return hf_stream_write(c->stream, HF_BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
        }
    }
    return HF_OK;
}

static enum hf_rc on_body(void *ctx, struct hf_bytes data)
{
    struct hf_http_connection *c = ctx;
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
    struct hf_http_connection *c = ctx;
    hf_http_connection_enter(c, HF_HTTP_PHASE_HANDLING);
    c->exchange.open = true;
    return HF_OK;
}

static const struct hf_http_events parser_events = {on_head, on_body, on_end};

static void refuse(struct hf_http_connection *c, enum hf_rc rc)
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
static void feed(struct hf_http_connection *c, struct hf_bytes bytes)
{
    size_t at = 0;
    while (at < bytes.len &&
           (c->sm.state == HF_HTTP_PHASE_IDLE || c->sm.state == HF_HTTP_PHASE_HEAD ||
            c->sm.state == HF_HTTP_PHASE_BODY)) {
        size_t used = 0;
        if (c->sm.state == HF_HTTP_PHASE_IDLE) {
            hf_http_connection_enter(c, HF_HTTP_PHASE_HEAD);
        }
        enum hf_rc rc =
            hf_http_parser_feed(c->parser, hf_bytes_of(bytes.ptr + at, bytes.len - at), &used);
        at += used;
        if (rc != HF_OK) {
            refuse(c, rc);
            return;
        }
    }
    if (at < bytes.len && c->sm.state == HF_HTTP_PHASE_HANDLING) {
        hf_buf_put(&c->ahead, bytes.ptr + at, bytes.len - at);
        if (c->ahead.failed != HF_OK) {
            hf_http_connection_drop(c);
            return;
        }
    }
    if (c->sm.state == HF_HTTP_PHASE_HANDLING) {
        c->server->handler->handle(c->server->ctx, &c->exchange);
    }
}

static void on_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct hf_http_connection *c = stream->user;
    if (c->sm.state == HF_HTTP_PHASE_IDLE || c->sm.state == HF_HTTP_PHASE_HEAD ||
        c->sm.state == HF_HTTP_PHASE_BODY) {
        feed(c, data);
    } else if (c->sm.state != HF_HTTP_PHASE_LAST && c->sm.state != HF_HTTP_PHASE_GONE) {
        hf_buf_put(&c->ahead, data.ptr, data.len); /* was on its way when reading was turned off */
        if (c->ahead.failed != HF_OK) {
            hf_http_connection_drop(c);
        }
    }
}

/* Bytes that came behind the last request. */
static void go_on(struct hf_task *task)
{
    struct hf_http_connection *c = HF_CONTAINER_OF(task, struct hf_http_connection, task);
    if (c->sm.state != HF_HTTP_PHASE_IDLE || c->ahead.len == 0) {
        if (c->sm.state == HF_HTTP_PHASE_IDLE && c->peer_ended) {
            hf_http_connection_drop(c);
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
    struct hf_http_connection *c = stream->user;
    c->peer_ended = true;
    bool busy = c->sm.state == HF_HTTP_PHASE_HANDLING || c->sm.state == HF_HTTP_PHASE_SENDING;
    if (why == HF_EEND && busy) {
        return; /* half-closed: it still gets its answer */
    }
    hf_http_connection_drop(c);
}

static void on_drain(struct hf_stream *stream)
{
    struct hf_http_connection *c = stream->user;
    if (c->sm.state == HF_HTTP_PHASE_STREAMING) {
        if (c->server->handler->drained != NULL) {
            c->server->handler->drained(c->server->ctx, &c->exchange);
        }
        return;
    }
    sent(c);
}

static void on_closed(struct hf_stream *stream)
{
    struct hf_http_connection *c = stream->user;
    struct hf_http_server *server = c->server;
    if (c->sm.state != HF_HTTP_PHASE_GONE) {
        hf_sm_move(&c->sm, HF_HTTP_PHASE_GONE);
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

/* opening */

bool hf_http_connection_open(struct hf_http_server *server, struct hf_stream *stream)
{
    struct hf_http_connection *c = hf_heap_zalloc(1, sizeof *c);
    if (c == NULL ||
        hf_http_parser_new(&server->conf.limits, &parser_events, c, &c->parser) != HF_OK) {
        hf_heap_free(c);
        return false;
    }
    c->server = server;
    c->stream = stream;
    c->ahead = hf_buf_init(server->conf.limits.head_max + (256u << 10));
    c->exchange = (struct hf_http_exchange){.connection = c,
                                            .body = hf_buf_init(server->conf.limits.body_max),
                                            .fields = hf_buf_init(HF_HTTP_ANSWER_FIELDS)};
    hf_sm_init(&c->sm, &sm_conf, /* invariant= */ NULL, HF_HTTP_PHASE_IDLE, 0);
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
    return true;
}
