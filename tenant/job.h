/* tenant/job.h: a job of the agent that asks the Hub something: one call at a time, back-off after
 * failures. Threads: the loop's.
 */
#ifndef HF_TENANT_JOB_H
#define HF_TENANT_JOB_H

#include "base/http/client.h"

#define HF_AGENT_URL_MAX 256

struct hf_agent_job {
    struct hf_http_call call;
    struct hf_timer timer;
    bool busy;
    unsigned failures; /* in a row */
    char url[HF_AGENT_URL_MAX + 96];
    const char *method; /* NULL: POST with a body, else GET */
    struct hf_buf body;
    size_t answer_max; /* 0: the usual */
};

struct hf_agent;

/* Starts a job's call: POST its body to PATH at the Hub, or GET when content_type is NULL. */
void hf_agent_ask(struct hf_agent *agent, struct hf_agent_job *job, const char *path,
                  const char *content_type, void (*done)(struct hf_http_call *call));
/* The call is over: after a failure arms the job's timer by back-off (1 s doubling to 60 s, half of
 * it random, or longer when the Hub says so). */
void hf_agent_back_off(struct hf_agent *agent, struct hf_agent_job *job);
/* Ends the timer and the call, wipes the body. */
void hf_agent_job_end(struct hf_agent_job *job);

#endif
