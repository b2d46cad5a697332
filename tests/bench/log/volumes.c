/* tests/bench/log/volumes.c: sealed volumes: bulk, replay, verification, proofs, space. */
#include <stdio.h>
#include <sys/stat.h>
#include <zstd.h>

#include "base/file.h"
#include "base/heap.h"
#include "base/json_out.h"
#include "log/core/reader.h"
#include "log/core/verify.h"
#include "schemas/envelope.h"
#include "schemas/event.h"
#include "schemas/events_gen.h"
#include "tests/bench/log/bench.h"

#define VOLUMES_EVENTS (4 * 65536)

static void bench_verify(struct table *table, struct bench *b, const char *measure, double least,
                         const struct hf_buf *plain)
{
    struct hf_verify_options options = {0};
    struct hf_verify_result result;
    struct hf_err err = {0};
    double start = now_s();
    must(hf_log_verify(b->log, &options, &result, &err), &err, "verify");
    double ours = (double)result.size / (now_s() - start);
    struct hf_cursor c = hf_cursor_init(hf_buf_bytes(plain));
    struct hf_bytes entry;
    struct hf_hash leaf, node = {0};
    uint64_t count = 0;
    start = now_s();
    for (; hf_bundle_next(&c, &entry) == HF_OK; count++) {
        hf_tree_leaf_hash(entry, &leaf);
        hf_sha256_node(&leaf, &node, &node);
    }
    double theirs = (double)count / (now_s() - start);
    add_row(table, (struct row){measure, "entries/s", ours, theirs,
                                "SHA-256, same bytes and hashes", least});
}

static void bench_replay(struct table *table, struct bench *b, struct hf_buf *plain,
                         uint64_t volumes, uint64_t count)
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
    add_row(table, (struct row){"replay of decoded events, one core", "/s", ours, theirs,
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

static void bench_proofs(struct table *table, struct bench *b, uint64_t count)
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
    add_row(table, (struct row){"proof from tiles", "us", (now_s() - start) / proofs * 1e6, 50,
                                "goal (us)", -1.0});
}

static void bench_space(struct table *table, const char *log_path, const struct hf_buf *plain,
                        uint64_t volumes, uint64_t count)
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
    add_row(table,
            (struct row){"bytes on disk an event, sealed", "bytes", (double)ours / (double)count,
                         (double)theirs / (double)count, "JSON lines, zstd -3", -1.6});
    add_row(table,
            (struct row){"(size of an event, plain)", "bytes", (double)plain->len / (double)count,
                         (double)json.len / (double)count, "as JSON", -1.0});
    hf_heap_free(packed);
    hf_buf_free(&json);
}

/* The same entries in a log that does not look into them. */
static void bench_opaque(struct table *table, const char *dir, const struct hf_buf *plain)
{
    static struct bench b;
    open_bench(&b, dir, "log-opaque", "opaque");
    (void)run_callers(&b, 2, BULK, VOLUMES_EVENTS / BULK);
    close_writer(&b);
    bench_verify(table, &b, "full verification of an opaque log, one core", 0.6, plain);
    close_bench(&b);
}

void bench_volumes(struct table *table, const char *dir)
{
    static struct bench b;
    char path[HF_PATH_MAX];
    must(hf_path_join(dir, "log-volumes", path, sizeof path), &(struct hf_err){0}, "path");
    open_bench(&b, dir, "log-volumes", "events");
    /* One caller: with two, both groups would go into one commit. */
    double ours = run_callers(&b, 1, BULK, VOLUMES_EVENTS / BULK);
    double bare = bare_lmdb(dir, BULK, 512);
    add_row(table, (struct row){"bulk, 256 a commit, durable, signed", "/s", ours, bare,
                                "bare LMDB, same batch", 0.5});
    close_writer(&b);
    uint64_t volumes = VOLUMES_EVENTS >> HF_VOLUME_BITS;
    struct hf_buf plain = hf_buf_init((size_t)2 << 30);
    bench_replay(table, &b, &plain, volumes, VOLUMES_EVENTS);
    bench_verify(table, &b, "full verification of a log of events, one core", 0, &plain);
    bench_proofs(table, &b, VOLUMES_EVENTS);
    bench_space(table, path, &plain, volumes, VOLUMES_EVENTS);
    close_bench(&b);
    bench_opaque(table, dir, &plain);
    hf_buf_free(&plain);
}
