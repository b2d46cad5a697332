/* log/core/tail.h: what is known in memory of the entries that are not sealed yet.
 *
 * For each unsealed volume the tree of its leaves, and for each entry the distance to the
 * previous entry of the same stream and producer (0: none in the tail), so that one stream's
 * newest entries are found without scanning. The writer appends ahead of the disk and truncates
 * when a commit fails. One thread.
 */
#ifndef HF_LOG_CORE_TAIL_H
#define HF_LOG_CORE_TAIL_H

#include "log/core/format.h"
#include "log/tlog/tree_memory.h"

struct hf_tail_link {
    uint32_t prev_stream;   /* distance back */
    uint32_t prev_producer; /* distance back */
    uint64_t sequence;      /* the producer's */
};

struct hf_tail_volume {
    struct hf_tree_memory tree;
    struct hf_tail_link *links; /* NULL for opaque logs */
};

struct hf_tail {
    /* read-only */
    uint64_t base; /* index of the first entry held; a multiple of HF_VOLUME_ENTRIES */
    uint64_t size; /* one past the last */
    struct hf_tree_memory upper; /* roots of all complete volumes, sealed ones too */
    /* private */
    struct hf_tail_volume **volumes;
    size_t count;
    size_t cap;
};

void hf_tail_init(struct hf_tail *tail);
void hf_tail_fini(struct hf_tail *tail);
/* Adds the root of the next sealed volume; only while the tail holds no entries. */
enum hf_rc hf_tail_add_sealed(struct hf_tail *tail, const struct hf_hash *root);
/* link: NULL for opaque logs. HF_ENOMEM changes nothing. */
enum hf_rc hf_tail_append(struct hf_tail *tail, const struct hf_hash *leaf,
                          const struct hf_tail_link *link);
/* Drops the newest entries down to `size`, which is not below what is sealed. */
void hf_tail_truncate(struct hf_tail *tail, uint64_t size);
/* Drops the oldest volume, which is complete, after it was sealed. */
void hf_tail_drop_front(struct hf_tail *tail);
/* Leaf hashes of a complete volume of the tail. Borrows. */
const struct hf_hash *hf_tail_leaves(const struct hf_tail *tail, uint64_t volume);
/* The complete subtree; false when it is not held here but in a sealed file. */
bool hf_tail_node(const struct hf_tail *tail, unsigned level, uint64_t index,
                  struct hf_hash *ret_hash);
/* NULL for an entry that is not held or an opaque log. */
const struct hf_tail_link *hf_tail_link(const struct hf_tail *tail, uint64_t index);

#endif
