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
#include "wrapper/approval.h"
#include "wrapper/ask.h"
#include "wrapper/asker.h"
#include "wrapper/judge.h"
#include "wrapper/link.h"

#define SECOND    UINT64_C(1000000000)
#define RECORD_NS (5 * SECOND) /* twice of it is less than the plugin waits */

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
    char call[HF_ASKER_NAME_MAX + 1];
    char tool[HF_PLUGIN_TOOL_MAX + 1];
    struct hf_asker asker;
    struct hf_hash call_hash;
    struct hf_ask ask; /* what a person is shown */
    struct hf_approval approval;
    bool allowed;
    bool unsound; /* what is written down would be judged otherwise */
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
    hf_approval_fini(&call->approval);
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
    hf_approval_enforced(&call->approval, call->allowed && call->link != NULL
                                              ? HF_EVENT_APPROVAL_ENFORCED_OUTCOME_RAN
                                              : call->outcome);
    remember(call);
    leave_link(call);
    free_call(call);
}

/* the decision, written down */

static void block(struct hf_call *call, const char *reason)
{
    call->allowed = false;
    call->outcome = HF_EVENT_APPROVAL_ENFORCED_OUTCOME_BLOCKED;
    (void)snprintf(call->reason, sizeof call->reason, "%s", reason);
}

static void recorded(void *arg, const struct hf_record *record)
{
    struct hf_call *call = arg;
    struct hf_wrapper *w = call->wrapper;
    if (record->rc != HF_OK) {
        hf_log(w->logger, HF_LOG_ERROR, "decision.unrecorded", hf_f_err(&record->err));
        w->counts.unrecorded++;
        block(call, "the decision could not be written down; try again later");
    } else if (call->allowed && call->unsound) {
        hf_log(w->logger, HF_LOG_ERROR, "decision.unsound", hf_f_c("tool", call->tool),
               hf_f_c("rule", call->rule));
        block(call, "the decision does not follow from what was written down");
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
        .session = hf_str_c(call->asker.session),
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
        .has_approval = call->approval.asked,
        .approval = hf_str_c(hf_approval_name(&call->approval)),
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
                     &event, &options, /* ret_note= */ NULL, &err);
    if (rc != HF_OK) {
        const struct hf_record record = {.rc = rc, .err = err};
        recorded(call, &record);
    } else if (allow) {
        /* The log has it under way, so this takes no time of the call. */
        call->unsound = !hf_judgement_holds(call->wrapper, &call->judged);
    }
}

static void refuse_with(struct hf_call *call, const char *rule, const char *reason)
{
    (void)snprintf(call->rule, sizeof call->rule, "%s", rule);
    (void)snprintf(call->reason, sizeof call->reason, "%s", reason);
    call->outcome = HF_EVENT_APPROVAL_ENFORCED_OUTCOME_BLOCKED;
    decide(call, false);
}

/* asking a person */

/* An approval is good for the policy, the gateway and the time that it was asked under. */
static void approved(struct hf_call *call)
{
    struct hf_wrapper *w = call->wrapper;
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    if (policy == NULL || !hf_hash_eq(hf_policy_digest(policy), &call->judged.policy_digest)) {
        refuse_with(call, "holdfast.superseded",
                    "the policy changed while a person was asked; ask again");
    } else if (call->link == NULL || !hf_link_holds(call->link)) {
        refuse_with(call, "holdfast.lease", "the gateway does not hold the lease any more");
    } else if (hf_lease_state(&w->lease, hf_env_mono_ns(hf_loop_env(w->loop))) == HF_LEASE_BROKEN) {
        refuse_with(call, "holdfast.lease", "the gateway did not obey the gate; nothing may run");
    } else if (hf_env_wall_us(hf_loop_env(w->loop)) >= call->approval.expires_us) {
        refuse_with(call, "holdfast.expired", "the answer came too late");
    } else {
        w->counts.approved++;
        (void)snprintf(call->reason, sizeof call->reason, "a person approved it");
        decide(call, true);
    }
}

static void refuse_unapproved(struct hf_call *call, const char *rule, const char *reason,
                              enum hf_event_approval_enforced_outcome outcome)
{
    (void)snprintf(call->rule, sizeof call->rule, "%s", rule);
    (void)snprintf(call->reason, sizeof call->reason, "%s", reason);
    call->outcome = outcome;
    decide(call, false);
}

static void approval_ended(struct hf_approval *approval, enum hf_approval_end how)
{
    struct hf_call *call = HF_CONTAINER_OF(approval, struct hf_call, approval);
    switch (how) {
    case HF_APPROVAL_APPROVED: approved(call); break;
    case HF_APPROVAL_DENIED: refuse_with(call, "holdfast.denied", "a person denied it"); break;
    case HF_APPROVAL_EXPIRED:
        refuse_unapproved(call, "holdfast.expired", "nobody answered in time",
                          HF_EVENT_APPROVAL_ENFORCED_OUTCOME_EXPIRED);
        break;
    case HF_APPROVAL_WITHDRAWN:
        refuse_unapproved(call, "holdfast.withdrawn",
                          call->wrapper->draining  ? "the wrapper is about to stop"
                          : call->wrapper->parting ? "the gateway is about to stop"
                                                   : "nobody waits for it any more",
                          HF_EVENT_APPROVAL_ENFORCED_OUTCOME_WITHDRAWN);
        break;
    case HF_APPROVAL_UNRECORDED:
        refuse_with(call, "holdfast.unrecorded", "a person could not be asked; try again later");
        break;
    }
}

static bool approval_wanted(struct hf_approval *approval)
{
    const struct hf_call *call = HF_CONTAINER_OF(approval, struct hf_call, approval);
    return call->link != NULL && !hf_wrapper_stops(call->wrapper);
}

static void approval_waits(struct hf_approval *approval, uint64_t left_ms)
{
    struct hf_call *call = HF_CONTAINER_OF(approval, struct hf_call, approval);
    struct hf_link *link = call->link;
    const struct hf_plugin_message message = {
        .kind = HF_PLUGIN_PENDING, .id = call->id, .answer = {.wait_ms = left_ms}};
    hf_sm_move(&call->sm, CALL_WAITING);
    link->questions--;
    hf_link_send(link, &message); /* may end the connection, and what waits on it */
    hf_link_flow(link);
}

static void ask_person(struct hf_call *call)
{
    struct hf_event_approval_requested event;
    struct hf_hash facts;
    const struct hf_judgement *j = &call->judged;
    struct hf_approval *approval = &call->approval;
    approval->session = call->session;
    approval->action = j->action;
    approval->wanted = approval_wanted;
    approval->waits = approval_waits;
    approval->ended = approval_ended;
    hf_facts_hash(j->vector, &facts);
    hf_ask_fill(&call->ask, &event);
    event.tool = hf_str_c(call->tool);
    event.risk = (enum hf_event_approval_requested_risk)j->risk;
    event.facts = hf_bytes_of(facts.b, HF_HASH_SIZE);
    event.policy = hf_str_c(j->policy);
    event.has_policy_digest = true;
    event.policy_digest = hf_bytes_of(j->policy_digest.b, HF_HASH_SIZE);
    event.has_rule = true;
    event.rule = hf_str_c(call->rule);
    event.has_reason = j->reason[0] != '\0';
    event.reason = hf_str_c(j->reason);
    hf_asker_fill(&call->asker, &event);
    hf_approval_ask(approval, &event, j->wait_s);
}

/* the begin */

/* Nobody is asked about what they cannot see, and what is cut weighs more. */
static void show_and_ask(struct hf_call *call, const struct hf_plugin_call *asked)
{
    struct hf_err err = {0};
    struct hf_judgement *j = &call->judged;
    enum hf_rc rc = hf_ask_make(call->wrapper, asked, &call->ask, &err);
    if (rc == HF_ETOOBIG || rc == HF_EINVAL) {
        refuse_with(call, "holdfast.unshown", err.text);
    } else if (rc != HF_OK) {
        refuse_with(call, "holdfast.unrecorded", "no memory to ask a person");
    } else {
        j->risk = call->ask.cut && j->risk < HF_POLICY_RULE_RISK_HIGH ? HF_POLICY_RULE_RISK_HIGH
                                                                      : j->risk;
        ask_person(call);
    }
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
    } else if (!hf_approval_has_room(w, call->session)) {
        refuse_with(call, "holdfast.flood", "too many calls wait for a person already");
    } else {
        show_and_ask(call, asked);
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
    hf_asker_fit(asked->call, call->call, sizeof call->call);
    hf_asker_fit(asked->tool, call->tool, sizeof call->tool);
    hf_asker_take(&call->asker, asked->session, asked->channel, asked->requester, asked->owner);
    hf_sha256(hf_str_bytes(asked->call), &call->call_hash);
    hf_approval_init(&call->approval, link->wrapper);
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
    const char *why = hf_link_not_now(link, session);
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
    w->counts.flips +=
        call->judged.has_shadow && call->judged.shadow_verdict != call->judged.verdict ? 1 : 0;
    hf_queue_push(&link->calls, &call->node);
    link->questions++;
    session->deciding++;
    start(call, asked);
}

/* from outside */

void hf_call_abort(struct hf_link *link, uint64_t id)
{
    HF_QUEUE_FOREACH_SAFE (node, &link->calls) {
        struct hf_call *call = HF_CONTAINER_OF(node, struct hf_call, node);
        if (call->id == id) {
            leave_link(call);
            hf_approval_withdraw(&call->approval);
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
        hf_approval_withdraw(&call->approval);
    }
}

void hf_call_drain_all(struct hf_link *link)
{
    HF_QUEUE_FOREACH_SAFE (node, &link->calls) {
        hf_approval_withdraw(&HF_CONTAINER_OF(node, struct hf_call, node)->approval);
    }
}
