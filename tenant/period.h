/* tenant/period.h: says in the tenant's log that a metering period is over.
 *
 * metering.period_ended names what the log has of the period: signed as every entry is, it is what
 * a bill can be held against. It is written a minute after the period's end, for each period since
 * the first record, but at most a hundred back from the first marker, in order, also for those in
 * which the agent did not run. Records that come later are late: the region counts them apart.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_PERIOD_H
#define HF_TENANT_PERIOD_H

#include "log/owned/owned.h"

struct hf_agent;

struct hf_agent_period {
    struct hf_timer timer;
    struct hf_post post;
    bool posting;
};

void hf_agent_period_start(struct hf_agent *agent);
void hf_agent_period_end(struct hf_agent *agent);

#endif
