/* hub/cutover_api.c: the region's cutover, step by step, and its gates. */
#include <stdio.h>

#include "hub/condition.h"

#define FRESH_US INT64_C(120000000)

static void put_gates(struct hf_json_out *json, const struct hf_cutover *cutover)
{
    static const enum hf_provision_way ways[] = {HF_WAY_LEGACY_DEPLOY, HF_WAY_OLD_FLOW,
                                                 HF_WAY_NEW_FLOW};

    hf_json_key(json, HF_STR("ways"));
    hf_json_object_begin(json);
    for (size_t i = 0; i < HF_LEN(ways); i++) {
        struct hf_err err = {0};
        bool all = hf_cutover_may_provision(cutover, ways[i], HF_RING_GENERAL, &err) == HF_OK;
        bool some = hf_cutover_may_provision(cutover, ways[i], HF_RING_SANDBOX, NULL) == HF_OK;
        hf_json_key_str(json, hf_provision_way_name(ways[i]),
                        all ? HF_STR("open") : (some ? HF_STR("sandbox only") : HF_STR("closed")));
    }
    hf_json_object_end(json);
}

static void put_cutover(struct hf_hub_call *call)
{
    const struct hf_hub *hub = call->hub;
    const struct hf_cutover *cutover = &hub->cutover;
    struct hf_json_out json;
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", hub->as_of);
    hf_json_key_str(&json, "region", hf_str_c(hub->region));
    hf_json_key(&json, HF_STR("begun"));
    hf_json_bool(&json, cutover->version > 0);
    hf_json_key_u64(&json, "version", cutover->version);
    if (cutover->version > 0) {
        hf_json_key_str(&json, "step", hf_str_c(hf_cutover_step_name(cutover->step)));
        hf_json_key(&json, HF_STR("since"));
        hf_json_time_us(&json, cutover->since_us);
    }
    if (cutover->version > 0 && cutover->step < HF_CUTOVER_FLIP_DEFAULT) {
        hf_json_key_str(&json, "next", hf_str_c(hf_cutover_step_name(cutover->step + 1)));
    }
    if (cutover->step == HF_CUTOVER_PARALLEL_RUN) {
        hf_json_key(&json, HF_STR("window_until"));
        hf_json_time_us(&json, cutover->window_until_us);
    }
    hf_json_key_str(&json, "default_way",
                    hf_str_c(hf_provision_way_name(hf_cutover_default_way(cutover))));
    put_gates(&json, cutover);
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

void hf_call_answer_cutover(struct hf_hub_call *call)
{
    hf_call_tag_version(call, call->hub->cutover.version);
    put_cutover(call);
}

void hf_serve_cutover_show(struct hf_hub_call *call)
{
    char tag[24];
    (void)snprintf(tag, sizeof tag, "%llu", (unsigned long long)call->hub->cutover.version);
    if (!hf_call_not_modified(call, tag)) {
        put_cutover(call);
    }
}

static void post_cutover(struct hf_hub_call *call, const char *type, uint32_t version,
                         const struct hf_writer *w)
{
    char stream[64];
    (void)snprintf(stream, sizeof stream, "cutover/%s", call->hub->region);
    const struct hf_hub_event event = {.type = type,
                                       .schema_version = version,
                                       .stream = hf_str_c(stream),
                                       .payload = hf_writer_done(w),
                                       .expects = true,
                                       .version = call->hub->cutover.version};
    hf_call_post(call, &event, hf_call_answer_cutover);
}

void hf_serve_cutover_begin(struct hf_hub_call *call)
{
    struct hf_event_cutover_begun event = {.reason = call->in.cutover_begin.reason};
    struct hf_err err = {0};
    if (!hf_call_matches(call, call->hub->cutover.version)) {
        return;
    }
    event.region = (enum hf_event_cutover_begun_region)call->hub->region_number;
    enum hf_rc rc = hf_cutover_may_begin(&call->hub->cutover, &err);
    if (rc == HF_OK) {
        rc = hf_event_cutover_begun_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_cutover_begun_encode(&event, &w);
    post_cutover(call, HF_EVENT_CUTOVER_BEGUN_NAME, HF_EVENT_CUTOVER_BEGUN_VERSION, &w);
}

static void count_facts(const struct hf_hub *hub, struct hf_cutover_facts *facts)
{
    *facts = (struct hf_cutover_facts){.now_us = hf_env_wall_us(hf_loop_env(hub->loop))};
    for (struct hf_hub_tenant *t = hf_hub_tenants_first(hub->tenants); t != NULL;
         t = hf_hub_tenants_next(hub->tenants, t)) {
        if (t->life.registered && t->life.status == HF_TENANT_ACTIVE &&
            t->life.ring == HF_RING_SANDBOX) {
            facts->sandboxes++;
            facts->sandboxes_fresh +=
                t->heartbeat_counter > 0 && facts->now_us - t->heartbeat_us < FRESH_US ? 1 : 0;
        }
    }
}

void hf_serve_cutover_advance(struct hf_hub_call *call)
{
    const struct hf_api_cutover_advance *in = &call->in.cutover_advance;
    struct hf_event_cutover_advanced event = {
        .reason = in->reason, .evidence = in->evidence, .step = in->step};
    struct hf_cutover_facts facts;
    struct hf_err err = {0};
    enum hf_cutover_step step = (enum hf_cutover_step)((int)in->step + 1);
    if (step == HF_CUTOVER_PARALLEL_RUN && !in->has_window_s) {
        hf_call_problem(call, HF_PROBLEM_INVALID,
                        "window_s: is missing; the parallel run lasts so many seconds at least");
        return;
    }
    if (!hf_call_matches(call, call->hub->cutover.version)) {
        return;
    }
    count_facts(call->hub, &facts);
    event.region = (enum hf_event_cutover_advanced_region)call->hub->region_number;
    event.has_window_until = step == HF_CUTOVER_PARALLEL_RUN;
    event.window_until =
        event.has_window_until ? facts.now_us + (int64_t)in->window_s * 1000000 : 0;
    enum hf_rc rc =
        hf_cutover_may_advance(&call->hub->cutover, step, event.window_until, &facts, &err);
    if (rc == HF_OK) {
        rc = hf_event_cutover_advanced_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_cutover_advanced_encode(&event, &w);
    post_cutover(call, HF_EVENT_CUTOVER_ADVANCED_NAME, HF_EVENT_CUTOVER_ADVANCED_VERSION, &w);
}

void hf_serve_cutover_revert(struct hf_hub_call *call)
{
    struct hf_event_cutover_reverted event = {.reason = call->in.cutover_revert.reason};
    struct hf_err err = {0};
    if (!hf_call_matches(call, call->hub->cutover.version)) {
        return;
    }
    enum hf_rc rc = hf_cutover_may_revert(&call->hub->cutover, &err);
    event.region = (enum hf_event_cutover_reverted_region)call->hub->region_number;
    if (rc == HF_OK) {
        event.step = (enum hf_event_cutover_reverted_step)(call->hub->cutover.step - 1);
        rc = hf_event_cutover_reverted_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_cutover_reverted_encode(&event, &w);
    post_cutover(call, HF_EVENT_CUTOVER_REVERTED_NAME, HF_EVENT_CUTOVER_REVERTED_VERSION, &w);
}

/* The question that every way to a server asks before it begins, the old ones too: refusals are
 * kept as those of any command. */
void hf_serve_cutover_admit(struct hf_hub_call *call)
{
    const struct hf_api_cutover_admit *in = &call->in.cutover_admit;
    const struct hf_cutover *cutover = &call->hub->cutover;
    struct hf_err err = {0};
    struct hf_json_out json;
    enum hf_provision_way way =
        in->has_way ? (enum hf_provision_way)in->way : hf_cutover_default_way(cutover);
    enum hf_rc rc = hf_cutover_may_provision(cutover, way, (enum hf_ring)in->ring, &err);
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", call->hub->as_of);
    hf_json_key_str(&json, "way", hf_str_c(hf_provision_way_name(way)));
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}
