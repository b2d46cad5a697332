/* hub/web_sessions.h: who is signed in to the Hub's pages, and the forms that they were shown.
 *
 * A session is made of a principal's token and ends with it: when the token is rotated or revoked,
 * half an hour after its last use, or after twelve hours. The browser holds 256 random bits in a
 * cookie, the Hub their hash, in memory alone: when the Hub is started again people sign in again.
 * A form carries a nonce that is good once, for ten minutes, for one request by its hash, in one
 * session.
 * Bounded: of one principal HF_WEB_SESSIONS_OF, in all HF_WEB_SESSIONS_MAX; the one that was used
 * longest ago makes room. Threads: the loop's.
 */
#ifndef HF_HUB_WEB_SESSIONS_H
#define HF_HUB_WEB_SESSIONS_H

#include "base/map.h"
#include "base/queue.h"
#include "commands/approval.h"

#define HF_WEB_SESSIONS_MAX 4096 /* of 3 KiB: 12 MiB */
#define HF_WEB_SESSIONS_OF  8
#define HF_WEB_NONCES       16
#define HF_WEB_COOKIE_TEXT  65 /* with its NUL */
#define HF_WEB_NONCE_TEXT   33

struct hf_web_session {
    char principal[HF_PRINCIPAL_NAME_MAX + 1]; /* read-only */
    struct hf_hash token_hash;                 /* that it was made of */
    /* private */
    struct hf_map_node by_id;
    struct hf_queue order; /* by use */
    struct hf_hash id;
    int64_t opened_us;
    int64_t used_us;

    struct {
        struct hf_hash hash; /* of the nonce */
        char subject[HF_APPROVAL_SUBJECT_SIZE];
        struct hf_hash request;
        int64_t until_us; /* 0: used, or never drawn */
    } nonces[HF_WEB_NONCES];

    unsigned next_nonce;
};

struct hf_web_sessions {
    /* private */
    struct hf_map by_id;
    struct hf_queue order;
};

/* HF_ENOMEM. */
enum hf_rc hf_web_sessions_init(struct hf_web_sessions *sessions, struct hf_env *env);
/* Also for one whose init failed, or of zeroes. */
void hf_web_sessions_fini(struct hf_web_sessions *sessions);

/* Signs the principal in; what the cookie is to hold goes to ret_cookie. HF_ENOMEM. */
enum hf_rc hf_web_session_open(struct hf_web_sessions *sessions, struct hf_env *env,
                               struct hf_str principal, const struct hf_hash *token_hash,
                               char ret_cookie[HF_WEB_COOKIE_TEXT]);
/* NULL: there is none, or it is over. That its token is still good is the caller's to know. */
struct hf_web_session *hf_web_session_find(struct hf_web_sessions *sessions, struct hf_str cookie,
                                           int64_t now_us);
void hf_web_session_close(struct hf_web_sessions *sessions, struct hf_web_session *session);

/* What a form is for: the subject TENANT/APPROVAL, and the request's hash. */
struct hf_web_form_of {
    struct hf_str subject;
    const struct hf_hash *request;
};

void hf_web_nonce_draw(struct hf_web_session *session, struct hf_env *env,
                       const struct hf_web_form_of *form, char ret_nonce[HF_WEB_NONCE_TEXT]);
/* True once: then it is used up. */
bool hf_web_nonce_take(struct hf_web_session *session, struct hf_str nonce,
                       const struct hf_web_form_of *form, int64_t now_us);

#endif
