/* tenant/subjects.c: tells the region the keys of subjects, one after the other. */
#include "tenant/subjects.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "tenant/agent.h"

#define SECOND    UINT64_C(1000000000)
#define HELD_NS   (3600 * SECOND)
#define DAY_NS    (86400 * SECOND)
#define CONFLICTS 3             /* in a row: a call before may be on its way to the Hub's log */
#define PACE_NS   (SECOND / 10) /* of those that are sent again */
#define BODY_MAX  2048u         /* a name of 160 bytes, each spelled as an escape, and the key */

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
    bool not_taken = (status >= 400 && status < 500 && status != 401 && status != 429) ||
                     status == 501 || status == 507;
    hf_subject_text(id, text);
    if (vault == NULL) {
        return hf_err_set(err, HF_EIO, "the vault is not open");
    }
    switch (status) {
    case 204: return hf_vault_told_subject(vault, id, true, err);
    case 409:
        if (++agent->subjects.conflicts < CONFLICTS) {
            return hf_err_set(err, HF_EIO,
                              "the Hub has another key of the subject %s, or is about "
                              "to keep this one",
                              text);
        }
        hf_log(agent->logger, HF_LOG_ERROR, "subject.refused", hf_f_c("subject", text));
        return hf_vault_told_subject(vault, id, false, err);
    case 410:
        hf_log(agent->logger, HF_LOG_INFO, "subject.erased", hf_f_c("subject", text));
        return hf_agent_personal_erase(agent, id, err);
    default:
        return hf_err_set(err, not_taken ? HF_ENOSYS : HF_EIO,
                          "the Hub answered %d about the subject %s", status, text);
    }
}

static uint64_t now_ns(const struct hf_agent *agent)
{
    return hf_env_mono_ns(hf_loop_env(agent->loop));
}

/* Not all agents of a region at once. */
static void end_repeats(struct hf_agent *agent)
{
    uint64_t random = 0;
    hf_env_random(hf_loop_env(agent->loop), &random, sizeof random);
    agent->subjects.repeats = false;
    agent->subjects.repeated.begun = false;
    agent->subjects.repeat_ns = now_ns(agent) + DAY_NS - random % (DAY_NS / 4);
}

/* The subject is done with, taken or not. */
static void go_on(struct hf_agent *agent, bool taken)
{
    struct hf_agent_subjects *s = &agent->subjects;
    const struct hf_subject_walk here = {true, s->asked};
    s->job.failures = 0;
    if (s->again) {
        s->repeated = here;
        if (!taken) {
            end_repeats(agent);
        }
    } else if (!taken && !s->held) {
        s->passed_over = here;
    }
    (void)hf_timer_arm(&s->job.timer, s->held && !s->wants   ? HELD_NS
                                      : s->again && !s->left ? PACE_NS
                                                             : 0);
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
    if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "subject.untold", hf_f_err(&err));
    }
    if (rc == HF_OK || rc == HF_ENOSYS) {
        go_on(agent, rc == HF_OK);
    } else {
        hf_agent_back_off(agent, job);
    }
}

static void ask(struct hf_agent *agent, const struct hf_vault_subject *subject, bool again)
{
    struct hf_agent_job *job = &agent->subjects.job;
    char path[sizeof "/v1/subjects/" + HF_SUBJECT_TEXT];
    char text[HF_SUBJECT_TEXT];
    if (!hf_subject_eq(&agent->subjects.asked, &subject->key.subject)) {
        agent->subjects.conflicts = 0;
    }
    agent->subjects.asked = subject->key.subject;
    agent->subjects.again = again;
    hf_subject_text(&subject->key.subject, text);
    (void)snprintf(path, sizeof path, "/v1/subjects/%s", text);
    wipe_body(job);
    write_body(subject, &job->body);
    if (job->body.failed != HF_OK) {
        hf_buf_free(&job->body);
        hf_agent_back_off(agent, job);
        return;
    }
    job->method = "PUT";
    hf_agent_ask(agent, job, path, "application/json", answered);
}

/* choosing */

static const struct hf_subject *behind(const struct hf_subject_walk *walk)
{
    return walk->begun ? &walk->last : NULL;
}

/* The next one that the region was not told of: HF_ENOTFOUND when nobody is left, and segments go
 * up. */
static enum hf_rc next_new(struct hf_agent *agent, struct hf_vault_subject *ret, struct hf_err *err)
{
    struct hf_agent_subjects *s = &agent->subjects;
    if (s->held && s->wants) {
        s->wants = false;
        enum hf_rc rc = hf_vault_subject(agent->vault.store, &s->wanted, ret, err);
        return rc == HF_ESTALE ? HF_ENOTFOUND : rc;
    }
    if (s->held) {
        s->passed_over.begun = false; /* all of them once more */
        s->held = false;
    }
    enum hf_rc rc = hf_vault_untold_subject(agent->vault.store, behind(&s->passed_over), ret, err);
    if (rc == HF_ENOTFOUND) {
        s->held = s->passed_over.begun;
        s->left = s->held;
        hf_agent_replicate_poke(agent, true);
    }
    return rc;
}

/* The next one that is sent again. */
static enum hf_rc next_kept(struct hf_agent *agent, struct hf_vault_subject *ret,
                            struct hf_err *err)
{
    struct hf_agent_subjects *s = &agent->subjects;
    s->repeats = s->repeats || now_ns(agent) >= s->repeat_ns;
    if (!s->repeats) {
        return HF_ENOTFOUND;
    }
    enum hf_rc rc = hf_vault_kept_subject(agent->vault.store, behind(&s->repeated), ret, err);
    if (rc == HF_ENOTFOUND) {
        end_repeats(agent);
    }
    return rc;
}

static void due(struct hf_timer *timer)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(timer, struct hf_agent_job, timer);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, subjects.job);
    struct hf_agent_subjects *s = &agent->subjects;
    struct hf_vault_subject subject = {.name_len = 0};
    struct hf_err err = {0};
    bool again = false;
    if (job->busy || agent->sm.state != HF_AGENT_RUNNING || agent->vault.store == NULL) {
        return;
    }
    enum hf_rc rc = s->left ? next_new(agent, &subject, &err) : HF_ENOTFOUND;
    if (rc == HF_ENOTFOUND && !s->left) {
        again = true;
        rc = next_kept(agent, &subject, &err);
    }
    if (rc == HF_OK) {
        ask(agent, &subject, again);
    } else if (rc == HF_ENOTFOUND) {
        uint64_t now = now_ns(agent);
        (void)hf_timer_arm(timer, s->held ? HELD_NS : s->repeat_ns > now ? s->repeat_ns - now : 0);
    } else {
        hf_log(agent->logger, HF_LOG_WARN, "subject.untold", hf_f_err(&err));
        hf_agent_back_off(agent, job);
    }
    hf_vault_subject_free(&subject);
}

void hf_agent_subjects_start(struct hf_agent *agent)
{
    struct hf_agent_subjects *s = &agent->subjects;
    if (s->job.timer.fire == NULL) {
        hf_timer_init(&s->job.timer, agent->loop, due);
    }
    s->left = agent->vault.store != NULL;
    if (s->left) {
        hf_agent_subjects_repeat(agent);
    }
}

void hf_agent_subjects_repeat(struct hf_agent *agent)
{
    struct hf_agent_subjects *s = &agent->subjects;
    s->repeats = true;
    s->repeated.begun = false;
    if (s->job.timer.fire != NULL && !s->job.busy && !s->held && s->job.failures == 0) {
        (void)hf_timer_arm(&s->job.timer, 0);
    }
}

void hf_agent_subjects_poke(struct hf_agent *agent, const struct hf_subject *subject)
{
    struct hf_agent_subjects *s = &agent->subjects;
    s->left = true;
    s->wants = s->held;
    s->wanted = *subject;
    if (s->job.timer.fire != NULL && !s->job.busy && s->job.failures == 0) {
        (void)hf_timer_arm(&s->job.timer, 0);
    }
}

bool hf_agent_subjects_wait(const struct hf_agent *agent)
{
    return agent->subjects.left && !agent->subjects.held;
}

const char *hf_agent_subjects_word(const struct hf_agent *agent)
{
    return hf_agent_subjects_wait(agent) ? "waiting" : agent->subjects.held ? "not-taken" : "told";
}
