/* hub/outbox_api.c: what the role notifications asks for over the Hub's own socket: messages to
 * bring, and how it went. */
#include <stdio.h>

#include "base/heap.h"
#include "hub/call.h"
#include "hub/notes.h"
#include "hub/notice_ack.h"
#include "hub/opening.h"
#include "hub/takers.h"

#define SECOND_NS   UINT64_C(1000000000)
#define SECOND_US   INT64_C(1000000)
#define LATENCY_MAX INT64_C(2592000000000) /* the schema's */

/* taking */

struct taker {
    struct hf_hub_follower follower;
    struct hf_timer timer;
    struct hf_queue waiting;
    bool waits;
    uint64_t most;
};

void hf_hub_takers_init(struct hf_hub_takers *takers)
{
    hf_queue_init(&takers->waiting);
}

void hf_hub_takers_wake(struct hf_hub_takers *takers)
{
    for (struct hf_queue *node; (node = hf_queue_pop(&takers->waiting)) != NULL;) {
        hf_hub_follower_ready(&HF_CONTAINER_OF(node, struct taker, waiting)->follower);
    }
}

static void late(struct hf_timer *timer)
{
    struct taker *taker = HF_CONTAINER_OF(timer, struct taker, timer);
    taker->waits = false;
    hf_queue_remove(&taker->waiting);
    hf_hub_follower_ready(&taker->follower);
}

static void taker_over(struct hf_hub_holder *holder)
{
    struct taker *taker = HF_CONTAINER_OF(holder, struct taker, follower.holder);
    hf_hub_follower_leave(&taker->follower);
    hf_queue_remove(&taker->waiting);
    hf_timer_cancel(&taker->timer);
    hf_heap_free(taker);
}

/* In the tenant's words, if who gets it may read them; else the message says the tool alone. */
static void put_summary(struct hf_hub *hub, const struct hf_approval *a,
                        const struct hf_principal *to, struct hf_json_out *json)
{
    struct hf_opening *o = hf_heap_zalloc(1, sizeof *o);
    if (o == NULL) {
        return;
    }
    if (hf_opening_open(hub, a, to, o, /* err= */ NULL) == HF_OK && o->summary.len > 0) {
        hf_json_key_str(json, "summary", o->summary);
    }
    hf_opening_close(o);
    hf_heap_free(o);
}

/* What is asked for, and where to answer. */
static void put_approval(struct hf_hub *hub, const struct hf_outbox_matter *matter,
                         struct hf_json_out *json)
{
    char link[HF_HUB_URL_MAX + HF_APPROVAL_SUBJECT_SIZE + 16];
    struct hf_str tenant = {NULL, 0};
    struct hf_event_notification_attempted about = {.has_tenant = false};
    const struct hf_outbox_send *first =
        HF_CONTAINER_OF(matter->sends.next, struct hf_outbox_send, of_matter);
    hf_outbox_name(first, &about);
    tenant = about.tenant;
    const struct hf_hub_approval *a =
        hf_hub_approval_find(&hub->approvals, tenant, hf_str_c(matter->name));
    if (a == NULL) {
        return;
    }
    hf_json_key_str(json, "tool", hf_str_c(a->life.tool));
    hf_json_key_str(json, "risk", hf_event_approval_routed_risk_name(a->life.risk));
    put_summary(hub, &a->life, first->contact->person->principal, json);
    (void)snprintf(link, sizeof link, "%s/approvals/%s/%s", hub->public_url, a->life.tenant,
                   a->life.name);
    hf_json_key_str(json, "link", hf_str_c(link));
    hf_json_key_u64(json, "waiting", hf_hub_approvals_of(&hub->approvals, tenant));
}

static void put_hex(struct hf_json_out *json, const char *key, const uint8_t *bytes, size_t len)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_hex(json, hf_bytes_of(bytes, len));
}

static void put_where(struct hf_hub *hub, const struct hf_contact_where *where,
                      struct hf_json_out *json)
{
    if (where->channel == HF_CONTACT_MAIL) {
        hf_json_key_str(json, "address", hf_str_c(where->place));
        return;
    }
    const char *token =
        hf_contact_box_token(&hub->contact_box, hf_str_c(where->place), hf_str_c(hub->public_url),
                             hf_env_wall_us(hf_loop_env(hub->loop)));
    hf_json_key_str(json, "endpoint", hf_str_c(where->place));
    put_hex(json, "p256dh", where->keys.p256dh, sizeof where->keys.p256dh);
    put_hex(json, "auth", where->keys.auth, sizeof where->keys.auth);
    if (token != NULL) {
        hf_json_key_str(json, "authorization", hf_str_c(token));
    }
}

static void put_send(struct hf_hub *hub, const struct hf_outbox_send *send,
                     const struct hf_contact_where *where, struct hf_json_out *json)
{
    char code[HF_CONTACT_CODE_SIZE];
    struct hf_event_notification_attempted about = {.has_tenant = false};
    hf_outbox_name(send, &about);
    hf_json_object_begin(json);
    hf_json_key_str(json, "kind", hf_event_notification_attempted_kind_name(about.kind));
    hf_json_key_str(json, "channel", hf_event_notification_attempted_channel_name(about.channel));
    hf_json_key_str(json, "principal", about.principal);
    hf_json_key_str(json, "contact", about.contact);
    if (about.has_approval) {
        hf_json_key_str(json, "tenant", about.tenant);
        hf_json_key_str(json, "approval", about.approval);
        put_approval(hub, send->matter, json);
    }
    if (about.has_subject) {
        hf_json_key_str(json, "subject", about.subject);
    }
    if (send->matter->kind == HF_OUTBOX_VERIFY) {
        hf_contact_code(&hub->contact_box.key, about.principal, &send->contact->life, code);
        hf_json_key_str(json, "code", hf_str_c(code));
    }
    if (where->channel == HF_CONTACT_PUSH) {
        char ack[HF_NOTICE_ACK_TEXT];
        hf_notice_ack_token(&hub->contact_box.key, &about, send->matter->expires_us, ack);
        hf_json_key_str(json, "ack", hf_str_c(ack));
    }
    if (send->matter->asked) {
        hf_json_key(json, HF_STR("asked"));
        hf_json_bool(json, true);
    }
    hf_json_key(json, HF_STR("expires"));
    hf_json_time_us(json, send->matter->expires_us);
    hf_json_key_str(json, "region", hf_str_c(hub->region));
    put_where(hub, where, json);
    hf_json_object_end(json);
}

/* One that cannot be opened is held like the others, and stays as often as they may be tried. */
static void put_next(struct hf_hub *hub, const struct hf_outbox_send *send,
                     struct hf_json_out *json)
{
    struct hf_contact_where where;
    const struct hf_principal *owner = send->contact->person->principal;
    enum hf_rc rc =
        hf_contact_unseal(&hub->contact_box, hf_str_c(owner->name), &send->contact->life, &where);
    if (rc == HF_OK) {
        put_send(hub, send, &where, json);
    } else {
        hf_log(hub->logger, HF_LOG_ERROR, "notify.sealed", hf_f_c("principal", owner->name),
               hf_f_c("contact", send->contact->life.name), hf_f_c("why", hf_rc_name(rc)));
    }
    hf_wipe(&where, sizeof where);
}

static void run_taker(struct hf_hub_follower *follower)
{
    struct taker *taker = HF_CONTAINER_OF(follower, struct taker, follower);
    struct hf_hub *hub = follower->hub;
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(1u << 20);
    hf_hub_follower_leave(follower);
    if (!hf_outbox_has(&hub->outbox) && taker->waits && !hub->followers.closing) {
        hf_queue_push(&hub->takers.waiting, &taker->waiting);
        return;
    }
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key(&json, HF_STR("notices"));
    hf_json_array_begin(&json);
    for (uint64_t n = 0; n < taker->most && !hub->followers.closing; n++) {
        const struct hf_outbox_send *send = hf_outbox_take(&hub->outbox);
        if (send == NULL) {
            break;
        }
        put_next(hub, send, &json);
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    if (text.failed == HF_OK) {
        hf_http_answer(follower->exchange, 200, "application/json", hf_buf_bytes(&text));
    } else { /* what it would have held is due again after its time */
        hf_http_problem(follower->exchange, 503, "out-of-memory", "The Hub has no memory for it.");
    }
    if (text.ptr != NULL) {
        hf_wipe(text.ptr, text.len);
    }
    hf_buf_free(&text);
}

void hf_serve_outbox_take(struct hf_hub_call *call)
{
    const struct hf_api_outbox_take *in = &call->in.outbox_take;
    struct taker *taker = hf_heap_zalloc(1, sizeof *taker);
    if (taker == NULL) {
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory for this call.");
        return;
    }
    if (in->has_fresh && in->fresh) {
        hf_outbox_release(&call->hub->outbox);
    }
    taker->most = in->most;
    taker->waits = in->has_wait_s && in->wait_s > 0;
    taker->follower.holder.over = taker_over;
    taker->follower.run = run_taker;
    hf_queue_init(&taker->waiting);
    hf_timer_init(&taker->timer, call->hub->loop, late);
    if (taker->waits && hf_timer_arm(&taker->timer, in->wait_s * SECOND_NS) != HF_OK) {
        taker->waits = false;
    }
    hf_call_hand_over(call, &taker->follower);
    hf_hub_follower_ready(&taker->follower);
}

/* reporting */

/* The contact has to go, and its owner is told by another one. */
static void drop_lost(struct hf_hub *hub, const struct hf_event_notification_attempted *event)
{
    uint8_t bytes[256];
    char stream[sizeof HF_CONTACT_STREAM + HF_PRINCIPAL_NAME_MAX];
    const struct hf_hub_person *person =
        hf_hub_person_find(&hub->outbox.contacts, event->principal);
    const struct hf_hub_contact *contact = hf_hub_contact_of(person, event->contact);
    struct hf_event_contact_removed removed = {.principal = event->principal,
                                               .contact = event->contact};
    if (contact == NULL ||
        !hf_contact_is_lost(&contact->life, event->outcome, hf_env_wall_us(hf_loop_env(hub->loop)),
                            &removed.reason)) {
        return;
    }
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_contact_removed_encode(&removed, &w);
    (void)snprintf(stream, sizeof stream, HF_CONTACT_STREAM "%s", person->principal->name);
    const struct hf_hub_event note = {.type = HF_EVENT_CONTACT_REMOVED_NAME,
                                      .schema_version = HF_EVENT_CONTACT_REMOVED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    hf_hub_note(hub, &note);
}

static void reported(struct hf_hub_call *call)
{
    struct hf_event_notification_attempted event;
    struct hf_json_out json;
    struct hf_err err = {0};
    struct hf_bytes payload = hf_bytes_of(call->payload, call->payload_len);
    if (hf_event_notification_attempted_decode(payload, &event, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    drop_lost(call->hub, &event);
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key(&json, HF_STR("dead"));
    hf_json_bool(&json, event.dead);
    hf_json_key(&json, HF_STR("next"));
    hf_json_time_us(&json, event.next);
    hf_json_object_end(&json);
    hf_call_answer(call, 201, &call->scratch);
}

/* Of what is not to be told any more it is written all the same what was tried: as the last. */
static void decide(const struct hf_hub_call *call, struct hf_event_notification_attempted *event)
{
    const struct hf_api_outbox_report *in = &call->in.outbox_report;
    int64_t now = hf_env_wall_us(hf_loop_env(call->hub->loop));
    const struct hf_outbox_send *send = hf_outbox_find(&call->hub->outbox, event);
    struct hf_notice alone;
    if (send == NULL) {
        hf_notice_init(&alone);
        hf_notice_decide(&alone, now, /* patience_us= */ 0, /* expires_us= */ now, event);
        return;
    }
    int64_t latency = now - send->matter->since_us;
    hf_notice_decide(&send->life, now, in->has_patience_s ? (int64_t)in->patience_s * SECOND_US : 0,
                     send->matter->expires_us, event);
    event->latency = latency < 0 ? 0 : (uint64_t)(latency < LATENCY_MAX ? latency : LATENCY_MAX);
}

void hf_serve_outbox_report(struct hf_hub_call *call)
{
    const struct hf_api_outbox_report *in = &call->in.outbox_report;
    char stream[sizeof "notification/" + HF_PRINCIPAL_NAME_MAX];
    const struct hf_hub_contact *contact = hf_hub_contact_of(
        hf_hub_person_find(&call->hub->outbox.contacts, in->principal), in->contact);
    struct hf_event_notification_attempted event = {
        .principal = in->principal,
        .contact = in->contact,
        .kind = (enum hf_event_notification_attempted_kind)in->kind,
        .has_tenant = in->has_tenant,
        .tenant = in->tenant,
        .has_approval = in->has_approval,
        .approval = in->approval,
        .has_subject = in->has_subject,
        .subject = in->subject,
        .outcome = (enum hf_event_notification_attempted_outcome)in->outcome,
        .status = in->status};
    if (contact == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "The contact was removed meanwhile.");
        return;
    }
    event.channel = (enum hf_event_notification_attempted_channel)contact->life.channel;
    decide(call, &event);
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_notification_attempted_encode(&event, &w);
    call->payload_len = w.len;
    (void)snprintf(stream, sizeof stream, "notification/%.*s", HF_STR_ARG(in->principal));
    const struct hf_hub_event post = {.type = HF_EVENT_NOTIFICATION_ATTEMPTED_NAME,
                                      .schema_version = HF_EVENT_NOTIFICATION_ATTEMPTED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    hf_call_post(call, &post, reported);
}
