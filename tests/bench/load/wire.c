/* tests/bench/load/wire.c: a request out, an answer in. */
#include "tests/bench/load/wire.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/parse.h"
#include "tests/bench/load/must.h"

#define ANSWER_MAX (32u << 20)

void load_target_init(struct load_target *target, struct hf_loop *loop, const char *url,
                      const struct hf_hash *pin)
{
    struct hf_err err = {0};
    const char *host = url + sizeof "https://" - 1;
    *target = (struct load_target){.loop = loop};
    must(hf_address_parse(host, &target->address, &err), &err, url);
    (void)snprintf(target->host, sizeof target->host, "%s", host);
    must(hf_tls_client_new(pin, &target->tls, &err), &err, "TLS");
}

static void forget(struct hf_stream *stream)
{
    (void)stream;
}

static void no_data(struct hf_stream *stream, struct hf_bytes data)
{
    (void)stream;
    (void)data;
}

static void no_end(struct hf_stream *stream, enum hf_rc why)
{
    (void)stream;
    (void)why;
}

/* The stream goes by itself; nothing of it reaches the wire any more. */
static void let_go(struct load_wire *wire)
{
    struct hf_stream *stream = wire->stream;
    wire->stream = NULL;
    hf_buf_free(&wire->in);
    wire->in = hf_buf_init(ANSWER_MAX);
    wire->head_len = 0;
    if (stream != NULL) {
        stream->on_data = no_data;
        stream->on_end = no_end;
        stream->on_closed = forget;
        hf_stream_close(stream);
    }
}

static void end(struct load_wire *wire)
{
    bool waited = wire->waiting;
    let_go(wire);
    wire->waiting = false;
    if (waited) {
        wire->lost(wire);
    }
}

static void on_end(struct hf_stream *stream, enum hf_rc why)
{
    struct load_wire *wire = stream->user;
    (void)why;
    wire->target->ended++;
    end(wire);
}

static void refused(struct hf_task *task)
{
    end(HF_CONTAINER_OF(task, struct load_wire, refused));
}

void load_wire_init(struct load_wire *wire, struct load_target *target)
{
    wire->target = target;
    wire->in = hf_buf_init(ANSWER_MAX);
    hf_task_init(&wire->refused, refused);
}

void load_wire_close(struct load_wire *wire)
{
    hf_task_cancel(&wire->refused);
    wire->waiting = false;
    let_go(wire);
}

/* answers */

static bool read_head(struct load_wire *wire)
{
    static const char field[] = "\r\nContent-Length: ";
    const char *text = (const char *)wire->in.ptr;
    const char *end = memmem(text, wire->in.len, "\r\n\r\n", 4);
    if (end == NULL) {
        return false;
    }
    const char *at = memmem(text, (size_t)(end - text), field, sizeof field - 1);
    uint64_t len = 0;
    if (at != NULL) {
        at += sizeof field - 1;
        const char *stop = memchr(at, '\r', (size_t)(end + 2 - at));
        struct hf_str digits = {at, (size_t)(stop - at)};
        must(hf_parse_u64(digits, 0, ANSWER_MAX, &len), NULL, "Content-Length");
    }
    wire->head_len = (size_t)(end - text) + 4;
    wire->body_len = (size_t)len;
    return true;
}

static void on_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct load_wire *wire = stream->user;
    uint64_t status = 0;
    hf_buf_put(&wire->in, data.ptr, data.len);
    HF_ASSERT(wire->in.failed == HF_OK);
    if ((wire->head_len == 0 && !read_head(wire)) ||
        wire->in.len < wire->head_len + wire->body_len) {
        return;
    }
    struct hf_buf in = wire->in;
    struct hf_str digits = {(const char *)in.ptr + sizeof "HTTP/1.1 " - 1, 3};
    must(hf_parse_u64(digits, 100, 599, &status), NULL, "status");
    wire->in = hf_buf_init(ANSWER_MAX);
    size_t head_len = wire->head_len;
    wire->head_len = 0;
    wire->waiting = false;
    wire->answered(wire, (int)status, hf_bytes_of(in.ptr + head_len, wire->body_len));
    hf_buf_free(&in);
}

/* requests */

static bool connect_wire(struct load_wire *wire)
{
    struct load_target *target = wire->target;
    struct hf_stream *under = NULL;
    if (hf_socket_connect(target->loop, &target->address, &under, NULL) != HF_OK) {
        return false;
    }
    must(hf_tls_connect(target->tls, under, &wire->stream), NULL, "TLS");
    wire->stream->user = wire;
    wire->stream->on_data = on_data;
    wire->stream->on_end = on_end;
    wire->stream->on_closed = forget;
    hf_stream_read(wire->stream, true);
    target->connected++;
    return true;
}

void load_wire_ask(struct load_wire *wire, const char *method, const char *path, const char *token,
                   const char *type, struct hf_bytes body)
{
    struct hf_buf out = hf_buf_init(16u << 20);
    HF_ASSERT(!wire->waiting);
    wire->waiting = true;
    if (wire->stream == NULL && !connect_wire(wire)) {
        hf_task_post(wire->target->loop, &wire->refused);
        return;
    }
    hf_buf_printf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, wire->target->host);
    if (token != NULL) {
        hf_buf_printf(&out, "Authorization: Bearer %s\r\n", token);
    }
    if (type != NULL) {
        hf_buf_printf(&out, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, body.len);
    }
    hf_buf_str(&out, HF_STR("\r\n"));
    hf_buf_put(&out, body.ptr, body.len);
    must(out.failed, NULL, "request");
    must(hf_stream_write(wire->stream, hf_buf_bytes(&out)), NULL, "request");
    hf_buf_free(&out);
}
