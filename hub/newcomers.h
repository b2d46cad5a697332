/* hub/newcomers.h: tells a tenant that registers after the others what was activated for all.
 *
 * A directive for all is for the tenants that are there when it is issued: an agent that comes
 * later passes over it, and by then its time may be over. So this process manager compares, for
 * each registered tenant and slot, what was told to all last with what the tenant was told since it
 * registered, and issues the missing directive to that tenant alone. What it does follows from the
 * log: after a crash it goes on where it was, and told twice is told once.
 * Threads: the loop's. Order: start when the log is folded, stop before the log is closed.
 */
#ifndef HF_HUB_NEWCOMERS_H
#define HF_HUB_NEWCOMERS_H

#include "base/loop.h"

struct hf_hub;

struct hf_hub_newcomers {
    uint64_t told; /* read-only: directives that were issued */
    /* private */
    struct hf_hub *hub; /* NULL: not started */
    struct hf_timer timer;
    uint64_t seen;   /* entries of the log at the last look */
    uint64_t issued; /* number of the last directive of its own */
    uint64_t issued_ns;
};

void hf_hub_newcomers_start(struct hf_hub *hub);
/* Also of those that were not started. */
void hf_hub_newcomers_stop(struct hf_hub *hub);

#endif
