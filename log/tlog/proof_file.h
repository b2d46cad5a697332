/* log/tlog/proof_file.h: what somebody takes away for one entry (c2sp.org/tlog-proof@v1).
 *
 *   c2sp.org/tlog-proof@v1\n
 *   [extra BASE64\n]           not authenticated
 *   index N\n
 *   BASE64(hash)\n ...         the inclusion proof, leaf side first
 *   \n
 *   the checkpoint, a signed note
 */
#ifndef HF_LOG_TLOG_PROOF_FILE_H
#define HF_LOG_TLOG_PROOF_FILE_H

#include "log/tlog/checkpoint.h"
#include "log/tlog/tree.h"

#define HF_PROOF_FILE_MAX (1u << 17)

struct hf_proof_file {
    struct hf_str extra; /* still base64, validated; ptr NULL when absent */
    uint64_t index;
    struct hf_proof proof;
    struct hf_bytes note; /* borrows from what was parsed */
};

enum hf_rc hf_proof_file_parse(struct hf_bytes bytes, struct hf_proof_file *ret_file,
                               struct hf_err *err);
void hf_proof_file_format(const struct hf_proof_file *file, struct hf_writer *w);

/* Everything at once, offline: the checkpoint is signed by key, and entry is at the file's index
 * under its root. *ret_checkpoint (may be NULL) borrows from the file's bytes. HF_EMISMATCH for
 * a proof from another log, HF_EBADSIG, HF_EBADPROOF, HF_ERANGE when the index is not below the
 * size. */
enum hf_rc hf_proof_file_verify(const struct hf_proof_file *file, const struct hf_vkey *key,
                                struct hf_bytes entry, struct hf_checkpoint *ret_checkpoint,
                                struct hf_err *err);

#endif
