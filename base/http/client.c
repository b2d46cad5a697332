/* base/http/client.c: requests by libcurl. */
#include "base/http/client.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/heap.h"
#include "base/http/multi.h"
#include "base/http/stream_client.h"

#define CA_MAX   4096
#define HEAD_MAX 65536 /* bytes of an answer's head */

struct curl_client {
    struct hf_http_client client;
    struct hf_loop *loop;
    struct hf_multi *multi;
    char pin[64];         /* "sha256//BASE64", or empty */
    char ca_file[CA_MAX]; /* empty: the system's */
    bool public_only;
};

struct running {
    struct hf_transfer transfer;
    struct curl_client *client;
    struct hf_http_call *call;
    struct curl_slist *fields;
    size_t head_len;
};

static struct curl_client *client_of(struct hf_http_client *base)
{
    return HF_CONTAINER_OF(base, struct curl_client, client);
}

static void finish_call(struct running *running)
{
    hf_transfer_end(&running->transfer);
    curl_slist_free_all(running->fields);
    running->call->impl = NULL;
    hf_heap_free(running);
}

static void take_result(struct hf_transfer *transfer, CURLcode code)
{
    struct running *running = HF_CONTAINER_OF(transfer, struct running, transfer);
    struct hf_http_call *call = running->call;
    long status = 0;
    curl_off_t retry = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry);
    call->status = (int)status;
    call->retry_after_s = retry < 0 || retry > 86400 ? 0 : (uint32_t)retry;
    call->rc = call->answer.failed != HF_OK ? call->answer.failed : hf_transfer_rc(code);
    call->timed_out = code == CURLE_OPERATION_TIMEDOUT;
    if (call->rc != HF_OK) {
        const char *text = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
        (void)hf_err_set(&call->err, call->rc, "%.100s: %.200s",
                         call->url_is_secret ? "the call" : call->url, text);
    }
    finish_call(running);
    call->done(call);
}

/* What an answer's head takes is bounded too. libcurl's type has no const. */
// NOLINTNEXTLINE(readability-non-const-parameter)
static size_t on_head(char *ptr, size_t size, size_t count, void *ctx)
{
    struct running *running = ctx;
    (void)ptr;
    running->head_len += size * count;
    return running->head_len <= HEAD_MAX ? size * count : 0;
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
    for (size_t i = 0; good && i < call->field_count; i++) {
        good = add_field(running, call->fields[i]);
    }
    return good;
}

static bool set_up(struct running *running)
{
    const struct hf_http_call *call = running->call;
    const struct curl_client *client = running->client;
    CURL *easy = running->transfer.easy;
    bool good = add_fields(running) && curl_easy_setopt(easy, CURLOPT_URL, call->url) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_HTTPHEADER, running->fields) == CURLE_OK;
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
                           client->pin[0] != '\0' || client->public_only ? "https" : "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(call->timeout_ns / 1000000));
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, running);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, running);
    if (client->public_only) {
        hf_transfer_public_only(&running->transfer);
    }
    if (client->ca_file[0] != '\0') {
        good = good && curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca_file) == CURLE_OK;
    }
    if (call->body.len > 0 || strcmp(call->method, "POST") == 0) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        good = good && curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                                        call->body.len == 0 ? "" : (const char *)call->body.ptr) ==
                           CURLE_OK;
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
    call->timed_out = false;
    call->impl = NULL;
    hf_task_init(&call->task, fail);
    if (running != NULL) {
        running->client = client;
        running->call = call;
        running->transfer.done = take_result;
        if (hf_transfer_init(client->multi, &running->transfer) && set_up(running) &&
            hf_transfer_start(&running->transfer)) {
            call->impl = running;
            return;
        }
        hf_transfer_end(&running->transfer);
        curl_slist_free_all(running->fields);
        hf_heap_free(running);
    }
    call->rc = hf_err_set(&call->err, HF_ENOMEM, "no memory to call %.100s",
                          call->url_is_secret ? "a push service" : call->url);
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
    for (struct hf_transfer *first; (first = hf_multi_first(client->multi)) != NULL;) {
        struct running *running = HF_CONTAINER_OF(first, struct running, transfer);
        struct hf_http_call *call = running->call;
        call->rc = hf_err_set(&call->err, HF_ECANCELED, "the client is closed");
        finish_call(running);
        call->done(call);
    }
    hf_multi_free(client->multi);
    hf_heap_free(client);
}

static const struct hf_http_client_ops ops = {free_client, start_call, cancel_call};

static enum hf_rc take_conf(struct curl_client *client, const struct hf_http_client_conf *conf,
                            struct hf_err *err)
{
    if (conf->ca_file != NULL && strlen(conf->ca_file) >= sizeof client->ca_file) {
        return hf_err_set(err, HF_EINVAL, "the path of a file of authorities is too long");
    }
    (void)snprintf(client->ca_file, sizeof client->ca_file, "%s",
                   conf->ca_file == NULL ? "" : conf->ca_file);
    client->public_only = conf->public_only;
    if (conf->pin != NULL) {
        char text[HF_BASE64_LEN(HF_HASH_SIZE) + 1];
        hf_base64_encode(hf_bytes_of(conf->pin->b, HF_HASH_SIZE), text);
        (void)snprintf(client->pin, sizeof client->pin, "sha256//%s", text);
    }
    return HF_OK;
}

static enum hf_rc new_socket_client(struct hf_loop *loop, const char *path,
                                    struct hf_http_client **ret_client, struct hf_err *err)
{
    char text[HF_ADDRESS_TEXT_MAX];
    struct hf_address address;
    enum hf_rc rc = hf_address_check_path(path, err);
    if (rc == HF_OK) {
        (void)snprintf(text, sizeof text, "unix:%s", path);
        rc = hf_address_parse(text, &address, err);
    }
    return rc == HF_OK ? hf_http_socket_client_new(loop, &address, ret_client, err) : rc;
}

enum hf_rc hf_http_client_new(struct hf_loop *loop, const struct hf_http_client_conf *conf,
                              struct hf_http_client **ret_client, struct hf_err *err)
{
    if (conf->socket != NULL) {
        return new_socket_client(loop, conf->socket, ret_client, err);
    }
    struct curl_client *client = hf_heap_zalloc(1, sizeof *client);
    if (client == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for an HTTP client");
    }
    client->client.ops = &ops;
    client->loop = loop;
    enum hf_rc rc = take_conf(client, conf, err);
    if (rc == HF_OK) {
        rc = hf_multi_new(loop, &client->multi, err);
    }
    if (rc != HF_OK) {
        hf_heap_free(client);
        return rc;
    }
    *ret_client = &client->client;
    return HF_OK;
}
