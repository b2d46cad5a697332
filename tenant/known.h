/* tenant/known.h: which entries of a halted agent's log the region has.
 *
 * Before a new epoch is begun, the region is asked for the leaf hashes of what may be there beyond
 * the last kept receipt (GET /v1/log/leaves), and they are held against the log here. What is the
 * same is at the region, in the epoch that ends, and is not carried over: it would be counted
 * twice. A region that does not answer is asked again until it does: without it there is nothing to
 * begin a new epoch for, and events are taken meanwhile.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_KNOWN_H
#define HF_TENANT_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "tenant/job.h"

struct hf_agent;

struct hf_agent_known {
    struct hf_agent_job job;
    bool asking;
    bool ready;    /* `size` is what the region is known to have */
    uint64_t size; /* entries */
};

/* HALTED, a new epoch is wanted: true when it may begin with agent->known.size; else the region is
 * asked, and this is to be called again. */
bool hf_agent_known_look(struct hf_agent *agent, uint64_t surely);
/* What was found out is about a log that is over. */
void hf_agent_known_forget(struct hf_agent *agent);

#endif
