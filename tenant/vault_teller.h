/* tenant/vault_teller.h: the vault of a running agent: what happens in it becomes events.
 *
 * One note after the other is appended to the tenant's log, under the vault's name and the note's
 * sequence; whoever made a call waits until its note is durable, so nobody is given a value before
 * it is in the log that they were. A note that cannot be told now is told later.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_VAULT_TELLER_H
#define HF_TENANT_VAULT_TELLER_H

#include "base/loop.h"
#include "base/queue.h"
#include "log/owned/owned.h"
#include "tenant/vault.h"

struct hf_agent;

struct hf_agent_vault {
    struct hf_vault *store; /* NULL: it is not open */
    struct hf_err trouble;  /* why not */
    struct hf_timer retry;
    struct hf_queue waiting; /* struct hf_agent_vault_wait, by sequence */
    struct hf_post post;
    struct hf_vault_note note; /* that is being told */
    bool telling;
};

/* Whoever waits until a note is told; embedded by its owner and left in place until `told` ran or
 * it was taken out of the queue. */
struct hf_agent_vault_wait {
    struct hf_queue node;
    uint64_t sequence;
    /* err: NULL when it is in the log. */
    void (*told)(struct hf_agent_vault_wait *wait, const struct hf_err *err);
};

/* A vault that cannot be opened is said in the agent's log and to whoever asks for it; the agent
 * goes on without it, and tries again when there was no room. */
void hf_agent_vault_open(struct hf_agent *agent);
/* When the log is closed. Also of one that is not open. */
void hf_agent_vault_close(struct hf_agent *agent);
/* Nothing more is tried again. */
void hf_agent_vault_end(struct hf_agent *agent);
/* May a note be told now? */
bool hf_agent_vault_ready(const struct hf_agent *agent);
/* There is a note. */
void hf_agent_vault_tell(struct hf_agent *agent);

#endif
