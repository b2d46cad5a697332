/* tenant/feed_store.h: what the agent knows of the feed, on disk (tenant/feed.h has the bytes). */
#ifndef HF_TENANT_FEED_STORE_H
#define HF_TENANT_FEED_STORE_H

#include "base/err.h"

struct hf_agent;

/* Into agent->feed; fine when there is no file yet. HF_ECORRUPT, HF_EBADSIG and others: nothing of
 * the feed may be believed until a person looked. */
enum hf_rc hf_agent_feed_load(struct hf_agent *agent, struct hf_err *err);
/* Durable when it returns. */
enum hf_rc hf_agent_feed_save(struct hf_agent *agent, struct hf_err *err);

#endif
