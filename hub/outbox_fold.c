/* hub/outbox_fold.c: what entries of the log mean for what people have to be told. */
#include "base/assert.h"
#include "hub/outbox_matter.h"

#define LOST_US (INT64_C(86400) * 1000000)

static void keep(char *to, size_t size, struct hf_str text)
{
    HF_ASSERT(text.len < size); /* the schema's bound */
    memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
}

static enum hf_rc no_memory(struct hf_err *err)
{
    return hf_err_set(err, HF_ENOMEM, "no memory for what people have to be told");
}

/* Nobody is woken for a test of the way. */
static enum hf_rc fold_routed(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                              struct hf_err *err)
{
    struct hf_event_approval_routed event;
    enum hf_rc rc = hf_event_approval_routed_decode(envelope->payload, &event, err);
    if (rc != HF_OK || event.probe ||
        hf_outbox_matter_find(outbox, HF_OUTBOX_APPROVAL, event.tenant, event.approval) != NULL) {
        return rc;
    }
    struct hf_outbox_matter as = {.kind = HF_OUTBOX_APPROVAL,
                                  .tenant = hf_outbox_tenant_get(outbox, event.tenant),
                                  .since_us = envelope->recorded_us,
                                  .expires_us = event.expires};
    keep(as.name, sizeof as.name, event.approval);
    struct hf_outbox_matter *matter = as.tenant == NULL ? NULL : hf_outbox_matter_add(outbox, &as);
    if (matter == NULL) {
        return no_memory(err);
    }
    hf_outbox_look(matter);
    return HF_OK;
}

static enum hf_rc fold_decided(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                               struct hf_err *err)
{
    struct hf_event_approval_decided event;
    enum hf_rc rc = hf_event_approval_decided_decode(envelope->payload, &event, err);
    struct hf_outbox_matter *matter =
        rc == HF_OK
            ? hf_outbox_matter_find(outbox, HF_OUTBOX_APPROVAL, event.tenant, event.approval)
            : NULL;
    if (matter != NULL) {
        hf_outbox_matter_drop(matter);
    }
    return rc;
}

/* Somebody who may answer looks at it: nobody else has to be woken just now. It is not written of
 * who asked for it themselves (hub/approval_answer.c), whom the log does not name. */
static enum hf_rc fold_seen(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                            struct hf_err *err)
{
    struct hf_event_approval_seen event;
    enum hf_rc rc = hf_event_approval_seen_decode(envelope->payload, &event, err);
    struct hf_outbox_matter *matter =
        rc == HF_OK
            ? hf_outbox_matter_find(outbox, HF_OUTBOX_APPROVAL, event.tenant, event.approval)
            : NULL;
    const struct hf_hub_principals *principals = outbox->contacts.principals;
    const struct hf_hub_principal *by =
        matter == NULL ? NULL : hf_hub_principal_find(principals, event.principal);
    if (by == NULL) {
        return rc;
    }
    if (hf_notice_is_for(&by->life, event.tenant, HF_STR(""), /* asker= */ NULL,
                         envelope->recorded_us)) {
        hf_notice_pause_see(&matter->pause, envelope->recorded_us);
        hf_outbox_look_again(matter);
    }
    return HF_OK;
}

static void drop_about(struct hf_outbox *outbox, enum hf_outbox_kind kind, struct hf_str principal,
                       struct hf_str contact)
{
    struct hf_outbox_matter *matter = hf_outbox_matter_find(outbox, kind, principal, contact);
    if (matter != NULL) {
        hf_outbox_matter_drop(matter);
    }
}

/* Nothing is sent to it any more. */
static void leave_contact(struct hf_outbox *outbox, struct hf_hub_contact *contact)
{
    struct hf_str principal = hf_str_c(contact->person->principal->name);
    drop_about(outbox, HF_OUTBOX_VERIFY, principal, hf_str_c(contact->life.name));
    drop_about(outbox, HF_OUTBOX_PROBE, principal, hf_str_c(contact->life.name));
    while (!hf_queue_empty(&contact->sends)) {
        hf_outbox_send_drop(
            HF_CONTAINER_OF(contact->sends.next, struct hf_outbox_send, of_contact));
    }
}

static enum hf_rc fold_removed(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                               struct hf_err *err)
{
    struct hf_event_contact_removed event;
    enum hf_rc rc = hf_event_contact_removed_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_hub_contact *contact =
        hf_hub_contact_of(hf_hub_person_find(&outbox->contacts, event.principal), event.contact);
    if (contact != NULL) {
        leave_contact(outbox, contact);
    }
    rc = hf_hub_contacts_fold(&outbox->contacts, envelope, err);
    if (rc == HF_OK && contact != NULL &&
        event.reason != HF_EVENT_CONTACT_REMOVED_REASON_REQUESTED) {
        const struct hf_outbox_matter as = {.kind = HF_OUTBOX_LOST,
                                            .since_us = envelope->recorded_us,
                                            .expires_us = envelope->recorded_us + LOST_US};
        drop_about(outbox, HF_OUTBOX_LOST, event.principal, event.contact);
        rc = hf_outbox_about(outbox, &as, event.principal, event.contact, err);
    }
    return rc;
}

/* A new way to somebody: what waits may go it. */
static enum hf_rc fold_better(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                              struct hf_err *err)
{
    struct hf_event_contact_added added;
    struct hf_event_contact_verified verified;
    enum hf_rc rc = hf_hub_contacts_fold(&outbox->contacts, envelope, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_CONTACT_ADDED_NAME))) {
        const struct hf_outbox_matter as = {.kind = HF_OUTBOX_VERIFY,
                                            .since_us = envelope->recorded_us,
                                            .expires_us =
                                                envelope->recorded_us + HF_CONTACT_VERIFY_US};
        rc = hf_event_contact_added_decode(envelope->payload, &added, err);
        if (rc == HF_OK) {
            rc = hf_outbox_about(outbox, &as, added.principal, added.contact, err);
        }
    } else {
        rc = hf_event_contact_verified_decode(envelope->payload, &verified, err);
        if (rc == HF_OK) {
            drop_about(outbox, HF_OUTBOX_VERIFY, verified.principal, verified.contact);
        }
    }
    hf_outbox_look_all(outbox);
    return rc;
}

static enum hf_rc fold_attempted(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                                 struct hf_err *err)
{
    struct hf_event_notification_attempted event;
    enum hf_rc rc = hf_event_notification_attempted_decode(envelope->payload, &event, err);
    if (rc == HF_OK) {
        rc = hf_hub_contacts_fold(&outbox->contacts, envelope, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    outbox->attempts[event.channel][event.outcome] += outbox->running ? 1 : 0;
    struct hf_hub_contact *contact =
        hf_hub_contact_of(hf_hub_person_find(&outbox->contacts, event.principal), event.contact);
    struct hf_outbox_matter *matter = hf_outbox_matter_of(outbox, &event);
    if (matter == NULL || contact == NULL) {
        return HF_OK;
    }
    struct hf_outbox_send *send = hf_outbox_send_get(matter, contact);
    if (send == NULL) {
        return no_memory(err);
    }
    matter->begun = true;
    hf_notice_fold(&send->life, &event);
    if (event.dead) { /* the next rung may begin */
        hf_outbox_look_again(matter);
    } else {
        hf_outbox_look(matter);
    }
    return HF_OK;
}

static enum hf_rc fold_shown(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                             struct hf_err *err)
{
    struct hf_event_notification_shown event;
    enum hf_rc rc = hf_event_notification_shown_decode(envelope->payload, &event, err);
    if (rc == HF_OK) {
        rc = hf_hub_contacts_fold(&outbox->contacts, envelope, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_event_notification_attempted about = {
        .principal = event.principal,
        .contact = event.contact,
        .kind = (enum hf_event_notification_attempted_kind)event.kind,
        .has_tenant = event.has_tenant,
        .tenant = event.tenant,
        .has_approval = event.has_approval,
        .approval = event.approval,
        .has_subject = event.has_subject,
        .subject = event.subject};
    struct hf_hub_contact *contact =
        hf_hub_contact_of(hf_hub_person_find(&outbox->contacts, event.principal), event.contact);
    struct hf_outbox_matter *matter = hf_outbox_matter_of(outbox, &about);
    struct hf_outbox_send *send =
        matter == NULL || contact == NULL ? NULL : hf_outbox_send_get(matter, contact);
    if (send == NULL) {
        return matter == NULL || contact == NULL ? HF_OK : no_memory(err);
    }
    send->acks |= 1u << event.what;
    hf_outbox_look(matter);
    return HF_OK;
}

static enum hf_rc fold_revoked(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                               struct hf_err *err)
{
    struct hf_event_principal_revoked event;
    enum hf_rc rc = hf_event_principal_revoked_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_hub_person *person = hf_hub_person_find(&outbox->contacts, event.principal);
    for (unsigned i = 0; person != NULL && i < person->count; i++) {
        leave_contact(outbox, person->of[i]);
    }
    rc = hf_hub_contacts_fold(&outbox->contacts, envelope, err);
    if (person != NULL) {
        hf_outbox_look_all(outbox); /* the next person may be due */
    }
    return rc;
}

/* By the log's time, so that a replay ends with the same. Probes go by the clock. */
static void forget_old(struct hf_outbox *outbox, int64_t now_us)
{
    HF_QUEUE_FOREACH_SAFE (node, &outbox->others) {
        struct hf_outbox_matter *m = HF_CONTAINER_OF(node, struct hf_outbox_matter, order);
        if (m->kind != HF_OUTBOX_PROBE && m->expires_us <= now_us) {
            hf_outbox_matter_drop(m);
        }
    }
}

enum hf_rc hf_outbox_fold(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                          struct hf_err *err)
{
    static const struct {
        const char *type;
        enum hf_rc (*fold)(struct hf_outbox *outbox, const struct hf_envelope *envelope,
                           struct hf_err *err);
    } table[] = {
        {HF_EVENT_APPROVAL_ROUTED_NAME, fold_routed},
        {HF_EVENT_APPROVAL_DECIDED_NAME, fold_decided},
        {HF_EVENT_APPROVAL_SEEN_NAME, fold_seen},
        {HF_EVENT_CONTACT_ADDED_NAME, fold_better},
        {HF_EVENT_CONTACT_VERIFIED_NAME, fold_better},
        {HF_EVENT_CONTACT_REMOVED_NAME, fold_removed},
        {HF_EVENT_NOTIFICATION_ATTEMPTED_NAME, fold_attempted},
        {HF_EVENT_NOTIFICATION_SHOWN_NAME, fold_shown},
        {HF_EVENT_PRINCIPAL_REVOKED_NAME, fold_revoked},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        if (hf_str_eq(envelope->type, hf_str_c(table[i].type))) {
            forget_old(outbox, envelope->recorded_us);
            return table[i].fold(outbox, envelope, err);
        }
    }
    return HF_OK;
}
