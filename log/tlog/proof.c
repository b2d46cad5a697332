/* log/tlog/proof.c: makes and checks inclusion, consistency and subtree proofs. */
#include "base/assert.h"
#include "log/tlog/tree.h"

static uint64_t split(uint64_t size)
{
    /* The largest power of two below size; size >= 2. */
    return UINT64_C(1) << (63 - __builtin_clzll(size - 1));
}

/* SUBTREE_PROOF, top down: at each step the tree [low, low + size) is halved; the half that does
 * not hold [start, end) is a hash of the proof. The proof is wanted leaf side first, so it is
 * turned round at the end. `whole` says that the subtree's own hash is known to the verifier. */
static enum hf_rc prove(struct hf_tree_source *source, uint64_t start, uint64_t end, uint64_t size,
                        struct hf_proof *proof, struct hf_err *err)
{
    uint64_t low = 0;
    bool whole = true;
    enum hf_rc rc = HF_OK;
    proof->count = 0;
    while (rc == HF_OK && !(start == low && end == low + size)) {
        uint64_t k = split(size);
        struct hf_hash *out = &proof->hash[proof->count++];
        HF_ASSERT(proof->count <= HF_PROOF_MAX);
        if (end <= low + k) {
            rc = hf_tree_subtree(source, low + k, low + size, out, err);
            size = k;
        } else {
            rc = hf_tree_subtree(source, low, low + k, out, err);
            if (start < low + k) {
                whole = false; /* [start, end) is split: its right part remains */
                start = low + k;
            }
            low += k;
            size -= k;
        }
    }
    if (rc == HF_OK && !whole) {
        HF_ASSERT(proof->count < HF_PROOF_MAX);
        rc = hf_tree_subtree(source, start, end, &proof->hash[proof->count++], err);
    }
    for (unsigned i = 0; i < proof->count / 2; i++) {
        struct hf_hash swap = proof->hash[i];
        proof->hash[i] = proof->hash[proof->count - 1 - i];
        proof->hash[proof->count - 1 - i] = swap;
    }
    return rc;
}

enum hf_rc hf_prove_inclusion(struct hf_tree_source *source, uint64_t index, uint64_t size,
                              struct hf_proof *ret_proof, struct hf_err *err)
{
    if (index >= size || size > HF_TREE_SIZE_MAX) {
        return hf_err_set(err, HF_ERANGE, "there is no entry %llu in a tree of %llu",
                          (unsigned long long)index, (unsigned long long)size);
    }
    return prove(source, index, index + 1, size, ret_proof, err);
}

enum hf_rc hf_prove_subtree(struct hf_tree_source *source, uint64_t start, uint64_t end,
                            uint64_t size, struct hf_proof *ret_proof, struct hf_err *err)
{
    if (!hf_subtree_valid(start, end) || end > size || size > HF_TREE_SIZE_MAX) {
        return hf_err_set(err, HF_ERANGE, "[%llu, %llu) is no subtree of a tree of %llu",
                          (unsigned long long)start, (unsigned long long)end,
                          (unsigned long long)size);
    }
    ret_proof->count = 0;
    return start == end ? HF_OK : prove(source, start, end, size, ret_proof, err);
}

enum hf_rc hf_prove_consistency(struct hf_tree_source *source, uint64_t old_size, uint64_t new_size,
                                struct hf_proof *ret_proof, struct hf_err *err)
{
    if (old_size > new_size) {
        return hf_err_set(err, HF_ERANGE, "the old size %llu is above the new size %llu",
                          (unsigned long long)old_size, (unsigned long long)new_size);
    }
    return hf_prove_subtree(source, 0, old_size, new_size, ret_proof, err);
}

enum hf_rc hf_verify_inclusion(uint64_t index, uint64_t size, const struct hf_hash *leaf,
                               const struct hf_hash *proof, unsigned count,
                               const struct hf_hash *root)
{
    if (index >= size) {
        return HF_EBADPROOF;
    }
    return hf_verify_subtree(index, index + 1, leaf, size, root, proof, count);
}

enum hf_rc hf_verify_consistency(uint64_t old_size, const struct hf_hash *old_root,
                                 uint64_t new_size, const struct hf_hash *new_root,
                                 const struct hf_hash *proof, unsigned count)
{
    if (old_size > new_size) {
        return HF_EBADPROOF;
    }
    if (old_size == 0) {
        struct hf_hash empty;
        hf_sha256((struct hf_bytes){NULL, 0}, &empty);
        bool ok = count == 0 && hf_hash_eq(&empty, old_root) &&
                  (new_size != 0 || hf_hash_eq(&empty, new_root));
        return ok ? HF_OK : HF_EBADPROOF;
    }
    return hf_verify_subtree(0, old_size, old_root, new_size, new_root, proof, count);
}

/* The walk of RFC 9162 section 2.1.4.2, generalised to subtrees: fn is the last leaf of the
 * subtree, sn the last leaf of the tree, tn the first leaf of the subtree, all shifted to the
 * level reached. fr grows into the subtree's hash, sr into the root. */
enum hf_rc hf_verify_subtree(uint64_t start, uint64_t end, const struct hf_hash *subtree,
                             uint64_t size, const struct hf_hash *root, const struct hf_hash *proof,
                             unsigned count)
{
    if (!hf_subtree_valid(start, end) || end > size || start == end || count > HF_PROOF_MAX) {
        return HF_EBADPROOF;
    }
    uint64_t fn = start;
    uint64_t sn = end - 1;
    uint64_t tn = size - 1;
    if (sn == tn) {
        while (fn != sn) {
            fn >>= 1;
            sn >>= 1;
            tn >>= 1;
        }
    } else {
        while (fn != sn && (sn & 1) != 0) {
            fn >>= 1;
            sn >>= 1;
            tn >>= 1;
        }
    }
    unsigned at = 0;
    struct hf_hash fr = *subtree;
    if (fn != sn) {
        if (count == 0) {
            return HF_EBADPROOF;
        }
        fr = proof[at++];
    }
    struct hf_hash sr = fr;
    for (; at < count; at++) {
        if (tn == 0) {
            return HF_EBADPROOF;
        }
        if ((sn & 1) != 0 || sn == tn) {
            if (fn < sn) {
                hf_sha256_node(&proof[at], &fr, &fr);
            }
            hf_sha256_node(&proof[at], &sr, &sr);
            while ((sn & 1) == 0 && sn != 0) {
                fn >>= 1;
                sn >>= 1;
                tn >>= 1;
            }
        } else {
            hf_sha256_node(&sr, &proof[at], &sr);
        }
        fn >>= 1;
        sn >>= 1;
        tn >>= 1;
    }
    return tn == 0 && hf_hash_eq(&fr, subtree) && hf_hash_eq(&sr, root) ? HF_OK : HF_EBADPROOF;
}
