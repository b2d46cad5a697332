/* tests/bench/fleet/report.c: what was seen, and what was wanted. */
#include "base/assert.h"
#include "base/json_out.h"
#include "tests/bench/fleet/fleet.h"

static double per_tenant(const struct fleet *fleet)
{
    return (fleet->rss_all - fleet->rss_empty) / (double)fleet->conf.tenants;
}

static double cpu_share(const struct fleet *fleet)
{
    return fleet->measured_cpu / fleet->measured_s;
}

/* From the Hub listening again to the last tenant heard; negative: not all are back. */
static double back_s(const struct fleet *fleet)
{
    double last = 0;
    for (uint64_t i = 0; i < fleet->conf.tenants; i++) {
        double at = fleet->tenants[i].heard_at;
        if (at == 0) {
            return -1;
        }
        last = at > last ? at : last;
    }
    return last - fleet->up_at;
}

static void row(const char *what, const char *seen, const char *wanted)
{
    (void)printf("| %s | %s | %s |\n", what, seen, wanted);
}

static void row_f(const char *what, const char *unit, double seen, const char *wanted)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%.*f%s", seen < 10 ? 2 : 0, seen, unit);
    row(what, text, wanted);
}

static void row_latency(const char *what, struct latency *latency, const char *wanted)
{
    char text[96];
    (void)snprintf(text, sizeof text, "p50 %.1f, p99 %.1f, worst %.1f ms of %zu",
                   latency_at(latency, 0.5), latency_at(latency, 0.99), latency_at(latency, 1),
                   latency->count);
    row(what, text, wanted);
}

static void curve(const struct fleet *fleet)
{
    uint32_t most = 1;
    size_t end = fleet->restart_second;
    for (size_t i = fleet->restart_second; i < fleet->second_count; i++) {
        most = fleet->history[i].back > most ? fleet->history[i].back : most;
        end = fleet->history[i].back > 0 ? i + 1 : end;
    }
    (void)printf("\nSeconds since the end of the Hub, tenants back in that second, connections "
                 "begun, the Hub's share of a core:\n\n");
    for (size_t i = fleet->restart_second; i < end; i++) {
        static const char bar[] = "##################################################";
        const struct second *s = &fleet->history[i];
        int width = (int)((uint64_t)s->back * (sizeof bar - 1) / most);
        (void)printf("%4zu %6u %6llu %4.0f %% %.*s\n", i - fleet->restart_second + 1, s->back,
                     (unsigned long long)s->connected, s->cpu * 100, width, bar);
    }
}

void fleet_report(struct fleet *fleet)
{
    const struct counts *all = &fleet->counts;
    (void)printf("| %llu tenants, %.0f s | seen | wanted |\n|---|---|---|\n",
                 (unsigned long long)fleet->conf.tenants, fleet->measured_s);
    row_f("heartbeats a second", "", (double)fleet->steady.beats / fleet->measured_s, "");
    row_f("segments a second", "", (double)fleet->steady.segments / fleet->measured_s, "");
    row_f("events a second", "", (double)fleet->steady.events / fleet->measured_s, "");
    row_f("Hub, share of one core", " %", cpu_share(fleet) * 100, "< 40 %");
    row_f("Hub, memory a connected tenant", " KB", per_tenant(fleet) / 1024, "< 45 KB");
    row_latency("heartbeat, due to answer", &fleet->beats, "");
    row_latency("segment, due to receipt", &fleet->segments, "");
    row_latency("urgent event, append to receipt", &fleet->receipts, "");
    if (fleet->conf.visible != NULL) {
        row_latency("urgent event, append to read model", &fleet->visible, "p99 < 1000 ms");
    }
    row_latency("the generator's own clock, lateness", &fleet->own_late, "");
    row_f("answers that refuse", "", (double)all->refused, "0");
    row_f("calls without an answer", "", (double)all->unheard,
          fleet->conf.restart == 0 ? "0" : "only while the Hub is down");
    row_f("events that the Hub does not have at the end", "", (double)fleet->lost, "0");
    if (fleet->restarted_at > 0) {
        row_f("restart: Hub not listening", " s", fleet->up_at - fleet->restarted_at, "");
        row_f("restart: all tenants back after it listens", " s", back_s(fleet), "<= 30 s");
        row_f("restart: resumed where the Hub was", "", (double)all->resumed, "");
        curve(fleet);
    }
    if (all->unseen > 0) {
        (void)printf("\n%llu urgent events were not looked for: all probes were busy.\n",
                     (unsigned long long)all->unseen);
    }
}

static void put(struct hf_json_out *json, const char *key, double value)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%.3f", value);
    hf_json_key(json, hf_str_c(key));
    hf_json_raw(json, hf_bytes_of(text, (size_t)len));
}

static void put_latency(struct hf_json_out *json, const char *key, struct latency *latency)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_object_begin(json);
    hf_json_key_u64(json, "count", latency->count);
    put(json, "p50_ms", latency_at(latency, 0.5));
    put(json, "p99_ms", latency_at(latency, 0.99));
    put(json, "worst_ms", latency_at(latency, 1));
    hf_json_object_end(json);
}

static void put_curve(struct hf_json_out *json, const struct fleet *fleet)
{
    put(json, "down_s", fleet->up_at - fleet->restarted_at);
    put(json, "all_back_s", back_s(fleet));
    hf_json_key_u64(json, "resumed", fleet->counts.resumed);
    hf_json_key(json, HF_STR("after_restart"));
    hf_json_array_begin(json);
    for (size_t i = fleet->restart_second; i < fleet->second_count; i++) {
        const struct second *s = &fleet->history[i];
        hf_json_object_begin(json);
        hf_json_key_u64(json, "back", s->back);
        hf_json_key_u64(json, "connections", s->connected);
        put(json, "hub_cores", s->cpu);
        hf_json_object_end(json);
    }
    hf_json_array_end(json);
}

void fleet_report_json(struct fleet *fleet)
{
    struct hf_buf text = hf_buf_init(4u << 20);
    struct hf_json_out json;
    const struct counts *all = &fleet->counts;
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "bench", HF_STR("fleet"));
    hf_json_key_u64(&json, "tenants", fleet->conf.tenants);
    put(&json, "seconds", fleet->measured_s);
    put(&json, "heartbeats_s", (double)fleet->steady.beats / fleet->measured_s);
    put(&json, "segments_s", (double)fleet->steady.segments / fleet->measured_s);
    put(&json, "events_s", (double)fleet->steady.events / fleet->measured_s);
    put(&json, "hub_cores", cpu_share(fleet));
    put(&json, "hub_bytes_a_tenant", per_tenant(fleet));
    put_latency(&json, "heartbeat", &fleet->beats);
    put_latency(&json, "segment", &fleet->segments);
    put_latency(&json, "urgent_receipt", &fleet->receipts);
    if (fleet->conf.visible != NULL) {
        put_latency(&json, "urgent_visible", &fleet->visible);
    }
    put_latency(&json, "generator_late", &fleet->own_late);
    hf_json_key_u64(&json, "refused", all->refused);
    hf_json_key_u64(&json, "unheard", all->unheard);
    hf_json_key_u64(&json, "lost", fleet->lost);
    hf_json_key_u64(&json, "unseen", all->unseen);
    if (fleet->restarted_at > 0) {
        put_curve(&json, fleet);
    }
    hf_json_object_end(&json);
    must(text.failed, NULL, "report");
    (void)printf("%.*s\n", (int)text.len, (const char *)text.ptr);
    hf_buf_free(&text);
}
