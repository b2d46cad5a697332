/* base/http/stream_client.c: writes a request to a stream, reads its answer. */
#include "base/http/stream_client.h"

#include "base/assert.h"
#include "base/heap.h"
#include "base/http/answer_parser.h"

struct stream_client {
    struct hf_http_client client;
    struct hf_loop *loop;
    hf_http_dial dial;
    void *arg;
    struct hf_queue calls;
};

struct running {
    struct hf_queue node;
    struct stream_client *client;
    struct hf_http_call *call; /* NULL: over, the stream is closing */
    struct hf_stream *stream;
    struct hf_timer timer;
    struct hf_http_answer answer;
};

static void stream_closed(struct hf_stream *stream)
{
    struct running *running = stream->user;
    hf_http_answer_free(&running->answer);
    hf_heap_free(running);
}

/* The call leaves; what is left of the connection frees itself. */
static void part(struct running *running)
{
    hf_timer_cancel(&running->timer);
    hf_queue_remove(&running->node);
    running->call->impl = NULL;
    running->call = NULL;
    hf_stream_close(running->stream);
}

static void finish_call(struct running *running, enum hf_rc rc, const char *text)
{
    struct hf_http_call *call = running->call;
    HF_ASSERT(call != NULL);
    call->rc = rc;
    if (rc == HF_OK) {
        call->status = running->answer.status;
        call->retry_after_s = running->answer.retry_after_s;
    } else {
        (void)hf_err_set(&call->err, rc, "%.100s: %s", call->url, text);
    }
    part(running);
    call->done(call);
}

static void late(struct hf_timer *timer)
{
    finish_call(HF_CONTAINER_OF(timer, struct running, timer), HF_EIO, "no answer in time");
}

static void on_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct running *running = stream->user;
    if (running->call == NULL) {
        return;
    }
    enum hf_rc rc = hf_http_answer_feed(&running->answer, data);
    if (rc == HF_EINVAL) {
        finish_call(running, HF_EIO, "what came is no HTTP answer");
    } else if (rc != HF_OK) {
        finish_call(running, rc, rc == HF_ETOOBIG ? "the answer is too big" : "no memory");
    } else if (running->answer.state == HF_HTTP_ANSWER_DONE) {
        finish_call(running, HF_OK, NULL);
    }
}

static void on_end(struct hf_stream *stream, enum hf_rc why)
{
    struct running *running = stream->user;
    if (running->call == NULL) {
        return;
    }
    enum hf_rc rc = why == HF_EEND ? hf_http_answer_end(&running->answer) : HF_EIO;
    finish_call(running, rc, "the connection ended before the answer did");
}

/* "http://hub.example:80/v1/x" is authority and target. */
static bool split_url(const char *url, struct hf_str *ret_authority, struct hf_str *ret_target)
{
    HF_ASSERT(url != NULL);
    struct hf_str rest = hf_str_c(url);
    struct hf_str scheme =
        hf_str_starts(rest, HF_STR("http://")) ? HF_STR("http://") : HF_STR("https://");
    if (!hf_str_starts(rest, scheme)) {
        return false;
    }
    rest = (struct hf_str){rest.ptr + scheme.len, rest.len - scheme.len};
    size_t len = 0;
    while (len < rest.len && rest.ptr[len] != '/') {
        len++;
    }
    *ret_authority = (struct hf_str){rest.ptr, len};
    *ret_target = len == rest.len ? HF_STR("/") : (struct hf_str){rest.ptr + len, rest.len - len};
    return len > 0;
}

static enum hf_rc send_request(struct running *running, struct hf_str authority,
                               struct hf_str target)
{
    const struct hf_http_call *call = running->call;
    struct hf_buf head = hf_buf_init(8192);
    hf_buf_printf(&head, "%s %.*s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n", call->method,
                  (int)target.len, target.ptr, (int)authority.len, authority.ptr);
    if (call->content_type != NULL) {
        hf_buf_printf(&head, "Content-Type: %s\r\n", call->content_type);
    }
    if (call->token != NULL) {
        struct hf_bytes token = hf_secret_reveal(call->token);
        hf_buf_printf(&head, "Authorization: Bearer %.*s\r\n", (int)token.len,
                      (const char *)token.ptr);
    }
    for (size_t i = 0; i < call->field_count; i++) {
        hf_buf_printf(&head, "%s\r\n", call->fields[i]);
    }
    if (call->body.len > 0 || strcmp(call->method, "POST") == 0) {
        hf_buf_printf(&head, "Content-Length: %zu\r\n", call->body.len);
    }
    hf_buf_str(&head, HF_STR("\r\n"));
    enum hf_rc rc = head.failed;
    if (rc == HF_OK) {
        rc = hf_stream_write(running->stream, hf_buf_bytes(&head));
    }
    if (rc == HF_OK && call->body.len > 0) {
        rc = hf_stream_write(running->stream, call->body);
    }
    hf_wipe(head.ptr, head.len);
    hf_buf_free(&head);
    return rc;
}

/* HF_OK: the stream answers from now on. */
static enum hf_rc connect_call(struct stream_client *client, struct hf_http_call *call)
{
    struct hf_str authority;
    struct hf_str target;
    if (!split_url(call->url, &authority, &target)) {
        return hf_err_set(&call->err, HF_EINVAL, "%.100s is no URL of HTTP", call->url);
    }
    struct running *running = hf_heap_zalloc(1, sizeof *running);
    if (running == NULL) {
        return hf_err_set(&call->err, HF_ENOMEM, "no memory to call %.100s", call->url);
    }
    enum hf_rc rc = client->dial(client->arg, authority, &running->stream, &call->err);
    if (rc != HF_OK) {
        hf_heap_free(running);
        return hf_err_wrap(&call->err, rc, "%.100s", call->url);
    }
    running->client = client;
    running->call = call;
    hf_http_answer_init(&running->answer, &call->answer);
    hf_timer_init(&running->timer, client->loop, late);
    hf_queue_push(&client->calls, &running->node);
    running->stream->user = running;
    running->stream->on_data = on_data;
    running->stream->on_end = on_end;
    running->stream->on_closed = stream_closed;
    call->impl = running;
    rc = hf_timer_arm(&running->timer, call->timeout_ns);
    if (rc == HF_OK) {
        rc = send_request(running, authority, target);
    }
    if (rc != HF_OK) {
        part(running);
        return hf_err_set(&call->err, rc, "no memory to call %.100s", call->url);
    }
    hf_stream_read(running->stream, true);
    return HF_OK;
}

static void fail(struct hf_task *task)
{
    struct hf_http_call *call = HF_CONTAINER_OF(task, struct hf_http_call, task);
    call->done(call);
}

static void start_call(struct hf_http_client *base, struct hf_http_call *call)
{
    struct stream_client *client = HF_CONTAINER_OF(base, struct stream_client, client);
    call->answer = hf_buf_init(call->answer_max);
    call->err = (struct hf_err){0};
    call->status = 0;
    call->retry_after_s = 0;
    call->impl = NULL;
    hf_task_init(&call->task, fail);
    call->rc = connect_call(client, call);
    if (call->rc != HF_OK) {
        hf_task_post(client->loop, &call->task);
    }
}

static void cancel_call(struct hf_http_call *call)
{
    if (call->impl != NULL) {
        part(call->impl);
    } else {
        hf_task_cancel(&call->task);
    }
}

static void free_client(struct hf_http_client *base)
{
    struct stream_client *client = HF_CONTAINER_OF(base, struct stream_client, client);
    while (!hf_queue_empty(&client->calls)) {
        finish_call(HF_CONTAINER_OF(client->calls.next, struct running, node), HF_ECANCELED,
                    "the client is closed");
    }
    hf_heap_free(client);
}

static const struct hf_http_client_ops ops = {free_client, start_call, cancel_call};

enum hf_rc hf_http_stream_client_new(struct hf_loop *loop, hf_http_dial dial, void *arg,
                                     struct hf_http_client **ret_client, struct hf_err *err)
{
    struct stream_client *client = hf_heap_zalloc(1, sizeof *client);
    if (client == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for an HTTP client");
    }
    client->client.ops = &ops;
    client->loop = loop;
    client->dial = dial;
    client->arg = arg;
    hf_queue_init(&client->calls);
    *ret_client = &client->client;
    return HF_OK;
}
