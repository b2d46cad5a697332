/* log/core/log.h: an open log: what it is, how long it is, any entry, any hash, any proof.
 *
 * Order: hf_log_open (or hf_log_create), hf_log_load before anything that needs hashes or heads,
 * hf_log_close. A reading process calls hf_log_refresh to see newer commits; the owner's writer
 * (log/core/writer.h) moves the log forward itself.
 * Threads: entries, frames and blobs may be read from any thread (each with its own
 * struct hf_reader or packer); everything else on the thread that owns the log.
 * No read transaction outlives a call, so an idle reader pins nothing.
 */
#ifndef HF_LOG_CORE_LOG_H
#define HF_LOG_CORE_LOG_H

#include "log/core/codec.h"
#include "log/core/tail.h"
#include "log/core/views.h"
#include "log/core/volume.h"
#include "log/tlog/checkpoint.h"

struct hf_log;

struct hf_log_options {
    const struct hf_codec *const *codecs; /* by kind; borrowed for the log's life */
    size_t codec_count;
};

/* Makes an empty log in an empty place (mode HF_PLACE_CREATE), durable when it returns; the place's
 * mode is HF_PLACE_OWN then. A place that is closed before that is emptied again. */
enum hf_rc hf_log_create(struct hf_place *place, const struct hf_identity *identity,
                         struct hf_err *err);

/* Gives *ret_log; the place is borrowed until hf_log_close. HF_EMISMATCH: not a log. HF_ENOSYS:
 * of a kind without a codec here (the entries can still be read as opaque bytes). */
enum hf_rc hf_log_open(struct hf_place *place, const struct hf_log_options *options,
                       struct hf_log **ret_log, struct hf_err *err);
void hf_log_close(struct hf_log *log);

const struct hf_identity *hf_log_identity(const struct hf_log *log);
/* NULL for an opaque log or an unknown kind. */
const struct hf_codec *hf_log_codec(const struct hf_log *log);
struct hf_place *hf_log_place(const struct hf_log *log);
struct hf_kv *hf_log_kv(const struct hf_log *log);
/* NULL when there are none yet (READ mode). */
struct hf_views *hf_log_views(const struct hf_log *log);
/* What was wrong with the indexes when the owner opened the log and put them beside
 * (views.mdb.damaged), to make them of the volumes again; HF_OK: nothing. Who opened it tells. */
const struct hf_err *hf_log_index_damage(const struct hf_log *log);
uint64_t hf_log_size(const struct hf_log *log); /* durable entries; any thread */
/* The newest commit. */
void hf_log_tip(const struct hf_log *log, struct hf_tip *ret_tip);
/* Of a mirror: the checkpoint that its source signed for this size; empty: it is none, or has no
 * entries yet. Borrows until the log is refreshed or published to. */
struct hf_bytes hf_log_source_note(const struct hf_log *log);
/* Bytes of all files. */
uint64_t hf_log_bytes(struct hf_log *log);

/* Reads the tip again (READ mode); true in *ret_grown when there are more entries. */
enum hf_rc hf_log_refresh(struct hf_log *log, bool *ret_grown, struct hf_err *err);

/* Sees each unsealed entry while a log is loaded; fills *ret_link. */
typedef enum hf_rc hf_log_fold_fn(void *arg, uint64_t index, struct hf_bytes entry,
                                  struct hf_tail_link *ret_link, struct hf_err *err);

/* Brings the tail up to the size: hashes every unsealed entry and compares the root with
 * the tip's. fold may be NULL (then the tail has no links). HF_ECORRUPT: the data is not what
 * was committed; verify says where. */
enum hf_rc hf_log_load(struct hf_log *log, hf_log_fold_fn *fold, void *arg, struct hf_err *err);
struct hf_tail *hf_log_tail(struct hf_log *log);
/* All complete subtrees of the loaded log. */
struct hf_tree_source *hf_log_source(struct hf_log *log);

/* One entry, copied into buf (cleared first). HF_ERANGE at or beyond the size; HF_EPRUNED. */
enum hf_rc hf_log_entry(struct hf_log *log, struct hf_packer *packer, uint64_t index,
                        struct hf_buf *buf, struct hf_err *err);

/* A run of entries around `index`: a bundle of *ret_count entries, the first of which has the index
 * *ret_first <= index. HF_EEND at the size; HF_EPRUNED. */
enum hf_rc hf_log_run(struct hf_log *log, struct hf_packer *packer, uint64_t index,
                      struct hf_buf *buf, uint64_t *ret_first, uint64_t *ret_count,
                      struct hf_err *err);

/* Sealed volume `number`, opened on first use and kept. Any thread. Borrows until close, or for
 * one that is being pruned until hf_log_prune_end. */
enum hf_rc hf_log_volume(struct hf_log *log, uint64_t number, struct hf_volume **ret_volume,
                         struct hf_err *err);

/* The first entry whose bytes are here; those before it are pruned. */
enum hf_rc hf_log_kept(struct hf_log *log, uint64_t *ret_first, struct hf_err *err);
/* Prunes the oldest volume that is not pruned yet, when all of it lies below the index: its
 * entries' bytes go, their hashes stay, and so do proofs, indexes, blobs, and the newest sealed
 * volume. *ret_more: another one could go. What was told to nobody must not be pruned: the caller
 * knows `below`. Owner only; blocking; not while a volume is being sealed. HF_ENOTFOUND: there is
 * none. */
enum hf_rc hf_log_prune(struct hf_log *log, uint64_t below, bool *ret_more, struct hf_err *err);
/* After each pruning that went well, on the thread that owns the log, when no other reads it:
 * closes what was replaced, which gives its room back. */
void hf_log_prune_end(struct hf_log *log);

/* The writer's side: a commit became durable; volumes were sealed. note: a mirror's, if it has
 * a new one; else empty. */
void hf_log_publish(struct hf_log *log, const struct hf_tip *tip, struct hf_bytes note);
/* It is a mirror no longer: its owner has the key and goes on by itself. */
enum hf_rc hf_log_forget_source(struct hf_log *log, struct hf_err *err);

/* The blob with this hash that entry `index` brought, decompressed into buf; also of a pruned one.
 * HF_ENOTFOUND; HF_ECORRUPT when the bytes do not have the hash. */
enum hf_rc hf_log_blob_at(struct hf_log *log, uint64_t index, const struct hf_hash *hash,
                          struct hf_buf *buf, struct hf_err *err);

#endif
