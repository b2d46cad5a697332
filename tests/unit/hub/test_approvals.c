/* tests/unit/hub/test_approvals.c: what the Hub remembers of requests for approval, and whose turn
 * it is. */
#include "hub/approvals.h"

#include <stdio.h>

#include "base/heap.h"
#include "tests/harness/test.h"

#define NOW    INT64_C(1767225600000000)
#define MINUTE INT64_C(60000000)

static const struct hf_hash request_hash = {{1, 2, 3}};

struct world {
    struct hf_env_sim sim;
    struct hf_hub_approvals approvals;
};

static void begin(struct world *w)
{
    hf_env_sim_init(&w->sim, 1);
    HF_CHECK_RC(hf_hub_approvals_init(&w->approvals, &w->sim.env), HF_OK);
}

static void fold(struct world *w, const char *type, const char *stream, struct hf_bytes payload,
                 uint64_t version)
{
    struct hf_err err = {0};
    const struct hf_envelope envelope = {.type = hf_str_c(type),
                                         .schema_version = 1,
                                         .stream = hf_str_c(stream),
                                         .version = version,
                                         .recorded_us = NOW,
                                         .payload = payload};
    HF_CHECK_RC(hf_hub_approvals_fold(&w->approvals, 7, &envelope, &err), HF_OK);
}

static void route(struct world *w, const char *tenant, unsigned number)
{
    char name[16];
    char stream[80];
    uint8_t bytes[512];
    (void)snprintf(name, sizeof name, "a-%u", number);
    (void)snprintf(stream, sizeof stream, HF_APPROVAL_STREAM "%s/%s", tenant, name);
    const struct hf_event_approval_routed event = {
        .approval = hf_str_c(name),
        .tenant = hf_str_c(tenant),
        .request = hf_bytes_of(request_hash.b, HF_HASH_SIZE),
        .action = hf_bytes_of(request_hash.b, HF_HASH_SIZE),
        .segment = 7,
        .offset = 1,
        .tool = HF_STR("exec"),
        .requested = NOW,
        .expires = NOW + MINUTE};
    struct hf_writer out = hf_writer_init(bytes, sizeof bytes);
    hf_event_approval_routed_encode(&event, &out);
    fold(w, HF_EVENT_APPROVAL_ROUTED_NAME, stream, hf_writer_done(&out), 1);
}

static void decide(struct world *w, const char *tenant, unsigned number,
                   enum hf_event_approval_decided_decision decision)
{
    char name[16];
    char stream[80];
    uint8_t bytes[512];
    (void)snprintf(name, sizeof name, "a-%u", number);
    (void)snprintf(stream, sizeof stream, HF_APPROVAL_STREAM "%s/%s", tenant, name);
    const struct hf_event_approval_decided event = {.approval = hf_str_c(name),
                                                    .tenant = hf_str_c(tenant),
                                                    .decision = decision,
                                                    .request =
                                                        hf_bytes_of(request_hash.b, HF_HASH_SIZE)};
    struct hf_writer out = hf_writer_init(bytes, sizeof bytes);
    hf_event_approval_decided_encode(&event, &out);
    fold(w, HF_EVENT_APPROVAL_DECIDED_NAME, stream, hf_writer_done(&out), 2);
}

/* The names of a list, such as "one/a-1 two/a-1 ". */
static void list(const struct world *w, const char *tenant, bool waiting, char out[256])
{
    const struct hf_hub_approvals_filter filter = {hf_str_c(tenant), waiting};
    struct hf_writer text = hf_writer_init(out, 256);
    for (const struct hf_hub_approval *a = hf_hub_approvals_first(&w->approvals, &filter);
         a != NULL; a = hf_hub_approvals_next(&w->approvals, &filter, a)) {
        hf_writer_printf(&text, "%s/%s ", a->life.tenant, a->life.name);
    }
    hf_writer_u8(&text, 0);
}

/* Goal: lists of what waits and of all, of everybody and of one tenant, in the order of routing,
 * also on from one that was answered meanwhile. Method: a table. */
HF_TEST(lists)
{
    static const struct {
        const char *tenant;
        bool waiting;
        const char *names;
    } rows[] = {
        {"", false, "one/a-1 two/a-1 one/a-2 two/a-2 one/a-3 "},
        {"", true, "one/a-1 one/a-2 two/a-2 "},
        {"one", false, "one/a-1 one/a-2 one/a-3 "},
        {"one", true, "one/a-1 one/a-2 "},
        {"two", true, "two/a-2 "},
        {"six", true, ""},
        {"six", false, ""},
    };

    struct world w;
    char names[256];
    begin(&w);
    route(&w, "one", 1);
    route(&w, "two", 1);
    route(&w, "one", 2);
    route(&w, "two", 2);
    route(&w, "one", 3);
    decide(&w, "two", 1, HF_EVENT_APPROVAL_DECIDED_DECISION_DENIED);
    decide(&w, "one", 3, HF_EVENT_APPROVAL_DECIDED_DECISION_CANCELLED);
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        list(&w, rows[i].tenant, rows[i].waiting, names);
        HF_CHECK(strcmp(names, rows[i].names) == 0);
    }
    const struct hf_hub_approvals_filter waiting = {.waiting = true};
    const struct hf_hub_approval *answered =
        hf_hub_approval_find(&w.approvals, HF_STR("two"), HF_STR("a-1"));
    const struct hf_hub_approval *next = hf_hub_approvals_next(&w.approvals, &waiting, answered);
    HF_CHECK(next != NULL && strcmp(next->life.name, "a-2") == 0);
    HF_CHECK(w.approvals.pending == 3 && hf_hub_approvals_of(&w.approvals, HF_STR("one")) == 2);
    hf_hub_approvals_fini(&w.approvals);
}

/* Goal: a tenant has so many places and so many asks a second, and no other tenant's. Method: asks
 * until it is refused, with and without answers, over virtual time. */
HF_TEST(bounds)
{
    struct world w;
    unsigned taken = 0;
    begin(&w);
    while (hf_hub_approvals_reserve(&w.approvals, HF_STR("one"), NOW)) {
        taken++;
    }
    HF_CHECK(taken == HF_HUB_PENDING_MAX);
    HF_CHECK(hf_hub_approvals_reserve(&w.approvals, HF_STR("two"), NOW));
    for (unsigned i = 0; i < taken; i++) {
        hf_hub_approvals_give_back(&w.approvals, HF_STR("one"));
    }
    /* All places are free again, but it asked too often. */
    HF_CHECK(!hf_hub_approvals_reserve(&w.approvals, HF_STR("one"), NOW));
    for (taken = 0; taken < 2 * HF_HUB_PENDING_MAX; taken++) {
        if (!hf_hub_approvals_reserve(&w.approvals, HF_STR("one"), NOW + 1000000)) {
            break;
        }
        hf_hub_approvals_give_back(&w.approvals, HF_STR("one"));
    }
    HF_CHECK(taken == HF_HUB_ASKS_RATE);
    hf_hub_approvals_fini(&w.approvals);
}

/* Goal: who asks and withdraws for ever fills no memory, and no answer is forgotten that nobody was
 * told. Method: twice as many as are kept, one of them approved and not told. */
HF_TEST(kept)
{
    struct world w;
    begin(&w);
    for (unsigned i = 1; i <= 2 * HF_HUB_APPROVALS_KEPT; i++) {
        route(&w, "one", i);
        decide(&w, "one", i,
               i == 5 ? HF_EVENT_APPROVAL_DECIDED_DECISION_APPROVED
                      : HF_EVENT_APPROVAL_DECIDED_DECISION_CANCELLED);
    }
    HF_CHECK(hf_hub_approval_find(&w.approvals, HF_STR("one"), HF_STR("a-1")) == NULL);
    HF_CHECK(hf_hub_approval_find(&w.approvals, HF_STR("one"), HF_STR("a-5")) != NULL);
    HF_CHECK(hf_hub_approval_find(&w.approvals, HF_STR("one"), HF_STR("a-2048")) != NULL);
    HF_CHECK(w.approvals.by_name.count == HF_HUB_APPROVALS_KEPT);
    hf_hub_approvals_fini(&w.approvals);
}

/* The order in which segments are looked into, as "one:1 two:4 ". */
static void scan(struct world *w, unsigned most, char out[256])
{
    struct hf_hub_approval_tenant *tenant = NULL;
    uint64_t index = 0;
    struct hf_writer text = hf_writer_init(out, 256);
    for (unsigned n = 0; n < most && hf_hub_approvals_segment(&w->approvals, &tenant, &index);
         n++) {
        hf_writer_printf(&text, "%s:%llu ", tenant->name, (unsigned long long)index);
        hf_hub_approvals_scanned(&w->approvals, tenant);
    }
    hf_writer_u8(&text, 0);
}

/* Goal: tenants take turns, a segment each; what could not be settled comes again, in order.
 * Method: one tenant with many segments and two with one. */
HF_TEST(turns)
{
    struct world w;
    char seen[256];
    begin(&w);
    for (uint64_t i = 1; i <= 4; i++) {
        HF_CHECK_RC(hf_hub_approvals_add(&w.approvals, HF_STR("one"), i), HF_OK);
    }
    HF_CHECK_RC(hf_hub_approvals_add(&w.approvals, HF_STR("two"), 5), HF_OK);
    HF_CHECK_RC(hf_hub_approvals_add(&w.approvals, HF_STR("six"), 6), HF_OK);
    scan(&w, 4, seen);
    HF_CHECK(strcmp(seen, "one:1 two:5 six:6 one:2 ") == 0);
    hf_hub_approvals_settle(&w.approvals, /* done= */ false);
    scan(&w, 3, seen);
    HF_CHECK(strcmp(seen, "one:1 two:5 six:6 ") == 0);
    hf_hub_approvals_settle(&w.approvals, /* done= */ true);
    scan(&w, 9, seen);
    HF_CHECK(strcmp(seen, "one:2 one:3 one:4 ") == 0);
    hf_hub_approvals_settle(&w.approvals, /* done= */ true);
    scan(&w, 9, seen);
    HF_CHECK(seen[0] == '\0');
    HF_CHECK_RC(hf_hub_approvals_add(&w.approvals, HF_STR("one"), 9), HF_OK);
    scan(&w, 9, seen);
    HF_CHECK(strcmp(seen, "one:9 ") == 0);
    hf_hub_approvals_fini(&w.approvals);
}

/* Goal: each who sees a request is written down once, and not more of them than a few. */
HF_TEST(seen)
{
    struct world w;
    char name[16];
    begin(&w);
    route(&w, "one", 1);
    struct hf_hub_approval *a = hf_hub_approval_find(&w.approvals, HF_STR("one"), HF_STR("a-1"));
    for (unsigned i = 0; i < 2 * HF_HUB_SEEN_MAX; i++) {
        (void)snprintf(name, sizeof name, "p-%u", i);
        HF_CHECK(hf_hub_approval_see(a, hf_str_c(name)) == (i < HF_HUB_SEEN_MAX));
        HF_CHECK(!hf_hub_approval_see(a, hf_str_c(name)));
    }
    hf_hub_approvals_fini(&w.approvals);
}

HF_TEST_MAIN(HF_TEST_CASE(lists), HF_TEST_CASE(bounds), HF_TEST_CASE(kept), HF_TEST_CASE(turns),
             HF_TEST_CASE(seen))
