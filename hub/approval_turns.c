/* hub/approval_turns.c: segments with requests for approval, and whose turn it is. */
#include "base/assert.h"
#include "base/heap.h"
#include "hub/approvals.h"

enum hf_rc hf_hub_approvals_add(struct hf_hub_approvals *approvals, struct hf_str tenant,
                                uint64_t segment)
{
    struct hf_hub_approval_tenant *t = hf_hub_approvals_tenant(approvals, tenant);
    if (t == NULL) {
        return HF_ENOMEM;
    }
    if (t->segment_count == t->segment_cap) {
        size_t left = t->segment_count - t->segment_first;
        size_t cap = 2 * left + 4;
        uint64_t *list = hf_heap_zalloc(cap, sizeof *list);
        if (list == NULL) {
            return HF_ENOMEM;
        }
        if (left > 0) {
            memcpy(list, t->segments + t->segment_first, left * sizeof *list);
        }
        hf_heap_free(t->segments);
        t->segments = list;
        t->segment_first = 0;
        t->segment_count = left;
        t->segment_cap = cap;
    }
    t->segments[t->segment_count++] = segment;
    if (hf_queue_empty(&t->turn)) {
        hf_queue_push(&approvals->turns, &t->turn);
    }
    return HF_OK;
}

bool hf_hub_approvals_segment(struct hf_hub_approvals *approvals,
                              struct hf_hub_approval_tenant **ret_tenant, uint64_t *ret_index)
{
    if (hf_queue_empty(&approvals->turns)) {
        return false;
    }
    *ret_tenant = HF_CONTAINER_OF(approvals->turns.next, struct hf_hub_approval_tenant, turn);
    *ret_index = (*ret_tenant)->segments[(*ret_tenant)->segment_first + (*ret_tenant)->scanned];
    return true;
}

void hf_hub_approvals_scanned(struct hf_hub_approvals *approvals,
                              struct hf_hub_approval_tenant *tenant)
{
    HF_ASSERT(tenant->segment_first + tenant->scanned < tenant->segment_count);
    tenant->scanned++;
    hf_queue_remove(&tenant->turn);
    hf_queue_remove(&tenant->touched);
    hf_queue_push(&approvals->touched, &tenant->touched);
    if (tenant->segment_first + tenant->scanned < tenant->segment_count) {
        hf_queue_push(&approvals->turns, &tenant->turn);
    }
}

void hf_hub_approvals_settle(struct hf_hub_approvals *approvals, bool done)
{
    for (struct hf_queue *node; (node = hf_queue_pop(&approvals->touched)) != NULL;) {
        struct hf_hub_approval_tenant *t =
            HF_CONTAINER_OF(node, struct hf_hub_approval_tenant, touched);
        t->segment_first += done ? t->scanned : 0;
        t->scanned = 0;
        if (t->segment_first < t->segment_count && hf_queue_empty(&t->turn)) {
            hf_queue_push(&approvals->turns, &t->turn);
        }
    }
}
