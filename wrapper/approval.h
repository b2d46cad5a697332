/* wrapper/approval.h: one question to a person, from the request in the log to what came of it.
 *
 * Embedded by whoever wants to know: a tool call (wrapper/call.c), a run of the model over budget
 * (wrapper/run.c). The request is written down first; from then on an answer is waited for, until
 * it is there, nobody wants it any more, or its time is over. An answer is good for exactly the
 * action that the request names, once.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_APPROVAL_H
#define HF_WRAPPER_APPROVAL_H

#include "base/loop.h"
#include "schemas/events_gen.h"
#include "wrapper/answers.h"
#include "wrapper/note.h"

struct hf_wrapper;
struct hf_session;

enum hf_approval_end {
    HF_APPROVAL_APPROVED,
    HF_APPROVAL_DENIED,
    HF_APPROVAL_EXPIRED,    /* nobody answered */
    HF_APPROVAL_WITHDRAWN,  /* nobody wants it any more, or the wrapper stops */
    HF_APPROVAL_UNRECORDED, /* it could not be written down, so nobody was asked */
};

struct hf_approval {
    /* set before it is asked */
    struct hf_wrapper *wrapper;
    struct hf_session *session; /* that it counts for; in place until it ended */
    struct hf_hash action;      /* what the answer is good for */
    /* Does somebody still wait for the answer? */
    bool (*wanted)(struct hf_approval *approval);
    /* A person is asked now, and has so long. */
    void (*waits)(struct hf_approval *approval, uint64_t left_ms);
    /* Once; it may be freed then. May run inside of hf_approval_ask and hf_approval_withdraw. */
    void (*ended)(struct hf_approval *approval, enum hf_approval_end end);
    /* read-only */
    bool asked; /* the request is in the log */
    int64_t expires_us;
    /* private */
    struct hf_waiting waiting;
    struct hf_timer expiry;
    struct hf_note *note;
};

void hf_approval_init(struct hf_approval *approval, struct hf_wrapper *wrapper);
/* Nothing of it is under way any more: it ended, or was never asked. */
void hf_approval_fini(struct hf_approval *approval);
/* May one more of this session wait? */
bool hf_approval_has_room(const struct hf_wrapper *wrapper, const struct hf_session *session);
/* event: filled but for approval, tenant, expires and action, which are set here. */
void hf_approval_ask(struct hf_approval *approval, struct hf_event_approval_requested *event,
                     uint64_t wait_s);
/* While a person is asked it ends. Before, nothing happens: once it is written down it sees that
 * nobody wants it. */
void hf_approval_withdraw(struct hf_approval *approval);
/* What became of what was asked for: said if it was asked at all. */
void hf_approval_enforced(const struct hf_approval *approval,
                          enum hf_event_approval_enforced_outcome outcome);

/* Its name; empty before it was asked. */
static inline const char *hf_approval_name(const struct hf_approval *approval)
{
    return approval->waiting.approval;
}

#endif
