/* commands/subject.c: the life of a subject's key in the region. */
#include "commands/subject.h"

#include "base/assert.h"
#include "schemas/events_gen.h"

enum hf_rc hf_subject_of_stream(struct hf_str stream, struct hf_str *ret_tenant,
                                struct hf_subject *ret_subject)
{
    struct hf_str subject;
    return hf_tenant_of_stream(stream, HF_SUBJECT_STREAM, ret_tenant, &subject) == HF_OK &&
                   hf_subject_parse(subject, ret_subject)
               ? HF_OK
               : HF_ENOTFOUND;
}

/* The stream, which the caller took the subject from, says whose event it is. */
static bool is_of(const struct hf_subject_life *life, const struct hf_envelope *envelope)
{
    struct hf_str tenant;
    struct hf_subject subject;
    return hf_subject_of_stream(envelope->stream, &tenant, &subject) == HF_OK &&
           hf_str_eq(tenant, hf_str_c(life->tenant)) && hf_subject_eq(&subject, &life->subject);
}

static enum hf_rc fold_kept(struct hf_subject_life *life, const struct hf_envelope *envelope,
                            uint64_t index, struct hf_err *err)
{
    struct hf_event_subject_kept event;
    enum hf_rc rc = hf_event_subject_kept_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (life->state != HF_SUBJECT_NONE) {
        return hf_err_set(err, HF_ECORRUPT, "a subject is kept twice");
    }
    life->state = HF_SUBJECT_KEPT;
    life->kept_us = envelope->recorded_us;
    life->kept_index = index;
    memcpy(life->key_digest.b, event.key_digest.ptr, HF_HASH_SIZE);
    return HF_OK;
}

static enum hf_rc fold_erased(struct hf_subject_life *life, const struct hf_envelope *envelope,
                              uint64_t index, struct hf_err *err)
{
    struct hf_event_subject_erased event;
    enum hf_rc rc = hf_event_subject_erased_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (life->state != HF_SUBJECT_KEPT) {
        return hf_err_set(err, HF_ECORRUPT, "a subject is erased that was not kept");
    }
    HF_ASSERT(event.by.len < sizeof life->by); /* the schema's bound */
    life->state = HF_SUBJECT_ERASED;
    life->erased_us = envelope->recorded_us;
    life->erased_index = index;
    memcpy(life->by, event.by.ptr, event.by.len);
    life->by[event.by.len] = '\0';
    return HF_OK;
}

static enum hf_rc fold_confirmed(struct hf_subject_life *life, const struct hf_envelope *envelope,
                                 uint64_t index, struct hf_err *err)
{
    struct hf_event_subject_erasure_confirmed event;
    enum hf_rc rc = hf_event_subject_erasure_confirmed_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (life->state != HF_SUBJECT_ERASED || life->confirmed_us != 0) {
        return hf_err_set(err, HF_ECORRUPT, "an erasure is confirmed that was not asked for");
    }
    life->confirmed_us = envelope->recorded_us;
    life->confirmed_index = index;
    life->confirmed_segment = event.segment;
    life->confirmed_by = event.directive;
    return HF_OK;
}

enum hf_rc hf_subject_fold(struct hf_subject_life *life, uint64_t index,
                           const struct hf_envelope *envelope, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    HF_ASSERT(life != NULL && is_of(life, envelope));
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_SUBJECT_KEPT_NAME))) {
        rc = fold_kept(life, envelope, index, err);
    } else if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_SUBJECT_ERASED_NAME))) {
        rc = fold_erased(life, envelope, index, err);
    } else if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_SUBJECT_ERASURE_CONFIRMED_NAME))) {
        rc = fold_confirmed(life, envelope, index, err);
    }
    if (rc == HF_OK) {
        life->version = envelope->version;
    }
    return rc;
}

enum hf_rc hf_subject_may_keep(const struct hf_subject_life *life, const struct hf_hash *key_digest,
                               struct hf_err *err)
{
    if (life == NULL || life->state == HF_SUBJECT_NONE) {
        return HF_OK;
    }
    if (life->state == HF_SUBJECT_ERASED) {
        return hf_err_set(err, HF_EPRUNED,
                          "this subject was erased for good; what is new about the person is "
                          "sealed for a new subject");
    }
    return hf_hash_eq(&life->key_digest, key_digest)
               ? hf_err_set(err, HF_EEXIST, "the key is kept already")
               : hf_err_set(err, HF_ECONFLICT,
                            "another key is kept under this subject; draw a new subject");
}

static bool says_something(struct hf_str reason)
{
    for (size_t i = 0; i < reason.len; i++) {
        if ((unsigned char)reason.ptr[i] > ' ') {
            return true;
        }
    }
    return false;
}

enum hf_rc hf_subject_may_erase(const struct hf_subject_life *life, struct hf_str reason,
                                struct hf_err *err)
{
    if (life == NULL || life->state == HF_SUBJECT_NONE) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no such subject of this tenant");
    }
    if (life->state == HF_SUBJECT_ERASED) {
        return hf_err_set(err, HF_EEXIST, "it was erased already by %s", life->by);
    }
    return says_something(reason)
               ? HF_OK
               : hf_err_set(err, HF_EINVAL,
                            "reason: say why, in a sentence that says nothing about the person");
}

bool hf_subject_may_open(const struct hf_principal *principal, struct hf_str tenant)
{
    return hf_principal_reaches(principal, tenant) &&
           (principal->role >= HF_ROLE_APPROVER || principal->kind == HF_PRINCIPAL_CUSTOMER);
}
