/* tests/bench/log/callers.c: our log with callers in flight, durable and signed. */
#include <stdio.h>

#include "base/assert.h"
#include "base/env.h"
#include "base/file.h"
#include "base/heap.h"
#include "log/event/codec.h"
#include "tests/bench/log/bench.h"

struct caller {
    struct bench *bench;
    struct hf_append append;
    struct hf_submission items[BULK];
    uint8_t bytes[BULK][EVENT_MAX];
    double started;
};

void open_bench(struct bench *b, const char *dir, const char *name, const char *kind)
{
    char path[HF_PATH_MAX];
    static const struct hf_codec *const codecs[] = {&hf_event_codec};
    static const struct hf_log_options options = {codecs, 1};
    struct hf_err err = {0};
    struct hf_secret seed = {0};
    struct hf_identity identity = {0};
    must(hf_path_join(dir, name, path, sizeof path), &err, "path");
    (void)snprintf(identity.kind, sizeof identity.kind, "%s", kind);
    must(hf_signing_key_new(hf_env_os(), &b->key, &seed, &err), &err, "key");
    hf_secret_free(&seed);
    must(hf_vkey_make(HF_STR("bench.example"), HF_KEY_ED25519, hf_signing_key_public(b->key),
                      &identity.vkey, &err),
         &err, "key");
    must(hf_place_dir_open(path, HF_PLACE_CREATE, "bench", hf_env_os(), &b->place, &err), &err,
         "folder");
    must(hf_log_create(b->place, &identity, &err), &err, "create");
    must(hf_log_open(b->place, &options, &b->log, &err), &err, "open");
    must(hf_loop_uv_new(&b->loop, &err), &err, "loop");
    struct hf_log_writer_options w = {.loop = b->loop, .key = b->key};
    must(hf_log_writer_open(b->log, &w, &b->writer, &err), &err, "writer");
    b->source = (struct source)SOURCE_INIT;
    b->callers = hf_heap_zalloc(CALLERS, sizeof *b->callers);
}

static void closed(void *arg)
{
    (void)arg;
}

void close_writer(struct bench *b)
{
    hf_log_writer_close(b->writer, closed, NULL);
    hf_loop_run(b->loop);
    hf_loop_free(b->loop);
    hf_signing_key_free(b->key);
    hf_heap_free(b->callers);
    hf_heap_free(b->latencies);
    b->writer = NULL;
}

void close_bench(struct bench *b)
{
    if (b->writer != NULL) {
        close_writer(b);
    }
    hf_log_close(b->log);
    hf_place_close(b->place);
}

static void submit(struct caller *caller)
{
    struct bench *b = caller->bench;
    for (unsigned i = 0; i < b->items; i++) {
        size_t len = make_event(&b->source, (unsigned)(draw(&b->source) % NAMES), caller->bytes[i]);
        caller->items[i] = (struct hf_submission){.bytes = hf_bytes_of(caller->bytes[i], len)};
    }
    caller->append.items = caller->items;
    caller->append.item_count = b->items;
    caller->started = now_s();
    b->left--;
    b->busy++;
    hf_append_submit(hf_log_writer_appender(b->writer), &caller->append);
}

static void answered(struct hf_append *append)
{
    struct caller *caller = HF_CONTAINER_OF(append, struct caller, append);
    struct bench *b = caller->bench;
    must(append->rc, &append->err, "append");
    if (b->latencies != NULL) {
        b->latencies[b->latency_count++] = now_s() - caller->started;
    }
    b->busy--;
    if (b->left > 0) {
        submit(caller);
    } else if (b->busy == 0) {
        hf_loop_stop(b->loop);
    }
}

double run_callers(struct bench *b, unsigned callers, unsigned items, uint64_t requests)
{
    struct source alone = SOURCE_INIT;
    uint8_t scratch[EVENT_MAX];
    double start = now_s();
    for (uint64_t i = 0; i < requests * items; i++) {
        (void)make_event(&alone, (unsigned)(draw(&alone) % NAMES), scratch);
    }
    double making = now_s() - start;
    b->items = items;
    b->left = requests;
    b->latency_count = 0;
    start = now_s();
    for (unsigned i = 0; i < callers && b->left > 0; i++) {
        b->callers[i].bench = b;
        b->callers[i].append = (struct hf_append){.wait = HF_WAIT_SIGNED, .done = answered};
        submit(&b->callers[i]);
    }
    hf_loop_run(b->loop);
    return (double)(requests * items) / (now_s() - start - making);
}
