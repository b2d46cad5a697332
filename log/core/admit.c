/* log/core/admit.c: form, idempotence, expected versions, sequences; then encoding. */
#include "log/core/admit.h"

#include "base/assert.h"

struct undo {
    struct hf_head *head;
    uint64_t last;
    uint64_t index;
};

enum hf_rc hf_admission_init(struct hf_admission *admission, struct hf_log *log,
                             const uint8_t key[16])
{
    memset(admission, 0, sizeof *admission);
    admission->log = log;
    hf_heads_init(&admission->heads, key);
    admission->scratch = hf_buf_init(HF_FRAME_MAX);
    admission->metas = hf_buf_init(HF_APPEND_ITEMS_MAX * sizeof(struct hf_entry_meta));
    admission->undo = hf_buf_init(3 * HF_APPEND_ITEMS_MAX * sizeof(struct undo));
    return hf_packer_new(&admission->packer);
}

void hf_admission_fini(struct hf_admission *admission)
{
    hf_heads_fini(&admission->heads);
    hf_buf_free(&admission->scratch);
    hf_buf_free(&admission->metas);
    hf_buf_free(&admission->undo);
    hf_packer_free(admission->packer);
}

enum hf_rc hf_admission_head(struct hf_admission *admission, enum hf_head_kind kind,
                             struct hf_bytes name, struct hf_head **ret_head, struct hf_err *err)
{
    bool is_new = false;
    enum hf_rc rc = hf_heads_get(&admission->heads, kind, name, ret_head, &is_new);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no memory for the heads of streams");
    }
    struct hf_views *views = hf_log_views(admission->log);
    if (!is_new || views == NULL) {
        return HF_OK;
    }
    uint64_t last = 0;
    uint64_t index = HF_INDEX_NONE;
    rc = hf_views_head(views, kind, name, &last, &index, err);
    if (rc == HF_OK) {
        (*ret_head)->last = last;
        (*ret_head)->index = index;
    }
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

static uint32_t distance(const struct hf_admission *admission, const struct hf_head *head,
                         uint64_t index)
{
    const struct hf_tail *tail = hf_log_tail(admission->log);
    /* While a log is loaded, the views may know entries that come later: not a way back. */
    bool held = head->index < index && head->index >= tail->base;
    return held ? (uint32_t)(index - head->index) : 0;
}

/* Moves the three heads of an entry; the old values go to the undo list when `undo` is set. */
static enum hf_rc move_heads(struct hf_admission *admission, const struct hf_entry_meta *meta,
                             uint64_t index, bool undo, struct hf_tail_link *ret_link,
                             struct hf_err *err)
{
    struct hf_head *stream = NULL;
    struct hf_head *producer = NULL;
    struct hf_head *blob = NULL;
    enum hf_rc rc =
        hf_admission_head(admission, HF_HEAD_STREAM, hf_str_bytes(meta->stream), &stream, err);
    if (rc == HF_OK) {
        rc = hf_admission_head(admission, HF_HEAD_PRODUCER, hf_str_bytes(meta->producer), &producer,
                               err);
    }
    if (rc == HF_OK && meta->has_blob) {
        rc = hf_admission_head(admission, HF_HEAD_BLOB, hf_bytes_of(meta->blob.b, HF_HASH_SIZE),
                               &blob, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    if (undo) {
        struct undo old[3] = {
            {stream, stream->last, stream->index},
            {producer, producer->last, producer->index},
            {blob, blob == NULL ? 0 : blob->last, blob == NULL ? 0 : blob->index}};
        hf_buf_put(&admission->undo, old, (blob == NULL ? 2 : 3) * sizeof old[0]);
        if (admission->undo.failed != HF_OK) {
            return hf_err_set(err, HF_ENOMEM, "no memory for a request");
        }
    }
    ret_link->prev_stream = distance(admission, stream, index);
    ret_link->prev_producer = distance(admission, producer, index);
    ret_link->sequence = meta->sequence;
    stream->last = meta->version != 0 ? meta->version : stream->last + 1;
    stream->index = index;
    producer->last = meta->sequence;
    producer->index = index;
    if (blob != NULL && blob->index == HF_INDEX_NONE) {
        blob->last = 1; /* the entry that brought the bytes */
        blob->index = index;
    }
    return HF_OK;
}

enum hf_rc hf_admission_fold(void *arg, uint64_t index, struct hf_bytes entry,
                             struct hf_tail_link *ret_link, struct hf_err *err)
{
    struct hf_admission *admission = arg;
    struct hf_entry_meta meta;
    struct hf_head *stream = NULL;
    enum hf_rc rc = hf_log_codec(admission->log)->entry(entry, false, &meta, err);
    if (rc == HF_OK) {
        rc = hf_admission_head(admission, HF_HEAD_STREAM, hf_str_bytes(meta.stream), &stream, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    /* The views may be one volume ahead of what is recorded as sealed, after a crash between
     * the two: then the head is of a later entry, and the fold walks up to it again. */
    bool behind = stream->index == HF_INDEX_NONE || stream->index < index;
    if (meta.version == 0 || (behind && meta.version != stream->last + 1)) {
        return hf_err_set(err, HF_ECORRUPT, "stream %.*s has version %llu after %llu",
                          HF_STR_ARG(meta.stream), (unsigned long long)meta.version,
                          (unsigned long long)stream->last);
    }
    return move_heads(admission, &meta, index, false, ret_link, err);
}

/* form */

static enum hf_rc check_blob(struct hf_admission *admission, const struct hf_submission *item,
                             const struct hf_entry_meta *meta, struct hf_err *err)
{
    if (!meta->has_blob) {
        return item->blob.len == 0
                   ? HF_OK
                   : hf_err_set(err, HF_EINVAL, "a blob is attached that the event does not name");
    }
    if (item->blob.len > HF_BLOB_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "the blob has %zu bytes, at most %u are taken",
                          item->blob.len, HF_BLOB_MAX);
    }
    if (item->blob.len > 0) {
        struct hf_hash hash;
        hf_sha256(item->blob, &hash);
        return hf_hash_eq(&hash, &meta->blob)
                   ? HF_OK
                   : hf_err_set(err, HF_EINVAL, "the attached blob is not the one that is named");
    }
    struct hf_head *head = NULL;
    enum hf_rc rc = hf_admission_head(admission, HF_HEAD_BLOB,
                                      hf_bytes_of(meta->blob.b, HF_HASH_SIZE), &head, err);
    if (rc == HF_OK && head->index == HF_INDEX_NONE) {
        rc = hf_err_set(err, HF_EINVAL, "the named blob is not here; attach its bytes");
    }
    return rc;
}

/* A mirror takes what its source has; only what could not be loaded again is refused. */
static enum hf_rc check_entry(struct hf_admission *admission, const struct hf_submission *item,
                              struct hf_err *err)
{
    struct hf_entry_meta meta = {0};
    if (item->bytes.len > HF_ENTRY_MAX || item->blob.len > HF_BLOB_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "an entry has at most %d bytes, a blob %u", HF_ENTRY_MAX,
                          HF_BLOB_MAX);
    }
    enum hf_rc rc =
        hf_log_codec(admission->log)->entry(item->bytes, /* strict= */ false, &meta, err);
    hf_buf_put(&admission->metas, &meta, sizeof meta);
    return rc == HF_OK ? admission->metas.failed : rc;
}

static enum hf_rc check_item(struct hf_admission *admission, const struct hf_submission *item,
                             struct hf_err *err)
{
    if (admission->mirror) {
        return check_entry(admission, item, err);
    }
    const struct hf_codec *codec = hf_log_codec(admission->log);
    struct hf_entry_meta meta = {0};
    size_t added = codec == NULL ? 0 : codec->finish_max;
    if (item->bytes.len + added > HF_ENTRY_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "%zu bytes, an entry has at most %zu", item->bytes.len,
                          HF_ENTRY_MAX - added);
    }
    if (codec == NULL) {
        return item->blob.len == 0 ? HF_OK
                                   : hf_err_set(err, HF_EINVAL, "an opaque log takes no blobs");
    }
    enum hf_rc rc = codec->submission(item->bytes, &meta, err);
    if (rc == HF_OK) {
        rc = check_blob(admission, item, &meta, err);
    }
    hf_buf_put(&admission->metas, &meta, sizeof meta);
    return rc == HF_OK ? admission->metas.failed : rc;
}

static enum hf_rc check_form(struct hf_admission *admission, const struct hf_append *append,
                             struct hf_err *err)
{
    hf_buf_clear(&admission->metas);
    if (append->item_count == 0 || append->item_count > HF_APPEND_ITEMS_MAX) {
        return hf_err_set(err, HF_EINVAL, "a request has 1 to %d items, not %zu",
                          HF_APPEND_ITEMS_MAX, append->item_count);
    }
    if (hf_log_codec(admission->log) == NULL && append->expect_count > 0) {
        return hf_err_set(err, HF_EINVAL, "an opaque log has no streams to expect versions of");
    }
    size_t bytes = 0;
    for (size_t i = 0; i < append->item_count; i++) {
        enum hf_rc rc = check_item(admission, &append->items[i], err);
        if (rc != HF_OK) {
            return hf_err_wrap(err, rc, "item %zu", i);
        }
        bytes += append->items[i].bytes.len;
    }
    return bytes <= HF_APPEND_BYTES_MAX
               ? HF_OK
               : hf_err_set(err, HF_ETOOBIG, "the request has %zu bytes, at most %u are taken",
                            bytes, HF_APPEND_BYTES_MAX);
}

static const struct hf_entry_meta *meta_at(const struct hf_admission *admission, size_t i)
{
    return (const struct hf_entry_meta *)(const void *)admission->metas.ptr + i;
}

/* idempotence */

static enum hf_rc stored(struct hf_admission *admission, uint64_t index, struct hf_bytes *ret,
                         struct hf_err *err)
{
    if (hf_batch_find(admission->gather, index, ret) ||
        (admission->flight != NULL && hf_batch_find(admission->flight, index, ret))) {
        return HF_OK;
    }
    enum hf_rc rc =
        hf_log_entry(admission->log, admission->packer, index, &admission->scratch, err);
    *ret = hf_buf_bytes(&admission->scratch);
    return rc;
}

static enum hf_rc sequence_at(struct hf_admission *admission, uint64_t index, uint64_t *ret,
                              struct hf_err *err)
{
    struct hf_bytes entry;
    struct hf_entry_meta meta;
    enum hf_rc rc = stored(admission, index, &entry, err);
    if (rc == HF_OK) {
        rc = hf_log_codec(admission->log)->entry(entry, false, &meta, err);
    }
    if (rc == HF_OK) {
        *ret = meta.sequence;
    }
    return rc;
}

/* In sealed volumes: the posting that holds the sequence, then bisection by reading entries. */
static enum hf_rc find_sealed(struct hf_admission *admission, struct hf_str producer,
                              uint64_t sequence, uint64_t *ret_index, struct hf_err *err)
{
    struct hf_views *views = hf_log_views(admission->log);
    if (views == NULL) {
        return HF_ENOTFOUND;
    }
    struct hf_buf list = hf_buf_init(HF_VOLUME_ENTRIES * sizeof(uint64_t));
    uint64_t first = 0;
    uint64_t last = 0;
    enum hf_rc rc = hf_views_posting(views, HF_HEAD_PRODUCER, hf_str_bytes(producer), sequence,
                                     &first, &last, &list, err);
    if (rc == HF_OK && (sequence < first || sequence > last)) {
        rc = HF_ENOTFOUND;
    }
    const uint64_t *index = (const uint64_t *)(const void *)list.ptr;
    size_t low = 0;
    size_t high = list.len / sizeof *index;
    while (rc == HF_OK && low < high) {
        size_t mid = low + (high - low) / 2;
        uint64_t found = 0;
        rc = sequence_at(admission, index[mid], &found, err);
        if (rc == HF_OK && found == sequence) {
            *ret_index = index[mid];
            hf_buf_free(&list);
            return HF_OK;
        }
        if (found < sequence) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    hf_buf_free(&list);
    return rc == HF_OK ? HF_ENOTFOUND : rc;
}

static enum hf_rc find_sequence(struct hf_admission *admission, const struct hf_head *producer,
                                const struct hf_entry_meta *meta, uint64_t *ret_index,
                                struct hf_err *err)
{
    const struct hf_tail *tail = hf_log_tail(admission->log);
    uint64_t index = producer->index;
    for (const struct hf_tail_link *link; (link = hf_tail_link(tail, index)) != NULL;
         index -= link->prev_producer) {
        if (link->sequence <= meta->sequence) {
            *ret_index = index;
            return link->sequence == meta->sequence ? HF_OK : HF_ENOTFOUND;
        }
        if (link->prev_producer == 0) {
            break;
        }
    }
    return find_sealed(admission, meta->producer, meta->sequence, ret_index, err);
}

static enum hf_rc same_submission(struct hf_admission *admission, uint64_t index,
                                  const struct hf_submission *item, struct hf_err *err)
{
    const struct hf_codec *codec = hf_log_codec(admission->log);
    struct hf_bytes entry;
    struct hf_hash old, new;
    enum hf_rc rc = stored(admission, index, &entry, err);
    if (rc == HF_OK) {
        rc = codec->entry_submission_hash(entry, &old, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    codec->submission_hash(item->bytes, &new);
    return hf_hash_eq(&old, &new) ? HF_OK : HF_EFORK;
}

static enum hf_rc refuse_pruned(const struct hf_entry_meta *meta, struct hf_err *err)
{
    return hf_err_set(err, HF_ESTALE,
                      "producer %.*s was at sequence %llu long ago, and what it was for is "
                      "pruned; it cannot be used again",
                      HF_STR_ARG(meta->producer), (unsigned long long)meta->sequence);
}

/* Where the log has the producer's sequence. HF_ENOTFOUND: it is new. HF_EPRUNED; HF_ESTALE: it was
 * passed over. */
static enum hf_rc find_used(struct hf_admission *admission, const struct hf_entry_meta *meta,
                            uint64_t *ret_index, struct hf_err *err)
{
    struct hf_head *producer = NULL;
    enum hf_rc rc = hf_admission_head(admission, HF_HEAD_PRODUCER, hf_str_bytes(meta->producer),
                                      &producer, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (meta->sequence > producer->last) {
        return HF_ENOTFOUND;
    }
    rc = find_sequence(admission, producer, meta, ret_index, err);
    return rc == HF_ENOTFOUND
               ? hf_err_set(err, HF_ESTALE,
                            "producer %.*s is at sequence %llu already; %llu was never used and "
                            "cannot be used any more",
                            HF_STR_ARG(meta->producer), (unsigned long long)producer->last,
                            (unsigned long long)meta->sequence)
               : rc;
}

enum hf_rc hf_admission_find(struct hf_admission *admission, struct hf_str producer,
                             uint64_t sequence, struct hf_bytes *ret_entry, struct hf_err *err)
{
    uint64_t index = 0;
    const struct hf_entry_meta meta = {.producer = producer, .sequence = sequence};
    enum hf_rc rc = find_used(admission, &meta, &index, err);
    if (rc == HF_OK) {
        rc = stored(admission, index, ret_entry, err);
    }
    return rc == HF_EPRUNED ? refuse_pruned(&meta, err) : rc;
}

/* HF_OK: a repeat, *ret_first is set. HF_ENOTFOUND: all new. Else a refusal. */
static enum hf_rc check_repeat(struct hf_admission *admission, const struct hf_append *append,
                               uint64_t *ret_first, struct hf_err *err)
{
    const struct hf_entry_meta *meta = meta_at(admission, 0);
    uint64_t first = 0;
    enum hf_rc rc = find_used(admission, meta, &first, err);
    uint64_t end = hf_log_tail(admission->log)->size;
    for (size_t i = 0; i < append->item_count && rc == HF_OK; i++) {
        rc = first + i < end ? same_submission(admission, first + i, &append->items[i], err)
                             : HF_EFORK;
    }
    if (rc == HF_EPRUNED) {
        return refuse_pruned(meta, err);
    }
    if (rc == HF_EFORK) {
        return hf_err_set(err, HF_EFORK,
                          "producer %.*s used sequence %llu for other content (entry %llu)",
                          HF_STR_ARG(meta->producer), (unsigned long long)meta->sequence,
                          (unsigned long long)first);
    }
    *ret_first = first;
    return rc;
}

/* versions */

static enum hf_rc check_expects(struct hf_admission *admission, const struct hf_append *append,
                                struct hf_err *err)
{
    for (size_t i = 0; i < append->expect_count; i++) {
        const struct hf_expect *expect = &append->expects[i];
        if (expect->stream.len == 0 || expect->stream.len > HF_NAME_MAX) {
            return hf_err_set(err, HF_EINVAL, "a stream's name has 1 to %d bytes", HF_NAME_MAX);
        }
        struct hf_head *head = NULL;
        enum hf_rc rc =
            hf_admission_head(admission, HF_HEAD_STREAM, hf_str_bytes(expect->stream), &head, err);
        if (rc != HF_OK) {
            return rc;
        }
        if (head->last != expect->version) {
            return hf_err_set(err, HF_ECONFLICT, "stream %.*s is at version %llu, not %llu",
                              HF_STR_ARG(expect->stream), (unsigned long long)head->last,
                              (unsigned long long)expect->version);
        }
    }
    return HF_OK;
}

/* encoding */

/* An entry of the source stands where its stream and its producer are; else it could not be loaded
 * again. */
static enum hf_rc check_follows(struct hf_admission *admission, const struct hf_entry_meta *meta,
                                struct hf_err *err)
{
    struct hf_head *stream = NULL;
    enum hf_rc rc =
        hf_admission_head(admission, HF_HEAD_STREAM, hf_str_bytes(meta->stream), &stream, err);
    if (rc == HF_OK && meta->version != stream->last + 1) {
        rc = hf_err_set(err, HF_ECORRUPT, "stream %.*s has version %llu after %llu",
                        HF_STR_ARG(meta->stream), (unsigned long long)meta->version,
                        (unsigned long long)stream->last);
    }
    return rc;
}

static enum hf_rc encode(struct hf_admission *admission, const struct hf_submission *item,
                         const struct hf_entry_meta *meta, int64_t now_us, struct hf_err *err)
{
    const struct hf_codec *codec = hf_log_codec(admission->log);
    struct hf_batch *batch = admission->gather;
    uint64_t index = batch->first + batch->count;
    struct hf_tail_link link = {0};
    uint64_t version = 0;
    bool brings_blob = false;
    HF_ASSERT((codec == NULL) == (meta == NULL));
    if (meta != NULL) {
        struct hf_head *producer =
            hf_heads_find(&admission->heads, HF_HEAD_PRODUCER, hf_str_bytes(meta->producer));
        if (producer != NULL && meta->sequence <= producer->last) {
            return hf_err_set(err, HF_ESTALE, "its sequence %llu does not follow %llu",
                              (unsigned long long)meta->sequence,
                              (unsigned long long)producer->last);
        }
        enum hf_rc rc = admission->mirror ? check_follows(admission, meta, err) : HF_OK;
        if (rc == HF_OK) {
            rc = move_heads(admission, meta, index, true, &link, err);
        }
        if (rc != HF_OK) {
            return rc;
        }
        version =
            hf_heads_find(&admission->heads, HF_HEAD_STREAM, hf_str_bytes(meta->stream))->last;
        const struct hf_head *blob = !meta->has_blob
                                         ? NULL
                                         : hf_heads_find(&admission->heads, HF_HEAD_BLOB,
                                                         hf_bytes_of(meta->blob.b, HF_HASH_SIZE));
        brings_blob = blob != NULL && blob->index == index;
        if (brings_blob && item->blob.len == 0) {
            return hf_err_set(err, HF_ECORRUPT, "the blob that entry %llu names did not come",
                              (unsigned long long)index);
        }
    }
    bool as_it_is = codec == NULL || admission->mirror;
    size_t len_max = item->bytes.len + (as_it_is ? 0 : codec->finish_max);
    uint8_t *room = hf_batch_reserve(batch, len_max);
    if (room == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a commit");
    }
    struct hf_writer w = hf_writer_init(room, len_max);
    if (as_it_is) {
        hf_writer_bytes(&w, item->bytes);
    } else {
        codec->finish(item->bytes, version, now_us, &w);
    }
    HF_ASSERT(!w.overflow);
    struct hf_hash leaf;
    hf_tree_leaf_hash(hf_writer_done(&w), &leaf);
    enum hf_rc rc = hf_batch_commit(batch, w.len, hf_be32_get(leaf.b));
    if (rc == HF_OK) {
        rc = hf_tail_append(hf_log_tail(admission->log), &leaf, codec == NULL ? NULL : &link);
    }
    if (rc == HF_OK && brings_blob) {
        rc = hf_batch_blob(batch, index, item->blob);
    }
    return rc == HF_OK ? HF_OK : hf_err_set(err, rc, "no memory for a commit");
}

static void take_back(struct hf_admission *admission, uint64_t count)
{
    const struct undo *undo = (const struct undo *)(const void *)admission->undo.ptr;
    for (size_t i = admission->undo.len / sizeof *undo; i > 0; i--) {
        undo[i - 1].head->last = undo[i - 1].last;
        undo[i - 1].head->index = undo[i - 1].index;
    }
    struct hf_tail *tail = hf_log_tail(admission->log);
    uint64_t size = admission->gather->first + count;
    if (tail->size > size) {
        hf_tail_truncate(tail, size);
    }
    hf_batch_truncate(admission->gather, count);
}

enum hf_rc hf_admit(struct hf_admission *admission, struct hf_append *append, int64_t now_us,
                    struct hf_err *err)
{
    bool events = hf_log_codec(admission->log) != NULL;
    uint64_t count = admission->gather->count;
    enum hf_rc rc = check_form(admission, append, err);
    if (rc == HF_OK && events && !admission->mirror) {
        rc = check_repeat(admission, append, &append->first, err);
        if (rc == HF_OK) {
            append->repeated = true;
            return HF_OK;
        }
        rc = rc == HF_ENOTFOUND ? check_expects(admission, append, err) : rc;
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_buf_clear(&admission->undo);
    append->first = admission->gather->first + count;
    append->repeated = false;
    for (size_t i = 0; i < append->item_count && rc == HF_OK; i++) {
        rc = encode(admission, &append->items[i], events ? meta_at(admission, i) : NULL, now_us,
                    err);
        if (rc != HF_OK) {
            rc = hf_err_wrap(err, rc, "item %zu", i);
        }
    }
    if (rc != HF_OK) {
        take_back(admission, count);
    } else if (admission->mirror) {
        admission->gather->note = append->note;
    }
    return rc;
}
