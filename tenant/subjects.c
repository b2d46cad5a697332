/* tenant/subjects.c: tells the region the keys of subjects, one after the other. */
#include "tenant/subjects.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "tenant/agent.h"

#define HELD_NS  UINT64_C(3600000000000)
#define BODY_MAX 2048u /* a name of 160 bytes, each spelled as an escape, and the key */

/* The body has a key in it. */
static void wipe_body(struct hf_agent_job *job)
{
    hf_wipe(job->body.ptr, job->body.len);
    hf_buf_clear(&job->body);
}

static void write_body(const struct hf_vault_subject *subject, struct hf_buf *body)
{
    char hex[2 * HF_SEAL_KEY_SIZE + 1];
    struct hf_json_out json;
    (void)hf_buf_reserve(body, BODY_MAX); /* it must not move while it is written */
    hf_hex_encode(hf_secret_reveal(&subject->key.key), hex);
    hf_json_init(&json, body);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "key", hf_str_c(hex));
    hf_json_key_str(&json, "name", (struct hf_str){subject->name, subject->name_len});
    hf_json_object_end(&json);
    hf_wipe(hex, sizeof hex);
}

/* What the Hub answered about the subject that was asked. HF_ENOSYS: it does not take it. */
static enum hf_rc settle(struct hf_agent *agent, int status, struct hf_err *err)
{
    struct hf_vault *vault = agent->vault.store;
    const struct hf_subject *id = &agent->subjects.asked;
    char text[HF_SUBJECT_TEXT];
    hf_subject_text(id, text);
    if (vault == NULL) {
        return hf_err_set(err, HF_EIO, "the vault is not open");
    }
    switch (status) {
    case 204: return hf_vault_told_subject(vault, id, true, err);
    case 409:
        hf_log(agent->logger, HF_LOG_ERROR, "subject.refused", hf_f_c("subject", text));
        return hf_vault_told_subject(vault, id, false, err);
    case 410:
        hf_log(agent->logger, HF_LOG_INFO, "subject.erased", hf_f_c("subject", text));
        return hf_agent_personal_erase(agent, id, err);
    default:
        return hf_err_set(
            err,
            status >= 400 && status < 500 && status != 429 && status != 401 ? HF_ENOSYS : HF_EIO,
            "the Hub answered %d about the subject %s", status, text);
    }
}

static void answered(struct hf_http_call *call)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(call, struct hf_agent_job, call);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, subjects.job);
    struct hf_err err = call->err;
    job->busy = false;
    wipe_body(job);
    enum hf_rc rc = call->rc == HF_OK ? settle(agent, call->status, &err) : call->rc;
    hf_buf_free(&call->answer);
    if (rc == HF_OK) {
        job->failures = 0;
        (void)hf_timer_arm(&job->timer, 0);
        return;
    }
    hf_log(agent->logger, HF_LOG_WARN, "subject.untold", hf_f_err(&err));
    if (rc == HF_ENOSYS) {
        agent->subjects.held = true;
        (void)hf_timer_arm(&job->timer, HELD_NS);
        hf_agent_replicate_poke(agent, true);
    } else {
        hf_agent_back_off(agent, job);
    }
}

static void ask(struct hf_agent *agent, const struct hf_vault_subject *subject)
{
    struct hf_agent_job *job = &agent->subjects.job;
    char path[sizeof "/v1/subjects/" + HF_SUBJECT_TEXT];
    char text[HF_SUBJECT_TEXT];
    agent->subjects.asked = subject->key.subject;
    hf_subject_text(&subject->key.subject, text);
    (void)snprintf(path, sizeof path, "/v1/subjects/%s", text);
    wipe_body(job);
    write_body(subject, &job->body);
    if (job->body.failed != HF_OK) {
        wipe_body(job);
        hf_agent_back_off(agent, job);
        return;
    }
    job->method = "PUT";
    hf_agent_ask(agent, job, path, "application/json", answered);
}

static void due(struct hf_timer *timer)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(timer, struct hf_agent_job, timer);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, subjects.job);
    struct hf_vault_subject subject = {.name_len = 0};
    struct hf_err err = {0};
    if (job->busy || agent->sm.state != HF_AGENT_RUNNING || agent->vault.store == NULL) {
        return;
    }
    enum hf_rc rc = hf_vault_untold_subject(agent->vault.store, &subject, &err);
    if (rc == HF_OK) {
        ask(agent, &subject);
    } else if (rc == HF_ENOTFOUND) {
        agent->subjects.left = false;
        agent->subjects.held = false;
        hf_agent_replicate_poke(agent, true);
    } else {
        hf_log(agent->logger, HF_LOG_WARN, "subject.untold", hf_f_err(&err));
        hf_agent_back_off(agent, job);
    }
    hf_vault_subject_free(&subject);
}

void hf_agent_subjects_start(struct hf_agent *agent)
{
    struct hf_agent_subjects *subjects = &agent->subjects;
    if (subjects->job.timer.fire == NULL) {
        hf_timer_init(&subjects->job.timer, agent->loop, due);
    }
    subjects->left = agent->vault.store != NULL;
    if (subjects->left) {
        (void)hf_timer_arm(&subjects->job.timer, 0);
    }
}

void hf_agent_subjects_poke(struct hf_agent *agent)
{
    struct hf_agent_subjects *subjects = &agent->subjects;
    subjects->left = true;
    if (subjects->job.timer.fire != NULL && !subjects->job.busy && !subjects->held &&
        subjects->job.failures == 0) {
        (void)hf_timer_arm(&subjects->job.timer, 0);
    }
}

bool hf_agent_subjects_wait(const struct hf_agent *agent)
{
    return agent->subjects.left && !agent->subjects.held;
}
