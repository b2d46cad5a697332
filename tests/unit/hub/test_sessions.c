/* tests/unit/hub/test_sessions.c: who is signed in, for how long, and forms that are good once. */
#include <stdio.h>

#include "hub/web_sessions.h"
#include "tests/harness/test.h"

#define MINUTE INT64_C(60000000)

static const struct hf_hash token = {{1}};
static const struct hf_hash request = {{2}};
static const struct hf_hash other_request = {{3}};

struct world {
    struct hf_env_sim sim;
    struct hf_web_sessions sessions;
};

static void begin(struct world *w)
{
    hf_env_sim_init(&w->sim, 1);
    HF_CHECK_RC(hf_web_sessions_init(&w->sessions, &w->sim.env), HF_OK);
}

static void open_one(struct world *w, const char *who, char cookie[HF_WEB_COOKIE_TEXT])
{
    HF_CHECK_RC(hf_web_session_open(&w->sessions, &w->sim.env, hf_str_c(who), &token, cookie),
                HF_OK);
}

static bool is_in(struct world *w, const char *cookie, int64_t later_us)
{
    return hf_web_session_find(&w->sessions, hf_str_c(cookie),
                               hf_env_wall_us(&w->sim.env) + later_us) != NULL;
}

/* Goal: a session lasts half an hour from its last use, and twelve hours; nobody's cookie but its
 * own opens it; one that is closed is closed. */
HF_TEST(lasting)
{
    struct world w;
    char cookie[HF_WEB_COOKIE_TEXT];
    char other[HF_WEB_COOKIE_TEXT];
    begin(&w);
    open_one(&w, "ann", cookie);
    open_one(&w, "ann", other);
    HF_CHECK(strcmp(cookie, other) != 0 && strlen(cookie) == HF_WEB_COOKIE_TEXT - 1);
    HF_CHECK(is_in(&w, cookie, 0) && is_in(&w, other, 0) && !is_in(&w, "", 0));
    HF_CHECK(is_in(&w, cookie, 30 * MINUTE));
    HF_CHECK(!is_in(&w, other, 30 * MINUTE + 1));
    HF_CHECK(!is_in(&w, other, 0));
    for (int64_t at = 30; at <= 720; at += 30) {
        HF_CHECK(is_in(&w, cookie, at * MINUTE));
    }
    HF_CHECK(!is_in(&w, cookie, 720 * MINUTE + 1));
    open_one(&w, "ann", cookie);
    hf_web_session_close(&w.sessions, hf_web_session_find(&w.sessions, hf_str_c(cookie),
                                                          hf_env_wall_us(&w.sim.env)));
    HF_CHECK(!is_in(&w, cookie, 0));
    hf_web_sessions_fini(&w.sessions);
}

/* Goal: nobody opens more than a few, and nobody else is put out for them. */
HF_TEST(bounds)
{
    struct world w;
    char cookies[HF_WEB_SESSIONS_OF + 1][HF_WEB_COOKIE_TEXT];
    char bob[HF_WEB_COOKIE_TEXT];
    char name[16];
    begin(&w);
    open_one(&w, "bob", bob);
    for (unsigned i = 0; i <= HF_WEB_SESSIONS_OF; i++) {
        open_one(&w, "ann", cookies[i]);
    }
    HF_CHECK(is_in(&w, bob, 0) && !is_in(&w, cookies[0], 0));
    HF_CHECK(is_in(&w, cookies[1], 0) && is_in(&w, cookies[HF_WEB_SESSIONS_OF], 0));
    for (unsigned i = 0; i < HF_WEB_SESSIONS_MAX; i++) {
        (void)snprintf(name, sizeof name, "p-%u", i);
        open_one(&w, name, bob);
    }
    HF_CHECK(w.sessions.by_id.count == HF_WEB_SESSIONS_MAX);
    HF_CHECK(!is_in(&w, cookies[1], 0) && is_in(&w, bob, 0));
    hf_web_sessions_fini(&w.sessions);
}

/* Goal: a form is good once, in its session, for its request, for ten minutes; the newest sixteen
 * are. */
HF_TEST(nonces)
{
    struct world w;
    char cookie[HF_WEB_COOKIE_TEXT];
    char nonces[HF_WEB_NONCES + 1][HF_WEB_NONCE_TEXT];
    begin(&w);
    open_one(&w, "ann", cookie);
    int64_t now = hf_env_wall_us(&w.sim.env);
    struct hf_web_session *s = hf_web_session_find(&w.sessions, hf_str_c(cookie), now);
    const struct hf_web_form_of form = {HF_STR("acme/a-1"), &request};
    const struct hf_web_form_of others[] = {{HF_STR("acme/a-2"), &request},
                                            {HF_STR("acme/a-1"), &other_request}};
    HF_CHECK(!hf_web_nonce_take(s, HF_STR(""), &form, now));
    hf_web_nonce_draw(s, &w.sim.env, &form, nonces[0]);
    HF_CHECK(hf_web_nonce_take(s, hf_str_c(nonces[0]), &form, now + 10 * MINUTE));
    HF_CHECK(!hf_web_nonce_take(s, hf_str_c(nonces[0]), &form, now));
    hf_web_nonce_draw(s, &w.sim.env, &form, nonces[0]);
    HF_CHECK(!hf_web_nonce_take(s, hf_str_c(nonces[0]), &form, now + 10 * MINUTE + 1));
    for (size_t i = 0; i < HF_LEN(others); i++) {
        hf_web_nonce_draw(s, &w.sim.env, &form, nonces[0]);
        HF_CHECK(!hf_web_nonce_take(s, hf_str_c(nonces[0]), &others[i], now));
        HF_CHECK(!hf_web_nonce_take(s, hf_str_c(nonces[0]), &form, now));
    }
    for (unsigned i = 0; i <= HF_WEB_NONCES; i++) {
        hf_web_nonce_draw(s, &w.sim.env, &form, nonces[i]);
    }
    HF_CHECK(!hf_web_nonce_take(s, hf_str_c(nonces[0]), &form, now));
    for (unsigned i = 1; i <= HF_WEB_NONCES; i++) {
        HF_CHECK(hf_web_nonce_take(s, hf_str_c(nonces[i]), &form, now));
    }
    hf_web_sessions_fini(&w.sessions);
}

HF_TEST_MAIN(HF_TEST_CASE(lasting), HF_TEST_CASE(bounds), HF_TEST_CASE(nonces))
