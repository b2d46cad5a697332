/* tenant/job.c: asks the Hub, backs off. */
#include "tenant/job.h"

#include <stdio.h>

#include "base/assert.h"
#include "tenant/agent.h"

#define SECOND      UINT64_C(1000000000)
#define CALL_NS     (60 * SECOND)
#define BACK_OFF_NS (60 * SECOND)
#define ANSWER_MAX  65536

void hf_agent_ask(struct hf_agent *agent, struct hf_agent_job *job, const char *path,
                  const char *content_type, void (*done)(struct hf_http_call *call))
{
    HF_ASSERT(!job->busy);
    bool registered = hf_secret_reveal(&agent->api_key).len > 0;
    const char *hub =
        registered && agent->conf.hub_url == NULL ? agent->region.hub_url : agent->conf.hub_url;
    (void)snprintf(job->url, sizeof job->url, "%s%s", hub, path);
    job->busy = true;
    job->call =
        (struct hf_http_call){.method = job->method != NULL    ? job->method
                                        : content_type == NULL ? "GET"
                                                               : "POST",
                              .url = job->url,
                              .content_type = content_type,
                              .token = registered ? &agent->api_key : NULL,
                              .body = hf_buf_bytes(&job->body),
                              .timeout_ns = CALL_NS,
                              .answer_max = job->answer_max > 0 ? job->answer_max : ANSWER_MAX,
                              .done = done};
    hf_http_call_start(agent->client, &job->call);
}

void hf_agent_back_off(struct hf_agent *agent, struct hf_agent_job *job)
{
    uint64_t wait = SECOND << (job->failures < 6 ? job->failures : 6);
    uint64_t random = 0;
    wait = wait > BACK_OFF_NS ? BACK_OFF_NS : wait;
    job->failures++;
    hf_env_random(hf_loop_env(agent->loop), &random, sizeof random);
    wait = wait / 2 + random % (wait / 2);
    if (job->call.retry_after_s * SECOND > wait) {
        wait = job->call.retry_after_s * SECOND + random % SECOND;
    }
    if (agent->sm.state != HF_AGENT_CLOSING) {
        (void)hf_timer_arm(&job->timer, wait);
    }
}

void hf_agent_job_end(struct hf_agent_job *job)
{
    if (job->timer.fire != NULL) {
        hf_timer_cancel(&job->timer);
    }
    if (job->busy) {
        hf_http_call_cancel(&job->call);
        hf_buf_free(&job->call.answer);
        job->busy = false;
    }
    hf_wipe(job->body.ptr, job->body.len);
    hf_buf_free(&job->body);
}
