/* tests/sim/region/storm.c: draws faults from the seed and lets them happen. */
#include "tests/sim/region/storm.h"

#include "tests/harness/test.h"
#include "tests/sim/region/checks.h"
#include "tests/sim/region/operate.h"

const struct sim_weather sim_fair_weather = {.delay_ns = 20000000};

static uint64_t draw(struct sim_world *w, uint64_t below)
{
    uint64_t number = 0;
    hf_env_random(&w->sim.env, &number, sizeof number);
    return number % below;
}

void sim_weather_calms(struct hf_timer *timer)
{
    HF_CONTAINER_OF(timer, struct sim_tenant, calm)->weather = sim_fair_weather;
}

/* The largest receipt that an agent had, ever: the Hub must have that much, ever after. */
static void look(struct hf_timer *timer)
{
    struct sim_world *w = HF_CONTAINER_OF(timer, struct sim_world, look);
    for (unsigned i = 0; i < w->count; i++) {
        struct sim_tenant *tenant = &w->tenants[i];
        if (tenant->machine.life == SIM_UP && tenant->agent->epoch.epoch != tenant->epoch) {
            tenant->epoch = tenant->agent->epoch.epoch;
            tenant->receipt = 0;
        }
        if (tenant->machine.life == SIM_UP && tenant->agent->receipt > tenant->receipt) {
            tenant->receipt = tenant->agent->receipt;
        }
        if (w->hub_machine.life != SIM_UP || tenant->receipt == 0) {
            continue;
        }
        const struct hf_hub_tenant *known =
            hf_hub_tenant_find(w->hub->tenants, hf_str_c(tenant->name));
        if (known == NULL || (known->mirror.epoch == tenant->epoch &&
                              known->mirror.frontier.size < tenant->receipt)) {
            hf_test_fail(__FILE__, __LINE__, "the Hub took back a receipt of %s for %llu entries",
                         tenant->name, (unsigned long long)tenant->receipt);
        }
    }
    if (w->hub_machine.life == SIM_UP && draw(w, 16) == 0) {
        sim_check_memory(w);
    }
    sim_models_step(w);
    (void)hf_timer_arm(timer, SIM_SECOND / 2);
}

/* what was sent, sent again */

static void keep_sent(void *arg, struct hf_bytes bytes)
{
    struct sim_world *w = arg;
    struct hf_buf *slot = &w->sent[w->sent_next++ % SIM_SENT_MAX];
    hf_buf_free(slot);
    *slot = hf_buf_init(1u << 20);
    hf_buf_put(slot, bytes.ptr, bytes.len);
}

static void foe_data(struct hf_stream *stream, struct hf_bytes data)
{
    (void)stream;
    (void)data;
}

static void foe_end(struct hf_stream *stream, enum hf_rc why)
{
    (void)why;
    hf_stream_close(stream);
}

static void foe_closed(struct hf_stream *stream)
{
    (void)stream;
}

static void replay(struct sim_world *w)
{
    struct hf_stream *near = NULL;
    struct hf_stream *far = NULL;
    struct hf_buf *sent = &w->sent[draw(w, SIM_SENT_MAX)];
    if (sent->len == 0 || w->hub_machine.life != SIM_UP ||
        sim_link_open(&w->links, w, &sim_fair_weather, &near, &far) != HF_OK) {
        return;
    }
    near->on_data = foe_data;
    near->on_end = foe_end;
    near->on_closed = foe_closed;
    hf_stream_read(near, true);
    hf_hub_serve(w->hub, far);
    uint64_t flips = draw(w, 3);
    for (uint64_t i = 0; i < flips; i++) {
        sent->ptr[draw(w, sent->len)] ^= (uint8_t)(1u << draw(w, 8));
    }
    HF_ASSERT(hf_stream_write(near, hf_buf_bytes(sent)) == HF_OK);
    w->replays++;
}

/* faults */

static void change_weather(struct sim_world *w, struct sim_tenant *tenant, enum sim_fault fault)
{
    struct sim_weather *weather = &tenant->weather;
    if (fault == SIM_CUT) {
        weather->cut = true;
        sim_links_cut(&w->links, tenant);
    } else if (fault == SIM_MUTE) {
        weather->mute = true;
    } else if (fault == SIM_SLOW) {
        weather->delay_ns = draw(w, 20 * SIM_SECOND);
        weather->rate = 50 + draw(w, 20000);
    } else {
        weather->alter_one = 1 + (uint32_t)draw(w, 6);
    }
    (void)hf_timer_arm(&tenant->calm, draw(w, 40 * SIM_SECOND));
}

/* Now, or in the middle of one of the next writes. */
static void crash_agent(struct sim_world *w, struct sim_tenant *tenant)
{
    if (draw(w, 2) == 0) {
        sim_crash_agent(tenant);
    } else {
        sim_disk_plan(&tenant->machine.disk, HF_FAULT_CRASH, 40);
        tenant->machine.watched = true;
    }
}

static void crash_hub(struct sim_world *w)
{
    if (draw(w, 2) == 0) {
        sim_crash_hub(w);
    } else {
        sim_disk_plan(&w->hub_machine.disk, HF_FAULT_CRASH, 100);
        w->hub_machine.watched = true;
    }
}

static void fill_disk(struct sim_world *w, struct sim_tenant *tenant)
{
    struct sim_machine *machine = draw(w, 4) == 0 ? &w->hub_machine : &tenant->machine;
    if (!machine->watched) {
        sim_disk_plan(&machine->disk, HF_FAULT_ENOSPC, 20);
    }
}

static void jump(struct sim_world *w)
{
    static const int64_t us[] = {1000, 1000000, INT64_C(60000000), INT64_C(3600000000)};
    int64_t far = us[draw(w, HF_LEN(us))];
    hf_env_sim_jump(&w->sim, draw(w, 2) == 0 ? far : -far);
}

/* By up to six hours, or not at all; a quarter of them gain or lose up to a tenth of the time. Not
 * by a day of the Hub's: so long the lost answer to a registration can be repeated, and then only a
 * person with a new token helps. */
static void skew(struct sim_world *w, struct sim_tenant *tenant)
{
    static const int64_t us[] = {0, 1000000, INT64_C(60000000), INT64_C(3600000000),
                                 INT64_C(21600000000)};
    struct sim_machine *machine = draw(w, 4) == 0 ? &w->hub_machine : &tenant->machine;
    int64_t far = us[draw(w, HF_LEN(us))];
    int64_t rate = draw(w, 4) == 0 ? (int64_t)draw(w, 200001) - 100000 : 0;
    hf_env_machine_set(&machine->clock, draw(w, 2) == 0 ? far : -far, rate);
}

/* Somebody runs a copy of the machine, with its keys and its log as it was then. */
static void clone(struct sim_world *w, struct sim_tenant *tenant)
{
    if (tenant->clone || tenant->cloned || tenant->machine.life != SIM_UP ||
        hf_agent_state(tenant->agent) != HF_AGENT_RUNNING) {
        return;
    }
    struct sim_tenant *copy = &w->tenants[w->count++];
    tenant->cloned = true;
    copy->clone = true;
    sim_tenant_begin(w, copy, tenant->name);
    sim_disk_copy(&copy->machine.disk, &tenant->machine.disk);
    hf_secret_free(&copy->machine.host_key);
    HF_ASSERT(hf_secret_copy(hf_secret_reveal(&tenant->machine.host_key),
                             &copy->machine.host_key) == HF_OK);
}

static void storm(struct hf_timer *timer)
{
    struct sim_world *w = HF_CONTAINER_OF(timer, struct sim_world, storm);
    (void)hf_timer_arm(timer, draw(w, 20 * SIM_SECOND / w->count + 1));
    struct sim_tenant *tenant = &w->tenants[draw(w, w->count)];
    enum sim_fault fault = (enum sim_fault)(1u << draw(w, 11));
    if ((w->faults & (unsigned)fault) == 0) {
        return;
    }
    switch (fault) {
    case SIM_CUT:
    case SIM_MUTE:
    case SIM_SLOW:
    case SIM_ALTER: change_weather(w, tenant, fault); break;
    case SIM_AGENT_CRASH: crash_agent(w, tenant); break;
    case SIM_HUB_CRASH:
        if (draw(w, w->count) < 4) { /* not more often because there are more tenants */
            crash_hub(w);
        }
        break;
    case SIM_DISK_FULL: fill_disk(w, tenant); break;
    case SIM_CLOCK: jump(w); break;
    case SIM_REPLAY: replay(w); break;
    case SIM_CLONE: clone(w, tenant); break;
    case SIM_SKEW: skew(w, tenant); break;
    case SIM_ALL: break;
    }
}

void sim_storm_init(struct sim_world *w)
{
    hf_timer_init(&w->storm, w->loop, storm);
    hf_timer_init(&w->look, w->loop, look);
    w->links.sent = keep_sent;
    w->links.arg = w;
}

void sim_world_storm(struct sim_world *w, unsigned faults, uint64_t ns)
{
    w->faults = faults;
    (void)hf_timer_arm(&w->storm, 1);
    sim_operate_begin(w);
    sim_world_run(w, ns);
}

void sim_world_calm(struct sim_world *w)
{
    hf_timer_cancel(&w->storm);
    sim_operate_end(w);
    w->producing = false;
    sim_disk_heal(&w->hub_machine.disk);
    for (unsigned i = 0; i < w->count; i++) {
        w->tenants[i].weather = sim_fair_weather;
        sim_disk_heal(&w->tenants[i].machine.disk);
    }
}
