/* log/tlog/tree_memory.c: one growing array of hashes a level. */
#include "log/tlog/tree_memory.h"

#include "base/assert.h"
#include "base/heap.h"

static enum hf_rc node(struct hf_tree_source *source, unsigned level, uint64_t index,
                       struct hf_hash *ret_hash, struct hf_err *err)
{
    (void)err;
    const struct hf_tree_memory *tree = HF_CONTAINER_OF(source, struct hf_tree_memory, source);
    *ret_hash = *hf_tree_memory_node(tree, level, index);
    return HF_OK;
}

void hf_tree_memory_init(struct hf_tree_memory *tree)
{
    memset(tree, 0, sizeof *tree);
    tree->source.node = node;
}

void hf_tree_memory_fini(struct hf_tree_memory *tree)
{
    for (unsigned i = 0; i < HF_TREE_LEVELS; i++) {
        hf_heap_free(tree->level[i].hash);
    }
    hf_tree_memory_init(tree);
}

static bool reserve(struct hf_tree_level *level)
{
    if (level->count < level->cap) {
        return true;
    }
    size_t cap = level->cap == 0 ? 4 : 2 * level->cap;
    struct hf_hash *grown = hf_heap_resize(level->hash, cap, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    level->hash = grown;
    level->cap = cap;
    return true;
}

enum hf_rc hf_tree_memory_append(struct hf_tree_memory *tree, const struct hf_hash *leaf)
{
    /* All room first, so that running out of memory changes nothing. */
    unsigned levels = 1 + (unsigned)__builtin_ctzll(~tree->size);
    HF_ASSERT(levels <= HF_TREE_LEVELS);
    for (unsigned i = 0; i < levels; i++) {
        if (!reserve(&tree->level[i])) {
            return HF_ENOMEM;
        }
    }
    tree->level[0].hash[tree->level[0].count++] = *leaf;
    for (unsigned i = 1; i < levels; i++) {
        const struct hf_tree_level *below = &tree->level[i - 1];
        struct hf_tree_level *level = &tree->level[i];
        hf_sha256_node(&below->hash[below->count - 2], &below->hash[below->count - 1],
                       &level->hash[level->count++]);
    }
    tree->size++;
    return HF_OK;
}

void hf_tree_memory_truncate(struct hf_tree_memory *tree, uint64_t size)
{
    HF_ASSERT(size <= tree->size);
    for (unsigned i = 0; i < HF_TREE_LEVELS; i++) {
        tree->level[i].count = (size_t)(size >> i);
    }
    tree->size = size;
}

const struct hf_hash *hf_tree_memory_node(const struct hf_tree_memory *tree, unsigned level,
                                          uint64_t index)
{
    HF_ASSERT(level < HF_TREE_LEVELS && index < tree->level[level].count);
    return &tree->level[level].hash[index];
}

void hf_tree_memory_root(const struct hf_tree_memory *tree, uint64_t size, struct hf_hash *ret_root)
{
    HF_ASSERT(size <= tree->size);
    struct hf_frontier frontier = {.size = size};
    for (unsigned i = 0; i < HF_TREE_LEVELS; i++) {
        if ((size >> i & 1) != 0) {
            frontier.level[i] = *hf_tree_memory_node(tree, i, (size >> i) - 1);
        }
    }
    hf_frontier_root(&frontier, ret_root);
}
