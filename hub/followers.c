/* hub/followers.c: two queues, and slices in turn. */
#include "hub/followers.h"

#include "base/assert.h"
#include "base/env.h"
#include "hub/hub.h"

/* One turn of the loop gives slices to so many, or for so long: whoever calls meanwhile waits no
 * longer than that. */
#define SLICES_MAX 64
#define TURN_NS    UINT64_C(2000000)

static void run_some(struct hf_task *task)
{
    struct hf_hub_followers *f = HF_CONTAINER_OF(task, struct hf_hub_followers, task);
    struct hf_env *env = hf_loop_env(f->loop);
    uint64_t began_ns = hf_env_mono_ns(env);
    for (unsigned n = 0; n < SLICES_MAX && hf_env_mono_ns(env) - began_ns < TURN_NS; n++) {
        struct hf_queue *node = hf_queue_pop(&f->ready);
        if (node == NULL) {
            return;
        }
        struct hf_hub_follower *follower = HF_CONTAINER_OF(node, struct hf_hub_follower, node);
        follower->run(follower);
    }
    if (!hf_queue_empty(&f->ready)) {
        hf_task_post(f->loop, &f->task);
    }
}

void hf_hub_followers_init(struct hf_hub_followers *followers, struct hf_loop *loop)
{
    followers->loop = loop;
    followers->closing = false;
    hf_queue_init(&followers->waiting);
    hf_queue_init(&followers->ready);
    hf_task_init(&followers->task, run_some);
}

void hf_hub_followers_close(struct hf_hub_followers *followers)
{
    followers->closing = true;
    hf_queue_splice(&followers->ready, &followers->waiting);
    for (struct hf_queue *node; (node = hf_queue_pop(&followers->ready)) != NULL;) {
        struct hf_hub_follower *follower = HF_CONTAINER_OF(node, struct hf_hub_follower, node);
        follower->run(follower);
    }
    hf_task_cancel(&followers->task);
}

void hf_hub_follower_wait(struct hf_hub_follower *follower)
{
    hf_queue_remove(&follower->node);
    hf_queue_push(&follower->hub->followers.waiting, &follower->node);
}

void hf_hub_follower_ready(struct hf_hub_follower *follower)
{
    struct hf_hub_followers *followers = &follower->hub->followers;
    hf_queue_remove(&follower->node);
    hf_queue_push(&followers->ready, &follower->node);
    hf_task_post(followers->loop, &followers->task);
}

void hf_hub_follower_leave(struct hf_hub_follower *follower)
{
    hf_queue_remove(&follower->node);
}

void hf_hub_followers_wake(struct hf_hub_followers *followers)
{
    if (!hf_queue_empty(&followers->waiting)) {
        hf_queue_splice(&followers->ready, &followers->waiting);
        hf_task_post(followers->loop, &followers->task);
    }
}
