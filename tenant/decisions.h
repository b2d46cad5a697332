/* tenant/decisions.h: answers to requests for approval, for the program beside the agent that waits
 * for them.
 *
 * GET /v1/decisions?from=INDEX&wait_s=N (0 to 30): the answers from the entry INDEX of the tenant's
 * log on, oldest first, at most 100:
 *   {"epoch":1,"decisions":[{"index":17,"approval":"...","request":"HEX","decision":"approved",
 *    "not_after":"..."}],"next":18}
 * `next` is where to ask from next. Without answers it waits for the first one. They come out of
 * the log, so nothing is lost when either side was away; each answer was proved to the agent before
 * it was written.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_DECISIONS_H
#define HF_TENANT_DECISIONS_H

#include "tenant/waiter.h"

struct hf_agent;

void hf_agent_decisions_serve(struct hf_agent *agent, struct hf_http_exchange *exchange);
/* One more answer is in the log. */
void hf_agent_decisions_wake(struct hf_agent *agent);

#endif
