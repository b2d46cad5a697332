/* log/tlog/tree_memory.h: all complete subtrees of up to 2^levels leaves, in memory.
 *
 * What the writer keeps for its open volume and above its volumes; about 64 bytes a leaf,
 * allocated as it grows. A source for proofs. One thread, or readers outside of appends.
 */
#ifndef HF_LOG_TLOG_TREE_MEMORY_H
#define HF_LOG_TLOG_TREE_MEMORY_H

#include "log/tlog/tree.h"

#define HF_TREE_LEVELS 63

struct hf_tree_level {
    struct hf_hash *hash;
    size_t count;
    size_t cap;
};

struct hf_tree_memory {
    struct hf_tree_source source; /* level and index relative to this tree */
    /* read-only */
    uint64_t size;
    /* private */
    struct hf_tree_level level[HF_TREE_LEVELS];
};

void hf_tree_memory_init(struct hf_tree_memory *tree);
void hf_tree_memory_fini(struct hf_tree_memory *tree);
/* HF_ENOMEM leaves the tree as it was. */
enum hf_rc hf_tree_memory_append(struct hf_tree_memory *tree, const struct hf_hash *leaf);
/* Drops the newest leaves down to `size`. */
void hf_tree_memory_truncate(struct hf_tree_memory *tree, uint64_t size);
/* The complete subtree (level, index), which must exist. Borrows until the next append. */
const struct hf_hash *hf_tree_memory_node(const struct hf_tree_memory *tree, unsigned level,
                                          uint64_t index);
/* Infallible because everything is in memory. */
void hf_tree_memory_root(const struct hf_tree_memory *tree, uint64_t size,
                         struct hf_hash *ret_root);

#endif
