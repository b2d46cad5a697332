/* projections/approval_fold.c: what each event says of requests for approval, for every version of
 * their read model.
 */
#include "projections/approval_fold.h"

#include "base/assert.h"
#include "base/hex.h"
#include "projections/approval_verdict.h"
#include "projections/fold.h"
#include "schemas/events_gen.h"

#define TEXT_MAX       128
#define ENFORCEMENT_US INT64_C(10000000) /* from the answer to what the wrapper did */
#define TRIED          "tried"           /* no verdict yet: a message was, and nothing took it */

/* One event, and the row of the approval that it is about. */
struct change {
    const struct hf_approval_model *model;
    struct hf_fold fold;
    struct hf_value row[HF_COLUMNS_MAX];
    /* Of the row's texts, which borrow from the table until its next call. */
    char texts[6][TEXT_MAX + 1];
    bool found;
    bool by_person; /* the answer that is being taken */
};

static struct change *change_of(struct hf_fold *fold)
{
    return HF_CONTAINER_OF(fold, struct change, fold);
}

/* counting, by whether it is a probe */

static struct hf_approval_tally tally_of(const struct change *c)
{
    return (struct hf_approval_tally){c->model, c->fold.store, c->fold.position->recorded_us,
                                      c->row[PROBE].number};
}

static enum hf_rc count_hop(const struct change *c, const char *hop, int64_t from_us, int64_t to_us,
                            struct hf_err *err)
{
    const struct hf_approval_tally tally = tally_of(c);
    return hf_approval_count_hop(&tally, hop, to_us - from_us, err);
}

static enum hf_rc count_slo(const struct change *c, int64_t at_us, const unsigned *columns,
                            struct hf_err *err)
{
    const struct hf_approval_tally tally = tally_of(c);
    return hf_approval_count_slo(&tally, at_us, columns, err);
}

/* the approval's row */

static void keep(struct change *c, unsigned n, unsigned column)
{
    struct hf_str text = c->row[column].text;
    HF_ASSERT(text.len <= TEXT_MAX); /* a tool's name is the longest */
    if (text.len > 0) {
        memcpy(c->texts[n], text.ptr, text.len);
    }
    c->row[column].text = (struct hf_str){c->texts[n], text.len};
}

static enum hf_rc find(struct change *c, struct hf_str tenant, struct hf_str approval,
                       struct hf_err *err)
{
    static const unsigned texts[] = {STATE, RISK, TOOL, ACTION, OUTCOME, ROUTING};

    c->row[TENANT].text = tenant;
    c->row[APPROVAL].text = approval;
    enum hf_rc rc = hf_fold_row(c->fold.store, c->model->way, c->row, &c->found, err);
    for (unsigned i = 0; rc == HF_OK && i < HF_LEN(texts); i++) {
        keep(c, i, texts[i]);
    }
    c->row[TENANT].text = tenant; /* as the event has it, not the table */
    c->row[APPROVAL].text = approval;
    return rc;
}

static enum hf_rc put(struct change *c, struct hf_err *err)
{
    return hf_store_put(c->fold.store, c->model->way, c->row, err);
}

/* Whether it reached people in time, as soon as that is known; before the row is put. */
static enum hf_rc judge_routing(struct change *c, struct hf_err *err)
{
    static const unsigned counted[HF_VERDICTS] = {
        [HF_VERDICT_IN_TIME] = TOLD_IN_TIME, [HF_VERDICT_LATE] = TOLD_LATE,
        [HF_VERDICT_ANSWERED] = ANSWERED,    [HF_VERDICT_IN_VAIN] = IN_VAIN,
        [HF_VERDICT_UNTRIED] = UNTRIED,
    };

    bool tried = hf_str_eq(c->row[ROUTING].text, HF_STR(TRIED));
    if (!c->model->judges || c->row[PROBE].number != 0 ||
        (c->row[ROUTING].text.len > 0 && !tried)) {
        return HF_OK;
    }
    struct hf_str state = c->row[STATE].text;
    bool denied = hf_str_eq(state, HF_STR("denied"));
    const struct hf_approval_known known = {
        .routed_us = c->row[ROUTED_US].number,
        .notified_us = c->row[NOTIFIED_US].number,
        .seen_us = c->row[SEEN_US].number,
        .decided_us = c->row[DECIDED_US].number,
        .by_person = c->by_person && (denied || hf_str_eq(state, HF_STR("approved"))),
        .withdrawn = hf_str_eq(state, HF_STR("cancelled")) || (denied && !c->by_person),
        .tried = tried};
    enum hf_approval_verdict verdict = hf_approval_judge(&known);
    if (verdict == HF_VERDICT_NONE) {
        return HF_OK;
    }
    c->row[ROUTING].text = hf_str_c(hf_approval_verdict_name(verdict));
    if (verdict == HF_VERDICT_WITHDRAWN) {
        return HF_OK;
    }
    bool fast = known.notified_us != 0 &&
                known.notified_us - c->row[REQUESTED_US].number <= HF_APPROVAL_PROPAGATE_US;
    const unsigned columns[] = {counted[verdict],
                                verdict == HF_VERDICT_ANSWERED ? SLO_HOUR : PROPAGATION_ALL,
                                fast ? PROPAGATION_GOOD : SLO_HOUR, SLO_HOUR};
    return count_slo(c, known.routed_us, columns, err);
}

/* what the region says */

static enum hf_rc take_routed(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    /* What is told to nobody is propagated when it is in the queue. */
    static const unsigned good[] = {ATTEMPTS, ROUTED, PROPAGATION_ALL, PROPAGATION_GOOD, SLO_HOUR};
    static const unsigned late[] = {ATTEMPTS, ROUTED, PROPAGATION_ALL, SLO_HOUR};
    static const unsigned probe_good[] = {ATTEMPTS,         ROUTED,     PROPAGATION_ALL,
                                          PROPAGATION_GOOD, QUEUE_GOOD, SLO_HOUR};
    static const unsigned queued[] = {ATTEMPTS, ROUTED, QUEUE_GOOD, SLO_HOUR};
    static const unsigned queued_late[] = {ATTEMPTS, ROUTED, SLO_HOUR};

    struct hf_event_approval_routed e;
    char action[2 * 32 + 1];
    enum hf_rc rc = hf_event_approval_routed_decode(c->fold.payload, &e, err);
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    if (c->found) {
        return hf_err_set(err, HF_EINVAL, "the request is routed a second time");
    }
    hf_hex_encode(e.action, action);
    c->row[STATE].text = HF_STR("pending");
    c->row[RISK].text = hf_event_approval_routed_risk_name(e.risk);
    c->row[TOOL].text = e.tool;
    c->row[PROBE].number = e.probe;
    c->row[ACTION].text = hf_str_c(action);
    c->row[REQUESTED_US].number = e.requested;
    c->row[EXPIRES_US].number = e.expires;
    c->row[ROUTED_US].number = c->fold.position->recorded_us;
    rc = put(c, err);
    if (rc == HF_OK) {
        rc = count_hop(c, "routed", e.requested, c->fold.position->recorded_us, err);
    }
    bool in_time = c->fold.position->recorded_us - e.requested <= HF_APPROVAL_PROPAGATE_US;
    const unsigned *columns = in_time ? good : late;
    if (c->model->judges && e.probe) {
        columns = in_time ? probe_good : late;
    } else if (c->model->judges) {
        columns = in_time ? queued : queued_late;
    }
    return rc == HF_OK ? count_slo(c, c->fold.position->recorded_us, columns, err) : rc;
}

static enum hf_rc take_refused(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_approval_refused e;
    struct hf_value row[HF_COLUMNS_MAX] = {
        [SLO_HOUR] = {.number = hf_fold_hour(c->fold.position->recorded_us)}};
    enum hf_rc rc = hf_event_approval_refused_decode(c->fold.payload, &e, err);
    if (rc == HF_OK) {
        rc = hf_fold_row(c->fold.store, c->model->slo, row, NULL, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    unsigned why = e.reason == HF_EVENT_APPROVAL_REFUSED_REASON_TOO_LATE ? TOO_LATE : TOO_MANY;
    row[ATTEMPTS].number = hf_fold_add(row[ATTEMPTS].number + 1, e.skipped);
    row[why].number = hf_fold_add(row[why].number + 1, e.skipped);
    return hf_store_put(c->fold.store, c->model->slo, row, err);
}

/* A message about it was tried. */
static enum hf_rc note_tried(struct change *c, struct hf_err *err)
{
    if (!c->model->judges || c->row[ROUTING].text.len > 0) {
        return HF_OK;
    }
    c->row[ROUTING].text = HF_STR(TRIED);
    return put(c, err);
}

/* The first message about it that a service of theirs took. */
static enum hf_rc take_notified(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_notification_attempted e;
    enum hf_rc rc = hf_event_notification_attempted_decode(c->fold.payload, &e, err);
    if (rc != HF_OK || e.kind != HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL || !e.has_tenant ||
        !e.has_approval) {
        return rc;
    }
    rc = find(c, e.tenant, e.approval, err);
    if (rc != HF_OK || !c->found || c->row[NOTIFIED_US].number != 0) {
        return rc;
    }
    if (e.outcome != HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED) {
        return note_tried(c, err);
    }
    int64_t now = c->fold.position->recorded_us;
    c->row[NOTIFIED_US].number = now;
    rc = judge_routing(c, err);
    if (rc == HF_OK) {
        rc = put(c, err);
    }
    if (rc == HF_OK) {
        rc = count_hop(c, "notified", c->row[ROUTED_US].number, now, err);
    }
    return rc == HF_OK && c->model->judges
               ? count_hop(c, "propagated", c->row[REQUESTED_US].number, now, err)
               : rc;
}

static enum hf_rc take_seen(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_approval_seen e;
    enum hf_rc rc = hf_event_approval_seen_decode(c->fold.payload, &e, err);
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK || !c->found || c->row[SEEN_US].number != 0) {
        return rc;
    }
    c->row[SEEN_US].number = c->fold.position->recorded_us;
    rc = put(c, err);
    return rc == HF_OK
               ? count_hop(c, "seen", c->row[ROUTED_US].number, c->fold.position->recorded_us, err)
               : rc;
}

static enum hf_rc take_decided(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    static const unsigned columns[] = {ENFORCEMENT_ALL, SLO_HOUR};

    struct hf_event_approval_decided e;
    enum hf_rc rc = hf_event_approval_decided_decode(c->fold.payload, &e, err);
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    if (!c->found || c->row[DECIDED_US].number != 0) {
        return hf_err_set(err, HF_EINVAL, "an answer to nothing that waits");
    }
    c->row[STATE].text = hf_event_approval_decided_decision_name(e.decision);
    c->by_person = e.by == HF_EVENT_APPROVAL_DECIDED_BY_OPERATOR ||
                   e.by == HF_EVENT_APPROVAL_DECIDED_BY_CUSTOMER;
    c->row[DECIDED_US].number = c->fold.position->recorded_us;
    rc = judge_routing(c, err);
    if (rc == HF_OK) {
        rc = put(c, err);
    }
    if (rc != HF_OK || (e.decision != HF_EVENT_APPROVAL_DECIDED_DECISION_APPROVED &&
                        e.decision != HF_EVENT_APPROVAL_DECIDED_DECISION_DENIED)) {
        return rc;
    }
    rc = count_hop(c, "decided", c->row[ROUTED_US].number, c->fold.position->recorded_us, err);
    return rc == HF_OK ? count_slo(c, c->fold.position->recorded_us, columns, err) : rc;
}

/* what the tenant says */

static enum hf_rc take_delivered(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_approval_delivered e;
    enum hf_rc rc = hf_event_approval_delivered_decode(c->fold.payload, &e, err);
    if (rc == HF_OK) {
        rc = hf_fold_own(c->fold.position, e.tenant, err);
    }
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK || !c->found || c->row[DELIVERED_US].number != 0 ||
        c->row[DECIDED_US].number == 0) {
        return rc;
    }
    c->row[DELIVERED_US].number = c->fold.event->occurred_us;
    rc = put(c, err);
    return rc == HF_OK ? count_hop(c, "delivered", c->row[DECIDED_US].number,
                                   c->fold.event->occurred_us, err)
                       : rc;
}

/* A call ran: was exactly this approved, for the first time, in time? NULL: all is well. */
static const char *judge(const struct change *c, const struct hf_event_approval_enforced *e,
                         struct hf_str action)
{
    if (e->outcome != HF_EVENT_APPROVAL_ENFORCED_OUTCOME_RAN) {
        return NULL;
    }
    if (!c->found || !hf_str_eq(c->row[STATE].text, HF_STR("approved"))) {
        return "not-approved";
    }
    if (!hf_str_eq(c->row[ACTION].text, action)) {
        return "other-action";
    }
    if (hf_str_eq(c->row[OUTCOME].text, HF_STR("ran"))) {
        return "twice";
    }
    return c->fold.event->occurred_us > c->row[EXPIRES_US].number ? "too-late" : NULL;
}

static enum hf_rc put_finding(struct change *c, const char *found, struct hf_str action,
                              struct hf_err *err)
{
    const struct hf_value row[HF_COLUMNS_MAX] = {
        [FOUND_TENANT] = c->row[TENANT],
        [FOUND_APPROVAL] = c->row[APPROVAL],
        [FOUND_ENTRY] = {.number = (int64_t)c->fold.position->index},
        [FOUND_EVENT] = {.number = c->fold.position->offset},
        [FOUND_WHAT] = {.text = hf_str_c(found)},
        [FOUND_ACTION] = {.text = action},
        [FOUND_AT] = {.number = c->fold.event->occurred_us}};
    return hf_store_put(c->fold.store, c->model->findings, row, err);
}

static enum hf_rc count_enforced(struct change *c, struct hf_err *err)
{
    static const unsigned columns[] = {ENFORCEMENT_GOOD, SLO_HOUR};

    enum hf_rc rc = HF_OK;
    int64_t decided = c->row[DECIDED_US].number;
    if (c->row[DELIVERED_US].number != 0) {
        rc = count_hop(c, "enforced", c->row[DELIVERED_US].number, c->fold.event->occurred_us, err);
    }
    bool answered = hf_str_eq(c->row[STATE].text, HF_STR("approved")) ||
                    hf_str_eq(c->row[STATE].text, HF_STR("denied"));
    return rc == HF_OK && answered && c->fold.event->occurred_us - decided <= ENFORCEMENT_US
               ? count_slo(c, decided, columns, err)
               : rc;
}

static enum hf_rc take_enforced(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_approval_enforced e;
    char hex[2 * 32 + 1];
    enum hf_rc rc = hf_event_approval_enforced_decode(c->fold.payload, &e, err);
    if (rc == HF_OK) {
        rc = hf_fold_own(c->fold.position, e.tenant, err);
    }
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_hex_encode(e.action, hex);
    struct hf_str action = hf_str_c(hex);
    const char *found = judge(c, &e, action);
    if (found != NULL) {
        rc = put_finding(c, found, action, err);
    }
    if (rc != HF_OK || !c->found || c->row[ENFORCED_US].number != 0) {
        return rc;
    }
    c->row[ENFORCED_US].number = c->fold.event->occurred_us;
    c->row[OUTCOME].text = hf_event_approval_enforced_outcome_name(e.outcome);
    rc = put(c, err);
    return rc == HF_OK ? count_enforced(c, err) : rc;
}

static const struct hf_fold_kind kinds[] = {
    {HF_EVENT_APPROVAL_ROUTED_NAME, HF_EVENT_APPROVAL_ROUTED_VERSION, false, take_routed},
    {HF_EVENT_APPROVAL_REFUSED_NAME, HF_EVENT_APPROVAL_REFUSED_VERSION, false, take_refused},
    {HF_EVENT_NOTIFICATION_ATTEMPTED_NAME, HF_EVENT_NOTIFICATION_ATTEMPTED_VERSION, false,
     take_notified},
    {HF_EVENT_APPROVAL_SEEN_NAME, HF_EVENT_APPROVAL_SEEN_VERSION, false, take_seen},
    {HF_EVENT_APPROVAL_DECIDED_NAME, HF_EVENT_APPROVAL_DECIDED_VERSION, false, take_decided},
    {HF_EVENT_APPROVAL_DELIVERED_NAME, HF_EVENT_APPROVAL_DELIVERED_VERSION, true, take_delivered},
    {HF_EVENT_APPROVAL_ENFORCED_NAME, HF_EVENT_APPROVAL_ENFORCED_VERSION, true, take_enforced},
};

enum hf_rc hf_approval_apply(const struct hf_approval_model *model, struct hf_store *store,
                             const struct hf_position *position, const struct hf_envelope *event,
                             struct hf_err *err)
{
    struct change change = {.model = model, .fold = {store, position, event, {NULL, 0}}};
    return hf_fold_apply(kinds, HF_LEN(kinds), &change.fold, err);
}
