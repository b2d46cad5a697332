/* tests/sim/region/world.c: machines that start, crash and start again, and what they run. */
#include "tests/sim/region/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/http/stream_client.h"
#include "hub/append.h"
#include "tests/harness/test.h"
#include "tests/sim/region/checks.h"
#include "tests/sim/region/operate.h"
#include "tests/sim/region/storm.h"

static uint64_t draw(struct sim_world *w, uint64_t below)
{
    uint64_t number = 0;
    hf_env_random(&w->sim.env, &number, sizeof number);
    return number % below;
}

static void machine_init(struct sim_machine *machine, struct sim_world *w,
                         void (*start)(struct hf_timer *timer))
{
    machine->world = w;
    sim_disk_init(&machine->disk, draw(w, UINT64_MAX));
    hf_env_machine_init(&machine->clock, &w->sim);
    HF_ASSERT(hf_loop_sim_machine(w->loop, &machine->clock.env, &machine->loop, &w->err) == HF_OK);
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &machine->host_key) == HF_OK);
    hf_env_random(&w->sim.env, hf_secret_fill(&machine->host_key), HF_SEAL_KEY_SIZE);
    hf_timer_init(&machine->start, w->loop, start);
}

static void machine_fini(struct sim_machine *machine)
{
    sim_disk_fini(&machine->disk);
    hf_loop_free(machine->loop);
    hf_secret_free(&machine->host_key);
}

/* Its program is closed: the disk settles, and after a while the program is started again. */
static void machine_down(struct sim_machine *machine)
{
    struct sim_world *w = machine->world;
    machine->life = SIM_DOWN;
    if (machine->crashing || sim_disk_crashed(&machine->disk)) {
        sim_disk_restart(&machine->disk);
        machine->crashes++;
    }
    machine->crashing = false;
    machine->watched = false;
    (void)hf_timer_arm(&machine->start, SIM_SECOND / 10 + draw(w, 5 * SIM_SECOND));
}

/* agents */

static void agent_closed(void *arg)
{
    struct sim_tenant *tenant = arg;
    hf_heap_free(tenant->agent);
    tenant->agent = NULL;
    machine_down(&tenant->machine);
}

static void close_agent(struct sim_tenant *tenant)
{
    tenant->machine.life = SIM_CLOSING;
    sim_links_cut(&tenant->machine.world->links, tenant);
    sim_vault_let_go(tenant);
    hf_agent_close(tenant->agent, agent_closed, tenant);
}

void sim_crash_agent(struct sim_tenant *tenant)
{
    if (tenant->machine.life == SIM_UP) {
        tenant->machine.crashing = true;
        sim_disk_crash(&tenant->machine.disk);
        close_agent(tenant);
    }
}

static enum hf_rc dial(void *arg, struct hf_str authority, struct hf_stream **ret_stream,
                       struct hf_err *err)
{
    struct sim_tenant *tenant = arg;
    struct sim_world *w = tenant->machine.world;
    struct hf_stream *far = NULL;
    (void)authority;
    if (w->hub_machine.life != SIM_UP ||
        sim_link_open(&w->links, tenant, &tenant->weather, ret_stream, &far) != HF_OK) {
        return hf_err_set(err, HF_EIO, "the Hub cannot be reached");
    }
    hf_hub_serve(w->hub, far);
    return HF_OK;
}

/* As the service manager: a program that ends is started again. */
static void agent_failed(void *arg, const struct hf_err *err)
{
    struct sim_tenant *tenant = arg;
    (void)err;
    if (tenant->machine.life == SIM_UP) {
        close_agent(tenant);
    }
}

static void start_agent(struct hf_timer *timer)
{
    struct sim_machine *machine = HF_CONTAINER_OF(timer, struct sim_machine, start);
    struct sim_tenant *tenant = HF_CONTAINER_OF(machine, struct sim_tenant, machine);
    struct sim_world *w = machine->world;
    struct hf_agent_conf conf = {.dir = "/agent",
                                 .hub_url = "http://hub",
                                 .token_file = "/token",
                                 .heartbeat_ns = 20 * SIM_SECOND,
                                 .key_ns = 100 * SIM_SECOND,
                                 .batch_ns = 2 * SIM_SECOND,
                                 .disk = &machine->disk.disk,
                                 .host_key = &machine->host_key,
                                 .logger = &w->logger,
                                 .failed = agent_failed,
                                 .arg = tenant,
                                 .restore_by_itself = w->restores,
                                 .closed_in = true,
                                 .vault_dir =
                                     tenant->vault.dir[0] == '\0' ? NULL : tenant->vault.dir};
    struct hf_err err = {0};
    tenant->agent = hf_heap_zalloc(1, sizeof *tenant->agent);
    HF_ASSERT(tenant->agent != NULL);
    HF_ASSERT(hf_http_stream_client_new(machine->loop, dial, tenant, &conf.client, &err) == HF_OK);
    machine->starts++;
    machine->life = SIM_UP;
    enum hf_rc rc = hf_agent_open(machine->loop, &conf, tenant->agent, &err);
    if (rc == HF_OK) {
        return;
    }
    if (!sim_disk_crashed(&machine->disk) && rc != HF_ENOSPC && rc != HF_EIO) {
        hf_test_fail(__FILE__, __LINE__, "the agent of %s does not start: %s: %s", tenant->name,
                     hf_rc_name(rc), err.text);
    }
    close_agent(tenant);
}

/* producing */

static void appended(struct hf_append *append)
{
    struct sim_tenant *tenant = HF_CONTAINER_OF(append, struct sim_tenant, append);
    tenant->posting = false;
    if (append->rc == HF_OK) {
        HF_ASSERT(tenant->ack_count < SIM_ACKS_MAX);
        tenant->acks[tenant->ack_count++] = (struct sim_ack){append->first, tenant->sequence};
        tenant->sequence++;
        hf_agent_replicate_poke(tenant->agent, draw(tenant->machine.world, 8) == 0);
    }
}

/* The same event again until it is acknowledged, as a program with an outbox does. */
static void produce(struct hf_timer *timer)
{
    struct sim_tenant *tenant = HF_CONTAINER_OF(timer, struct sim_tenant, produce);
    struct sim_world *w = tenant->machine.world;
    if (!w->producing && !tenant->posting) {
        return;
    }
    (void)hf_timer_arm(timer, SIM_SECOND / 10 + draw(w, 6 * SIM_SECOND));
    if (tenant->posting || tenant->machine.life != SIM_UP || tenant->agent->log.writer == NULL ||
        tenant->agent->holding || hf_agent_state(tenant->agent) == HF_AGENT_OPENING ||
        tenant->ack_count == SIM_ACKS_MAX) {
        return;
    }
    char producer[64];
    (void)snprintf(producer, sizeof producer, "program-%u", tenant->number);
    if (w->leaks && tenant->vault.there[0]) {
        (void)snprintf(producer, sizeof producer, "program-%u/%.*s", tenant->number,
                       SIM_VAULT_VALUE, (const char *)tenant->vault.newest[0]);
    }
    size_t len =
        hf_sample_event(producer, tenant->sequence, "dev", tenant->sequence, tenant->bytes);
    tenant->item = (struct hf_submission){.bytes = hf_bytes_of(tenant->bytes, len)};
    tenant->append = (struct hf_append){.items = &tenant->item,
                                        .item_count = 1,
                                        .wait = draw(w, 2) == 0 ? HF_WAIT_DURABLE : HF_WAIT_SIGNED,
                                        .done = appended};
    tenant->posting = true;
    hf_append_submit(hf_log_writer_appender(tenant->agent->log.writer), &tenant->append);
}

void sim_tenant_begin(struct sim_world *w, struct sim_tenant *tenant, const char *name)
{
    tenant->number = (unsigned)(tenant - w->tenants);
    (void)snprintf(tenant->name, sizeof tenant->name, "%s", name);
    tenant->sequence = 1;
    machine_init(&tenant->machine, w, start_agent);
    hf_timer_init(&tenant->produce, w->loop, produce);
    hf_timer_init(&tenant->calm, w->loop, sim_weather_calms);
    tenant->weather = sim_fair_weather;
    (void)hf_timer_arm(&tenant->machine.start, 1 + draw(w, 10 * SIM_SECOND));
    (void)hf_timer_arm(&tenant->produce, 1 + draw(w, 10 * SIM_SECOND));
}

/* the Hub */

static void hub_closed(void *arg)
{
    struct sim_world *w = arg;
    hf_heap_free(w->hub);
    w->hub = NULL;
    machine_down(&w->hub_machine);
}

static void close_hub(struct sim_world *w)
{
    w->hub_machine.life = SIM_CLOSING;
    sim_models_let_go(w);
    sim_links_cut(&w->links, NULL);
    hf_hub_close(w->hub, hub_closed, w);
}

void sim_crash_hub(struct sim_world *w)
{
    if (w->hub_machine.life == SIM_UP) {
        w->hub_machine.crashing = true;
        sim_disk_crash(&w->hub_machine.disk);
        close_hub(w);
    }
}

static void hub_failed(void *arg, const struct hf_err *err)
{
    struct sim_world *w = arg;
    (void)err;
    if (w->hub_machine.life == SIM_UP) {
        close_hub(w);
    }
}

static void start_hub(struct hf_timer *timer)
{
    struct sim_machine *machine = HF_CONTAINER_OF(timer, struct sim_machine, start);
    struct sim_world *w = machine->world;
    const struct hf_hub_conf conf = {.dir = "/hub",
                                     .region = "dev",
                                     .name = "hub",
                                     .snapshot_ns = 7 * SIM_SECOND,
                                     .disk = &machine->disk.disk,
                                     .host_key = &machine->host_key,
                                     .logger = &w->logger,
                                     .failed = hub_failed,
                                     .arg = w};
    struct hf_err err = {0};
    w->hub = hf_heap_zalloc(1, sizeof *w->hub);
    HF_ASSERT(w->hub != NULL);
    machine->starts++;
    machine->life = SIM_UP;
    enum hf_rc rc = hf_hub_open(machine->loop, &conf, w->hub, &err);
    if (rc == HF_OK) {
        w->from_snapshot += w->hub->snapshot.position > 0 ? 1 : 0;
        sim_check_memory(w);
        return;
    }
    if (!sim_disk_crashed(&machine->disk) && rc != HF_ENOSPC && rc != HF_EIO) {
        hf_test_fail(__FILE__, __LINE__, "the Hub does not start: %s: %s", hf_rc_name(rc),
                     err.text);
    }
    close_hub(w);
}

static void posted(struct hf_post *post)
{
    struct sim_world *w = HF_CONTAINER_OF(post, struct sim_world, post);
    HF_ASSERT(post->append.rc == HF_OK);
    hf_hub_fold_own(w->hub, &post->append);
    w->posted = true;
}

static void append(struct sim_world *w, struct hf_hub_event *event, const char *name)
{
    char stream[64];
    (void)snprintf(stream, sizeof stream, "tenant/%s", name);
    event->stream = hf_str_c(stream);
    w->posted = false;
    w->post.done = posted;
    HF_ASSERT(hf_hub_append(w->hub, event, HF_STR("program:simulation"), &w->post, &w->err) ==
              HF_OK);
    while (!w->posted) {
        HF_ASSERT(hf_loop_step(w->loop));
    }
}

static void create_tenant(struct sim_world *w, const char *name)
{
    uint8_t payload[1024];
    struct hf_writer out = hf_writer_init(payload, sizeof payload);
    const struct hf_event_tenant_created created = {
        .tenant = hf_str_c(name),
        .customer = HF_STR("internal"),
        .plan = HF_STR("none"),
        .region = (enum hf_event_tenant_created_region)w->hub->region_number};
    hf_event_tenant_created_encode(&created, &out);
    struct hf_hub_event event = {.type = HF_EVENT_TENANT_CREATED_NAME,
                                 .schema_version = HF_EVENT_TENANT_CREATED_VERSION,
                                 .payload = hf_writer_done(&out)};
    append(w, &event, name);
}

static void mint_token(struct sim_world *w, struct sim_tenant *tenant)
{
    uint8_t payload[1024];
    struct hf_writer out = hf_writer_init(payload, sizeof payload);
    struct hf_token token = {.tls_pin = w->hub->tls_pin,
                             .log_fingerprint = w->hub->log_fingerprint};
    struct hf_signing_key *key = NULL;
    struct hf_secret text = {0};
    struct hf_hash hash;
    (void)snprintf(token.region, sizeof token.region, "%s", w->hub->region);
    (void)snprintf(token.tenant, sizeof token.tenant, "%s", tenant->name);
    HF_ASSERT(hf_token_draw(&w->sim.env, &token, &w->err) == HF_OK);
    HF_ASSERT(hf_token_key(&token, &key, &w->err) == HF_OK);
    hf_token_hash(hf_signing_key_public(key), &hash);
    HF_ASSERT(hf_token_format(&token, &text, &w->err) == HF_OK);
    struct hf_bytes bytes = hf_secret_reveal(&text);
    if (tenant->number < SIM_VAULTS) {
        sim_secrets_add(w, hf_bytes_of(bytes.ptr, bytes.len - 1));
        sim_secrets_add(w, hf_secret_reveal(&tenant->machine.host_key));
    }
    sim_disk_put(&tenant->machine.disk, "/token", hf_bytes_of(bytes.ptr, bytes.len - 1));
    const struct hf_event_tenant_token_minted minted = {
        .tenant = hf_str_c(tenant->name),
        .token_hash = hf_bytes_of(hash.b, HF_HASH_SIZE),
        .expires = hf_env_wall_us(&w->sim.env) + INT64_C(30) * 86400 * 1000000,
        .log_key = hf_bytes_of(w->hub->log_fingerprint.b, HF_HASH_SIZE),
        .tls_issuer = hf_bytes_of(w->hub->tls_pin.b, HF_HASH_SIZE)};
    hf_event_tenant_token_minted_encode(&minted, &out);
    struct hf_hub_event event = {.type = HF_EVENT_TENANT_TOKEN_MINTED_NAME,
                                 .schema_version = HF_EVENT_TENANT_TOKEN_MINTED_VERSION,
                                 .payload = hf_writer_done(&out)};
    append(w, &event, tenant->name);
    hf_signing_key_free(key);
    hf_secret_free(&text);
    hf_token_free(&token);
}

/* the whole */

void sim_world_init(struct sim_world *w, uint64_t seed, unsigned count)
{
    *w = (struct sim_world){.producing = true};
    HF_ASSERT(hf_crypto_init(&w->err) == HF_OK);
    hf_env_sim_init(&w->sim, seed);
    HF_ASSERT(hf_loop_sim_new(&w->sim, 50000, &w->loop, &w->err) == HF_OK);
    w->logger = (struct hf_logger){.env = &w->sim.env,
                                   .fd = getenv("HF_SIM_LOG") == NULL ? -1 : STDERR_FILENO};
    sim_links_init(&w->links, w->loop);
    sim_storm_init(w);
    machine_init(&w->hub_machine, w, start_hub);
    start_hub(&w->hub_machine.start);
    w->tenants = hf_heap_zalloc(2 * (size_t)count, sizeof *w->tenants);
    HF_ASSERT(w->tenants != NULL && w->hub != NULL);
    for (; w->count < count; w->count++) {
        char name[32];
        (void)snprintf(name, sizeof name, "tenant-%u", w->count);
        sim_tenant_begin(w, &w->tenants[w->count], name);
        if (w->count < SIM_VAULTS) {
            sim_vault_begin(&w->tenants[w->count]);
        }
        create_tenant(w, name);
        mint_token(w, &w->tenants[w->count]);
    }
}

void sim_world_run(struct sim_world *w, uint64_t ns)
{
    uint64_t end = hf_env_mono_ns(&w->sim.env) + ns;
    (void)hf_timer_arm(&w->look, 0);
    while (!hf_test_failed() && hf_env_mono_ns(&w->sim.env) < end) {
        HF_ASSERT(hf_loop_step(w->loop));
        for (unsigned i = 0; i < w->count; i++) {
            struct sim_tenant *tenant = &w->tenants[i];
            if (tenant->machine.watched && sim_disk_crashed(&tenant->machine.disk)) {
                sim_crash_agent(tenant);
            }
        }
        if (w->hub_machine.watched && sim_disk_crashed(&w->hub_machine.disk)) {
            sim_crash_hub(w);
        }
    }
}

static bool replicated(const struct sim_world *w, struct sim_tenant *tenant)
{
    if (tenant->clone || tenant->cloned) {
        return tenant->machine.life == SIM_UP && !tenant->posting;
    }
    if (tenant->machine.life != SIM_UP || tenant->posting ||
        hf_agent_state(tenant->agent) != HF_AGENT_RUNNING) {
        return false;
    }
    if (!sim_vault_settled(tenant)) {
        return false;
    }
    const struct hf_hub_tenant *known = hf_hub_tenant_find(w->hub->tenants, hf_str_c(tenant->name));
    uint64_t size = hf_log_size(tenant->agent->log.log);
    return known != NULL && tenant->agent->receipt == size && known->mirror.frontier.size == size;
}

bool sim_world_settled(struct sim_world *w, uint64_t ns)
{
    uint64_t end = hf_env_mono_ns(&w->sim.env) + ns;
    while (!hf_test_failed() && hf_env_mono_ns(&w->sim.env) < end) {
        bool all = w->hub_machine.life == SIM_UP;
        for (unsigned i = 0; all && i < w->count; i++) {
            all = replicated(w, &w->tenants[i]);
        }
        if (all) {
            return true;
        }
        sim_world_run(w, SIM_SECOND);
    }
    return false;
}

void sim_world_crash_hub(struct sim_world *w)
{
    HF_ASSERT(w->hub_machine.life == SIM_UP);
    sim_crash_hub(w);
    while (w->hub_machine.life != SIM_DOWN) {
        HF_ASSERT(hf_loop_step(w->loop));
    }
}

void sim_world_await_hub(struct sim_world *w)
{
    while (w->hub_machine.life != SIM_UP) {
        HF_ASSERT(hf_loop_step(w->loop));
    }
}

void sim_world_restart_hub(struct sim_world *w)
{
    HF_ASSERT(w->hub_machine.life == SIM_UP);
    close_hub(w);
    sim_world_await_hub(w);
}

void sim_world_fini(struct sim_world *w)
{
    w->producing = false;
    hf_timer_cancel(&w->storm);
    hf_timer_cancel(&w->look);
    sim_operate_end(w);
    sim_links_cut(&w->links, NULL);
    bool up = true;
    while (up) {
        up = w->hub_machine.life != SIM_DOWN;
        for (unsigned i = 0; i < w->count; i++) {
            struct sim_tenant *tenant = &w->tenants[i];
            if (tenant->machine.life == SIM_UP) {
                close_agent(tenant);
            }
            up = up || tenant->machine.life != SIM_DOWN;
            hf_timer_cancel(&tenant->machine.start);
            hf_timer_cancel(&tenant->produce);
            sim_vault_end(tenant);
            hf_timer_cancel(&tenant->calm);
        }
        if (w->hub_machine.life == SIM_UP) {
            close_hub(w);
        }
        hf_timer_cancel(&w->hub_machine.start);
        if (up) {
            HF_ASSERT(hf_loop_step(w->loop));
        }
    }
    hf_loop_run(w->loop);
    sim_models_fini(w);
    sim_secrets_fini(w);
    for (unsigned i = 0; i < w->count; i++) {
        machine_fini(&w->tenants[i].machine);
    }
    machine_fini(&w->hub_machine);
    for (unsigned i = 0; i < SIM_SENT_MAX; i++) {
        hf_buf_free(&w->sent[i]);
    }
    hf_heap_free(w->tenants);
    hf_loop_free(w->loop);
}
