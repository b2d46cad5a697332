/* hub/contact_api.c: calls about how somebody is reached: for themselves, and for admins. */
#include "base/base64.h"
#include "hub/contact_wish.h"

/* What has not happened has no time. */
static void put_time(struct hf_json_out *json, const char *key, int64_t time_us)
{
    if (time_us != 0) {
        hf_json_key_time_us(json, key, time_us);
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
    put_time(json, "shown", contact->shown_us);
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

void hf_serve_contact_add(struct hf_hub_call *call)
{
    const struct hf_api_contact_add *in = &call->in.contact_add;
    const struct hf_contact_wish wish = {.contact = in->contact,
                                         .endpoint = in->has_endpoint ? in->endpoint : HF_STR(""),
                                         .p256dh = in->has_p256dh ? in->p256dh : HF_STR(""),
                                         .auth = in->has_auth ? in->auth : HF_STR(""),
                                         .address = in->has_address ? in->address : HF_STR("")};
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    const struct hf_hub_principal *owner = whose(call);
    if (owner == NULL) {
        return;
    }
    if (hf_contact_wish_event(call->hub, &owner->life, &wish, &w, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    const struct hf_hub_event event = {.type = HF_EVENT_CONTACT_ADDED_NAME,
                                       .schema_version = HF_EVENT_CONTACT_ADDED_VERSION,
                                       .payload = hf_writer_done(&w)};
    hf_contact_post(call, hf_call_param(call, 0), &event, hf_call_answer_contact);
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
    const struct hf_hub_event post = {.type = HF_EVENT_CONTACT_VERIFIED_NAME,
                                      .schema_version = HF_EVENT_CONTACT_VERIFIED_VERSION,
                                      .payload = hf_writer_done(&w)};
    hf_contact_post(call, hf_call_param(call, 0), &post, hf_call_answer_contact);
}

void hf_serve_contact_remove(struct hf_hub_call *call)
{
    const struct hf_hub_contact *contact = whose(call) == NULL ? NULL : named(call);
    if (contact == NULL) {
        return;
    }
    hf_contact_post_removed(call, hf_call_param(call, 0), contact, hf_call_answer_contact);
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
