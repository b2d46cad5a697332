/* tests/bench/projections/fill.c: makes a region's log: tenants, windows, segments of metering. */
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "log/event/codec.h"
#include "log/mirror/segment.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"
#include "tests/bench/projections/bench.h"

#define BEGAN_US      INT64_C(1790000000000000)
#define EVENT_US      600 /* 10,000 tenants with 10 events a minute each */
#define MINUTE_EVENTS 100000u
#define GROUP         64 /* entries in one request */

enum {
    EVENT_MAX = 1024
};

/* Entries on their way; the bytes of all of them. */
struct filler {
    const struct bench_conf *conf;
    struct hf_log_world *world;
    struct hf_submission items[GROUP];
    size_t count;
    struct hf_buf bytes[GROUP];
    struct hf_buf blobs[GROUP];
    uint64_t sequence;
    uint64_t event; /* the next one's number */
    int64_t now_us;
};

static void name_of(uint64_t tenant, char name[16])
{
    (void)snprintf(name, 16, "t%05u", (unsigned)tenant % 100000);
}

static void flush(struct filler *f)
{
    struct hf_append append = {.items = f->items,
                               .item_count = f->count,
                               .wait = HF_WAIT_DURABLE,
                               .done = hf_log_world_answered};
    hf_append_submit(hf_log_writer_appender(f->world->writer), &append);
    hf_loop_run(f->world->loop);
    must(append.rc, &append.err, "append");
    f->count = 0;
}

/* Takes what is in blobs[count] along. */
static void add(struct filler *f, const char *type, const char *stream, struct hf_bytes payload)
{
    struct hf_err err = {0};
    uint8_t room[24576];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_hash hash;
    struct hf_bytes blob = hf_buf_bytes(&f->blobs[f->count]);
    struct hf_envelope envelope = {.type = hf_str_c(type),
                                   .schema_version = 1,
                                   .producer = HF_STR("bench"),
                                   .sequence = ++f->sequence,
                                   .stream = hf_str_c(stream),
                                   .occurred_us = f->now_us,
                                   .payload = payload};
    if (blob.len > 0) {
        hf_sha256(blob, &hash);
        envelope.blob = hf_bytes_of(hash.b, sizeof hash.b);
    }
    must(hf_envelope_write_submission(&envelope, &w, &err), &err, type);
    struct hf_buf *bytes = &f->bytes[f->count];
    hf_buf_clear(bytes);
    hf_buf_put(bytes, room, w.len);
    must(bytes->failed, NULL, "memory");
    f->items[f->count] = (struct hf_submission){.bytes = hf_buf_bytes(bytes), .blob = blob};
    f->count++;
    if (f->count == GROUP) {
        flush(f);
    }
    hf_buf_clear(&f->blobs[f->count]);
}

static void add_life(struct filler *f, uint64_t tenant)
{
    static const uint8_t key[HF_HASH_SIZE] = {1};
    const struct hf_bytes bytes = {key, sizeof key};
    char name[16], stream[32], origin[48];
    uint8_t room[1024];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    name_of(tenant, name);
    (void)snprintf(stream, sizeof stream, "tenant/%s", name);
    (void)snprintf(origin, sizeof origin, "dev/tenant/%s/1", name);
    const struct hf_event_tenant_created created = {
        .tenant = hf_str_c(name), .customer = HF_STR("c"), .plan = HF_STR("p")};
    hf_event_tenant_created_encode(&created, &w);
    add(f, HF_EVENT_TENANT_CREATED_NAME, stream, hf_writer_done(&w));
    w = hf_writer_init(room, sizeof room);
    const struct hf_event_tenant_registered registered = {
        .tenant = hf_str_c(name),
        .token_hash = bytes,
        .agent_key = bytes,
        .log_key = bytes,
        .log_origin = hf_str_c(origin),
        .api_key_hash = bytes,
        .versions = {.openclaw = HF_STR("1"), .wrapper = HF_STR("1"), .policy = HF_STR("1")}};
    hf_event_tenant_registered_encode(&registered, &w);
    add(f, HF_EVENT_TENANT_REGISTERED_NAME, stream, hf_writer_done(&w));
}

/* Everybody came. */
static void add_window(struct filler *f)
{
    static const uint8_t none[HF_HASH_SIZE];
    struct hf_sha256_state names;
    struct hf_hash digest;
    uint8_t bitmap[100000 / 8], room[16384];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    char name[16];
    memset(bitmap, 0xff, sizeof bitmap);
    hf_sha256_begin(&names);
    for (uint64_t i = 0; i < f->conf->tenants; i++) {
        name_of(i, name);
        hf_sha256_update(&names, hf_str_bytes(hf_str_c(name)));
        hf_sha256_update(&names, HF_BYTES("\n"));
    }
    hf_sha256_end(&names, &digest);
    const struct hf_event_heartbeat_window window = {
        .start = f->now_us - 60000000,
        .end = f->now_us,
        .expected = f->conf->tenants,
        .came = f->conf->tenants,
        .expected_digest = hf_bytes_of(digest.b, sizeof digest.b),
        .bitmap = hf_bytes_of(bitmap, (f->conf->tenants + 7) / 8),
        .heartbeats_digest = hf_bytes_of(none, sizeof none)};
    hf_event_heartbeat_window_encode(&window, &w);
    HF_ASSERT(!w.overflow);
    add(f, HF_EVENT_HEARTBEAT_WINDOW_NAME, "heartbeat/dev", hf_writer_done(&w));
}

/* segments */

static void put_metering(struct filler *f, const char *tenant, struct hf_buf *bundle)
{
    static const char *const models[] = {"claude-sonnet-4-5", "gpt-5-mini", "mistral-large"};
    char request[32], stream[32];
    uint8_t payload[512], submission[EVENT_MAX], leaf[EVENT_MAX], len[2];
    struct hf_writer p = hf_writer_init(payload, sizeof payload);
    struct hf_writer s = hf_writer_init(submission, sizeof submission);
    struct hf_writer w = hf_writer_init(leaf, sizeof leaf);
    struct hf_err err = {0};
    uint64_t n = f->event++;
    f->now_us += EVENT_US;
    (void)snprintf(request, sizeof request, "req-%08llx", (unsigned long long)n * 2654435761u);
    (void)snprintf(stream, sizeof stream, "metering/%s", tenant);
    const struct hf_event_metering_recorded event = {.tenant = hf_str_c(tenant),
                                                     .provider = HF_STR("anthropic"),
                                                     .model = hf_str_c(models[n % 3]),
                                                     .request = hf_str_c(request),
                                                     .input_tokens = n % 20011,
                                                     .output_tokens = n % 4001,
                                                     .cached_tokens = n % 10007,
                                                     .has_cost = true,
                                                     .cost = n % 1000003,
                                                     .has_currency = true,
                                                     .has_latency = true,
                                                     .latency = n % 30000001};
    hf_event_metering_recorded_encode(&event, &p);
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_METERING_RECORDED_NAME),
                                         .schema_version = HF_EVENT_METERING_RECORDED_VERSION,
                                         .producer = HF_STR("wrapper"),
                                         .sequence = n + 1,
                                         .stream = hf_str_c(stream),
                                         .occurred_us = f->now_us,
                                         .payload = hf_writer_done(&p)};
    must(hf_envelope_write_submission(&envelope, &s, &err), &err, "event");
    hf_event_codec.finish(hf_writer_done(&s), n + 1, f->now_us, &w);
    HF_ASSERT(!w.overflow);
    hf_be16_put(len, (uint16_t)w.len);
    hf_buf_put(bundle, len, sizeof len);
    hf_buf_put(bundle, leaf, w.len);
}

static void add_segment(struct filler *f, uint64_t number, struct hf_buf *bundle)
{
    static const uint8_t root[HF_HASH_SIZE] = {2};
    char name[16], stream[32];
    uint8_t room[512];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    uint64_t first = number / f->conf->tenants * f->conf->segment;
    name_of(number % f->conf->tenants, name);
    (void)snprintf(stream, sizeof stream, "segment/%s", name);
    hf_buf_clear(bundle);
    for (uint64_t i = 0; i < f->conf->segment; i++) {
        put_metering(f, name, bundle);
    }
    const struct hf_segment segment = {.epoch = 1,
                                       .first = first,
                                       .end = first + f->conf->segment,
                                       .note = HF_BYTES("no projection reads it\n"),
                                       .bundle = hf_buf_bytes(bundle)};
    hf_segment_write(&segment, &f->blobs[f->count]);
    must(f->blobs[f->count].failed, NULL, "segment");
    const struct hf_event_segment_received received = {.tenant = hf_str_c(name),
                                                       .epoch = 1,
                                                       .first = first,
                                                       .end = segment.end,
                                                       .root = hf_bytes_of(root, sizeof root)};
    hf_event_segment_received_encode(&received, &w);
    add(f, HF_EVENT_SEGMENT_RECEIVED_NAME, stream, hf_writer_done(&w));
}

void bench_fill(const struct bench_conf *conf, struct hf_log_world *world)
{
    static struct filler filler;
    struct filler *f = &filler;
    struct hf_buf bundle = hf_buf_init(HF_SEGMENT_MAX);
    *f = (struct filler){.conf = conf, .world = world, .now_us = BEGAN_US};
    for (size_t i = 0; i < GROUP; i++) {
        f->bytes[i] = hf_buf_init(HF_LEAF_MAX);
        f->blobs[i] = hf_buf_init(HF_SEGMENT_MAX);
    }
    must(hf_crypto_init(&world->err), &world->err, "libsodium");
    must(hf_log_world_init(world, "events"), &world->err, "key");
    must(hf_log_world_open(world, HF_PLACE_CREATE), &world->err, "log");
    for (uint64_t i = 0; i < conf->tenants; i++) {
        add_life(f, i);
    }
    for (uint64_t number = 0; f->event < conf->events; number++) {
        uint64_t minute = f->event / MINUTE_EVENTS;
        add_segment(f, number, &bundle);
        if (f->event / MINUTE_EVENTS > minute) {
            add_window(f);
        }
    }
    if (f->count > 0) {
        flush(f);
    }
    hf_log_world_close(world);
    hf_buf_free(&bundle);
    for (size_t i = 0; i < GROUP; i++) {
        hf_buf_free(&f->bytes[i]);
        hf_buf_free(&f->blobs[i]);
    }
}
