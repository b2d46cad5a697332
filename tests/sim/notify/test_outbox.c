/* tests/sim/notify/test_outbox.c: people are told, whatever happens: a simulated region whose push
 * services and mail servers are busy, broken or gone, and whose programs die at any moment.
 *
 * The outbox is the real one, on virtual time; the log is a list of events. A courier takes
 * messages as the role notifications does, delivers some of them, and reports, or dies in between.
 * What must hold, always:
 *   - what is written as accepted is not taken again, by nobody, after no crash
 *   - nothing is taken of what is answered or expired
 *   - at most five attempts, with their pauses between them
 *   - no rung of the ladder before its time, unless all before it was in vain; and none begins in
 *     the minute after somebody who may answer has seen the request
 *   - a fresh fold of the log knows the same, and so does a snapshot of what is known
 * and in the end: whoever could be reached was told. --seed N replays.
 */
#include <stdio.h>

#include "base/heap.h"
#include "base/parse.h"
#include "hub/hub.h"
#include "hub/memory.h"
#include "tests/harness/test.h"

#define SECOND   INT64_C(1000000)
#define EVENTS   20000
#define BYTES    384
#define FLYING   16
#define TENANTS  3
#define PEOPLE   6
#define REQUESTS 60

struct entry {
    char type[40];
    char stream[128];
    uint8_t bytes[BYTES];
    size_t len;
    uint64_t version;
    int64_t recorded_us;
};

/* A message on its way. */
struct flying {
    struct hf_event_notification_attempted about;
    char texts[5][64]; /* that it borrows */
    int64_t ends_us;   /* 0: free */
    bool lost;         /* its courier died */
};

struct world {
    struct hf_env_sim sim;
    struct hf_loop *loop;
    struct hf_hub *hub; /* its memory alone */
    struct entry *log;
    size_t count;
    struct flying flying[FLYING];
    unsigned trouble; /* percent of attempts that fail */
    unsigned requests;
    unsigned accepted;
    unsigned twice;           /* delivered again before a receipt, which is allowed */
    unsigned held;            /* begun after somebody had seen it */
    uint32_t begun[REQUESTS]; /* of each request, to whom: see bit_of */
};

static uint64_t draw(struct world *w, uint64_t below)
{
    uint64_t n = 0;
    hf_env_random(&w->sim.env, &n, sizeof n);
    return n % below;
}

static int64_t now_of(struct world *w)
{
    return hf_env_wall_us(&w->sim.env);
}

/* the log */

static struct hf_envelope envelope_of(const struct entry *e)
{
    return (struct hf_envelope){.type = hf_str_c(e->type),
                                .schema_version = hf_event_find(hf_str_c(e->type))->version,
                                .stream = hf_str_c(e->stream),
                                .version = e->version,
                                .occurred_us = e->recorded_us,
                                .recorded_us = e->recorded_us,
                                .payload = hf_bytes_of(e->bytes, e->len)};
}

static void fold(struct hf_hub *hub, const struct entry *e)
{
    struct hf_err err = {0};
    const struct hf_envelope envelope = envelope_of(e);
    HF_CHECK_OK(hf_hub_principals_fold(&hub->principals, &envelope, &err), err);
    HF_CHECK_OK(hf_outbox_fold(&hub->outbox, &envelope, &err), err);
}

static void append(struct world *w, const char *type, const char *stream, const void *event)
{
    const struct hf_event_type *known = hf_event_find(hf_str_c(type));
    struct hf_err err = {0};
    HF_ASSERT(w->count < EVENTS);
    struct entry *e = &w->log[w->count++];
    struct hf_writer out = hf_writer_init(e->bytes, sizeof e->bytes);
    HF_CHECK_OK(known->check(event, &err), err);
    known->encode(event, &out);
    HF_ASSERT(!out.overflow);
    (void)snprintf(e->type, sizeof e->type, "%s", type);
    (void)snprintf(e->stream, sizeof e->stream, "%s", stream);
    e->len = out.len;
    e->version = w->count;
    e->recorded_us = now_of(w);
    fold(w->hub, e);
}

/* people */

static void add_principal(struct world *w, unsigned n)
{
    char name[16];
    char tenant[16];
    char stream[64];
    uint8_t token[HF_HASH_SIZE] = {(uint8_t)n, 1};
    (void)snprintf(name, sizeof name, "p-%u", n);
    (void)snprintf(tenant, sizeof tenant, "t-%u", n % TENANTS);
    (void)snprintf(stream, sizeof stream, "principal/%s", name);
    const struct hf_event_principal_created event = {
        .principal = hf_str_c(name),
        .kind = n < TENANTS ? HF_EVENT_PRINCIPAL_CREATED_KIND_CUSTOMER
                            : HF_EVENT_PRINCIPAL_CREATED_KIND_OPERATOR,
        .role = HF_EVENT_PRINCIPAL_CREATED_ROLE_APPROVER,
        .has_tenant = n < TENANTS,
        .tenant = hf_str_c(tenant),
        .token_hash = hf_bytes_of(token, sizeof token)};
    append(w, HF_EVENT_PRINCIPAL_CREATED_NAME, stream, &event);
}

static void add_contact(struct world *w, unsigned person, const char *contact,
                        enum hf_event_contact_added_channel channel)
{
    char name[16];
    char stream[64];
    uint8_t hash[HF_HASH_SIZE];
    (void)snprintf(name, sizeof name, "p-%u", person);
    (void)snprintf(stream, sizeof stream, "contact/%s", name);
    hf_env_random(&w->sim.env, hash, sizeof hash);
    const struct hf_event_contact_added added = {.principal = hf_str_c(name),
                                                 .contact = hf_str_c(contact),
                                                 .channel = channel,
                                                 .sealed = HF_BYTES("sealed"),
                                                 .fingerprint = hf_bytes_of(hash, sizeof hash),
                                                 .hint = HF_STR("somewhere")};
    const struct hf_event_contact_verified verified = {.principal = hf_str_c(name),
                                                       .contact = hf_str_c(contact)};
    append(w, HF_EVENT_CONTACT_ADDED_NAME, stream, &added);
    append(w, HF_EVENT_CONTACT_VERIFIED_NAME, stream, &verified);
}

static void request(struct world *w)
{
    char tenant[16];
    char name[16];
    char stream[64];
    uint8_t hash[HF_HASH_SIZE] = {7};
    (void)snprintf(tenant, sizeof tenant, "t-%u", (unsigned)draw(w, TENANTS));
    (void)snprintf(name, sizeof name, "a-%u", w->requests++);
    (void)snprintf(stream, sizeof stream, "approval-decision/%s/%s", tenant, name);
    const struct hf_event_approval_routed event = {.approval = hf_str_c(name),
                                                   .tenant = hf_str_c(tenant),
                                                   .request = hf_bytes_of(hash, sizeof hash),
                                                   .action = hf_bytes_of(hash, sizeof hash),
                                                   .tool = HF_STR("exec"),
                                                   .offset = 1,
                                                   .requested = now_of(w),
                                                   .expires = now_of(w) +
                                                              (int64_t)(5 + draw(w, 600)) * SECOND};
    append(w, HF_EVENT_APPROVAL_ROUTED_NAME, stream, &event);
}

/* One that waits gets its answer. */
static void decide_one(struct world *w)
{
    uint8_t hash[HF_HASH_SIZE] = {7};
    char tenant[16];
    char name[16];
    char stream[64];
    if (hf_queue_empty(&w->hub->outbox.approvals)) {
        return;
    }
    const struct hf_outbox_matter *m =
        HF_CONTAINER_OF(w->hub->outbox.approvals.next, struct hf_outbox_matter, order);
    struct hf_event_notification_attempted about = {.has_tenant = false};
    struct hf_outbox_send *send =
        hf_queue_empty(&m->sends)
            ? NULL
            : HF_CONTAINER_OF(m->sends.next, struct hf_outbox_send, of_matter);
    if (send == NULL) {
        return;
    }
    hf_outbox_name(send, &about);
    (void)snprintf(tenant, sizeof tenant, "%.*s", HF_STR_ARG(about.tenant));
    (void)snprintf(name, sizeof name, "%.*s", HF_STR_ARG(about.approval));
    (void)snprintf(stream, sizeof stream, "approval-decision/%s/%s", tenant, name);
    const struct hf_event_approval_decided event = {.approval = hf_str_c(name),
                                                    .tenant = hf_str_c(tenant),
                                                    .decision =
                                                        HF_EVENT_APPROVAL_DECIDED_DECISION_DENIED,
                                                    .by = HF_EVENT_APPROVAL_DECIDED_BY_OPERATOR,
                                                    .request = hf_bytes_of(hash, sizeof hash)};
    append(w, HF_EVENT_APPROVAL_DECIDED_NAME, stream, &event);
}

/* The first that waits, and a message of it; NULL: there is none. */
static const struct hf_outbox_send *first_send(const struct world *w)
{
    HF_QUEUE_FOREACH (node, &w->hub->outbox.approvals) {
        const struct hf_outbox_matter *m = HF_CONTAINER_OF(node, struct hf_outbox_matter, order);
        if (!hf_queue_empty(&m->sends)) {
            return HF_CONTAINER_OF(m->sends.prev, struct hf_outbox_send, of_matter);
        }
    }
    return NULL;
}

/* Contacts are "c-1" to "c-3" of "p-0" to "p-5". */
static uint32_t bit_of(const struct hf_outbox_send *send)
{
    unsigned person = (unsigned)(send->contact->person->principal->name[2] - '0');
    unsigned contact = (unsigned)(send->contact->life.name[2] - '0') & 3;
    HF_ASSERT(person < PEOPLE);
    return 1u << (person * 4 + contact);
}

/* NULL: it is none of the requests "a-N". */
static uint32_t *begun_of(struct world *w, const struct hf_outbox_matter *m)
{
    uint64_t number = 0;
    return m->kind == HF_OUTBOX_APPROVAL && m->name[0] == 'a' &&
                   hf_parse_u64(hf_str_c(m->name + 2), 0, REQUESTS - 1, &number) == HF_OK
               ? &w->begun[number]
               : NULL;
}

/* Who was told looks at it, or their device says that it showed it, maybe before the service's
 * answer is there. */
static void see_one(struct world *w)
{
    char texts[3][64];
    char stream[160];
    struct hf_event_notification_attempted about = {.has_tenant = false};
    const struct hf_outbox_send *send = first_send(w);
    if (send == NULL) {
        return;
    }
    hf_outbox_name(send, &about);
    const struct hf_str names[3] = {about.tenant, about.approval, about.contact};
    for (int i = 0; i < 3; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%.*s", HF_STR_ARG(names[i]));
    }
    if (draw(w, 2) == 0) {
        const struct hf_event_notification_shown shown = {
            .principal = about.principal,
            .contact = hf_str_c(texts[2]),
            .kind = HF_EVENT_NOTIFICATION_SHOWN_KIND_APPROVAL,
            .has_tenant = true,
            .tenant = hf_str_c(texts[0]),
            .has_approval = true,
            .approval = hf_str_c(texts[1]),
            .what = draw(w, 2) == 0 ? HF_EVENT_NOTIFICATION_SHOWN_WHAT_SHOWN
                                    : HF_EVENT_NOTIFICATION_SHOWN_WHAT_OPENED};
        (void)snprintf(stream, sizeof stream, "notification/%.*s", HF_STR_ARG(about.principal));
        append(w, HF_EVENT_NOTIFICATION_SHOWN_NAME, stream, &shown);
        return;
    }
    const struct hf_event_approval_seen seen = {.approval = hf_str_c(texts[1]),
                                                .tenant = hf_str_c(texts[0]),
                                                .principal = about.principal,
                                                .how = HF_EVENT_APPROVAL_SEEN_HOW_LINK};
    (void)snprintf(stream, sizeof stream, "approval-delivery/%s/%s", texts[0], texts[1]);
    uint32_t *begun = begun_of(w, send->matter);
    HF_QUEUE_FOREACH (node, &send->matter->sends) {
        *begun |= bit_of(HF_CONTAINER_OF(node, struct hf_outbox_send, of_matter));
    }
    append(w, HF_EVENT_APPROVAL_SEEN_NAME, stream, &seen);
}

/* what the log says of a message */

/* When somebody saw the request last; 0: nobody did. Who is told of it may answer. */
static int64_t last_seen_us(const struct world *w, const struct hf_outbox_matter *m)
{
    int64_t last = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct entry *e = &w->log[i];
        struct hf_event_approval_seen a;
        if (strcmp(e->type, HF_EVENT_APPROVAL_SEEN_NAME) == 0 &&
            hf_event_approval_seen_decode(hf_bytes_of(e->bytes, e->len), &a, NULL) == HF_OK &&
            hf_str_eq(a.approval, hf_str_c(m->name))) {
            last = e->recorded_us;
        }
    }
    return last;
}

struct said {
    unsigned attempts;
    bool accepted;
    bool dead;
    int64_t last_us;
    int64_t next_us;
};

static bool same_text(struct hf_str a, bool has_a, struct hf_str b, bool has_b)
{
    return has_a == has_b && (!has_a || hf_str_eq(a, b));
}

static struct said what_is_said(const struct world *w,
                                const struct hf_event_notification_attempted *about)
{
    struct said said = {.attempts = 0};
    for (size_t i = 0; i < w->count; i++) {
        const struct entry *e = &w->log[i];
        struct hf_event_notification_attempted a;
        if (strcmp(e->type, HF_EVENT_NOTIFICATION_ATTEMPTED_NAME) != 0) {
            continue;
        }
        HF_ASSERT(hf_event_notification_attempted_decode(hf_bytes_of(e->bytes, e->len), &a, NULL) ==
                  HF_OK);
        if (a.kind == about->kind && hf_str_eq(a.principal, about->principal) &&
            hf_str_eq(a.contact, about->contact) &&
            same_text(a.tenant, a.has_tenant, about->tenant, about->has_tenant) &&
            same_text(a.approval, a.has_approval, about->approval, about->has_approval) &&
            same_text(a.subject, a.has_subject, about->subject, about->has_subject)) {
            said.attempts++;
            said.accepted = a.outcome == HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED;
            said.dead = a.dead;
            said.last_us = e->recorded_us;
            said.next_us = a.next;
        }
    }
    return said;
}

/* Everything that goes to a person before their mailboxes, and to the first person before the
 * others, is in vain. */
static bool all_before_in_vain(const struct hf_outbox_send *send)
{
    const struct hf_outbox_matter *m = send->matter;
    HF_QUEUE_FOREACH (node, &m->sends) {
        const struct hf_outbox_send *other =
            HF_CONTAINER_OF(node, struct hf_outbox_send, of_matter);
        if (other == send) {
            return true;
        }
        if (other->life.sm.state != HF_NOTICE_DEAD &&
            (other->contact->person != send->contact->person ||
             other->contact->life.channel != send->contact->life.channel)) {
            return false;
        }
    }
    return true;
}

static void check_taken(struct world *w, const struct hf_outbox_send *send,
                        const struct hf_event_notification_attempted *about)
{
    const struct said said = what_is_said(w, about);
    int64_t now = now_of(w);
    HF_CHECK(!said.accepted && !said.dead && said.attempts < HF_NOTICE_ATTEMPTS_MAX);
    HF_CHECK(said.attempts == 0 || said.next_us <= now);
    HF_CHECK(send->matter->expires_us > now);
    if (send->matter->kind == HF_OUTBOX_APPROVAL && said.attempts == 0 &&
        send->contact->life.channel == HF_CONTACT_MAIL) {
        HF_CHECK(now - send->matter->since_us >= 60 * SECOND || all_before_in_vain(send));
    }
    uint32_t *begun = begun_of(w, send->matter);
    if (begun != NULL) {
        int64_t seen_us = last_seen_us(w, send->matter);
        bool old = (*begun & bit_of(send)) != 0;
        HF_CHECK(seen_us == 0 || old || now - seen_us >= HF_NOTICE_SEEN_US);
        w->held += seen_us != 0 && !old ? 1 : 0;
        *begun |= bit_of(send);
    }
}

/* the courier */

static struct hf_str keep(struct flying *f, int slot, struct hf_str text)
{
    (void)snprintf(f->texts[slot], sizeof f->texts[slot], "%.*s", HF_STR_ARG(text));
    return hf_str_c(f->texts[slot]);
}

static bool is_flying(const struct world *w, const struct hf_event_notification_attempted *about)
{
    for (int i = 0; i < FLYING; i++) {
        const struct flying *f = &w->flying[i];
        if (f->ends_us != 0 && f->about.kind == about->kind &&
            hf_str_eq(f->about.principal, about->principal) &&
            hf_str_eq(f->about.contact, about->contact) &&
            same_text(f->about.approval, f->about.has_approval, about->approval,
                      about->has_approval)) {
            return true;
        }
    }
    return false;
}

static void take(struct world *w)
{
    for (int i = 0; i < FLYING && !hf_test_failed(); i++) {
        struct flying *f = &w->flying[i];
        if (f->ends_us != 0) {
            continue;
        }
        const struct hf_outbox_send *send = hf_outbox_take(&w->hub->outbox);
        if (send == NULL) {
            return;
        }
        struct hf_event_notification_attempted about = {.has_tenant = false};
        hf_outbox_name(send, &about);
        check_taken(w, send, &about);
        w->twice += is_flying(w, &about) ? 1 : 0;
        f->about = about;
        f->about.principal = keep(f, 0, about.principal);
        f->about.contact = keep(f, 1, about.contact);
        f->about.tenant = keep(f, 2, about.tenant);
        f->about.approval = keep(f, 3, about.approval);
        f->about.subject = keep(f, 4, about.subject);
        f->ends_us = now_of(w) + (int64_t)draw(w, 40) * SECOND / (draw(w, 3) == 0 ? 1 : 20) + 1;
        f->lost = false;
    }
}

static enum hf_event_notification_attempted_outcome outcome(struct world *w)
{
    static const enum hf_event_notification_attempted_outcome bad[] = {
        HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_BUSY,
        HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_FAILED,
        HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_TIMEOUT,
        HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_UNREACHABLE,
        HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_REFUSED,
        HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_GONE};

    return draw(w, 100) >= w->trouble ? HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED
                                      : bad[draw(w, draw(w, 20) == 0 ? 6 : 4)];
}

/* As hub/outbox_api.c does it. */
static void report(struct world *w, struct flying *f)
{
    char stream[64];
    struct hf_event_notification_attempted event = f->about;
    struct hf_hub_contact *contact = hf_hub_contact_of(
        hf_hub_person_find(&w->hub->outbox.contacts, event.principal), event.contact);
    f->ends_us = 0;
    if (contact == NULL || f->lost) {
        return;
    }
    struct hf_notice alone;
    const struct hf_outbox_send *send = hf_outbox_find(&w->hub->outbox, &event);
    int64_t now = now_of(w);
    event.outcome = outcome(w);
    event.status = 200;
    hf_notice_init(&alone);
    int64_t patience = event.outcome == HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_BUSY
                           ? (int64_t)draw(w, 90) * SECOND
                           : 0;
    hf_notice_decide(send == NULL ? &alone : &send->life, now, patience,
                     send == NULL ? now : send->matter->expires_us, &event);
    (void)snprintf(stream, sizeof stream, "notification/%.*s", HF_STR_ARG(event.principal));
    w->accepted += event.outcome == HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED ? 1 : 0;
    append(w, HF_EVENT_NOTIFICATION_ATTEMPTED_NAME, stream, &event);
    contact = hf_hub_contact_of(hf_hub_person_find(&w->hub->outbox.contacts, event.principal),
                                event.contact);
    struct hf_event_contact_removed removed = {.principal = event.principal,
                                               .contact = event.contact};
    if (hf_contact_is_lost(&contact->life, event.outcome, now, &removed.reason)) {
        (void)snprintf(stream, sizeof stream, "contact/%.*s", HF_STR_ARG(event.principal));
        append(w, HF_EVENT_CONTACT_REMOVED_NAME, stream, &removed);
    }
}

/* The courier dies: what it had may have arrived, and is not written. Its next one comes. */
static void courier_dies(struct world *w)
{
    for (int i = 0; i < FLYING; i++) {
        w->flying[i].ends_us = 0;
    }
    hf_outbox_release(&w->hub->outbox);
}

/* the Hub */

/* Every other request is of p-3, who is never told of it. */
static void requester(void *arg, struct hf_str tenant, struct hf_str approval,
                      char out[HF_APPROVAL_TEXT_MAX + 1])
{
    (void)arg;
    (void)tenant;
    bool odd = (approval.ptr[approval.len - 1] - '0') % 2 == 1;
    (void)snprintf(out, HF_APPROVAL_TEXT_MAX + 1, "%s", odd ? "p-3" : "");
}

static struct hf_hub *open_hub(struct world *w)
{
    struct hf_err err = {0};
    struct hf_hub *hub = hf_heap_zalloc(1, sizeof *hub);
    HF_ASSERT(hub != NULL);
    hub->loop = w->loop;
    hf_hub_takers_init(&hub->takers);
    HF_ASSERT(hf_memory_init(hub, &err) == HF_OK);
    hub->outbox.conf.requester = requester;
    return hub;
}

static void close_hub(struct hf_hub *hub)
{
    hf_outbox_stop(&hub->outbox);
    hf_memory_fini(hub);
    hf_heap_free(hub);
}

static struct hf_hub *fold_all(struct world *w)
{
    struct hf_hub *hub = open_hub(w);
    for (size_t i = 0; i < w->count && !hf_test_failed(); i++) {
        fold(hub, &w->log[i]);
    }
    return hub;
}

/* Out of a snapshot of its memory, as it is just now. */
static struct hf_hub *restore(struct world *w)
{
    struct hf_err err = {0};
    struct hf_buf bytes = hf_buf_init(HF_MEMORY_MAX);
    struct hf_hub *hub = open_hub(w);
    hf_memory_write(w->hub, &bytes);
    if (hf_memory_read(hub, hf_buf_bytes(&bytes), &err) != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "%s", err.text);
    }
    hf_buf_free(&bytes);
    return hub;
}

static void hub_dies(struct world *w)
{
    struct hf_hub *next = draw(w, 2) == 0 ? fold_all(w) : restore(w);
    close_hub(w->hub);
    w->hub = next;
    hf_outbox_start(&w->hub->outbox);
}

/* What the Hub knows is what a fresh fold of its log gives, and what a snapshot of it gives. */
static void check_memory(struct world *w)
{
    struct hf_hub *hubs[] = {w->hub, fold_all(w), restore(w)};
    struct hf_buf bytes[3];
    for (size_t i = 0; i < 3; i++) {
        bytes[i] = hf_buf_init(HF_MEMORY_MAX);
        hf_memory_write(hubs[i], &bytes[i]);
        if (!hf_bytes_eq(hf_buf_bytes(&bytes[i]), hf_buf_bytes(&bytes[0]))) {
            hf_test_fail(__FILE__, __LINE__, "%s knows something else",
                         i == 1 ? "a fresh fold" : "a snapshot");
        }
    }
    for (size_t i = 0; i < 3; i++) {
        hf_buf_free(&bytes[i]);
        if (i > 0) {
            close_hub(hubs[i]);
        }
    }
}

/* time */

static void step(struct world *w)
{
    int64_t until = now_of(w) + SECOND / 4;
    while (now_of(w) < until && hf_loop_step(w->loop)) {
    }
    int64_t left = until - now_of(w);
    if (left > 0) {
        hf_env_sim_advance(&w->sim, (uint64_t)left * 1000);
    }
    for (int i = 0; i < FLYING; i++) {
        if (w->flying[i].ends_us != 0 && w->flying[i].ends_us <= now_of(w)) {
            report(w, &w->flying[i]);
        }
    }
    take(w);
}

static void begin(struct world *w, uint64_t seed)
{
    *w = (struct world){.log = hf_heap_zalloc(EVENTS, sizeof(struct entry)), .trouble = 40};
    struct hf_err err = {0};
    HF_ASSERT(w->log != NULL);
    hf_env_sim_init(&w->sim, seed);
    HF_CHECK_RC(hf_loop_sim_new(&w->sim, 1, &w->loop, &err), HF_OK);
    w->hub = open_hub(w);
    hf_outbox_start(&w->hub->outbox);
    for (unsigned n = 0; n < PEOPLE && !hf_test_failed(); n++) {
        add_principal(w, n);
        for (uint64_t k = draw(w, 4); k > 0; k--) {
            char name[16];
            (void)snprintf(name, sizeof name, "c-%u", (unsigned)k);
            add_contact(w, n, name,
                        draw(w, 3) == 0 ? HF_EVENT_CONTACT_ADDED_CHANNEL_MAIL
                                        : HF_EVENT_CONTACT_ADDED_CHANNEL_PUSH);
        }
    }
}

static void end(struct world *w)
{
    close_hub(w->hub);
    hf_loop_free(w->loop);
    hf_heap_free(w->log);
}

/* When all is well again: what still waits, and has somebody to tell, was told. */
static void check_told(struct world *w)
{
    w->trouble = 0;
    for (int n = 0; n < 4 * 300 && !hf_test_failed(); n++) {
        step(w);
    }
    HF_QUEUE_FOREACH (node, &w->hub->outbox.approvals) {
        const struct hf_outbox_matter *m = HF_CONTAINER_OF(node, struct hf_outbox_matter, order);
        bool told = false;
        bool in_vain = true;
        HF_QUEUE_FOREACH (s, &m->sends) {
            int state = HF_CONTAINER_OF(s, struct hf_outbox_send, of_matter)->life.sm.state;
            told = told || state == HF_NOTICE_SENT;
            in_vain = in_vain && state == HF_NOTICE_DEAD;
        }
        HF_CHECK(m->expires_us <= now_of(w) || told || in_vain);
    }
}

HF_TEST(storms)
{
    unsigned accepted = 0;
    unsigned twice = 0;
    unsigned held = 0;
    for (unsigned run = 0; run < 25 && !hf_test_failed(); run++) {
        struct world *w = hf_heap_zalloc(1, sizeof *w);
        HF_ASSERT(w != NULL);
        begin(w, hf_test_seed() * 1000 + run);
        for (int n = 0; n < 4 * 400 && !hf_test_failed(); n++) {
            uint64_t what = draw(w, 400);
            if (what < 20 && w->requests < REQUESTS) {
                request(w);
            } else if (what < 26) {
                decide_one(w);
            } else if (what < 30) {
                courier_dies(w);
            } else if (what < 33) {
                hub_dies(w);
            } else if (what >= 390) {
                see_one(w);
            } else if (what < 36) {
                check_memory(w);
            }
            step(w);
        }
        if (!hf_test_failed()) {
            check_told(w);
        }
        accepted += w->accepted;
        twice += w->twice;
        held += w->held;
        end(w);
        hf_heap_free(w);
    }
    HF_CHECK(accepted > 500 && twice > 0 && held > 0);
}

/* A tenant that asks without end: of its requests only so many begin to be told in a minute, in
 * their order; another one's is told at once. */
HF_TEST(flood)
{
    struct world *w = hf_heap_zalloc(1, sizeof *w);
    HF_ASSERT(w != NULL);
    begin(w, hf_test_seed());
    w->trouble = 0;
    add_contact(w, PEOPLE - 1, "phone", HF_EVENT_CONTACT_ADDED_CHANNEL_PUSH);
    uint8_t hash[HF_HASH_SIZE] = {7};
    for (unsigned n = 0; n < 1000 && !hf_test_failed(); n++) {
        char name[16];
        char stream[64];
        bool calm = n == 999;
        (void)snprintf(name, sizeof name, "f-%u", n);
        (void)snprintf(stream, sizeof stream, "approval-decision/%s/%s", calm ? "calm" : "loud",
                       name);
        const struct hf_event_approval_routed event = {.approval = hf_str_c(name),
                                                       .tenant =
                                                           calm ? HF_STR("calm") : HF_STR("loud"),
                                                       .request = hf_bytes_of(hash, sizeof hash),
                                                       .action = hf_bytes_of(hash, sizeof hash),
                                                       .tool = HF_STR("exec"),
                                                       .offset = 1,
                                                       .requested = now_of(w),
                                                       .expires = now_of(w) + 3600 * SECOND};
        append(w, HF_EVENT_APPROVAL_ROUTED_NAME, stream, &event);
    }
    unsigned loud = 0; /* requests; one may go to several people at once */
    bool told[1000] = {false};
    unsigned calm_after = 0;
    for (unsigned n = 0; n < 400 && !hf_test_failed(); n++) {
        const struct hf_outbox_send *send = hf_outbox_take(&w->hub->outbox);
        if (send == NULL) {
            break;
        }
        struct hf_event_notification_attempted about = {.has_tenant = false};
        hf_outbox_name(send, &about);
        if (!about.has_tenant || !hf_str_eq(about.tenant, HF_STR("calm"))) {
            uint64_t number = 0;
            bool good =
                about.has_approval && about.approval.len > 2 &&
                hf_parse_u64((struct hf_str){about.approval.ptr + 2, about.approval.len - 2}, 0,
                             998, &number) == HF_OK;
            loud += good && !told[number] ? 1 : 0;
            told[number] = told[number] || good;
        } else if (calm_after == 0) {
            calm_after = loud + 1;
        }
    }
    HF_CHECK_U64(loud, HF_OUTBOX_TENANT_MINUTE);
    HF_CHECK(calm_after > 0 && calm_after <= 4);
    end(w);
    hf_heap_free(w);
}

HF_TEST_MAIN(HF_TEST_CASE(storms), HF_TEST_CASE(flood))
