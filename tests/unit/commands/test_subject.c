/* tests/unit/commands/test_subject.c: a subject from its key to its erasure, and who may read. */
#include "commands/subject.h"

#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/unit/commands/fold.h"

#define HEX    "000102030405060708090a0b0c0d0e0f"
#define STREAM "subject/acme/" HEX

static const struct hf_hash digest = {{1, 2, 3}};
static const struct hf_hash other_digest = {{4, 5, 6}};

static struct hf_subject_life none(void)
{
    struct hf_subject_life life = {.tenant = "acme"};
    for (uint8_t i = 0; i < HF_SUBJECT_SIZE; i++) {
        life.subject.b[i] = i;
    }
    return life;
}

static enum hf_rc fold(struct hf_subject_life *life, const char *type, const void *event,
                       uint64_t index)
{
    struct made made;
    struct hf_err err = {0};
    (void)make_event(&made, type, event, life->version + 1, NOW);
    made.envelope.stream = HF_STR(STREAM);
    made.envelope.recorded_us = NOW + (int64_t)index;
    return hf_subject_fold(life, index, &made.envelope, &err);
}

static enum hf_rc keep(struct hf_subject_life *life)
{
    const struct hf_event_subject_kept event = {.tenant = HF_STR("acme"),
                                                .subject = HF_STR(HEX),
                                                .key_digest = hf_bytes_of(digest.b, HF_HASH_SIZE)};
    return fold(life, HF_EVENT_SUBJECT_KEPT_NAME, &event, 7);
}

static enum hf_rc erase(struct hf_subject_life *life)
{
    const struct hf_event_subject_erased event = {.tenant = HF_STR("acme"),
                                                  .subject = HF_STR(HEX),
                                                  .key_digest = hf_bytes_of(digest.b, HF_HASH_SIZE),
                                                  .reason = HF_STR("they asked for it"),
                                                  .by = HF_STR("ann")};
    return fold(life, HF_EVENT_SUBJECT_ERASED_NAME, &event, 8);
}

static enum hf_rc confirm(struct hf_subject_life *life)
{
    const struct hf_event_subject_erasure_confirmed event = {.tenant = HF_STR("acme"),
                                                             .subject = HF_STR(HEX),
                                                             .segment = 3,
                                                             .offset = 1,
                                                             .directive = 5};
    return fold(life, HF_EVENT_SUBJECT_ERASURE_CONFIRMED_NAME, &event, 9);
}

static enum hf_rc may_keep(const struct hf_subject_life *life, const struct hf_hash *key)
{
    struct hf_err err = {0};
    return hf_subject_may_keep(life, key, &err);
}

static enum hf_rc may_erase(const struct hf_subject_life *life, const char *reason)
{
    struct hf_err err = {0};
    return hf_subject_may_erase(life, hf_str_c(reason), &err);
}

/* Kept, erased, confirmed, each once and in this order; at each step what may come next. */
HF_TEST(kept)
{
    struct hf_subject_life life = none();
    HF_CHECK_RC(may_keep(NULL, &digest), HF_OK);
    HF_CHECK_RC(may_keep(&life, &digest), HF_OK);
    HF_CHECK_RC(may_erase(NULL, "why"), HF_ENOTFOUND);
    HF_CHECK_RC(may_erase(&life, "why"), HF_ENOTFOUND);
    HF_CHECK_RC(erase(&life), HF_ECORRUPT);
    HF_CHECK_RC(confirm(&life), HF_ECORRUPT);

    HF_CHECK_RC(keep(&life), HF_OK);
    HF_CHECK(life.state == HF_SUBJECT_KEPT && life.version == 1 && life.kept_index == 7 &&
             life.kept_us == NOW + 7 && hf_hash_eq(&life.key_digest, &digest));
    HF_CHECK_RC(keep(&life), HF_ECORRUPT);
    HF_CHECK_RC(confirm(&life), HF_ECORRUPT);
    HF_CHECK_RC(may_keep(&life, &digest), HF_EEXIST);
    HF_CHECK_RC(may_keep(&life, &other_digest), HF_ECONFLICT);
    HF_CHECK_RC(may_erase(&life, "why"), HF_OK);
    HF_CHECK_RC(may_erase(&life, ""), HF_EINVAL);
    HF_CHECK_RC(may_erase(&life, " \t\n"), HF_EINVAL);
}

HF_TEST(erased)
{
    struct hf_subject_life life = none();
    HF_CHECK_RC(keep(&life), HF_OK);
    HF_CHECK_RC(erase(&life), HF_OK);
    HF_CHECK(life.state == HF_SUBJECT_ERASED && life.version == 2 && life.erased_index == 8 &&
             life.erased_us == NOW + 8 && strcmp(life.by, "ann") == 0);
    HF_CHECK_RC(erase(&life), HF_ECORRUPT);
    HF_CHECK_RC(may_keep(&life, &digest), HF_EPRUNED);
    HF_CHECK_RC(may_keep(&life, &other_digest), HF_EPRUNED);
    HF_CHECK_RC(may_erase(&life, "why"), HF_EEXIST);

    HF_CHECK_RC(confirm(&life), HF_OK);
    HF_CHECK(life.state == HF_SUBJECT_ERASED && life.version == 3 && life.confirmed_index == 9 &&
             life.confirmed_us == NOW + 9 && life.confirmed_segment == 3 && life.confirmed_by == 5);
    HF_CHECK_RC(confirm(&life), HF_ECORRUPT);
}

/* Tenant and subject out of streams; everything else is none. */
HF_TEST(streams)
{
    const char *const wrong[] = {
        "",
        "subject/",
        "subject/acme",
        "subject/acme/",
        "subject//" HEX,
        "subject/acme/" HEX "0",
        "subject/acme/000102030405060708090A0B0C0D0E0F",
        "subject/Acme/" HEX,
        "subjects/acme/" HEX,
        "subject/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/" HEX,
    };

    struct hf_str tenant = HF_STR("");
    struct hf_subject subject = {{0}};
    const struct hf_subject_life life = none();
    HF_CHECK_RC(hf_subject_of_stream(HF_STR(STREAM), &tenant, &subject), HF_OK);
    HF_CHECK_STR(tenant, HF_STR("acme"));
    HF_CHECK(hf_subject_eq(&subject, &life.subject));
    for (size_t i = 0; i < HF_LEN(wrong); i++) {
        HF_CHECK_RC(hf_subject_of_stream(hf_str_c(wrong[i]), &tenant, &subject), HF_ENOTFOUND);
    }
}

/* Each role and kind, of the tenant, of another and of none. */
HF_TEST(who_may_open)
{
    const struct {
        enum hf_principal_kind kind;
        enum hf_role role;
        const char *tenant; /* bound to; empty: to none */
        bool may;
    } rows[] = {
        {HF_PRINCIPAL_OPERATOR, HF_ROLE_VIEWER, "", false},
        {HF_PRINCIPAL_OPERATOR, HF_ROLE_AUDITOR, "", false},
        {HF_PRINCIPAL_OPERATOR, HF_ROLE_OPERATOR, "", false},
        {HF_PRINCIPAL_OPERATOR, HF_ROLE_APPROVER, "", true},
        {HF_PRINCIPAL_OPERATOR, HF_ROLE_ADMIN, "", true},
        {HF_PRINCIPAL_OPERATOR, HF_ROLE_APPROVER, "acme", true},
        {HF_PRINCIPAL_OPERATOR, HF_ROLE_APPROVER, "other", false},
        {HF_PRINCIPAL_OPERATOR, HF_ROLE_VIEWER, "acme", false},
        {HF_PRINCIPAL_PROGRAM, HF_ROLE_APPROVER, "", true},
        {HF_PRINCIPAL_PROGRAM, HF_ROLE_OPERATOR, "", false},
        {HF_PRINCIPAL_CUSTOMER, HF_ROLE_VIEWER, "acme", true},
        {HF_PRINCIPAL_CUSTOMER, HF_ROLE_APPROVER, "acme", true},
        {HF_PRINCIPAL_CUSTOMER, HF_ROLE_APPROVER, "other", false},
        {HF_PRINCIPAL_CUSTOMER, HF_ROLE_VIEWER, "other", false},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_principal p = {.version = 1, .kind = rows[i].kind, .role = rows[i].role};
        memcpy(p.tenant, rows[i].tenant, strlen(rows[i].tenant));
        HF_CHECK(hf_subject_may_open(&p, HF_STR("acme")) == rows[i].may);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(kept), HF_TEST_CASE(erased), HF_TEST_CASE(streams),
             HF_TEST_CASE(who_may_open))
