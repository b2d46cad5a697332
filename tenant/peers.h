/* tenant/peers.h: which users of this server may talk to the agent. */
#ifndef HF_TENANT_PEERS_H
#define HF_TENANT_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define HF_AGENT_PEERS_MAX 16

struct hf_agent_peers {
    unsigned count;
    uint32_t uids[HF_AGENT_PEERS_MAX];
};

/* "1000,1001": user ids with commas between them; NULL: none. HF_EUSAGE says what is wrong. */
enum hf_rc hf_agent_peers_parse(const char *text, struct hf_agent_peers *ret, struct hf_err *err);
/* own: the agent's user. Root and the own user may always. */
bool hf_agent_peers_allow(const struct hf_agent_peers *peers, uint32_t own, uint32_t uid);

#endif
