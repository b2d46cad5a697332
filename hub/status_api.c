/* hub/status_api.c: how the Hub is, and what its region is. */
#include "hub/call.h"

#define METRICS_TYPE "text/plain; version=0.0.4"

void hf_api_health(struct hf_hub_call *call)
{
    const struct hf_hub *hub = call->hub;
    struct hf_json_out json;
    bool ready = hf_log_writer_state(hub->log.writer) == HF_WRITER_OPEN;
    bool asks_ready = hf_str_eq(call->parts[0], HF_STR("readyz"));
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "status", ready ? HF_STR("ok") : HF_STR("read-only"));
    if (!ready) {
        hf_json_key_str(&json, "reason", hf_str_c(hf_log_writer_trouble(hub->log.writer)->text));
    }
    hf_json_object_end(&json);
    hf_call_answer(call, asks_ready && !ready ? 503 : 200, &call->scratch);
}

static void metric(struct hf_buf *buf, const char *name, const char *kind, uint64_t value)
{
    hf_buf_printf(buf, "# TYPE %s %s\n%s %llu\n", name, kind, name, (unsigned long long)value);
}

void hf_api_metrics(struct hf_hub_call *call)
{
    const struct hf_hub *hub = call->hub;
    struct hf_buf *buf = &call->scratch;
    uint64_t commits = 0;
    uint64_t entries = 0;
    uint64_t registered = 0;
    uint64_t fresh = 0;
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    hf_log_writer_counts(hub->log.writer, &commits, &entries);
    for (struct hf_hub_tenant *t = hf_hub_tenants_first(hub->tenants); t != NULL;
         t = hf_hub_tenants_next(hub->tenants, t)) {
        registered += t->life.registered ? 1 : 0;
        fresh += t->heartbeat_counter > 0 && now - t->heartbeat_us < 120000000 ? 1 : 0;
    }
    metric(buf, "holdfast_log_append_total", "counter", commits);
    metric(buf, "holdfast_log_head_position", "gauge", entries);
    metric(buf, "holdfast_http_requests_total", "counter", hub->calls);
    metric(buf, "holdfast_http_failures_total", "counter", hub->calls_failed);
    metric(buf, "holdfast_segments_total", "counter", hub->segments);
    metric(buf, "holdfast_segments_refused_total", "counter", hub->segments_refused);
    metric(buf, "holdfast_heartbeats_total", "counter", hub->heartbeats);
    metric(buf, "holdfast_heartbeat_expected", "gauge", registered);
    metric(buf, "holdfast_heartbeat_received", "gauge", fresh);
    metric(buf, "holdfast_connections", "gauge", hf_http_server_connections(hub->http));
    if (buf->failed != HF_OK) {
        hf_call_problem(call, 503, "out-of-memory", "The Hub has no memory for the answer.");
        return;
    }
    hf_http_answer(call->exchange, 200, METRICS_TYPE, hf_buf_bytes(buf));
}

void hf_api_region(struct hf_hub_call *call)
{
    const struct hf_hub *hub = call->hub;
    struct hf_json_out json;
    char text[HF_VKEY_TEXT_MAX];
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "region", hf_str_c(hub->region));
    (void)hf_vkey_format(&hub->log_vkey, text);
    hf_json_key_str(&json, "log", hf_str_c(text));
    (void)hf_vkey_format(&hub->cosigner_vkey, text);
    hf_json_key_str(&json, "cosigner", hf_str_c(text));
    hf_json_key(&json, HF_STR("tls_pin"));
    hf_json_hex(&json, hf_bytes_of(hub->tls_pin.b, HF_HASH_SIZE));
    hf_json_key_u64(&json, "size", hf_log_size(hub->log.log));
    hf_json_key_u64(&json, "tenants", hf_hub_tenants_count(hub->tenants));
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

void hf_api_checkpoint(struct hf_hub_call *call)
{
    hf_http_answer(call->exchange, 200, "text/plain; charset=utf-8",
                   hf_log_writer_checkpoint(call->hub->log.writer));
}
