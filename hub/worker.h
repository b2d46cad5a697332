/* hub/worker.h: the role that keeps a region's read models in PostgreSQL: it owns no log, it
 * follows the Hub's over its Unix socket.
 *
 * Order: hf_worker_open, the loop runs, hf_worker_close, whose callback is the end. A database that
 * is away is asked again each second, a Hub as log/remote/tracker.h says. A log that was rewritten
 * or put back, and read models of another log, end it: `failed` says why, and nothing was written.
 * Once a day, at the log's end, it has the digests of all read models written into the log.
 * Threads: the loop's, which waits for the database.
 */
#ifndef HF_HUB_WORKER_H
#define HF_HUB_WORKER_H

#include "log/remote/tracker.h"
#include "projections/projector.h"

#define HF_WORKER_URL_MAX 4096

struct hf_worker_conf {
    struct hf_loop *loop;
    struct hf_disk *disk;
    const struct hf_logger *logger;
    const char *dir;    /* of its state */
    const char *socket; /* the Hub's */
    const char *models; /* postgresql://... */
    void (*failed)(void *arg, enum hf_rc rc, const struct hf_err *err);
    void *arg;
};

struct hf_worker {
    struct hf_tracker tracker;
    struct hf_store *store;
    struct hf_projector *projector;
    /* private */
    struct hf_worker_conf conf;
    char models[HF_WORKER_URL_MAX];
    struct hf_source *source;
    bool has_part;
    uint64_t first; /* entry of it */
    struct hf_timer timer;
    enum hf_rc trouble;    /* that was told; HF_OK: none */
    uint64_t dead_letters; /* that were told */
    size_t digest;         /* of which projection the next one is posted */
    int64_t digested_us;   /* when all of them were, last */
    struct hf_buf json;
};

enum hf_rc hf_worker_open(struct hf_worker *worker, const struct hf_worker_conf *conf,
                          struct hf_err *err);
/* Also after a failed opening. */
void hf_worker_close(struct hf_worker *worker, void (*closed)(void *arg), void *arg);

/* Is that a place where a worker can keep read models? HF_EUSAGE says why not. */
enum hf_rc hf_worker_models_check(const char *models, struct hf_err *err);

#endif
