/* log/audit/erasure.c: writes certificates of erasure, and checks them entry by entry. */
#include "log/audit/erasure.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "log/audit/record.h"
#include "log/core/reader.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

#define MAGIC       "HFE1"
#define UPCAST_ROOM 4096

/* writing */

enum hf_rc hf_erasure_write(struct hf_log *log, const struct hf_erasure_of *of, struct hf_buf *buf,
                            struct hf_err *err)
{
    uint8_t count[8];
    struct hf_buf leaf = hf_buf_init(HF_BUNDLE_MAX);
    struct hf_packer *packer = NULL;
    enum hf_rc rc = hf_packer_new(&packer);
    hf_buf_str(buf, HF_STR(MAGIC));
    hf_audit_put_head(buf, 'C', of->note.len);
    hf_buf_put(buf, of->note.ptr, of->note.len);
    for (size_t i = 0; rc == HF_OK && i < of->count; i++) {
        rc = hf_log_entry(log, packer, of->entries[i], &leaf, err);
        if (rc == HF_OK) {
            rc = hf_audit_put_entry(log, of->entries[i], of->size, hf_buf_bytes(&leaf), buf, err);
        }
    }
    hf_be64_put(count, of->count);
    hf_audit_put_head(buf, 'Z', sizeof count);
    hf_buf_put(buf, count, sizeof count);
    hf_packer_free(packer);
    hf_buf_free(&leaf);
    return rc == HF_OK && buf->failed != HF_OK
               ? hf_err_set(err, buf->failed, "no memory for a certificate")
               : rc;
}

/* verifying */

struct check {
    void (*tell)(void *arg, const struct hf_erasure_request *request);
    void *arg;
    struct hf_erasure_result *ret;
    uint64_t entries;
    uint64_t last_index;
    bool kept;
    bool erased;
    bool has_segment; /* one that no confirmation has named yet */
    uint64_t segment;
    uint64_t told; /* number of the directive; 0: none */
    bool ended;
};

/* One entry as its taker sees it. */
struct entry {
    uint64_t index;
    const struct hf_envelope *envelope;
    struct hf_bytes payload; /* of the newest version */
};

static enum hf_rc bad(const struct entry *entry, const char *what, struct hf_err *err)
{
    return hf_err_set(err, HF_EMISMATCH, "region entry %llu (%.*s): %s",
                      (unsigned long long)entry->index, HF_STR_ARG(entry->envelope->type), what);
}

/* Is it the n-th event of the subject's stream? */
static bool is_of_subject(const struct check *c, const struct entry *e, uint64_t version)
{
    char stream[128];
    int len = snprintf(stream, sizeof stream, "subject/%.*s/%.*s", HF_STR_ARG(c->ret->tenant),
                       HF_STR_ARG(c->ret->subject));
    return len > 0 && (size_t)len < sizeof stream &&
           hf_str_eq(e->envelope->stream, (struct hf_str){stream, (size_t)len}) &&
           e->envelope->version == version;
}

static enum hf_rc take_kept(struct check *c, const struct entry *e, struct hf_err *err)
{
    struct hf_event_subject_kept event;
    enum hf_rc rc = hf_event_subject_kept_decode(e->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    c->ret->tenant = event.tenant;
    c->ret->subject = event.subject;
    c->ret->key_digest = event.key_digest;
    c->ret->kept_us = e->envelope->recorded_us;
    c->ret->kept_index = e->index;
    c->kept = true;
    return c->entries == 0 && is_of_subject(c, e, 1)
               ? HF_OK
               : bad(e, "a certificate begins with the key of one subject", err);
}

static bool same_subject(const struct check *c, struct hf_str tenant, struct hf_str subject)
{
    return hf_str_eq(tenant, c->ret->tenant) && hf_str_eq(subject, c->ret->subject);
}

static enum hf_rc take_erased(struct check *c, const struct entry *e, struct hf_err *err)
{
    struct hf_event_subject_erased event;
    enum hf_rc rc = hf_event_subject_erased_decode(e->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (!same_subject(c, event.tenant, event.subject) || !is_of_subject(c, e, 2) ||
        !hf_bytes_eq(event.key_digest, c->ret->key_digest)) {
        return bad(e, "it is about another subject or another key", err);
    }
    c->erased = true;
    c->ret->erased_us = e->envelope->recorded_us;
    c->ret->erased_index = e->index;
    c->ret->by = event.by;
    c->ret->reason = event.reason;
    return HF_OK;
}

static enum hf_rc take_routed(struct check *c, const struct entry *e, struct hf_err *err)
{
    struct hf_event_approval_routed event;
    char subject[2 * 16 + 1];
    enum hf_rc rc = hf_event_approval_routed_decode(e->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (event.has_subject) {
        hf_hex_encode(event.subject, subject);
    }
    if (!event.has_subject || !same_subject(c, event.tenant, hf_str_c(subject))) {
        return bad(e, "the request is sealed for another subject, or not at all", err);
    }
    c->ret->requests++;
    if (c->tell != NULL) {
        const struct hf_erasure_request request = {.routed = e->index,
                                                   .segment = event.segment,
                                                   .offset = (uint32_t)event.offset,
                                                   .approval = event.approval,
                                                   .hash = event.request};
        c->tell(c->arg, &request);
    }
    return HF_OK;
}

static enum hf_rc take_told(struct check *c, const struct entry *e, struct hf_err *err)
{
    struct hf_event_directive_issued event;
    char parameters[64];
    enum hf_rc rc = hf_event_directive_issued_decode(e->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    int len = snprintf(parameters, sizeof parameters, "subject=%.*s", HF_STR_ARG(c->ret->subject));
    if (!hf_str_eq(event.kind, HF_STR("erase")) || !hf_str_eq(event.address, c->ret->tenant) ||
        !event.has_parameters || c->told != 0 ||
        !hf_str_eq(event.parameters, (struct hf_str){parameters, (size_t)len})) {
        return bad(e, "it tells the agent something else, or once more", err);
    }
    c->told = event.sequence;
    c->ret->told = true;
    return HF_OK;
}

static enum hf_rc take_segment(struct check *c, const struct entry *e, struct hf_err *err)
{
    struct hf_event_segment_received event;
    enum hf_rc rc = hf_event_segment_received_decode(e->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (!hf_str_eq(event.tenant, c->ret->tenant) || c->has_segment || c->ret->confirmed) {
        return bad(e, "it is a segment that nothing here is about", err);
    }
    c->has_segment = true;
    c->segment = e->index;
    return HF_OK;
}

static enum hf_rc take_confirmed(struct check *c, const struct entry *e, struct hf_err *err)
{
    struct hf_event_subject_erasure_confirmed event;
    enum hf_rc rc = hf_event_subject_erasure_confirmed_decode(e->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (!same_subject(c, event.tenant, event.subject) || !is_of_subject(c, e, 3) || !c->erased ||
        !c->has_segment || c->segment != event.segment ||
        (c->told != 0 && c->told != event.directive)) {
        return bad(e, "it confirms something else", err);
    }
    c->has_segment = false;
    c->ret->confirmed = true;
    c->ret->confirmed_us = e->envelope->recorded_us;
    c->ret->confirmed_index = e->index;
    c->ret->confirmed_segment = event.segment;
    c->ret->confirmed_offset = (uint32_t)event.offset;
    return HF_OK;
}

static const struct {
    const char *type;
    uint32_t version; /* the newest */
    enum hf_rc (*take)(struct check *c, const struct entry *e, struct hf_err *err);
} takers[] = {
    {HF_EVENT_SUBJECT_KEPT_NAME, HF_EVENT_SUBJECT_KEPT_VERSION, take_kept},
    {HF_EVENT_APPROVAL_ROUTED_NAME, HF_EVENT_APPROVAL_ROUTED_VERSION, take_routed},
    {HF_EVENT_SUBJECT_ERASED_NAME, HF_EVENT_SUBJECT_ERASED_VERSION, take_erased},
    {HF_EVENT_DIRECTIVE_ISSUED_NAME, HF_EVENT_DIRECTIVE_ISSUED_VERSION, take_told},
    {HF_EVENT_SEGMENT_RECEIVED_NAME, HF_EVENT_SEGMENT_RECEIVED_VERSION, take_segment},
    {HF_EVENT_SUBJECT_ERASURE_CONFIRMED_NAME, HF_EVENT_SUBJECT_ERASURE_CONFIRMED_VERSION,
     take_confirmed},
};

static enum hf_rc take_event(struct check *c, uint64_t index, const struct hf_envelope *envelope,
                             struct hf_err *err)
{
    uint8_t room[UPCAST_ROOM];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct entry e = {.index = index, .envelope = envelope};
    for (size_t i = 0; i < HF_LEN(takers); i++) {
        if (!hf_str_eq(envelope->type, hf_str_c(takers[i].type))) {
            continue;
        }
        if (!c->kept && takers[i].take != take_kept) {
            break;
        }
        enum hf_rc rc = hf_upcast_newest(envelope, takers[i].version, &w, &e.payload, err);
        return rc == HF_OK ? takers[i].take(c, &e, err) : rc;
    }
    return bad(&e, "it has no place in a certificate", err);
}

static enum hf_rc take_entry(struct check *c, struct hf_bytes bytes, struct hf_err *err)
{
    struct hf_audit_entry entry;
    struct hf_envelope envelope;
    if (!hf_audit_take_entry(bytes, &entry)) {
        return hf_err_set(err, HF_ESYNTAX, "an entry of the certificate is cut");
    }
    if (!hf_audit_entry_holds(&entry, c->ret->region_size, &c->ret->region_root)) {
        return hf_err_set(err, HF_EBADPROOF,
                          "region entry %llu: it is not in the log of the region",
                          (unsigned long long)entry.index);
    }
    if (c->entries > 0 && entry.index <= c->last_index) {
        return hf_err_set(err, HF_ECORRUPT, "region entry %llu: the certificate is not in order",
                          (unsigned long long)entry.index);
    }
    enum hf_rc rc = hf_envelope_parse_leaf(entry.leaf, &envelope, err);
    if (rc == HF_OK) {
        rc = take_event(c, entry.index, &envelope, err);
    }
    c->last_index = entry.index;
    c->entries++;
    return rc;
}

static enum hf_rc take_end(struct check *c, struct hf_bytes bytes, size_t left, struct hf_err *err)
{
    if (left > 0 || bytes.len != 8 || hf_be64_get(bytes.ptr) != c->entries) {
        return hf_err_set(err, HF_ESYNTAX, "the end of the certificate is not where it says");
    }
    c->ended = true;
    return HF_OK;
}

static enum hf_rc check_whole(const struct check *c, struct hf_err *err)
{
    return !c->ended        ? hf_err_set(err, HF_ESYNTAX, "the certificate is cut")
           : !c->erased     ? hf_err_set(err, HF_ECORRUPT, "it does not say that a key was erased")
           : c->has_segment ? hf_err_set(err, HF_ECORRUPT, "it has a segment that confirms nothing")
                            : HF_OK;
}

enum hf_rc hf_erasure_verify(struct hf_bytes certificate, const struct hf_vkey *region,
                             void (*tell)(void *arg, const struct hf_erasure_request *request),
                             void *arg, struct hf_erasure_result *ret, struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(certificate);
    struct check c = {.tell = tell, .arg = arg, .ret = ret};
    struct hf_bytes magic;
    bool has_checkpoint = false;
    enum hf_rc rc = HF_OK;
    *ret = (struct hf_erasure_result){.region_size = 0};
    if (!hf_cursor_take(&cursor, 4, &magic) || memcmp(magic.ptr, MAGIC, 4) != 0) {
        return hf_err_set(err, HF_ESYNTAX, "it is no certificate of erasure");
    }
    while (rc == HF_OK && cursor.left > 0) {
        uint8_t kind = 0;
        struct hf_bytes record;
        if (!hf_audit_take_record(&cursor, &kind, &record) || has_checkpoint == (kind == 'C')) {
            return hf_err_set(err, HF_ESYNTAX,
                              "the certificate is cut or damaged after %llu entries",
                              (unsigned long long)c.entries);
        }
        has_checkpoint = true;
        rc = kind == 'C'
                 ? hf_audit_take_note(record, region, &ret->region_size, &ret->region_root, err)
             : kind == 'E' ? take_entry(&c, record, err)
             : kind == 'Z' ? take_end(&c, record, cursor.left, err)
                           : hf_err_set(err, HF_ESYNTAX, "the certificate has an unknown record");
    }
    return rc == HF_OK ? check_whole(&c, err) : rc;
}
