/* projections/projector.c: feeds projections, in order, a transaction at a time. */
#include "projections/projector.h"

#include "base/assert.h"
#include "base/heap.h"
#include "log/mirror/segment.h"
#include "projections/cache.h"
#include "projections/fold.h"
#include "projections/source_log.h"

#define PROJECTIONS_MAX 32
#define REASON_MAX      200

struct projected {
    const struct hf_projection *projection;
    uint64_t position; /* the next entry */
    bool moved;        /* since the last commit */
};

struct hf_projector {
    struct hf_projector_conf conf;
    struct hf_store *cache;
    struct hf_source *source;
    bool owns_source;
    bool placed; /* the source stands at `at` */
    uint64_t at; /* the next entry of all */
    struct projected list[PROJECTIONS_MAX];
    unsigned count;
    struct hf_projector_counts counts;
};

enum {
    DEAD_PROJECTION,
    DEAD_INDEX,
    DEAD_OFFSET,
    DEAD_REASON,
};

const struct hf_table_def hf_dead_letters = {.name = "holdfast_dead_letters",
                                             .columns = {{"projection", HF_COLUMN_TEXT},
                                                         {"log_index", HF_COLUMN_INT},
                                                         {"log_offset", HF_COLUMN_INT},
                                                         {"reason", HF_COLUMN_TEXT}},
                                             .key_columns = 3};

/* showing */

static enum hf_rc bury(struct hf_projector *p, const struct hf_projection *projection,
                       const struct hf_position *position, const struct hf_err *why,
                       struct hf_err *err)
{
    struct hf_str reason = hf_str_c(why->text);
    if (p->conf.strict) {
        const struct hf_err said = *why; /* which may be where the answer goes */
        return position->offset == 0
                   ? hf_err_set(err, HF_ECANCELED, "it cannot be read: %s", said.text)
                   : hf_err_set(err, HF_ECANCELED, "event %u of its segment cannot be read: %s",
                                position->offset, said.text);
    }
    reason.len = reason.len < REASON_MAX ? reason.len : REASON_MAX;
    struct hf_value row[HF_COLUMNS_MAX] = {[DEAD_PROJECTION] = {.text = hf_str_c(projection->name)},
                                           [DEAD_INDEX] = {.number = (int64_t)position->index},
                                           [DEAD_OFFSET] = {.number = position->offset},
                                           [DEAD_REASON] = {.text = reason}};
    p->counts.dead_letters++;
    p->counts.last_dead = *position;
    if (hf_row_check(&hf_dead_letters, row, NULL) != HF_OK) {
        row[DEAD_REASON].text = HF_STR("cannot be read"); /* cut in the middle of a character */
    }
    return hf_store_put(p->cache, &hf_dead_letters, row, err);
}

static bool is_dead(enum hf_rc rc)
{
    return rc == HF_ECORRUPT || rc == HF_EINVAL || rc == HF_EVERSION;
}

static enum hf_rc show(struct hf_projector *p, const struct hf_position *position,
                       const struct hf_envelope *event, struct hf_err *err)
{
    p->counts.events++;
    for (unsigned i = 0; i < p->count; i++) {
        const struct hf_projection *projection = p->list[i].projection;
        struct hf_err why = {0};
        if (p->list[i].position != position->index) {
            HF_ASSERT(p->list[i].position > position->index); /* ahead; never behind: no gap */
            continue;
        }
        enum hf_rc rc = projection->apply(p->cache, position, event, &why);
        if (is_dead(rc)) {
            rc = bury(p, projection, position, &why, &why);
        }
        if (rc != HF_OK) {
            *err = why;
            return hf_err_wrap(err, rc, "projection %s, entry %llu", projection->name,
                               (unsigned long long)position->index);
        }
    }
    return HF_OK;
}

/* Signed by the tenant, and still no event: dead for everybody who stands here. */
static enum hf_rc bury_for_all(struct hf_projector *p, const struct hf_position *position,
                               const struct hf_err *why, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (unsigned i = 0; rc == HF_OK && i < p->count; i++) {
        if (p->list[i].position == position->index) {
            rc = bury(p, p->list[i].projection, position, why, err);
            rc = rc == HF_OK ? HF_OK
                             : hf_err_wrap(err, rc, "projection %s, entry %llu",
                                           p->list[i].projection->name,
                                           (unsigned long long)position->index);
        }
    }
    return rc;
}

/* The tenant's events inside of a segment; they were verified when the segment was taken. */
static enum hf_rc show_segment(struct hf_projector *p, const struct hf_position *entry_at,
                               const struct hf_envelope *received, struct hf_err *err)
{
    struct hf_segment segment;
    struct hf_hash hash;
    struct hf_bytes blob;
    struct hf_position position = *entry_at;
    memcpy(hash.b, received->blob.ptr, HF_HASH_SIZE);
    if (!hf_fold_subject(received->stream, "segment", &position.tenant)) {
        return hf_err_set(err, HF_EINVAL, "entry %llu: a segment in another stream",
                          (unsigned long long)entry_at->index);
    }
    enum hf_rc rc = hf_source_blob(p->source, position.index, &hash, &blob, err);
    if (rc == HF_OK) {
        rc = hf_segment_parse(blob, &segment, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_cursor cursor = hf_cursor_init(segment.bundle);
    struct hf_bytes entry;
    while (rc == HF_OK && hf_bundle_next(&cursor, &entry) == HF_OK) {
        struct hf_envelope event;
        struct hf_err why = {0};
        position.offset++;
        rc = hf_envelope_parse_leaf(entry, &event, &why) == HF_OK
                 ? show(p, &position, &event, err)
                 : bury_for_all(p, &position, &why, err);
    }
    return rc;
}

static enum hf_rc show_entry(struct hf_projector *p, uint64_t index, struct hf_bytes entry,
                             struct hf_err *err)
{
    struct hf_envelope event;
    struct hf_position position = {.index = index};
    enum hf_rc rc = hf_envelope_read_leaf(entry, &event, err);
    if (rc == HF_OK) {
        position.recorded_us = event.recorded_us;
        rc = show(p, &position, &event, err);
    }
    if (rc == HF_OK && event.blob.len == HF_HASH_SIZE &&
        hf_str_eq(event.type, HF_STR("segment.received"))) {
        rc = show_segment(p, &position, &event, err);
    }
    return rc;
}

/* stepping */

static uint64_t end_of(const struct hf_projector *p)
{
    uint64_t size = hf_source_size(p->source);
    return size < p->conf.until ? size : p->conf.until;
}

static enum hf_rc save_positions(struct hf_projector *p, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (unsigned i = 0; i < p->count && rc == HF_OK; i++) {
        if (p->list[i].moved) {
            rc = hf_store_set_position(p->cache, p->list[i].projection->name, p->list[i].position,
                                       err);
        }
        p->list[i].moved = false;
    }
    return rc;
}

/* Everybody who stood at the entry has seen it. */
static void go_on(struct hf_projector *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        if (p->list[i].position == p->at) {
            p->list[i].position++;
            p->list[i].moved = true;
        }
    }
    p->at++;
    p->counts.entries++;
}

/* What came of a followed log until now may be less than the store has: it is waited for. */
static enum hf_rc look_where(struct hf_projector *p, struct hf_err *err)
{
    struct hf_source_mark mark;
    uint64_t size = hf_source_size(p->source);
    bool begun = false;
    p->at = UINT64_MAX;
    p->placed = false;
    enum hf_rc rc = hf_source_mark_read(p->cache, &mark, err);
    for (unsigned i = 0; rc == HF_OK && i < p->count; i++) {
        struct projected *one = &p->list[i];
        rc = hf_store_get_position(p->cache, one->projection->name, &one->position, err);
        if (rc == HF_OK && p->source->whole && one->position > size) {
            rc = hf_err_set(err, HF_EMISMATCH,
                            "%s is at %llu, the log has %llu entries: the read models are of "
                            "another log, or the log was put back; rebuild them",
                            one->projection->name, (unsigned long long)one->position,
                            (unsigned long long)size);
        }
        one->moved = false;
        begun = begun || one->position > 0;
        p->at = one->position < p->at ? one->position : p->at;
    }
    if (rc == HF_OK && begun) { /* else it is nobody's yet */
        rc = hf_source_mark_check(&mark, p->source, err);
    }
    return rc;
}

static enum hf_rc place(struct hf_projector *p, struct hf_err *err)
{
    enum hf_rc rc = p->placed ? HF_OK : hf_source_seek(p->source, p->at, err);
    p->placed = rc == HF_OK;
    return rc;
}

/* Somebody else brought a projection on, or reset it: what the cache knows is old. */
static enum hf_rc check_alone(struct hf_projector *p, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (unsigned i = 0; rc == HF_OK && i < p->count; i++) {
        uint64_t position = 0;
        rc = hf_store_get_position(p->cache, p->list[i].projection->name, &position, err);
        if (rc == HF_OK && position != p->list[i].position) {
            rc = hf_err_set(err, HF_ECONFLICT,
                            "%s was moved by another program from %llu to %llu; looking again",
                            p->list[i].projection->name, (unsigned long long)p->list[i].position,
                            (unsigned long long)position);
        }
    }
    return rc;
}

static enum hf_rc show_some(struct hf_projector *p, uint64_t events, struct hf_err *err)
{
    uint64_t end = end_of(p);
    uint64_t from = p->counts.events;
    enum hf_rc rc = HF_OK;
    while (rc == HF_OK && p->at < end && p->counts.events - from < events) {
        uint64_t index = 0;
        struct hf_bytes entry;
        rc = hf_source_next(p->source, &index, &entry, err);
        if (rc == HF_OK) {
            HF_ASSERT(index == p->at);
            rc = show_entry(p, index, entry, err);
        }
        if (rc == HF_OK) {
            go_on(p);
        }
    }
    return rc;
}

enum hf_rc hf_projector_step(struct hf_projector *p, uint64_t events, bool *ret_more,
                             struct hf_err *err)
{
    struct hf_err ignored = {0};
    struct hf_projector_counts before = p->counts;
    *ret_more = false;
    enum hf_rc rc = p->at == UINT64_MAX ? look_where(p, err) : HF_OK;
    if (rc != HF_OK || p->at >= end_of(p)) {
        return rc;
    }
    rc = place(p, err);
    if (rc == HF_OK) {
        rc = hf_store_begin(p->cache, err);
    }
    if (rc == HF_OK) {
        rc = check_alone(p, err);
        if (rc == HF_OK) {
            rc = show_some(p, events, err);
        }
        if (rc == HF_OK) {
            rc = save_positions(p, err);
        }
        if (rc == HF_OK) {
            rc = hf_source_mark_write(p->cache, p->source, p->at, err);
        }
        if (rc == HF_OK) {
            rc = hf_store_commit(p->cache, err);
        } else {
            hf_store_rollback(p->cache);
        }
    }
    if (rc != HF_OK) {
        hf_cache_forget(p->cache);
        p->counts = before;
        if (look_where(p, &ignored) != HF_OK) {
            p->at = UINT64_MAX; /* the next step looks again */
        }
        return rc;
    }
    *ret_more = p->at < end_of(p);
    return HF_OK;
}

/* opening */

static enum hf_rc make_tables(struct hf_projector *p, struct hf_err *err)
{
    enum hf_rc rc = hf_store_create(p->cache, &hf_dead_letters, err);
    for (unsigned i = 0; rc == HF_OK && i < p->count; i++) {
        const struct hf_projection *projection = p->list[i].projection;
        uint64_t position = 0;
        rc = hf_store_get_position(p->cache, projection->name, &position, err);
        for (int k = 0;
             rc == HF_OK && k < HF_PROJECTION_TABLES_MAX && projection->tables[k] != NULL; k++) {
            rc = hf_store_create(p->cache, projection->tables[k], err);
            if (rc == HF_OK && position == 0) {
                hf_cache_assume_empty(p->cache, projection->tables[k]);
            }
        }
    }
    return rc;
}

enum hf_rc hf_projector_open(const struct hf_projector_conf *conf, struct hf_projector **ret,
                             struct hf_err *err)
{
    struct hf_projector *p = hf_heap_zalloc(1, sizeof *p);
    if (p == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for read models");
    }
    const struct hf_projection *const *list =
        conf->projections == NULL ? hf_projections : conf->projections;
    p->conf = *conf;
    p->source = conf->source;
    p->owns_source = conf->source == NULL;
    for (; list[p->count] != NULL; p->count++) {
        HF_ASSERT(p->count < PROJECTIONS_MAX);
        p->list[p->count].projection = list[p->count];
    }
    enum hf_rc rc = p->owns_source ? hf_source_log_new(conf->log, &p->source, err) : HF_OK;
    if (rc == HF_OK) {
        rc = hf_cache_new(conf->env, conf->store, HF_CACHE_ROWS, &p->cache, err);
    }
    if (rc == HF_OK) {
        rc = make_tables(p, err);
    }
    if (rc == HF_OK) {
        rc = look_where(p, err);
    }
    if (rc != HF_OK) {
        hf_projector_close(p);
        return rc;
    }
    *ret = p;
    return HF_OK;
}

void hf_projector_close(struct hf_projector *p)
{
    if (p != NULL) {
        hf_store_close(p->cache);
        if (p->owns_source) {
            hf_source_close(p->source);
        }
        hf_heap_free(p);
    }
}

uint64_t hf_projector_position(const struct hf_projector *p)
{
    return p->at == UINT64_MAX ? 0 : p->at;
}

const struct hf_projector_counts *hf_projector_counts(const struct hf_projector *p)
{
    return &p->counts;
}

/* resetting */

enum hf_rc hf_projection_reset(struct hf_store *store, const struct hf_projection *projection,
                               struct hf_err *err)
{
    const struct hf_value first = {.text = hf_str_c(projection->name)};
    enum hf_rc rc = hf_store_create(store, &hf_dead_letters, err);
    if (rc == HF_OK) {
        rc = hf_store_begin(store, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    for (int i = 0; rc == HF_OK && i < HF_PROJECTION_TABLES_MAX && projection->tables[i] != NULL;
         i++) {
        rc = hf_store_drop(store, projection->tables[i], err);
    }
    if (rc == HF_OK) {
        rc = hf_store_remove(store, &hf_dead_letters, &first, err);
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
