/* tests/bench/api/readers.c: connections that ask for the same thing again and again. */
#include "base/assert.h"
#include "tests/bench/api/api.h"

#define PACER_NS UINT64_C(500000)

static void ask(struct reader *reader, double wanted_at)
{
    struct readers *all = reader->all;
    reader->wanted_at = wanted_at;
    load_wire_ask(&reader->wire, "GET", all->path, all->token, NULL, (struct hf_bytes){0});
}

/* What is due goes out while somebody is free; what finds nobody stays due, and its wait counts. */
static void send_due(struct readers *all)
{
    double now = now_s();
    while (all->idle_count > 0 && all->next_at <= now && all->next_at < all->until) {
        ask(all->idle[--all->idle_count], all->next_at);
        all->next_at += all->pace_s;
    }
}

static void pace(struct hf_timer *timer)
{
    struct readers *all = HF_CONTAINER_OF(timer, struct readers, pacer);
    send_due(all);
    if (all->next_at < all->until) {
        must(hf_timer_arm(timer, PACER_NS), NULL, "timer");
    } else if (all->idle_count == all->count) {
        hf_loop_stop(all->target.loop);
    }
}

static void answered(struct load_wire *wire, int status, struct hf_bytes body)
{
    struct reader *reader = HF_CONTAINER_OF(wire, struct reader, wire);
    struct readers *all = reader->all;
    double now = now_s();
    if (status != 200 || !hf_bytes_eq(body, all->expected)) {
        (void)fprintf(stderr, "bench: %s: %d %.*s\n", all->path, status, (int)body.len,
                      (const char *)body.ptr);
        _exit(3);
    }
    latency_add(&all->latency, now - reader->wanted_at);
    all->done++;
    if (all->pace_s == 0 && now < all->until) {
        ask(reader, now);
        return;
    }
    all->idle[all->idle_count++] = reader;
    if (all->pace_s > 0) {
        send_due(all);
    }
    if (all->idle_count == all->count && (all->pace_s == 0 || all->next_at >= all->until)) {
        hf_loop_stop(all->target.loop);
    }
}

static void lost(struct load_wire *wire)
{
    (void)wire;
    (void)fprintf(stderr, "bench: the server ended a connection\n");
    _exit(3);
}

struct seen readers_run(struct readers *all, pid_t server, double rate, double seconds)
{
    double cpu = load_process_cpu_s(server);
    double began = now_s();
    HF_ASSERT(all->count <= READERS_MAX);
    latency_clear(&all->latency);
    all->done = 0;
    all->idle_count = 0;
    all->pace_s = rate > 0 ? 1 / rate : 0;
    all->until = began + seconds;
    all->next_at = began;
    for (unsigned i = 0; i < all->count; i++) {
        struct reader *reader = &all->reader[i];
        if (reader->all == NULL) {
            *reader = (struct reader){.all = all, .wire = {.answered = answered, .lost = lost}};
            load_wire_init(&reader->wire, &all->target);
        }
        if (rate > 0) {
            all->idle[all->idle_count++] = reader;
        } else {
            ask(reader, began);
        }
    }
    hf_timer_init(&all->pacer, all->target.loop, pace);
    if (rate > 0) {
        must(hf_timer_arm(&all->pacer, 0), NULL, "timer");
    }
    hf_loop_run(all->target.loop);
    hf_timer_cancel(&all->pacer);
    double took = now_s() - began;
    double count = (double)all->done;
    return (struct seen){.rate = count / took,
                         .p50_ms = latency_at(&all->latency, 0.5),
                         .p99_ms = latency_at(&all->latency, 0.99),
                         .cpu_us = (load_process_cpu_s(server) - cpu) / count * 1e6};
}
