/* base/http/stream_client.c: writes a request to a stream, reads its answer. */
#include "base/http/stream_client.h"

#include "base/assert.h"
#include "base/heap.h"
#include "base/http/answer_parser.h"
#include "base/net/socket.h"

#define IDLE_MAX  16          /* connections that are kept for the next call */
#define SMALL_MAX (64u << 10) /* a body that is sent in one piece with its head */

struct stream_client {
    struct hf_http_client client;
    struct hf_loop *loop;
    hf_http_dial dial; /* NULL: the address is connected to */
    void *arg;
    struct hf_address address;
    struct hf_queue calls; /* connections, each with the call that it has */
    struct hf_queue idle;  /* the one that was used last stands first */
    unsigned idle_count;
    unsigned idle_max;
};

struct connection {
    struct hf_queue node; /* in calls or idle */
    struct stream_client *client;
    struct hf_http_call *call; /* NULL: idle, or closing */
    struct hf_stream *stream;
    struct hf_timer timer;
    uint64_t until_ns;
    struct hf_http_answer answer;
    bool idle;
    bool used; /* had a call before this one */
};

static uint64_t now_ns(const struct stream_client *client)
{
    return hf_env_mono_ns(hf_loop_env(client->loop));
}

static void stream_closed(struct hf_stream *stream)
{
    struct connection *c = stream->user;
    hf_http_answer_free(&c->answer);
    hf_heap_free(c);
}

/* The call leaves; what is left of the connection frees itself. */
static void part(struct connection *c)
{
    hf_timer_cancel(&c->timer);
    hf_queue_remove(&c->node);
    if (c->idle) {
        c->idle = false;
        c->client->idle_count--;
    }
    if (c->call != NULL) {
        c->call->impl = NULL;
        c->call = NULL;
    }
    hf_stream_close(c->stream);
}

/* A whole answer came, and nothing behind it: the next call may have the connection. */
static bool may_keep(const struct connection *c)
{
    return c->client->idle_count < c->client->idle_max && c->answer.keeps &&
           hf_stream_queued(c->stream) == 0;
}

static void keep(struct connection *c)
{
    struct stream_client *client = c->client;
    hf_timer_cancel(&c->timer);
    hf_queue_remove(&c->node);
    c->call->impl = NULL;
    c->call = NULL;
    c->idle = true;
    c->used = true;
    hf_queue_push_first(&client->idle, &c->node);
    client->idle_count++;
}

static void finish_call(struct connection *c, enum hf_rc rc, const char *text)
{
    struct hf_http_call *call = c->call;
    HF_ASSERT(call != NULL);
    call->rc = rc;
    if (rc == HF_OK) {
        call->status = c->answer.status;
        call->retry_after_s = c->answer.retry_after_s;
    } else {
        (void)hf_err_set(&call->err, rc, "%.100s: %s", call->url_is_secret ? "the call" : call->url,
                         text);
    }
    if (rc == HF_OK && may_keep(c)) {
        keep(c);
    } else {
        part(c);
    }
    call->done(call);
}

static void late(struct hf_timer *timer)
{
    struct connection *c = HF_CONTAINER_OF(timer, struct connection, timer);
    c->call->timed_out = true;
    finish_call(c, HF_EIO, "no answer in time");
}

static void on_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct connection *c = stream->user;
    if (c->call == NULL) {
        if (c->idle) {
            part(c); /* nobody asked for anything */
        }
        return;
    }
    enum hf_rc rc = hf_http_answer_feed(&c->answer, data);
    if (rc == HF_EINVAL) {
        finish_call(c, HF_EIO, "what came is no HTTP answer");
    } else if (rc != HF_OK) {
        finish_call(c, rc, rc == HF_ETOOBIG ? "the answer is too big" : "no memory");
    } else if (c->answer.state == HF_HTTP_ANSWER_DONE) {
        finish_call(c, HF_OK, NULL);
    }
}

static void call_again(struct connection *c);

static void on_end(struct hf_stream *stream, enum hf_rc why)
{
    struct connection *c = stream->user;
    if (c->call == NULL) {
        if (c->idle) {
            part(c);
        }
        return;
    }
    if (c->used && hf_http_answer_untouched(&c->answer)) {
        call_again(c);
        return;
    }
    enum hf_rc rc = why == HF_EEND ? hf_http_answer_end(&c->answer) : HF_EIO;
    finish_call(c, rc, "the connection ended before the answer did");
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

static enum hf_rc send_request(struct connection *c, struct hf_str authority, struct hf_str target)
{
    const struct hf_http_call *call = c->call;
    bool small = call->body.len <= SMALL_MAX;
    struct hf_buf head = hf_buf_init(SMALL_MAX + 8192);
    hf_buf_printf(&head, "%s %.*s HTTP/1.1\r\nHost: %.*s\r\n", call->method, (int)target.len,
                  target.ptr, (int)authority.len, authority.ptr);
    if (c->client->idle_max == 0) {
        hf_buf_str(&head, HF_STR("Connection: close\r\n"));
    }
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
    if (small) { /* the server wakes up once */
        hf_buf_put(&head, call->body.ptr, call->body.len);
    }
    enum hf_rc rc = head.failed;
    if (rc == HF_OK) {
        rc = hf_stream_write(c->stream, hf_buf_bytes(&head));
    }
    if (rc == HF_OK && !small) {
        rc = hf_stream_write(c->stream, call->body);
    }
    hf_wipe(head.ptr, head.len);
    hf_buf_free(&head);
    return rc;
}

/* One that is idle, or else a new one; NULL: the call's error says why. */
static struct connection *take_connection(struct stream_client *client, struct hf_str authority,
                                          struct hf_http_call *call, bool fresh)
{
    const char *to = call->url_is_secret ? "the call" : call->url;
    struct hf_queue *node = fresh ? NULL : hf_queue_pop(&client->idle);
    if (node != NULL) {
        struct connection *idle = HF_CONTAINER_OF(node, struct connection, node);
        idle->idle = false;
        client->idle_count--;
        return idle;
    }
    struct connection *c = hf_heap_zalloc(1, sizeof *c);
    if (c == NULL) {
        (void)hf_err_set(&call->err, HF_ENOMEM, "%.100s: no memory for a connection", to);
        return NULL;
    }
    enum hf_rc rc = client->dial == NULL
                        ? hf_socket_connect(client->loop, &client->address, &c->stream, &call->err)
                        : client->dial(client->arg, authority, &c->stream, &call->err);
    if (rc != HF_OK) {
        (void)hf_err_wrap(&call->err, rc, "%.100s", to);
        hf_heap_free(c);
        return NULL;
    }
    c->client = client;
    hf_timer_init(&c->timer, client->loop, late);
    c->stream->user = c;
    c->stream->on_data = on_data;
    c->stream->on_end = on_end;
    c->stream->on_closed = stream_closed;
    return c;
}

/* HF_OK: the connection answers from now on. */
static enum hf_rc connect_call(struct stream_client *client, struct hf_http_call *call, bool fresh,
                               uint64_t until_ns)
{
    struct hf_str authority;
    struct hf_str target;
    if (!split_url(call->url, &authority, &target)) {
        return hf_err_set(&call->err, HF_EINVAL, "%.100s is no URL of HTTP", call->url);
    }
    struct connection *c = take_connection(client, authority, call, fresh);
    if (c == NULL) {
        return call->err.rc;
    }
    c->call = call;
    hf_http_answer_free(&c->answer);
    hf_http_answer_init(&c->answer, &call->answer);
    hf_queue_push(&client->calls, &c->node);
    call->impl = c;
    c->until_ns = until_ns;
    uint64_t now = now_ns(client);
    enum hf_rc rc = hf_timer_arm(&c->timer, until_ns > now ? until_ns - now : 0);
    if (rc == HF_OK) {
        rc = send_request(c, authority, target);
    }
    if (rc != HF_OK) {
        part(c);
        return hf_err_set(&call->err, rc, "no memory to call %.100s",
                          call->url_is_secret ? "the server" : call->url);
    }
    hf_stream_read(c->stream, true);
    return HF_OK;
}

/* On a new connection, in the time that is left. */
static void call_again(struct connection *c)
{
    struct hf_http_call *call = c->call;
    struct stream_client *client = c->client;
    uint64_t until_ns = c->until_ns;
    part(c);
    call->rc = connect_call(client, call, /* fresh= */ true, until_ns);
    if (call->rc != HF_OK) {
        call->done(call);
    }
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
    call->timed_out = false;
    call->impl = NULL;
    hf_task_init(&call->task, fail);
    call->rc = connect_call(client, call, /* fresh= */ false, now_ns(client) + call->timeout_ns);
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
        finish_call(HF_CONTAINER_OF(client->calls.next, struct connection, node), HF_ECANCELED,
                    "the client is closed");
    }
    while (!hf_queue_empty(&client->idle)) {
        part(HF_CONTAINER_OF(client->idle.next, struct connection, node));
    }
    hf_heap_free(client);
}

static const struct hf_http_client_ops ops = {free_client, start_call, cancel_call};

static struct stream_client *new_client(struct hf_loop *loop, struct hf_err *err)
{
    struct stream_client *client = hf_heap_zalloc(1, sizeof *client);
    if (client == NULL) {
        (void)hf_err_set(err, HF_ENOMEM, "no memory for an HTTP client");
        return NULL;
    }
    client->client.ops = &ops;
    client->loop = loop;
    hf_queue_init(&client->calls);
    hf_queue_init(&client->idle);
    return client;
}

enum hf_rc hf_http_stream_client_new(struct hf_loop *loop, hf_http_dial dial, void *arg,
                                     struct hf_http_client **ret_client, struct hf_err *err)
{
    struct stream_client *client = new_client(loop, err);
    if (client == NULL) {
        return HF_ENOMEM;
    }
    client->dial = dial;
    client->arg = arg;
    *ret_client = &client->client;
    return HF_OK;
}

enum hf_rc hf_http_socket_client_new(struct hf_loop *loop, const struct hf_address *address,
                                     struct hf_http_client **ret_client, struct hf_err *err)
{
    struct stream_client *client = new_client(loop, err);
    if (client == NULL) {
        return HF_ENOMEM;
    }
    client->address = *address;
    client->idle_max = IDLE_MAX;
    *ret_client = &client->client;
    return HF_OK;
}
