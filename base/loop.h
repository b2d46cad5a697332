/* base/loop.h: the event loop: tasks, timers, work on other threads, wake-ups.
 *
 * One loop, one thread. Two back ends: libuv (hf_loop_uv_new) and virtual time
 * (hf_loop_sim_new), the same code above. Rules that hold on both:
 * - No callback runs inside the call that asked for it; everything goes through the loop.
 * - The structs below are embedded by their owner, who keeps them in place until their callback
 *   ran or their cancel returned.
 * - Equal due times fire in the order in which they were armed (determinism).
 * Threads: all functions on the loop's own thread, except hf_waker_wake.
 */
#ifndef HF_BASE_LOOP_H
#define HF_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/env.h"
#include "base/err.h"
#include "base/queue.h"

struct hf_loop;

/* Gives a loop on libuv with env hf_env_os; free with hf_loop_free. */
enum hf_rc hf_loop_uv_new(struct hf_loop **ret_loop, struct hf_err *err);

/* Gives a loop on virtual time: when nothing is ready, time jumps to the next timer. Work runs
 * on the loop's own thread, as an event of its own, after work_delay_ns of virtual time.
 * Borrows sim for the loop's life. */
enum hf_rc hf_loop_sim_new(struct hf_env_sim *sim, uint64_t work_delay_ns,
                           struct hf_loop **ret_loop, struct hf_err *err);

/* Gives one machine of a simulation: what is posted, armed and opened on it runs on `root` (a loop
 * of hf_loop_sim_new, borrowed), but its clock is another. It is run by running root; free it with
 * hf_loop_free once nothing of it is pending. Borrows env (hf_env_machine) for its life. */
enum hf_rc hf_loop_sim_machine(struct hf_loop *root, struct hf_env *env, struct hf_loop **ret_loop,
                               struct hf_err *err);

/* Nothing may be pending any more (asserted). NULL is fine. */
void hf_loop_free(struct hf_loop *loop);

struct hf_env *hf_loop_env(struct hf_loop *loop);

/* Runs until hf_loop_stop, or until nothing is pending (no task, no armed timer, no work in
 * flight, no referenced watcher). */
void hf_loop_run(struct hf_loop *loop);
/* Runs what is ready now and at most one wait; false when nothing is pending. */
bool hf_loop_step(struct hf_loop *loop);
void hf_loop_stop(struct hf_loop *loop);

/* A task: runs once, soon, on the loop. */
struct hf_task {
    /* public */
    void (*run)(struct hf_task *task);
    /* private */
    struct hf_queue node;
    bool queued;
};

void hf_task_init(struct hf_task *task, void (*run)(struct hf_task *task));
/* Queues it; a task that is queued already stays where it is. */
void hf_task_post(struct hf_loop *loop, struct hf_task *task);
void hf_task_cancel(struct hf_task *task);

/* A timer: fires once; arm it again in the callback for a period. */
struct hf_timer {
    /* public */
    void (*fire)(struct hf_timer *timer);
    /* private */
    struct hf_loop *loop;
    uint64_t due_ns;
    uint64_t order;
    size_t slot; /* place in the heap, SIZE_MAX when not armed */
};

void hf_timer_init(struct hf_timer *timer, struct hf_loop *loop,
                   void (*fire)(struct hf_timer *timer));
/* Arms or re-arms. HF_ENOMEM only when more timers are armed than ever before. */
enum hf_rc hf_timer_arm(struct hf_timer *timer, uint64_t delay_ns);
void hf_timer_cancel(struct hf_timer *timer);
bool hf_timer_armed(const struct hf_timer *timer);

/* Blocking work on another thread: `run` there, then `done` on the loop. `run` touches only what
 * it was handed; what it computed returns through the struct around the request. */
struct hf_work {
    /* public */
    void (*run)(struct hf_work *work);
    void (*done)(struct hf_work *work);
    /* private */
    struct hf_loop *loop;
    void *impl;
    struct hf_timer delay; /* loop_sim */
};

enum hf_rc hf_work_submit(struct hf_loop *loop, struct hf_work *work);

/* Wakes the loop from any thread: `woken` runs on the loop at least once after the last wake.
 * Closing is finished when `closed` runs; the struct stays in place until then. */
struct hf_waker {
    /* public */
    void (*woken)(struct hf_waker *waker);
    void (*closed)(struct hf_waker *waker); /* may be NULL */
    /* private */
    struct hf_loop *loop;
    void *impl;
    struct hf_task task; /* loop_sim */
};

enum hf_rc hf_waker_open(struct hf_loop *loop, struct hf_waker *waker);
void hf_waker_wake(struct hf_waker *waker); /* any thread */
void hf_waker_close(struct hf_waker *waker);

/* Watches a file for changes of its bytes (inotify on libuv). `changed` runs on the loop, at
 * least once after the last change. loop_sim answers HF_ENOSYS. Same closing rule as hf_waker. */
struct hf_watch {
    /* public */
    void (*changed)(struct hf_watch *watch);
    void (*closed)(struct hf_watch *watch); /* may be NULL */
    /* private */
    struct hf_loop *loop;
    void *impl;
};

enum hf_rc hf_watch_open(struct hf_loop *loop, struct hf_watch *watch, const char *path,
                         struct hf_err *err);
void hf_watch_close(struct hf_watch *watch);

/* Watches a descriptor (socket, pipe) for readiness. `ready` runs on the loop with the events that
 * are asked for and there; an error or hang-up counts as both. loop_sim answers HF_ENOSYS. Same
 * closing rule as hf_waker; the descriptor stays the caller's and is closed after `closed` ran. */
enum {
    HF_POLL_READ = 1,
    HF_POLL_WRITE = 2,
};

struct hf_poll {
    /* public */
    void (*ready)(struct hf_poll *poll, unsigned events);
    void (*closed)(struct hf_poll *poll); /* may be NULL */
    /* private */
    struct hf_loop *loop;
    void *impl;
    unsigned events;
};

enum hf_rc hf_poll_open(struct hf_loop *loop, struct hf_poll *poll, int fd, struct hf_err *err);
/* Changes what is asked for; 0: nothing. */
void hf_poll_set(struct hf_poll *poll, unsigned events);
void hf_poll_close(struct hf_poll *poll);

/* Watches for a signal (SIGINT, SIGTERM, ...); keeps the loop running only if `keeps_alive`.
 * loop_sim answers HF_ENOSYS. Same closing rule. */
struct hf_signal {
    /* public */
    void (*caught)(struct hf_signal *sig, int number);
    void (*closed)(struct hf_signal *sig); /* may be NULL */
    /* private */
    struct hf_loop *loop;
    void *impl;
};

enum hf_rc hf_signal_open(struct hf_loop *loop, struct hf_signal *sig, int number, bool keeps_alive,
                          struct hf_err *err);
void hf_signal_close(struct hf_signal *sig);

#endif
