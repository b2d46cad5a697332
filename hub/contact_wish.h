/* hub/contact_wish.h: a new way to reach somebody, as the API and the pages take it: checked, and
 * made into the event that adds it; how a person's contacts change.
 *
 * Threads: the loop's.
 */
#ifndef HF_HUB_CONTACT_WISH_H
#define HF_HUB_CONTACT_WISH_H

#include "hub/call.h"

/* Of a device endpoint, p256dh and auth (what a browser's PushSubscription has, the keys in
 * base64url); of a mailbox its address. What is not given is empty. Borrows. */
struct hf_contact_wish {
    struct hf_str contact; /* its name */
    struct hf_str endpoint;
    struct hf_str p256dh;
    struct hf_str auth;
    struct hf_str address;
};

/* Writes the payload of contact.added. HF_EINVAL: it makes no sense, or there are too many.
 * HF_EEXIST: the name is taken, or it is known already. */
enum hf_rc hf_contact_wish_event(struct hf_hub *hub, const struct hf_principal *owner,
                                 const struct hf_contact_wish *wish, struct hf_writer *w,
                                 struct hf_err *err);

/* Appends an event to the contacts of a principal, in the name of the call's principal, expecting
 * them as they are now. */
void hf_contact_post(struct hf_hub_call *call, struct hf_str principal,
                     const struct hf_hub_event *event, void (*posted)(struct hf_hub_call *call));
/* The payload of contact.removed, on request, and its posting. */
void hf_contact_post_removed(struct hf_hub_call *call, struct hf_str principal,
                             const struct hf_hub_contact *contact,
                             void (*posted)(struct hf_hub_call *call));

#endif
