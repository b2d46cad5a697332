/* tests/unit/commands/test_cutover.c: the steps with their guards, and the gates at each step. */
#include "commands/cutover.h"

#include "commands/region.h"
#include "tests/harness/test.h"
#include "tests/unit/commands/fold.h"

static void begin(struct hf_cutover *cutover)
{
    struct made made;
    struct hf_err err = {0};
    const struct hf_event_cutover_begun event = {.reason = HF_STR("r")};
    *cutover = (struct hf_cutover){.version = 0};
    HF_CHECK_OK(hf_cutover_fold(
                    cutover, make_event(&made, HF_EVENT_CUTOVER_BEGUN_NAME, &event, 1, NOW), &err),
                err);
}

static void advance(struct hf_cutover *cutover, enum hf_cutover_step step, int64_t until)
{
    struct made made;
    struct hf_err err = {0};
    const struct hf_event_cutover_advanced event = {
        .step = (enum hf_event_cutover_advanced_step)(step - 1),
        .evidence = HF_STR("e"),
        .has_window_until = until != 0,
        .window_until = until,
        .reason = HF_STR("r")};
    HF_CHECK_OK(hf_cutover_fold(cutover,
                                make_event(&made, HF_EVENT_CUTOVER_ADVANCED_NAME, &event,
                                           cutover->version + 1, NOW),
                                &err),
                err);
    HF_CHECK(cutover->step == step);
}

/* At each step: what the three ways answer for an internal tenant and for a customer's. */
HF_TEST(gates)
{
    static const struct {
        enum hf_cutover_step step;
        bool legacy, old, sandbox, general, registers;
    } table[] = {
        {HF_CUTOVER_NONE, true, true, false, false, false},
        {HF_CUTOVER_FREEZE_LEGACY, false, true, false, false, false},
        {HF_CUTOVER_CLEANUP_RELEASE, false, true, false, false, false},
        {HF_CUTOVER_ENABLE_REGISTRATION, false, true, true, false, true},
        {HF_CUTOVER_FIRST_TENANT, false, true, true, false, true},
        {HF_CUTOVER_PARALLEL_RUN, false, true, true, false, true},
        {HF_CUTOVER_FLIP_DEFAULT, false, false, true, true, true},
    };
    struct hf_cutover c = {.version = 0};
    struct hf_err err = {0};
    HF_CHECK_RC(hf_cutover_may_provision(&c, HF_WAY_NEW_FLOW, HF_RING_GENERAL, &err), HF_OK);
    HF_CHECK_RC(hf_cutover_may_provision(&c, HF_WAY_OLD_FLOW, HF_RING_SANDBOX, &err), HF_EPERM);
    HF_CHECK_RC(hf_cutover_may_provision(&c, HF_WAY_LEGACY_DEPLOY, HF_RING_SANDBOX, &err),
                HF_EPERM);
    HF_CHECK_RC(hf_cutover_may_register(&c, &err), HF_OK);
    HF_CHECK(hf_cutover_default_way(&c) == HF_WAY_NEW_FLOW);
    begin(&c);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (i > 0) {
            advance(&c, table[i].step, table[i].step == HF_CUTOVER_PARALLEL_RUN ? NOW + 1 : 0);
        }
        enum hf_rc no = HF_EPERM;
        HF_CHECK_RC(hf_cutover_may_provision(&c, HF_WAY_LEGACY_DEPLOY, HF_RING_GENERAL, &err),
                    table[i].legacy ? HF_OK : no);
        HF_CHECK_RC(hf_cutover_may_provision(&c, HF_WAY_OLD_FLOW, HF_RING_GENERAL, &err),
                    table[i].old ? HF_OK : no);
        HF_CHECK_RC(hf_cutover_may_provision(&c, HF_WAY_NEW_FLOW, HF_RING_SANDBOX, &err),
                    table[i].sandbox ? HF_OK : no);
        HF_CHECK_RC(hf_cutover_may_provision(&c, HF_WAY_NEW_FLOW, HF_RING_GENERAL, &err),
                    table[i].general ? HF_OK : no);
        HF_CHECK_RC(hf_cutover_may_register(&c, &err), table[i].registers ? HF_OK : no);
        HF_CHECK(hf_cutover_default_way(&c) ==
                 (table[i].general ? HF_WAY_NEW_FLOW : HF_WAY_OLD_FLOW));
    }
}

/* In order, with signs of life where tenants must stand, and not before the window's end. */
HF_TEST(guards)
{
    struct hf_cutover c = {.version = 0};
    struct hf_err err = {0};
    struct hf_cutover_facts facts = {.now_us = NOW};
    HF_CHECK_RC(hf_cutover_may_advance(&c, HF_CUTOVER_FREEZE_LEGACY, 0, &facts, &err), HF_EPERM);
    HF_CHECK_RC(hf_cutover_may_revert(&c, &err), HF_EPERM);
    begin(&c);
    HF_CHECK_RC(hf_cutover_may_begin(&c, &err), HF_EEXIST);
    HF_CHECK_RC(hf_cutover_may_advance(&c, HF_CUTOVER_CLEANUP_RELEASE, 0, &facts, &err), HF_EPERM);
    advance(&c, HF_CUTOVER_FREEZE_LEGACY, 0);
    HF_CHECK_RC(hf_cutover_may_revert(&c, &err), HF_EPERM);
    HF_CHECK_RC(hf_cutover_may_advance(&c, HF_CUTOVER_FREEZE_LEGACY, 0, &facts, &err), HF_EEXIST);
    advance(&c, HF_CUTOVER_CLEANUP_RELEASE, 0);
    advance(&c, HF_CUTOVER_ENABLE_REGISTRATION, 0);
    HF_CHECK_RC(hf_cutover_may_advance(&c, HF_CUTOVER_FIRST_TENANT, 0, &facts, &err), HF_EPERM);
    facts.sandboxes = 100;
    facts.sandboxes_fresh = 96;
    HF_CHECK_RC(hf_cutover_may_advance(&c, HF_CUTOVER_FIRST_TENANT, 0, &facts, &err), HF_EPERM);
    facts.sandboxes_fresh = 97;
    HF_CHECK_RC(hf_cutover_may_advance(&c, HF_CUTOVER_FIRST_TENANT, 0, &facts, &err), HF_OK);
    advance(&c, HF_CUTOVER_FIRST_TENANT, 0);
    HF_CHECK_RC(hf_cutover_may_advance(&c, HF_CUTOVER_PARALLEL_RUN, NOW, &facts, &err), HF_EINVAL);
    advance(&c, HF_CUTOVER_PARALLEL_RUN, NOW + MINUTE);
    HF_CHECK_RC(hf_cutover_may_advance(&c, HF_CUTOVER_FLIP_DEFAULT, 0, &facts, &err), HF_EPERM);
    facts.now_us = NOW + MINUTE;
    HF_CHECK_RC(hf_cutover_may_advance(&c, HF_CUTOVER_FLIP_DEFAULT, 0, &facts, &err), HF_OK);
    advance(&c, HF_CUTOVER_FLIP_DEFAULT, 0);
    HF_CHECK_RC(hf_cutover_may_revert(&c, &err), HF_OK);
    struct made made;
    const struct hf_event_cutover_reverted event = {
        .step = HF_EVENT_CUTOVER_REVERTED_STEP_FLIP_DEFAULT, .reason = HF_STR("r")};
    HF_CHECK_OK(hf_cutover_fold(
                    &c, make_event(&made, HF_EVENT_CUTOVER_REVERTED_NAME, &event, 8, NOW), &err),
                err);
    HF_CHECK(c.step == HF_CUTOVER_PARALLEL_RUN && c.window_until_us == NOW + MINUTE);
}

/* Which region an order belongs to. */
HF_TEST(regions)
{
    static const struct {
        const char *named, *market;
        enum hf_rc rc;
        enum hf_region region;
    } table[] = {
        {"", "", HF_OK, HF_REGION_DEV},
        {"", "eu", HF_OK, HF_REGION_PROD_EU},
        {"", "na", HF_OK, HF_REGION_PROD_US},
        {"", "EU", HF_EINVAL, HF_REGION_DEV},
        {"staging", "eu", HF_OK, HF_REGION_STAGING},
        {"mars", "eu", HF_EINVAL, HF_REGION_DEV},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        enum hf_region region = HF_REGION_DEV;
        struct hf_err err = {0};
        HF_CHECK_RC(hf_region_of_order(hf_str_c(table[i].named), hf_str_c(table[i].market),
                                       HF_REGION_DEV, &region, &err),
                    table[i].rc);
        HF_CHECK(region == table[i].region);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(gates), HF_TEST_CASE(guards), HF_TEST_CASE(regions))
