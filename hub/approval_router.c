/* hub/approval_router.c: watches the clock, posts what follows from segments and answers. */
#include "hub/approval_router.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "commands/directive.h"
#include "hub/append.h"
#include "hub/approval_answer.h"
#include "hub/approval_scan.h"
#include "hub/erasures.h"

#define TICK_NS      UINT64_C(1000000000)
#define EXPIRE_MAX   HF_HUB_ROUTING_MAX /* in one tick */
#define EVENTS_SLICE 2048               /* looked at before others get a turn */

struct routing {
    struct hf_post post;
    struct hf_hub *hub;
    enum hf_hub_routing what;
    struct hf_hub_approval *approval; /* of END; never forgotten meanwhile */
    char tenant[HF_TENANT_NAME_MAX + 1];
    char name[HF_APPROVAL_NAME_MAX + 1];
};

static void pump(struct hf_hub *hub);

/* posting */

/* Probes are denied at once: nobody is asked, and nothing is allowed by a flag. */
static void answer_probe(struct hf_hub *hub, struct hf_hub_approval *a)
{
    if (a != NULL && a->life.probe && a->life.state == HF_APPROVAL_PENDING && !a->ending) {
        hf_hub_router_end(hub, a, HF_EVENT_APPROVAL_DECIDED_DECISION_DENIED, HF_STR("a probe"));
    }
}

/* A conflict means that somebody else was quicker: a person's answer, or ours before a crash. */
static void posted(struct hf_post *post)
{
    struct routing *routing = HF_CONTAINER_OF(post, struct routing, post);
    struct hf_hub *hub = routing->hub;
    enum hf_rc rc = post->append.rc;
    hub->router.posting--;
    if (routing->what == HF_HUB_ROUTING_END) {
        routing->approval->ending = false;
    }
    if (routing->what == HF_HUB_ROUTING_ROUTE) {
        hf_hub_approvals_give_back(&hub->approvals, hf_str_c(routing->tenant));
    }
    if (rc == HF_OK) {
        hub->router.routed +=
            routing->what == HF_HUB_ROUTING_ROUTE && !post->append.repeated ? 1 : 0;
        hf_hub_fold_own(hub, &post->append);
        if (routing->what == HF_HUB_ROUTING_ROUTE) {
            answer_probe(hub, hf_hub_approval_find(&hub->approvals, hf_str_c(routing->tenant),
                                                   hf_str_c(routing->name)));
        }
    } else if (rc != HF_ECONFLICT) {
        hf_log(hub->logger, HF_LOG_WARN, "approval.not_routed", hf_f_c("tenant", routing->tenant),
               hf_f_c("approval", routing->name), hf_f_err(&post->append.err));
        hub->router.failed = true;
    }
    if (routing->what == HF_HUB_ROUTING_END) {
        hf_approval_answer_go_on(hf_hub_approval_find(&hub->approvals, hf_str_c(routing->tenant),
                                                      hf_str_c(routing->name)));
    }
    if (rc != HF_OK && routing->what == HF_HUB_ROUTING_TELL) {
        struct hf_hub_approval *a = hf_hub_approval_find(&hub->approvals, hf_str_c(routing->tenant),
                                                         hf_str_c(routing->name));
        if (a != NULL) {
            hf_hub_approval_tell(&hub->approvals, a, false);
        }
    }
    if (rc != HF_OK && routing->what == HF_HUB_ROUTING_ERASE) {
        hf_hub_erasures_not_told(hub, hf_str_c(routing->tenant), hf_str_c(routing->name));
    }
    hf_heap_free(routing);
    hf_hub_router_wake(hub);
}

enum hf_rc hf_hub_router_post(struct hf_hub *hub, const struct hf_hub_routing_wish *wish)
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
    if (wish->what == HF_HUB_ROUTING_TELL || wish->what == HF_HUB_ROUTING_ERASE) {
        (void)snprintf(stream, sizeof stream, HF_DIRECTIVE_STREAM "%s", routing->tenant);
    } else if (wish->what == HF_HUB_ROUTING_CONFIRM) {
        (void)snprintf(stream, sizeof stream, HF_SUBJECT_STREAM "%s/%s", routing->tenant,
                       routing->name);
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

void hf_hub_router_end(struct hf_hub *hub, struct hf_hub_approval *a,
                       enum hf_event_approval_decided_decision decision, struct hf_str reason)
{
    uint8_t bytes[HF_HUB_ROUTING_PAYLOAD];
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
    const struct hf_hub_routing_wish wish = {.what = HF_HUB_ROUTING_END,
                                             .type = HF_EVENT_APPROVAL_DECIDED_NAME,
                                             .version = HF_EVENT_APPROVAL_DECIDED_VERSION,
                                             .tenant = event.tenant,
                                             .name = event.approval,
                                             .payload = hf_writer_done(&w),
                                             .expects = true,
                                             .expected = a->life.version,
                                             .approval = a};
    a->ending = hf_hub_router_post(hub, &wish) == HF_OK;
}

static void expire(struct hf_hub *hub)
{
    static const struct hf_hub_approvals_filter all_waiting = {.waiting = true};
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    for (struct hf_hub_approval *a = hf_hub_approvals_first(&hub->approvals, &all_waiting);
         a != NULL && hub->router.posting < EXPIRE_MAX;
         a = hf_hub_approvals_next(&hub->approvals, &all_waiting, a)) {
        answer_probe(hub, a); /* one from before the Hub's start, or after a failure */
        hf_hub_erasures_end(hub, a);
        if (!a->ending && a->life.expires_us <= now) {
            hf_hub_router_end(hub, a, HF_EVENT_APPROVAL_DECIDED_DECISION_EXPIRED, HF_STR(""));
        }
    }
}

/* telling */

static void tell(struct hf_hub *hub, struct hf_hub_approval *a)
{
    char parameters[HF_DIRECTIVE_PARAMETERS];
    uint8_t bytes[HF_HUB_ROUTING_PAYLOAD];
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
    const struct hf_hub_routing_wish wish = {.what = HF_HUB_ROUTING_TELL,
                                             .type = HF_EVENT_DIRECTIVE_ISSUED_NAME,
                                             .version = HF_EVENT_DIRECTIVE_ISSUED_VERSION,
                                             .tenant = hf_str_c(a->life.tenant),
                                             .name = hf_str_c(a->life.name),
                                             .payload = hf_writer_done(&w)};
    hf_hub_directives_take(&hub->directives);
    if (hf_hub_router_post(hub, &wish) == HF_OK) {
        hf_hub_approval_tell(&hub->approvals, a, true);
    }
}

/* Everything that was posted has its answer: what was scanned is done; or all of it is looked at
 * once more after a while, which finds what got there. */
static void settle(struct hf_hub *hub)
{
    struct hf_hub_router *router = &hub->router;
    if (router->posting > 0) {
        return;
    }
    router->is_open = router->is_open && !router->failed;
    hf_hub_approvals_settle(&hub->approvals, !router->failed);
}

static void pump(struct hf_hub *hub)
{
    struct hf_hub_router *router = &hub->router;
    enum hf_hub_scan_step state = HF_HUB_SCAN_AGAIN;
    struct hf_hub_approval *a = NULL;
    if (!router->running) {
        return;
    }
    while (router->posting < HF_HUB_ROUTING_MAX && !router->failed &&
           (a = hf_hub_approvals_untold(&hub->approvals)) != NULL) {
        tell(hub, a);
    }
    for (unsigned n = 0; n < EVENTS_SLICE && state == HF_HUB_SCAN_AGAIN; n++) {
        state = hf_hub_scan_step(hub);
    }
    if (state == HF_HUB_SCAN_AGAIN) {
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
    hf_hub_erasures_step(hub);
    pump(hub);
    (void)hf_timer_arm(&hub->router.timer, TICK_NS);
}

/* from outside */

void hf_hub_router_start(struct hf_hub *hub)
{
    hf_hub_approvals_count(&hub->approvals);
    struct hf_hub_router *router = &hub->router;
    *router = (struct hf_hub_router){.hub = hub, .segment = hf_buf_init(HF_SEGMENT_MAX)};
    router->running = true;
    router->fresh_from = hf_log_size(hub->log.log);
    hub->approvals.hops = (struct hf_hub_hops){.counts = {{0}}};
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
