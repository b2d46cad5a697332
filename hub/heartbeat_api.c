/* hub/heartbeat_api.c: agents' signs of life. */
#include "base/hex.h"
#include "base/net/address.h"
#include "hub/agent_key.h"
#include "hub/mirror_alarm.h"

static void take_heartbeat(const struct hf_hub_call *call, struct hf_heartbeat *h,
                           struct hf_signature *signature)
{
    const struct hf_api_agent_heartbeat *in = &call->in.agent_heartbeat;
    *h = (struct hf_heartbeat){.tenant = hf_str_c(call->tenant->life.name),
                               .counter = in->counter,
                               .time_us = (int64_t)in->time_us,
                               .epoch = (uint32_t)in->epoch,
                               .size = in->size,
                               .receipt = in->receipt,
                               .queue = in->queue,
                               .policy = in->policy,
                               .wrapper = in->wrapper,
                               .openclaw = in->openclaw,
                               .proxy = in->proxy,
                               .agent = in->agent,
                               .self_test = in->self_test};
    memcpy(signature->b, in->signature.ptr, sizeof signature->b);
}

static void keep_heartbeat(struct hf_hub_tenant *t, const struct hf_heartbeat *h,
                           const struct hf_signature *signature, const struct hf_peer *peer,
                           int64_t now_us)
{
    const struct hf_str texts[] = {h->policy, h->wrapper, h->openclaw,
                                   h->proxy,  h->agent,   h->self_test};
    t->heartbeat_counter = h->counter;
    t->heartbeat_signature = *signature;
    t->heartbeat_us = now_us;
    hf_address_host(peer->text, t->heartbeat_from, sizeof t->heartbeat_from);
    t->heartbeat_sent_us = h->time_us;
    t->reported_size = h->size;
    for (size_t i = 0; i < HF_LEN(texts); i++) {
        memcpy(t->versions[i], texts[i].ptr, texts[i].len);
        t->versions[i][texts[i].len] = '\0';
    }
}

/* A heartbeat is written after the one before it was answered, so it tells of all that the region
 * had by then; one that tells of less was sent by a server that was put back in time. Another
 * agent's log begins at nothing, and is no rollback. */
static void look_for_rollback(struct hf_hub_call *call, const struct hf_heartbeat *h,
                              struct hf_bytes lines, const struct hf_signature *signature)
{
    struct hf_hub_tenant *t = call->tenant;
    bool older = h->epoch < t->beat_epoch || (h->epoch == t->beat_epoch && h->size < t->beat_known);
    bool same_log = memcmp(t->mirror.key.b, t->life.log_key.b, sizeof t->mirror.key.b) == 0;
    if (t->heartbeat_us > 0 && older && same_log) {
        char hex[2 * sizeof signature->b + 1];
        struct hf_buf text = hf_buf_init(HF_HEARTBEAT_TEXT_MAX + sizeof hex);
        hf_hex_encode(hf_bytes_of(signature->b, sizeof signature->b), hex);
        hf_buf_put(&text, lines.ptr, lines.len);
        hf_buf_printf(&text, "%s\n", hex);
        const struct hf_mirror_alarm alarm = {.kind = HF_MIRROR_ALARM_ROLLBACK,
                                              .epoch = h->epoch,
                                              .size = h->size,
                                              .tenant_signed = hf_bytes_str(hf_buf_bytes(&text))};
        hf_hub_note_mirror_alarm(call->hub, t, &alarm);
        hf_buf_free(&text);
    }
    t->beat_epoch = t->mirror.epoch;
    t->beat_known = t->mirror.frontier.size;
}

void hf_serve_agent_heartbeat(struct hf_hub_call *call)
{
    struct hf_heartbeat h;
    struct hf_signature signature;
    uint8_t text[HF_HEARTBEAT_TEXT_MAX];
    struct hf_json_out json;
    struct hf_hub_tenant *t = call->tenant;
    take_heartbeat(call, &h, &signature);
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_heartbeat_text(&h, &w);
    if (w.overflow || !hf_verify(&t->life.agent_key, hf_writer_done(&w), &signature)) {
        hf_call_problem(call, HF_PROBLEM_BAD_SIGNATURE,
                        "The heartbeat is not signed by the agent.");
        return;
    }
    if (h.counter <= t->heartbeat_counter) {
        const struct hf_hub_alarm alarm = {
            .kind = HF_HUB_ALARM_CLONE,
            .counter = h.counter,
            .known = t->heartbeat_counter,
            .address = hf_str_c(hf_http_exchange_peer(call->exchange)->text)};
        hf_hub_note_alarm(call->hub, t, &alarm);
        hf_call_problem(call, HF_PROBLEM_COUNTER,
                        "A heartbeat with this or a higher counter came already: two agents use "
                        "one identity.");
        return;
    }
    call->hub->heartbeats++;
    look_for_rollback(call, &h, hf_writer_done(&w), &signature);
    keep_heartbeat(t, &h, &signature, hf_http_exchange_peer(call->exchange),
                   hf_env_wall_us(hf_loop_env(call->hub->loop)));
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "epoch", t->mirror.epoch);
    hf_json_key_u64(&json, "receipt", t->mirror.frontier.size);
    hf_json_key(&json, HF_STR("now_us"));
    hf_json_i64(&json, t->heartbeat_us);
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}
