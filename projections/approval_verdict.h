/* projections/approval_verdict.h: did a request for approval reach people in time? One verdict for
 * each, by what the log says of it; the read model counts it, and the Hub's metrics.
 *
 *   in-time    a push service or mail server took a message about it within 30 s of its routing
 *   late       one did after that
 *   answered   none did, but somebody saw or answered it within those 30 s: they were watching
 *   withdrawn  none did, and within those 30 s nobody wanted an answer any more, or the region
 *              denied it by itself: the person that it is about was erased
 *   in-vain    none did; it was tried
 *   untried    none did, and none was tried: nobody can be reached, or its tenant asked more than
 *              people are told in a minute
 * late, in-vain and untried are routing failures. While it waits, and nothing was taken, there is
 * no verdict yet. Probes are for nobody, and get none. Pure.
 */
#ifndef HF_PROJECTIONS_APPROVAL_VERDICT_H
#define HF_PROJECTIONS_APPROVAL_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#define HF_APPROVAL_NOTIFY_US    INT64_C(30000000) /* from the routing to the first message taken */
#define HF_APPROVAL_PROPAGATE_US INT64_C(5000000)  /* from the request to that */

enum hf_approval_verdict {
    HF_VERDICT_NONE,
    HF_VERDICT_IN_TIME,
    HF_VERDICT_LATE,
    HF_VERDICT_ANSWERED,
    HF_VERDICT_WITHDRAWN,
    HF_VERDICT_IN_VAIN,
    HF_VERDICT_UNTRIED,
    HF_VERDICTS,
};

/* What is known of a request; a time is 0 until it is known. */
struct hf_approval_known {
    int64_t routed_us;
    int64_t notified_us; /* the first message that was taken */
    int64_t seen_us;
    int64_t decided_us; /* also expired or withdrawn */
    bool by_person;     /* who decided */
    bool withdrawn;
    bool tried; /* a message was */
};

enum hf_approval_verdict hf_approval_judge(const struct hf_approval_known *known);
/* "in-time"; "" for none. */
const char *hf_approval_verdict_name(enum hf_approval_verdict verdict);

/* Is it a routing failure? */
static inline bool hf_approval_verdict_fails(enum hf_approval_verdict verdict)
{
    return verdict == HF_VERDICT_LATE || verdict == HF_VERDICT_IN_VAIN ||
           verdict == HF_VERDICT_UNTRIED;
}

#endif
