/* hub/web_devices.c: the page on which people say on which devices they are told of what waits. */
#include <stdio.h>

#include "base/base64.h"
#include "hub/contact_wish.h"
#include "hub/web.h"
#include "hub/web/pages_gen.h"

#define BODY_MAX  (1u << 20)
#define WORDS_MAX 256
#define MOVES_S   3 /* while a message is on its way, the page shows itself again */
#define SECOND_US INT64_C(1000000)
#define NEW_US    (60 * SECOND_US)

/* Forms of this page are for no request. */
static const struct hf_hash no_request;
static const struct hf_web_form_of own_form = {{"devices", 7}, &no_request};

static const struct hf_hub_person *person_of(const struct hf_hub_call *call)
{
    return hf_hub_person_find(&call->hub->outbox.contacts, hf_str_c(call->principal->life.name));
}

/* showing */

static int put_ago(char *out, size_t size, const char *what, int64_t us)
{
    long long s = us > 0 ? (long long)(us / SECOND_US) : 0;
    return s < 120      ? snprintf(out, size, "%s %lld s ago", what, s)
           : s < 7200   ? snprintf(out, size, "%s %lld min ago", what, s / 60)
           : s < 172800 ? snprintf(out, size, "%s %lld h ago", what, s / 3600)
                        : snprintf(out, size, "%s %lld days ago", what, s / 86400);
}

static struct hf_str state_words(const struct hf_contact *c, int64_t now, char out[WORDS_MAX])
{
    int len = 0;
    bool push = c->channel == HF_CONTACT_PUSH;
    if (c->failing_since_us != 0) {
        len = put_ago(out, WORDS_MAX, "Messages do not arrive; the first failed",
                      now - c->failing_since_us);
    } else if (!c->verified && push) {
        len = snprintf(out, WORDS_MAX, "Its first message is on its way");
    } else if (!c->verified) {
        len = snprintf(out, WORDS_MAX, "Not confirmed yet: the code was mailed there");
    } else if (c->shown_us != 0) {
        len = put_ago(out, WORDS_MAX, "It showed a message", now - c->shown_us);
    } else if (c->reached_us != 0) {
        len = put_ago(out, WORDS_MAX, "A message was sent to it", now - c->reached_us);
    } else {
        len = snprintf(out, WORDS_MAX, "Nothing was sent to it yet");
    }
    return (struct hf_str){out, (size_t)len};
}

/* Is a message on its way that somebody on the page waits for? */
static bool moves(const struct hf_hub_call *call, const struct hf_hub_contact *contact, int64_t now)
{
    const struct hf_contact *c = &contact->life;
    int64_t testing_us = hf_outbox_testing_us(&call->hub->outbox, contact);
    return (c->channel == HF_CONTACT_PUSH && !c->verified && now - c->added_us < NEW_US) ||
           (c->channel == HF_CONTACT_PUSH && testing_us != 0 && now - testing_us < NEW_US);
}

static bool put_rows(struct hf_hub_call *call, const char *nonce, struct hf_buf *rows)
{
    char state[WORDS_MAX];
    int64_t now = hf_env_wall_us(hf_loop_env(call->hub->loop));
    const struct hf_hub_person *person = person_of(call);
    bool any_moves = false;
    for (unsigned i = 0; person != NULL && i < person->count; i++) {
        const struct hf_contact *c = &person->of[i]->life;
        const struct hf_html_value values[HF_PAGE_DEVICE_SLOTS] = {
            [HF_PAGE_DEVICE_CONTACT] = {.text = hf_str_c(c->name)},
            [HF_PAGE_DEVICE_WHERE] = {.text = hf_str_c(c->hint)},
            [HF_PAGE_DEVICE_STATE] = {.text = state_words(c, now, state)},
            [HF_PAGE_DEVICE_NONCE] = {.text = hf_str_c(nonce)}};
        hf_html_put(rows, &hf_page_device, values);
        any_moves = any_moves || moves(call, person->of[i], now);
    }
    return any_moves;
}

static const char *count_words(const struct hf_hub_call *call)
{
    const struct hf_hub_person *person = person_of(call);
    return person == NULL || person->count == 0
               ? "You are told of requests nowhere yet."
               : "You are told of requests that wait for you here:";
}

void hf_web_devices(struct hf_hub_call *call, struct hf_web_session *session)
{
    char nonce[HF_WEB_NONCE_TEXT];
    char key[HF_BASE64_LEN(HF_P256_PUBLIC) + 1];
    struct hf_buf rows = hf_buf_init(BODY_MAX);
    struct hf_buf add = hf_buf_init(BODY_MAX);
    struct hf_buf body = hf_buf_init(2 * BODY_MAX);
    hf_web_nonce_draw(session, hf_loop_env(call->hub->loop), &own_form, nonce);
    bool any_moves = put_rows(call, nonce, &rows);
    if (call->hub->contact_box.vapid != NULL) {
        hf_base64url_encode(hf_p256_key_public(call->hub->contact_box.vapid), key);
        const struct hf_html_value values[HF_PAGE_DEVICE_ADD_SLOTS] = {
            [HF_PAGE_DEVICE_ADD_KEY] = {.text = hf_str_c(key)},
            [HF_PAGE_DEVICE_ADD_NONCE] = {.text = hf_str_c(nonce)}};
        hf_html_put(&add, &hf_page_device_add, values);
    } else {
        const struct hf_html_value values[HF_PAGE_NOTICE_SLOTS] = {
            [HF_PAGE_NOTICE_TEXT] = {
                .text = HF_STR("This Hub has no key that browsers could know it by.")}};
        hf_html_put(&add, &hf_page_notice, values);
    }
    const struct hf_html_value values[HF_PAGE_DEVICES_SLOTS] = {
        [HF_PAGE_DEVICES_COUNT] = {.text = hf_str_c(count_words(call))},
        [HF_PAGE_DEVICES_ROWS] = {.html = &rows},
        [HF_PAGE_DEVICES_ADD] = {.html = &add}};
    hf_html_put(&body, &hf_page_devices, values);
    hf_web_answer(call, 200, HF_STR("Notifications"), any_moves ? MOVES_S : 0, &body);
    hf_buf_free(&body);
    hf_buf_free(&add);
    hf_buf_free(&rows);
}

/* changing */

static void changed(struct hf_hub_call *call)
{
    hf_web_go_to(call, HF_STR(HF_WEB_DEVICES));
}

/* The name, or where the person has it already, the next one. */
static struct hf_str free_name(const struct hf_hub_call *call, struct hf_str name,
                               char out[HF_CONTACT_NAME_MAX + 8])
{
    struct hf_str found = name;
    if (name.len > HF_CONTACT_NAME_MAX) {
        return name; /* to be refused */
    }
    for (unsigned n = 2;
         n <= HF_CONTACTS_MAX + 1 && hf_hub_contact_of(person_of(call), found) != NULL; n++) {
        int len = snprintf(out, HF_CONTACT_NAME_MAX + 8, "%.*s-%u", HF_STR_ARG(name), n);
        found = (struct hf_str){out, (size_t)len};
    }
    return found;
}

static void add(struct hf_hub_call *call, const struct hf_form *form)
{
    char name[HF_CONTACT_NAME_MAX + 8];
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    const struct hf_contact_wish wish = {.contact =
                                             free_name(call, hf_form_get(form, "contact"), name),
                                         .endpoint = hf_form_get(form, "endpoint"),
                                         .p256dh = hf_form_get(form, "p256dh"),
                                         .auth = hf_form_get(form, "auth")};
    if (wish.endpoint.len == 0) {
        hf_call_problem(call, HF_PROBLEM_INVALID,
                        "This browser did not say where it can be reached. Are scripts and "
                        "notifications allowed for this page?");
        return;
    }
    if (hf_contact_wish_event(call->hub, &call->principal->life, &wish, &w, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    const struct hf_hub_event event = {.type = HF_EVENT_CONTACT_ADDED_NAME,
                                       .schema_version = HF_EVENT_CONTACT_ADDED_VERSION,
                                       .payload = hf_writer_done(&w)};
    hf_contact_post(call, hf_str_c(call->principal->life.name), &event, changed);
}

void hf_web_devices_change(struct hf_hub_call *call, struct hf_web_session *session,
                           const struct hf_form *form)
{
    struct hf_err err = {0};
    struct hf_str action = hf_form_get(form, "action");
    int64_t now = hf_env_wall_us(hf_loop_env(call->hub->loop));
    struct hf_hub_contact *contact =
        hf_hub_contact_of(person_of(call), hf_form_get(form, "contact"));
    bool adds = hf_str_eq(action, HF_STR("add"));
    bool tests = hf_str_eq(action, HF_STR("test"));
    if (!adds && !tests && !hf_str_eq(action, HF_STR("remove"))) {
        hf_call_problem(call, HF_PROBLEM_INVALID, "The form is not one of these pages'.");
    } else if (!hf_web_nonce_take(session, hf_form_get(form, "nonce"), &own_form, now)) {
        hf_call_problem(call, HF_PROBLEM_CONFLICT,
                        "This form was sent before, or it is too old. Nothing was done.");
    } else if (adds) {
        add(call, form);
    } else if (contact == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "It was removed already.");
    } else if (!tests) {
        hf_contact_post_removed(call, hf_str_c(call->principal->life.name), contact, changed);
    } else if (!hf_contact_is_usable(&contact->life)) {
        hf_call_problem(call, HF_PROBLEM_CONFLICT,
                        "Nothing is sent there before the code that was sent is confirmed.");
    } else if (hf_outbox_test(&call->hub->outbox, contact, &err) != HF_OK) {
        hf_call_refuse(call, &err);
    } else {
        changed(call);
    }
}
