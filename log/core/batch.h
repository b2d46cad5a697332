/* log/core/batch.h: the entries of one commit while they are gathered and written.
 *
 * A batch is at most one frame a volume; it never spans more than two volumes. Its requests
 * wait in it for their answer. Gathering is the loop's, hf_batch_write a worker's; never both.
 */
#ifndef HF_LOG_CORE_BATCH_H
#define HF_LOG_CORE_BATCH_H

#include "base/queue.h"
#include "log/core/format.h"
#include "log/core/packer.h"
#include "log/store/kv.h"

#define HF_BATCH_ENTRIES_MAX 16384
#define HF_BATCH_BYTES_MAX   (8u << 20) /* a batch takes no more requests beyond this */
#define HF_BATCH_FRAMES      2

struct hf_batch_frame {
    uint64_t first;
    uint32_t count;
    struct hf_buf buf;    /* room for the header, then the bundle */
    struct hf_buf checks; /* 4 bytes an entry */
};

struct hf_batch_blob {
    uint64_t index;
    struct hf_bytes plain; /* borrowed from the request */
};

struct hf_batch {
    /* read-only */
    uint64_t first; /* index of its first entry */
    uint64_t count;
    uint64_t bytes; /* of entries and blobs */
    struct hf_queue requests;
    struct hf_bytes note; /* a mirror's: of the newest request; borrowed from it */
    /* private */
    struct hf_batch_frame frame[HF_BATCH_FRAMES];
    unsigned frames;
    struct hf_buf blobs; /* of struct hf_batch_blob */
};

void hf_batch_init(struct hf_batch *batch);
void hf_batch_fini(struct hf_batch *batch);
/* Empties it; the next entry will be `first`. Its requests must be gone. */
void hf_batch_reset(struct hf_batch *batch, uint64_t first);

/* Where the next entry's bytes go (len_max of them); NULL without memory. */
uint8_t *hf_batch_reserve(struct hf_batch *batch, size_t len_max);
/* Counts the entry of len bytes that was written there, with its leaf's check. */
enum hf_rc hf_batch_commit(struct hf_batch *batch, size_t len, uint32_t check);
enum hf_rc hf_batch_blob(struct hf_batch *batch, uint64_t index, struct hf_bytes plain);
/* Takes back the newest entries down to `count`; their blobs too. */
void hf_batch_truncate(struct hf_batch *batch, uint64_t count);
/* The entry's bytes while the batch is not written; false when it is not in it. */
bool hf_batch_find(const struct hf_batch *batch, uint64_t index, struct hf_bytes *ret_entry);

/* Puts frames and blobs into the transaction. */
enum hf_rc hf_batch_write(struct hf_batch *batch, struct hf_kv_txn *txn, struct hf_packer *packer,
                          int64_t committed_us, struct hf_err *err);

#endif
