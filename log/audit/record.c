/* log/audit/record.c: records with proofs, written and read. */
#include "log/audit/record.h"

#include "base/heap.h"

void hf_audit_put_head(struct hf_buf *buf, char kind, size_t len)
{
    uint8_t head[5] = {(uint8_t)kind};
    hf_be32_put(head + 1, (uint32_t)len);
    hf_buf_put(buf, head, sizeof head);
}

enum hf_rc hf_audit_put_entry(struct hf_log *log, uint64_t index, uint64_t size,
                              struct hf_bytes leaf, struct hf_buf *buf, struct hf_err *err)
{
    struct hf_proof proof;
    uint8_t head[9];
    enum hf_rc rc = hf_prove_inclusion(hf_log_source(log), index, size, &proof, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_be64_put(head, index);
    head[8] = (uint8_t)proof.count;
    hf_audit_put_head(buf, 'E', sizeof head + proof.count * HF_HASH_SIZE + leaf.len);
    hf_buf_put(buf, head, sizeof head);
    for (unsigned i = 0; i < proof.count; i++) {
        hf_buf_put(buf, proof.hash[i].b, HF_HASH_SIZE);
    }
    hf_buf_put(buf, leaf.ptr, leaf.len);
    return HF_OK;
}

bool hf_audit_take_record(struct hf_cursor *c, uint8_t *ret_kind, struct hf_bytes *ret_bytes)
{
    uint32_t len = 0;
    return hf_cursor_u8(c, ret_kind) && hf_cursor_be32(c, &len) &&
           hf_cursor_take(c, len, ret_bytes);
}

enum hf_rc hf_audit_take_note(struct hf_bytes bytes, const struct hf_vkey *region,
                              uint64_t *ret_size, struct hf_hash *ret_root, struct hf_err *err)
{
    struct hf_checkpoint checkpoint;
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    if (note == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to verify");
    }
    enum hf_rc rc = hf_checkpoint_open(bytes, region, note, &checkpoint, err);
    hf_heap_free(note);
    if (rc == HF_OK) {
        *ret_size = checkpoint.size;
        *ret_root = checkpoint.root;
    }
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "the region's checkpoint");
}

bool hf_audit_take_entry(struct hf_bytes bytes, struct hf_audit_entry *ret)
{
    struct hf_cursor c = hf_cursor_init(bytes);
    struct hf_bytes hashes;
    uint8_t count = 0;
    if (!hf_cursor_be64(&c, &ret->index) || !hf_cursor_u8(&c, &count) || count > HF_PROOF_MAX ||
        !hf_cursor_take(&c, (size_t)count * HF_HASH_SIZE, &hashes)) {
        return false;
    }
    ret->proof.count = count;
    if (hashes.len > 0) {
        memcpy(ret->proof.hash, hashes.ptr, hashes.len);
    }
    ret->leaf = hf_bytes_of(c.ptr, c.left);
    return true;
}

bool hf_audit_entry_holds(const struct hf_audit_entry *entry, uint64_t size,
                          const struct hf_hash *root)
{
    struct hf_hash leaf;
    hf_tree_leaf_hash(entry->leaf, &leaf);
    return hf_verify_inclusion(entry->index, size, &leaf, entry->proof.hash, entry->proof.count,
                               root) == HF_OK;
}
