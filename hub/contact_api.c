/* hub/contact_api.c: calls about how somebody is reached: for themselves, and for admins. */
#include <stdio.h>

#include "base/base64.h"
#include "base/http/mail.h"
#include "hub/call.h"

static void put_time(struct hf_json_out *json, const char *key, int64_t time_us)
{
    if (time_us != 0) {
        hf_json_key(json, hf_str_c(key));
        hf_json_time_us(json, time_us);
    }
}

static void put_contact(struct hf_json_out *json, const struct hf_contact *contact)
{
    hf_json_object_begin(json);
    hf_json_key_str(json, "contact", hf_str_c(contact->name));
    hf_json_key_str(json, "channel", hf_str_c(hf_contact_channel_name(contact->channel)));
    hf_json_key_str(json, "hint", hf_str_c(contact->hint));
    hf_json_key(json, HF_STR("verified"));
    hf_json_bool(json, contact->verified);
    put_time(json, "added", contact->added_us);
    put_time(json, "tried", contact->tried_us);
    put_time(json, "reached", contact->reached_us);
    put_time(json, "failing_since", contact->failing_since_us);
    hf_json_object_end(json);
}

/* Whose contacts the path names, if the caller may see and change them; else it is answered. */
static const struct hf_hub_principal *whose(struct hf_hub_call *call)
{
    struct hf_str name = hf_call_param(call, 0);
    const struct hf_principal *by = &call->principal->life;
    if (!hf_str_eq(hf_str_c(by->name), name) && by->role != HF_ROLE_ADMIN) {
        hf_call_problem(call, HF_PROBLEM_NOT_PERMITTED,
                        "How somebody is reached is their own business, and that of admins.");
        return NULL;
    }
    const struct hf_hub_principal *p = hf_hub_principal_find(&call->hub->principals, name);
    if (p == NULL || p->life.version == 0) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "There is no principal of this name.");
        return NULL;
    }
    return p;
}

static struct hf_hub_person *person_of(const struct hf_hub_call *call)
{
    return hf_hub_person_find(&call->hub->outbox.contacts, hf_call_param(call, 0));
}

static struct hf_hub_contact *named(struct hf_hub_call *call)
{
    struct hf_hub_contact *contact = hf_hub_contact_of(person_of(call), hf_call_param(call, 1));
    if (contact == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "There is no contact of this name.");
    }
    return contact;
}

/* answers */

void hf_serve_contacts_list(struct hf_hub_call *call)
{
    struct hf_json_out json;
    if (whose(call) == NULL) {
        return;
    }
    const struct hf_hub_person *person = person_of(call);
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", call->hub->as_of);
    hf_json_key(&json, HF_STR("contacts"));
    hf_json_array_begin(&json);
    for (unsigned i = 0; person != NULL && i < person->count; i++) {
        put_contact(&json, &person->of[i]->life);
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

/* The name is in the path, or in the body where the contact is new. */
static struct hf_str name_of(const struct hf_hub_call *call)
{
    return call->op->status == 201 ? call->in.contact_add.contact : hf_call_param(call, 1);
}

static void answer_removed(struct hf_hub_call *call)
{
    struct hf_json_out json;
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "contact", hf_call_param(call, 1));
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

void hf_call_answer_contact(struct hf_hub_call *call)
{
    struct hf_json_out json;
    if (call->exchange == NULL) { /* and with it the path's text */
        return;
    }
    if (strcmp(call->op->method, "DELETE") == 0) {
        answer_removed(call);
        return;
    }
    const struct hf_hub_contact *contact = hf_hub_contact_of(person_of(call), name_of(call));
    if (contact == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "The contact was removed meanwhile.");
        return;
    }
    hf_json_init(&json, &call->scratch);
    put_contact(&json, &contact->life);
    hf_call_answer(call, call->op->status, &call->scratch);
}

/* commands */

static void post(struct hf_hub_call *call, const char *type, uint32_t version,
                 struct hf_bytes payload)
{
    char stream[sizeof HF_CONTACT_STREAM + HF_PRINCIPAL_NAME_MAX];
    const struct hf_hub_person *person = person_of(call);
    (void)snprintf(stream, sizeof stream, HF_CONTACT_STREAM "%.*s",
                   HF_STR_ARG(hf_call_param(call, 0)));
    const struct hf_hub_event event = {.type = type,
                                       .schema_version = version,
                                       .stream = hf_str_c(stream),
                                       .payload = payload,
                                       .expects = true,
                                       .version = person == NULL ? 0 : person->version};
    hf_call_post(call, &event, hf_call_answer_contact);
}

static bool unbase64(struct hf_str text, uint8_t *out, size_t len)
{
    size_t got = 0;
    return hf_base64url_decode(text, out, len, &got) == HF_OK && got == len;
}

static enum hf_rc take_device(const struct hf_hub_call *call, struct hf_contact_where *where,
                              char hint[HF_CONTACT_HINT_MAX + 1], struct hf_err *err)
{
    const struct hf_api_contact_add *in = &call->in.contact_add;
    struct hf_str origin;
    where->channel = HF_CONTACT_PUSH;
    if (!in->has_p256dh || !in->has_auth || in->has_address) {
        return hf_err_set(err, HF_EINVAL,
                          "a device has endpoint, p256dh and auth, all three, and no address");
    }
    enum hf_rc rc = hf_origin_of(in->endpoint, &origin, err);
    bool secure = hf_str_starts(in->endpoint, HF_STR("https://"));
    if (rc != HF_OK || (!secure && !call->hub->push_anywhere)) {
        return hf_err_set(err, HF_EINVAL, "endpoint: must be a URL of the form https://HOST/PATH");
    }
    for (size_t i = 0; i < in->endpoint.len; i++) {
        if (in->endpoint.ptr[i] <= 0x20 || in->endpoint.ptr[i] >= 0x7F) {
            return hf_err_set(err, HF_EINVAL, "endpoint: has a character that no URL has");
        }
    }
    if (!unbase64(in->p256dh, where->keys.p256dh, sizeof where->keys.p256dh) ||
        !hf_p256_public_ok(hf_bytes_of(where->keys.p256dh, sizeof where->keys.p256dh))) {
        return hf_err_set(err, HF_EINVAL, "p256dh: is no public key on P-256, as base64url");
    }
    if (!unbase64(in->auth, where->keys.auth, sizeof where->keys.auth)) {
        return hf_err_set(err, HF_EINVAL, "auth: is not 16 bytes, as base64url");
    }
    size_t scheme = secure ? sizeof "https://" - 1 : sizeof "http://" - 1;
    (void)snprintf(where->place, sizeof where->place, "%.*s", HF_STR_ARG(in->endpoint));
    (void)snprintf(hint, HF_CONTACT_HINT_MAX + 1, "%.*s", (int)(origin.len - scheme),
                   origin.ptr + scheme);
    return HF_OK;
}

/* Of a mailbox its first letter and its domain are shown. */
static enum hf_rc take_mailbox(const struct hf_hub_call *call, struct hf_contact_where *where,
                               char hint[HF_CONTACT_HINT_MAX + 1], struct hf_err *err)
{
    const struct hf_api_contact_add *in = &call->in.contact_add;
    where->channel = HF_CONTACT_MAIL;
    if (!in->has_address || in->has_p256dh || in->has_auth) {
        return hf_err_set(err, HF_EINVAL,
                          "give endpoint, p256dh and auth of a device, or the address of a "
                          "mailbox");
    }
    if (!hf_mail_address_ok(in->address)) {
        return hf_err_set(err, HF_EINVAL, "address: must be of the form NAME@DOMAIN");
    }
    const char *at = memchr(in->address.ptr, '@', in->address.len);
    (void)snprintf(where->place, sizeof where->place, "%.*s", HF_STR_ARG(in->address));
    (void)snprintf(hint, HF_CONTACT_HINT_MAX + 1, "%c...%.*s", in->address.ptr[0],
                   (int)(in->address.len - (size_t)(at - in->address.ptr)), at);
    return HF_OK;
}

static enum hf_rc may_add(const struct hf_hub_call *call, const struct hf_hub_principal *owner,
                          const struct hf_contact_where *where, struct hf_hash *ret_fingerprint,
                          struct hf_err *err)
{
    struct hf_contact wish = {.channel = where->channel};
    const struct hf_contact *known[HF_CONTACTS_MAX];
    const struct hf_hub_person *person = person_of(call);
    unsigned count = person == NULL ? 0 : person->count;
    if (owner->life.revoked) {
        return hf_err_set(err, HF_EINVAL, "the principal is revoked");
    }
    for (unsigned i = 0; i < count; i++) {
        known[i] = &person->of[i]->life;
    }
    (void)snprintf(wish.name, sizeof wish.name, "%.*s", HF_STR_ARG(call->in.contact_add.contact));
    hf_contact_fingerprint(&call->hub->contact_box.key, where->channel, hf_str_c(where->place),
                           &wish.fingerprint);
    *ret_fingerprint = wish.fingerprint;
    return hf_contact_may_add(known, count, &wish, err);
}

void hf_serve_contact_add(struct hf_hub_call *call)
{
    const struct hf_api_contact_add *in = &call->in.contact_add;
    struct hf_contact_where where = {.channel = HF_CONTACT_PUSH};
    struct hf_hash fingerprint;
    struct hf_err err = {0};
    char hint[HF_CONTACT_HINT_MAX + 1];
    uint8_t sealed[HF_CONTACT_SEALED_MAX];
    struct hf_writer s = hf_writer_init(sealed, sizeof sealed);
    const struct hf_hub_principal *owner = whose(call);
    if (owner == NULL) {
        return;
    }
    enum hf_rc rc = in->has_endpoint ? take_device(call, &where, hint, &err)
                                     : take_mailbox(call, &where, hint, &err);
    if (rc == HF_OK) {
        rc = may_add(call, owner, &where, &fingerprint, &err);
    }
    if (rc == HF_OK && !hf_contact_seal(&call->hub->contact_box, hf_loop_env(call->hub->loop),
                                        hf_str_c(owner->life.name), in->contact, &where, &s)) {
        rc = hf_err_set(&err, HF_EINVAL, "endpoint: is too long");
    }
    enum hf_contact_channel channel = where.channel;
    hf_wipe(&where, sizeof where);
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    const struct hf_event_contact_added event = {
        .principal = hf_str_c(owner->life.name),
        .contact = in->contact,
        .channel = (enum hf_event_contact_added_channel)channel,
        .sealed = hf_writer_done(&s),
        .fingerprint = hf_bytes_of(fingerprint.b, HF_HASH_SIZE),
        .hint = hf_str_c(hint)};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_contact_added_encode(&event, &w);
    post(call, HF_EVENT_CONTACT_ADDED_NAME, HF_EVENT_CONTACT_ADDED_VERSION, hf_writer_done(&w));
}

void hf_serve_contact_verify(struct hf_hub_call *call)
{
    char code[HF_CONTACT_CODE_SIZE];
    struct hf_err err = {0};
    const struct hf_hub_contact *contact = whose(call) == NULL ? NULL : named(call);
    if (contact == NULL) {
        return;
    }
    const struct hf_event_contact_verified event = {.principal = hf_call_param(call, 0),
                                                    .contact = hf_str_c(contact->life.name)};
    hf_contact_code(&call->hub->contact_box.key, event.principal, &contact->life, code);
    enum hf_rc rc = hf_contact_may_verify(&contact->life, code, call->in.contact_verify.code,
                                          hf_env_wall_us(hf_loop_env(call->hub->loop)), &err);
    hf_wipe(code, sizeof code);
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_contact_verified_encode(&event, &w);
    post(call, HF_EVENT_CONTACT_VERIFIED_NAME, HF_EVENT_CONTACT_VERIFIED_VERSION,
         hf_writer_done(&w));
}

void hf_serve_contact_remove(struct hf_hub_call *call)
{
    const struct hf_hub_contact *contact = whose(call) == NULL ? NULL : named(call);
    if (contact == NULL) {
        return;
    }
    const struct hf_event_contact_removed event = {.principal = hf_call_param(call, 0),
                                                   .contact = hf_str_c(contact->life.name),
                                                   .reason =
                                                       HF_EVENT_CONTACT_REMOVED_REASON_REQUESTED};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_contact_removed_encode(&event, &w);
    post(call, HF_EVENT_CONTACT_REMOVED_NAME, HF_EVENT_CONTACT_REMOVED_VERSION, hf_writer_done(&w));
}

void hf_serve_push_key(struct hf_hub_call *call)
{
    struct hf_json_out json;
    char text[HF_BASE64_LEN(HF_P256_PUBLIC) + 1];
    if (call->hub->contact_box.vapid == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "This Hub has no key of VAPID.");
        return;
    }
    hf_base64url_encode(hf_p256_key_public(call->hub->contact_box.vapid), text);
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "public_key", hf_str_c(text));
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}
