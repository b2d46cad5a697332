/* hub/web_sessions.c: remembers who is signed in, and which forms are open. */
#include "hub/web_sessions.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/hex.h"

#define MINUTE_US INT64_C(60000000)
#define IDLE_US   (30 * MINUTE_US)
#define LONG_US   (12 * 60 * MINUTE_US)
#define FORM_US   (10 * MINUTE_US)

enum hf_rc hf_web_sessions_init(struct hf_web_sessions *sessions, struct hf_env *env)
{
    hf_queue_init(&sessions->order);
    return hf_map_init(&sessions->by_id, env);
}

void hf_web_session_close(struct hf_web_sessions *sessions, struct hf_web_session *session)
{
    hf_map_remove(&sessions->by_id, &session->by_id);
    hf_queue_remove(&session->order);
    hf_heap_free(session);
}

void hf_web_sessions_fini(struct hf_web_sessions *sessions)
{
    while (sessions->order.next != NULL && !hf_queue_empty(&sessions->order)) {
        hf_web_session_close(sessions,
                             HF_CONTAINER_OF(sessions->order.next, struct hf_web_session, order));
    }
    hf_map_fini(&sessions->by_id);
}

static struct hf_bytes id_bytes(const struct hf_hash *id)
{
    return hf_bytes_of(id->b, HF_HASH_SIZE);
}

/* The principal's oldest when it has as many as it may, and the oldest of all when there are. */
static void make_room(struct hf_web_sessions *sessions, struct hf_str principal)
{
    struct hf_web_session *oldest = NULL;
    unsigned count = 0;
    HF_QUEUE_FOREACH (node, &sessions->order) {
        struct hf_web_session *s = HF_CONTAINER_OF(node, struct hf_web_session, order);
        if (hf_str_eq(hf_str_c(s->principal), principal)) {
            oldest = count++ == 0 ? s : oldest;
        }
    }
    if (count < HF_WEB_SESSIONS_OF && sessions->by_id.count >= HF_WEB_SESSIONS_MAX) {
        oldest = HF_CONTAINER_OF(sessions->order.next, struct hf_web_session, order);
        count = HF_WEB_SESSIONS_OF;
    }
    if (count >= HF_WEB_SESSIONS_OF) {
        hf_web_session_close(sessions, oldest);
    }
}

enum hf_rc hf_web_session_open(struct hf_web_sessions *sessions, struct hf_env *env,
                               struct hf_str principal, const struct hf_hash *token_hash,
                               char ret_cookie[HF_WEB_COOKIE_TEXT])
{
    uint8_t seed[32];
    struct hf_web_session *s = hf_heap_zalloc(1, sizeof *s);
    if (s == NULL) {
        return HF_ENOMEM;
    }
    make_room(sessions, principal);
    hf_env_random(env, seed, sizeof seed);
    hf_hex_encode(hf_bytes_of(seed, sizeof seed), ret_cookie);
    hf_wipe(seed, sizeof seed);
    hf_sha256(hf_str_bytes(hf_str_c(ret_cookie)), &s->id);
    HF_ASSERT(principal.len < sizeof s->principal);
    memcpy(s->principal, principal.ptr, principal.len);
    s->token_hash = *token_hash;
    s->opened_us = hf_env_wall_us(env);
    s->used_us = s->opened_us;
    hf_map_insert(&sessions->by_id, id_bytes(&s->id), &s->by_id);
    hf_queue_push(&sessions->order, &s->order);
    return HF_OK;
}

static bool is_over(const struct hf_web_session *s, int64_t now_us)
{
    return now_us < s->opened_us || now_us - s->used_us > IDLE_US ||
           now_us - s->opened_us > LONG_US;
}

struct hf_web_session *hf_web_session_find(struct hf_web_sessions *sessions, struct hf_str cookie,
                                           int64_t now_us)
{
    struct hf_hash id;
    hf_sha256(hf_str_bytes(cookie), &id);
    for (struct hf_map_node *n = hf_map_first(&sessions->by_id, id_bytes(&id)); n != NULL;
         n = hf_map_next(n)) {
        struct hf_web_session *s = HF_CONTAINER_OF(n, struct hf_web_session, by_id);
        if (!hf_equal_secret(id_bytes(&s->id), id_bytes(&id))) {
            continue;
        }
        if (is_over(s, now_us)) {
            hf_web_session_close(sessions, s);
            return NULL;
        }
        s->used_us = now_us > s->used_us ? now_us : s->used_us;
        hf_queue_remove(&s->order);
        hf_queue_push(&sessions->order, &s->order);
        return s;
    }
    return NULL;
}

/* forms */

void hf_web_nonce_draw(struct hf_web_session *session, struct hf_env *env,
                       const struct hf_web_form_of *form, char ret_nonce[HF_WEB_NONCE_TEXT])
{
    uint8_t seed[16];
    unsigned n = session->next_nonce++ % HF_WEB_NONCES;
    hf_env_random(env, seed, sizeof seed);
    hf_hex_encode(hf_bytes_of(seed, sizeof seed), ret_nonce);
    hf_sha256(hf_str_bytes(hf_str_c(ret_nonce)), &session->nonces[n].hash);
    (void)snprintf(session->nonces[n].subject, sizeof session->nonces[n].subject, "%.*s",
                   HF_STR_ARG(form->subject));
    session->nonces[n].request = *form->request;
    session->nonces[n].until_us = hf_env_wall_us(env) + FORM_US;
}

bool hf_web_nonce_take(struct hf_web_session *session, struct hf_str nonce,
                       const struct hf_web_form_of *form, int64_t now_us)
{
    struct hf_hash hash;
    hf_sha256(hf_str_bytes(nonce), &hash);
    for (unsigned n = 0; n < HF_WEB_NONCES; n++) {
        if (session->nonces[n].until_us == 0 ||
            !hf_equal_secret(id_bytes(&session->nonces[n].hash), id_bytes(&hash))) {
            continue;
        }
        bool good = now_us <= session->nonces[n].until_us &&
                    hf_str_eq(hf_str_c(session->nonces[n].subject), form->subject) &&
                    hf_bytes_eq(id_bytes(&session->nonces[n].request), id_bytes(form->request));
        session->nonces[n].until_us = 0;
        return good;
    }
    return false;
}
