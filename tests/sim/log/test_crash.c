/* tests/sim/log/test_crash.c: a log on a disk that crashes, fails and lies, in virtual time.
 *
 * Producers submit groups of events with one request in flight each. A life of the log is: open,
 * append until the planned fault, close, and (after a crash) let the disk settle what survived.
 * After each life the log is held against what was acknowledged and what was signed. The seed
 * decides everything: --seed N replays.
 */
#include <stdio.h>

#include "base/heap.h"
#include "base/loop.h"
#include "log/core/verify.h"
#include "schemas/envelope.h"
#include "tests/harness/log_world.h"
#include "tests/harness/sample_event.h"
#include "tests/harness/test.h"

enum {
    PRODUCERS = 4,
    GROUP_MAX = 5,
    SEQUENCES_MAX = 2048,
    SIGNED_MAX = 4096
};

struct producer {
    struct world *world;
    char name[16];
    struct hf_append append;
    struct hf_submission items[GROUP_MAX];
    uint8_t bytes[GROUP_MAX][HF_SAMPLE_EVENT_MAX];
    unsigned count; /* items of the request that is not acknowledged yet; 0: none */
    unsigned acked; /* sequences 1 to acked are acknowledged */
    bool in_flight;
    uint64_t position[SEQUENCES_MAX + 1];
};

struct signed_root {
    uint64_t size;
    struct hf_hash root;
};

struct world {
    struct hf_env_sim sim; /* the run's clock, and what the producers do */
    struct hf_log_world base;
    struct producer producers[PRODUCERS];
    unsigned budget; /* requests that may still be submitted in this life */
    struct signed_root signed_roots[SIGNED_MAX];
    size_t signed_count;
    uint64_t largest_signed;
    uint8_t note[HF_MARK_MAX]; /* the note of the largest */
    size_t note_len;
    unsigned bulk; /* sequences that the producer "bulk" appended before faults began */
};

static const char *const regions[] = {"dev", "staging", "prod-eu"};

static uint64_t draw(struct world *w, uint64_t below)
{
    uint64_t number = 0;
    hf_env_random(&w->sim.env, &number, sizeof number);
    return number % below;
}

/* producers */

static void submit(struct producer *p);

static void answered(struct hf_append *append)
{
    struct producer *p = HF_CONTAINER_OF(append, struct producer, append);
    p->in_flight = false;
    if (append->rc != HF_OK) {
        bool expected = append->rc == HF_EUNKNOWN || append->rc == HF_EIO ||
                        append->rc == HF_ENOSPC || append->rc == HF_ECLOSED;
        if (!expected) {
            hf_test_fail(__FILE__, __LINE__, "%s got %s: %s", p->name, hf_rc_name(append->rc),
                         append->err.text);
        }
        return;
    }
    for (unsigned i = 0; i < p->count; i++) {
        p->position[p->acked + 1 + i] = append->first + i;
    }
    p->acked += p->count;
    p->count = 0;
    submit(p);
}

static void submit(struct producer *p)
{
    struct world *w = p->world;
    if (w->budget == 0 || p->acked + GROUP_MAX > SEQUENCES_MAX) {
        return;
    }
    w->budget--;
    if (p->count == 0) {
        p->count = 1 + (unsigned)draw(w, GROUP_MAX);
    }
    for (unsigned i = 0; i < p->count; i++) {
        unsigned sequence = p->acked + 1 + i;
        const char *region = regions[sequence % HF_LEN(regions)];
        size_t len = hf_sample_event(p->name, sequence, region, sequence, p->bytes[i]);
        p->items[i] = (struct hf_submission){.bytes = hf_bytes_of(p->bytes[i], len)};
    }
    p->append = (struct hf_append){.items = p->items,
                                   .item_count = p->count,
                                   .wait = draw(w, 2) == 0 ? HF_WAIT_DURABLE : HF_WAIT_SIGNED,
                                   .done = answered};
    p->in_flight = true;
    hf_append_submit(hf_log_writer_appender(w->base.writer), &p->append);
}

/* Two checkpoints of one size with different roots would be equivocation. */
static void note_signed(void *arg, struct hf_log_writer *writer)
{
    struct world *w = arg;
    struct hf_bytes bytes = hf_log_writer_checkpoint(writer);
    static struct hf_note note;
    struct hf_checkpoint checkpoint;
    if (bytes.len == 0) {
        return;
    }
    enum hf_rc rc =
        hf_checkpoint_open(bytes, &w->base.identity.vkey, &note, &checkpoint, &w->base.err);
    if (rc != HF_OK || w->signed_count == SIGNED_MAX) {
        hf_test_fail(__FILE__, __LINE__, "a checkpoint does not open: %s", w->base.err.text);
        return;
    }
    for (size_t i = w->signed_count; i > 0; i--) {
        const struct signed_root *old = &w->signed_roots[i - 1];
        if (old->size == checkpoint.size) {
            if (!hf_hash_eq(&old->root, &checkpoint.root)) {
                hf_test_fail(__FILE__, __LINE__, "two roots were signed at %llu",
                             (unsigned long long)old->size);
            }
            return;
        }
    }
    w->signed_roots[w->signed_count++] = (struct signed_root){checkpoint.size, checkpoint.root};
    if (checkpoint.size >= w->largest_signed) {
        w->largest_signed = checkpoint.size;
        memcpy(w->note, bytes.ptr, bytes.len);
        w->note_len = bytes.len;
    }
}

/* a life */

static enum hf_rc open_life(struct world *w, enum hf_place_mode mode)
{
    return hf_log_world_open(&w->base, mode);
}

static void close_life(struct world *w)
{
    hf_log_world_close(&w->base);
    if (hf_disk_model_crashed(w->base.disk)) {
        hf_disk_model_restart(w->base.disk);
    }
}

static void live(struct world *w, unsigned budget)
{
    w->budget = budget;
    for (size_t i = 0; i < PRODUCERS; i++) {
        submit(&w->producers[i]);
    }
    hf_loop_run(w->base.loop);
}

static bool new_world(struct world **ret_world)
{
    struct world *w = hf_heap_zalloc(1, sizeof *w);
    if (w == NULL) {
        return false;
    }
    hf_env_sim_init(&w->sim, hf_test_seed());
    w->base.sim = &w->sim;
    w->base.changed = note_signed;
    w->base.arg = w;
    for (size_t i = 0; i < PRODUCERS; i++) {
        w->producers[i].world = w;
        (void)snprintf(w->producers[i].name, sizeof w->producers[i].name, "p%zu", i);
    }
    enum hf_rc rc = hf_disk_model_new(hf_test_seed(), &w->base.disk);
    if (rc == HF_OK) {
        rc = hf_log_world_init(&w->base, "events");
    }
    if (rc == HF_OK) {
        rc = open_life(w, HF_PLACE_CREATE);
    }
    if (rc == HF_OK) {
        close_life(w);
    }
    *ret_world = w;
    return rc == HF_OK;
}

static void end_world(struct world *w)
{
    hf_log_world_fini(&w->base);
    hf_disk_model_free(w->base.disk);
    hf_heap_free(w);
}

/* what must hold between two lives */

static void check_acked(struct world *w, struct hf_packer *packer, struct hf_buf *buf,
                        const struct producer *p)
{
    for (unsigned sequence = 1; sequence <= p->acked && !hf_test_failed(); sequence++) {
        struct hf_envelope envelope;
        enum hf_rc rc = hf_log_entry(w->base.log, packer, p->position[sequence], buf, &w->base.err);
        if (rc == HF_OK) {
            rc = hf_envelope_parse_leaf(hf_buf_bytes(buf), &envelope, &w->base.err);
        }
        if (rc != HF_OK || envelope.sequence != sequence ||
            !hf_str_eq(envelope.producer, hf_str_c(p->name))) {
            hf_test_fail(__FILE__, __LINE__, "%s %u was acknowledged at %llu and is not there: %s",
                         p->name, sequence, (unsigned long long)p->position[sequence],
                         rc == HF_OK ? "another entry" : w->base.err.text);
        }
    }
}

static void check_signed(struct world *w)
{
    for (size_t i = 0; i < w->signed_count && !hf_test_failed(); i++) {
        const struct signed_root *was = &w->signed_roots[i];
        struct hf_hash root;
        enum hf_rc rc =
            was->size > hf_log_size(w->base.log)
                ? HF_ERANGE
                : hf_tree_root(hf_log_source(w->base.log), was->size, &root, &w->base.err);
        if (rc != HF_OK || !hf_hash_eq(&root, &was->root)) {
            hf_test_fail(__FILE__, __LINE__, "the root signed at %llu is not that of the log",
                         (unsigned long long)was->size);
        }
    }
}

/* After a crash the signed checkpoint beside the log may be torn: then verification says so and
 * that the entries are in order, until the owner opened the log again. */
static void check_after_crash(struct world *w)
{
    struct hf_verify_options options = {.vkey = NULL};
    struct hf_verify_result result;
    hf_disk_model_plan(w->base.disk, (struct hf_disk_plan){0});
    HF_CHECK_OK(hf_place_model_open(w->base.disk, HF_PLACE_READ, &w->base.place, &w->base.err),
                w->base.err);
    HF_CHECK_OK(hf_log_open(w->base.place, &hf_log_world_options, &w->base.log, &w->base.err),
                w->base.err);
    enum hf_rc rc = hf_log_verify(w->base.log, &options, &result, &w->base.err);
    if (rc != HF_OK) {
        HF_CHECK(strstr(w->base.err.text, "the entries are in order") != NULL);
    }
    HF_CHECK(!result.found_bad);
    close_life(w);
    HF_CHECK_OK(open_life(w, HF_PLACE_OWN), w->base.err);
    close_life(w);
}

/* Reads the log as a stranger would and compares. */
static void check_log(struct world *w)
{
    struct hf_packer *packer = NULL;
    struct hf_buf buf = hf_buf_init(HF_BUNDLE_MAX);
    struct hf_verify_options options = {.against = hf_bytes_of(w->note, w->note_len)};
    struct hf_verify_result result;
    hf_disk_model_plan(w->base.disk, (struct hf_disk_plan){0});
    HF_CHECK_OK(hf_place_model_open(w->base.disk, HF_PLACE_READ, &w->base.place, &w->base.err),
                w->base.err);
    HF_CHECK_OK(hf_log_open(w->base.place, &hf_log_world_options, &w->base.log, &w->base.err),
                w->base.err);
    HF_CHECK_OK(hf_log_verify(w->base.log, &options, &result, &w->base.err), w->base.err);
    HF_CHECK_OK(hf_log_load(w->base.log, NULL, NULL, &w->base.err), w->base.err);
    HF_CHECK_RC(hf_packer_new(&packer), HF_OK);
    for (size_t i = 0; i < PRODUCERS && !hf_test_failed(); i++) {
        check_acked(w, packer, &buf, &w->producers[i]);
    }
    check_signed(w);
    hf_packer_free(packer);
    hf_buf_free(&buf);
    close_life(w);
}

/* All requests are answered at last, and the log holds each sequence exactly once. */
static void check_end(struct world *w)
{
    uint64_t expected = w->bulk;
    hf_disk_model_plan(w->base.disk, (struct hf_disk_plan){0});
    HF_CHECK_OK(open_life(w, HF_PLACE_OWN), w->base.err);
    live(w, PRODUCERS);
    for (size_t i = 0; i < PRODUCERS; i++) {
        HF_CHECK(!w->producers[i].in_flight);
        HF_CHECK_U64(w->producers[i].count, 0);
        expected += w->producers[i].acked;
    }
    HF_CHECK_U64(hf_log_size(w->base.log), expected);
    close_life(w);
    check_log(w);
}

static void one_life(struct world *w, uint64_t steps, unsigned budget)
{
    static const enum hf_fault faults[] = {HF_FAULT_CRASH, HF_FAULT_CRASH, HF_FAULT_EIO,
                                           HF_FAULT_ENOSPC};
    struct hf_disk_plan plan = {.at_step = 1 + draw(w, steps),
                                .fault = faults[draw(w, HF_LEN(faults))]};
    hf_disk_model_plan(w->base.disk, plan);
    if (open_life(w, HF_PLACE_OWN) == HF_OK) {
        live(w, budget);
    } else if (hf_disk_model_steps(w->base.disk) < plan.at_step) {
        hf_test_fail(__FILE__, __LINE__, "the log does not open: %s", w->base.err.text);
    }
    close_life(w);
    if (!hf_test_failed()) {
        check_after_crash(w);
    }
}

/* Crashes and failed writes at any step of a small log's life. */
HF_TEST(crash)
{
    struct world *w = NULL;
    HF_CHECK(new_world(&w));
    for (int i = 0; i < 24 && !hf_test_failed(); i++) {
        one_life(w, i % 2 == 0 ? 12 : 80, 30);
        if (!hf_test_failed()) {
            check_log(w);
        }
    }
    if (!hf_test_failed()) {
        check_end(w);
    }
    end_world(w);
}

/* Nearly a volume's entries of so many producers, without faults. */
static void fill(struct world *w, unsigned entries, unsigned producers)
{
    enum {
        GROUP = 1000
    };

    static uint8_t bytes[GROUP][256];
    static struct hf_submission items[GROUP];
    struct hf_append append;
    uint8_t scratch[HF_SAMPLE_EVENT_MAX];
    HF_CHECK_OK(open_life(w, HF_PLACE_OWN), w->base.err);
    while (w->bulk < entries) {
        for (unsigned i = 0; i < GROUP; i++) {
            unsigned n = w->bulk + i;
            char producer[16];
            (void)snprintf(producer, sizeof producer, "bulk%u", n % producers);
            size_t len =
                hf_sample_event(producer, n / producers + 1, regions[i % 3], n + 1, scratch);
            memcpy(bytes[i], scratch, len);
            items[i] = (struct hf_submission){.bytes = hf_bytes_of(bytes[i], len)};
        }
        append =
            (struct hf_append){.items = items, .item_count = GROUP, .done = hf_log_world_answered};
        hf_append_submit(hf_log_writer_appender(w->base.writer), &append);
        hf_loop_run(w->base.loop);
        HF_CHECK_OK(append.rc, append.err);
        w->bulk += GROUP;
    }
    close_life(w);
}

/* The same around the sealing of a volume, whose steps are hundreds; its index takes several
 * transactions. */
HF_TEST(crash_while_sealing)
{
    struct world *w = NULL;
    HF_CHECK(new_world(&w));
    fill(w, 65000, 9000);
    for (int i = 0; i < 5 && !hf_test_failed(); i++) {
        one_life(w, 900, 220);
        if (!hf_test_failed()) {
            check_log(w);
        }
    }
    if (!hf_test_failed()) {
        check_end(w);
    }
    end_world(w);
}

/* A crash at each step of a volume's pruning: it is as it was or pruned, and verifies. */
HF_TEST(crash_while_pruning)
{
    struct world *w = NULL;
    uint64_t kept = 0;
    HF_CHECK(new_world(&w));
    fill(w, 132000, 1);
    for (uint64_t n = 1; kept == 0 && !hf_test_failed(); n++) {
        bool more = false;
        hf_disk_model_plan(w->base.disk, (struct hf_disk_plan){0});
        HF_CHECK_OK(open_life(w, HF_PLACE_OWN), w->base.err);
        hf_disk_model_plan(w->base.disk,
                           (struct hf_disk_plan){.at_step = hf_disk_model_steps(w->base.disk) + n,
                                                 .fault = HF_FAULT_CRASH});
        enum hf_rc rc = hf_log_prune(w->base.log, 65536, &more, &w->base.err);
        hf_log_prune_end(w->base.log);
        bool crashed = hf_disk_model_crashed(w->base.disk);
        HF_CHECK(crashed == (rc != HF_OK));
        close_life(w);
        check_after_crash(w);
        HF_CHECK_OK(open_life(w, HF_PLACE_OWN), w->base.err);
        HF_CHECK_OK(hf_log_kept(w->base.log, &kept, &w->base.err), w->base.err);
        HF_CHECK(kept == 65536 || (kept == 0 && crashed));
        close_life(w);
    }
    if (!hf_test_failed()) {
        check_end(w);
    }
    end_world(w);
}

/* A disk that loses what it acknowledged: whoever kept a checkpoint sees it, and the log never
 * signs over it while its own mark survived. */
HF_TEST(lying_disk)
{
    struct world *w = NULL;
    HF_CHECK(new_world(&w));
    unsigned losses = 0;
    for (int i = 0; i < 40 && losses == 0 && !hf_test_failed(); i++) {
        struct hf_disk_plan plan = {
            .at_step = 8 + draw(w, 40), .fault = HF_FAULT_CRASH, .lying = true};
        hf_disk_model_plan(w->base.disk, plan);
        HF_CHECK_OK(open_life(w, HF_PLACE_OWN), w->base.err);
        live(w, 30);
        close_life(w);
        hf_disk_model_plan(w->base.disk, (struct hf_disk_plan){0});
        struct hf_verify_options options = {.against = hf_bytes_of(w->note, w->note_len)};
        struct hf_verify_result result;
        HF_CHECK_OK(hf_place_model_open(w->base.disk, HF_PLACE_READ, &w->base.place, &w->base.err),
                    w->base.err);
        HF_CHECK_OK(hf_log_open(w->base.place, &hf_log_world_options, &w->base.log, &w->base.err),
                    w->base.err);
        bool lost = hf_log_size(w->base.log) < w->largest_signed;
        enum hf_rc rc = hf_log_verify(w->base.log, &options, &result, &w->base.err);
        bool torn = strstr(w->base.err.text, "the entries are in order") != NULL;
        close_life(w);
        if (lost) {
            losses++;
            HF_CHECK(rc != HF_OK && !torn);
            rc = open_life(w, HF_PLACE_OWN);
            HF_CHECK(rc == HF_ECORRUPT || rc == HF_OK); /* OK: its own mark is lost too */
            close_life(w);
        } else {
            HF_CHECK(rc == HF_OK || torn);
        }
    }
    HF_CHECK(losses > 0);
    end_world(w);
}

HF_TEST_MAIN(HF_TEST_CASE(crash), HF_TEST_CASE(crash_while_sealing),
             HF_TEST_CASE(crash_while_pruning), HF_TEST_CASE(lying_disk))
