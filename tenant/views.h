/* tenant/views.h: what the tenant's log says, as tables on the tenant's own server.
 *
 * approvals_3: each approval that was asked for and what became of it, sealed as it is in the log
 * and opened for who is shown it; metering_1: what was used, by meter and hour; and where
 * tenant/secret_scan.h is. Read models of the tenant's log in a SQLite file, one for each epoch of
 * it: brought up as events come, and built anew when the file is away or damaged. Whoever cannot
 * reach the region still sees them. A view that fails is told in the log and tried again; events
 * are taken anyway.
 * Threads: the loop's. Order: open when the log is open, poke when it grew, close before the log.
 */
#ifndef HF_TENANT_VIEWS_H
#define HF_TENANT_VIEWS_H

#include "base/file.h"
#include "base/json_out.h"
#include "base/logger.h"
#include "base/loop.h"
#include "log/core/log.h"
#include "projections/projector.h"

#define HF_VIEW_ROWS_MAX 1000 /* of one answer */

/* Writes the members about the person of one approval: tenant/personal.h. */
typedef void hf_agent_personal_fn(void *arg, struct hf_str approval, struct hf_str clear,
                                  struct hf_str sealed, struct hf_json_out *json);

struct hf_agent_views {
    struct hf_loop *loop;
    const struct hf_logger *logger;
    struct hf_log *log;
    struct hf_store *store;
    struct hf_projector *projector; /* NULL: they are not open */
    struct hf_timer timer;
    char path[HF_PATH_MAX];
    uint64_t anew_ns; /* when a file was put beside; 0: not yet */
    hf_agent_personal_fn *personal;
    void *arg;
};

struct hf_agent_views_conf {
    struct hf_loop *loop;
    const struct hf_logger *logger;
    const char *path;
    struct hf_log *log; /* borrowed until close */
    hf_agent_personal_fn *personal;
    void *arg;
};

/* A file that is damaged, or has more than the log, is put beside (.damaged), then and while it is
 * used, and made anew; one of an earlier release, with what is sealed now, is taken away. */
enum hf_rc hf_agent_views_open(const struct hf_agent_views_conf *conf, struct hf_agent_views *views,
                               struct hf_err *err);
/* Also of one that is not open. */
void hf_agent_views_close(struct hf_agent_views *views);
/* The log has grown. */
void hf_agent_views_poke(struct hf_agent_views *views);

enum hf_agent_view {
    HF_AGENT_VIEW_APPROVALS,
    HF_AGENT_VIEW_METERING,
};

/* The first rows in key order: {"as_of":N,"rows":[...],"more":false}, after all that is in the log
 * was shown, or as much as an answer may wait for. HF_ECLOSED: the views are not open. */
enum hf_rc hf_agent_views_write(struct hf_agent_views *views, enum hf_agent_view view,
                                struct hf_json_out *json, struct hf_err *err);

/* What the meter ("requests", "input_tokens", "cost/EUR", ...) has from start_us up to, not
 * including, end_us; both are full hours. HF_ECLOSED. */
enum hf_rc hf_agent_views_sum(struct hf_agent_views *views, struct hf_str meter, int64_t start_us,
                              int64_t end_us, uint64_t *ret_amount, struct hf_err *err);
/* The hour of the first request that was metered, and the end of the last period that is marked as
 * over; each -1 when there is none. *ret_entries: of the log, that the views have seen. */
enum hf_rc hf_agent_views_metered(struct hf_agent_views *views, int64_t *ret_first_us,
                                  int64_t *ret_marked_us, uint64_t *ret_entries,
                                  struct hf_err *err);

#endif
