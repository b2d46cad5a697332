/* log/core/writer.c: gathers requests, commits them, signs, answers, seals.
 *
 * Two batches: one gathers on the loop while the other is on its way to disk on a worker. What
 * the loop does per request is in log/core/admit.c, what the worker does in log/core/commit.c.
 */
#include "log/core/writer.h"

#include "base/assert.h"
#include "base/heap.h"
#include "base/sm.h"
#include "log/core/admit.h"
#include "log/core/commit.h"

/* Unsealed complete volumes beyond which requests wait for the sealing. */
#define BACKLOG_MAX 4

/*   OPEN <-> NO_ROOM
 *   OPEN, NO_ROOM -> FAILED, CLOSING;  FAILED -> CLOSING;  CLOSING -> CLOSED */
static const struct hf_sm_state states[] = {
    [HF_WRITER_OPEN] = {"OPEN",
                        HF_SM_TO(HF_WRITER_NO_ROOM) | HF_SM_TO(HF_WRITER_FAILED) |
                            HF_SM_TO(HF_WRITER_CLOSING),
                        HF_SM_INITIAL},
    [HF_WRITER_NO_ROOM] = {"NO_ROOM",
                           HF_SM_TO(HF_WRITER_OPEN) | HF_SM_TO(HF_WRITER_FAILED) |
                               HF_SM_TO(HF_WRITER_CLOSING),
                           0},
    [HF_WRITER_FAILED] = {"FAILED", HF_SM_TO(HF_WRITER_CLOSING), 0},
    [HF_WRITER_CLOSING] = {"CLOSING", HF_SM_TO(HF_WRITER_CLOSED), 0},
    [HF_WRITER_CLOSED] = {"CLOSED", 0, HF_SM_FINAL},
};
static const struct hf_sm_conf conf = {"log writer", states, HF_LEN(states)};

struct hf_log_writer {
    struct hf_appender appender;
    struct hf_log *log;
    struct hf_log_writer_options options;
    struct hf_sm sm;
    struct hf_err trouble;
    struct hf_admission admission;
    struct hf_batch batches[2];
    struct hf_queue waiting;  /* not looked at yet */
    struct hf_queue finished; /* answered, callback due */
    struct hf_task task;
    struct hf_commit commit; /* in flight when commit_busy */
    bool commit_busy;
    bool broken; /* a commit failed: nothing may be written any more */
    struct hf_seal seal;
    bool seal_busy;
    bool seal_done;  /* sealed, to be recorded by the next commit */
    bool seal_stuck; /* the last try failed; tried again with the next full volume or close */
    struct hf_pruning pruning;
    bool prune_busy;
    uint64_t prune_below; /* what was asked for; 0: nothing, or it is done */
    uint64_t floor;
    int64_t last_us; /* recorded time never goes backwards */
    struct hf_log_writer_counts counts;
    /* The newest signed checkpoint. The commit's own note is its worker's while it runs. */
    uint8_t note[HF_SOURCE_NOTE_MAX];
    size_t note_len;
    void (*closed)(void *arg);
    void *closed_arg;
};

uint64_t hf_free_floor_default(uint64_t total_bytes)
{
    uint64_t floor = total_bytes / 16;
    const uint64_t least = UINT64_C(4) << 20;
    const uint64_t most = UINT64_C(256) << 20;
    return floor < least ? least : floor > most ? most : floor;
}

static void poke(struct hf_log_writer *writer)
{
    hf_task_post(writer->options.loop, &writer->task);
}

const uint32_t hf_append_bucket_ms[HF_APPEND_BUCKETS] = {1,   2,   5,   10,   20,  50,
                                                         100, 200, 500, 1000, 5000};

static void count(struct hf_log_writer *writer, const struct hf_append *append, enum hf_rc rc)
{
    struct hf_log_writer_counts *counts = &writer->counts;
    if (rc != HF_OK) {
        bool ours = rc == HF_EIO || rc == HF_EUNKNOWN || rc == HF_ENOSPC || rc == HF_ENOMEM;
        counts->failures += ours ? 1 : 0;
        return;
    }
    uint64_t now = hf_env_mono_ns(hf_loop_env(writer->options.loop));
    uint64_t us = (now - append->submitted_ns) / 1000;
    unsigned bucket = 0;
    while (bucket < HF_APPEND_BUCKETS && us > hf_append_bucket_ms[bucket] * UINT64_C(1000)) {
        bucket++;
    }
    counts->buckets[bucket]++;
    counts->sum_us += us;
    counts->appends++;
}

static void answer(struct hf_log_writer *writer, struct hf_append *append, enum hf_rc rc)
{
    count(writer, append, rc);
    append->rc = rc;
    append->err.rc = rc;
    hf_queue_push(&writer->finished, &append->node);
}

static void refuse(struct hf_log_writer *writer, struct hf_append *append, enum hf_rc rc,
                   const char *text)
{
    (void)hf_err_set(&append->err, rc, "%s", text);
    answer(writer, append, rc);
}

static void tell(struct hf_log_writer *writer)
{
    if (writer->options.changed != NULL) {
        writer->options.changed(writer->options.arg, writer);
    }
}

static void submit(struct hf_appender *appender, struct hf_append *append)
{
    struct hf_log_writer *writer = HF_CONTAINER_OF(appender, struct hf_log_writer, appender);
    append->rc = HF_OK;
    append->err = (struct hf_err){0};
    append->repeated = false;
    append->checkpoint = (struct hf_bytes){NULL, 0};
    append->submitted_ns = hf_env_mono_ns(hf_loop_env(writer->options.loop));
    hf_queue_push(&writer->waiting, &append->node);
    poke(writer);
}

static const struct hf_appender_ops appender_ops = {submit};

/* requests */

static bool room_for(struct hf_log_writer *writer, uint64_t need, struct hf_err *err)
{
    uint64_t free_bytes = 0;
    uint64_t total = 0;
    if (hf_place_room(hf_log_place(writer->log), &free_bytes, &total, err) != HF_OK) {
        return false;
    }
    uint64_t floor = writer->floor != 0 ? writer->floor : hf_free_floor_default(total);
    /* Twice: LMDB writes changed pages beside the old ones. */
    if (free_bytes >= floor + 2 * need) {
        return true;
    }
    (void)hf_err_set(err, HF_ENOSPC,
                     "%llu bytes are free, the log keeps %llu free and is read-only until there "
                     "is room; free some space and try again",
                     (unsigned long long)free_bytes, (unsigned long long)floor);
    return false;
}

static bool look_for(struct hf_log_writer *writer, uint64_t need, struct hf_err *err)
{
    bool enough = room_for(writer, need, err);
    int state = writer->sm.state;
    if (enough && state == HF_WRITER_NO_ROOM) {
        hf_sm_move(&writer->sm, HF_WRITER_OPEN);
        writer->trouble = (struct hf_err){0};
        tell(writer);
    } else if (!enough && state == HF_WRITER_OPEN) {
        hf_sm_move(&writer->sm, HF_WRITER_NO_ROOM);
        writer->trouble = *err;
        tell(writer);
    }
    return enough;
}

/* The room is looked at once a batch; a request in a batch that has begun went through. */
static bool check_room(struct hf_log_writer *writer, struct hf_append *append)
{
    struct hf_err err = {0};
    uint64_t need = writer->admission.gather->bytes;
    if (writer->admission.gather->count > 0 && append->item_count == 1 &&
        append->items[0].blob.len == 0) {
        return true;
    }
    for (size_t i = 0; i < append->item_count; i++) {
        need += append->items[i].bytes.len + append->items[i].blob.len;
    }
    bool enough = look_for(writer, need, &err);
    if (!enough) {
        append->err = err;
        answer(writer, append, HF_ENOSPC);
    }
    return enough;
}

static void admit_one(struct hf_log_writer *writer, struct hf_append *append)
{
    if (!check_room(writer, append)) {
        return;
    }
    int64_t now = hf_env_wall_us(hf_loop_env(writer->options.loop));
    writer->last_us = now > writer->last_us ? now : writer->last_us;
    enum hf_rc rc = hf_admit(&writer->admission, append, writer->last_us, &append->err);
    if (rc != HF_OK) {
        answer(writer, append, rc);
        return;
    }
    append->err = (struct hf_err){0};
    /* A repeat waits in the batch too: what it repeats may be in flight. */
    hf_queue_push(&writer->admission.gather->requests, &append->node);
}

static bool backlog(const struct hf_log_writer *writer)
{
    struct hf_tip tip;
    hf_log_tip(writer->log, &tip);
    return (tip.size >> HF_VOLUME_BITS) - tip.sealed >= BACKLOG_MAX && writer->seal_busy;
}

static void admit_waiting(struct hf_log_writer *writer)
{
    const struct hf_batch *gather = writer->admission.gather;
    while (!hf_queue_empty(&writer->waiting)) {
        if (writer->sm.state == HF_WRITER_OPEN || writer->sm.state == HF_WRITER_NO_ROOM) {
            if (gather->bytes >= HF_BATCH_BYTES_MAX ||
                gather->count + HF_APPEND_ITEMS_MAX > HF_BATCH_ENTRIES_MAX || backlog(writer)) {
                return;
            }
        }
        struct hf_append *append =
            HF_CONTAINER_OF(hf_queue_pop(&writer->waiting), struct hf_append, node);
        if (writer->sm.state == HF_WRITER_FAILED || writer->broken) {
            refuse(writer, append, HF_EIO, writer->trouble.text);
        } else if (writer->closed != NULL) {
            refuse(writer, append, HF_ECLOSED, "the log is being closed");
        } else {
            admit_one(writer, append);
        }
    }
}

/* committing */

static void take_note(struct hf_log_writer *writer)
{
    struct hf_bytes note = hf_commit_note(&writer->commit);
    memcpy(writer->note, note.ptr, note.len);
    writer->note_len = note.len;
}

static void answer_batch(struct hf_log_writer *writer, struct hf_batch *batch, enum hf_rc rc)
{
    for (struct hf_queue *node; (node = hf_queue_pop(&batch->requests)) != NULL;) {
        struct hf_append *append = HF_CONTAINER_OF(node, struct hf_append, node);
        if (rc != HF_OK) {
            refuse(writer, append, rc, writer->trouble.text);
            continue;
        }
        if (append->wait == HF_WAIT_SIGNED) {
            append->checkpoint = hf_log_writer_checkpoint(writer);
        }
        answer(writer, append, HF_OK);
    }
}

static void fail(struct hf_log_writer *writer, const struct hf_err *err)
{
    writer->broken = true;
    (void)hf_err_set(&writer->trouble, HF_EIO,
                     "a commit failed (%.200s); close the log and open it again, then submit "
                     "again what was not acknowledged",
                     err->text);
    answer_batch(writer, writer->commit.batch, HF_EUNKNOWN);
    answer_batch(writer, writer->admission.gather, HF_EUNKNOWN);
    if (writer->sm.state == HF_WRITER_OPEN || writer->sm.state == HF_WRITER_NO_ROOM) {
        hf_sm_move(&writer->sm, HF_WRITER_FAILED);
    }
}

static void committed(struct hf_work *work)
{
    struct hf_commit *commit = HF_CONTAINER_OF(work, struct hf_commit, work);
    struct hf_log_writer *writer = HF_CONTAINER_OF(commit, struct hf_log_writer, commit);
    writer->commit_busy = false;
    if (commit->rc != HF_OK) {
        fail(writer, &commit->err);
    } else {
        take_note(writer);
        hf_log_publish(writer->log, &commit->tip, commit->batch->note);
        writer->counts.commits++;
        if (commit->recorded_volume) {
            hf_tail_drop_front(hf_log_tail(writer->log));
            if (hf_log_views(writer->log) != NULL) { /* they have what the volume has */
                hf_heads_forget(&writer->admission.heads, hf_log_tail(writer->log)->base);
            }
            writer->seal_done = false;
        }
        answer_batch(writer, commit->batch, HF_OK);
    }
    writer->admission.flight = NULL;
    hf_batch_reset(commit->batch, 0);
    tell(writer);
    poke(writer);
}

static bool want_commit(const struct hf_log_writer *writer)
{
    if (writer->commit_busy || writer->broken) {
        return false;
    }
    struct hf_tip tip;
    hf_log_tip(writer->log, &tip);
    return writer->admission.gather->count > 0 || writer->seal_done ||
           tip.dropped < tip.sealed << HF_VOLUME_BITS;
}

static void dispatch(struct hf_log_writer *writer)
{
    struct hf_batch *batch = writer->admission.gather;
    struct hf_batch *next =
        batch == &writer->batches[0] ? &writer->batches[1] : &writer->batches[0];
    struct hf_commit *commit = &writer->commit;
    struct hf_tail *tail = hf_log_tail(writer->log);
    hf_log_tip(writer->log, &commit->tip);
    commit->batch = batch;
    commit->tip.size = tail->size;
    commit->recorded_volume = writer->seal_done;
    commit->record = writer->seal.record;
    if (batch->count > 0) {
        int64_t now = hf_env_wall_us(hf_loop_env(writer->options.loop));
        writer->last_us = now > writer->last_us ? now : writer->last_us;
        commit->tip.committed_us = writer->last_us;
    }
    enum hf_rc rc =
        hf_tree_root(hf_log_source(writer->log), tail->size, &commit->tip.root, &commit->err);
    HF_ASSERT(rc == HF_OK); /* everything above and in the tail is in memory */
    writer->admission.gather = next;
    writer->admission.flight = batch;
    hf_batch_reset(next, tail->size);
    writer->commit_busy = true;
    rc = hf_work_submit(writer->options.loop, &commit->work);
    if (rc != HF_OK) {
        commit->rc = hf_err_set(&commit->err, rc, "no worker for the commit");
        committed(&commit->work);
    }
}

/* sealing */

static void sealed(struct hf_work *work)
{
    struct hf_seal *seal = HF_CONTAINER_OF(work, struct hf_seal, work);
    struct hf_log_writer *writer = HF_CONTAINER_OF(seal, struct hf_log_writer, seal);
    writer->seal_busy = false;
    writer->seal_done = seal->rc == HF_OK;
    writer->seal_stuck = seal->rc != HF_OK;
    if (seal->rc != HF_OK && writer->sm.state == HF_WRITER_OPEN) {
        writer->trouble = seal->err; /* told, not fatal: the entries are durable where they are */
        tell(writer);
    }
    poke(writer);
}

static void start_seal(struct hf_log_writer *writer)
{
    struct hf_tip tip;
    hf_log_tip(writer->log, &tip);
    if (writer->seal_busy || writer->prune_busy || writer->seal_done || writer->broken ||
        (tip.size >> HF_VOLUME_BITS) <= tip.sealed) {
        return;
    }
    if (writer->seal_stuck && writer->seal.tried_size == tip.size >> HF_VOLUME_BITS) {
        return;
    }
    writer->seal.tried_size = tip.size >> HF_VOLUME_BITS;
    writer->seal.number = tip.sealed;
    writer->seal.leaves = hf_tail_leaves(hf_log_tail(writer->log), tip.sealed);
    writer->seal_busy = hf_work_submit(writer->options.loop, &writer->seal.work) == HF_OK;
}

/* pruning */

static void pruned(struct hf_work *work)
{
    struct hf_pruning *pruning = HF_CONTAINER_OF(work, struct hf_pruning, work);
    struct hf_log_writer *writer = HF_CONTAINER_OF(pruning, struct hf_log_writer, pruning);
    writer->prune_busy = false;
    hf_log_prune_end(writer->log);
    writer->counts.pruned += pruning->rc == HF_OK ? 1 : 0;
    if (pruning->rc != HF_OK || !pruning->more) {
        writer->prune_below = 0;
    }
    if (pruning->rc != HF_OK && pruning->rc != HF_ENOTFOUND && writer->sm.state == HF_WRITER_OPEN) {
        writer->trouble = pruning->err; /* told, not fatal: the volume is as it was */
        tell(writer);
    }
    poke(writer);
}

static void start_prune(struct hf_log_writer *writer)
{
    if (writer->prune_below == 0 || writer->prune_busy || writer->seal_busy || writer->broken ||
        writer->closed != NULL) {
        return;
    }
    writer->pruning.below = writer->prune_below;
    writer->prune_busy = hf_work_submit(writer->options.loop, &writer->pruning.work) == HF_OK;
}

void hf_log_writer_prune(struct hf_log_writer *writer, uint64_t below)
{
    writer->prune_below = below;
    poke(writer);
}

/* the step */

static void run_finished(struct hf_log_writer *writer)
{
    struct hf_queue due;
    hf_queue_init(&due);
    hf_queue_splice(&due, &writer->finished);
    for (struct hf_queue *node; (node = hf_queue_pop(&due)) != NULL;) {
        struct hf_append *append = HF_CONTAINER_OF(node, struct hf_append, node);
        append->done(append);
    }
}

static bool idle(const struct hf_log_writer *writer)
{
    return !writer->commit_busy && !writer->seal_busy && !writer->prune_busy &&
           hf_queue_empty(&writer->waiting) && hf_queue_empty(&writer->finished) &&
           hf_queue_empty(&writer->admission.gather->requests) && !want_commit(writer);
}

static void free_writer(struct hf_log_writer *writer)
{
    hf_admission_fini(&writer->admission);
    hf_batch_fini(&writer->batches[0]);
    hf_batch_fini(&writer->batches[1]);
    hf_commit_fini(&writer->commit);
    hf_heap_free(writer);
}

static void step(struct hf_task *task)
{
    struct hf_log_writer *writer = HF_CONTAINER_OF(task, struct hf_log_writer, task);
    run_finished(writer);
    admit_waiting(writer);
    start_seal(writer);
    start_prune(writer);
    if (want_commit(writer)) {
        dispatch(writer);
    } else if (!writer->commit_busy && writer->admission.gather->count == 0) {
        answer_batch(writer, writer->admission.gather, HF_OK); /* repeats of what is durable */
    }
    if (!hf_queue_empty(&writer->finished)) {
        poke(writer);
        return;
    }
    if (writer->closed == NULL || !idle(writer)) {
        return;
    }
    if (writer->sm.state != HF_WRITER_CLOSING) {
        hf_sm_move(&writer->sm, HF_WRITER_CLOSING);
    }
    hf_sm_move(&writer->sm, HF_WRITER_CLOSED);
    void (*closed)(void *arg) = writer->closed;
    void *arg = writer->closed_arg;
    hf_task_cancel(&writer->task);
    free_writer(writer);
    closed(arg);
}

/* opening and closing */

/* Signing on top of a state that is older than what was signed before would be equivocation. */
static enum hf_rc check_not_rolled_back(struct hf_log_writer *writer, struct hf_err *err)
{
    uint8_t bytes[HF_MARK_MAX];
    size_t len = 0;
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    struct hf_checkpoint old;
    struct hf_hash root;
    if (note == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to read the last checkpoint");
    }
    enum hf_rc rc = hf_mark_read(hf_log_place(writer->log), "checkpoint", bytes, sizeof bytes, &len,
                                 /* err= */ NULL);
    if (rc == HF_OK) {
        rc = hf_checkpoint_open(hf_bytes_of(bytes, len), &hf_log_identity(writer->log)->vkey, note,
                                &old, /* err= */ NULL);
    }
    if (rc != HF_OK) {
        hf_heap_free(note);
        return HF_OK; /* a mark may be lost or torn: it is a hint */
    }
    uint64_t size = hf_log_size(writer->log);
    if (old.size > size) {
        rc = hf_err_set(err, HF_ECORRUPT,
                        "a checkpoint for %llu entries was signed, but only %llu are here: the "
                        "log went back in time; put the missing entries back from a backup",
                        (unsigned long long)old.size, (unsigned long long)size);
    } else {
        rc = hf_tree_root(hf_log_source(writer->log), old.size, &root, err);
        if (rc == HF_OK && !hf_hash_eq(&root, &old.root)) {
            rc = hf_err_set(err, HF_ECORRUPT,
                            "the entries are not those of the checkpoint signed at %llu",
                            (unsigned long long)old.size);
        }
    }
    hf_heap_free(note);
    return rc;
}

static enum hf_rc prepare(struct hf_log_writer *writer, struct hf_err *err)
{
    struct hf_log *log = writer->log;
    uint8_t key[16];
    hf_env_random(hf_loop_env(writer->options.loop), key, sizeof key);
    enum hf_rc rc = hf_admission_init(&writer->admission, log, key);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no memory to open the log for writing");
    }
    writer->admission.mirror = writer->options.key == NULL;
    struct hf_tip tip;
    hf_log_tip(log, &tip);
    if (hf_log_codec(log) != NULL) {
        rc = hf_commit_catch_up(log, tip.sealed, err);
    }
    if (rc == HF_OK) {
        rc = hf_log_load(log, hf_log_codec(log) == NULL ? NULL : hf_admission_fold,
                         &writer->admission, err);
    }
    if (rc == HF_OK) {
        rc = check_not_rolled_back(writer, err);
    }
    if (rc == HF_OK) {
        rc = hf_commit_init(&writer->commit, log, writer->options.key, committed, err);
    }
    if (rc == HF_OK) {
        hf_commit_sign(&writer->commit, &tip);
        take_note(writer);
    }
    writer->last_us = tip.committed_us;
    writer->admission.gather = &writer->batches[0];
    hf_batch_reset(&writer->batches[0], tip.size);
    return rc;
}

static enum hf_rc check_key(struct hf_log *log, const struct hf_signing_key *key,
                            struct hf_err *err)
{
    const struct hf_identity *identity = hf_log_identity(log);
    bool copied = hf_log_source_note(log).len > 0;
    if (key == NULL) {
        return copied || (hf_log_size(log) == 0 && hf_log_codec(log) != NULL)
                   ? HF_OK
                   : hf_err_set(err, HF_EMISMATCH,
                                "the log is no mirror of another one: what is in it was written "
                                "here");
    }
    if (memcmp(hf_signing_key_public(key), &identity->vkey.public_key, HF_PUBLIC_KEY_SIZE) != 0) {
        return hf_err_set(err, HF_EMISMATCH, "the key is not the log's");
    }
    return copied ? hf_log_forget_source(log, err) : HF_OK;
}

enum hf_rc hf_log_writer_open(struct hf_log *log, const struct hf_log_writer_options *options,
                              struct hf_log_writer **ret_writer, struct hf_err *err)
{
    const struct hf_identity *identity = hf_log_identity(log);
    HF_ASSERT(hf_log_place(log)->mode != HF_PLACE_READ);
    enum hf_rc rc = check_key(log, options->key, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (hf_log_codec(log) == NULL && !hf_str_eq(hf_str_c(identity->kind), HF_STR("opaque"))) {
        return hf_err_set(err, HF_ENOSYS, "logs of kind %s cannot be written by this program",
                          identity->kind);
    }
    struct hf_log_writer *writer = hf_heap_zalloc(1, sizeof *writer);
    if (writer == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to open the log for writing");
    }
    writer->appender.ops = &appender_ops;
    writer->log = log;
    writer->options = *options;
    writer->floor = options->free_floor;
    hf_sm_init(&writer->sm, &conf, /* invariant= */ NULL, HF_WRITER_OPEN, 0);
    hf_batch_init(&writer->batches[0]);
    hf_batch_init(&writer->batches[1]);
    hf_queue_init(&writer->waiting);
    hf_queue_init(&writer->finished);
    hf_task_init(&writer->task, step);
    hf_seal_init(&writer->seal, log, sealed);
    hf_pruning_init(&writer->pruning, log, pruned);
    rc = prepare(writer, err);
    if (rc != HF_OK) {
        free_writer(writer);
        return rc;
    }
    poke(writer); /* a volume may be waiting for its sealing */
    *ret_writer = writer;
    return HF_OK;
}

void hf_log_writer_close(struct hf_log_writer *writer, void (*closed)(void *arg), void *arg)
{
    HF_ASSERT(writer->closed == NULL && closed != NULL);
    admit_waiting(writer);
    writer->closed = closed;
    writer->closed_arg = arg;
    poke(writer);
}

struct hf_appender *hf_log_writer_appender(struct hf_log_writer *writer)
{
    return &writer->appender;
}

void hf_log_writer_look(struct hf_log_writer *writer)
{
    struct hf_err err = {0};
    if (writer->closed == NULL) {
        (void)look_for(writer, writer->admission.gather->bytes, &err);
    }
}

enum hf_writer_state hf_log_writer_state(const struct hf_log_writer *writer)
{
    return writer->closed != NULL ? HF_WRITER_CLOSING : (enum hf_writer_state)writer->sm.state;
}

const struct hf_err *hf_log_writer_trouble(const struct hf_log_writer *writer)
{
    return &writer->trouble;
}

struct hf_bytes hf_log_writer_checkpoint(const struct hf_log_writer *writer)
{
    return hf_bytes_of(writer->note, writer->note_len);
}

enum hf_rc hf_log_writer_version(struct hf_log_writer *writer, struct hf_str stream,
                                 uint64_t *ret_version, struct hf_err *err)
{
    struct hf_head *head = NULL;
    if (stream.len == 0 || stream.len > HF_NAME_MAX) {
        return hf_err_set(err, HF_EINVAL, "a stream's name has 1 to %d bytes", HF_NAME_MAX);
    }
    enum hf_rc rc =
        hf_admission_head(&writer->admission, HF_HEAD_STREAM, hf_str_bytes(stream), &head, err);
    if (rc == HF_OK) {
        *ret_version = head->last;
    }
    return rc;
}

enum hf_rc hf_log_writer_find(struct hf_log_writer *writer, struct hf_str producer,
                              uint64_t sequence, struct hf_bytes *ret_entry, struct hf_err *err)
{
    return hf_admission_find(&writer->admission, producer, sequence, ret_entry, err);
}

const struct hf_log_writer_counts *hf_log_writer_counts(const struct hf_log_writer *writer)
{
    return &writer->counts;
}
