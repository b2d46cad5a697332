/* hub/approval_answer.c: writes down who saw a request and who answered it. */
#include "hub/approval_answer.h"

#include <stdio.h>

#include "base/heap.h"
#include "hub/approvals.h"
#include "hub/notes.h"
#include "hub/opening.h"

/* Whoever asked for it may not answer: that they look at it keeps nobody else from being told. */
static bool has_asked(struct hf_hub *hub, const struct hf_approval *a,
                      const struct hf_principal *by)
{
    char requester[HF_APPROVAL_TEXT_MAX + 1];
    hf_opening_requester(hub, hf_str_c(a->tenant), hf_str_c(a->name), requester);
    const struct hf_hub_principal *asker =
        hf_hub_principal_find(&hub->principals, hf_approval_asker(hf_str_c(requester)));
    bool asked =
        hf_approval_is_requester(hf_str_c(requester), asker == NULL ? NULL : &asker->life, by);
    hf_wipe(requester, sizeof requester);
    return asked;
}

void hf_approval_see(struct hf_hub *hub, struct hf_hub_approval *approval,
                     const struct hf_principal *by, enum hf_event_approval_seen_how how)
{
    char stream[sizeof "approval-delivery/" + HF_APPROVAL_SUBJECT_SIZE];
    uint8_t bytes[512];
    if (by->role < HF_ROLE_APPROVER || approval->life.state != HF_APPROVAL_PENDING ||
        has_asked(hub, &approval->life, by) || !hf_hub_approval_see(approval, hf_str_c(by->name))) {
        return;
    }
    const struct hf_event_approval_seen event = {.approval = hf_str_c(approval->life.name),
                                                 .tenant = hf_str_c(approval->life.tenant),
                                                 .principal = hf_str_c(by->name),
                                                 .how = how};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_approval_seen_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "approval-delivery/%s/%s", approval->life.tenant,
                   approval->life.name);
    const struct hf_hub_event note = {.type = HF_EVENT_APPROVAL_SEEN_NAME,
                                      .schema_version = HF_EVENT_APPROVAL_SEEN_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w),
                                      .correlation = event.approval};
    hf_hub_note(hub, &note);
}

void hf_approval_note_seen(struct hf_hub_call *call, struct hf_hub_approval *approval,
                           enum hf_event_approval_seen_how how)
{
    hf_approval_see(call->hub, approval, &call->principal->life, how);
}

/* answering */

static struct hf_hub_approval *find_subject(const struct hf_hub_call *call)
{
    const char *slash = strchr(call->subject, '/');
    return hf_hub_approval_find(&call->hub->approvals,
                                (struct hf_str){call->subject, (size_t)(slash - call->subject)},
                                hf_str_c(slash + 1));
}

/* An answer, until it is in the log or refused. */
struct answering {
    struct hf_queue node;
    struct hf_hub_call *call;
    struct hf_approval_wish wish;
};

static void attempt(struct hf_hub_call *call);

void hf_approval_answer_go_on(struct hf_hub_approval *approval)
{
    struct hf_queue late;
    if (approval == NULL) {
        return;
    }
    hf_queue_init(&late);
    hf_queue_splice(&late, &approval->late);
    for (struct hf_queue *node; (node = hf_queue_pop(&late)) != NULL;) {
        hf_call_go_on(HF_CONTAINER_OF(node, struct answering, node)->call, attempt);
    }
}

/* This one is over; those behind it go on, and find an answer or give theirs. */
static void finish(struct hf_hub_call *call)
{
    hf_heap_free(call->asking);
    call->asking = NULL;
}

static void answered(struct hf_hub_call *call)
{
    const struct answering *answering = call->asking;
    void (*posted)(struct hf_hub_call *) = answering->wish.posted;
    struct hf_hub_approval *a = find_subject(call);
    finish(call);
    if (a != NULL) {
        a->answering = false;
        hf_approval_answer_go_on(a);
    }
    posted(call);
}

static void wait(struct hf_hub_call *call, struct hf_hub_approval *a)
{
    struct answering *answering = call->asking;
    hf_queue_push(&a->late, &answering->node);
    hf_call_hold(call);
}

static void failed(struct hf_hub_call *call, const struct hf_err *err)
{
    struct hf_hub_approval *a = find_subject(call);
    if (a != NULL) {
        a->answering = false;
    }
    if (err->rc == HF_ECONFLICT && a != NULL && a->ending) {
        wait(call, a); /* the clock, or the agent, was first */
        return;
    }
    finish(call);
    hf_call_refuse(call, err);
    hf_approval_answer_go_on(a);
}

/* Who approves has to know what, and for whom: what is sealed is opened. A denial needs neither. */
static enum hf_rc check(struct hf_hub_call *call, const struct hf_approval *a,
                        const struct hf_approval_wish *wish, int64_t now, struct hf_err *err)
{
    struct hf_opening *o = hf_heap_zalloc(1, sizeof *o);
    struct hf_approval_answer answer = {.by = &call->principal->life,
                                        .requester = HF_STR(""),
                                        .approves = wish->approves,
                                        .request = wish->has_request ? &wish->request : NULL,
                                        .reason = wish->reason};
    if (o == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a request");
    }
    if (wish->approves) {
        enum hf_rc rc = hf_opening_open(call->hub, a, answer.by, o, /* err= */ NULL);
        answer.closed =
            rc == HF_OK ? hf_opening_words(o->state) : "it cannot be read out of its segment";
        answer.requester = o->requester;
    }
    const struct hf_hub_principal *asker =
        hf_hub_principal_find(&call->hub->principals, hf_approval_asker(answer.requester));
    answer.asker = asker == NULL ? NULL : &asker->life;
    enum hf_rc rc = hf_approval_may_decide(a, &answer, now, err);
    hf_opening_close(o);
    hf_heap_free(o);
    return rc;
}

enum hf_rc hf_approval_may_answer(struct hf_hub_call *call, const struct hf_approval *approval,
                                  bool approves, struct hf_err *err)
{
    const struct hf_approval_wish wish = {.approves = approves};
    return check(call, approval, &wish, hf_env_wall_us(hf_loop_env(call->hub->loop)), err);
}

static void post(struct hf_hub_call *call, struct hf_hub_approval *approval,
                 struct hf_bytes payload)
{
    char stream[sizeof HF_APPROVAL_STREAM + HF_APPROVAL_SUBJECT_SIZE];
    (void)snprintf(stream, sizeof stream, HF_APPROVAL_STREAM "%s", call->subject);
    const struct hf_hub_event event = {.type = HF_EVENT_APPROVAL_DECIDED_NAME,
                                       .schema_version = HF_EVENT_APPROVAL_DECIDED_VERSION,
                                       .stream = hf_str_c(stream),
                                       .payload = payload,
                                       .expects = true,
                                       .version = approval->life.version};
    call->failed = failed;
    call->posted_again = false;
    hf_call_post(call, &event, answered);
    approval->answering = call->posted_again;
    if (!approval->answering) { /* it is refused already */
        finish(call);
    }
}

static void attempt(struct hf_hub_call *call)
{
    const struct answering *answering = call->asking;
    const struct hf_approval_wish *wish = &answering->wish;
    const struct hf_principal *by = &call->principal->life;
    struct hf_hub_approval *approval = find_subject(call);
    struct hf_err err = {0};
    if (approval == NULL) {
        finish(call);
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND,
                        "The request was answered long ago; the log has it.");
        return;
    }
    if (approval->answering || approval->ending) {
        wait(call, approval);
        return;
    }
    const struct hf_approval *a = &approval->life;
    int64_t now = hf_env_wall_us(hf_loop_env(call->hub->loop));
    int64_t latency = now - a->requested_us;
    const struct hf_event_approval_decided event = {
        .approval = hf_str_c(a->name),
        .tenant = hf_str_c(a->tenant),
        .decision = wish->approves ? HF_EVENT_APPROVAL_DECIDED_DECISION_APPROVED
                                   : HF_EVENT_APPROVAL_DECIDED_DECISION_DENIED,
        .by = by->kind == HF_PRINCIPAL_CUSTOMER ? HF_EVENT_APPROVAL_DECIDED_BY_CUSTOMER
                                                : HF_EVENT_APPROVAL_DECIDED_BY_OPERATOR,
        .has_approver = true,
        .approver = hf_str_c(by->name),
        .has_reason = wish->reason.len > 0,
        .reason = wish->reason,
        .request = hf_bytes_of(a->request.b, HF_HASH_SIZE),
        .latency = latency < 0 ? 0 : (uint64_t)latency};
    enum hf_rc rc = check(call, a, wish, now, &err);
    if (rc == HF_OK) {
        rc = hf_event_approval_decided_check(&event, &err);
    }
    if (rc != HF_OK) {
        finish(call);
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_approval_decided_encode(&event, &w);
    post(call, approval, hf_writer_done(&w));
}

void hf_approval_answer_post(struct hf_hub_call *call, struct hf_hub_approval *approval,
                             const struct hf_approval_wish *wish)
{
    struct answering *answering = hf_heap_zalloc(1, sizeof *answering);
    if (answering == NULL) {
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory for the answer.");
        return;
    }
    (void)snprintf(call->subject, sizeof call->subject, "%s/%s", approval->life.tenant,
                   approval->life.name);
    hf_queue_init(&answering->node);
    answering->call = call;
    answering->wish = *wish;
    call->asking = answering;
    attempt(call);
}
