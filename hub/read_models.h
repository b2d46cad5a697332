/* hub/read_models.h: the read models inside of the Hub, brought up to the log while it runs.
 *
 * A read model is behind the log for a moment: changes are gathered for 20 ms, then shown in
 * slices, so that no call waits long. A store that fails is tried again, and what is behind is
 * told: as_of of an answer, and GET /v1/models. The Hub works without them.
 * Threads: the loop's.
 */
#ifndef HF_HUB_READ_MODELS_H
#define HF_HUB_READ_MODELS_H

#include "base/logger.h"
#include "base/loop.h"
#include "projections/projector.h"

#define HF_HUB_MODELS_URL_MAX 4096 /* a path, or a URL */

struct hf_hub_models {
    struct hf_store *store; /* NULL: none, or it could not be opened; see trouble */
    struct hf_projector *projector;
    struct hf_err trouble; /* why it does not go on just now; HF_OK: it does */
    uint64_t failures;
    int64_t current_us; /* when they were at the log's end last; 0: not yet */
    /* private */
    struct hf_loop *loop;
    struct hf_log *log;
    const struct hf_logger *logger;
    char url[HF_HUB_MODELS_URL_MAX];
    struct hf_timer timer;
    bool running;
    uint64_t anew_ns; /* when a file was put beside; 0: not yet */
};

/* url: path of a SQLite file or postgresql://...; borrows log and logger. A SQLite file that is
 * found damaged, then or while it is used, or that has more than the log, is put beside (.damaged)
 * and made anew, at most every ten minutes. Of a database the operator is told what to do. A store
 * that cannot be opened is no failure: it is tried again, and `trouble` says why. */
void hf_hub_models_start(struct hf_hub_models *models, struct hf_loop *loop, const char *url,
                         struct hf_log *log, const struct hf_logger *logger);
/* Also for models of zeroes. Before the log is closed. */
void hf_hub_models_stop(struct hf_hub_models *models);
/* The log has grown. */
void hf_hub_models_wake(struct hf_hub_models *models);
/* Who read the store asks: was it found damaged? Then it is made anew soon. */
void hf_hub_models_mend(struct hf_hub_models *models);
/* What a person does about read models that do not go on for this reason. Static storage. */
const char *hf_hub_models_help(enum hf_rc rc);
/* Entries of the log that all of them hold. */
uint64_t hf_hub_models_position(const struct hf_hub_models *models);

#endif
