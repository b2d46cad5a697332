/* hub/metrics_api.c: GET /metrics: figures of the Hub in Prometheus' text form.
 *
 * Nothing of it names a tenant or a principal: it is public, and a series for each tenant would be
 * too many. All series are there from the start, with zeros.
 */
#include <stdio.h>

#include "base/process.h"
#include "hub/call.h"
#include "hub/commit.h"
#include "hub/exposure.h"

#define METRICS_TYPE "text/plain; version=0.0.4"
#define FRESH_US     INT64_C(120000000)

static void head(struct hf_buf *buf, const char *name, const char *kind, const char *help)
{
    hf_buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void counter(struct hf_buf *buf, const char *name, uint64_t value, const char *help)
{
    head(buf, name, "counter", help);
    hf_buf_printf(buf, "%s %llu\n", name, (unsigned long long)value);
}

static void gauge(struct hf_buf *buf, const char *name, uint64_t value, const char *help)
{
    head(buf, name, "gauge", help);
    hf_buf_printf(buf, "%s %llu\n", name, (unsigned long long)value);
}

static void put_log(struct hf_buf *buf, const struct hf_hub *hub)
{
    const struct hf_log_writer_counts *counts = hf_log_writer_counts(hub->log.writer);
    const char *name = "holdfast_log_append_duration_seconds";
    uint64_t so_far = 0;
    counter(buf, "holdfast_log_append_total", counts->appends, "Appends that went well.");
    counter(buf, "holdfast_log_append_errors_total", counts->failures,
            "Appends that failed; refusals are none.");
    counter(buf, "holdfast_log_commits_total", counts->commits, "Transactions of appends.");
    head(buf, name, "histogram", "From submission to the answer that it is on disk.");
    for (unsigned i = 0; i < HF_APPEND_BUCKETS; i++) {
        so_far += counts->buckets[i];
        hf_buf_printf(buf, "%s_bucket{le=\"%u.%03u\"} %llu\n", name, hf_append_bucket_ms[i] / 1000,
                      hf_append_bucket_ms[i] % 1000, (unsigned long long)so_far);
    }
    hf_buf_printf(
        buf, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %llu.%06llu\n%s_count %llu\n", name,
        (unsigned long long)counts->appends, name, (unsigned long long)(counts->sum_us / 1000000),
        (unsigned long long)(counts->sum_us % 1000000), name, (unsigned long long)counts->appends);
    gauge(buf, "holdfast_log_head_position", hf_log_size(hub->log.log), "Entries of the log.");
    gauge(buf, "holdfast_log_writable", hf_log_writer_state(hub->log.writer) == HF_WRITER_OPEN,
          "1: the log takes entries.");
}

/* When the read models were at the log's end last. */
static int64_t models_current_us(const struct hf_hub *hub)
{
    return hub->reader != NULL ? hf_model_reader_state(hub->reader)->current_us
                               : hub->models.current_us;
}

static void put_models(struct hf_buf *buf, const struct hf_hub *hub)
{
    const struct hf_model_reader_state *read =
        hub->reader == NULL ? NULL : hf_model_reader_state(hub->reader);
    uint64_t position = read != NULL ? read->position : hf_hub_models_position(&hub->models);
    head(buf, "holdfast_projection_position", "gauge", "Entries of the log that a model holds.");
    for (size_t i = 0; hf_projections[i] != NULL; i++) {
        hf_buf_printf(buf, "holdfast_projection_position{projection=\"%s\"} %llu\n",
                      hf_projections[i]->name, (unsigned long long)position);
    }
    head(buf, "holdfast_projection_last_event_timestamp_seconds", "gauge",
         "When the read models were at the log's end last.");
    hf_buf_printf(buf, "holdfast_projection_last_event_timestamp_seconds %lld\n",
                  (long long)(models_current_us(hub) / 1000000));
    counter(buf, "holdfast_projection_failures_total",
            read != NULL ? read->failures : hub->models.failures,
            "Times that the read models could not go on.");
}

static void put_approvals(struct hf_buf *buf, const struct hf_hub *hub)
{
    const struct hf_hub_router *router = &hub->router;
    const char *name = "holdfast_approval_routing_failures_total";
    gauge(buf, "holdfast_approvals_pending", hub->approvals.pending,
          "Requests for approval that wait for an answer.");
    counter(buf, "holdfast_approval_routing_attempts_total",
            router->routed + router->too_late + router->too_many + router->unreadable,
            "Requests for approval that came.");
    head(buf, name, "counter",
         "Requests for approval that were not routed, or of which nobody was told within 30 s.");
    hf_buf_printf(buf, "%s{reason=\"too-late\"} %llu\n%s{reason=\"too-many\"} %llu\n", name,
                  (unsigned long long)router->too_late, name, (unsigned long long)router->too_many);
    hf_buf_printf(buf, "%s{reason=\"unreadable\"} %llu\n", name,
                  (unsigned long long)router->unreadable);
    for (int v = 0; v < (int)HF_VERDICTS; v++) {
        if (hf_approval_verdict_fails((enum hf_approval_verdict)v)) {
            hf_buf_printf(buf, "%s{reason=\"%s\"} %llu\n", name,
                          hf_approval_verdict_name((enum hf_approval_verdict)v),
                          (unsigned long long)hub->approvals.verdicts[v]);
        }
    }
    hf_hub_hops_put(&hub->approvals.hops, buf);
    counter(buf, "holdfast_approval_probes_total", hub->probes.issued,
            "Probes of the way of approvals that tenants were told to run.");
}

static void put_notices(struct hf_buf *buf, const struct hf_hub *hub)
{
    const char *name = "holdfast_notify_attempts_total";
    head(buf, name, "counter", "Attempts to tell somebody, by channel and how it went.");
    for (int c = 0; c < HF_OUTBOX_CHANNELS; c++) {
        struct hf_str channel = hf_event_notification_attempted_channel_name(
            (enum hf_event_notification_attempted_channel)c);
        for (int o = 0; o < HF_OUTBOX_OUTCOMES; o++) {
            struct hf_str outcome = hf_event_notification_attempted_outcome_name(
                (enum hf_event_notification_attempted_outcome)o);
            hf_buf_printf(buf, "%s{channel=\"%.*s\",outcome=\"%.*s\"} %llu\n", name,
                          HF_STR_ARG(channel), HF_STR_ARG(outcome),
                          (unsigned long long)hub->outbox.attempts[c][o]);
        }
    }
}

static void put_tenants(struct hf_buf *buf, const struct hf_hub *hub)
{
    uint64_t expected = 0;
    uint64_t fresh = 0;
    uint64_t open_tokens = 0;
    uint64_t used_tokens = 0;
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    for (struct hf_hub_tenant *t = hf_hub_tenants_first(hub->tenants); t != NULL;
         t = hf_hub_tenants_next(hub->tenants, t)) {
        bool live = t->life.registered && t->life.status == HF_TENANT_ACTIVE;
        expected += live ? 1 : 0;
        fresh += live && t->heartbeat_counter > 0 && now - t->heartbeat_us < FRESH_US ? 1 : 0;
        for (unsigned i = 0; i < t->life.token_count; i++) {
            const struct hf_tenant_token *token = &t->life.tokens[i];
            used_tokens += token->bound ? 1 : 0;
            open_tokens += !token->bound && now < token->expires_us ? 1 : 0;
        }
    }
    gauge(buf, "holdfast_heartbeat_expected", expected, "Agents that should give signs of life.");
    gauge(buf, "holdfast_heartbeat_received", fresh, "Of them, those that did within 2 minutes.");
    counter(buf, "holdfast_heartbeats_total", hub->heartbeats, "Signs of life taken.");
    head(buf, "holdfast_enrol_tokens", "gauge", "Registration tokens by state.");
    hf_buf_printf(buf, "holdfast_enrol_tokens{state=\"open\"} %llu\n",
                  (unsigned long long)open_tokens);
    hf_buf_printf(buf, "holdfast_enrol_tokens{state=\"used\"} %llu\n",
                  (unsigned long long)used_tokens);
    counter(buf, "holdfast_segments_total", hub->segments, "Segments of tenants' logs taken.");
    gauge(buf, "holdfast_secrets_exposed_tenants", hf_hub_exposed_tenants(hub),
          "Tenants whose last report, since the Hub started, found a secret in their log.");
    counter(buf, "holdfast_segments_refused_total", hub->segments_refused, "Segments refused.");
    hf_hub_ingest_lag_put(&hub->lag, buf);
}

static void put_stage(struct hf_buf *buf, const char *stage, int64_t us)
{
    hf_buf_printf(buf, "holdfast_pipeline_heartbeat_timestamp_seconds{stage=\"%s\"} %lld\n", stage,
                  (long long)(us / 1000000));
}

static void put_pipeline(struct hf_buf *buf, const struct hf_hub *hub)
{
    head(buf, "holdfast_pipeline_heartbeat_timestamp_seconds", "gauge",
         "When each part of the Hub was at work last; 0: not yet.");
    put_stage(buf, "ingest", hub->lag.last_us);
    put_stage(buf, "windows", hub->window_start_us);
    put_stage(buf, "projections", models_current_us(hub));
}

static void put_http(struct hf_buf *buf, const struct hf_hub *hub)
{
    counter(buf, "holdfast_http_requests_total", hub->calls, "Requests that reached the API.");
    counter(buf, "holdfast_http_failures_total", hub->calls_failed, "Answered 500 and above.");
    counter(buf, "holdfast_http_refused_total", hf_http_server_refused(hub->http),
            "Refused before the API saw them.");
    gauge(buf, "holdfast_http_body_bytes", hf_http_server_bodies(hub->http),
          "Bytes of request bodies that are held.");
    gauge(buf, "holdfast_connections", hf_http_server_connections(hub->http), "Open connections.");
    gauge(buf, "holdfast_streams", hub->streams, "Open event streams.");
}

static void put_certificate(struct hf_buf *buf, const struct hf_hub *hub)
{
    const struct hf_hub_certificate *c = &hub->certificate;
    gauge(buf, "holdfast_certificate_expiry_timestamp_seconds",
          c->until_us < 0 ? 0 : (uint64_t)c->until_us / 1000000,
          "When the certificate that browsers get is over; 0: they get the Hub's own.");
    gauge(buf, "holdfast_certificate_refused", c->refused,
          "1: its files cannot be used, an earlier one is served.");
    counter(buf, "holdfast_certificate_renewals_total", c->reads,
            "Times that its files were read again.");
    counter(buf, "holdfast_certificate_failures_total", c->failures,
            "Times that they could not be used, each reason counted once.");
}

static void put_process(struct hf_buf *buf, const struct hf_hub *hub)
{
    struct hf_process_usage usage;
    hf_process_usage(&usage);
    head(buf, "process_cpu_seconds_total", "counter", "Processor time.");
    hf_buf_printf(buf, "process_cpu_seconds_total %llu.%06llu\n",
                  (unsigned long long)(usage.cpu_us / 1000000),
                  (unsigned long long)(usage.cpu_us % 1000000));
    gauge(buf, "process_resident_memory_bytes", usage.resident, "Memory that is resident.");
    gauge(buf, "process_start_time_seconds", (uint64_t)(hub->opened_us / 1000000),
          "When the Hub was opened.");
    gauge(buf, "process_open_fds", usage.open_files, "Open files.");
    gauge(buf, "process_max_fds", usage.max_files, "Files that may be open.");
}

static void put_own(struct hf_buf *buf, uint64_t ns)
{
    head(buf, "holdfast_scrape_duration_seconds", "gauge", "How long it took to write this.");
    hf_buf_printf(buf, "holdfast_scrape_duration_seconds %llu.%09llu\n",
                  (unsigned long long)(ns / 1000000000), (unsigned long long)(ns % 1000000000));
}

void hf_serve_metrics(struct hf_hub_call *call)
{
    struct hf_buf *buf = &call->scratch;
    uint64_t begin_ns = hf_env_mono_ns(hf_loop_env(call->hub->loop));
    head(buf, "holdfast_build_info", "gauge", "Always 1; what runs here.");
    hf_buf_str(buf, HF_STR("holdfast_build_info{version=\"" HF_VERSION "\",commit=\"" HF_COMMIT
                           "\"} 1\n"));
    put_log(buf, call->hub);
    put_models(buf, call->hub);
    put_approvals(buf, call->hub);
    put_notices(buf, call->hub);
    put_tenants(buf, call->hub);
    put_http(buf, call->hub);
    put_certificate(buf, call->hub);
    put_pipeline(buf, call->hub);
    put_process(buf, call->hub);
    put_own(buf, hf_env_mono_ns(hf_loop_env(call->hub->loop)) - begin_ns);
    if (buf->failed != HF_OK) {
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory for the answer.");
        return;
    }
    hf_http_answer(call->exchange, 200, METRICS_TYPE, hf_buf_bytes(buf));
}
