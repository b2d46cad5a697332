/* projections/artifacts.c: what a region can hand to its tenants, by slot and digest. */
#include "base/crypto.h"
#include "base/hex.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    SLOT,
    DIGEST,
    NAME,
    VERSION,
    SEQUENCE,
    FLOOR,
    PARENT,
    STRICTNESS,
    SIZE,
    EXPIRES_US,
    ADDED_US,
    ACTOR,
    SIGNED,
};

/* The newest manifest of the same bytes counts; `signed` says how many there were. */
static const struct hf_table_def table = {.name = "artifacts_1",
                                          .columns = {{"slot", HF_COLUMN_TEXT},
                                                      {"digest", HF_COLUMN_TEXT},
                                                      {"name", HF_COLUMN_TEXT},
                                                      {"version", HF_COLUMN_TEXT},
                                                      {"sequence", HF_COLUMN_INT},
                                                      {"floor", HF_COLUMN_INT},
                                                      {"parent", HF_COLUMN_TEXT},
                                                      {"strictness", HF_COLUMN_TEXT},
                                                      {"size", HF_COLUMN_INT},
                                                      {"expires_us", HF_COLUMN_INT},
                                                      {"added_us", HF_COLUMN_INT},
                                                      {"actor", HF_COLUMN_TEXT},
                                                      {"manifests", HF_COLUMN_INT}},
                                          .key_columns = 2};

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    struct hf_event_artifact_added added;
    char digest[2 * HF_HASH_SIZE + 1];
    char parent[2 * HF_HASH_SIZE + 1] = "";
    uint8_t room[HF_FOLD_PAYLOAD_SIZE];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_bytes payload;
    if (position->offset != 0 || !hf_fold_is(event, HF_EVENT_ARTIFACT_ADDED_NAME)) {
        return HF_OK; /* only the region adds artifacts */
    }
    enum hf_rc rc = hf_upcast_newest(event, HF_EVENT_ARTIFACT_ADDED_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_artifact_added_decode(payload, &added, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_hex_encode(added.digest, digest);
    row[SLOT].text = hf_event_artifact_added_slot_name(added.slot);
    row[DIGEST].text = hf_str_c(digest);
    rc = hf_fold_row(store, &table, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (added.has_parent) {
        hf_hex_encode(added.parent, parent);
    }
    row[NAME].text = added.name;
    row[VERSION].text = added.version;
    row[SEQUENCE].number = (int64_t)added.sequence;
    row[FLOOR].number = (int64_t)added.floor;
    row[PARENT].text = hf_str_c(parent);
    row[STRICTNESS].text = hf_event_artifact_added_strictness_name(added.strictness);
    row[SIZE].number = (int64_t)added.size;
    row[EXPIRES_US].number = added.expires;
    row[ADDED_US].number = event->recorded_us;
    row[ACTOR].text = event->actor;
    row[SIGNED].number++;
    return hf_store_put(store, &table, row, err);
}

const struct hf_projection hf_projection_artifacts = {
    .model = "artifacts",
    .version = 1,
    .name = "artifacts_1",
    .about =
        "what the region can hand to its tenants: by slot and digest, with its newest manifest",
    .tables = {&table},
    .streams = {"artifact/%s"},
    .apply = apply,
};
