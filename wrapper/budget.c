/* wrapper/budget.c: asks the agent how the budgets stand, and keeps what they would do. */
#include "wrapper/budget.h"

#include "base/assert.h"
#include "base/file.h"
#include "base/json_in.h"

#define SECOND     UINT64_C(1000000000)
#define EVERY_NS   (5 * SECOND)
#define SOON_NS    (SECOND / 4) /* what was metered together is asked about once */
#define ANSWER_MAX 8192
#define WORD_MAX   16

static const char *const words[] = {[HF_WRAPPER_BUDGET_NONE] = "none",
                                    [HF_WRAPPER_BUDGET_WARN] = "warn",
                                    [HF_WRAPPER_BUDGET_ASK] = "ask",
                                    [HF_WRAPPER_BUDGET_DENY] = "deny"};

struct hf_str hf_wrapper_budget_word(const struct hf_wrapper_budget *budget)
{
    return hf_str_c(words[budget->stand.strictest]);
}

/* What is no word of ours is as strict as can be. */
static enum hf_wrapper_budget_action action_of(struct hf_str word)
{
    unsigned action = HF_WRAPPER_BUDGET_NONE;
    while (action < HF_WRAPPER_BUDGET_DENY && !hf_str_eq(word, hf_str_c(words[action]))) {
        action++;
    }
    return (enum hf_wrapper_budget_action)action;
}

/* One budget: what it means for a call. */
static enum hf_policy_facts_budget weigh(const struct hf_json *budget)
{
    struct hf_str state = hf_json_get_str(budget, "state");
    struct hf_str action = hf_json_get_str(budget, "action");
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

enum hf_rc hf_wrapper_budget_read(struct hf_bytes answer, struct hf_wrapper_budget_stand *ret,
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
    struct hf_wrapper_budget_stand stand = {HF_POLICY_FACTS_BUDGET_NONE, HF_WRAPPER_BUDGET_NONE};
    for (size_t i = 0; i < hf_json_count(list); i++) {
        enum hf_policy_facts_budget one = weigh(hf_json_at(list, i));
        enum hf_wrapper_budget_action action =
            action_of(hf_json_get_str(hf_json_at(list, i), "action"));
        stand.state = rank(one) > rank(stand.state) ? one : stand.state;
        stand.strictest = action > stand.strictest ? action : stand.strictest;
    }
    hf_json_free(doc);
    *ret = stand;
    return HF_OK;
}

/* on the disk */

static void keep(const struct hf_wrapper_budget *budget)
{
    struct hf_err err = {0};
    struct hf_str word = hf_wrapper_budget_word(budget);
    if (hf_file_replace(budget->file, hf_str_bytes(word), 0600, &err) != HF_OK) {
        hf_log(budget->logger, HF_LOG_WARN, "budgets.not_kept", hf_f_err(&err));
    }
}

static void load(struct hf_wrapper_budget *budget)
{
    struct hf_buf text = hf_buf_init(WORD_MAX);
    struct hf_err err = {0};
    enum hf_rc rc = hf_file_read(budget->file, &text, &err);
    if (rc != HF_ENOTFOUND) {
        budget->stand.strictest =
            rc == HF_OK ? action_of(hf_bytes_str(hf_buf_bytes(&text))) : HF_WRAPPER_BUDGET_DENY;
    }
    hf_buf_free(&text);
}

void hf_wrapper_budget_learn(struct hf_wrapper_budget *budget, struct hf_str word)
{
    enum hf_wrapper_budget_action action = action_of(word);
    if (action != budget->stand.strictest) {
        budget->stand.strictest = action;
        keep(budget);
    }
}

/* asking */

static void answered(struct hf_http_call *call)
{
    struct hf_wrapper_budget *budget = HF_CONTAINER_OF(call, struct hf_wrapper_budget, call);
    struct hf_wrapper_budget_stand stand = budget->stand;
    budget->asking = false;
    if (call->rc == HF_OK && call->status == 200 &&
        hf_wrapper_budget_read(hf_buf_bytes(&call->answer), &stand, /* err= */ NULL) == HF_OK) {
        bool other = stand.strictest != budget->stand.strictest;
        budget->known = true;
        budget->stand = stand;
        if (other) {
            keep(budget);
        }
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
                            struct hf_http_client *client, const struct hf_logger *logger,
                            const char *file)
{
    *budget = (struct hf_wrapper_budget){.client = client, .logger = logger, .file = file};
    load(budget);
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
