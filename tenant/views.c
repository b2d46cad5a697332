/* tenant/views.c: keeps the projections of the tenant's log up, and shows them. */
#include "tenant/views.h"

#include <stdio.h>

#include "base/assert.h"
#include "projections/sqlite/store_sqlite.h"
#include "tenant/scan_rows.h"
#include "tenant/view_tables.h"

#define STEP_EVENTS 500
#define STEPS_MAX   20 /* in one answer: 10,000 events take well under a second */
#define RETRY_NS    UINT64_C(5000000000)
#define ANEW_NS     UINT64_C(600000000000)

static const struct hf_projection *const view_projections[] = {&hf_view_approvals,
                                                               &hf_view_metering, NULL};

/* keeping them up */

static enum hf_rc make_scan_tables(struct hf_store *store, struct hf_err *err)
{
    enum hf_rc rc = hf_store_begin(store, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_scan_rows_create(store, err);
    if (rc == HF_OK) {
        return hf_store_commit(store, err);
    }
    hf_store_rollback(store);
    return rc;
}

static void close_all(struct hf_agent_views *views)
{
    hf_projector_close(views->projector);
    hf_store_close(views->store);
    views->projector = NULL;
    views->store = NULL;
}

static enum hf_rc open_all(struct hf_agent_views *views, struct hf_err *err)
{
    uint64_t before = 0;
    enum hf_rc rc = hf_store_sqlite_open(views->path, &views->store, err);
    HF_ASSERT(rc != HF_OK || views->store != NULL);
    if (rc == HF_OK) {
        rc = hf_store_get_position(views->store, "approvals_2", &before, err);
    }
    if (rc == HF_OK && before > 0) {
        rc = hf_err_set(err, HF_EVERSION, "the views are those of an earlier release");
    }
    const struct hf_projector_conf projector = {.env = hf_loop_env(views->loop),
                                                .store = views->store,
                                                .log = views->log,
                                                .projections = view_projections,
                                                .until = UINT64_MAX};
    if (rc == HF_OK) {
        rc = hf_projector_open(&projector, &views->projector, err);
    }
    if (rc == HF_OK) {
        rc = make_scan_tables(views->store, err);
    }
    if (rc != HF_OK) {
        close_all(views);
    }
    return rc;
}

/* Damaged, or ahead of a log that was put back alone: the log brings all of it again. It is kept
 * for who wants to look, but for what an earlier release wrote: that has in the clear what is
 * sealed now. Not again soon: on a disk that fails it would be for nothing. */
static enum hf_rc begin_anew(struct hf_agent_views *views, enum hf_rc why, struct hf_err *err)
{
    struct hf_err moving = {0};
    views->anew_ns = hf_env_mono_ns(hf_loop_env(views->loop));
    hf_log(views->logger, HF_LOG_WARN, "views.anew", hf_f_err(err),
           hf_f_c("help", why == HF_EVERSION
                              ? "the log brings all of it again"
                              : "the file is kept with the ending .damaged; the log brings all of "
                                "it again"));
    enum hf_rc rc = why == HF_EVERSION ? hf_store_sqlite_remove(views->path, &moving)
                                       : hf_store_sqlite_set_aside(views->path, &moving);
    if (rc != HF_OK) {
        hf_log(views->logger, HF_LOG_ERROR, "views.stuck", hf_f_err(&moving),
               hf_f_c("help", "move the file away and start the agent again"));
        return why;
    }
    return open_all(views, err);
}

static bool may_begin_anew(const struct hf_agent_views *views)
{
    uint64_t now_ns = hf_env_mono_ns(hf_loop_env(views->loop));
    return views->anew_ns == 0 || now_ns - views->anew_ns >= ANEW_NS;
}

/* A file that was damaged while it was used. */
static enum hf_rc mend(struct hf_agent_views *views, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    if (views->projector != NULL && views->store->damaged && may_begin_anew(views)) {
        (void)hf_err_set(err, HF_EIO, "%s is damaged", views->path);
        close_all(views);
        rc = begin_anew(views, HF_EIO, err);
    } else if (views->projector == NULL) {
        rc = open_all(views, err);
    }
    return rc;
}

static void step(struct hf_timer *timer)
{
    struct hf_agent_views *views = HF_CONTAINER_OF(timer, struct hf_agent_views, timer);
    struct hf_err err = {0};
    bool more = false;
    enum hf_rc rc = mend(views, &err);
    if (rc == HF_OK) {
        rc = hf_projector_step(views->projector, STEP_EVENTS, &more, &err);
    }
    if (rc != HF_OK) {
        hf_log(views->logger, HF_LOG_WARN, "views.behind", hf_f_err(&err));
        (void)hf_timer_arm(timer, RETRY_NS);
    } else if (more) {
        (void)hf_timer_arm(timer, 0);
    }
}

enum hf_rc hf_agent_views_open(const struct hf_agent_views_conf *conf, struct hf_agent_views *views,
                               struct hf_err *err)
{
    *views = (struct hf_agent_views){.loop = conf->loop,
                                     .logger = conf->logger,
                                     .log = conf->log,
                                     .personal = conf->personal,
                                     .arg = conf->arg};
    if (strlen(conf->path) >= sizeof views->path) {
        return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", conf->path);
    }
    (void)snprintf(views->path, sizeof views->path, "%s", conf->path);
    enum hf_rc rc = open_all(views, err);
    if (rc != HF_OK && rc != HF_ENOMEM) {
        rc = begin_anew(views, rc, err);
    }
    if (rc != HF_OK) {
        *views = (struct hf_agent_views){.store = NULL};
        return rc;
    }
    hf_timer_init(&views->timer, conf->loop, step);
    (void)hf_timer_arm(&views->timer, 0);
    return HF_OK;
}

void hf_agent_views_close(struct hf_agent_views *views)
{
    if (views->loop != NULL) {
        hf_timer_cancel(&views->timer);
        close_all(views);
        *views = (struct hf_agent_views){.store = NULL};
    }
}

void hf_agent_views_poke(struct hf_agent_views *views)
{
    bool waits = hf_timer_armed(&views->timer) && !(views->store != NULL && views->store->damaged);
    if (views->projector != NULL && !waits) {
        (void)hf_timer_arm(&views->timer, 0);
    }
}

/* showing them */

struct show {
    const struct hf_agent_views *views;
    const struct hf_table_def *table;
    struct hf_json_out *json;
    uint64_t rows;
};

static enum hf_rc show_row(void *arg, const struct hf_value *row)
{
    struct show *show = arg;
    if (show->rows++ == HF_VIEW_ROWS_MAX) {
        return HF_OK; /* it only tells that there is one more */
    }
    hf_json_object_begin(show->json);
    for (unsigned i = 0; i < hf_table_columns(show->table); i++) {
        const struct hf_column *column = &show->table->columns[i];
        bool personal = show->table == &hf_view_approvals_table &&
                        (i == HF_VIEW_SUMMARY || i == HF_VIEW_PERSONAL);
        if (personal && i == HF_VIEW_SUMMARY) {
            show->views->personal(show->views->arg, row[HF_VIEW_APPROVAL].text, row[i].text,
                                  row[HF_VIEW_PERSONAL].text, show->json);
        }
        if (personal) {
            continue;
        }
        hf_json_key(show->json, hf_str_c(column->name));
        if (column->type == HF_COLUMN_INT) {
            hf_json_i64(show->json, row[i].number);
        } else {
            hf_json_str(show->json, row[i].text);
        }
    }
    hf_json_object_end(show->json);
    return HF_OK;
}

/* Shows the projections all that the log has, or as much as an answer may wait for. */
static enum hf_rc catch_up(struct hf_agent_views *views, struct hf_err *err)
{
    bool more = true;
    enum hf_rc rc = HF_OK;
    if (views->projector == NULL) {
        return hf_err_set(err, HF_ECLOSED, "the views are not open; the agent's log says why");
    }
    for (unsigned steps = 0; rc == HF_OK && more && steps < STEPS_MAX; steps++) {
        rc = hf_projector_step(views->projector, STEP_EVENTS, &more, err);
    }
    return rc;
}

/* Who reads may be the first to find it damaged. */
static enum hf_rc noticed(struct hf_agent_views *views, enum hf_rc rc)
{
    if (rc != HF_OK && views->store != NULL && views->store->damaged) {
        hf_agent_views_poke(views);
    }
    return rc == HF_EEND ? HF_OK : rc;
}

enum hf_rc hf_agent_views_write(struct hf_agent_views *views, enum hf_agent_view view,
                                struct hf_json_out *json, struct hf_err *err)
{
    struct show show = {.views = views,
                        .table = view == HF_AGENT_VIEW_APPROVALS ? &hf_view_approvals_table
                                                                 : &hf_view_metering_table,
                        .json = json};
    const struct hf_scan scan = {.limit = HF_VIEW_ROWS_MAX + 1};
    enum hf_rc rc = catch_up(views, err);
    if (rc != HF_OK) {
        return noticed(views, rc);
    }
    hf_json_object_begin(json);
    hf_json_key_u64(json, "as_of", hf_projector_position(views->projector));
    hf_json_key(json, HF_STR("rows"));
    hf_json_array_begin(json);
    rc = hf_store_scan(views->store, show.table, &scan, show_row, &show, err);
    hf_json_array_end(json);
    hf_json_key(json, HF_STR("more"));
    hf_json_bool(json, show.rows > HF_VIEW_ROWS_MAX);
    hf_json_object_end(json);
    return noticed(views, rc);
}

/* sums */

struct sum {
    int64_t end_us;
    uint64_t amount;
};

static enum hf_rc add_row(void *arg, const struct hf_value *row)
{
    struct sum *sum = arg;
    if (row[HF_VIEW_METER_HOUR_US].number >= sum->end_us) {
        return HF_EEND; /* rows come by the hour */
    }
    uint64_t amount = (uint64_t)row[HF_VIEW_METER_AMOUNT].number;
    sum->amount = amount > UINT64_MAX - sum->amount ? UINT64_MAX : sum->amount + amount;
    return HF_OK;
}

enum hf_rc hf_agent_views_sum(struct hf_agent_views *views, struct hf_str meter, int64_t start_us,
                              int64_t end_us, uint64_t *ret_amount, struct hf_err *err)
{
    struct sum sum = {.end_us = end_us};
    const struct hf_value first = {.text = meter};
    const struct hf_value after[HF_VIEW_METER_KEY] = {{.text = meter}, {.number = start_us - 1}};
    const struct hf_scan scan = {.first = &first, .after = after};
    enum hf_rc rc = catch_up(views, err);
    if (rc == HF_OK) {
        rc = hf_store_scan(views->store, &hf_view_metering_table, &scan, add_row, &sum, err);
    }
    *ret_amount = sum.amount;
    return noticed(views, rc);
}

static enum hf_rc first_row(void *arg, const struct hf_value *row)
{
    int64_t *time_us = arg;
    *time_us = row[HF_VIEW_METER_HOUR_US].number;
    return HF_EEND;
}

static enum hf_rc last_row(void *arg, const struct hf_value *row)
{
    int64_t *time_us = arg;
    *time_us = row[HF_VIEW_PERIOD_END_US].number;
    return HF_OK;
}

enum hf_rc hf_agent_views_metered(struct hf_agent_views *views, int64_t *ret_first_us,
                                  int64_t *ret_marked_us, uint64_t *ret_entries, struct hf_err *err)
{
    const struct hf_value meter = {.text = HF_STR("requests")};
    const struct hf_scan scan = {.first = &meter};
    const struct hf_scan all = {.limit = 0};
    *ret_first_us = -1;
    *ret_marked_us = -1;
    enum hf_rc rc = catch_up(views, err);
    if (rc == HF_OK) {
        rc = hf_store_scan(views->store, &hf_view_metering_table, &scan, first_row, ret_first_us,
                           err);
        rc = rc == HF_EEND ? HF_OK : rc;
    }
    if (rc == HF_OK) {
        rc =
            hf_store_scan(views->store, &hf_view_periods_table, &all, last_row, ret_marked_us, err);
    }
    *ret_entries = rc == HF_OK ? hf_projector_position(views->projector) : 0;
    return noticed(views, rc);
}
