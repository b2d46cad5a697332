/* base/loop.c: tasks and timers, the same above every back end. */
#include "base/loop.h"

#include "base/assert.h"
#include "base/heap.h"
#include "base/loop_impl.h"

#define NOT_ARMED SIZE_MAX

void hf_loop_init(struct hf_loop *loop, const struct hf_loop_ops *ops, struct hf_env *env)
{
    *loop = (struct hf_loop){.root = loop, .ops = ops, .env = env};
    hf_queue_init(&loop->ready);
}

void hf_loop_fini(struct hf_loop *loop)
{
    HF_ASSERT(hf_queue_empty(&loop->ready) && loop->timers == 0 && loop->pending == 0);
    hf_heap_free(loop->heap);
}

void hf_loop_free(struct hf_loop *loop)
{
    if (loop != NULL) {
        loop->ops->close(loop);
    }
}

struct hf_env *hf_loop_env(struct hf_loop *loop)
{
    return loop->env;
}

/* tasks */

void hf_task_init(struct hf_task *task, void (*run)(struct hf_task *task))
{
    task->run = run;
    task->queued = false;
    hf_queue_init(&task->node);
}

void hf_task_post(struct hf_loop *loop, struct hf_task *task)
{
    if (!task->queued) {
        task->queued = true;
        hf_queue_push(&loop->root->ready, &task->node);
    }
}

void hf_task_cancel(struct hf_task *task)
{
    if (task->queued) {
        task->queued = false;
        hf_queue_remove(&task->node);
    }
}

/* Runs the tasks that are ready now; those they post run in the next turn. */
static void run_ready(struct hf_loop *loop)
{
    struct hf_queue due;
    hf_queue_init(&due);
    hf_queue_splice(&due, &loop->ready);
    for (struct hf_queue *node; (node = hf_queue_pop(&due)) != NULL;) {
        struct hf_task *task = HF_CONTAINER_OF(node, struct hf_task, node);
        task->queued = false;
        task->run(task);
    }
}

/* timers: a binary heap by due time, then by the order of arming */

static bool before(const struct hf_timer *a, const struct hf_timer *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void place(struct hf_loop *loop, struct hf_timer *timer, size_t slot)
{
    loop->heap[slot] = timer;
    timer->slot = slot;
}

static void sift_up(struct hf_loop *loop, struct hf_timer *timer, size_t slot)
{
    while (slot > 0 && before(timer, loop->heap[(slot - 1) / 2])) {
        place(loop, loop->heap[(slot - 1) / 2], slot);
        slot = (slot - 1) / 2;
    }
    place(loop, timer, slot);
}

static void sift_down(struct hf_loop *loop, struct hf_timer *timer, size_t slot)
{
    for (;;) {
        size_t child = 2 * slot + 1;
        if (child >= loop->timers) {
            break;
        }
        if (child + 1 < loop->timers && before(loop->heap[child + 1], loop->heap[child])) {
            child++;
        }
        if (!before(loop->heap[child], timer)) {
            break;
        }
        place(loop, loop->heap[child], slot);
        slot = child;
    }
    place(loop, timer, slot);
}

void hf_timer_init(struct hf_timer *timer, struct hf_loop *loop,
                   void (*fire)(struct hf_timer *timer))
{
    *timer = (struct hf_timer){.fire = fire, .loop = loop->root, .slot = NOT_ARMED};
}

enum hf_rc hf_timer_arm(struct hf_timer *timer, uint64_t delay_ns)
{
    struct hf_loop *loop = timer->loop;
    if (loop->timers == loop->timer_cap && timer->slot == NOT_ARMED) {
        size_t cap = loop->timer_cap == 0 ? 16 : 2 * loop->timer_cap;
        struct hf_timer **grown = hf_heap_resize(loop->heap, cap, sizeof(void *));
        if (grown == NULL) {
            return HF_ENOMEM;
        }
        loop->heap = grown;
        loop->timer_cap = cap;
    }
    hf_timer_cancel(timer);
    uint64_t now = hf_env_mono_ns(loop->env);
    timer->due_ns = delay_ns > UINT64_MAX - now ? UINT64_MAX : now + delay_ns;
    timer->order = loop->order++;
    sift_up(loop, timer, loop->timers++);
    return HF_OK;
}

void hf_timer_cancel(struct hf_timer *timer)
{
    struct hf_loop *loop = timer->loop;
    size_t slot = timer->slot;
    if (slot == NOT_ARMED) {
        return;
    }
    timer->slot = NOT_ARMED;
    struct hf_timer *last = loop->heap[--loop->timers];
    if (last == timer) {
        return;
    }
    if (slot > 0 && before(last, loop->heap[(slot - 1) / 2])) {
        sift_up(loop, last, slot);
    } else {
        sift_down(loop, last, slot);
    }
}

bool hf_timer_armed(const struct hf_timer *timer)
{
    return timer->slot != NOT_ARMED;
}

/* Fires what is due now; a timer armed meanwhile waits for the next turn even when it is due. */
static void fire_due(struct hf_loop *loop)
{
    uint64_t now = hf_env_mono_ns(loop->env);
    uint64_t limit = loop->order;
    while (loop->timers > 0 && loop->heap[0]->due_ns <= now && loop->heap[0]->order < limit) {
        struct hf_timer *timer = loop->heap[0];
        hf_timer_cancel(timer);
        timer->fire(timer);
    }
}

/* running */

static bool anything(const struct hf_loop *loop)
{
    return !hf_queue_empty(&loop->ready) || loop->timers > 0 || loop->pending > 0;
}

bool hf_loop_step(struct hf_loop *loop)
{
    HF_ASSERT(loop->root == loop);
    if (!anything(loop)) {
        return false;
    }
    uint64_t wait_ns = UINT64_MAX;
    if (!hf_queue_empty(&loop->ready)) {
        wait_ns = 0;
    } else if (loop->timers > 0) {
        uint64_t now = hf_env_mono_ns(loop->env);
        wait_ns = loop->heap[0]->due_ns > now ? loop->heap[0]->due_ns - now : 0;
    }
    loop->ops->poll(loop, wait_ns);
    fire_due(loop);
    run_ready(loop);
    return true;
}

void hf_loop_run(struct hf_loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped && hf_loop_step(loop)) {
    }
}

void hf_loop_stop(struct hf_loop *loop)
{
    loop->root->stopped = true;
}

/* handed on to the back end */

enum hf_rc hf_work_submit(struct hf_loop *loop, struct hf_work *work)
{
    work->loop = loop->root;
    return work->loop->ops->work(work->loop, work);
}

enum hf_rc hf_waker_open(struct hf_loop *loop, struct hf_waker *waker)
{
    waker->loop = loop->root;
    return waker->loop->ops->waker_open(waker->loop, waker);
}

void hf_waker_wake(struct hf_waker *waker)
{
    waker->loop->ops->waker_wake(waker);
}

void hf_waker_close(struct hf_waker *waker)
{
    waker->loop->ops->waker_close(waker);
}

enum hf_rc hf_watch_open(struct hf_loop *loop, struct hf_watch *watch, const char *path,
                         struct hf_err *err)
{
    watch->loop = loop->root;
    return watch->loop->ops->watch_open(watch->loop, watch, path, err);
}

void hf_watch_close(struct hf_watch *watch)
{
    watch->loop->ops->watch_close(watch);
}

enum hf_rc hf_poll_open(struct hf_loop *loop, struct hf_poll *poll, int fd, struct hf_err *err)
{
    poll->loop = loop->root;
    poll->events = 0;
    return poll->loop->ops->poll_open(poll->loop, poll, fd, err);
}

void hf_poll_set(struct hf_poll *poll, unsigned events)
{
    if (poll->events != events) {
        poll->events = events;
        poll->loop->ops->poll_set(poll);
    }
}

void hf_poll_close(struct hf_poll *poll)
{
    poll->events = 0;
    poll->loop->ops->poll_close(poll);
}

enum hf_rc hf_signal_open(struct hf_loop *loop, struct hf_signal *sig, int number, bool keeps_alive,
                          struct hf_err *err)
{
    sig->loop = loop->root;
    return sig->loop->ops->signal_open(sig->loop, sig, number, keeps_alive, err);
}

void hf_signal_close(struct hf_signal *sig)
{
    sig->loop->ops->signal_close(sig);
}
