/* commands/artifact.c: folds and decides about artifacts of a region. */
#include "commands/artifact.h"

#include "base/heap.h"

static enum hf_rc read_note(struct hf_str text, struct hf_manifest *ret, struct hf_err *err)
{
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    if (note == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a manifest");
    }
    enum hf_rc rc = hf_note_parse(hf_str_bytes(text), note, err);
    if (rc == HF_OK) {
        rc = hf_manifest_parse(note->text, ret, err);
    }
    hf_heap_free(note);
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, HF_ECORRUPT, "an artifact's manifest");
}

enum hf_rc hf_artifact_fold(struct hf_artifact_slot *slot, struct hf_artifact *artifact,
                            uint64_t index, const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_artifact_added event;
    bool first = artifact->manifest.sequence == 0;
    enum hf_rc rc = hf_event_artifact_added_decode(envelope->payload, &event, err);
    if (rc == HF_OK) {
        rc = read_note(event.manifest, &artifact->manifest, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_manifest *m = &artifact->manifest;
    artifact->index = index;
    artifact->blob_index = first ? index : artifact->blob_index;
    artifact->added_us = envelope->recorded_us;
    slot->version = envelope->version;
    slot->newest = m->sequence > slot->newest ? m->sequence : slot->newest;
    slot->floor = m->floor > slot->floor ? m->floor : slot->floor;
    return HF_OK;
}

enum hf_rc hf_artifact_may_add(const struct hf_artifact_slot *slot, const struct hf_artifact *known,
                               const struct hf_manifest *manifest,
                               const struct hf_manifest_want *here, hf_artifact_reason *ret_reason,
                               struct hf_err *err)
{
    struct hf_manifest_want want = *here;
    if (known != NULL && known->manifest.sequence == manifest->sequence) {
        return hf_err_set(err, HF_EEXIST, "this artifact is in the region already");
    }
    want.floor = slot->floor;
    want.newest = slot->newest;
    want.has_slot = known != NULL; /* bytes stay what they are for */
    want.slot = known == NULL ? manifest->slot : known->manifest.slot;
    return hf_manifest_fits(manifest, &want, ret_reason, err);
}

bool hf_artifact_encode(const struct hf_manifest *m, struct hf_bytes note, struct hf_writer *w)
{
    const struct hf_event_artifact_added event = {
        .slot = (enum hf_event_artifact_added_slot)m->slot,
        .digest = hf_bytes_of(m->digest.b, HF_HASH_SIZE),
        .size = m->length,
        .name = hf_str_c(m->name),
        .version = hf_str_c(m->version),
        .sequence = m->sequence,
        .floor = m->floor,
        .has_parent = m->has_parent,
        .parent = hf_bytes_of(m->parent.b, HF_HASH_SIZE),
        .strictness = (enum hf_event_artifact_added_strictness)m->strictness,
        .expires = m->expires_us,
        .manifest = hf_bytes_str(note)};
    if (hf_event_artifact_added_check(&event, /* err= */ NULL) != HF_OK) {
        return false;
    }
    hf_event_artifact_added_encode(&event, w);
    return !w->overflow;
}

/* What is there to begin with allows nothing, so a first one allows more. */
static bool only_tightens(const struct hf_activation *wish)
{
    const struct hf_manifest *m = &wish->artifact->manifest;
    if (wish->told == NULL) {
        return false;
    }
    if (hf_hash_eq(wish->told, &m->digest)) {
        return true; /* the same once more */
    }
    return m->has_parent && hf_hash_eq(wish->told, &m->parent) &&
           (m->strictness == HF_STRICTNESS_TIGHTER || m->strictness == HF_STRICTNESS_SAME);
}

enum hf_rc hf_artifact_may_activate(const struct hf_activation *wish,
                                    hf_artifact_reason *ret_reason, struct hf_err *err)
{
    const struct hf_manifest_want want = {.has_slot = true,
                                          .slot = wish->slot,
                                          .region = wish->region,
                                          .floor = wish->floor,
                                          .now_us = wish->now_us};
    enum hf_rc rc = hf_manifest_fits(&wish->artifact->manifest, &want, ret_reason, err);
    if (rc != HF_OK) {
        return rc;
    }
    *ret_reason = HF_EVENT_ARTIFACT_REFUSED_REASON_COUNT;
    if (wish->role < HF_ROLE_APPROVER && !only_tightens(wish)) {
        return hf_err_set(err, HF_EPERM,
                          "this needs the role approver: it may allow more than what the tenant "
                          "was told last (strictness %s)",
                          hf_strictness_name(wish->artifact->manifest.strictness));
    }
    return HF_OK;
}
