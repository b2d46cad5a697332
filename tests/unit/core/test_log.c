/* tests/unit/core/test_log.c: a log of events through its writer. */
#include <stdio.h>

#include "base/hex.h"
#include "base/loop.h"
#include "log/core/reader.h"
#include "log/core/verify.h"
#include "log/event/codec.h"
#include "schemas/envelope.h"
#include "tests/harness/log_world.h"
#include "tests/harness/sample_event.h"
#include "tests/harness/test.h"

static bool new_world(struct hf_log_world *w, const char *name, const char *kind)
{
    *w = (struct hf_log_world){.key = NULL};
    (void)snprintf(w->path, sizeof w->path, "%s/%s", hf_test_dir(), name);
    return hf_log_world_init(w, kind) == HF_OK && hf_log_world_open(w, HF_PLACE_CREATE) == HF_OK;
}

static enum hf_rc append_one(struct hf_log_world *w, struct hf_append *append,
                             const struct hf_submission *item, const struct hf_expect *expect)
{
    *append = (struct hf_append){.items = item,
                                 .item_count = 1,
                                 .expects = expect,
                                 .expect_count = expect == NULL ? 0 : 1,
                                 .wait = HF_WAIT_SIGNED,
                                 .done = hf_log_world_answered};
    hf_append_submit(hf_log_writer_appender(w->writer), append);
    hf_loop_run(w->loop);
    return append->rc;
}

/* The same submission again has the same position, also after reopening; other content under the
 * same sequence is a fork; a sequence that was passed over is stale. */
HF_TEST(idempotence)
{
    struct hf_log_world w;
    uint8_t bytes[3][1024];
    struct hf_append append;
    HF_CHECK(new_world(&w, "log", "events"));
    struct hf_submission first = {
        .bytes = hf_bytes_of(bytes[0], hf_sample_event("p", 1, "dev", 1, bytes[0]))};
    struct hf_submission third = {
        .bytes = hf_bytes_of(bytes[1], hf_sample_event("p", 3, "dev", 2, bytes[1]))};
    HF_CHECK_OK(append_one(&w, &append, &first, NULL), append.err);
    HF_CHECK_OK(append_one(&w, &append, &third, NULL), append.err);
    HF_CHECK_U64(append.first, 1);
    for (int round = 0; round < 2; round++) {
        HF_CHECK_OK(append_one(&w, &append, &first, NULL), append.err);
        HF_CHECK(append.repeated);
        HF_CHECK_U64(append.first, 0);
        struct hf_submission other = {
            .bytes = hf_bytes_of(bytes[2], hf_sample_event("p", 1, "dev", 9, bytes[2]))};
        HF_CHECK_RC(append_one(&w, &append, &other, NULL), HF_EFORK);
        struct hf_submission stale = {
            .bytes = hf_bytes_of(bytes[2], hf_sample_event("p", 2, "dev", 9, bytes[2]))};
        HF_CHECK_RC(append_one(&w, &append, &stale, NULL), HF_ESTALE);
        hf_log_world_close(&w);
        HF_CHECK_OK(hf_log_world_open(&w, HF_PLACE_OWN), w.err);
    }
    HF_CHECK_U64(hf_log_size(w.log), 2);
    hf_log_world_fini(&w);
}

static enum hf_rc find(struct hf_log_world *w, uint64_t sequence, struct hf_bytes *ret_entry)
{
    return hf_log_writer_find(w->writer, HF_STR("p"), sequence, ret_entry, &w->err);
}

/* An entry is found by its producer's sequence, also after reopening; one that was passed over is
 * told from one that is free. */
HF_TEST(found_by_sequence)
{
    struct hf_log_world w;
    uint8_t bytes[2][1024];
    struct hf_append append[2];
    struct hf_submission items[2];
    struct hf_envelope envelope;
    struct hf_bytes entry;
    HF_CHECK(new_world(&w, "log", "events"));
    HF_CHECK_RC(find(&w, 1, &entry), HF_ENOTFOUND);
    for (unsigned i = 0; i < 2; i++) { /* sequences 2 and 5 */
        size_t len = hf_sample_event("p", 2 + 3 * i, "dev", 7 + i, bytes[i]);
        items[i] = (struct hf_submission){.bytes = hf_bytes_of(bytes[i], len)};
        HF_CHECK_OK(append_one(&w, &append[i], &items[i], NULL), append[i].err);
    }
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 2; i++) {
            HF_CHECK_OK(find(&w, 2 + 3 * i, &entry), w.err);
            HF_CHECK_OK(hf_envelope_read_leaf(entry, &envelope, &w.err), w.err);
            HF_CHECK_U64(envelope.sequence, 2 + 3 * i);
            HF_CHECK_U64(envelope.version, 1 + i);
        }
        HF_CHECK_RC(find(&w, 1, &entry), HF_ESTALE);
        HF_CHECK_RC(find(&w, 4, &entry), HF_ESTALE);
        HF_CHECK_RC(find(&w, 6, &entry), HF_ENOTFOUND);
        HF_CHECK_RC(hf_log_writer_find(w.writer, HF_STR("q"), 2, &entry, &w.err), HF_ENOTFOUND);
        hf_log_world_close(&w);
        HF_CHECK_OK(hf_log_world_open(&w, HF_PLACE_OWN), w.err);
    }
    hf_log_world_fini(&w);
}

/* Expected versions, also of a stream that is only read; nothing of a refused request stays. */
HF_TEST(expected_versions)
{
    struct hf_log_world w;
    uint8_t bytes[2][1024];
    struct hf_append append;
    HF_CHECK(new_world(&w, "log", "events"));
    struct hf_submission dev = {
        .bytes = hf_bytes_of(bytes[0], hf_sample_event("p", 1, "dev", 1, bytes[0]))};
    struct hf_submission eu = {
        .bytes = hf_bytes_of(bytes[1], hf_sample_event("q", 1, "prod-eu", 1, bytes[1]))};
    struct hf_expect none = {HF_STR("clock/dev"), 0}, one = {HF_STR("clock/dev"), 1};
    HF_CHECK_RC(append_one(&w, &append, &dev, &one), HF_ECONFLICT);
    HF_CHECK_OK(append_one(&w, &append, &dev, &none), append.err);
    HF_CHECK_RC(append_one(&w, &append, &eu, &none), HF_ECONFLICT);
    HF_CHECK_OK(append_one(&w, &append, &eu, &one), append.err);
    uint64_t version = 0;
    HF_CHECK_OK(hf_log_writer_version(w.writer, HF_STR("clock/prod-eu"), &version, &w.err), w.err);
    HF_CHECK_U64(version, 1);
    hf_log_world_fini(&w);
}

/* A group is appended as a whole or leaves no trace. */
HF_TEST(groups)
{
    struct hf_log_world w;
    uint8_t bytes[3][1024];
    struct hf_submission items[3];
    HF_CHECK(new_world(&w, "log", "events"));
    for (unsigned i = 0; i < 3; i++) {
        /* The third repeats the second's sequence. */
        size_t len = hf_sample_event("p", i < 2 ? i + 1 : 2, "dev", i, bytes[i]);
        items[i] = (struct hf_submission){.bytes = hf_bytes_of(bytes[i], len)};
    }
    struct hf_append append = {.items = items, .item_count = 3, .done = hf_log_world_answered};
    hf_append_submit(hf_log_writer_appender(w.writer), &append);
    hf_loop_run(w.loop);
    HF_CHECK_RC(append.rc, HF_ESTALE);
    uint64_t version = 9;
    HF_CHECK_OK(hf_log_writer_version(w.writer, HF_STR("clock/dev"), &version, &w.err), w.err);
    HF_CHECK_U64(version, 0);
    append = (struct hf_append){.items = items, .item_count = 2, .done = hf_log_world_answered};
    hf_append_submit(hf_log_writer_appender(w.writer), &append);
    hf_loop_run(w.loop);
    HF_CHECK_OK(append.rc, append.err);
    HF_CHECK_U64(hf_log_size(w.log), 2);
    hf_log_world_fini(&w);
}

struct watcher {
    struct hf_log_world w;
    struct hf_task look;
    struct hf_append append;
    struct hf_submission item;
    uint8_t bytes[1024];
    unsigned appended;
    unsigned wanted;
    uint64_t looks;
};

static void append_next(struct hf_append *append)
{
    struct watcher *watcher = HF_CONTAINER_OF(append, struct watcher, append);
    if (watcher->appended == watcher->wanted) {
        return;
    }
    watcher->appended++;
    size_t len = hf_sample_event("p", watcher->appended, "dev", watcher->appended, watcher->bytes);
    watcher->item = (struct hf_submission){.bytes = hf_bytes_of(watcher->bytes, len)};
    *append = (struct hf_append){
        .items = &watcher->item, .item_count = 1, .wait = HF_WAIT_DURABLE, .done = append_next};
    hf_append_submit(hf_log_writer_appender(watcher->w.writer), append);
}

static void look(struct hf_task *task)
{
    struct watcher *watcher = HF_CONTAINER_OF(task, struct watcher, look);
    struct hf_checkpoint checkpoint;
    struct hf_note note;
    struct hf_err err = {0};
    enum hf_rc rc = hf_checkpoint_open(hf_log_writer_checkpoint(watcher->w.writer),
                                       &watcher->w.identity.vkey, &note, &checkpoint, &err);
    if (rc != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "look %llu: %s", (unsigned long long)watcher->looks,
                     err.text);
        watcher->wanted = watcher->appended;
    }
    watcher->looks++;
    if (watcher->appended < watcher->wanted) {
        hf_task_post(watcher->w.loop, task);
    }
}

/* The newest checkpoint is whole and signed whenever the loop looks at it, also while a commit is
 * signing the next one on its own thread. */
HF_TEST(checkpoint_while_committing)
{
    static struct watcher watcher;
    watcher.wanted = 400;
    HF_CHECK(new_world(&watcher.w, "log", "events"));
    hf_task_init(&watcher.look, look);
    hf_task_post(watcher.w.loop, &watcher.look);
    append_next(&watcher.append);
    hf_loop_run(watcher.w.loop);
    HF_CHECK_U64(hf_log_size(watcher.w.log), 400);
    HF_CHECK(watcher.looks > 400);
    hf_log_world_fini(&watcher.w);
}

/* 140,000 events in groups over two sealed volumes: verified, read by stream with every version
 * once, a repeat found in a sealed volume, and all of it again after reopening. */
HF_TEST(sealed_volumes)
{
    enum {
        GROUP = 1000,
        GROUPS = 140
    };

    static uint8_t bytes[GROUP][256];
    static struct hf_submission items[GROUP];
    struct hf_log_world w;
    struct hf_append append;
    uint8_t scratch[1024];
    HF_CHECK(new_world(&w, "log", "events"));
    for (unsigned g = 0; g < GROUPS; g++) {
        for (unsigned i = 0; i < GROUP; i++) {
            unsigned n = g * GROUP + i;
            size_t len = hf_sample_event(n % 3 == 0 ? "a" : "b", n + 1,
                                         n % 7 == 0 ? "staging" : "dev", n, scratch);
            memcpy(bytes[i], scratch, len);
            items[i] = (struct hf_submission){.bytes = hf_bytes_of(bytes[i], len)};
        }
        append =
            (struct hf_append){.items = items, .item_count = GROUP, .done = hf_log_world_answered};
        hf_append_submit(hf_log_writer_appender(w.writer), &append);
        hf_loop_run(w.loop);
        HF_CHECK_OK(append.rc, append.err);
    }
    for (int round = 0; round < 2; round++) {
        struct hf_tip tip;
        hf_log_tip(w.log, &tip);
        HF_CHECK_U64(tip.sealed, 2);
        struct hf_verify_options options = {0};
        struct hf_verify_result result;
        HF_CHECK_OK(hf_log_verify(w.log, &options, &result, &w.err), w.err);
        HF_CHECK_U64(result.size, GROUP * GROUPS);
        struct hf_reader *reader = NULL;
        struct hf_reader_options by = {.kind = HF_HEAD_STREAM, .name = HF_STR("clock/staging")};
        HF_CHECK_OK(hf_reader_open(w.log, &by, &reader, &w.err), w.err);
        uint64_t index = 0, version = 0;
        struct hf_bytes entry;
        while (hf_reader_next(reader, &index, &entry, &w.err) == HF_OK) {
            struct hf_envelope envelope;
            HF_CHECK_OK(hf_envelope_parse_leaf(entry, &envelope, &w.err), w.err);
            HF_CHECK_U64(envelope.version, ++version);
            HF_CHECK_U64(index, (version - 1) * 7);
        }
        HF_CHECK_U64(version, GROUP * GROUPS / 7);
        hf_reader_close(reader);
        struct hf_submission old = {
            .bytes = hf_bytes_of(scratch, hf_sample_event("a", 3001, "dev", 3000, scratch))};
        HF_CHECK_OK(append_one(&w, &append, &old, NULL), append.err);
        HF_CHECK(append.repeated);
        HF_CHECK_U64(append.first, 3000);
        hf_log_world_close(&w);
        HF_CHECK_OK(hf_log_world_open(&w, HF_PLACE_OWN), w.err);
    }
    hf_log_world_fini(&w);
}

/* A second owner is told who holds the log; a reader is let in. */
HF_TEST(one_owner)
{
    struct hf_log_world w;
    struct hf_place *second = NULL;
    struct hf_err err = {0};
    HF_CHECK(new_world(&w, "log", "opaque"));
    HF_CHECK_RC(hf_place_dir_open(w.path, HF_PLACE_OWN, "second", hf_env_os(), &second, &err),
                HF_ELOCKED);
    HF_CHECK(strstr(err.text, "(test)") != NULL);
    HF_CHECK_OK(hf_place_dir_open(w.path, HF_PLACE_READ, "reader", hf_env_os(), &second, &err),
                err);
    hf_place_close(second);
    hf_log_world_fini(&w);
}

/* Appends `count` single entries one by one, with the readers below looking on. */
static void write_on(struct hf_log_world *w, unsigned first, unsigned count)
{
    struct hf_append append;
    char text[300];
    memset(text, 'x', sizeof text);
    for (unsigned i = first; i < first + count; i++) {
        int len = snprintf(text, 16, "%u", i);
        text[len] = ' ';
        struct hf_submission item = {.bytes = hf_bytes_of(text, sizeof text)};
        append = (struct hf_append){.items = &item, .item_count = 1, .done = hf_log_world_answered};
        hf_append_submit(hf_log_writer_appender(w->writer), &append);
        hf_loop_run(w->loop);
        HF_CHECK_OK(append.rc, append.err);
    }
}

/* The size after the same writes, with or without a reader that began to read and stopped. */
static void measure_growth(const char *name, bool with_reader, uint64_t *ret_bytes)
{
    enum {
        ENTRIES = 3000
    };

    struct hf_log_world w;
    struct hf_reader *reader = NULL;
    struct hf_place *place = NULL;
    struct hf_log *log = NULL;
    HF_CHECK(new_world(&w, name, "opaque"));
    write_on(&w, 0, 10);
    if (with_reader) {
        struct hf_reader_options options = {.from = 0};
        uint64_t index = 0;
        struct hf_bytes entry;
        HF_CHECK_OK(hf_place_dir_open(w.path, HF_PLACE_READ, "reader", hf_env_os(), &place, &w.err),
                    w.err);
        HF_CHECK_OK(hf_log_open(place, &hf_log_world_options, &log, &w.err), w.err);
        HF_CHECK_OK(hf_reader_open(log, &options, &reader, &w.err), w.err);
        HF_CHECK_OK(hf_reader_next(reader, &index, &entry, &w.err), w.err);
    }
    write_on(&w, 10, ENTRIES);
    *ret_bytes = hf_kv_bytes(hf_log_kv(w.log));
    hf_reader_close(reader);
    hf_log_close(log);
    hf_place_close(place);
    hf_log_world_fini(&w);
}

/* An idle reader pins nothing: the data file grows less than 5 % more with it. */
HF_TEST(idle_reader)
{
    uint64_t without = 0;
    uint64_t with = 0;
    measure_growth("alone", false, &without);
    measure_growth("watched", true, &with);
    HF_CHECK(without > 0 && with * 100 < without * 105);
}

/* A tick that names a blob. */
static size_t tick_with_blob(unsigned sequence, struct hf_bytes blob,
                             uint8_t out[HF_SAMPLE_EVENT_MAX])
{
    char text[512];
    char hex[2 * HF_HASH_SIZE + 1];
    struct hf_hash hash;
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    hf_sha256(blob, &hash);
    hf_hex_encode(hf_bytes_of(hash.b, sizeof hash.b), hex);
    int len =
        snprintf(text, sizeof text,
                 "{\"type\":\"clock.tick\",\"producer\":\"b\",\"sequence\":%u,\"blob\":\"%s\","
                 "\"payload\":{\"region\":\"dev\",\"tick\":1,\"at\":\"2026-01-01T00:00:00Z\","
                 "\"skew\":0}}",
                 sequence, hex);
    struct hf_writer w = hf_writer_init(out, HF_SAMPLE_EVENT_MAX);
    enum hf_rc rc = hf_json_parse(hf_bytes_of(text, (size_t)len), &doc, &err);
    HF_ASSERT(rc == HF_OK);
    rc = hf_event_from_json(hf_json_root(doc), 1000, &w, &err);
    HF_ASSERT(rc == HF_OK);
    hf_json_free(doc);
    return w.len;
}

static void check_blob(struct hf_log_world *w, struct hf_bytes blob)
{
    struct hf_hash hash;
    struct hf_buf buf = hf_buf_init(HF_BLOB_MAX);
    hf_sha256(blob, &hash);
    HF_CHECK_OK(hf_log_blob_at(w->log, 0, &hash, &buf, &w->err), w->err);
    HF_CHECK(hf_bytes_eq(hf_buf_bytes(&buf), blob));
    hf_buf_free(&buf);
}

/* A blob is stored once beside the entry that brought it and given back as it was, also out of a
 * sealed volume; a missing or wrong one is refused and nothing is appended. */
HF_TEST(blobs)
{
    enum {
        BLOB = 3 << 20, /* several chunks */
        GROUP = 1024
    };

    static uint8_t blob[BLOB];
    static uint8_t bytes[GROUP][256];
    static struct hf_submission items[GROUP];
    struct hf_log_world w;
    struct hf_append append;
    uint8_t scratch[HF_SAMPLE_EVENT_MAX];
    uint32_t state = 1;
    for (size_t i = 0; i < BLOB; i++) {
        state = state * 1664525 + 1013904223;
        blob[i] = (uint8_t)(state >> 24);
    }
    HF_CHECK(new_world(&w, "log", "events"));
    struct hf_bytes whole = hf_bytes_of(blob, BLOB);
    struct hf_submission item = {.bytes = hf_bytes_of(scratch, tick_with_blob(1, whole, scratch))};
    HF_CHECK_RC(append_one(&w, &append, &item, NULL), HF_EINVAL); /* not attached */
    item.blob = hf_bytes_of(blob, BLOB - 1);
    HF_CHECK_RC(append_one(&w, &append, &item, NULL), HF_EINVAL); /* another one */
    HF_CHECK_U64(hf_log_size(w.log), 0);
    item.blob = whole;
    HF_CHECK_OK(append_one(&w, &append, &item, NULL), append.err);
    check_blob(&w, whole);
    item = (struct hf_submission){.bytes = hf_bytes_of(scratch, tick_with_blob(2, whole, scratch))};
    HF_CHECK_OK(append_one(&w, &append, &item, NULL), append.err); /* it is here already */
    for (unsigned g = 0; g < HF_VOLUME_ENTRIES / GROUP; g++) {
        for (unsigned i = 0; i < GROUP; i++) {
            unsigned n = g * GROUP + i;
            size_t len = hf_sample_event("a", n + 1, "staging", n, scratch);
            memcpy(bytes[i], scratch, len);
            items[i] = (struct hf_submission){.bytes = hf_bytes_of(bytes[i], len)};
        }
        append =
            (struct hf_append){.items = items, .item_count = GROUP, .done = hf_log_world_answered};
        hf_append_submit(hf_log_writer_appender(w.writer), &append);
        hf_loop_run(w.loop);
        HF_CHECK_OK(append.rc, append.err);
    }
    struct hf_tip tip;
    hf_log_tip(w.log, &tip);
    HF_CHECK_U64(tip.sealed, 1);
    check_blob(&w, whole);
    hf_log_world_close(&w);
    HF_CHECK_OK(hf_log_world_open(&w, HF_PLACE_OWN), w.err);
    check_blob(&w, whole);
    struct hf_verify_options options = {.vkey = NULL};
    struct hf_verify_result result;
    HF_CHECK_OK(hf_log_verify(w.log, &options, &result, &w.err), w.err);
    hf_log_world_fini(&w);
}

/* Below the free-space floor the log is read-only and says so; with room it goes on. */
HF_TEST(free_space_floor)
{
    struct hf_log_world w;
    struct hf_append append;
    struct hf_submission item = {.bytes = HF_BYTES("entry")};
    HF_CHECK(new_world(&w, "log", "opaque"));
    HF_CHECK_OK(append_one(&w, &append, &item, NULL), append.err);
    hf_log_world_close(&w);
    w.free_floor = UINT64_C(1) << 60;
    HF_CHECK_OK(hf_log_world_open(&w, HF_PLACE_OWN), w.err);
    HF_CHECK_RC(append_one(&w, &append, &item, NULL), HF_ENOSPC);
    HF_CHECK_U64(hf_log_writer_state(w.writer), HF_WRITER_NO_ROOM);
    HF_CHECK_U64(hf_log_size(w.log), 1);
    hf_log_world_fini(&w);
}

HF_TEST_MAIN(HF_TEST_CASE(idempotence), HF_TEST_CASE(found_by_sequence),
             HF_TEST_CASE(expected_versions), HF_TEST_CASE(groups),
             HF_TEST_CASE(checkpoint_while_committing), HF_TEST_CASE(sealed_volumes),
             HF_TEST_CASE(one_owner), HF_TEST_CASE(idle_reader), HF_TEST_CASE(blobs),
             HF_TEST_CASE(free_space_floor))
