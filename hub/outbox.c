/* hub/outbox.c: who is to be told when, and what is taken next. */
#include "hub/outbox.h"

#include "base/assert.h"
#include "base/heap.h"
#include "hub/outbox_matter.h"

#define SWEEP_NS UINT64_C(60000000000)
#define LEAST_US INT64_C(1000)
#define PROBE_US (INT64_C(3600) * 1000000) /* how long a probe is worth trying */
#define NEVER    INT64_MAX
/* To plan is to read the request, so it is done when something changes; and once in a while, for
 * people's tokens that expire. */
#define PLAN_US  (INT64_C(600) * 1000000)
#define LATER_US (INT64_C(60) * 1000000) /* when there was no memory */

/* planning */

struct plan {
    struct hf_outbox_matter *matter;
    int64_t now;
    bool in_vain; /* all before this rung, or there was nobody */
    bool failed;  /* there was no memory for a message */
};

/* What stands on one rung of one person. False: the rung's time, or the tenant's next minute, has
 * to come first; *ret_again is when. */
static bool climb(struct plan *plan, const struct hf_hub_person *person,
                  const struct hf_notice_rung *rung, int64_t base, int64_t *ret_again)
{
    bool open = plan->in_vain || plan->now >= base + rung->after_us;
    unsigned pushes = 0;
    for (unsigned i = 0; i < person->count; i++) {
        struct hf_hub_contact *contact = person->of[i];
        enum hf_notice_where where = hf_notice_where(&contact->life, pushes);
        pushes += contact->life.channel == HF_CONTACT_PUSH ? 1 : 0;
        if (where != rung->where || !hf_contact_is_usable(&contact->life)) {
            continue;
        }
        struct hf_outbox_send *send = hf_outbox_send_to(plan->matter, contact);
        *ret_again = base + rung->after_us;
        if (send == NULL && plan->now < plan->matter->pause.until_us) {
            *ret_again = plan->matter->pause.until_us;
            return false;
        }
        if (send == NULL &&
            (!open || !hf_outbox_matter_begin(plan->matter, plan->now, ret_again))) {
            return false;
        }
        send = hf_outbox_send_get(plan->matter, contact);
        plan->failed = plan->failed || send == NULL;
        plan->in_vain = plan->in_vain && send != NULL && send->life.sm.state == HF_NOTICE_DEAD;
    }
    return true;
}

/* Gives when the next rung is to be looked at. */
static int64_t climb_all(struct hf_outbox_matter *matter, int64_t now)
{
    const struct hf_hub_contacts *contacts = &matter->outbox->contacts;
    struct hf_str tenant = hf_str_c(matter->tenant->name);
    char asked[HF_APPROVAL_TEXT_MAX + 1] = "";
    if (hf_hub_person_next(contacts, tenant, NULL) == NULL) {
        return NEVER; /* nobody is told: what is sealed stays so */
    }
    if (matter->outbox->conf.requester != NULL) {
        matter->outbox->conf.requester(matter->outbox->conf.arg, tenant, hf_str_c(matter->name),
                                       asked);
    }
    struct hf_str requester = hf_str_c(asked);
    const struct hf_hub_principal *asker =
        hf_hub_principal_find(contacts->principals, hf_approval_asker(requester));
    struct plan plan = {.matter = matter, .now = now, .in_vain = true};
    int people = 0;
    for (const struct hf_hub_person *p = hf_hub_person_next(contacts, tenant, NULL);
         p != NULL && people < HF_OUTBOX_PEOPLE_MAX; p = hf_hub_person_next(contacts, tenant, p)) {
        if (p->count == 0 || !hf_notice_is_for(p->principal, tenant, requester,
                                               asker == NULL ? NULL : &asker->life, now)) {
            continue;
        }
        int64_t base = matter->since_us + people * HF_NOTICE_PERSON_US + matter->pause.total_us;
        int64_t again = NEVER;
        for (int r = 0; r < HF_NOTICE_RUNGS; r++) {
            if (!climb(&plan, p, &hf_notice_ladder[r], base, &again)) {
                hf_wipe(asked, sizeof asked);
                return again;
            }
        }
        people++;
    }
    hf_wipe(asked, sizeof asked);
    return plan.failed ? now + LATER_US : NEVER;
}

/* The same, when it is time; gives when it will be. */
static int64_t plan_approval(struct hf_outbox_matter *matter, int64_t now)
{
    if (now >= matter->plan_us) {
        int64_t again = climb_all(matter, now);
        matter->plan_us = again < now + PLAN_US ? again : now + PLAN_US;
    }
    return matter->plan_us;
}

/* Of a contact: its code and the probe go to itself, that it was lost to all others. */
static void plan_contact(struct hf_outbox_matter *matter)
{
    const struct hf_hub_person *person =
        hf_hub_person_find(&matter->outbox->contacts, hf_str_c(matter->principal));
    for (unsigned i = 0; person != NULL && i < person->count; i++) {
        struct hf_hub_contact *contact = person->of[i];
        bool itself = strcmp(contact->life.name, matter->name) == 0;
        if (matter->kind == HF_OUTBOX_LOST ? hf_contact_is_usable(&contact->life) && !itself
                                           : itself) {
            (void)hf_outbox_send_get(matter, contact);
        }
    }
}

/* It was tried as often as it may, or the device itself said that it came. */
static bool is_over(const struct hf_outbox_matter *matter)
{
    HF_QUEUE_FOREACH (node, &matter->sends) {
        const struct hf_outbox_send *send = HF_CONTAINER_OF(node, struct hf_outbox_send, of_matter);
        if (send->life.sm.state != HF_NOTICE_DEAD && send->acks == 0) {
            return false;
        }
    }
    return !hf_queue_empty(&matter->sends);
}

/* Gives when the first of its messages is to be looked at. */
static int64_t settle_sends(const struct hf_outbox_matter *matter, int64_t now)
{
    int64_t next = NEVER;
    HF_QUEUE_FOREACH (node, &matter->sends) {
        struct hf_outbox_send *send = HF_CONTAINER_OF(node, struct hf_outbox_send, of_matter);
        hf_notice_look(&send->life, now);
        int state = send->life.sm.state;
        if (state == HF_NOTICE_DUE) {
            hf_outbox_send_ready(send);
        } else {
            hf_outbox_send_unready(send);
        }
        if ((state == HF_NOTICE_LEASED || state == HF_NOTICE_WAITING) &&
            send->life.until_us < next) {
            next = send->life.until_us;
        }
    }
    return next;
}

static void arm(struct hf_outbox_matter *matter, int64_t at, int64_t now)
{
    if (at == NEVER) {
        hf_timer_cancel(&matter->timer);
        return;
    }
    int64_t delay = at - now < LEAST_US ? LEAST_US : at - now;
    (void)hf_timer_arm(&matter->timer, (uint64_t)delay * 1000); /* else the sweep finds it */
}

/* What is of the log goes with the log alone; a probe, which is not, when it is over. */
void hf_outbox_look(struct hf_outbox_matter *matter)
{
    int64_t now = hf_outbox_now(matter->outbox);
    int64_t again = NEVER;
    bool late = matter->expires_us <= now;
    if (!matter->outbox->running) {
        return;
    }
    if (matter->kind == HF_OUTBOX_PROBE && (late || is_over(matter))) {
        hf_outbox_matter_drop(matter);
        return;
    }
    if (late) {
        HF_QUEUE_FOREACH (node, &matter->sends) {
            hf_outbox_send_unready(HF_CONTAINER_OF(node, struct hf_outbox_send, of_matter));
        }
        hf_timer_cancel(&matter->timer);
        return;
    }
    if (matter->kind == HF_OUTBOX_APPROVAL) {
        again = plan_approval(matter, now);
    } else {
        plan_contact(matter);
    }
    int64_t sends = settle_sends(matter, now);
    again = sends < again ? sends : again;
    arm(matter, matter->expires_us < again ? matter->expires_us : again, now);
}

void hf_outbox_look_again(struct hf_outbox_matter *matter)
{
    matter->plan_us = 0;
    hf_outbox_look(matter);
}

static void look_all(struct hf_outbox *outbox, void (*look)(struct hf_outbox_matter *matter))
{
    HF_QUEUE_FOREACH_SAFE (node, &outbox->approvals) {
        look(HF_CONTAINER_OF(node, struct hf_outbox_matter, order));
    }
    HF_QUEUE_FOREACH_SAFE (other, &outbox->others) {
        hf_outbox_look(HF_CONTAINER_OF(other, struct hf_outbox_matter, order));
    }
}

void hf_outbox_look_all(struct hf_outbox *outbox)
{
    look_all(outbox, hf_outbox_look_again);
}

/* taking */

bool hf_outbox_has(const struct hf_outbox *outbox)
{
    return !hf_queue_empty(&outbox->turns);
}

struct hf_outbox_send *hf_outbox_take(struct hf_outbox *outbox)
{
    int64_t now = hf_outbox_now(outbox);
    for (struct hf_queue *turn; (turn = hf_queue_pop(&outbox->turns)) != NULL;) {
        struct hf_outbox_tenant *t = HF_CONTAINER_OF(turn, struct hf_outbox_tenant, turn);
        struct hf_queue *node = hf_queue_pop(&t->ready);
        HF_ASSERT(node != NULL);
        if (!hf_queue_empty(&t->ready)) {
            hf_queue_push(&outbox->turns, &t->turn);
        }
        struct hf_outbox_send *send = HF_CONTAINER_OF(node, struct hf_outbox_send, ready);
        if (send->matter->expires_us > now) {
            hf_notice_lease(&send->life, now);
            hf_outbox_look(send->matter); /* again when the lease is over */
            return send;
        }
    }
    return NULL;
}

static void release(const struct hf_queue *matters)
{
    HF_QUEUE_FOREACH (node, matters) {
        const struct hf_outbox_matter *m = HF_CONTAINER_OF(node, struct hf_outbox_matter, order);
        HF_QUEUE_FOREACH (s, &m->sends) {
            hf_notice_release(&HF_CONTAINER_OF(s, struct hf_outbox_send, of_matter)->life);
        }
    }
}

void hf_outbox_release(struct hf_outbox *outbox)
{
    release(&outbox->approvals);
    release(&outbox->others);
    look_all(outbox, hf_outbox_look);
}

struct hf_outbox_send *hf_outbox_find(const struct hf_outbox *outbox,
                                      const struct hf_event_notification_attempted *event)
{
    const struct hf_outbox_matter *matter = hf_outbox_matter_of(outbox, event);
    const struct hf_hub_contact *contact =
        hf_hub_contact_of(hf_hub_person_find(&outbox->contacts, event->principal), event->contact);
    return matter == NULL || contact == NULL ? NULL : hf_outbox_send_to(matter, contact);
}

void hf_outbox_name(const struct hf_outbox_send *send,
                    struct hf_event_notification_attempted *io_event)
{
    const struct hf_outbox_matter *matter = send->matter;
    io_event->principal = hf_str_c(send->contact->person->principal->name);
    io_event->contact = hf_str_c(send->contact->life.name);
    io_event->channel = (enum hf_event_notification_attempted_channel)send->contact->life.channel;
    io_event->kind = (enum hf_event_notification_attempted_kind)matter->kind;
    io_event->has_tenant = io_event->has_approval = matter->kind == HF_OUTBOX_APPROVAL;
    io_event->tenant = hf_str_c(matter->tenant->name);
    io_event->approval = hf_str_c(matter->name);
    io_event->has_subject = matter->kind == HF_OUTBOX_LOST;
    io_event->subject = hf_str_c(matter->name);
}

/* its life */

enum hf_rc hf_outbox_test(struct hf_outbox *outbox, struct hf_hub_contact *contact,
                          struct hf_err *err)
{
    int64_t now = hf_outbox_now(outbox);
    struct hf_str principal = hf_str_c(contact->person->principal->name);
    struct hf_str name = hf_str_c(contact->life.name);
    const struct hf_outbox_matter as = {
        .kind = HF_OUTBOX_PROBE, .asked = true, .since_us = now, .expires_us = now + PROBE_US};
    struct hf_outbox_matter *old = hf_outbox_matter_find(outbox, HF_OUTBOX_PROBE, principal, name);
    if (old != NULL) { /* of before, and maybe one that waits for its next attempt */
        hf_outbox_matter_drop(old);
    }
    return hf_outbox_about(outbox, &as, principal, name, err);
}

int64_t hf_outbox_testing_us(const struct hf_outbox *outbox, const struct hf_hub_contact *contact)
{
    const struct hf_outbox_matter *probe =
        hf_outbox_matter_find(outbox, HF_OUTBOX_PROBE, hf_str_c(contact->person->principal->name),
                              hf_str_c(contact->life.name));
    return probe != NULL && probe->asked ? probe->since_us : 0;
}

static void take_idle(void *arg, struct hf_hub_contact *contact)
{
    struct hf_outbox *outbox = arg;
    const struct hf_contact *life = &contact->life;
    int64_t now = hf_outbox_now(outbox);
    int64_t last = life->tried_us > life->added_us ? life->tried_us : life->added_us;
    if (life->channel == HF_CONTACT_PUSH && now - last >= HF_CONTACT_PROBE_US) {
        const struct hf_outbox_matter as = {
            .kind = HF_OUTBOX_PROBE, .since_us = now, .expires_us = now + PROBE_US};
        (void)hf_outbox_about(outbox, &as, hf_str_c(contact->person->principal->name),
                              hf_str_c(life->name), /* err= */ NULL);
    }
}

static void sweep(struct hf_timer *timer)
{
    struct hf_outbox *outbox = HF_CONTAINER_OF(timer, struct hf_outbox, sweep);
    hf_hub_contacts_each(&outbox->contacts, take_idle, outbox);
    look_all(outbox, hf_outbox_look);
    (void)hf_timer_arm(timer, SWEEP_NS);
}

enum hf_rc hf_outbox_init(struct hf_outbox *outbox, const struct hf_outbox_conf *conf)
{
    struct hf_env *env = hf_loop_env(conf->loop);
    *outbox = (struct hf_outbox){.conf = *conf};
    hf_queue_init(&outbox->approvals);
    hf_queue_init(&outbox->others);
    hf_queue_init(&outbox->tenants);
    hf_queue_init(&outbox->turns);
    hf_timer_init(&outbox->sweep, conf->loop, sweep);
    enum hf_rc rc = hf_hub_contacts_init(&outbox->contacts, env, conf->principals);
    if (rc == HF_OK) {
        rc = hf_map_init(&outbox->by_key, env);
    }
    return rc == HF_OK ? hf_map_init(&outbox->by_tenant, env) : rc;
}

static void drop_all(struct hf_queue *matters)
{
    HF_QUEUE_FOREACH_SAFE (node, matters) {
        hf_outbox_matter_drop(HF_CONTAINER_OF(node, struct hf_outbox_matter, order));
    }
}

static void cancel_all(const struct hf_queue *matters)
{
    HF_QUEUE_FOREACH (node, matters) {
        hf_timer_cancel(&HF_CONTAINER_OF(node, struct hf_outbox_matter, order)->timer);
    }
}

void hf_outbox_fini(struct hf_outbox *outbox)
{
    if (outbox->conf.loop == NULL) {
        return;
    }
    drop_all(&outbox->approvals);
    drop_all(&outbox->others);
    for (struct hf_queue *node; (node = hf_queue_pop(&outbox->tenants)) != NULL;) {
        hf_heap_free(HF_CONTAINER_OF(node, struct hf_outbox_tenant, order));
    }
    hf_hub_contacts_fini(&outbox->contacts);
    hf_map_fini(&outbox->by_key);
    hf_map_fini(&outbox->by_tenant);
    outbox->conf.loop = NULL;
}

void hf_outbox_start(struct hf_outbox *outbox)
{
    outbox->running = true;
    sweep(&outbox->sweep);
}

void hf_outbox_stop(struct hf_outbox *outbox)
{
    outbox->running = false;
    if (outbox->conf.loop != NULL) {
        hf_timer_cancel(&outbox->sweep);
        cancel_all(&outbox->approvals);
        cancel_all(&outbox->others);
    }
}
