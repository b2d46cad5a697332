/* tenant/views.c: two projections of the tenant's log, kept up by the agent's loop. */
#include "tenant/views.h"

#include <stdio.h>

#include "base/assert.h"
#include "projections/sqlite/store_sqlite.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

#define REQUEST_ROOM 16384 /* of an old request, upcast */
#define HOUR_US      INT64_C(3600000000)
#define STEP_EVENTS  500
#define STEPS_MAX    20 /* in one answer: 10,000 events take well under a second */
#define RETRY_NS     UINT64_C(5000000000)

#define METER_NAME_SIZE 48 /* "proxy/" and the longest meter's name */

/* approvals */

enum {
    APPROVAL,
    TOOL,
    RISK,
    SUMMARY,
    REQUESTED_US,
    EXPIRES_US,
    STATE,
    DECIDED_US,
    BY,
};

static const struct hf_table_def approvals = {.name = "approvals_1",
                                              .columns = {{"approval", HF_COLUMN_TEXT},
                                                          {"tool", HF_COLUMN_TEXT},
                                                          {"risk", HF_COLUMN_TEXT},
                                                          {"summary", HF_COLUMN_TEXT},
                                                          {"requested_us", HF_COLUMN_INT},
                                                          {"expires_us", HF_COLUMN_INT},
                                                          {"state", HF_COLUMN_TEXT},
                                                          {"decided_us", HF_COLUMN_INT},
                                                          {"by", HF_COLUMN_TEXT}},
                                              .key_columns = 1};

/* The row as it is, or an empty one: a decision may come before the request that it is about. */
static enum hf_rc get_approval(struct hf_store *store, struct hf_str approval, struct hf_value *row,
                               struct hf_err *err)
{
    row[APPROVAL].text = approval;
    enum hf_rc rc = hf_store_get(store, &approvals, row, err);
    if (rc == HF_ENOTFOUND) {
        for (unsigned i = TOOL; i <= BY; i++) {
            row[i] = (struct hf_value){.text = HF_STR("")};
        }
        rc = HF_OK;
    }
    row[APPROVAL].text = approval;
    return rc;
}

static enum hf_rc apply_requested(struct hf_store *store, const struct hf_envelope *event,
                                  struct hf_err *err)
{
    uint8_t room[REQUEST_ROOM];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_bytes payload;
    struct hf_event_approval_requested request;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_rc rc = hf_upcast_newest(event, HF_EVENT_APPROVAL_REQUESTED_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_approval_requested_decode(payload, &request, err);
    }
    if (rc == HF_OK) {
        rc = get_approval(store, request.approval, row, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    row[TOOL].text = request.tool;
    row[RISK].text = hf_event_approval_requested_risk_name(request.risk);
    row[SUMMARY].text = request.summary;
    row[REQUESTED_US].number = event->occurred_us;
    row[EXPIRES_US].number = (int64_t)request.expires;
    row[STATE].text = row[DECIDED_US].number == 0 ? HF_STR("requested") : row[STATE].text;
    return hf_store_put(store, &approvals, row, err);
}

/* The first decision counts. */
static enum hf_rc apply_decided(struct hf_store *store, const struct hf_envelope *event,
                                struct hf_err *err)
{
    struct hf_event_approval_decided decision;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_rc rc = hf_event_approval_decided_decode(event->payload, &decision, err);
    if (rc == HF_OK) {
        rc = get_approval(store, decision.approval, row, err);
    }
    if (rc != HF_OK || row[DECIDED_US].number != 0) {
        return rc;
    }
    row[STATE].text = hf_event_approval_decided_decision_name(decision.decision);
    row[DECIDED_US].number = event->occurred_us;
    row[BY].text = hf_event_approval_decided_by_name(decision.by);
    return hf_store_put(store, &approvals, row, err);
}

static enum hf_rc apply_approval(struct hf_store *store, const struct hf_position *position,
                                 const struct hf_envelope *event, struct hf_err *err)
{
    bool requested = hf_str_eq(event->type, HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME));
    bool decided = hf_str_eq(event->type, HF_STR(HF_EVENT_APPROVAL_DECIDED_NAME));
    (void)position;
    if (decided && event->schema_version != HF_EVENT_APPROVAL_DECIDED_VERSION) {
        return hf_err_set(err, HF_EVERSION, "version %u is not known", event->schema_version);
    }
    return requested ? apply_requested(store, event, err)
           : decided ? apply_decided(store, event, err)
                     : HF_OK;
}

static const struct hf_projection projection_approvals = {
    .model = "approvals",
    .version = 1,
    .name = "approvals_1",
    .about = "approvals that were asked for, and what became of them",
    .tables = {&approvals},
    .apply = apply_approval,
};

/* metering */

enum {
    METER,
    METER_HOUR_US,
    AMOUNT,
};

static const struct hf_table_def metering = {
    .name = "metering_1",
    .columns = {{"meter", HF_COLUMN_TEXT}, {"hour_us", HF_COLUMN_INT}, {"amount", HF_COLUMN_INT}},
    .key_columns = 2};

static enum hf_rc count(struct hf_store *store, bool proxy, struct hf_str name, int64_t hour_us,
                        uint64_t amount, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    char text[METER_NAME_SIZE];
    int len = snprintf(text, sizeof text, "%s%.*s", proxy ? "proxy/" : "", HF_STR_ARG(name));
    HF_ASSERT(len > 0 && len < (int)sizeof text);
    struct hf_str meter = {text, (size_t)len};
    row[METER].text = meter;
    row[METER_HOUR_US].number = hour_us;
    enum hf_rc rc = hf_store_get(store, &metering, row, err);
    if (rc != HF_OK && rc != HF_ENOTFOUND) {
        return rc;
    }
    row[METER].text = meter;
    row[METER_HOUR_US].number = hour_us;
    if (__builtin_add_overflow(row[AMOUNT].number, (int64_t)amount, &row[AMOUNT].number)) {
        return hf_err_set(err, HF_EINVAL, "the meter is full");
    }
    return hf_store_put(store, &metering, row, err);
}

static enum hf_rc apply_metering(struct hf_store *store, const struct hf_position *position,
                                 const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_event_metering_recorded record;
    uint8_t bytes[1024];
    char cost[32];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_bytes payload;
    (void)position;
    if (!hf_str_eq(event->type, HF_STR(HF_EVENT_METERING_RECORDED_NAME))) {
        return HF_OK;
    }
    enum hf_rc rc = hf_upcast_newest(event, HF_EVENT_METERING_RECORDED_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_metering_recorded_decode(payload, &record, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    bool proxy = record.source == HF_EVENT_METERING_RECORDED_SOURCE_PROXY;
    bool priced = record.has_cost && record.has_currency;
    int len = 0;
    if (priced) {
        struct hf_str currency = hf_event_metering_recorded_currency_name(record.currency);
        len = snprintf(cost, sizeof cost, "cost/%.*s", HF_STR_ARG(currency));
    }

    const struct {
        struct hf_str meter;
        bool there;
        uint64_t amount;
    } meters[] = {
        {HF_STR("requests"), true, 1},
        {HF_STR("input_tokens"), true, record.input_tokens},
        {HF_STR("output_tokens"), true, record.output_tokens},
        {HF_STR("cached_tokens"), true, record.cached_tokens},
        {HF_STR("cache_write_tokens"), record.has_cache_write_tokens, record.cache_write_tokens},
        {HF_STR("reasoning_tokens"), record.has_reasoning_tokens, record.reasoning_tokens},
        {{cost, (size_t)len}, priced, priced ? record.cost : 0}};

    int64_t hour = event->occurred_us - event->occurred_us % HOUR_US;

    if (record.has_probe && record.probe) {
        return HF_OK;
    }
    for (size_t i = 0; rc == HF_OK && i < HF_LEN(meters); i++) {
        if (meters[i].there) {
            rc = count(store, proxy, meters[i].meter, hour, meters[i].amount, err);
        }
    }
    return rc;
}

static const struct hf_projection projection_metering = {
    .model = "metering",
    .version = 1,
    .name = "metering_1",
    .about = "what was used, by meter and hour",
    .tables = {&metering},
    .apply = apply_metering,
};

static const struct hf_projection *const view_projections[] = {&projection_approvals,
                                                               &projection_metering, NULL};

/* keeping them up */

static void step(struct hf_timer *timer)
{
    struct hf_agent_views *views = HF_CONTAINER_OF(timer, struct hf_agent_views, timer);
    struct hf_err err = {0};
    bool more = false;
    if (hf_projector_step(views->projector, STEP_EVENTS, &more, &err) != HF_OK) {
        hf_log(views->logger, HF_LOG_WARN, "views.behind", hf_f_err(&err));
        (void)hf_timer_arm(timer, RETRY_NS);
    } else if (more) {
        (void)hf_timer_arm(timer, 0);
    }
}

enum hf_rc hf_agent_views_open(const struct hf_agent_views_conf *conf, struct hf_agent_views *views,
                               struct hf_err *err)
{
    *views = (struct hf_agent_views){.loop = conf->loop, .logger = conf->logger, .log = conf->log};
    enum hf_rc rc = hf_store_sqlite_open(conf->path, &views->store, err);
    const struct hf_projector_conf projector = {.env = hf_loop_env(conf->loop),
                                                .store = views->store,
                                                .log = conf->log,
                                                .projections = view_projections,
                                                .until = UINT64_MAX};
    if (rc == HF_OK) {
        rc = hf_projector_open(&projector, &views->projector, err);
    }
    if (rc != HF_OK) {
        hf_store_close(views->store);
        *views = (struct hf_agent_views){.store = NULL};
        return rc;
    }
    hf_timer_init(&views->timer, conf->loop, step);
    (void)hf_timer_arm(&views->timer, 0);
    return HF_OK;
}

void hf_agent_views_close(struct hf_agent_views *views)
{
    if (views->projector != NULL) {
        hf_timer_cancel(&views->timer);
        hf_projector_close(views->projector);
        hf_store_close(views->store);
        *views = (struct hf_agent_views){.store = NULL};
    }
}

void hf_agent_views_poke(struct hf_agent_views *views)
{
    if (views->projector != NULL && !hf_timer_armed(&views->timer)) {
        (void)hf_timer_arm(&views->timer, 0);
    }
}

/* showing them */

struct show {
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

enum hf_rc hf_agent_views_write(struct hf_agent_views *views, enum hf_agent_view view,
                                struct hf_json_out *json, struct hf_err *err)
{
    struct show show = {.table = view == HF_AGENT_VIEW_APPROVALS ? &approvals : &metering,
                        .json = json};
    const struct hf_scan scan = {.limit = HF_VIEW_ROWS_MAX + 1};
    bool more = true;
    unsigned steps = 0;
    if (views->projector == NULL) {
        return hf_err_set(err, HF_ECLOSED, "the views are not open; the agent's log says why");
    }
    enum hf_rc rc = HF_OK;
    for (; rc == HF_OK && more && steps < STEPS_MAX; steps++) {
        rc = hf_projector_step(views->projector, STEP_EVENTS, &more, err);
    }
    if (rc != HF_OK) {
        return rc;
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
    return rc;
}
