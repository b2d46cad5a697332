/* tests/unit/hub/test_outbox.c: devices that are idle or fail for days, in virtual time; and no
 * allocation that fails does more than lose time. What else must hold: tests/sim/notify.
 */
#include <stdio.h>

#include "base/heap.h"
#include "hub/outbox.h"
#include "tests/harness/test.h"

#define SECOND INT64_C(1000000)
#define DAY    (INT64_C(86400) * SECOND)

struct world {
    struct hf_env_sim sim;
    struct hf_loop *loop;
    struct hf_hub_principals principals;
    struct hf_outbox outbox;
    uint64_t version;
    unsigned reads; /* of requests, for who asked */
};

static void read_requester(void *arg, struct hf_str tenant, struct hf_str approval,
                           char out[HF_APPROVAL_TEXT_MAX + 1])
{
    struct world *w = arg;
    (void)tenant;
    (void)approval;
    w->reads++;
    out[0] = '\0';
}

static enum hf_rc try_fold(struct world *w, const char *type, const char *stream, const void *event,
                           struct hf_err *err)
{
    uint8_t bytes[512];
    const struct hf_event_type *known = hf_event_find(hf_str_c(type));
    struct hf_writer out = hf_writer_init(bytes, sizeof bytes);
    known->encode(event, &out);
    const struct hf_envelope envelope = {.type = hf_str_c(type),
                                         .schema_version = known->version,
                                         .stream = hf_str_c(stream),
                                         .version = ++w->version,
                                         .occurred_us = hf_env_wall_us(&w->sim.env),
                                         .recorded_us = hf_env_wall_us(&w->sim.env),
                                         .payload = hf_writer_done(&out)};
    enum hf_rc rc = hf_hub_principals_fold(&w->principals, &envelope, err);
    return rc == HF_OK ? hf_outbox_fold(&w->outbox, &envelope, err) : rc;
}

static void fold(struct world *w, const char *type, const char *stream, const void *event)
{
    struct hf_err err = {0};
    HF_CHECK_OK(try_fold(w, type, stream, event, &err), err);
}

static const struct hf_event_principal_created ann = {
    .principal = {"ann", 3},
    .kind = HF_EVENT_PRINCIPAL_CREATED_KIND_OPERATOR,
    .role = HF_EVENT_PRINCIPAL_CREATED_ROLE_APPROVER,
    .token_hash = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32}};
static const struct hf_event_contact_added phone = {
    .principal = {"ann", 3},
    .contact = {"phone", 5},
    .channel = HF_EVENT_CONTACT_ADDED_CHANNEL_PUSH,
    .sealed = {(const uint8_t *)"sealed", 6},
    .fingerprint = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32},
    .hint = {"a device", 8}};
static const struct hf_event_contact_verified verified = {.principal = {"ann", 3},
                                                          .contact = {"phone", 5}};

static void begin(struct world *w)
{
    struct hf_err err = {0};
    *w = (struct world){.version = 0};
    hf_env_sim_init(&w->sim, 1);
    HF_CHECK_RC(hf_loop_sim_new(&w->sim, 1, &w->loop, &err), HF_OK);
    HF_CHECK_RC(hf_hub_principals_init(&w->principals, &w->sim.env), HF_OK);
    const struct hf_outbox_conf conf = {
        .loop = w->loop, .principals = &w->principals, .requester = read_requester, .arg = w};
    HF_CHECK_RC(hf_outbox_init(&w->outbox, &conf), HF_OK);
}

static void end(struct world *w)
{
    hf_outbox_stop(&w->outbox);
    hf_outbox_fini(&w->outbox);
    hf_hub_principals_fini(&w->principals);
    hf_loop_free(w->loop);
}

/* Lets time pass and answers everything that is to be brought with one outcome; counts by kind. */
static void live(struct world *w, int64_t us, enum hf_event_notification_attempted_outcome outcome,
                 unsigned counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT])
{
    int64_t until = hf_env_wall_us(&w->sim.env) + us;
    while (hf_env_wall_us(&w->sim.env) < until && hf_loop_step(w->loop) && !hf_test_failed()) {
        const struct hf_outbox_send *send = NULL;
        while ((send = hf_outbox_take(&w->outbox)) != NULL && !hf_test_failed()) {
            struct hf_event_notification_attempted event = {.outcome = outcome};
            int64_t now = hf_env_wall_us(&w->sim.env);
            hf_outbox_name(send, &event);
            hf_notice_decide(&send->life, now, 0, send->matter->expires_us, &event);
            counts[event.kind]++;
            char contact[64];
            (void)snprintf(contact, sizeof contact, "%.*s", HF_STR_ARG(event.contact));
            event.contact = hf_str_c(contact);
            event.principal = HF_STR("ann");
            fold(w, HF_EVENT_NOTIFICATION_ATTEMPTED_NAME, "notification/ann", &event);
            const struct hf_hub_contact *c = hf_hub_contact_of(
                hf_hub_person_find(&w->outbox.contacts, HF_STR("ann")), event.contact);
            struct hf_event_contact_removed removed = {.principal = HF_STR("ann"),
                                                       .contact = event.contact};
            if (hf_contact_is_lost(&c->life, outcome, now, &removed.reason)) {
                fold(w, HF_EVENT_CONTACT_REMOVED_NAME, "contact/ann", &removed);
            }
        }
    }
}

/* Ann, who is told by her phone. */
static void begin_with_phone(struct world *w)
{
    begin(w);
    hf_outbox_start(&w->outbox);
    fold(w, HF_EVENT_PRINCIPAL_CREATED_NAME, "principal/ann", &ann);
    fold(w, HF_EVENT_CONTACT_ADDED_NAME, "contact/ann", &phone);
}

/* An idle device is tried once a day, and as long as that goes well it stays. */
HF_TEST(idle)
{
    unsigned counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT] = {0};
    struct world w;
    begin_with_phone(&w);
    live(&w, 10 * DAY + DAY / 2, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED, counts);
    HF_CHECK_U64(counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_VERIFY], 1);
    HF_CHECK_U64(counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_PROBE], 10);
    HF_CHECK(hf_hub_person_find(&w.outbox.contacts, HF_STR("ann"))->count == 1);
    end(&w);
}

/* One that fails, for whatever reason but that it is gone, stays for three days; then it goes, and
 * the person is told by the other one. */
HF_TEST(failing)
{
    unsigned counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT] = {0};
    struct hf_event_contact_added inbox = phone;
    struct hf_event_contact_verified known = verified;
    struct world w;
    begin(&w);
    hf_outbox_start(&w.outbox);
    inbox.contact = known.contact = HF_STR("inbox");
    inbox.channel = HF_EVENT_CONTACT_ADDED_CHANNEL_MAIL;
    fold(&w, HF_EVENT_PRINCIPAL_CREATED_NAME, "principal/ann", &ann);
    fold(&w, HF_EVENT_CONTACT_ADDED_NAME, "contact/ann", &phone);
    fold(&w, HF_EVENT_CONTACT_VERIFIED_NAME, "contact/ann", &verified);
    fold(&w, HF_EVENT_CONTACT_ADDED_NAME, "contact/ann", &inbox);
    fold(&w, HF_EVENT_CONTACT_VERIFIED_NAME, "contact/ann", &known);
    const struct hf_hub_person *person = hf_hub_person_find(&w.outbox.contacts, HF_STR("ann"));
    live(&w, 4 * DAY, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_TIMEOUT, counts);
    HF_CHECK(hf_hub_contact_of(person, HF_STR("phone")) != NULL);
    live(&w, DAY, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_TIMEOUT, counts);
    HF_CHECK(hf_hub_contact_of(person, HF_STR("phone")) == NULL);
    HF_CHECK(hf_hub_contact_of(person, HF_STR("inbox")) != NULL);
    HF_CHECK(counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_LOST] > 0);
    HF_CHECK(counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_PROBE] >= 4 * HF_NOTICE_ATTEMPTS_MAX - 4);
    end(&w);
}

static void route(struct world *w, const char *name)
{
    char stream[64];
    const struct hf_event_approval_routed routed = {.approval = hf_str_c(name),
                                                    .tenant = HF_STR("acme"),
                                                    .request = phone.fingerprint,
                                                    .action = phone.fingerprint,
                                                    .offset = 1,
                                                    .tool = HF_STR("exec"),
                                                    .expires = hf_env_wall_us(&w->sim.env) + DAY};
    (void)snprintf(stream, sizeof stream, "approval-decision/acme/%s", name);
    fold(w, HF_EVENT_APPROVAL_ROUTED_NAME, stream, &routed);
}

static void see(struct world *w, const char *name, const char *by)
{
    char stream[64];
    const struct hf_event_approval_seen seen = {.approval = hf_str_c(name),
                                                .tenant = HF_STR("acme"),
                                                .principal = hf_str_c(by),
                                                .how = HF_EVENT_APPROVAL_SEEN_HOW_PAGE};
    (void)snprintf(stream, sizeof stream, "approval-delivery/acme/%s", name);
    fold(w, HF_EVENT_APPROVAL_SEEN_NAME, stream, &seen);
}

/* Lets time pass until the next message about a request is taken, and is accepted; gives how many
 * seconds that took. */
static int64_t next_brought(struct world *w)
{
    char contact[64];
    int64_t from = hf_env_wall_us(&w->sim.env);
    for (int n = 0; n < 100; n++) {
        const struct hf_outbox_send *send = hf_outbox_take(&w->outbox);
        if (send == NULL) {
            (void)hf_loop_step(w->loop);
            continue;
        }
        struct hf_event_notification_attempted event = {
            .outcome = HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED, .attempt = 1};
        hf_outbox_name(send, &event);
        (void)snprintf(contact, sizeof contact, "%.*s", HF_STR_ARG(event.contact));
        event.contact = hf_str_c(contact);
        fold(w, HF_EVENT_NOTIFICATION_ATTEMPTED_NAME, "notification/ann", &event);
        if (event.kind == HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL) {
            return (hf_env_wall_us(&w->sim.env) - from) / SECOND;
        }
    }
    return -1;
}

/* A person's second device is told after 30 s; when somebody who may answer looks at the request
 * after a few, a minute later than that. Who looks and may not answer changes nothing. */
HF_TEST(seen)
{
    struct hf_event_contact_added second = phone;
    struct hf_event_principal_created bob = ann;
    struct world w;
    begin(&w);
    hf_outbox_start(&w.outbox);
    second.contact = HF_STR("tablet");
    second.fingerprint = HF_BYTES("0123456789abcdef0123456789abcdeF");
    bob.principal = HF_STR("bob");
    bob.role = HF_EVENT_PRINCIPAL_CREATED_ROLE_OPERATOR;
    bob.token_hash = second.fingerprint;
    fold(&w, HF_EVENT_PRINCIPAL_CREATED_NAME, "principal/ann", &ann);
    fold(&w, HF_EVENT_PRINCIPAL_CREATED_NAME, "principal/bob", &bob);
    fold(&w, HF_EVENT_CONTACT_ADDED_NAME, "contact/ann", &phone);
    fold(&w, HF_EVENT_CONTACT_ADDED_NAME, "contact/ann", &second);
    route(&w, "a-1");
    HF_CHECK(next_brought(&w) == 0);
    HF_CHECK(next_brought(&w) == 30);
    route(&w, "a-2");
    HF_CHECK(next_brought(&w) == 0);
    see(&w, "a-2", "ann");
    HF_CHECK(next_brought(&w) == 90);
    route(&w, "a-3");
    HF_CHECK(next_brought(&w) == 0);
    see(&w, "a-3", "bob");
    see(&w, "a-3", "nobody");
    HF_CHECK(next_brought(&w) == 30);
    end(&w);
}

/* A test that a person asks for is brought at once, another one when they ask again; it is over
 * when the device says that it came. */
HF_TEST(tested)
{
    unsigned counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT] = {0};
    struct hf_err err = {0};
    struct world w;
    const struct hf_event_notification_shown shown = {.principal = HF_STR("ann"),
                                                      .contact = HF_STR("phone"),
                                                      .kind =
                                                          HF_EVENT_NOTIFICATION_SHOWN_KIND_PROBE};
    begin_with_phone(&w);
    struct hf_hub_contact *contact =
        hf_hub_contact_of(hf_hub_person_find(&w.outbox.contacts, HF_STR("ann")), HF_STR("phone"));
    for (unsigned n = 1; n <= 2; n++) {
        HF_CHECK_OK(hf_outbox_test(&w.outbox, contact, &err), err);
        live(&w, SECOND, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED, counts);
        HF_CHECK_U64(counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_PROBE], n);
        HF_CHECK(hf_outbox_testing_us(&w.outbox, contact) != 0);
    }
    fold(&w, HF_EVENT_NOTIFICATION_SHOWN_NAME, "notification/ann", &shown);
    HF_CHECK(hf_outbox_testing_us(&w.outbox, contact) == 0);
    HF_CHECK(contact->life.shown_us == hf_env_wall_us(&w.sim.env));
    end(&w);
}

/* What waits is read when whom to tell may have changed, not each time that it is looked at: of a
 * hundred requests each once, and once for each minute that it has to wait for its tenant's turn.
 */
HF_TEST(reads)
{
    unsigned counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT] = {0};
    struct world w;
    begin_with_phone(&w);
    for (unsigned n = 0; n < 100; n++) {
        char name[16];
        (void)snprintf(name, sizeof name, "a-%u", n);
        route(&w, name);
    }
    live(&w, 500 * SECOND, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED, counts);
    HF_CHECK_U64(counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL], 100);
    HF_CHECK_U64(w.reads, 100 + 70 + 40 + 10);
    end(&w);
}

struct gate {
    unsigned left; /* until one fails */
    bool failed;
};

static bool allows(void *arg)
{
    struct gate *gate = arg;
    bool now = gate->left > 0 && --gate->left == 0;
    gate->failed = gate->failed || now;
    return !now;
}

/* The n-th allocation fails, for every n: what is folded is refused, or what is planned comes
 * later; nothing is lost, and nothing leaks. */
HF_TEST(allocations)
{
    unsigned n = 1;
    for (bool failed = true; failed && !hf_test_failed(); n++) {
        struct gate gate = {.left = 0};
        struct hf_err err = {0};
        unsigned counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_COUNT] = {0};
        struct world w;
        begin(&w);
        hf_outbox_start(&w.outbox);
        fold(&w, HF_EVENT_PRINCIPAL_CREATED_NAME, "principal/ann", &ann);
        const struct hf_event_approval_routed routed = {.approval = HF_STR("a"),
                                                        .tenant = HF_STR("acme"),
                                                        .request = phone.fingerprint,
                                                        .action = phone.fingerprint,
                                                        .offset = 1,
                                                        .tool = HF_STR("exec"),
                                                        .expires =
                                                            hf_env_wall_us(&w.sim.env) + DAY};
        gate.left = n;
        hf_heap_gate(allows, &gate);
        enum hf_rc first = try_fold(&w, HF_EVENT_CONTACT_ADDED_NAME, "contact/ann", &phone, &err);
        enum hf_rc second =
            try_fold(&w, HF_EVENT_APPROVAL_ROUTED_NAME, "approval-decision/acme/a", &routed, &err);
        hf_heap_gate(NULL, NULL);
        failed = gate.failed;
        HF_CHECK(first == HF_OK || first == HF_ENOMEM);
        HF_CHECK(second == HF_OK || second == HF_ENOMEM);
        live(&w, 200 * SECOND, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED, counts);
        HF_CHECK(first != HF_OK || second != HF_OK ||
                 counts[HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL] == 1);
        end(&w);
    }
    HF_CHECK(n > 5);
}

HF_TEST_MAIN(HF_TEST_CASE(idle), HF_TEST_CASE(failing), HF_TEST_CASE(seen), HF_TEST_CASE(tested),
             HF_TEST_CASE(reads), HF_TEST_CASE(allocations))
