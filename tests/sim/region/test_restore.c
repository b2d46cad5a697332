/* tests/sim/region/test_restore.c: servers that are put back to older copies of their disks.
 *
 * Agents go on in a new epoch, by themselves or after a word. Whatever was acknowledged before the
 * copy was taken is at the region exactly once, in one epoch or another, and so is what was
 * acknowledged after the last restore. Twice there may only be events of a server that was put back
 * to before its last new epoch. The seed decides everything: --seed N replays.
 */
#include <stdio.h>

#include "base/heap.h"
#include "log/core/reader.h"
#include "log/mirror/segment.h"
#include "tests/harness/test.h"
#include "tests/sim/region/storm.h"
#include "tests/sim/region/world.h"

#define TENANTS  4
#define RESTORES 2

struct history {
    struct sim_disk copy;
    unsigned kept;  /* sequences up to this were acknowledged when the copy was taken */
    unsigned after; /* those from here on were acknowledged after it was put back */
    bool passed;    /* it was put back to before its last new epoch */
    uint8_t seen[SIM_ACKS_MAX + 1]; /* how often a sequence is at the region */
};

static void take_copy(struct sim_tenant *tenant, struct history *history, uint64_t seed)
{
    sim_disk_init(&history->copy, seed);
    sim_disk_copy(&history->copy, &tenant->machine.disk);
    history->kept = history->kept == 0 ? tenant->sequence - 1 : history->kept;
}

/* The power goes off, and the disk that comes up is the copy. */
static void put_back(struct sim_world *w, struct sim_tenant *tenant, struct history *history)
{
    struct sim_machine *machine = &tenant->machine;
    sim_crash_agent(tenant);
    while (machine->life != SIM_DOWN) {
        HF_ASSERT(hf_loop_step(w->loop));
    }
    sim_disk_fini(&machine->disk);
    machine->disk = history->copy;
    history->after = tenant->sequence;
}

static void count_segment(struct sim_world *w, uint64_t index, const struct hf_envelope *received,
                          struct history *histories)
{
    struct hf_event_segment_received event;
    struct hf_segment segment;
    struct hf_hash hash;
    struct hf_buf blob = hf_buf_init(HF_SEGMENT_MAX);
    memcpy(hash.b, received->blob.ptr, sizeof hash.b);
    HF_ASSERT(hf_event_segment_received_decode(received->payload, &event, &w->err) == HF_OK);
    HF_ASSERT(hf_log_blob_at(w->hub->log.log, index, &hash, &blob, &w->err) == HF_OK);
    HF_ASSERT(hf_segment_parse(hf_buf_bytes(&blob), &segment, &w->err) == HF_OK);
    struct hf_cursor cursor = hf_cursor_init(segment.bundle);
    uint16_t len = 0;
    struct hf_bytes entry;
    while (hf_cursor_be16(&cursor, &len) && hf_cursor_take(&cursor, len, &entry)) {
        struct hf_envelope envelope;
        HF_ASSERT(hf_envelope_read_leaf(entry, &envelope, &w->err) == HF_OK);
        for (unsigned i = 0; i < w->count; i++) {
            if (hf_str_eq(event.tenant, hf_str_c(w->tenants[i].name)) &&
                hf_str_starts(envelope.producer, HF_STR("program-")) &&
                envelope.sequence <= SIM_ACKS_MAX) {
                histories[i].seen[envelope.sequence]++;
            }
        }
    }
    hf_buf_free(&blob);
}

static void check_region(struct sim_world *w, struct history *histories)
{
    struct hf_reader *reader = NULL;
    const struct hf_reader_options options = {.from = 0};
    uint64_t index = 0;
    struct hf_bytes entry;
    HF_ASSERT(hf_reader_open(w->hub->log.log, &options, &reader, &w->err) == HF_OK);
    while (hf_reader_next(reader, &index, &entry, &w->err) == HF_OK) {
        struct hf_envelope envelope;
        HF_ASSERT(hf_envelope_read_leaf(entry, &envelope, &w->err) == HF_OK);
        if (hf_str_eq(envelope.type, HF_STR(HF_EVENT_SEGMENT_RECEIVED_NAME))) {
            count_segment(w, index, &envelope, histories);
        }
    }
    hf_reader_close(reader);
    for (unsigned i = 0; i < w->count; i++) {
        const struct history *history = &histories[i];
        for (unsigned s = 1; s < w->tenants[i].sequence && s <= SIM_ACKS_MAX; s++) {
            bool must = s <= history->kept || s >= history->after;
            if ((history->seen[s] > 1 && !history->passed) || (must && history->seen[s] == 0)) {
                hf_test_fail(__FILE__, __LINE__, "event %u of %s is at the region %u times", s,
                             w->tenants[i].name, history->seen[s]);
                return;
            }
        }
    }
}

/* A server that was put back to before its last new epoch waits for a person, who is here. */
static void give_word(struct sim_world *w, struct history *histories)
{
    sim_world_run(w, 60 * SIM_SECOND);
    for (unsigned i = 0; i < w->count; i++) {
        struct sim_tenant *tenant = &w->tenants[i];
        if (tenant->machine.life == SIM_UP && hf_agent_state(tenant->agent) == HF_AGENT_HALTED) {
            histories[i].passed = true;
            sim_disk_put(&tenant->machine.disk, "/agent/new-epoch", HF_BYTES("it was put back\n"));
        }
    }
}

/* The world's faults, restores in between, then calm. */
static void restore(unsigned faults, uint64_t salt)
{
    struct sim_world *w = hf_heap_zalloc(1, sizeof *w);
    struct history *histories = hf_heap_zalloc(TENANTS, sizeof *histories);
    HF_ASSERT(w != NULL && histories != NULL);
    sim_world_init(w, hf_test_seed() * 1000 + salt, TENANTS);
    w->restores = true;
    sim_world_storm(w, 0, 40 * SIM_SECOND);
    for (unsigned round = 0; round < RESTORES && !hf_test_failed(); round++) {
        sim_world_storm(w, faults, 40 * SIM_SECOND);
        for (unsigned i = 0; i < TENANTS; i++) {
            take_copy(&w->tenants[i], &histories[i], salt + i);
        }
        sim_world_storm(w, faults, 40 * SIM_SECOND);
        for (unsigned i = 0; i < TENANTS; i++) {
            put_back(w, &w->tenants[i], &histories[i]);
        }
        sim_world_storm(w, faults, 60 * SIM_SECOND);
    }
    sim_world_calm(w);
    give_word(w, histories);
    if (!hf_test_failed() && !sim_world_settled(w, 1800 * SIM_SECOND)) {
        hf_test_fail(__FILE__, __LINE__, "half an hour after the faults the region differs");
    }
    unsigned epochs = 0;
    for (unsigned i = 0; i < TENANTS && !hf_test_failed(); i++) {
        epochs += w->tenants[i].agent->epoch.epoch;
    }
    if (!hf_test_failed()) {
        HF_ASSERT(epochs > TENANTS); /* else nothing was restored */
        check_region(w, histories);
    }
    sim_world_fini(w);
    hf_heap_free(w);
    hf_heap_free(histories);
}

HF_TEST(in_calm)
{
    restore(0, 21);
}

HF_TEST(in_bad_weather)
{
    restore(SIM_CUT | SIM_MUTE | SIM_SLOW, 22);
}

HF_TEST(with_crashes)
{
    restore(SIM_AGENT_CRASH | SIM_HUB_CRASH | SIM_CUT, 23);
}

HF_TEST_MAIN(HF_TEST_CASE(in_calm), HF_TEST_CASE(in_bad_weather), HF_TEST_CASE(with_crashes))
