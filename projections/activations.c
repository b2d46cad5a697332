/* projections/activations.c: what each tenant was told to run in each slot, what its agent has,
 * what runs, and what was refused.
 */
#include "base/assert.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    TENANT, /* "*": what all were told */
    SLOT,
    TOLD,
    TOLD_DIRECTIVE,
    TOLD_US,
    STAGED,
    STAGED_US,
    ACTIVE,
    ACTIVE_VERSION,
    ACTIVE_US,
    REFUSED,
    REFUSED_REASON,
    REFUSED_US,
    REFUSALS,
};

static const struct hf_table_def table = {.name = "activations_1",
                                          .columns = {{"tenant", HF_COLUMN_TEXT},
                                                      {"slot", HF_COLUMN_TEXT},
                                                      {"told_digest", HF_COLUMN_TEXT},
                                                      {"told_directive", HF_COLUMN_INT},
                                                      {"told_us", HF_COLUMN_INT},
                                                      {"staged_digest", HF_COLUMN_TEXT},
                                                      {"staged_us", HF_COLUMN_INT},
                                                      {"active_digest", HF_COLUMN_TEXT},
                                                      {"active_version", HF_COLUMN_TEXT},
                                                      {"active_us", HF_COLUMN_INT},
                                                      {"refused_digest", HF_COLUMN_TEXT},
                                                      {"refused_reason", HF_COLUMN_TEXT},
                                                      {"refused_us", HF_COLUMN_INT},
                                                      {"refusals", HF_COLUMN_INT}},
                                          .key_columns = 2};

/* An event under way into its row. */
struct change {
    struct hf_store *store;
    const struct hf_position *position;
    const struct hf_envelope *event;
    struct hf_bytes payload;
    char digest[2 * HF_HASH_SIZE + 1];
    struct hf_value row[HF_COLUMNS_MAX];
};

/* Loads the row; what changes of it is the caller's, then it is put. */
static enum hf_rc find(struct change *c, struct hf_str tenant, struct hf_str slot,
                       struct hf_bytes digest, struct hf_err *err)
{
    enum hf_rc rc = hf_fold_own(c->position, tenant, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_hex_encode(digest, c->digest);
    c->row[TENANT].text = tenant;
    c->row[SLOT].text = slot;
    return hf_fold_row(c->store, &table, c->row, NULL, err);
}

static enum hf_rc take_issued(struct change *c, struct hf_err *err)
{
    struct hf_event_directive_issued issued;
    struct hf_str key = HF_STR("slot=");
    enum hf_rc rc = hf_event_directive_issued_decode(c->payload, &issued, err);
    if (rc != HF_OK || !hf_str_eq(issued.kind, HF_STR("activate")) || !issued.has_artifact ||
        !issued.has_parameters || !hf_str_starts(issued.parameters, key)) {
        return rc;
    }
    struct hf_str slot = {issued.parameters.ptr + key.len, issued.parameters.len - key.len};
    rc = find(c, issued.address, slot, issued.artifact, err);
    if (rc != HF_OK) {
        return rc;
    }
    c->row[TOLD].text = hf_str_c(c->digest);
    c->row[TOLD_DIRECTIVE].number = (int64_t)issued.sequence;
    c->row[TOLD_US].number = c->event->recorded_us;
    return hf_store_put(c->store, &table, c->row, err);
}

static enum hf_rc take_staged(struct change *c, struct hf_err *err)
{
    struct hf_event_artifact_staged staged;
    enum hf_rc rc = hf_event_artifact_staged_decode(c->payload, &staged, err);
    if (rc == HF_OK) {
        rc = find(c, staged.tenant, hf_event_artifact_staged_slot_name(staged.slot), staged.digest,
                  err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    c->row[STAGED].text = hf_str_c(c->digest);
    c->row[STAGED_US].number = c->event->recorded_us;
    return hf_store_put(c->store, &table, c->row, err);
}

static enum hf_rc put_refusal(struct change *c, struct hf_str reason, struct hf_err *err)
{
    c->row[REFUSED].text = hf_str_c(c->digest);
    c->row[REFUSED_REASON].text = reason;
    c->row[REFUSED_US].number = c->event->recorded_us;
    c->row[REFUSALS].number++;
    return hf_store_put(c->store, &table, c->row, err);
}

static enum hf_rc take_refused(struct change *c, struct hf_err *err)
{
    struct hf_event_artifact_refused refused;
    enum hf_rc rc = hf_event_artifact_refused_decode(c->payload, &refused, err);
    if (rc == HF_OK) {
        rc = find(c, refused.tenant, hf_event_artifact_refused_slot_name(refused.slot),
                  refused.digest, err);
    }
    return rc == HF_OK ? put_refusal(c, hf_event_artifact_refused_reason_name(refused.reason), err)
                       : rc;
}

static enum hf_rc take_policy_refused(struct change *c, struct hf_err *err)
{
    struct hf_event_policy_refused refused;
    enum hf_rc rc = hf_event_policy_refused_decode(c->payload, &refused, err);
    if (rc == HF_OK) {
        rc = find(c, refused.tenant, HF_STR("policy"), refused.digest, err);
    }
    return rc == HF_OK ? put_refusal(c, hf_event_policy_refused_reason_name(refused.reason), err)
                       : rc;
}

static enum hf_rc take_policy_activated(struct change *c, struct hf_err *err)
{
    struct hf_event_policy_activated activated;
    enum hf_rc rc = hf_event_policy_activated_decode(c->payload, &activated, err);
    if (rc == HF_OK) {
        rc = find(c, activated.tenant, HF_STR("policy"), activated.digest, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    c->row[ACTIVE].text = hf_str_c(c->digest);
    c->row[ACTIVE_VERSION].text = activated.version;
    c->row[ACTIVE_US].number = c->event->recorded_us;
    return hf_store_put(c->store, &table, c->row, err);
}

/* The region tells, tenants say what came of it. */
static const struct {
    const char *type;
    uint32_t version;
    bool of_tenant;
    enum hf_rc (*take)(struct change *c, struct hf_err *err);
} types[] = {
    {HF_EVENT_DIRECTIVE_ISSUED_NAME, HF_EVENT_DIRECTIVE_ISSUED_VERSION, false, take_issued},
    {HF_EVENT_ARTIFACT_STAGED_NAME, HF_EVENT_ARTIFACT_STAGED_VERSION, true, take_staged},
    {HF_EVENT_ARTIFACT_REFUSED_NAME, HF_EVENT_ARTIFACT_REFUSED_VERSION, true, take_refused},
    {HF_EVENT_POLICY_REFUSED_NAME, HF_EVENT_POLICY_REFUSED_VERSION, true, take_policy_refused},
    {HF_EVENT_POLICY_ACTIVATED_NAME, HF_EVENT_POLICY_ACTIVATED_VERSION, true,
     take_policy_activated},
};

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    uint8_t room[HF_FOLD_PAYLOAD_SIZE];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct change c = {.store = store, .position = position, .event = event};
    bool inside = position->offset != 0;
    for (size_t i = 0; i < HF_LEN(types); i++) {
        if (types[i].of_tenant == inside && hf_fold_is(event, types[i].type)) {
            enum hf_rc rc = hf_upcast_newest(event, types[i].version, &w, &c.payload, err);
            return rc == HF_OK ? types[i].take(&c, err) : rc;
        }
    }
    return HF_OK;
}

const struct hf_projection hf_projection_activations = {
    .model = "activations",
    .version = 1,
    .name = "activations_1",
    .about = "what each tenant was told to run in each slot, has, runs, and refused",
    .tables = {&table},
    .apply = apply, /* no streams: what tenants say lies inside of segments */
};
