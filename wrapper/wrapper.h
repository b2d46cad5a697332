/* wrapper/wrapper.h: the safety wrapper of one tenant: it decides every tool call of its OpenClaw.
 *
 * The plugin in the gateway asks over a Unix socket (wrapper/protocol.h) and does what it is told.
 * A call is reduced to the canonical fact vector, the policy is evaluated on exactly that, a person
 * is asked where it says so, and the decision is durable in the tenant's log, through the agent's
 * socket, before the call may run. What fails on the way is a refusal: no agent, no disk, no
 * policy, no answer, a gateway that does not hold the lease.
 *
 *   plugin ── link.c ── call.c ── judge.c (facts, policy)     recorder.c ── agent's socket
 *                          └──── answers.c (people)      lease.c, watch.c (driver, canary)
 *
 * A second socket, control.c, tells the agent and the egress proxy how it is: GET /v1/status.
 * Draining: what waits is refused, what is being written down is waited for, then all is closed.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_WRAPPER_H
#define HF_WRAPPER_WRAPPER_H

#include "base/file.h"
#include "base/http/client.h"
#include "base/http/server.h"
#include "base/logger.h"
#include "base/net/socket.h"
#include "wrapper/activation.h"
#include "wrapper/answers.h"
#include "wrapper/budget.h"
#include "wrapper/channel.h"
#include "wrapper/lease.h"
#include "wrapper/note.h"
#include "wrapper/redaction_report.h"
#include "wrapper/secrets.h"
#include "wrapper/sessions.h"

#define HF_WRAPPER_LINKS_MAX   64u
#define HF_WRAPPER_VERSION_MAX 64u /* bytes of a version of OpenClaw */
#define HF_WRAPPER_TENANT_MAX  48u
/* Questions of a connection under way, those that wait for a person not counted: it is not read
 * any further until one is answered. */
#define HF_LINK_QUESTIONS_MAX  256u
#define HF_WRAPPER_WAITING_MAX 200u /* calls that wait for a person; the region takes 256 */

struct hf_wrapper_conf {
    const char *state;         /* folder of what outlives a restart; made when it is not there */
    const char *plugin_socket; /* where the gateway's plugin asks */
    const char *control_socket;
    const char *agent_socket;
    const char *policy;       /* bundle to begin with, unless the region gave one; NULL: none */
    const char *release_keys; /* file of the keys that the region's policies are signed with; NULL:
                                 none is believed */
    const char *shadow;       /* candidate that is only counted; NULL: none */
    const char *workspace;    /* the agent's; NULL: what the gateway says */
    const char *home;         /* of the gateway's user; NULL: not known */
    /* Folders with a name in policies: $config, $state, $wrapper; NULL: not known. */
    const char *openclaw_config;
    const char *openclaw_state;
    const char *openclaw_plugin;
    struct hf_peers gateways; /* users that gateways run as */
    struct hf_peers readers;  /* users that may ask how it is */
    const char *members;      /* senders who are no strangers (wrapper/requester.h) */
    unsigned level;           /* highest level of autonomy, 1 to 5 */
    uint64_t tick_ns;         /* how often gateways are looked for */
    uint64_t grace_s;         /* a gateway that is younger may be without the lease: it starts */
    const struct hf_logger *logger;
};

/* Since the start. */
struct hf_wrapper_counts {
    uint64_t calls;
    uint64_t allowed;
    uint64_t refused;
    uint64_t asked;
    uint64_t approved;
    uint64_t unrecorded; /* refused because the decision could not be written down */
    uint64_t runs;       /* of the model, that were asked for */
    uint64_t runs_refused;
    uint64_t results;
    uint64_t unknown;   /* results of calls that were not asked for */
    uint64_t redacted;  /* results in which something was replaced */
    uint64_t disguised; /* results that were withheld: a secret in another spelling */
    uint64_t changed;   /* calls whose parameters were not those that were allowed */
    uint64_t strangers; /* connections that were refused */
    uint64_t dropped;   /* events of minor weight that could not be written down */
    uint64_t flips;     /* verdicts of the shadow policy that differ */
};

struct hf_wrapper {
    struct hf_loop *loop;
    const struct hf_logger *logger;
    struct hf_wrapper_conf conf;
    char paths[4][HF_PATH_MAX]; /* of the state folder */
    struct hf_http_client *client;
    struct hf_recorder *recorder;
    struct hf_answers *answers;
    struct hf_sessions *sessions;
    struct hf_policies policies;
    struct hf_activation activation;
    struct hf_redact redact;
    struct hf_secrets secrets;
    struct hf_redaction_report report;
    struct hf_policy_channel channel;
    struct hf_wrapper_budget budget;
    /* The gateway is about to stop: what waits is refused, and nothing is taken until it has. */
    bool parting;
    uint64_t parting_until_ns;
    bool swept; /* requests of an earlier life are withdrawn */
    struct hf_driver_host host;
    struct hf_driver *driver;
    struct hf_lease lease;
    struct hf_wrapper_counts counts;
    char tenant[HF_WRAPPER_TENANT_MAX + 1]; /* empty: the agent did not say yet */
    char openclaw[HF_WRAPPER_VERSION_MAX + 1];
    char workspace[HF_PATH_MAX];
    size_t gateways;          /* that run */
    size_t unguarded;         /* of them, without the lease */
    bool unseen;              /* they could not be looked for */
    unsigned waiting;         /* calls that wait for a person */
    struct hf_queue runs;     /* that are decided now */
    struct hf_queue releases; /* reservations on their way back */
    size_t release_count;
    struct hf_queue links;
    size_t link_count;
    uint64_t refusal_said_ns; /* when the log spoke of a refused connection; 0: never */
    uint64_t refusals_unsaid; /* since then */
    struct hf_timer tick;
    struct hf_timer canary;
    struct hf_http_call ask; /* the agent's status */
    bool asking;
    uint64_t began_ns;
    int64_t began_us;
    struct hf_listener plugin;
    struct hf_listener control_listener;
    struct hf_http_server *control;
    unsigned open; /* listeners and servers that are not closed yet */
    bool draining;
    struct hf_timer drain;
    uint64_t drain_until_ns;
    bool listening[2]; /* plugin, control */
    void (*closed)(void *arg);
    void *arg;
};

/* What conf points to is borrowed until it is closed. On failure call hf_wrapper_close as well. */
enum hf_rc hf_wrapper_open(struct hf_loop *loop, const struct hf_wrapper_conf *conf,
                           struct hf_wrapper *wrapper, struct hf_err *err);
void hf_wrapper_close(struct hf_wrapper *wrapper, void (*closed)(void *arg), void *arg);

/* Private to this folder. */

struct hf_link;

/* wrapper/link.c: connections of plugins. */
void hf_link_accept(struct hf_wrapper *wrapper, struct hf_stream *stream);
/* Challenges the gateway that holds the lease, over one of its connections. */
void hf_links_challenge(struct hf_wrapper *wrapper);
/* Refuses what waits for a person; nothing new is taken. */
void hf_links_drain(struct hf_wrapper *wrapper);
void hf_links_close(struct hf_wrapper *wrapper);
/* wrapper/run.c: frees what still asks the agent. */
void hf_runs_close(struct hf_wrapper *wrapper);
/* wrapper/release.c: the same. */
void hf_releases_close(struct hf_wrapper *wrapper);
/* Is anything still to be answered? */
bool hf_links_busy(const struct hf_wrapper *wrapper);

/* The gateway is about to stop (parting), or is not any more. */
void hf_wrapper_part(struct hf_wrapper *wrapper, bool parting);

static inline bool hf_wrapper_stops(const struct hf_wrapper *wrapper)
{
    return wrapper->draining || wrapper->parting;
}

/* wrapper/watch.c: gateways, canaries, the agent's word who the tenant is. */
void hf_watch_start(struct hf_wrapper *wrapper);
void hf_watch_stop(struct hf_wrapper *wrapper);
/* The next canary goes out soon. */
void hf_watch_canary_soon(struct hf_wrapper *wrapper);
/* "unguarded" (a gateway runs without the lease, or does not obey), "unknown" (which gateways run
 * cannot be seen), "enforced", "unproved", "idle" (no gateway). */
const char *hf_watch_enforcement(const struct hf_wrapper *wrapper);

/* wrapper/control.c: the handler of the control socket. */
extern const struct hf_http_handler hf_wrapper_control_handler;

/* An event of minor weight: written when it can be, counted when it cannot. */
void hf_wrapper_note(struct hf_wrapper *wrapper, const char *type, const void *event);

#endif
