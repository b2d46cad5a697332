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
#include "hub/tenants.h"
#include "log/owned/owned.h"

#define HF_HUB_PRINCIPALS_MAX 64
#define HF_HUB_EPOCH_BITS     40 /* a segment's sequence is epoch << 40 + end */

enum hf_role {
    HF_ROLE_VIEWER,
    HF_ROLE_AUDITOR,
    HF_ROLE_OPERATOR,
    HF_ROLE_APPROVER,
    HF_ROLE_ADMIN,
};

struct hf_principal {
    char name[49];
    enum hf_role role;
    struct hf_hash token_hash;
    int64_t expires_us; /* 0: never */
    bool revoked;
    uint64_t version;
};

struct hf_hub_conf {
    const char *dir;    /* of the region's log and keys */
    const char *region; /* "dev", "staging", "prod-eu", "prod-us" */
    const char *listen; /* address of the API */
    const char *name;   /* host name in the TLS certificate that is made when there is none */
    uint64_t free_floor;
    const struct hf_logger *logger;
};

struct hf_hub {
    struct hf_loop *loop;
    const struct hf_logger *logger;
    char region[17];
    char dir[HF_PATH_MAX];
    struct hf_owned log;
    struct hf_vkey log_vkey;
    struct hf_hash log_fingerprint;
    struct hf_signing_key *cosigner; /* signs receipts */
    struct hf_vkey cosigner_vkey;
    struct hf_signing_key *api_keys; /* API keys are made of its signatures */
    struct hf_timer window;          /* heartbeat.window */
    struct hf_post window_post;
    bool window_posting;
    int64_t window_start_us;
    struct hf_tls_server *tls;
    struct hf_hash tls_pin;
    struct hf_listener listener;
    bool listening;
    struct hf_http_server *http;
    struct hf_hub_tenants *tenants;
    struct hf_principal principals[HF_HUB_PRINCIPALS_MAX];
    unsigned principal_count;
    uint64_t sequence; /* of the producer "hub/REGION" */
    uint64_t calls;    /* requests, and how they ended, for /metrics */
    uint64_t calls_failed;
    uint64_t segments;
    uint64_t segments_refused;
    uint64_t heartbeats;
    void (*closed)(void *arg);
    void *closed_arg;
};

enum hf_rc hf_hub_open(struct hf_loop *loop, const struct hf_hub_conf *conf, struct hf_hub *hub,
                       struct hf_err *err);
/* Answers what is under way, closes the log; then closed(arg). Also after a failed opening. */
void hf_hub_close(struct hf_hub *hub, void (*closed)(void *arg), void *arg);

/* The event that makes a principal: draws its token (given) and writes the payload. */
enum hf_rc hf_hub_principal_event(struct hf_hub *hub, struct hf_str name, enum hf_role role,
                                  struct hf_writer *w, struct hf_secret *ret_token,
                                  struct hf_err *err);
/* Is there an admin? A region without one prints a token for the first (hub/main.c). */
bool hf_hub_has_admin(const struct hf_hub *hub);

/* Takes one entry of the region's log into the Hub's memory. */
enum hf_rc hf_hub_fold(struct hf_hub *hub, uint64_t index, const struct hf_envelope *envelope,
                       struct hf_err *err);

/* "dev" and so on as the schemas count them; HF_EINVAL. */
enum hf_rc hf_hub_region_number(const char *region, int *ret_number, struct hf_err *err);
const char *hf_role_name(enum hf_role role);

#endif
