/* log/audit/verify.c: checks a bundle, event by event. */
#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "log/audit/beside.h"
#include "log/audit/bundle.h"
#include "log/audit/record.h"
#include "log/mirror/mirror.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"

struct audit {
    void (*tell)(void *arg, const struct hf_audit_event *event);
    void *arg;
    struct hf_audit_result *ret;
    bool beside;          /* a bundle that has more than the two streams */
    uint64_t versions[4]; /* of the streams tenant/T, segment/T, directive/T, and that to all */
    struct hf_beside_answers *answers;
    struct hf_audit_event artifact; /* whose bytes come next, with wants_artifact */
    struct hf_hash artifact_hash;
    bool wants_artifact;
    bool has_last;
    uint64_t last_index;
    struct hf_mirror mirror;
    bool epoch_closed; /* the region said so; the next epoch's first segment has not come yet */
    bool registered;
    struct hf_public_key log_key;
    struct hf_str log_stem;
    /* the entry at hand, when it is a segment's */
    bool wants_segment;
    bool ended;
    uint64_t segment_index;
    struct hf_hash segment_hash;
};

static enum hf_rc bad(struct audit *audit, const struct hf_audit_event *event, enum hf_rc rc,
                      const char *what, struct hf_err *err)
{
    audit->ret->found_bad = true;
    audit->ret->bad = *event;
    if (event->of_tenant) {
        char epoch[32] = "";
        if (event->epoch > 1) {
            (void)snprintf(epoch, sizeof epoch, " of epoch %u", event->epoch);
        }
        return hf_err_set(err, rc, "tenant event %llu%s (region entry %llu): %s",
                          (unsigned long long)event->tenant_index, epoch,
                          (unsigned long long)event->region_index, what);
    }
    return hf_err_set(err, rc, "region entry %llu: %s", (unsigned long long)event->region_index,
                      what);
}

static void tell(struct audit *audit, const struct hf_audit_event *event)
{
    if (audit->tell != NULL) {
        audit->tell(audit->arg, event);
    }
}

/* entries of the region */

/* 0: the tenant's life, 1: its segments, 2: neither. The first of these names the tenant. */
static int stream_of(struct audit *audit, struct hf_str stream)
{
    static const struct {
        const char *text;
        size_t len;
    } prefixes[] = {{"tenant/", 7}, {"segment/", 8}};

    for (int i = 0; i < 2; i++) {
        if (stream.len <= prefixes[i].len ||
            memcmp(stream.ptr, prefixes[i].text, prefixes[i].len) != 0) {
            continue;
        }
        struct hf_str name = {stream.ptr + prefixes[i].len, stream.len - prefixes[i].len};
        if (audit->ret->tenant.len == 0) {
            audit->ret->tenant = name;
        }
        return hf_str_eq(name, audit->ret->tenant) ? i : 2;
    }
    return 2;
}

/* A request is routed first and decided second; an answer is told once it was decided so. */
static enum hf_rc check_beside(struct audit *audit, const struct hf_audit_event *event,
                               enum hf_beside beside, const struct hf_envelope *envelope,
                               struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    if ((beside == HF_BESIDE_ROUTED && envelope->version != 1) ||
        (beside == HF_BESIDE_DECIDED && envelope->version != 2)) {
        return bad(audit, event, HF_ECORRUPT, "its request was not asked and answered once", err);
    }
    if (beside == HF_BESIDE_DECIDED) {
        rc = hf_beside_answer(audit->answers, envelope, err);
    } else if (beside == HF_BESIDE_DIRECTIVE) {
        rc = hf_beside_told(audit->answers, envelope, err);
    } else if (beside == HF_BESIDE_ARTIFACT && envelope->blob.len != HF_HASH_SIZE) {
        rc = hf_err_set(err, HF_ECORRUPT, "it has no bytes");
    }
    if (rc != HF_OK) {
        struct hf_err why = *err;
        return bad(audit, event, HF_ECORRUPT, why.text, err);
    }
    audit->wants_artifact = beside == HF_BESIDE_ARTIFACT;
    if (audit->wants_artifact) {
        audit->artifact = *event;
        memcpy(audit->artifact_hash.b, envelope->blob.ptr, HF_HASH_SIZE);
    }
    return HF_OK;
}

static enum hf_rc check_order(struct audit *audit, const struct hf_audit_event *event,
                              const struct hf_envelope *envelope, struct hf_err *err)
{
    int stream = stream_of(audit, envelope->stream);
    enum hf_beside beside =
        stream == 2 && audit->beside ? hf_beside_of(envelope, audit->ret->tenant) : HF_BESIDE_COUNT;
    if (stream == 2 && beside == HF_BESIDE_COUNT) {
        return bad(audit, event, HF_EMISMATCH, "it is about something else", err);
    }
    stream = beside == HF_BESIDE_DIRECTIVE_ALL ? 3 : stream;
    if (audit->has_last && event->region_index <= audit->last_index) {
        return bad(audit, event, HF_ECORRUPT, "the bundle is not in order", err);
    }
    audit->has_last = true;
    audit->last_index = event->region_index;
    if (beside == HF_BESIDE_COUNT || beside == HF_BESIDE_DIRECTIVE ||
        beside == HF_BESIDE_DIRECTIVE_ALL) {
        if (envelope->version != audit->versions[stream] + 1) {
            return bad(audit, event, HF_ECORRUPT, "an entry of its stream before it is missing",
                       err);
        }
        audit->versions[stream] = envelope->version;
    }
    return beside == HF_BESIDE_COUNT ? HF_OK : check_beside(audit, event, beside, envelope, err);
}

/* The registration says by which key the tenant signs. */
static enum hf_rc note_registration(struct audit *audit, const struct hf_envelope *envelope,
                                    struct hf_err *err)
{
    struct hf_event_tenant_registered event;
    if (!hf_str_eq(envelope->type, HF_STR(HF_EVENT_TENANT_REGISTERED_NAME))) {
        return HF_OK;
    }
    enum hf_rc rc = hf_event_tenant_registered_decode(envelope->payload, &event, err);
    if (rc == HF_OK) {
        audit->registered = true;
        audit->log_stem = event.log_origin;
        memcpy(audit->log_key.b, event.log_key.ptr, HF_PUBLIC_KEY_SIZE);
    }
    return rc;
}

/* What the region closed must be what it had taken, and is followed by the next epoch. */
static enum hf_rc note_closing(struct audit *audit, const struct hf_audit_event *entry,
                               const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_mirror_epoch_closed event;
    struct hf_hash root;
    if (!hf_str_eq(envelope->type, HF_STR(HF_EVENT_MIRROR_EPOCH_CLOSED_NAME))) {
        return HF_OK;
    }
    enum hf_rc rc = hf_event_mirror_epoch_closed_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_frontier_root(&audit->mirror.frontier, &root);
    if (event.epoch != audit->mirror.epoch || event.size != audit->mirror.frontier.size ||
        event.next_epoch != event.epoch + 1 || memcmp(event.root.ptr, root.b, HF_HASH_SIZE) != 0 ||
        audit->epoch_closed) {
        return bad(audit, entry, HF_ECORRUPT, "it closes an epoch that is not as it says", err);
    }
    audit->epoch_closed = true;
    return HF_OK;
}

/* An epoch ends when the region says so, and not before. */
static enum hf_rc check_epoch(struct audit *audit, const struct hf_audit_event *entry,
                              const struct hf_segment *segment, struct hf_err *err)
{
    bool next = segment->epoch > audit->mirror.epoch && audit->mirror.epoch > 0;
    if (next != audit->epoch_closed) {
        return bad(audit, entry, HF_ECORRUPT,
                   next ? "its segment begins an epoch before the last one was closed"
                        : "its segment goes on with an epoch that was closed",
                   err);
    }
    audit->epoch_closed = false;
    audit->ret->epochs += next || audit->mirror.epoch == 0 ? 1 : 0;
    return HF_OK;
}

static enum hf_rc take_entry(struct audit *audit, struct hf_bytes bytes, struct hf_err *err)
{
    struct hf_audit_event event = {.of_tenant = false};
    struct hf_audit_entry entry;
    struct hf_envelope envelope;
    if (!hf_audit_take_entry(bytes, &entry)) {
        return hf_err_set(err, HF_ESYNTAX, "an entry of the bundle is cut");
    }
    event.region_index = entry.index;
    event.leaf = entry.leaf;
    if (audit->wants_segment || audit->wants_artifact) {
        return hf_err_set(err, HF_ECORRUPT, "the %s of region entry %llu is missing",
                          audit->wants_segment ? "segment" : "artifact",
                          (unsigned long long)(audit->wants_segment
                                                   ? audit->segment_index
                                                   : audit->artifact.region_index));
    }
    if (!hf_audit_entry_holds(&entry, audit->ret->region_size, &audit->ret->region_root)) {
        return bad(audit, &event, HF_EBADPROOF, "it is not in the log of the region", err);
    }
    enum hf_rc rc = hf_envelope_parse_leaf(event.leaf, &envelope, err);
    if (rc == HF_OK) {
        rc = check_order(audit, &event, &envelope, err);
    }
    if (rc == HF_OK) {
        rc = note_registration(audit, &envelope, err);
    }
    if (rc == HF_OK) {
        rc = note_closing(audit, &event, &envelope, err);
    }
    if (rc == HF_OK && !audit->wants_artifact && envelope.blob.len == HF_HASH_SIZE) {
        audit->wants_segment = true;
        audit->segment_index = event.region_index;
        memcpy(audit->segment_hash.b, envelope.blob.ptr, HF_HASH_SIZE);
    }
    if (rc == HF_OK) {
        audit->ret->region_events++;
        if (!audit->wants_artifact) {
            tell(audit, &event);
        }
    }
    return rc;
}

static enum hf_rc take_artifact(struct audit *audit, struct hf_bytes bytes, struct hf_err *err)
{
    struct hf_hash hash;
    if (!audit->wants_artifact) {
        return hf_err_set(err, HF_ESYNTAX, "an artifact of the bundle is out of place");
    }
    hf_sha256(bytes, &hash);
    if (!hf_hash_eq(&hash, &audit->artifact_hash)) {
        return bad(audit, &audit->artifact, HF_ECORRUPT, "its artifact has another digest", err);
    }
    audit->wants_artifact = false;
    audit->artifact.artifact = bytes;
    tell(audit, &audit->artifact);
    return HF_OK;
}

/* segments */

/* The leaf hashes give the root that the tenant signed, so an entry that does not have its leaf
 * hash is the wrong one. */
static enum hf_rc check_events(struct audit *audit, const struct hf_segment *segment,
                               struct hf_bytes hashes, struct hf_err *err)
{
    struct hf_audit_event event = {.region_index = audit->segment_index,
                                   .of_tenant = true,
                                   .epoch = segment->epoch,
                                   .tenant_index = segment->first};
    struct hf_cursor cursor = hf_cursor_init(segment->bundle);
    size_t at = 0;
    while (hf_bundle_next(&cursor, &event.leaf) == HF_OK) {
        struct hf_hash leaf;
        hf_tree_leaf_hash(event.leaf, &leaf);
        if (at + HF_HASH_SIZE > hashes.len || memcmp(leaf.b, hashes.ptr + at, HF_HASH_SIZE) != 0) {
            return bad(audit, &event, HF_ECORRUPT, "it is not what the tenant signed", err);
        }
        at += HF_HASH_SIZE;
        event.tenant_index++;
    }
    return HF_OK;
}

static void tell_events(struct audit *audit, const struct hf_segment *segment)
{
    struct hf_audit_event event = {.region_index = audit->segment_index,
                                   .of_tenant = true,
                                   .epoch = segment->epoch,
                                   .tenant_index = segment->first};
    struct hf_cursor cursor = hf_cursor_init(segment->bundle);
    while (hf_bundle_next(&cursor, &event.leaf) == HF_OK) {
        tell(audit, &event);
        event.tenant_index++;
        audit->ret->tenant_events++;
    }
}

static enum hf_rc take_segment(struct audit *audit, struct hf_bytes bytes, struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(bytes);
    uint32_t count = 0;
    struct hf_bytes hashes;
    struct hf_segment segment;
    struct hf_mirror next = audit->mirror;
    struct hf_hash root;
    struct hf_hash blob;
    const struct hf_audit_event entry = {.region_index = audit->segment_index};
    if (!audit->wants_segment || !audit->registered || !hf_cursor_be32(&c, &count) ||
        count > HF_SEGMENT_ENTRIES || !hf_cursor_take(&c, (size_t)count * HF_HASH_SIZE, &hashes)) {
        return hf_err_set(err, HF_ESYNTAX, "a segment of the bundle is cut or out of place");
    }
    struct hf_bytes raw = hf_bytes_of(c.ptr, c.left);
    enum hf_rc rc = hf_segment_parse(raw, &segment, err);
    if (rc != HF_OK) {
        return bad(audit, &entry, HF_ECORRUPT, "its segment is damaged", err);
    }
    rc = check_events(audit, &segment, hashes, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_sha256(raw, &blob);
    if (!hf_hash_eq(&blob, &audit->segment_hash)) {
        return bad(audit, &entry, HF_ECORRUPT, "its segment is not the one that came", err);
    }
    rc = hf_mirror_check(&audit->mirror, &segment, audit->log_stem, &audit->log_key, &next, &root,
                         err);
    if (rc != HF_OK) {
        struct hf_err why = *err;
        return bad(audit, &entry, HF_ECORRUPT, why.text, err);
    }
    rc = check_epoch(audit, &entry, &segment, err);
    if (rc != HF_OK) {
        return rc;
    }
    audit->mirror = next;
    audit->wants_segment = false;
    audit->ret->segments++;
    tell_events(audit, &segment);
    return HF_OK;
}

static enum hf_rc take_end(struct audit *audit, struct hf_bytes bytes, size_t left,
                           struct hf_err *err)
{
    if (audit->wants_segment || audit->wants_artifact || left > 0 || bytes.len != 8 ||
        hf_be64_get(bytes.ptr) != audit->ret->region_events) {
        return hf_err_set(err, HF_ESYNTAX, "the end of the bundle is not where it says");
    }
    audit->ended = true;
    return HF_OK;
}

static uint64_t events_of(const struct hf_audit_result *result)
{
    return result->region_events + result->tenant_events;
}

static enum hf_rc take_records(struct audit *audit, struct hf_cursor c,
                               const struct hf_vkey *region, struct hf_err *err)
{
    struct hf_audit_result *ret = audit->ret;
    bool has_checkpoint = false;
    enum hf_rc rc = HF_OK;
    while (rc == HF_OK && c.left > 0) {
        uint8_t kind = 0;
        struct hf_bytes record;
        if (!hf_audit_take_record(&c, &kind, &record) || has_checkpoint == (kind == 'C')) {
            return hf_err_set(err, HF_ESYNTAX, "the bundle is cut or damaged after %llu events",
                              (unsigned long long)events_of(ret));
        }
        has_checkpoint = true;
        rc = kind == 'C'
                 ? hf_audit_take_note(record, region, &ret->region_size, &ret->region_root, err)
             : kind == 'E' ? take_entry(audit, record, err)
             : kind == 'S' ? take_segment(audit, record, err)
             : kind == 'B' ? take_artifact(audit, record, err)
             : kind == 'Z' ? take_end(audit, record, c.left, err)
                           : hf_err_set(err, HF_ESYNTAX, "the bundle has an unknown record");
    }
    if (rc == HF_ESYNTAX && !ret->found_bad) { /* says what, and not where */
        const struct hf_err what = *err;
        return hf_err_set(err, rc, "after %llu events: %s", (unsigned long long)events_of(ret),
                          what.text);
    }
    return rc == HF_OK && (!audit->ended || ret->region_events == 0)
               ? hf_err_set(err, HF_ESYNTAX, "the bundle is cut after %llu events",
                            (unsigned long long)events_of(ret))
               : rc;
}

enum hf_rc hf_audit_verify(struct hf_bytes bundle, const struct hf_vkey *region,
                           void (*tell_event)(void *arg, const struct hf_audit_event *event),
                           void *arg, struct hf_audit_result *ret, struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(bundle);
    struct audit audit = {.tell = tell_event, .arg = arg, .ret = ret};
    struct hf_bytes magic;
    *ret = (struct hf_audit_result){.tenant = {NULL, 0}};
    hf_mirror_init(&audit.mirror);
    if (!hf_cursor_take(&c, 4, &magic) || memcmp(magic.ptr, "HFB", 3) != 0 ||
        (magic.ptr[3] != '1' && magic.ptr[3] != '2')) {
        return hf_err_set(err, HF_ESYNTAX, "it is no audit bundle");
    }
    audit.beside = magic.ptr[3] == '2';
    audit.answers = hf_heap_zalloc(1, sizeof *audit.answers);
    if (audit.answers == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to verify");
    }
    enum hf_rc rc = take_records(&audit, c, region, err);
    hf_heap_free(audit.answers);
    return rc;
}
