/* tests/sim/mirror/test_mirror.c: a log and its mirror, whose disk loses power at any write.
 *
 * The source stays; its parts are cut and taken as over the wire. --seed N replays.
 */
#include <stdio.h>

#include "base/heap.h"
#include "log/core/reader.h"
#include "log/owned/cut.h"
#include "log/owned/mirror.h"
#include "tests/harness/sample_event.h"
#include "tests/harness/test.h"
#include "tests/sim/region/disk.h"

enum {
    TENANTS = 5,
    SEGMENTS = 40
};

struct world {
    struct hf_env_sim sim;
    struct hf_loop *loop;
    struct sim_disk disks[2];
    struct hf_secret host_key;
    struct hf_owned source;
    struct hf_owned mirror;
    bool open; /* the mirror */
    struct hf_follow follow;
    struct hf_owned_part put;
    unsigned crashes;
    struct hf_err err;
};

static uint64_t draw(struct world *w, uint64_t below)
{
    uint64_t number = 0;
    hf_env_random(&w->sim.env, &number, sizeof number);
    return number % below;
}

static void done(void *arg)
{
    (void)arg;
}

static void posted(struct hf_post *post)
{
    (void)post;
}

static void put_done(struct hf_owned_part *put)
{
    (void)put;
}

/* An event with a blob, which is sometimes one that came before. */
static void post(struct world *w, uint64_t number)
{
    char stream[32];
    char blob[64];
    uint8_t payload[8];
    struct hf_post p = {.done = posted};
    struct hf_writer out = hf_writer_init(payload, sizeof payload);
    hf_writer_bytes(&out, HF_BYTES("\x80"));
    (void)snprintf(stream, sizeof stream, "thing/%u", (unsigned)draw(w, TENANTS));
    int len = snprintf(blob, sizeof blob, "the bytes number %u", (unsigned)draw(w, number / 2 + 1));
    const struct hf_envelope envelope = {.type = HF_STR("thing.happened"),
                                         .schema_version = 1,
                                         .producer = HF_STR("test"),
                                         .sequence = number,
                                         .stream = hf_str_c(stream),
                                         .occurred_us = 1000000,
                                         .payload = hf_writer_done(&out)};
    const struct hf_post_conf conf = {.envelope = &envelope,
                                      .blob = hf_bytes_of(blob, draw(w, 3) == 0 ? 0 : (size_t)len),
                                      .wait = HF_WAIT_SIGNED};
    HF_CHECK_OK(hf_owned_post(&w->source, &conf, &p, &w->err), w->err);
    hf_loop_run(w->loop);
    HF_CHECK_OK(p.append.rc, p.append.err);
}

static struct hf_owned_conf conf_of(struct world *w, unsigned disk)
{
    return (struct hf_owned_conf){.loop = w->loop,
                                  .disk = &w->disks[disk].disk,
                                  .dir = "/log",
                                  .origin = "test.example/log",
                                  .program = "test",
                                  .host_key = disk == 0 ? &w->host_key : NULL};
}

static void begin(struct world *w, uint64_t seed)
{
    *w = (struct world){.crashes = 0};
    hf_env_sim_init(&w->sim, seed);
    HF_CHECK_OK(hf_loop_sim_new(&w->sim, 1000, &w->loop, &w->err), w->err);
    for (unsigned i = 0; i < 2; i++) {
        sim_disk_init(&w->disks[i], draw(w, UINT64_MAX));
    }
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &w->host_key) == HF_OK);
    hf_env_random(&w->sim.env, hf_secret_fill(&w->host_key), HF_SEAL_KEY_SIZE);
    struct hf_owned_conf conf = conf_of(w, 0);
    HF_CHECK_OK(hf_owned_open(&conf, &w->source, &w->err), w->err);
}

static void close_mirror(struct world *w)
{
    hf_owned_close(&w->mirror, done, NULL);
    hf_loop_run(w->loop);
    w->open = false;
    if (sim_disk_crashed(&w->disks[1])) {
        sim_disk_restart(&w->disks[1]);
        w->crashes++;
    }
}

/* Opens it, as often as it takes when its disk fails. */
static void open_mirror(struct world *w)
{
    while (!w->open && !hf_test_failed()) {
        struct hf_owned_conf conf = conf_of(w, 1);
        conf.source = &hf_log_identity(w->source.log)->vkey;
        enum hf_rc rc = hf_owned_open(&conf, &w->mirror, &w->err);
        if (rc == HF_OK) {
            rc = hf_owned_follow(&w->mirror, &w->follow, &w->err);
        }
        w->open = rc == HF_OK;
        if (rc != HF_OK) {
            if (!sim_disk_crashed(&w->disks[1])) {
                hf_test_fail(__FILE__, __LINE__, "the mirror does not open: %s", w->err.text);
            }
            close_mirror(w);
        }
    }
}

/* One part; *ret_more is false when there is none. */
static void take_part(struct world *w, bool *ret_more)
{
    struct hf_buf bytes = hf_buf_init(HF_FOLLOW_PART_MAX);
    struct hf_follow_part part;
    *ret_more = w->follow.frontier.size < hf_log_size(w->source.log);
    if (!*ret_more) {
        return;
    }
    HF_CHECK_OK(hf_owned_cut_part(&w->source, w->follow.frontier.size, &bytes, &w->err), w->err);
    HF_CHECK_OK(hf_follow_take(&w->follow, hf_buf_bytes(&bytes), &part, &w->err), w->err);
    w->put.done = put_done;
    HF_CHECK_OK(hf_owned_put(&w->mirror, &part, &w->put, &w->err), w->err);
    hf_loop_run(w->loop);
    if (w->put.append.rc != HF_OK && !sim_disk_crashed(&w->disks[1])) {
        hf_test_fail(__FILE__, __LINE__, "the mirror refuses: %s", w->put.append.err.text);
    }
    hf_buf_free(&bytes);
}

static void check_blob(struct world *w, uint64_t index, struct hf_bytes entry)
{
    struct hf_envelope envelope;
    struct hf_hash hash;
    struct hf_buf blobs[2] = {hf_buf_init(1024), hf_buf_init(1024)};
    HF_CHECK_OK(hf_envelope_read_leaf(entry, &envelope, &w->err), w->err);
    if (envelope.blob.len == HF_HASH_SIZE) {
        memcpy(hash.b, envelope.blob.ptr, HF_HASH_SIZE);
        enum hf_rc a = hf_log_blob_at(w->source.log, index, &hash, &blobs[0], &w->err);
        enum hf_rc b = hf_log_blob_at(w->mirror.log, index, &hash, &blobs[1], &w->err);
        HF_CHECK_RC(a, b);
        HF_CHECK(hf_bytes_eq(hf_buf_bytes(&blobs[0]), hf_buf_bytes(&blobs[1])));
    }
    hf_buf_free(&blobs[0]);
    hf_buf_free(&blobs[1]);
}

static void check_equal(struct world *w)
{
    struct hf_reader *readers[2] = {NULL, NULL};
    struct hf_log *logs[2] = {w->source.log, w->mirror.log};
    const struct hf_reader_options options = {.from = 0};
    struct hf_tip tips[2];
    for (unsigned i = 0; i < 2; i++) {
        HF_CHECK_OK(hf_reader_open(logs[i], &options, &readers[i], &w->err), w->err);
        hf_log_tip(logs[i], &tips[i]);
    }
    HF_CHECK_U64(tips[0].size, tips[1].size);
    HF_CHECK(hf_hash_eq(&tips[0].root, &tips[1].root));
    for (uint64_t n = 0; n < tips[0].size && !hf_test_failed(); n++) {
        struct hf_bytes entries[2];
        uint64_t index = 0;
        for (unsigned i = 0; i < 2; i++) {
            HF_CHECK_OK(hf_reader_next(readers[i], &index, &entries[i], &w->err), w->err);
        }
        HF_CHECK(hf_bytes_eq(entries[0], entries[1]));
        check_blob(w, n, entries[0]);
    }
    hf_reader_close(readers[0]);
    hf_reader_close(readers[1]);
    HF_CHECK(hf_bytes_eq(hf_log_writer_checkpoint(w->source.writer),
                         hf_log_writer_checkpoint(w->mirror.writer)));
}

static void finish(struct world *w)
{
    if (w->open) {
        close_mirror(w);
    }
    hf_owned_close(&w->source, done, NULL);
    hf_loop_run(w->loop);
    hf_secret_free(&w->host_key);
    sim_disk_fini(&w->disks[0]);
    sim_disk_fini(&w->disks[1]);
    hf_loop_free(w->loop);
}

/* The source grows, the mirror follows, and its power goes off in the middle of a write now and
 * then: whatever it was, afterwards it goes on, and in the end they are the same. */
HF_TEST(crashes)
{
    struct world *w = hf_heap_zalloc(1, sizeof *w);
    HF_ASSERT(w != NULL);
    unsigned crashes = 0;
    bool more = false;
    for (unsigned run = 0; run < 60 && !hf_test_failed(); run++) {
        begin(w, hf_test_seed() * 1000 + run);
        for (unsigned n = 1; n <= SEGMENTS && !hf_test_failed(); n++) {
            post(w, n);
            if (draw(w, 3) == 0) {
                sim_disk_plan(&w->disks[1], HF_FAULT_CRASH, 12);
            }
            open_mirror(w);
            if (draw(w, 2) == 0 && w->open) {
                take_part(w, &more);
            }
            if (sim_disk_crashed(&w->disks[1]) || draw(w, 8) == 0) {
                close_mirror(w);
            }
        }
        sim_disk_heal(&w->disks[1]);
        open_mirror(w);
        for (more = true; more && !hf_test_failed();) {
            take_part(w, &more);
        }
        if (!hf_test_failed()) {
            check_equal(w);
        }
        crashes += w->crashes;
        finish(w);
    }
    HF_CHECK(crashes > 100);
    hf_heap_free(w);
}

/* What does not follow, or lacks a blob, is refused and changes nothing; a mirror is no log of
 * one's own. */
HF_TEST(refused)
{
    struct world *w = hf_heap_zalloc(1, sizeof *w);
    struct hf_buf bytes = hf_buf_init(HF_FOLLOW_PART_MAX);
    struct hf_follow_part part;
    HF_ASSERT(w != NULL);
    begin(w, hf_test_seed());
    for (unsigned n = 1; n <= SEGMENTS; n++) {
        post(w, n);
    }
    open_mirror(w);
    HF_CHECK_OK(hf_owned_cut_part(&w->source, 0, &bytes, &w->err), w->err);
    HF_CHECK_OK(hf_follow_take(&w->follow, hf_buf_bytes(&bytes), &part, &w->err), w->err);
    struct hf_follow_part bare = part;
    bare.blobs = (struct hf_bytes){NULL, 0};
    w->put.done = put_done;
    HF_CHECK_OK(hf_owned_put(&w->mirror, &bare, &w->put, &w->err), w->err);
    hf_loop_run(w->loop);
    HF_CHECK_RC(w->put.append.rc, HF_ECORRUPT);
    HF_CHECK_U64(hf_log_size(w->mirror.log), 0);
    for (unsigned i = 0; i < 2; i++) {
        HF_CHECK_OK(hf_owned_put(&w->mirror, &part, &w->put, &w->err), w->err);
        hf_loop_run(w->loop);
        HF_CHECK_RC(w->put.append.rc, i == 0 ? HF_OK : HF_ESTALE);
    }
    check_equal(w);
    hf_buf_free(&bytes);
    close_mirror(w);
    struct hf_owned_conf conf = conf_of(w, 1);
    conf.host_key = &w->host_key;
    HF_CHECK_RC(hf_owned_open(&conf, &w->mirror, &w->err), HF_ENOTFOUND);
    close_mirror(w);
    open_mirror(w);
    finish(w);
    hf_heap_free(w);
}

HF_TEST_MAIN(HF_TEST_CASE(crashes), HF_TEST_CASE(refused))
