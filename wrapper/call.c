/* wrapper/call.c: one tool call, from the question to the verdict.
 *
 *   ASKING     the request for approval is on its way to the log
 *   WAITING    for a person's answer
 *   RECORDING  the decision is on its way to the log; it may not run before it is there
 *   DONE       answered, or nobody listens any more
 */
#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/sm.h"
#include "schemas/events_gen.h"
#include "wrapper/ask.h"
#include "wrapper/judge.h"
#include "wrapper/link.h"

#define SECOND    UINT64_C(1000000000)
#define RECORD_NS (5 * SECOND) /* twice of it is less than the plugin waits */
#define NOTE_NS   (600 * SECOND)
#define NAME_MAX_ 128 /* bytes of a session or a call in an event */

enum call_state {
    CALL_ASKING,
    CALL_WAITING,
    CALL_RECORDING,
    CALL_DONE,
};

static const struct hf_sm_state states[] = {
    [CALL_ASKING] = {"ASKING",
                     HF_SM_TO(CALL_WAITING) | HF_SM_TO(CALL_RECORDING) | HF_SM_TO(CALL_DONE),
                     HF_SM_INITIAL},
    [CALL_WAITING] = {"WAITING", HF_SM_TO(CALL_RECORDING), 0},
    [CALL_RECORDING] = {"RECORDING", HF_SM_TO(CALL_DONE), HF_SM_INITIAL},
    [CALL_DONE] = {"DONE", 0, HF_SM_FINAL},
};
static const struct hf_sm_conf machine = {"call", states, HF_LEN(states)};

struct hf_call {
    struct hf_sm sm;
    struct hf_wrapper *wrapper;
    struct hf_link *link; /* NULL: nobody listens any more */
    struct hf_queue node; /* in the link */
    uint64_t id;
    struct hf_session *session;
    struct hf_judgement judged;
    char call[NAME_MAX_ + 1];
    char session_name[NAME_MAX_ + 1];
    char tool[HF_PLUGIN_TOOL_MAX + 1];
    char channel[64 + 1];
    char requester[NAME_MAX_ + 1];
    struct hf_hash call_hash;
    struct hf_ask ask; /* what a person is shown */
    struct hf_waiting waiting;
    struct hf_timer expiry;
    int64_t expires_us;
    struct hf_note *note; /* on its way; NULL */
    bool asked;           /* the request is in the log */
    bool allowed;
    enum hf_event_approval_enforced_outcome outcome; /* of an approval */
    char reason[HF_JUDGE_REASON_MAX + 1];
    char rule[HF_JUDGE_RULE_MAX + 1];
};

static bool counts_as_question(const struct hf_call *call)
{
    return call->sm.state != CALL_WAITING;
}

/* the end */

static void free_call(struct hf_call *call)
{
    hf_timer_cancel(&call->expiry);
    hf_judgement_free(&call->judged);
    hf_ask_free(&call->ask);
    hf_heap_free(call);
}

static void send_verdict(struct hf_link *link, uint64_t id, bool allow, const char *reason,
                         const char *rule)
{
    const struct hf_plugin_message message = {
        .kind = HF_PLUGIN_VERDICT,
        .id = id,
        .answer = {.allow = allow, .reason = hf_str_c(reason), .rule = hf_str_c(rule)}};
    hf_link_send(link, &message);
}

static void leave_link(struct hf_call *call)
{
    struct hf_link *link = call->link;
    if (link != NULL) {
        call->link = NULL;
        hf_queue_remove(&call->node);
        if (counts_as_question(call)) {
            link->questions--;
            hf_link_flow(link);
        }
    }
}

static void remember(struct hf_call *call)
{
    struct hf_wrapper *w = call->wrapper;
    struct hf_session_call recent = {.classes = call->judged.classes,
                                     .untrusted = (call->judged.labels & 1u) != 0,
                                     .verdict = (uint8_t)call->judged.verdict};
    (void)snprintf(recent.tool, sizeof recent.tool, "%s", call->tool);
    hf_sessions_count(w->sessions, call->session, &recent, hf_env_mono_ns(hf_loop_env(w->loop)));
    if (call->allowed) {
        const struct hf_session_open open = {
            .call = call->call_hash, .action = call->judged.action, .labels = call->judged.labels};
        struct hf_err err = {0};
        if (hf_session_open_call(w->sessions, call->session, &open, &err) != HF_OK) {
            hf_log(w->logger, HF_LOG_ERROR, "taint.unwritten", hf_f_err(&err));
        }
    }
}

static void note_enforced(struct hf_call *call)
{
    const struct hf_event_approval_enforced event = {
        .approval = hf_str_c(call->waiting.approval),
        .tenant = hf_str_c(call->wrapper->tenant),
        .outcome = call->outcome,
        .action = hf_bytes_of(call->judged.action.b, HF_HASH_SIZE),
        .has_delivered = call->waiting.delivered > 0,
        .delivered = call->waiting.delivered};
    if (call->asked) {
        hf_wrapper_note(call->wrapper, HF_EVENT_APPROVAL_ENFORCED_NAME, &event);
    }
}

static void end(struct hf_call *call)
{
    struct hf_wrapper *w = call->wrapper;
    hf_sm_move(&call->sm, CALL_DONE);
    call->session->deciding--;
    if (call->allowed) {
        w->counts.allowed++;
    } else {
        w->counts.refused++;
    }
    if (call->link != NULL) {
        send_verdict(call->link, call->id, call->allowed, call->reason, call->rule);
    }
    if (call->asked) {
        call->outcome = call->allowed && call->link != NULL ? HF_EVENT_APPROVAL_ENFORCED_OUTCOME_RAN
                                                            : call->outcome;
        note_enforced(call);
    }
    remember(call);
    leave_link(call);
    free_call(call);
}

/* the decision, written down */

static void recorded(void *arg, const struct hf_record *record)
{
    struct hf_call *call = arg;
    struct hf_wrapper *w = call->wrapper;
    call->note = NULL;
    if (record->rc != HF_OK) {
        hf_log(w->logger, HF_LOG_ERROR, "decision.unrecorded", hf_f_err(&record->err));
        w->counts.unrecorded++;
        call->allowed = false;
        call->outcome = HF_EVENT_APPROVAL_ENFORCED_OUTCOME_BLOCKED;
        (void)snprintf(call->reason, sizeof call->reason,
                       "the decision could not be written down; try again later");
    } else if (call->allowed && w->draining) {
        /* It is in the log as allowed, and it is: the plugin still waits for it. */
        hf_log(w->logger, HF_LOG_INFO, "call.allowed_while_draining", hf_f_c("tool", call->tool));
    }
    end(call);
}

static void fill_decided(const struct hf_call *call, struct hf_event_call_decided *event)
{
    const struct hf_judgement *j = &call->judged;
    *event = (struct hf_event_call_decided){
        .tenant = hf_str_c(call->wrapper->tenant),
        .session = hf_str_c(call->session_name),
        .call = hf_str_c(call->call),
        .tool = hf_str_c(call->tool),
        .vector = j->vector,
        .action = hf_bytes_of(j->action.b, HF_HASH_SIZE),
        .policy = hf_str_c(j->policy),
        .policy_digest = hf_bytes_of(j->policy_digest.b, HF_HASH_SIZE),
        .rule = hf_str_c(call->rule),
        .asi = (enum hf_event_call_decided_asi)j->asi,
        .verdict = (enum hf_event_call_decided_verdict)j->verdict,
        .outcome = call->allowed ? HF_EVENT_CALL_DECIDED_OUTCOME_ALLOWED
                                 : HF_EVENT_CALL_DECIDED_OUTCOME_REFUSED,
        .has_approval = call->asked,
        .approval = hf_str_c(call->waiting.approval),
        .latency = j->took_us,
    };
    if (j->has_shadow) {
        event->has_shadow_digest = true;
        event->shadow_digest = hf_bytes_of(j->shadow_digest.b, HF_HASH_SIZE);
        event->has_shadow_verdict = true;
        event->shadow_verdict = (enum hf_event_call_decided_shadow_verdict)j->shadow_verdict;
        event->has_shadow_rule = true;
        event->shadow_rule = hf_str_c(j->shadow_rule);
    }
}

/* Not durable, not allowed. */
static void decide(struct hf_call *call, bool allow)
{
    struct hf_event_call_decided event;
    struct hf_err err = {0};
    const struct hf_note_options options = {
        .wait_ns = RECORD_NS, .urgent = true, .done = recorded, .arg = call};
    call->allowed = allow;
    if (call->sm.state != CALL_RECORDING) {
        bool question = counts_as_question(call);
        hf_sm_move(&call->sm, CALL_RECORDING);
        if (!question && call->link != NULL) {
            call->link->questions++;
        }
    }
    fill_decided(call, &event);
    enum hf_rc rc =
        hf_note_post(call->wrapper->recorder, hf_event_find(HF_STR(HF_EVENT_CALL_DECIDED_NAME)),
                     &event, &options, &call->note, &err);
    if (rc != HF_OK) {
        const struct hf_record record = {.rc = rc, .err = err};
        recorded(call, &record);
    }
}

static void refuse_with(struct hf_call *call, const char *rule, const char *reason)
{
    (void)snprintf(call->rule, sizeof call->rule, "%s", rule);
    (void)snprintf(call->reason, sizeof call->reason, "%s", reason);
    call->outcome = HF_EVENT_APPROVAL_ENFORCED_OUTCOME_BLOCKED;
    decide(call, false);
}

/* waiting for a person */

static void stop_waiting(struct hf_call *call)
{
    struct hf_wrapper *w = call->wrapper;
    hf_answers_leave(w->answers, &call->waiting);
    hf_timer_cancel(&call->expiry);
    call->session->waiting--;
    w->waiting--;
}

static void withdraw(struct hf_call *call, enum hf_event_approval_withdrawn_reason why,
                     const char *rule, const char *reason)
{
    const struct hf_event_approval_withdrawn event = {.approval = hf_str_c(call->waiting.approval),
                                                      .tenant = hf_str_c(call->wrapper->tenant),
                                                      .reason = why};
    stop_waiting(call);
    hf_wrapper_note(call->wrapper, HF_EVENT_APPROVAL_WITHDRAWN_NAME, &event);
    (void)snprintf(call->rule, sizeof call->rule, "%s", rule);
    (void)snprintf(call->reason, sizeof call->reason, "%s", reason);
    call->outcome = why == HF_EVENT_APPROVAL_WITHDRAWN_REASON_EXPIRED
                        ? HF_EVENT_APPROVAL_ENFORCED_OUTCOME_EXPIRED
                        : HF_EVENT_APPROVAL_ENFORCED_OUTCOME_WITHDRAWN;
    decide(call, false);
}

static void expired(struct hf_timer *timer)
{
    withdraw(HF_CONTAINER_OF(timer, struct hf_call, expiry),
             HF_EVENT_APPROVAL_WITHDRAWN_REASON_EXPIRED, "holdfast.expired",
             "nobody answered in time");
}

/* An answer is good for the policy, the gateway and the time that it was asked under. */
static void answered(struct hf_waiting *waiting)
{
    struct hf_call *call = HF_CONTAINER_OF(waiting, struct hf_call, waiting);
    struct hf_wrapper *w = call->wrapper;
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    stop_waiting(call);
    if (!waiting->approved) {
        refuse_with(call, "holdfast.denied", "a person denied it");
    } else if (policy == NULL ||
               !hf_hash_eq(hf_policy_digest(policy), &call->judged.policy_digest)) {
        refuse_with(call, "holdfast.superseded",
                    "the policy changed while a person was asked; ask again");
    } else if (call->link == NULL || !hf_link_holds(call->link)) {
        refuse_with(call, "holdfast.lease", "the gateway does not hold the lease any more");
    } else if (hf_lease_state(&w->lease, hf_env_mono_ns(hf_loop_env(w->loop))) == HF_LEASE_BROKEN) {
        refuse_with(call, "holdfast.lease", "the gateway did not obey the gate; nothing may run");
    } else if (hf_env_wall_us(hf_loop_env(w->loop)) >= call->expires_us) {
        refuse_with(call, "holdfast.expired", "the answer came too late");
    } else {
        w->counts.approved++;
        (void)snprintf(call->reason, sizeof call->reason, "a person approved it");
        decide(call, true);
    }
}

static void wait_for_person(struct hf_call *call)
{
    int64_t left_us = call->expires_us - hf_env_wall_us(hf_loop_env(call->wrapper->loop));
    uint64_t left_ms = left_us < 0 ? 0 : (uint64_t)left_us / 1000;
    const struct hf_plugin_message message = {
        .kind = HF_PLUGIN_PENDING, .id = call->id, .answer = {.wait_ms = left_ms}};
    struct hf_link *link = call->link;
    hf_sm_move(&call->sm, CALL_WAITING);
    link->questions--;
    call->waiting.answered = answered;
    hf_answers_wait(call->wrapper->answers, &call->waiting);
    if (hf_timer_arm(&call->expiry, left_ms * 1000000) != HF_OK) {
        expired(&call->expiry);
        return;
    }
    hf_link_send(link, &message); /* may end the connection, and what waits on it */
    hf_link_flow(link);
}

static void requested(void *arg, const struct hf_record *record)
{
    struct hf_call *call = arg;
    struct hf_wrapper *w = call->wrapper;
    call->note = NULL;
    call->asked = record->rc == HF_OK;
    call->waiting.request = record->request;
    call->waiting.asked = record->index;
    if (record->rc != HF_OK) {
        hf_log(w->logger, HF_LOG_ERROR, "approval.unrecorded", hf_f_err(&record->err));
        call->session->waiting--;
        w->waiting--;
        refuse_with(call, "holdfast.unrecorded", "a person could not be asked; try again later");
    } else if (call->link == NULL || w->draining) {
        hf_queue_init(&call->waiting.node);
        withdraw(call,
                 w->draining ? HF_EVENT_APPROVAL_WITHDRAWN_REASON_SHUTDOWN
                             : HF_EVENT_APPROVAL_WITHDRAWN_REASON_ABORTED,
                 "holdfast.withdrawn", "nobody waits for it any more");
    } else {
        wait_for_person(call);
    }
}

static void name_approval(struct hf_call *call)
{
    uint8_t random[16];
    hf_env_random(hf_loop_env(call->wrapper->loop), random, sizeof random);
    memcpy(call->waiting.approval, "a-", 2);
    hf_hex_encode(hf_bytes_of(random, sizeof random), call->waiting.approval + 2);
}

static void ask_person(struct hf_call *call)
{
    struct hf_wrapper *w = call->wrapper;
    struct hf_event_approval_requested event;
    struct hf_hash facts;
    struct hf_err err = {0};
    const struct hf_note_options options = {
        .wait_ns = RECORD_NS, .urgent = true, .done = requested, .arg = call};
    const struct hf_judgement *j = &call->judged;
    name_approval(call);
    hf_facts_hash(j->vector, &facts);
    call->expires_us = hf_env_wall_us(hf_loop_env(w->loop)) + (int64_t)j->wait_s * INT64_C(1000000);
    hf_ask_fill(&call->ask, &event);
    event.approval = hf_str_c(call->waiting.approval);
    event.tenant = hf_str_c(w->tenant);
    event.tool = hf_str_c(call->tool);
    event.risk = (enum hf_event_approval_requested_risk)j->risk;
    event.facts = hf_bytes_of(facts.b, HF_HASH_SIZE);
    event.policy = hf_str_c(j->policy);
    event.expires = call->expires_us;
    event.action = hf_bytes_of(j->action.b, HF_HASH_SIZE);
    event.has_policy_digest = true;
    event.policy_digest = hf_bytes_of(j->policy_digest.b, HF_HASH_SIZE);
    event.has_rule = true;
    event.rule = hf_str_c(call->rule);
    event.has_reason = j->reason[0] != '\0';
    event.reason = hf_str_c(j->reason);
    event.has_session = true;
    event.session = hf_str_c(call->session_name);
    event.has_requester = call->requester[0] != '\0';
    event.requester = hf_str_c(call->requester);
    event.has_channel = call->channel[0] != '\0';
    event.channel = hf_str_c(call->channel);
    w->counts.asked++;
    w->waiting++;
    call->session->waiting++;
    enum hf_rc rc =
        hf_note_post(w->recorder, hf_event_find(HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME)), &event,
                     &options, &call->note, &err);
    if (rc != HF_OK) {
        const struct hf_record record = {.rc = rc, .err = err};
        requested(call, &record);
    }
}

/* the begin */

/* A name that fits an event; a longer one ends in the hash of the whole. */
static void fit(struct hf_str name, char *out, size_t cap)
{
    char hex[2 * HF_HASH_SIZE + 1];
    struct hf_hash hash;
    if (name.len < cap) {
        memcpy(out, name.ptr, name.len);
        out[name.len] = '\0';
        return;
    }
    hf_sha256(hf_str_bytes(name), &hash);
    hf_hex_encode(hf_bytes_of(hash.b, 16), hex);
    size_t kept = cap - 1 - 33;
    while (kept > 0 && ((uint8_t)name.ptr[kept] & 0xc0u) == 0x80u) {
        kept--; /* not in the middle of a character */
    }
    (void)snprintf(out, cap, "%.*s~%s", (int)kept, name.ptr, hex);
}

/* Why it cannot be decided now; NULL: it can. */
static const char *not_now(const struct hf_link *link, const struct hf_session *session)
{
    const struct hf_wrapper *w = link->wrapper;
    uint64_t now = hf_env_mono_ns(hf_loop_env(w->loop));
    if (w->draining) {
        return "the wrapper is about to stop";
    }
    if (!hf_link_holds(link)) {
        return "this gateway does not hold the lease";
    }
    if (hf_lease_state(&w->lease, now) == HF_LEASE_BROKEN) {
        return "the gateway did not obey the gate; nothing may run";
    }
    if (session == NULL) {
        return "no memory for the session";
    }
    if (session->deciding >= HF_SESSION_CALLS) {
        return "too many calls of this session at once";
    }
    return NULL;
}

static void start(struct hf_call *call, const struct hf_plugin_call *asked)
{
    const struct hf_judgement *j = &call->judged;
    struct hf_wrapper *w = call->wrapper;
    const struct hf_session_open *open = hf_session_find_call(call->session, &call->call_hash);
    (void)snprintf(call->rule, sizeof call->rule, "%s", j->rule);
    (void)snprintf(call->reason, sizeof call->reason, "%s", j->reason);
    if (open != NULL && !hf_hash_eq(&open->action, &j->action)) {
        w->counts.changed++;
        refuse_with(call, "holdfast.changed", "this call was allowed with other parameters");
    } else if (j->verdict != HF_VERDICT_ASK) {
        decide(call, j->verdict == HF_VERDICT_PERMIT);
    } else if (call->session->waiting >= HF_SESSION_WAITING ||
               w->waiting >= HF_WRAPPER_WAITING_MAX) {
        refuse_with(call, "holdfast.flood", "too many calls wait for a person already");
    } else if (hf_ask_make(w, asked, &call->ask) != HF_OK) {
        refuse_with(call, "holdfast.unrecorded", "no memory to ask a person");
    } else {
        ask_person(call);
    }
}

static struct hf_call *new_call(struct hf_link *link, const struct hf_plugin_message *message,
                                struct hf_session *session)
{
    struct hf_call *call = hf_heap_zalloc(1, sizeof *call);
    const struct hf_plugin_call *asked = &message->call;
    if (call == NULL) {
        return NULL;
    }
    call->wrapper = link->wrapper;
    call->link = link;
    call->id = message->id;
    call->session = session;
    fit(asked->call, call->call, sizeof call->call);
    fit(asked->session.len == 0 ? HF_STR("none") : asked->session, call->session_name,
        sizeof call->session_name);
    fit(asked->tool, call->tool, sizeof call->tool);
    fit(asked->channel, call->channel, sizeof call->channel);
    fit(asked->requester.len == 0 && asked->owner ? HF_STR("owner") : asked->requester,
        call->requester, sizeof call->requester);
    hf_sha256(hf_str_bytes(asked->call), &call->call_hash);
    hf_timer_init(&call->expiry, link->wrapper->loop, expired);
    hf_queue_init(&call->waiting.node);
    return call;
}

void hf_call_begin(struct hf_link *link, const struct hf_plugin_message *message)
{
    struct hf_wrapper *w = link->wrapper;
    struct hf_err err = {0};
    const struct hf_plugin_call *asked = &message->call;
    if (hf_str_starts(asked->session, HF_STR(HF_CANARY_PREFIX))) {
        /* Only the plugin that was challenged, and the gate that it goes through, know the word. */
        bool known = hf_link_holds(link) && hf_lease_seen(&w->lease, asked->session);
        send_verdict(link, message->id, false, known ? w->lease.nonce : "no such canary",
                     "holdfast.canary");
        return;
    }
    w->counts.calls++;
    struct hf_session *session = hf_sessions_get(w->sessions, asked->session);
    const char *why = not_now(link, session);
    struct hf_call *call = why == NULL ? new_call(link, message, session) : NULL;
    enum hf_rc rc = HF_ENOMEM;
    if (call != NULL) {
        rc = hf_judge(w, asked, session, &call->judged, &err);
    }
    if (rc != HF_OK) {
        w->counts.refused++;
        send_verdict(link, message->id, false,
                     why != NULL ? why : (call == NULL ? "no memory for the call" : err.text),
                     "holdfast.undecided");
        if (call != NULL) {
            free_call(call);
        }
        return;
    }
    hf_sm_init(&call->sm, &machine, /* invariant= */ NULL,
               call->judged.verdict == HF_VERDICT_ASK ? CALL_ASKING : CALL_RECORDING, message->id);
    hf_queue_push(&link->calls, &call->node);
    link->questions++;
    session->deciding++;
    start(call, asked);
}

/* from outside */

static void give_up(struct hf_call *call, bool draining)
{
    if (call->sm.state == CALL_WAITING) {
        withdraw(call,
                 draining ? HF_EVENT_APPROVAL_WITHDRAWN_REASON_SHUTDOWN
                          : HF_EVENT_APPROVAL_WITHDRAWN_REASON_ABORTED,
                 "holdfast.withdrawn",
                 draining ? "the wrapper is about to stop" : "nobody waits for it any more");
    }
}

void hf_call_abort(struct hf_link *link, uint64_t id)
{
    HF_QUEUE_FOREACH_SAFE (node, &link->calls) {
        struct hf_call *call = HF_CONTAINER_OF(node, struct hf_call, node);
        if (call->id == id) {
            leave_link(call);
            give_up(call, false);
            return;
        }
    }
}

void hf_call_orphan_all(struct hf_link *link)
{
    HF_QUEUE_FOREACH_SAFE (node, &link->calls) {
        struct hf_call *call = HF_CONTAINER_OF(node, struct hf_call, node);
        call->link = NULL;
        hf_queue_remove(&call->node);
        give_up(call, false);
    }
    link->questions = 0;
}

void hf_call_drain_all(struct hf_link *link)
{
    HF_QUEUE_FOREACH_SAFE (node, &link->calls) {
        give_up(HF_CONTAINER_OF(node, struct hf_call, node), true);
    }
}
