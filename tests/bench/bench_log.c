/* tests/bench/bench_log.c: the log against what it stands on, both sides in one run.
 *
 * Bare LMDB with the same bytes at the same entries per commit; SHA-256 over the same bytes in the
 * same number of hashes; bare decompression of the same volumes; zstd -3 of the same events as JSON
 * lines. Prints a table, or JSON with --json. Started by tools/bench log; DIR is on the disk to
 * measure.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/json_out.h"
#include "base/loop.h"
#include "log/core/reader.h"
#include "log/core/verify.h"
#include "log/core/writer.h"
#include "log/event/codec.h"
#include "schemas/envelope.h"
#include "schemas/event.h"
#include "schemas/events_gen.h"

#define NAMES          2000
#define EVENT_MAX      512
#define CALLERS        64
#define BULK           256
#define VOLUMES_EVENTS (4 * 65536)

static double now_s(void)
{
    return (double)hf_env_mono_ns(hf_env_os()) / 1e9;
}

static void must(enum hf_rc rc, const struct hf_err *err, const char *what)
{
    if (rc != HF_OK) {
        (void)fprintf(stderr, "bench: %s: %s %s\n", what, hf_rc_name(rc), err->text);
        _exit(3);
    }
}

/* results */

struct row {
    const char *measure;
    const char *unit;
    double ours;
    double theirs;
    const char *against;
    double least; /* wanted ratio; negative: at most */
};

static struct row rows[16];
static size_t row_count;

static void add_row(struct row row)
{
    rows[row_count++] = row;
}

static void print_rows(bool json)
{
    if (!json) {
        (void)printf(
            "| measure | ours | against | theirs | ratio | wanted |\n|---|---|---|---|---|---|\n");
    }
    for (size_t i = 0; i < row_count; i++) {
        const struct row *r = &rows[i];
        double ratio = r->theirs > 0 ? r->ours / r->theirs : 0;
        if (json) {
            (void)printf("{\"measure\":\"%s\",\"unit\":\"%s\",\"ours\":%.2f,\"against\":\"%s\","
                         "\"theirs\":%.2f,\"ratio\":%.3f}\n",
                         r->measure, r->unit, r->ours, r->against, r->theirs, ratio);
        } else {
            (void)printf("| %s | %.*f %s | %s | %.*f | %.2f | %s%.2f |\n", r->measure,
                         r->ours < 100 ? 1 : 0, r->ours, r->unit, r->against,
                         r->theirs < 100 ? 1 : 0, r->theirs, ratio,
                         r->least < 0 ? "<= " : ">= ", r->least < 0 ? -r->least : r->least);
        }
    }
}

/* events of about 250 bytes, random-looking ids as in life */

struct source {
    uint64_t sequence[NAMES];
    uint64_t state;
};

static uint64_t draw(struct source *s)
{
    s->state ^= s->state << 13;
    s->state ^= s->state >> 7;
    s->state ^= s->state << 17;
    return s->state;
}

static size_t make_event(struct source *s, unsigned name, uint8_t out[EVENT_MAX])
{
    char tenant[32], producer[48], stream[48], request[64], payload_bytes[256];
    (void)snprintf(tenant, sizeof tenant, "customer-%04u", name);
    (void)snprintf(producer, sizeof producer, "tenant/%s/wrapper", tenant);
    (void)snprintf(stream, sizeof stream, "metering/%s", tenant);
    (void)snprintf(request, sizeof request, "req-%016llx%08llx", (unsigned long long)draw(s),
                   (unsigned long long)(draw(s) & 0xFFFFFFFF));
    struct hf_event_metering_recorded event = {
        .tenant = hf_str_c(tenant),
        .provider = HF_STR("anthropic"),
        .model = HF_STR("claude-sonnet-4-5"),
        .request = hf_str_c(request),
        .input_tokens = draw(s) % 20000,
        .output_tokens = draw(s) % 4000,
        .cached_tokens = draw(s) % 10000,
        .cost = draw(s) % 1000000,
        .latency = draw(s) % 30000000,
    };
    struct hf_err err = {0};
    must(hf_event_metering_recorded_check(&event, &err), &err, "event");
    struct hf_writer p = hf_writer_init(payload_bytes, sizeof payload_bytes);
    hf_event_metering_recorded_encode(&event, &p);
    struct hf_envelope envelope = {
        .type = HF_STR("metering.recorded"),
        .schema_version = HF_EVENT_METERING_RECORDED_VERSION,
        .producer = hf_str_c(producer),
        .sequence = ++s->sequence[name],
        .stream = hf_str_c(stream),
        .occurred_us = hf_env_wall_us(hf_env_os()),
        .actor = HF_STR("program:wrapper"),
        .payload = hf_writer_done(&p),
    };
    struct hf_writer w = hf_writer_init(out, EVENT_MAX);
    must(hf_envelope_write_submission(&envelope, &w, &err), &err, "submission");
    return w.len;
}

/* bare LMDB: the same bytes, `batch` puts a commit */

static double bare_lmdb(const char *dir, unsigned batch, unsigned commits)
{
    char path[HF_PATH_MAX];
    struct source s = {.state = 88172645463325252u};
    MDB_env *env = NULL;
    MDB_dbi dbi = 0;
    must(hf_path_join(dir, "bare.mdb", path, sizeof path), &(struct hf_err){0}, "path");
    (void)unlink(path);
    if (mdb_env_create(&env) != 0 || mdb_env_set_mapsize(env, (size_t)16 << 30) != 0 ||
        mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600) != 0) {
        _exit(3);
    }
    double spent = 0;
    uint64_t index = 0;
    uint8_t(*events)[EVENT_MAX] = hf_heap_zalloc(batch, EVENT_MAX);
    size_t *lens = hf_heap_zalloc(batch, sizeof *lens);
    for (unsigned c = 0; c < commits; c++) {
        for (unsigned i = 0; i < batch; i++) {
            lens[i] = make_event(&s, (unsigned)(draw(&s) % NAMES), events[i]) + 10;
        }
        double start = now_s();
        MDB_txn *txn = NULL;
        int code = mdb_txn_begin(env, NULL, 0, &txn);
        code = code != 0 ? code : mdb_dbi_open(txn, NULL, 0, &dbi);
        for (unsigned i = 0; i < batch && code == 0; i++) {
            uint8_t key[8];
            hf_be64_put(key, index++);
            MDB_val k = {sizeof key, key};
            MDB_val v = {lens[i], events[i]};
            code = mdb_put(txn, dbi, &k, &v, MDB_APPEND);
        }
        code = code != 0 ? code : mdb_txn_commit(txn);
        spent += now_s() - start;
        if (code != 0) {
            (void)fprintf(stderr, "bench: bare LMDB: %s\n", mdb_strerror(code));
            _exit(3);
        }
    }
    hf_heap_free(events);
    hf_heap_free(lens);
    mdb_env_close(env);
    (void)unlink(path);
    return (double)batch * commits / spent;
}

/* our log */

struct bench;

struct caller {
    struct bench *bench;
    struct hf_append append;
    struct hf_submission items[BULK];
    uint8_t bytes[BULK][EVENT_MAX];
    double started;
};

struct bench {
    struct hf_place *place;
    struct hf_log *log;
    struct hf_log_writer *writer;
    struct hf_loop *loop;
    struct hf_signing_key *key;
    struct source source;
    struct caller *callers;
    unsigned items;
    uint64_t left;
    uint64_t busy;
    double *latencies;
    size_t latency_count;
};

static void open_log(struct bench *b, const char *path)
{
    static const struct hf_codec *const codecs[] = {&hf_event_codec};
    static const struct hf_log_options options = {codecs, 1};
    struct hf_err err = {0};
    struct hf_secret seed = {0};
    struct hf_identity identity = {.kind = "events"};
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
}

static void closed(void *arg)
{
    (void)arg;
}

static void close_writer(struct bench *b)
{
    hf_log_writer_close(b->writer, closed, NULL);
    hf_loop_run(b->loop);
    hf_loop_free(b->loop);
    hf_signing_key_free(b->key);
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

/* Entries a second; making the events is taken out by measuring it alone. */
static double run_callers(struct bench *b, unsigned callers, unsigned items, uint64_t requests)
{
    struct source alone = {.state = 88172645463325252u};
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

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void bench_appends(const char *dir, double *ret_p99)
{
    struct bench b = {.source = {.state = 88172645463325252u}};
    char path[HF_PATH_MAX];
    must(hf_path_join(dir, "log-appends", path, sizeof path), &(struct hf_err){0}, "path");
    open_log(&b, path);
    b.callers = hf_heap_zalloc(CALLERS, sizeof *b.callers);
    b.latencies = hf_heap_zalloc(40000, sizeof *b.latencies);
    double bare = bare_lmdb(dir, 1, 2000);
    double ours = run_callers(&b, 1, 1, 2000);
    add_row((struct row){"one caller, durable and signed", "/s", ours, bare, "bare LMDB", 0.6});
    uint64_t commits = 0, before = 0, entries = 0;
    hf_log_writer_counts(b.writer, &before, &entries);
    ours = run_callers(&b, CALLERS, 1, 32000);
    qsort(b.latencies, b.latency_count, sizeof *b.latencies, compare);
    *ret_p99 = b.latencies[b.latency_count * 99 / 100] * 1e3;
    hf_log_writer_counts(b.writer, &commits, &entries);
    unsigned each = (unsigned)(32000 / (commits - before));
    bare = bare_lmdb(dir, each < 1 ? 1 : each, 32000 / (each < 1 ? 1 : each));
    add_row((struct row){"64 callers in flight, durable and signed", "/s", ours, bare,
                         "bare LMDB, same entries a commit", 0.6});
    close_writer(&b);
    hf_log_close(b.log);
    hf_place_close(b.place);
    hf_heap_free(b.callers);
    hf_heap_free(b.latencies);
}

/* sealed volumes: bulk, verification, replay, proofs, space */

static void bench_verify(struct bench *b, const struct hf_buf *plain, uint64_t count)
{
    struct hf_verify_options options = {0};
    struct hf_verify_result result;
    struct hf_err err = {0};
    double start = now_s();
    must(hf_log_verify(b->log, &options, &result, &err), &err, "verify");
    double ours = (double)count / (now_s() - start);
    struct hf_cursor c = hf_cursor_init(hf_buf_bytes(plain));
    struct hf_bytes entry;
    struct hf_hash leaf, node = {0};
    start = now_s();
    while (hf_bundle_next(&c, &entry) == HF_OK) {
        hf_tree_leaf_hash(entry, &leaf);
        hf_sha256_node(&leaf, &node, &node);
    }
    double theirs = (double)count / (now_s() - start);
    add_row((struct row){"full verification, one core", "entries/s", ours, theirs,
                         "SHA-256, same bytes and hashes", 0.6});
}

static void bench_replay(struct bench *b, struct hf_buf *plain, uint64_t volumes, uint64_t count)
{
    struct hf_err err = {0};
    struct hf_packer *packer = NULL;
    struct hf_buf bundle = hf_buf_init(HF_BUNDLE_MAX);
    must(hf_packer_new(&packer), &err, "packer");
    double start = now_s();
    for (uint64_t v = 0; v < volumes; v++) {
        struct hf_volume *volume = NULL;
        must(hf_log_volume(b->log, v, &volume, &err), &err, "volume");
        for (unsigned i = 0; i < HF_VOLUME_BUNDLES; i++) {
            must(hf_volume_bundle(volume, packer, i, &bundle, &err), &err, "bundle");
        }
    }
    double theirs = (double)count / (now_s() - start);
    hf_buf_free(&bundle);
    hf_packer_free(packer);
    struct hf_reader *reader = NULL;
    struct hf_reader_options options = {0};
    uint64_t index = 0, sum = 0;
    struct hf_bytes entry;
    must(hf_reader_open(b->log, &options, &reader, &err), &err, "reader");
    start = now_s();
    for (uint64_t i = 0; i < count; i++) {
        struct hf_envelope envelope;
        struct hf_event_metering_recorded event;
        must(hf_reader_next(reader, &index, &entry, &err), &err, "read");
        must(hf_envelope_read_leaf(entry, &envelope, &err), &err, "envelope");
        must(hf_event_metering_recorded_decode(envelope.payload, &event, &err), &err, "decode");
        sum += event.input_tokens;
    }
    double ours = (double)count / (now_s() - start);
    add_row((struct row){"replay of decoded events, one core", "/s", ours, theirs,
                         "bare decompression", sum == 0 ? 1.0 : 0.5});
    hf_reader_seek(reader, 0);
    for (uint64_t i = 0; i < count; i++) {
        uint8_t len[2];
        must(hf_reader_next(reader, &index, &entry, &err), &err, "read");
        hf_be16_put(len, (uint16_t)entry.len);
        hf_buf_put(plain, len, sizeof len);
        hf_buf_put(plain, entry.ptr, entry.len);
    }
    hf_reader_close(reader);
}

static void bench_proofs(struct bench *b, uint64_t count)
{
    struct hf_err err = {0};
    struct hf_proof proof;
    uint64_t state = 1;
    double start = now_s();
    const unsigned proofs = 20000;
    for (unsigned i = 0; i < proofs; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        must(hf_prove_inclusion(hf_log_source(b->log), (state >> 20) % count, count, &proof, &err),
             &err, "proof");
    }
    add_row((struct row){"proof from tiles", "us", (now_s() - start) / proofs * 1e6, 50,
                         "goal (us)", -1.0});
}

static void bench_space(const char *log_path, const struct hf_buf *plain, uint64_t volumes,
                        uint64_t count)
{
    struct hf_buf json = hf_buf_init((size_t)2 << 30);
    struct hf_cursor c = hf_cursor_init(hf_buf_bytes(plain));
    struct hf_bytes entry;
    while (hf_bundle_next(&c, &entry) == HF_OK) {
        struct hf_json_out out;
        struct hf_envelope envelope;
        must(hf_envelope_read_leaf(entry, &envelope, NULL), &(struct hf_err){0}, "envelope");
        hf_json_init(&out, &json);
        hf_envelope_to_json(&envelope, &out);
        hf_buf_str(&json, HF_STR("\n"));
    }
    size_t room = ZSTD_compressBound(json.len);
    void *packed = hf_heap_alloc(room);
    size_t theirs = ZSTD_compress(packed, room, json.ptr, json.len, 3);
    uint64_t ours = 0;
    for (uint64_t v = 0; v < volumes; v++) {
        char name[HF_VOLUME_NAME_MAX], path[HF_PATH_MAX];
        struct stat st;
        hf_volume_name(v, name);
        must(hf_path_join(log_path, name, path, sizeof path), &(struct hf_err){0}, "path");
        if (stat(path, &st) == 0) {
            ours += (uint64_t)st.st_size;
        }
    }
    add_row((struct row){"bytes on disk an event, sealed", "bytes", (double)ours / (double)count,
                         (double)theirs / (double)count, "JSON lines, zstd -3", -1.6});
    add_row((struct row){"(size of an event, plain)", "bytes", (double)plain->len / (double)count,
                         (double)json.len / (double)count, "as JSON", -1.0});
    hf_heap_free(packed);
    hf_buf_free(&json);
}

static void bench_volumes(const char *dir)
{
    struct bench b = {.source = {.state = 88172645463325252u}};
    char path[HF_PATH_MAX];
    must(hf_path_join(dir, "log-volumes", path, sizeof path), &(struct hf_err){0}, "path");
    open_log(&b, path);
    b.callers = hf_heap_zalloc(4, sizeof *b.callers);
    double ours = run_callers(&b, 2, BULK, VOLUMES_EVENTS / BULK);
    double bare = bare_lmdb(dir, BULK, 512);
    add_row((struct row){"bulk, 256 a commit, durable, signed", "/s", ours, bare,
                         "bare LMDB, same batch", 0.5});
    close_writer(&b);
    uint64_t volumes = VOLUMES_EVENTS >> HF_VOLUME_BITS;
    struct hf_buf plain = hf_buf_init((size_t)2 << 30);
    bench_replay(&b, &plain, volumes, VOLUMES_EVENTS);
    bench_verify(&b, &plain, VOLUMES_EVENTS);
    bench_proofs(&b, VOLUMES_EVENTS);
    bench_space(path, &plain, volumes, VOLUMES_EVENTS);
    hf_buf_free(&plain);
    hf_heap_free(b.callers);
    hf_log_close(b.log);
    hf_place_close(b.place);
}

int main(int argc, char **argv)
{
    struct hf_err err = {0};
    if (argc < 2) {
        (void)fprintf(stderr, "usage: bench_log DIR [--json]\n");
        return 2;
    }
    must(hf_crypto_init(&err), &err, "crypto");
    double p99 = 0;
    bench_appends(argv[1], &p99);
    bench_volumes(argv[1]);
    print_rows(argc > 2);
    if (argc <= 2) {
        (void)printf("\n64 callers: p99 %.2f ms\n", p99);
    }
    return 0;
}
