/* tests/bench/projections/main.c: rebuilds all read models from a region's log, in SQLite and in
 * PostgreSQL, and beside them bare decoding of the same events.
 *
 *   bench_projections DIR [--events N] [--tenants N] [--segment N] [--json]
 *
 * Started by tools/bench projections, which also starts PostgreSQL ($BENCH_POSTGRES). Memory is
 * what the process has for itself (RssAnon), after a tenth of the events and at most.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/cli/cli.h"
#include "base/file.h"
#include "log/core/reader.h"
#include "log/mirror/segment.h"
#include "projections/digest.h"
#include "projections/postgres/store_postgres.h"
#include "projections/sqlite/store_sqlite.h"
#include "schemas/events_gen.h"
#include "tests/bench/projections/bench.h"

#define STEP_EVENTS 50000 /* as `holdfast projections` */
#define MB          1048576.0

struct seen {
    const char *what;
    const char *wanted;
    double seconds;
    uint64_t events;
    double early_mb; /* after a tenth */
    double most_mb;
};

static double anon_mb(void)
{
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(65536);
    must(hf_file_read("/proc/self/status", &text, &err), &err, "memory");
    hf_buf_put(&text, "", 1);
    must(text.failed, NULL, "memory");
    const char *at = strstr((const char *)text.ptr, "RssAnon:");
    double kb = 0;
    for (at = at == NULL ? "" : at + 8; *at != '\0' && *at != '\n'; at++) {
        kb = *at >= '0' && *at <= '9' ? kb * 10 + (*at - '0') : kb;
    }
    hf_buf_free(&text);
    return kb * 1024 / MB;
}

static void note_memory(struct seen *seen, double part)
{
    double now = anon_mb();
    seen->early_mb = part <= 0.1 || seen->early_mb == 0 ? now : seen->early_mb;
    seen->most_mb = now > seen->most_mb ? now : seen->most_mb;
}

/* bare decoding: every entry, every segment, every event's envelope and payload */

static void decode_event(struct hf_bytes leaf, uint64_t *io_sum, struct hf_err *err)
{
    struct hf_envelope event;
    struct hf_event_metering_recorded record;
    must(hf_envelope_parse_leaf(leaf, &event, err), err, "event");
    must(hf_event_metering_recorded_decode(event.payload, &record, err), err, "payload");
    *io_sum += record.input_tokens;
}

static uint64_t decode_segment(struct hf_log *log, uint64_t index, struct hf_bytes hash,
                               struct hf_buf *blob, uint64_t *io_sum)
{
    struct hf_err err = {0};
    struct hf_segment segment;
    struct hf_hash name;
    struct hf_bytes leaf;
    uint64_t count = 0;
    memcpy(name.b, hash.ptr, HF_HASH_SIZE);
    hf_buf_clear(blob);
    must(hf_log_blob_at(log, index, &name, blob, &err), &err, "segment");
    must(hf_segment_parse(hf_buf_bytes(blob), &segment, &err), &err, "segment");
    struct hf_cursor cursor = hf_cursor_init(segment.bundle);
    for (; hf_bundle_next(&cursor, &leaf) == HF_OK; count++) {
        decode_event(leaf, io_sum, &err);
    }
    return count;
}

static void decode(struct hf_log *log, struct seen *seen)
{
    struct hf_err err = {0};
    struct hf_reader *reader = NULL;
    const struct hf_reader_options options = {.from = 0};
    struct hf_buf blob = hf_buf_init(HF_SEGMENT_MAX);
    double began = now_s();
    uint64_t index = 0, sum = 0, size = hf_log_size(log);
    struct hf_bytes entry;
    must(hf_reader_open(log, &options, &reader, &err), &err, "reader");
    while (index + 1 < size) {
        struct hf_envelope event;
        must(hf_reader_next(reader, &index, &entry, &err), &err, "entry");
        must(hf_envelope_read_leaf(entry, &event, &err), &err, "entry");
        if (event.blob.len == HF_HASH_SIZE) {
            seen->events += decode_segment(log, index, event.blob, &blob, &sum);
        }
        if (index % 1000 == 0) {
            note_memory(seen, (double)index / (double)size);
        }
    }
    note_memory(seen, 1);
    seen->seconds = now_s() - began;
    HF_ASSERT(sum > 0); /* the decoding is used */
    hf_reader_close(reader);
    hf_buf_free(&blob);
}

/* rebuilding */

static void rebuild(struct hf_log *log, struct hf_store *store, struct seen *seen)
{
    struct hf_err err = {0};
    struct hf_projector *projector = NULL;
    bool more = true;
    const struct hf_projector_conf conf = {
        .env = hf_env_os(), .store = store, .log = log, .until = hf_log_size(log)};
    double began = now_s();
    for (size_t i = 0; hf_projections[i] != NULL; i++) {
        must(hf_projection_reset(store, hf_projections[i], &err), &err, "reset");
    }
    must(hf_projector_open(&conf, &projector, &err), &err, "projector");
    while (more) {
        must(hf_projector_step(projector, STEP_EVENTS, &more, &err), &err, "step");
        note_memory(seen, (double)hf_projector_position(projector) / (double)conf.until);
    }
    seen->seconds = now_s() - began;
    seen->events = hf_projector_counts(projector)->events - hf_projector_counts(projector)->entries;
    must(hf_projector_counts(projector)->dead_letters == 0 ? HF_OK : HF_ECORRUPT, NULL, "dead");
    hf_projector_close(projector);
}

static void digests_of(struct hf_store *store, struct hf_hash *ret_all)
{
    struct hf_err err = {0};
    struct hf_sha256_state state;
    hf_sha256_begin(&state);
    for (size_t i = 0; hf_projections[i] != NULL; i++) {
        struct hf_hash one;
        uint64_t rows = 0;
        must(hf_projection_digest(store, hf_projections[i], &one, &rows, &err), &err, "digest");
        hf_sha256_update(&state, hf_bytes_of(one.b, sizeof one.b));
    }
    hf_sha256_end(&state, ret_all);
}

static void print(const struct bench_conf *conf, const struct seen *seen, size_t count)
{
    if (!conf->json) {
        (void)printf("| %llu events of %llu tenants, %llu a segment | s | events/s | to bare "
                     "decoding | memory MB, a tenth and most | wanted, /s |\n|---|---|---|---|---|"
                     "---|\n",
                     (unsigned long long)conf->events, (unsigned long long)conf->tenants,
                     (unsigned long long)conf->segment);
    }
    for (size_t i = 0; i < count; i++) {
        double rate = (double)seen[i].events / seen[i].seconds;
        double ratio = seen[0].seconds / seen[i].seconds;
        (void)printf(conf->json ? "{\"what\":\"%s\",\"seconds\":%.3f,\"events_per_s\":%.0f,"
                                  "\"to_bare\":%.3f,\"early_mb\":%.1f,\"most_mb\":%.1f,"
                                  "\"wanted\":\"%s\"}\n"
                                : "| %s | %.2f | %.0f | %.2f | %.0f, %.0f | %s |\n",
                     seen[i].what, seen[i].seconds, rate, ratio, seen[i].early_mb, seen[i].most_mb,
                     seen[i].wanted);
    }
}

static int measure(const struct bench_conf *conf, const char *dir)
{
    static struct hf_log_world world;
    struct hf_err err = {0};
    struct hf_store *store = NULL;
    struct hf_hash digests[2];
    struct seen seen[] = {{.what = "bare decoding", .wanted = ""},
                          {.what = "into SQLite", .wanted = "200,000"},
                          {.what = "into PostgreSQL", .wanted = "150,000"}};
    char path[600];
    const char *url = getenv("BENCH_POSTGRES");
    (void)snprintf(world.path, sizeof world.path, "%s/region", dir);
    double began = now_s();
    bench_fill(conf, &world);
    (void)fprintf(stderr, "a log of %llu events in %.1f s\n", (unsigned long long)conf->events,
                  now_s() - began);
    must(hf_log_world_open(&world, HF_PLACE_OWN), &world.err, "log");
    decode(world.log, &seen[0]);
    (void)snprintf(path, sizeof path, "%s/models.db", dir);
    must(hf_store_sqlite_open(path, &store, &err), &err, path);
    rebuild(world.log, store, &seen[1]);
    digests_of(store, &digests[0]);
    hf_store_close(store);
    if (url != NULL) {
        must(hf_store_postgres_open(url, &store, &err), &err, "PostgreSQL");
        rebuild(world.log, store, &seen[2]);
        digests_of(store, &digests[1]);
        hf_store_close(store);
        must(hf_hash_eq(&digests[0], &digests[1]) ? HF_OK : HF_EMISMATCH, NULL, "digests");
    } else {
        (void)fprintf(stderr, "no PostgreSQL here: that row is left out\n");
    }
    hf_log_world_fini(&world);
    print(conf, seen, url != NULL ? 3 : 2);
    return HF_EXIT_OK;
}

static int run(struct hf_cli *cli)
{
    const struct bench_conf conf = {.events = hf_cli_u64(cli, "events"),
                                    .tenants = hf_cli_u64(cli, "tenants"),
                                    .segment = hf_cli_u64(cli, "segment"),
                                    .json = cli->json};
    return measure(&conf, hf_cli_operand(cli, 0));
}

static const struct hf_cli_option options[] = {
    {.name = "events",
     .kind = HF_CLI_U64,
     .fallback = "5000000",
     .min = 1000,
     .max = 1000000000,
     .help = "in all segments"},
    {.name = "tenants",
     .kind = HF_CLI_U64,
     .fallback = "10000",
     .min = 1,
     .max = 100000,
     .help = "whose segments come in turn"},
    {.name = "segment",
     .kind = HF_CLI_U64,
     .fallback = "250",
     .min = 1,
     .max = HF_SEGMENT_ENTRIES,
     .help = "events in one"},
};
static const struct hf_cli_operand operands[] = {{.name = "DIR", .help = "a folder, for the log"}};

static const struct hf_cli_command root = {
    .name = "bench_projections",
    .summary = "measure rebuilding all read models, and bare decoding of the same events",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
    .version = "1",
};

int main(int argc, char **argv)
{
    return hf_cli_main(&root, argc, argv);
}
