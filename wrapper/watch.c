/* wrapper/watch.c: looks for gateways, challenges the one that is guarded, asks the agent who we
 * are. */
#include <stdio.h>

#include "base/assert.h"
#include "base/json_in.h"
#include "schemas/events_gen.h"
#include "wrapper/wrapper.h"

#define SECOND     UINT64_C(1000000000)
#define SOON_NS    (SECOND / 2)
#define ASK_NS     (5 * SECOND)
#define ANSWER_MAX 65536
#define VIEW_MAX   (8u << 20) /* of the agent's views */
#define RETURN_NS  (15 * SECOND)

/* gateways */

static bool is_holder(const struct hf_wrapper *w, const struct hf_gateway *gateway)
{
    return hf_lease_holds(&w->lease, gateway);
}

static void look_for_gateways(struct hf_wrapper *w)
{
    struct hf_gateway found[HF_DRIVER_GATEWAYS_MAX];
    struct hf_gateway holder;
    struct hf_err err = {0};
    size_t count = 0;
    size_t guarded = 0;
    size_t starting = 0;
    /* After a restart of the wrapper a plugin needs some seconds to come back. */
    bool fresh =
        w->conf.grace_s > 0 && hf_env_mono_ns(hf_loop_env(w->loop)) - w->began_ns < RETURN_NS;
    if (hf_driver_gateways(w->driver, found, HF_DRIVER_GATEWAYS_MAX, &count, &err) != HF_OK) {
        if (!w->unseen) {
            hf_log(w->logger, HF_LOG_ERROR, "gateways.unseen", hf_f_err(&err));
        }
        w->unseen = true; /* and what was seen before says nothing any more */
        return;
    }
    w->unseen = false;
    for (size_t i = 0; i < count && i < HF_DRIVER_GATEWAYS_MAX; i++) {
        guarded += is_holder(w, &found[i]) ? 1 : 0;
        starting += !is_holder(w, &found[i]) && (fresh || found[i].age_s < w->conf.grace_s) ? 1 : 0;
    }
    if (w->lease.held &&
        (hf_driver_look(w->driver, w->lease.gateway.pid, &holder, /* err= */ NULL) != HF_OK ||
         !is_holder(w, &holder))) {
        hf_log(w->logger, HF_LOG_INFO, "gateway.ended", hf_f_i64("pid", w->lease.gateway.pid));
        hf_lease_drop(&w->lease);
        hf_wrapper_part(w, false);
    }
    size_t unguarded = count - guarded - starting;
    if (unguarded > w->unguarded) {
        hf_log(w->logger, HF_LOG_ERROR, "gateway.unguarded", hf_f_u64("gateways", count),
               hf_f_u64("guarded", guarded));
    }
    w->gateways = count;
    w->unguarded = unguarded;
}

const char *hf_watch_enforcement(const struct hf_wrapper *w)
{
    enum hf_lease_state state = hf_lease_state(&w->lease, hf_env_mono_ns(hf_loop_env(w->loop)));
    if (w->unguarded > 0 || state == HF_LEASE_BROKEN) {
        return "unguarded";
    }
    if (w->unseen) {
        return "unknown";
    }
    if (state == HF_LEASE_ENFORCED) {
        return "enforced";
    }
    return w->gateways == 0 && state == HF_LEASE_NONE ? "idle" : "unproved";
}

/* canaries */

static void send_canary(struct hf_timer *timer)
{
    struct hf_wrapper *w = HF_CONTAINER_OF(timer, struct hf_wrapper, canary);
    hf_links_challenge(w);
    (void)hf_timer_arm(timer, HF_CANARY_NS);
}

void hf_watch_canary_soon(struct hf_wrapper *w)
{
    if (!w->draining) {
        (void)hf_timer_arm(&w->canary, SOON_NS);
    }
}

/* the agent */

static void take_status(struct hf_wrapper *w, struct hf_bytes answer)
{
    struct hf_json_doc *doc = NULL;
    if (hf_json_parse(answer, &doc, /* err= */ NULL) == HF_OK &&
        hf_json_kind(hf_json_root(doc)) == HF_JSON_OBJECT) {
        struct hf_str name = hf_json_get_str(hf_json_root(doc), "tenant");
        (void)snprintf(w->tenant, sizeof w->tenant, "%.*s", HF_STR_ARG(name));
        if (w->tenant[0] != '\0') {
            hf_activation_tell(w);
        }
    }
    hf_json_free(doc);
}

/* Requests that an earlier life of this program left behind: their calls are gone, and nobody
 * should be asked for them. Ours are named "a-" and 32 digits. */
static void withdraw_orphans(struct hf_wrapper *w, struct hf_bytes answer)
{
    struct hf_json_doc *doc = NULL;
    if (hf_json_parse(answer, &doc, /* err= */ NULL) != HF_OK) {
        return;
    }
    const struct hf_json *rows = hf_json_root(doc);
    rows = hf_json_kind(rows) == HF_JSON_OBJECT ? hf_json_get(rows, "rows") : NULL;
    size_t count = rows == NULL || hf_json_kind(rows) != HF_JSON_ARRAY ? 0 : hf_json_count(rows);
    for (size_t i = 0; i < count; i++) {
        struct hf_str name = hf_json_get_str(hf_json_at(rows, i), "approval");
        const struct hf_json *asked = hf_json_kind(hf_json_at(rows, i)) == HF_JSON_OBJECT
                                          ? hf_json_get(hf_json_at(rows, i), "requested_us")
                                          : NULL;
        int64_t asked_us = INT64_MAX;
        if (asked == NULL || hf_json_to_i64(asked, &asked_us) != HF_OK || asked_us >= w->began_us) {
            continue; /* of this life */
        }
        if (hf_str_eq(hf_json_get_str(hf_json_at(rows, i), "state"), HF_STR("requested")) &&
            name.len == 34 && hf_str_starts(name, HF_STR("a-"))) {
            const struct hf_event_approval_withdrawn event = {
                .approval = name,
                .tenant = hf_str_c(w->tenant),
                .reason = HF_EVENT_APPROVAL_WITHDRAWN_REASON_ABORTED};
            hf_wrapper_note(w, HF_EVENT_APPROVAL_WITHDRAWN_NAME, &event);
        }
    }
    w->swept = true;
    hf_json_free(doc);
}

static void left_behind(struct hf_http_call *call)
{
    struct hf_wrapper *w = HF_CONTAINER_OF(call, struct hf_wrapper, ask);
    w->asking = false;
    if (call->rc == HF_OK && call->status == 200) {
        withdraw_orphans(w, hf_buf_bytes(&call->answer));
    }
    hf_buf_free(&call->answer);
}

static void told(struct hf_http_call *call)
{
    struct hf_wrapper *w = HF_CONTAINER_OF(call, struct hf_wrapper, ask);
    w->asking = false;
    if (call->rc == HF_OK && call->status == 200) {
        take_status(w, hf_buf_bytes(&call->answer));
    }
    hf_buf_free(&call->answer);
}

static void ask_agent(struct hf_wrapper *w)
{
    bool known = w->tenant[0] != '\0';
    if (w->asking || (known && w->swept)) {
        return;
    }
    w->ask =
        (struct hf_http_call){.method = "GET",
                              .url = known ? "http://agent/v1/approvals" : "http://agent/v1/status",
                              .timeout_ns = ASK_NS,
                              .answer_max = known ? VIEW_MAX : ANSWER_MAX,
                              .done = known ? left_behind : told};
    w->asking = true;
    hf_http_call_start(w->client, &w->ask);
}

static void tick(struct hf_timer *timer)
{
    struct hf_wrapper *w = HF_CONTAINER_OF(timer, struct hf_wrapper, tick);
    look_for_gateways(w);
    if (w->parting && hf_env_mono_ns(hf_loop_env(w->loop)) >= w->parting_until_ns) {
        hf_wrapper_part(w, false); /* it went on after all */
    }
    ask_agent(w);
    (void)hf_timer_arm(timer, w->conf.tick_ns);
}

void hf_watch_start(struct hf_wrapper *w)
{
    w->began_us = hf_env_wall_us(hf_loop_env(w->loop));
    w->began_ns = hf_env_mono_ns(hf_loop_env(w->loop));
    hf_timer_init(&w->tick, w->loop, tick);
    hf_timer_init(&w->canary, w->loop, send_canary);
    (void)hf_timer_arm(&w->tick, 0);
    (void)hf_timer_arm(&w->canary, HF_CANARY_NS);
}

void hf_watch_stop(struct hf_wrapper *w)
{
    hf_timer_cancel(&w->tick);
    hf_timer_cancel(&w->canary);
    if (w->asking) {
        hf_http_call_cancel(&w->ask);
        w->asking = false;
    }
}
