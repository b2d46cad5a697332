/* tests/unit/commands/test_directive.c: which directives are known, with which parameters, and
 * which may be issued. */
#include "commands/directive.h"

#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/unit/commands/fold.h"

static const struct {
    const char *kind;
    const char *parameters; /* NULL: none */
    bool artifact;
    enum hf_rc rc;
    uint64_t seconds;
} rows[] = {
    {"refresh", NULL, false, HF_OK, 0},
    {"refresh", "x", false, HF_EINVAL, 0},
    {"refresh", NULL, true, HF_EINVAL, 0},
    {"rotate-key", NULL, false, HF_OK, 0},
    {"pause-uploads", "seconds=1", false, HF_OK, 1},
    {"pause-uploads", "seconds=3600", false, HF_OK, 3600},
    {"pause-uploads", "seconds=3601", false, HF_EINVAL, 0},
    {"pause-uploads", "seconds=0", false, HF_EINVAL, 0},
    {"pause-uploads", "seconds=01", false, HF_EINVAL, 0},
    {"pause-uploads", "seconds=", false, HF_EINVAL, 0},
    {"pause-uploads", "seconds", false, HF_EINVAL, 0},
    {"pause-uploads", NULL, false, HF_EINVAL, 0},
    {"activate", "slot=policy", true, HF_OK, 0},
    {"activate", "slot=policy", false, HF_EINVAL, 0},
    {"activate", "slot=moon", true, HF_EINVAL, 0},
    {"activate", "slot=policy,slot=policy", true, HF_EINVAL, 0},
    {"activate", "policy", true, HF_EINVAL, 0},
    {"activate", NULL, true, HF_EINVAL, 0},
    {"reboot", NULL, false, HF_ENOSYS, 0},
    {"refres", NULL, false, HF_ENOSYS, 0},
    {"", NULL, false, HF_ENOSYS, 0},
};

static const uint8_t digest[HF_HASH_SIZE] = {7};

static struct hf_event_directive_issued event_of(size_t i)
{
    return (struct hf_event_directive_issued){
        .address = HF_STR("acme"),
        .kind = hf_str_c(rows[i].kind),
        .sequence = 8,
        .not_after = NOW + 1,
        .has_parameters = rows[i].parameters != NULL,
        .parameters = hf_str_c(rows[i].parameters),
        .has_artifact = rows[i].artifact,
        .artifact = hf_bytes_of(digest, sizeof digest),
        .reason = HF_STR("r"),
    };
}

/* Each row is read as it says; an unknown kind is, for who issues it, a mistake like any other. */
HF_TEST(kinds)
{
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_directive directive = {.seconds = 0};
        struct hf_err err = {0};
        const struct hf_event_directive_issued event = event_of(i);
        HF_CHECK_RC(hf_directive_read(&event, &directive, &err), rows[i].rc);
        HF_CHECK_U64(directive.seconds, rows[i].seconds);
        HF_CHECK_RC(hf_directive_may_issue(&event, 7, NULL, NOW, &err),
                    rows[i].rc == HF_OK ? HF_OK : HF_EINVAL);
        HF_CHECK(rows[i].rc == HF_OK || err.rc == HF_EINVAL);
    }
}

/* A probe is one tenant's, has a name of its own kind, and is not for people to issue. */
HF_TEST(probes)
{
    static const struct {
        const char *address;
        const char *parameters;
        enum hf_rc rc;
    } cases[] = {
        {"acme", "approval=probe-1a", HF_OK},
        {"*", "approval=probe-1a", HF_EINVAL},
        {"acme", "approval=a-1", HF_EINVAL},
        {"acme", "approval=probe-1,x=y", HF_EINVAL},
        {"acme", "approval=probe-X", HF_EINVAL},
        {"acme", "approval=", HF_EINVAL},
        {"acme", "", HF_EINVAL},
    };

    for (size_t i = 0; i < HF_LEN(cases); i++) {
        struct hf_directive directive;
        struct hf_err err = {0};
        struct hf_event_directive_issued event = event_of(0);
        event.kind = HF_STR("probe");
        event.address = hf_str_c(cases[i].address);
        event.has_parameters = true;
        event.parameters = hf_str_c(cases[i].parameters);
        HF_CHECK_RC(hf_directive_read(&event, &directive, &err), cases[i].rc);
        HF_CHECK(cases[i].rc != HF_OK || strcmp(directive.approval, "probe-1a") == 0);
        HF_CHECK_RC(hf_directive_may_issue(&event, 7, NULL, NOW, &err), HF_EINVAL);
    }
}

/* An erasure is one tenant's, names its subject in one spelling, and is not for people to issue. */
HF_TEST(erasures)
{
    static const struct hf_subject subject = {{0x0f, 0xa1}};

    static const struct {
        const char *address;
        const char *parameters;
        enum hf_rc rc;
    } cases[] = {
        {"acme", "subject=0fa10000000000000000000000000000", HF_OK},
        {"*", "subject=0fa10000000000000000000000000000", HF_EINVAL},
        {"acme", "subject=0FA10000000000000000000000000000", HF_EINVAL},
        {"acme", "subject=0fa1000000000000000000000000000", HF_EINVAL},
        {"acme", "subject=0fa10000000000000000000000000000,x=y", HF_EINVAL},
        {"acme", "subject=0fa1000000000000000000000000000g", HF_EINVAL},
        {"acme", "subject=", HF_EINVAL},
        {"acme", "", HF_EINVAL},
    };

    char text[HF_DIRECTIVE_PARAMETERS];
    HF_CHECK_STR(hf_directive_erase_write(&subject, text), hf_str_c(cases[0].parameters));
    for (size_t i = 0; i < HF_LEN(cases); i++) {
        struct hf_directive directive;
        struct hf_err err = {0};
        struct hf_event_directive_issued event = event_of(0);
        event.kind = HF_STR("erase");
        event.address = hf_str_c(cases[i].address);
        event.has_parameters = true;
        event.parameters = hf_str_c(cases[i].parameters);
        HF_CHECK_RC(hf_directive_read(&event, &directive, &err), cases[i].rc);
        HF_CHECK(cases[i].rc != HF_OK || hf_subject_eq(&directive.subject, &subject));
        HF_CHECK_RC(hf_directive_may_issue(&event, 7, NULL, NOW, &err), HF_EINVAL);
    }
}

/* The number is the next one, the end lies in the next seven days, the tenant is active. */
HF_TEST(bounds)
{
    struct hf_event_directive_issued event = event_of(0);
    struct hf_tenant tenant;
    struct hf_err err = {0};
    HF_CHECK_RC(hf_directive_may_issue(&event, 6, NULL, NOW, &err), HF_EINVAL);
    HF_CHECK_RC(hf_directive_may_issue(&event, 8, NULL, NOW, &err), HF_EINVAL);
    event.not_after = NOW;
    HF_CHECK_RC(hf_directive_may_issue(&event, 7, NULL, NOW, &err), HF_EINVAL);
    event.not_after = NOW + HF_DIRECTIVE_LIFE_MAX_US;
    HF_CHECK_RC(hf_directive_may_issue(&event, 7, NULL, NOW, &err), HF_OK);
    event.not_after++;
    HF_CHECK_RC(hf_directive_may_issue(&event, 7, NULL, NOW, &err), HF_EINVAL);
    event.not_after = NOW + 1;
    hf_tenant_init(&tenant);
    tenant.status = HF_TENANT_ACTIVE;
    HF_CHECK_RC(hf_directive_may_issue(&event, 7, &tenant, NOW, &err), HF_OK);
    for (int status = HF_TENANT_NONE; status <= HF_TENANT_GONE; status++) {
        tenant.status = (enum hf_tenant_status)status;
        HF_CHECK_RC(hf_directive_may_issue(&event, 7, &tenant, NOW, &err),
                    status == HF_TENANT_ACTIVE ? HF_OK : HF_EPERM);
    }
}

/* A decision is read as it was written, in this form alone, for one tenant alone; nobody issues it
 * by hand. */
HF_TEST(decisions)
{
    char text[HF_DIRECTIVE_PARAMETERS];
    char longer[HF_DIRECTIVE_PARAMETERS + 64];
    struct hf_directive directive = {.approval = "a-1", .request = {{0xab}}, .approved = true};
    struct hf_directive back;
    struct hf_err err = {0};
    struct hf_event_directive_issued event = event_of(0);
    event.kind = HF_STR("decide");
    event.has_parameters = true;
    for (int approved = 0; approved <= 1; approved++) {
        directive.approved = approved == 1;
        event.parameters = hf_directive_decide_write(&directive, text);
        HF_CHECK_OK(hf_directive_read(&event, &back, &err), err);
        HF_CHECK(back.kind == HF_DIRECTIVE_DECIDE && back.approved == directive.approved);
        HF_CHECK(strcmp(back.approval, "a-1") == 0 && back.request.b[0] == 0xab);
        HF_CHECK_RC(hf_directive_may_issue(&event, 7, NULL, NOW, &err), HF_EINVAL);
    }
    struct hf_str whole = event.parameters;
    for (size_t len = 0; len < whole.len; len++) {
        event.parameters.len = len;
        HF_CHECK_RC(hf_directive_read(&event, &back, &err), HF_EINVAL);
    }
    (void)snprintf(longer, sizeof longer, "%.*s,more=1", HF_STR_ARG(whole));
    event.parameters = hf_str_c(longer);
    HF_CHECK_RC(hf_directive_read(&event, &back, &err), HF_EINVAL);
    event.parameters = whole;
    event.address = HF_STR(HF_DIRECTIVE_ALL);
    HF_CHECK_RC(hf_directive_read(&event, &back, &err), HF_EINVAL);
}

HF_TEST_MAIN(HF_TEST_CASE(kinds), HF_TEST_CASE(probes), HF_TEST_CASE(decisions),
             HF_TEST_CASE(erasures), HF_TEST_CASE(bounds))
