/* base/http/multi.c: libcurl's multi interface on the loop. */
#include "base/http/multi.h"

#include <unistd.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/net/address.h"

struct socket_watch {
    struct hf_poll poll;
    struct hf_multi *multi;
    curl_socket_t fd;
};

struct hf_multi {
    struct hf_loop *loop;
    CURLM *curl;
    struct hf_timer timer;
    struct hf_task task; /* looks for transfers that are done */
    struct hf_queue transfers;
};

enum hf_rc hf_transfer_rc(CURLcode code)
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

/* One transfer a turn, and nothing behind it: its `done` may free the multi, and the next turn. */
static void look(struct hf_task *task)
{
    struct hf_multi *multi = HF_CONTAINER_OF(task, struct hf_multi, task);
    int left = 0;
    char *pointer = NULL;
    const CURLMsg *message = curl_multi_info_read(multi->curl, &left);
    if (message == NULL) {
        return;
    }
    hf_task_post(multi->loop, task);
    if (message->msg == CURLMSG_DONE) {
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer);
        struct hf_transfer *transfer = (struct hf_transfer *)(void *)pointer;
        transfer->done(transfer, code);
    }
}

static void act(struct hf_multi *multi, curl_socket_t fd, int what)
{
    int running = 0;
    (void)curl_multi_socket_action(multi->curl, fd, what, &running);
    hf_task_post(multi->loop, &multi->task);
}

static void ready(struct hf_poll *poll, unsigned events)
{
    struct socket_watch *watch = HF_CONTAINER_OF(poll, struct socket_watch, poll);
    int what = ((events & HF_POLL_READ) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & HF_POLL_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    act(watch->multi, watch->fd, what);
}

static void watch_closed(struct hf_poll *poll)
{
    hf_heap_free(HF_CONTAINER_OF(poll, struct socket_watch, poll));
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct hf_multi *multi = ctx;
    struct socket_watch *watch = socket_ctx;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            (void)curl_multi_assign(multi->curl, fd, NULL);
            hf_poll_close(&watch->poll);
        }
        return 0;
    }
    if (watch == NULL) {
        watch = hf_heap_zalloc(1, sizeof *watch);
        if (watch == NULL) {
            return -1;
        }
        *watch = (struct socket_watch){.multi = multi, .fd = fd};
        watch->poll.ready = ready;
        watch->poll.closed = watch_closed;
        if (hf_poll_open(multi->loop, &watch->poll, fd, /* err= */ NULL) != HF_OK) {
            hf_heap_free(watch);
            return -1;
        }
        (void)curl_multi_assign(multi->curl, fd, watch);
    }
    hf_poll_set(&watch->poll, ((what & CURL_POLL_IN) != 0 ? (unsigned)HF_POLL_READ : 0) |
                                  ((what & CURL_POLL_OUT) != 0 ? (unsigned)HF_POLL_WRITE : 0));
    return 0;
}

static void due(struct hf_timer *timer)
{
    act(HF_CONTAINER_OF(timer, struct hf_multi, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *curl, long timeout_ms, void *ctx)
{
    struct hf_multi *multi = ctx;
    (void)curl;
    if (timeout_ms < 0) {
        hf_timer_cancel(&multi->timer);
        return 0;
    }
    return hf_timer_arm(&multi->timer, (uint64_t)timeout_ms * 1000000) == HF_OK ? 0 : -1;
}

enum hf_rc hf_multi_new(struct hf_loop *loop, struct hf_multi **ret_multi, struct hf_err *err)
{
    struct hf_multi *multi = hf_heap_zalloc(1, sizeof *multi);
    if (multi != NULL) {
        multi->curl = curl_multi_init();
    }
    if (multi == NULL || multi->curl == NULL) {
        hf_heap_free(multi);
        return hf_err_set(err, HF_ENOMEM, "no memory for calls to others");
    }
    multi->loop = loop;
    hf_queue_init(&multi->transfers);
    hf_timer_init(&multi->timer, loop, due);
    hf_task_init(&multi->task, look);
    (void)curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
    (void)curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
    *ret_multi = multi;
    return HF_OK;
}

void hf_multi_free(struct hf_multi *multi)
{
    if (multi == NULL) {
        return;
    }
    HF_ASSERT(hf_queue_empty(&multi->transfers));
    hf_timer_cancel(&multi->timer);
    hf_task_cancel(&multi->task);
    (void)curl_multi_cleanup(multi->curl);
    hf_timer_cancel(&multi->timer);
    hf_heap_free(multi);
}

struct hf_transfer *hf_multi_first(struct hf_multi *multi)
{
    return hf_queue_empty(&multi->transfers)
               ? NULL
               : HF_CONTAINER_OF(multi->transfers.next, struct hf_transfer, node);
}

/* transfers */

bool hf_transfer_init(struct hf_multi *multi, struct hf_transfer *transfer)
{
    transfer->multi = multi;
    transfer->error[0] = '\0';
    hf_queue_init(&transfer->node);
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL) {
        return false;
    }
    (void)curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, transfer->error);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_NOPROXY, "*");
    return true;
}

bool hf_transfer_start(struct hf_transfer *transfer)
{
    hf_queue_push(&transfer->multi->transfers, &transfer->node);
    if (curl_multi_add_handle(transfer->multi->curl, transfer->easy) == CURLM_OK) {
        return true;
    }
    hf_transfer_end(transfer);
    return false;
}

void hf_transfer_end(struct hf_transfer *transfer)
{
    hf_queue_remove(&transfer->node);
    if (transfer->easy != NULL) {
        (void)curl_multi_remove_handle(transfer->multi->curl, transfer->easy);
        curl_easy_cleanup(transfer->easy);
        transfer->easy = NULL;
    }
}

/* Asked after names are resolved, so that no name leads inside. */
static curl_socket_t open_public(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct hf_address address = {.len = to->addrlen};
    (void)ctx;
    (void)purpose;
    if (to->addrlen > sizeof address.storage) {
        return CURL_SOCKET_BAD;
    }
    memcpy(&address.storage, &to->addr, to->addrlen);
    if (!hf_address_is_public(&address)) {
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

void hf_transfer_public_only(struct hf_transfer *transfer)
{
    (void)curl_easy_setopt(transfer->easy, CURLOPT_OPENSOCKETFUNCTION, open_public);
}
