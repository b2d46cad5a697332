/* hub/approval_answer.h: what the API and the web page do with one request for approval.
 *
 * Threads: the loop's.
 */
#ifndef HF_HUB_APPROVAL_ANSWER_H
#define HF_HUB_APPROVAL_ANSWER_H

#include "hub/call.h"

/* Somebody has seen a request that waits: when they may answer, did not ask for it, and it is not
 * written of them yet, it is written down. Nobody waits for it. */
void hf_approval_see(struct hf_hub *hub, struct hf_hub_approval *approval,
                     const struct hf_principal *by, enum hf_event_approval_seen_how how);
/* The call's principal is shown it. */
void hf_approval_note_seen(struct hf_hub_call *call, struct hf_hub_approval *approval,
                           enum hf_event_approval_seen_how how);

struct hf_approval_wish {
    bool approves;
    bool has_request; /* what they were shown */
    struct hf_hash request;
    struct hf_str reason; /* may be empty; borrowed until the call is answered */
    void (*posted)(struct hf_hub_call *call);
};

/* Decides in the name of the call's principal, who has the role and reaches the tenant; then
 * posted(call). Else the call is refused. While another answer, or the end of the request, is on
 * its way to the log, it waits for what becomes of that: who comes second is told who was first.
 * call->subject names the approval. */
void hf_approval_answer_post(struct hf_hub_call *call, struct hf_hub_approval *approval,
                             const struct hf_approval_wish *wish);
/* May the call's principal answer so, by what is known now? Says why not. */
enum hf_rc hf_approval_may_answer(struct hf_hub_call *call, const struct hf_approval *approval,
                                  bool approves, struct hf_err *err);
/* An end of the request that was on its way is in the log, or did not get there. NULL is fine. */
void hf_approval_answer_go_on(struct hf_hub_approval *approval);

#endif
