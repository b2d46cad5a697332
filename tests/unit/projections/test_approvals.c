/* tests/unit/projections/test_approvals.c: the way of requests for approval, how long it took, and
 * what ran without being approved.
 */
#include "projections/histogram.h"
#include "tests/unit/projections/sheet.h"

#define H32        "0101010101010101010101010101010101010101010101010101010101010101"
#define X32        "0202020202020202020202020202020202020202020202020202020202020202"
#define AT(second) "\"2026-01-01T00:00:" second "Z\""

#define ROUTED(name, requested, probe)                                                             \
    "{\"approval\":\"" name "\",\"tenant\":\"t\",\"request\":\"" H32 "\",\"action\":\"" H32        \
    "\",\"segment\":1,\"offset\":1,\"tool\":\"exec\",\"risk\":\"high\",\"requested\":" AT(         \
        requested) ",\"expires\":" AT("50") ",\"probe\":" probe "}"
#define DECIDED(name, decision) DECIDED_BY(name, decision, "operator")
#define DECIDED_BY(name, decision, by)                                                             \
    "{\"approval\":\"" name "\",\"tenant\":\"t\",\"decision\":\"" decision "\",\"by\":\"" by       \
    "\",\"request\":\"" H32 "\",\"latency\":1}"
#define DELIVERED(name)                                                                            \
    "{\"approval\":\"" name "\",\"tenant\":\"t\",\"request\":\"" H32                               \
    "\",\"decision\":\"approved\",\"sequence\":1,\"index\":1,\"not_after\":" AT("50") "}"
#define ENFORCED(name, outcome, action)                                                            \
    "{\"approval\":\"" name "\",\"tenant\":\"t\",\"outcome\":\"" outcome "\",\"action\":\"" action \
    "\"}"
#define NOTIFIED(outcome) NOTIFIED_OF("a", outcome)
#define NOTIFIED_OF(name, outcome)                                                                 \
    "{\"principal\":\"ann\",\"contact\":\"phone\",\"channel\":\"push\",\"kind\":\"approval\","     \
    "\"tenant\":\"t\",\"approval\":\"" name "\",\"attempt\":1,\"outcome\":\"" outcome              \
    "\",\"status\":201,\"next\":\"1970-01-01T00:00:00Z\",\"dead\":false,\"latency\":1}"
#define SEEN(name)                                                                                 \
    "{\"approval\":\"" name "\",\"tenant\":\"t\",\"principal\":\"ann\",\"how\":\"page\"}"

static const struct step way_steps[] = {
    {.second = 2, .type = "approval.routed", .payload = ROUTED("a", "01", "false")},
    {.second = 2,
     .type = "approval.routed",
     .payload = ROUTED("a", "01", "false"),
     .rc = HF_EINVAL},
    {.second = 3, .type = "approval.routed", .payload = ROUTED("b", "03", "true")},
    {.second = 8, .type = "approval.routed", .payload = ROUTED("c", "01", "false")},
    {.second = 3, .type = "notification.attempted", .payload = NOTIFIED("failed")},
    {.second = 3, .type = "notification.attempted", .payload = NOTIFIED("accepted")},
    {.second = 4, .type = "notification.attempted", .payload = NOTIFIED("accepted")},
    {.second = 4, .type = "approval.seen", .payload = SEEN("a")},
    {.second = 5, .type = "approval.seen", .payload = SEEN("a")},
    {.second = 5, .type = "approval.seen", .payload = SEEN("unknown")},
    {.second = 6, .type = "approval.decided", .payload = DECIDED("a", "approved")},
    {.second = 6, .type = "approval.decided", .payload = DECIDED("a", "denied"), .rc = HF_EINVAL},
    {.second = 6, .type = "approval.decided", .payload = DECIDED("no", "denied"), .rc = HF_EINVAL},
    {.second = 6, .type = "approval.decided", .payload = DECIDED("b", "denied"), .segment = "t"},
    {.second = 9,
     .type = "approval.delivered",
     .payload = DELIVERED("a"),
     .segment = "t",
     .occurred = 7},
    {.second = 9,
     .type = "approval.delivered",
     .payload = DELIVERED("a"),
     .segment = "u",
     .rc = HF_EINVAL},
    {.second = 9,
     .type = "approval.enforced",
     .payload = ENFORCED("a", "ran", H32),
     .segment = "t",
     .occurred = 8},
    {.second = 10, .type = "approval.decided", .payload = DECIDED("b", "denied")},
    {.second = 51, .type = "approval.decided", .payload = DECIDED("c", "expired")},
    {.second = 52,
     .type = "approval.refused",
     .payload = "{\"approval\":\"d\",\"tenant\":\"t\",\"request\":\"" H32
                "\",\"reason\":\"too-many\",\"skipped\":5}"},
    {.second = 53,
     .type = "approval.refused",
     .payload = "{\"approval\":\"e\",\"tenant\":\"t\",\"request\":\"" H32
                "\",\"reason\":\"too-late\",\"skipped\":0}"},
};

/* Goal: one request's whole way, a probe's apart, one that is late, refusals with those that were
 * not written, and what another tenant or a tenant says in the region's place. Method: events by
 * hand. */
HF_TEST(way)
{
    struct sheet s;
    sheet_play(&s, &hf_projection_approvals, way_steps, HF_LEN(way_steps));
    sheet_check(&s, 0,
                "t|a|approved|high|exec|0|" H32 "|1|50|2|3|4|6|7|8|ran\n"
                "t|b|denied|high|exec|1|" H32 "|3|50|3|-|-|10|-|-|\n"
                "t|c|expired|high|exec|0|" H32 "|1|50|8|-|-|51|-|-|\n");
    sheet_check(&s, 1,
                "0|decided|0|1|4000000|4000000|0|0|0|0|0|0|0|1|0|0\n"
                "0|decided|1|1|7000000|7000000|0|0|0|0|0|0|0|0|1|0\n"
                "0|delivered|0|1|1000000|1000000|0|0|0|0|0|1|0|0|0|0\n"
                "0|enforced|0|1|1000000|1000000|0|0|0|0|0|1|0|0|0|0\n"
                "0|notified|0|1|1000000|1000000|0|0|0|0|0|1|0|0|0|0\n"
                "0|routed|0|2|8000000|7000000|0|0|0|0|0|1|0|0|1|0\n"
                "0|routed|1|1|0|0|1|0|0|0|0|0|0|0|0|0\n"
                "0|seen|0|1|2000000|2000000|0|0|0|0|0|0|1|0|0|0\n");
    sheet_check(&s, 2,
                "0|decided|0|1|4000000|4000000|4000000|4000000\n"
                "0|decided|1|1|7000000|7000000|7000000|7000000\n"
                "0|delivered|0|1|1000000|1000000|1000000|1000000\n"
                "0|enforced|0|1|1000000|1000000|1000000|1000000\n"
                "0|notified|0|1|1000000|1000000|1000000|1000000\n"
                "0|routed|0|2|1000000|7000000|7000000|7000000\n"
                "0|routed|1|1|0|0|0|0\n"
                "0|seen|0|1|2000000|2000000|2000000|2000000\n");
    sheet_check(&s, 3,
                "0|0|9|2|1|6|2|1|1|1\n"
                "0|1|1|1|0|0|1|1|1|0\n");
    sheet_check(&s, 4, "");
    sheet_end(&s);
}

/* Goal: each way in which something runs that was not approved so is found, and what is in order is
 * not. Method: one request for each. */
HF_TEST(findings)
{
    static const struct step steps[] = {
        {.second = 1, .type = "approval.routed", .payload = ROUTED("fine", "01", "false")},
        {.second = 1, .type = "approval.routed", .payload = ROUTED("other", "01", "false")},
        {.second = 1, .type = "approval.routed", .payload = ROUTED("denied", "01", "false")},
        {.second = 1, .type = "approval.routed", .payload = ROUTED("late", "01", "false")},
        {.second = 1, .type = "approval.routed", .payload = ROUTED("waits", "01", "false")},
        {.second = 2, .type = "approval.decided", .payload = DECIDED("fine", "approved")},
        {.second = 2, .type = "approval.decided", .payload = DECIDED("other", "approved")},
        {.second = 2, .type = "approval.decided", .payload = DECIDED("denied", "denied")},
        {.second = 2, .type = "approval.decided", .payload = DECIDED("late", "approved")},
        {.second = 3,
         .type = "approval.enforced",
         .payload = ENFORCED("fine", "ran", H32),
         .segment = "t"},
        {.second = 3,
         .type = "approval.enforced",
         .payload = ENFORCED("other", "ran", X32),
         .segment = "t"},
        {.second = 3,
         .type = "approval.enforced",
         .payload = ENFORCED("denied", "blocked", X32),
         .segment = "t"},
        {.second = 4,
         .type = "approval.enforced",
         .payload = ENFORCED("denied", "ran", H32),
         .segment = "t"},
        {.second = 4,
         .type = "approval.enforced",
         .payload = ENFORCED("waits", "ran", H32),
         .segment = "t"},
        {.second = 4,
         .type = "approval.enforced",
         .payload = ENFORCED("none", "ran", H32),
         .segment = "t"},
        {.second = 5,
         .type = "approval.enforced",
         .payload = ENFORCED("fine", "ran", H32),
         .segment = "t"},
        {.second = 51,
         .type = "approval.enforced",
         .payload = ENFORCED("late", "ran", H32),
         .segment = "t"},
        {.second = 51,
         .type = "approval.enforced",
         .payload = ENFORCED("waits", "expired", H32),
         .segment = "t"},
        {.second = 52,
         .type = "approval.enforced",
         .payload = ENFORCED("x", "ran", H32),
         .segment = "u",
         .rc = HF_EINVAL},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_approvals, steps, HF_LEN(steps));
    sheet_check(&s, 4,
                "t|denied|12|1|not-approved|" H32 "|4\n"
                "t|fine|15|1|twice|" H32 "|5\n"
                "t|late|16|1|too-late|" H32 "|51\n"
                "t|none|14|1|not-approved|" H32 "|4\n"
                "t|other|10|1|other-action|" X32 "|3\n"
                "t|waits|13|1|not-approved|" H32 "|4\n");
    sheet_end(&s);
}

/* Goal: each verdict on whether people were told of a request in time, at its bounds, counted by
 * hour; messages that come after it change nothing; probes get none. Method: one request for each.
 */
HF_TEST(routing)
{
    static const struct step steps[] = {
        {.second = 2, .type = "approval.routed", .payload = ROUTED("a", "01", "false")},
        {.second = 2, .type = "approval.routed", .payload = ROUTED("bound", "01", "false")},
        {.second = 2, .type = "approval.routed", .payload = ROUTED("late", "01", "false")},
        {.second = 2, .type = "approval.routed", .payload = ROUTED("seen", "01", "false")},
        {.second = 2, .type = "approval.routed", .payload = ROUTED("denied", "01", "false")},
        {.second = 2, .type = "approval.routed", .payload = ROUTED("vain", "01", "false")},
        {.second = 2, .type = "approval.routed", .payload = ROUTED("nobody", "01", "false")},
        {.second = 2, .type = "approval.routed", .payload = ROUTED("gone", "01", "false")},
        {.second = 2, .type = "approval.routed", .payload = ROUTED("waits", "01", "false")},
        {.second = 2, .type = "approval.routed", .payload = ROUTED("erased", "01", "false")},
        {.second = 3, .type = "approval.routed", .payload = ROUTED("p", "03", "true")},
        {.second = 3, .type = "approval.decided", .payload = DECIDED("p", "denied")},
        {.second = 3, .type = "notification.attempted", .payload = NOTIFIED_OF("a", "failed")},
        {.second = 4, .type = "notification.attempted", .payload = NOTIFIED_OF("a", "accepted")},
        {.second = 4, .type = "notification.attempted", .payload = NOTIFIED_OF("late", "busy")},
        {.second = 5, .type = "notification.attempted", .payload = NOTIFIED_OF("vain", "gone")},
        {.second = 5, .type = "notification.attempted", .payload = NOTIFIED_OF("none", "gone")},
        {.second = 10, .type = "approval.seen", .payload = SEEN("seen")},
        {.second = 10, .type = "approval.decided", .payload = DECIDED("gone", "cancelled")},
        {.second = 20, .type = "approval.decided", .payload = DECIDED("denied", "denied")},
        {.second = 20,
         .type = "approval.decided",
         .payload = DECIDED_BY("erased", "denied", "policy")},
        {.second = 32,
         .type = "notification.attempted",
         .payload = NOTIFIED_OF("bound", "accepted")},
        {.second = 33,
         .type = "notification.attempted",
         .payload = NOTIFIED_OF("late", "accepted")},
        {.second = 34, .type = "approval.decided", .payload = DECIDED("late", "approved")},
        {.second = 34, .type = "approval.decided", .payload = DECIDED("a", "approved")},
        {.second = 50, .type = "approval.decided", .payload = DECIDED("seen", "expired")},
        {.second = 50, .type = "approval.decided", .payload = DECIDED("vain", "expired")},
        {.second = 50, .type = "approval.decided", .payload = DECIDED("nobody", "expired")},
        {.second = 51,
         .type = "notification.attempted",
         .payload = NOTIFIED_OF("nobody", "accepted")},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_approvals_2, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "t|a|approved|high|exec|0|" H32 "|1|50|2|4|-|34|-|-||in-time\n"
                "t|bound|pending|high|exec|0|" H32 "|1|50|2|32|-|-|-|-||in-time\n"
                "t|denied|denied|high|exec|0|" H32 "|1|50|2|-|-|20|-|-||answered\n"
                "t|erased|denied|high|exec|0|" H32 "|1|50|2|-|-|20|-|-||withdrawn\n"
                "t|gone|cancelled|high|exec|0|" H32 "|1|50|2|-|-|10|-|-||withdrawn\n"
                "t|late|approved|high|exec|0|" H32 "|1|50|2|33|-|34|-|-||late\n"
                "t|nobody|expired|high|exec|0|" H32 "|1|50|2|51|-|50|-|-||untried\n"
                "t|p|denied|high|exec|1|" H32 "|3|50|3|-|-|3|-|-||\n"
                "t|seen|expired|high|exec|0|" H32 "|1|50|2|-|10|50|-|-||answered\n"
                "t|vain|expired|high|exec|0|" H32 "|1|50|2|-|-|50|-|-||in-vain\n"
                "t|waits|pending|high|exec|0|" H32 "|1|50|2|-|-|-|-|-||\n");
    sheet_check(&s, 2,
                "0|decided|0|4|30000000|32000000|32000000|32000000\n"
                "0|decided|1|1|0|0|0|0\n"
                "0|notified|0|4|30000000|49000000|49000000|49000000\n"
                "0|propagated|0|4|50000000|50000000|50000000|50000000\n"
                "0|routed|0|10|1000000|1000000|1000000|1000000\n"
                "0|routed|1|1|0|0|0|0\n"
                "0|seen|0|1|8000000|8000000|8000000|8000000\n");
    sheet_check(&s, 3,
                "0|0|10|10|0|0|5|1|4|0|10|2|1|1|1|2\n"
                "0|1|1|1|0|0|1|1|1|0|1|0|0|0|0|0\n");
    sheet_end(&s);
}

/* Goal: the bound that so many were within. Method: a table of buckets and what is asked. */
HF_TEST(percentiles)
{
    static const struct {
        int64_t buckets[HF_HISTOGRAM_BOUNDS];
        int64_t count;
        int64_t longest_us;
        unsigned per_mille;
        int64_t within_us;
    } rows[] = {
        {{0}, 0, 0, 500, 0},
        {{1}, 1, 7, 500, 7},
        {{1}, 1, 25000, 990, 25000},
        {{50, 50}, 100, 40000, 500, 25000},
        {{50, 50}, 100, 40000, 510, 40000},
        {{99, 0, 0, 0, 0, 0, 0, 1}, 100, 3000000, 990, 25000},
        {{98, 0, 0, 0, 0, 0, 0, 2}, 100, 5000000, 990, 5000000},
        {{1}, 3, 99000000, 500, 99000000},
        {{INT64_MAX}, INT64_MAX, 9, 999, 9},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        HF_CHECK(hf_histogram_percentile_us(rows[i].buckets, rows[i].count, rows[i].per_mille,
                                            rows[i].longest_us) == rows[i].within_us);
    }
    for (unsigned n = 0; n < HF_HISTOGRAM_BOUNDS; n++) {
        HF_CHECK(hf_histogram_bucket(hf_histogram_bounds_us[n]) == n);
        HF_CHECK(hf_histogram_bucket(hf_histogram_bounds_us[n] + 1) == n + 1);
    }
    HF_CHECK(hf_histogram_bucket(0) == 0 && hf_histogram_bucket(-5) == 0);
}

#define CALL(call, verdict, outcome, more, action)                                                 \
    "{\"tenant\":\"t\",\"session\":\"s\",\"call\":\"" call                                         \
    "\",\"tool\":\"exec\",\"vector\":\"90\",\"action\":\"" action                                  \
    "\",\"policy\":\"p\",\"policy_digest\":\"" H32                                                 \
    "\",\"rule\":\"r\",\"asi\":\"ASI02\",\"verdict\":\"" verdict "\",\"outcome\":\"" outcome       \
    "\"," more "\"latency\":1}"
#define WITH(name) "\"approval\":\"" name "\","

/* Goal: decisions themselves are held against what the region decided, also of a wrapper that never
 * says that it enforced anything. Method: calls that are in order, and one of each other kind. */
HF_TEST(unapproved)
{
    static const struct step steps[] = {
        {.second = 1, .type = "approval.routed", .payload = ROUTED("fine", "01", "false")},
        {.second = 1, .type = "approval.routed", .payload = ROUTED("denied", "01", "false")},
        {.second = 1, .type = "approval.routed", .payload = ROUTED("waits", "01", "false")},
        {.second = 2, .type = "approval.decided", .payload = DECIDED("fine", "approved")},
        {.second = 2, .type = "approval.decided", .payload = DECIDED("denied", "denied")},
        {.second = 2, .type = "approval.decided", .payload = DECIDED("none", "approved")},
        {.second = 2,
         .type = "approval.decided",
         .payload = DECIDED("waits", "approved"),
         .segment = "t"},
        {.second = 3,
         .type = "call.decided",
         .payload = CALL("c1", "permit", "allowed", "", H32),
         .segment = "t"},
        {.second = 3,
         .type = "call.decided",
         .payload = CALL("c2", "ask", "refused", WITH("denied"), H32),
         .segment = "t"},
        {.second = 4,
         .type = "call.decided",
         .payload = CALL("c3", "ask", "allowed", WITH("fine"), X32),
         .segment = "t"},
        {.second = 5,
         .type = "call.decided",
         .payload = CALL("c4", "ask", "allowed", WITH("fine"), H32),
         .segment = "t"},
        {.second = 6,
         .type = "call.decided",
         .payload = CALL("c5", "ask", "allowed", WITH("fine"), H32),
         .segment = "t"},
        {.second = 7,
         .type = "call.decided",
         .payload = CALL("c6", "ask", "allowed", "", H32),
         .segment = "t"},
        {.second = 8,
         .type = "call.decided",
         .payload = CALL("c7", "forbid", "allowed", "", H32),
         .segment = "t"},
        {.second = 9,
         .type = "call.decided",
         .payload = CALL("c8", "ask", "allowed", WITH("denied"), H32),
         .segment = "t"},
        {.second = 9,
         .type = "call.decided",
         .payload = CALL("c9", "ask", "allowed", WITH("waits"), H32),
         .segment = "t"},
        {.second = 9,
         .type = "call.decided",
         .payload = CALL("c10", "ask", "allowed", WITH("none"), H32),
         .segment = "t"},
        {.second = 9,
         .type = "call.decided",
         .payload = CALL("c11", "permit", "allowed", "", H32),
         .segment = "u",
         .rc = HF_EINVAL},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_unapproved, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "t|9|1|other-action|c3|exec|r|fine|" X32 "|4\n"
                "t|11|1|twice|c5|exec|r|fine|" H32 "|6\n"
                "t|12|1|not-asked|c6|exec|r||" H32 "|7\n"
                "t|13|1|forbidden|c7|exec|r||" H32 "|8\n"
                "t|14|1|not-approved|c8|exec|r|denied|" H32 "|9\n"
                "t|15|1|not-approved|c9|exec|r|waits|" H32 "|9\n"
                "t|16|1|not-approved|c10|exec|r|none|" H32 "|9\n");
    sheet_end(&s);
}

HF_TEST_MAIN(HF_TEST_CASE(way), HF_TEST_CASE(findings), HF_TEST_CASE(unapproved),
             HF_TEST_CASE(routing), HF_TEST_CASE(percentiles))
