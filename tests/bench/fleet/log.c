/* tests/bench/fleet/log.c: a tenant's log in memory: events in, segments out, receipts back. */
#include "base/assert.h"
#include "base/heap.h"
#include "log/event/codec.h"
#include "log/mirror/mirror.h"
#include "log/mirror/segment.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"
#include "tests/bench/fleet/fleet.h"

enum {
    EVENT_MAX = 1024
};

static uint64_t draw_to(struct tenant *t, uint64_t below)
{
    return (uint64_t)(fleet_draw(t->fleet) * (double)below);
}

static void metering(struct tenant *t, struct hf_writer *w)
{
    char request[32];
    (void)snprintf(request, sizeof request, "req-%08llx",
                   (unsigned long long)draw_to(t, UINT32_MAX));
    const struct hf_event_metering_recorded event = {
        .tenant = hf_str_c(t->name),
        .provider = HF_STR("anthropic"),
        .model = HF_STR("claude-sonnet-4-5"),
        .request = hf_str_c(request),
        .input_tokens = draw_to(t, 20000),
        .output_tokens = draw_to(t, 4000),
        .cached_tokens = draw_to(t, 10000),
        .has_cost = true,
        .cost = draw_to(t, 1000000),
        .has_currency = true,
        .has_latency = true,
        .latency = draw_to(t, 30000000),
    };
    struct hf_err err = {0};
    must(hf_event_metering_recorded_check(&event, &err), &err, "event");
    hf_event_metering_recorded_encode(&event, w);
}

static void approval(struct tenant *t, const char *name, struct hf_writer *w)
{
    static const uint8_t facts[HF_HASH_SIZE] = {1}, action[HF_HASH_SIZE] = {2};
    const struct hf_event_approval_requested event = {
        .approval = hf_str_c(name),
        .tenant = hf_str_c(t->name),
        .tool = HF_STR("shell"),
        .has_summary = true,
        .summary = HF_STR("May the agent run make install?"),
        .policy = HF_STR("fleet-2026-11"),
        .action = hf_bytes_of(action, sizeof action),
        .facts = hf_bytes_of(facts, sizeof facts),
        .expires = hf_env_wall_us(hf_env_os()) + 3600 * INT64_C(1000000),
    };
    struct hf_err err = {0};
    must(hf_event_approval_requested_check(&event, &err), &err, "event");
    hf_event_approval_requested_encode(&event, w);
}

static void put_entry(struct tenant *t, struct hf_bytes entry)
{
    uint8_t len[2];
    struct hf_hash hash;
    hf_be16_put(len, (uint16_t)entry.len);
    hf_buf_put(&t->bundle, len, sizeof len);
    hf_buf_put(&t->bundle, entry.ptr, entry.len);
    must(t->bundle.failed, NULL, "the log of a tenant");
    hf_tree_leaf_hash(entry, &hash);
    hf_frontier_append(&t->frontier, &hash);
}

void tenant_append(struct tenant *t, bool urgent)
{
    char producer[64], stream[96], name[48];
    uint8_t payload[512], submission[EVENT_MAX], leaf[EVENT_MAX + 32];
    struct hf_err err = {0};
    struct hf_writer p = hf_writer_init(payload, sizeof payload);
    (void)snprintf(producer, sizeof producer, "tenant/%s/wrapper", t->name);
    (void)snprintf(stream, sizeof stream, "metering/%s", t->name);
    if (urgent) {
        (void)snprintf(name, sizeof name, "%s-%llu", t->name, (unsigned long long)t->sequence);
        (void)snprintf(stream, sizeof stream, "approval/%s", name);
        approval(t, name, &p);
    } else {
        metering(t, &p);
    }
    struct hf_str type =
        urgent ? HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME) : HF_STR(HF_EVENT_METERING_RECORDED_NAME);
    const struct hf_envelope envelope = {
        .type = type,
        .schema_version = hf_event_find(type)->version,
        .producer = hf_str_c(producer),
        .sequence = ++t->sequence,
        .stream = hf_str_c(stream),
        .occurred_us = hf_env_wall_us(hf_env_os()),
        .payload = hf_writer_done(&p),
    };
    struct hf_writer s = hf_writer_init(submission, sizeof submission);
    must(hf_envelope_write_submission(&envelope, &s, &err), &err, "submission");
    struct hf_writer w = hf_writer_init(leaf, sizeof leaf);
    hf_event_codec.finish(hf_writer_done(&s), urgent ? 1 : ++t->metered, envelope.occurred_us, &w);
    HF_ASSERT(!w.overflow);
    put_entry(t, hf_writer_done(&w));
    t->fleet->counts.events++;
}

void tenant_make_segment(struct tenant *t, struct hf_buf *body)
{
    uint8_t note[HF_SEGMENT_NOTE];
    struct hf_writer w = hf_writer_init(note, sizeof note);
    struct hf_checkpoint checkpoint = {.origin = {t->vkey.name, t->vkey.name_len},
                                       .size = t->frontier.size};
    hf_frontier_root(&t->frontier, &checkpoint.root);
    hf_checkpoint_sign(&checkpoint, &t->vkey, t->key, &w);
    const struct hf_segment segment = {.epoch = 1,
                                       .first = t->receipt,
                                       .end = t->frontier.size,
                                       .note = hf_writer_done(&w),
                                       .bundle = hf_buf_bytes(&t->bundle)};
    hf_segment_write(&segment, body);
    must(body->failed, NULL, "segment");
    t->sent_end = segment.end;
}

/* Lets go of the entries below `size`. */
static void let_go(struct tenant *t, uint64_t size)
{
    size_t at = 0;
    while (t->receipt < size) {
        at += 2 + (size_t)hf_be16_get(t->bundle.ptr + at);
        t->receipt++;
    }
    struct hf_buf rest = hf_buf_init(FLEET_BYTES_MAX);
    hf_buf_put(&rest, t->bundle.ptr + at, t->bundle.len - at);
    hf_buf_free(&t->bundle);
    t->bundle = rest;
}

void tenant_take_receipt(struct tenant *t, struct hf_bytes bytes)
{
    static struct hf_note note; /* one thread, and big */
    struct hf_checkpoint checkpoint;
    struct hf_err err = {0};
    must(hf_checkpoint_open(bytes, &t->vkey, &note, &checkpoint, &err), &err, "receipt");
    must(hf_note_verify(&note, &t->fleet->cosigner, NULL, &err), &err, "receipt");
    must(checkpoint.size == t->sent_end ? HF_OK : HF_EMISMATCH, &err, "size of a receipt");
    let_go(t, checkpoint.size);
}

void tenant_resume(struct tenant *t, uint64_t size)
{
    struct fleet *fleet = t->fleet;
    if (size < t->receipt || size > t->frontier.size) {
        (void)fprintf(stderr, "bench: %s: the Hub has %llu entries, acknowledged are %llu\n",
                      t->name, (unsigned long long)size, (unsigned long long)t->receipt);
        fleet->lost += size < t->receipt ? t->receipt - size : size - t->frontier.size;
        return;
    }
    let_go(t, size);
}
