/* hub/outbox_matter.c: what there is to say, its messages, and whose turn it is. */
#include "hub/outbox_matter.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"

#define MINUTE_US  INT64_C(60000000)
#define MATTER_KEY (HF_TENANT_NAME_MAX + HF_APPROVAL_NAME_MAX + 4)

int64_t hf_outbox_now(const struct hf_outbox *outbox)
{
    return hf_env_wall_us(hf_loop_env(outbox->conf.loop));
}

/* turns */

struct hf_outbox_tenant *hf_outbox_tenant_get(struct hf_outbox *outbox, struct hf_str name)
{
    for (struct hf_map_node *n = hf_map_first(&outbox->by_tenant, hf_str_bytes(name)); n != NULL;
         n = hf_map_next(n)) {
        struct hf_outbox_tenant *t = HF_CONTAINER_OF(n, struct hf_outbox_tenant, node);
        if (hf_str_eq(hf_str_c(t->name), name)) {
            return t;
        }
    }
    struct hf_outbox_tenant *t = hf_heap_zalloc(1, sizeof *t);
    if (t != NULL) {
        memcpy(t->name, name.ptr, name.len);
        hf_queue_init(&t->ready);
        hf_queue_init(&t->turn);
        hf_queue_push(&outbox->tenants, &t->order);
        hf_map_insert(&outbox->by_tenant, hf_str_bytes(name), &t->node);
    }
    return t;
}

void hf_outbox_send_ready(struct hf_outbox_send *send)
{
    struct hf_outbox *outbox = send->matter->outbox;
    struct hf_outbox_tenant *t = send->matter->tenant;
    if (!hf_queue_empty(&send->ready)) {
        return;
    }
    hf_queue_push(&t->ready, &send->ready);
    if (hf_queue_empty(&t->turn)) {
        hf_queue_push(&outbox->turns, &t->turn);
    }
    if (outbox->conf.ready != NULL) {
        outbox->conf.ready(outbox->conf.arg);
    }
}

void hf_outbox_send_unready(struct hf_outbox_send *send)
{
    struct hf_outbox_tenant *t = send->matter->tenant;
    hf_queue_remove(&send->ready);
    if (hf_queue_empty(&t->ready)) {
        hf_queue_remove(&t->turn);
    }
}

/* A request begins to be told, if its tenant has not begun too many in this minute; else gives when
 * to look again. */
bool hf_outbox_matter_begin(struct hf_outbox_matter *matter, int64_t now, int64_t *ret_again)
{
    struct hf_outbox_tenant *t = matter->tenant;
    if (matter->begun || matter->kind != HF_OUTBOX_APPROVAL) {
        return true;
    }
    if (now < t->minute_us || now - t->minute_us >= MINUTE_US) {
        t->minute_us = now;
        t->begun = 0;
    }
    *ret_again = t->minute_us + MINUTE_US;
    matter->begun = t->begun < HF_OUTBOX_TENANT_MINUTE;
    t->begun += matter->begun ? 1 : 0;
    return matter->begun;
}

/* sends */

struct hf_outbox_send *hf_outbox_send_to(const struct hf_outbox_matter *matter,
                                         const struct hf_hub_contact *contact)
{
    HF_QUEUE_FOREACH (node, &matter->sends) {
        struct hf_outbox_send *send = HF_CONTAINER_OF(node, struct hf_outbox_send, of_matter);
        if (send->contact == contact) {
            return send;
        }
    }
    return NULL;
}

/* The one there is, or a new one; NULL: no memory, and it is looked at again later. */
struct hf_outbox_send *hf_outbox_send_get(struct hf_outbox_matter *matter,
                                          struct hf_hub_contact *contact)
{
    struct hf_outbox_send *send = hf_outbox_send_to(matter, contact);
    if (send == NULL && (send = hf_heap_zalloc(1, sizeof *send)) != NULL) {
        hf_notice_init(&send->life);
        send->matter = matter;
        send->contact = contact;
        hf_queue_init(&send->ready);
        hf_queue_push(&matter->sends, &send->of_matter);
        hf_queue_push(&contact->sends, &send->of_contact);
    }
    return send;
}

void hf_outbox_send_drop(struct hf_outbox_send *send)
{
    hf_outbox_send_unready(send);
    hf_queue_remove(&send->of_matter);
    hf_queue_remove(&send->of_contact);
    hf_heap_free(send);
}

/* matters */

static struct hf_str key_of(enum hf_outbox_kind kind, struct hf_str first, struct hf_str second,
                            char out[MATTER_KEY])
{
    int len =
        snprintf(out, MATTER_KEY, "%d:%.*s/%.*s", (int)kind, HF_STR_ARG(first), HF_STR_ARG(second));
    return (struct hf_str){out, (size_t)len};
}

static struct hf_str first_of(const struct hf_outbox_matter *matter)
{
    return hf_str_c(matter->kind == HF_OUTBOX_APPROVAL ? matter->tenant->name : matter->principal);
}

struct hf_outbox_matter *hf_outbox_matter_find(const struct hf_outbox *outbox,
                                               enum hf_outbox_kind kind, struct hf_str first,
                                               struct hf_str second)
{
    char key[MATTER_KEY];
    struct hf_bytes bytes = hf_str_bytes(key_of(kind, first, second, key));
    for (struct hf_map_node *n = hf_map_first(&outbox->by_key, bytes); n != NULL;
         n = hf_map_next(n)) {
        struct hf_outbox_matter *m = HF_CONTAINER_OF(n, struct hf_outbox_matter, by_key);
        if (m->kind == kind && hf_str_eq(first_of(m), first) &&
            hf_str_eq(hf_str_c(m->name), second)) {
            return m;
        }
    }
    return NULL;
}

static void fired(struct hf_timer *timer)
{
    hf_outbox_look(HF_CONTAINER_OF(timer, struct hf_outbox_matter, timer));
}

/* NULL: no memory. `as` has kind, principal or tenant, name and times. */
struct hf_outbox_matter *hf_outbox_matter_add(struct hf_outbox *outbox,
                                              const struct hf_outbox_matter *as)
{
    char key[MATTER_KEY];
    struct hf_outbox_matter *m = hf_heap_zalloc(1, sizeof *m);
    if (m != NULL) {
        *m = *as;
        m->outbox = outbox;
        hf_queue_init(&m->sends);
        hf_timer_init(&m->timer, outbox->conf.loop, fired);
        hf_queue_push(as->kind == HF_OUTBOX_APPROVAL ? &outbox->approvals : &outbox->others,
                      &m->order);
        struct hf_str text = key_of(m->kind, first_of(m), hf_str_c(m->name), key);
        hf_map_insert(&outbox->by_key, hf_str_bytes(text), &m->by_key);
    }
    return m;
}

void hf_outbox_matter_drop(struct hf_outbox_matter *matter)
{
    while (!hf_queue_empty(&matter->sends)) {
        hf_outbox_send_drop(HF_CONTAINER_OF(matter->sends.next, struct hf_outbox_send, of_matter));
    }
    hf_timer_cancel(&matter->timer);
    hf_map_remove(&matter->outbox->by_key, &matter->by_key);
    hf_queue_remove(&matter->order);
    hf_heap_free(matter);
}

_Static_assert((int)HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL == (int)HF_OUTBOX_APPROVAL &&
                   (int)HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_LOST == (int)HF_OUTBOX_LOST,
               "kinds are numbered alike");

struct hf_outbox_matter *hf_outbox_matter_of(const struct hf_outbox *outbox,
                                             const struct hf_event_notification_attempted *event)
{
    bool approval = event->kind == HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL;
    bool lost = event->kind == HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_LOST;
    bool named = approval ? event->has_tenant && event->has_approval : !lost || event->has_subject;
    return named ? hf_outbox_matter_find(outbox, (enum hf_outbox_kind)event->kind,
                                         approval ? event->tenant : event->principal,
                                         approval ? event->approval
                                                  : (lost ? event->subject : event->contact))
                 : NULL;
}

/* About a contact; there is at most one of a kind. */
enum hf_rc hf_outbox_about(struct hf_outbox *outbox, const struct hf_outbox_matter *as,
                           struct hf_str principal, struct hf_str contact, struct hf_err *err)
{
    struct hf_outbox_matter with = *as;
    if (hf_outbox_matter_find(outbox, as->kind, principal, contact) != NULL) {
        return HF_OK;
    }
    HF_ASSERT(principal.len < sizeof with.principal && contact.len < sizeof with.name);
    memcpy(with.principal, principal.ptr, principal.len);
    memcpy(with.name, contact.ptr, contact.len);
    with.tenant = hf_outbox_tenant_get(outbox, HF_STR(""));
    struct hf_outbox_matter *matter =
        with.tenant == NULL ? NULL : hf_outbox_matter_add(outbox, &with);
    if (matter == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for what people have to be told");
    }
    hf_outbox_look(matter);
    return HF_OK;
}
