/* base/loop_sim.c: a loop on virtual time, where waiting costs nothing. */
#include "base/assert.h"
#include "base/heap.h"
#include "base/loop_impl.h"

struct loop_sim {
    struct hf_loop loop;
    struct hf_env_sim *sim;
    uint64_t work_delay_ns;
};

static struct loop_sim *sim_of(struct hf_loop *loop)
{
    return HF_CONTAINER_OF(loop, struct loop_sim, loop);
}

static void close_loop(struct hf_loop *loop)
{
    hf_loop_fini(loop);
    hf_heap_free(sim_of(loop));
}

static void close_machine(struct hf_loop *loop)
{
    hf_heap_free(loop);
}

static void poll(struct hf_loop *loop, uint64_t wait_ns)
{
    /* Nothing but a timer can end a wait here; from time 0 its wait may be UINT64_MAX as well. */
    HF_ASSERT(wait_ns == 0 || loop->timers > 0);
    hf_env_sim_advance(sim_of(loop)->sim, wait_ns);
}

static void work_due(struct hf_timer *timer)
{
    struct hf_work *work = HF_CONTAINER_OF(timer, struct hf_work, delay);
    work->run(work);
    work->done(work);
}

static enum hf_rc submit(struct hf_loop *loop, struct hf_work *work)
{
    hf_timer_init(&work->delay, loop, work_due);
    return hf_timer_arm(&work->delay, sim_of(loop)->work_delay_ns);
}

static void woken(struct hf_task *task)
{
    struct hf_waker *waker = HF_CONTAINER_OF(task, struct hf_waker, task);
    waker->woken(waker);
}

static enum hf_rc waker_open(struct hf_loop *loop, struct hf_waker *waker)
{
    (void)loop;
    hf_task_init(&waker->task, woken);
    return HF_OK;
}

static void waker_wake(struct hf_waker *waker)
{
    hf_task_post(waker->loop, &waker->task);
}

static void waker_closed(struct hf_task *task)
{
    struct hf_waker *waker = HF_CONTAINER_OF(task, struct hf_waker, task);
    if (waker->closed != NULL) {
        waker->closed(waker);
    }
}

static void waker_close(struct hf_waker *waker)
{
    hf_task_cancel(&waker->task);
    hf_task_init(&waker->task, waker_closed);
    hf_task_post(waker->loop, &waker->task);
}

static enum hf_rc watch_open(struct hf_loop *loop, struct hf_watch *watch, const char *path,
                             struct hf_err *err)
{
    (void)loop;
    (void)watch;
    return hf_err_set(err, HF_ENOSYS, "%s cannot be watched in a simulation", path);
}

static void watch_close(struct hf_watch *watch)
{
    (void)watch;
    HF_UNREACHABLE("nothing can be watched in a simulation");
}

static enum hf_rc poll_open(struct hf_loop *loop, struct hf_poll *poll, int fd, struct hf_err *err)
{
    (void)loop;
    (void)poll;
    (void)fd;
    return hf_err_set(err, HF_ENOSYS, "a simulation has no descriptors");
}

static void poll_none(struct hf_poll *poll)
{
    (void)poll;
    HF_UNREACHABLE("a simulation has no descriptors");
}

static enum hf_rc signal_open(struct hf_loop *loop, struct hf_signal *sig, int number,
                              bool keeps_alive, struct hf_err *err)
{
    (void)loop;
    (void)sig;
    (void)keeps_alive;
    return hf_err_set(err, HF_ENOSYS, "there is no signal %d in a simulation", number);
}

static void signal_close(struct hf_signal *sig)
{
    (void)sig;
    HF_UNREACHABLE("there are no signals in a simulation");
}

static const struct hf_loop_ops ops = {
    close_loop,  poll,      submit,    waker_open, waker_wake,  waker_close, watch_open,
    watch_close, poll_open, poll_none, poll_none,  signal_open, signal_close};

enum hf_rc hf_loop_sim_new(struct hf_env_sim *sim, uint64_t work_delay_ns,
                           struct hf_loop **ret_loop, struct hf_err *err)
{
    struct loop_sim *loop = hf_heap_zalloc(1, sizeof *loop);
    if (loop == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a loop");
    }
    hf_loop_init(&loop->loop, &ops, &sim->env);
    loop->sim = sim;
    loop->work_delay_ns = work_delay_ns;
    *ret_loop = &loop->loop;
    return HF_OK;
}

enum hf_rc hf_loop_sim_machine(struct hf_loop *root, struct hf_env *env, struct hf_loop **ret_loop,
                               struct hf_err *err)
{
    static const struct hf_loop_ops machine_ops = {.close = close_machine};
    struct hf_loop *loop = hf_heap_zalloc(1, sizeof *loop);
    if (loop == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a loop");
    }
    hf_loop_init(loop, &machine_ops, env);
    loop->root = root;
    *ret_loop = loop;
    return HF_OK;
}
