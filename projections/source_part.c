/* projections/source_part.c: the part of a followed log that came last, as a projector's source. */
#include "projections/source_part.h"

#include "base/assert.h"
#include "base/heap.h"

struct part_source {
    struct hf_source source;
    const struct hf_follow *follow;
    struct hf_follow_part part;
    bool filled;
    struct hf_follow_walk walk;
    uint64_t index; /* of the blob: the entry that was given last */
    struct hf_bytes blob;
};

static struct part_source *part_source_of(struct hf_source *source)
{
    return HF_CONTAINER_OF(source, struct part_source, source);
}

static void close_source(struct hf_source *source)
{
    hf_heap_free(part_source_of(source));
}

static uint64_t size_of(struct hf_source *source)
{
    return part_source_of(source)->follow->frontier.size;
}

static enum hf_rc next(struct hf_source *source, uint64_t *ret_index, struct hf_bytes *ret_entry,
                       struct hf_err *err)
{
    struct part_source *s = part_source_of(source);
    (void)err;
    if (!s->filled || !hf_follow_walk_next(&s->walk, ret_index, ret_entry, &s->blob)) {
        return HF_EEND;
    }
    s->index = *ret_index;
    return HF_OK;
}

static enum hf_rc seek(struct hf_source *source, uint64_t index, struct hf_err *err)
{
    struct part_source *s = part_source_of(source);
    uint64_t ignored = 0;
    struct hf_bytes entry;
    if (index == s->follow->frontier.size && !s->filled) {
        return HF_OK;
    }
    if (!s->filled || index < s->part.segment.first || index > s->part.segment.end) {
        return hf_err_set(err, HF_ERANGE, "entry %llu is not in the part that came last",
                          (unsigned long long)index);
    }
    hf_follow_walk_begin(&s->part, &s->walk);
    while (s->walk.index < index) {
        (void)hf_follow_walk_next(&s->walk, &ignored, &entry, &s->blob);
    }
    return HF_OK;
}

static enum hf_rc blob(struct hf_source *source, uint64_t index, const struct hf_hash *hash,
                       struct hf_bytes *ret_blob, struct hf_err *err)
{
    struct part_source *s = part_source_of(source);
    (void)hash; /* the follower looked at it */
    if (!s->filled || s->index != index || s->blob.len == 0) {
        return hf_err_set(err, HF_ENOTFOUND, "the blob of entry %llu did not come with it",
                          (unsigned long long)index);
    }
    *ret_blob = s->blob;
    return HF_OK;
}

static enum hf_rc root(struct hf_source *source, uint64_t size, struct hf_hash *ret_root,
                       struct hf_err *err)
{
    const struct part_source *s = part_source_of(source);
    (void)err;
    if (size == 0 || size != s->follow->frontier.size) {
        return HF_ENOTFOUND;
    }
    hf_frontier_root(&s->follow->frontier, ret_root);
    return HF_OK;
}

static const struct hf_source_ops ops = {close_source, size_of, seek, next, blob, root};

enum hf_rc hf_source_part_new(const struct hf_follow *follow, struct hf_source **ret_source,
                              struct hf_err *err)
{
    struct part_source *s = hf_heap_zalloc(1, sizeof *s);
    if (s == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to follow a log");
    }
    s->source = (struct hf_source){&ops, &follow->vkey, /* whole= */ false};
    s->follow = follow;
    *ret_source = &s->source;
    return HF_OK;
}

void hf_source_part_set(struct hf_source *source, const struct hf_follow_part *part)
{
    struct part_source *s = part_source_of(source);
    s->filled = part != NULL;
    s->blob = (struct hf_bytes){NULL, 0};
    if (s->filled) {
        s->part = *part;
        hf_follow_walk_begin(part, &s->walk);
    }
}
