/* log/tlog/tree.c: leaf hashes, roots and the frontier. */
#include "log/tlog/tree.h"

#include "base/assert.h"

void hf_tree_leaf_hash(struct hf_bytes entry, struct hf_hash *ret_hash)
{
    hf_sha256_prefixed(0x00, entry, ret_hash);
}

static unsigned low_bit(uint64_t n)
{
    return (unsigned)__builtin_ctzll(n);
}

bool hf_subtree_valid(uint64_t start, uint64_t end)
{
    if (start > end) {
        return false;
    }
    uint64_t size = end - start;
    if (size <= 1) {
        return true;
    }
    unsigned bits = 64 - (unsigned)__builtin_clzll(size - 1);
    return bits >= 64 ? start == 0 : (start & ((UINT64_C(1) << bits) - 1)) == 0;
}

/* A valid subtree is a run of complete subtrees of falling size; they are folded from the right,
 * which is RFC 6962's split at the largest power of two, without recursion. */
enum hf_rc hf_tree_subtree(struct hf_tree_source *source, uint64_t start, uint64_t end,
                           struct hf_hash *ret_hash, struct hf_err *err)
{
    HF_ASSERT(start < end && end <= HF_TREE_SIZE_MAX && hf_subtree_valid(start, end));
    uint64_t size = end - start;
    uint64_t at = end;
    bool have = false;
    struct hf_hash root = {0};
    while (size > 0) {
        unsigned level = low_bit(size);
        at -= UINT64_C(1) << level;
        struct hf_hash left;
        enum hf_rc rc = source->node(source, level, at >> level, &left, err);
        if (rc != HF_OK) {
            return rc;
        }
        if (have) {
            hf_sha256_node(&left, &root, &root);
        } else {
            root = left;
            have = true;
        }
        size &= size - 1;
    }
    *ret_hash = root;
    return HF_OK;
}

enum hf_rc hf_tree_root(struct hf_tree_source *source, uint64_t size, struct hf_hash *ret_root,
                        struct hf_err *err)
{
    if (size == 0) {
        hf_sha256((struct hf_bytes){NULL, 0}, ret_root);
        return HF_OK;
    }
    return hf_tree_subtree(source, 0, size, ret_root, err);
}

void hf_frontier_init(struct hf_frontier *frontier)
{
    memset(frontier, 0, sizeof *frontier);
}

void hf_frontier_append_subtree(struct hf_frontier *frontier, unsigned level,
                                const struct hf_hash *hash)
{
    HF_ASSERT((frontier->size & ((UINT64_C(1) << level) - 1)) == 0);
    struct hf_hash carry = *hash;
    unsigned at = level;
    for (; (frontier->size >> at & 1) != 0; at++) {
        hf_sha256_node(&frontier->level[at], &carry, &carry);
    }
    frontier->level[at] = carry;
    frontier->size += UINT64_C(1) << level;
}

void hf_frontier_append(struct hf_frontier *frontier, const struct hf_hash *leaf)
{
    hf_frontier_append_subtree(frontier, 0, leaf);
}

void hf_frontier_root(const struct hf_frontier *frontier, struct hf_hash *ret_root)
{
    if (frontier->size == 0) {
        hf_sha256((struct hf_bytes){NULL, 0}, ret_root);
        return;
    }
    unsigned at = low_bit(frontier->size);
    struct hf_hash root = frontier->level[at];
    for (at++; at < 63; at++) {
        if ((frontier->size >> at & 1) != 0) {
            hf_sha256_node(&frontier->level[at], &root, &root);
        }
    }
    *ret_root = root;
}
