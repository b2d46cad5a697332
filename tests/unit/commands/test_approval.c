/* tests/unit/commands/test_approval.c: a request for approval from its begin to its answer. */
#include "commands/approval.h"

#include "tests/harness/test.h"
#include "tests/unit/commands/fold.h"

static const struct hf_hash request_hash = {{1, 2, 3}};
static const struct hf_hash action_hash = {{4, 5, 6}};
static const struct hf_subject subject = {{7, 8, 9}};

static enum hf_rc route(struct hf_approval *a)
{
    struct made made;
    struct hf_err err = {0};
    const struct hf_event_approval_routed event = {
        .approval = HF_STR("a-1"),
        .tenant = HF_STR("acme"),
        .request = hf_bytes_of(request_hash.b, HF_HASH_SIZE),
        .action = hf_bytes_of(action_hash.b, HF_HASH_SIZE),
        .segment = 7,
        .offset = 3,
        .tool = HF_STR("exec"),
        .risk = HF_EVENT_APPROVAL_ROUTED_RISK_HIGH,
        .has_subject = true,
        .subject = hf_bytes_of(subject.b, HF_SUBJECT_SIZE),
        .requested = NOW,
        .expires = NOW + MINUTE};
    return hf_approval_fold(
        a, make_event(&made, HF_EVENT_APPROVAL_ROUTED_NAME, &event, a->version + 1, NOW), &err);
}

static enum hf_rc end(struct hf_approval *a, enum hf_event_approval_decided_decision decision,
                      const char *approver)
{
    struct made made;
    struct hf_err err = {0};
    const struct hf_event_approval_decided event = {
        .approval = HF_STR("a-1"),
        .tenant = HF_STR("acme"),
        .decision = decision,
        .has_approver = approver != NULL,
        .approver = hf_str_c(approver == NULL ? "" : approver),
        .request = hf_bytes_of(request_hash.b, HF_HASH_SIZE)};
    return hf_approval_fold(
        a, make_event(&made, HF_EVENT_APPROVAL_DECIDED_NAME, &event, a->version + 1, NOW), &err);
}

struct wish {
    const char *requester; /* NULL: not known */
    const char *closed;
    bool approves;
    const struct hf_hash *request;
};

static enum hf_rc may(const struct hf_approval *a, const char *who, const struct wish *wish,
                      int64_t now)
{
    struct hf_principal by = {.version = 1};
    struct hf_err err = {0};
    memcpy(by.name, who, strlen(who));
    const struct hf_approval_answer answer = {
        .by = &by,
        .requester = hf_str_c(wish->requester == NULL ? "" : wish->requester),
        .closed = wish->closed,
        .approves = wish->approves,
        .request = wish->request};
    return hf_approval_may_decide(a, &answer, now, &err);
}

/* Pending, then one answer, which stays; what happens twice is no history. */
HF_TEST(life)
{
    const struct {
        enum hf_event_approval_decided_decision decision;
        enum hf_approval_state state;
        const char *approver;
    } ends[] = {
        {HF_EVENT_APPROVAL_DECIDED_DECISION_APPROVED, HF_APPROVAL_APPROVED, "ann"},
        {HF_EVENT_APPROVAL_DECIDED_DECISION_DENIED, HF_APPROVAL_DENIED, "ann"},
        {HF_EVENT_APPROVAL_DECIDED_DECISION_EXPIRED, HF_APPROVAL_EXPIRED, NULL},
        {HF_EVENT_APPROVAL_DECIDED_DECISION_CANCELLED, HF_APPROVAL_CANCELLED, NULL},
    };

    for (size_t i = 0; i < HF_LEN(ends); i++) {
        struct hf_approval a = {.version = 0};
        HF_CHECK_RC(end(&a, ends[i].decision, ends[i].approver), HF_ECORRUPT);
        HF_CHECK_RC(route(&a), HF_OK);
        HF_CHECK(a.state == HF_APPROVAL_PENDING && a.segment == 7 && a.offset == 3);
        HF_CHECK(a.has_subject && hf_subject_eq(&a.subject, &subject) &&
                 a.expires_us == NOW + MINUTE);
        HF_CHECK_RC(route(&a), HF_ECORRUPT);
        HF_CHECK_RC(end(&a, ends[i].decision, ends[i].approver), HF_OK);
        HF_CHECK(a.state == ends[i].state && a.version == 2);
        HF_CHECK(strcmp(a.approver, ends[i].approver == NULL ? "" : ends[i].approver) == 0);
        HF_CHECK_RC(end(&a, ends[i].decision, NULL), HF_ECORRUPT);
        HF_CHECK(may(&a, "eve", &(struct wish){.approves = true}, NOW) != HF_OK);
        HF_CHECK(may(&a, "eve", &(struct wish){.approves = false}, NOW) != HF_OK);
    }
}

/* Who may answer, with what, until when. */
HF_TEST(answers)
{
    const struct {
        const char *requester;
        const char *who;
        bool approves;
        bool other_request;
        int64_t now;
        enum hf_rc rc;
    } rows[] = {
        {"user:bob", "ann", true, false, NOW, HF_OK},
        {"user:bob", "ann", false, false, NOW, HF_OK},
        {NULL, "ann", true, false, NOW, HF_OK},
        {"ann", "ann", true, false, NOW, HF_EPERM},
        {"principal:ann", "ann", true, false, NOW, HF_EPERM},
        {"Ann", "ann", true, false, NOW, HF_EPERM},
        {"principal:ANN", "ann", true, false, NOW, HF_EPERM},
        {"principal:anna", "ann", true, false, NOW, HF_OK},
        {"ann", "ann", false, false, NOW, HF_OK},
        {"user:bob", "ann", true, true, NOW, HF_ECONFLICT},
        {"user:bob", "ann", true, false, NOW + MINUTE - 1, HF_OK},
        {"user:bob", "ann", true, false, NOW + MINUTE, HF_ECONFLICT},
        {"user:bob", "ann", false, false, NOW + MINUTE, HF_ECONFLICT},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_approval a = {.version = 0};
        const struct wish wish = {.requester = rows[i].requester,
                                  .approves = rows[i].approves,
                                  .request = rows[i].other_request ? &action_hash : &request_hash};
        HF_CHECK_RC(route(&a), HF_OK);
        HF_CHECK_RC(may(&a, rows[i].who, &wish, rows[i].now), rows[i].rc);
    }
    HF_CHECK_RC(may(NULL, "ann", &(struct wish){.approves = true}, NOW), HF_ENOTFOUND);
}

/* What cannot be read may be denied, and not approved, whoever it is. */
HF_TEST(closed)
{
    struct hf_approval a = {.version = 0};
    struct wish wish = {.closed = "it is sealed", .approves = true};
    HF_CHECK_RC(route(&a), HF_OK);
    HF_CHECK_RC(may(&a, "ann", &wish, NOW), HF_EPRUNED);
    wish.approves = false;
    HF_CHECK_RC(may(&a, "ann", &wish, NOW), HF_OK);
    wish.closed = NULL;
    wish.approves = true;
    HF_CHECK_RC(may(&a, "ann", &wish, NOW), HF_OK);
}

/* One person with two principals is one person, whichever name the channel knows. */
HF_TEST(one_person)
{
    const struct {
        const char *requester;
        const char *person; /* of who answers */
        const char *askers; /* person of the principal that the requester names; NULL: none */
        enum hf_rc rc;
    } rows[] = {
        {"user:ann", "user:ann", NULL, HF_EPERM},
        {"user:Ann", "USER:ann", NULL, HF_EPERM},
        {"user:ann", "user:anna", NULL, HF_OK},
        {"user:ann", "", NULL, HF_OK},
        {"ann-phone", "user:ann", "user:ann", HF_EPERM},
        {"ann-phone", "user:ann", "", HF_OK},
        {"ann-phone", "", "", HF_OK},
        {"ann-phone", "user:ann", "user:bob", HF_OK},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_approval a = {.version = 0};
        struct hf_principal by = {.version = 1, .name = "ann-desk"};
        struct hf_principal asker = {.version = 1, .name = "ann-phone"};
        struct hf_err err = {0};
        memcpy(by.person, rows[i].person, strlen(rows[i].person));
        if (rows[i].askers != NULL) {
            memcpy(asker.person, rows[i].askers, strlen(rows[i].askers));
        }
        const struct hf_approval_answer answer = {.by = &by,
                                                  .requester = hf_str_c(rows[i].requester),
                                                  .asker = rows[i].askers == NULL ? NULL : &asker,
                                                  .approves = true};
        HF_CHECK_RC(route(&a), HF_OK);
        HF_CHECK_RC(hf_approval_may_decide(&a, &answer, NOW, &err), rows[i].rc);
    }
}

/* Names out of streams; what is longer than a name is none. */
HF_TEST(streams)
{
    const struct {
        const char *stream;
        enum hf_rc rc;
    } rows[] = {
        {"approval-decision/acme/a-1", HF_OK},
        {"approval-decision/acme", HF_ENOTFOUND},
        {"approval-decision/acme/", HF_ENOTFOUND},
        {"approval-decision//a-1", HF_ENOTFOUND},
        {"approval/acme/a-1", HF_ENOTFOUND},
        {"", HF_ENOTFOUND},
        {"approval-decision/", HF_ENOTFOUND},
        {"approval-decision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/a-1", HF_ENOTFOUND},
        {"approval-decision/a/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", HF_ENOTFOUND},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_str tenant = HF_STR("");
        struct hf_str name = HF_STR("");
        HF_CHECK_RC(
            hf_approval_of_stream(hf_str_c(rows[i].stream), HF_APPROVAL_STREAM, &tenant, &name),
            rows[i].rc);
        HF_CHECK(rows[i].rc != HF_OK ||
                 (hf_str_eq(tenant, HF_STR("acme")) && hf_str_eq(name, HF_STR("a-1"))));
    }
}

HF_TEST_MAIN(HF_TEST_CASE(life), HF_TEST_CASE(answers), HF_TEST_CASE(closed),
             HF_TEST_CASE(one_person), HF_TEST_CASE(streams))
