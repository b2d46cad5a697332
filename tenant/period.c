/* tenant/period.c: markers at the end of metering periods. */
#include "tenant/period.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/calendar.h"
#include "tenant/agent.h"

#define SECOND   UINT64_C(1000000000)
#define EVERY    (30 * SECOND)
#define GRACE_US (INT64_C(60) * 1000000) /* records of the last moment are on their way */

#define BACK_MAX 100 /* periods that the first marker may be back */

struct span {
    int64_t start_us;
    int64_t end_us;
    uint64_t entries;
};

static void marked(struct hf_post *post)
{
    struct hf_agent_period *period = HF_CONTAINER_OF(post, struct hf_agent_period, post);
    struct hf_agent *agent = HF_CONTAINER_OF(period, struct hf_agent, period);
    enum hf_rc rc = post->append.rc;
    period->posting = false;
    if (agent->sm.state == HF_AGENT_CLOSING) {
        return;
    }
    if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "period.not_marked", hf_f_err(&post->append.err));
    } else {
        (void)hf_timer_arm(&period->timer, 0); /* perhaps more than one is over */
    }
}

/* Sums of the views, in the order of the event's members. */
static enum hf_rc sum(struct hf_agent *agent, const struct span *span,
                      struct hf_event_metering_period_ended *event, struct hf_err *err)
{
    const struct {
        const char *meter;
        uint64_t *amount;
    } meters[] = {{"requests", &event->requests},
                  {"input_tokens", &event->input_tokens},
                  {"output_tokens", &event->output_tokens},
                  {"cached_tokens", &event->cached_tokens},
                  {"cache_write_tokens", &event->cache_write_tokens},
                  {"reasoning_tokens", &event->reasoning_tokens},
                  {"cost/EUR", &event->cost_eur},
                  {"cost/USD", &event->cost_usd}};

    enum hf_rc rc = HF_OK;
    for (size_t i = 0; rc == HF_OK && i < HF_LEN(meters); i++) {
        uint64_t amount = 0;
        rc = hf_agent_views_sum(&agent->views, hf_str_c(meters[i].meter), span->start_us,
                                span->end_us, &amount, err);
        *meters[i].amount = amount < HF_BUDGET_LIMIT_MAX ? amount : HF_BUDGET_LIMIT_MAX;
    }
    return rc;
}

static enum hf_rc mark(struct hf_agent *agent, const struct span *span, struct hf_err *err)
{
    struct hf_agent_period *period = &agent->period;
    uint8_t payload[512];
    char stream[80];
    struct hf_writer w = hf_writer_init(payload, sizeof payload);
    struct hf_event_metering_period_ended event = {
        .tenant = hf_str_c(agent->region.tenant),
        .epoch = agent->epoch.epoch,
        .period = (enum hf_event_metering_period_ended_period)agent->conf.meter_period,
        .start = span->start_us,
        .end = span->end_us,
        .entries = span->entries,
        .whole = agent->epoch.epoch == 1 || agent->epoch.opened_us <= span->start_us};
    enum hf_rc rc = sum(agent, span, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_event_metering_period_ended_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "metering-period/%s", agent->region.tenant);
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_METERING_PERIOD_ENDED_NAME),
                                         .schema_version = HF_EVENT_METERING_PERIOD_ENDED_VERSION,
                                         .producer = HF_STR("agent/period"),
                                         .sequence = (uint64_t)span->end_us,
                                         .stream = hf_str_c(stream),
                                         .occurred_us = hf_env_wall_us(hf_loop_env(agent->loop)),
                                         .payload = hf_writer_done(&w)};
    const struct hf_post_conf conf = {.envelope = &envelope, .wait = HF_WAIT_DURABLE};
    period->post.done = marked;
    rc = hf_owned_post(&agent->log, &conf, &period->post, err);
    period->posting = rc == HF_OK;
    return rc;
}

/* Where the first period may begin. A record with the time of a clock that was not set yet would
 * otherwise have half a century of hours marked. */
static int64_t earliest(enum hf_period period, int64_t now_us)
{
    int64_t length = period == HF_PERIOD_HOUR  ? HF_HOUR_US
                     : period == HF_PERIOD_DAY ? HF_DAY_US
                                               : 31 * HF_DAY_US;
    return now_us > BACK_MAX * length ? now_us - BACK_MAX * length : 0;
}

static enum hf_rc look(struct hf_agent *agent, struct hf_err *err)
{
    int64_t first = 0;
    int64_t last = 0;
    struct span span = {.entries = 0};
    int64_t now = hf_env_wall_us(hf_loop_env(agent->loop));
    enum hf_rc rc = hf_agent_views_metered(&agent->views, &first, &last, &span.entries, err);
    if (rc != HF_OK || (first < 0 && last < 0)) {
        return rc;
    }
    int64_t begin = earliest(agent->conf.meter_period, now);
    begin = last >= 0 ? last : first > begin ? first : begin;
    hf_period_of(agent->conf.meter_period, begin, &span.start_us, &span.end_us);
    if (last > span.start_us) {
        span.start_us = last; /* the length of periods was changed in the middle of one */
    }
    return span.end_us + GRACE_US <= now ? mark(agent, &span, err) : HF_OK;
}

static void due(struct hf_timer *timer)
{
    struct hf_agent_period *period = HF_CONTAINER_OF(timer, struct hf_agent_period, timer);
    struct hf_agent *agent = HF_CONTAINER_OF(period, struct hf_agent, period);
    struct hf_err err = {0};
    (void)hf_timer_arm(&period->timer, EVERY);
    if (agent->sm.state != HF_AGENT_RUNNING || period->posting || agent->views.projector == NULL) {
        return;
    }
    if (look(agent, &err) != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "period.not_marked", hf_f_err(&err));
    }
}

void hf_agent_period_start(struct hf_agent *agent)
{
    hf_timer_init(&agent->period.timer, agent->loop, due);
    (void)hf_timer_arm(&agent->period.timer, SECOND);
}

void hf_agent_period_end(struct hf_agent *agent)
{
    if (agent->period.timer.fire != NULL) {
        hf_timer_cancel(&agent->period.timer);
    }
}
