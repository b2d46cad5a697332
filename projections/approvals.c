/* projections/approvals.c: requests for approval: each one's way, how long its parts took, whether
 * that was in time, and calls that ran without being what was approved.
 */
#include "base/assert.h"
#include "base/hex.h"
#include "projections/fold.h"
#include "projections/histogram.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    TENANT,
    APPROVAL,
    STATE,
    RISK,
    TOOL,
    PROBE,
    ACTION,
    REQUESTED_US, /* by the tenant's clock, as are delivered and enforced */
    EXPIRES_US,
    ROUTED_US,
    NOTIFIED_US,
    SEEN_US,
    DECIDED_US,
    DELIVERED_US,
    ENFORCED_US,
    OUTCOME,
};

/* A time is 0 until it is known. */
static const struct hf_table_def table = {.name = "approvals_1",
                                          .columns = {{"tenant", HF_COLUMN_TEXT},
                                                      {"approval", HF_COLUMN_TEXT},
                                                      {"state", HF_COLUMN_TEXT},
                                                      {"risk", HF_COLUMN_TEXT},
                                                      {"tool", HF_COLUMN_TEXT},
                                                      {"probe", HF_COLUMN_INT},
                                                      {"action", HF_COLUMN_TEXT},
                                                      {"requested_us", HF_COLUMN_INT},
                                                      {"expires_us", HF_COLUMN_INT},
                                                      {"routed_us", HF_COLUMN_INT},
                                                      {"notified_us", HF_COLUMN_INT},
                                                      {"seen_us", HF_COLUMN_INT},
                                                      {"decided_us", HF_COLUMN_INT},
                                                      {"delivered_us", HF_COLUMN_INT},
                                                      {"enforced_us", HF_COLUMN_INT},
                                                      {"outcome", HF_COLUMN_TEXT}},
                                          .key_columns = 2};

enum {
    HOUR,
    HOP,
    OF_PROBES,
    COUNT,
    SUM,
    MAX,
    BUCKETS,
};

/* By the hour in which the hop ended, in microseconds; the buckets are those of
 * projections/histogram.h. */
static const struct hf_table_def hops = {.name = "approval_hops_1",
                                         .columns = {{"hour_us", HF_COLUMN_INT},
                                                     {"hop", HF_COLUMN_TEXT},
                                                     {"probe", HF_COLUMN_INT},
                                                     {"count", HF_COLUMN_INT},
                                                     {"took_sum", HF_COLUMN_INT},
                                                     {"took_max", HF_COLUMN_INT},
                                                     {"to_25_ms", HF_COLUMN_INT},
                                                     {"to_50_ms", HF_COLUMN_INT},
                                                     {"to_100_ms", HF_COLUMN_INT},
                                                     {"to_250_ms", HF_COLUMN_INT},
                                                     {"to_500_ms", HF_COLUMN_INT},
                                                     {"to_1_s", HF_COLUMN_INT},
                                                     {"to_2_s", HF_COLUMN_INT},
                                                     {"to_5_s", HF_COLUMN_INT},
                                                     {"to_10_s", HF_COLUMN_INT},
                                                     {"to_30_s", HF_COLUMN_INT}},
                                         .key_columns = 3};
_Static_assert(BUCKETS + HF_HISTOGRAM_BOUNDS == HF_COLUMNS_MAX, "buckets do not fit the table");

enum {
    P50 = 4,
    P90,
    P95,
    P99,
};

/* Of each row above: a bound in microseconds that so many were within. */
static const struct hf_table_def percentiles = {.name = "approval_percentiles_1",
                                                .columns = {{"hour_us", HF_COLUMN_INT},
                                                            {"hop", HF_COLUMN_TEXT},
                                                            {"probe", HF_COLUMN_INT},
                                                            {"count", HF_COLUMN_INT},
                                                            {"p50", HF_COLUMN_INT},
                                                            {"p90", HF_COLUMN_INT},
                                                            {"p95", HF_COLUMN_INT},
                                                            {"p99", HF_COLUMN_INT}},
                                                .key_columns = 3};

enum {
    SLO_HOUR,
    SLO_PROBE,
    ATTEMPTS,
    ROUTED,
    TOO_LATE,
    TOO_MANY,
    PROPAGATION_ALL, /* routed, in its hour */
    PROPAGATION_GOOD,
    ENFORCEMENT_ALL, /* answered by a person, in its hour */
    ENFORCEMENT_GOOD,
};

#define PROPAGATION_US INT64_C(5000000)  /* from the request to those who may answer */
#define ENFORCEMENT_US INT64_C(10000000) /* from the answer to what the wrapper did */

static const struct hf_table_def slo = {.name = "approval_slo_1",
                                        .columns = {{"hour_us", HF_COLUMN_INT},
                                                    {"probe", HF_COLUMN_INT},
                                                    {"attempts", HF_COLUMN_INT},
                                                    {"routed", HF_COLUMN_INT},
                                                    {"too_late", HF_COLUMN_INT},
                                                    {"too_many", HF_COLUMN_INT},
                                                    {"propagation_all", HF_COLUMN_INT},
                                                    {"propagation_good", HF_COLUMN_INT},
                                                    {"enforcement_all", HF_COLUMN_INT},
                                                    {"enforcement_good", HF_COLUMN_INT}},
                                        .key_columns = 2};

enum {
    FOUND_TENANT,
    FOUND_APPROVAL,
    FOUND_ENTRY,
    FOUND_EVENT,
    FOUND_WHAT,
    FOUND_ACTION,
    FOUND_AT,
};

/* What ran though nobody had approved exactly that, once and in time: the event that says so. */
static const struct hf_table_def findings = {.name = "approval_findings_1",
                                             .columns = {{"tenant", HF_COLUMN_TEXT},
                                                         {"approval", HF_COLUMN_TEXT},
                                                         {"entry", HF_COLUMN_INT},
                                                         {"event", HF_COLUMN_INT},
                                                         {"found", HF_COLUMN_TEXT},
                                                         {"action", HF_COLUMN_TEXT},
                                                         {"at_us", HF_COLUMN_INT}},
                                             .key_columns = 4};

#define TEXT_MAX 128

/* One event, and the row of the approval that it is about. */
struct change {
    struct hf_store *store;
    const struct hf_position *position;
    const struct hf_envelope *event;
    struct hf_bytes payload; /* of the newest version */
    struct hf_value row[HF_COLUMNS_MAX];
    /* Of the row's texts, which borrow from the table until its next call. */
    char texts[5][TEXT_MAX + 1];
    bool found;
};

/* hops and objectives */

static enum hf_rc count_percentiles(struct change *c, const struct hf_value *hop,
                                    struct hf_err *err)
{
    int64_t buckets[HF_HISTOGRAM_BOUNDS];

    static const struct {
        unsigned column;
        unsigned per_mille;
    } shown[] = {{P50, 500}, {P90, 900}, {P95, 950}, {P99, 990}};

    struct hf_value row[HF_COLUMNS_MAX] = {
        [HOUR] = hop[HOUR], [HOP] = hop[HOP], [OF_PROBES] = hop[OF_PROBES], [COUNT] = hop[COUNT]};
    for (unsigned n = 0; n < HF_HISTOGRAM_BOUNDS; n++) {
        buckets[n] = hop[BUCKETS + n].number;
    }
    for (size_t i = 0; i < HF_LEN(shown); i++) {
        row[shown[i].column].number = hf_histogram_percentile_us(
            buckets, hop[COUNT].number, shown[i].per_mille, hop[MAX].number);
    }
    return hf_store_put(c->store, &percentiles, row, err);
}

/* A hop that ends before it began went over two clocks, and took no time. */
static enum hf_rc count_hop(struct change *c, const char *hop, int64_t from_us, int64_t to_us,
                            struct hf_err *err)
{
    int64_t took = to_us > from_us ? to_us - from_us : 0;
    unsigned bucket = hf_histogram_bucket(took);
    struct hf_value row[HF_COLUMNS_MAX] = {
        [HOUR] = {.number = hf_fold_hour(c->position->recorded_us)},
        [HOP] = {.text = hf_str_c(hop)},
        [OF_PROBES] = {.number = c->row[PROBE].number}};
    enum hf_rc rc = hf_fold_row(c->store, &hops, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[COUNT].number++;
    row[SUM].number = hf_fold_add(row[SUM].number, (uint64_t)took);
    row[MAX].number = took > row[MAX].number ? took : row[MAX].number;
    if (bucket < HF_HISTOGRAM_BOUNDS) {
        row[BUCKETS + bucket].number++;
    }
    rc = hf_store_put(c->store, &hops, row, err);
    row[HOP].text = hf_str_c(hop);
    return rc == HF_OK ? count_percentiles(c, row, err) : rc;
}

/* Adds to columns of an hour; the list ends with SLO_HOUR. */
static enum hf_rc count_slo(struct change *c, int64_t at_us, const unsigned *columns,
                            struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {[SLO_HOUR] = {.number = hf_fold_hour(at_us)},
                                           [SLO_PROBE] = {.number = c->row[PROBE].number}};
    enum hf_rc rc = hf_fold_row(c->store, &slo, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    for (; *columns != SLO_HOUR; columns++) {
        row[*columns].number++;
    }
    return hf_store_put(c->store, &slo, row, err);
}

/* the approval's row */

static void keep(struct change *c, unsigned n, unsigned column)
{
    struct hf_str text = c->row[column].text;
    HF_ASSERT(text.len <= TEXT_MAX); /* a tool's name is the longest */
    if (text.len > 0) {
        memcpy(c->texts[n], text.ptr, text.len);
    }
    c->row[column].text = (struct hf_str){c->texts[n], text.len};
}

static enum hf_rc find(struct change *c, struct hf_str tenant, struct hf_str approval,
                       struct hf_err *err)
{
    static const unsigned texts[] = {STATE, RISK, TOOL, ACTION, OUTCOME};

    c->row[TENANT].text = tenant;
    c->row[APPROVAL].text = approval;
    enum hf_rc rc = hf_fold_row(c->store, &table, c->row, &c->found, err);
    for (unsigned i = 0; rc == HF_OK && i < HF_LEN(texts); i++) {
        keep(c, i, texts[i]);
    }
    c->row[TENANT].text = tenant; /* as the event has it, not the table */
    c->row[APPROVAL].text = approval;
    return rc;
}

static enum hf_rc put(struct change *c, struct hf_err *err)
{
    return hf_store_put(c->store, &table, c->row, err);
}

/* what the region says */

static enum hf_rc take_routed(struct change *c, struct hf_err *err)
{
    static const unsigned good[] = {ATTEMPTS, ROUTED, PROPAGATION_ALL, PROPAGATION_GOOD, SLO_HOUR};
    static const unsigned late[] = {ATTEMPTS, ROUTED, PROPAGATION_ALL, SLO_HOUR};

    struct hf_event_approval_routed e;
    char action[2 * 32 + 1];
    enum hf_rc rc = hf_event_approval_routed_decode(c->payload, &e, err);
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    if (c->found) {
        return hf_err_set(err, HF_EINVAL, "the request is routed a second time");
    }
    hf_hex_encode(e.action, action);
    c->row[STATE].text = HF_STR("pending");
    c->row[RISK].text = hf_event_approval_routed_risk_name(e.risk);
    c->row[TOOL].text = e.tool;
    c->row[PROBE].number = e.probe;
    c->row[ACTION].text = hf_str_c(action);
    c->row[REQUESTED_US].number = e.requested;
    c->row[EXPIRES_US].number = e.expires;
    c->row[ROUTED_US].number = c->position->recorded_us;
    rc = put(c, err);
    if (rc == HF_OK) {
        rc = count_hop(c, "routed", e.requested, c->position->recorded_us, err);
    }
    bool in_time = c->position->recorded_us - e.requested <= PROPAGATION_US;
    return rc == HF_OK ? count_slo(c, c->position->recorded_us, in_time ? good : late, err) : rc;
}

static enum hf_rc take_refused(struct change *c, struct hf_err *err)
{
    struct hf_event_approval_refused e;
    struct hf_value row[HF_COLUMNS_MAX] = {
        [SLO_HOUR] = {.number = hf_fold_hour(c->position->recorded_us)}};
    enum hf_rc rc = hf_event_approval_refused_decode(c->payload, &e, err);
    if (rc == HF_OK) {
        rc = hf_fold_row(c->store, &slo, row, NULL, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    unsigned why = e.reason == HF_EVENT_APPROVAL_REFUSED_REASON_TOO_LATE ? TOO_LATE : TOO_MANY;
    row[ATTEMPTS].number = hf_fold_add(row[ATTEMPTS].number + 1, e.skipped);
    row[why].number = hf_fold_add(row[why].number + 1, e.skipped);
    return hf_store_put(c->store, &slo, row, err);
}

/* The first message about it that a service of theirs took. */
static enum hf_rc take_notified(struct change *c, struct hf_err *err)
{
    struct hf_event_notification_attempted e;
    enum hf_rc rc = hf_event_notification_attempted_decode(c->payload, &e, err);
    if (rc != HF_OK || e.kind != HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_APPROVAL || !e.has_tenant ||
        !e.has_approval || e.outcome != HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED) {
        return rc;
    }
    rc = find(c, e.tenant, e.approval, err);
    if (rc != HF_OK || !c->found || c->row[NOTIFIED_US].number != 0) {
        return rc;
    }
    c->row[NOTIFIED_US].number = c->position->recorded_us;
    rc = put(c, err);
    return rc == HF_OK
               ? count_hop(c, "notified", c->row[ROUTED_US].number, c->position->recorded_us, err)
               : rc;
}

static enum hf_rc take_seen(struct change *c, struct hf_err *err)
{
    struct hf_event_approval_seen e;
    enum hf_rc rc = hf_event_approval_seen_decode(c->payload, &e, err);
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK || !c->found || c->row[SEEN_US].number != 0) {
        return rc;
    }
    c->row[SEEN_US].number = c->position->recorded_us;
    rc = put(c, err);
    return rc == HF_OK
               ? count_hop(c, "seen", c->row[ROUTED_US].number, c->position->recorded_us, err)
               : rc;
}

static enum hf_rc take_decided(struct change *c, struct hf_err *err)
{
    static const unsigned columns[] = {ENFORCEMENT_ALL, SLO_HOUR};

    struct hf_event_approval_decided e;
    enum hf_rc rc = hf_event_approval_decided_decode(c->payload, &e, err);
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    if (!c->found || c->row[DECIDED_US].number != 0) {
        return hf_err_set(err, HF_EINVAL, "an answer to nothing that waits");
    }
    c->row[STATE].text = hf_event_approval_decided_decision_name(e.decision);
    c->row[DECIDED_US].number = c->position->recorded_us;
    rc = put(c, err);
    if (rc != HF_OK || (e.decision != HF_EVENT_APPROVAL_DECIDED_DECISION_APPROVED &&
                        e.decision != HF_EVENT_APPROVAL_DECIDED_DECISION_DENIED)) {
        return rc;
    }
    rc = count_hop(c, "decided", c->row[ROUTED_US].number, c->position->recorded_us, err);
    return rc == HF_OK ? count_slo(c, c->position->recorded_us, columns, err) : rc;
}

/* what the tenant says */

static enum hf_rc take_delivered(struct change *c, struct hf_err *err)
{
    struct hf_event_approval_delivered e;
    enum hf_rc rc = hf_event_approval_delivered_decode(c->payload, &e, err);
    if (rc == HF_OK) {
        rc = hf_fold_own(c->position, e.tenant, err);
    }
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK || !c->found || c->row[DELIVERED_US].number != 0 ||
        c->row[DECIDED_US].number == 0) {
        return rc;
    }
    c->row[DELIVERED_US].number = c->event->occurred_us;
    rc = put(c, err);
    return rc == HF_OK
               ? count_hop(c, "delivered", c->row[DECIDED_US].number, c->event->occurred_us, err)
               : rc;
}

/* A call ran: was exactly this approved, for the first time, in time? NULL: all is well. */
static const char *judge(const struct change *c, const struct hf_event_approval_enforced *e,
                         struct hf_str action)
{
    if (e->outcome != HF_EVENT_APPROVAL_ENFORCED_OUTCOME_RAN) {
        return NULL;
    }
    if (!c->found || !hf_str_eq(c->row[STATE].text, HF_STR("approved"))) {
        return "not-approved";
    }
    if (!hf_str_eq(c->row[ACTION].text, action)) {
        return "other-action";
    }
    if (hf_str_eq(c->row[OUTCOME].text, HF_STR("ran"))) {
        return "twice";
    }
    return c->event->occurred_us > c->row[EXPIRES_US].number ? "too-late" : NULL;
}

static enum hf_rc put_finding(struct change *c, const char *found, struct hf_str action,
                              struct hf_err *err)
{
    const struct hf_value row[HF_COLUMNS_MAX] = {
        [FOUND_TENANT] = c->row[TENANT],
        [FOUND_APPROVAL] = c->row[APPROVAL],
        [FOUND_ENTRY] = {.number = (int64_t)c->position->index},
        [FOUND_EVENT] = {.number = c->position->offset},
        [FOUND_WHAT] = {.text = hf_str_c(found)},
        [FOUND_ACTION] = {.text = action},
        [FOUND_AT] = {.number = c->event->occurred_us}};
    return hf_store_put(c->store, &findings, row, err);
}

static enum hf_rc count_enforced(struct change *c, struct hf_err *err)
{
    static const unsigned columns[] = {ENFORCEMENT_GOOD, SLO_HOUR};

    enum hf_rc rc = HF_OK;
    int64_t decided = c->row[DECIDED_US].number;
    if (c->row[DELIVERED_US].number != 0) {
        rc = count_hop(c, "enforced", c->row[DELIVERED_US].number, c->event->occurred_us, err);
    }
    bool answered = hf_str_eq(c->row[STATE].text, HF_STR("approved")) ||
                    hf_str_eq(c->row[STATE].text, HF_STR("denied"));
    return rc == HF_OK && answered && c->event->occurred_us - decided <= ENFORCEMENT_US
               ? count_slo(c, decided, columns, err)
               : rc;
}

static enum hf_rc take_enforced(struct change *c, struct hf_err *err)
{
    struct hf_event_approval_enforced e;
    char hex[2 * 32 + 1];
    enum hf_rc rc = hf_event_approval_enforced_decode(c->payload, &e, err);
    if (rc == HF_OK) {
        rc = hf_fold_own(c->position, e.tenant, err);
    }
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_hex_encode(e.action, hex);
    struct hf_str action = hf_str_c(hex);
    const char *found = judge(c, &e, action);
    if (found != NULL) {
        rc = put_finding(c, found, action, err);
    }
    if (rc != HF_OK || !c->found || c->row[ENFORCED_US].number != 0) {
        return rc;
    }
    c->row[ENFORCED_US].number = c->event->occurred_us;
    c->row[OUTCOME].text = hf_event_approval_enforced_outcome_name(e.outcome);
    rc = put(c, err);
    return rc == HF_OK ? count_enforced(c, err) : rc;
}

static const struct {
    const char *type;
    uint32_t version;
    bool of_tenants; /* it counts out of a tenant's log; else only when the region says it */
    enum hf_rc (*take)(struct change *c, struct hf_err *err);
} kinds[] = {
    {HF_EVENT_APPROVAL_ROUTED_NAME, HF_EVENT_APPROVAL_ROUTED_VERSION, false, take_routed},
    {HF_EVENT_APPROVAL_REFUSED_NAME, HF_EVENT_APPROVAL_REFUSED_VERSION, false, take_refused},
    {HF_EVENT_NOTIFICATION_ATTEMPTED_NAME, HF_EVENT_NOTIFICATION_ATTEMPTED_VERSION, false,
     take_notified},
    {HF_EVENT_APPROVAL_SEEN_NAME, HF_EVENT_APPROVAL_SEEN_VERSION, false, take_seen},
    {HF_EVENT_APPROVAL_DECIDED_NAME, HF_EVENT_APPROVAL_DECIDED_VERSION, false, take_decided},
    {HF_EVENT_APPROVAL_DELIVERED_NAME, HF_EVENT_APPROVAL_DELIVERED_VERSION, true, take_delivered},
    {HF_EVENT_APPROVAL_ENFORCED_NAME, HF_EVENT_APPROVAL_ENFORCED_VERSION, true, take_enforced},
};

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    uint8_t room[HF_FOLD_PAYLOAD_SIZE];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct change change = {.store = store, .position = position, .event = event};
    for (size_t i = 0; i < HF_LEN(kinds); i++) {
        if (kinds[i].of_tenants != (position->offset != 0) || !hf_fold_is(event, kinds[i].type)) {
            continue;
        }
        enum hf_rc rc = hf_upcast_newest(event, kinds[i].version, &w, &change.payload, err);
        return rc == HF_OK ? kinds[i].take(&change, err) : rc;
    }
    return HF_OK;
}

const struct hf_projection hf_projection_approvals = {
    .model = "approvals",
    .version = 1,
    .name = "approvals_1",
    .about = "requests for approval: their way, how long it took, and what ran unapproved",
    .tables = {&table, &hops, &percentiles, &slo, &findings},
    .apply = apply,
};
