/* log/core/codec.h: what the opaque core asks of the layer that knows what entries mean.
 *
 * The core stores bytes. A codec tells it who produced an entry, which stream it belongs to and
 * which blob it names, and turns a submission into an entry by adding what the writer decides
 * (stream version, recorded time). Opaque logs have no codec: submission and entry are the same
 * bytes, without producer and stream. Functions are pure; any thread.
 */
#ifndef HF_LOG_CORE_CODEC_H
#define HF_LOG_CORE_CODEC_H

#include "base/crypto.h"

#define HF_NAME_MAX 128 /* bytes of a stream or producer name */

/* Slices borrow from the bytes that were inspected. */
struct hf_entry_meta {
    struct hf_str producer;
    struct hf_str stream;
    struct hf_str type;
    uint64_t sequence;   /* the producer's, from 1, growing */
    uint64_t version;    /* the stream's, from 1 without gaps; 0 in a submission */
    int64_t recorded_us; /* 0 in a submission */
    bool has_blob;
    struct hf_hash blob; /* SHA-256 of the blob's plain bytes */
};

struct hf_codec {
    const char *kind; /* "events": stored in the log's identity */
    /* Checks a submission fully and describes it. HF_EINVAL with offset and reason. */
    enum hf_rc (*submission)(struct hf_bytes submission, struct hf_entry_meta *ret_meta,
                             struct hf_err *err);
    /* Writes the entry made of a checked submission. */
    void (*finish)(struct hf_bytes submission, uint64_t version, int64_t recorded_us,
                   struct hf_writer *w);
    /* Describes a stored entry. strict: check everything, as verification does; else only what
     * memory safety needs. HF_ECORRUPT. */
    enum hf_rc (*entry)(struct hf_bytes entry, bool strict, struct hf_entry_meta *ret_meta,
                        struct hf_err *err);
    /* The hash of the submission inside a stored entry (the same as of the submission itself). */
    enum hf_rc (*entry_submission_hash)(struct hf_bytes entry, struct hf_hash *ret_hash,
                                        struct hf_err *err);
    void (*submission_hash)(struct hf_bytes submission, struct hf_hash *ret_hash);
    /* Most bytes that finish adds to a submission. */
    size_t finish_max;
};

#endif
