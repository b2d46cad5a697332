/* tests/fuzz/tlog/fuzz_proof_file.c: a proof file has one spelling and proves one root.
 *
 * Input: a proof file. Properties: what is accepted and written again gives the same bytes; under a
 * key that never signed it proves nothing; with the input's proof no two roots can both be proved.
 * A true proof made of the input verifies, and does not with another root, entry, index or hash.
 */
#include "base/assert.h"
#include "log/tlog/proof_file.h"
#include "log/tlog/tree_memory.h"
#include "tests/fuzz/tlog/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORIGIN     "signer.example/log"
#define LEAVES_MAX 64u

static void check_same_bytes(const struct hf_proof_file *file, struct hf_bytes input)
{
    static uint8_t again[HF_PROOF_FILE_MAX];
    struct hf_writer w = hf_writer_init(again, sizeof again);
    hf_proof_file_format(file, &w);
    HF_ASSERT(!w.overflow && hf_bytes_eq(hf_writer_done(&w), input));
}

static struct hf_vkey signer(void)
{
    struct hf_vkey key;
    HF_ASSERT(hf_vkey_make(HF_STR(ORIGIN), HF_KEY_ED25519,
                           hf_signing_key_public(fuzz_keys()->signer), &key,
                           /* err= */ NULL) == HF_OK);
    return key;
}

/* The file's proof under a checkpoint that our signer makes. */
static enum hf_rc verify_under(const struct hf_proof_file *file, uint64_t tree_size,
                               const struct hf_hash *root, struct hf_bytes entry)
{
    uint8_t bytes[HF_CHECKPOINT_NOTE_MAX];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_vkey key = signer();
    struct hf_checkpoint checkpoint = {
        .origin = HF_STR(ORIGIN), .size = tree_size, .root = *root, .extensions = HF_STR("")};
    struct hf_proof_file with = *file;
    hf_checkpoint_sign(&checkpoint, &key, fuzz_keys()->signer, &w);
    HF_ASSERT(!w.overflow);
    with.note = hf_writer_done(&w);
    return hf_proof_file_verify(&with, &key, entry, &checkpoint, /* err= */ NULL);
}

/* The input's own proof, under the root that its checkpoint names and under one beside it. */
static void check_foreign(const struct hf_proof_file *file, struct hf_bytes entry)
{
    static struct hf_note note;
    struct hf_checkpoint named;
    struct hf_vkey key = signer();
    key = fuzz_claim(HF_STR(ORIGIN), HF_KEY_ED25519, key.id, fuzz_keys()->stranger);
    HF_ASSERT(hf_proof_file_verify(file, &key, entry, /* ret_checkpoint= */ NULL,
                                   /* err= */ NULL) != HF_OK);
    if (hf_note_parse(file->note, &note, /* err= */ NULL) != HF_OK ||
        hf_checkpoint_parse(note.text, &named, /* err= */ NULL) != HF_OK) {
        return;
    }
    enum hf_rc first = verify_under(file, named.size, &named.root, entry);
    named.root.b[file->index % HF_HASH_SIZE] ^= 0x10;
    enum hf_rc second = verify_under(file, named.size, &named.root, entry);
    HF_ASSERT(first == HF_OK || first == HF_EBADPROOF || first == HF_ERANGE);
    HF_ASSERT(second == HF_EBADPROOF || second == HF_ERANGE || first == HF_EBADPROOF);
    HF_ASSERT((first == HF_ERANGE) == (file->index >= named.size) &&
              (second == HF_ERANGE) == (first == HF_ERANGE));
}

static void check_refused(const struct hf_proof_file *file, uint64_t tree_size,
                          const struct hf_hash *root, struct hf_bytes entry)
{
    struct hf_proof_file other = *file;
    struct hf_hash other_root = *root;
    other_root.b[file->index % HF_HASH_SIZE] ^= 1;
    HF_ASSERT(verify_under(file, tree_size, &other_root, entry) == HF_EBADPROOF);
    HF_ASSERT(verify_under(file, tree_size, root, HF_BYTES("another entry")) == HF_EBADPROOF);
    other.index = file->index ^ 1;
    HF_ASSERT(verify_under(&other, tree_size, root, entry) != HF_OK);
    other.index = tree_size;
    HF_ASSERT(verify_under(&other, tree_size, root, entry) == HF_ERANGE);
    other = *file;
    other.proof.count++;
    HF_ASSERT(verify_under(&other, tree_size, root, entry) == HF_EBADPROOF);
    if (file->proof.count > 0) {
        other.proof.count = file->proof.count - 1;
        HF_ASSERT(verify_under(&other, tree_size, root, entry) == HF_EBADPROOF);
        other = *file;
        other.proof.hash[file->index % file->proof.count].b[31] ^= 0x80;
        HF_ASSERT(verify_under(&other, tree_size, root, entry) == HF_EBADPROOF);
    }
}

/* A log of numbered entries; the input picks how many and which one is proved. */
static void check_true(uint8_t pick_size, uint8_t pick_index)
{
    struct hf_tree_memory tree;
    struct hf_proof_file file = {.index = 0};
    struct hf_hash root, leaf;
    uint64_t count = 1u + pick_size % LEAVES_MAX;
    uint8_t entry[8];
    hf_tree_memory_init(&tree);
    for (uint64_t i = 0; i < count; i++) {
        hf_be64_put(entry, i);
        hf_tree_leaf_hash(hf_bytes_of(entry, sizeof entry), &leaf);
        HF_ASSERT(hf_tree_memory_append(&tree, &leaf) == HF_OK);
    }
    file.index = pick_index % count;
    hf_tree_memory_root(&tree, count, &root);
    HF_ASSERT(hf_prove_inclusion(&tree.source, file.index, count, &file.proof, /* err= */ NULL) ==
              HF_OK);
    hf_tree_memory_fini(&tree);
    hf_be64_put(entry, file.index);
    HF_ASSERT(verify_under(&file, count, &root, hf_bytes_of(entry, sizeof entry)) == HF_OK);
    check_refused(&file, count, &root, hf_bytes_of(entry, sizeof entry));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hf_proof_file file;
    struct hf_bytes input = hf_bytes_of(data, size);
    if (hf_proof_file_parse(input, &file, /* err= */ NULL) == HF_OK) {
        check_same_bytes(&file, input);
        check_foreign(&file, hf_str_bytes(file.extra));
    }
    if (size >= 2) {
        check_true(data[size - 1], data[size - 2]);
    }
    return 0;
}
