/* log/core/commit.c: one transaction and one sync; then the signature. */
#include "log/core/commit.h"

#include "base/assert.h"

/* Frames and blob chunks of sealed volumes that one commit deletes, so that no commit is long. */
#define DROPS_PER_COMMIT 2048

struct drop {
    uint8_t table;
    uint8_t key_len;
    uint8_t key[12];
};

static enum hf_rc list_table(struct hf_commit *commit, struct hf_kv_read *read, int table,
                             uint64_t below, uint64_t *ret_next, struct hf_err *err)
{
    struct hf_key8 start = hf_key8_make(0);
    struct hf_bytes key, value;
    enum hf_rc rc = hf_kv_ceil(read, table, hf_key8_bytes(&start), &key, &value, err);
    while (rc == HF_OK) {
        uint64_t index = key.len >= 8 ? hf_be64_get(key.ptr) : UINT64_MAX;
        if (index >= below) {
            break;
        }
        if (commit->drop.len / sizeof(struct drop) >= DROPS_PER_COMMIT) {
            *ret_next = index < *ret_next ? index : *ret_next;
            return HF_OK;
        }
        struct drop drop = {(uint8_t)table, (uint8_t)key.len, {0}};
        memcpy(drop.key, key.ptr, key.len < sizeof drop.key ? key.len : sizeof drop.key);
        hf_buf_put(&commit->drop, &drop, sizeof drop);
        rc = hf_kv_next(read, table, &key, &value, err);
    }
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

/* Lists what can be deleted below the sealed part, in a snapshot that ends before the commit. */
static enum hf_rc list_drops(struct hf_commit *commit, uint64_t *ret_next, struct hf_err *err)
{
    uint64_t below = commit->tip.sealed << HF_VOLUME_BITS;
    hf_buf_clear(&commit->drop);
    *ret_next = below;
    if (commit->tip.dropped >= below) {
        return HF_OK;
    }
    struct hf_kv_read *read = NULL;
    enum hf_rc rc = hf_kv_read(hf_log_kv(commit->log), &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = list_table(commit, read, HF_TABLE_FRAMES, below, ret_next, err);
    if (rc == HF_OK) {
        rc = list_table(commit, read, HF_TABLE_BLOBS, below, ret_next, err);
    }
    hf_kv_end(read);
    return rc == HF_OK && commit->drop.failed != HF_OK ? commit->drop.failed : rc;
}

static enum hf_rc drop_listed(struct hf_commit *commit, struct hf_kv_txn *txn, struct hf_err *err)
{
    const struct drop *drop = (const struct drop *)(const void *)commit->drop.ptr;
    enum hf_rc rc = HF_OK;
    for (size_t n = commit->drop.len / sizeof *drop; n > 0 && rc == HF_OK; n--, drop++) {
        rc = hf_kv_del(txn, drop->table, hf_bytes_of(drop->key, drop->key_len), err);
    }
    return rc;
}

static enum hf_rc write_all(struct hf_commit *commit, struct hf_kv_txn *txn, struct hf_err *err)
{
    enum hf_rc rc =
        hf_batch_write(commit->batch, txn, commit->packer, commit->tip.committed_us, err);
    if (rc == HF_OK && commit->recorded_volume) {
        uint8_t packed[HF_VOLUME_RECORD_SIZE];
        struct hf_key8 key = hf_key8_make(commit->tip.sealed);
        hf_volume_record_encode(&commit->record, packed);
        rc = hf_kv_put(txn, HF_TABLE_VOLUMES, hf_key8_bytes(&key),
                       hf_bytes_of(packed, sizeof packed), true, err);
        commit->tip.sealed++;
    }
    if (rc == HF_OK) {
        rc = drop_listed(commit, txn, err);
    }
    if (rc == HF_OK && commit->batch->note.len > 0) {
        rc = hf_kv_put(txn, HF_TABLE_META, HF_BYTES("source"), commit->batch->note, false, err);
    }
    if (rc == HF_OK) {
        uint8_t packed[HF_TIP_SIZE];
        hf_tip_encode(&commit->tip, packed);
        rc = hf_kv_put(txn, HF_TABLE_META, HF_BYTES("tip"), hf_bytes_of(packed, sizeof packed),
                       false, err);
    }
    return rc;
}

static enum hf_rc commit_blocking(struct hf_commit *commit, struct hf_err *err)
{
    uint64_t next = 0;
    enum hf_rc rc = list_drops(commit, &next, err);
    if (rc != HF_OK) {
        return rc;
    }
    commit->tip.dropped = next > commit->tip.dropped ? next : commit->tip.dropped;
    struct hf_kv_txn *txn = NULL;
    rc = hf_kv_begin(hf_log_kv(commit->log), &txn, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = write_all(commit, txn, err);
    if (rc != HF_OK) {
        hf_kv_abort(txn);
        return rc;
    }
    return hf_kv_commit(txn, err);
}

static void run_commit(struct hf_work *work)
{
    struct hf_commit *commit = HF_CONTAINER_OF(work, struct hf_commit, work);
    commit->err = (struct hf_err){0};
    commit->rc = commit_blocking(commit, &commit->err);
    if (commit->rc == HF_OK) {
        hf_commit_sign(commit, &commit->tip);
    }
}

/* What came with the entries, or else what the log had. */
static void take_note(struct hf_commit *commit)
{
    struct hf_bytes note = commit->batch != NULL && commit->batch->note.len > 0
                               ? commit->batch->note
                               : hf_log_source_note(commit->log);
    HF_ASSERT(note.len <= sizeof commit->note);
    memcpy(commit->note, note.ptr == NULL ? (const uint8_t *)"" : note.ptr, note.len);
    commit->note_len = note.len;
}

static void sign(struct hf_commit *commit, const struct hf_tip *tip)
{
    const struct hf_vkey *vkey = &hf_log_identity(commit->log)->vkey;
    struct hf_checkpoint checkpoint = {
        .origin = {vkey->name, vkey->name_len},
        .size = tip->size,
        .root = tip->root,
    };
    struct hf_writer w = hf_writer_init(commit->note, sizeof commit->note);
    hf_checkpoint_sign(&checkpoint, vkey, commit->key, &w);
    HF_ASSERT(!w.overflow);
    commit->note_len = w.len;
}

void hf_commit_sign(struct hf_commit *commit, const struct hf_tip *tip)
{
    if (commit->key != NULL) {
        sign(commit, tip);
    } else {
        take_note(commit);
    }
    /* A hint for readers without the key and against going back in time; it may be lost. */
    if (commit->note_len > 0) {
        (void)hf_mark_write(hf_log_place(commit->log), "checkpoint", hf_commit_note(commit),
                            /* err= */ NULL);
    }
}

struct hf_bytes hf_commit_note(const struct hf_commit *commit)
{
    return hf_bytes_of(commit->note, commit->note_len);
}

enum hf_rc hf_commit_init(struct hf_commit *commit, struct hf_log *log,
                          const struct hf_signing_key *key, void (*done)(struct hf_work *work),
                          struct hf_err *err)
{
    memset(commit, 0, sizeof *commit);
    commit->work.run = run_commit;
    commit->work.done = done;
    commit->log = log;
    commit->key = key;
    commit->drop = hf_buf_init((DROPS_PER_COMMIT + 1) * sizeof(struct drop));
    enum hf_rc rc = hf_packer_new(&commit->packer);
    return rc == HF_OK ? HF_OK : hf_err_set(err, rc, "no memory to open the log for writing");
}

void hf_commit_fini(struct hf_commit *commit)
{
    hf_packer_free(commit->packer);
    hf_buf_free(&commit->drop);
}

/* sealing */

enum hf_rc hf_commit_catch_up(struct hf_log *log, uint64_t volumes, struct hf_err *err)
{
    struct hf_views *views = hf_log_views(log);
    uint64_t covered = 0;
    enum hf_rc rc = hf_views_volumes(views, &covered, err);
    for (; rc == HF_OK && covered < volumes; covered++) {
        struct hf_volume *volume = NULL;
        rc = hf_log_volume(log, covered, &volume, err);
        if (rc == HF_OK) {
            rc = hf_views_add(views, volume, covered, err);
        }
    }
    return rc;
}

static void run_seal(struct hf_work *work)
{
    struct hf_seal *seal = HF_CONTAINER_OF(work, struct hf_seal, work);
    seal->err = (struct hf_err){0};
    seal->rc =
        hf_volume_seal(hf_log_place(seal->log), hf_log_identity(seal->log), hf_log_kv(seal->log),
                       seal->number, seal->leaves, &seal->record, &seal->err);
    if (seal->rc == HF_OK && hf_log_views(seal->log) != NULL) {
        seal->rc = hf_commit_catch_up(seal->log, seal->number + 1, &seal->err);
    }
}

void hf_seal_init(struct hf_seal *seal, struct hf_log *log, void (*done)(struct hf_work *work))
{
    memset(seal, 0, sizeof *seal);
    seal->work.run = run_seal;
    seal->work.done = done;
    seal->log = log;
}

/* pruning */

static void run_prune(struct hf_work *work)
{
    struct hf_pruning *pruning = HF_CONTAINER_OF(work, struct hf_pruning, work);
    pruning->err = (struct hf_err){0};
    pruning->rc = hf_log_prune(pruning->log, pruning->below, &pruning->more, &pruning->err);
}

void hf_pruning_init(struct hf_pruning *pruning, struct hf_log *log,
                     void (*done)(struct hf_work *work))
{
    memset(pruning, 0, sizeof *pruning);
    pruning->work.run = run_prune;
    pruning->work.done = done;
    pruning->log = log;
}
