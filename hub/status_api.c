/* hub/status_api.c: how the Hub is, what its region is, what its API is. */
#include <stdio.h>

#include "hub/condition.h"

#define METRICS_TYPE "text/plain; version=0.0.4"

static void answer_health(struct hf_hub_call *call, bool asks_ready)
{
    const struct hf_hub *hub = call->hub;
    struct hf_json_out json;
    bool ready = hf_log_writer_state(hub->log.writer) == HF_WRITER_OPEN;
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "status", ready ? HF_STR("ok") : HF_STR("read-only"));
    if (!ready) {
        hf_json_key_str(&json, "reason", hf_str_c(hf_log_writer_trouble(hub->log.writer)->text));
    }
    hf_json_object_end(&json);
    hf_call_answer(call, asks_ready && !ready ? 503 : 200, &call->scratch);
}

void hf_serve_health(struct hf_hub_call *call)
{
    answer_health(call, /* asks_ready= */ false);
}

void hf_serve_ready(struct hf_hub_call *call)
{
    answer_health(call, /* asks_ready= */ true);
}

static void metric(struct hf_buf *buf, const char *name, const char *kind, uint64_t value)
{
    hf_buf_printf(buf, "# TYPE %s %s\n%s %llu\n", name, kind, name, (unsigned long long)value);
}

void hf_serve_metrics(struct hf_hub_call *call)
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
    metric(buf, "holdfast_streams", "gauge", hub->streams);
    metric(buf, "holdfast_connections", "gauge", hf_http_server_connections(hub->http));
    if (buf->failed != HF_OK) {
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory for the answer.");
        return;
    }
    hf_http_answer(call->exchange, 200, METRICS_TYPE, hf_buf_bytes(buf));
}

void hf_serve_region(struct hf_hub_call *call)
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

void hf_serve_checkpoint(struct hf_hub_call *call)
{
    hf_http_answer(call->exchange, 200, "text/plain; charset=utf-8",
                   hf_log_writer_checkpoint(call->hub->log.writer));
}

void hf_serve_openapi(struct hf_hub_call *call)
{
    if (!hf_call_not_modified(call, HF_API_DOCUMENT_TAG)) {
        hf_http_answer(call->exchange, 200, "application/json",
                       hf_bytes_of(hf_api_document, HF_API_DOCUMENT_SIZE));
    }
}

void hf_serve_problems(struct hf_hub_call *call)
{
    struct hf_json_out json;
    char urn[128];
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key(&json, HF_STR("problems"));
    hf_json_array_begin(&json);
    for (size_t i = 0; i < HF_PROBLEM_COUNT; i++) {
        const struct hf_api_problem *problem = &hf_api_problem_types[i];
        (void)snprintf(urn, sizeof urn, "urn:holdfast:problem:%s", problem->name);
        hf_json_object_begin(&json);
        hf_json_key_str(&json, "type", hf_str_c(urn));
        hf_json_key_u64(&json, "status", (uint64_t)problem->status);
        hf_json_key_str(&json, "help", hf_str_c(problem->help));
        hf_json_object_end(&json);
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}
