/* tenant/probe.h: a probe of the way of approvals: the agent asks for approval of nothing, and says
 * what became of it. The events are written as a wrapper would write them.
 *
 * Pure.
 */
#ifndef HF_TENANT_PROBE_H
#define HF_TENANT_PROBE_H

#include "base/bytes.h"
#include "commands/directive.h"

/* Is it the name of a probe? */
bool hf_probe_is(struct hf_str approval);
/* Payload of its approval.requested; not_after_us: when the directive ends. */
struct hf_bytes hf_probe_ask(struct hf_str tenant, struct hf_str approval, int64_t not_after_us,
                             struct hf_writer *w);
/* Payload of its approval.enforced; delivered: the entry with the answer. */
struct hf_bytes hf_probe_end(struct hf_str tenant, struct hf_str approval, uint64_t delivered,
                             struct hf_writer *w);

#endif
