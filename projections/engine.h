/* projections/engine.h: runs projections over a region's log.
 *
 * Each entry, and each event inside of a segment, is shown to every projection in log order,
 * exactly once: rows and position change in one transaction. A projection has a name with its
 * version; a new version has tables of its own beside the old one's. Rebuilding is running from the
 * beginning, and ends in the same bytes: its digest says so.
 * Blocking; one thread; the log is read, never written.
 */
#ifndef HF_PROJECTIONS_ENGINE_H
#define HF_PROJECTIONS_ENGINE_H

#include "base/crypto.h"
#include "log/core/log.h"
#include "projections/store.h"
#include "schemas/envelope.h"

#define HF_PROJECTION_TABLES_MAX 4

/* Where an event is: an entry of the region's log, or inside of the segment that entry holds. */
struct hf_position {
    uint64_t index;
    uint32_t offset; /* 0: the entry itself; n: the n-th event of its segment */
};

struct hf_projection {
    const char *name; /* "fleet_1" */
    const char *about;
    const struct hf_table_def *tables[HF_PROJECTION_TABLES_MAX]; /* ends with NULL */
    /* Takes one event. Unknown types are let go. HF_ECORRUPT: a known payload does not decode; such
     * an event is a dead letter: counted, told, and skipped. Other codes stop the run. */
    enum hf_rc (*apply)(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err);
};

/* All read models, ends with NULL. */
extern const struct hf_projection *const hf_projections[];

struct hf_projection_run {
    uint64_t entries; /* of the region's log */
    uint64_t events;  /* shown to projections, segments' events among them */
    uint64_t dead_letters;
    struct hf_position last_dead;
};

/* Makes tables and brings all projections up to the log's size, a transaction each `batch` entries.
 * progress may be NULL. */
enum hf_rc hf_projections_run(struct hf_store *store, struct hf_log *log, uint64_t batch,
                              void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
                              struct hf_projection_run *ret, struct hf_err *err);

/* Drops a projection's tables and position; the next run builds them again. */
enum hf_rc hf_projection_reset(struct hf_store *store, const struct hf_projection *projection,
                               struct hf_err *err);

/* SHA-256 over all rows of its tables in key order, each value as its length or sign and digits. */
enum hf_rc hf_projection_digest(struct hf_store *store, const struct hf_projection *projection,
                                struct hf_hash *ret_digest, uint64_t *ret_rows, struct hf_err *err);

#endif
