/* hub/approval_scan.c: looks into tenants' segments for what concerns approvals. */
#include "hub/approval_scan.h"

#include <stdio.h>

#include "base/assert.h"
#include "hub/append.h"
#include "hub/entries.h"
#include "hub/erasures.h"
#include "hub/notes.h"
#include "log/core/reader.h"
#include "log/tlog/tile.h"
#include "schemas/upcast.h"

#define MINUTE_US         INT64_C(60000000)
#define REFUSALS_A_MINUTE 8

/* Written down, of one tenant at most REFUSALS_A_MINUTE times a minute; the next one that is says
 * how many were not. Segments that were there before the Hub started were judged before. */
static void refuse(struct hf_hub *hub, const struct hf_event_approval_requested *request,
                   const struct hf_hash *hash, enum hf_event_approval_refused_reason reason)
{
    char stream[80];
    uint8_t bytes[512];
    struct hf_hub_approval_tenant *t = hub->router.tenant;
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    if (hub->router.segment_index < hub->router.fresh_from) {
        return;
    }
    if (now < t->refused_us || now - t->refused_us >= MINUTE_US) {
        t->refused_us = now;
        t->refused = 0;
    }
    if (t->refused >= REFUSALS_A_MINUTE) {
        t->refused_skipped++;
        return;
    }
    t->refused++;
    const struct hf_event_approval_refused event = {.approval = request->approval,
                                                    .tenant = request->tenant,
                                                    .request = hf_bytes_of(hash->b, HF_HASH_SIZE),
                                                    .reason = reason,
                                                    .skipped = t->refused_skipped};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_approval_refused_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "approval-refusal/%s", t->name);
    const struct hf_hub_event note = {.type = HF_EVENT_APPROVAL_REFUSED_NAME,
                                      .schema_version = HF_EVENT_APPROVAL_REFUSED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w),
                                      .correlation = request->approval};
    t->refused_skipped = 0;
    hf_hub_note(hub, &note);
}

/* A request: to be routed, or why not. */
static void route(struct hf_hub *hub, const struct hf_envelope *event,
                  const struct hf_event_approval_requested *request)
{
    struct hf_hub_router *router = &hub->router;
    uint8_t bytes[HF_HUB_ROUTING_PAYLOAD];
    struct hf_hash hash;
    struct hf_subject subject = {{0}};
    bool has_subject = request->has_personal && hf_personal_subject(request->personal, &subject);
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    if (!hf_str_eq(request->tenant, hf_str_c(router->tenant->name)) ||
        hf_hub_approval_find(&hub->approvals, request->tenant, request->approval) != NULL) {
        return;
    }
    hf_envelope_submission_hash(event, &hash);
    if (request->expires <= now) {
        router->too_late++;
        refuse(hub, request, &hash, HF_EVENT_APPROVAL_REFUSED_REASON_TOO_LATE);
        return;
    }
    if (!hf_hub_approvals_reserve(&hub->approvals, request->tenant, now)) {
        router->too_many++;
        refuse(hub, request, &hash, HF_EVENT_APPROVAL_REFUSED_REASON_TOO_MANY);
        return;
    }
    const struct hf_event_approval_routed routed = {
        .approval = request->approval,
        .tenant = request->tenant,
        .request = hf_bytes_of(hash.b, HF_HASH_SIZE),
        .action = request->action,
        .segment = router->segment_index,
        .offset = router->next,
        .tool = request->tool,
        .risk = (enum hf_event_approval_routed_risk)request->risk,
        .has_subject = has_subject,
        .subject = hf_bytes_of(subject.b, HF_SUBJECT_SIZE),
        .requested = event->occurred_us,
        .expires = request->expires - now > HF_APPROVAL_LIFE_MAX_US ? now + HF_APPROVAL_LIFE_MAX_US
                                                                    : request->expires,
        .probe = request->has_probe && request->probe};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_approval_routed_encode(&routed, &w);
    const struct hf_hub_routing_wish wish = {.what = HF_HUB_ROUTING_ROUTE,
                                             .type = HF_EVENT_APPROVAL_ROUTED_NAME,
                                             .version = HF_EVENT_APPROVAL_ROUTED_VERSION,
                                             .tenant = request->tenant,
                                             .name = request->approval,
                                             .payload = hf_writer_done(&w),
                                             .expects = true,
                                             .expected = 0};
    if (hf_hub_router_post(hub, &wish) != HF_OK) {
        hf_hub_approvals_give_back(&hub->approvals, request->tenant);
    }
}

static void take_requested(struct hf_hub *hub, const struct hf_envelope *event)
{
    uint8_t room[HF_HUB_ROUTING_PAYLOAD * 4];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_bytes payload;
    struct hf_event_approval_requested request;
    struct hf_err err = {0};
    enum hf_rc rc =
        hf_upcast_newest(event, HF_EVENT_APPROVAL_REQUESTED_VERSION, &w, &payload, &err);
    if (rc == HF_OK) {
        rc = hf_event_approval_requested_decode(payload, &request, &err);
    }
    if (rc == HF_OK) {
        route(hub, event, &request);
        return;
    }
    hub->router.unreadable++;
    hf_log(hub->logger, HF_LOG_WARN, "approval.unreadable",
           hf_f_c("tenant", hub->router.tenant->name), hf_f_err(&err));
}

/* A withdrawal: false when its request is still on its way to the log. */
static bool take_withdrawn(struct hf_hub *hub, const struct hf_envelope *event)
{
    struct hf_event_approval_withdrawn withdrawn;
    char reason[64];
    if (hf_event_approval_withdrawn_decode(event->payload, &withdrawn, /* err= */ NULL) != HF_OK) {
        hub->router.unreadable++;
        return true;
    }
    struct hf_hub_approval *a = hf_hub_approval_find(
        &hub->approvals, hf_str_c(hub->router.tenant->name), withdrawn.approval);
    if (a == NULL) {
        return hub->router.posting == 0;
    }
    if (a->life.state == HF_APPROVAL_PENDING && !a->ending) {
        struct hf_str why = hf_event_approval_withdrawn_reason_name(withdrawn.reason);
        int len = snprintf(reason, sizeof reason, "withdrawn: %.*s", HF_STR_ARG(why));
        hf_hub_router_end(hub, a, HF_EVENT_APPROVAL_DECIDED_DECISION_CANCELLED,
                          (struct hf_str){reason, (size_t)len});
    }
    return true;
}

/* What the tenant's log says of the answer: that it is there, and what the wrapper did. */
static void take_delivered(struct hf_hub *hub, const struct hf_envelope *event)
{
    struct hf_event_approval_delivered delivered;
    if (hf_event_approval_delivered_decode(event->payload, &delivered, /* err= */ NULL) != HF_OK) {
        return;
    }
    struct hf_hub_approval *a = hf_hub_approval_find(
        &hub->approvals, hf_str_c(hub->router.tenant->name), delivered.approval);
    if (a == NULL || a->delivered_us != 0 || a->life.state == HF_APPROVAL_PENDING) {
        return;
    }
    a->delivered_us = event->occurred_us;
    if (hub->router.segment_index >= hub->router.fresh_from) {
        hf_hub_hops_add(&hub->approvals.hops, HF_HUB_HOP_DELIVERED, a->life.probe,
                        a->delivered_us - a->life.decided_us);
    }
}

static void take_enforced(struct hf_hub *hub, const struct hf_envelope *event)
{
    struct hf_event_approval_enforced enforced;
    if (hf_event_approval_enforced_decode(event->payload, &enforced, /* err= */ NULL) != HF_OK) {
        return;
    }
    struct hf_hub_approval *a = hf_hub_approval_find(
        &hub->approvals, hf_str_c(hub->router.tenant->name), enforced.approval);
    if (a == NULL || a->enforced_us != 0) {
        return;
    }
    a->enforced_us = event->occurred_us;
    a->outcome = enforced.outcome;
    if (hub->router.segment_index >= hub->router.fresh_from && a->delivered_us != 0) {
        hf_hub_hops_add(&hub->approvals.hops, HF_HUB_HOP_ENFORCED, a->life.probe,
                        a->enforced_us - a->delivered_us);
    }
}

/* The agent did what a directive told it: which one, the region's own entry says. */
static void take_applied(struct hf_hub *hub, const struct hf_envelope *event)
{
    struct hf_event_directive_applied applied;
    struct hf_subject subject;
    char name[HF_SUBJECT_TEXT];
    uint8_t bytes[512];
    struct hf_str tenant = hf_str_c(hub->router.tenant->name);
    if (hf_event_directive_applied_decode(event->payload, &applied, /* err= */ NULL) != HF_OK ||
        !hf_hub_erasures_told(hub, tenant, &applied, &subject)) {
        return;
    }
    hf_subject_text(&subject, name);
    const struct hf_event_subject_erasure_confirmed confirmed = {.tenant = tenant,
                                                                 .subject = hf_str_c(name),
                                                                 .segment =
                                                                     hub->router.segment_index,
                                                                 .offset = hub->router.next,
                                                                 .directive = applied.sequence};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_subject_erasure_confirmed_encode(&confirmed, &w);
    const struct hf_hub_routing_wish wish = {.what = HF_HUB_ROUTING_CONFIRM,
                                             .type = HF_EVENT_SUBJECT_ERASURE_CONFIRMED_NAME,
                                             .version = HF_EVENT_SUBJECT_ERASURE_CONFIRMED_VERSION,
                                             .tenant = tenant,
                                             .name = hf_str_c(name),
                                             .payload = hf_writer_done(&w),
                                             .expects = true,
                                             .expected = 2};
    (void)hf_hub_router_post(hub, &wish); /* else the segment is looked into again */
}

static enum hf_rc open_segment(struct hf_hub *hub, struct hf_hub_approval_tenant *tenant,
                               uint64_t index, struct hf_err *err)
{
    struct hf_hub_router *router = &hub->router;
    struct hf_envelope envelope;
    struct hf_segment segment;
    struct hf_hash hash;
    struct hf_bytes leaf;
    enum hf_rc rc =
        hf_hub_entries_leaf(hub->entries, (struct hf_hub_position){index, 0}, &leaf, err);
    if (rc == HF_OK) {
        rc = hf_envelope_read_leaf(leaf, &envelope, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    int64_t age = hf_env_wall_us(hf_loop_env(hub->loop)) - envelope.recorded_us;
    router->is_open = false;
    if (age > HF_APPROVAL_LIFE_MAX_US) {
        return HF_OK; /* nobody waits for it any more */
    }
    memcpy(hash.b, envelope.blob.ptr, HF_HASH_SIZE);
    hf_buf_clear(&router->segment);
    rc = hf_log_blob_at(hub->log.log, index, &hash, &router->segment, err);
    if (rc == HF_OK) {
        rc = hf_segment_parse(hf_buf_bytes(&router->segment), &segment, err);
    }
    if (rc == HF_OK) {
        router->tenant = tenant;
        router->segment_index = index;
        router->cursor = hf_cursor_init(segment.bundle);
        router->next = 1;
        router->is_open = true;
    }
    return rc;
}

enum matter {
    NOTHING,
    REQUEST,
    WITHDRAWAL,
    DELIVERY,
    ENFORCEMENT,
    APPLICATION
};

/* Of what agents apply, erasures alone are of concern. */
static bool is_erasure(const struct hf_envelope *event)
{
    struct hf_event_directive_applied applied;
    return hf_event_directive_applied_decode(event->payload, &applied, /* err= */ NULL) == HF_OK &&
           hf_str_eq(applied.kind, HF_STR("erase"));
}

static enum matter matter_of(struct hf_bytes entry, struct hf_envelope *ret)
{
    static const struct {
        struct hf_str type;
        enum matter matter;
    } types[] = {
        {{HF_EVENT_APPROVAL_REQUESTED_NAME, sizeof HF_EVENT_APPROVAL_REQUESTED_NAME - 1}, REQUEST},
        {{HF_EVENT_APPROVAL_WITHDRAWN_NAME, sizeof HF_EVENT_APPROVAL_WITHDRAWN_NAME - 1},
         WITHDRAWAL},
        {{HF_EVENT_APPROVAL_DELIVERED_NAME, sizeof HF_EVENT_APPROVAL_DELIVERED_NAME - 1}, DELIVERY},
        {{HF_EVENT_APPROVAL_ENFORCED_NAME, sizeof HF_EVENT_APPROVAL_ENFORCED_NAME - 1},
         ENFORCEMENT},
        {{HF_EVENT_DIRECTIVE_APPLIED_NAME, sizeof HF_EVENT_DIRECTIVE_APPLIED_NAME - 1},
         APPLICATION},
    };

    if (hf_envelope_read_leaf(entry, ret, /* err= */ NULL) != HF_OK) {
        return NOTHING;
    }
    for (size_t i = 0; i < HF_LEN(types); i++) {
        if (hf_str_eq(ret->type, types[i].type)) {
            return types[i].matter == APPLICATION && !is_erasure(ret) ? NOTHING : types[i].matter;
        }
    }
    return NOTHING;
}

/* The next event of the open segment. */
static enum hf_hub_scan_step step_event(struct hf_hub *hub)
{
    struct hf_hub_router *router = &hub->router;
    struct hf_cursor before = router->cursor;
    struct hf_bytes entry;
    struct hf_envelope event;
    if (hf_bundle_next(&router->cursor, &entry) != HF_OK) {
        router->is_open = false;
        hf_hub_approvals_scanned(&hub->approvals, router->tenant);
        return HF_HUB_SCAN_AGAIN;
    }
    switch (matter_of(entry, &event)) {
    case NOTHING: break;
    case REQUEST: take_requested(hub, &event); break;
    case DELIVERY: take_delivered(hub, &event); break;
    case ENFORCEMENT: take_enforced(hub, &event); break;
    case APPLICATION: take_applied(hub, &event); break;
    case WITHDRAWAL:
        if (!take_withdrawn(hub, &event)) {
            router->cursor = before;
            return HF_HUB_SCAN_WAIT;
        }
    }
    router->next++;
    return HF_HUB_SCAN_AGAIN;
}

enum hf_hub_scan_step hf_hub_scan_step(struct hf_hub *hub)
{
    struct hf_hub_router *router = &hub->router;
    struct hf_hub_approval_tenant *tenant = NULL;
    uint64_t index = 0;
    struct hf_err err = {0};
    if (router->posting >= HF_HUB_ROUTING_MAX || router->failed) {
        return HF_HUB_SCAN_WAIT;
    }
    if (router->is_open) {
        return step_event(hub);
    }
    if (!hf_hub_approvals_segment(&hub->approvals, &tenant, &index)) {
        return HF_HUB_SCAN_DONE;
    }
    enum hf_rc rc = open_segment(hub, tenant, index, &err);
    if (rc == HF_EEND || rc == HF_ENOMEM) {
        router->failed = rc == HF_ENOMEM;
        return HF_HUB_SCAN_WAIT; /* its entry is not to be read yet */
    }
    if (rc != HF_OK) {
        router->unreadable++;
        hf_log(hub->logger, HF_LOG_ERROR, "approval.unreadable", hf_f_u64("segment", index),
               hf_f_err(&err));
    }
    if (rc != HF_OK || !router->is_open) {
        hf_hub_approvals_scanned(&hub->approvals, tenant);
    }
    return HF_HUB_SCAN_AGAIN;
}

uint64_t hf_hub_scan_count(const struct hf_segment *segment)
{
    struct hf_cursor cursor = hf_cursor_init(segment->bundle);
    struct hf_bytes entry;
    struct hf_envelope event;
    uint64_t count = 0;
    while (hf_bundle_next(&cursor, &entry) == HF_OK) {
        count += matter_of(entry, &event) != NOTHING ? 1 : 0;
    }
    return count;
}
