/* tenant/heartbeat.c: a signed sign of life, again and again. */
#include "base/assert.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "tenant/agent.h"

static void put_text(struct hf_json_out *json, const char *key, struct hf_str text)
{
    hf_json_key_str(json, key, text);
}

static void write_beat(struct hf_agent *agent)
{
    uint8_t text[HF_HEARTBEAT_TEXT_MAX];
    struct hf_signature signature;
    struct hf_json_out json;
    uint64_t size = hf_log_size(agent->log.log);
    const struct hf_heartbeat h = {
        .tenant = hf_str_c(agent->region.tenant),
        .counter = hf_agent_number(agent),
        .time_us = hf_env_wall_us(hf_loop_env(agent->loop)),
        .epoch = agent->epoch.epoch,
        .size = size,
        .receipt = agent->receipt,
        .queue = size > agent->receipt ? size - agent->receipt : 0,
        .agent = HF_STR(HF_VERSION),
        .self_test = HF_STR("not-run"),
        .policy = hf_agent_guard_policy(agent),
        .wrapper = hf_agent_guard_shown(agent),
        .openclaw = hf_agent_guard_openclaw(agent),
        .proxy = HF_STR("none"),
    };
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_heartbeat_text(&h, &w);
    HF_ASSERT(!w.overflow);
    hf_sign(agent->identity, hf_writer_done(&w), &signature);
    hf_buf_clear(&agent->beat.body);
    hf_json_init(&json, &agent->beat.body);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "counter", h.counter);
    hf_json_key_u64(&json, "time_us", (uint64_t)h.time_us);
    hf_json_key_u64(&json, "epoch", h.epoch);
    hf_json_key_u64(&json, "size", h.size);
    hf_json_key_u64(&json, "receipt", h.receipt);
    hf_json_key_u64(&json, "queue", h.queue);
    put_text(&json, "policy", h.policy);
    put_text(&json, "wrapper", h.wrapper);
    put_text(&json, "openclaw", h.openclaw);
    put_text(&json, "proxy", h.proxy);
    put_text(&json, "agent", h.agent);
    put_text(&json, "self_test", h.self_test);
    hf_json_key(&json, HF_STR("signature"));
    hf_json_hex(&json, hf_bytes_of(signature.b, sizeof signature.b));
    hf_json_object_end(&json);
}

static void note_clock(struct hf_agent *agent, uint64_t hub_us)
{
    struct hf_env *env = hf_loop_env(agent->loop);
    const struct hf_skew_sample sample = {
        .hub_us = (int64_t)hub_us,
        .local_us = hf_env_wall_us(env),
        .trip_us = (int64_t)((hf_env_mono_ns(env) - agent->beat_ns) / 1000)};
    hf_skew_take(&agent->skew, &sample);
    if (hf_skew_turned(&agent->skew)) {
        hf_log(agent->logger, agent->skew.warned ? HF_LOG_WARN : HF_LOG_INFO,
               agent->skew.warned ? "clock.skewed" : "clock.well",
               hf_f_i64("ahead_us", hf_skew_us(&agent->skew)));
    }
}

/* What the region has of the log comes with each answer: a restored server that has nothing new to
 * send would not notice otherwise. */
static void take_answer(struct hf_agent *agent, struct hf_bytes answer)
{
    struct hf_json_doc *doc = NULL;
    uint64_t epoch = 0;
    uint64_t size = 0;
    uint64_t now = 0;
    if (hf_json_parse(answer, &doc, /* err= */ NULL) == HF_OK &&
        hf_json_kind(hf_json_root(doc)) == HF_JSON_OBJECT) {
        const struct hf_json *root = hf_json_root(doc);
        if (hf_json_take_u64(root, "now_us", INT64_MAX, &now)) {
            note_clock(agent, now);
        }
        if (agent->sm.state == HF_AGENT_RUNNING &&
            hf_json_take_u64(root, "epoch", UINT32_MAX, &epoch) &&
            hf_json_take_u64(root, "receipt", INT64_MAX, &size)) {
            (void)hf_agent_compare(agent, (uint32_t)epoch, size);
        }
    }
    hf_json_free(doc);
}

/* A halted agent is alive as well. */
static bool speaks(const struct hf_agent *agent)
{
    return agent->sm.state == HF_AGENT_RUNNING || agent->sm.state == HF_AGENT_HALTED;
}

/* The next one comes on time whatever became of this one: a beat that failed is no more worth
 * repeating than an old one. */
static void answered(struct hf_http_call *call)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(call, struct hf_agent_job, call);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, beat);
    job->busy = false;
    if (call->rc == HF_OK && call->status == 200) {
        job->failures = 0;
        take_answer(agent, hf_buf_bytes(&call->answer));
    } else {
        job->failures++;
        hf_log(agent->logger, HF_LOG_WARN, "heartbeat.failed", hf_f_err(&call->err),
               hf_f_u64("status", (uint64_t)call->status),
               hf_f_str("answer", hf_bytes_str(hf_buf_bytes(&call->answer))));
    }
    hf_buf_free(&call->answer);
    if (agent->sm.state != HF_AGENT_CLOSING) {
        (void)hf_timer_arm(&job->timer, agent->conf.heartbeat_ns);
    }
}

static void send_beat(struct hf_agent *agent)
{
    if (!speaks(agent)) {
        (void)hf_timer_arm(&agent->beat.timer, agent->conf.heartbeat_ns);
        return;
    }
    write_beat(agent);
    agent->beat_ns = hf_env_mono_ns(hf_loop_env(agent->loop));
    hf_agent_ask(agent, &agent->beat, "/v1/heartbeat", "application/json", answered);
}

/* How OpenClaw is guarded is looked at first: the heartbeat says it. */
static void beat(struct hf_timer *timer)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(timer, struct hf_agent_job, timer);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, beat);
    if (!speaks(agent)) {
        (void)hf_timer_arm(timer, agent->conf.heartbeat_ns);
    } else if (!agent->guard.busy) {
        hf_agent_guard_look(agent, send_beat);
    }
}

void hf_agent_heartbeat_now(struct hf_agent *agent)
{
    if (!agent->beat.busy) {
        (void)hf_timer_arm(&agent->beat.timer, 0);
    }
}

void hf_agent_heartbeat_start(struct hf_agent *agent)
{
    hf_timer_init(&agent->beat.timer, agent->loop, beat);
    (void)hf_timer_arm(&agent->beat.timer, 0);
}
