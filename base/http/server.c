/* base/http/server.c: who is let in, and how all are let out. */
#include "base/http/server.h"

#include "base/assert.h"
#include "base/heap.h"
#include "base/http/connection.h"

#define SECOND UINT64_C(1000000000)

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

static void refused_closed(struct hf_stream *stream)
{
    (void)stream;
}

void hf_http_server_take(struct hf_http_server *server, struct hf_stream *stream)
{
    bool room = !server->draining && server->count < server->conf.connections_max;
    if (!room || !hf_http_connection_open(server, stream)) {
        stream->on_closed = refused_closed;
        hf_stream_close(stream);
    }
}

static void finish_drain(struct hf_task *task)
{
    struct hf_http_server *server = HF_CONTAINER_OF(task, struct hf_http_server, drain_task);
    hf_timer_cancel(&server->drain_timer);
    server->drained(server->drained_arg);
}

static void drain_late(struct hf_timer *timer)
{
    struct hf_http_server *server = HF_CONTAINER_OF(timer, struct hf_http_server, drain_timer);
    for (struct hf_queue *node = server->connections.next, *next; node != &server->connections;
         node = next) {
        next = node->next;
        hf_http_connection_drop(HF_CONTAINER_OF(node, struct hf_http_connection, node));
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
        struct hf_http_connection *c = HF_CONTAINER_OF(node, struct hf_http_connection, node);
        next = node->next;
        if (c->sm.state != HF_HTTP_PHASE_HANDLING && c->sm.state != HF_HTTP_PHASE_SENDING &&
            c->sm.state != HF_HTTP_PHASE_LAST) {
            hf_http_connection_drop(c);
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
