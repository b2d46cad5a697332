/* tenant/subjects.h: the region gets the key of each subject before the first event that is sealed
 * under it, so that who may answer a request can read it there.
 *
 * A job that sends PUT /v1/subjects/ID {"key": HEX, "name": NAME} for one subject after the other.
 * Those that the region was not told of come first, and no segment goes up before each of them was
 * answered: 204 the Hub has it; 409, thrice, it has another key under this id (the next event about
 * them gets another id); 410 it erased it (so does the agent). Whoever the Hub does not take for
 * another reason, because it knows no such call or has no room, holds nothing up: the others
 * follow, and they are sent again after an hour. The vault remembers who is left.
 * Then, slowly, those that it has are sent again: after each start and registration, once a day,
 * and when the region asks for a refresh. So a Hub that lost its keys gets them back.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_SUBJECTS_H
#define HF_TENANT_SUBJECTS_H

#include "schemas/personal.h"
#include "tenant/job.h"

struct hf_agent;

/* Where a walk over subjects is. */
struct hf_subject_walk {
    bool begun;
    struct hf_subject last;
};

struct hf_agent_subjects {
    struct hf_agent_job job;
    struct hf_subject asked; /* of the call under way */
    bool again;              /* it is about one that the region has */
    unsigned conflicts;      /* that it was answered with, in a row */
    bool left;               /* somebody may be left in the vault */
    struct hf_subject_walk passed_over;
    bool held; /* nobody is left but who was passed over: segments go up without */
    bool wants;
    struct hf_subject wanted; /* while it is so, this one is sent all the same */
    bool repeats;             /* those that the region has are being sent again */
    struct hf_subject_walk repeated;
    uint64_t repeat_ns; /* when next */
};

/* The agent is RUNNING. */
void hf_agent_subjects_start(struct hf_agent *agent);
/* This one is new. */
void hf_agent_subjects_poke(struct hf_agent *agent, const struct hf_subject *subject);
/* Sends again what the region has. */
void hf_agent_subjects_repeat(struct hf_agent *agent);
/* Does a segment have to wait? The upload is poked when it need no longer. */
bool hf_agent_subjects_wait(const struct hf_agent *agent);
/* "told", "waiting" (and segments with them) or "not-taken", for the agent's status. */
const char *hf_agent_subjects_word(const struct hf_agent *agent);

#endif
