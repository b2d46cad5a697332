/* tests/sim/region/test_memory.c: snapshots of the Hub's memory that do not fit are ignored, and
 * those that fit are worth something. Each start compares what the Hub knows with a fresh fold of
 * its log (sim_check_memory). --seed N replays.
 */
#include <stdio.h>

#include "base/heap.h"
#include "hub/memory.h"
#include "tests/harness/test.h"
#include "tests/sim/region/checks.h"
#include "tests/sim/region/world.h"

#define FILE_NAME "/hub/memory"

static struct sim_world *begin(uint64_t salt)
{
    struct sim_world *w = hf_heap_zalloc(1, sizeof *w);
    HF_ASSERT(w != NULL);
    sim_world_init(w, hf_test_seed() * 1000 + salt, 3);
    sim_world_storm(w, 0, 60 * SIM_SECOND);
    sim_world_calm(w);
    HF_ASSERT(sim_world_settled(w, 600 * SIM_SECOND) || hf_test_failed());
    return w;
}

static void end(struct sim_world *w)
{
    sim_world_fini(w);
    hf_heap_free(w);
}

static struct hf_buf read_file(struct sim_world *w)
{
    struct hf_buf file = hf_buf_init(HF_MEMORY_MAX);
    struct hf_err err = {0};
    enum hf_rc rc = hf_disk_read(&w->hub_machine.disk.disk, FILE_NAME, &file, &err);
    if (rc != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "there is no snapshot: %s", err.text);
    }
    return file;
}

/* Power off, so that it leaves no newer one; this one is there when it starts again. */
static uint64_t start_with(struct sim_world *w, struct hf_bytes file)
{
    unsigned before = w->from_snapshot;
    sim_world_crash_hub(w);
    sim_disk_put(&w->hub_machine.disk, FILE_NAME, file);
    sim_world_await_hub(w);
    HF_ASSERT(w->hub != NULL);
    return w->from_snapshot - before;
}

/* A good one is taken; each with a byte that is another one, cut anywhere or with something behind
 * it is not, and the Hub knows the same. */
HF_TEST(damaged)
{
    struct sim_world *w = begin(1);
    sim_world_restart_hub(w);
    struct hf_buf file = read_file(w);
    HF_CHECK_U64(start_with(w, hf_buf_bytes(&file)), 1);
    for (size_t n = 0; n < 300 && !hf_test_failed(); n++) {
        uint64_t number = 0;
        hf_env_random(&w->sim.env, &number, sizeof number);
        size_t at = n < 110 ? n : (size_t)(number % file.len); /* all of the head */
        uint8_t old = file.ptr[at];
        file.ptr[at] ^= (uint8_t)(1u << (number >> 60 & 7));
        HF_CHECK_U64(start_with(w, hf_buf_bytes(&file)), 0);
        file.ptr[at] = old;
    }
    for (size_t len = 0; len < file.len && !hf_test_failed(); len += 1 + len / 7) {
        HF_CHECK_U64(start_with(w, hf_bytes_of(file.ptr, len)), 0);
    }
    HF_CHECK_U64(start_with(w, hf_buf_bytes(&file)), 1);
    hf_buf_put(&file, "x", 1);
    HF_CHECK_U64(start_with(w, hf_buf_bytes(&file)), 0);
    hf_buf_free(&file);
    end(w);
}

/* An older one is taken, and what the log has behind it is folded; one that knows more than the
 * log, which was put back, and one of another region's log are not. */
HF_TEST(other)
{
    struct sim_disk then;
    struct sim_world *w = begin(2);
    struct sim_world *v = begin(3);
    sim_world_restart_hub(w);
    struct hf_buf old = read_file(w);
    sim_disk_init(&then, 1);
    sim_world_crash_hub(w);
    sim_disk_copy(&then, &w->hub_machine.disk);
    sim_world_await_hub(w);
    sim_world_storm(w, 0, 30 * SIM_SECOND);
    sim_world_calm(w);
    sim_world_restart_hub(w);
    struct hf_buf new = read_file(w);
    HF_CHECK(!hf_bytes_eq(hf_buf_bytes(&old), hf_buf_bytes(&new)));
    HF_CHECK_U64(start_with(w, hf_buf_bytes(&old)), 1);
    HF_CHECK_U64(start_with(w, hf_buf_bytes(&new)), 1);
    sim_world_restart_hub(v);
    struct hf_buf others = read_file(v);
    HF_CHECK_U64(start_with(w, hf_buf_bytes(&others)), 0);
    sim_world_crash_hub(w);
    sim_disk_fini(&w->hub_machine.disk);
    w->hub_machine.disk = then;
    unsigned before = w->from_snapshot;
    sim_disk_put(&w->hub_machine.disk, FILE_NAME, hf_buf_bytes(&new));
    sim_world_await_hub(w);
    HF_CHECK_U64(w->from_snapshot, before);
    hf_buf_free(&old);
    hf_buf_free(&new);
    hf_buf_free(&others);
    end(v);
    end(w);
}

/* Crashes and restarts at any moment, over random histories: from a snapshot or not, the Hub knows
 * what its log says, and custody has the keys that the log calls kept, and no other. */
HF_TEST(histories)
{
    unsigned from_snapshot = 0;
    unsigned compared = 0;
    unsigned operations = 0;
    uint64_t subjects = 0;
    for (unsigned run = 0; run < 12 && !hf_test_failed(); run++) {
        struct sim_world *w = hf_heap_zalloc(1, sizeof *w);
        HF_ASSERT(w != NULL);
        sim_world_init(w, hf_test_seed() * 1000 + 100 + run, 3);
        sim_world_storm(w, SIM_HUB_CRASH | SIM_DISK_FULL | SIM_AGENT_CRASH, 150 * SIM_SECOND);
        sim_world_calm(w);
        sim_world_run(w, 20 * SIM_SECOND);
        sim_check_custody(w);
        sim_world_restart_hub(w);
        sim_check_custody(w);
        subjects += w->hub->subjects.count;
        from_snapshot += w->from_snapshot;
        compared += w->remembered;
        operations += w->operations;
        end(w);
    }
    HF_CHECK(from_snapshot > 12 && compared > 100 && operations > 500 && subjects > 50);
}

HF_TEST_MAIN(HF_TEST_CASE(damaged), HF_TEST_CASE(other), HF_TEST_CASE(histories))
