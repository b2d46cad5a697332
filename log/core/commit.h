/* log/core/commit.h: the blocking halves of the writer: one commit, one sealing, one pruning.
 *
 * All are hf_work requests: their run functions touch only what is in their struct, the store
 * and the key; the writer reads the results when they are done.
 */
#ifndef HF_LOG_CORE_COMMIT_H
#define HF_LOG_CORE_COMMIT_H

#include "base/loop.h"
#include "log/core/batch.h"
#include "log/core/log.h"

struct hf_commit {
    struct hf_work work;
    /* in */
    struct hf_batch
        *batch;           /* may hold no entries: then only volumes are recorded, frames dropped */
    bool recorded_volume; /* `record` goes into the volumes table as number tip.sealed */
    struct hf_volume_record record;
    /* in and out */
    struct hf_tip tip; /* size, root, time; sealed and dropped move when the commit moves them */
    /* out */
    enum hf_rc rc;
    struct hf_err err;
    /* private */
    struct hf_log *log;
    const struct hf_signing_key *key;
    struct hf_packer *packer;
    struct hf_buf drop; /* keys of frames and blobs to delete */
    uint8_t note[HF_SOURCE_NOTE_MAX];
    size_t note_len;
};

/* key: NULL for a mirror. */
enum hf_rc hf_commit_init(struct hf_commit *commit, struct hf_log *log,
                          const struct hf_signing_key *key, void (*done)(struct hf_work *work),
                          struct hf_err *err);
void hf_commit_fini(struct hf_commit *commit);
/* Signs the checkpoint of a durable tip, or takes the one that a mirror's source signed, and leaves
 * it as the "checkpoint" mark. */
void hf_commit_sign(struct hf_commit *commit, const struct hf_tip *tip);
/* The newest signed checkpoint. Borrows until the next commit is dispatched. */
struct hf_bytes hf_commit_note(const struct hf_commit *commit);

struct hf_seal {
    struct hf_work work;
    /* in */
    uint64_t number;
    const struct hf_hash *leaves;
    uint64_t tried_size; /* the writer's note: complete volumes when it was tried last */
    /* out */
    struct hf_volume_record record;
    enum hf_rc rc;
    struct hf_err err;
    /* private */
    struct hf_log *log;
};

void hf_seal_init(struct hf_seal *seal, struct hf_log *log, void (*done)(struct hf_work *work));

struct hf_pruning {
    struct hf_work work;
    /* in */
    uint64_t below;
    /* out */
    bool more;
    enum hf_rc rc; /* HF_ENOTFOUND: there was nothing to do */
    struct hf_err err;
    /* private */
    struct hf_log *log;
};

void hf_pruning_init(struct hf_pruning *pruning, struct hf_log *log,
                     void (*done)(struct hf_work *work));

/* Indexes sealed volumes up to `volumes`. Blocking. */
enum hf_rc hf_commit_catch_up(struct hf_log *log, uint64_t volumes, struct hf_err *err);

#endif
