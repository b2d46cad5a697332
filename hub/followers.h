/* hub/followers.h: who waits for the region's log to grow.
 *
 * A follower has taken an exchange over from its call. It waits, costing no more than its struct,
 * until the log grows (once for each commit, however many entries it has); then it gets slices of
 * the loop's time, in turn with the others, until it waits again.
 * Threads: the loop's.
 */
#ifndef HF_HUB_FOLLOWERS_H
#define HF_HUB_FOLLOWERS_H

#include "base/http/server.h"
#include "base/loop.h"
#include "base/queue.h"

struct hf_hub;

/* What an exchange's slot holds: a call, or what took the exchange over from it. */
struct hf_hub_holder {
    void (*over)(struct hf_hub_holder *holder);
    void (*drained)(struct hf_hub_holder *holder); /* may be NULL */
};

struct hf_hub_follower {
    struct hf_hub_holder holder;
    struct hf_hub *hub;
    struct hf_http_exchange *exchange;
    /* One slice of work; ends with hf_hub_follower_wait or _ready, or with the exchange answered
     * (which may free the follower). When the Hub closes it must answer. */
    void (*run)(struct hf_hub_follower *follower);
    struct hf_queue node;
};

struct hf_hub_followers {
    struct hf_loop *loop;
    struct hf_queue waiting;
    struct hf_queue ready;
    struct hf_task task;
    bool closing;
};

void hf_hub_followers_init(struct hf_hub_followers *followers, struct hf_loop *loop);
/* Each runs a last time, at once. */
void hf_hub_followers_close(struct hf_hub_followers *followers);

/* Until the log grows. */
void hf_hub_follower_wait(struct hf_hub_follower *follower);
/* A slice as soon as it is its turn. */
void hf_hub_follower_ready(struct hf_hub_follower *follower);
/* Neither: something else will call one of the two. Also before it is freed. */
void hf_hub_follower_leave(struct hf_hub_follower *follower);
/* The log grew. */
void hf_hub_followers_wake(struct hf_hub_followers *followers);

#endif
