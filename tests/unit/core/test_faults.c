/* tests/unit/core/test_faults.c: every allocation, write and sync of a log's life fails once. */
#include <errno.h>
#include <stdio.h>

#include "base/loop.h"
#include "log/core/reader.h"
#include "log/core/verify.h"
#include "log/core/writer.h"
#include "log/event/codec.h"
#include "schemas/envelope.h"
#include "tests/harness/fault.h"
#include "tests/harness/sample_event.h"
#include "tests/harness/test.h"

enum {
    GROUPS = 6,
    GROUP = 3
};

struct world {
    struct hf_signing_key *key;
    struct hf_identity identity;
    struct hf_place *place;
    struct hf_log *log;
    struct hf_loop *loop;
    struct hf_log_writer *writer;
    struct hf_append append;
    struct hf_submission items[GROUPS * GROUP]; /* made before the sweep */
    uint8_t bytes[GROUPS * GROUP][HF_SAMPLE_EVENT_MAX];
    bool made;      /* hf_log_create answered HF_OK */
    unsigned acked; /* groups */
    struct hf_err err;
    char path[512];
};

static const struct hf_codec *const codecs[] = {&hf_event_codec};
static const struct hf_log_options log_options = {codecs, 1};

static void ignore(void *arg)
{
    (void)arg;
}

static void answered(struct hf_append *append)
{
    (void)append;
}

static void close_log(struct world *w)
{
    if (w->writer != NULL) {
        hf_log_writer_close(w->writer, ignore, NULL);
        hf_loop_run(w->loop);
    }
    hf_loop_free(w->loop);
    hf_log_close(w->log);
    hf_place_close(w->place);
    w->writer = NULL;
    w->loop = NULL;
    w->log = NULL;
    w->place = NULL;
}

static enum hf_rc open_log(struct world *w, enum hf_place_mode mode)
{
    struct hf_log_writer_options options = {.key = w->key};
    enum hf_rc rc = hf_place_dir_open(w->path, mode, "test", hf_env_os(), &w->place, &w->err);
    if (rc == HF_OK && mode == HF_PLACE_CREATE) {
        rc = hf_log_create(w->place, &w->identity, &w->err);
        w->made = rc == HF_OK;
    }
    if (rc == HF_OK) {
        rc = hf_log_open(w->place, &log_options, &w->log, &w->err);
    }
    if (rc == HF_OK) {
        rc = hf_loop_uv_new(&w->loop, &w->err);
    }
    if (rc == HF_OK) {
        options.loop = w->loop;
        rc = hf_log_writer_open(w->log, &options, &w->writer, &w->err);
    }
    return rc;
}

/* Group number g, sequences 3g + 1 to 3g + 3. */
static enum hf_rc append_group(struct world *w, unsigned g)
{
    w->append = (struct hf_append){.items = &w->items[(size_t)g * GROUP],
                                   .item_count = GROUP,
                                   .wait = HF_WAIT_SIGNED,
                                   .done = answered};
    hf_append_submit(hf_log_writer_appender(w->writer), &w->append);
    hf_loop_run(w->loop);
    return w->append.rc;
}

/* The life that is swept: make, append, close, open, append, read. Stops at the first failure. */
static void live(struct world *w)
{
    enum hf_rc rc = open_log(w, HF_PLACE_CREATE);
    for (unsigned g = 0; rc == HF_OK && g < GROUPS; g++) {
        if (g == GROUPS / 2) {
            close_log(w);
            rc = open_log(w, HF_PLACE_OWN);
        }
        if (rc == HF_OK) {
            rc = append_group(w, g);
        }
        w->acked += rc == HF_OK ? 1 : 0;
    }
    struct hf_reader *reader = NULL;
    struct hf_reader_options by = {.kind = HF_HEAD_STREAM, .name = HF_STR("clock/dev")};
    if (rc == HF_OK && hf_reader_open(w->log, &by, &reader, &w->err) == HF_OK) {
        uint64_t index = 0;
        struct hf_bytes entry;
        while (hf_reader_next(reader, &index, &entry, &w->err) == HF_OK) {
        }
        hf_reader_close(reader);
    }
    close_log(w);
}

/* Without faults: opens, appends the rest, verifies; everything acknowledged is there once. */
static void check_after(struct world *w, uint64_t n)
{
    struct hf_verify_options options = {.vkey = NULL};
    struct hf_verify_result result;
    enum hf_rc rc = open_log(w, w->made ? HF_PLACE_OWN : HF_PLACE_CREATE);
    if (rc != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "after fault %llu the log does not open: %s",
                     (unsigned long long)n, w->err.text);
        return;
    }
    HF_CHECK(hf_log_size(w->log) >= (uint64_t)w->acked * GROUP);
    for (unsigned g = 0; g < GROUPS; g++) {
        HF_CHECK_OK(append_group(w, g), w->append.err);
        HF_CHECK_U64(w->append.first, g * GROUP);
        HF_CHECK(w->append.repeated || g >= w->acked);
    }
    HF_CHECK_U64(hf_log_size(w->log), GROUPS * GROUP);
    HF_CHECK_OK(hf_log_verify(w->log, &options, &result, &w->err), w->err);
    HF_CHECK_U64(result.size, GROUPS * GROUP);
}

static void sweep(enum hf_sweep kind, int error, uint64_t least)
{
    struct hf_secret seed = {0};
    struct world w = {.key = NULL};
    (void)snprintf(w.identity.kind, sizeof w.identity.kind, "events");
    HF_CHECK_OK(hf_signing_key_new(hf_env_os(), &w.key, &seed, &w.err), w.err);
    hf_secret_free(&seed);
    HF_CHECK_OK(hf_vkey_make(HF_STR("test.example"), HF_KEY_ED25519, hf_signing_key_public(w.key),
                             &w.identity.vkey, &w.err),
                w.err);
    for (unsigned i = 0; i < GROUPS * GROUP; i++) {
        size_t len = hf_sample_event("p", i + 1, "dev", i, w.bytes[i]);
        w.items[i] = (struct hf_submission){.bytes = hf_bytes_of(w.bytes[i], len)};
    }
    uint64_t n = 1;
    for (uint64_t there = UINT64_MAX; n <= there && !hf_test_failed(); n++) {
        w.made = false;
        w.acked = 0;
        (void)snprintf(w.path, sizeof w.path, "%s/log-%llu", hf_test_dir(), (unsigned long long)n);
        hf_sweep_begin(kind, n, error);
        live(&w);
        uint64_t calls = hf_sweep_end();
        there = calls < n ? calls : there; /* nothing failed: all were swept */
        check_after(&w, n);
        close_log(&w);
    }
    hf_signing_key_free(w.key);
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
