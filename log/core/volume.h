/* log/core/volume.h: a sealed volume: 65,536 entries in a read-only file of their own.
 *
 * Keys of the file: "head" (identity of log and volume, check), "leaf" (all leaf hashes, 2 MiB),
 * "tile" (the 256 roots of its level-0 tiles), 'b' be16 (bundles of 256 entries from that number
 * on, each be32 length and zstd with content checksum), 'x' be64 be32 (blob chunks).
 * A *pruned* volume (head version 2) has no bundles; it keeps its hashes, so every proof still
 * works, its blobs, and its part of the indexes: 'p' and a posting's key, "time" (the recorded time
 * of each bundle's first entry). docs/FORMATS.md has the bytes.
 * Threads: an open volume may be read by any thread; the seal job runs on one.
 */
#ifndef HF_LOG_CORE_VOLUME_H
#define HF_LOG_CORE_VOLUME_H

#include "log/core/format.h"
#include "log/core/packer.h"
#include "log/store/place.h"
#include "log/tlog/tree.h"

struct hf_volume;

/* Opens volume `number` of the log `identity`. HF_ENOTFOUND: the file is missing (the text says
 * which and what to do); HF_EMISMATCH: of another log or number; HF_ECORRUPT. */
enum hf_rc hf_volume_open(struct hf_place *place, const struct hf_identity *identity,
                          uint64_t number, struct hf_volume **ret_volume, struct hf_err *err);
void hf_volume_close(struct hf_volume *volume);

const struct hf_volume_record *hf_volume_record(const struct hf_volume *volume);
uint64_t hf_volume_bytes(const struct hf_volume *volume);

/* Its entries are not here any more. */
bool hf_volume_pruned(const struct hf_volume *volume);

/* Decompresses bundle 0..255 into buf (cleared first): 256 entries as a tlog-tiles bundle.
 * HF_EPRUNED. */
enum hf_rc hf_volume_bundle(struct hf_volume *volume, struct hf_packer *packer, unsigned bundle,
                            struct hf_buf *buf, struct hf_err *err);
/* The 65,536 stored leaf hashes; borrows until close. */
const struct hf_hash *hf_volume_leaves(const struct hf_volume *volume);
/* The complete subtree (level 0..16, index relative to the volume), computed from stored hashes. */
void hf_volume_node(const struct hf_volume *volume, unsigned level, uint64_t index,
                    struct hf_hash *ret_hash);
/* A blob's chunk as stored; gives a copy in buf (appended). HF_ENOTFOUND at the end. */
enum hf_rc hf_volume_blob_chunk(struct hf_volume *volume, uint64_t index, uint32_t chunk,
                                struct hf_buf *buf, struct hf_err *err);
/* The stored roots of level-0 tiles, for verification. */
const struct hf_hash *hf_volume_tiles(const struct hf_volume *volume);

/* Builds the file of volume `number` from the frames in kv (log.mdb). `leaves` are its 65,536
 * leaf hashes. *ret_record is what the volumes table gets. Blocking; worker thread. */
enum hf_rc hf_volume_seal(struct hf_place *place, const struct hf_identity *identity,
                          struct hf_kv *kv, uint64_t number, const struct hf_hash *leaves,
                          struct hf_volume_record *ret_record, struct hf_err *err);

/* Pruning. */

/* Takes one index record: key and value as in the table "postings" of log/core/views.h. */
typedef enum hf_rc hf_volume_posting_fn(void *arg, struct hf_bytes key, struct hf_bytes value,
                                        struct hf_err *err);
/* What a pruned volume kept of the indexes: gives each posting in key order, fills the times. */
enum hf_rc hf_volume_postings(struct hf_volume *volume, hf_volume_posting_fn *take, void *arg,
                              int64_t ret_times[HF_VOLUME_BUNDLES], struct hf_err *err);

/* Gives the postings of a volume in key order to `take`, fills the times. */
struct hf_prune_index {
    enum hf_rc (*postings)(struct hf_prune_index *index, hf_volume_posting_fn *take, void *arg,
                           int64_t ret_times[HF_VOLUME_BUNDLES], struct hf_err *err);
};
/* Puts a pruned file in the place of the volume's: the old one or the new one is there at any
 * moment. The open volume stays as it was until it is closed. index: NULL for a log without
 * indexes. Blocking; one thread at a time. */
enum hf_rc hf_volume_prune(struct hf_place *place, const struct hf_identity *identity,
                           struct hf_volume *volume, struct hf_prune_index *index,
                           struct hf_err *err);

#endif
