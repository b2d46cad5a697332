/* tests/unit/core/test_prune.c: old volumes give up their entries and nothing else. */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/loop.h"
#include "log/core/reader.h"
#include "log/core/verify.h"
#include "log/event/codec.h"
#include "schemas/envelope.h"
#include "tests/harness/fault.h"
#include "tests/harness/log_world.h"
#include "tests/harness/sample_event.h"
#include "tests/harness/test.h"

enum {
    GROUP = 1000,
    GROUPS = 198, /* three sealed volumes and a little */
    EVENTS = GROUP * GROUPS
};

static void fill(struct hf_log_world *w, unsigned groups, bool events)
{
    static uint8_t bytes[GROUP][256];
    static struct hf_submission items[GROUP];
    uint8_t scratch[1024];
    for (unsigned g = 0; g < groups; g++) {
        for (unsigned i = 0; i < GROUP; i++) {
            unsigned n = g * GROUP + i;
            size_t len = events ? hf_sample_event(n % 3 == 0 ? "a" : "b", n + 1,
                                                  n % 7 == 0 ? "staging" : "dev", n, scratch)
                                : (size_t)snprintf((char *)scratch, sizeof scratch, "entry %u", n);
            memcpy(bytes[i], scratch, len);
            items[i] = (struct hf_submission){.bytes = hf_bytes_of(bytes[i], len)};
        }
        struct hf_append append = {
            .items = items, .item_count = GROUP, .done = hf_log_world_answered};
        hf_append_submit(hf_log_writer_appender(w->writer), &append);
        hf_loop_run(w->loop);
        HF_CHECK_OK(append.rc, append.err);
    }
}

static bool new_world(struct hf_log_world *w, const char *kind)
{
    *w = (struct hf_log_world){.key = NULL};
    (void)snprintf(w->path, sizeof w->path, "%s/log", hf_test_dir());
    return hf_log_world_init(w, kind) == HF_OK && hf_log_world_open(w, HF_PLACE_CREATE) == HF_OK;
}

static enum hf_rc again(struct hf_log_world *w, unsigned n, struct hf_append *append)
{
    uint8_t scratch[1024];
    size_t len =
        hf_sample_event(n % 3 == 0 ? "a" : "b", n + 1, n % 7 == 0 ? "staging" : "dev", n, scratch);
    struct hf_submission item = {.bytes = hf_bytes_of(scratch, len)};
    *append = (struct hf_append){.items = &item, .item_count = 1, .done = hf_log_world_answered};
    hf_append_submit(hf_log_writer_appender(w->writer), append);
    hf_loop_run(w->loop);
    return append->rc;
}

static void check_verified(struct hf_log_world *w, uint64_t pruned)
{
    struct hf_verify_options options = {0};
    struct hf_verify_result result;
    uint64_t kept = 0;
    HF_CHECK_OK(hf_log_verify(w->log, &options, &result, &w->err), w->err);
    HF_CHECK_U64(result.pruned, pruned);
    HF_CHECK_U64(result.size, hf_log_size(w->log));
    HF_CHECK_OK(hf_log_kept(w->log, &kept, &w->err), w->err);
    HF_CHECK_U64(kept, pruned);
}

/* Every version of the stream from the first that is kept on, and none before. */
static void check_stream(struct hf_log_world *w, uint64_t kept)
{
    struct hf_reader *reader = NULL;
    struct hf_reader_options by = {
        .kind = HF_HEAD_STREAM, .name = HF_STR("clock/staging"), .skip_pruned = true};
    uint64_t index = 0;
    uint64_t version = (kept + 6) / 7;
    struct hf_bytes entry;
    HF_CHECK_OK(hf_reader_open(w->log, &by, &reader, &w->err), w->err);
    while (hf_reader_next(reader, &index, &entry, &w->err) == HF_OK) {
        struct hf_envelope envelope;
        HF_CHECK_OK(hf_envelope_parse_leaf(entry, &envelope, &w->err), w->err);
        HF_CHECK_U64(envelope.version, ++version);
        HF_CHECK_U64(index, (version - 1) * 7);
    }
    HF_CHECK_U64(version, (EVENTS + 6) / 7);
    hf_reader_close(reader);
    by.skip_pruned = false;
    HF_CHECK_OK(hf_reader_open(w->log, &by, &reader, &w->err), w->err);
    HF_CHECK_RC(hf_reader_next(reader, &index, &entry, &w->err), kept > 0 ? HF_EPRUNED : HF_OK);
    hf_reader_close(reader);
}

static void check_entries(struct hf_log_world *w, uint64_t kept)
{
    struct hf_packer *packer = NULL;
    struct hf_buf buf = hf_buf_init(HF_BUNDLE_MAX);
    HF_CHECK_RC(hf_packer_new(&packer), HF_OK);
    for (uint64_t i = 0; i < EVENTS; i += 997) {
        HF_CHECK_RC(hf_log_entry(w->log, packer, i, &buf, &w->err), i < kept ? HF_EPRUNED : HF_OK);
    }
    hf_packer_free(packer);
    hf_buf_free(&buf);
}

/* What again() submits: every third by this producer, the sequence one more than the index. */
static void check_found(struct hf_log_world *w, uint64_t kept)
{
    struct hf_bytes entry;
    HF_CHECK_RC(hf_log_writer_find(w->writer, HF_STR("a"), 3001, &entry, &w->err),
                kept > 0 ? HF_ESTALE : HF_OK);
    HF_CHECK_OK(hf_log_writer_find(w->writer, HF_STR("a"), 180001, &entry, &w->err), w->err);
    HF_CHECK_RC(hf_log_writer_find(w->writer, HF_STR("a"), EVENTS + 1, &entry, &w->err),
                HF_ENOTFOUND);
}

static void reopen(struct hf_log_world *w, bool without_views)
{
    char path[600];
    hf_log_world_close(w);
    if (without_views) {
        (void)snprintf(path, sizeof path, "%s/views.mdb", w->path);
        HF_CHECK(unlink(path) == 0);
    }
    HF_CHECK_OK(hf_log_world_open(w, HF_PLACE_OWN), w->err);
}

static void prune(struct hf_log_world *w, uint64_t below)
{
    hf_log_writer_prune(w->writer, below);
    hf_loop_run(w->loop);
}

/* Below the index, whole volumes, never the newest sealed one: entries are gone; every root, the
 * streams' versions, sequences, the indexes (also built anew) and what is kept are as before. */
HF_TEST(events)
{
    const struct {
        uint64_t below;
        uint64_t kept;
    } rows[] = {{65535, 0}, {65536, 65536}, {131071, 65536}, {UINT64_MAX, 131072}};

    struct hf_log_world w;
    struct hf_append append;
    struct hf_hash roots[3];
    struct hf_hash root;
    HF_CHECK(new_world(&w, "events"));
    fill(&w, GROUPS, true);
    for (uint64_t i = 0; i < 3; i++) {
        HF_CHECK_OK(hf_tree_root(hf_log_source(w.log), 40000 + 65536 * i, &roots[i], &w.err),
                    w.err);
    }
    uint64_t bytes = hf_log_bytes(w.log);
    for (size_t row = 0; row < sizeof rows / sizeof rows[0] && !hf_test_failed(); row++) {
        prune(&w, rows[row].below);
        for (int round = 0; round < 3 && !hf_test_failed(); round++) {
            check_verified(&w, rows[row].kept);
            check_stream(&w, rows[row].kept);
            check_entries(&w, rows[row].kept);
            for (uint64_t i = 0; i < 3; i++) {
                HF_CHECK_OK(hf_tree_root(hf_log_source(w.log), 40000 + 65536 * i, &root, &w.err),
                            w.err);
                HF_CHECK(hf_hash_eq(&root, &roots[i]));
            }
            HF_CHECK_RC(again(&w, 3000, &append), rows[row].kept > 0 ? HF_ESTALE : HF_OK);
            HF_CHECK_OK(again(&w, 180000, &append), append.err);
            HF_CHECK(append.repeated && append.first == 180000);
            check_found(&w, rows[row].kept);
            reopen(&w, round == 1);
        }
    }
    HF_CHECK(hf_log_bytes(w.log) < bytes);
    HF_CHECK_OK(again(&w, EVENTS, &append), append.err);
    HF_CHECK(!append.repeated && append.first == EVENTS);
    hf_log_world_fini(&w);
}

/* Bits of the indexes turn: in a list, which its page does not show (the first offsets of
 * "clock/staging" in a volume), in a bundle's time, or everywhere. */
static void spoil(const char *path, int how)
{
    static const uint8_t list[] = {0, 0, 0, 7, 0, 14, 0, 21, 0, 28};
    struct hf_err err = {0};
    struct hf_buf bytes = hf_buf_init(64u << 20);
    HF_CHECK_OK(hf_file_read(path, &bytes, &err), err);
    uint8_t *found = memmem(bytes.ptr, bytes.len, list, sizeof list);
    HF_CHECK(found != NULL);
    if (how == 0) {
        found[5] ^= 1;
    }
    for (size_t at = 2 * 4096; how == 1 && at < bytes.len; at++) {
        bytes.ptr[at] ^= 0x55;
    }
    bytes.len = how == 2 ? bytes.len / 2 : bytes.len;
    HF_CHECK_OK(hf_file_replace(path, hf_buf_bytes(&bytes), 0600, &err), err);
    hf_buf_free(&bytes);
}

/* Damaged indexes are put beside, which the log says, and are made of the volumes again, pruned
 * ones too; what is not damaged stays. */
HF_TEST(damaged_views)
{
    struct hf_log_world w;
    char path[600];
    char beside[620];
    HF_CHECK(new_world(&w, "events"));
    (void)snprintf(path, sizeof path, "%s/views.mdb", w.path);
    (void)snprintf(beside, sizeof beside, "%s.damaged", path);
    fill(&w, GROUPS, true);
    prune(&w, 65536);
    for (int how = 0; how < 3 && !hf_test_failed(); how++) {
        reopen(&w, false);
        HF_CHECK_RC(hf_log_index_damage(w.log)->rc, HF_OK);
        HF_CHECK(access(beside, F_OK) != 0);
        hf_log_world_close(&w);
        spoil(path, how);
        HF_CHECK_OK(hf_log_world_open(&w, HF_PLACE_OWN), w.err);
        HF_CHECK(hf_log_index_damage(w.log)->rc != HF_OK);
        check_verified(&w, 65536);
        check_stream(&w, 65536);
        HF_CHECK(unlink(beside) == 0);
    }
    hf_log_world_fini(&w);
}

/* A log without streams has no indexes to keep. */
HF_TEST(opaque)
{
    struct hf_log_world w;
    HF_CHECK(new_world(&w, "opaque"));
    fill(&w, GROUPS, false);
    prune(&w, UINT64_MAX);
    for (int round = 0; round < 2; round++) {
        check_verified(&w, 131072);
        check_entries(&w, 131072);
        reopen(&w, false);
    }
    hf_log_world_fini(&w);
}

/* Memory, writes and syncs fail, one after the other: the volume is as it was, or pruned; never
 * anything else, and at last it is pruned. */
static void sweep(enum hf_sweep kind, int error)
{
    struct hf_log_world w;
    uint64_t kept = 0;
    HF_CHECK(new_world(&w, "events"));
    fill(&w, 132, true); /* two sealed volumes */
    for (uint64_t n = 1; kept == 0 && !hf_test_failed(); n++) {
        bool more = false;
        hf_sweep_begin(kind, n, error);
        enum hf_rc rc = hf_log_prune(w.log, 65536, &more, &w.err);
        (void)hf_sweep_end();
        hf_log_prune_end(w.log);
        HF_CHECK_OK(hf_log_kept(w.log, &kept, &w.err), w.err);
        HF_CHECK(rc != HF_OK || kept == 65536);
        HF_CHECK(!more);
    }
    reopen(&w, false);
    check_verified(&w, 65536);
    hf_log_world_fini(&w);
}

HF_TEST(no_memory)
{
    sweep(HF_SWEEP_ALLOC, 0);
}

HF_TEST(write_fails)
{
    sweep(HF_SWEEP_WRITE, 5 /* EIO */);
}

HF_TEST(sync_fails)
{
    sweep(HF_SWEEP_SYNC, 5 /* EIO */);
}

HF_TEST_MAIN(HF_TEST_CASE(events), HF_TEST_CASE(damaged_views), HF_TEST_CASE(opaque),
             HF_TEST_CASE(no_memory), HF_TEST_CASE(write_fails), HF_TEST_CASE(sync_fails))
