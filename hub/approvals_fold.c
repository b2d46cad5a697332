/* hub/approvals_fold.c: what entries of the region's log say about requests for approval, and what
 * is long answered, which goes. */
#include "base/assert.h"
#include "commands/directive.h"
#include "hub/approvals_parts.h"

#define KEEP_US (INT64_C(3600) * 1000000) /* behind the expiry */

static enum hf_rc fold_segment(struct hf_hub_approvals *approvals, uint64_t index,
                               const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_segment_received event;
    enum hf_rc rc = hf_event_segment_received_decode(envelope->payload, &event, err);
    if (rc == HF_OK && event.has_approvals &&
        hf_hub_approvals_add(approvals, event.tenant, index) != HF_OK) {
        rc = hf_err_set(err, HF_ENOMEM, "no memory for requests for approval");
    }
    return rc;
}

/* A directive with an answer: its agent will know. */
static void fold_directive(struct hf_hub_approvals *approvals, const struct hf_envelope *envelope)
{
    struct hf_event_directive_issued event;
    struct hf_directive directive;
    if (hf_event_directive_issued_decode(envelope->payload, &event, /* err= */ NULL) != HF_OK ||
        hf_directive_read(&event, &directive, /* err= */ NULL) != HF_OK ||
        directive.kind != HF_DIRECTIVE_DECIDE) {
        return;
    }
    struct hf_hub_approval *a =
        hf_hub_approval_find(approvals, event.address, hf_str_c(directive.approval));
    if (a != NULL) {
        hf_hub_approval_tell(approvals, a, true);
    }
}

static bool may_forget(const struct hf_hub_approval *a)
{
    return !hf_hub_approval_waits(a) && !a->ending && !a->answering && hf_queue_empty(&a->untold) &&
           hf_queue_empty(&a->late);
}

/* What is long answered goes; time is that of the log, so that a replay ends with the same. */
static void forget_old(struct hf_hub_approvals *approvals, int64_t now_us)
{
    while (!hf_queue_empty(&approvals->order)) {
        struct hf_hub_approval *a =
            HF_CONTAINER_OF(approvals->order.next, struct hf_hub_approval, order);
        if (!may_forget(a) || now_us - a->life.expires_us < KEEP_US) {
            return;
        }
        hf_hub_approvals_forget(approvals, a);
    }
}

/* Of one tenant: the oldest that may go, when it has more than are kept. */
static void forget_surplus(struct hf_hub_approvals *approvals, struct hf_hub_approval_tenant *t)
{
    HF_QUEUE_FOREACH_SAFE (node, &t->mine) {
        struct hf_hub_approval *a = HF_CONTAINER_OF(node, struct hf_hub_approval, mine);
        if (t->kept <= HF_HUB_APPROVALS_KEPT) {
            return;
        }
        if (may_forget(a)) {
            hf_hub_approvals_forget(approvals, a);
        }
    }
}

/* Whether people were told in time, as soon as that is known. */
static void judge(struct hf_hub_approvals *approvals, struct hf_hub_approval *a)
{
    const struct hf_approval *life = &a->life;
    bool denied = life->state == HF_APPROVAL_DENIED;
    bool by_person = life->approver[0] != '\0';
    const struct hf_approval_known known = {
        .routed_us = life->routed_us,
        .notified_us = a->notified_us,
        .seen_us = a->seen_us,
        .decided_us = hf_hub_approval_waits(a) ? 0 : life->decided_us,
        .by_person = by_person && (denied || life->state == HF_APPROVAL_APPROVED),
        .withdrawn = life->state == HF_APPROVAL_CANCELLED || (denied && !by_person),
        .tried = a->tried};
    if (a->routing != HF_VERDICT_NONE || life->probe) {
        return;
    }
    a->routing = hf_approval_judge(&known);
    approvals->verdicts[a->routing] += approvals->counts ? 1 : 0;
}

static void turn_pending(struct hf_hub_approvals *approvals, struct hf_hub_approval_tenant *t,
                         struct hf_hub_approval *a)
{
    approvals->pending++;
    t->pending++;
    hf_queue_push(&approvals->waiting, &a->waiting);
    hf_hub_hops_add(&approvals->hops, HF_HUB_HOP_ROUTED, a->life.probe,
                    a->life.routed_us - a->life.requested_us);
}

static void turn_answered(struct hf_hub_approvals *approvals, struct hf_hub_approval_tenant *t,
                          struct hf_hub_approval *a)
{
    approvals->pending--;
    t->pending--;
    hf_queue_remove(&a->waiting);
    judge(approvals, a);
    if (a->life.state != HF_APPROVAL_APPROVED && a->life.state != HF_APPROVAL_DENIED) {
        return;
    }
    hf_hub_hops_add(&approvals->hops, HF_HUB_HOP_DECIDED, a->life.probe,
                    a->life.decided_us - a->life.routed_us);
    if (!a->told) {
        hf_hub_approval_tell(approvals, a, false);
    }
}

static enum hf_rc fold_life(struct hf_hub_approvals *approvals, const struct hf_envelope *envelope,
                            struct hf_err *err)
{
    struct hf_str tenant;
    struct hf_str name;
    if (hf_approval_of_stream(envelope->stream, HF_APPROVAL_STREAM, &tenant, &name) != HF_OK) {
        return HF_OK;
    }
    bool routed = hf_str_eq(envelope->type, HF_STR(HF_EVENT_APPROVAL_ROUTED_NAME));
    struct hf_hub_approval *a = hf_hub_approval_find(approvals, tenant, name);
    if (a == NULL && !routed) {
        return HF_OK;
    }
    struct hf_hub_approval_tenant *t = hf_hub_approvals_tenant(approvals, tenant);
    if (a == NULL && t != NULL) {
        forget_old(approvals, envelope->recorded_us);
        a = hf_hub_approvals_hold(approvals, t, name);
    }
    if (a == NULL || t == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a request for approval");
    }
    bool was_pending = hf_hub_approval_waits(a);
    enum hf_rc rc = hf_approval_fold(&a->life, envelope, err);
    if (hf_hub_approval_waits(a) && !was_pending) {
        turn_pending(approvals, t, a);
    } else if (was_pending && !hf_hub_approval_waits(a)) {
        turn_answered(approvals, t, a);
    }
    forget_surplus(approvals, t);
    return rc;
}

/* Who saw a request. */
static enum hf_rc fold_seen(struct hf_hub_approvals *approvals, const struct hf_envelope *envelope,
                            struct hf_err *err)
{
    struct hf_event_approval_seen event;
    enum hf_rc rc = hf_event_approval_seen_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_hub_approval *a = hf_hub_approval_find(approvals, event.tenant, event.approval);
    if (a != NULL) {
        (void)hf_hub_approval_see(a, event.principal);
    }
    if (a != NULL && a->seen_us == 0) {
        a->seen_us = envelope->recorded_us;
        hf_hub_hops_add(&approvals->hops, HF_HUB_HOP_SEEN, a->life.probe,
                        a->seen_us - a->life.routed_us);
    }
    return HF_OK;
}

/* The first message about a request that a service took. */
static enum hf_rc fold_attempted(struct hf_hub_approvals *approvals,
                                 const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_notification_attempted event;
    enum hf_rc rc = hf_event_notification_attempted_decode(envelope->payload, &event, err);
    if (rc != HF_OK || event.kind != HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL ||
        !event.has_tenant || !event.has_approval) {
        return rc;
    }
    struct hf_hub_approval *a = hf_hub_approval_find(approvals, event.tenant, event.approval);
    if (a == NULL) {
        return HF_OK;
    }
    a->tried = true;
    if (event.outcome == HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED && a->notified_us == 0) {
        a->notified_us = envelope->recorded_us;
        hf_hub_hops_add(&approvals->hops, HF_HUB_HOP_NOTIFIED, a->life.probe,
                        a->notified_us - a->life.routed_us);
        hf_hub_hops_add(&approvals->hops, HF_HUB_HOP_PROPAGATED, a->life.probe,
                        a->notified_us - a->life.requested_us);
        judge(approvals, a);
    }
    return HF_OK;
}

void hf_hub_approvals_count(struct hf_hub_approvals *approvals)
{
    approvals->counts = true;
}

enum hf_rc hf_hub_approvals_fold(struct hf_hub_approvals *approvals, uint64_t index,
                                 const struct hf_envelope *envelope, struct hf_err *err)
{
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_SEGMENT_RECEIVED_NAME))) {
        return fold_segment(approvals, index, envelope, err);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_DIRECTIVE_ISSUED_NAME))) {
        fold_directive(approvals, envelope);
        return HF_OK;
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_APPROVAL_SEEN_NAME))) {
        return fold_seen(approvals, envelope, err);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_NOTIFICATION_ATTEMPTED_NAME))) {
        return fold_attempted(approvals, envelope, err);
    }
    return fold_life(approvals, envelope, err);
}
