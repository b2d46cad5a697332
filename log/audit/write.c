/* log/audit/write.c: gathers a tenant's entries, proofs and segments. */
#include <stdio.h>

#include "base/assert.h"
#include "log/audit/beside.h"
#include "log/audit/bundle.h"
#include "log/audit/record.h"
#include "log/core/reader.h"
#include "log/mirror/segment.h"
#include "schemas/envelope.h"

/* The tenant's two streams, and what stands beside them, merged by index. */
enum {
    SOURCE_LIFE,
    SOURCE_SEGMENTS,
    SOURCE_BESIDE, /* the first of HF_BESIDE_COUNT */
    SOURCE_COUNT = SOURCE_BESIDE + HF_BESIDE_COUNT
};

struct source {
    struct hf_reader *reader;
    const struct hf_beside_wanted *wanted; /* NULL: all of it */
    enum hf_beside beside;
    uint64_t index;
    struct hf_bytes entry; /* borrows from the reader */
    bool done;
};

static enum hf_rc open_source(struct hf_log *log, const char *kind, struct hf_str tenant,
                              struct source *source, struct hf_err *err)
{
    char name[HF_NAME_MAX];
    int len = snprintf(name, sizeof name, "%s/%.*s", kind, HF_STR_ARG(tenant));
    struct hf_reader_options options = {.kind = HF_HEAD_STREAM, .name = {name, (size_t)len}};
    if (len < 0 || (size_t)len >= sizeof name) {
        return hf_err_set(err, HF_EINVAL, "the tenant's name is too long");
    }
    return hf_reader_open(log, &options, &source->reader, err);
}

static enum hf_rc open_beside(struct hf_log *log, const struct hf_beside_wanted *wanted,
                              enum hf_beside beside, struct source *source, struct hf_err *err)
{
    char name[HF_NAME_MAX];
    struct hf_reader_options options = hf_beside_reader(beside, wanted->tenant, name);
    source->wanted = wanted;
    source->beside = beside;
    return hf_reader_open(log, &options, &source->reader, err);
}

static enum hf_rc advance(struct source *source, struct hf_err *err)
{
    bool fits = false;
    enum hf_rc rc = HF_OK;
    while (rc == HF_OK && !fits) {
        struct hf_envelope envelope;
        rc = hf_reader_next(source->reader, &source->index, &source->entry, err);
        fits = rc == HF_OK && source->wanted == NULL;
        if (rc == HF_OK && !fits) {
            rc = hf_envelope_read_leaf(source->entry, &envelope, err);
            fits = rc == HF_OK && hf_beside_fits(source->wanted, source->beside, &envelope);
        }
    }
    source->done = rc == HF_EEND;
    return rc == HF_EEND ? HF_OK : rc;
}

static enum hf_rc write_artifact(struct hf_log *log, uint64_t index, struct hf_bytes hash,
                                 struct hf_buf *buf, struct hf_err *err)
{
    struct hf_hash blob;
    struct hf_buf bytes = hf_buf_init(HF_AUDIT_ARTIFACT_MAX);
    memcpy(blob.b, hash.ptr, HF_HASH_SIZE);
    enum hf_rc rc = hf_log_blob_at(log, index, &blob, &bytes, err);
    if (rc == HF_OK) {
        hf_audit_put_head(buf, 'B', bytes.len);
        hf_buf_put(buf, bytes.ptr, bytes.len);
    }
    hf_buf_free(&bytes);
    return rc;
}

static enum hf_rc write_segment(struct hf_log *log, uint64_t index, struct hf_bytes hash,
                                struct hf_buf *buf, struct hf_err *err)
{
    struct hf_segment segment;
    struct hf_hash blob;
    struct hf_buf bytes = hf_buf_init(HF_SEGMENT_MAX);
    memcpy(blob.b, hash.ptr, HF_HASH_SIZE);
    enum hf_rc rc = hf_log_blob_at(log, index, &blob, &bytes, err);
    if (rc == HF_OK) {
        rc = hf_segment_parse(hf_buf_bytes(&bytes), &segment, err);
    }
    if (rc == HF_OK) {
        uint32_t count = (uint32_t)(segment.end - segment.first);
        uint8_t number[4];
        struct hf_cursor cursor = hf_cursor_init(segment.bundle);
        struct hf_bytes entry;
        hf_be32_put(number, count);
        hf_audit_put_head(buf, 'S', sizeof number + (size_t)count * HF_HASH_SIZE + bytes.len);
        hf_buf_put(buf, number, sizeof number);
        while (hf_bundle_next(&cursor, &entry) == HF_OK) {
            struct hf_hash leaf;
            hf_tree_leaf_hash(entry, &leaf);
            hf_buf_put(buf, leaf.b, HF_HASH_SIZE);
        }
        hf_buf_put(buf, bytes.ptr, bytes.len);
    }
    hf_buf_free(&bytes);
    return rc;
}

static enum hf_rc write_entry(struct hf_log *log, const struct source *source, struct hf_buf *buf,
                              struct hf_err *err)
{
    struct hf_envelope envelope;
    enum hf_rc rc = hf_envelope_read_leaf(source->entry, &envelope, err);
    if (rc == HF_OK) {
        rc = hf_audit_put_entry(log, source->index, hf_log_size(log), source->entry, buf, err);
    }
    if (rc != HF_OK || envelope.blob.len != HF_HASH_SIZE) {
        return rc;
    }
    return source->wanted != NULL ? write_artifact(log, source->index, envelope.blob, buf, err)
                                  : write_segment(log, source->index, envelope.blob, buf, err);
}

/* The source with the next entry; NULL: there is none. */
static struct source *next_of(struct source sources[SOURCE_COUNT])
{
    struct source *next = NULL;
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        if (!sources[i].done && (next == NULL || sources[i].index < next->index)) {
            next = &sources[i];
        }
    }
    return next;
}

static enum hf_rc write_entries(struct hf_log *log, struct source sources[SOURCE_COUNT],
                                struct hf_buf *buf, struct hf_err *err)
{
    uint64_t entries = 0;
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; i < SOURCE_COUNT && rc == HF_OK; i++) {
        rc = advance(&sources[i], err);
    }
    bool known = rc == HF_OK && !(sources[SOURCE_LIFE].done && sources[SOURCE_SEGMENTS].done);
    for (struct source *next; rc == HF_OK && known && (next = next_of(sources)) != NULL;) {
        rc = write_entry(log, next, buf, err);
        if (rc == HF_OK) {
            rc = buf->failed == HF_OK ? advance(next, err)
                                      : hf_err_set(err, buf->failed, "the bundle is too big");
        }
        entries++;
    }
    if (rc == HF_OK && entries == 0) {
        return hf_err_set(err, HF_ENOTFOUND, "the log knows no such tenant");
    }
    uint8_t count[8];
    hf_be64_put(count, entries);
    hf_audit_put_head(buf, 'Z', sizeof count);
    hf_buf_put(buf, count, sizeof count);
    return rc == HF_OK && buf->failed != HF_OK
               ? hf_err_set(err, buf->failed, "the bundle is too big")
               : rc;
}

enum hf_rc hf_audit_write(struct hf_log *log, struct hf_str tenant, struct hf_bytes note,
                          struct hf_buf *buf, struct hf_err *err)
{
    struct source sources[SOURCE_COUNT] = {{.index = 0}};
    struct hf_beside_wanted wanted;
    hf_buf_str(buf, HF_STR("HFB2"));
    hf_audit_put_head(buf, 'C', note.len);
    hf_buf_put(buf, note.ptr, note.len);
    enum hf_rc rc = open_source(log, "tenant", tenant, &sources[SOURCE_LIFE], err);
    if (rc == HF_OK) {
        rc = open_source(log, "segment", tenant, &sources[SOURCE_SEGMENTS], err);
    }
    bool wants = rc == HF_OK;
    if (rc == HF_OK) {
        rc = hf_beside_want(log, tenant, &wanted, err);
    }
    for (int i = 0; i < HF_BESIDE_COUNT && rc == HF_OK; i++) {
        rc = open_beside(log, &wanted, (enum hf_beside)i, &sources[SOURCE_BESIDE + i], err);
    }
    if (rc == HF_OK) {
        rc = write_entries(log, sources, buf, err);
    }
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        hf_reader_close(sources[i].reader);
    }
    if (wants) {
        hf_beside_wanted_free(&wanted);
    }
    return rc;
}
