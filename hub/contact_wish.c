/* hub/contact_wish.c: checks a new way to reach somebody, and seals it. */
#include "hub/contact_wish.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/http/mail.h"

static bool unbase64(struct hf_str text, uint8_t *out, size_t len)
{
    size_t got = 0;
    return hf_base64url_decode(text, out, len, &got) == HF_OK && got == len;
}

static enum hf_rc take_device(const struct hf_hub *hub, const struct hf_contact_wish *wish,
                              struct hf_contact_where *where, char hint[HF_CONTACT_HINT_MAX + 1],
                              struct hf_err *err)
{
    struct hf_str origin;
    where->channel = HF_CONTACT_PUSH;
    if (wish->p256dh.len == 0 || wish->auth.len == 0 || wish->address.len > 0) {
        return hf_err_set(err, HF_EINVAL,
                          "a device has endpoint, p256dh and auth, all three, and no address");
    }
    enum hf_rc rc = hf_origin_of(wish->endpoint, &origin, err);
    bool secure = hf_str_starts(wish->endpoint, HF_STR("https://"));
    if (rc != HF_OK || (!secure && !hub->push_anywhere)) {
        return hf_err_set(err, HF_EINVAL, "endpoint: must be a URL of the form https://HOST/PATH");
    }
    for (size_t i = 0; i < wish->endpoint.len; i++) {
        if (wish->endpoint.ptr[i] <= 0x20 || wish->endpoint.ptr[i] >= 0x7F) {
            return hf_err_set(err, HF_EINVAL, "endpoint: has a character that no URL has");
        }
    }
    if (!unbase64(wish->p256dh, where->keys.p256dh, sizeof where->keys.p256dh) ||
        !hf_p256_public_ok(hf_bytes_of(where->keys.p256dh, sizeof where->keys.p256dh))) {
        return hf_err_set(err, HF_EINVAL, "p256dh: is no public key on P-256, as base64url");
    }
    if (!unbase64(wish->auth, where->keys.auth, sizeof where->keys.auth)) {
        return hf_err_set(err, HF_EINVAL, "auth: is not 16 bytes, as base64url");
    }
    if (wish->endpoint.len >= sizeof where->place) {
        return hf_err_set(err, HF_EINVAL, "endpoint: is too long");
    }
    size_t scheme = secure ? sizeof "https://" - 1 : sizeof "http://" - 1;
    (void)snprintf(where->place, sizeof where->place, "%.*s", HF_STR_ARG(wish->endpoint));
    (void)snprintf(hint, HF_CONTACT_HINT_MAX + 1, "%.*s", (int)(origin.len - scheme),
                   origin.ptr + scheme);
    return HF_OK;
}

/* Of a mailbox its first letter and its domain are shown. */
static enum hf_rc take_mailbox(const struct hf_contact_wish *wish, struct hf_contact_where *where,
                               char hint[HF_CONTACT_HINT_MAX + 1], struct hf_err *err)
{
    where->channel = HF_CONTACT_MAIL;
    if (wish->address.len == 0 || wish->p256dh.len > 0 || wish->auth.len > 0) {
        return hf_err_set(err, HF_EINVAL,
                          "give endpoint, p256dh and auth of a device, or the address of a "
                          "mailbox");
    }
    if (!hf_mail_address_ok(wish->address)) {
        return hf_err_set(err, HF_EINVAL, "address: must be of the form NAME@DOMAIN");
    }
    const char *at = memchr(wish->address.ptr, '@', wish->address.len);
    (void)snprintf(where->place, sizeof where->place, "%.*s", HF_STR_ARG(wish->address));
    (void)snprintf(hint, HF_CONTACT_HINT_MAX + 1, "%c...%.*s", wish->address.ptr[0],
                   (int)(wish->address.len - (size_t)(at - wish->address.ptr)), at);
    return HF_OK;
}

static enum hf_rc may_add(const struct hf_hub *hub, const struct hf_principal *owner,
                          const struct hf_contact_wish *wish, const struct hf_contact_where *where,
                          struct hf_hash *ret_fingerprint, struct hf_err *err)
{
    struct hf_contact life = {.channel = where->channel};
    const struct hf_contact *known[HF_CONTACTS_MAX];
    const struct hf_hub_person *person =
        hf_hub_person_find(&hub->outbox.contacts, hf_str_c(owner->name));
    unsigned count = person == NULL ? 0 : person->count;
    if (owner->revoked) {
        return hf_err_set(err, HF_EINVAL, "the principal is revoked");
    }
    for (unsigned i = 0; i < count; i++) {
        known[i] = &person->of[i]->life;
    }
    (void)snprintf(life.name, sizeof life.name, "%.*s", HF_STR_ARG(wish->contact));
    hf_contact_fingerprint(&hub->contact_box.key, where->channel, hf_str_c(where->place),
                           &life.fingerprint);
    *ret_fingerprint = life.fingerprint;
    return hf_contact_may_add(known, count, &life, err);
}

enum hf_rc hf_contact_wish_event(struct hf_hub *hub, const struct hf_principal *owner,
                                 const struct hf_contact_wish *wish, struct hf_writer *w,
                                 struct hf_err *err)
{
    struct hf_contact_where where = {.channel = HF_CONTACT_PUSH};
    struct hf_hash fingerprint;
    char hint[HF_CONTACT_HINT_MAX + 1];
    uint8_t sealed[HF_CONTACT_SEALED_MAX];
    struct hf_writer s = hf_writer_init(sealed, sizeof sealed);
    enum hf_rc rc = wish->endpoint.len > 0 ? take_device(hub, wish, &where, hint, err)
                                           : take_mailbox(wish, &where, hint, err);
    if (rc == HF_OK) {
        rc = may_add(hub, owner, wish, &where, &fingerprint, err);
    }
    if (rc == HF_OK && !hf_contact_seal(&hub->contact_box, hf_loop_env(hub->loop),
                                        hf_str_c(owner->name), wish->contact, &where, &s)) {
        rc = hf_err_set(err, HF_EINVAL, "endpoint: is too long");
    }
    enum hf_contact_channel channel = where.channel;
    hf_wipe(&where, sizeof where);
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_event_contact_added event = {
        .principal = hf_str_c(owner->name),
        .contact = wish->contact,
        .channel = (enum hf_event_contact_added_channel)channel,
        .sealed = hf_writer_done(&s),
        .fingerprint = hf_bytes_of(fingerprint.b, HF_HASH_SIZE),
        .hint = hf_str_c(hint)};
    rc = hf_event_contact_added_check(&event, err);
    if (rc == HF_OK) {
        hf_event_contact_added_encode(&event, w);
    }
    return rc;
}

void hf_contact_post(struct hf_hub_call *call, struct hf_str principal,
                     const struct hf_hub_event *event, void (*posted)(struct hf_hub_call *call))
{
    char stream[sizeof HF_CONTACT_STREAM + HF_PRINCIPAL_NAME_MAX];
    struct hf_hub_event with = *event;
    const struct hf_hub_person *person = hf_hub_person_find(&call->hub->outbox.contacts, principal);
    (void)snprintf(stream, sizeof stream, HF_CONTACT_STREAM "%.*s", HF_STR_ARG(principal));
    with.stream = hf_str_c(stream);
    with.expects = true;
    with.version = person == NULL ? 0 : person->version;
    hf_call_post(call, &with, posted);
}

void hf_contact_post_removed(struct hf_hub_call *call, struct hf_str principal,
                             const struct hf_hub_contact *contact,
                             void (*posted)(struct hf_hub_call *call))
{
    const struct hf_event_contact_removed removed = {.principal = principal,
                                                     .contact = hf_str_c(contact->life.name),
                                                     .reason =
                                                         HF_EVENT_CONTACT_REMOVED_REASON_REQUESTED};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_contact_removed_encode(&removed, &w);
    const struct hf_hub_event event = {.type = HF_EVENT_CONTACT_REMOVED_NAME,
                                       .schema_version = HF_EVENT_CONTACT_REMOVED_VERSION,
                                       .payload = hf_writer_done(&w)};
    hf_contact_post(call, principal, &event, posted);
}
