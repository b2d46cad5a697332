/* hub/tenants.h: what the Hub knows of each tenant: its life, its mirrored log, its last sign of
 * life. A fold of the region's log (signs of life are not in it one by one), held in memory.
 * Threads: the loop's.
 */
#ifndef HF_HUB_TENANTS_H
#define HF_HUB_TENANTS_H

#include "base/map.h"
#include "base/net/stream.h"
#include "base/queue.h"
#include "commands/enrolment.h"
#include "commands/tenant.h"
#include "log/core/log.h"
#include "log/mirror/mirror.h"

struct hf_hub_tenant {
    struct hf_tenant life;
    struct hf_mirror mirror;
    uint64_t segments;
    uint64_t last_segment; /* its index in the region's log; UINT64_MAX: none */
    bool receiving;        /* a segment is on its way to disk */
    bool epoch_closed; /* mirror.epoch_closed stands in the log; the next epoch did not come yet */
    /* the last heartbeat; counter 0: none since the Hub started or an agent registered */
    uint64_t heartbeat_counter;
    int64_t heartbeat_us; /* when it came, by the Hub's clock */
    int64_t heartbeat_sent_us;
    char heartbeat_from[HF_PEER_TEXT];
    struct hf_signature heartbeat_signature;
    uint64_t reported_size;
    char versions[6]
                 [HF_VERSION_TEXT_MAX + 1]; /* policy, wrapper, openclaw, proxy, agent, self-test */
    uint32_t beat_epoch;                    /* of the mirror when the last heartbeat was taken */
    uint64_t beat_known; /* and its size: no later heartbeat of an honest agent tells of less */
    int64_t alarm_us[3]; /* when an alarm of this kind was written last; 0: not yet */
    int64_t mirror_alarm_us[3]; /* the same for alarms of the mirror */
    uint64_t exposed;           /* findings of its last report about secrets: hub/exposure.h */
    uint64_t exposed_told;      /* of them, what the region's log was told of */
    int64_t exposed_us;         /* when; 0: not yet */
    /* private */
    struct hf_map_node by_name;
    struct hf_queue order; /* by creation */
};

struct hf_hub_tenants;

enum hf_rc hf_hub_tenants_new(struct hf_env *env, struct hf_hub_tenants **ret_tenants);
void hf_hub_tenants_free(struct hf_hub_tenants *tenants);
/* NULL when there is none. */
struct hf_hub_tenant *hf_hub_tenant_find(struct hf_hub_tenants *tenants, struct hf_str name);
/* Finds or makes an entry (status HF_TENANT_NONE until an event creates it). NULL: no memory. */
struct hf_hub_tenant *hf_hub_tenant_get(struct hf_hub_tenants *tenants, struct hf_str name);
uint64_t hf_hub_tenants_count(const struct hf_hub_tenants *tenants);
/* The first, the next one; NULL at the end. Ordered by creation in the log: new ones come last, and
 * a restart changes nothing. */
struct hf_hub_tenant *hf_hub_tenants_first(struct hf_hub_tenants *tenants);
struct hf_hub_tenant *hf_hub_tenants_next(struct hf_hub_tenants *tenants,
                                          const struct hf_hub_tenant *tenant);

/* Takes one entry of the region's log: tenant.*, segment.received and mirror.epoch_closed, others
 * are let go. */
enum hf_rc hf_hub_tenants_fold(struct hf_hub_tenants *tenants, uint64_t index,
                               const struct hf_envelope *envelope, struct hf_log *log,
                               struct hf_err *err);

#endif
