/* projections/as_of.c: what a read model said about one thing at a position. */
#include "projections/as_of.h"

#include <stdio.h>

#include "log/core/reader.h"
#include "projections/cache.h"

#define STEP_EVENTS 50000

/* One stream, with its next entry at hand. */
struct stream {
    struct hf_reader *reader;
    uint64_t index; /* UINT64_MAX: no more */
    struct hf_bytes entry;
};

static enum hf_rc read_next(struct stream *stream, uint64_t size, struct hf_err *err)
{
    enum hf_rc rc = hf_reader_next(stream->reader, &stream->index, &stream->entry, err);
    if (rc == HF_EEND || (rc == HF_OK && stream->index >= size)) {
        stream->index = UINT64_MAX;
        return HF_OK;
    }
    return rc;
}

static enum hf_rc open_stream(const struct hf_projector_conf *conf, const char *form,
                              struct hf_str key, struct stream *stream, struct hf_err *err)
{
    char name[HF_ENVELOPE_NAME_MAX + 1];
    const char *mark = strstr(form, "%s");
    int len = snprintf(name, sizeof name, "%.*s%.*s%s", (int)(mark - form), form, HF_STR_ARG(key),
                       mark + 2);
    if (len < 0 || (size_t)len >= sizeof name) {
        return hf_err_set(err, HF_EINVAL, "such a key cannot be: it is too long");
    }
    const struct hf_reader_options options = {.kind = HF_HEAD_STREAM, .name = {name, (size_t)len}};
    enum hf_rc rc = hf_reader_open(conf->log, &options, &stream->reader, err);
    return rc == HF_OK ? read_next(stream, conf->until, err) : rc;
}

static enum hf_rc show(const struct hf_projection *projection, struct hf_store *store,
                       const struct stream *stream, struct hf_err *err)
{
    struct hf_envelope event;
    struct hf_position position = {.index = stream->index};
    enum hf_rc rc = hf_envelope_read_leaf(stream->entry, &event, err);
    if (rc == HF_OK) {
        position.recorded_us = event.recorded_us;
        rc = projection->apply(store, &position, &event, err);
    }
    return rc == HF_ECORRUPT || rc == HF_EINVAL || rc == HF_EVERSION ? HF_OK : rc;
}

/* The streams' entries in the order in which they lie in the log. */
static enum hf_rc fold_streams(const struct hf_projector_conf *conf,
                               const struct hf_projection *projection, struct hf_str key,
                               struct hf_store *store, struct hf_err *err)
{
    struct stream streams[HF_PROJECTION_STREAMS] = {{.reader = NULL}};
    unsigned count = 0;
    enum hf_rc rc = HF_OK;
    for (; rc == HF_OK && projection->streams[count] != NULL; count++) {
        rc = open_stream(conf, projection->streams[count], key, &streams[count], err);
    }
    while (rc == HF_OK) {
        struct stream *next = NULL;
        for (unsigned i = 0; i < count; i++) {
            bool earlier = next == NULL || streams[i].index < next->index;
            next = streams[i].index != UINT64_MAX && earlier ? &streams[i] : next;
        }
        if (next == NULL) {
            break;
        }
        rc = show(projection, store, next, err);
        if (rc == HF_OK) {
            rc = read_next(next, conf->until, err);
        }
    }
    for (unsigned i = 0; i < HF_PROJECTION_STREAMS; i++) {
        hf_reader_close(streams[i].reader);
    }
    return rc;
}

static enum hf_rc fold_all(const struct hf_projector_conf *conf,
                           const struct hf_projection *projection, struct hf_err *err)
{
    const struct hf_projection *const list[] = {projection, NULL};
    struct hf_projector_conf all = *conf;
    struct hf_projector *projector = NULL;
    bool more = true;
    all.projections = list;
    enum hf_rc rc = hf_projector_open(&all, &projector, err);
    while (rc == HF_OK && more) {
        rc = hf_projector_step(projector, STEP_EVENTS, &more, err);
    }
    hf_projector_close(projector);
    return rc;
}

enum hf_rc hf_projection_as_of(const struct hf_projector_conf *conf,
                               const struct hf_projection *projection, struct hf_str key,
                               struct hf_err *err)
{
    if (projection->streams[0] == NULL) {
        return fold_all(conf, projection, err);
    }
    struct hf_store *cache = NULL;
    enum hf_rc rc = HF_OK;
    for (int i = 0; rc == HF_OK && i < HF_PROJECTION_TABLES_MAX && projection->tables[i] != NULL;
         i++) {
        rc = hf_store_create(conf->store, projection->tables[i], err);
    }
    if (rc == HF_OK) {
        rc = hf_cache_new(conf->env, conf->store, HF_CACHE_ROWS, &cache, err);
    }
    if (rc == HF_OK) {
        rc = hf_store_begin(cache, err);
        if (rc == HF_OK) {
            rc = fold_streams(conf, projection, key, cache, err);
            if (rc == HF_OK) {
                rc = hf_store_commit(cache, err);
            } else {
                hf_store_rollback(cache);
            }
        }
    }
    hf_store_close(cache);
    return rc;
}
