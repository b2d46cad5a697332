/* base/http/exchange.c: a request as its handler sees it, and the answer as it is written. */
#include <stdio.h>

#include "base/assert.h"
#include "base/http/connection.h"
#include "base/json_out.h"
#include "base/secret.h"

static void put_head(struct hf_http_connection *c, struct hf_buf *out, int status,
                     const char *content_type, bool last)
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

static bool is_last(const struct hf_http_connection *c)
{
    const struct hf_http_request *request = c->exchange.request;
    return request == NULL || !request->keep_alive || c->server->draining || c->peer_ended;
}

void hf_http_answer(struct hf_http_exchange *exchange, int status, const char *content_type,
                    struct hf_bytes body)
{
    struct hf_http_connection *c = exchange->connection;
    struct hf_buf out = hf_buf_init((128u << 20) + HF_HTTP_ANSWER_FIELDS);
    bool last = is_last(c);
    bool none = status == 204 || status == 304;
    bool is_head = exchange->request != NULL &&
                   hf_str_eq(hf_bytes_str(exchange->request->method), HF_STR("HEAD"));
    exchange->status = status;
    if (c->sm.state == HF_HTTP_PHASE_GONE) {
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
    if (out.failed != HF_OK || hf_http_connection_write(c, hf_buf_bytes(&out)) != HF_OK) {
        hf_buf_free(&out);
        hf_http_connection_drop(c);
        return;
    }
    hf_buf_free(&out);
    hf_http_connection_written(c, last);
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
    struct hf_http_connection *c = exchange->connection;
    struct hf_buf out = hf_buf_init(2 * HF_HTTP_ANSWER_FIELDS);
    exchange->status = status;
    if (c->sm.state == HF_HTTP_PHASE_GONE) {
        return;
    }
    exchange->chunked = exchange->request->minor == 1;
    put_head(c, &out, status, content_type, !exchange->chunked || is_last(c));
    hf_buf_str(&out,
               exchange->chunked ? HF_STR("Transfer-Encoding: chunked\r\n\r\n") : HF_STR("\r\n"));
    bool good = out.failed == HF_OK && hf_http_connection_write(c, hf_buf_bytes(&out)) == HF_OK;
    hf_buf_free(&out);
    if (!good) {
        hf_http_connection_drop(c);
        return;
    }
    hf_http_connection_enter(c, HF_HTTP_PHASE_STREAMING);
    hf_stream_read(c->stream, true); /* to see the peer go */
}

enum hf_rc hf_http_stream_put(struct hf_http_exchange *exchange, struct hf_bytes piece,
                              size_t queue_max)
{
    struct hf_http_connection *c = exchange->connection;
    if (c->sm.state != HF_HTTP_PHASE_STREAMING || piece.len == 0) {
        return HF_OK;
    }
    size_t queued = hf_stream_queued(c->stream);
    if (queued > queue_max || piece.len > queue_max - queued) {
        return HF_EBUSY;
    }
    if (!exchange->chunked) {
        if (hf_http_connection_write(c, piece) != HF_OK) {
            hf_http_connection_drop(c);
        }
        return HF_OK;
    }
    /* In one write, so that a chunk is one record of TLS. */
    struct hf_buf out = hf_buf_init(piece.len + 32);
    hf_buf_printf(&out, "%zx\r\n", piece.len);
    hf_buf_put(&out, piece.ptr, piece.len);
    hf_buf_str(&out, HF_STR("\r\n"));
    if (out.failed != HF_OK || hf_http_connection_write(c, hf_buf_bytes(&out)) != HF_OK) {
        hf_http_connection_drop(c);
    }
    hf_buf_free(&out);
    return HF_OK;
}

size_t hf_http_stream_queued(const struct hf_http_exchange *exchange)
{
    const struct hf_http_connection *c = exchange->connection;
    return c->sm.state == HF_HTTP_PHASE_STREAMING ? hf_stream_queued(c->stream) : 0;
}

void hf_http_stream_end(struct hf_http_exchange *exchange)
{
    struct hf_http_connection *c = exchange->connection;
    if (c->sm.state != HF_HTTP_PHASE_STREAMING) {
        return;
    }
    if (exchange->chunked) {
        (void)hf_http_connection_write(c, HF_BYTES("0\r\n\r\n"));
    }
    hf_http_connection_written(c, !exchange->chunked || is_last(c));
}

/* what a handler asks */

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
    return &exchange->connection->stream->peer;
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
