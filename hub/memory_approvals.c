/* hub/memory_approvals.c: requests for approval in the Hub's memory, and their records: what is
 * known of each, which answers are to be told, and which segments are to be looked into.
 *
 * How long things took is counted since the Hub started, and in none of them. The asserted sizes
 * are as in hub/memory_parts.c.
 */
#include "base/assert.h"
#include "hub/hub.h"
#include "hub/memory.h"

#define FIELDS(list) list, HF_LEN(list)

_Static_assert(sizeof(struct hf_approval) == 520, "see hub/memory_parts.c");
_Static_assert(sizeof(struct hf_hub_approval) == 704, "see hub/memory_parts.c");

static const struct hf_record_field seen_fields[] = {
    {.name = "name", .kind = HF_RECORD_U32, .size = sizeof(uint32_t), .max = UINT32_MAX},
};
static const struct hf_record seen_record = {sizeof(uint32_t), FIELDS(seen_fields)};

#define KNOWN(member, kind) HF_RECORD_MEMBER(struct hf_hub_approval, member, kind)
#define LIFE(member, kind)  HF_RECORD_NAMED(struct hf_hub_approval, life.member, kind, #member)
#define LIFE_HASH(member)                                                                          \
    HF_RECORD_NAMED(struct hf_hub_approval, life.member.b, HF_RECORD_BYTES, #member)
static const struct hf_record_field approval_fields[] = {
    LIFE_HASH(action),
    LIFE(approver, HF_RECORD_TEXT),
    LIFE(decided_us, HF_RECORD_I64),
    KNOWN(delivered_us, HF_RECORD_I64),
    KNOWN(enforced_us, HF_RECORD_I64),
    LIFE(expires_us, HF_RECORD_I64),
    LIFE(has_subject, HF_RECORD_BOOL),
    LIFE(name, HF_RECORD_TEXT),
    KNOWN(notified_us, HF_RECORD_I64),
    HF_RECORD_ENUM(struct hf_hub_approval, life.offset, "offset", UINT32_MAX),
    HF_RECORD_ENUM(struct hf_hub_approval, outcome, "outcome",
                   HF_EVENT_APPROVAL_ENFORCED_OUTCOME_COUNT - 1),
    LIFE(probe, HF_RECORD_BOOL),
    LIFE_HASH(request),
    LIFE(requested_us, HF_RECORD_I64),
    HF_RECORD_ENUM(struct hf_hub_approval, life.risk, "risk",
                   HF_EVENT_APPROVAL_ROUTED_RISK_COUNT - 1),
    LIFE(routed_us, HF_RECORD_I64),
    HF_RECORD_ENUM(struct hf_hub_approval, routing, "routing", HF_VERDICTS - 1),
    HF_RECORD_COUNTED(struct hf_hub_approval, seen_by, HF_RECORD_LIST, "seen_by", seen_count,
                      HF_HUB_SEEN_MAX, &seen_record),
    KNOWN(seen_us, HF_RECORD_I64),
    LIFE(segment, HF_RECORD_U64),
    HF_RECORD_ENUM(struct hf_hub_approval, life.state, "state", HF_APPROVAL_CANCELLED),
    HF_RECORD_NAMED(struct hf_hub_approval, life.subject.b, HF_RECORD_BYTES, "subject"),
    LIFE(tenant, HF_RECORD_TEXT),
    KNOWN(told, HF_RECORD_BOOL),
    LIFE(tool, HF_RECORD_TEXT),
    KNOWN(tried, HF_RECORD_BOOL),
    LIFE(version, HF_RECORD_U64),
};
static const struct hf_record approval_record = {sizeof(struct hf_hub_approval),
                                                 FIELDS(approval_fields)};

static enum hf_rc fold_approvals(struct hf_hub *hub, uint64_t index,
                                 const struct hf_envelope *envelope, struct hf_err *err)
{
    return hf_hub_approvals_fold(&hub->approvals, index, envelope, err);
}

static void put_approvals(const struct hf_hub *hub, struct hf_memory_out *out)
{
    HF_QUEUE_FOREACH (node, &hub->approvals.order) {
        hf_memory_emit(out, HF_CONTAINER_OF(node, struct hf_hub_approval, order));
    }
}

static enum hf_rc take_approval(struct hf_hub *hub, const void *record)
{
    return hf_hub_approvals_restore(&hub->approvals, record);
}

const struct hf_memory_part hf_memory_approvals = {'A', &approval_record, fold_approvals,
                                                   put_approvals, take_approval};

/* answers that are to be told */

struct kept_untold {
    char tenant[HF_TENANT_NAME_MAX + 1];
    char name[HF_APPROVAL_NAME_MAX + 1];
};

static const struct hf_record_field untold_fields[] = {
    HF_RECORD_MEMBER(struct kept_untold, name, HF_RECORD_TEXT),
    HF_RECORD_MEMBER(struct kept_untold, tenant, HF_RECORD_TEXT),
};
static const struct hf_record untold_record = {sizeof(struct kept_untold), FIELDS(untold_fields)};

static void put_untold(const struct hf_hub *hub, struct hf_memory_out *out)
{
    HF_QUEUE_FOREACH (node, &hub->approvals.untold) {
        const struct hf_approval *life =
            &HF_CONTAINER_OF(node, struct hf_hub_approval, untold)->life;
        struct kept_untold kept;
        memcpy(kept.tenant, life->tenant, sizeof kept.tenant);
        memcpy(kept.name, life->name, sizeof kept.name);
        hf_memory_emit(out, &kept);
    }
}

static enum hf_rc take_untold(struct hf_hub *hub, const void *record)
{
    const struct kept_untold *kept = record;
    struct hf_hub_approval *a =
        hf_hub_approval_find(&hub->approvals, hf_str_c(kept->tenant), hf_str_c(kept->name));
    if (a == NULL) {
        return HF_EINVAL;
    }
    hf_hub_approval_tell(&hub->approvals, a, /* told= */ false);
    return HF_OK;
}

const struct hf_memory_part hf_memory_untold = {'U', &untold_record, NULL, put_untold, take_untold};

/* segments that are to be looked into */

struct kept_segment {
    char tenant[HF_TENANT_NAME_MAX + 1];
    uint64_t index;
};

static const struct hf_record_field segment_fields[] = {
    HF_RECORD_MEMBER(struct kept_segment, index, HF_RECORD_U64),
    HF_RECORD_MEMBER(struct kept_segment, tenant, HF_RECORD_TEXT),
};
static const struct hf_record segment_record = {sizeof(struct kept_segment),
                                                FIELDS(segment_fields)};

static void put_segments(const struct hf_hub *hub, struct hf_memory_out *out)
{
    for (const struct hf_hub_approval_tenant *t = hub->approvals.tenants; t != NULL; t = t->next) {
        for (size_t i = t->segment_first; i < t->segment_count; i++) {
            struct kept_segment kept = {.index = t->segments[i]};
            memcpy(kept.tenant, t->name, sizeof kept.tenant);
            hf_memory_emit(out, &kept);
        }
    }
}

static enum hf_rc take_segment(struct hf_hub *hub, const void *record)
{
    const struct kept_segment *kept = record;
    return hf_hub_approvals_add(&hub->approvals, hf_str_c(kept->tenant), kept->index);
}

const struct hf_memory_part hf_memory_segments = {'S', &segment_record, NULL, put_segments,
                                                  take_segment};
