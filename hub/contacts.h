/* hub/contacts.h: everybody who can be reached, and how. A fold of the region's log, in memory.
 *
 * People are found by name, and in the order in which they became reachable among those of one
 * tenant and among those of none. Threads: the loop's.
 */
#ifndef HF_HUB_CONTACTS_H
#define HF_HUB_CONTACTS_H

#include "commands/contact.h"
#include "hub/principals.h"

struct hf_hub_person;

struct hf_hub_contact {
    struct hf_contact life;
    struct hf_hub_person *person;
    struct hf_queue sends; /* the outbox's, to it */
};

struct hf_hub_person {
    const struct hf_principal *principal; /* never freed before the contacts are */
    uint64_t version;                     /* of the stream */
    unsigned count;
    struct hf_hub_contact *of[HF_CONTACTS_MAX];
    struct hf_map_node by_name;
    struct hf_queue order; /* among those of its tenant, or of none */
};

struct hf_hub_contact_tenant;

struct hf_hub_contacts {
    const struct hf_hub_principals *principals;
    struct hf_map by_name;
    struct hf_map by_tenant;
    struct hf_queue unbound; /* people */
    struct hf_queue tenants;
};

/* Borrows principals. HF_ENOMEM. */
enum hf_rc hf_hub_contacts_init(struct hf_hub_contacts *contacts, struct hf_env *env,
                                const struct hf_hub_principals *principals);
/* Also for one whose init failed, or of zeroes. */
void hf_hub_contacts_fini(struct hf_hub_contacts *contacts);
/* Takes contact.*, notification.* and principal.revoked; others are let go. What is removed
 * must have no sends. HF_ENOMEM, HF_ECORRUPT. */
enum hf_rc hf_hub_contacts_fold(struct hf_hub_contacts *contacts,
                                const struct hf_envelope *envelope, struct hf_err *err);

/* NULL: nobody of this name can be reached, or ever could. */
struct hf_hub_person *hf_hub_person_find(const struct hf_hub_contacts *contacts,
                                         struct hf_str principal);
struct hf_hub_contact *hf_hub_contact_of(const struct hf_hub_person *person, struct hf_str name);

/* People in the order in which they are told of what a tenant asks: its own, then those of none.
 * NULL at the end; `person` NULL: the first. */
struct hf_hub_person *hf_hub_person_next(const struct hf_hub_contacts *contacts,
                                         struct hf_str tenant, const struct hf_hub_person *person);

/* Everybody who is or was reachable, those of no tenant first; every contact that there is. */
void hf_hub_people_each(const struct hf_hub_contacts *contacts,
                        void (*take)(void *arg, struct hf_hub_person *person), void *arg);
void hf_hub_contacts_each(const struct hf_hub_contacts *contacts,
                          void (*take)(void *arg, struct hf_hub_contact *contact), void *arg);

/* Out of a snapshot, in the order in which they were given. HF_EINVAL: there is no such principal,
 * or it is there already. HF_ENOMEM. */
enum hf_rc hf_hub_person_restore(struct hf_hub_contacts *contacts, struct hf_str principal,
                                 uint64_t version);
enum hf_rc hf_hub_contact_restore(struct hf_hub_contacts *contacts, struct hf_str principal,
                                  const struct hf_contact *life);

#endif
