/* base/loop_impl.h: what the common core of loops and their back ends share; private to base/. */
#ifndef HF_BASE_LOOP_IMPL_H
#define HF_BASE_LOOP_IMPL_H

#include "base/loop.h"

struct hf_loop_ops {
    void (*close)(struct hf_loop *loop); /* frees the back end and the loop */
    /* Waits for events at most wait_ns (0: only looks, UINT64_MAX: as long as it takes). */
    void (*poll)(struct hf_loop *loop, uint64_t wait_ns);
    enum hf_rc (*work)(struct hf_loop *loop, struct hf_work *work);
    enum hf_rc (*waker_open)(struct hf_loop *loop, struct hf_waker *waker);
    void (*waker_wake)(struct hf_waker *waker);
    void (*waker_close)(struct hf_waker *waker);
    enum hf_rc (*watch_open)(struct hf_loop *loop, struct hf_watch *watch, const char *path,
                             struct hf_err *err);
    void (*watch_close)(struct hf_watch *watch);
    enum hf_rc (*poll_open)(struct hf_loop *loop, struct hf_poll *poll, int fd, struct hf_err *err);
    void (*poll_set)(struct hf_poll *poll);
    void (*poll_close)(struct hf_poll *poll);
    enum hf_rc (*signal_open)(struct hf_loop *loop, struct hf_signal *sig, int number,
                              bool keeps_alive, struct hf_err *err);
    void (*signal_close)(struct hf_signal *sig);
};

/* The head of every back end's loop. */
struct hf_loop {
    struct hf_loop
        *root; /* whose tasks and timers these are: itself, but for hf_loop_sim_machine */
    const struct hf_loop_ops *ops;
    struct hf_env *env;
    struct hf_queue ready; /* tasks */
    struct hf_timer **heap;
    size_t timers;
    size_t timer_cap;
    uint64_t order;
    size_t pending; /* work in flight, open watchers that keep the loop running */
    bool stopped;
};

void hf_loop_init(struct hf_loop *loop, const struct hf_loop_ops *ops, struct hf_env *env);
void hf_loop_fini(struct hf_loop *loop);

#endif
