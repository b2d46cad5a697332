/* tests/unit/base/test_loop.c: the same scenarios on libuv and on virtual time. */
#include "base/loop.h"

#include "base/heap.h"
#include "base/loop_impl.h"
#include "tests/harness/test.h"

#define MS          UINT64_C(1000000)
#define THINGS      8
#define NEVER_IN_MS UINT64_C(3600000)

/* What a scenario works with: things that write their letter into a diary when they run. */
struct stage;

struct thing {
    struct hf_task task;
    struct hf_timer timer;
    struct hf_work work;
    struct hf_waker waker;
    struct stage *stage;
    void (*then)(struct stage *stage); /* what a callback does besides; may be NULL */
    char letter;
};

struct stage {
    struct hf_loop *loop;
    struct thing things[THINGS];
    char diary[64];
    size_t len;
};

static void note(struct stage *stage, char letter)
{
    HF_ASSERT(stage->len + 1 < sizeof stage->diary);
    stage->diary[stage->len++] = letter;
}

static void happened(struct thing *thing)
{
    note(thing->stage, thing->letter);
    if (thing->then != NULL) {
        thing->then(thing->stage);
    }
}

static void task_ran(struct hf_task *task)
{
    happened(HF_CONTAINER_OF(task, struct thing, task));
}

static void timer_fired(struct hf_timer *timer)
{
    happened(HF_CONTAINER_OF(timer, struct thing, timer));
}

static void work_ran(struct hf_work *work)
{
    struct thing *thing = HF_CONTAINER_OF(work, struct thing, work);
    thing->letter = (char)(thing->letter | 0x20); /* the result: a small letter */
}

static void work_done(struct hf_work *work)
{
    happened(HF_CONTAINER_OF(work, struct thing, work));
}

static void waker_woken(struct hf_waker *waker)
{
    happened(HF_CONTAINER_OF(waker, struct thing, waker));
}

static void waker_closed(struct hf_waker *waker)
{
    note(HF_CONTAINER_OF(waker, struct thing, waker)->stage, '.');
}

static void post(struct stage *stage, size_t i)
{
    hf_task_post(stage->loop, &stage->things[i].task);
}

static void arm(struct stage *stage, size_t i, uint64_t delay_ns)
{
    HF_ASSERT(hf_timer_arm(&stage->things[i].timer, delay_ns) == HF_OK);
}

/* tasks: A, B, .. in the order of posting; a second post changes nothing */
static void tasks_in_order(struct stage *stage)
{
    post(stage, 1);
    post(stage, 0);
    post(stage, 1);
    post(stage, 2);
    note(stage, '|'); /* nothing runs inside the call */
}

static void post_again(struct stage *stage)
{
    if (stage->len < 5) {
        post(stage, 0);
    }
}

/* A task that posts itself takes turns with the others. */
static void task_posts_itself(struct stage *stage)
{
    stage->things[0].then = post_again;
    post(stage, 0);
    post(stage, 1);
}

static void cancel_two(struct stage *stage)
{
    hf_task_cancel(&stage->things[1].task);
    hf_task_cancel(&stage->things[0].task); /* is running: not queued any more */
    hf_task_cancel(&stage->things[7].task); /* never was */
    hf_timer_cancel(&stage->things[3].timer);
}

/* A callback takes back a task of the very same turn and a timer. */
static void cancelled_by_a_task(struct stage *stage)
{
    stage->things[0].then = cancel_two;
    post(stage, 0);
    post(stage, 1);
    post(stage, 2);
    arm(stage, 3, 1000 * MS);
}

/* Due times far enough apart to be told apart by a real clock, armed out of order. */
static void timers_by_due(struct stage *stage)
{
    arm(stage, 3, 120 * MS);
    arm(stage, 1, 40 * MS);
    arm(stage, 0, 0);
    arm(stage, 2, 80 * MS);
    arm(stage, 4, 160 * MS);
    note(stage, '|');
}

/* Many timers due at the same time: the clock may move between two calls on libuv, the order of
 * arming must be kept nevertheless. */
static void timers_equal(struct stage *stage)
{
    for (size_t i = 0; i < THINGS; i++) {
        arm(stage, (i * 5 + 3) % THINGS, 3 * MS);
    }
}

/* Arming again moves a timer to the end of those that are due together. */
static void timer_rearmed(struct stage *stage)
{
    arm(stage, 0, MS);
    arm(stage, 1, 50 * MS);
    arm(stage, 2, 50 * MS);
    arm(stage, 0, 50 * MS);
    arm(stage, 3, NEVER_IN_MS * MS);
    arm(stage, 3, MS / 2);
}

static void timer_cancels_next(struct stage *stage)
{
    hf_timer_cancel(&stage->things[1].timer);
    hf_timer_cancel(&stage->things[1].timer);
    HF_ASSERT(!hf_timer_armed(&stage->things[0].timer));
    HF_ASSERT(hf_timer_armed(&stage->things[2].timer));
}

static void timer_cancelled_when_due(struct stage *stage)
{
    arm(stage, 0, MS);
    arm(stage, 1, MS);
    arm(stage, 2, MS);
    stage->things[0].then = timer_cancels_next;
}

static void arm_zero(struct stage *stage)
{
    if (stage->len < 6) {
        arm(stage, 0, 0);
        post(stage, 1);
    }
}

/* A timer that is always due cannot starve tasks: it waits for the next turn. */
static void period_of_nothing(struct stage *stage)
{
    arm(stage, 0, 0);
    stage->things[0].then = arm_zero;
}

static void stop(struct stage *stage)
{
    hf_loop_stop(stage->loop);
}

/* Stop ends the run after the turn; what is left runs with the next run (see run_scenario). */
static void stopped(struct stage *stage)
{
    arm(stage, 0, MS);
    arm(stage, 1, 100 * MS);
    stage->things[0].then = stop;
}

static void submit(struct stage *stage, size_t i)
{
    HF_ASSERT(hf_work_submit(stage->loop, &stage->things[i].work) == HF_OK);
}

static void submit_second(struct stage *stage)
{
    submit(stage, 1);
    note(stage, '|');
}

/* Work runs, then is done on the loop with its result; done may submit more. */
static void work_in_a_row(struct stage *stage)
{
    submit(stage, 0);
    note(stage, '|');
    stage->things[0].then = submit_second;
}

static void close_waker(struct stage *stage)
{
    hf_waker_close(&stage->things[0].waker);
    note(stage, '|'); /* closed does not run inside the call either */
}

/* Wakes before the loop looks are one wake; closing is told. */
static void waker_woken_twice(struct stage *stage)
{
    HF_ASSERT(hf_waker_open(stage->loop, &stage->things[0].waker) == HF_OK);
    hf_waker_wake(&stage->things[0].waker);
    hf_waker_wake(&stage->things[0].waker);
    note(stage, '|');
    stage->things[0].then = close_waker;
}

/* A wake that is still under way when the waker is closed does not arrive any more. */
static void waker_closed_at_once(struct stage *stage)
{
    HF_ASSERT(hf_waker_open(stage->loop, &stage->things[0].waker) == HF_OK);
    hf_waker_wake(&stage->things[0].waker);
    hf_waker_close(&stage->things[0].waker);
    hf_waker_wake(&stage->things[0].waker);
    note(stage, '|');
}

/* An owner that does not care about the end of closing. */
static void waker_closed_quietly(struct stage *stage)
{
    stage->things[0].waker.closed = NULL;
    HF_ASSERT(hf_waker_open(stage->loop, &stage->things[0].waker) == HF_OK);
    hf_waker_close(&stage->things[0].waker);
}

static void nothing(struct stage *stage)
{
    (void)stage;
}

static const struct {
    const char *name;
    void (*begin)(struct stage *stage);
    const char *diary; /* '/' where a run ended that stop had ended */
} scenarios[] = {
    {"nothing", nothing, ""},
    {"tasks in order", tasks_in_order, "|BAC"},
    {"a task posts itself", task_posts_itself, "ABAAA"},
    {"cancelled by a task", cancelled_by_a_task, "AC"},
    {"timers by due time", timers_by_due, "|ABCDE"},
    {"timers due together", timers_equal, "DAFCHEBG"},
    {"a timer armed again", timer_rearmed, "DBCA"},
    {"a timer cancelled when due", timer_cancelled_when_due, "AC"},
    {"a period of nothing", period_of_nothing, "ABABABA"},
    {"stopped", stopped, "A/B"},
    {"work in a row", work_in_a_row, "|a|b"},
    {"a waker woken twice", waker_woken_twice, "|A|."},
    {"a waker closed at once", waker_closed_at_once, "|."},
    {"a waker closed quietly", waker_closed_quietly, ""},
};

static void stage_init(struct stage *stage, struct hf_loop *loop)
{
    *stage = (struct stage){.loop = loop};
    for (size_t i = 0; i < THINGS; i++) {
        struct thing *thing = &stage->things[i];
        thing->stage = stage;
        thing->letter = (char)('A' + i);
        hf_task_init(&thing->task, task_ran);
        hf_timer_init(&thing->timer, loop, timer_fired);
        thing->work = (struct hf_work){.run = work_ran, .done = work_done};
        thing->waker = (struct hf_waker){.woken = waker_woken, .closed = waker_closed};
    }
}

/* Runs each scenario on the loop to its end and compares the diary. */
static void run_scenarios(struct hf_loop *loop, const char *back_end)
{
    for (size_t i = 0; i < HF_LEN(scenarios); i++) {
        struct stage stage;
        stage_init(&stage, loop);
        scenarios[i].begin(&stage);
        hf_loop_run(loop);
        if (loop->timers > 0) {
            note(&stage, '/');
            hf_loop_run(loop);
        }
        if (strcmp(stage.diary, scenarios[i].diary) != 0) {
            hf_test_fail(__FILE__, __LINE__, "%s on %s: \"%s\", expected \"%s\"", scenarios[i].name,
                         back_end, stage.diary, scenarios[i].diary);
            return;
        }
        HF_CHECK(!hf_loop_step(loop)); /* nothing is left behind */
    }
}

HF_TEST(scenarios_on_uv)
{
    struct hf_loop *loop = NULL;
    struct hf_err err = {0};
    HF_CHECK_OK(hf_loop_uv_new(&loop, &err), err);
    run_scenarios(loop, "libuv");
    hf_loop_free(loop);
}

/* Virtual time: for work that is done at once and for work that takes its time. */
HF_TEST(scenarios_on_sim)
{
    static const uint64_t delays[] = {0, 1, 5 * MS};
    for (size_t i = 0; i < HF_LEN(delays); i++) {
        struct hf_loop *loop = NULL;
        struct hf_env_sim env;
        struct hf_err err = {0};
        hf_env_sim_init(&env, hf_test_seed());
        HF_CHECK_OK(hf_loop_sim_new(&env, delays[i], &loop, &err), err);
        HF_CHECK(hf_loop_env(loop) == &env.env);
        run_scenarios(loop, "virtual time");
        hf_loop_free(loop);
    }
    hf_loop_free(NULL);
}

/* Virtual time jumps exactly to the timers, whatever they are; the last due time that there is
 * ("never", cut to what the clock can say) is no exception. */
HF_TEST(sim_time)
{
    struct hf_loop *loop = NULL;
    struct hf_env_sim env;
    struct stage stage;
    hf_env_sim_init(&env, 1);
    HF_CHECK_RC(hf_loop_sim_new(&env, 7, &loop, NULL), HF_OK);
    stage_init(&stage, loop);
    arm(&stage, 0, UINT64_MAX);
    arm(&stage, 1, NEVER_IN_MS * MS);
    submit(&stage, 2);
    int64_t wall = hf_env_wall_us(&env.env);
    HF_CHECK(hf_loop_step(loop));
    HF_CHECK_U64(hf_env_mono_ns(&env.env), 7);
    HF_CHECK(hf_loop_step(loop));
    HF_CHECK_U64(hf_env_mono_ns(&env.env), NEVER_IN_MS * MS);
    HF_CHECK(hf_env_wall_us(&env.env) - wall == (int64_t)NEVER_IN_MS * 1000);
    HF_CHECK_STR(hf_str_c(stage.diary), HF_STR("cB"));
    hf_timer_cancel(&stage.things[0].timer);
    HF_CHECK(!hf_loop_step(loop));
    hf_loop_free(loop);
    hf_env_sim_init(&env, 1);
    HF_CHECK_RC(hf_loop_sim_new(&env, 7, &loop, NULL), HF_OK);
    stage_init(&stage, loop);
    arm(&stage, 0, UINT64_MAX); /* from time 0 the wait itself is the greatest number */
    hf_loop_run(loop);
    HF_CHECK_STR(hf_str_c(stage.diary), HF_STR("A"));
    hf_loop_free(loop);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* Without memory loops are not made, and what needs memory says so and stays unarmed; what is
 * armed already can be armed again. */
HF_TEST(no_memory)
{
    struct hf_loop *loops[2] = {NULL, NULL};
    struct hf_env_sim env;
    struct hf_err err = {0};
    hf_env_sim_init(&env, 1);
    hf_heap_gate(never, NULL);
    enum hf_rc uv = hf_loop_uv_new(&loops[0], &err),
               sim = hf_loop_sim_new(&env, 0, &loops[1], &err);
    hf_heap_gate(NULL, NULL);
    HF_CHECK(uv == HF_ENOMEM && sim == HF_ENOMEM && loops[0] == NULL && loops[1] == NULL);
    HF_CHECK_RC(hf_loop_uv_new(&loops[0], &err), HF_OK);
    HF_CHECK_RC(hf_loop_sim_new(&env, 0, &loops[1], &err), HF_OK);
    for (size_t i = 0; i < HF_LEN(loops); i++) {
        struct stage stage;
        stage_init(&stage, loops[i]);
        hf_heap_gate(never, NULL);
        enum hf_rc timer = hf_timer_arm(&stage.things[0].timer, 1);
        enum hf_rc work = hf_work_submit(loops[i], &stage.things[0].work);
        hf_heap_gate(NULL, NULL);
        HF_CHECK(timer == HF_ENOMEM && work == HF_ENOMEM);
        HF_CHECK(!hf_timer_armed(&stage.things[0].timer) && !hf_loop_step(loops[i]));
        arm(&stage, 1, MS);
        hf_heap_gate(never, NULL);
        timer = hf_timer_arm(&stage.things[1].timer, 2 * MS);
        hf_heap_gate(NULL, NULL);
        HF_CHECK_RC(timer, HF_OK);
        hf_loop_run(loops[i]);
        HF_CHECK_STR(hf_str_c(stage.diary), HF_STR("B"));
        hf_loop_free(loops[i]);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(scenarios_on_uv), HF_TEST_CASE(scenarios_on_sim), HF_TEST_CASE(sim_time),
             HF_TEST_CASE(no_memory))
