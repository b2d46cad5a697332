/* log/audit/record.h: the records that audit bundles and certificates of erasure are made of.
 *
 *   u8 kind | u32 length | bytes
 *   'C'  a checkpoint note of the region
 *   'E'  u64 index | u8 hashes | the inclusion proof under that checkpoint | the leaf
 * What is written of a log is read without it. Pure but for the log.
 */
#ifndef HF_LOG_AUDIT_RECORD_H
#define HF_LOG_AUDIT_RECORD_H

#include "base/buf.h"
#include "log/core/log.h"
#include "log/tlog/checkpoint.h"
#include "log/tlog/tree.h"

/* The head of a record of so many bytes, which the caller puts behind it. */
void hf_audit_put_head(struct hf_buf *buf, char kind, size_t len);
/* Entry `index`, whose bytes are leaf, with its proof in the tree of `size`. */
enum hf_rc hf_audit_put_entry(struct hf_log *log, uint64_t index, uint64_t size,
                              struct hf_bytes leaf, struct hf_buf *buf, struct hf_err *err);

/* The next record; false: what is left is none. */
bool hf_audit_take_record(struct hf_cursor *c, uint8_t *ret_kind, struct hf_bytes *ret_bytes);
/* The region's size and root, if this note is signed by its key. HF_EBADSIG, HF_ESYNTAX, ... */
enum hf_rc hf_audit_take_note(struct hf_bytes bytes, const struct hf_vkey *region,
                              uint64_t *ret_size, struct hf_hash *ret_root, struct hf_err *err);

struct hf_audit_entry {
    uint64_t index;
    struct hf_proof proof;
    struct hf_bytes leaf; /* borrows */
};

/* False: it is cut. */
bool hf_audit_take_entry(struct hf_bytes bytes, struct hf_audit_entry *ret);
/* Is it in the tree of this size and root? */
bool hf_audit_entry_holds(const struct hf_audit_entry *entry, uint64_t size,
                          const struct hf_hash *root);

#endif
