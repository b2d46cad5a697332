/* log/owned/mirror.c: parts of a followed log become entries of its mirror. */
#include "log/owned/mirror.h"

#include "base/assert.h"
#include "base/heap.h"

enum hf_rc hf_owned_follow(const struct hf_owned *owned, struct hf_follow *ret_follow,
                           struct hf_err *err)
{
    struct hf_tree_source *source = hf_log_source(owned->log);
    struct hf_frontier frontier;
    enum hf_rc rc = HF_OK;
    hf_frontier_init(&frontier);
    frontier.size = hf_log_size(owned->log);
    for (unsigned level = 0; rc == HF_OK && level < HF_LEN(frontier.level); level++) {
        uint64_t count = frontier.size >> level;
        if (count % 2 == 1) {
            rc = source->node(source, level, count - 1, &frontier.level[level], err);
        }
    }
    if (rc == HF_OK) {
        rc = hf_follow_resume(&hf_log_identity(owned->log)->vkey, &frontier,
                              hf_log_source_note(owned->log), ret_follow, err);
    }
    return rc == HF_OK ? rc : hf_err_wrap(err, rc, "the mirror");
}

static void put_done(struct hf_append *append)
{
    struct hf_owned_part *put = HF_CONTAINER_OF(append, struct hf_owned_part, append);
    hf_heap_free(put->items);
    put->items = NULL;
    put->done(put);
}

enum hf_rc hf_owned_put(struct hf_owned *owned, const struct hf_follow_part *part,
                        struct hf_owned_part *put, struct hf_err *err)
{
    size_t count = (size_t)(part->segment.end - part->segment.first);
    struct hf_follow_walk walk;
    uint64_t index = 0;
    put->items = hf_heap_zalloc(count, sizeof *put->items);
    if (put->items == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to write %zu entries", count);
    }
    hf_follow_walk_begin(part, &walk);
    for (size_t i = 0; i < count; i++) {
        bool more = hf_follow_walk_next(&walk, &index, &put->items[i].bytes, &put->items[i].blob);
        HF_ASSERT(more); /* it was taken */
    }
    put->append = (struct hf_append){
        .items = put->items, .item_count = count, .note = part->segment.note, .done = put_done};
    hf_append_submit(hf_log_writer_appender(owned->writer), &put->append);
    return HF_OK;
}
