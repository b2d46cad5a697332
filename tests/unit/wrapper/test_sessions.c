/* tests/unit/wrapper/test_sessions.c: what sessions have seen is kept, and calls are counted. */
#include <stdio.h>

#include "base/file.h"
#include "tests/harness/test.h"
#include "wrapper/sessions.h"

#define MINUTE UINT64_C(60000000000)

static struct hf_sessions *open_at(const char *path)
{
    struct hf_sessions *sessions = NULL;
    struct hf_err err = {0};
    HF_ASSERT(hf_sessions_new(hf_env_os(), path, &sessions, &err) == HF_OK);
    return sessions;
}

/* Labels only grow, outlive a restart, and a file that cannot be read taints everybody. */
HF_TEST(taint)
{
    char path[HF_PATH_MAX];
    HF_CHECK_RC(hf_path_join(hf_test_dir(), "taint", path, sizeof path), HF_OK);
    struct hf_sessions *s = open_at(path);
    HF_CHECK_RC(hf_sessions_taint(s, hf_sessions_get(s, HF_STR("a")), 1, NULL), HF_OK);
    HF_CHECK_RC(hf_sessions_taint(s, hf_sessions_get(s, HF_STR("a")), 2, NULL), HF_OK);
    HF_CHECK_U64(hf_sessions_get(s, HF_STR("b"))->taint, 0);
    hf_sessions_free(s);
    s = open_at(path);
    HF_CHECK_U64(hf_sessions_get(s, HF_STR("a"))->taint, 3);
    HF_CHECK_U64(hf_sessions_get(s, HF_STR("b"))->taint, 0);
    hf_sessions_free(s);
    HF_CHECK_RC(hf_file_replace(path, HF_BYTES("nonsense\n"), 0600, NULL), HF_OK);
    s = open_at(path);
    HF_CHECK_U64(hf_sessions_get(s, HF_STR("b"))->taint, 7);
    hf_sessions_free(s);
}

/* Whoever makes thousands of sessions to have a tainted one forgotten gets new ones as tainted. */
HF_TEST(pushed_out)
{
    struct hf_sessions *s = open_at(NULL);
    char name[32];
    HF_CHECK_RC(hf_sessions_taint(s, hf_sessions_get(s, HF_STR("bad")), 1, NULL), HF_OK);
    struct hf_session *held = hf_sessions_get(s, HF_STR("held"));
    held->waiting = 1;
    for (unsigned i = 0; i < HF_SESSIONS_MAX; i++) {
        (void)snprintf(name, sizeof name, "s-%u", i);
        HF_CHECK(hf_sessions_get(s, hf_str_c(name)) != NULL);
    }
    HF_CHECK_U64(hf_sessions_get(s, HF_STR("bad"))->taint, 1);
    HF_CHECK(hf_sessions_get(s, HF_STR("held")) == held);
    hf_sessions_free(s);
}

/* Counters look back a minute, an hour, a day, and forget what is older. */
HF_TEST(rates)
{
    struct hf_rate rate = {0};
    for (unsigned i = 0; i < 30; i++) {
        hf_rate_add(&rate, 100 * MINUTE + i * MINUTE / 60);
    }
    HF_CHECK_U64(hf_rate_count(&rate, 0, 100 * MINUTE + MINUTE / 2), 30);
    HF_CHECK_U64(hf_rate_count(&rate, 0, 102 * MINUTE), 0);
    HF_CHECK_U64(hf_rate_count(&rate, 1, 140 * MINUTE), 30);
    HF_CHECK_U64(hf_rate_count(&rate, 1, 171 * MINUTE), 0);
    HF_CHECK_U64(hf_rate_count(&rate, 2, 1000 * MINUTE), 30);
    HF_CHECK_U64(hf_rate_count(&rate, 2, 3000 * MINUTE), 0);
    hf_rate_add(&rate, 3000 * MINUTE);
    HF_CHECK_U64(hf_rate_count(&rate, 0, 3000 * MINUTE), 1);
    HF_CHECK_U64(hf_rate_count(&rate, 2, 3000 * MINUTE), 1);
}

/* The last calls, the newest first; an allowed call is known until it came back. */
HF_TEST(calls)
{
    struct hf_sessions *s = open_at(NULL);
    struct hf_session *session = hf_sessions_get(s, HF_STR("a"));
    for (unsigned i = 0; i < HF_SESSION_RECENT + 3; i++) {
        struct hf_session_call call = {.classes = 1};
        (void)snprintf(call.tool, sizeof call.tool, "t%u", i);
        hf_sessions_count(s, session, &call, MINUTE);
    }
    HF_CHECK_U64(session->recent_count, HF_SESSION_RECENT);
    HF_CHECK(hf_str_eq(hf_str_c(session->recent[0].tool), HF_STR("t18")));
    HF_CHECK(hf_str_eq(hf_str_c(session->recent[HF_SESSION_RECENT - 1].tool), HF_STR("t3")));
    HF_CHECK_U64(hf_rate_count(hf_sessions_class(s, 0), 0, MINUTE), HF_SESSION_RECENT + 3);
    HF_CHECK_U64(hf_rate_count(hf_sessions_tool(s, HF_STR("t5")), 0, MINUTE), 1);
    HF_CHECK(hf_sessions_tool(s, HF_STR("never")) == NULL);
    struct hf_session_open open = {.labels = 1};
    hf_sha256(HF_BYTES("c1"), &open.call);
    HF_CHECK_RC(hf_session_open_call(s, session, &open, NULL), HF_OK);
    HF_CHECK(hf_session_find_call(session, &open.call)->labels == 1);
    hf_session_find_call(session, &open.call)->used = false;
    HF_CHECK(hf_session_find_call(session, &open.call) == NULL);
    hf_sessions_free(s);
}

/* More calls under way than are remembered: what the forgotten ones will bring counts already, and
 * is written down. */
HF_TEST(many_open)
{
    char path[HF_PATH_MAX];
    HF_CHECK_RC(hf_path_join(hf_test_dir(), "taint", path, sizeof path), HF_OK);
    struct hf_sessions *s = open_at(path);
    struct hf_session *session = hf_sessions_get(s, HF_STR("a"));
    for (unsigned i = 0; i < HF_LEN(session->open); i++) {
        struct hf_session_open open = {.labels = i == 0 ? 2 : 0};
        hf_sha256(hf_bytes_of(&i, sizeof i), &open.call);
        HF_CHECK_RC(hf_session_open_call(s, session, &open, NULL), HF_OK);
    }
    HF_CHECK_U64(session->taint, 0);
    struct hf_session_open last = {.labels = 1};
    hf_sha256(HF_BYTES("last"), &last.call);
    HF_CHECK_RC(hf_session_open_call(s, session, &last, NULL), HF_OK);
    HF_CHECK_U64(session->taint, 2);
    hf_sessions_free(s);
    s = open_at(path);
    HF_CHECK_U64(hf_sessions_get(s, HF_STR("a"))->taint, 2);
    hf_sessions_free(s);
}

HF_TEST_MAIN(HF_TEST_CASE(taint), HF_TEST_CASE(pushed_out), HF_TEST_CASE(rates),
             HF_TEST_CASE(calls), HF_TEST_CASE(many_open))
