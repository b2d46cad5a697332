/* tests/sim/region/test_region.c: a region under faults is safe, and converges when they stop.
 *
 * The seed decides everything: --seed N replays.
 */
#include <stdio.h>

#include "base/heap.h"
#include "tests/harness/test.h"
#include "tests/sim/region/checks.h"
#include "tests/sim/region/storm.h"
#include "tests/sim/region/world.h"

/* A storm of these faults, then calm: nothing is lost, and all of it is at the Hub. */
static void check_region(unsigned tenants, unsigned faults, uint64_t seconds, uint64_t salt)
{
    struct sim_world *w = hf_heap_zalloc(1, sizeof *w);
    HF_ASSERT(w != NULL);
    sim_world_init(w, hf_test_seed() * 1000 + salt, tenants);
    sim_world_storm(w, faults, seconds * SIM_SECOND);
    sim_world_calm(w);
    bool settled = sim_world_settled(w, 1800 * SIM_SECOND);
    if (!settled && !hf_test_failed()) {
        hf_test_fail(__FILE__, __LINE__, "half an hour after the faults the region differs");
    }
    if (!hf_test_failed()) {
        sim_check_copies(w);
    }
    if (!hf_test_failed()) {
        sim_check_acknowledged(w);
    }
    if (!hf_test_failed()) {
        sim_check_alive(w);
    }
    if (!hf_test_failed()) {
        sim_check_models(w);
    }
    if (!hf_test_failed()) {
        sim_check_fold(w);
        sim_check_custody(w);
    }
    if (!hf_test_failed()) {
        sim_check_vaults(w);
    }
    if (!hf_test_failed()) {
        sim_check_secrets(w);
    }
    sim_world_fini(w);
    hf_heap_free(w);
}

#define STORM 200 /* seconds of virtual time */

HF_TEST(calm)
{
    check_region(5, 0, STORM, 0);
}

HF_TEST(cut)
{
    check_region(5, SIM_CUT, STORM, 1);
}

HF_TEST(mute)
{
    check_region(5, SIM_MUTE, STORM, 2);
}

HF_TEST(slow)
{
    check_region(5, SIM_SLOW, STORM, 3);
}

HF_TEST(altered)
{
    check_region(5, SIM_ALTER, STORM, 4);
}

HF_TEST(agents_crash)
{
    check_region(5, SIM_AGENT_CRASH, STORM, 5);
}

HF_TEST(hub_crashes)
{
    check_region(5, SIM_HUB_CRASH, STORM, 6);
}

HF_TEST(disk_full)
{
    check_region(5, SIM_DISK_FULL, STORM, 7);
}

HF_TEST(clocks_jump)
{
    check_region(5, SIM_CLOCK, STORM, 8);
}

HF_TEST(clocks_differ)
{
    check_region(5, SIM_SKEW, STORM, 13);
    check_region(5, SIM_SKEW | SIM_AGENT_CRASH | SIM_HUB_CRASH, STORM, 14);
}

/* Goal: a clock that was an hour ahead is set right while its agent restarts, and the Hub goes on
 * taking its signs of life: their counters come from the clock, but never go back. */
HF_TEST(clock_set_right)
{
    const int64_t hour_us = INT64_C(3600000000);
    struct sim_world *w = hf_heap_zalloc(1, sizeof *w);
    HF_ASSERT(w != NULL);
    sim_world_init(w, hf_test_seed() * 1000 + 15, 2);
    hf_env_machine_set(&w->tenants[0].machine.clock, hour_us, 0);
    sim_world_run(w, 60 * SIM_SECOND);
    sim_check_alive(w);
    for (unsigned round = 0; round < 3 && !hf_test_failed(); round++) {
        hf_env_machine_set(&w->tenants[0].machine.clock, -hour_us * round, 0);
        sim_crash_agent(&w->tenants[0]);
        sim_world_run(w, 30 * SIM_SECOND);
        sim_check_alive(w);
    }
    sim_world_fini(w);
    hf_heap_free(w);
}

/* Goal: a vault that is opened by itself once there is room. The disk is full for one step of an
 * agent's first start, whichever it is. */
HF_TEST(vault_without_room)
{
    unsigned off = 0;
    for (unsigned step = 1; step <= 16 && !hf_test_failed(); step++) {
        struct sim_world *w = hf_heap_zalloc(1, sizeof *w);
        HF_ASSERT(w != NULL);
        sim_world_init(w, hf_test_seed() * 1000 + 17, 1);
        struct sim_tenant *tenant = &w->tenants[0];
        tenant->machine.disk.file_steps = step;
        tenant->machine.disk.file_fault = HF_FAULT_ENOSPC;
        while (tenant->machine.life != SIM_UP) {
            HF_ASSERT(hf_loop_step(w->loop));
        }
        off += tenant->agent->vault.store == NULL ? 1 : 0;
        sim_world_run(w, 90 * SIM_SECOND);
        sim_world_calm(w);
        if (!hf_test_failed() && !sim_world_settled(w, 600 * SIM_SECOND)) {
            hf_test_fail(__FILE__, __LINE__, "full at step %u, the vault stays closed", step);
        }
        sim_check_vaults(w);
        sim_world_fini(w);
        hf_heap_free(w);
    }
    HF_CHECK(off > 0);
}

/* Goal: the search for secrets is one that finds. A program writes what it must not write. */
HF_TEST(leak_found)
{
    struct sim_world *w = hf_heap_zalloc(1, sizeof *w);
    HF_ASSERT(w != NULL);
    sim_world_init(w, hf_test_seed() * 1000 + 16, 2);
    sim_world_run(w, 100 * SIM_SECOND);
    HF_CHECK_U64(sim_secrets_in_region(w) + sim_secrets_in_tenants(w), 0);
    w->leaks = true;
    sim_world_run(w, 60 * SIM_SECOND);
    sim_world_calm(w);
    HF_CHECK(sim_world_settled(w, 600 * SIM_SECOND));
    HF_CHECK(sim_secrets_in_tenants(w) > 0);
    HF_CHECK(sim_secrets_in_region(w) > 0);
    sim_world_fini(w);
    hf_heap_free(w);
}

HF_TEST(replayed)
{
    check_region(5, SIM_REPLAY, STORM, 9);
}

HF_TEST(cloned)
{
    check_region(5, SIM_CLONE, STORM, 10);
}

HF_TEST(everything)
{
    check_region(12, SIM_ALL, STORM, 11);
}

/* What became of a region, as one number: the root of its log. */
static struct hf_hash root_of_run(uint64_t seed)
{
    struct hf_hash root = {{0}};
    struct hf_tip tip;
    struct sim_world *w = hf_heap_zalloc(1, sizeof *w);
    HF_ASSERT(w != NULL);
    sim_world_init(w, seed, 8);
    sim_world_storm(w, SIM_ALL, 100 * SIM_SECOND);
    sim_world_calm(w);
    if (sim_world_settled(w, 1800 * SIM_SECOND)) {
        hf_log_tip(w->hub->log.log, &tip);
        root = tip.root;
    }
    sim_world_fini(w);
    hf_heap_free(w);
    return root;
}

HF_TEST(seeds_replay)
{
    const struct hf_hash zero = {{0}};
    struct hf_hash first = root_of_run(hf_test_seed());
    struct hf_hash again = root_of_run(hf_test_seed());
    struct hf_hash other = root_of_run(hf_test_seed() + 1);
    HF_CHECK(!hf_hash_eq(&first, &zero));
    HF_CHECK(hf_hash_eq(&first, &again));
    HF_CHECK(!hf_hash_eq(&first, &other));
}

HF_TEST(two_hundred)
{
    check_region(200, SIM_ALL, 60, 12);
}

HF_TEST_MAIN(HF_TEST_CASE(calm), HF_TEST_CASE(cut), HF_TEST_CASE(mute), HF_TEST_CASE(slow),
             HF_TEST_CASE(altered), HF_TEST_CASE(agents_crash), HF_TEST_CASE(hub_crashes),
             HF_TEST_CASE(disk_full), HF_TEST_CASE(clocks_jump), HF_TEST_CASE(clocks_differ),
             HF_TEST_CASE(clock_set_right), HF_TEST_CASE(vault_without_room),
             HF_TEST_CASE(leak_found), HF_TEST_CASE(replayed), HF_TEST_CASE(cloned),
             HF_TEST_CASE(everything), HF_TEST_CASE(seeds_replay), HF_TEST_CASE(two_hundred))
