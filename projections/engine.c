/* projections/engine.c: feeds projections, in order, in batches. */
#include "projections/engine.h"

#include <stdio.h>

#include "base/assert.h"
#include "log/core/reader.h"
#include "log/mirror/segment.h"

#define PROJECTIONS_MAX 16

struct engine {
    struct hf_store *store;
    struct hf_log *log;
    uint64_t positions[PROJECTIONS_MAX]; /* the next entry of each */
    bool moved[PROJECTIONS_MAX];         /* since the last commit */
    unsigned count;
    struct hf_projection_run *run;
    struct hf_buf blob;
};

static enum hf_rc show(struct engine *e, const struct hf_position *position,
                       const struct hf_envelope *event, struct hf_err *err)
{
    e->run->events++;
    for (unsigned i = 0; i < e->count; i++) {
        if (e->positions[i] != position->index) {
            HF_ASSERT(e->positions[i] > position->index); /* ahead; never behind: no gap */
            continue;
        }
        enum hf_rc rc = hf_projections[i]->apply(e->store, position, event, err);
        if (rc == HF_ECORRUPT || rc == HF_EINVAL) {
            e->run->dead_letters++;
            e->run->last_dead = *position;
        } else if (rc != HF_OK) {
            return hf_err_wrap(err, rc, "projection %s, entry %llu", hf_projections[i]->name,
                               (unsigned long long)position->index);
        }
    }
    return HF_OK;
}

/* The tenant's events inside of a segment; they were verified when the segment was taken. */
static enum hf_rc show_segment(struct engine *e, uint64_t index, struct hf_bytes hash,
                               struct hf_err *err)
{
    struct hf_segment segment;
    struct hf_hash blob;
    struct hf_position position = {.index = index};
    memcpy(blob.b, hash.ptr, HF_HASH_SIZE);
    hf_buf_clear(&e->blob);
    enum hf_rc rc = hf_log_blob_at(e->log, index, &blob, &e->blob, err);
    if (rc == HF_OK) {
        rc = hf_segment_parse(hf_buf_bytes(&e->blob), &segment, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_cursor cursor = hf_cursor_init(segment.bundle);
    struct hf_bytes entry;
    while (rc == HF_OK && hf_bundle_next(&cursor, &entry) == HF_OK) {
        struct hf_envelope event;
        position.offset++;
        if (hf_envelope_parse_leaf(entry, &event, err) != HF_OK) {
            e->run->dead_letters++; /* signed by the tenant, and still no event */
            e->run->last_dead = position;
            continue;
        }
        rc = show(e, &position, &event, err);
    }
    return rc;
}

static enum hf_rc show_entry(struct engine *e, uint64_t index, struct hf_bytes entry,
                             struct hf_err *err)
{
    struct hf_envelope event;
    const struct hf_position position = {.index = index};
    enum hf_rc rc = hf_envelope_read_leaf(entry, &event, err);
    if (rc == HF_OK) {
        rc = show(e, &position, &event, err);
    }
    if (rc == HF_OK && event.blob.len == HF_HASH_SIZE &&
        hf_str_eq(event.type, HF_STR("segment.received"))) {
        rc = show_segment(e, index, event.blob, err);
    }
    return rc;
}

/* Everybody who stood at `index` has seen it. */
static void step(struct engine *e, uint64_t index)
{
    for (unsigned i = 0; i < e->count; i++) {
        if (e->positions[i] == index) {
            e->positions[i]++;
            e->moved[i] = true;
        }
    }
    e->run->entries++;
}

static enum hf_rc save_positions(struct engine *e, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (unsigned i = 0; i < e->count && rc == HF_OK; i++) {
        if (e->moved[i]) {
            rc = hf_store_set_position(e->store, hf_projections[i]->name, e->positions[i], err);
            e->moved[i] = false;
        }
    }
    return rc;
}

/* One transaction: up to `batch` entries from *at on. */
static enum hf_rc run_batch(struct engine *e, struct hf_reader *reader, uint64_t batch,
                            uint64_t *at, struct hf_err *err)
{
    uint64_t size = hf_log_size(e->log);
    uint64_t end = *at + batch < size ? *at + batch : size;
    enum hf_rc rc = hf_store_begin(e->store, err);
    if (rc != HF_OK) {
        return rc;
    }
    while (rc == HF_OK && *at < end) {
        uint64_t index = 0;
        struct hf_bytes entry;
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc == HF_OK) {
            HF_ASSERT(index == *at);
            rc = show_entry(e, index, entry, err);
            step(e, index);
            (*at)++;
        }
    }
    if (rc == HF_OK) {
        rc = save_positions(e, err);
    }
    if (rc == HF_OK) {
        return hf_store_commit(e->store, err);
    }
    hf_store_rollback(e->store);
    return rc;
}

static enum hf_rc prepare(struct engine *e, uint64_t *ret_from, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    *ret_from = UINT64_MAX;
    for (; rc == HF_OK && hf_projections[e->count] != NULL; e->count++) {
        const struct hf_projection *p = hf_projections[e->count];
        HF_ASSERT(e->count < PROJECTIONS_MAX);
        for (int i = 0; rc == HF_OK && i < HF_PROJECTION_TABLES_MAX && p->tables[i] != NULL; i++) {
            rc = hf_store_create(e->store, p->tables[i], err);
        }
        if (rc == HF_OK) {
            rc = hf_store_get_position(e->store, p->name, &e->positions[e->count], err);
        }
        if (rc == HF_OK && e->positions[e->count] > hf_log_size(e->log)) {
            rc = hf_err_set(err, HF_EMISMATCH,
                            "%s is at %llu, the log has %llu entries: the read models are of "
                            "another log, or the log was put back; reset them",
                            p->name, (unsigned long long)e->positions[e->count],
                            (unsigned long long)hf_log_size(e->log));
        }
        *ret_from = e->positions[e->count] < *ret_from ? e->positions[e->count] : *ret_from;
    }
    return rc;
}

enum hf_rc hf_projections_run(struct hf_store *store, struct hf_log *log, uint64_t batch,
                              void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
                              struct hf_projection_run *ret, struct hf_err *err)
{
    struct engine e = {.store = store, .log = log, .run = ret};
    struct hf_reader *reader = NULL;
    uint64_t at = 0;
    *ret = (struct hf_projection_run){.entries = 0};
    e.blob = hf_buf_init(HF_SEGMENT_MAX);
    enum hf_rc rc = prepare(&e, &at, err);
    if (rc == HF_OK) {
        const struct hf_reader_options options = {.from = at};
        rc = hf_reader_open(log, &options, &reader, err);
    }
    while (rc == HF_OK && at < hf_log_size(log)) {
        rc = run_batch(&e, reader, batch, &at, err);
        if (rc == HF_OK && progress != NULL) {
            progress(arg, at, hf_log_size(log));
        }
    }
    hf_reader_close(reader);
    hf_buf_free(&e.blob);
    return rc;
}

enum hf_rc hf_projection_reset(struct hf_store *store, const struct hf_projection *projection,
                               struct hf_err *err)
{
    enum hf_rc rc = hf_store_begin(store, err);
    if (rc != HF_OK) {
        return rc;
    }
    for (int i = 0; rc == HF_OK && i < HF_PROJECTION_TABLES_MAX && projection->tables[i] != NULL;
         i++) {
        rc = hf_store_drop(store, projection->tables[i], err);
    }
    if (rc == HF_OK) {
        rc = hf_store_set_position(store, projection->name, 0, err);
    }
    if (rc == HF_OK) {
        return hf_store_commit(store, err);
    }
    hf_store_rollback(store);
    return rc;
}

/* digests */

struct digest {
    struct hf_sha256_state state;
    const struct hf_table_def *table;
    uint64_t rows;
};

static enum hf_rc digest_row(void *arg, const struct hf_value *row)
{
    struct digest *d = arg;
    for (unsigned i = 0; i < hf_table_columns(d->table); i++) {
        char text[32];
        int len = d->table->columns[i].type == HF_COLUMN_INT
                      ? snprintf(text, sizeof text, "%lld;", (long long)row[i].number)
                      : snprintf(text, sizeof text, "%zu:", row[i].text.len);
        hf_sha256_update(&d->state, hf_bytes_of(text, (size_t)len));
        if (d->table->columns[i].type == HF_COLUMN_TEXT) {
            hf_sha256_update(&d->state, hf_str_bytes(row[i].text));
        }
    }
    hf_sha256_update(&d->state, HF_BYTES("\n"));
    d->rows++;
    return HF_OK;
}

enum hf_rc hf_projection_digest(struct hf_store *store, const struct hf_projection *projection,
                                struct hf_hash *ret_digest, uint64_t *ret_rows, struct hf_err *err)
{
    struct digest d = {.rows = 0};
    enum hf_rc rc = HF_OK;
    hf_sha256_begin(&d.state);
    for (int i = 0; rc == HF_OK && i < HF_PROJECTION_TABLES_MAX && projection->tables[i] != NULL;
         i++) {
        d.table = projection->tables[i];
        hf_sha256_update(&d.state, hf_str_bytes(hf_str_c(d.table->name)));
        hf_sha256_update(&d.state, HF_BYTES("\n"));
        rc = hf_store_create(store, d.table, err);
        if (rc == HF_OK) {
            rc = hf_store_scan(store, d.table, digest_row, &d, err);
        }
    }
    hf_sha256_end(&d.state, ret_digest);
    *ret_rows = d.rows;
    return rc;
}
