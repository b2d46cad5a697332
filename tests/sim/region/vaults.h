/* tests/sim/region/vaults.h: what somebody does with a tenant's vault, and what must come of it.
 *
 * Secrets are put, rotated, deleted and read, one act at a time, in the way of the agent's socket:
 * the act, a note, and the wait until the note is in the log. The database is a real file, which
 * survives the machine's crashes as what was committed does; the key lies on the machine's disk.
 */
#ifndef HF_TESTS_SIM_REGION_VAULTS_H
#define HF_TESTS_SIM_REGION_VAULTS_H

#include "base/file.h"
#include "base/loop.h"
#include "tenant/vault_teller.h"

#define SIM_VAULT_NAMES    3
#define SIM_VAULT_ACTS_MAX 32 /* of a tenant */
#define SIM_VAULT_VALUE    32

struct sim_tenant;
struct sim_world;

struct sim_act {
    uint64_t sequence; /* of its note */
    enum hf_vault_act act;
    unsigned name;
    uint32_t version;
};

struct sim_vault {
    char dir[HF_PATH_MAX]; /* empty: this tenant has no vault */
    struct hf_timer timer;
    struct hf_agent_vault_wait wait;
    struct hf_vault_note note; /* that is waited for */
    bool waiting;
    unsigned told;
    /* What was committed, and so must be there whatever happens. */
    struct sim_act acts[SIM_VAULT_ACTS_MAX];
    unsigned act_count;
    bool there[SIM_VAULT_NAMES];
    uint8_t newest[SIM_VAULT_NAMES][SIM_VAULT_VALUE];
};

/* The tenant has a vault from now on. */
void sim_vault_begin(struct sim_tenant *tenant);
/* Before the agent is closed: nobody waits any more. */
void sim_vault_let_go(struct sim_tenant *tenant);
void sim_vault_end(struct sim_tenant *tenant);
/* Everything that happened in it was told. */
bool sim_vault_settled(const struct sim_tenant *tenant);
/* In a settled world: each vault has the newest values, and each act is one event of its log. */
void sim_check_vaults(struct sim_world *world);

#endif
