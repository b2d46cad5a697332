/* tests/bench/fleet/fleet.h: a fleet of tenants in one process, each with its own log and key.
 *
 * A tenant behaves as holdfast-agent does (tenant/replicate.c, tenant/heartbeat.c): one segment on
 * its way at a time, urgent events at once, the rest after a batch time with jitter, back-off with
 * jitter after a failure, the next heartbeat on time whatever became of the last one. What differs:
 * the log is in memory, only what the region did not acknowledge is kept of it, and one key signs
 * heartbeats and checkpoints (guarded memory for two of each would be too many mappings).
 */
#ifndef HF_TESTS_BENCH_FLEET_FLEET_H
#define HF_TESTS_BENCH_FLEET_FLEET_H

#include "base/json_in.h"
#include "log/tlog/checkpoint.h"
#include "log/tlog/tree.h"
#include "tests/bench/load/latency.h"
#include "tests/bench/load/must.h"
#include "tests/bench/load/process.h"
#include "tests/bench/load/wire.h"

enum {
    FLEET_SECONDS_MAX = 3600,
    FLEET_ENROLLING = 48, /* at the same time */
    FLEET_PROBES = 8,
    FLEET_ENTRIES_MAX = 4096 /* of a segment, as the agent's */
};

#define FLEET_BYTES_MAX (3u << 20)

struct fleet;

enum asking {
    ASKING_NOTHING,
    ASKING_CREATE,
    ASKING_TOKEN,
    ASKING_REGISTER,
    ASKING_HISTORY,
    ASKING_BEAT,
    ASKING_SEGMENT,
    ASKING_SIZE, /* the check at the end */
};

struct tenant {
    struct fleet *fleet;
    char name[24];
    char stem[48];
    char api_key[112];
    struct hf_signing_key *key;
    struct hf_vkey vkey; /* of its log */
    struct load_wire wire;
    enum asking asking;
    /* the log: its frontier, and the entries that have no receipt */
    struct hf_frontier frontier;
    struct hf_buf bundle;
    uint64_t receipt;
    uint64_t sequence;
    uint64_t metered; /* version of its stream of metering */
    uint64_t sent_end;
    double wanted_at; /* when the segment should have gone */
    unsigned failures;
    bool beat_due;
    double next_beat;
    bool segment_due;
    uint64_t counter;
    double beat_at;  /* when it was due */
    double event_at; /* the next one */
    struct hf_timer beat;
    struct hf_timer event;
    struct hf_timer segment;
    /* an urgent event on its way: its entry and when it was appended; index 0: none */
    uint64_t urgent_end;
    double urgent_at;
    double heard_at; /* first answer after a restart of the Hub; 0: none yet */
};

/* Asks for a tenant until the read model shows what is waited for. */
struct probe {
    struct load_wire wire;
    struct fleet *fleet;
    struct tenant *tenant; /* NULL: free */
    struct hf_timer again;
    uint64_t wanted;
    double since;
};

struct counts {
    uint64_t events;
    uint64_t urgent;
    uint64_t beats;
    uint64_t segments;
    uint64_t resumed; /* 409: the Hub says where to go on */
    uint64_t refused; /* every other status than 200 */
    uint64_t unheard; /* calls that ended without an answer */
    uint64_t unseen;  /* urgent events for which no probe was free */
};

struct fleet_conf {
    uint64_t tenants;
    double seconds;
    double heartbeat_s;
    double metering_s; /* between two events of a tenant; 0: none */
    double batch_s;
    double urgent_s;         /* between two urgent events of the fleet; 0: none */
    const char *visible;     /* path of the read model, "*" is the tenant; NULL: receipt only */
    const char *visible_key; /* its member that counts a tenant's entries */
    double warm_s;
    uint64_t history;              /* events that the first tenant has before the run */
    int restart;                   /* signal, 0: none */
    const char *const *argv_again; /* of the Hub, with the address that it had */
    const char *log;
};

struct second {
    double cpu; /* share of a core */
    double rss;
    uint32_t back;      /* tenants heard for the first time after the restart */
    uint64_t connected; /* connections that were begun */
};

struct fleet {
    struct hf_loop *loop;
    struct load_target target;
    struct load_process hub;
    struct fleet_conf conf;
    char admin[128];
    struct hf_hash pin;
    struct hf_vkey cosigner;
    bool has_cosigner;
    char log_vkey[HF_VKEY_TEXT_MAX + 1]; /* what an auditor trusts */
    struct tenant *tenants;
    uint64_t enrolled;
    uint64_t next; /* to enrol, then to check */
    bool measuring;
    bool draining; /* no new events and heartbeats */
    uint64_t draws;
    struct hf_timer urgent;
    struct hf_timer tick;
    struct hf_timer own; /* is this program itself on time? */
    double own_at;
    double urgent_at; /* the next one */
    struct probe probes[FLEET_PROBES];
    struct counts counts;
    struct latency beats;
    struct latency segments;
    struct latency receipts; /* urgent events, from append to receipt */
    struct latency visible;  /* and to the read model */
    struct latency own_late; /* of this program's own clock */
    double rss_empty;        /* of the Hub, before the first tenant */
    double rss_all;          /* at the end of measuring */
    double measured_s;       /* how long it was measured, */
    double measured_cpu;     /* and the Hub's processor time in it */
    struct counts steady;    /* what was done in it */
    /* the run, second by second */
    struct second *history;
    size_t second_count;
    double cpu_before;
    double tick_at;
    double began_at; /* of measuring */
    size_t restart_second;
    void (*phase)(struct fleet *fleet); /* what each tick asks: is this phase over? */
    uint64_t connected_before;
    double restarted_at; /* the signal; 0: not yet */
    double up_at;        /* listening again */
    uint64_t back;
    uint32_t back_now; /* in this second */
    uint64_t lost;     /* entries that the Hub does not have at the end */
    uint64_t checked;
};

/* Arms the timer for a time on the clock of now_s; one that is over: at once. */
void fleet_arm(struct hf_timer *timer, double at);
/* A number in [0, 1). */
double fleet_draw(struct fleet *fleet);

/* enrol.c: registers all tenants through the API; runs the loop. */
void fleet_enrol(struct fleet *fleet);
void fleet_enrol_answered(struct tenant *tenant, int status, struct hf_bytes body);

/* log.c: the tenant's log. */
void tenant_append(struct tenant *tenant, bool urgent);
/* Writes what goes next, as a segment with its signed checkpoint. */
void tenant_make_segment(struct tenant *tenant, struct hf_buf *body);
/* Checks the receipt and lets go of what it covers. */
void tenant_take_receipt(struct tenant *tenant, struct hf_bytes bytes);
/* The Hub is at `size`. */
void tenant_resume(struct tenant *tenant, uint64_t size);

/* tenant.c: what a tenant does and when. */
void tenant_answered(struct load_wire *wire, int status, struct hf_bytes body);
void tenant_lost(struct load_wire *wire);
void tenant_begin(struct tenant *tenant);
void tenant_go_on(struct tenant *tenant);
void tenant_wait_for_segment(struct tenant *tenant, bool at_once);

/* probe.c: is it in the read model? */
void fleet_probes_init(struct fleet *fleet);
void fleet_probe(struct tenant *tenant, uint64_t wanted, double since);
/* Starts the check that the Hub has all of every tenant's log; fleet->checked counts. */
void fleet_check(struct fleet *fleet);
void fleet_checked(struct tenant *tenant, int status, struct hf_bytes body);

/* The first tenant's history, segment after segment; runs the loop. */
void fleet_history(struct fleet *fleet);
void fleet_history_answered(struct tenant *tenant, int status, struct hf_bytes body);

/* run.c: the run: warming up, measuring, perhaps a restart, draining, checking. */
void fleet_play(struct fleet *fleet);

/* report.c: a table for people, or one JSON object. */
void fleet_report(struct fleet *fleet);
void fleet_report_json(struct fleet *fleet);

#endif
