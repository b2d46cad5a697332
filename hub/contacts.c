/* hub/contacts.c: everybody who can be reached, found by name and by tenant. */
#include "hub/contacts.h"

#include "base/assert.h"
#include "base/heap.h"

struct hf_hub_contact_tenant {
    char name[HF_TENANT_NAME_MAX + 1];
    struct hf_queue people;
    struct hf_map_node node;
    struct hf_queue order;
};

enum hf_rc hf_hub_contacts_init(struct hf_hub_contacts *contacts, struct hf_env *env,
                                const struct hf_hub_principals *principals)
{
    contacts->principals = principals;
    hf_queue_init(&contacts->unbound);
    hf_queue_init(&contacts->tenants);
    enum hf_rc rc = hf_map_init(&contacts->by_name, env);
    return rc == HF_OK ? hf_map_init(&contacts->by_tenant, env) : rc;
}

static void free_people(struct hf_queue *people)
{
    for (struct hf_queue *node; (node = hf_queue_pop(people)) != NULL;) {
        struct hf_hub_person *person = HF_CONTAINER_OF(node, struct hf_hub_person, order);
        for (unsigned i = 0; i < person->count; i++) {
            hf_heap_free(person->of[i]);
        }
        hf_heap_free(person);
    }
}

void hf_hub_contacts_fini(struct hf_hub_contacts *contacts)
{
    if (contacts->unbound.next != NULL) {
        free_people(&contacts->unbound);
        for (struct hf_queue *node; (node = hf_queue_pop(&contacts->tenants)) != NULL;) {
            struct hf_hub_contact_tenant *t =
                HF_CONTAINER_OF(node, struct hf_hub_contact_tenant, order);
            free_people(&t->people);
            hf_heap_free(t);
        }
    }
    hf_map_fini(&contacts->by_name);
    hf_map_fini(&contacts->by_tenant);
}

/* finding */

struct hf_hub_person *hf_hub_person_find(const struct hf_hub_contacts *contacts,
                                         struct hf_str principal)
{
    for (struct hf_map_node *n = hf_map_first(&contacts->by_name, hf_str_bytes(principal));
         n != NULL; n = hf_map_next(n)) {
        struct hf_hub_person *person = HF_CONTAINER_OF(n, struct hf_hub_person, by_name);
        if (hf_str_eq(hf_str_c(person->principal->name), principal)) {
            return person;
        }
    }
    return NULL;
}

struct hf_hub_contact *hf_hub_contact_of(const struct hf_hub_person *person, struct hf_str name)
{
    for (unsigned i = 0; person != NULL && i < person->count; i++) {
        if (hf_str_eq(hf_str_c(person->of[i]->life.name), name)) {
            return person->of[i];
        }
    }
    return NULL;
}

static struct hf_hub_contact_tenant *find_tenant(const struct hf_hub_contacts *contacts,
                                                 struct hf_str name)
{
    for (struct hf_map_node *n = hf_map_first(&contacts->by_tenant, hf_str_bytes(name)); n != NULL;
         n = hf_map_next(n)) {
        struct hf_hub_contact_tenant *t = HF_CONTAINER_OF(n, struct hf_hub_contact_tenant, node);
        if (hf_str_eq(hf_str_c(t->name), name)) {
            return t;
        }
    }
    return NULL;
}

static struct hf_hub_person *behind(const struct hf_queue *people, const struct hf_queue *node)
{
    return node->next == people ? NULL : HF_CONTAINER_OF(node->next, struct hf_hub_person, order);
}

struct hf_hub_person *hf_hub_person_next(const struct hf_hub_contacts *contacts,
                                         struct hf_str tenant, const struct hf_hub_person *person)
{
    const struct hf_hub_contact_tenant *t = find_tenant(contacts, tenant);
    const struct hf_queue *unbound = &contacts->unbound;
    if (person != NULL && person->principal->tenant[0] == '\0') {
        return behind(unbound, &person->order);
    }
    struct hf_hub_person *own =
        t == NULL ? NULL : behind(&t->people, person == NULL ? &t->people : &person->order);
    return own != NULL ? own : behind(unbound, unbound);
}

static void each_of(const struct hf_queue *people,
                    void (*take)(void *arg, struct hf_hub_person *person), void *arg)
{
    HF_QUEUE_FOREACH (node, people) {
        take(arg, HF_CONTAINER_OF(node, struct hf_hub_person, order));
    }
}

void hf_hub_people_each(const struct hf_hub_contacts *contacts,
                        void (*take)(void *arg, struct hf_hub_person *person), void *arg)
{
    each_of(&contacts->unbound, take, arg);
    HF_QUEUE_FOREACH (node, &contacts->tenants) {
        each_of(&HF_CONTAINER_OF(node, struct hf_hub_contact_tenant, order)->people, take, arg);
    }
}

struct each {
    void (*take)(void *arg, struct hf_hub_contact *contact);
    void *arg;
};

static void each_contact(void *arg, struct hf_hub_person *person)
{
    const struct each *each = arg;
    for (unsigned i = 0; i < person->count; i++) {
        each->take(each->arg, person->of[i]);
    }
}

void hf_hub_contacts_each(const struct hf_hub_contacts *contacts,
                          void (*take)(void *arg, struct hf_hub_contact *contact), void *arg)
{
    struct each each = {take, arg};
    hf_hub_people_each(contacts, each_contact, &each);
}

/* folding */

static struct hf_queue *people_of(struct hf_hub_contacts *contacts, struct hf_str tenant)
{
    if (tenant.len == 0) {
        return &contacts->unbound;
    }
    struct hf_hub_contact_tenant *t = find_tenant(contacts, tenant);
    if (t == NULL && (t = hf_heap_zalloc(1, sizeof *t)) != NULL) {
        memcpy(t->name, tenant.ptr, tenant.len);
        hf_queue_init(&t->people);
        hf_queue_push(&contacts->tenants, &t->order);
        hf_map_insert(&contacts->by_tenant, hf_str_bytes(tenant), &t->node);
    }
    return t == NULL ? NULL : &t->people;
}

/* *ret_person NULL: there is no such principal, and the event is let go. */
static enum hf_rc get_person(struct hf_hub_contacts *contacts, struct hf_str name,
                             struct hf_hub_person **ret_person)
{
    *ret_person = hf_hub_person_find(contacts, name);
    const struct hf_hub_principal *p = hf_hub_principal_find(contacts->principals, name);
    if (*ret_person != NULL || p == NULL || p->life.version == 0) {
        return HF_OK;
    }
    struct hf_queue *people = people_of(contacts, hf_str_c(p->life.tenant));
    struct hf_hub_person *person = people == NULL ? NULL : hf_heap_zalloc(1, sizeof *person);
    if (person == NULL) {
        return HF_ENOMEM;
    }
    person->principal = &p->life;
    hf_queue_push(people, &person->order);
    hf_map_insert(&contacts->by_name, hf_str_bytes(name), &person->by_name);
    *ret_person = person;
    return HF_OK;
}

static void forget(struct hf_hub_person *person, struct hf_str name)
{
    for (unsigned i = 0; i < person->count; i++) {
        if (hf_str_eq(hf_str_c(person->of[i]->life.name), name)) {
            HF_ASSERT(hf_queue_empty(&person->of[i]->sends));
            hf_heap_free(person->of[i]);
            memmove(&person->of[i], &person->of[i + 1],
                    (--person->count - i) * sizeof(struct hf_hub_contact *));
            return;
        }
    }
}

static enum hf_rc fold_added(struct hf_hub_person *person, const struct hf_envelope *envelope,
                             struct hf_err *err)
{
    if (person->count == HF_CONTACTS_MAX) {
        return hf_err_set(err, HF_ECORRUPT, "a principal has too many contacts");
    }
    struct hf_hub_contact *contact = hf_heap_zalloc(1, sizeof *contact);
    if (contact == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a contact");
    }
    contact->person = person;
    hf_queue_init(&contact->sends);
    enum hf_rc rc = hf_contact_fold(&contact->life, envelope, err);
    if (rc == HF_OK) {
        person->of[person->count++] = contact;
    } else {
        hf_heap_free(contact);
    }
    return rc;
}

static enum hf_rc fold_known(struct hf_hub_person *person, const struct hf_envelope *envelope,
                             struct hf_err *err)
{
    struct hf_event_contact_verified verified;
    struct hf_event_contact_removed removed;
    struct hf_hub_contact *contact = NULL;
    enum hf_rc rc = HF_OK;
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_CONTACT_VERIFIED_NAME))) {
        rc = hf_event_contact_verified_decode(envelope->payload, &verified, err);
        contact = rc == HF_OK ? hf_hub_contact_of(person, verified.contact) : NULL;
        return contact == NULL ? rc : hf_contact_fold(&contact->life, envelope, err);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_CONTACT_REMOVED_NAME))) {
        rc = hf_event_contact_removed_decode(envelope->payload, &removed, err);
        if (rc == HF_OK) {
            forget(person, removed.contact);
        }
    }
    return rc;
}

/* What a contact's life takes of what happened to it; one that is gone takes nothing. */
static enum hf_rc fold_life(struct hf_hub_contacts *contacts, struct hf_str principal,
                            struct hf_str name, const struct hf_envelope *envelope,
                            struct hf_err *err)
{
    struct hf_hub_contact *contact =
        hf_hub_contact_of(hf_hub_person_find(contacts, principal), name);
    return contact == NULL ? HF_OK : hf_contact_fold(&contact->life, envelope, err);
}

static enum hf_rc fold_attempted(struct hf_hub_contacts *contacts,
                                 const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_notification_attempted event;
    enum hf_rc rc = hf_event_notification_attempted_decode(envelope->payload, &event, err);
    return rc == HF_OK ? fold_life(contacts, event.principal, event.contact, envelope, err) : rc;
}

static enum hf_rc fold_shown(struct hf_hub_contacts *contacts, const struct hf_envelope *envelope,
                             struct hf_err *err)
{
    struct hf_event_notification_shown event;
    enum hf_rc rc = hf_event_notification_shown_decode(envelope->payload, &event, err);
    return rc == HF_OK ? fold_life(contacts, event.principal, event.contact, envelope, err) : rc;
}

static enum hf_rc fold_revoked(struct hf_hub_contacts *contacts, struct hf_str name)
{
    struct hf_hub_person *person = hf_hub_person_find(contacts, name);
    while (person != NULL && person->count > 0) {
        forget(person, hf_str_c(person->of[person->count - 1]->life.name));
    }
    return HF_OK;
}

enum hf_rc hf_hub_contacts_fold(struct hf_hub_contacts *contacts,
                                const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_str stream = envelope->stream;
    struct hf_hub_person *person = NULL;
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_NOTIFICATION_ATTEMPTED_NAME))) {
        return fold_attempted(contacts, envelope, err);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_NOTIFICATION_SHOWN_NAME))) {
        return fold_shown(contacts, envelope, err);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_PRINCIPAL_REVOKED_NAME))) {
        size_t skip = sizeof "principal/" - 1;
        return fold_revoked(contacts, (struct hf_str){stream.ptr + skip, stream.len - skip});
    }
    if (!hf_str_starts(stream, HF_STR(HF_CONTACT_STREAM))) {
        return HF_OK;
    }
    size_t skip = sizeof HF_CONTACT_STREAM - 1;
    if (get_person(contacts, (struct hf_str){stream.ptr + skip, stream.len - skip}, &person) !=
        HF_OK) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a person who can be reached");
    }
    if (person == NULL) {
        return HF_OK;
    }
    person->version = envelope->version;
    return hf_str_eq(envelope->type, HF_STR(HF_EVENT_CONTACT_ADDED_NAME))
               ? fold_added(person, envelope, err)
               : fold_known(person, envelope, err);
}

/* restoring */

enum hf_rc hf_hub_person_restore(struct hf_hub_contacts *contacts, struct hf_str principal,
                                 uint64_t version)
{
    struct hf_hub_person *person = NULL;
    if (hf_hub_person_find(contacts, principal) != NULL) {
        return HF_EINVAL;
    }
    enum hf_rc rc = get_person(contacts, principal, &person);
    if (rc == HF_OK && person != NULL) {
        person->version = version;
    }
    return rc == HF_OK && person == NULL ? HF_EINVAL : rc;
}

enum hf_rc hf_hub_contact_restore(struct hf_hub_contacts *contacts, struct hf_str principal,
                                  const struct hf_contact *life)
{
    struct hf_hub_person *person = hf_hub_person_find(contacts, principal);
    if (person == NULL || person->count == HF_CONTACTS_MAX || life->name[0] == '\0' ||
        hf_hub_contact_of(person, hf_str_c(life->name)) != NULL) {
        return HF_EINVAL;
    }
    struct hf_hub_contact *contact = hf_heap_zalloc(1, sizeof *contact);
    if (contact == NULL) {
        return HF_ENOMEM;
    }
    contact->life = *life;
    contact->person = person;
    hf_queue_init(&contact->sends);
    person->of[person->count++] = contact;
    return HF_OK;
}
