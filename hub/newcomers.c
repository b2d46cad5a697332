/* hub/newcomers.c: looks for tenants that were not there when all were told. */
#include "hub/newcomers.h"

#include <stdio.h>

#include "base/assert.h"
#include "commands/directive.h"
#include "hub/notes.h"

#define SECOND   UINT64_C(1000000000)
#define EVERY    SECOND
#define PATIENCE (60 * SECOND) /* for what was issued to be in the log */
#define BATCH    64            /* directives of one look */
#define LIFE_US  (INT64_C(86400) * 1000000)

/* The newest activation for all of the slot, if this tenant missed it. */
static const struct hf_hub_told *missed(const struct hf_hub *hub, const struct hf_tenant *tenant,
                                        enum hf_slot slot)
{
    const struct hf_hub_told *all = hf_hub_artifacts_told_all(&hub->artifacts, slot);
    if (all == NULL || all->recorded_us >= tenant->registered_us) {
        return NULL; /* there is none, or its agent gets it itself */
    }
    return hf_hub_artifacts_told(&hub->artifacts, hf_str_c(tenant->name), tenant->registered_us,
                                 slot) == NULL
               ? all
               : NULL;
}

/* May it still run? Whoever told all was asked whether they may. */
static bool is_good(struct hf_hub *hub, enum hf_slot slot, const struct hf_hub_told *told)
{
    const struct hf_hub_artifact *artifact = hf_hub_artifact_find(&hub->artifacts, &told->digest);
    hf_artifact_reason reason;
    if (artifact == NULL) {
        return false;
    }
    const struct hf_activation wish = {.artifact = &artifact->life,
                                       .slot = slot,
                                       .floor = hub->artifacts.slots[slot].floor,
                                       .region = hf_str_c(hub->region),
                                       .role = HF_ROLE_APPROVER,
                                       .now_us = hf_env_wall_us(hf_loop_env(hub->loop))};
    return hf_artifact_may_activate(&wish, &reason, /* err= */ NULL) == HF_OK;
}

static void issue(struct hf_hub *hub, const struct hf_tenant *tenant, enum hf_slot slot,
                  const struct hf_hub_told *told)
{
    uint8_t bytes[512];
    char stream[sizeof HF_DIRECTIVE_STREAM + HF_TENANT_NAME_MAX];
    char parameters[HF_DIRECTIVE_PARAMETERS];
    (void)snprintf(parameters, sizeof parameters, "slot=%s", hf_slot_name(slot));
    const struct hf_event_directive_issued event = {
        .address = hf_str_c(tenant->name),
        .kind = HF_STR("activate"),
        .sequence = hf_hub_directives_last(&hub->directives) + 1,
        .not_after = hf_env_wall_us(hf_loop_env(hub->loop)) + LIFE_US,
        .has_artifact = true,
        .artifact = hf_bytes_of(told->digest.b, HF_HASH_SIZE),
        .has_parameters = true,
        .parameters = hf_str_c(parameters),
        .reason = HF_STR("it is in force for all tenants, and this one came later")};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_directive_issued_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, HF_DIRECTIVE_STREAM "%s", tenant->name);
    const struct hf_hub_event note = {.type = HF_EVENT_DIRECTIVE_ISSUED_NAME,
                                      .schema_version = HF_EVENT_DIRECTIVE_ISSUED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    hf_hub_directives_take(&hub->directives);
    hf_hub_note(hub, &note);
    hub->newcomers.issued = event.sequence;
    hub->newcomers.issued_ns = hf_env_mono_ns(hf_loop_env(hub->loop));
    hub->newcomers.told++;
}

static unsigned look(struct hf_hub *hub)
{
    unsigned count = 0;
    for (struct hf_hub_tenant *t = hf_hub_tenants_first(hub->tenants); t != NULL && count < BATCH;
         t = hf_hub_tenants_next(hub->tenants, t)) {
        bool live = t->life.registered && t->life.status == HF_TENANT_ACTIVE;
        for (int slot = 0; live && slot < HF_SLOT_COUNT; slot++) {
            const struct hf_hub_told *told = missed(hub, &t->life, (enum hf_slot)slot);
            if (told != NULL && is_good(hub, (enum hf_slot)slot, told)) {
                issue(hub, &t->life, (enum hf_slot)slot, told);
                count++;
            }
        }
    }
    return count;
}

/* What it issued must be in the log before it looks again, or it would issue it again. */
static bool is_settled(const struct hf_hub *hub)
{
    const struct hf_hub_newcomers *n = &hub->newcomers;
    return hf_hub_directives_folded(&hub->directives) >= n->issued ||
           hf_env_mono_ns(hf_loop_env(hub->loop)) - n->issued_ns > PATIENCE;
}

static void due(struct hf_timer *timer)
{
    struct hf_hub_newcomers *n = HF_CONTAINER_OF(timer, struct hf_hub_newcomers, timer);
    struct hf_hub *hub = n->hub;
    uint64_t size = hf_log_size(hub->log.log);
    (void)hf_timer_arm(timer, EVERY);
    if (size != n->seen && is_settled(hub)) {
        n->seen = look(hub) == 0 ? size : 0;
    }
}

void hf_hub_newcomers_start(struct hf_hub *hub)
{
    hub->newcomers = (struct hf_hub_newcomers){.hub = hub};
    hf_timer_init(&hub->newcomers.timer, hub->loop, due);
    (void)hf_timer_arm(&hub->newcomers.timer, EVERY);
}

void hf_hub_newcomers_stop(struct hf_hub *hub)
{
    if (hub->newcomers.hub != NULL) {
        hf_timer_cancel(&hub->newcomers.timer);
        hub->newcomers.hub = NULL;
    }
}
