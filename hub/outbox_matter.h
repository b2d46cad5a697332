/* hub/outbox_matter.h: the inside of hub/outbox.h, which its files share and nobody else uses.
 * Matters, messages, turns. What is given is owned by the outbox.
 */
#ifndef HF_HUB_OUTBOX_MATTER_H
#define HF_HUB_OUTBOX_MATTER_H

#include "hub/outbox.h"

struct hf_outbox_tenant {
    char name[HF_TENANT_NAME_MAX + 1]; /* empty: of what is no tenant's */
    struct hf_queue ready;             /* sends */
    struct hf_queue turn;
    int64_t minute_us; /* when the minute began of which begun tells */
    unsigned begun;
    struct hf_map_node node;
    struct hf_queue order;
};

int64_t hf_outbox_now(const struct hf_outbox *outbox);

/* The one there is, or a new one. NULL: no memory. */
struct hf_outbox_tenant *hf_outbox_tenant_get(struct hf_outbox *outbox, struct hf_str name);
/* It stands in its tenant's queue, or does not. */
void hf_outbox_send_ready(struct hf_outbox_send *send);
void hf_outbox_send_unready(struct hf_outbox_send *send);
/* A request begins to be told, if its tenant has not begun too many in this minute; else gives when
 * to look again. */
bool hf_outbox_matter_begin(struct hf_outbox_matter *matter, int64_t now, int64_t *ret_again);

/* NULL: there is none. */
struct hf_outbox_send *hf_outbox_send_to(const struct hf_outbox_matter *matter,
                                         const struct hf_hub_contact *contact);
/* The one there is, or a new one; NULL: no memory, and it is looked at again later. */
struct hf_outbox_send *hf_outbox_send_get(struct hf_outbox_matter *matter,
                                          struct hf_hub_contact *contact);
void hf_outbox_send_drop(struct hf_outbox_send *send);

/* first: the tenant of an approval, else the principal; second: the approval, else the contact. */
struct hf_outbox_matter *hf_outbox_matter_find(const struct hf_outbox *outbox,
                                               enum hf_outbox_kind kind, struct hf_str first,
                                               struct hf_str second);
/* The one that an attempt is of. */
struct hf_outbox_matter *hf_outbox_matter_of(const struct hf_outbox *outbox,
                                             const struct hf_event_notification_attempted *event);
/* NULL: no memory. `as` has kind, principal or tenant, name and times. */
struct hf_outbox_matter *hf_outbox_matter_add(struct hf_outbox *outbox,
                                              const struct hf_outbox_matter *as);
void hf_outbox_matter_drop(struct hf_outbox_matter *matter);
/* Adds one about a contact, unless there is one of the kind. HF_ENOMEM. */
enum hf_rc hf_outbox_about(struct hf_outbox *outbox, const struct hf_outbox_matter *as,
                           struct hf_str principal, struct hf_str contact, struct hf_err *err);

/* What is to be done about it now, and when again. May drop it. */
void hf_outbox_look(struct hf_outbox_matter *matter);
/* The same when it may be for others than before. */
void hf_outbox_look_again(struct hf_outbox_matter *matter);
void hf_outbox_look_all(struct hf_outbox *outbox);

#endif
