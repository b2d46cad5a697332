/* hub/approvals.h: requests for approval that the region knows: those that wait, and the answers of
 * late. A fold of the region's log, held in memory.
 *
 * An approval that has its answer is kept until an hour after it would have expired, so that who
 * comes late is told whose answer it was; of one tenant the newest HF_HUB_APPROVALS_KEPT are kept.
 * The log has them for ever, and it is the log that takes no second request of a name.
 * Each tenant has a queue of segments that are to be looked into; tenants take turns, a segment
 * each, so that who asks a thousand times a second is served as well as everybody else, and nobody
 * waits behind them. hub/approval_router.h works the queues off.
 * Threads: the loop's.
 */
#ifndef HF_HUB_APPROVALS_H
#define HF_HUB_APPROVALS_H

#include "base/map.h"
#include "base/queue.h"
#include "commands/approval.h"
#include "hub/approval_hops.h"
#include "projections/approval_verdict.h"

/* Of one tenant: it cannot fill the region's memory, nor a person's day. */
#define HF_HUB_PENDING_MAX    256
#define HF_HUB_APPROVALS_KEPT 1024
/* Requests of one tenant that are routed: as many at once, then as many a second. */
#define HF_HUB_ASKS_BURST     256
#define HF_HUB_ASKS_RATE      100
/* People of whom it is written that they have seen a request. */
#define HF_HUB_SEEN_MAX       8

struct hf_hub_approval_tenant;

struct hf_hub_approval {
    struct hf_approval life;
    bool ending;    /* approval.decided is on its way to the log, by the router */
    bool answering; /* the same, by a person */
    bool told;      /* a directive tells the agent, or is on its way to the log */
    bool tried;     /* a message about it was */
    enum hf_approval_verdict routing;
    int64_t notified_us;  /* the first message about it was taken; 0: none yet */
    int64_t seen_us;      /* by the first who saw it; 0: nobody did */
    int64_t delivered_us; /* by the tenant's clock, as its log says; 0: not yet */
    int64_t enforced_us;
    enum hf_event_approval_enforced_outcome outcome; /* when it is enforced */
    uint32_t seen_by[HF_HUB_SEEN_MAX];               /* hashes of names */
    unsigned seen_count;
    /* private */
    struct hf_hub_approval_tenant *tenant;
    struct hf_map_node by_name;
    struct hf_queue order;   /* by routing */
    struct hf_queue mine;    /* the same, of its tenant */
    struct hf_queue waiting; /* the same, while it is pending */
    struct hf_queue untold;  /* with an answer that the agent has to know */
    struct hf_queue late;    /* answers that wait for one before them: hub/approval_answer.c */
};

/* Of one tenant. Stays when there is nothing: there are no more of these than tenants. */
struct hf_hub_approval_tenant {
    char name[HF_TENANT_NAME_MAX + 1]; /* read-only */
    unsigned pending;
    unsigned kept;
    /* What was not routed of late, and how much of it is written: see hub/approval_router.h. */
    int64_t refused_us;
    unsigned refused;
    uint64_t refused_skipped;
    /* private */
    struct hf_map_node node;
    struct hf_hub_approval_tenant *next; /* of all, to free them */
    struct hf_queue mine;
    unsigned reserved;  /* on their way to the log */
    int64_t allowed_us; /* when its next request is within the rate; see hf_hub_approvals_reserve */
    struct hf_queue turn;
    struct hf_queue touched;
    uint64_t *segments; /* entries of the region's log, ascending, from segment_first on */
    size_t segment_first;
    size_t segment_count; /* with those before segment_first */
    size_t segment_cap;
    size_t scanned; /* of them, looked into, but what was posted is not in the log yet */
};

struct hf_hub_approvals {
    uint64_t pending;        /* read-only */
    struct hf_hub_hops hops; /* of what was folded */
    /* Read-only: verdicts of projections/approval_verdict.h since hf_hub_approvals_count. */
    uint64_t verdicts[HF_VERDICTS];
    /* private */
    bool counts;
    struct hf_map by_name;
    struct hf_map by_tenant;
    struct hf_hub_approval_tenant *tenants;
    struct hf_queue order;
    struct hf_queue waiting;
    struct hf_queue untold;
    struct hf_queue turns;   /* tenants with segments that are not scanned */
    struct hf_queue touched; /* tenants with segments that are */
};

/* HF_ENOMEM. */
enum hf_rc hf_hub_approvals_init(struct hf_hub_approvals *approvals, struct hf_env *env);
/* Also for one whose init failed, or of zeroes. */
void hf_hub_approvals_fini(struct hf_hub_approvals *approvals);
/* What was before the Hub's start is folded: from now on verdicts are counted. */
void hf_hub_approvals_count(struct hf_hub_approvals *approvals);
/* Takes an entry of the region's log: approval.*, notification.attempted, segments that hold
 * requests, and directives that tell an answer; others are let go. HF_ENOMEM, HF_ECORRUPT. */
enum hf_rc hf_hub_approvals_fold(struct hf_hub_approvals *approvals, uint64_t index,
                                 const struct hf_envelope *envelope, struct hf_err *err);

/* Takes one as a snapshot has it: its life and what else is known of it; the next by routing.
 * HF_ENOMEM. */
enum hf_rc hf_hub_approvals_restore(struct hf_hub_approvals *approvals,
                                    const struct hf_hub_approval *kept);

/* The same as folding it, for a segment with requests that the Hub itself has just appended.
 * HF_ENOMEM: its requests expire unrouted, or are routed after the next start. */
enum hf_rc hf_hub_approvals_add(struct hf_hub_approvals *approvals, struct hf_str tenant,
                                uint64_t segment);

/* NULL: it is not known, or forgotten. */
struct hf_hub_approval *hf_hub_approval_find(const struct hf_hub_approvals *approvals,
                                             struct hf_str tenant, struct hf_str name);

/* Which ones a list shows. */
struct hf_hub_approvals_filter {
    struct hf_str tenant; /* empty: of all */
    bool waiting;         /* only those that wait */
};
/* By routing, the oldest first; NULL at the end. To go on behind one that does not wait any more
 * is fine; it is of the filter's tenant. */
struct hf_hub_approval *hf_hub_approvals_first(const struct hf_hub_approvals *approvals,
                                               const struct hf_hub_approvals_filter *filter);
struct hf_hub_approval *hf_hub_approvals_next(const struct hf_hub_approvals *approvals,
                                              const struct hf_hub_approvals_filter *filter,
                                              const struct hf_hub_approval *approval);

/* NULL: there is no memory for it. */
struct hf_hub_approval_tenant *hf_hub_approvals_tenant(struct hf_hub_approvals *approvals,
                                                       struct hf_str name);
/* Takes one of the places that a tenant has, for a request that is on its way to the log; false:
 * it has too many that wait, it asks too often, or there is no memory. Every place is given back,
 * when the request is folded or was not written. */
bool hf_hub_approvals_reserve(struct hf_hub_approvals *approvals, struct hf_str tenant,
                              int64_t now_us);
void hf_hub_approvals_give_back(struct hf_hub_approvals *approvals, struct hf_str tenant);
/* How many of a tenant wait. */
unsigned hf_hub_approvals_of(const struct hf_hub_approvals *approvals, struct hf_str tenant);

/* May it be written that this principal saw it? Not twice, not of too many. */
bool hf_hub_approval_see(struct hf_hub_approval *approval, struct hf_str principal);

/* An answer that no directive tells yet, the oldest; NULL. */
struct hf_hub_approval *hf_hub_approvals_untold(const struct hf_hub_approvals *approvals);
/* The directive is on its way; or it is not, after all. */
void hf_hub_approval_tell(struct hf_hub_approvals *approvals, struct hf_hub_approval *approval,
                          bool told);

/* The segment that is to be looked into next, of the tenant whose turn it is; false: there is none.
 * hf_hub_approvals_scanned says that it was; *ret_tenant stays. */
bool hf_hub_approvals_segment(struct hf_hub_approvals *approvals,
                              struct hf_hub_approval_tenant **ret_tenant, uint64_t *ret_index);
void hf_hub_approvals_scanned(struct hf_hub_approvals *approvals,
                              struct hf_hub_approval_tenant *tenant);
/* Of all that was scanned: what was posted is in the log; or not all of it, and the segments are to
 * be looked into once more. */
void hf_hub_approvals_settle(struct hf_hub_approvals *approvals, bool done);

#endif
