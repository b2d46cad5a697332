/* tests/unit/wrapper/test_lease.c: who holds the lease, and what proves that the gate holds. */
#include <stdio.h>

#include "tests/harness/test.h"
#include "wrapper/lease.h"

static const struct hf_gateway one = {.pid = 10, .uid = 5, .started = 100};
static const struct hf_gateway two = {.pid = 11, .uid = 5, .started = 200};
static const struct hf_gateway reused = {.pid = 10, .uid = 5, .started = 300};

static struct hf_env_sim sim;

static const char *challenge(struct hf_lease *lease, char session[80])
{
    hf_env_sim_init(&sim, hf_test_seed());
    const char *nonce = hf_lease_challenge(lease, &sim.env);
    (void)snprintf(session, 80, "%s%s", HF_CANARY_PREFIX, nonce);
    return nonce;
}

/* The first gateway takes the lease; another gets it only when that one is dead, and a process with
 * the same number is another. */
HF_TEST(claims)
{
    struct hf_lease lease = {0};
    HF_CHECK(hf_lease_state(&lease, 1) == HF_LEASE_NONE);
    HF_CHECK_RC(hf_lease_claim(&lease, &one, false), HF_OK);
    HF_CHECK(hf_lease_state(&lease, 1) == HF_LEASE_CLAIMED);
    HF_CHECK_RC(hf_lease_claim(&lease, &one, true), HF_OK);
    HF_CHECK_RC(hf_lease_claim(&lease, &two, true), HF_ELOCKED);
    HF_CHECK(hf_lease_holds(&lease, &one) && !hf_lease_holds(&lease, &two));
    HF_CHECK(!hf_lease_holds(&lease, &reused));
    HF_CHECK_RC(hf_lease_claim(&lease, &two, false), HF_OK);
    HF_CHECK(!hf_lease_holds(&lease, &one));
}

/* Enforced needs both: the gate was asked, and the gateway answered with what only the gate was
 * told; it lasts for a minute. */
HF_TEST(proofs)
{
    static const struct {
        bool seen;
        uint64_t status;
        const char *text; /* NULL: with the nonce in it */
        enum hf_lease_state state;
    } rows[] = {
        {true, 403, NULL, HF_LEASE_ENFORCED}, {false, 403, NULL, HF_LEASE_CLAIMED},
        {true, 403, "no", HF_LEASE_CLAIMED},  {true, 200, NULL, HF_LEASE_BROKEN},
        {false, 200, "ok", HF_LEASE_BROKEN},  {true, 0, "", HF_LEASE_CLAIMED},
        {true, 404, NULL, HF_LEASE_CLAIMED},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_lease lease = {0};
        char session[80];
        char text[64];
        HF_CHECK_RC(hf_lease_claim(&lease, &one, false), HF_OK);
        const char *nonce = challenge(&lease, session);
        (void)snprintf(text, sizeof text, "refused: %s", nonce);
        HF_CHECK(!hf_lease_seen(&lease, HF_STR(HF_CANARY_PREFIX "guess")));
        HF_CHECK(!rows[i].seen || hf_lease_seen(&lease, hf_str_c(session)));
        hf_lease_ended(&lease, hf_str_c(nonce), rows[i].status,
                       hf_str_c(rows[i].text == NULL ? text : rows[i].text), 1000);
        HF_CHECK_U64(hf_lease_state(&lease, 1001), rows[i].state);
        HF_CHECK(rows[i].state != HF_LEASE_ENFORCED ||
                 hf_lease_state(&lease, 1000 + HF_LEASE_NS) == HF_LEASE_CLAIMED);
        HF_CHECK_U64(lease.failed + lease.proved, 1);
        /* Once over, the same word proves nothing more. */
        hf_lease_ended(&lease, hf_str_c(nonce), 403, hf_str_c(text), 2000);
        HF_CHECK_U64(lease.failed + lease.proved, 1);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(claims), HF_TEST_CASE(proofs))
