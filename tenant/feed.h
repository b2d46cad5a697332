/* tenant/feed.h: the agent's side of the feed: directives come down, are checked, done, recorded.
 *
 * A job that asks GET /v1/feed and waits there for up to half a minute. What is proved and for
 * this tenant is done once and recorded in the tenant's log: directive.applied, for an answer to a
 * request for approval approval.delivered, or directive.refused with the reason. What is not
 * proved changes nothing, is logged, and recorded at most once an hour for each reason. What the
 * agent knows is in the file "feed" of its folder:
 *
 *   holdfast/feed@v1\n
 *   SEQUENCE OWN ALL\n      of the last directive, and the versions of the two streams
 *   \n
 *   the newest checkpoint of the region's log, a signed note; or nothing
 *
 * Threads: the loop's.
 */
#ifndef HF_TENANT_FEED_H
#define HF_TENANT_FEED_H

#include "base/http/client.h"
#include "log/owned/owned.h"
#include "tenant/feed_answer.h"
#include "tenant/job.h"

#define HF_FEED_REASONS 10

struct hf_agent;

struct hf_agent_feed {
    struct hf_agent_job job;
    /* what is known */
    uint64_t sequence;
    uint64_t own_version;
    uint64_t all_version;
    uint64_t size;
    struct hf_hash root;
    uint8_t note[HF_FEED_NOTE_MAX];
    size_t note_len;
    /* the answer under way */
    struct hf_feed_answer answer;
    unsigned at;
    uint64_t asked_ns;
    uint64_t saved_ns; /* 0: not since the start */
    struct hf_post post;
    bool posting;
    bool off; /* what is known of it cannot be read: a person has to look */
    uint8_t payload[2 * HF_FEED_NOTE_MAX + 512];
    uint64_t noted_ns[HF_FEED_REASONS]; /* when a reason that is not proved was recorded; mono */
};

void hf_agent_feed_start(struct hf_agent *agent);
/* The agent is RUNNING again. */
void hf_agent_feed_resume(struct hf_agent *agent);

#endif
