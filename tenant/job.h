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

#endif
