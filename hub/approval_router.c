/* hub/approval_router.c: looks into segments, watches the clock, posts what follows. */
#include "hub/approval_router.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "commands/directive.h"
#include "hub/append.h"
#include "hub/entries.h"
#include "log/core/reader.h"
#include "log/tlog/tile.h"
#include "schemas/upcast.h"

#define TICK_NS      UINT64_C(1000000000)
#define POSTING_MAX  64
#define EXPIRE_MAX   POSTING_MAX /* in one tick */
#define EVENTS_SLICE 2048        /* looked at before others get a turn */
#define PAYLOAD_MAX  4096

enum what {
    ROUTE,
    END,
    TELL
};

struct routing {
    struct hf_post post;
    struct hf_hub *hub;
    enum what what;
    struct hf_hub_approval *approval; /* of END; never forgotten meanwhile */
    char tenant[HF_TENANT_NAME_MAX + 1];
    char name[HF_APPROVAL_NAME_MAX + 1];
};

static void pump(struct hf_hub *hub);

/* posting */

/* A conflict means that somebody else was quicker: a person's answer, or ours before a crash. */
static void posted(struct hf_post *post)
{
    struct routing *routing = HF_CONTAINER_OF(post, struct routing, post);
    struct hf_hub *hub = routing->hub;
    enum hf_rc rc = post->append.rc;
    hub->router.posting--;
    if (routing->what == END) {
        routing->approval->ending = false;
    }
    if (routing->what == ROUTE) {
        hf_hub_approvals_give_back(&hub->approvals, hf_str_c(routing->tenant));
    }
    if (rc == HF_OK) {
        hub->router.routed += routing->what == ROUTE && !post->append.repeated ? 1 : 0;
        hf_hub_fold_own(hub, &post->append);
    } else if (rc != HF_ECONFLICT) {
        hf_log(hub->logger, HF_LOG_WARN, "approval.not_routed", hf_f_c("tenant", routing->tenant),
               hf_f_c("approval", routing->name), hf_f_err(&post->append.err));
        hub->router.failed = true;
    }
    if (rc != HF_OK && routing->what == TELL) {
        struct hf_hub_approval *a = hf_hub_approval_find(&hub->approvals, hf_str_c(routing->tenant),
                                                         hf_str_c(routing->name));
        if (a != NULL) {
            hf_hub_approval_tell(&hub->approvals, a, false);
        }
    }
    hf_heap_free(routing);
    hf_hub_router_wake(hub);
}

struct wish {
    enum what what;
    const char *type;
    uint32_t version;
    struct hf_str tenant;
    struct hf_str name;
    struct hf_bytes payload;
    bool expects;
    uint64_t expected;
    struct hf_hub_approval *approval;
};

static enum hf_rc post(struct hf_hub *hub, const struct wish *wish)
{
    char stream[sizeof HF_APPROVAL_STREAM + HF_APPROVAL_SUBJECT_SIZE];
    struct hf_err err = {0};
    struct routing *routing = hf_heap_zalloc(1, sizeof *routing);
    if (routing == NULL) {
        hub->router.failed = true;
        return HF_ENOMEM;
    }
    routing->hub = hub;
    routing->what = wish->what;
    routing->approval = wish->approval;
    routing->post.done = posted;
    (void)snprintf(routing->tenant, sizeof routing->tenant, "%.*s", HF_STR_ARG(wish->tenant));
    (void)snprintf(routing->name, sizeof routing->name, "%.*s", HF_STR_ARG(wish->name));
    if (wish->what == TELL) {
        (void)snprintf(stream, sizeof stream, HF_DIRECTIVE_STREAM "%s", routing->tenant);
    } else {
        (void)snprintf(stream, sizeof stream, HF_APPROVAL_STREAM "%s/%s", routing->tenant,
                       routing->name);
    }
    const struct hf_hub_event event = {.type = wish->type,
                                       .schema_version = wish->version,
                                       .stream = hf_str_c(stream),
                                       .payload = wish->payload,
                                       .correlation = wish->name,
                                       .expects = wish->expects,
                                       .version = wish->expected};
    enum hf_rc rc = hf_hub_append(hub, &event, HF_STR(""), &routing->post, &err);
    if (rc != HF_OK) {
        hf_log(hub->logger, HF_LOG_WARN, "approval.not_routed", hf_f_c("tenant", routing->tenant),
               hf_f_err(&err));
        hf_heap_free(routing);
        hub->router.failed = true;
        return rc;
    }
    hub->router.posting++;
    return HF_OK;
}

/* ending */

static void end(struct hf_hub *hub, struct hf_hub_approval *a,
                enum hf_event_approval_decided_decision decision, struct hf_str reason)
{
    uint8_t bytes[PAYLOAD_MAX];
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    int64_t latency = now - a->life.requested_us;
    const struct hf_event_approval_decided event = {
        .approval = hf_str_c(a->life.name),
        .tenant = hf_str_c(a->life.tenant),
        .decision = decision,
        .by = decision == HF_EVENT_APPROVAL_DECIDED_DECISION_EXPIRED
                  ? HF_EVENT_APPROVAL_DECIDED_BY_CLOCK
                  : HF_EVENT_APPROVAL_DECIDED_BY_POLICY,
        .has_reason = reason.len > 0,
        .reason = reason,
        .request = hf_bytes_of(a->life.request.b, HF_HASH_SIZE),
        .latency = latency < 0 ? 0 : (uint64_t)latency};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_approval_decided_encode(&event, &w);
    const struct wish wish = {.what = END,
                              .type = HF_EVENT_APPROVAL_DECIDED_NAME,
                              .version = HF_EVENT_APPROVAL_DECIDED_VERSION,
                              .tenant = event.tenant,
                              .name = event.approval,
                              .payload = hf_writer_done(&w),
                              .expects = true,
                              .expected = a->life.version,
                              .approval = a};
    a->ending = post(hub, &wish) == HF_OK;
}

static void expire(struct hf_hub *hub)
{
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    for (struct hf_hub_approval *a = hf_hub_approvals_first(&hub->approvals);
         a != NULL && hub->router.posting < EXPIRE_MAX;
         a = hf_hub_approvals_next(&hub->approvals, a)) {
        if (a->life.state == HF_APPROVAL_PENDING && !a->ending && a->life.expires_us <= now) {
            end(hub, a, HF_EVENT_APPROVAL_DECIDED_DECISION_EXPIRED, HF_STR(""));
        }
    }
}

/* telling */

static void tell(struct hf_hub *hub, struct hf_hub_approval *a)
{
    char parameters[HF_DIRECTIVE_PARAMETERS];
    uint8_t bytes[PAYLOAD_MAX];
    struct hf_directive directive = {.kind = HF_DIRECTIVE_DECIDE,
                                     .request = a->life.request,
                                     .approved = a->life.state == HF_APPROVAL_APPROVED};
    memcpy(directive.approval, a->life.name, sizeof a->life.name);
    const struct hf_event_directive_issued event = {
        .address = hf_str_c(a->life.tenant),
        .kind = HF_STR("decide"),
        .sequence = hf_hub_directives_last(&hub->directives) + 1,
        .not_after = a->life.expires_us,
        .has_parameters = true,
        .parameters = hf_directive_decide_write(&directive, parameters),
        .reason = HF_STR("a request for approval has its answer")};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_directive_issued_encode(&event, &w);
    const struct wish wish = {.what = TELL,
                              .type = HF_EVENT_DIRECTIVE_ISSUED_NAME,
                              .version = HF_EVENT_DIRECTIVE_ISSUED_VERSION,
                              .tenant = hf_str_c(a->life.tenant),
                              .name = hf_str_c(a->life.name),
                              .payload = hf_writer_done(&w)};
    hf_hub_directives_take(&hub->directives);
    if (post(hub, &wish) == HF_OK) {
        hf_hub_approval_tell(&hub->approvals, a, true);
    }
}

/* routing */

/* A request: to be routed, or why not. */
static void route(struct hf_hub *hub, const struct hf_envelope *event,
                  const struct hf_event_approval_requested *request)
{
    struct hf_hub_router *router = &hub->router;
    uint8_t bytes[PAYLOAD_MAX];
    struct hf_hash hash;
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    if (!hf_str_eq(request->tenant, router->tenant) ||
        hf_hub_approval_find(&hub->approvals, request->tenant, request->approval) != NULL) {
        return;
    }
    if (request->expires <= now) {
        router->too_late++;
        return;
    }
    if (!hf_hub_approvals_reserve(&hub->approvals, request->tenant)) {
        router->too_many++;
        return;
    }
    hf_envelope_submission_hash(event, &hash);
    const struct hf_event_approval_routed routed = {
        .approval = request->approval,
        .tenant = request->tenant,
        .request = hf_bytes_of(hash.b, HF_HASH_SIZE),
        .action = request->action,
        .segment = router->segment_index,
        .offset = router->next,
        .tool = request->tool,
        .risk = (enum hf_event_approval_routed_risk)request->risk,
        .has_requester = request->has_requester,
        .requester = request->requester,
        .requested = event->occurred_us,
        .expires = request->expires - now > HF_APPROVAL_LIFE_MAX_US ? now + HF_APPROVAL_LIFE_MAX_US
                                                                    : request->expires,
        .probe = request->has_probe && request->probe};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_approval_routed_encode(&routed, &w);
    const struct wish wish = {.what = ROUTE,
                              .type = HF_EVENT_APPROVAL_ROUTED_NAME,
                              .version = HF_EVENT_APPROVAL_ROUTED_VERSION,
                              .tenant = request->tenant,
                              .name = request->approval,
                              .payload = hf_writer_done(&w),
                              .expects = true,
                              .expected = 0};
    if (post(hub, &wish) != HF_OK) {
        hf_hub_approvals_give_back(&hub->approvals, request->tenant);
    }
}

static void take_requested(struct hf_hub *hub, const struct hf_envelope *event)
{
    uint8_t room[PAYLOAD_MAX * 4];
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
    hf_log(hub->logger, HF_LOG_WARN, "approval.unreadable", hf_f_str("tenant", hub->router.tenant),
           hf_f_err(&err));
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
    struct hf_hub_approval *a =
        hf_hub_approval_find(&hub->approvals, hub->router.tenant, withdrawn.approval);
    if (a == NULL) {
        return hub->router.posting == 0;
    }
    if (a->life.state == HF_APPROVAL_PENDING && !a->ending) {
        struct hf_str why = hf_event_approval_withdrawn_reason_name(withdrawn.reason);
        int len = snprintf(reason, sizeof reason, "withdrawn: %.*s", HF_STR_ARG(why));
        end(hub, a, HF_EVENT_APPROVAL_DECIDED_DECISION_CANCELLED,
            (struct hf_str){reason, (size_t)len});
    }
    return true;
}

static enum hf_rc open_segment(struct hf_hub *hub, uint64_t index, struct hf_err *err)
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
    struct hf_str name = envelope.stream;
    HF_ASSERT(hf_str_starts(name, HF_STR("segment/")));
    name = (struct hf_str){name.ptr + sizeof "segment/" - 1, name.len - (sizeof "segment/" - 1)};
    const struct hf_hub_tenant *tenant = hf_hub_tenant_find(hub->tenants, name);
    int64_t age = hf_env_wall_us(hf_loop_env(hub->loop)) - envelope.recorded_us;
    router->is_open = false;
    if (tenant == NULL || age > HF_APPROVAL_LIFE_MAX_US) {
        return HF_OK; /* nobody waits for it any more */
    }
    memcpy(hash.b, envelope.blob.ptr, HF_HASH_SIZE);
    hf_buf_clear(&router->segment);
    rc = hf_log_blob_at(hub->log.log, index, &hash, &router->segment, err);
    if (rc == HF_OK) {
        rc = hf_segment_parse(hf_buf_bytes(&router->segment), &segment, err);
    }
    if (rc == HF_OK) {
        router->tenant = hf_str_c(tenant->life.name);
        router->segment_index = index;
        router->cursor = hf_cursor_init(segment.bundle);
        router->next = 1;
        router->is_open = true;
    }
    return rc;
}

enum step {
    AGAIN,
    WAIT,
    DONE
};

static bool concerns_us(struct hf_bytes entry, struct hf_envelope *ret, bool *ret_request)
{
    if (hf_envelope_read_leaf(entry, ret, /* err= */ NULL) != HF_OK) {
        return false;
    }
    *ret_request = hf_str_eq(ret->type, HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME));
    return *ret_request || hf_str_eq(ret->type, HF_STR(HF_EVENT_APPROVAL_WITHDRAWN_NAME));
}

/* The next event of the open segment. */
static enum step step_event(struct hf_hub *hub)
{
    struct hf_hub_router *router = &hub->router;
    struct hf_cursor before = router->cursor;
    struct hf_bytes entry;
    struct hf_envelope event;
    bool is_request = false;
    if (hf_bundle_next(&router->cursor, &entry) != HF_OK) {
        router->is_open = false;
        router->scanned++;
        return AGAIN;
    }
    if (concerns_us(entry, &event, &is_request)) {
        if (is_request) {
            take_requested(hub, &event);
        } else if (!take_withdrawn(hub, &event)) {
            router->cursor = before;
            return WAIT;
        }
    }
    router->next++;
    return AGAIN;
}

static enum step step(struct hf_hub *hub)
{
    struct hf_hub_router *router = &hub->router;
    uint64_t index = 0;
    struct hf_err err = {0};
    if (router->posting >= POSTING_MAX || router->failed) {
        return WAIT;
    }
    if (router->is_open) {
        return step_event(hub);
    }
    if (!hf_hub_approvals_segment(&hub->approvals, router->scanned, &index)) {
        return DONE;
    }
    enum hf_rc rc = open_segment(hub, index, &err);
    if (rc == HF_EEND || rc == HF_ENOMEM) {
        router->failed = rc == HF_ENOMEM;
        return WAIT; /* its entry is not to be read yet */
    }
    if (rc != HF_OK) {
        router->unreadable++;
        hf_log(hub->logger, HF_LOG_ERROR, "approval.unreadable", hf_f_u64("segment", index),
               hf_f_err(&err));
    }
    if (rc != HF_OK || !router->is_open) {
        router->scanned++;
    }
    return AGAIN;
}

/* Everything that was posted has its answer: what was scanned is done; or all of it is looked at
 * once more after a while, which finds what got there. */
static void settle(struct hf_hub *hub)
{
    struct hf_hub_router *router = &hub->router;
    if (router->posting > 0) {
        return;
    }
    if (router->failed) {
        router->is_open = false;
    } else {
        hf_hub_approvals_segments_done(&hub->approvals, router->scanned);
    }
    router->scanned = 0;
}

static void pump(struct hf_hub *hub)
{
    struct hf_hub_router *router = &hub->router;
    enum step state = AGAIN;
    struct hf_hub_approval *a = NULL;
    if (!router->running) {
        return;
    }
    while (router->posting < POSTING_MAX && !router->failed &&
           (a = hf_hub_approvals_untold(&hub->approvals)) != NULL) {
        tell(hub, a);
    }
    for (unsigned n = 0; n < EVENTS_SLICE && state == AGAIN; n++) {
        state = step(hub);
    }
    if (state == AGAIN) {
        hf_task_post(hub->loop, &router->task);
    } else {
        settle(hub);
    }
}

static void woken(struct hf_task *task)
{
    pump(HF_CONTAINER_OF(task, struct hf_hub_router, task)->hub);
}

static void ticked(struct hf_timer *timer)
{
    struct hf_hub *hub = HF_CONTAINER_OF(timer, struct hf_hub_router, timer)->hub;
    hub->router.failed = false;
    expire(hub);
    pump(hub);
    (void)hf_timer_arm(&hub->router.timer, TICK_NS);
}

/* from outside */

uint64_t hf_hub_router_count(const struct hf_segment *segment)
{
    struct hf_cursor cursor = hf_cursor_init(segment->bundle);
    struct hf_bytes entry;
    struct hf_envelope event;
    bool is_request = false;
    uint64_t count = 0;
    while (hf_bundle_next(&cursor, &entry) == HF_OK) {
        count += concerns_us(entry, &event, &is_request) ? 1 : 0;
    }
    return count;
}

void hf_hub_router_start(struct hf_hub *hub)
{
    struct hf_hub_router *router = &hub->router;
    *router = (struct hf_hub_router){.hub = hub, .segment = hf_buf_init(HF_SEGMENT_MAX)};
    router->running = true;
    hf_task_init(&router->task, woken);
    hf_timer_init(&router->timer, hub->loop, ticked);
    (void)hf_timer_arm(&router->timer, 0);
}

void hf_hub_router_stop(struct hf_hub *hub)
{
    struct hf_hub_router *router = &hub->router;
    if (router->running) {
        router->running = false;
        hf_timer_cancel(&router->timer);
        hf_task_cancel(&router->task);
        hf_buf_free(&router->segment);
    }
}

void hf_hub_router_wake(struct hf_hub *hub)
{
    if (hub->router.running) {
        hf_task_post(hub->loop, &hub->router.task);
    }
}
