/* hub/heartbeat_api.c: agents' signs of life. */
#include "hub/agent_key.h"
#include "hub/notes.h"

static bool take_heartbeat(struct hf_hub_call *call, struct hf_heartbeat *h,
                           struct hf_signature *signature)
{
    struct {
        const char *key;
        struct hf_str *text;
    } texts[] = {{"policy", &h->policy}, {"wrapper", &h->wrapper}, {"openclaw", &h->openclaw},
                 {"proxy", &h->proxy},   {"agent", &h->agent},     {"self_test", &h->self_test}};

    uint64_t time_us = 0;
    uint64_t epoch = 0;
    if (!hf_call_json(call) || !hf_call_number(call, "counter", INT64_MAX, &h->counter) ||
        !hf_call_number(call, "time_us", INT64_MAX, &time_us) ||
        !hf_call_number(call, "epoch", UINT32_MAX, &epoch) ||
        !hf_call_number(call, "size", INT64_MAX, &h->size) ||
        !hf_call_number(call, "receipt", INT64_MAX, &h->receipt) ||
        !hf_call_number(call, "queue", INT64_MAX, &h->queue) ||
        !hf_call_hex(call, "signature", signature->b, sizeof signature->b)) {
        return false;
    }
    for (size_t i = 0; i < HF_LEN(texts); i++) {
        if (!hf_call_text(call, texts[i].key, true, HF_VERSION_TEXT_MAX, texts[i].text)) {
            return false;
        }
    }
    h->time_us = (int64_t)time_us;
    h->epoch = (uint32_t)epoch;
    h->tenant = hf_str_c(call->tenant->life.name);
    return true;
}

static void keep_heartbeat(struct hf_hub_tenant *t, const struct hf_heartbeat *h,
                           const struct hf_signature *signature, int64_t now_us)
{
    const struct hf_str texts[] = {h->policy, h->wrapper, h->openclaw,
                                   h->proxy,  h->agent,   h->self_test};
    t->heartbeat_counter = h->counter;
    t->heartbeat_signature = *signature;
    t->heartbeat_us = now_us;
    t->heartbeat_sent_us = h->time_us;
    t->reported_size = h->size;
    for (size_t i = 0; i < HF_LEN(texts); i++) {
        memcpy(t->versions[i], texts[i].ptr, texts[i].len);
        t->versions[i][texts[i].len] = '\0';
    }
}

void hf_api_heartbeat(struct hf_hub_call *call)
{
    struct hf_heartbeat h = {.counter = 0};
    struct hf_signature signature;
    uint8_t text[HF_HEARTBEAT_TEXT_MAX];
    struct hf_json_out json;
    if (!hf_call_need_agent(call) || !take_heartbeat(call, &h, &signature)) {
        return;
    }
    struct hf_hub_tenant *t = call->tenant;
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_heartbeat_text(&h, &w);
    if (w.overflow || !hf_verify(&t->life.agent_key, hf_writer_done(&w), &signature)) {
        hf_call_problem(call, 403, "bad-signature", "The heartbeat is not signed by the agent.");
        return;
    }
    if (h.counter <= t->heartbeat_counter) {
        const struct hf_hub_alarm alarm = {
            .kind = HF_HUB_ALARM_CLONE,
            .counter = h.counter,
            .known = t->heartbeat_counter,
            .address = hf_str_c(hf_http_exchange_peer(call->exchange)->text)};
        hf_hub_note_alarm(call->hub, t, &alarm);
        hf_call_problem(call, 409, "counter",
                        "A heartbeat with this or a higher counter came already: two agents use "
                        "one identity.");
        return;
    }
    call->hub->heartbeats++;
    keep_heartbeat(t, &h, &signature, hf_env_wall_us(hf_loop_env(call->hub->loop)));
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "epoch", t->mirror.epoch);
    hf_json_key_u64(&json, "receipt", t->mirror.frontier.size);
    hf_json_key(&json, HF_STR("now_us"));
    hf_json_i64(&json, t->heartbeat_us);
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}
