/* hub/windows.c: counts heartbeats and posts the window. */
#include "hub/windows.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/heap.h"
#include "hub/notes.h"

#define WINDOW_NS UINT64_C(60000000000)
#define LATENCIES 20

static int by_name(const void *a, const void *b)
{
    const struct hf_hub_tenant *const *x = a;
    const struct hf_hub_tenant *const *y = b;
    return strcmp((*x)->life.name, (*y)->life.name);
}

/* Those that should come: registered and active, sorted by name. NULL: no memory or none. */
static struct hf_hub_tenant **expected_of(struct hf_hub *hub, size_t *ret_count)
{
    size_t room = (size_t)hf_hub_tenants_count(hub->tenants);
    struct hf_hub_tenant **list = hf_heap_zalloc(room + 1, sizeof(struct hf_hub_tenant *));
    size_t count = 0;
    if (list == NULL) {
        return NULL;
    }
    for (struct hf_hub_tenant *t = hf_hub_tenants_first(hub->tenants); t != NULL;
         t = hf_hub_tenants_next(hub->tenants, t)) {
        if (t->life.registered && t->life.status == HF_TENANT_ACTIVE) {
            list[count++] = t;
        }
    }
    qsort(list, count, sizeof(struct hf_hub_tenant *), by_name);
    *ret_count = count;
    return list;
}

static void count_latency(uint64_t latencies[LATENCIES], int64_t late_us)
{
    unsigned bucket = 0;
    while (bucket < LATENCIES - 1 && late_us >= (INT64_C(1000) << bucket)) {
        bucket++;
    }
    latencies[bucket]++;
}

/* Fills the event; the slices point into the buffers, which the caller keeps. */
static void fill(struct hf_hub_tenant **list, size_t count, struct hf_event_heartbeat_window *event,
                 uint8_t *bitmap, struct hf_hash digests[2])
{
    struct hf_sha256_state names;
    struct hf_sha256_state beats;
    hf_sha256_begin(&names);
    hf_sha256_begin(&beats);
    for (size_t i = 0; i < count; i++) {
        const struct hf_hub_tenant *t = list[i];
        hf_sha256_update(&names, hf_str_bytes(hf_str_c(t->life.name)));
        hf_sha256_update(&names, HF_BYTES("\n"));
        if (t->heartbeat_us >= event->start && t->heartbeat_us < event->end) {
            bitmap[i / 8] |= (uint8_t)(1u << (i % 8));
            event->came++;
            hf_sha256_update(
                &beats, hf_bytes_of(t->heartbeat_signature.b, sizeof t->heartbeat_signature.b));
            count_latency(event->latencies, t->heartbeat_us - t->heartbeat_sent_us);
        }
    }
    hf_sha256_end(&names, &digests[0]);
    hf_sha256_end(&beats, &digests[1]);
    event->expected = count;
    event->latencies_count = LATENCIES;
    event->bitmap = hf_bytes_of(bitmap, (count + 7) / 8);
    event->expected_digest = hf_bytes_of(digests[0].b, HF_HASH_SIZE);
    event->heartbeats_digest = hf_bytes_of(digests[1].b, HF_HASH_SIZE);
}

static void posted(struct hf_post *post)
{
    struct hf_hub *hub = HF_CONTAINER_OF(post, struct hf_hub, window_post);
    hub->window_posting = false;
    if (post->append.rc != HF_OK) {
        hf_log(hub->logger, HF_LOG_WARN, "window.lost", hf_f_err(&post->append.err));
    } else {
        hf_hub_reached(hub, &post->append);
    }
}

static void post_window(struct hf_hub *hub, struct hf_bytes payload)
{
    char stream[64];
    struct hf_err err = {0};
    (void)snprintf(stream, sizeof stream, "heartbeat/%s", hub->region);
    const struct hf_hub_event event = {.type = HF_EVENT_HEARTBEAT_WINDOW_NAME,
                                       .schema_version = HF_EVENT_HEARTBEAT_WINDOW_VERSION,
                                       .stream = hf_str_c(stream),
                                       .payload = payload};
    hub->window_post.done = posted;
    if (hf_hub_append(hub, &event, HF_STR(""), &hub->window_post, &err) == HF_OK) {
        hub->window_posting = true;
    } else {
        hf_log(hub->logger, HF_LOG_WARN, "window.lost", hf_f_err(&err));
    }
}

static void close_window(struct hf_hub *hub)
{
    size_t count = 0;
    struct hf_hash digests[2];
    struct hf_hub_tenant **list = expected_of(hub, &count);
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    struct hf_event_heartbeat_window event = {.start = hub->window_start_us, .end = now};
    uint8_t *bitmap = hf_heap_zalloc(count / 8 + 1, 1);
    uint8_t *payload = hf_heap_alloc(HF_SUBMISSION_MAX);
    event.region = (enum hf_event_heartbeat_window_region)hub->region_number;
    if (list != NULL && bitmap != NULL && payload != NULL && count > 0 && event.end > event.start) {
        struct hf_writer w = hf_writer_init(payload, HF_SUBMISSION_MAX);
        fill(list, count, &event, bitmap, digests);
        hf_event_heartbeat_window_encode(&event, &w);
        if (!w.overflow) {
            post_window(hub, hf_writer_done(&w));
        }
    }
    hub->window_start_us = now;
    hf_heap_free(list);
    hf_heap_free(bitmap);
    hf_heap_free(payload);
}

static void due(struct hf_timer *timer)
{
    struct hf_hub *hub = HF_CONTAINER_OF(timer, struct hf_hub, window);
    if (!hub->window_posting) {
        close_window(hub);
    }
    hf_hub_note_strangers(hub);
    hf_hub_note_api(hub);
    (void)hf_timer_arm(&hub->window, WINDOW_NS);
}

void hf_hub_windows_start(struct hf_hub *hub)
{
    hub->window_start_us = hf_env_wall_us(hf_loop_env(hub->loop));
    hub->strangers.start_us = hub->window_start_us;
    hub->api_window.start_us = hub->window_start_us;
    hf_timer_init(&hub->window, hub->loop, due);
    (void)hf_timer_arm(&hub->window, WINDOW_NS);
}

void hf_hub_windows_stop(struct hf_hub *hub)
{
    hf_timer_cancel(&hub->window);
    hf_hub_note_api(hub);
}
