/* tests/bench/fleet/run.c: the phases of a run, looked at each second. */
#include <signal.h>

#include "base/assert.h"
#include "base/heap.h"
#include "tests/bench/fleet/fleet.h"

#define BACK_WAIT_S  90.0 /* for the last tenant after a restart */
#define DRAIN_WAIT_S 120.0
#define OWN_S        0.01

double fleet_draw(struct fleet *fleet)
{
    fleet->draws ^= fleet->draws << 13;
    fleet->draws ^= fleet->draws >> 7;
    fleet->draws ^= fleet->draws << 17;
    return (double)(fleet->draws >> 11) / (double)(UINT64_C(1) << 53);
}

void fleet_arm(struct hf_timer *timer, double at)
{
    double now = now_s();
    must(hf_timer_arm(timer, at > now ? (uint64_t)((at - now) * 1e9) : 0), NULL, "timer");
}

/* phases, last one first */

static bool quiet(const struct fleet *fleet)
{
    for (uint64_t i = 0; i < fleet->conf.tenants; i++) {
        const struct tenant *t = &fleet->tenants[i];
        if (t->wire.waiting || t->frontier.size > t->receipt) {
            return false;
        }
    }
    return true;
}

static void drain(struct fleet *fleet)
{
    bool late = now_s() - fleet->tick_at > DRAIN_WAIT_S;
    if (quiet(fleet) || late) {
        hf_timer_cancel(&fleet->tick);
        hf_loop_stop(fleet->loop);
    }
}

static void start_draining(struct fleet *fleet)
{
    fleet->measuring = false;
    fleet->draining = true;
    fleet->tick_at = now_s();
    fleet->phase = drain;
    hf_timer_cancel(&fleet->urgent);
    hf_timer_cancel(&fleet->own);
    for (uint64_t i = 0; i < fleet->conf.tenants; i++) {
        struct tenant *t = &fleet->tenants[i];
        hf_timer_cancel(&t->event);
        hf_timer_cancel(&t->beat);
        t->beat_due = false;
        if (t->frontier.size > t->receipt && t->asking != ASKING_SEGMENT) {
            must(hf_timer_arm(&t->segment, (uint64_t)(fleet_draw(fleet) * 5e9)), NULL, "timer");
        }
    }
}

static void come_back(struct fleet *fleet)
{
    double now = now_s();
    if ((fleet->back == fleet->conf.tenants && now - fleet->restarted_at > 35) ||
        now - fleet->restarted_at > BACK_WAIT_S) {
        start_draining(fleet);
    }
}

static void listening(struct load_process *hub)
{
    HF_CONTAINER_OF(hub, struct fleet, hub)->up_at = now_s();
}

static void restart(struct fleet *fleet)
{
    fleet->restarted_at = now_s();
    fleet->restart_second = fleet->second_count;
    fleet->back_now = 0;
    fleet->hub.listening = listening;
    load_process_restart(&fleet->hub, fleet->loop, fleet->conf.restart, fleet->conf.argv_again,
                         fleet->conf.log);
    fleet->phase = come_back;
}

static struct counts since(const struct counts *now, const struct counts *then)
{
    return (struct counts){.events = now->events - then->events,
                           .urgent = now->urgent - then->urgent,
                           .beats = now->beats - then->beats,
                           .segments = now->segments - then->segments,
                           .resumed = now->resumed - then->resumed};
}

static void measure(struct fleet *fleet)
{
    double now = now_s();
    if (now - fleet->began_at < fleet->conf.seconds) {
        return;
    }
    fleet->measured_s = now - fleet->began_at;
    fleet->measured_cpu = load_process_cpu_s(fleet->hub.pid) - fleet->measured_cpu;
    fleet->steady = since(&fleet->counts, &fleet->steady);
    fleet->rss_all = load_process_rss(fleet->hub.pid);
    if (fleet->conf.restart != 0) {
        restart(fleet);
    } else {
        start_draining(fleet);
    }
}

static void warm_up(struct fleet *fleet)
{
    double now = now_s();
    if (now - fleet->began_at >= fleet->conf.warm_s) {
        fleet->began_at = now;
        fleet->measuring = true;
        fleet->measured_cpu = load_process_cpu_s(fleet->hub.pid);
        fleet->steady = fleet->counts;
        fleet->phase = measure;
    }
}

/* the clock */

static void tick(struct hf_timer *timer)
{
    struct fleet *fleet = HF_CONTAINER_OF(timer, struct fleet, tick);
    double now = now_s();
    double cpu = load_process_cpu_s(fleet->hub.pid);
    fleet->cpu_before = cpu < fleet->cpu_before ? 0 : fleet->cpu_before; /* a new process */
    must(hf_timer_arm(timer, UINT64_C(1000000000)), NULL, "timer");
    if (!fleet->draining && fleet->second_count < FLEET_SECONDS_MAX) {
        fleet->history[fleet->second_count++] =
            (struct second){.cpu = (cpu - fleet->cpu_before) / (now - fleet->tick_at),
                            .rss = load_process_rss(fleet->hub.pid),
                            .back = fleet->back_now,
                            .connected = fleet->target.connected - fleet->connected_before};
        fleet->tick_at = now;
    }
    fleet->cpu_before = cpu;
    fleet->back_now = 0;
    fleet->connected_before = fleet->target.connected;
    fleet->phase(fleet);
}

/* A generator that is late itself would blame the Hub. */
static void own(struct hf_timer *timer)
{
    struct fleet *fleet = HF_CONTAINER_OF(timer, struct fleet, own);
    if (fleet->measuring && fleet->restarted_at == 0) {
        latency_add(&fleet->own_late, now_s() - fleet->own_at);
    }
    fleet->own_at += OWN_S;
    if (!fleet->draining) {
        fleet_arm(timer, fleet->own_at);
    }
}

static void urgent(struct hf_timer *timer)
{
    struct fleet *fleet = HF_CONTAINER_OF(timer, struct fleet, urgent);
    fleet->urgent_at += fleet->conf.urgent_s;
    fleet_arm(timer, fleet->urgent_at);
    for (unsigned tries = 0; tries < 16; tries++) {
        struct tenant *t =
            &fleet->tenants[(size_t)(fleet_draw(fleet) * (double)fleet->conf.tenants)];
        if (t->urgent_end == 0) {
            tenant_append(t, true);
            t->urgent_end = t->frontier.size;
            t->urgent_at = fleet->urgent_at - fleet->conf.urgent_s; /* when it was due */
            fleet->counts.urgent++;
            tenant_wait_for_segment(t, true);
            return;
        }
    }
}

void fleet_play(struct fleet *fleet)
{
    fleet->history = hf_heap_zalloc(FLEET_SECONDS_MAX, sizeof *fleet->history);
    must(fleet->history == NULL ? HF_ENOMEM : HF_OK, NULL, "history");
    for (uint64_t i = 0; i < fleet->conf.tenants; i++) {
        tenant_begin(&fleet->tenants[i]);
    }
    fleet_probes_init(fleet);
    hf_timer_init(&fleet->tick, fleet->loop, tick);
    hf_timer_init(&fleet->urgent, fleet->loop, urgent);
    must(hf_timer_arm(&fleet->tick, UINT64_C(1000000000)), NULL, "timer");
    if (fleet->conf.urgent_s > 0) {
        fleet->urgent_at = now_s() + 1;
        fleet_arm(&fleet->urgent, fleet->urgent_at);
    }
    fleet->began_at = now_s();
    fleet->own_at = fleet->began_at + OWN_S;
    hf_timer_init(&fleet->own, fleet->loop, own);
    fleet_arm(&fleet->own, fleet->own_at);
    fleet->tick_at = fleet->began_at;
    fleet->cpu_before = load_process_cpu_s(fleet->hub.pid);
    fleet->connected_before = fleet->target.connected;
    fleet->phase = warm_up;
    hf_loop_run(fleet->loop);
    fleet_check(fleet);
    hf_loop_run(fleet->loop);
}
