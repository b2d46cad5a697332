/* commands/approval.c: folds and decides about requests for approval. */
#include "commands/approval.h"

#include <stdio.h>

#include "base/assert.h"

static const char *const states[] = {
    [HF_APPROVAL_NONE] = "none",         [HF_APPROVAL_PENDING] = "pending",
    [HF_APPROVAL_APPROVED] = "approved", [HF_APPROVAL_DENIED] = "denied",
    [HF_APPROVAL_EXPIRED] = "expired",   [HF_APPROVAL_CANCELLED] = "cancelled",
};

const char *hf_approval_state_name(enum hf_approval_state state)
{
    return states[state];
}

enum hf_rc hf_approval_of_stream(struct hf_str stream, const char *kind, struct hf_str *ret_tenant,
                                 struct hf_str *ret_name)
{
    if (hf_tenant_of_stream(stream, kind, ret_tenant, ret_name) != HF_OK) {
        return HF_ENOTFOUND;
    }
    bool good = ret_name->len > 0 && ret_name->len <= HF_APPROVAL_NAME_MAX;
    return good ? HF_OK : HF_ENOTFOUND;
}

/* The text fits: the event's schema bounds it. */
static void keep(char *to, size_t size, struct hf_str text)
{
    HF_ASSERT(text.len < size);
    memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
}

static void keep_hash(struct hf_hash *to, struct hf_bytes hash)
{
    HF_ASSERT(hash.len == HF_HASH_SIZE);
    memcpy(to->b, hash.ptr, HF_HASH_SIZE);
}

static enum hf_rc fold_routed(struct hf_approval *a, const struct hf_envelope *envelope,
                              struct hf_err *err)
{
    struct hf_event_approval_routed event;
    enum hf_rc rc = hf_event_approval_routed_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (a->state != HF_APPROVAL_NONE) {
        return hf_err_set(err, HF_ECORRUPT, "an approval is routed twice");
    }
    a->state = HF_APPROVAL_PENDING;
    keep(a->tenant, sizeof a->tenant, event.tenant);
    keep(a->name, sizeof a->name, event.approval);
    keep(a->tool, sizeof a->tool, event.tool);
    a->has_subject = event.has_subject;
    if (event.has_subject) {
        memcpy(a->subject.b, event.subject.ptr, HF_SUBJECT_SIZE);
    }
    keep_hash(&a->request, event.request);
    keep_hash(&a->action, event.action);
    a->risk = event.risk;
    a->segment = event.segment;
    a->offset = (uint32_t)event.offset;
    a->probe = event.probe;
    a->requested_us = event.requested;
    a->expires_us = event.expires;
    a->routed_us = envelope->recorded_us;
    return HF_OK;
}

static enum hf_rc fold_decided(struct hf_approval *a, const struct hf_envelope *envelope,
                               struct hf_err *err)
{
    static const enum hf_approval_state ends[] = {
        [HF_EVENT_APPROVAL_DECIDED_DECISION_APPROVED] = HF_APPROVAL_APPROVED,
        [HF_EVENT_APPROVAL_DECIDED_DECISION_DENIED] = HF_APPROVAL_DENIED,
        [HF_EVENT_APPROVAL_DECIDED_DECISION_EXPIRED] = HF_APPROVAL_EXPIRED,
        [HF_EVENT_APPROVAL_DECIDED_DECISION_CANCELLED] = HF_APPROVAL_CANCELLED,
    };

    struct hf_event_approval_decided event;
    enum hf_rc rc = hf_event_approval_decided_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (a->state != HF_APPROVAL_PENDING) {
        return hf_err_set(err, HF_ECORRUPT, "an approval is decided that was not pending");
    }
    a->state = ends[event.decision];
    a->decided_us = envelope->recorded_us;
    keep(a->approver, sizeof a->approver, event.has_approver ? event.approver : HF_STR(""));
    return HF_OK;
}

enum hf_rc hf_approval_fold(struct hf_approval *approval, const struct hf_envelope *envelope,
                            struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_APPROVAL_ROUTED_NAME))) {
        rc = fold_routed(approval, envelope, err);
    } else if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_APPROVAL_DECIDED_NAME))) {
        rc = fold_decided(approval, envelope, err);
    }
    if (rc == HF_OK) {
        approval->version = envelope->version;
    }
    return rc;
}

struct hf_str hf_approval_asker(struct hf_str requester)
{
    struct hf_str prefix = HF_STR("principal:");
    if (hf_str_starts(requester, prefix)) {
        requester = (struct hf_str){requester.ptr + prefix.len, requester.len - prefix.len};
    }
    return requester;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Neither is empty, and they differ at most in the case of ASCII letters. */
static bool same_person(struct hf_str a, struct hf_str b)
{
    bool same = a.len > 0 && a.len == b.len;
    for (size_t i = 0; same && i < a.len; i++) {
        same = lower(a.ptr[i]) == lower(b.ptr[i]);
    }
    return same;
}

bool hf_approval_is_requester(struct hf_str requester, const struct hf_principal *asker,
                              const struct hf_principal *principal)
{
    struct hf_str person = hf_str_c(principal->person);
    return same_person(hf_approval_asker(requester), hf_str_c(principal->name)) ||
           same_person(requester, person) ||
           (asker != NULL && same_person(hf_str_c(asker->person), person));
}

enum hf_rc hf_approval_may_decide(const struct hf_approval *approval,
                                  const struct hf_approval_answer *answer, int64_t now_us,
                                  struct hf_err *err)
{
    if (approval == NULL || approval->state == HF_APPROVAL_NONE) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no such request for approval");
    }
    if (approval->state == HF_APPROVAL_APPROVED || approval->state == HF_APPROVAL_DENIED) {
        return hf_err_set(err, HF_EEXIST, "it was already %s%s%s",
                          hf_approval_state_name(approval->state),
                          approval->approver[0] == '\0' ? "" : " by ", approval->approver);
    }
    if (approval->state == HF_APPROVAL_CANCELLED) {
        return hf_err_set(err, HF_EEXIST, "it was withdrawn: the call is not waiting any more");
    }
    if (approval->state == HF_APPROVAL_EXPIRED || approval->expires_us <= now_us) {
        return hf_err_set(err, HF_ECONFLICT,
                          "it expired, which counts as denied; the agent has to ask again");
    }
    if (answer->request != NULL &&
        memcmp(answer->request->b, approval->request.b, HF_HASH_SIZE) != 0) {
        return hf_err_set(err, HF_ECONFLICT,
                          "request: is not what waits under this name; look at it again");
    }
    if (answer->approves && answer->closed != NULL) {
        return hf_err_set(err, HF_EPRUNED, "what it says cannot be read: %s; it can be denied",
                          answer->closed);
    }
    if (answer->approves &&
        hf_approval_is_requester(answer->requester, answer->asker, answer->by)) {
        return hf_err_set(err, HF_EPERM, "nobody approves what they asked for; ask somebody else");
    }
    return HF_OK;
}
