/* hub/memory_subjects.c: subjects in the Hub's memory, and their records: the life of each key, and
 * which requests it sealed. Keys and names are in custody alone (hub/custody.h). The asserted sizes
 * are as in hub/memory_parts.c.
 */
#include "base/assert.h"
#include "hub/hub.h"
#include "hub/memory.h"

#define FIELDS(list) list, HF_LEN(list)

_Static_assert(sizeof(struct hf_subject_life) == 240, "see hub/memory_parts.c");

#define KNOWN(member, kind) HF_RECORD_MEMBER(struct hf_hub_subject, member, kind)
#define LIFE(member, kind)  HF_RECORD_NAMED(struct hf_hub_subject, life.member, kind, #member)
static const struct hf_record_field subject_fields[] = {
    LIFE(by, HF_RECORD_TEXT),
    LIFE(confirmed_by, HF_RECORD_U64),
    LIFE(confirmed_index, HF_RECORD_U64),
    LIFE(confirmed_segment, HF_RECORD_U64),
    LIFE(confirmed_us, HF_RECORD_I64),
    KNOWN(directive, HF_RECORD_U64),
    KNOWN(directive_index, HF_RECORD_U64),
    KNOWN(directive_until_us, HF_RECORD_I64),
    LIFE(erased_index, HF_RECORD_U64),
    LIFE(erased_us, HF_RECORD_I64),
    HF_RECORD_NAMED(struct hf_hub_subject, life.key_digest.b, HF_RECORD_BYTES, "key_digest"),
    LIFE(kept_index, HF_RECORD_U64),
    LIFE(kept_us, HF_RECORD_I64),
    KNOWN(requests, HF_RECORD_U64),
    HF_RECORD_ENUM(struct hf_hub_subject, life.state, "state", HF_SUBJECT_ERASED),
    HF_RECORD_NAMED(struct hf_hub_subject, life.subject.b, HF_RECORD_BYTES, "subject"),
    LIFE(tenant, HF_RECORD_TEXT),
    LIFE(version, HF_RECORD_U64),
};
static const struct hf_record subject_record = {sizeof(struct hf_hub_subject),
                                                FIELDS(subject_fields)};

static enum hf_rc fold_subjects(struct hf_hub *hub, uint64_t index,
                                const struct hf_envelope *envelope, struct hf_err *err)
{
    return hf_hub_subjects_fold(&hub->subjects, index, envelope, err);
}

static void put_subject(void *arg, struct hf_hub_subject *subject)
{
    hf_memory_emit(arg, subject);
}

static void put_subjects(const struct hf_hub *hub, struct hf_memory_out *out)
{
    hf_hub_subjects_visit(&hub->subjects, put_subject, out);
}

static enum hf_rc take_subject(struct hf_hub *hub, const void *record)
{
    const struct hf_hub_subject *kept = record;
    return kept->life.tenant[0] == '\0' ? HF_EINVAL : hf_hub_subjects_restore(&hub->subjects, kept);
}

const struct hf_memory_part hf_memory_subjects = {'J', &subject_record, fold_subjects, put_subjects,
                                                  take_subject};

/* what was sealed */

struct kept_sealed {
    char tenant[HF_TENANT_NAME_MAX + 1];
    struct hf_subject subject;
    uint64_t index;
};

static const struct hf_record_field sealed_fields[] = {
    HF_RECORD_MEMBER(struct kept_sealed, index, HF_RECORD_U64),
    HF_RECORD_NAMED(struct kept_sealed, subject.b, HF_RECORD_BYTES, "subject"),
    HF_RECORD_MEMBER(struct kept_sealed, tenant, HF_RECORD_TEXT),
};
static const struct hf_record sealed_record = {sizeof(struct kept_sealed), FIELDS(sealed_fields)};

static void put_sealed_of(void *arg, struct hf_hub_subject *subject)
{
    size_t count = 0;
    const uint64_t *routed = hf_hub_subject_routed(subject, &count);
    struct kept_sealed kept = {.subject = subject->life.subject};
    memcpy(kept.tenant, subject->life.tenant, sizeof kept.tenant);
    for (size_t i = 0; i < count; i++) {
        kept.index = routed[i];
        hf_memory_emit(arg, &kept);
    }
}

static void put_sealed(const struct hf_hub *hub, struct hf_memory_out *out)
{
    hf_hub_subjects_visit(&hub->subjects, put_sealed_of, out);
}

static enum hf_rc take_sealed(struct hf_hub *hub, const void *record)
{
    const struct kept_sealed *kept = record;
    return hf_hub_subjects_restore_routed(&hub->subjects, hf_str_c(kept->tenant), &kept->subject,
                                          kept->index);
}

const struct hf_memory_part hf_memory_sealed = {'Q', &sealed_record, NULL, put_sealed, take_sealed};
