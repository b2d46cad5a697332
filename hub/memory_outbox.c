/* hub/memory_outbox.c: what people have to be told in the Hub's memory, and its records: who can be
 * reached, how, what there is to say, and what was tried of it.
 *
 * What is leased, or not tried yet, follows from the rest and the clock, and is in none of them;
 * nor are probes. The asserted sizes are as in hub/memory_parts.c.
 */
#include "base/assert.h"
#include "hub/hub.h"
#include "hub/memory.h"
#include "hub/outbox_matter.h"

#define FIELDS(list) list, HF_LEN(list)

_Static_assert(sizeof(struct hf_contact) == 1640, "see hub/memory_parts.c");

#define NAME (HF_PRINCIPAL_NAME_MAX + 1)
_Static_assert(HF_CONTACT_NAME_MAX == HF_PRINCIPAL_NAME_MAX &&
                   HF_TENANT_NAME_MAX == HF_PRINCIPAL_NAME_MAX &&
                   HF_APPROVAL_NAME_MAX == HF_PRINCIPAL_NAME_MAX,
               "names are of one size");

static void copy(char out[NAME], const char *text)
{
    memcpy(out, text, NAME);
}

/* people */

struct kept_person {
    char principal[NAME];
    uint64_t version;
};

static const struct hf_record_field person_fields[] = {
    HF_RECORD_MEMBER(struct kept_person, principal, HF_RECORD_TEXT),
    HF_RECORD_MEMBER(struct kept_person, version, HF_RECORD_U64),
};
static const struct hf_record person_record = {sizeof(struct kept_person), FIELDS(person_fields)};

static void put_person(void *arg, struct hf_hub_person *person)
{
    struct kept_person kept = {.version = person->version};
    copy(kept.principal, person->principal->name);
    hf_memory_emit(arg, &kept);
}

static void put_people(const struct hf_hub *hub, struct hf_memory_out *out)
{
    hf_hub_people_each(&hub->outbox.contacts, put_person, out);
}

static enum hf_rc take_person(struct hf_hub *hub, const void *record)
{
    const struct kept_person *kept = record;
    return hf_hub_person_restore(&hub->outbox.contacts, hf_str_c(kept->principal), kept->version);
}

static enum hf_rc fold_outbox(struct hf_hub *hub, uint64_t index,
                              const struct hf_envelope *envelope, struct hf_err *err)
{
    (void)index;
    return hf_outbox_fold(&hub->outbox, envelope, err);
}

const struct hf_memory_part hf_memory_people = {'I', &person_record, fold_outbox, put_people,
                                                take_person};

/* contacts */

struct kept_contact {
    char principal[NAME];
    struct hf_contact life;
};

#define LIFE(member, kind) HF_RECORD_NAMED(struct kept_contact, life.member, kind, #member)
static const struct hf_record_field contact_fields[] = {
    LIFE(added_us, HF_RECORD_I64),
    HF_RECORD_ENUM(struct kept_contact, life.channel, "channel", HF_CONTACT_MAIL),
    LIFE(failing_since_us, HF_RECORD_I64),
    HF_RECORD_NAMED(struct kept_contact, life.fingerprint.b, HF_RECORD_BYTES, "fingerprint"),
    LIFE(hint, HF_RECORD_TEXT),
    LIFE(name, HF_RECORD_TEXT),
    HF_RECORD_MEMBER(struct kept_contact, principal, HF_RECORD_TEXT),
    LIFE(reached_us, HF_RECORD_I64),
    HF_RECORD_COUNTED(struct kept_contact, life.sealed, HF_RECORD_BLOB, "sealed", life.sealed_len,
                      HF_CONTACT_SEALED_MAX, NULL),
    LIFE(shown_us, HF_RECORD_I64),
    LIFE(tried_us, HF_RECORD_I64),
    LIFE(verified, HF_RECORD_BOOL),
};
static const struct hf_record contact_record = {sizeof(struct kept_contact),
                                                FIELDS(contact_fields)};

static void put_contact(void *arg, struct hf_hub_contact *contact)
{
    struct kept_contact kept = {.life = contact->life};
    copy(kept.principal, contact->person->principal->name);
    hf_memory_emit(arg, &kept);
}

static void put_contacts(const struct hf_hub *hub, struct hf_memory_out *out)
{
    hf_hub_contacts_each(&hub->outbox.contacts, put_contact, out);
}

static enum hf_rc take_contact(struct hf_hub *hub, const void *record)
{
    const struct kept_contact *kept = record;
    return hf_hub_contact_restore(&hub->outbox.contacts, hf_str_c(kept->principal), &kept->life);
}

const struct hf_memory_part hf_memory_contacts = {'E', &contact_record, NULL, put_contacts,
                                                  take_contact};

/* matters */

struct kept_matter {
    enum hf_outbox_kind kind;
    char first[NAME]; /* the tenant, or whose contact it is */
    char name[NAME];
    int64_t since_us;
    int64_t expires_us;
    int64_t paused_until_us;
    int64_t paused_us;
};

static const struct hf_record_field matter_fields[] = {
    HF_RECORD_MEMBER(struct kept_matter, expires_us, HF_RECORD_I64),
    HF_RECORD_MEMBER(struct kept_matter, first, HF_RECORD_TEXT),
    HF_RECORD_ENUM(struct kept_matter, kind, "kind", HF_OUTBOX_LOST),
    HF_RECORD_MEMBER(struct kept_matter, name, HF_RECORD_TEXT),
    HF_RECORD_MEMBER(struct kept_matter, paused_until_us, HF_RECORD_I64),
    HF_RECORD_MEMBER(struct kept_matter, paused_us, HF_RECORD_I64),
    HF_RECORD_MEMBER(struct kept_matter, since_us, HF_RECORD_I64),
};
static const struct hf_record matter_record = {sizeof(struct kept_matter), FIELDS(matter_fields)};

static const char *first_of(const struct hf_outbox_matter *m)
{
    return m->kind == HF_OUTBOX_APPROVAL ? m->tenant->name : m->principal;
}

static void put_queue(const struct hf_queue *matters, struct hf_memory_out *out)
{
    HF_QUEUE_FOREACH (node, matters) {
        const struct hf_outbox_matter *m = HF_CONTAINER_OF(node, struct hf_outbox_matter, order);
        struct kept_matter kept = {.kind = m->kind,
                                   .since_us = m->since_us,
                                   .expires_us = m->expires_us,
                                   .paused_until_us = m->pause.until_us,
                                   .paused_us = m->pause.total_us};
        if (m->kind != HF_OUTBOX_PROBE) {
            copy(kept.first, first_of(m));
            copy(kept.name, m->name);
            hf_memory_emit(out, &kept);
        }
    }
}

static void put_matters(const struct hf_hub *hub, struct hf_memory_out *out)
{
    put_queue(&hub->outbox.approvals, out);
    put_queue(&hub->outbox.others, out);
}

static enum hf_rc take_matter(struct hf_hub *hub, const void *record)
{
    const struct kept_matter *kept = record;
    struct hf_str first = hf_str_c(kept->first);
    bool approval = kept->kind == HF_OUTBOX_APPROVAL;
    struct hf_outbox_matter as = {.kind = kept->kind,
                                  .since_us = kept->since_us,
                                  .expires_us = kept->expires_us,
                                  .pause = {kept->paused_until_us, kept->paused_us}};
    if (kept->kind == HF_OUTBOX_PROBE || first.len == 0 || kept->name[0] == '\0' ||
        hf_outbox_matter_find(&hub->outbox, kept->kind, first, hf_str_c(kept->name)) != NULL) {
        return HF_EINVAL;
    }
    copy(as.name, kept->name);
    if (!approval) {
        copy(as.principal, kept->first);
    }
    as.tenant = hf_outbox_tenant_get(&hub->outbox, approval ? first : HF_STR(""));
    return as.tenant != NULL && hf_outbox_matter_add(&hub->outbox, &as) != NULL ? HF_OK : HF_ENOMEM;
}

const struct hf_memory_part hf_memory_matters = {'M', &matter_record, NULL, put_matters,
                                                 take_matter};

/* attempts */

#define ACKS_MAX ((1u << HF_EVENT_NOTIFICATION_SHOWN_WHAT_COUNT) - 1)

enum kept_end {
    KEPT_OPEN,
    KEPT_SENT,
    KEPT_DEAD,
};

struct kept_attempts {
    enum hf_outbox_kind kind;
    char first[NAME];
    char name[NAME];
    char principal[NAME];
    char contact[NAME];
    uint32_t acks;
    uint32_t attempts;
    enum kept_end end;
    int64_t next_us;
};

#define ATTEMPTS(member, kind) HF_RECORD_MEMBER(struct kept_attempts, member, kind)
static const struct hf_record_field attempts_fields[] = {
    HF_RECORD_ENUM(struct kept_attempts, acks, "acks", ACKS_MAX),
    HF_RECORD_ENUM(struct kept_attempts, attempts, "attempts", UINT32_MAX),
    ATTEMPTS(contact, HF_RECORD_TEXT),
    HF_RECORD_ENUM(struct kept_attempts, end, "end", KEPT_DEAD),
    ATTEMPTS(first, HF_RECORD_TEXT),
    HF_RECORD_ENUM(struct kept_attempts, kind, "kind", HF_OUTBOX_LOST),
    ATTEMPTS(name, HF_RECORD_TEXT),
    ATTEMPTS(next_us, HF_RECORD_I64),
    ATTEMPTS(principal, HF_RECORD_TEXT),
};
static const struct hf_record attempts_record = {sizeof(struct kept_attempts),
                                                 FIELDS(attempts_fields)};

static int compare(const struct hf_outbox_send *a, const struct hf_outbox_send *b)
{
    int order = strcmp(a->contact->person->principal->name, b->contact->person->principal->name);
    return order != 0 ? order : strcmp(a->contact->life.name, b->contact->life.name);
}

/* By name: the order in which they are made depends on the clock. NULL: there is none behind. */
static const struct hf_outbox_send *behind(const struct hf_outbox_matter *m,
                                           const struct hf_outbox_send *last)
{
    const struct hf_outbox_send *next = NULL;
    HF_QUEUE_FOREACH (node, &m->sends) {
        const struct hf_outbox_send *send = HF_CONTAINER_OF(node, struct hf_outbox_send, of_matter);
        bool tried = send->life.attempts > 0 || send->acks != 0;
        if (tried && (last == NULL || compare(send, last) > 0) &&
            (next == NULL || compare(send, next) < 0)) {
            next = send;
        }
    }
    return next;
}

static void put_tried(const struct hf_queue *matters, struct hf_memory_out *out)
{
    HF_QUEUE_FOREACH (node, matters) {
        const struct hf_outbox_matter *m = HF_CONTAINER_OF(node, struct hf_outbox_matter, order);
        const struct hf_outbox_send *send = m->kind == HF_OUTBOX_PROBE ? NULL : behind(m, NULL);
        for (; send != NULL; send = behind(m, send)) {
            int state = send->life.sm.state;
            struct kept_attempts kept = {
                .kind = m->kind,
                .acks = send->acks,
                .attempts = send->life.attempts,
                .end = state == HF_NOTICE_SENT ? KEPT_SENT
                                               : (state == HF_NOTICE_DEAD ? KEPT_DEAD : KEPT_OPEN),
                .next_us = send->life.next_us};
            copy(kept.first, first_of(m));
            copy(kept.name, m->name);
            copy(kept.principal, send->contact->person->principal->name);
            copy(kept.contact, send->contact->life.name);
            hf_memory_emit(out, &kept);
        }
    }
}

static void put_attempts(const struct hf_hub *hub, struct hf_memory_out *out)
{
    put_tried(&hub->outbox.approvals, out);
    put_tried(&hub->outbox.others, out);
}

static enum hf_rc take_attempts(struct hf_hub *hub, const void *record)
{
    static const int states[] = {[KEPT_OPEN] = HF_NOTICE_WAITING,
                                 [KEPT_SENT] = HF_NOTICE_SENT,
                                 [KEPT_DEAD] = HF_NOTICE_DEAD};
    const struct kept_attempts *kept = record;
    struct hf_outbox_matter *matter = hf_outbox_matter_find(
        &hub->outbox, kept->kind, hf_str_c(kept->first), hf_str_c(kept->name));
    struct hf_hub_contact *contact =
        hf_hub_contact_of(hf_hub_person_find(&hub->outbox.contacts, hf_str_c(kept->principal)),
                          hf_str_c(kept->contact));
    if (matter == NULL || contact == NULL || (kept->attempts == 0 && kept->acks == 0) ||
        hf_outbox_send_to(matter, contact) != NULL) {
        return HF_EINVAL;
    }
    struct hf_outbox_send *send = hf_outbox_send_get(matter, contact);
    if (send == NULL) {
        return HF_ENOMEM;
    }
    matter->begun = true;
    send->acks = kept->acks;
    if (kept->attempts == 0) { /* its device was quicker than the service's answer */
        return HF_OK;
    }
    send->life.attempts = kept->attempts;
    send->life.next_us = kept->next_us;
    send->life.until_us = kept->next_us;
    hf_sm_move(&send->life.sm, states[kept->end]);
    return HF_OK;
}

const struct hf_memory_part hf_memory_attempts = {'N', &attempts_record, NULL, put_attempts,
                                                  take_attempts};
