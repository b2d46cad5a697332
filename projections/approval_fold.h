/* projections/approval_fold.h: the columns that the versions of the read model "approvals" share,
 * and how events change them. Used by projections/approvals*.c alone.
 */
#ifndef HF_PROJECTIONS_APPROVAL_FOLD_H
#define HF_PROJECTIONS_APPROVAL_FOLD_H

#include "projections/histogram.h"
#include "projections/projector.h"

/* A request. A time is 0 until it is known. */
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
    ROUTING, /* from version 2 on: projections/approval_verdict.h; "tried": in vain so far */
};

#define HF_APPROVAL_WAY_COLUMNS                                                                    \
    {"tenant", HF_COLUMN_TEXT}, {"approval", HF_COLUMN_TEXT}, {"state", HF_COLUMN_TEXT},           \
        {"risk", HF_COLUMN_TEXT}, {"tool", HF_COLUMN_TEXT}, {"probe", HF_COLUMN_INT},              \
        {"action", HF_COLUMN_TEXT}, {"requested_us", HF_COLUMN_INT},                               \
        {"expires_us", HF_COLUMN_INT}, {"routed_us", HF_COLUMN_INT},                               \
        {"notified_us", HF_COLUMN_INT}, {"seen_us", HF_COLUMN_INT}, {"decided_us", HF_COLUMN_INT}, \
        {"delivered_us", HF_COLUMN_INT}, {"enforced_us", HF_COLUMN_INT},                           \
    {                                                                                              \
        "outcome", HF_COLUMN_TEXT                                                                  \
    }

/* By the hour in which the hop ended, in microseconds; the buckets are those of
 * projections/histogram.h. */
enum {
    HOUR,
    HOP,
    OF_PROBES,
    COUNT,
    SUM,
    MAX,
    BUCKETS,
};

#define HF_APPROVAL_HOP_COLUMNS                                                                    \
    {"hour_us", HF_COLUMN_INT}, {"hop", HF_COLUMN_TEXT}, {"probe", HF_COLUMN_INT},                 \
        {"count", HF_COLUMN_INT}, {"took_sum", HF_COLUMN_INT}, {"took_max", HF_COLUMN_INT},        \
        {"to_25_ms", HF_COLUMN_INT}, {"to_50_ms", HF_COLUMN_INT}, {"to_100_ms", HF_COLUMN_INT},    \
        {"to_250_ms", HF_COLUMN_INT}, {"to_500_ms", HF_COLUMN_INT}, {"to_1_s", HF_COLUMN_INT},     \
        {"to_2_s", HF_COLUMN_INT}, {"to_5_s", HF_COLUMN_INT}, {"to_10_s", HF_COLUMN_INT},          \
    {                                                                                              \
        "to_30_s", HF_COLUMN_INT                                                                   \
    }
_Static_assert(BUCKETS + HF_HISTOGRAM_BOUNDS == 16, "buckets do not fit the table");

/* Of each row above: a bound in microseconds that so many were within. */
enum {
    P50 = 4,
    P90,
    P95,
    P99,
};

#define HF_APPROVAL_PERCENTILE_COLUMNS                                                             \
    {"hour_us", HF_COLUMN_INT}, {"hop", HF_COLUMN_TEXT}, {"probe", HF_COLUMN_INT},                 \
        {"count", HF_COLUMN_INT}, {"p50", HF_COLUMN_INT}, {"p90", HF_COLUMN_INT},                  \
        {"p95", HF_COLUMN_INT},                                                                    \
    {                                                                                              \
        "p99", HF_COLUMN_INT                                                                       \
    }

/* By hour. Version 1 says of all requests whether they were in the queue in time; from version 2 on
 * that is queue_good, and propagation goes to the first message that was taken, by the hour of the
 * routing, once there is a verdict. */
enum {
    SLO_HOUR,
    SLO_PROBE,
    ATTEMPTS,
    ROUTED,
    TOO_LATE,
    TOO_MANY,
    PROPAGATION_ALL,
    PROPAGATION_GOOD,
    ENFORCEMENT_ALL, /* answered by a person, in its hour */
    ENFORCEMENT_GOOD,
    QUEUE_GOOD, /* from here on: from version 2 on */
    TOLD_IN_TIME,
    TOLD_LATE,
    IN_VAIN,
    UNTRIED,
    ANSWERED,
};

#define HF_APPROVAL_SLO_COLUMNS                                                                    \
    {"hour_us", HF_COLUMN_INT}, {"probe", HF_COLUMN_INT}, {"attempts", HF_COLUMN_INT},             \
        {"routed", HF_COLUMN_INT}, {"too_late", HF_COLUMN_INT}, {"too_many", HF_COLUMN_INT},       \
        {"propagation_all", HF_COLUMN_INT}, {"propagation_good", HF_COLUMN_INT},                   \
        {"enforcement_all", HF_COLUMN_INT},                                                        \
    {                                                                                              \
        "enforcement_good", HF_COLUMN_INT                                                          \
    }

/* What ran though nobody had approved exactly that, once and in time: the event that says so. */
enum {
    FOUND_TENANT,
    FOUND_APPROVAL,
    FOUND_ENTRY,
    FOUND_EVENT,
    FOUND_WHAT,
    FOUND_ACTION,
    FOUND_AT,
};

#define HF_APPROVAL_FINDING_COLUMNS                                                                \
    {"tenant", HF_COLUMN_TEXT}, {"approval", HF_COLUMN_TEXT}, {"entry", HF_COLUMN_INT},            \
        {"event", HF_COLUMN_INT}, {"found", HF_COLUMN_TEXT}, {"action", HF_COLUMN_TEXT},           \
    {                                                                                              \
        "at_us", HF_COLUMN_INT                                                                     \
    }

/* One version: its tables, and whether it judges the routing. */
struct hf_approval_model {
    const struct hf_table_def *way;
    const struct hf_table_def *hops;
    const struct hf_table_def *percentiles;
    const struct hf_table_def *slo;
    const struct hf_table_def *findings;
    bool judges;
};

/* What is counted, where, and when the region wrote it down. */
struct hf_approval_tally {
    const struct hf_approval_model *model;
    struct hf_store *store;
    int64_t recorded_us;
    int64_t probe; /* 1, or 0 */
};

/* One more that took so long. What ends before it began went over two clocks, and took no time. */
enum hf_rc hf_approval_count_hop(const struct hf_approval_tally *tally, const char *hop,
                                 int64_t took_us, struct hf_err *err);
/* Adds one to columns of the objectives of an hour; the list ends with SLO_HOUR. */
enum hf_rc hf_approval_count_slo(const struct hf_approval_tally *tally, int64_t at_us,
                                 const unsigned *columns, struct hf_err *err);

enum hf_rc hf_approval_apply(const struct hf_approval_model *model, struct hf_store *store,
                             const struct hf_position *position, const struct hf_envelope *event,
                             struct hf_err *err);

#endif
