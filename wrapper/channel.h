/* wrapper/channel.h: policies as the region hands them down, through the agent.
 *
 * The agent is asked which policy is staged for this tenant, in a long poll. Another one than that
 * in force is fetched, with its manifest, and offered to wrapper/activation.h, which believes the
 * release keys that are pinned here and not the agent. What is refused changes nothing and is not
 * asked for again until the next start. The report that it is in force makes it the good one at the
 * agent.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_CHANNEL_H
#define HF_WRAPPER_CHANNEL_H

#include "base/http/client.h"
#include "base/logger.h"
#include "wrapper/policies.h"

struct hf_wrapper;

#define HF_CHANNEL_DIGEST 64 /* hexadecimal digits */

struct hf_policy_channel {
    /* private */
    struct hf_wrapper *wrapper;
    struct hf_timer timer;
    struct hf_http_call call;
    bool asking;
    bool runs; /* the agent has it as the one that runs */
    uint64_t floor;
    struct hf_buf manifest;
    char region[HF_MANIFEST_NAME_MAX + 1];
    char known[HF_CHANNEL_DIGEST + 1];  /* staged, looked at; empty: none */
    char wanted[HF_CHANNEL_DIGEST + 1]; /* on its way */
    char url[192];
};

/* The wrapper's client and policies are there; its tenant may be unknown yet. */
void hf_policy_channel_open(struct hf_wrapper *wrapper);
void hf_policy_channel_close(struct hf_wrapper *wrapper);

#endif
