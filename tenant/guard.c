/* tenant/guard.c: asks the wrapper, and the gateway when the wrapper does not answer. */
#include "tenant/guard.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/json_in.h"
#include "tenant/agent.h"

#define SECOND       UINT64_C(1000000000)
#define WAIT_NS      (3 * SECOND)
#define ANSWER_MAX   65536
#define GATEWAYS_MAX 100000 /* more is not believed */
#define PRODUCER     HF_STR("agent/guard")

/* Versions are written into events: what does not fit there is not known. */
static void keep(struct hf_str text, char out[HF_GUARD_TEXT_MAX + 1])
{
    bool fits = text.len <= HF_GUARD_TEXT_MAX;
    for (size_t i = 0; i < text.len && fits; i++) {
        char c = text.ptr[i];
        fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c != '\0' && strchr(".+_-", c) != NULL);
    }
    (void)snprintf(out, HF_GUARD_TEXT_MAX + 1, "%.*s", fits ? (int)text.len : 0, text.ptr);
}

static enum hf_event_enforcement_changed_after state_of(struct hf_str name)
{
    for (unsigned i = 0; i < HF_EVENT_ENFORCEMENT_CHANGED_AFTER_COUNT; i++) {
        enum hf_event_enforcement_changed_after state = (enum hf_event_enforcement_changed_after)i;
        if (hf_str_eq(name, hf_event_enforcement_changed_after_name(state))) {
            return state;
        }
    }
    return HF_EVENT_ENFORCEMENT_CHANGED_AFTER_UNKNOWN;
}

/* telling */

static void posted(struct hf_post *post)
{
    struct hf_agent_guard *guard = HF_CONTAINER_OF(post, struct hf_agent_guard, post);
    struct hf_agent *agent = HF_CONTAINER_OF(guard, struct hf_agent, guard);
    guard->posting = false;
    if (post->append.rc == HF_OK) {
        hf_agent_replicate_poke(agent, true);
    } else {
        hf_log(agent->logger, HF_LOG_WARN, "enforcement.untold", hf_f_err(&post->append.err));
        guard->told = HF_EVENT_ENFORCEMENT_CHANGED_AFTER_UNKNOWN;
        guard->said = false; /* it is said again next time */
    }
}

static const char *reason_of(const struct hf_agent_guard *guard)
{
    if (guard->state == HF_EVENT_ENFORCEMENT_CHANGED_AFTER_UNGUARDED) {
        return guard->version[0] == '\0' ? "OpenClaw runs and its wrapper does not answer"
               : guard->unguarded > 0    ? "a gateway runs without the wrapper's lease"
                                         : "the gateway did not obey the gate";
    }
    if (guard->state == HF_EVENT_ENFORCEMENT_CHANGED_AFTER_UNKNOWN) {
        return "the wrapper cannot see which gateways run";
    }
    return guard->version[0] == '\0' ? "the wrapper does not answer" : "the wrapper says so";
}

static enum hf_rc post_event(struct hf_agent *agent, const struct hf_event_enforcement_changed *e,
                             struct hf_err *err)
{
    uint8_t payload[1024];
    char stream[HF_ENVELOPE_NAME_MAX];
    struct hf_agent_guard *guard = &agent->guard;
    struct hf_env *env = hf_loop_env(agent->loop);
    enum hf_rc rc = hf_event_enforcement_changed_check(e, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_writer w = hf_writer_init(payload, sizeof payload);
    hf_event_enforcement_changed_encode(e, &w);
    HF_ASSERT(!w.overflow);
    int len = snprintf(stream, sizeof stream, "enforcement/%s", agent->region.tenant);
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_ENFORCEMENT_CHANGED_NAME),
                                         .schema_version = HF_EVENT_ENFORCEMENT_CHANGED_VERSION,
                                         .producer = PRODUCER,
                                         .sequence = hf_agent_number(agent),
                                         .stream = {stream, (size_t)len},
                                         .occurred_us = hf_env_wall_us(env),
                                         .payload = hf_writer_done(&w)};
    const struct hf_post_conf conf = {.envelope = &envelope, .wait = HF_WAIT_DURABLE};
    guard->post.done = posted;
    return hf_owned_post(&agent->log, &conf, &guard->post, err);
}

/* The event's two enums are one. */
static void tell(struct hf_agent *agent)
{
    struct hf_agent_guard *guard = &agent->guard;
    struct hf_err err = {0};
    enum hf_agent_state state = hf_agent_state(agent);
    if (guard->posting || (guard->said && guard->state == guard->told) ||
        agent->log.writer == NULL || agent->holding || state == HF_AGENT_OPENING ||
        state == HF_AGENT_CLOSING) {
        return;
    }
    const struct hf_event_enforcement_changed event = {
        .tenant = hf_str_c(agent->region.tenant),
        .before = (enum hf_event_enforcement_changed_before)guard->told,
        .after = guard->state,
        .has_wrapper = guard->version[0] != '\0',
        .wrapper = hf_str_c(guard->version),
        .has_openclaw = guard->openclaw[0] != '\0',
        .openclaw = hf_str_c(guard->openclaw),
        .has_gateways = guard->version[0] != '\0',
        .gateways = guard->gateways,
        .has_unguarded = guard->version[0] != '\0',
        .unguarded = guard->unguarded,
        .reason = hf_str_c(reason_of(guard))};
    bool alarm = guard->state == HF_EVENT_ENFORCEMENT_CHANGED_AFTER_UNGUARDED ||
                 guard->state == HF_EVENT_ENFORCEMENT_CHANGED_AFTER_UNKNOWN;
    hf_log(agent->logger, alarm ? HF_LOG_ERROR : HF_LOG_INFO, "enforcement.changed",
           hf_f_str("state", hf_event_enforcement_changed_after_name(guard->state)),
           hf_f_c("reason", reason_of(guard)));
    if (post_event(agent, &event, &err) == HF_OK) {
        guard->posting = true;
        guard->told = guard->state;
        guard->said = true;
    } else {
        hf_log(agent->logger, HF_LOG_WARN, "enforcement.untold", hf_f_err(&err));
    }
}

/* asking */

static void finish(struct hf_agent *agent, enum hf_event_enforcement_changed_after state)
{
    struct hf_agent_guard *guard = &agent->guard;
    struct hf_str name = hf_event_enforcement_changed_after_name(state);
    guard->state = state;
    (void)snprintf(guard->shown, sizeof guard->shown, "%s %.*s",
                   guard->version[0] == '\0' ? "absent" : guard->version, HF_STR_ARG(name));
    tell(agent);
    guard->done(agent);
}

static void start(struct hf_agent *agent, struct hf_http_client *client, const char *url,
                  void (*done)(struct hf_http_call *call))
{
    agent->guard.call = (struct hf_http_call){
        .method = "GET", .url = url, .timeout_ns = WAIT_NS, .answer_max = ANSWER_MAX, .done = done};
    agent->guard.busy = true;
    hf_http_call_start(client, &agent->guard.call);
}

static struct hf_agent *agent_of(struct hf_http_call *call)
{
    struct hf_agent_guard *guard = HF_CONTAINER_OF(call, struct hf_agent_guard, call);
    guard->busy = false;
    return HF_CONTAINER_OF(guard, struct hf_agent, guard);
}

/* Whoever answers on the gateway's port is one, whatever the answer is. */
static void gateway_answered(struct hf_http_call *call)
{
    struct hf_agent *agent = agent_of(call);
    struct hf_json_doc *doc = NULL;
    bool runs = call->status != 0;
    if (call->rc == HF_OK &&
        hf_json_parse(hf_buf_bytes(&call->answer), &doc, /* err= */ NULL) == HF_OK) {
        keep(hf_json_get_str(hf_json_root(doc), "version"), agent->guard.openclaw);
    }
    hf_json_free(doc);
    hf_buf_free(&call->answer);
    finish(agent, runs ? HF_EVENT_ENFORCEMENT_CHANGED_AFTER_UNGUARDED
                       : HF_EVENT_ENFORCEMENT_CHANGED_AFTER_IDLE);
}

static bool take_status(struct hf_agent_guard *guard, struct hf_bytes answer,
                        enum hf_event_enforcement_changed_after *ret_state)
{
    struct hf_json_doc *doc = NULL;
    if (hf_json_parse(answer, &doc, /* err= */ NULL) != HF_OK) {
        return false;
    }
    const struct hf_json *root = hf_json_root(doc);
    bool good = hf_json_kind(root) == HF_JSON_OBJECT;
    if (good) {
        const struct hf_json *policy = hf_json_get(root, "policy");
        keep(hf_json_get_str(root, "wrapper"), guard->version);
        keep(hf_json_get_str(root, "openclaw"), guard->openclaw);
        keep(policy == NULL ? HF_STR("") : hf_json_get_str(policy, "version"), guard->policy);
        guard->gateways = 0;
        guard->unguarded = 0;
        (void)hf_json_take_u64(root, "gateways", GATEWAYS_MAX, &guard->gateways);
        (void)hf_json_take_u64(root, "unguarded", GATEWAYS_MAX, &guard->unguarded);
        *ret_state = state_of(hf_json_get_str(root, "enforcement"));
    }
    hf_json_free(doc);
    return good;
}

static void wrapper_answered(struct hf_http_call *call)
{
    struct hf_agent *agent = agent_of(call);
    struct hf_agent_guard *guard = &agent->guard;
    enum hf_event_enforcement_changed_after state = HF_EVENT_ENFORCEMENT_CHANGED_AFTER_UNKNOWN;
    bool good = call->rc == HF_OK && call->status == 200 &&
                take_status(guard, hf_buf_bytes(&call->answer), &state);
    hf_buf_free(&call->answer);
    if (good) {
        finish(agent, state);
        return;
    }
    guard->version[0] = guard->policy[0] = guard->openclaw[0] = '\0';
    guard->gateways = guard->unguarded = 0;
    if (guard->gateway == NULL) {
        /* Nobody can say that no gateway runs. */
        finish(agent, HF_EVENT_ENFORCEMENT_CHANGED_AFTER_UNGUARDED);
    } else {
        start(agent, guard->gateway, guard->url, gateway_answered);
    }
}

void hf_agent_guard_look(struct hf_agent *agent, void (*done)(struct hf_agent *agent))
{
    struct hf_agent_guard *guard = &agent->guard;
    guard->done = done;
    if (guard->wrapper == NULL) {
        done(agent);
    } else {
        start(agent, guard->wrapper, "http://wrapper/v1/status", wrapper_answered);
    }
}

enum hf_rc hf_agent_guard_open(struct hf_agent *agent, struct hf_err *err)
{
    struct hf_agent_guard *guard = &agent->guard;
    const struct hf_http_client_conf wrapper = {.socket = agent->conf.wrapper_socket};
    const struct hf_http_client_conf gateway = {.socket = NULL};
    enum hf_rc rc = HF_OK;
    if (agent->conf.wrapper_socket == NULL) {
        return HF_OK;
    }
    rc = hf_http_client_new(agent->loop, &wrapper, &guard->wrapper, err);
    if (rc == HF_OK && agent->conf.openclaw_port != 0) {
        (void)snprintf(guard->url, sizeof guard->url, "http://127.0.0.1:%llu/startupz",
                       (unsigned long long)agent->conf.openclaw_port);
        rc = hf_http_client_new(agent->loop, &gateway, &guard->gateway, err);
    }
    return rc;
}

void hf_agent_guard_close(struct hf_agent *agent)
{
    struct hf_agent_guard *guard = &agent->guard;
    if (guard->busy) {
        hf_http_call_cancel(&guard->call);
        guard->busy = false;
    }
    hf_http_client_free(guard->wrapper);
    hf_http_client_free(guard->gateway);
    guard->wrapper = NULL;
    guard->gateway = NULL;
}

static struct hf_str or_none(const char *text)
{
    return text[0] == '\0' ? HF_STR("none") : hf_str_c(text);
}

struct hf_str hf_agent_guard_shown(const struct hf_agent *agent)
{
    return or_none(agent->guard.shown);
}

struct hf_str hf_agent_guard_policy(const struct hf_agent *agent)
{
    return agent->guard.policy[0] == '\0' ? hf_agent_artifacts_version(agent, HF_SLOT_POLICY)
                                          : hf_str_c(agent->guard.policy);
}

struct hf_str hf_agent_guard_openclaw(const struct hf_agent *agent)
{
    return or_none(agent->guard.openclaw);
}
