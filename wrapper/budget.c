/* wrapper/budget.c: asks the agent how the budgets stand. */
#include "wrapper/budget.h"

#include "base/assert.h"
#include "base/json_in.h"

#define SECOND     UINT64_C(1000000000)
#define EVERY_NS   (5 * SECOND)
#define SOON_NS    (SECOND / 4) /* what was metered together is asked about once */
#define ANSWER_MAX 8192

static struct hf_str text_of(const struct hf_json *object, const char *key)
{
    const struct hf_json *value =
        hf_json_kind(object) == HF_JSON_OBJECT ? hf_json_get(object, key) : NULL;
    return value != NULL && hf_json_kind(value) == HF_JSON_STR ? hf_json_as_str(value) : HF_STR("");
}

/* One budget: what it means for a call. */
static enum hf_policy_facts_budget weigh(const struct hf_json *budget)
{
    struct hf_str state = text_of(budget, "state");
    struct hf_str action = text_of(budget, "action");
    if (hf_str_eq(state, HF_STR("spent"))) {
        return hf_str_eq(action, HF_STR("warn"))  ? HF_POLICY_FACTS_BUDGET_WARN
               : hf_str_eq(action, HF_STR("ask")) ? HF_POLICY_FACTS_BUDGET_ASK
                                                  : HF_POLICY_FACTS_BUDGET_EXHAUSTED;
    }
    return hf_str_eq(state, HF_STR("open")) ? HF_POLICY_FACTS_BUDGET_OK
                                            : HF_POLICY_FACTS_BUDGET_WARN;
}

/* By how much it hinders. */
static unsigned rank(enum hf_policy_facts_budget state)
{
    static const unsigned ranks[HF_POLICY_FACTS_BUDGET_COUNT] = {
        [HF_POLICY_FACTS_BUDGET_NONE] = 0,      [HF_POLICY_FACTS_BUDGET_OK] = 1,
        [HF_POLICY_FACTS_BUDGET_WARN] = 2,      [HF_POLICY_FACTS_BUDGET_ASK] = 3,
        [HF_POLICY_FACTS_BUDGET_EXHAUSTED] = 4,
    };
    return ranks[state];
}

enum hf_rc hf_wrapper_budget_read(struct hf_bytes answer, enum hf_policy_facts_budget *ret,
                                  struct hf_err *err)
{
    struct hf_json_doc *doc = NULL;
    enum hf_rc rc = hf_json_parse(answer, &doc, err);
    if (rc != HF_OK) {
        return hf_err_set(err, HF_EINVAL, "the agent's answer about budgets is no JSON");
    }
    const struct hf_json *root = hf_json_root(doc);
    const struct hf_json *list =
        hf_json_kind(root) == HF_JSON_OBJECT ? hf_json_get(root, "budgets") : NULL;
    if (list == NULL || hf_json_kind(list) != HF_JSON_ARRAY) {
        hf_json_free(doc);
        return hf_err_set(err, HF_EINVAL, "the agent's answer has no budgets");
    }
    enum hf_policy_facts_budget worst = HF_POLICY_FACTS_BUDGET_NONE;
    for (size_t i = 0; i < hf_json_count(list); i++) {
        enum hf_policy_facts_budget one = weigh(hf_json_at(list, i));
        worst = rank(one) > rank(worst) ? one : worst;
    }
    hf_json_free(doc);
    *ret = worst;
    return HF_OK;
}

static void answered(struct hf_http_call *call)
{
    struct hf_wrapper_budget *budget = HF_CONTAINER_OF(call, struct hf_wrapper_budget, call);
    enum hf_policy_facts_budget state = HF_POLICY_FACTS_BUDGET_NONE;
    budget->asking = false;
    if (call->rc == HF_OK && call->status == 200 &&
        hf_wrapper_budget_read(hf_buf_bytes(&call->answer), &state, /* err= */ NULL) == HF_OK) {
        budget->known = true;
        budget->state = state;
    }
    hf_buf_free(&call->answer);
    (void)hf_timer_arm(&budget->timer, budget->known ? EVERY_NS : SECOND);
}

static void ask(struct hf_timer *timer)
{
    struct hf_wrapper_budget *budget = HF_CONTAINER_OF(timer, struct hf_wrapper_budget, timer);
    if (budget->asking) {
        return; /* its answer arms the timer */
    }
    budget->call = (struct hf_http_call){.method = "GET",
                                         .url = "http://agent/v1/budget",
                                         .timeout_ns = EVERY_NS,
                                         .answer_max = ANSWER_MAX,
                                         .done = answered};
    budget->asking = true;
    hf_http_call_start(budget->client, &budget->call);
}

void hf_wrapper_budget_open(struct hf_wrapper_budget *budget, struct hf_loop *loop,
                            struct hf_http_client *client)
{
    *budget = (struct hf_wrapper_budget){.client = client};
    hf_timer_init(&budget->timer, loop, ask);
    (void)hf_timer_arm(&budget->timer, 0);
}

void hf_wrapper_budget_soon(struct hf_wrapper_budget *budget)
{
    if (budget->client != NULL) { /* while it closes, the gateway's last words still come */
        (void)hf_timer_arm(&budget->timer, SOON_NS);
    }
}

void hf_wrapper_budget_close(struct hf_wrapper_budget *budget)
{
    if (budget->client == NULL) {
        return;
    }
    hf_timer_cancel(&budget->timer);
    if (budget->asking) {
        hf_http_call_cancel(&budget->call);
        hf_buf_free(&budget->call.answer);
        budget->asking = false;
    }
    budget->client = NULL;
}
