/* projections/projector.h: brings read models up to a region's log, a piece at a time.
 *
 * Each entry, and each event inside of a segment, is shown to every projection in log order,
 * exactly once and without a gap: rows, positions and dead letters change in one transaction. A
 * projection has a model's name and a version; a new version has tables of its own beside the old
 * one's (projections/promote.h). Rebuilding is running from the beginning, and ends in the same
 * bytes: its digest says so (projections/digest.h).
 * Order: open, step until there is no more, and again when the log has grown, close. Blocking: a
 * step takes as long as its events do. Threads: one, the source's; the log is never written.
 */
#ifndef HF_PROJECTIONS_PROJECTOR_H
#define HF_PROJECTIONS_PROJECTOR_H

#include "log/core/log.h"
#include "projections/source.h"
#include "projections/store.h"
#include "schemas/envelope.h"

#define HF_PROJECTION_TABLES_MAX 6
#define HF_PROJECTION_STREAMS    3

/* Where an event is: an entry of the region's log, or inside of the segment that entry holds. */
struct hf_position {
    uint64_t index;
    uint32_t offset; /* 0: the entry itself; n: the n-th event of its segment */
    /* Of the entry, so of the region, whatever a tenant's event says itself. */
    int64_t recorded_us;
    struct hf_str tenant; /* whose segment it is; empty when offset is 0; borrowed */
};

struct hf_projection {
    const char *model;
    unsigned version;
    const char *name; /* both: "fleet_1" */
    const char *about;
    const struct hf_table_def *tables[HF_PROJECTION_TABLES_MAX]; /* ends with NULL */
    /* The streams of the region's log that say all there is about one key of the first table, "%s"
     * being its first column; ends with NULL. None: only a replay of everything tells. */
    const char *streams[HF_PROJECTION_STREAMS + 1];
    /* Takes one event. Unknown types are let go. HF_ECORRUPT, HF_EINVAL, HF_EVERSION: it cannot be
     * read; such an event is a dead letter: kept with the reason, told, and skipped, or the end of
     * the run where that is asked for. Other codes stop the run. */
    enum hf_rc (*apply)(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err);
};

/* All versions of all read models, ends with NULL. */
extern const struct hf_projection *const hf_projections[];
/* By name ("fleet_1"); NULL. */
const struct hf_projection *hf_projection_find(struct hf_str name);

/* What could not be read, by (projection, index, offset), with the reason. */
extern const struct hf_table_def hf_dead_letters;

struct hf_projector_counts {
    uint64_t entries; /* of the region's log */
    uint64_t events;  /* shown to projections, segments' events among them */
    uint64_t dead_letters;
    struct hf_position last_dead;
};

struct hf_projector_conf {
    struct hf_env *env;       /* borrowed */
    struct hf_store *store;   /* borrowed; nobody else writes it meanwhile */
    struct hf_log *log;       /* borrowed; NULL: there is a source of another kind */
    struct hf_source *source; /* borrowed; NULL: the log */
    const struct hf_projection *const *projections; /* NULL: all of them */
    uint64_t until; /* entries of the log that are shown; UINT64_MAX: all there are */
    /* What cannot be read ends the run with HF_ECANCELED, instead of being kept and skipped: who
     * builds read models anew shall not find later that they have less in them than before. */
    bool strict;
};

struct hf_projector;

/* Makes the tables and looks where each projection is. HF_EMISMATCH: a position lies behind the
 * log's end. HF_EFORK: the store is another log's. A store in which all of them stand at 0 is
 * nobody's. */
enum hf_rc hf_projector_open(const struct hf_projector_conf *conf,
                             struct hf_projector **ret_projector, struct hf_err *err);
void hf_projector_close(struct hf_projector *projector);
/* One transaction of about so many events. *ret_more: the log has more. After a failure nothing of
 * it has happened, and the next step tries the same again. HF_ECONFLICT: another program moved a
 * position meanwhile; the next step goes on from there. */
enum hf_rc hf_projector_step(struct hf_projector *projector, uint64_t events, bool *ret_more,
                             struct hf_err *err);
/* Entries that every projection has seen. */
uint64_t hf_projector_position(const struct hf_projector *projector);
const struct hf_projector_counts *hf_projector_counts(const struct hf_projector *projector);

/* Drops a projection's tables, dead letters and position; the next projector builds it anew. */
enum hf_rc hf_projection_reset(struct hf_store *store, const struct hf_projection *projection,
                               struct hf_err *err);

#endif
