/* hub/approval_router.h: takes requests for approval out of tenants' segments to those who may
 * answer, and answers back down.
 *
 * What it does is what the region's log and the clock ask for, so that a Hub which died goes on
 * where it was:
 *   a segment holds a request             approval.routed, unless it is too late, known already, or
 *                                         the tenant has too many that wait
 *   a segment holds a withdrawal          approval.decided: cancelled
 *   a request's time is over              approval.decided: expired
 *   somebody has answered                 directive.issued of the kind "decide", to the tenant
 * Threads: the loop's. Order: start when the log is folded, stop before the log is closed.
 */
#ifndef HF_HUB_APPROVAL_ROUTER_H
#define HF_HUB_APPROVAL_ROUTER_H

#include "base/buf.h"
#include "base/loop.h"
#include "log/mirror/segment.h"

struct hf_hub;

struct hf_hub_router {
    /* read-only */
    uint64_t routed;
    uint64_t too_late; /* requests that were expired when they came */
    uint64_t too_many; /* of one tenant at once */
    uint64_t unreadable;
    /* private */
    struct hf_hub *hub;
    struct hf_timer timer;
    struct hf_task task;
    unsigned posting; /* events on their way to the log */
    bool failed;      /* one of them did not get there */
    bool running;
    size_t scanned;          /* segments of the queue that are done but for what is posting */
    bool is_open;            /* a segment is looked into */
    uint32_t next;           /* the number of its event that comes next */
    struct hf_buf segment;   /* its bytes */
    struct hf_cursor cursor; /* in them */
    uint64_t segment_index;
    struct hf_str tenant; /* whose it is; borrows from the Hub's tenants */
};

void hf_hub_router_start(struct hf_hub *hub);
/* Also of one that was not started. Events on their way end by themselves. */
void hf_hub_router_stop(struct hf_hub *hub);
/* There may be something to do. */
void hf_hub_router_wake(struct hf_hub *hub);

/* How many events of a segment the router has to look at; the rest of it is not its business. */
uint64_t hf_hub_router_count(const struct hf_segment *segment);

#endif
