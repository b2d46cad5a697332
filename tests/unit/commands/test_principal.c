/* tests/unit/commands/test_principal.c: who may be made, whose token opens when. */
#include "commands/principal.h"

#include "tests/harness/test.h"
#include "tests/unit/commands/fold.h"

static const struct hf_hash first = {{1}};
static const struct hf_hash second = {{2}};

static void create(struct hf_principal *p, enum hf_event_principal_created_role role,
                   const char *tenant, int64_t expires)
{
    struct made made;
    struct hf_err err = {0};
    const struct hf_event_principal_created event = {
        .principal = HF_STR("jo"),
        .kind = HF_EVENT_PRINCIPAL_CREATED_KIND_CUSTOMER,
        .role = role,
        .has_tenant = tenant != NULL,
        .tenant = tenant == NULL ? HF_STR("") : hf_str_c(tenant),
        .token_hash = hf_bytes_of(first.b, HF_HASH_SIZE),
        .expires = expires};
    *p = (struct hf_principal){.version = 0};
    HF_CHECK_OK(hf_principal_fold(
                    p, make_event(&made, HF_EVENT_PRINCIPAL_CREATED_NAME, &event, 1, NOW), &err),
                err);
}

/* A token opens until it expires, the one before until its overlap ends, none after revocation. */
HF_TEST(tokens)
{
    struct hf_principal p;
    struct made made;
    struct hf_err err = {0};
    create(&p, HF_EVENT_PRINCIPAL_CREATED_ROLE_VIEWER, "acme", NOW + MINUTE);
    HF_CHECK(hf_principal_takes(&p, &first, NOW + MINUTE - 1));
    HF_CHECK(!hf_principal_takes(&p, &first, NOW + MINUTE));
    HF_CHECK(!hf_principal_takes(&p, &second, NOW));
    const struct hf_event_principal_token_rotated rotated = {
        .principal = HF_STR("jo"),
        .token_hash = hf_bytes_of(second.b, HF_HASH_SIZE),
        .expires = 0,
        .previous_until = NOW + 10};
    HF_CHECK_OK(
        hf_principal_fold(
            &p, make_event(&made, HF_EVENT_PRINCIPAL_TOKEN_ROTATED_NAME, &rotated, 2, NOW), &err),
        err);
    HF_CHECK(hf_principal_takes(&p, &first, NOW + 9) && !hf_principal_takes(&p, &first, NOW + 10));
    HF_CHECK(hf_principal_takes(&p, &second, NOW + INT64_C(1000000) * MINUTE));
    const struct hf_event_principal_used used = {.principal = HF_STR("jo")};
    HF_CHECK_OK(hf_principal_fold(
                    &p, make_event(&made, HF_EVENT_PRINCIPAL_USED_NAME, &used, 1, NOW + 5), &err),
                err);
    HF_CHECK(p.used_us == NOW + 5 && p.version == 2); /* its own stream moves no version */
    const struct hf_event_principal_revoked revoked = {.principal = HF_STR("jo"),
                                                       .reason = HF_STR("left")};
    HF_CHECK_OK(hf_principal_fold(
                    &p, make_event(&made, HF_EVENT_PRINCIPAL_REVOKED_NAME, &revoked, 3, NOW), &err),
                err);
    HF_CHECK(!hf_principal_takes(&p, &second, NOW) && !hf_principal_takes(&p, &first, NOW));
    HF_CHECK_RC(hf_principal_may_rotate(&p, 0, NOW, &err), HF_EPERM);
    HF_CHECK_RC(hf_principal_may_revoke(&p, 2, &err), HF_EEXIST);
}

/* An event of version 1, as it lies in old logs, makes one of us. */
HF_TEST(old_event)
{
    struct hf_principal p = {.version = 0};
    struct hf_err err = {0};
    uint8_t bytes[512];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    const struct hf_event_principal_created_v1 old = {
        .principal = HF_STR("root"),
        .role = HF_EVENT_PRINCIPAL_CREATED_V1_ROLE_ADMIN,
        .token_hash = hf_bytes_of(first.b, HF_HASH_SIZE)};
    hf_event_principal_created_v1_encode(&old, &w);
    struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_PRINCIPAL_CREATED_NAME),
                                   .schema_version = 1,
                                   .payload = hf_writer_done(&w),
                                   .version = 1};
    HF_CHECK_OK(hf_principal_fold(&p, &envelope, &err), err);
    HF_CHECK(p.role == HF_ROLE_ADMIN && p.kind == HF_PRINCIPAL_OPERATOR && p.tenant[0] == '\0');
    envelope.schema_version = 9;
    HF_CHECK_RC(hf_principal_fold(&p, &envelope, &err), HF_EVERSION);
}

/* A table of wishes and what each is answered. */
HF_TEST(wishes)
{
    const struct {
        struct hf_principal_wish wish;
        enum hf_rc rc;
    } table[] = {
        {{.name = HF_STR("a"), .role = HF_ROLE_ADMIN}, HF_OK},
        {{.name = HF_STR("A"), .role = HF_ROLE_ADMIN}, HF_EINVAL},
        {{.name = HF_STR(""), .role = HF_ROLE_ADMIN}, HF_EINVAL},
        {{.name = HF_STR("a"), .role = HF_ROLE_ADMIN, .tenant = HF_STR("t")}, HF_EINVAL},
        {{.name = HF_STR("a"), .kind = HF_PRINCIPAL_PROGRAM, .tenant = HF_STR("t")}, HF_OK},
        {{.name = HF_STR("a"), .kind = HF_PRINCIPAL_CUSTOMER}, HF_EINVAL},
        {{.name = HF_STR("a"), .kind = HF_PRINCIPAL_CUSTOMER, .tenant = HF_STR("t")}, HF_OK},
        {{.name = HF_STR("a"),
          .kind = HF_PRINCIPAL_CUSTOMER,
          .role = HF_ROLE_APPROVER,
          .tenant = HF_STR("t")},
         HF_OK},
        {{.name = HF_STR("a"),
          .kind = HF_PRINCIPAL_CUSTOMER,
          .role = HF_ROLE_OPERATOR,
          .tenant = HF_STR("t")},
         HF_EINVAL},
        {{.name = HF_STR("a"), .expires_us = NOW}, HF_EINVAL},
        {{.name = HF_STR("a"), .expires_us = NOW + 1}, HF_OK},
    };
    struct hf_principal p = {.version = 0};
    struct hf_err err = {0};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        HF_CHECK_RC(hf_principal_may_create(&p, &table[i].wish, NOW, &err), table[i].rc);
    }
    HF_CHECK_RC(hf_principal_may_rotate(&p, 0, NOW, &err), HF_ENOTFOUND);
    HF_CHECK_RC(hf_principal_may_revoke(&p, 2, &err), HF_ENOTFOUND);
    create(&p, HF_EVENT_PRINCIPAL_CREATED_ROLE_ADMIN, NULL, 0);
    HF_CHECK_RC(hf_principal_may_create(&p, &table[0].wish, NOW, &err), HF_EEXIST);
    HF_CHECK_RC(hf_principal_may_revoke(&p, 1, &err), HF_EPERM);
    HF_CHECK_RC(hf_principal_may_revoke(&p, 2, &err), HF_OK);
    HF_CHECK(hf_principal_reaches(&p, HF_STR("any")));
    create(&p, HF_EVENT_PRINCIPAL_CREATED_ROLE_VIEWER, "acme", 0);
    HF_CHECK(hf_principal_reaches(&p, HF_STR("acme")) && !hf_principal_reaches(&p, HF_STR("acm")));
}

HF_TEST_MAIN(HF_TEST_CASE(tokens), HF_TEST_CASE(old_event), HF_TEST_CASE(wishes))
