/* hub/exposure.c: looks for reports with findings in what was just mirrored. */
#include "hub/exposure.h"

#include <stdio.h>
#include <string.h>

#include "hub/notes.h"
#include "log/mirror/segment.h"
#include "log/tlog/tile.h"

#define HOUR_US INT64_C(3600000000)

static void alarm(struct hf_hub *hub, struct hf_hub_tenant *tenant,
                  const struct hf_event_secrets_scanned *report)
{
    char stream[64];
    uint8_t bytes[256];
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    bool quiet = tenant->exposed_us != 0 && now - tenant->exposed_us < HOUR_US;
    if (report->findings <= tenant->exposed_told || quiet) {
        return;
    }
    tenant->exposed_told = report->findings;
    tenant->exposed_us = now;
    hf_log(hub->logger, HF_LOG_ERROR, "secrets.exposed", hf_f_c("tenant", tenant->life.name),
           hf_f_str("secret", report->first_secret), hf_f_u64("entry", report->first_index),
           hf_f_u64("findings", report->findings));
    const struct hf_event_secrets_exposed event = {.tenant = report->tenant,
                                                   .epoch = report->epoch,
                                                   .findings = report->findings,
                                                   .index = report->first_index,
                                                   .secret = report->first_secret};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_secrets_exposed_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "alarm/%s", tenant->life.name);
    const struct hf_hub_event note = {.type = HF_EVENT_SECRETS_EXPOSED_NAME,
                                      .schema_version = HF_EVENT_SECRETS_EXPOSED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    hf_hub_note(hub, &note);
}

static void take(struct hf_hub *hub, struct hf_hub_tenant *tenant, const struct hf_envelope *event)
{
    struct hf_event_secrets_scanned report;
    if (hf_event_secrets_scanned_decode(event->payload, &report, /* err= */ NULL) != HF_OK ||
        !hf_str_eq(report.tenant, hf_str_c(tenant->life.name))) {
        return; /* the read model has it among what could not be read */
    }
    tenant->exposed = report.findings;
    if (report.findings == 0) {
        tenant->exposed_told = 0;
    } else if (report.has_first_index && report.has_first_secret) {
        alarm(hub, tenant, &report);
    }
}

void hf_hub_exposure_look(struct hf_hub *hub, struct hf_hub_tenant *tenant, struct hf_bytes bytes)
{
    static const char type[] = HF_EVENT_SECRETS_SCANNED_NAME;
    struct hf_segment segment;
    struct hf_bytes entry;
    struct hf_envelope event;
    /* Most segments have none, which their bytes show faster than their entries. */
    if (memmem(bytes.ptr, bytes.len, type, sizeof type - 1) == NULL ||
        hf_segment_parse(bytes, &segment, /* err= */ NULL) != HF_OK) {
        return;
    }
    struct hf_cursor cursor = hf_cursor_init(segment.bundle);
    while (hf_bundle_next(&cursor, &entry) == HF_OK) {
        if (hf_envelope_read_leaf(entry, &event, /* err= */ NULL) == HF_OK &&
            hf_str_eq(event.type, hf_str_c(type))) {
            take(hub, tenant, &event);
        }
    }
}

uint64_t hf_hub_exposed_tenants(const struct hf_hub *hub)
{
    uint64_t count = 0;
    for (struct hf_hub_tenant *t = hf_hub_tenants_first(hub->tenants); t != NULL;
         t = hf_hub_tenants_next(hub->tenants, t)) {
        count += t->exposed > 0 ? 1 : 0;
    }
    return count;
}
