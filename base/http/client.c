/* base/http/client.c: the one home of libcurl's multi interface. */
#include "base/http/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/heap.h"
#include "base/parse.h"

#define SOCKET_MAX 108 /* sun_path */

struct socket_watch {
    struct hf_poll poll;
    struct curl_client *client;
    curl_socket_t fd;
};

struct curl_client {
    struct hf_http_client client;
    struct hf_loop *loop;
    CURLM *multi;
    struct hf_timer timer;
    struct hf_task task; /* looks for calls that are done */
    struct hf_queue calls;
    char pin[64]; /* "sha256//BASE64", or empty */
    char socket[SOCKET_MAX];
};

struct running {
    struct hf_queue node;
    struct curl_client *client;
    struct hf_http_call *call;
    CURL *easy;
    struct curl_slist *fields;
    char error[CURL_ERROR_SIZE];
};

static struct curl_client *client_of(struct hf_http_client *base)
{
    return HF_CONTAINER_OF(base, struct curl_client, client);
}

static void finish_call(struct running *running)
{
    hf_queue_remove(&running->node);
    (void)curl_multi_remove_handle(running->client->multi, running->easy);
    curl_easy_cleanup(running->easy);
    curl_slist_free_all(running->fields);
    running->call->impl = NULL;
    hf_heap_free(running);
}

static enum hf_rc rc_of(CURLcode code)
{
    if (code == CURLE_OK) {
        return HF_OK;
    }
    if (code == CURLE_OUT_OF_MEMORY) {
        return HF_ENOMEM;
    }
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH || code == CURLE_PEER_FAILED_VERIFICATION) {
        return HF_EBADSIG;
    }
    return code == CURLE_WRITE_ERROR ? HF_ETOOBIG : HF_EIO;
}

static void take_result(struct running *running, CURLcode code)
{
    struct hf_http_call *call = running->call;
    long status = 0;
    curl_off_t retry = 0;
    (void)curl_easy_getinfo(running->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(running->easy, CURLINFO_RETRY_AFTER, &retry);
    call->status = (int)status;
    call->retry_after_s = retry < 0 || retry > 86400 ? 0 : (uint32_t)retry;
    call->rc = call->answer.failed != HF_OK ? call->answer.failed : rc_of(code);
    if (call->rc != HF_OK) {
        const char *text = running->error[0] != '\0' ? running->error : curl_easy_strerror(code);
        (void)hf_err_set(&call->err, call->rc, "%.100s: %.200s", call->url, text);
    }
    finish_call(running);
    call->done(call);
}

/* One call a turn, and nothing behind it: its `done` may free the client, and the next turn. */
static void look(struct hf_task *task)
{
    struct curl_client *client = HF_CONTAINER_OF(task, struct curl_client, task);
    int left = 0;
    char *pointer = NULL;
    const CURLMsg *message = curl_multi_info_read(client->multi, &left);
    if (message == NULL) {
        return;
    }
    hf_task_post(client->loop, task);
    if (message->msg == CURLMSG_DONE) {
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer);
        take_result((struct running *)(void *)pointer, code);
    }
}

static void act(struct curl_client *client, curl_socket_t fd, int what)
{
    int running = 0;
    (void)curl_multi_socket_action(client->multi, fd, what, &running);
    hf_task_post(client->loop, &client->task);
}

static void ready(struct hf_poll *poll, unsigned events)
{
    struct socket_watch *watch = HF_CONTAINER_OF(poll, struct socket_watch, poll);
    int what = ((events & HF_POLL_READ) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & HF_POLL_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    act(watch->client, watch->fd, what);
}

static void watch_closed(struct hf_poll *poll)
{
    hf_heap_free(HF_CONTAINER_OF(poll, struct socket_watch, poll));
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct curl_client *client = ctx;
    struct socket_watch *watch = socket_ctx;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            (void)curl_multi_assign(client->multi, fd, NULL);
            hf_poll_close(&watch->poll);
        }
        return 0;
    }
    if (watch == NULL) {
        watch = hf_heap_zalloc(1, sizeof *watch);
        if (watch == NULL) {
            return -1;
        }
        *watch = (struct socket_watch){.client = client, .fd = fd};
        watch->poll.ready = ready;
        watch->poll.closed = watch_closed;
        if (hf_poll_open(client->loop, &watch->poll, fd, /* err= */ NULL) != HF_OK) {
            hf_heap_free(watch);
            return -1;
        }
        (void)curl_multi_assign(client->multi, fd, watch);
    }
    hf_poll_set(&watch->poll, ((what & CURL_POLL_IN) != 0 ? (unsigned)HF_POLL_READ : 0) |
                                  ((what & CURL_POLL_OUT) != 0 ? (unsigned)HF_POLL_WRITE : 0));
    return 0;
}

static void due(struct hf_timer *timer)
{
    act(HF_CONTAINER_OF(timer, struct curl_client, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct curl_client *client = ctx;
    (void)multi;
    if (timeout_ms < 0) {
        hf_timer_cancel(&client->timer);
        return 0;
    }
    return hf_timer_arm(&client->timer, (uint64_t)timeout_ms * 1000000) == HF_OK ? 0 : -1;
}

static size_t on_answer(char *ptr, size_t size, size_t count, void *ctx)
{
    struct running *running = ctx;
    hf_buf_put(&running->call->answer, ptr, size * count);
    return running->call->answer.failed == HF_OK ? size * count : 0;
}

static bool add_field(struct running *running, const char *text)
{
    struct curl_slist *longer = curl_slist_append(running->fields, text);
    if (longer == NULL) {
        return false;
    }
    running->fields = longer;
    return true;
}

static bool add_fields(struct running *running)
{
    const struct hf_http_call *call = running->call;
    char text[256];
    bool good = add_field(running, "Expect:"); /* never wait for 100-continue */
    if (good && call->content_type != NULL) {
        (void)snprintf(text, sizeof text, "Content-Type: %.120s", call->content_type);
        good = add_field(running, text);
    }
    if (good && call->token != NULL) {
        struct hf_bytes token = hf_secret_reveal(call->token);
        (void)snprintf(text, sizeof text, "Authorization: Bearer %.*s", (int)token.len,
                       (const char *)token.ptr);
        good = token.len < 200 && add_field(running, text);
        hf_wipe(text, sizeof text);
    }
    return good;
}

static bool set_up(struct running *running)
{
    const struct hf_http_call *call = running->call;
    const struct curl_client *client = running->client;
    CURL *easy = running->easy;
    bool good = add_fields(running) && curl_easy_setopt(easy, CURLOPT_URL, call->url) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_HTTPHEADER, running->fields) == CURLE_OK;
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, running);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, running->error);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
                           client->pin[0] == '\0' ? "http,https" : "https");
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(call->timeout_ns / 1000000));
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, running);
    if (call->body.len > 0 || strcmp(call->method, "POST") == 0) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        good = good && curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                                        call->body.len == 0 ? "" : (const char *)call->body.ptr) ==
                           CURLE_OK;
    }
    if (client->socket[0] != '\0') {
        good = good && curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, client->socket) == CURLE_OK;
    }
    if (client->pin[0] != '\0') {
        /* The pin is the trust: the certificate may be self-signed and of any name. */
        (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
        good = good && curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, client->pin) == CURLE_OK;
    }
    return good;
}

static void fail(struct hf_task *task)
{
    struct hf_http_call *call = HF_CONTAINER_OF(task, struct hf_http_call, task);
    call->done(call);
}

static void start_call(struct hf_http_client *base, struct hf_http_call *call)
{
    struct curl_client *client = client_of(base);
    struct running *running = hf_heap_zalloc(1, sizeof *running);
    call->answer = hf_buf_init(call->answer_max);
    call->err = (struct hf_err){0};
    call->status = 0;
    call->impl = NULL;
    hf_task_init(&call->task, fail);
    if (running != NULL) {
        running->client = client;
        running->call = call;
        running->easy = curl_easy_init();
        hf_queue_push(&client->calls, &running->node);
        if (running->easy != NULL && set_up(running) &&
            curl_multi_add_handle(client->multi, running->easy) == CURLM_OK) {
            call->impl = running;
            return;
        }
        hf_queue_remove(&running->node);
        curl_easy_cleanup(running->easy);
        curl_slist_free_all(running->fields);
        hf_heap_free(running);
    }
    call->rc = hf_err_set(&call->err, HF_ENOMEM, "no memory to call %.100s", call->url);
    hf_task_post(client->loop, &call->task);
}

static void cancel_call(struct hf_http_call *call)
{
    if (call->impl != NULL) {
        finish_call(call->impl);
    } else {
        hf_task_cancel(&call->task);
    }
}

static void free_client(struct hf_http_client *base)
{
    struct curl_client *client = client_of(base);
    while (!hf_queue_empty(&client->calls)) {
        struct running *running = HF_CONTAINER_OF(client->calls.next, struct running, node);
        struct hf_http_call *call = running->call;
        call->rc = hf_err_set(&call->err, HF_ECANCELED, "the client is closed");
        finish_call(running);
        call->done(call);
    }
    hf_timer_cancel(&client->timer);
    hf_task_cancel(&client->task);
    (void)curl_multi_cleanup(client->multi);
    hf_timer_cancel(&client->timer);
    hf_heap_free(client);
}

static const struct hf_http_client_ops ops = {free_client, start_call, cancel_call};

enum hf_rc hf_http_client_new(struct hf_loop *loop, const struct hf_http_client_conf *conf,
                              struct hf_http_client **ret_client, struct hf_err *err)
{
    struct curl_client *client = hf_heap_zalloc(1, sizeof *client);
    if (client == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for an HTTP client");
    }
    if (conf->socket != NULL && strlen(conf->socket) >= sizeof client->socket) {
        hf_heap_free(client);
        return hf_err_set(err, HF_EINVAL, "the path of a Unix socket has at most %zu bytes",
                          sizeof client->socket - 1);
    }
    (void)snprintf(client->socket, sizeof client->socket, "%s",
                   conf->socket == NULL ? "" : conf->socket);
    client->client.ops = &ops;
    client->loop = loop;
    client->multi = curl_multi_init();
    if (client->multi == NULL) {
        hf_heap_free(client);
        return hf_err_set(err, HF_ENOMEM, "no memory for an HTTP client");
    }
    if (conf->pin != NULL) {
        char text[HF_BASE64_LEN(HF_HASH_SIZE) + 1];
        hf_base64_encode(hf_bytes_of(conf->pin->b, HF_HASH_SIZE), text);
        (void)snprintf(client->pin, sizeof client->pin, "sha256//%s", text);
    }
    hf_queue_init(&client->calls);
    hf_timer_init(&client->timer, loop, due);
    hf_task_init(&client->task, look);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    *ret_client = &client->client;
    return HF_OK;
}
