/* tests/bench/fleet/tenant.c: one tenant's calls, on its own clock. */
#include "base/assert.h"
#include "base/json_out.h"
#include "commands/enrolment.h"
#include "tests/bench/fleet/fleet.h"

#define BACK_OFF_S 60.0

static uint64_t ns(double seconds)
{
    return (uint64_t)(seconds * 1e9);
}

/* calls */

static void put_hex(struct hf_json_out *json, const char *key, const void *ptr, size_t len)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_hex(json, hf_bytes_of(ptr, len));
}

static void write_beat(struct tenant *t, struct hf_buf *body)
{
    uint8_t text[HF_HEARTBEAT_TEXT_MAX];
    struct hf_signature signature;
    struct hf_json_out json;
    struct hf_str none = HF_STR("none");
    const struct hf_heartbeat h = {.tenant = hf_str_c(t->name),
                                   .counter = ++t->counter,
                                   .time_us = hf_env_wall_us(hf_env_os()),
                                   .epoch = 1,
                                   .size = t->frontier.size,
                                   .receipt = t->receipt,
                                   .queue = t->frontier.size - t->receipt,
                                   .policy = none,
                                   .wrapper = none,
                                   .openclaw = none,
                                   .proxy = none,
                                   .agent = HF_STR("fleet"),
                                   .self_test = HF_STR("not-run")};
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_heartbeat_text(&h, &w);
    hf_sign(t->key, hf_writer_done(&w), &signature);
    hf_json_init(&json, body);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "counter", h.counter);
    hf_json_key_u64(&json, "time_us", (uint64_t)h.time_us);
    hf_json_key_u64(&json, "epoch", h.epoch);
    hf_json_key_u64(&json, "size", h.size);
    hf_json_key_u64(&json, "receipt", h.receipt);
    hf_json_key_u64(&json, "queue", h.queue);
    hf_json_key_str(&json, "policy", h.policy);
    hf_json_key_str(&json, "wrapper", h.wrapper);
    hf_json_key_str(&json, "openclaw", h.openclaw);
    hf_json_key_str(&json, "proxy", h.proxy);
    hf_json_key_str(&json, "agent", h.agent);
    hf_json_key_str(&json, "self_test", h.self_test);
    put_hex(&json, "signature", signature.b, sizeof signature.b);
    hf_json_object_end(&json);
}

void tenant_go_on(struct tenant *t)
{
    struct hf_buf body = hf_buf_init(FLEET_BYTES_MAX + 65536);
    if (t->wire.waiting) {
        return;
    }
    if (t->segment_due && t->frontier.size > t->receipt) {
        t->segment_due = false;
        t->asking = ASKING_SEGMENT;
        tenant_make_segment(t, &body);
        load_wire_ask(&t->wire, "POST", "/v1/segments", t->api_key, "application/octet-stream",
                      hf_buf_bytes(&body));
    } else if (t->beat_due) {
        t->beat_due = false;
        t->asking = ASKING_BEAT;
        write_beat(t, &body);
        load_wire_ask(&t->wire, "POST", "/v1/heartbeat", t->api_key, "application/json",
                      hf_buf_bytes(&body));
    }
    hf_buf_free(&body);
}

/* timers */

static void beat(struct hf_timer *timer)
{
    struct tenant *t = HF_CONTAINER_OF(timer, struct tenant, beat);
    struct fleet *fleet = t->fleet;
    if (!t->beat_due && t->asking != ASKING_BEAT) {
        t->beat_due = true;
        t->beat_at = t->next_beat;
    }
    t->next_beat += fleet->conf.heartbeat_s;
    fleet_arm(timer, t->next_beat);
    tenant_go_on(t);
}

static void event(struct hf_timer *timer)
{
    struct tenant *t = HF_CONTAINER_OF(timer, struct tenant, event);
    struct fleet *fleet = t->fleet;
    if (!fleet->draining) {
        t->event_at += fleet->conf.metering_s;
        fleet_arm(timer, t->event_at);
        tenant_append(t, false);
        tenant_wait_for_segment(t, false);
    }
}

static void segment(struct hf_timer *timer)
{
    struct tenant *t = HF_CONTAINER_OF(timer, struct tenant, segment);
    t->segment_due = true;
    t->wanted_at = now_s();
    tenant_go_on(t);
}

void tenant_wait_for_segment(struct tenant *t, bool at_once)
{
    double batch = t->fleet->conf.batch_s;
    if (t->asking == ASKING_SEGMENT || t->segment_due || t->frontier.size == t->receipt) {
        return;
    }
    if (at_once && t->failures == 0) {
        must(hf_timer_arm(&t->segment, 0), NULL, "timer");
    } else if (!hf_timer_armed(&t->segment)) {
        must(hf_timer_arm(&t->segment, ns(batch / 2 + fleet_draw(t->fleet) * batch / 2)), NULL,
             "timer");
    }
}

static void back_off(struct tenant *t)
{
    double wait = (double)(1u << (t->failures < 6 ? t->failures : 6));
    wait = wait > BACK_OFF_S ? BACK_OFF_S : wait;
    t->failures++;
    must(hf_timer_arm(&t->segment, ns(wait / 2 + fleet_draw(t->fleet) * wait / 2)), NULL, "timer");
}

void tenant_begin(struct tenant *t)
{
    struct fleet *fleet = t->fleet;
    hf_timer_init(&t->beat, fleet->loop, beat);
    hf_timer_init(&t->event, fleet->loop, event);
    hf_timer_init(&t->segment, fleet->loop, segment);
    t->next_beat = now_s() + fleet_draw(fleet) * fleet->conf.heartbeat_s;
    fleet_arm(&t->beat, t->next_beat);
    if (fleet->conf.metering_s > 0) {
        t->event_at = now_s() + fleet_draw(fleet) * fleet->conf.metering_s;
        fleet_arm(&t->event, t->event_at);
    }
}

/* answers */

static bool steady(const struct fleet *fleet)
{
    return fleet->measuring && fleet->restarted_at == 0;
}

static void urgent_arrived(struct tenant *t)
{
    struct fleet *fleet = t->fleet;
    if (t->urgent_end == 0 || t->receipt < t->urgent_end) {
        return;
    }
    if (steady(fleet)) {
        latency_add(&fleet->receipts, now_s() - t->urgent_at);
        if (fleet->conf.visible != NULL) {
            fleet_probe(t, t->urgent_end, t->urgent_at);
        }
    }
    t->urgent_end = 0;
}

static void segment_answered(struct tenant *t, int status, struct hf_bytes body)
{
    struct fleet *fleet = t->fleet;
    struct hf_json_doc *doc = NULL;
    uint64_t size = 0;
    if (status == 200) {
        tenant_take_receipt(t, body);
        fleet->counts.segments++;
        if (steady(fleet)) {
            latency_add(&fleet->segments, now_s() - t->wanted_at);
        }
    } else if (status == 409 && hf_json_parse(body, &doc, NULL) == HF_OK &&
               hf_json_to_u64(hf_json_get(hf_json_root(doc), "size"), &size) == HF_OK) {
        fleet->counts.resumed++;
        tenant_resume(t, size);
    } else {
        fleet->counts.refused++;
        (void)fprintf(stderr, "bench: %s: %d %.*s\n", t->name, status, (int)body.len,
                      (const char *)body.ptr);
        back_off(t);
        return;
    }
    hf_json_free(doc);
    t->failures = 0;
    urgent_arrived(t);
    tenant_wait_for_segment(t, true); /* what gathered meanwhile goes at once, as the agent does */
}

static void beat_answered(struct tenant *t, int status, struct hf_bytes body)
{
    struct fleet *fleet = t->fleet;
    if (status != 200) {
        fleet->counts.refused++;
        (void)fprintf(stderr, "bench: %s: %d %.*s\n", t->name, status, (int)body.len,
                      (const char *)body.ptr);
        return;
    }
    fleet->counts.beats++;
    if (steady(fleet)) {
        latency_add(&fleet->beats, now_s() - t->beat_at);
    }
}

static void heard(struct tenant *t)
{
    struct fleet *fleet = t->fleet;
    if (fleet->restarted_at > 0 && t->heard_at == 0) {
        t->heard_at = now_s();
        fleet->back++;
        fleet->back_now++;
    }
}

void tenant_answered(struct load_wire *wire, int status, struct hf_bytes body)
{
    struct tenant *t = HF_CONTAINER_OF(wire, struct tenant, wire);
    enum asking what = t->asking;
    if (what == ASKING_CREATE || what == ASKING_TOKEN || what == ASKING_REGISTER) {
        fleet_enrol_answered(t, status, body);
        return;
    }
    t->asking = ASKING_NOTHING;
    if (what == ASKING_HISTORY) {
        fleet_history_answered(t, status, body);
        return;
    }
    heard(t);
    if (what == ASKING_SIZE) {
        fleet_checked(t, status, body);
        return;
    }
    if (what == ASKING_SEGMENT) {
        segment_answered(t, status, body);
    } else {
        beat_answered(t, status, body);
    }
    tenant_go_on(t);
}

void tenant_lost(struct load_wire *wire)
{
    struct tenant *t = HF_CONTAINER_OF(wire, struct tenant, wire);
    enum asking what = t->asking;
    if (what != ASKING_SEGMENT && what != ASKING_BEAT) {
        (void)fprintf(stderr, "bench: %s: the Hub ended the connection\n", t->name);
        _exit(3);
    }
    t->asking = ASKING_NOTHING;
    t->fleet->counts.unheard++;
    if (what == ASKING_SEGMENT) {
        back_off(t);
    }
    tenant_go_on(t);
}
