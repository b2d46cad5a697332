/* tests/unit/core/test_faults.c: every allocation, write and sync of a log's life fails once. */
#include <errno.h>
#include <stdio.h>

#include "base/loop.h"
#include "log/core/reader.h"
#include "log/core/verify.h"
#include "schemas/envelope.h"
#include "tests/harness/fault.h"
#include "tests/harness/log_world.h"
#include "tests/harness/sample_event.h"
#include "tests/harness/test.h"

enum {
    GROUPS = 6,
    GROUP = 3
};

struct world {
    struct hf_log_world base;
    struct hf_append append;
    struct hf_submission items[GROUPS * GROUP]; /* made before the sweep */
    uint8_t bytes[GROUPS * GROUP][HF_SAMPLE_EVENT_MAX];
    unsigned acked; /* groups */
};

/* Group number g, sequences 3g + 1 to 3g + 3. */
static enum hf_rc append_group(struct world *w, unsigned g)
{
    w->append = (struct hf_append){.items = &w->items[(size_t)g * GROUP],
                                   .item_count = GROUP,
                                   .wait = HF_WAIT_SIGNED,
                                   .done = hf_log_world_answered};
    hf_append_submit(hf_log_writer_appender(w->base.writer), &w->append);
    hf_loop_run(w->base.loop);
    return w->append.rc;
}

/* The life that is swept: make, append, close, open, append, read. Stops at the first failure. */
static void live(struct world *w)
{
    enum hf_rc rc = hf_log_world_open(&w->base, HF_PLACE_CREATE);
    for (unsigned g = 0; rc == HF_OK && g < GROUPS; g++) {
        if (g == GROUPS / 2) {
            hf_log_world_close(&w->base);
            rc = hf_log_world_open(&w->base, HF_PLACE_OWN);
        }
        if (rc == HF_OK) {
            rc = append_group(w, g);
        }
        w->acked += rc == HF_OK ? 1 : 0;
    }
    struct hf_reader *reader = NULL;
    struct hf_reader_options by = {.kind = HF_HEAD_STREAM, .name = HF_STR("clock/dev")};
    if (rc == HF_OK && hf_reader_open(w->base.log, &by, &reader, &w->base.err) == HF_OK) {
        uint64_t index = 0;
        struct hf_bytes entry;
        while (hf_reader_next(reader, &index, &entry, &w->base.err) == HF_OK) {
        }
        hf_reader_close(reader);
    }
    hf_log_world_close(&w->base);
}

/* Without faults: opens, appends the rest, verifies; everything acknowledged is there once. */
static void check_after(struct world *w, uint64_t n)
{
    struct hf_verify_options options = {.vkey = NULL};
    struct hf_verify_result result;
    enum hf_rc rc = hf_log_world_open(&w->base, w->base.made ? HF_PLACE_OWN : HF_PLACE_CREATE);
    if (rc != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "after fault %llu the log does not open: %s",
                     (unsigned long long)n, w->base.err.text);
        return;
    }
    HF_CHECK(hf_log_size(w->base.log) >= (uint64_t)w->acked * GROUP);
    for (unsigned g = 0; g < GROUPS; g++) {
        HF_CHECK_OK(append_group(w, g), w->append.err);
        HF_CHECK_U64(w->append.first, g * GROUP);
        HF_CHECK(w->append.repeated || g >= w->acked);
    }
    HF_CHECK_U64(hf_log_size(w->base.log), GROUPS * GROUP);
    HF_CHECK_OK(hf_log_verify(w->base.log, &options, &result, &w->base.err), w->base.err);
    HF_CHECK_U64(result.size, GROUPS * GROUP);
}

static void sweep(enum hf_sweep kind, int error, uint64_t least)
{
    struct world w = {.acked = 0};
    HF_CHECK_OK(hf_log_world_init(&w.base, "events"), w.base.err);
    for (unsigned i = 0; i < GROUPS * GROUP; i++) {
        size_t len = hf_sample_event("p", i + 1, "dev", i, w.bytes[i]);
        w.items[i] = (struct hf_submission){.bytes = hf_bytes_of(w.bytes[i], len)};
    }
    uint64_t n = 1;
    for (uint64_t there = UINT64_MAX; n <= there && !hf_test_failed(); n++) {
        w.base.made = false;
        w.acked = 0;
        (void)snprintf(w.base.path, sizeof w.base.path, "%s/log-%llu", hf_test_dir(),
                       (unsigned long long)n);
        hf_sweep_begin(kind, n, error);
        live(&w);
        uint64_t calls = hf_sweep_end();
        there = calls < n ? calls : there; /* nothing failed: all were swept */
        check_after(&w, n);
        hf_log_world_close(&w.base);
    }
    hf_log_world_fini(&w.base);
    HF_CHECK(n > least); /* the sweep reached what it is for */
}

HF_TEST(allocations)
{
    sweep(HF_SWEEP_ALLOC, ENOMEM, 40);
}

HF_TEST(writes_fail)
{
    sweep(HF_SWEEP_WRITE, EIO, 20);
}

HF_TEST(writes_find_no_room)
{
    sweep(HF_SWEEP_WRITE, ENOSPC, 20);
}

HF_TEST(syncs_fail)
{
    sweep(HF_SWEEP_SYNC, EIO, 8);
}

HF_TEST_MAIN(HF_TEST_CASE(allocations), HF_TEST_CASE(writes_fail),
             HF_TEST_CASE(writes_find_no_room), HF_TEST_CASE(syncs_fail))
