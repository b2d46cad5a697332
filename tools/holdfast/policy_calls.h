/* tools/holdfast/policy_calls.h: decisions on calls that were recorded in a log, one after the
 * other. */
#ifndef HF_TOOLS_HOLDFAST_POLICY_CALLS_H
#define HF_TOOLS_HOLDFAST_POLICY_CALLS_H

#include "log/core/log.h"
#include "schemas/events_gen.h"

struct hf_recorded_call {
    uint64_t index; /* of the entry in the log */
    uint32_t
        offset; /* 0: the entry itself; n: the n-th event of the segment that the entry holds */
    const struct hf_event_call_decided *event;
};

/* Until it answers something else than HF_OK. */
typedef enum hf_rc hf_recorded_call_fn(void *arg, const struct hf_recorded_call *call,
                                       struct hf_err *err);

/* Walks a tenant's log, or a region's with the segments in it, in streaming. tenant: only theirs;
 * empty
 * for all. Older entries that are pruned are not there. */
enum hf_rc hf_recorded_calls(struct hf_log *log, struct hf_str tenant, hf_recorded_call_fn *visit,
                             void *arg, struct hf_err *err);

#endif
