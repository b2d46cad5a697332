/* hub/memory_artifacts.c: artifacts, their slots, and what tenants were told, as parts of the Hub's
 * memory.
 */
#include "base/assert.h"
#include "hub/hub.h"
#include "hub/memory.h"

#define FIELDS(list) list, HF_LEN(list)

/* artifacts */

_Static_assert(sizeof(struct hf_artifact) == 352 && sizeof(struct hf_manifest) == 328,
               "see the top of hub/memory_parts.c");

#define ARTIFACT(member, kind) HF_RECORD_MEMBER(struct hf_artifact, member, kind)
#define MANIFEST(member, kind) HF_RECORD_NAMED(struct hf_artifact, manifest.member, kind, #member)
#define MANIFEST_HASH(member)                                                                      \
    HF_RECORD_NAMED(struct hf_artifact, manifest.member.b, HF_RECORD_BYTES, #member)
#define MANIFEST_ENUM(member, max) HF_RECORD_ENUM(struct hf_artifact, manifest.member, #member, max)
static const struct hf_record_field artifact_fields[] = {
    ARTIFACT(added_us, HF_RECORD_I64),
    ARTIFACT(blob_index, HF_RECORD_U64),
    MANIFEST_ENUM(channel, HF_CHANNEL_COUNT - 1),
    MANIFEST(created_us, HF_RECORD_I64),
    MANIFEST_HASH(digest),
    MANIFEST(expires_us, HF_RECORD_I64),
    MANIFEST(floor, HF_RECORD_U64),
    MANIFEST(has_parent, HF_RECORD_BOOL),
    ARTIFACT(index, HF_RECORD_U64),
    MANIFEST(length, HF_RECORD_U64),
    MANIFEST(name, HF_RECORD_TEXT),
    MANIFEST_HASH(parent),
    MANIFEST(platform, HF_RECORD_TEXT),
    MANIFEST(region, HF_RECORD_TEXT),
    MANIFEST(sequence, HF_RECORD_U64),
    MANIFEST_ENUM(slot, HF_SLOT_COUNT - 1),
    MANIFEST_ENUM(strictness, HF_STRICTNESS_MIXED),
    MANIFEST(version, HF_RECORD_TEXT),
};
static const struct hf_record artifact_record = {sizeof(struct hf_artifact),
                                                 FIELDS(artifact_fields)};

static enum hf_rc fold_artifacts(struct hf_hub *hub, uint64_t index,
                                 const struct hf_envelope *envelope, struct hf_err *err)
{
    return hf_hub_artifacts_fold(&hub->artifacts, index, envelope, err);
}

static void put_artifacts(const struct hf_hub *hub, struct hf_memory_out *out)
{
    for (const struct hf_hub_artifact *a = hf_hub_artifacts_first(&hub->artifacts); a != NULL;
         a = hf_hub_artifacts_next(&hub->artifacts, a)) {
        hf_memory_emit(out, &a->life);
    }
}

static enum hf_rc take_artifact(struct hf_hub *hub, const void *record)
{
    return hf_hub_artifacts_restore(&hub->artifacts, record);
}

const struct hf_memory_part hf_memory_artifacts = {'B', &artifact_record, fold_artifacts,
                                                   put_artifacts, take_artifact};

/* slots */

struct kept_slot {
    enum hf_slot slot;
    struct hf_artifact_slot state;
};

static const struct hf_record_field slot_fields[] = {
    HF_RECORD_NAMED(struct kept_slot, state.floor, HF_RECORD_U64, "floor"),
    HF_RECORD_NAMED(struct kept_slot, state.newest, HF_RECORD_U64, "newest"),
    HF_RECORD_ENUM(struct kept_slot, slot, "slot", HF_SLOT_COUNT - 1),
    HF_RECORD_NAMED(struct kept_slot, state.version, HF_RECORD_U64, "version"),
};
static const struct hf_record slot_record = {sizeof(struct kept_slot), FIELDS(slot_fields)};

static void put_slots(const struct hf_hub *hub, struct hf_memory_out *out)
{
    for (size_t i = 0; i < HF_SLOT_COUNT; i++) {
        hf_memory_emit(out, &(struct kept_slot){(enum hf_slot)i, hub->artifacts.slots[i]});
    }
}

static enum hf_rc take_slot(struct hf_hub *hub, const void *record)
{
    const struct kept_slot *kept = record;
    hub->artifacts.slots[kept->slot] = kept->state;
    return HF_OK;
}

const struct hf_memory_part hf_memory_slots = {'L', &slot_record, NULL, put_slots, take_slot};

/* what was told */

struct kept_told {
    char address[HF_TENANT_NAME_MAX + 1];
    enum hf_slot slot;
    struct hf_hub_told told;
};

static const struct hf_record_field told_fields[] = {
    HF_RECORD_MEMBER(struct kept_told, address, HF_RECORD_TEXT),
    HF_RECORD_NAMED(struct kept_told, told.digest.b, HF_RECORD_BYTES, "digest"),
    HF_RECORD_NAMED(struct kept_told, told.directive, HF_RECORD_U64, "directive"),
    HF_RECORD_NAMED(struct kept_told, told.recorded_us, HF_RECORD_I64, "recorded_us"),
    HF_RECORD_ENUM(struct kept_told, slot, "slot", HF_SLOT_COUNT - 1),
};
static const struct hf_record told_record = {sizeof(struct kept_told), FIELDS(told_fields)};

static void put_one(void *arg, struct hf_str address, enum hf_slot slot,
                    const struct hf_hub_told *told)
{
    struct kept_told kept = {.slot = slot, .told = *told};
    memcpy(kept.address, address.ptr, address.len);
    hf_memory_emit(arg, &kept);
}

static void put_told(const struct hf_hub *hub, struct hf_memory_out *out)
{
    hf_hub_artifacts_visit_told(&hub->artifacts, put_one, out);
}

static enum hf_rc take_told(struct hf_hub *hub, const void *record)
{
    const struct kept_told *kept = record;
    return hf_hub_artifacts_restore_told(&hub->artifacts, hf_str_c(kept->address), kept->slot,
                                         &kept->told);
}

const struct hf_memory_part hf_memory_told = {'W', &told_record, NULL, put_told, take_told};
