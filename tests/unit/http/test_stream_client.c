/* tests/unit/http/test_stream_client.c: answers out of bytes however they are split, and the client
 * over pairs of streams against the server, in virtual time. */
#include <stdio.h>

#include "base/http/answer_parser.h"
#include "base/http/server.h"
#include "base/http/stream_client.h"
#include "base/net/pair.h"
#include "tests/harness/test.h"

#define BODY_MAX 64

struct row {
    const char *bytes;
    enum hf_rc rc; /* of feeding, then of the end */
    int status;
    uint32_t retry_after_s;
    const char *body;
};

#define OK "HTTP/1.1 200 OK\r\n"

static const struct row rows[] = {
    {OK "Content-Length: 3\r\n\r\nabc", HF_OK, 200, 0, "abc"},
    {OK "content-LENGTH:\t3 \r\n\r\nabcleft over", HF_OK, 200, 0, "abc"},
    {"HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 0\r\n\r\n", HF_OK, 200, 0, ""},
    {"HTTP/1.0 404 \r\nX: y\r\n\r\nto the end", HF_OK, 404, 0, "to the end"},
    {"HTTP/1.1 204 No Content\r\n\r\n", HF_OK, 204, 0, ""},
    {"HTTP/1.1 503 Later\r\nRetry-After: 7\r\nContent-Length: 1\r\n\r\nx", HF_OK, 503, 7, "x"},
    {"HTTP/1.1 503 Later\r\nRetry-After: 86401\r\nContent-Length: 1\r\n\r\nx", HF_OK, 503, 0, "x"},
    {"HTTP/1.1 503 Later\r\nRetry-After: soon\r\nContent-Length: 1\r\n\r\nx", HF_OK, 503, 0, "x"},
    {OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", HF_OK, 200, 0, "abcd"},
    /* it ends too early */
    {"", HF_EIO, 0, 0, ""},
    {OK "Content-Length: 3\r\n", HF_EIO, 0, 0, ""},
    {OK "Content-Length: 3\r\n\r\nab", HF_EIO, 200, 0, "ab"},
    {OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", HF_EIO, 200, 0, "abc"},
    /* it is no answer, or two readers could read it differently */
    {"SSH-2.0-OpenSSH\r\n\r\n", HF_EINVAL, 0, 0, ""},
    {"HTTP/2.0 200 OK\r\n\r\n", HF_EINVAL, 0, 0, ""},
    {"HTTP/1.1 2000\r\n\r\n", HF_EINVAL, 0, 0, ""},
    {"HTTP/1.1 099 Low\r\n\r\n", HF_EINVAL, 0, 0, ""},
    {"HTTP/1.1 200 OK\n\n", HF_EINVAL, 0, 0, ""},
    {"HTTP/1.1 200 O\rK\r\n\r\n", HF_EINVAL, 0, 0, ""},
    {OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", HF_EINVAL, 0, 0, ""},
    {OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx", HF_EINVAL, 0, 0, ""},
    {OK "Transfer-Encoding: gzip\r\n\r\nx", HF_EINVAL, 0, 0, ""},
    {OK "Content-Length: -1\r\n\r\nx", HF_EINVAL, 0, 0, ""},
    {OK "Content-Length : 1\r\n\r\nx", HF_EINVAL, 0, 0, ""},
    {OK " folded\r\n\r\nx", HF_EINVAL, 0, 0, ""},
    {OK ": nameless\r\n\r\nx", HF_EINVAL, 0, 0, ""},
    {OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", HF_EINVAL, 200, 0, ""},
    /* more than there is room for */
    {OK "\r\n0123456789012345678901234567890123456789012345678901234567890123456789", HF_ETOOBIG,
     200, 0, NULL},
};

static void check_row(const struct row *row, size_t split)
{
    struct hf_buf body = hf_buf_init(BODY_MAX);
    struct hf_http_answer answer;
    struct hf_bytes bytes = hf_str_bytes(hf_str_c(row->bytes));
    hf_http_answer_init(&answer, &body);
    enum hf_rc rc = hf_http_answer_feed(&answer, hf_bytes_of(bytes.ptr, split));
    if (rc == HF_OK) {
        rc = hf_http_answer_feed(&answer, hf_bytes_of(bytes.ptr + split, bytes.len - split));
    }
    if (rc == HF_OK) {
        rc = hf_http_answer_end(&answer);
    }
    bool same = rc == row->rc;
    if (rc == HF_OK || rc == HF_EIO) {
        same = same && answer.status == row->status && answer.retry_after_s == row->retry_after_s &&
               hf_bytes_eq(hf_buf_bytes(&body), hf_str_bytes(hf_str_c(row->body)));
    }
    if (!same) {
        hf_test_fail(__FILE__, __LINE__, "split at %zu: %s, status %d, body '%.*s' from: %s", split,
                     hf_rc_name(rc), answer.status, (int)body.len, (const char *)body.ptr,
                     row->bytes);
    }
    hf_http_answer_free(&answer);
    hf_buf_free(&body);
}

HF_TEST(answers)
{
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        for (size_t split = 0; split <= strlen(rows[i].bytes); split++) {
            check_row(&rows[i], split);
        }
    }
}

HF_TEST(endless_heads)
{
    struct hf_buf body = hf_buf_init(BODY_MAX);
    struct hf_http_answer answer;
    hf_http_answer_init(&answer, &body);
    enum hf_rc rc = HF_OK;
    for (int i = 0; rc == HF_OK && i < HF_HTTP_ANSWER_HEAD_MAX; i++) {
        rc = hf_http_answer_feed(&answer, HF_BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    HF_CHECK_RC(rc, HF_EINVAL);
    hf_http_answer_free(&answer);
}

/* client and server */

struct world {
    struct hf_env_sim sim;
    struct hf_loop *loop;
    struct hf_http_server *server;
    struct hf_http_client *client;
    struct hf_stream *mute; /* the far end of a link on which nobody answers */
    struct hf_http_call call;
    struct hf_buf seen; /* what the handler saw */
    struct hf_err err;
    unsigned done;
};

static void handle(void *ctx, struct hf_http_exchange *exchange)
{
    struct world *w = ctx;
    const struct hf_http_request *request = hf_http_exchange_request(exchange);
    const struct hf_http_field *token = hf_http_field(request, "authorization");
    struct hf_bytes body = hf_http_exchange_body(exchange);
    hf_buf_printf(&w->seen, "%.*s %.*s %.*s [%.*s] %.*s", (int)request->method.len,
                  (const char *)request->method.ptr, (int)request->host.len,
                  (const char *)request->host.ptr, (int)request->target.len,
                  (const char *)request->target.ptr, token == NULL ? 0 : (int)token->value.len,
                  token == NULL ? "" : (const char *)token->value.ptr, (int)body.len,
                  (const char *)body.ptr);
    hf_http_answer(exchange, 201, "text/plain", HF_BYTES("made"));
}

static const struct hf_http_handler handler = {.handle = handle};

static void ignore_data(struct hf_stream *stream, struct hf_bytes data)
{
    (void)stream;
    (void)data;
}

static void ignore_end(struct hf_stream *stream, enum hf_rc why)
{
    (void)stream;
    (void)why;
}

static void ignore_closed(struct hf_stream *stream)
{
    (void)stream;
}

static enum hf_rc dial(void *arg, struct hf_str authority, struct hf_stream **ret_stream,
                       struct hf_err *err)
{
    struct world *w = arg;
    struct hf_stream *far = NULL;
    if (hf_str_eq(authority, HF_STR("nowhere"))) {
        return hf_err_set(err, HF_EIO, "there is no link");
    }
    HF_ASSERT(hf_pair_new(w->loop, 1000, ret_stream, &far) == HF_OK);
    if (hf_str_eq(authority, HF_STR("mute"))) {
        far->on_data = ignore_data;
        far->on_end = ignore_end;
        far->on_closed = ignore_closed;
        hf_stream_read(far, true);
        w->mute = far;
    } else {
        hf_http_server_take(w->server, far);
    }
    return HF_OK;
}

static void done(struct hf_http_call *call)
{
    HF_CONTAINER_OF(call, struct world, call)->done++;
}

static void begin(struct world *w, const char *url)
{
    *w = (struct world){.done = 0};
    w->seen = hf_buf_init(4096);
    hf_env_sim_init(&w->sim, hf_test_seed());
    HF_ASSERT(hf_loop_sim_new(&w->sim, 1000, &w->loop, &w->err) == HF_OK);
    HF_ASSERT(hf_http_server_new(w->loop, &hf_http_server_defaults, &handler, w, &w->server) ==
              HF_OK);
    HF_ASSERT(hf_http_stream_client_new(w->loop, dial, w, &w->client, &w->err) == HF_OK);
    w->call = (struct hf_http_call){.method = "POST",
                                    .url = url,
                                    .content_type = "text/plain",
                                    .body = HF_BYTES("a body"),
                                    .timeout_ns = UINT64_C(3000000000),
                                    .answer_max = 1000,
                                    .done = done};
}

static void drained(void *arg)
{
    (void)arg;
}

static void finish(struct world *w)
{
    hf_http_client_free(w->client);
    if (w->mute != NULL) {
        hf_stream_close(w->mute);
    }
    hf_http_server_drain(w->server, drained, NULL);
    hf_loop_run(w->loop);
    hf_http_server_free(w->server);
    hf_loop_free(w->loop);
    hf_buf_free(&w->call.answer);
    hf_buf_free(&w->seen);
}

HF_TEST(request)
{
    struct world w;
    struct hf_secret token = {0};
    begin(&w, "http://hub.example:80/v1/x?y=z");
    HF_CHECK_RC(hf_secret_copy(HF_BYTES("k3y"), &token), HF_OK);
    w.call.token = &token;
    hf_http_call_start(w.client, &w.call);
    HF_CHECK_U64(w.done, 0); /* never inside of the start */
    hf_loop_run(w.loop);
    HF_CHECK_U64(w.done, 1);
    HF_CHECK_OK(w.call.rc, w.call.err);
    HF_CHECK_U64(w.call.status, 201);
    HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&w.call.answer)), HF_STR("made"));
    HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&w.seen)),
                 HF_STR("POST hub.example:80 /v1/x?y=z [Bearer k3y] a body"));
    hf_secret_free(&token);
    finish(&w);
}

HF_TEST(failures)
{
    static const struct {
        const char *url;
        enum hf_rc rc;
    } cases[] = {{"ftp://hub.example/", HF_EINVAL},
                 {"http:///x", HF_EINVAL},
                 {"http://nowhere/x", HF_EIO},
                 {"https://mute/x", HF_EIO}};

    for (size_t i = 0; i < HF_LEN(cases); i++) {
        struct world w;
        begin(&w, cases[i].url);
        hf_http_call_start(w.client, &w.call);
        HF_CHECK_U64(w.done, 0);
        hf_loop_run(w.loop);
        HF_CHECK_U64(w.done, 1);
        HF_CHECK_RC(w.call.rc, cases[i].rc);
        HF_CHECK(w.call.err.text[0] != '\0');
        finish(&w);
    }
}

HF_TEST(cancelled)
{
    static const char *const urls[] = {"http://hub.example/", "http://nowhere/"};
    for (size_t i = 0; i < HF_LEN(urls); i++) {
        struct world w;
        begin(&w, urls[i]);
        hf_http_call_start(w.client, &w.call);
        hf_http_call_cancel(&w.call);
        hf_loop_run(w.loop);
        HF_CHECK_U64(w.done, 0);
        finish(&w);
    }
}

HF_TEST(client_is_freed)
{
    struct world w;
    begin(&w, "http://hub.example/");
    hf_http_call_start(w.client, &w.call);
    hf_http_client_free(w.client);
    w.client = NULL;
    HF_CHECK_U64(w.done, 1);
    HF_CHECK_RC(w.call.rc, HF_ECANCELED);
    finish(&w);
}

HF_TEST_MAIN(HF_TEST_CASE(answers), HF_TEST_CASE(endless_heads), HF_TEST_CASE(request),
             HF_TEST_CASE(failures), HF_TEST_CASE(cancelled), HF_TEST_CASE(client_is_freed))
