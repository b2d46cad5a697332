/* hub/approvals_parts.h: requests for approval as they are held; for hub/approvals*.c alone.
 *
 * Threads: the loop's.
 */
#ifndef HF_HUB_APPROVALS_PARTS_H
#define HF_HUB_APPROVALS_PARTS_H

#include "hub/approvals.h"

static inline bool hf_hub_approval_waits(const struct hf_hub_approval *approval)
{
    return approval->life.state == HF_APPROVAL_PENDING;
}

/* Holds one more, the newest by routing; its life is the caller's to fill in. NULL: no memory. */
struct hf_hub_approval *hf_hub_approvals_hold(struct hf_hub_approvals *approvals,
                                              struct hf_hub_approval_tenant *t, struct hf_str name);
/* Frees it. */
void hf_hub_approvals_forget(struct hf_hub_approvals *approvals, struct hf_hub_approval *approval);

#endif
