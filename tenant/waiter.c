/* tenant/waiter.c: requests on the agent's socket that wait until there is something to answer. */
#include "tenant/waiter.h"

#include "base/assert.h"
#include "base/heap.h"
#include "tenant/agent.h"

#define SECOND UINT64_C(1000000000)

struct waiter {
    struct hf_agent_holder holder;
    struct hf_queue node;
    struct hf_timer timer;
    struct hf_agent *agent;
    struct hf_http_exchange *exchange;
    hf_agent_prepare_fn *prepare;
    struct hf_agent_question question;
};

static void give(struct hf_agent_reply *reply, struct hf_http_exchange *exchange)
{
    if (reply->rc == HF_OK && reply->text.failed != HF_OK) {
        reply->rc = hf_err_set(&reply->err, reply->text.failed, "no memory for the answer");
    }
    if (reply->rc == HF_OK) {
        hf_http_answer(exchange, 200, "application/json", hf_buf_bytes(&reply->text));
    } else {
        hf_http_problem(exchange, 503, "try-again", reply->err.text);
    }
    hf_buf_free(&reply->text);
}

static void free_waiter(struct waiter *waiter)
{
    hf_queue_remove(&waiter->node);
    hf_timer_cancel(&waiter->timer);
    hf_heap_free(waiter);
}

/* The answer may be the exchange's end, so the waiter goes before it. */
static void finish(struct waiter *waiter, bool anyway)
{
    struct hf_agent_reply reply;
    struct hf_http_exchange *exchange = waiter->exchange;
    if (waiter->prepare(waiter->agent, &waiter->question, anyway, &reply)) {
        hf_http_exchange_set_user(exchange, NULL);
        free_waiter(waiter);
        give(&reply, exchange);
    }
}

static void waited(struct hf_timer *timer)
{
    finish(HF_CONTAINER_OF(timer, struct waiter, timer), /* anyway= */ true);
}

static void over(struct hf_agent_holder *holder)
{
    free_waiter(HF_CONTAINER_OF(holder, struct waiter, holder));
}

void hf_agent_waiters_wake(struct hf_agent *agent, hf_agent_prepare_fn *prepare)
{
    HF_QUEUE_FOREACH_SAFE (node, &agent->waiting) {
        struct waiter *waiter = HF_CONTAINER_OF(node, struct waiter, node);
        if (waiter->prepare == prepare) {
            finish(waiter, /* anyway= */ false);
        }
    }
}

void hf_agent_waiters_end(struct hf_agent *agent)
{
    HF_QUEUE_FOREACH_SAFE (node, &agent->waiting) {
        finish(HF_CONTAINER_OF(node, struct waiter, node), /* anyway= */ true);
    }
}

void hf_agent_answer_or_wait(struct hf_agent *agent, struct hf_http_exchange *exchange,
                             hf_agent_prepare_fn *prepare, const struct hf_agent_question *question,
                             uint64_t wait_s)
{
    struct hf_agent_reply reply;
    if (prepare(agent, question, /* anyway= */ wait_s == 0, &reply)) {
        give(&reply, exchange);
        return;
    }
    struct waiter *waiter = hf_heap_zalloc(1, sizeof *waiter);
    if (waiter == NULL) {
        hf_http_problem(exchange, 503, "try-again", "no memory to wait");
        return;
    }
    waiter->holder.over = over;
    waiter->agent = agent;
    waiter->exchange = exchange;
    waiter->prepare = prepare;
    waiter->question = *question;
    hf_queue_push(&agent->waiting, &waiter->node);
    hf_timer_init(&waiter->timer, agent->loop, waited);
    (void)hf_timer_arm(&waiter->timer, wait_s * SECOND);
    hf_http_exchange_set_user(exchange, &waiter->holder);
}

bool hf_agent_query_next(struct hf_str *query, struct hf_str *ret_key, struct hf_str *ret_value)
{
    if (query->len == 0) {
        return false;
    }
    const char *end = memchr(query->ptr, '&', query->len);
    size_t len = end == NULL ? query->len : (size_t)(end - query->ptr);
    const char *equals = memchr(query->ptr, '=', len);
    if (equals == NULL) {
        return false;
    }
    size_t key = (size_t)(equals - query->ptr);
    *ret_key = (struct hf_str){query->ptr, key};
    *ret_value = (struct hf_str){equals + 1, len - key - 1};
    size_t taken = len + (end == NULL ? 0 : 1);
    *query = (struct hf_str){query->ptr + taken, query->len - taken};
    return true;
}
