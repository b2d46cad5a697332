/* tenant/budget.c: budgets on disk, what is used of them, and when that is told. */
#include "tenant/budget.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/parse.h"
#include "tenant/agent.h"
#include "tenant/budget_used.h"

#define HEADER   "holdfast/budgets@v1"
#define FILE_MAX 1024
#define LOOK_NS  UINT64_C(200000000) /* records that come together are looked at together */

/* on disk */

static enum hf_rc parse(struct hf_agent_budgets *budgets, struct hf_bytes bytes, struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(bytes);
    struct hf_str line;
    struct hf_budget budget;
    if (!hf_cursor_line(&cursor, &line) || !hf_str_eq(line, HF_STR(HEADER))) {
        return hf_err_set(err, HF_ECORRUPT, "it is not what this agent wrote");
    }
    while (cursor.left > 0) {
        if (!hf_cursor_line(&cursor, &line) || hf_budget_read(line, &budget, err) != HF_OK) {
            return hf_err_set(err, HF_ECORRUPT, "it is not what this agent wrote");
        }
        budgets->items[budget.meter] = budget;
    }
    return HF_OK;
}

enum hf_rc hf_agent_budgets_load(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(FILE_MAX);
    enum hf_rc rc = hf_agent_path(agent, "budgets", path, err);
    if (rc == HF_OK) {
        rc = hf_disk_read(agent->disk, path, &text, err);
    }
    if (rc == HF_OK) {
        rc = parse(&agent->budgets, hf_buf_bytes(&text), err);
        rc = rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "%s", path);
    }
    hf_buf_free(&text);
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

enum hf_rc hf_agent_budget_set(struct hf_agent *agent, const struct hf_budget *budget,
                               struct hf_err *err)
{
    struct hf_agent_budgets *budgets = &agent->budgets;
    char path[HF_PATH_MAX];
    char line[HF_BUDGET_TEXT_MAX];
    struct hf_budget before = budgets->items[budget->meter];
    struct hf_buf text = hf_buf_init(FILE_MAX);
    budgets->items[budget->meter] = *budget;
    hf_buf_printf(&text, HEADER "\n");
    for (size_t i = 0; i < HF_BUDGET_METERS; i++) {
        if (budgets->items[i].limit > 0) {
            hf_buf_str(&text, hf_budget_write(&budgets->items[i], line));
            hf_buf_printf(&text, "\n");
        }
    }
    enum hf_rc rc = hf_agent_path(agent, "budgets", path, err);
    if (rc == HF_OK) {
        rc = text.failed == HF_OK
                 ? hf_disk_replace(agent->disk, path, hf_buf_bytes(&text), 0600, err)
                 : hf_err_set(err, text.failed, "no memory to keep the budgets");
    }
    hf_buf_free(&text);
    if (rc != HF_OK) {
        budgets->items[budget->meter] = before;
        return rc;
    }
    budgets->told[budget->meter] = HF_BUDGET_OPEN;
    hf_agent_budgets_metered(agent, HF_STR(""));
    return HF_OK;
}

/* telling */

static void look(struct hf_timer *timer);

static void told(struct hf_post *post)
{
    struct hf_agent_budgets *budgets = HF_CONTAINER_OF(post, struct hf_agent_budgets, post);
    struct hf_agent *agent = HF_CONTAINER_OF(budgets, struct hf_agent, budgets);
    enum hf_rc rc = post->append.rc;
    budgets->posting = false;
    if (agent->sm.state == HF_AGENT_CLOSING) {
        return;
    }
    /* A fork is what was told before a restart: its time was another. */
    if (rc == HF_OK || rc == HF_EFORK || rc == HF_ESTALE) {
        budgets->told[budgets->posting_meter] = budgets->posting_state;
        budgets->told_start_us[budgets->posting_meter] = budgets->posting_start_us;
        hf_agent_replicate_poke(agent, true);
        (void)hf_timer_arm(&budgets->look, 0);
    } else {
        hf_log(agent->logger, HF_LOG_WARN, "budget.not_told", hf_f_err(&post->append.err));
        (void)hf_timer_arm(&budgets->look, 10 * LOOK_NS);
    }
}

static enum hf_rc tell(struct hf_agent *agent, const struct hf_budget_used *used,
                       struct hf_err *err)
{
    struct hf_agent_budgets *budgets = &agent->budgets;
    uint8_t payload[512];
    char stream[64], producer[64];
    struct hf_writer w = hf_writer_init(payload, sizeof payload);
    const struct hf_budget *budget = used->budget;
    const struct hf_event_budget_crossed event = {
        .tenant = hf_str_c(agent->region.tenant),
        .meter = (enum hf_event_budget_crossed_meter)budget->meter,
        .period = (enum hf_event_budget_crossed_period)budget->period,
        .start = used->start_us,
        .state = used->state == HF_BUDGET_SPENT ? HF_EVENT_BUDGET_CROSSED_STATE_SPENT
                                                : HF_EVENT_BUDGET_CROSSED_STATE_WARNED,
        .used = used->used < HF_BUDGET_LIMIT_MAX ? used->used : HF_BUDGET_LIMIT_MAX,
        .limit = budget->limit,
        .action = (enum hf_event_budget_crossed_action)budget->action};
    hf_event_budget_crossed_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "budget/%s", agent->region.tenant);
    (void)snprintf(producer, sizeof producer, "agent/budget/%s/%llu/%s",
                   hf_budget_meter_name(budget->meter), (unsigned long long)budget->limit,
                   hf_budget_state_name(used->state));
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_BUDGET_CROSSED_NAME),
                                         .schema_version = HF_EVENT_BUDGET_CROSSED_VERSION,
                                         .producer = hf_str_c(producer),
                                         .sequence = (uint64_t)used->start_us,
                                         .stream = hf_str_c(stream),
                                         .occurred_us = hf_env_wall_us(hf_loop_env(agent->loop)),
                                         .payload = hf_writer_done(&w)};
    const struct hf_post_conf conf = {.envelope = &envelope, .wait = HF_WAIT_DURABLE};
    budgets->post.done = told;
    budgets->posting_meter = budget->meter;
    budgets->posting_state = used->state;
    budgets->posting_start_us = used->start_us;
    enum hf_rc rc = hf_owned_post(&agent->log, &conf, &budgets->post, err);
    budgets->posting = rc == HF_OK;
    return rc;
}

/* One at a time; the next one is looked for when it is told. */
static void look(struct hf_timer *timer)
{
    struct hf_agent_budgets *budgets = HF_CONTAINER_OF(timer, struct hf_agent_budgets, look);
    struct hf_agent *agent = HF_CONTAINER_OF(budgets, struct hf_agent, budgets);
    struct hf_err err = {0};
    enum hf_rc rc = HF_OK;
    if (agent->log.log == NULL || agent->sm.state == HF_AGENT_OPENING) {
        return; /* the next record looks again */
    }
    for (size_t i = 0; rc == HF_OK && !budgets->posting && i < HF_BUDGET_METERS; i++) {
        struct hf_budget_used used;
        if (budgets->items[i].limit == 0) {
            continue;
        }
        rc = hf_budget_used(agent, &budgets->items[i], &used, &err);
        if (rc == HF_OK && budgets->told_start_us[i] != used.start_us) {
            budgets->told[i] = HF_BUDGET_OPEN;
        }
        if (rc == HF_OK && used.state > budgets->told[i]) {
            rc = tell(agent, &used, &err);
        }
    }
    if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "budget.unknown", hf_f_err(&err));
    }
}

void hf_agent_budgets_metered(struct hf_agent *agent, struct hf_str reservation)
{
    struct hf_agent_budgets *budgets = &agent->budgets;
    (void)hf_ledger_release(&budgets->ledger, reservation);
    if (budgets->look.fire == NULL) {
        hf_timer_init(&budgets->look, agent->loop, look);
    }
    if (!budgets->posting && !hf_timer_armed(&budgets->look)) {
        (void)hf_timer_arm(&budgets->look, LOOK_NS);
    }
}

void hf_agent_budgets_end(struct hf_agent *agent)
{
    if (agent->budgets.look.fire != NULL) {
        hf_timer_cancel(&agent->budgets.look);
    }
}
