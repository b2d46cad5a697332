/* hub/contact_box.h: what seals where people are reached, and what shows push services who we are.
 *
 * Two keys: one that seals contacts, made of a signature of the region's API-key key, so that it
 * needs no file of its own; and the key of VAPID, in DIR/push.key, sealed under the host key. A
 * token for a push service is made once in a while for each service, not for each message.
 * Threads: the loop's.
 */
#ifndef HF_HUB_CONTACT_BOX_H
#define HF_HUB_CONTACT_BOX_H

#include "base/vapid.h"
#include "base/web_push.h"
#include "commands/contact.h"
#include "log/store/disk.h"

#define HF_VAPID_TOKENS 16 /* push services at a time */

struct hf_vapid_token {
    char origin[HF_ORIGIN_MAX + 1];
    char value[HF_VAPID_VALUE_MAX + 1];
    int64_t until_us;
};

struct hf_contact_box {
    struct hf_secret key;
    struct hf_p256_key *vapid;
    struct hf_vapid_token *tokens; /* HF_VAPID_TOKENS */
    unsigned next;                 /* the one that is replaced */
};

struct hf_contact_box_conf {
    const char *dir;
    struct hf_disk *disk;
    struct hf_env *env;
    const struct hf_secret *host_key;
    const struct hf_signing_key *api_keys;
};

/* Makes push.key when it is not there. */
enum hf_rc hf_contact_box_open(const struct hf_contact_box_conf *conf, struct hf_contact_box *box,
                               struct hf_err *err);
/* Also for one of zeroes. */
void hf_contact_box_close(struct hf_contact_box *box);

/* Where a contact is. */
struct hf_contact_where {
    enum hf_contact_channel channel;
    struct hf_push_keys keys;                /* of a device */
    char place[HF_CONTACT_ENDPOINT_MAX + 1]; /* its URL; or the mailbox's address */
};

/* Writes what stands in the event; it is bound to whose contact it is. False: it is too long. */
bool hf_contact_seal(const struct hf_contact_box *box, struct hf_env *env, struct hf_str principal,
                     struct hf_str contact, const struct hf_contact_where *where,
                     struct hf_writer *w);
/* HF_EBADSIG: another region's, or altered. HF_ENOMEM. Wipe it after use. */
enum hf_rc hf_contact_unseal(const struct hf_contact_box *box, struct hf_str principal,
                             const struct hf_contact *contact, struct hf_contact_where *ret_where);

/* The value of Authorization for a push service; NUL-terminated, borrowed until the next call.
 * `contact` is whom it may write to. NULL: no memory. */
const char *hf_contact_box_token(struct hf_contact_box *box, struct hf_str url,
                                 struct hf_str contact, int64_t now_us);

#endif
