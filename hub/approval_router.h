/* hub/approval_router.h: takes requests for approval out of tenants' segments to those who may
 * answer, and answers back down.
 *
 * What it does is what the region's log and the clock ask for, so that a Hub which died goes on
 * where it was:
 *   a segment holds a request             approval.routed; approval.refused when it is too late, or
 *                                         the tenant has too many that wait or asks too often;
 *                                         nothing when its name is taken
 *   a segment holds a withdrawal          approval.decided: cancelled
 *   a request's time is over              approval.decided: expired
 *   a request is a probe                  approval.decided: denied
 *   somebody has answered                 directive.issued of the kind "decide", to the tenant
 *   a subject is erased                   what hub/erasures.h says
 * Threads: the loop's. Order: start when the log is folded, stop before the log is closed.
 */
#ifndef HF_HUB_APPROVAL_ROUTER_H
#define HF_HUB_APPROVAL_ROUTER_H

#include "base/buf.h"
#include "base/loop.h"
#include "hub/approvals.h"
#include "log/mirror/segment.h"

struct hf_hub;

struct hf_hub_router {
    /* read-only */
    uint64_t routed;
    uint64_t too_late; /* requests that were expired when they came */
    uint64_t too_many; /* of one tenant */
    uint64_t unreadable;
    /* private */
    struct hf_hub *hub;
    struct hf_timer timer;
    struct hf_task task;
    unsigned posting; /* events on their way to the log */
    bool failed;      /* one of them did not get there */
    bool running;
    uint64_t fresh_from;     /* entries from here on are not older than the Hub's start */
    bool is_open;            /* a segment is looked into */
    uint32_t next;           /* the number of its event that comes next */
    struct hf_buf segment;   /* its bytes */
    struct hf_cursor cursor; /* in them */
    uint64_t segment_index;
    struct hf_hub_approval_tenant *tenant; /* whose it is */
};

void hf_hub_router_start(struct hf_hub *hub);
/* Also of one that was not started. Events on their way end by themselves. */
void hf_hub_router_stop(struct hf_hub *hub);
/* There may be something to do. */
void hf_hub_router_wake(struct hf_hub *hub);

/* What it posts; for hub/approval_scan.h. */
enum hf_hub_routing {
    HF_HUB_ROUTING_ROUTE,
    HF_HUB_ROUTING_END,
    HF_HUB_ROUTING_TELL,
    HF_HUB_ROUTING_ERASE,   /* a directive; the name is a subject */
    HF_HUB_ROUTING_CONFIRM, /* in the stream of the subject that the name is */
};

#define HF_HUB_ROUTING_MAX     64 /* on their way at once */
#define HF_HUB_ROUTING_PAYLOAD 4096

struct hf_hub_routing_wish {
    enum hf_hub_routing what;
    const char *type;
    uint32_t version;
    struct hf_str tenant;
    struct hf_str name;
    struct hf_bytes payload;
    bool expects;
    uint64_t expected;
    struct hf_hub_approval *approval; /* of END */
};

/* HF_OK: it is on its way. Else all segments that are not settled will be looked into again. */
enum hf_rc hf_hub_router_post(struct hf_hub *hub, const struct hf_hub_routing_wish *wish);
/* Without a person: it expired, or is withdrawn. reason: may be empty. */
void hf_hub_router_end(struct hf_hub *hub, struct hf_hub_approval *approval,
                       enum hf_event_approval_decided_decision decision, struct hf_str reason);

#endif
