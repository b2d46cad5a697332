/* hub/probes.c: tells a tenant after the other to ask for approval of nothing. */
#include "hub/probes.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "commands/directive.h"
#include "hub/notes.h"

#define LIFE_US INT64_C(60000000)

/* The one behind the last, in the order of the Hub's list. */
static const struct hf_hub_tenant *next_tenant(struct hf_hub *hub)
{
    const struct hf_hub_tenant *first = NULL;
    bool behind = false;
    for (struct hf_hub_tenant *t = hf_hub_tenants_first(hub->tenants); t != NULL;
         t = hf_hub_tenants_next(hub->tenants, t)) {
        bool live = t->life.registered && t->life.status == HF_TENANT_ACTIVE;
        if (live && behind) {
            return t;
        }
        if (live && first == NULL) {
            first = t;
        }
        behind = behind || strcmp(t->life.name, hub->probes.last) == 0;
    }
    return first;
}

static void probe(struct hf_hub *hub, const struct hf_hub_tenant *tenant)
{
    uint8_t seed[8];
    uint8_t bytes[512];
    char stream[sizeof HF_DIRECTIVE_STREAM + HF_TENANT_NAME_MAX];
    char parameters[HF_DIRECTIVE_PARAMETERS] = "approval=" HF_DIRECTIVE_PROBE_PREFIX;
    struct hf_env *env = hf_loop_env(hub->loop);
    hf_env_random(env, seed, sizeof seed);
    hf_hex_encode(hf_bytes_of(seed, sizeof seed), parameters + strlen(parameters));
    const struct hf_event_directive_issued event = {
        .address = hf_str_c(tenant->life.name),
        .kind = HF_STR("probe"),
        .sequence = hf_hub_directives_last(&hub->directives) + 1,
        .not_after = hf_env_wall_us(env) + LIFE_US,
        .has_parameters = true,
        .parameters = hf_str_c(parameters),
        .reason = HF_STR("whether requests for approval find their way")};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_directive_issued_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, HF_DIRECTIVE_STREAM "%s", tenant->life.name);
    const struct hf_hub_event note = {.type = HF_EVENT_DIRECTIVE_ISSUED_NAME,
                                      .schema_version = HF_EVENT_DIRECTIVE_ISSUED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    memcpy(hub->probes.last, tenant->life.name, sizeof hub->probes.last);
    hf_hub_directives_take(&hub->directives);
    hf_hub_note(hub, &note);
    hub->probes.issued++;
}

static void due(struct hf_timer *timer)
{
    struct hf_hub_probes *probes = HF_CONTAINER_OF(timer, struct hf_hub_probes, timer);
    const struct hf_hub_tenant *tenant = next_tenant(probes->hub);
    if (tenant != NULL) {
        probe(probes->hub, tenant);
    }
    (void)hf_timer_arm(&probes->timer, probes->every_ns);
}

void hf_hub_probes_start(struct hf_hub *hub, uint64_t every_ns)
{
    hub->probes = (struct hf_hub_probes){.hub = hub, .every_ns = every_ns};
    if (every_ns > 0) {
        hf_timer_init(&hub->probes.timer, hub->loop, due);
        (void)hf_timer_arm(&hub->probes.timer, every_ns);
    }
}

void hf_hub_probes_stop(struct hf_hub *hub)
{
    if (hub->probes.every_ns > 0) {
        hf_timer_cancel(&hub->probes.timer);
        hub->probes.every_ns = 0;
    }
}
