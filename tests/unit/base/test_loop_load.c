/* tests/unit/base/test_loop_load.c: many timers, and threads that wake and work for a loop. */
#include "base/loop.h"

#include <pthread.h>
#include <unistd.h>

#include "tests/harness/test.h"

#define MANY 200

struct herd;

struct model {
    struct hf_timer timer;
    struct herd *herd;
    uint64_t due, order; /* due 0: not armed */
};

struct herd {
    struct model models[MANY];
    size_t fired;
};

/* The timer that fires is the first of all armed ones in a plain search. */
static void model_fired(struct hf_timer *timer)
{
    struct model *model = HF_CONTAINER_OF(timer, struct model, timer);
    for (size_t i = 0; i < MANY; i++) {
        const struct model *m = &model->herd->models[i];
        bool after = m->due > model->due || (m->due == model->due && m->order >= model->order);
        HF_CHECK(m->due == 0 || after);
    }
    HF_CHECK_U64(hf_env_mono_ns(hf_loop_env(timer->loop)), model->due);
    model->due = 0;
    model->herd->fired++;
}

/* Random arming, re-arming and cancelling of 200 timers with many equal due times against a model
 * without a heap: order, times and number are the same. */
HF_TEST(timer_heap)
{
    struct hf_loop *loop = NULL;
    struct hf_env_sim env;
    struct herd herd = {0};
    size_t armed = 0;
    hf_env_sim_init(&env, hf_test_seed());
    HF_CHECK_RC(hf_loop_sim_new(&env, 0, &loop, NULL), HF_OK);
    for (size_t i = 0; i < MANY; i++) {
        herd.models[i].herd = &herd;
        hf_timer_init(&herd.models[i].timer, loop, model_fired);
    }
    for (uint64_t i = 0; i < 20000; i++) {
        uint8_t draw[3];
        hf_env_random(&env.env, draw, sizeof draw);
        struct model *model = &herd.models[draw[0] % MANY];
        uint64_t delay = UINT64_C(1) + draw[2] % 50u;
        if (draw[1] % 4 == 0) {
            hf_timer_cancel(&model->timer);
            model->due = 0;
        } else if (draw[1] % 16 == 1) {
            (void)hf_loop_step(loop);
        } else {
            HF_CHECK_RC(hf_timer_arm(&model->timer, delay), HF_OK);
            model->due = hf_env_mono_ns(&env.env) + delay;
            model->order = i;
        }
        HF_CHECK(hf_timer_armed(&model->timer) == (model->due != 0) && !hf_test_failed());
    }
    for (size_t i = 0; i < MANY; i++) {
        armed += herd.models[i].due != 0;
    }
    HF_CHECK(herd.fired > 1000 && armed > MANY / 10);
    herd.fired = 0;
    hf_loop_run(loop);
    HF_CHECK_U64(herd.fired, armed);
    hf_loop_free(loop);
}

struct crowd {
    struct hf_waker waker;
    struct hf_work work;
    pthread_t loop_thread;
    pthread_t work_thread;
    uint32_t counter; /* atomic: raised before each wake */
    uint32_t seen;
};

#define WAKES 1000
#define CROWD 4

static void *wakes(void *arg)
{
    struct crowd *crowd = arg;
    for (int i = 0; i < WAKES; i++) {
        (void)__atomic_add_fetch(&crowd->counter, 1, __ATOMIC_RELEASE);
        hf_waker_wake(&crowd->waker);
    }
    return NULL;
}

/* After the last wake this runs once more, so the loop ends only when nothing was lost. */
static void crowd_woken(struct hf_waker *waker)
{
    struct crowd *crowd = HF_CONTAINER_OF(waker, struct crowd, waker);
    crowd->seen = __atomic_load_n(&crowd->counter, __ATOMIC_ACQUIRE);
    HF_ASSERT(pthread_equal(pthread_self(), crowd->loop_thread) != 0);
    if (crowd->seen == CROWD * WAKES) {
        hf_loop_stop(waker->loop);
    }
}

/* Threads wake a loop on libuv at the same time: no last wake gets lost, all run on the loop. */
HF_TEST(wakes_from_threads)
{
    struct hf_loop *loop = NULL;
    struct crowd crowd = {.waker = {.woken = crowd_woken}, .loop_thread = pthread_self()};
    pthread_t threads[CROWD];
    HF_CHECK_RC(hf_loop_uv_new(&loop, NULL), HF_OK);
    HF_CHECK_RC(hf_waker_open(loop, &crowd.waker), HF_OK);
    for (size_t i = 0; i < CROWD; i++) {
        HF_CHECK(pthread_create(&threads[i], NULL, wakes, &crowd) == 0);
    }
    hf_loop_run(loop);
    for (size_t i = 0; i < CROWD; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    HF_CHECK_U64(crowd.seen, CROWD * WAKES);
    hf_waker_close(&crowd.waker);
    hf_loop_run(loop);
    hf_loop_free(loop);
}

static void crowd_works(struct hf_work *work)
{
    HF_CONTAINER_OF(work, struct crowd, work)->work_thread = pthread_self();
}

static void crowd_done(struct hf_work *work)
{
    struct crowd *crowd = HF_CONTAINER_OF(work, struct crowd, work);
    crowd->seen = pthread_equal(pthread_self(), crowd->loop_thread) != 0;
}

/* On libuv work runs on another thread and is done on the loop's own. */
HF_TEST(work_elsewhere)
{
    struct hf_loop *loop = NULL;
    struct crowd crowd = {.work = {.run = crowd_works, .done = crowd_done},
                          .loop_thread = pthread_self()};
    HF_CHECK_RC(hf_loop_uv_new(&loop, NULL), HF_OK);
    HF_CHECK_RC(hf_work_submit(loop, &crowd.work), HF_OK);
    hf_loop_run(loop);
    HF_CHECK(crowd.seen == 1 && pthread_equal(crowd.work_thread, crowd.loop_thread) == 0);
    hf_loop_free(loop);
}

struct metronome {
    struct hf_timer timer;
    struct hf_waker waker; /* keeps the loop waiting for descriptors */
    unsigned left;
};

static void never_woken(struct hf_waker *waker)
{
    (void)waker;
}

static void beat(struct hf_timer *timer)
{
    struct metronome *m = HF_CONTAINER_OF(timer, struct metronome, timer);
    if (--m->left == 0) {
        hf_loop_stop(timer->loop);
    } else {
        HF_CHECK_RC(hf_timer_arm(timer, 1000), HF_OK);
    }
}

/* Whenever a short timer's time passes on the way into the wait, the wait ends all the same: a
 * thousandth of them is hit. When one is slept over, the alarm ends the program. */
HF_TEST(short_timers)
{
    struct hf_loop *loop = NULL;
    struct metronome m = {.waker = {.woken = never_woken}, .left = 2500};
    HF_CHECK_RC(hf_loop_uv_new(&loop, NULL), HF_OK);
    HF_CHECK_RC(hf_waker_open(loop, &m.waker), HF_OK);
    hf_timer_init(&m.timer, loop, beat);
    (void)alarm(200);
    beat(&m.timer);
    hf_loop_run(loop);
    (void)alarm(0);
    HF_CHECK_U64(m.left, 0);
    hf_waker_close(&m.waker);
    hf_loop_run(loop);
    hf_loop_free(loop);
}

HF_TEST_MAIN(HF_TEST_CASE(timer_heap), HF_TEST_CASE(wakes_from_threads),
             HF_TEST_CASE(work_elsewhere), HF_TEST_CASE(short_timers))
