/* tests/unit/base/test_sm.c: state machines and the queues that hold their owners. */
#include "base/sm.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "base/queue.h"
#include "tests/harness/test.h"

enum door {
    CLOSED,
    OPEN,
    LOCKED,
    GONE,
};

static const struct hf_sm_state door_states[] = {
    [CLOSED] = {"CLOSED", HF_SM_TO(OPEN) | HF_SM_TO(LOCKED), HF_SM_INITIAL},
    [OPEN] = {"OPEN", HF_SM_TO(CLOSED) | HF_SM_TO(OPEN) | HF_SM_TO(GONE), 0},
    [LOCKED] = {"LOCKED", HF_SM_TO(CLOSED), HF_SM_INITIAL},
    [GONE] = {"GONE", HF_SM_TO(CLOSED), HF_SM_FINAL}, /* final wins over its mask */
};
static const struct hf_sm_conf door_conf = {"door", door_states, HF_LEN(door_states)};

static bool holds_unless_open(const struct hf_sm *sm)
{
    return sm->state != OPEN;
}

/* Runs act in a child. True when it aborts after writing text (NULL: any) to standard error. */
static bool aborts(void (*act)(int arg), int arg, const char *text)
{
    char output[512] = "";
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        act(arg);
        _exit(0);
    }
    (void)close(ends[1]);
    size_t len = 0;
    for (ssize_t got; (got = read(ends[0], output + len, sizeof output - 1 - len)) > 0;) {
        len += (size_t)got;
    }
    (void)close(ends[0]);
    int status = 0;
    bool waited = child > 0 && waitpid(child, &status, 0) == child;
    return waited && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
           (text == NULL || strstr(output, text) != NULL);
}

/* arg: from * 8 + to; the machine is placed at from without a move. */
static void act_move(int arg)
{
    struct hf_sm sm;
    hf_sm_init(&sm, &door_conf, NULL, CLOSED, 42);
    sm.state = arg / 8;
    hf_sm_move(&sm, arg % 8);
}

static void act_init(int state)
{
    struct hf_sm sm;
    hf_sm_init(&sm, &door_conf, NULL, state, 1);
}

static void act_invariant(int arg)
{
    (void)arg;
    struct hf_sm sm;
    hf_sm_init(&sm, &door_conf, holds_unless_open, CLOSED, 1);
    hf_sm_move(&sm, OPEN);
}

/* For all pairs of states: the move is made when table and flags allow it, else the process
 * aborts naming the machine, its number and both states. */
HF_TEST(every_move)
{
    for (int from = 0; from < door_conf.count; from++) {
        for (int to = 0; to < door_conf.count; to++) {
            bool allowed = (door_states[from].allowed & HF_SM_TO(to)) != 0 && from != GONE;
            char text[128];
            (void)snprintf(text, sizeof text, "door 42: %s -> %s", door_states[from].name,
                           door_states[to].name);
            HF_CHECK(aborts(act_move, from * 8 + to, text) == !allowed);
        }
        HF_CHECK(aborts(act_move, from * 8 + 4, NULL)); /* no such state */
    }
}

/* A machine starts only where its table says so, and an invariant that fails ends the process. */
HF_TEST(start_and_invariant)
{
    HF_CHECK(!aborts(act_init, CLOSED, NULL) && !aborts(act_init, LOCKED, NULL));
    HF_CHECK(aborts(act_init, OPEN, NULL) && aborts(act_init, GONE, NULL));
    HF_CHECK(aborts(act_init, -1, NULL) && aborts(act_init, 4, NULL));
    HF_CHECK(aborts(act_invariant, 0, "invariant"));
}

static void traced(void *arg, const struct hf_sm *sm, int from, int to)
{
    hf_writer_printf(arg, "%d:%d>%d ", (int)sm->id, from, to);
}

/* A walk to the end: names, the final flag and the trace of each move. */
HF_TEST(walk)
{
    char text[128];
    struct hf_writer w = hf_writer_init(text, sizeof text);
    struct hf_sm sm;
    hf_sm_init(&sm, &door_conf, NULL, LOCKED, 7);
    HF_CHECK_STR(hf_str_c(hf_sm_state_name(&sm)), HF_STR("LOCKED"));
    hf_sm_trace(&sm, traced, &w);
    hf_sm_move(&sm, CLOSED);
    hf_sm_move(&sm, OPEN);
    hf_sm_move(&sm, OPEN);
    HF_CHECK(!hf_sm_final(&sm));
    hf_sm_move(&sm, GONE);
    HF_CHECK(hf_sm_final(&sm) && sm.state == GONE);
    HF_CHECK_STR(hf_bytes_str(hf_writer_done(&w)), HF_STR("7:2>0 7:0>1 7:1>1 7:1>3 "));
}

/* The edges that are printed are those of the table; a machine of 64 states reaches its last. */
HF_TEST(edges)
{
    char text[256];
    struct hf_writer w = hf_writer_init(text, sizeof text);
    const struct hf_sm_conf hinged = {"hinged door", door_states, 3}; /* never gone */
    hf_sm_edges(&hinged, &w);
    HF_CHECK_STR(hf_bytes_str(hf_writer_done(&w)),
                 HF_STR("CLOSED -> OPEN\nCLOSED -> LOCKED\nOPEN -> CLOSED\nOPEN -> OPEN\n"
                        "LOCKED -> CLOSED\n"));
    struct hf_sm_state many[64];
    for (int i = 0; i < 64; i++) {
        many[i] = (struct hf_sm_state){"s", HF_SM_TO((i + 63) % 64), HF_SM_INITIAL};
    }
    struct hf_sm_conf conf = {"many", many, 64};
    struct hf_sm sm;
    hf_sm_init(&sm, &conf, NULL, 0, 1);
    hf_sm_move(&sm, 63);
    hf_sm_move(&sm, 62);
    HF_CHECK_U64(sm.state, 62);
}

struct item {
    int number;
    struct hf_queue node;
};

static int number_of(struct hf_queue *node)
{
    return HF_CONTAINER_OF(node, struct item, node)->number;
}

/* First in, first out; taking a node off twice is harmless; an empty queue gives NULL. */
HF_TEST(queue_order)
{
    struct item items[5];
    struct hf_queue head;
    hf_queue_init(&head);
    HF_CHECK(hf_queue_empty(&head) && hf_queue_pop(&head) == NULL);
    for (int i = 0; i < 5; i++) {
        items[i].number = i;
        hf_queue_push(&head, &items[i].node);
    }
    hf_queue_remove(&items[2].node);
    hf_queue_remove(&items[2].node);
    HF_CHECK(hf_queue_empty(&items[2].node));
    static const int expected[] = {0, 1, 3, 4};
    for (size_t i = 0; i < HF_LEN(expected); i++) {
        struct hf_queue *node = hf_queue_pop(&head);
        HF_CHECK(node != NULL && number_of(node) == expected[i] && hf_queue_empty(node));
    }
    HF_CHECK(hf_queue_empty(&head) && hf_queue_pop(&head) == NULL);
}

/* Moving one queue behind another, for all lengths of both from 0 to 3. */
HF_TEST(queue_splice)
{
    for (int a = 0; a <= 3; a++) {
        for (int b = 0; b <= 3; b++) {
            struct item items[6];
            struct hf_queue to, from;
            hf_queue_init(&to);
            hf_queue_init(&from);
            for (int i = 0; i < a + b; i++) {
                items[i].number = i;
                hf_queue_push(i < a ? &to : &from, &items[i].node);
            }
            hf_queue_splice(&to, &from);
            HF_CHECK(hf_queue_empty(&from));
            int next = 0;
            HF_QUEUE_FOREACH (node, &to) {
                HF_CHECK(number_of(node) == next++ && node->next->prev == node);
            }
            HF_CHECK(next == a + b);
            hf_queue_push(&from, &items[5].node); /* the emptied one still works */
            HF_CHECK(hf_queue_pop(&from) == &items[5].node);
        }
    }
}

/* Nodes may go while a queue is walked: those that random bits choose, then the rest. */
HF_TEST(queue_remove_in_walk)
{
    struct hf_env_sim env;
    hf_env_sim_init(&env, hf_test_seed());
    for (int round = 0; round < 200; round++) {
        struct item items[16];
        struct hf_queue head;
        uint16_t chosen;
        hf_env_random(&env.env, &chosen, sizeof chosen);
        hf_queue_init(&head);
        for (int i = 0; i < 16; i++) {
            items[i].number = i;
            hf_queue_push(&head, &items[i].node);
        }
        int seen = 0;
        HF_QUEUE_FOREACH_SAFE (node, &head) {
            HF_CHECK(number_of(node) == seen++);
            if ((chosen >> number_of(node) & 1) != 0) {
                hf_queue_remove(node);
            }
        }
        HF_CHECK(seen == 16);
        HF_QUEUE_FOREACH (node, &head) {
            HF_CHECK((chosen >> number_of(node) & 1) == 0);
            seen--;
        }
        HF_CHECK(seen == __builtin_popcount(chosen));
    }
}

HF_TEST_MAIN(HF_TEST_CASE(every_move), HF_TEST_CASE(start_and_invariant), HF_TEST_CASE(walk),
             HF_TEST_CASE(edges), HF_TEST_CASE(queue_order), HF_TEST_CASE(queue_splice),
             HF_TEST_CASE(queue_remove_in_walk))
