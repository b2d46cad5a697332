/* log/core/reader.c: one bundle or frame at a time, copied out of a short snapshot. */
#include "log/core/reader.h"

#include "base/assert.h"
#include "base/heap.h"

struct hf_reader {
    struct hf_log *log;
    struct hf_packer *packer;
    uint64_t next; /* index of the entry that is due */
    /* the run in memory */
    struct hf_buf run;
    struct hf_cursor cursor;
    uint64_t run_next; /* index of the entry at the cursor */
    uint64_t run_end;
    /* by name */
    enum hf_head_kind kind;
    uint8_t name[HF_NAME_MAX];
    size_t name_len;
    struct hf_buf list; /* indexes of a posting, native u64 */
    size_t list_at;
    uint64_t list_ordinal; /* the next posting holds ordinals from here */
    bool list_done;        /* no more postings: the rest is scanned from `next` */
    bool skip_pruned;
};

enum hf_rc hf_reader_open(struct hf_log *log, const struct hf_reader_options *options,
                          struct hf_reader **ret_reader, struct hf_err *err)
{
    if (options->name.len > HF_NAME_MAX) {
        return hf_err_set(err, HF_EINVAL, "a name has at most %d bytes", HF_NAME_MAX);
    }
    if (options->name.len > 0 && hf_log_codec(log) == NULL) {
        return hf_err_set(err, HF_EINVAL, "the entries of this log have no streams");
    }
    struct hf_reader *reader = hf_heap_zalloc(1, sizeof *reader);
    if (reader == NULL || hf_packer_new(&reader->packer) != HF_OK) {
        hf_heap_free(reader);
        return hf_err_set(err, HF_ENOMEM, "no memory to read the log");
    }
    reader->log = log;
    reader->next = options->from;
    reader->run = hf_buf_init(HF_FRAME_MAX);
    reader->kind = options->kind;
    reader->skip_pruned = options->skip_pruned;
    reader->name_len = options->name.len;
    if (options->name.len > 0) {
        memcpy(reader->name, options->name.ptr, options->name.len);
    }
    reader->list = hf_buf_init(HF_VOLUME_ENTRIES * sizeof(uint64_t));
    reader->list_done = options->name.len == 0 || hf_log_views(log) == NULL;
    *ret_reader = reader;
    return HF_OK;
}

void hf_reader_close(struct hf_reader *reader)
{
    if (reader != NULL) {
        hf_buf_free(&reader->run);
        hf_buf_free(&reader->list);
        hf_packer_free(reader->packer);
        hf_heap_free(reader);
    }
}

void hf_reader_seek(struct hf_reader *reader, uint64_t index)
{
    reader->next = index;
    reader->list_done = reader->name_len == 0 || hf_log_views(reader->log) == NULL;
    reader->list_ordinal = 0;
    reader->list_at = 0;
    hf_buf_clear(&reader->list);
}

/* The entry at `index`, from the run in memory if it is there and not behind the cursor. */
static enum hf_rc entry_at(struct hf_reader *reader, uint64_t index, struct hf_bytes *ret_entry,
                           struct hf_err *err)
{
    if (index < reader->run_next || index >= reader->run_end) {
        uint64_t first = 0;
        uint64_t count = 0;
        enum hf_rc rc =
            hf_log_run(reader->log, reader->packer, index, &reader->run, &first, &count, err);
        if (rc != HF_OK) {
            reader->run_end = 0;
            return rc;
        }
        reader->cursor = hf_cursor_init(hf_buf_bytes(&reader->run));
        reader->run_next = first;
        reader->run_end = first + count;
    }
    do {
        if (hf_bundle_next(&reader->cursor, ret_entry) != HF_OK) {
            uint64_t bad = reader->run_next;
            reader->run_end = 0;
            return hf_err_set(err, HF_ECORRUPT, "entry %llu: its bundle is cut",
                              (unsigned long long)bad);
        }
    } while (reader->run_next++ < index);
    return HF_OK;
}

static bool matches(const struct hf_reader *reader, const struct hf_entry_meta *meta)
{
    struct hf_bytes name = hf_bytes_of(reader->name, reader->name_len);
    switch (reader->kind) {
    case HF_HEAD_STREAM: return hf_bytes_eq(hf_str_bytes(meta->stream), name);
    case HF_HEAD_PRODUCER: return hf_bytes_eq(hf_str_bytes(meta->producer), name);
    case HF_HEAD_TYPE: return hf_bytes_eq(hf_str_bytes(meta->type), name);
    case HF_HEAD_BLOB:
        return meta->has_blob && hf_bytes_eq(hf_bytes_of(meta->blob.b, HF_HASH_SIZE), name);
    }
    return false;
}

/* The next candidate's index, from the postings while they last. */
static enum hf_rc next_listed(struct hf_reader *reader, uint64_t *ret_index, struct hf_err *err)
{
    for (;;) {
        const uint64_t *list = (const uint64_t *)(const void *)reader->list.ptr;
        size_t count = reader->list.len / sizeof *list;
        while (reader->list_at < count) {
            uint64_t index = list[reader->list_at++];
            if (index >= reader->next) {
                *ret_index = index;
                return HF_OK;
            }
        }
        uint64_t first = 0;
        uint64_t last = 0;
        hf_buf_clear(&reader->list);
        reader->list_at = 0;
        enum hf_rc rc = hf_views_posting(hf_log_views(reader->log), reader->kind,
                                         hf_bytes_of(reader->name, reader->name_len),
                                         reader->list_ordinal, &first, &last, &reader->list, err);
        if (rc != HF_OK) {
            return rc;
        }
        reader->list_ordinal = last + 1;
    }
}

/* The next one behind what the postings had: everything below what they cover is in them. How far
 * that is, is read first, and then once more whether they have a next one: a volume may come
 * meanwhile. */
static enum hf_rc next_behind(struct hf_reader *reader, uint64_t *ret_index, struct hf_err *err)
{
    uint64_t volumes = 0;
    enum hf_rc rc = hf_views_volumes(hf_log_views(reader->log), &volumes, err);
    if (rc == HF_OK) {
        rc = next_listed(reader, ret_index, err);
    }
    if (rc == HF_ENOTFOUND) {
        uint64_t covered = volumes << HF_VOLUME_BITS;
        reader->list_done = true;
        reader->next = covered > reader->next ? covered : reader->next;
        *ret_index = reader->next;
        rc = HF_OK;
    }
    return rc;
}

enum hf_rc hf_reader_next(struct hf_reader *reader, uint64_t *ret_index, struct hf_bytes *ret_entry,
                          struct hf_err *err)
{
    HF_ASSERT(reader != NULL);
    const struct hf_codec *codec = hf_log_codec(reader->log);
    for (;;) {
        uint64_t index = reader->next;
        enum hf_rc rc = HF_OK;
        if (!reader->list_done) {
            rc = next_listed(reader, &index, err);
            if (rc == HF_ENOTFOUND) {
                rc = next_behind(reader, &index, err);
            }
        }
        if (rc == HF_OK) {
            rc = entry_at(reader, index, ret_entry, err);
        }
        if (rc == HF_EPRUNED && reader->skip_pruned) {
            rc = hf_log_kept(reader->log, &reader->next, err);
            if (rc == HF_OK && reader->next > index) {
                continue;
            }
        }
        if (rc != HF_OK) {
            return rc;
        }
        reader->next = index + 1;
        struct hf_entry_meta meta;
        if (reader->name_len > 0) {
            rc = codec->entry(*ret_entry, false, &meta, err);
            if (rc != HF_OK) {
                return hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
            }
        }
        if (reader->name_len == 0 || matches(reader, &meta)) {
            *ret_index = index;
            return HF_OK;
        }
    }
}

enum hf_rc hf_log_find_time(struct hf_log *log, int64_t time_us, uint64_t *ret_index,
                            struct hf_err *err)
{
    const struct hf_codec *codec = hf_log_codec(log);
    struct hf_reader_options options = {.skip_pruned = true};
    struct hf_reader *reader = NULL;
    if (codec == NULL) {
        return hf_err_set(err, HF_EINVAL, "the entries of this log have no times");
    }
    enum hf_rc rc = HF_OK;
    if (hf_log_views(log) != NULL) {
        rc = hf_views_time(hf_log_views(log), time_us, &options.from, err);
    }
    if (rc == HF_OK) {
        rc = hf_reader_open(log, &options, &reader, err);
    }
    while (rc == HF_OK) {
        struct hf_bytes entry = {0}; /* set by each HF_OK; clang-tidy cannot see that */
        struct hf_entry_meta meta;
        rc = hf_reader_next(reader, ret_index, &entry, err);
        if (rc == HF_OK) {
            rc = codec->entry(entry, false, &meta, err);
        }
        if (rc == HF_OK && meta.recorded_us >= time_us) {
            break;
        }
    }
    if (rc == HF_EEND) {
        *ret_index = hf_log_size(log);
        rc = HF_OK;
    }
    hf_reader_close(reader);
    return rc;
}
