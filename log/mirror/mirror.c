/* log/mirror/mirror.c: continues a frontier by a segment and compares the root. */
#include "log/mirror/mirror.h"

#include <stdio.h>

#include "base/heap.h"
#include "log/tlog/tile.h"
#include "schemas/envelope.h"

void hf_mirror_init(struct hf_mirror *mirror)
{
    *mirror = (struct hf_mirror){.epoch = 0};
    hf_frontier_init(&mirror->frontier);
}

enum hf_rc hf_mirror_vkey(struct hf_str stem, uint32_t epoch, const struct hf_public_key *key,
                          struct hf_vkey *ret_vkey, struct hf_err *err)
{
    char name[HF_KEY_NAME_MAX + 1];
    int len = snprintf(name, sizeof name, "%.*s/%u", HF_STR_ARG(stem), epoch);
    if (len < 0 || (size_t)len >= sizeof name) {
        return hf_err_set(err, HF_ETOOBIG, "the log's name is too long");
    }
    return hf_vkey_make((struct hf_str){name, (size_t)len}, HF_KEY_ED25519, key, ret_vkey, err);
}

static enum hf_rc open_note(const struct hf_segment *segment, const struct hf_vkey *vkey,
                            struct hf_checkpoint *ret, struct hf_err *err)
{
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    if (note == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to check a segment");
    }
    enum hf_rc rc = hf_checkpoint_open(segment->note, vkey, note, ret, err);
    hf_heap_free(note);
    if (rc == HF_ENOMEM) {
        return rc;
    }
    if (rc != HF_OK) {
        return hf_err_wrap(err, HF_EBADSIG, "the segment's checkpoint");
    }
    if (ret->size != segment->end) {
        return hf_err_set(err, HF_EINVAL, "the segment's checkpoint is of another size");
    }
    return HF_OK;
}

/* Nothing new: is it what is here? */
static enum hf_rc check_old(const struct hf_mirror *mirror, const struct hf_checkpoint *checkpoint,
                            struct hf_err *err)
{
    struct hf_hash root;
    if (checkpoint->size < mirror->frontier.size) {
        return hf_err_set(err, HF_EEXIST, "the first %llu entries are here already",
                          (unsigned long long)mirror->frontier.size);
    }
    hf_frontier_root(&mirror->frontier, &root);
    return hf_hash_eq(&root, &checkpoint->root)
               ? hf_err_set(err, HF_EEXIST, "the segment is here already")
               : hf_err_set(err, HF_EFORK, "another history of %llu entries is here already",
                            (unsigned long long)checkpoint->size);
}

/* Where the mirror goes on for a segment of this epoch. */
static void begin_epoch(const struct hf_mirror *mirror, uint32_t epoch,
                        const struct hf_public_key *key, struct hf_mirror *ret_next)
{
    *ret_next = *mirror;
    if (epoch > mirror->epoch) {
        hf_mirror_init(ret_next);
        ret_next->epoch = epoch;
        ret_next->key = *key;
    }
}

static void append_bundle(struct hf_mirror *next, struct hf_bytes bundle, struct hf_hash *ret_root)
{
    struct hf_cursor cursor = hf_cursor_init(bundle);
    struct hf_bytes entry;
    while (hf_bundle_next(&cursor, &entry) == HF_OK) {
        struct hf_hash leaf;
        hf_tree_leaf_hash(entry, &leaf);
        hf_frontier_append(&next->frontier, &leaf);
    }
    hf_frontier_root(&next->frontier, ret_root);
}

enum hf_rc hf_mirror_follow(struct hf_mirror *mirror, const struct hf_segment *segment,
                            const struct hf_public_key *key, const struct hf_hash *root,
                            struct hf_err *err)
{
    struct hf_mirror next;
    struct hf_hash actual;
    begin_epoch(mirror, segment->epoch, key, &next);
    if (segment->epoch < mirror->epoch || segment->first != next.frontier.size) {
        return hf_err_set(err, HF_ECORRUPT, "the segment of %llu does not go on at %llu",
                          (unsigned long long)segment->first,
                          (unsigned long long)next.frontier.size);
    }
    append_bundle(&next, segment->bundle, &actual);
    if (!hf_hash_eq(&actual, root)) {
        return hf_err_set(err, HF_ECORRUPT,
                          "the segment's entries do not give the root that was recorded");
    }
    *mirror = next;
    return HF_OK;
}

enum hf_rc hf_mirror_opening(const struct hf_segment *segment, struct hf_event_epoch_opened *ret,
                             struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(segment->bundle);
    struct hf_bytes entry;
    struct hf_envelope envelope;
    struct hf_err why = {0};
    if (segment->first != 0 || hf_bundle_next(&cursor, &entry) != HF_OK ||
        hf_envelope_parse_leaf(entry, &envelope, &why) != HF_OK ||
        !hf_str_eq(envelope.type, HF_STR(HF_EVENT_EPOCH_OPENED_NAME)) ||
        envelope.schema_version != HF_EVENT_EPOCH_OPENED_VERSION ||
        hf_event_epoch_opened_decode(envelope.payload, ret, &why) != HF_OK) {
        return hf_err_set(err, HF_EBADPROOF, "epoch %u does not begin with the event epoch.opened",
                          segment->epoch);
    }
    return HF_OK;
}

/* A receipt that the opening shows must be one for the tenant's own checkpoint. */
static enum hf_rc check_receipt(const struct hf_event_epoch_opened *event, struct hf_str stem,
                                const struct hf_public_key *key, struct hf_err *err)
{
    struct hf_vkey vkey;
    struct hf_checkpoint checkpoint;
    if (!event->has_receipt) {
        return HF_OK;
    }
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    if (note == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to check a segment");
    }
    enum hf_rc rc = hf_mirror_vkey(stem, (uint32_t)event->old_epoch, key, &vkey, err);
    if (rc == HF_OK) {
        rc = hf_checkpoint_open(hf_str_bytes(event->receipt), &vkey, note, &checkpoint, err);
    }
    hf_heap_free(note);
    return rc == HF_OK || rc == HF_ENOMEM
               ? rc
               : hf_err_wrap(err, HF_EBADPROOF, "the receipt in epoch.opened");
}

/* The stem of a tenant's log ends in its name. */
static bool is_of(struct hf_str stem, struct hf_str tenant)
{
    return stem.len > tenant.len && stem.ptr[stem.len - tenant.len - 1] == '/' &&
           memcmp(stem.ptr + stem.len - tenant.len, tenant.ptr, tenant.len) == 0;
}

static enum hf_rc check_epoch(const struct hf_mirror *mirror, const struct hf_segment *segment,
                              struct hf_str stem, const struct hf_public_key *key,
                              struct hf_err *err)
{
    struct hf_event_epoch_opened event = {.epoch = 0};
    if (segment->epoch < mirror->epoch) {
        return hf_err_set(err, HF_ESTALE, "epoch %u of this log is over, it is in epoch %u",
                          segment->epoch, mirror->epoch);
    }
    if (segment->epoch == mirror->epoch && memcmp(mirror->key.b, key->b, sizeof key->b) != 0) {
        return hf_err_set(err, HF_ESTALE, "epoch %u of this log is of another key; begin epoch %u",
                          segment->epoch, segment->epoch + 1);
    }
    if (mirror->epoch > 0 && segment->epoch > mirror->epoch + 1) {
        return hf_err_set(err, HF_EBADPROOF, "epoch %u is not the one after epoch %u",
                          segment->epoch, mirror->epoch);
    }
    if (segment->epoch == mirror->epoch || segment->epoch == 1 || segment->first != 0) {
        return HF_OK;
    }
    enum hf_rc rc = hf_mirror_opening(segment, &event, err);
    if (rc == HF_OK && (event.epoch != segment->epoch || event.old_epoch >= segment->epoch ||
                        !is_of(stem, event.tenant))) {
        rc = hf_err_set(err, HF_EBADPROOF,
                        "the event epoch.opened is about another log or epoch than %u",
                        segment->epoch);
    }
    return rc == HF_OK ? check_receipt(&event, stem, key, err) : rc;
}

enum hf_rc hf_mirror_check(const struct hf_mirror *mirror, const struct hf_segment *segment,
                           struct hf_str stem, const struct hf_public_key *key,
                           struct hf_mirror *ret_next, struct hf_hash *ret_root, struct hf_err *err)
{
    struct hf_checkpoint checkpoint = {.size = 0};
    struct hf_vkey vkey;
    enum hf_rc rc = hf_mirror_vkey(stem, segment->epoch, key, &vkey, err);
    if (rc == HF_OK) {
        rc = open_note(segment, &vkey, &checkpoint, err);
    }
    if (rc == HF_OK) {
        rc = check_epoch(mirror, segment, stem, key, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    begin_epoch(mirror, segment->epoch, key, ret_next);
    uint64_t size = ret_next->frontier.size;
    if (segment->end <= size) {
        return check_old(ret_next, &checkpoint, err);
    }
    if (segment->first != size) {
        return hf_err_set(err, HF_ECONFLICT, "the segment begins at %llu, entry %llu is wanted",
                          (unsigned long long)segment->first, (unsigned long long)size);
    }
    append_bundle(ret_next, segment->bundle, ret_root);
    return hf_hash_eq(ret_root, &checkpoint.root)
               ? HF_OK
               : hf_err_set(err, HF_EFORK,
                            "the entries %llu to %llu do not give the root that the tenant signed",
                            (unsigned long long)segment->first,
                            (unsigned long long)segment->end - 1);
}
