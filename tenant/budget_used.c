/* tenant/budget_used.c: sums of the view of metering, and the calls of the socket about budgets. */
#include "tenant/budget_used.h"

#include "base/json_in.h"
#include "base/json_out.h"
#include "tenant/agent.h"

#define METERS_OF_ONE 5
#define TTL_S         600
#define TTL_MAX_S     86400
#define SECOND        UINT64_C(1000000000)

/* The view's meters that a budget's meter is the sum of. Reasoning is a part of what is written. */
static const char *const parts[HF_BUDGET_METERS][METERS_OF_ONE] = {
    [HF_BUDGET_TOKENS] = {"input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens"},
    [HF_BUDGET_REQUESTS] = {"requests"},
    [HF_BUDGET_EUR] = {"cost/EUR"},
    [HF_BUDGET_USD] = {"cost/USD"},
};

static uint64_t add(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

enum hf_rc hf_budget_used(struct hf_agent *agent, const struct hf_budget *budget,
                          struct hf_budget_used *ret, struct hf_err *err)
{
    struct hf_env *env = hf_loop_env(agent->loop);
    enum hf_rc rc = HF_OK;
    *ret = (struct hf_budget_used){.budget = budget};
    hf_period_of(budget->period, hf_env_wall_us(env), &ret->start_us, &ret->end_us);
    for (size_t i = 0; rc == HF_OK && parts[budget->meter][i] != NULL; i++) {
        uint64_t amount = 0;
        rc = hf_agent_views_sum(&agent->views, hf_str_c(parts[budget->meter][i]), ret->start_us,
                                ret->end_us, &amount, err);
        ret->used = add(ret->used, amount);
    }
    ret->reserved = hf_ledger_sum(&agent->budgets.ledger, budget->meter, hf_env_mono_ns(env));
    ret->state = hf_budget_state(budget, ret->used);
    return rc;
}

static void answer(struct hf_http_exchange *exchange, struct hf_buf *text)
{
    if (text->failed == HF_OK) {
        hf_http_answer(exchange, 200, "application/json", hf_buf_bytes(text));
    } else {
        hf_http_problem(exchange, 503, "try-again", "no memory for the answer");
    }
    hf_buf_free(text);
}

static void put_used(struct hf_json_out *json, const struct hf_budget_used *used)
{
    const struct hf_budget *budget = used->budget;
    hf_json_object_begin(json);
    hf_json_key_str(json, "meter", hf_str_c(hf_budget_meter_name(budget->meter)));
    hf_json_key_str(json, "period", hf_str_c(hf_period_name(budget->period)));
    hf_json_key(json, HF_STR("start"));
    hf_json_time_us(json, used->start_us);
    hf_json_key(json, HF_STR("end"));
    hf_json_time_us(json, used->end_us);
    hf_json_key_u64(json, "limit", budget->limit);
    hf_json_key_u64(json, "warn", budget->warn_percent);
    hf_json_key_str(json, "action", hf_str_c(hf_budget_action_name(budget->action)));
    hf_json_key_u64(json, "used", used->used);
    hf_json_key_u64(json, "reserved", used->reserved);
    hf_json_key_str(json, "state", hf_str_c(hf_budget_state_name(used->state)));
    hf_json_object_end(json);
}

void hf_agent_budget_show(struct hf_agent *agent, struct hf_http_exchange *exchange)
{
    struct hf_err err = {0};
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(4096);
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key(&json, HF_STR("budgets"));
    hf_json_array_begin(&json);
    for (size_t i = 0; i < HF_BUDGET_METERS; i++) {
        struct hf_budget_used used;
        if (agent->budgets.items[i].limit == 0) {
            continue;
        }
        if (hf_budget_used(agent, &agent->budgets.items[i], &used, &err) != HF_OK) {
            hf_buf_free(&text);
            hf_http_problem(exchange, 503, "try-again", err.text);
            return;
        }
        put_used(&json, &used);
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    answer(exchange, &text);
}

/* reserving */

struct wish {
    struct hf_str name;
    uint64_t amounts[HF_BUDGET_METERS];
    uint64_t ttl_s;
    bool agreed;
};

static enum hf_rc read_wish(const struct hf_json *root, struct wish *ret, struct hf_err *err)
{
    *ret = (struct wish){.ttl_s = TTL_S};
    if (hf_json_kind(root) != HF_JSON_OBJECT) {
        return hf_err_set(err, HF_EINVAL, "the body is not a JSON object");
    }
    for (size_t i = 0; i < hf_json_count(root); i++) {
        struct hf_str key;
        const struct hf_json *value = hf_json_member(root, i, &key);
        uint64_t *number = hf_str_eq(key, HF_STR("ttl_s")) ? &ret->ttl_s : NULL;
        for (size_t meter = 0; number == NULL && meter < HF_BUDGET_METERS; meter++) {
            bool is_it =
                hf_str_eq(key, hf_str_c(hf_budget_meter_name((enum hf_budget_meter)meter)));
            number = is_it ? &ret->amounts[meter] : NULL;
        }
        if (number != NULL && hf_json_to_u64(value, number) == HF_OK &&
            *number <= (number == &ret->ttl_s ? TTL_MAX_S : HF_BUDGET_LIMIT_MAX)) {
            continue;
        }
        if (hf_str_eq(key, HF_STR("reservation")) && hf_json_kind(value) == HF_JSON_STR) {
            ret->name = hf_json_as_str(value);
        } else if (hf_str_eq(key, HF_STR("agreed")) && hf_json_kind(value) == HF_JSON_BOOL) {
            ret->agreed = hf_json_as_bool(value);
        } else {
            return hf_err_set(err, HF_EINVAL,
                              "a reservation has reservation, ttl_s, agreed, and amounts of "
                              "tokens, requests, eur and usd");
        }
    }
    return hf_ledger_check_name(ret->name, err);
}

enum verdict {
    GO,
    WARN,
    ASK,
    DENY,
};

/* The worst that any budget says. A reservation that is asked for once more takes the place of
 * itself, so what it holds already counts only once. */
static enum hf_rc judge(struct hf_agent *agent, const struct wish *wish, enum verdict *ret_verdict,
                        enum hf_budget_meter *ret_meter, struct hf_err *err)
{
    static const enum verdict at_end[] = {
        [HF_BUDGET_WARN] = WARN, [HF_BUDGET_ASK] = ASK, [HF_BUDGET_DENY] = DENY};

    uint64_t now_ns = hf_env_mono_ns(hf_loop_env(agent->loop));
    enum hf_rc rc = HF_OK;
    *ret_verdict = GO;
    *ret_meter = HF_BUDGET_TOKENS;
    for (size_t i = 0; rc == HF_OK && i < HF_BUDGET_METERS; i++) {
        const struct hf_budget *budget = &agent->budgets.items[i];
        struct hf_budget_used used;
        if (budget->limit == 0) {
            continue;
        }
        rc = hf_budget_used(agent, budget, &used, err);
        uint64_t held = hf_ledger_held(&agent->budgets.ledger, wish->name, budget->meter, now_ns);
        /* It may have run out between the two looks. */
        uint64_t others = used.reserved > held ? used.reserved - held : 0;
        uint64_t would = add(add(used.used, others), wish->amounts[i]);
        enum verdict verdict = used.state == HF_BUDGET_SPENT || would > budget->limit
                                   ? at_end[budget->action]
                               : hf_budget_state(budget, would) != HF_BUDGET_OPEN ? WARN
                                                                                  : GO;
        verdict = verdict == ASK && wish->agreed ? WARN : verdict;
        if (verdict > *ret_verdict) {
            *ret_verdict = verdict;
            *ret_meter = budget->meter;
        }
    }
    return rc;
}

/* What the strictest of all budgets does once it is spent. */
static const char *strictest(const struct hf_agent *agent)
{
    const char *name = "none";
    enum hf_budget_action worst = HF_BUDGET_WARN;
    for (size_t i = 0; i < HF_BUDGET_METERS; i++) {
        const struct hf_budget *budget = &agent->budgets.items[i];
        if (budget->limit > 0 && budget->action >= worst) {
            worst = budget->action;
            name = hf_budget_action_name(worst);
        }
    }
    return name;
}

static void reserve(struct hf_agent *agent, struct hf_http_exchange *exchange,
                    const struct wish *wish)
{
    static const char *const names[] = {"go", "warn", "ask", "deny"};
    struct hf_err err = {0};
    struct hf_json_out json;
    struct hf_budget_used used;
    enum verdict verdict = DENY;
    enum hf_budget_meter meter = HF_BUDGET_TOKENS;
    uint64_t now = hf_env_mono_ns(hf_loop_env(agent->loop));
    enum hf_rc rc = judge(agent, wish, &verdict, &meter, &err);
    if (rc == HF_OK && verdict != GO) {
        rc = hf_budget_used(agent, &agent->budgets.items[meter], &used, &err);
    }
    if (rc == HF_OK && verdict < ASK) {
        rc = hf_ledger_reserve(&agent->budgets.ledger, wish->name, wish->amounts,
                               now + wish->ttl_s * SECOND, now, &err);
    }
    if (rc != HF_OK) {
        hf_http_problem(exchange, rc == HF_EINVAL ? 400 : 503,
                        rc == HF_EINVAL ? "invalid" : "try-again", err.text);
        return;
    }
    struct hf_buf text = hf_buf_init(1024);
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "verdict", hf_str_c(names[verdict]));
    hf_json_key_str(&json, "strictest", hf_str_c(strictest(agent)));
    if (verdict != GO) {
        hf_json_key_str(&json, "meter", hf_str_c(hf_budget_meter_name(meter)));
        hf_json_key(&json, HF_STR("budget"));
        put_used(&json, &used);
    }
    hf_json_object_end(&json);
    answer(exchange, &text);
}

static void with_wish(struct hf_agent *agent, struct hf_http_exchange *exchange,
                      void (*use)(struct hf_agent *agent, struct hf_http_exchange *exchange,
                                  const struct wish *wish))
{
    struct hf_err err = {0};
    struct hf_json_doc *doc = NULL;
    struct wish wish;
    enum hf_rc rc = hf_json_parse(hf_http_exchange_body(exchange), &doc, &err);
    if (rc == HF_OK) {
        rc = read_wish(hf_json_root(doc), &wish, &err);
    }
    if (rc == HF_OK) {
        use(agent, exchange, &wish);
    } else {
        hf_http_problem(exchange, 400, "invalid", err.text);
    }
    hf_json_free(doc);
}

static void release(struct hf_agent *agent, struct hf_http_exchange *exchange,
                    const struct wish *wish)
{
    if (hf_ledger_release(&agent->budgets.ledger, wish->name)) {
        hf_http_answer(exchange, 200, "application/json", HF_BYTES("{}"));
    } else {
        hf_http_problem(exchange, 404, "not-found", "There is no such reservation now.");
    }
}

void hf_agent_budget_reserve(struct hf_agent *agent, struct hf_http_exchange *exchange)
{
    with_wish(agent, exchange, reserve);
}

void hf_agent_budget_release(struct hf_agent *agent, struct hf_http_exchange *exchange)
{
    with_wish(agent, exchange, release);
}
