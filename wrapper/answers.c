/* wrapper/answers.c: the long poll, and who it is for. */
#include "wrapper/answers.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/json_in.h"
#include "base/parse.h"

#define SECOND     UINT64_C(1000000000)
#define WAIT_S     20
#define RETRY_NS   (SECOND / 2)
#define ANSWER_MAX (128u << 10) /* 100 answers of some 300 bytes */

struct hf_answers {
    struct hf_loop *loop;
    struct hf_http_client *client;
    struct hf_queue waiting;
    struct hf_http_call call;
    struct hf_timer timer; /* after a failure */
    char url[96];
    uint64_t epoch; /* of the tenant's log; 0: not known */
    uint64_t next;  /* index to ask from */
    bool busy;
};

static void poll(struct hf_answers *a);

static struct hf_waiting *find(struct hf_answers *a, struct hf_str approval,
                               const struct hf_hash *request)
{
    HF_QUEUE_FOREACH (node, &a->waiting) {
        HF_ASSERT(node != NULL); /* the analyzer does not know that the queue is a ring */
        struct hf_waiting *w = HF_CONTAINER_OF(node, struct hf_waiting, node);
        if (hf_str_eq(hf_str_c(w->approval), approval) && hf_hash_eq(&w->request, request)) {
            return w;
        }
    }
    return NULL;
}

static void take_decision(struct hf_answers *a, const struct hf_json *item)
{
    const struct hf_json *name = hf_json_get_kind(item, "approval", HF_JSON_STR);
    const struct hf_json *request = hf_json_get_kind(item, "request", HF_JSON_STR);
    const struct hf_json *decision = hf_json_get_kind(item, "decision", HF_JSON_STR);
    const struct hf_json *until = hf_json_get_kind(item, "not_after", HF_JSON_STR);
    struct hf_hash hash;
    size_t len = 0;
    uint64_t index = 0;
    int64_t not_after = 0;
    if (name == NULL || request == NULL || decision == NULL || until == NULL ||
        !hf_json_take_u64(item, "index", UINT64_MAX, &index) ||
        hf_hex_decode(hf_json_as_str(request), hash.b, sizeof hash.b, &len, NULL) != HF_OK ||
        len != sizeof hash.b || hf_parse_time_us(hf_json_as_str(until), &not_after) != HF_OK) {
        return;
    }
    struct hf_waiting *w = find(a, hf_json_as_str(name), &hash);
    if (w != NULL) {
        w->approved = hf_str_eq(hf_json_as_str(decision), HF_STR("approved")) &&
                      not_after > hf_env_wall_us(hf_loop_env(a->loop));
        w->delivered = index;
        hf_queue_remove(&w->node);
        w->answered(w);
    }
}

/* What was asked for in the epoch before may be answered in this one: all of it is looked at. */
static bool take_answer(struct hf_answers *a, const struct hf_json *root)
{
    const struct hf_json *decisions = hf_json_get_kind(root, "decisions", HF_JSON_ARRAY);
    uint64_t epoch = 0;
    uint64_t next = 0;
    if (decisions == NULL || !hf_json_take_u64(root, "epoch", UINT64_MAX, &epoch) ||
        !hf_json_take_u64(root, "next", UINT64_MAX, &next)) {
        return false;
    }
    bool moved = a->epoch != 0 && epoch != a->epoch;
    a->epoch = epoch;
    a->next = moved ? 0 : next;
    for (size_t i = 0; i < hf_json_count(decisions) && !moved; i++) {
        take_decision(a, hf_json_at(decisions, i));
    }
    return true;
}

static void answered(struct hf_http_call *call)
{
    struct hf_answers *a = HF_CONTAINER_OF(call, struct hf_answers, call);
    struct hf_json_doc *doc = NULL;
    a->busy = false;
    bool good = call->rc == HF_OK && call->status == 200 &&
                hf_json_parse(hf_buf_bytes(&call->answer), &doc, /* err= */ NULL) == HF_OK &&
                take_answer(a, hf_json_root(doc));
    hf_json_free(doc);
    hf_buf_free(&call->answer);
    if (good) {
        poll(a);
    } else {
        (void)hf_timer_arm(&a->timer, RETRY_NS);
    }
}

static void poll(struct hf_answers *a)
{
    if (a->busy || hf_queue_empty(&a->waiting)) {
        return;
    }
    (void)snprintf(a->url, sizeof a->url, "http://agent/v1/decisions?from=%llu&wait_s=%d",
                   (unsigned long long)a->next, WAIT_S);
    a->call = (struct hf_http_call){.method = "GET",
                                    .url = a->url,
                                    .timeout_ns = (WAIT_S + 10) * SECOND,
                                    .answer_max = ANSWER_MAX,
                                    .done = answered};
    a->busy = true;
    hf_http_call_start(a->client, &a->call);
}

static void again(struct hf_timer *timer)
{
    poll(HF_CONTAINER_OF(timer, struct hf_answers, timer));
}

void hf_answers_wait(struct hf_answers *a, struct hf_waiting *waiting)
{
    /* An answer stands behind its request in the log. */
    if (!a->busy && hf_queue_empty(&a->waiting)) {
        a->next = waiting->asked;
        a->epoch = 0;
    }
    if (a->next > waiting->asked) { /* the answer overtook the news that the question is written */
        a->next = waiting->asked;
        if (a->busy) {
            hf_http_call_cancel(&a->call);
            a->busy = false;
        }
    }
    hf_queue_push(&a->waiting, &waiting->node);
    if (!hf_timer_armed(&a->timer)) {
        poll(a);
    }
}

void hf_answers_leave(struct hf_answers *a, struct hf_waiting *waiting)
{
    (void)a;
    hf_queue_remove(&waiting->node);
}

enum hf_rc hf_answers_new(struct hf_loop *loop, struct hf_http_client *client,
                          struct hf_answers **ret_answers, struct hf_err *err)
{
    struct hf_answers *a = hf_heap_zalloc(1, sizeof *a);
    if (a == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for people's answers");
    }
    a->loop = loop;
    a->client = client;
    hf_queue_init(&a->waiting);
    hf_timer_init(&a->timer, loop, again);
    *ret_answers = a;
    return HF_OK;
}

void hf_answers_free(struct hf_answers *a)
{
    if (a == NULL) {
        return;
    }
    hf_timer_cancel(&a->timer);
    if (a->busy) {
        hf_http_call_cancel(&a->call);
    }
    hf_heap_free(a);
}
