/* tests/unit/tenant/test_sweep.c: an agent's life in which each allocation fails once.
 *
 * A registered agent whose Hub never answers: it opens, takes events, seals requests for approval,
 * answers questions, keeps what it knows of the feed, erases a subject, is halted, begins a new
 * epoch and closes. Whatever failed, nothing that was acknowledged is lost, nothing is written that
 * should be sealed and is not, and without the fault it opens and goes on.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "log/core/reader.h"
#include "projections/sqlite/store_sqlite.h"
#include "schemas/events_gen.h"
#include "tenant/feed_store.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "tests/sim/region/lone.h"

#define SECOND UINT64_C(1000000000)
#define EVENTS 3 /* posted in one life */
#define PLAIN  "unmistakable-7781"

static const char *const asked[] = {"/v1/status", "/v1/decisions?from=0&wait_s=1", "/v1/approvals",
                                    "/v1/vault"};

static bool post_event(struct lone *lone, unsigned sequence)
{
    char event[256];
    (void)snprintf(event, sizeof event,
                   "{\"type\":\"clock.tick\",\"producer\":\"test\",\"sequence\":%u,\"occurred\":"
                   "\"2026-01-01T00:00:00Z\",\"payload\":{\"region\":\"dev\",\"tick\":%u,\"at\":"
                   "\"2026-01-01T00:00:00Z\",\"skew\":0}}",
                   sequence, sequence);
    return lone_post(lone, event);
}

static bool post_request(struct lone *lone)
{
    char event[1024];
    char hash[2 * HF_HASH_SIZE + 1];
    memset(hash, 'a', sizeof hash);
    hash[sizeof hash - 1] = '\0';
    (void)snprintf(event, sizeof event,
                   "{\"type\":\"approval.requested\",\"producer\":\"wrapper\",\"sequence\":1,"
                   "\"occurred\":\"2026-01-01T00:00:00Z\",\"payload\":{\"approval\":\"a-2\","
                   "\"tenant\":\"acme\",\"tool\":\"exec\",\"risk\":\"low\",\"summary\":\"" PLAIN
                   "\",\"requester\":\"" PLAIN "\",\"facts\":\"%s\",\"action\":\"%s\","
                   "\"policy\":\"p\",\"expires\":\"2030-01-01T00:00:00Z\"}}",
                   hash, hash);
    return lone_post(lone, event);
}

static struct hf_agent_views_conf views_of(struct lone *lone, const char *path)
{
    return (struct hf_agent_views_conf){.loop = lone->loop,
                                        .logger = &lone->logger,
                                        .path = path,
                                        .log = lone->agent->log.log,
                                        .personal = hf_agent_personal_show,
                                        .arg = lone->agent};
}

/* The vault and the views, which an agent that serves nobody has not. */
static void open_more(struct lone *lone)
{
    char path[HF_PATH_MAX + 32];
    (void)snprintf(path, sizeof path, "%s/views-%u.db", lone->dir, lone->agent->epoch.epoch);
    const struct hf_agent_views_conf conf = views_of(lone, path);
    hf_agent_vault_open(lone->agent);
    (void)hf_agent_views_open(&conf, &lone->agent->views, &lone->err);
}

static void ask(struct lone *lone, const char *target)
{
    char request[256];
    struct hf_buf got;
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target);
    (void)lone_talk(lone, hf_bytes_of(request, (size_t)len), 30 * SECOND, &got);
    hf_buf_free(&got);
}

static void posted(struct hf_post *post)
{
    HF_ASSERT(post->append.rc == HF_OK);
}

/* An answer to a request for approval, as the feed would have brought it. */
static void deliver(struct lone *lone)
{
    uint8_t payload[256];
    uint8_t request[HF_HASH_SIZE] = {1};
    struct hf_post post = {.done = posted};
    struct hf_writer w = hf_writer_init(payload, sizeof payload);
    const struct hf_event_approval_delivered event = {.tenant = HF_STR("acme"),
                                                      .approval = HF_STR("a-1"),
                                                      .request = hf_bytes_of(request, HF_HASH_SIZE),
                                                      .not_after = 1,
                                                      .sequence = 1};
    hf_event_approval_delivered_encode(&event, &w);
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_APPROVAL_DELIVERED_NAME),
                                         .schema_version = HF_EVENT_APPROVAL_DELIVERED_VERSION,
                                         .producer = HF_STR("directive"),
                                         .sequence = 1,
                                         .stream = HF_STR("approval/a-1"),
                                         .occurred_us = 1,
                                         .payload = hf_writer_done(&w)};
    const struct hf_post_conf conf = {.envelope = &envelope, .wait = HF_WAIT_DURABLE};
    HF_ASSERT(hf_owned_post(&lone->agent->log, &conf, &post, &lone->err) == HF_OK);
    lone_run(lone, SECOND);
}

/* What is known of the feed goes to the disk and comes back, or the agent is told. */
static void keep_feed(struct lone *lone)
{
    struct hf_agent *agent = lone->agent;
    struct hf_agent_feed *feed = &agent->feed;
    struct hf_writer w = hf_writer_init(feed->note, sizeof feed->note);
    const struct hf_checkpoint checkpoint = {.origin = HF_STR("dev"), .size = 7};
    hf_checkpoint_sign(&checkpoint, &agent->region.log_vkey, lone->region_key, &w);
    feed->note_len = w.len;
    feed->sequence = 5;
    if (hf_agent_feed_save(agent, &lone->err) == HF_OK) {
        feed->sequence = 0;
        feed->size = 0;
        enum hf_rc rc = hf_agent_feed_load(agent, &lone->err);
        HF_CHECK(rc == HF_ENOMEM || (rc == HF_OK && feed->sequence == 5 && feed->size == 7));
        feed->sequence = 5;
    }
}

/* Answers how many of its events were acknowledged; *ret_asked: the request was. */
static unsigned live(struct lone *lone, bool *ret_asked)
{
    unsigned acked = 0;
    const struct hf_subject nobody = {{1}};
    if (lone_open(lone) != HF_OK) {
        return 0;
    }
    open_more(lone);
    acked += post_event(lone, 1) ? 1 : 0;
    *ret_asked = post_request(lone);
    for (size_t i = 0; i < HF_LEN(asked); i++) {
        ask(lone, asked[i]);
    }
    keep_feed(lone);
    (void)hf_agent_personal_erase(lone->agent, &nobody, &lone->err);
    acked += acked == 1 && post_event(lone, 2) ? 1 : 0;
    lone_run(lone, 40 * SECOND);     /* heartbeats, uploads, the feed: nobody answers */
    lone->agent->known.ready = true; /* as if the region had said that it has nothing */
    hf_agent_halt(lone->agent, HF_AGENT_BEHIND, 1, "swept");
    lone_run(lone, 20 * SECOND);
    acked += acked == 2 && post_event(lone, 3) ? 1 : 0;
    lone_close(lone);
    return acked;
}

/* Which of the events are in the log, one bit each; *ret_asked: the request is. */
static unsigned there(struct lone *lone, bool *ret_asked)
{
    *ret_asked = false;
    struct hf_reader *reader = NULL;
    const struct hf_reader_options options = {.from = 0};
    unsigned found = 0;
    uint64_t index = 0;
    struct hf_bytes entry;
    HF_ASSERT(hf_reader_open(lone->agent->log.log, &options, &reader, &lone->err) == HF_OK);
    while (hf_reader_next(reader, &index, &entry, &lone->err) == HF_OK) {
        struct hf_envelope envelope;
        HF_ASSERT(hf_envelope_read_leaf(entry, &envelope, &lone->err) == HF_OK);
        HF_ASSERT(memmem(entry.ptr, entry.len, PLAIN, strlen(PLAIN)) == NULL);
        *ret_asked |= hf_str_eq(envelope.producer, HF_STR("wrapper"));
        if (hf_str_eq(envelope.producer, HF_STR("test"))) {
            found |= 1u << envelope.sequence;
        }
    }
    hf_reader_close(reader);
    return found;
}

static void check_after(struct lone *lone, unsigned acked, bool asked_for, uint64_t n)
{
    bool is_there = false;
    if (lone_open(lone) != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "after fault %llu it does not open: %s",
                     (unsigned long long)n, lone->err.text);
        return;
    }
    lone_run(lone, 20 * SECOND);
    HF_CHECK_U64(hf_agent_state(lone->agent), HF_AGENT_RUNNING);
    open_more(lone);
    HF_CHECK_OK(lone->agent->vault.trouble.rc, lone->agent->vault.trouble);
    HF_CHECK(lone->agent->views.store != NULL);
    unsigned found = there(lone, &is_there);
    HF_CHECK(is_there || !asked_for);
    for (unsigned i = 1; i <= acked; i++) {
        HF_CHECK((found & (1u << i)) != 0);
    }
    for (unsigned i = 1; i <= EVENTS; i++) {
        HF_CHECK(post_event(lone, i)); /* again, or for the first time */
    }
    HF_CHECK(post_request(lone)); /* the same again, or for the first time */
    HF_CHECK_U64(there(lone, &is_there), 0xe);
    HF_CHECK(is_there);
    lone_close(lone);
}

/* Everything from opening to a new epoch. */
HF_TEST(allocations)
{
    static struct lone lone; /* too big for the stack */
    hf_sweep_without_syncs();
    for (uint64_t n = 1;; n++) {
        char dir[HF_PATH_MAX];
        (void)snprintf(dir, sizeof dir, "%s/agent-%llu", hf_test_dir(), (unsigned long long)n);
        lone_init(&lone, hf_test_seed(), dir);
        HF_CHECK_OK(lone_open(&lone), lone.err);
        deliver(&lone);
        lone_close(&lone);
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        bool asked_for = false;
        unsigned acked = live(&lone, &asked_for);
        uint64_t calls = hf_sweep_end();
        if (!hf_test_failed()) {
            check_after(&lone, acked, asked_for, n);
        }
        lone_fini(&lone);
        if (hf_test_failed() || calls < n) {
            HF_CHECK(calls < n);
            HF_CHECK(n > 100); /* there was something to sweep */
            return;
        }
    }
}

/* The views of a log: shown whole, or not at all; what a failed try left behind does not hinder the
 * next one. */
static enum hf_rc show(struct lone *lone, const char *path, struct hf_buf *ret)
{
    struct hf_agent_views views = {.store = NULL};
    struct hf_json_out json;
    const struct hf_agent_views_conf conf = views_of(lone, path);
    *ret = hf_buf_init(65536);
    hf_json_init(&json, ret);
    hf_json_array_begin(&json);
    enum hf_rc rc = hf_agent_views_open(&conf, &views, &lone->err);
    if (rc == HF_OK) {
        rc = hf_agent_views_write(&views, HF_AGENT_VIEW_METERING, &json, &lone->err);
    }
    if (rc == HF_OK) {
        rc = hf_agent_views_write(&views, HF_AGENT_VIEW_APPROVALS, &json, &lone->err);
    }
    hf_json_array_end(&json);
    hf_agent_views_close(&views);
    return rc == HF_OK ? ret->failed : rc;
}

HF_TEST(views)
{
    static struct lone lone; /* too big for the stack */
    char path[HF_PATH_MAX];
    struct hf_buf wanted;
    struct hf_buf got;
    lone_init(&lone, hf_test_seed(), /* dir= */ NULL);
    HF_CHECK_OK(lone_open(&lone), lone.err);
    HF_CHECK(lone_post(
        &lone, "{\"type\":\"approval.decided\",\"producer\":\"test\",\"sequence\":1,\"occurred\":"
               "\"2026-01-01T00:00:00Z\",\"payload\":{\"approval\":\"a\",\"tenant\":\"acme\","
               "\"decision\":\"denied\",\"by\":\"operator\",\"latency\":1,"
               "\"request\":"
               "\"0000000000000000000000000000000000000000000000000000000000000000\"}}"));
    (void)snprintf(path, sizeof path, "%s/wanted.db", hf_test_dir());
    HF_CHECK_OK(show(&lone, path, &wanted), lone.err);
    HF_CHECK(memmem(wanted.ptr, wanted.len, "denied", 6) != NULL);
    hf_sweep_without_syncs();
    for (uint64_t n = 1;; n++) {
        (void)snprintf(path, sizeof path, "%s/views-%llu.db", hf_test_dir(), (unsigned long long)n);
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        enum hf_rc rc = show(&lone, path, &got);
        uint64_t calls = hf_sweep_end();
        HF_CHECK(rc != HF_OK || hf_bytes_eq(hf_buf_bytes(&got), hf_buf_bytes(&wanted)));
        hf_buf_free(&got);
        HF_CHECK_OK(show(&lone, path, &got), lone.err);
        HF_CHECK(hf_bytes_eq(hf_buf_bytes(&got), hf_buf_bytes(&wanted)));
        hf_buf_free(&got);
        if (calls < n) {
            HF_CHECK(n > 10); /* there was something to sweep */
            break;
        }
    }
    hf_buf_free(&wanted);
    lone_fini(&lone);
}

/* Views of a release that kept in the clear what is sealed now are made anew, and unlike damaged
 * ones not kept beside. */
HF_TEST(views_before)
{
    static struct lone lone; /* too big for the stack */
    char path[HF_PATH_MAX];
    char beside[HF_PATH_MAX + 16];
    struct hf_store *store = NULL;
    struct hf_buf got;
    uint64_t position = 0;
    lone_init(&lone, hf_test_seed(), /* dir= */ NULL);
    HF_CHECK_OK(lone_open(&lone), lone.err);
    (void)snprintf(path, sizeof path, "%s/views.db", hf_test_dir());
    HF_CHECK_OK(hf_store_sqlite_open(path, &store, &lone.err), lone.err);
    HF_CHECK_OK(hf_store_set_position(store, "approvals_2", 7, &lone.err), lone.err);
    hf_store_close(store);
    HF_CHECK_OK(show(&lone, path, &got), lone.err);
    hf_buf_free(&got);
    HF_CHECK_OK(hf_store_sqlite_open(path, &store, &lone.err), lone.err);
    HF_CHECK_OK(hf_store_get_position(store, "approvals_2", &position, &lone.err), lone.err);
    HF_CHECK(position == 0);
    hf_store_close(store);
    (void)snprintf(beside, sizeof beside, "%s.damaged", path);
    HF_CHECK(access(beside, F_OK) != 0);
    lone_fini(&lone);
}

HF_TEST_MAIN(HF_TEST_CASE(allocations), HF_TEST_CASE(views), HF_TEST_CASE(views_before))
