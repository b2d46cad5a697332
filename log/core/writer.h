/* log/core/writer.h: the one writer of a log: group commit, signing, sealing.
 *
 * Requests are checked against the heads and encoded as they arrive; whatever gathered while a
 * commit was under way goes into the next one: one transaction, one sync. Then the checkpoint is
 * signed (a pure function of what is durable) and everybody is answered. Full volumes are
 * sealed and indexed on other threads.
 *
 * States (also what hf_log_writer_state tells):
 *   OPEN      takes requests
 *   NO_ROOM   free space is below the floor: requests are refused with HF_ENOSPC, nothing is
 *             lost; looks again with each request and every second while requests come
 *   FAILED    a commit failed: requests get HF_EUNKNOWN (in flight) or HF_EIO until the writer is
 * closed
 *             and the log opened again
 *   CLOSING   finishes what was submitted, refuses the rest with HF_ECLOSED
 *   CLOSED    the close callback ran
 * A mirror's writer has no key: the log is a copy of one that somebody else writes. Its requests
 * bring that log's entries as they are, in their order, and with the last of them the checkpoint
 * that the source signed behind it; who submits has verified both. Nothing is ever repeated.
 * Threads: the loop's.
 */
#ifndef HF_LOG_CORE_WRITER_H
#define HF_LOG_CORE_WRITER_H

#include "base/loop.h"
#include "log/core/append.h"
#include "log/core/log.h"

struct hf_log_writer;

enum hf_writer_state {
    HF_WRITER_OPEN,
    HF_WRITER_NO_ROOM,
    HF_WRITER_FAILED,
    HF_WRITER_CLOSING,
    HF_WRITER_CLOSED,
};

struct hf_log_writer_options {
    struct hf_loop *loop;             /* borrowed */
    const struct hf_signing_key *key; /* borrowed; must be the log's. NULL: a mirror's writer */
    uint64_t free_floor;              /* bytes; 0: the default, see hf_free_floor_default */
    /* Told after each commit (new entries are readable) and each change of state; may be NULL. */
    void (*changed)(void *arg, struct hf_log_writer *writer);
    void *arg;
};

/* A sixteenth of the file system, at least 4 MiB, at most 256 MiB. */
uint64_t hf_free_floor_default(uint64_t total_bytes);

/* log: opened with HF_PLACE_OWN or CREATE; loads it (hf_log_load). Borrowed until closed.
 * HF_EMISMATCH when the key is not the log's; without a key, when it has entries and is no mirror.
 * A mirror that is opened with its key is one no longer. Gives *ret_writer. */
enum hf_rc hf_log_writer_open(struct hf_log *log, const struct hf_log_writer_options *options,
                              struct hf_log_writer **ret_writer, struct hf_err *err);

/* Finishes commits, sealing and indexing, then runs closed(arg) on the loop and frees the writer.
 * */
void hf_log_writer_close(struct hf_log_writer *writer, void (*closed)(void *arg), void *arg);

/* Prunes the volumes that lie below the index (hf_log_prune), one after the other, on a worker; a
 * failure is told as the writer's trouble, and harmless. Returns at once. */
void hf_log_writer_prune(struct hf_log_writer *writer, uint64_t below);

struct hf_appender *hf_log_writer_appender(struct hf_log_writer *writer);
/* Looks at the free space now, as the next request would: between OPEN and NO_ROOM. */
void hf_log_writer_look(struct hf_log_writer *writer);
enum hf_writer_state hf_log_writer_state(const struct hf_log_writer *writer);
/* Why it is not OPEN; empty text otherwise. Borrows. */
const struct hf_err *hf_log_writer_trouble(const struct hf_log_writer *writer);

/* The newest signed checkpoint, a note. Borrows until the loop goes on. */
struct hf_bytes hf_log_writer_checkpoint(const struct hf_log_writer *writer);

/* The version of a stream as the next append would see it (0: does not exist). */
enum hf_rc hf_log_writer_version(struct hf_log_writer *writer, struct hf_str stream,
                                 uint64_t *ret_version, struct hf_err *err);
/* The entry that a log of events has under a producer's sequence, on disk or on its way there, but
 * not what was submitted since the loop went on. Borrows until the loop goes on. HF_ENOTFOUND:
 * there is none, and the sequence is free. HF_ESTALE: it is not free, and nobody has the entry: it
 * was passed over, or is pruned. */
enum hf_rc hf_log_writer_find(struct hf_log_writer *writer, struct hf_str producer,
                              uint64_t sequence, struct hf_bytes *ret_entry, struct hf_err *err);

/* Since it was opened, for metrics. */
#define HF_APPEND_BUCKETS 11

struct hf_log_writer_counts {
    uint64_t commits;
    uint64_t appends;  /* that went well */
    uint64_t pruned;   /* volumes */
    uint64_t failures; /* refusals are not: no room, a failed commit, no memory */
    /* Appends by the time from submission to answer: up to so many milliseconds, and more. */
    uint64_t buckets[HF_APPEND_BUCKETS + 1];
    uint64_t sum_us;
};

extern const uint32_t hf_append_bucket_ms[HF_APPEND_BUCKETS];
const struct hf_log_writer_counts *hf_log_writer_counts(const struct hf_log_writer *writer);

#endif
