/* wrapper/sessions.h: what the agent's sessions have seen and done, as far as policies ask for it.
 *
 * Of each session: labels of taint, which only grow; the last calls; calls under way. Of the whole
 * tenant: how many calls there were, in windows of a minute, an hour and a day. Labels are kept in
 * a file of the state folder, so that a restart does not wash a session clean; when there are more
 * sessions than HF_SESSIONS_MAX the one that is idle for longest goes, and if its name comes again
 * it begins as tainted as any that went.
 * Pure but for the file. Threads: the loop's.
 */
#ifndef HF_WRAPPER_SESSIONS_H
#define HF_WRAPPER_SESSIONS_H

#include "base/crypto.h"
#include "base/map.h"
#include "base/queue.h"

#define HF_SESSIONS_MAX    4096u
#define HF_SESSION_RECENT  16u
#define HF_SESSION_CALLS   16u /* calls of a session that may be decided at the same time */
#define HF_SESSION_WAITING 8u  /* calls of a session that may wait for a person */
#define HF_SESSION_LABELS  3u  /* of enum hf_policy_facts_taint */
#define HF_RATE_TOOLS      512u
#define HF_RATE_CLASSES    8u

/* Ordered as the enums of policy.facts: minute, hour, day. */
#define HF_RATE_WINDOWS 3
#define HF_RATE_PARTS   6 /* of a window: it slides by a sixth of its length */

struct hf_rate {
    /* private */
    uint64_t part[HF_RATE_WINDOWS]; /* number of the newest part */
    uint32_t counts[HF_RATE_WINDOWS][HF_RATE_PARTS];
};

void hf_rate_add(struct hf_rate *rate, uint64_t now_ns);
uint64_t hf_rate_count(const struct hf_rate *rate, unsigned window, uint64_t now_ns);

struct hf_session_call {
    char tool[129];
    uint16_t classes; /* as hf_class_set */
    bool untrusted;
    uint8_t verdict; /* enum hf_verdict */
};

/* An allowed call that did not come back yet. */
struct hf_session_open {
    struct hf_hash call; /* of OpenClaw's name of it */
    struct hf_hash action;
    uint8_t labels; /* what the session has seen once its result is there */
    bool used;
};

struct hf_session {
    /* read-only but for the owner's own counters */
    uint8_t taint;     /* bit N for label N */
    unsigned deciding; /* calls under way */
    unsigned waiting;  /* of them, for a person */
    struct hf_rate rate;
    size_t recent_count;
    struct hf_session_call recent[HF_SESSION_RECENT]; /* the newest first */
    struct hf_session_open open[HF_SESSION_CALLS * 2];
    size_t open_next;
    /* private */
    struct hf_hash key;
    struct hf_map_node node;
    struct hf_queue age;
};

struct hf_sessions;

/* state: file of the labels; NULL: not kept. A damaged file taints every session. */
enum hf_rc hf_sessions_new(struct hf_env *env, const char *state, struct hf_sessions **ret_sessions,
                           struct hf_err *err);
void hf_sessions_free(struct hf_sessions *sessions);
/* The session of that name, made when it is not there; NULL without memory. Good until the next
 * get, or for as long as deciding or waiting is above 0. */
struct hf_session *hf_sessions_get(struct hf_sessions *sessions, struct hf_str name);
/* Copies the session as hf_sessions_get would give it, and changes nothing. */
void hf_sessions_peek(const struct hf_sessions *sessions, struct hf_str name,
                      struct hf_session *ret_session);
/* Adds labels; writes them down before it returns. An error means that only this process knows. */
enum hf_rc hf_sessions_taint(struct hf_sessions *sessions, struct hf_session *session,
                             uint8_t labels, struct hf_err *err);
/* One more call was decided. */
void hf_sessions_count(struct hf_sessions *sessions, struct hf_session *session,
                       const struct hf_session_call *call, uint64_t now_ns);
/* Counters of the tenant: all calls, of a tool, of a class. A tool that never ran: NULL. */
const struct hf_rate *hf_sessions_all(const struct hf_sessions *sessions);
const struct hf_rate *hf_sessions_tool(const struct hf_sessions *sessions, struct hf_str name);
const struct hf_rate *hf_sessions_class(const struct hf_sessions *sessions, unsigned class_number);

/* Remembers an allowed call. When there is no room the oldest is forgotten, and the session has its
 * labels at once: its result may still come. Errors as of hf_sessions_taint; it is remembered. */
enum hf_rc hf_session_open_call(struct hf_sessions *sessions, struct hf_session *session,
                                const struct hf_session_open *call, struct hf_err *err);
/* The call that did not come back yet; NULL. */
struct hf_session_open *hf_session_find_call(struct hf_session *session,
                                             const struct hf_hash *call);

#endif
