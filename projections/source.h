/* projections/source.h: where a projector's entries come from: a log that is here
 * (projections/source_log.h), or what a follower of somebody else's log was given.
 *
 * And whose they are: a store remembers the log that its read models were made of, and is refused
 * with another one. Threads: one.
 */
#ifndef HF_PROJECTIONS_SOURCE_H
#define HF_PROJECTIONS_SOURCE_H

#include "base/bytes.h"
#include "base/crypto.h"
#include "log/tlog/note.h"
#include "projections/store.h"

struct hf_source;

struct hf_source_ops {
    void (*close)(struct hf_source *source);
    uint64_t (*size)(struct hf_source *source);
    enum hf_rc (*seek)(struct hf_source *source, uint64_t index, struct hf_err *err);
    enum hf_rc (*next)(struct hf_source *source, uint64_t *ret_index, struct hf_bytes *ret_entry,
                       struct hf_err *err);
    enum hf_rc (*blob)(struct hf_source *source, uint64_t index, const struct hf_hash *hash,
                       struct hf_bytes *ret_blob, struct hf_err *err);
    enum hf_rc (*root)(struct hf_source *source, uint64_t size, struct hf_hash *ret_root,
                       struct hf_err *err);
};

struct hf_source {
    const struct hf_source_ops *ops;
    const struct hf_vkey *vkey; /* of the log; borrowed */
    bool whole;                 /* size() is the log's, not what came of it until now */
};

static inline void hf_source_close(struct hf_source *source)
{
    if (source != NULL) {
        source->ops->close(source);
    }
}

/* Entries that can be read: those before it, except that a follower may have let old ones go. */
static inline uint64_t hf_source_size(struct hf_source *source)
{
    return source->ops->size(source);
}

/* Goes on at `index`, which may be the size. HF_ERANGE: the entry is not here (any more). */
static inline enum hf_rc hf_source_seek(struct hf_source *source, uint64_t index,
                                        struct hf_err *err)
{
    return source->ops->seek(source, index, err);
}

/* The next entry; borrowed until the next call. HF_EEND. */
static inline enum hf_rc hf_source_next(struct hf_source *source, uint64_t *ret_index,
                                        struct hf_bytes *ret_entry, struct hf_err *err)
{
    return source->ops->next(source, ret_index, ret_entry, err);
}

/* The blob that entry `index` names; borrowed until the next blob or entry. */
static inline enum hf_rc hf_source_blob(struct hf_source *source, uint64_t index,
                                        const struct hf_hash *hash, struct hf_bytes *ret_blob,
                                        struct hf_err *err)
{
    return source->ops->blob(source, index, hash, ret_blob, err);
}

/* The tree's root over the first `size` entries. HF_ENOTFOUND: it is not known here. */
static inline enum hf_rc hf_source_root(struct hf_source *source, uint64_t size,
                                        struct hf_hash *ret_root, struct hf_err *err)
{
    return source->ops->root(source, size, ret_root, err);
}

/* What a store remembers of its log: the verifier key, and the newest root that was known. */
struct hf_source_mark {
    bool known;
    char vkey[HF_VKEY_TEXT_MAX + 1];
    uint64_t size; /* of the root; 0: none */
    struct hf_hash root;
};

enum hf_rc hf_source_mark_read(struct hf_store *store, struct hf_source_mark *ret_mark,
                               struct hf_err *err);
/* Inside of the transaction that moves the positions to `size`: keeps the mark when the root is
 * known. */
enum hf_rc hf_source_mark_write(struct hf_store *store, struct hf_source *source, uint64_t size,
                                struct hf_err *err);
/* HF_EFORK: the store's read models are of another log, or of another history of this one. */
enum hf_rc hf_source_mark_check(const struct hf_source_mark *mark, struct hf_source *source,
                                struct hf_err *err);

#endif
