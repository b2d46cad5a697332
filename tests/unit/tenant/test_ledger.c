/* tests/unit/tenant/test_ledger.c: reservations are counted while they are under way. */
#include "tenant/ledger.h"

#include <stdio.h>

#include "tests/harness/test.h"

/* Goal: each reservation counts once, from when it is made until it is released or over. Method:
 * two of them, one replaced, time going by. */
HF_TEST(life)
{
    static struct hf_ledger ledger;
    const uint64_t small[HF_BUDGET_METERS] = {[HF_BUDGET_TOKENS] = 10, [HF_BUDGET_REQUESTS] = 1};
    const uint64_t big[HF_BUDGET_METERS] = {[HF_BUDGET_TOKENS] = UINT64_MAX};
    struct hf_err err = {0};
    HF_CHECK_U64(hf_ledger_sum(&ledger, HF_BUDGET_TOKENS, 0), 0);
    HF_CHECK_OK(hf_ledger_reserve(&ledger, HF_STR("a"), small, 100, 0, &err), err);
    HF_CHECK_OK(hf_ledger_reserve(&ledger, HF_STR("b"), small, 200, 0, &err), err);
    HF_CHECK_U64(hf_ledger_sum(&ledger, HF_BUDGET_TOKENS, 0), 20);
    HF_CHECK_U64(hf_ledger_sum(&ledger, HF_BUDGET_REQUESTS, 0), 2);
    HF_CHECK_U64(hf_ledger_sum(&ledger, HF_BUDGET_EUR, 0), 0);
    HF_CHECK_U64(hf_ledger_sum(&ledger, HF_BUDGET_TOKENS, 99), 20);
    HF_CHECK_U64(hf_ledger_sum(&ledger, HF_BUDGET_TOKENS, 100), 10);
    HF_CHECK_OK(hf_ledger_reserve(&ledger, HF_STR("b"), big, 300, 100, &err), err);
    HF_CHECK_OK(hf_ledger_reserve(&ledger, HF_STR("c"), big, 300, 100, &err), err);
    HF_CHECK_U64(hf_ledger_sum(&ledger, HF_BUDGET_TOKENS, 200), UINT64_MAX);
    HF_CHECK_U64(hf_ledger_held(&ledger, HF_STR("b"), HF_BUDGET_TOKENS, 200),
                 big[HF_BUDGET_TOKENS]);
    HF_CHECK_U64(hf_ledger_held(&ledger, HF_STR("b"), HF_BUDGET_TOKENS, 300), 0);
    HF_CHECK_U64(hf_ledger_held(&ledger, HF_STR("none"), HF_BUDGET_TOKENS, 200), 0);
    HF_CHECK(hf_ledger_release(&ledger, HF_STR("b")));
    HF_CHECK(!hf_ledger_release(&ledger, HF_STR("b")));
    HF_CHECK(!hf_ledger_release(&ledger, HF_STR("")));
    HF_CHECK(hf_ledger_release(&ledger, HF_STR("c")));
    HF_CHECK_U64(hf_ledger_sum(&ledger, HF_BUDGET_TOKENS, 200), 0);
}

/* Goal: it is bounded, and names are. Method: it is filled; time makes room again. */
HF_TEST(bounds)
{
    static struct hf_ledger ledger;
    const uint64_t one[HF_BUDGET_METERS] = {1, 1, 1, 1};
    struct hf_err err = {0};
    char name[32];
    char long_name[HF_LEDGER_NAME_MAX + 2] = "";
    memset(long_name, 'x', HF_LEDGER_NAME_MAX + 1);
    for (unsigned i = 0; i < HF_LEDGER_MAX; i++) {
        (void)snprintf(name, sizeof name, "r%u", i);
        HF_CHECK_OK(hf_ledger_reserve(&ledger, hf_str_c(name), one, 10, 0, &err), err);
    }
    HF_CHECK_RC(hf_ledger_reserve(&ledger, HF_STR("more"), one, 10, 0, &err), HF_EBUSY);
    HF_CHECK_OK(hf_ledger_reserve(&ledger, HF_STR("r7"), one, 20, 0, &err), err);
    HF_CHECK_OK(hf_ledger_reserve(&ledger, HF_STR("more"), one, 20, 10, &err), err);
    HF_CHECK_U64(hf_ledger_sum(&ledger, HF_BUDGET_EUR, 10), 2);
    HF_CHECK_RC(hf_ledger_check_name(HF_STR(""), &err), HF_EINVAL);
    HF_CHECK_RC(hf_ledger_check_name(HF_STR("a\0b"), &err), HF_EINVAL);
    HF_CHECK_RC(hf_ledger_check_name(hf_str_c(long_name), &err), HF_EINVAL);
}

HF_TEST_MAIN(HF_TEST_CASE(life), HF_TEST_CASE(bounds))
