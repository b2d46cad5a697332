/* tenant/guard.h: whether the tenant's OpenClaw is held by its safety wrapper.
 *
 * Before each heartbeat the wrapper is asked on its control socket, and when it does not answer the
 * gateway itself whether it runs. What comes of it stands in the heartbeat, and every change is an
 * event; that a gateway runs unguarded goes to the region at once.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_GUARD_H
#define HF_TENANT_GUARD_H

#include "base/http/client.h"
#include "log/owned/owned.h"
#include "schemas/events_gen.h"

struct hf_agent;

#define HF_GUARD_TEXT_MAX 64u

struct hf_agent_guard {
    struct hf_http_client *wrapper; /* NULL: this agent has no wrapper to ask */
    struct hf_http_client *gateway; /* NULL: no gateway to ask */
    struct hf_http_call call;
    bool busy;
    void (*done)(struct hf_agent *agent);
    char url[128];
    /* of the last answer; empty: not known */
    enum hf_event_enforcement_changed_after state;
    char version[HF_GUARD_TEXT_MAX + 1];
    char openclaw[HF_GUARD_TEXT_MAX + 1];
    char policy[HF_GUARD_TEXT_MAX + 1];
    char shown[HF_GUARD_TEXT_MAX + 24]; /* for the heartbeat: version and state */
    uint64_t gateways;
    uint64_t unguarded;
    /* what the log says last */
    enum hf_event_enforcement_changed_after told;
    bool said; /* something was told at all */
    bool posting;
    struct hf_post post;
};

/* After the agent's settings are known. */
enum hf_rc hf_agent_guard_open(struct hf_agent *agent, struct hf_err *err);
/* Calls end; a post that is on its way must have ended before. */
void hf_agent_guard_close(struct hf_agent *agent);
/* Asks, then calls done; at once when there is nothing to ask. */
void hf_agent_guard_look(struct hf_agent *agent, void (*done)(struct hf_agent *agent));
/* "0.1.0 enforced"; "none" without a wrapper. */
struct hf_str hf_agent_guard_shown(const struct hf_agent *agent);
/* What the wrapper says is in force; when it says nothing, what it was told to. */
struct hf_str hf_agent_guard_policy(const struct hf_agent *agent);
struct hf_str hf_agent_guard_openclaw(const struct hf_agent *agent);

#endif
