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
 *   HALTED       the region's copy of the log and the log here differ: this server was put back in
 *                time, or somebody else writes as this agent. Events are taken and signs of life
 *                sent; replication waits for a person's word, or begins a new epoch by itself when
 *                it is configured so
 *   OPENING      a new epoch of the log is begun; events are taken when it is there
 *   REFUSED      the Hub refuses to register this agent; events are still taken
 *   CLOSING      finishing
 * Threads: the loop's.
 */
#ifndef HF_TENANT_AGENT_H
#define HF_TENANT_AGENT_H

#include "base/file.h"
#include "base/http/client.h"
#include "base/http/server.h"
#include "base/logger.h"
#include "base/net/peers.h"
#include "base/net/socket.h"
#include "base/sm.h"
#include "commands/enrolment.h"
#include "log/owned/owned.h"
#include "tenant/artifacts.h"
#include "tenant/asking.h"
#include "tenant/budget.h"
#include "tenant/feed.h"
#include "tenant/guard.h"
#include "tenant/job.h"
#include "tenant/known.h"
#include "tenant/numbers.h"
#include "tenant/period.h"
#include "tenant/personal.h"
#include "tenant/secret_scan.h"
#include "tenant/skew.h"
#include "tenant/subjects.h"
#include "tenant/vault_teller.h"
#include "tenant/views.h"

enum hf_agent_state {
    HF_AGENT_NEW,
    HF_AGENT_REGISTERING,
    HF_AGENT_RUNNING,
    HF_AGENT_HALTED,
    HF_AGENT_OPENING,
    HF_AGENT_REFUSED,
    HF_AGENT_CLOSING,
};

struct hf_agent_conf {
    const char *dir;
    const char *hub_url;      /* NULL: as registered */
    const char *token_file;   /* NULL: registered already */
    const char *socket;       /* NULL: agent.sock in dir */
    const char *release_keys; /* file; NULL: those that were kept */
    uint64_t heartbeat_ns;
    uint64_t key_ns;             /* age at which the agent takes its next API key */
    uint64_t artifact_jitter_ns; /* what is for all tenants is fetched within this, at random */
    uint64_t scan_report_ns;     /* so often the log says how far it is searched for secrets */
    uint64_t batch_ns;           /* events that are not urgent wait this long, with jitter */
    uint64_t free_floor;
    uint64_t keep_days;    /* older entries are pruned once the region has them; 0: none are */
    struct hf_peers peers; /* who may use the socket, besides root and the agent's own user */
    struct hf_peers vault_peers; /* who may read values out of the vault; they use the socket too */
    struct hf_peers wrapper_peers; /* who is the safety wrapper, besides root and the own user */
    bool restore_by_itself;      /* after a restore a new epoch is begun without a person's word */
    enum hf_period meter_period; /* after each of which the log says what was used */
    const char *wrapper_socket;  /* control socket of the safety wrapper; NULL: there is none */
    uint64_t openclaw_port;      /* of the gateway on loopback; 0: it is not asked */
    const struct hf_logger *logger;
    /* The log cannot be written any more: close, and open again. May be NULL. */
    void (*failed)(void *arg, const struct hf_err *err);
    void *arg;
    /* The rest is for simulations: zero in the program. */
    struct hf_disk *disk;             /* borrowed; NULL: the operating system's */
    const struct hf_secret *host_key; /* NULL: the machine's */
    struct hf_http_client *client;    /* taken; NULL: libcurl with the region's pin */
    bool closed_in;                   /* no socket: programs are not served */
    const char *vault_dir;            /* folder of the operating system's for the vault's database;
                                         without a socket and it there is no vault */
};

#define HF_AGENT_REASON_MAX 500 /* bytes, as in the event epoch.opened */

/* How the log came into its epoch, kept in the file "epoch.json"; without it the epoch is 1. */
struct hf_agent_epoch {
    uint32_t epoch;
    uint32_t old_epoch;    /* of the log that was there before */
    uint64_t carried_from; /* its entries from here on follow in the new epoch */
    int64_t opened_us;
    char reason[HF_AGENT_REASON_MAX + 1];
    bool done; /* all of them did */
};

enum hf_agent_trouble_kind {
    HF_AGENT_WELL,
    HF_AGENT_BEHIND,   /* the region has more of this log than there is here */
    HF_AGENT_FORKED,   /* the region has another history of this epoch */
    HF_AGENT_PASSED,   /* the region is in a later epoch: somebody else writes as this agent */
    HF_AGENT_SUCCEEDS, /* the region has the log of the agent before this one: the next epoch begins
                          without a word, the token that this agent registered with was one */
};

struct hf_agent_trouble {
    enum hf_agent_trouble_kind kind;
    uint32_t hub_epoch;
    char text[256];
};

/* The old log while a new epoch is begun. */
struct hf_agent_carry {
    struct hf_owned log;
    bool open;
    bool closing;
    struct hf_post opening; /* epoch.opened */
    struct hf_append append;
    struct hf_submission items[256];
    struct hf_buf bytes;
    struct hf_buf blob;
    bool busy;
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
    uint32_t after_epoch; /* the newest of another agent's log, which this one's follows; 0: none */
    uint64_t after_size;  /* entries that the region has of it */
};

struct hf_agent {
    struct hf_loop *loop;
    const struct hf_logger *logger;
    struct hf_disk *disk;
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
    struct hf_agent_epoch epoch;
    struct hf_agent_trouble trouble;
    struct hf_agent_carry carry;
    struct hf_timer word; /* looks for a person's word while HALTED, and tries again */
    bool holding;         /* takes no events: a new epoch is about to be begun */
    bool started;         /* heartbeats and rotation run */
    uint64_t receipt;     /* entries that the region acknowledged */
    uint64_t upload_end;
    struct hf_agent_numbers numbers;
    uint64_t beat_ns; /* when the last one was sent */
    struct hf_skew skew;
    struct hf_agent_views views;
    struct hf_agent_vault vault;
    struct hf_agent_scan scan;
    struct hf_agent_guard guard;
    struct hf_timer prune;
    struct hf_agent_budgets budgets;
    struct hf_agent_period period;
    struct hf_http_client *client;
    struct hf_agent_job enrol;
    struct hf_agent_job upload;
    struct hf_agent_job beat;
    struct hf_agent_job rotate;
    struct hf_agent_known known;
    struct hf_agent_feed feed;
    struct hf_agent_artifacts artifacts;
    struct hf_agent_subjects subjects;
    uint64_t uploads_paused_ns; /* until then, by the monotonic clock */
    struct hf_http_server *local;
    struct hf_listener listener;
    bool listening;
    struct hf_queue waiting; /* on the socket: tenant/waiter.h */
    struct hf_agent_asking asking;
    unsigned appends; /* requests of the local API on their way to disk */
    struct hf_err failure;
    struct hf_task failing; /* the log failed: says so outside of its writer */
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
const char *hf_agent_trouble_name(enum hf_agent_trouble_kind kind);

/* Private to this folder. */

/* tenant/identity.c: what is kept on disk. */
enum hf_rc hf_agent_load_region(struct hf_agent *agent, struct hf_err *err);
enum hf_rc hf_agent_save_region(struct hf_agent *agent, struct hf_err *err);
void hf_agent_save_receipt(struct hf_agent *agent, struct hf_bytes note);
/* The newest receipt of the log: false when there is none that holds. note has room for HF_MARK_MAX
 * bytes. */
bool hf_agent_load_receipt(struct hf_agent *agent, struct hf_checkpoint *ret_checkpoint,
                           uint8_t *note, size_t *ret_len);
/* The same of another log of the agent's. A receipt is a mark, which a crash may tear. */
bool hf_agent_receipt_of(struct hf_agent *agent, const struct hf_owned *log,
                         struct hf_checkpoint *ret_checkpoint, uint8_t *note, size_t *ret_len);
enum hf_rc hf_agent_load_epoch(struct hf_agent *agent, struct hf_err *err);
enum hf_rc hf_agent_save_epoch(struct hf_agent *agent, struct hf_err *err);
/* Path of a file of the agent's folder. */
enum hf_rc hf_agent_path(const struct hf_agent *agent, const char *name, char out[HF_PATH_MAX],
                         struct hf_err *err);

/* tenant/prune.c: once an hour, what is older than keep_days and below the receipt. */
void hf_agent_prune_start(struct hf_agent *agent);

/* tenant/epoch.c: from HALTED over OPENING to RUNNING, also across restarts. */
/* Opens the log of the epoch, and while it is being begun also the one before. */
enum hf_rc hf_agent_open_log(struct hf_agent *agent, struct hf_err *err);
/* Entries that the region has for certain: a receipt says so. */
uint64_t hf_agent_surely_known(struct hf_agent *agent);
/* HALTED, nothing on its way, agent->known is ready or not needed: begins the next epoch. */
enum hf_rc hf_agent_begin_epoch(struct hf_agent *agent, const char *reason, struct hf_err *err);
/* OPENING: does what is left. */
void hf_agent_carry_on(struct hf_agent *agent);
/* Closes the old log; while the agent is CLOSING its own log follows. */
void hf_agent_close_old(struct hf_agent *agent);

/* tenant/halt.c: what stops replication, and what lets it go on. */
void hf_agent_halt(struct hf_agent *agent, enum hf_agent_trouble_kind kind, uint32_t hub_epoch,
                   const char *text);
/* Prepares the timer `word`. */
void hf_agent_watch_word(struct hf_agent *agent);
/* The region and the log agree: earlier trouble is over. */
void hf_agent_well(struct hf_agent *agent);
/* What the region said that it has: halts when it is more than there is here. True: all is well. */
bool hf_agent_compare(struct hf_agent *agent, uint32_t hub_epoch, uint64_t hub_size);
/* Begins the next epoch when the region has the log of an agent before this one. */
void hf_agent_succeed(struct hf_agent *agent);
/* HF_OK: the word is given; the running agent takes it within seconds. */
enum hf_rc hf_agent_give_word(const char *dir, const char *reason, struct hf_err *err);

/* tenant/invitation.c: registered before, or invited by a token: fills region and tenant.
 * HF_EUSAGE: neither. */
enum hf_rc hf_agent_find_place(struct hf_agent *agent, bool *ret_registered, struct hf_err *err);

/* tenant/enrol.c: from NEW to RUNNING. */
void hf_agent_enrol(struct hf_agent *agent);

/* tenant/agent.c: opens log, client and socket; moves to RUNNING. */
void hf_agent_log_changed(void *arg, struct hf_log_writer *writer);
void hf_agent_close_log(struct hf_agent *agent);
enum hf_rc hf_agent_run(struct hf_agent *agent, struct hf_err *err);
void hf_agent_move(struct hf_agent *agent, enum hf_agent_state state);

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
