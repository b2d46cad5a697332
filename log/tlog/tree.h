/* log/tlog/tree.h: the Merkle tree of RFC 6962 section 2.1, as pure arithmetic on node numbers.
 *
 *   MTH({}) = SHA-256("")   leaf = SHA-256(0x00 || entry)   node = SHA-256(0x01 || left || right)
 *
 * A complete subtree is named (level, index): level 0 are leaf hashes, (l, i) covers the leaves
 * [i << l, (i + 1) << l). Everything below is computed from complete subtrees, which the caller
 * serves through a struct hf_tree_source: an array in memory, tiles of a volume, another
 * party's files. The one recursive definition behind the three kinds of proof is SUBTREE_PROOF
 * (draft-ietf-plants-merkle-tree-certs); we walk it without recursion.
 *
 * Sizes are at most HF_TREE_SIZE_MAX. Proofs hold at most HF_PROOF_MAX hashes, leaf side first.
 * Threads: pure functions; a source is as thread-safe as its owner says.
 */
#ifndef HF_LOG_TLOG_TREE_H
#define HF_LOG_TLOG_TREE_H

#include "base/crypto.h"

#define HF_TREE_SIZE_MAX (UINT64_C(1) << 62)
#define HF_PROOF_MAX     63

struct hf_tree_source {
    /* Writes the hash of the complete subtree (level, index). Asked only for subtrees that lie
     * inside the size that the caller named. Its failure ends the operation and is returned. */
    enum hf_rc (*node)(struct hf_tree_source *source, unsigned level, uint64_t index,
                       struct hf_hash *ret_hash, struct hf_err *err);
};

struct hf_proof {
    struct hf_hash hash[HF_PROOF_MAX];
    unsigned count;
};

void hf_tree_leaf_hash(struct hf_bytes entry, struct hf_hash *ret_hash);

/* The root of the first `size` leaves. Size 0 asks nothing of the source. */
enum hf_rc hf_tree_root(struct hf_tree_source *source, uint64_t size, struct hf_hash *ret_root,
                        struct hf_err *err);
/* The hash of the leaves [start, end), a valid subtree (see hf_subtree_valid). */
enum hf_rc hf_tree_subtree(struct hf_tree_source *source, uint64_t start, uint64_t end,
                           struct hf_hash *ret_hash, struct hf_err *err);

/* True when start <= end and start is a multiple of the smallest power of two >= end - start. */
bool hf_subtree_valid(uint64_t start, uint64_t end);

/* HF_ERANGE when index >= size. */
enum hf_rc hf_prove_inclusion(struct hf_tree_source *source, uint64_t index, uint64_t size,
                              struct hf_proof *ret_proof, struct hf_err *err);
/* HF_ERANGE when old_size > new_size. Empty when the sizes are equal or old_size is 0. */
enum hf_rc hf_prove_consistency(struct hf_tree_source *source, uint64_t old_size, uint64_t new_size,
                                struct hf_proof *ret_proof, struct hf_err *err);
/* That the subtree [start, end) is part of the tree of `size` (tlog-mirror's package proof).
 * HF_ERANGE when it is not a valid subtree or end > size. */
enum hf_rc hf_prove_subtree(struct hf_tree_source *source, uint64_t start, uint64_t end,
                            uint64_t size, struct hf_proof *ret_proof, struct hf_err *err);

/* HF_OK or HF_EBADPROOF; nothing else. */
enum hf_rc hf_verify_inclusion(uint64_t index, uint64_t size, const struct hf_hash *leaf,
                               const struct hf_hash *proof, unsigned count,
                               const struct hf_hash *root);
enum hf_rc hf_verify_consistency(uint64_t old_size, const struct hf_hash *old_root,
                                 uint64_t new_size, const struct hf_hash *new_root,
                                 const struct hf_hash *proof, unsigned count);
enum hf_rc hf_verify_subtree(uint64_t start, uint64_t end, const struct hf_hash *subtree,
                             uint64_t size, const struct hf_hash *root, const struct hf_hash *proof,
                             unsigned count);

/* The frontier: the complete subtrees that make up a tree of `size`, at most one a level; bit l
 * of size says whether level[l] is in use. Enough to append and to know the root. */
struct hf_frontier {
    uint64_t size;
    struct hf_hash level[63];
};

void hf_frontier_init(struct hf_frontier *frontier);
/* Appends a leaf hash: on average one node hash. */
void hf_frontier_append(struct hf_frontier *frontier, const struct hf_hash *leaf);
/* Appends a complete subtree of the level; the size must be a multiple of its width. */
void hf_frontier_append_subtree(struct hf_frontier *frontier, unsigned level,
                                const struct hf_hash *hash);
void hf_frontier_root(const struct hf_frontier *frontier, struct hf_hash *ret_root);

#endif
