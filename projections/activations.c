/* projections/activations.c: what each tenant was told to run in each slot, what its agent has,
 * what runs, and what was refused.
 */
#include "base/assert.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"

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
    struct hf_fold fold;
    char digest[2 * HF_HASH_SIZE + 1];
    struct hf_value row[HF_COLUMNS_MAX];
};

static struct change *change_of(struct hf_fold *fold)
{
    return HF_CONTAINER_OF(fold, struct change, fold);
}

/* Loads the row; what changes of it is the caller's, then it is put. */
static enum hf_rc find(struct change *c, struct hf_str tenant, struct hf_str slot,
                       struct hf_bytes digest, struct hf_err *err)
{
    enum hf_rc rc = hf_fold_own(c->fold.position, tenant, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_hex_encode(digest, c->digest);
    c->row[TENANT].text = tenant;
    c->row[SLOT].text = slot;
    return hf_fold_row(c->fold.store, &table, c->row, NULL, err);
}

static enum hf_rc take_issued(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_directive_issued issued;
    struct hf_str key = HF_STR("slot=");
    enum hf_rc rc = hf_event_directive_issued_decode(c->fold.payload, &issued, err);
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
    c->row[TOLD_US].number = c->fold.event->recorded_us;
    return hf_store_put(c->fold.store, &table, c->row, err);
}

static enum hf_rc take_staged(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_artifact_staged staged;
    enum hf_rc rc = hf_event_artifact_staged_decode(c->fold.payload, &staged, err);
    if (rc == HF_OK) {
        rc = find(c, staged.tenant, hf_event_artifact_staged_slot_name(staged.slot), staged.digest,
                  err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    c->row[STAGED].text = hf_str_c(c->digest);
    c->row[STAGED_US].number = c->fold.event->recorded_us;
    return hf_store_put(c->fold.store, &table, c->row, err);
}

static enum hf_rc put_refusal(struct change *c, struct hf_str reason, struct hf_err *err)
{
    c->row[REFUSED].text = hf_str_c(c->digest);
    c->row[REFUSED_REASON].text = reason;
    c->row[REFUSED_US].number = c->fold.event->recorded_us;
    c->row[REFUSALS].number++;
    return hf_store_put(c->fold.store, &table, c->row, err);
}

static enum hf_rc take_refused(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_artifact_refused refused;
    enum hf_rc rc = hf_event_artifact_refused_decode(c->fold.payload, &refused, err);
    if (rc == HF_OK) {
        rc = find(c, refused.tenant, hf_event_artifact_refused_slot_name(refused.slot),
                  refused.digest, err);
    }
    return rc == HF_OK ? put_refusal(c, hf_event_artifact_refused_reason_name(refused.reason), err)
                       : rc;
}

static enum hf_rc take_policy_refused(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_policy_refused refused;
    enum hf_rc rc = hf_event_policy_refused_decode(c->fold.payload, &refused, err);
    if (rc == HF_OK) {
        rc = find(c, refused.tenant, HF_STR("policy"), refused.digest, err);
    }
    return rc == HF_OK ? put_refusal(c, hf_event_policy_refused_reason_name(refused.reason), err)
                       : rc;
}

static enum hf_rc take_policy_activated(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_policy_activated activated;
    enum hf_rc rc = hf_event_policy_activated_decode(c->fold.payload, &activated, err);
    if (rc == HF_OK) {
        rc = find(c, activated.tenant, HF_STR("policy"), activated.digest, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    c->row[ACTIVE].text = hf_str_c(c->digest);
    c->row[ACTIVE_VERSION].text = activated.version;
    c->row[ACTIVE_US].number = c->fold.event->recorded_us;
    return hf_store_put(c->fold.store, &table, c->row, err);
}

/* The region tells, tenants say what came of it. */
static const struct hf_fold_kind kinds[] = {
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
    struct change change = {.fold = {store, position, event, {NULL, 0}}};
    return hf_fold_apply(kinds, HF_LEN(kinds), &change.fold, err);
}

const struct hf_projection hf_projection_activations = {
    .model = "activations",
    .version = 1,
    .name = "activations_1",
    .about = "what each tenant was told to run in each slot, has, runs, and refused",
    .tables = {&table},
    .apply = apply, /* no streams: what tenants say lies inside of segments */
};
