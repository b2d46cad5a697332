/* tests/unit/commands/test_notice.c: the machine of a message, its pauses, the ladder, contacts. */
#include "commands/notice.h"

#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/unit/commands/fold.h"

#define SECOND INT64_C(1000000)
#define DAY    (INT64_C(86400) * SECOND)

/* The edges of the machine are what the header draws. */
HF_TEST(machine)
{
    char text[512];
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_sm_edges(&hf_notice_machine, &w);
    HF_CHECK_STR(hf_bytes_str(hf_writer_done(&w)),
                 HF_STR("due -> leased\ndue -> waiting\ndue -> sent\ndue -> dead\n"
                        "leased -> due\nleased -> waiting\nleased -> sent\nleased -> dead\n"
                        "waiting -> due\nwaiting -> waiting\nwaiting -> sent\nwaiting -> dead\n"));
}

static struct hf_event_notification_attempted attempt(
    struct hf_notice *notice, int64_t now, enum hf_event_notification_attempted_outcome outcome,
    int64_t patience, int64_t expires)
{
    struct hf_event_notification_attempted event = {.outcome = outcome};
    hf_notice_decide(notice, now, patience, expires, &event);
    hf_notice_fold(notice, &event);
    return event;
}

/* In vain it is tried five times, after 1, 5, 15 and 60 s; then it is dead. */
HF_TEST(pauses)
{
    static const int64_t pauses[] = {1, 5, 15, 60};
    struct hf_notice notice;
    int64_t now = NOW;
    hf_notice_init(&notice);
    for (unsigned i = 0; i < HF_NOTICE_ATTEMPTS_MAX; i++) {
        HF_CHECK(notice.sm.state == HF_NOTICE_DUE);
        hf_notice_lease(&notice, now);
        hf_notice_look(&notice, now + HF_NOTICE_LEASE_US - 1);
        HF_CHECK(notice.sm.state == HF_NOTICE_LEASED);
        struct hf_event_notification_attempted event =
            attempt(&notice, now, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_FAILED, 0, now + DAY);
        bool last = i + 1 == HF_NOTICE_ATTEMPTS_MAX;
        HF_CHECK_U64(event.attempt, i + 1);
        HF_CHECK(event.dead == last);
        if (!last) {
            HF_CHECK(event.next == now + pauses[i] * SECOND);
            hf_notice_look(&notice, event.next - 1);
            HF_CHECK(notice.sm.state == HF_NOTICE_WAITING);
            now = event.next;
            hf_notice_look(&notice, now);
        }
    }
    HF_CHECK(notice.sm.state == HF_NOTICE_DEAD);
}

/* What each outcome means; patience that is longer than the pause counts, and none beyond the time
 * that is left. */
HF_TEST(outcomes)
{
    static const struct {
        enum hf_event_notification_attempted_outcome outcome;
        int64_t patience_s;
        int64_t left_s;
        int64_t next_s; /* 0: none */
        bool dead;
    } table[] = {
        {HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED, 0, 60, 0, false},
        {HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_GONE, 0, 60, 0, true},
        {HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_REFUSED, 0, 60, 0, true},
        {HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_BUSY, 0, 60, 1, false},
        {HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_BUSY, 30, 60, 30, false},
        {HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_BUSY, 60, 60, 0, true},
        {HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_FAILED, 0, 1, 0, true},
        {HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_TIMEOUT, 0, 60, 1, false},
        {HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_UNREACHABLE, 0, 60, 1, false},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        struct hf_notice notice;
        hf_notice_init(&notice);
        struct hf_event_notification_attempted event =
            attempt(&notice, NOW, table[i].outcome, table[i].patience_s * SECOND,
                    NOW + table[i].left_s * SECOND);
        HF_CHECK(event.next == (table[i].next_s == 0 ? 0 : NOW + table[i].next_s * SECOND));
        HF_CHECK(event.dead == table[i].dead);
    }
}

/* A lease that is over, or whose holder is gone, makes it due; a receipt that comes late counts,
 * and nothing counts after it. */
HF_TEST(leases)
{
    struct hf_notice notice;
    hf_notice_init(&notice);
    hf_notice_lease(&notice, NOW);
    hf_notice_look(&notice, NOW + HF_NOTICE_LEASE_US);
    HF_CHECK(notice.sm.state == HF_NOTICE_DUE);
    hf_notice_lease(&notice, NOW);
    hf_notice_release(&notice);
    HF_CHECK(notice.sm.state == HF_NOTICE_DUE);
    (void)attempt(&notice, NOW, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED, 0, NOW + DAY);
    HF_CHECK(notice.sm.state == HF_NOTICE_SENT);
    (void)attempt(&notice, NOW, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_FAILED, 0, NOW + DAY);
    hf_notice_release(&notice);
    hf_notice_look(&notice, NOW + DAY);
    HF_CHECK(notice.sm.state == HF_NOTICE_SENT && notice.attempts == 1);
}

/* The ladder as a table, and where contacts stand on it. */
HF_TEST(ladder)
{
    static const int64_t after[] = {0, 30, 60};
    const struct hf_contact push = {.channel = HF_CONTACT_PUSH};
    const struct hf_contact mail = {.channel = HF_CONTACT_MAIL};
    for (int r = 0; r < HF_NOTICE_RUNGS; r++) {
        HF_CHECK(hf_notice_ladder[r].after_us == after[r] * SECOND);
        HF_CHECK((int)hf_notice_ladder[r].where == r);
    }
    HF_CHECK(hf_notice_where(&push, 0) == HF_NOTICE_FIRST_DEVICE);
    HF_CHECK(hf_notice_where(&push, 1) == HF_NOTICE_OTHER_DEVICES);
    HF_CHECK(hf_notice_where(&mail, 0) == HF_NOTICE_MAILBOXES);
    HF_CHECK(hf_notice_where(&mail, 2) == HF_NOTICE_MAILBOXES);
}

/* Who is told: role, tenant, time and revocation, and not who asked, by name or as a person. */
HF_TEST(is_for)
{
    const struct hf_principal ann = {.name = "ann",
                                     .version = 1,
                                     .role = HF_ROLE_APPROVER,
                                     .tenant = "acme",
                                     .person = "user:ann"};
    struct hf_principal other = ann;
    struct hf_str acme = HF_STR("acme");
    struct hf_str bob = HF_STR("user:bob");
    HF_CHECK(hf_notice_is_for(&ann, acme, bob, NULL, NOW));
    HF_CHECK(!hf_notice_is_for(&ann, HF_STR("other"), bob, NULL, NOW));
    HF_CHECK(!hf_notice_is_for(&ann, acme, HF_STR("ann"), NULL, NOW));
    HF_CHECK(!hf_notice_is_for(&ann, acme, HF_STR("principal:ann"), NULL, NOW));
    HF_CHECK(!hf_notice_is_for(&ann, acme, HF_STR("User:Ann"), NULL, NOW));
    HF_CHECK(!hf_notice_is_for(&ann, acme, HF_STR("twin"), &ann, NOW));
    other.role = HF_ROLE_OPERATOR;
    HF_CHECK(!hf_notice_is_for(&other, acme, bob, NULL, NOW));
    other = ann;
    other.revoked = true;
    HF_CHECK(!hf_notice_is_for(&other, acme, bob, NULL, NOW));
    other = ann;
    other.expires_us = NOW;
    HF_CHECK(!hf_notice_is_for(&other, acme, bob, NULL, NOW));
    HF_CHECK(hf_notice_is_for(&other, acme, bob, NULL, NOW - 1));
}

/* Who looks makes the ladder stand still for a minute from then on: two looks at once are one, one
 * within the other's minute adds what is new of it, one of before adds nothing. */
HF_TEST(seen)
{
    struct hf_notice_pause pause = {0};
    hf_notice_pause_see(&pause, NOW);
    HF_CHECK(pause.until_us == NOW + HF_NOTICE_SEEN_US && pause.total_us == HF_NOTICE_SEEN_US);
    hf_notice_pause_see(&pause, NOW);
    hf_notice_pause_see(&pause, NOW - SECOND);
    HF_CHECK(pause.total_us == HF_NOTICE_SEEN_US);
    hf_notice_pause_see(&pause, NOW + 20 * SECOND);
    HF_CHECK(pause.until_us == NOW + 80 * SECOND && pause.total_us == 80 * SECOND);
    hf_notice_pause_see(&pause, NOW + DAY);
    HF_CHECK(pause.until_us == NOW + DAY + 60 * SECOND && pause.total_us == 140 * SECOND);
}

static void try_contact(struct hf_contact *contact, int64_t at,
                        enum hf_event_notification_attempted_outcome outcome)
{
    struct made made;
    struct hf_err err = {0};
    const struct hf_event_notification_attempted event = {
        .principal = HF_STR("ann"), .contact = HF_STR("phone"), .attempt = 1, .outcome = outcome};
    struct hf_envelope envelope =
        *make_event(&made, HF_EVENT_NOTIFICATION_ATTEMPTED_NAME, &event, 1, at);
    envelope.recorded_us = at;
    HF_CHECK_OK(hf_contact_fold(contact, &envelope, &err), err);
}

/* A contact is lost when the service says so, or after three days of failures alone; a single
 * success in between begins them anew. */
HF_TEST(lost)
{
    struct hf_contact contact = {.name = "phone"};
    enum hf_event_contact_removed_reason reason;
    const enum hf_event_notification_attempted_outcome failed =
        HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_FAILED;
    HF_CHECK(
        hf_contact_is_lost(&contact, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_GONE, NOW, &reason) &&
        reason == HF_EVENT_CONTACT_REMOVED_REASON_GONE);
    try_contact(&contact, NOW, failed);
    HF_CHECK(!hf_contact_is_lost(&contact, failed, NOW + 3 * DAY - 1, &reason));
    HF_CHECK(hf_contact_is_lost(&contact, failed, NOW + 3 * DAY, &reason) &&
             reason == HF_EVENT_CONTACT_REMOVED_REASON_FAILING);
    try_contact(&contact, NOW + DAY, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED);
    HF_CHECK(contact.failing_since_us == 0 && contact.reached_us == NOW + DAY);
    try_contact(&contact, NOW + 2 * DAY, failed);
    HF_CHECK(!hf_contact_is_lost(&contact, failed, NOW + 4 * DAY, &reason));
}

/* What may be added and confirmed, and what is answered otherwise. */
HF_TEST(contacts)
{
    struct hf_contact list[HF_CONTACTS_MAX];
    const struct hf_contact *known[HF_CONTACTS_MAX];
    struct hf_contact wish = {.name = "new", .fingerprint = {{0xFF}}, .added_us = NOW};
    struct hf_secret key = {0};
    struct hf_secret other = {0};
    struct hf_err err = {0};
    char code[HF_CONTACT_CODE_SIZE];
    char wrong[HF_CONTACT_CODE_SIZE];
    for (unsigned i = 0; i < HF_CONTACTS_MAX; i++) {
        list[i] = (struct hf_contact){.fingerprint = {{(uint8_t)i}}};
        (void)snprintf(list[i].name, sizeof list[i].name, "c-%u", i);
        known[i] = &list[i];
    }
    HF_CHECK_RC(hf_contact_may_add(known, HF_CONTACTS_MAX - 1, &wish, &err), HF_OK);
    HF_CHECK_RC(hf_contact_may_add(known, HF_CONTACTS_MAX, &wish, &err), HF_EINVAL);
    (void)snprintf(wish.name, sizeof wish.name, "c-1");
    HF_CHECK_RC(hf_contact_may_add(known, 2, &wish, &err), HF_EEXIST);
    (void)snprintf(wish.name, sizeof wish.name, "new");
    wish.fingerprint.b[0] = 1;
    HF_CHECK_RC(hf_contact_may_add(known, 2, &wish, &err), HF_EEXIST);
    HF_CHECK_RC(hf_secret_copy(HF_BYTES("0123456789abcdef0123456789abcdef"), &key), HF_OK);
    HF_CHECK_RC(hf_secret_copy(HF_BYTES("0123456789abcdef0123456789abcdeF"), &other), HF_OK);
    hf_contact_code(&key, HF_STR("ann"), &wish, code);
    hf_contact_code(&other, HF_STR("ann"), &wish, wrong);
    HF_CHECK(strcmp(code, wrong) != 0);
    hf_contact_code(&key, HF_STR("bob"), &wish, wrong);
    HF_CHECK(strcmp(code, wrong) != 0);
    int64_t late = NOW + HF_CONTACT_VERIFY_US;
    HF_CHECK_RC(hf_contact_may_verify(&wish, code, hf_str_c(wrong), NOW, &err), HF_EINVAL);
    HF_CHECK_RC(hf_contact_may_verify(&wish, code, hf_str_c(code), late, &err), HF_ECONFLICT);
    HF_CHECK_RC(hf_contact_may_verify(&wish, code, hf_str_c(code), late - 1, &err), HF_OK);
    wish.verified = true;
    HF_CHECK_RC(hf_contact_may_verify(&wish, code, hf_str_c(code), NOW, &err), HF_EEXIST);
    HF_CHECK(hf_contact_is_usable(&wish));
    hf_secret_free(&key);
    hf_secret_free(&other);
}

HF_TEST_MAIN(HF_TEST_CASE(machine), HF_TEST_CASE(pauses), HF_TEST_CASE(outcomes),
             HF_TEST_CASE(leases), HF_TEST_CASE(ladder), HF_TEST_CASE(seen), HF_TEST_CASE(is_for),
             HF_TEST_CASE(lost), HF_TEST_CASE(contacts))
