/* projections/source_log.c: a log that is here as a projector's source. */
#include "projections/source_log.h"

#include "base/assert.h"
#include "base/heap.h"
#include "log/core/reader.h"

#define BLOB_MAX (64u << 20) /* of any blob of a log */

struct log_source {
    struct hf_source source;
    struct hf_log *log;
    struct hf_reader *reader; /* NULL: not yet, or it failed */
    struct hf_buf blob;
};

static struct log_source *log_source_of(struct hf_source *source)
{
    return HF_CONTAINER_OF(source, struct log_source, source);
}

static void close_source(struct hf_source *source)
{
    struct log_source *s = log_source_of(source);
    hf_reader_close(s->reader);
    hf_buf_free(&s->blob);
    hf_heap_free(s);
}

static uint64_t size_of(struct hf_source *source)
{
    return hf_log_size(log_source_of(source)->log);
}

/* A reader that failed is not asked again. */
static enum hf_rc seek(struct hf_source *source, uint64_t index, struct hf_err *err)
{
    struct log_source *s = log_source_of(source);
    const struct hf_reader_options options = {.from = index};
    hf_reader_close(s->reader);
    s->reader = NULL;
    return hf_reader_open(s->log, &options, &s->reader, err);
}

static enum hf_rc next(struct hf_source *source, uint64_t *ret_index, struct hf_bytes *ret_entry,
                       struct hf_err *err)
{
    return hf_reader_next(log_source_of(source)->reader, ret_index, ret_entry, err);
}

static enum hf_rc blob(struct hf_source *source, uint64_t index, const struct hf_hash *hash,
                       struct hf_bytes *ret_blob, struct hf_err *err)
{
    struct log_source *s = log_source_of(source);
    hf_buf_clear(&s->blob);
    enum hf_rc rc = hf_log_blob_at(s->log, index, hash, &s->blob, err);
    *ret_blob = hf_buf_bytes(&s->blob);
    return rc;
}

static enum hf_rc root(struct hf_source *source, uint64_t size, struct hf_hash *ret_root,
                       struct hf_err *err)
{
    struct log_source *s = log_source_of(source);
    struct hf_tip tip;
    hf_log_tip(s->log, &tip);
    if (size == tip.size) {
        *ret_root = tip.root;
        return HF_OK;
    }
    return size > 0 && size <= hf_log_tail(s->log)->size
               ? hf_tree_root(hf_log_source(s->log), size, ret_root, err)
               : HF_ENOTFOUND;
}

static const struct hf_source_ops ops = {close_source, size_of, seek, next, blob, root};

enum hf_rc hf_source_log_new(struct hf_log *log, struct hf_source **ret_source, struct hf_err *err)
{
    struct log_source *s = hf_heap_zalloc(1, sizeof *s);
    if (s == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to read the log");
    }
    s->source = (struct hf_source){&ops, &hf_log_identity(log)->vkey, /* whole= */ true};
    s->log = log;
    s->blob = hf_buf_init(BLOB_MAX);
    *ret_source = &s->source;
    return HF_OK;
}
