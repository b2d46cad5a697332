/* tests/unit/commands/test_flag.c: which setting of a flag counts, and what may be set. */
#include "commands/flag.h"

#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/unit/commands/fold.h"

static enum hf_rc set(struct hf_flag *flag, enum hf_event_flag_set_scope scope, const char *subject,
                      enum hf_event_flag_set_value value)
{
    struct made made;
    struct hf_err err = {0};
    const struct hf_event_flag_set event = {.flag = HF_STR("f"),
                                            .scope = scope,
                                            .subject = hf_str_c(subject),
                                            .value = value,
                                            .reason = HF_STR("r")};
    return hf_flag_fold(
        flag, make_event(&made, HF_EVENT_FLAG_SET_NAME, &event, flag->version + 1, NOW), &err);
}

static bool is_on(const struct hf_flag *flag, const char *tenant, enum hf_ring ring)
{
    return hf_flag_is_on(flag, hf_str_c(tenant), ring);
}

/* Tenant before ring before region; unset falls back; off everywhere at first. */
HF_TEST(narrower_counts)
{
    struct hf_flag flag = {.version = 0};
    HF_CHECK(!is_on(&flag, "a", HF_RING_CANARY));
    HF_CHECK_RC(set(&flag, HF_EVENT_FLAG_SET_SCOPE_REGION, "dev", HF_EVENT_FLAG_SET_VALUE_ON),
                HF_OK);
    HF_CHECK_RC(set(&flag, HF_EVENT_FLAG_SET_SCOPE_RING, "canary", HF_EVENT_FLAG_SET_VALUE_OFF),
                HF_OK);
    HF_CHECK_RC(set(&flag, HF_EVENT_FLAG_SET_SCOPE_TENANT, "a", HF_EVENT_FLAG_SET_VALUE_ON), HF_OK);
    HF_CHECK(is_on(&flag, "a", HF_RING_CANARY) && !is_on(&flag, "b", HF_RING_CANARY) &&
             is_on(&flag, "b", HF_RING_SANDBOX));
    HF_CHECK_RC(set(&flag, HF_EVENT_FLAG_SET_SCOPE_TENANT, "a", HF_EVENT_FLAG_SET_VALUE_UNSET),
                HF_OK);
    HF_CHECK(!is_on(&flag, "a", HF_RING_CANARY));
    HF_CHECK_RC(set(&flag, HF_EVENT_FLAG_SET_SCOPE_RING, "canary", HF_EVENT_FLAG_SET_VALUE_UNSET),
                HF_OK);
    HF_CHECK_RC(set(&flag, HF_EVENT_FLAG_SET_SCOPE_RING, "canary", HF_EVENT_FLAG_SET_VALUE_UNSET),
                HF_OK);
    HF_CHECK(is_on(&flag, "a", HF_RING_CANARY) && flag.count == 1 && flag.version == 6);
}

/* A table of wishes and what each is answered. */
HF_TEST(wishes)
{
    const struct {
        struct hf_flag_wish wish;
        enum hf_rc rc;
    } table[] = {
        {{HF_STR("dev"), HF_STR("f"), HF_FLAG_REGION, HF_STR("dev"), HF_FLAG_ON}, HF_EEXIST},
        {{HF_STR("dev"), HF_STR("f"), HF_FLAG_REGION, HF_STR("dev"), HF_FLAG_OFF}, HF_OK},
        {{HF_STR("dev"), HF_STR("f"), HF_FLAG_REGION, HF_STR("dev"), HF_FLAG_UNSET}, HF_OK},
        {{HF_STR("dev"), HF_STR("f"), HF_FLAG_REGION, HF_STR("prod-eu"), HF_FLAG_OFF}, HF_EINVAL},
        {{HF_STR("dev"), HF_STR("f"), HF_FLAG_RING, HF_STR("moon"), HF_FLAG_OFF}, HF_EINVAL},
        {{HF_STR("dev"), HF_STR("f"), HF_FLAG_RING, HF_STR("general"), HF_FLAG_OFF}, HF_OK},
        {{HF_STR("dev"), HF_STR("f"), HF_FLAG_TENANT, HF_STR("a"), HF_FLAG_UNSET}, HF_EEXIST},
        {{HF_STR("dev"), HF_STR("F!"), HF_FLAG_TENANT, HF_STR("a"), HF_FLAG_ON}, HF_EINVAL},
    };
    struct hf_flag flag = {.version = 0};
    struct hf_err err = {0};
    HF_CHECK_RC(set(&flag, HF_EVENT_FLAG_SET_SCOPE_REGION, "dev", HF_EVENT_FLAG_SET_VALUE_ON),
                HF_OK);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        HF_CHECK_RC(hf_flag_may_set(&flag, &table[i].wish, &err), table[i].rc);
    }
}

/* As many settings as fit; one more is refused with what to do, and never read out of bounds. */
HF_TEST(full)
{
    struct hf_flag flag = {.version = 0};
    struct hf_err err = {0};
    char tenant[16];
    for (int i = 0; i < HF_FLAG_SETTINGS_MAX; i++) {
        (void)snprintf(tenant, sizeof tenant, "t%d", i);
        HF_CHECK_RC(set(&flag, HF_EVENT_FLAG_SET_SCOPE_TENANT, tenant, HF_EVENT_FLAG_SET_VALUE_ON),
                    HF_OK);
    }
    const struct hf_flag_wish wish = {HF_STR("dev"), HF_STR("f"), HF_FLAG_TENANT, HF_STR("more"),
                                      HF_FLAG_ON};
    HF_CHECK_RC(hf_flag_may_set(&flag, &wish, &err), HF_ENOSPC);
    HF_CHECK_RC(set(&flag, HF_EVENT_FLAG_SET_SCOPE_TENANT, "more", HF_EVENT_FLAG_SET_VALUE_ON),
                HF_ECORRUPT);
    HF_CHECK(is_on(&flag, "t0", HF_RING_GENERAL) && is_on(&flag, "t63", HF_RING_GENERAL));
}

HF_TEST_MAIN(HF_TEST_CASE(narrower_counts), HF_TEST_CASE(wishes), HF_TEST_CASE(full))
