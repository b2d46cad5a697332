/* tenant/agent.h: the tenant agent: owner of the tenant's log on its server.
 *
 * It takes events from programs beside it over a Unix socket, makes them durable, replicates them
 * to the region's Hub until it has a receipt, and gives signs of life. Without the Hub it goes on
 * taking events for as long as there is room; nothing is ever dropped.
 *
 * States:
 *   NEW          no identity yet: a registration token is needed
 *   REGISTERING  the Hub is asked, again and again until the token is refused
 *   RUNNING      registered: the log is open, replication and heartbeats run
 *   REFUSED      the Hub refuses this agent for good (a person has to look); events are still taken
 *   CLOSING      finishing
 * Threads: the loop's.
 */
#ifndef HF_TENANT_AGENT_H
#define HF_TENANT_AGENT_H

#include "base/file.h"
#include "base/http/client.h"
#include "base/http/server.h"
#include "base/logger.h"
#include "base/net/socket.h"
#include "base/sm.h"
#include "commands/enrolment.h"
#include "log/owned/owned.h"
#include "tenant/feed.h"
#include "tenant/job.h"

enum hf_agent_state {
    HF_AGENT_NEW,
    HF_AGENT_REGISTERING,
    HF_AGENT_RUNNING,
    HF_AGENT_REFUSED,
    HF_AGENT_CLOSING,
};

struct hf_agent_conf {
    const char *dir;
    const char *hub_url;    /* NULL: as registered */
    const char *token_file; /* NULL: registered already */
    const char *socket;     /* NULL: agent.sock in dir */
    uint64_t heartbeat_ns;
    uint64_t key_ns;   /* age at which the agent takes its next API key */
    uint64_t batch_ns; /* events that are not urgent wait this long, with jitter */
    uint64_t free_floor;
    const struct hf_logger *logger;
};

/* What registration gave, kept in the file "region.json": nothing secret. */
struct hf_agent_region {
    char region[17];
    char tenant[HF_TENANT_NAME_MAX + 1];
    char hub_url[HF_AGENT_URL_MAX];
    struct hf_hash tls_pin;
    struct hf_vkey log_vkey;
    struct hf_vkey cosigner;
    struct hf_hash token; /* that it was registered with, as the Hub knows it */
    uint64_t key_serial;  /* of the API key: how often it was rotated */
};

struct hf_agent {
    struct hf_loop *loop;
    const struct hf_logger *logger;
    struct hf_agent_conf conf;
    struct hf_sm sm;
    char dir[HF_PATH_MAX];
    struct hf_secret host_key;
    struct hf_agent_region region;
    struct hf_secret api_key;
    struct hf_signing_key *identity;
    struct hf_vkey identity_vkey;
    struct hf_token token;
    struct hf_hash token_hash;
    struct hf_owned log;
    struct hf_vkey log_vkey;
    uint32_t epoch;
    uint64_t receipt; /* entries that the region acknowledged */
    uint64_t upload_end;
    uint64_t counter; /* of heartbeats */
    struct hf_http_client *client;
    struct hf_agent_job enrol;
    struct hf_agent_job upload;
    struct hf_agent_job beat;
    struct hf_agent_job rotate;
    struct hf_agent_feed feed;
    uint64_t uploads_paused_ns; /* until then, by the monotonic clock */
    struct hf_http_server *local;
    struct hf_listener listener;
    bool listening;
    unsigned appends; /* requests of the local API on their way to disk */
    void (*changed)(void *arg, struct hf_agent *agent); /* the state moved; may be NULL */
    void (*closed)(void *arg);
    void *arg;
};

/* What conf points to is borrowed until the agent is closed. On failure call hf_agent_close all the
 * same. */
enum hf_rc hf_agent_open(struct hf_loop *loop, const struct hf_agent_conf *conf,
                         struct hf_agent *agent, struct hf_err *err);
void hf_agent_close(struct hf_agent *agent, void (*closed)(void *arg), void *arg);
enum hf_agent_state hf_agent_state(const struct hf_agent *agent);
const char *hf_agent_state_name(enum hf_agent_state state);

/* Private to this folder. */

/* tenant/identity.c: what is kept on disk. */
enum hf_rc hf_agent_load_region(struct hf_agent *agent, struct hf_err *err);
enum hf_rc hf_agent_save_region(struct hf_agent *agent, struct hf_err *err);
void hf_agent_save_receipt(struct hf_agent *agent, struct hf_bytes note);
uint64_t hf_agent_load_receipt(struct hf_agent *agent);

/* tenant/enrol.c: from NEW to RUNNING. */
void hf_agent_enrol(struct hf_agent *agent);

/* tenant/agent.c: opens log, client and socket; moves to RUNNING. */
enum hf_rc hf_agent_run(struct hf_agent *agent, struct hf_err *err);
void hf_agent_move(struct hf_agent *agent, enum hf_agent_state state);
/* Starts a job's call: POST its body to PATH at the Hub, or GET when content_type is NULL. */
void hf_agent_ask(struct hf_agent *agent, struct hf_agent_job *job, const char *path,
                  const char *content_type, void (*done)(struct hf_http_call *call));
/* The call is over: after a failure arms the job's timer by back-off (1 s doubling to 60 s, half of
 * it random, or longer when the Hub says so). */
void hf_agent_back_off(struct hf_agent *agent, struct hf_agent_job *job);

/* tenant/replicate.c */
void hf_agent_replicate_start(struct hf_agent *agent);
/* There are new events; urgent ones go at once. */
void hf_agent_replicate_poke(struct hf_agent *agent, bool urgent);

/* tenant/heartbeat.c */
void hf_agent_heartbeat_start(struct hf_agent *agent);
void hf_agent_heartbeat_now(struct hf_agent *agent);

/* tenant/rotate.c: the next API key, now and then or when somebody asks for it. */
void hf_agent_rotate_start(struct hf_agent *agent);
void hf_agent_rotate_now(struct hf_agent *agent);

/* tenant/local_api.c: the handler of the Unix socket. */
extern const struct hf_http_handler hf_agent_local_handler;

#endif
