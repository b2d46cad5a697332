/* tests/unit/tlog/test_tree.c: the Merkle tree against published digests and by mutation. */
#include "log/tlog/tile.h"
#include "log/tlog/tree_memory.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/hex.h"
#include "tests/harness/test.h"

#define MANY 131

static void grow(struct hf_tree_memory *tree, uint64_t size, bool decimal)
{
    for (uint64_t i = tree->size; i < size; i++) {
        char text[32];
        uint8_t byte = (uint8_t)i;
        struct hf_hash leaf;
        int len = snprintf(text, sizeof text, "%llu", (unsigned long long)i);
        hf_tree_leaf_hash(decimal ? hf_bytes_of(text, (size_t)len) : hf_bytes_of(&byte, 1), &leaf);
        HF_ASSERT(hf_tree_memory_append(tree, &leaf) == HF_OK);
    }
}

static void add_hash(struct hf_buf *line, const struct hf_hash *hash)
{
    char text[2 * HF_HASH_SIZE + 1];
    hf_hex_encode(hf_bytes_of(hash->b, HF_HASH_SIZE), text);
    hf_buf_printf(line, " %s", text);
}

static void end_line(struct hf_sha256_state *state, struct hf_buf *line)
{
    hf_buf_str(line, HF_STR("\n"));
    hf_sha256_update(state, hf_buf_bytes(line));
    hf_buf_clear(line);
}

static bool digest_is(struct hf_sha256_state *state, const char *expected)
{
    struct hf_hash hash;
    char text[2 * HF_HASH_SIZE + 1];
    hf_sha256_end(state, &hash);
    hf_hex_encode(hf_bytes_of(hash.b, HF_HASH_SIZE), text);
    return hf_str_eq(hf_str_c(text), hf_str_c(expected));
}

/* All valid subtrees of trees up to 130 leaves have the hashes that the merkle-tree-certs draft
 * publishes, as one accumulated digest. */
HF_TEST(accumulated_subtree_hashes)
{
    struct hf_tree_memory tree;
    struct hf_sha256_state state;
    struct hf_buf line = hf_buf_init(1u << 16);
    hf_tree_memory_init(&tree);
    grow(&tree, MANY, false);
    hf_sha256_begin(&state);
    for (uint64_t end = 0; end < MANY; end++) {
        for (uint64_t start = 0; start <= end; start++) {
            struct hf_hash hash;
            if (!hf_subtree_valid(start, end)) {
                continue;
            }
            if (start == end) {
                hf_sha256((struct hf_bytes){NULL, 0}, &hash);
            } else {
                HF_CHECK_RC(hf_tree_subtree(&tree.source, start, end, &hash, NULL), HF_OK);
            }
            hf_buf_printf(&line, "[%llu, %llu)", (unsigned long long)start,
                          (unsigned long long)end);
            add_hash(&line, &hash);
            end_line(&state, &line);
        }
    }
    hf_buf_free(&line);
    hf_tree_memory_fini(&tree);
    HF_CHECK(digest_is(&state, "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"));
}

/* Every consistency proof of every subtree of trees up to 130 leaves verifies, and together they
 * have the published digest. */
HF_TEST(accumulated_consistency_proofs)
{
    struct hf_tree_memory tree;
    struct hf_sha256_state state;
    struct hf_buf line = hf_buf_init(1u << 16);
    hf_tree_memory_init(&tree);
    grow(&tree, MANY, false);
    hf_sha256_begin(&state);
    for (uint64_t n = 0; n < MANY; n++) {
        struct hf_hash root;
        hf_tree_memory_root(&tree, n, &root);
        for (uint64_t end = 0; end <= n; end++) {
            for (uint64_t start = 0; start <= end; start++) {
                struct hf_proof proof;
                struct hf_hash sub;
                if (!hf_subtree_valid(start, end)) {
                    continue;
                }
                HF_CHECK_RC(hf_prove_subtree(&tree.source, start, end, n, &proof, NULL), HF_OK);
                if (start < end) {
                    HF_CHECK_RC(hf_tree_subtree(&tree.source, start, end, &sub, NULL), HF_OK);
                    HF_CHECK_RC(
                        hf_verify_subtree(start, end, &sub, n, &root, proof.hash, proof.count),
                        HF_OK);
                }
                hf_buf_printf(&line, "[%llu, %llu) %llu", (unsigned long long)start,
                              (unsigned long long)end, (unsigned long long)n);
                for (unsigned i = 0; i < proof.count; i++) {
                    add_hash(&line, &proof.hash[i]);
                }
                end_line(&state, &line);
            }
        }
    }
    hf_buf_free(&line);
    hf_tree_memory_fini(&tree);
    HF_CHECK(digest_is(&state, "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74"));
}

/* The tree of a subtree's leaves as a tree of its own: inclusion proofs inside subtrees. */
struct shifted {
    struct hf_tree_source source;
    struct hf_tree_memory *tree;
    uint64_t start;
};

static enum hf_rc shifted_node(struct hf_tree_source *source, unsigned level, uint64_t index,
                               struct hf_hash *ret_hash, struct hf_err *err)
{
    (void)err;
    struct shifted *shifted = HF_CONTAINER_OF(source, struct shifted, source);
    *ret_hash = *hf_tree_memory_node(shifted->tree, level, (shifted->start >> level) + index);
    return HF_OK;
}

/* Every inclusion proof in every subtree verifies, and together they have the published digest. */
HF_TEST(accumulated_inclusion_proofs)
{
    struct hf_tree_memory tree;
    struct hf_sha256_state state;
    struct hf_buf line = hf_buf_init(1u << 16);
    hf_tree_memory_init(&tree);
    grow(&tree, MANY, false);
    hf_sha256_begin(&state);
    for (uint64_t end = 0; end < MANY; end++) {
        for (uint64_t start = 0; start < end; start++) {
            struct shifted shifted = {{shifted_node}, &tree, start};
            struct hf_hash sub;
            if (!hf_subtree_valid(start, end)) {
                continue;
            }
            HF_CHECK_RC(hf_tree_subtree(&tree.source, start, end, &sub, NULL), HF_OK);
            for (uint64_t i = start; i < end; i++) {
                struct hf_proof proof;
                HF_CHECK_RC(
                    hf_prove_inclusion(&shifted.source, i - start, end - start, &proof, NULL),
                    HF_OK);
                HF_CHECK_RC(hf_verify_inclusion(i - start, end - start,
                                                hf_tree_memory_node(&tree, 0, i), proof.hash,
                                                proof.count, &sub),
                            HF_OK);
                hf_buf_printf(&line, "%llu [%llu, %llu)", (unsigned long long)i,
                              (unsigned long long)start, (unsigned long long)end);
                for (unsigned k = 0; k < proof.count; k++) {
                    add_hash(&line, &proof.hash[k]);
                }
                end_line(&state, &line);
            }
        }
    }
    hf_buf_free(&line);
    hf_tree_memory_fini(&tree);
    HF_CHECK(digest_is(&state, "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"));
}

/* Roots of logs of decimal numbers at sizes around tile and volume borders. */
HF_TEST(known_roots)
{
    static const struct {
        uint64_t size;
        const char *root;
    } known[] = {
        {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {255, "32f85bcaa87d7bcd05728f09e9aeba350ba6a2f733830087f0597682848be5cb"},
        {256, "828515d033c19d8c901f37eccb8aed919667703486f8d2fff1cf7040321c5db1"},
        {257, "1eda049a4351d86f76252bd7ec0b7746ad75b7fa0316ad5f541dbda458a312c4"},
        {1000, "638afa98022925bacfddadb15ef22fd0199c1ac99c2973b6158243d13fce05c2"},
        {65536, "f025d06ed804859fd274a1bdacadd6e48ea87634aa91e1edb20143f9498cd02b"},
        {70000, "1a4cdfcb66374a0c0dcbef49acbd4976d13ee864fb3cb241fc943cad04f02f7e"},
    };
    struct hf_tree_memory tree;
    struct hf_frontier frontier;
    hf_tree_memory_init(&tree);
    hf_frontier_init(&frontier);
    for (size_t i = 0; i < HF_LEN(known); i++) {
        struct hf_hash root, by_frontier;
        char text[2 * HF_HASH_SIZE + 1];
        grow(&tree, known[i].size, true);
        while (frontier.size < known[i].size) {
            hf_frontier_append(&frontier, hf_tree_memory_node(&tree, 0, frontier.size));
        }
        hf_tree_memory_root(&tree, known[i].size, &root);
        hf_frontier_root(&frontier, &by_frontier);
        hf_hex_encode(hf_bytes_of(root.b, HF_HASH_SIZE), text);
        HF_CHECK_STR(hf_str_c(text), hf_str_c(known[i].root));
        HF_CHECK(hf_hash_eq(&root, &by_frontier));
    }
    hf_tree_memory_truncate(&tree, 1000);
    grow(&tree, 1001, true);
    HF_CHECK_U64(tree.size, 1001);
    hf_tree_memory_fini(&tree);
}

static bool accepted(uint64_t index, uint64_t size, const struct hf_hash *leaf,
                     const struct hf_proof *proof, const struct hf_hash *root)
{
    return hf_verify_inclusion(index, size, leaf, proof->hash, proof->count, root) == HF_OK;
}

/* Whatever is changed about a right proof, it is refused: each hash flipped, dropped, doubled,
 * swapped; the root appended or put in front; index and size moved; another leaf or root. */
static void mutate(struct hf_tree_memory *tree, uint64_t index, uint64_t size)
{
    struct hf_proof right, wrong;
    struct hf_hash root, other, leaf = *hf_tree_memory_node(tree, 0, index);
    hf_tree_memory_root(tree, size, &root);
    HF_CHECK_RC(hf_prove_inclusion(&tree->source, index, size, &right, NULL), HF_OK);
    HF_CHECK(accepted(index, size, &leaf, &right, &root));
    for (unsigned i = 0; i < right.count; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            wrong = right;
            wrong.hash[i].b[bit * 4] ^= (uint8_t)(1u << bit);
            HF_CHECK(!accepted(index, size, &leaf, &wrong, &root));
        }
        wrong = right;
        memmove(&wrong.hash[i], &wrong.hash[i + 1], (right.count - i) * sizeof root);
        wrong.count--;
        HF_CHECK(!accepted(index, size, &leaf, &wrong, &root));
        wrong = right;
        memmove(&wrong.hash[i + 1], &wrong.hash[i], (right.count - i) * sizeof root);
        wrong.count++;
        HF_CHECK(!accepted(index, size, &leaf, &wrong, &root));
    }
    wrong = right;
    wrong.hash[wrong.count++] = root;
    HF_CHECK(!accepted(index, size, &leaf, &wrong, &root));
    memmove(&wrong.hash[1], &wrong.hash[0], right.count * sizeof root);
    wrong.hash[0] = root;
    HF_CHECK(!accepted(index, size, &leaf, &wrong, &root));
    other = leaf;
    other.b[0] ^= 1;
    HF_CHECK(!accepted(index, size, &other, &right, &root));
    hf_sha256((struct hf_bytes){NULL, 0}, &other);
    HF_CHECK(!accepted(index, size, &leaf, &right, &other));
    const uint64_t indexes[] = {index - 1, index + 1, index ^ 2, size, UINT64_MAX};
    for (size_t i = 0; i < HF_LEN(indexes); i++) {
        HF_CHECK(!accepted(indexes[i], size, &leaf, &right, &root));
    }
    const uint64_t sizes[] = {2 * size, size / 2, 0, UINT64_MAX};
    for (size_t i = 0; i < HF_LEN(sizes); i++) {
        /* A size with the same path is not told apart by the proof alone; the checkpoint is. */
        bool same = sizes[i] == size;
        HF_CHECK(same || sizes[i] > index || !accepted(index, sizes[i], &leaf, &right, &root));
    }
}

HF_TEST(mutated_inclusion_proofs)
{
    struct hf_tree_memory tree;
    hf_tree_memory_init(&tree);
    grow(&tree, 40, false);
    for (uint64_t size = 1; size <= 40 && !hf_test_failed(); size++) {
        for (uint64_t index = 0; index < size && !hf_test_failed(); index++) {
            mutate(&tree, index, size);
        }
    }
    hf_tree_memory_fini(&tree);
}

HF_TEST(mutated_consistency_proofs)
{
    struct hf_tree_memory tree;
    hf_tree_memory_init(&tree);
    grow(&tree, 40, false);
    for (uint64_t n = 1; n <= 40; n++) {
        for (uint64_t m = 1; m <= n; m++) {
            struct hf_proof right, wrong;
            struct hf_hash a, b;
            hf_tree_memory_root(&tree, m, &a);
            hf_tree_memory_root(&tree, n, &b);
            HF_CHECK_RC(hf_prove_consistency(&tree.source, m, n, &right, NULL), HF_OK);
            HF_CHECK_RC(hf_verify_consistency(m, &a, n, &b, right.hash, right.count), HF_OK);
            for (unsigned i = 0; i < right.count; i++) {
                wrong = right;
                wrong.hash[i].b[7] ^= 0x10;
                HF_CHECK_RC(hf_verify_consistency(m, &a, n, &b, wrong.hash, wrong.count),
                            HF_EBADPROOF);
            }
            wrong = right;
            wrong.hash[wrong.count++] = b;
            HF_CHECK_RC(hf_verify_consistency(m, &a, n, &b, wrong.hash, wrong.count), HF_EBADPROOF);
            if (right.count > 0) {
                HF_CHECK_RC(hf_verify_consistency(m, &a, n, &b, right.hash, right.count - 1),
                            HF_EBADPROOF);
            }
            if (m != n) {
                HF_CHECK_RC(hf_verify_consistency(m, &b, n, &a, right.hash, right.count),
                            HF_EBADPROOF);
            }
            HF_CHECK_RC(hf_verify_consistency(n + 1, &a, n, &b, right.hash, right.count),
                        HF_EBADPROOF);
        }
    }
    hf_tree_memory_fini(&tree);
}

/* Names of tiles and how many there are at size 70,000. */
HF_TEST(tile_names_and_counts)
{
    static const struct {
        int level;
        uint64_t n;
        unsigned width;
        const char *path;
    } named[] = {
        {0, 0, 256, "tile/0/000"},         {0, 273, 112, "tile/0/273.p/112"},
        {1, 1000, 256, "tile/1/x001/000"}, {-1, 1234067, 256, "tile/entries/x001/x234/067"},
        {2, 999, 1, "tile/2/999.p/1"},
    };

    for (size_t i = 0; i < HF_LEN(named); i++) {
        char path[HF_TILE_PATH_MAX];
        hf_tile_path(named[i].level, named[i].n, named[i].width, path);
        HF_CHECK_STR(hf_str_c(path), hf_str_c(named[i].path));
    }
    static const uint64_t full[] = {273, 1, 0, 0};
    static const unsigned partial[] = {112, 17, 1, 0};
    for (unsigned level = 0; level < 4; level++) {
        uint64_t f = 0;
        unsigned p = 0;
        hf_tile_counts(70000, level, &f, &p);
        HF_CHECK_U64(f, full[level]);
        HF_CHECK_U64(p, partial[level]);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(accumulated_subtree_hashes), HF_TEST_CASE(accumulated_consistency_proofs),
             HF_TEST_CASE(accumulated_inclusion_proofs), HF_TEST_CASE(known_roots),
             HF_TEST_CASE(mutated_inclusion_proofs), HF_TEST_CASE(mutated_consistency_proofs),
             HF_TEST_CASE(tile_names_and_counts))
