/* tenant/subjects.h: the region gets the key of each subject before the first event that is sealed
 * under it, so that who may answer a request can read it there.
 *
 * A job that sends PUT /v1/subjects/ID {"key": HEX, "name": NAME} for one subject after the other
 * until the Hub has it (204), has another key under this id (409: the next event about them gets
 * another id) or erased it (410: so does the agent). The vault remembers which ones are left. While
 * one is left no segment goes up; only a Hub that knows no such call, or does not take this one,
 * holds nothing up: it is asked again after an hour.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_SUBJECTS_H
#define HF_TENANT_SUBJECTS_H

#include "schemas/personal.h"
#include "tenant/job.h"

struct hf_agent;

struct hf_agent_subjects {
    struct hf_agent_job job;
    struct hf_subject asked; /* of the call under way */
    bool left;               /* somebody may be left in the vault */
    bool held;               /* the Hub does not take them: segments go up without */
};

/* The agent is RUNNING. */
void hf_agent_subjects_start(struct hf_agent *agent);
/* There may be a new one. */
void hf_agent_subjects_poke(struct hf_agent *agent);
/* Does a segment have to wait? The upload is poked when it need no longer. */
bool hf_agent_subjects_wait(const struct hf_agent *agent);

#endif
