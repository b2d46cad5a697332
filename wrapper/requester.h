/* wrapper/requester.h: who asks for a call, as a fact.
 *
 * What the gateway says of the run decides, what deserves least trust first:
 *
 *   schedule  nobody asks: a job, a heartbeat, an event of the gateway itself
 *   agent     another agent's session: a sub-agent runs, or its news came in
 *   owner     the gateway proved that the sender is the owner
 *   member    a sender whom the settings of this server name (--members)
 *   stranger  any other sender that the gateway names
 *   unproven  it names none
 *
 * A session's own name counts beside what the plugin says: OpenClaw makes those of jobs
 * ("agent:main:cron:...") and of sub-agents ("agent:main:subagent:...") itself.
 * Pure.
 */
#ifndef HF_WRAPPER_REQUESTER_H
#define HF_WRAPPER_REQUESTER_H

#include "base/err.h"
#include "wrapper/policy/facts.h"
#include "wrapper/protocol.h"

/* Whoever speaks through the gateway's own API holds its secret. */
#define HF_MEMBERS_DEFAULT "webchat:*"

/* members: as hf_members_check takes it. */
enum hf_policy_facts_requester hf_requester_of(const struct hf_plugin_call *call,
                                               struct hf_str members);
/* "CHANNEL:ID,CHANNEL:*"; empty: nobody. HF_EINVAL names the entry that is neither. */
enum hf_rc hf_members_check(struct hf_str members, struct hf_err *err);

#endif
