/* base/loop_uv.c: the one home of libuv.
 *
 * Its handles must stay where they are until their close callback ran, so they are held on the
 * heap here and callers embed only our structs.
 */
#include <uv.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/loop_impl.h"

struct loop_uv {
    struct hf_loop loop;
    uv_loop_t uv;
    uv_timer_t wait; /* bounds a poll; the timers themselves are in the common core */
};

struct work_uv {
    uv_work_t request;
    struct hf_work *work;
};

struct waker_uv {
    uv_async_t handle;
    struct hf_waker *waker;
};

struct watch_uv {
    uv_fs_event_t handle;
    struct hf_watch *watch;
};

struct poll_uv {
    uv_poll_t handle;
    struct hf_poll *poll;
};

struct signal_uv {
    uv_signal_t handle;
    struct hf_signal *sig;
    bool keeps_alive;
};

static struct loop_uv *uv_of(struct hf_loop *loop)
{
    return HF_CONTAINER_OF(loop, struct loop_uv, loop);
}

static void close_loop(struct hf_loop *loop)
{
    struct loop_uv *uv = uv_of(loop);
    uv_close((uv_handle_t *)&uv->wait, NULL);
    (void)uv_run(&uv->uv, UV_RUN_DEFAULT);
    int code = uv_loop_close(&uv->uv);
    HF_ASSERT(code == 0);
    hf_loop_fini(loop);
    hf_heap_free(uv);
}

/* Older libuv fires timers before it waits for descriptors: when the time passes just then, nothing
 * would bound the wait any more. A loop that is told to stop does not wait. */
static void waited(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void poll(struct hf_loop *loop, uint64_t wait_ns)
{
    struct loop_uv *uv = uv_of(loop);
    if (wait_ns == 0) {
        (void)uv_run(&uv->uv, UV_RUN_NOWAIT);
        return;
    }
    if (wait_ns != UINT64_MAX) {
        /* Rounded up: waking early would only mean another turn. */
        uv_update_time(&uv->uv);
        (void)uv_timer_start(&uv->wait, waited, wait_ns / 1000000 + 1, 0);
    }
    (void)uv_run(&uv->uv, UV_RUN_ONCE);
    (void)uv_timer_stop(&uv->wait);
}

/* work */

static void work_run(uv_work_t *request)
{
    struct work_uv *work = HF_CONTAINER_OF(request, struct work_uv, request);
    work->work->run(work->work);
}

static void work_done(uv_work_t *request, int status)
{
    (void)status;
    struct work_uv *impl = HF_CONTAINER_OF(request, struct work_uv, request);
    struct hf_work *work = impl->work;
    work->loop->pending--;
    hf_heap_free(impl);
    work->done(work);
}

static enum hf_rc submit(struct hf_loop *loop, struct hf_work *work)
{
    struct work_uv *impl = hf_heap_zalloc(1, sizeof *impl);
    if (impl == NULL) {
        return HF_ENOMEM;
    }
    impl->work = work;
    if (uv_queue_work(&uv_of(loop)->uv, &impl->request, work_run, work_done) != 0) {
        hf_heap_free(impl);
        return HF_EIO;
    }
    loop->pending++;
    return HF_OK;
}

/* wakers */

static void waker_fired(uv_async_t *handle)
{
    struct waker_uv *impl = HF_CONTAINER_OF(handle, struct waker_uv, handle);
    if (uv_is_closing((uv_handle_t *)handle) == 0) {
        impl->waker->woken(impl->waker);
    }
}

static enum hf_rc waker_open(struct hf_loop *loop, struct hf_waker *waker)
{
    struct waker_uv *impl = hf_heap_zalloc(1, sizeof *impl);
    if (impl == NULL) {
        return HF_ENOMEM;
    }
    impl->waker = waker;
    if (uv_async_init(&uv_of(loop)->uv, &impl->handle, waker_fired) != 0) {
        hf_heap_free(impl);
        return HF_EIO;
    }
    waker->impl = impl;
    loop->pending++;
    return HF_OK;
}

static void waker_wake(struct hf_waker *waker)
{
    struct waker_uv *impl = waker->impl;
    (void)uv_async_send(&impl->handle);
}

static void waker_closed(uv_handle_t *handle)
{
    struct waker_uv *impl = HF_CONTAINER_OF((uv_async_t *)handle, struct waker_uv, handle);
    struct hf_waker *waker = impl->waker;
    waker->loop->pending--;
    hf_heap_free(impl);
    if (waker->closed != NULL) {
        waker->closed(waker);
    }
}

static void waker_close(struct hf_waker *waker)
{
    struct waker_uv *impl = waker->impl;
    uv_close((uv_handle_t *)&impl->handle, waker_closed);
}

/* watches */

static void watch_fired(uv_fs_event_t *handle, const char *name, int events, int status)
{
    (void)name;
    (void)events;
    (void)status;
    struct watch_uv *impl = HF_CONTAINER_OF(handle, struct watch_uv, handle);
    impl->watch->changed(impl->watch);
}

static void watch_abandoned(uv_handle_t *handle)
{
    hf_heap_free(HF_CONTAINER_OF((uv_fs_event_t *)handle, struct watch_uv, handle));
}

static void watch_closed(uv_handle_t *handle)
{
    struct watch_uv *impl = HF_CONTAINER_OF((uv_fs_event_t *)handle, struct watch_uv, handle);
    struct hf_watch *watch = impl->watch;
    watch->loop->pending--;
    hf_heap_free(impl);
    if (watch->closed != NULL) {
        watch->closed(watch);
    }
}

static enum hf_rc watch_open(struct hf_loop *loop, struct hf_watch *watch, const char *path,
                             struct hf_err *err)
{
    struct watch_uv *impl = hf_heap_zalloc(1, sizeof *impl);
    if (impl == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to watch %s", path);
    }
    impl->watch = watch;
    int code = uv_fs_event_init(&uv_of(loop)->uv, &impl->handle);
    if (code != 0) {
        hf_heap_free(impl);
        return hf_err_set(err, HF_EIO, "cannot watch %s: %s", path, uv_strerror(code));
    }
    code = uv_fs_event_start(&impl->handle, watch_fired, path, 0);
    if (code != 0) {
        uv_close((uv_handle_t *)&impl->handle, watch_abandoned);
        return hf_err_set(err, HF_EIO, "cannot watch %s: %s", path, uv_strerror(code));
    }
    watch->impl = impl;
    loop->pending++;
    return HF_OK;
}

static void watch_close(struct hf_watch *watch)
{
    struct watch_uv *impl = watch->impl;
    uv_close((uv_handle_t *)&impl->handle, watch_closed);
}

/* descriptors */

static void poll_fired(uv_poll_t *handle, int status, int events)
{
    struct hf_poll *poll = HF_CONTAINER_OF(handle, struct poll_uv, handle)->poll;
    unsigned seen = status < 0 ? HF_POLL_READ | HF_POLL_WRITE : 0;
    seen |= (events & (UV_READABLE | UV_DISCONNECT)) != 0 ? (unsigned)HF_POLL_READ : 0;
    seen |= (events & UV_WRITABLE) != 0 ? (unsigned)HF_POLL_WRITE : 0;
    if ((seen & poll->events) != 0) {
        poll->ready(poll, seen & poll->events);
    }
}

static void poll_closed(uv_handle_t *handle)
{
    struct poll_uv *impl = HF_CONTAINER_OF((uv_poll_t *)handle, struct poll_uv, handle);
    struct hf_poll *poll = impl->poll;
    poll->loop->pending--;
    hf_heap_free(impl);
    if (poll->closed != NULL) {
        poll->closed(poll);
    }
}

static enum hf_rc poll_open(struct hf_loop *loop, struct hf_poll *poll, int fd, struct hf_err *err)
{
    struct poll_uv *impl = hf_heap_zalloc(1, sizeof *impl);
    if (impl == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to watch a descriptor");
    }
    impl->poll = poll;
    int code = uv_poll_init(&uv_of(loop)->uv, &impl->handle, fd);
    if (code != 0) {
        hf_heap_free(impl);
        return hf_err_set(err, HF_EIO, "cannot watch a descriptor: %s", uv_strerror(code));
    }
    poll->impl = impl;
    loop->pending++;
    return HF_OK;
}

static void poll_set(struct hf_poll *poll)
{
    struct poll_uv *impl = poll->impl;
    int events = ((poll->events & HF_POLL_READ) != 0 ? UV_READABLE : 0) |
                 ((poll->events & HF_POLL_WRITE) != 0 ? UV_WRITABLE : 0);
    int code = events == 0 ? uv_poll_stop(&impl->handle)
                           : uv_poll_start(&impl->handle, events, poll_fired);
    HF_ASSERT(code == 0); /* it only fails for a handle that is closing */
}

static void poll_close(struct hf_poll *poll)
{
    struct poll_uv *impl = poll->impl;
    uv_close((uv_handle_t *)&impl->handle, poll_closed);
}

/* signals */

static void signal_fired(uv_signal_t *handle, int number)
{
    struct signal_uv *impl = HF_CONTAINER_OF(handle, struct signal_uv, handle);
    impl->sig->caught(impl->sig, number);
}

static void signal_abandoned(uv_handle_t *handle)
{
    hf_heap_free(HF_CONTAINER_OF((uv_signal_t *)handle, struct signal_uv, handle));
}

static void signal_closed(uv_handle_t *handle)
{
    struct signal_uv *impl = HF_CONTAINER_OF((uv_signal_t *)handle, struct signal_uv, handle);
    struct hf_signal *sig = impl->sig;
    sig->loop->pending -= impl->keeps_alive ? 1 : 0;
    hf_heap_free(impl);
    if (sig->closed != NULL) {
        sig->closed(sig);
    }
}

static enum hf_rc signal_open(struct hf_loop *loop, struct hf_signal *sig, int number,
                              bool keeps_alive, struct hf_err *err)
{
    struct signal_uv *impl = hf_heap_zalloc(1, sizeof *impl);
    if (impl == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to catch signals");
    }
    impl->sig = sig;
    impl->keeps_alive = keeps_alive;
    int code = uv_signal_init(&uv_of(loop)->uv, &impl->handle);
    if (code != 0) {
        hf_heap_free(impl);
        return hf_err_set(err, HF_EIO, "cannot catch signal %d: %s", number, uv_strerror(code));
    }
    code = uv_signal_start(&impl->handle, signal_fired, number);
    if (code != 0) {
        uv_close((uv_handle_t *)&impl->handle, signal_abandoned);
        return hf_err_set(err, HF_EIO, "cannot catch signal %d: %s", number, uv_strerror(code));
    }
    if (keeps_alive) {
        loop->pending++;
    } else {
        uv_unref((uv_handle_t *)&impl->handle);
    }
    sig->impl = impl;
    return HF_OK;
}

static void signal_close(struct hf_signal *sig)
{
    struct signal_uv *impl = sig->impl;
    uv_close((uv_handle_t *)&impl->handle, signal_closed);
}

static const struct hf_loop_ops ops = {
    close_loop,  poll,      submit,   waker_open, waker_wake,  waker_close, watch_open,
    watch_close, poll_open, poll_set, poll_close, signal_open, signal_close};

enum hf_rc hf_loop_uv_new(struct hf_loop **ret_loop, struct hf_err *err)
{
    struct loop_uv *uv = hf_heap_zalloc(1, sizeof *uv);
    if (uv == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a loop");
    }
    int code = uv_loop_init(&uv->uv);
    if (code != 0) {
        hf_heap_free(uv);
        return hf_err_set(err, HF_EIO, "cannot start a loop: %s", uv_strerror(code));
    }
    code = uv_timer_init(&uv->uv, &uv->wait);
    HF_ASSERT(code == 0); /* it only fills the struct */
    hf_loop_init(&uv->loop, &ops, hf_env_os());
    *ret_loop = &uv->loop;
    return HF_OK;
}
