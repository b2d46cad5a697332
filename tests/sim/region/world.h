/* tests/sim/region/world.h: a region in one process: a Hub, its tenants, the weather between them.
 *
 *   sim_world_init, sim_world_storm (faults), sim_world_calm (they stop), sim_world_settled,
 *   the checks, sim_world_fini
 *
 * The code of the Hub and of the agents is the product's. Time is virtual; everything that happens
 * is drawn from the seed. A check that fails says so through hf_test_fail.
 */
#ifndef HF_TESTS_SIM_REGION_WORLD_H
#define HF_TESTS_SIM_REGION_WORLD_H

#include "hub/hub.h"
#include "tenant/agent.h"
#include "tests/harness/sample_event.h"
#include "tests/sim/region/disk.h"
#include "tests/sim/region/link.h"
#include "tests/sim/region/models.h"
#include "tests/sim/region/secrets.h"
#include "tests/sim/region/vaults.h"

#define SIM_SECOND   UINT64_C(1000000000)
#define SIM_ACKS_MAX 1024
#define SIM_SENT_MAX 32
#define SIM_VAULTS   3 /* tenants that have one */

enum sim_fault {
    SIM_CUT = 1,         /* connections end, new ones are refused for a while */
    SIM_MUTE = 2,        /* what is sent vanishes */
    SIM_SLOW = 4,        /* seconds of delay, few bytes a second */
    SIM_AGENT_CRASH = 8, /* power off, at a moment or in the middle of a write */
    SIM_HUB_CRASH = 16,
    SIM_DISK_FULL = 32, /* a write fails for want of room */
    SIM_CLOCK = 64,     /* the wall clocks of all jump, forward and back */
    SIM_REPLAY = 128,   /* somebody sends again what was sent, as it was or altered */
    SIM_ALTER = 256,    /* messages are altered on their way */
    SIM_CLONE = 512,    /* a tenant's identity is used a second time */
    SIM_SKEW = 1024,    /* one machine's wall clock is set wrong, or runs at a rate of its own */
    SIM_ALL = 2047,
};

struct sim_ack {
    uint64_t index;
    unsigned sequence;
};

enum sim_life {
    SIM_DOWN,
    SIM_UP,
    SIM_CLOSING,
};

/* A machine with a program on it. */
struct sim_machine {
    struct sim_world *world;
    struct sim_disk disk;
    struct hf_env_machine clock;
    struct hf_loop *loop; /* the world's, with this clock */
    struct hf_secret host_key;
    enum sim_life life;
    bool watched;  /* a fault of its disk is planned */
    bool crashing; /* its closing is a crash */
    struct hf_timer start;
    unsigned starts;
    unsigned crashes;
};

struct sim_tenant {
    struct sim_machine machine;
    char name[32]; /* of the tenant */
    unsigned number;
    bool clone;
    bool cloned;
    struct hf_agent *agent;
    struct sim_weather weather;
    struct hf_timer calm; /* the weather changes back */
    /* its program, which appends one event after the other */
    struct hf_timer produce;
    struct hf_append append;
    struct hf_submission item;
    uint8_t bytes[HF_SAMPLE_EVENT_MAX];
    bool posting;
    unsigned sequence; /* of the event at hand */
    struct sim_ack acks[SIM_ACKS_MAX];
    unsigned ack_count;
    struct sim_vault vault;
    uint64_t receipt; /* the largest that the agent had */
    uint32_t epoch;   /* in this epoch */
};

struct sim_world {
    struct hf_env_sim sim;
    struct hf_loop *loop;
    struct hf_logger logger; /* on standard error with HF_SIM_LOG=1, else of nothing */
    struct sim_links links;
    struct sim_machine hub_machine;
    struct hf_hub *hub;
    bool hub_made;
    struct sim_tenant *tenants;
    unsigned count;
    unsigned faults;
    bool producing;
    bool restores; /* agents begin new epochs by themselves */
    struct hf_timer storm;
    struct hf_timer look;
    struct hf_buf sent[SIM_SENT_MAX]; /* what clients sent */
    unsigned sent_next;
    unsigned replays;
    struct sim_models models;
    struct sim_secrets secrets;
    bool leaks;              /* programs write what must not be written */
    struct hf_timer operate; /* commands: operate.h */
    struct hf_post operation;
    bool operating;
    unsigned operations;
    unsigned from_snapshot; /* starts of the Hub that did not read the whole log */
    unsigned remembered;    /* comparisons of what it knows with a fresh fold */
    struct hf_post post;
    bool posted;
    struct hf_err err;
};

/* A Hub that knows `count` tenants, whose agents have a token and start within 10 s. Room for as
 * many clones. */
void sim_world_init(struct sim_world *world, uint64_t seed, unsigned count);
void sim_world_fini(struct sim_world *world);
/* Runs for so long. */
void sim_world_run(struct sim_world *world, uint64_t ns);
/* The faults (enum sim_fault) come and go for ns. */
void sim_world_storm(struct sim_world *world, unsigned faults, uint64_t ns);
/* All faults end; nothing new is produced. */
void sim_world_calm(struct sim_world *world);
/* Runs until everything has been replicated, at most ns. */
bool sim_world_settled(struct sim_world *world, uint64_t ns);
/* Power off now; when it returns, the program is gone. It starts again by itself. */
void sim_world_crash_hub(struct sim_world *world);
/* Runs until it is up. */
void sim_world_await_hub(struct sim_world *world);
/* Stops the Hub in order and starts it again. */
void sim_world_restart_hub(struct sim_world *world);

#endif
