/* tenant/asking.h: how many requests for approval wait at once: whoever asks for more is told so at
 * once, instead of being left waiting by the region.
 *
 * Counted in memory, from the agent's start on; the region has a bound of its own behind it, a
 * little higher. A place is free again when the answer comes, the request is withdrawn or enforced,
 * or its time is over.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_ASKING_H
#define HF_TENANT_ASKING_H

#include "base/err.h"
#include "schemas/envelope.h"

#define HF_AGENT_ASKING_MAX 200

struct hf_agent_asking {
    unsigned count; /* read-only */

    /* private */
    struct {
        uint64_t name; /* a hash */
        int64_t expires_us;
    } open[HF_AGENT_ASKING_MAX];
};

/* Looks at an event that is to be appended; others than approval.* are let go. HF_EBUSY: too many
 * requests wait, and this one more is not to be taken. */
enum hf_rc hf_agent_asking_take(struct hf_agent_asking *asking, const struct hf_envelope *event,
                                int64_t now_us, struct hf_err *err);
/* The request waits no longer. */
void hf_agent_asking_end(struct hf_agent_asking *asking, struct hf_str approval);

#endif
