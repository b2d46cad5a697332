/* tests/bench/region/main.c: a load of tenants on a real Hub over TLS, all from one process.
 *
 * bench_region URL PIN TOKEN_FILE HUB_PID TENANTS SECONDS: registers tenants as agents do, then for
 * SECONDS each: heartbeats, segments of one event, segments of 256 events, reads of one tenant.
 * Prints a row for each: rate, latency, and the Hub's processor time a request (from /proc), which
 * is the figure that counts: the generator runs on the same cores. Beside it stands what the same
 * costs without a Hub: the signature's verification, and LMDB. Started by tools/bench region.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/http/client.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "commands/enrolment.h"
#include "log/event/codec.h"
#include "log/mirror/mirror.h"
#include "tests/bench/load/must.h"
#include "tests/bench/load/process.h"
#include "tests/bench/region/bare.h"
#include "tests/harness/sample_event.h"

enum {
    WORKERS = 48,
    LATENCIES = 1 << 20
};

struct tenant {
    char name[32];
    char stem[64];
    struct hf_signing_key *agent_key;
    struct hf_signing_key *log_key;
    struct hf_secret api_key;
    struct hf_frontier frontier;
    uint64_t counter;
    bool busy;
};

struct worker {
    struct hf_http_call call;
    struct bench *bench;
    struct tenant *tenant;
    struct hf_buf body;
    char url[512];
    double started;
};

struct bench {
    struct hf_loop *loop;
    struct hf_http_client *client;
    const char *url;
    struct hf_hash pin;
    struct hf_secret admin;
    struct tenant *tenants;
    unsigned tenant_count;
    unsigned next;
    struct worker workers[WORKERS];
    void (*fill)(struct worker *worker); /* the phase's request */
    double until;
    uint64_t done;
    unsigned running;
    double *latencies;
    size_t latency_count;
    unsigned events; /* in a segment */
    pid_t hub;
    const char *token_file;
};

/* setting up: one call at a time */

static void stop(struct hf_http_call *call)
{
    struct worker *worker = HF_CONTAINER_OF(call, struct worker, call);
    hf_loop_stop(worker->bench->loop);
}

static struct hf_json_doc *ask(struct bench *b, const char *path, const char *body, bool as_admin)
{
    struct worker *w = &b->workers[0];
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    w->bench = b;
    (void)snprintf(w->url, sizeof w->url, "%s%s", b->url, path);
    w->call = (struct hf_http_call){.method = "POST",
                                    .url = w->url,
                                    .content_type = "application/json",
                                    .token = as_admin ? &b->admin : NULL,
                                    .body = hf_str_bytes(hf_str_c(body)),
                                    .timeout_ns = UINT64_C(30000000000),
                                    .answer_max = 65536,
                                    .done = stop};
    hf_http_call_start(b->client, &w->call);
    hf_loop_run(b->loop);
    must(w->call.rc, &w->call.err, path);
    must(hf_json_parse(hf_buf_bytes(&w->call.answer), &doc, &err), &err, path);
    if (w->call.status >= 300) {
        (void)fprintf(stderr, "bench: %s: %d %.*s\n", path, w->call.status, (int)w->call.answer.len,
                      (const char *)w->call.answer.ptr);
        _exit(3);
    }
    hf_buf_free(&w->call.answer);
    return doc;
}

static void put_hex(struct hf_json_out *json, const char *key, const void *ptr, size_t len)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_hex(json, hf_bytes_of(ptr, len));
}

static void write_registration(struct bench *b, const struct tenant *t,
                               const struct hf_token *token, struct hf_buf *body)
{
    uint8_t text[HF_REGISTRATION_TEXT_MAX];
    struct hf_signing_key *token_key = NULL;
    struct hf_signature signature;
    struct hf_json_out json;
    struct hf_err err = {0};
    must(hf_token_key(token, &token_key, &err), &err, "token");
    const struct hf_registration r = {.tenant = hf_str_c(t->name),
                                      .token_key = *hf_signing_key_public(token_key),
                                      .agent_key = *hf_signing_key_public(t->agent_key),
                                      .log_key = *hf_signing_key_public(t->log_key),
                                      .log_stem = hf_str_c(t->stem),
                                      .tls_pin = b->pin,
                                      .time_us = hf_env_wall_us(hf_env_os()),
                                      .openclaw = HF_STR(HF_VERSION_NONE),
                                      .wrapper = HF_STR(HF_VERSION_NONE),
                                      .policy = HF_STR(HF_VERSION_NONE)};
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_registration_text(&r, &w);
    hf_json_init(&json, body);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "tenant", r.tenant);
    put_hex(&json, "token_key", r.token_key.b, 32);
    put_hex(&json, "agent_key", r.agent_key.b, 32);
    put_hex(&json, "log_key", r.log_key.b, 32);
    hf_json_key_str(&json, "log_stem", r.log_stem);
    hf_json_key_u64(&json, "time_us", (uint64_t)r.time_us);
    hf_sign(token_key, hf_writer_done(&w), &signature);
    put_hex(&json, "token_signature", signature.b, 64);
    hf_sign(t->agent_key, hf_writer_done(&w), &signature);
    put_hex(&json, "agent_signature", signature.b, 64);
    hf_json_key_str(&json, "openclaw", r.openclaw);
    hf_json_key_str(&json, "wrapper", r.wrapper);
    hf_json_key_str(&json, "policy", r.policy);
    hf_json_object_end(&json);
    hf_buf_put(body, "", 1);
    hf_signing_key_free(token_key);
}

static void new_key(struct hf_signing_key **ret_key)
{
    struct hf_secret seed = {0};
    struct hf_err err = {0};
    must(hf_signing_key_new(hf_env_os(), ret_key, &seed, &err), &err, "key");
    hf_secret_free(&seed);
}

static void set_up_tenant(struct bench *b, struct tenant *t, unsigned number)
{
    char path[128];
    char body[128];
    struct hf_token token;
    struct hf_err err = {0};
    struct hf_buf request = hf_buf_init(8192);
    (void)snprintf(t->name, sizeof t->name, "load-%u", number);
    (void)snprintf(t->stem, sizeof t->stem, "dev/tenant/%s", t->name);
    new_key(&t->agent_key);
    new_key(&t->log_key);
    hf_frontier_init(&t->frontier);
    (void)snprintf(body, sizeof body, "{\"tenant\":\"%s\",\"ring\":\"sandbox\"}", t->name);
    hf_json_free(ask(b, "/v1/tenants", body, true));
    (void)snprintf(path, sizeof path, "/v1/tenants/%s/tokens", t->name);
    struct hf_json_doc *doc = ask(b, path, "{\"ttl_s\":600}", true);
    struct hf_str text = hf_json_as_str(hf_json_get(hf_json_root(doc), "token"));
    must(hf_token_parse(text, &token, &err), &err, "token");
    hf_json_free(doc);
    write_registration(b, t, &token, &request);
    hf_token_free(&token);
    doc = ask(b, "/v1/register", (const char *)request.ptr, false);
    text = hf_json_as_str(hf_json_get(hf_json_root(doc), "api_key"));
    must(hf_secret_copy(hf_str_bytes(text), &t->api_key), &err, "API key");
    hf_json_free(doc);
    hf_buf_free(&request);
    t->counter = (uint64_t)hf_env_wall_us(hf_env_os());
}

/* phases: WORKERS calls in flight */

static struct tenant *take_tenant(struct bench *b)
{
    for (;;) {
        struct tenant *t = &b->tenants[b->next++ % b->tenant_count];
        if (!t->busy) {
            t->busy = true;
            return t;
        }
    }
}

static void send_next(struct worker *worker);

static void answered(struct hf_http_call *call)
{
    struct worker *worker = HF_CONTAINER_OF(call, struct worker, call);
    struct bench *b = worker->bench;
    double now = now_s();
    must(call->rc, &call->err, "call");
    if (call->status != 200) {
        (void)fprintf(stderr, "bench: %s: %d %.*s\n", worker->url, call->status,
                      (int)call->answer.len, (const char *)call->answer.ptr);
        _exit(3);
    }
    hf_buf_free(&call->answer);
    worker->tenant->busy = false;
    b->done++;
    if (b->latency_count < LATENCIES) {
        b->latencies[b->latency_count++] = now - worker->started;
    }
    if (now < b->until) {
        send_next(worker);
    } else if (--b->running == 0) {
        hf_loop_stop(b->loop);
    }
}

static void send_next(struct worker *worker)
{
    struct bench *b = worker->bench;
    worker->tenant = take_tenant(b);
    hf_buf_clear(&worker->body);
    worker->call = (struct hf_http_call){.method = "POST",
                                         .url = worker->url,
                                         .token = &worker->tenant->api_key,
                                         .timeout_ns = UINT64_C(30000000000),
                                         .answer_max = 65536,
                                         .done = answered};
    b->fill(worker);
    worker->call.body = hf_buf_bytes(&worker->body);
    worker->started = now_s();
    hf_http_call_start(b->client, &worker->call);
}

static void fill_heartbeat(struct worker *worker)
{
    struct tenant *t = worker->tenant;
    uint8_t text[HF_HEARTBEAT_TEXT_MAX];
    struct hf_signature signature;
    struct hf_str none = HF_STR("none");
    const struct hf_heartbeat h = {.tenant = hf_str_c(t->name),
                                   .counter = ++t->counter,
                                   .time_us = hf_env_wall_us(hf_env_os()),
                                   .epoch = 1,
                                   .policy = none,
                                   .wrapper = none,
                                   .openclaw = none,
                                   .proxy = none,
                                   .agent = none,
                                   .self_test = none};
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_heartbeat_text(&h, &w);
    hf_sign(t->agent_key, hf_writer_done(&w), &signature);
    struct hf_json_out json;
    hf_json_init(&json, &worker->body);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "counter", h.counter);
    hf_json_key_u64(&json, "time_us", (uint64_t)h.time_us);
    hf_json_key_u64(&json, "epoch", 1);
    hf_json_key_u64(&json, "size", 0);
    hf_json_key_u64(&json, "receipt", 0);
    hf_json_key_u64(&json, "queue", 0);
    hf_json_key_str(&json, "policy", none);
    hf_json_key_str(&json, "wrapper", none);
    hf_json_key_str(&json, "openclaw", none);
    hf_json_key_str(&json, "proxy", none);
    hf_json_key_str(&json, "agent", none);
    hf_json_key_str(&json, "self_test", none);
    put_hex(&json, "signature", signature.b, sizeof signature.b);
    hf_json_object_end(&json);
    (void)snprintf(worker->url, sizeof worker->url, "%s/v1/heartbeat", worker->bench->url);
    worker->call.content_type = "application/json";
}

static void fill_segment(struct worker *worker)
{
    struct tenant *t = worker->tenant;
    struct hf_buf bundle = hf_buf_init(4u << 20);
    struct hf_segment segment = {.epoch = 1, .first = t->frontier.size};
    uint8_t submission[HF_SAMPLE_EVENT_MAX];
    uint8_t leaf[HF_SAMPLE_EVENT_MAX + 32];
    uint8_t note[HF_SEGMENT_NOTE];
    struct hf_vkey vkey;
    struct hf_err err = {0};
    for (unsigned i = 0; i < worker->bench->events; i++) {
        unsigned number = (unsigned)t->frontier.size + 1;
        size_t len = hf_sample_event(t->name, number, "dev", number, submission);
        struct hf_writer w = hf_writer_init(leaf, sizeof leaf);
        hf_event_codec.finish(hf_bytes_of(submission, len), number, 1767225600000000, &w);
        uint8_t head[2];
        struct hf_hash hash;
        hf_be16_put(head, (uint16_t)w.len);
        hf_buf_put(&bundle, head, sizeof head);
        hf_buf_put(&bundle, leaf, w.len);
        hf_tree_leaf_hash(hf_writer_done(&w), &hash);
        hf_frontier_append(&t->frontier, &hash);
    }
    must(hf_mirror_vkey(hf_str_c(t->stem), 1, hf_signing_key_public(t->log_key), &vkey, &err), &err,
         "vkey");
    struct hf_checkpoint checkpoint = {.origin = hf_str_c(vkey.name), .size = t->frontier.size};
    hf_frontier_root(&t->frontier, &checkpoint.root);
    struct hf_writer w = hf_writer_init(note, sizeof note);
    hf_checkpoint_sign(&checkpoint, &vkey, t->log_key, &w);
    segment.end = t->frontier.size;
    segment.note = hf_writer_done(&w);
    segment.bundle = hf_buf_bytes(&bundle);
    hf_segment_write(&segment, &worker->body);
    hf_buf_free(&bundle);
    (void)snprintf(worker->url, sizeof worker->url, "%s/v1/segments", worker->bench->url);
    worker->call.content_type = "application/octet-stream";
}

static void fill_get(struct worker *worker)
{
    worker->call.method = "GET";
    worker->call.token = &worker->bench->admin;
    (void)snprintf(worker->url, sizeof worker->url, "%s/v1/tenants/%s", worker->bench->url,
                   worker->tenant->name);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Gives the Hub's processor time a call, in microseconds. */
static double run_phase(struct bench *b, const char *name, void (*fill)(struct worker *worker),
                        unsigned events, double seconds)
{
    b->fill = fill;
    b->events = events;
    b->done = 0;
    b->latency_count = 0;
    double cpu = load_process_cpu_s(b->hub);
    double started = now_s();
    b->until = started + seconds;
    b->running = b->tenant_count < WORKERS ? b->tenant_count : WORKERS;
    for (unsigned i = 0; i < b->running; i++) {
        b->workers[i].bench = b;
        send_next(&b->workers[i]);
    }
    hf_loop_run(b->loop);
    double took = now_s() - started;
    cpu = load_process_cpu_s(b->hub) - cpu;
    qsort(b->latencies, b->latency_count, sizeof *b->latencies, compare);
    double count = (double)b->done;
    (void)printf("| %s | %.0f | %.2f | %.2f | %.0f | %.0f |\n", name, count / took,
                 b->latencies[b->latency_count / 2] * 1e3,
                 b->latencies[b->latency_count * 99 / 100] * 1e3, cpu / count * 1e6,
                 count / cpu * (events == 0 ? 1 : events));
    (void)fflush(stdout);
    return cpu / count * 1e6;
}

/* What the Hub spent on a call beside what nobody can spare; after the last phase, because the
 * segment that is made for it is never sent. */
static void compare_bare(struct bench *b, const char *name, unsigned events, double hub_us)
{
    char path[512];
    struct worker *worker = &b->workers[0];
    struct hf_bytes bytes = {NULL, 0};
    (void)snprintf(path, sizeof path, "%s.bare", b->token_file);
    if (events > 0) {
        b->events = events;
        worker->tenant = take_tenant(b);
        hf_buf_clear(&worker->body);
        fill_segment(worker);
        bytes = hf_buf_bytes(&worker->body);
    }
    double bare = bare_us(path, bytes, WORKERS, 2);
    (void)printf("| %s | %.0f | %.0f | %.2f |\n", name, hub_us, bare, bare / hub_us);
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct hf_err err = {0};
    struct hf_buf token = hf_buf_init(4096);
    uint64_t pid = 0;
    uint64_t tenants = 0;
    uint64_t seconds = 0;
    size_t len = 0;
    if (argc != 7 || hf_parse_u64(hf_str_c(argv[4]), 1, INT32_MAX, &pid) != HF_OK ||
        hf_parse_u64(hf_str_c(argv[5]), 1, 100000, &tenants) != HF_OK ||
        hf_parse_u64(hf_str_c(argv[6]), 1, 600, &seconds) != HF_OK) {
        return 2;
    }
    must(hf_crypto_init(&err), &err, "crypto");
    must(hf_hex_decode(hf_str_c(argv[2]), b.pin.b, HF_HASH_SIZE, &len, NULL), &err, "pin");
    must(hf_file_read(argv[3], &token, &err), &err, "token");
    must(hf_secret_copy(hf_buf_bytes(&token), &b.admin), &err, "token");
    must(hf_loop_uv_new(&b.loop, &err), &err, "loop");
    const struct hf_http_client_conf conf = {.pin = &b.pin};
    must(hf_http_client_new(b.loop, &conf, &b.client, &err), &err, "client");
    b.url = argv[1];
    b.token_file = argv[3];
    b.hub = (pid_t)pid;
    b.tenant_count = (unsigned)tenants;
    b.tenants = hf_heap_zalloc(b.tenant_count, sizeof *b.tenants);
    b.latencies = hf_heap_zalloc(LATENCIES, sizeof *b.latencies);
    for (unsigned i = 0; i < WORKERS; i++) {
        b.workers[i].body = hf_buf_init(8u << 20);
    }
    double started = now_s();
    for (unsigned i = 0; i < b.tenant_count; i++) {
        set_up_tenant(&b, &b.tenants[i], i);
    }
    (void)fprintf(stderr, "%u tenants registered in %.1f s\n", b.tenant_count, now_s() - started);
    (void)printf("| %u tenants, 48 calls in flight | /s | p50 ms | p99 ms | Hub us a call | a Hub "
                 "core would do, /s |\n|---|---|---|---|---|---|\n",
                 b.tenant_count);
    double beat = run_phase(&b, "heartbeats", fill_heartbeat, 0, (double)seconds);
    double one = run_phase(&b, "segments of 1 event", fill_segment, 1, (double)seconds);
    double many = run_phase(&b, "segments of 256 events (last column: events)", fill_segment, 256,
                            (double)seconds);
    (void)run_phase(&b, "GET of one tenant", fill_get, 0, (double)seconds);
    (void)printf(
        "\n| beside | Hub us a call | bare Ed25519, and LMDB of the same bytes, us | ratio "
        "|\n|---|---|---|---|\n");
    compare_bare(&b, "heartbeats (nothing is stored)", 0, beat);
    compare_bare(&b, "segments of 1 event", 1, one);
    compare_bare(&b, "segments of 256 events", 256, many);
    return 0;
}
