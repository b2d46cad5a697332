/* log/core/packer.h: zstd, below every hash: plain bytes are hashed, packed bytes are stored.
 *
 * Owns the library's contexts, so that packing many pieces allocates nothing. One thread.
 */
#ifndef HF_LOG_CORE_PACKER_H
#define HF_LOG_CORE_PACKER_H

#include "base/buf.h"
#include "base/err.h"

struct hf_packer;

/* Gives *ret_packer. */
enum hf_rc hf_packer_new(struct hf_packer **ret_packer);
void hf_packer_free(struct hf_packer *packer);
/* Appends one zstd frame with content size and checksum. */
enum hf_rc hf_pack(struct hf_packer *packer, struct hf_bytes plain, struct hf_buf *buf,
                   struct hf_err *err);
/* Appends the plain bytes of exactly one frame; refuses more than plain_max of them before
 * allocating. HF_ECORRUPT. */
enum hf_rc hf_unpack(struct hf_packer *packer, struct hf_bytes packed, size_t plain_max,
                     struct hf_buf *buf, struct hf_err *err);

#endif
