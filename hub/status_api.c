/* hub/status_api.c: how the Hub is, what its region is, what its API is. */
#include <stdio.h>

#include "hub/condition.h"

static void answer_health(struct hf_hub_call *call, bool asks_ready)
{
    const struct hf_hub *hub = call->hub;
    struct hf_json_out json;
    hf_log_writer_look(hub->log.writer); /* nobody may have asked for room for a while */
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
