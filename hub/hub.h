/* hub/hub.h: one region's Hub: its log, its keys, who may do what, and the API.
 *
 * Order: hf_hub_open, the loop runs, hf_hub_close, whose callback is the end. One process, one
 * thread: the loop's.
 */
#ifndef HF_HUB_HUB_H
#define HF_HUB_HUB_H

#include "base/file.h"
#include "base/http/server.h"
#include "base/logger.h"
#include "base/net/socket.h"
#include "base/net/tls.h"
#include "commands/cutover.h"
#include "commands/region.h"
#include "hub/approval_router.h"
#include "hub/approvals.h"
#include "hub/artifacts.h"
#include "hub/certificate.h"
#include "hub/contact_box.h"
#include "hub/custody.h"
#include "hub/directives.h"
#include "hub/entries.h"
#include "hub/flags.h"
#include "hub/followers.h"
#include "hub/ingest_lag.h"
#include "hub/keys.h"
#include "hub/local.h"
#include "hub/model_reader.h"
#include "hub/newcomers.h"
#include "hub/outbox.h"
#include "hub/principals.h"
#include "hub/probes.h"
#include "hub/read_models.h"
#include "hub/snapshot.h"
#include "hub/subjects.h"
#include "hub/takers.h"
#include "hub/tenants.h"
#include "hub/web_sessions.h"
#include "log/owned/owned.h"

#define HF_HUB_EPOCH_BITS 40 /* a segment's sequence is epoch << 40 + end */
#define HF_HUB_PEERS_MAX  3
#define HF_HUB_URL_MAX    256

/* Another region's Hub: where to go with what does not belong here. */
struct hf_hub_peer {
    enum hf_region region;
    char url[HF_HUB_URL_MAX];
};

/* Refusals to those whom the Hub does not know, since start_us. */
struct hf_hub_strangers {
    int64_t start_us;
    uint64_t unknown_principal;
    uint64_t unknown_agent;
    uint64_t bad_registration;
    uint64_t malformed; /* the server's count at start_us */
};

/* What was called before start_us; the counters themselves are the Hub's. */
struct hf_hub_api_window {
    int64_t start_us;
    uint64_t calls;
    uint64_t failed;
};

struct hf_hub_conf {
    const char *dir;    /* of the region's log and keys */
    const char *region; /* "dev", "staging", "prod-eu", "prod-us" */
    const char
        *listen;       /* address of the API; NULL: none, and no TLS and no read models: connections
                           come by hf_hub_serve (simulations) */
    const char *name;  /* host name in the TLS certificate that is made when there is none */
    const char *peers; /* "prod-us=https://hub.us.example,..."; NULL: none are known */
    const char *models; /* of the read models: a SQLite file or postgresql://...; NULL: models.db in
                           dir */
    const char *release_keys;    /* file; NULL: no artifact is taken */
    bool only_api;               /* the read models are a worker's: here they are read or, without
                              `models`, not there */
    const char *public_url;      /* by which people reach this Hub; NULL: where it listens */
    const char *tls_certificate; /* file that browsers of public_url get; NULL: the Hub's own */
    const char *tls_key;         /* file with its key */
    bool push_anywhere;          /* devices may have a push service on plain HTTP (tests) */
    const char *socket;          /* of the worker; NULL: hub.sock in dir */
    struct hf_peers allow;       /* who may use it besides root and the Hub's own user */
    uint64_t free_floor;
    uint64_t snapshot_ns; /* between two snapshots of the memory; 0: ten minutes */
    uint64_t probe_ns;    /* between two probes of the way of approvals; 0: none */
    const struct hf_logger *logger;
    /* The log cannot be written any more: close, and open again. May be NULL. */
    void (*failed)(void *arg, const struct hf_err *err);
    void *arg;
    struct hf_disk *disk;             /* borrowed; NULL: the operating system's */
    const struct hf_secret *host_key; /* NULL: the machine's */
};

struct hf_hub {
    struct hf_loop *loop;
    const struct hf_logger *logger;
    struct hf_disk *disk;
    char region[17];
    enum hf_region region_number;
    struct hf_hub_peer peers[HF_HUB_PEERS_MAX];
    unsigned peer_count;
    char dir[HF_PATH_MAX];
    struct hf_owned log;
    struct hf_vkey log_vkey;
    struct hf_hash log_fingerprint;
    struct hf_signing_key *cosigner; /* signs receipts */
    struct hf_vkey cosigner_vkey;
    struct hf_signing_key *api_keys; /* API keys are made of its signatures */
    struct hf_hash cursor_key;       /* of lists' cursors */
    struct hf_timer window;          /* heartbeat.window */
    struct hf_post window_post;
    bool window_posting;
    int64_t window_start_us;
    struct hf_tls_server *tls;
    struct hf_hash tls_pin;
    struct hf_hub_certificate certificate; /* of browsers */
    struct hf_listener listener;
    bool listening;
    struct hf_http_server *http;
    struct hf_hub_local local;
    struct hf_hub_tenants *tenants;
    struct hf_hub_principals principals;
    struct hf_hub_flags flags;
    struct hf_cutover cutover;
    struct hf_hub_strangers strangers;
    struct hf_hub_api_window api_window;
    struct hf_hub_keys keys; /* of commands */
    struct hf_hub_followers followers;
    struct hf_hub_directives directives;
    struct hf_hub_approvals approvals;
    struct hf_hub_artifacts artifacts;
    struct hf_hub_subjects subjects;
    struct hf_custody custody;      /* of their keys */
    struct hf_release_keys release; /* that artifacts are verified with */
    struct hf_hub_router router;    /* of approvals */
    struct hf_web_sessions sessions;
    struct hf_contact_box contact_box;
    struct hf_outbox outbox;     /* what people have to be told */
    struct hf_hub_takers takers; /* who waits to bring it to them */
    char public_url[HF_HUB_URL_MAX];
    bool push_anywhere;
    struct hf_hub_models models;
    struct hf_model_reader *reader; /* of a worker's; NULL: there is none */
    struct hf_hub_probes probes;
    struct hf_hub_newcomers newcomers;
    struct hf_hub_entries *entries;  /* of the region's log, as the API shows them */
    struct hf_hub_snapshot snapshot; /* of the memory */
    uint64_t streams;                /* open now */
    uint64_t as_of;                  /* every entry of the log below it is in what the Hub knows */
    uint64_t sequence;               /* of the producer "hub/REGION" */
    uint64_t calls;                  /* requests, and how they ended, for /metrics */
    uint64_t calls_failed;
    uint64_t segments;
    uint64_t segments_refused;
    struct hf_hub_ingest_lag lag;
    int64_t opened_us;
    uint64_t heartbeats;
    void (*failed)(void *arg, const struct hf_err *err);
    void *failed_arg;
    struct hf_task failing; /* says so outside of the log's writer */
    void (*closed)(void *arg);
    void *closed_arg;
};

enum hf_rc hf_hub_open(struct hf_loop *loop, const struct hf_hub_conf *conf, struct hf_hub *hub,
                       struct hf_err *err);
/* Answers what is under way, closes the log; then closed(arg). Also after a failed opening. */
void hf_hub_close(struct hf_hub *hub, void (*closed)(void *arg), void *arg);

/* Reads the files of browsers' certificate now, not at the next look. */
void hf_hub_reload(struct hf_hub *hub);

/* Takes a connection that no listener accepted; it speaks plain HTTP. */
void hf_hub_serve(struct hf_hub *hub, struct hf_stream *stream);

/* Takes one entry of the region's log into the Hub's memory. */
enum hf_rc hf_hub_fold(struct hf_hub *hub, uint64_t index, const struct hf_envelope *envelope,
                       struct hf_err *err);

/* "REGION=URL,REGION=URL": HF_EINVAL says what is wrong with it. */
enum hf_rc hf_hub_peers_parse(const char *text, struct hf_hub_peer peers[HF_HUB_PEERS_MAX],
                              unsigned *ret_count, struct hf_err *err);

#endif
