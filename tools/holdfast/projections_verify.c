/* tools/holdfast/projections_verify.c: holdfast projections verify: what a store says its read
 * models are, and what the region's log says they were, against read models that are built anew.
 *
 * A claim is a read model's digest at a position. Read models of our own grow from the log's
 * beginning to each position that somebody claims something about, and no further, so that a log
 * that grows meanwhile and a Hub that goes on with the store change nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/json_out.h"
#include "log/core/reader.h"
#include "projections/digest.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/models.h"

/* Of the log, the newest; those of the store are never more than there are read models. */
#define LOGGED_MAX 256
#define CLAIMS_MAX (LOGGED_MAX + 32)

struct claim {
    const struct hf_projection *projection;
    uint64_t position;
    struct hf_hash digest;
    bool logged;
    uint64_t entry; /* of the log, when it is logged */
    bool differs;
};

struct verify {
    struct hf_cli *cli;
    struct claim claims[CLAIMS_MAX];
    size_t count;
    size_t logged;
    uint64_t position; /* that every model of the store has reached */
};

static enum hf_rc claims_of_store(struct verify *v, struct hf_models *m, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; rc == HF_OK && hf_projections[i] != NULL; i++) {
        HF_ASSERT(v->count < CLAIMS_MAX);
        struct claim *claim = &v->claims[v->count];
        uint64_t rows = 0;
        *claim = (struct claim){.projection = hf_projections[i]};
        rc = hf_projection_digest_at(m->store, hf_projections[i], &claim->position, &claim->digest,
                                     &rows, err);
        v->position = i == 0 || claim->position < v->position ? claim->position : v->position;
        v->count += rc == HF_OK ? 1 : 0;
    }
    return rc;
}

static enum hf_rc claims_of_log(struct verify *v, struct hf_models *m, struct hf_err *err)
{
    const struct hf_reader_options options = {.kind = HF_HEAD_TYPE,
                                              .name = HF_STR(HF_EVENT_PROJECTION_DIGEST_NAME)};
    struct hf_reader *reader = NULL;
    size_t first = v->count;
    uint64_t seen = 0;
    enum hf_rc rc = hf_reader_open(m->session.log, &options, &reader, err);
    while (rc == HF_OK) {
        struct claim claim = {.logged = true};
        struct hf_bytes leaf;
        struct hf_envelope envelope;
        struct hf_event_projection_digest event;
        rc = hf_reader_next(reader, &claim.entry, &leaf, err);
        if (rc == HF_EEND || (rc == HF_OK && claim.entry >= m->until)) {
            rc = HF_OK;
            break;
        }
        if (rc == HF_OK) {
            rc = hf_envelope_read_leaf(leaf, &envelope, err);
        }
        if (rc == HF_OK) {
            rc = hf_event_projection_digest_decode(envelope.payload, &event, err);
        }
        if (rc == HF_OK) {
            claim.projection = hf_projection_find(event.projection);
            claim.position = event.position;
            memcpy(claim.digest.b, event.digest.ptr, HF_HASH_SIZE);
            claim.differs = claim.position > claim.entry; /* it could not know that */
            if (claim.projection != NULL) {
                v->claims[first + seen % LOGGED_MAX] = claim;
                seen++;
            }
        }
    }
    hf_reader_close(reader);
    v->logged = seen < LOGGED_MAX ? (size_t)seen : LOGGED_MAX;
    v->count = first + v->logged;
    return rc;
}

static int by_position(const void *a, const void *b)
{
    const struct claim *x = a;
    const struct claim *y = b;
    return (x->position > y->position) - (x->position < y->position);
}

/* Read models of our own, brought up to each claim in turn. */
static enum hf_rc build_and_compare(struct verify *v, struct hf_models *fresh, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    qsort(v->claims, v->count, sizeof v->claims[0], by_position);
    for (size_t i = 0; rc == HF_OK && i < v->count; i++) {
        struct claim *claim = &v->claims[i];
        struct hf_hash digest;
        uint64_t rows = 0;
        if (claim->differs) {
            continue;
        }
        if (claim->position > fresh->until) {
            return hf_err_set(err, HF_EMISMATCH,
                              "%s is at %llu, the log has %llu entries: the log was put back",
                              claim->projection->name, (unsigned long long)claim->position,
                              (unsigned long long)fresh->until);
        }
        if (i == 0 || claim->position > v->claims[i - 1].position) {
            uint64_t size = fresh->until;
            fresh->until = claim->position;
            rc = hf_models_update(fresh, NULL, err);
            fresh->until = size;
        }
        if (rc == HF_OK) {
            rc = hf_projection_digest(fresh->store, claim->projection, &digest, &rows, err);
        }
        claim->differs = rc == HF_OK && !hf_hash_eq(&digest, &claim->digest);
    }
    return rc;
}

static void print_json(const struct verify *v, bool holds)
{
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(1u << 20);
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key(&json, HF_STR("verified"));
    hf_json_bool(&json, holds);
    hf_json_key_u64(&json, "models", v->count - v->logged);
    hf_json_key_u64(&json, "position", v->position);
    hf_json_key_u64(&json, "logged_digests", v->logged);
    hf_json_key(&json, HF_STR("differ"));
    hf_json_array_begin(&json);
    for (size_t i = 0; i < v->count; i++) {
        const struct claim *claim = &v->claims[i];
        if (claim->differs) {
            hf_json_object_begin(&json);
            hf_json_key_str(&json, "projection", hf_str_c(claim->projection->name));
            hf_json_key_u64(&json, "position", claim->position);
            if (claim->logged) {
                hf_json_key_u64(&json, "entry", claim->entry);
            }
            hf_json_object_end(&json);
        }
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    hf_cli_line(v->cli, &text);
    hf_buf_free(&text);
}

static int report(const struct verify *v)
{
    const struct claim *store = NULL;
    const struct claim *log = NULL;
    for (size_t i = 0; i < v->count; i++) {
        const struct claim **first = v->claims[i].logged ? &log : &store;
        *first = *first == NULL && v->claims[i].differs ? &v->claims[i] : *first;
    }
    if (v->cli->json) {
        print_json(v, store == NULL && log == NULL);
    }
    if (store != NULL) {
        return hf_cli_no(v->cli,
                         "%s is not what the log says; holdfast projections rebuild mends it",
                         store->projection->name);
    }
    if (log != NULL) {
        return hf_cli_no(
            v->cli,
            "entry %llu of the log says that %s was another one at %llu than is built "
            "from the log: whoever wrote the digest had read models that were damaged, "
            "or another release",
            (unsigned long long)log->entry, log->projection->name,
            (unsigned long long)log->position);
    }
    if (!v->cli->json) {
        hf_cli_printf(v->cli, "every read model is what the log says, up to entry %llu",
                      (unsigned long long)v->position);
        if (v->logged > 0) {
            hf_cli_printf(v->cli, ", as are %zu digests in it", v->logged);
        }
        hf_cli_printf(v->cli, "\n");
    }
    return HF_EXIT_OK;
}

static enum hf_rc verify(struct verify *v, struct hf_models *m, struct hf_models *fresh,
                         struct hf_err *err)
{
    enum hf_rc rc = hf_models_open_to_read(m, v->cli, hf_cli_str(v->cli, "db"), err);
    if (rc == HF_OK) { /* they stay where they are: a Hub may be about to bring them on */
        rc = hf_models_check(m, err);
    }
    if (rc == HF_OK) {
        rc = claims_of_store(v, m, err);
    }
    if (rc == HF_OK) {
        rc = claims_of_log(v, m, err);
    }
    if (rc == HF_OK) { /* last, so that it has the longest log; SQLite removes a file of no name */
        rc = hf_models_open(fresh, v->cli, "", err);
    }
    return rc == HF_OK ? build_and_compare(v, fresh, err) : rc;
}

static int run(struct hf_cli *cli)
{
    struct hf_models m = {.cli = cli};
    struct hf_models fresh = {.cli = cli};
    struct hf_err err = {0};
    struct verify *v = hf_heap_zalloc(1, sizeof *v);
    if (v == NULL) {
        (void)hf_err_set(&err, HF_ENOMEM, "no memory to verify");
        return hf_cli_fail(cli, &err);
    }
    v->cli = cli;
    enum hf_rc rc = verify(v, &m, &fresh, &err);
    hf_models_close(&fresh);
    hf_models_close(&m);
    int code = rc == HF_OK ? report(v) : hf_cli_fail(cli, &err);
    hf_heap_free(v);
    return code;
}

static const struct hf_cli_option options[] = {HF_MODELS_OPTION};
static const struct hf_cli_operand operands[] = {
    {.name = "DIR", .help = "the folder of the region's log"}};

const struct hf_cli_command hf_command_projections_verify = {
    .name = "verify",
    .summary = "build them again beside and compare; exit 1 names the one that differs",
    .description =
        "Compares with the digests that were written into the log as well (the newest 256).",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run};
