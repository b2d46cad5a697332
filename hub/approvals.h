/* hub/approvals.h: requests for approval that the region knows: those that wait, and the answers of
 * late. A fold of the region's log, held in memory.
 *
 * An approval that has its answer is kept until an hour after it would have expired, so that who
 * comes late is told whose answer it was; the log has it for ever. Segments that hold requests
 * which are not routed yet are a queue; hub/approval_router.h works it off.
 * Threads: the loop's.
 */
#ifndef HF_HUB_APPROVALS_H
#define HF_HUB_APPROVALS_H

#include "base/map.h"
#include "base/queue.h"
#include "commands/approval.h"

/* Of one tenant: it cannot fill the region's memory, nor a person's day. */
#define HF_HUB_PENDING_MAX 256

struct hf_hub_approval {
    struct hf_approval life;
    bool ending; /* approval.decided is on its way to the log, by the router */
    bool told;   /* a directive tells the agent, or is on its way to the log */
    /* private */
    struct hf_map_node by_name;
    struct hf_queue order;  /* by routing */
    struct hf_queue untold; /* with an answer that the agent has to know */
};

struct hf_hub_approval_tenant;

struct hf_hub_approvals {
    uint64_t pending; /* read-only */
    /* private */
    struct hf_map by_name;
    struct hf_map by_tenant;
    struct hf_hub_approval_tenant *tenants; /* of whom there was one: how many wait */
    struct hf_queue order;
    struct hf_queue untold;
    uint64_t *segments; /* entries of the region's log, ascending, from segment_first on */
    size_t segment_first;
    size_t segment_count; /* with those before segment_first */
    size_t segment_cap;
};

/* HF_ENOMEM. */
enum hf_rc hf_hub_approvals_init(struct hf_hub_approvals *approvals, struct hf_env *env);
/* Also for one whose init failed, or of zeroes. */
void hf_hub_approvals_fini(struct hf_hub_approvals *approvals);
/* Takes an entry of the region's log: approval.*, segments that hold requests, and directives that
 * tell an answer; others are let go. HF_ENOMEM, HF_ECORRUPT. */
enum hf_rc hf_hub_approvals_fold(struct hf_hub_approvals *approvals, uint64_t index,
                                 const struct hf_envelope *envelope, struct hf_err *err);

/* The same as folding it, for a segment with requests that the Hub itself has just appended. When
 * there is no memory for it, its requests expire unrouted, or are routed after the next start. */
void hf_hub_approvals_add(struct hf_hub_approvals *approvals, uint64_t segment);

/* NULL: it is not known, or forgotten. */
struct hf_hub_approval *hf_hub_approval_find(const struct hf_hub_approvals *approvals,
                                             struct hf_str tenant, struct hf_str name);
/* By routing, the oldest first; NULL at the end. */
struct hf_hub_approval *hf_hub_approvals_first(const struct hf_hub_approvals *approvals);
struct hf_hub_approval *hf_hub_approvals_next(const struct hf_hub_approvals *approvals,
                                              const struct hf_hub_approval *approval);
/* Takes one of the places that a tenant has, for a request that is on its way to the log; false:
 * it has too many that wait, or there is no memory. Every place is given back, when the request is
 * folded or was not written. */
bool hf_hub_approvals_reserve(struct hf_hub_approvals *approvals, struct hf_str tenant);
void hf_hub_approvals_give_back(struct hf_hub_approvals *approvals, struct hf_str tenant);
/* How many of a tenant wait. */
unsigned hf_hub_approvals_of(const struct hf_hub_approvals *approvals, struct hf_str tenant);

/* An answer that no directive tells yet, the oldest; NULL. */
struct hf_hub_approval *hf_hub_approvals_untold(const struct hf_hub_approvals *approvals);
/* The directive is on its way; or it is not, after all. */
void hf_hub_approval_tell(struct hf_hub_approvals *approvals, struct hf_hub_approval *approval,
                          bool told);

/* The n-th segment that may hold requests which are not routed; false: there are not so many. */
bool hf_hub_approvals_segment(const struct hf_hub_approvals *approvals, size_t n,
                              uint64_t *ret_index);
/* All requests of the first n are routed, or never will be. */
void hf_hub_approvals_segments_done(struct hf_hub_approvals *approvals, size_t n);

#endif
