/* hub/approval_scan.h: what tenants' segments say about approvals, one event after the other.
 *
 * Requests become approval.routed or approval.refused, withdrawals end what waits; that an answer
 * was delivered and enforced is remembered. Tenants take turns, a segment each.
 * Threads: the loop's.
 */
#ifndef HF_HUB_APPROVAL_SCAN_H
#define HF_HUB_APPROVAL_SCAN_H

#include "hub/hub.h"

enum hf_hub_scan_step {
    HF_HUB_SCAN_AGAIN,
    HF_HUB_SCAN_WAIT, /* for the log */
    HF_HUB_SCAN_DONE,
};

/* Looks at the next event, or opens the next segment. */
enum hf_hub_scan_step hf_hub_scan_step(struct hf_hub *hub);

/* How many events of a segment are looked at; the rest of it is of no concern here. */
uint64_t hf_hub_scan_count(const struct hf_segment *segment);

#endif
