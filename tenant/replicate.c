/* tenant/replicate.c: the tenant's log upward, segment by segment, until there is a receipt.
 *
 * One segment is on its way at a time. Urgent events go at once; the rest waits for batch_ns with
 * jitter, so that a fleet does not come all together. Nothing is dropped, and nothing is sent twice
 * that the Hub said it has.
 */
#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/json_in.h"
#include "log/owned/cut.h"
#include "tenant/agent.h"

static void upload(struct hf_timer *timer);

static uint64_t jittered(struct hf_agent *agent, uint64_t ns)
{
    uint64_t random = 0;
    hf_env_random(hf_loop_env(agent->loop), &random, sizeof random);
    return ns / 2 + random % (ns / 2 + 1);
}

void hf_agent_replicate_poke(struct hf_agent *agent, bool urgent)
{
    struct hf_agent_job *job = &agent->upload;
    if (agent->sm.state != HF_AGENT_RUNNING || job->busy ||
        hf_log_size(agent->log.log) <= agent->receipt) {
        return;
    }
    if (urgent && job->failures == 0) {
        (void)hf_timer_arm(&job->timer, 0);
    } else if (!hf_timer_armed(&job->timer)) {
        (void)hf_timer_arm(&job->timer, jittered(agent, agent->conf.batch_ns));
    }
}

/* The entries from the receipt on, as many as fit. */
static enum hf_rc make_segment(struct hf_agent *agent, struct hf_err *err)
{
    hf_buf_clear(&agent->upload.body);
    return hf_owned_cut(&agent->log, agent->epoch.epoch, agent->receipt, &agent->upload.body,
                        &agent->upload_end, err);
}

/* The receipt counts only with the region's signature on exactly what was sent. */
static enum hf_rc take_receipt(struct hf_agent *agent, struct hf_bytes answer, struct hf_err *err)
{
    struct hf_checkpoint checkpoint;
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    if (note == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a receipt");
    }
    enum hf_rc rc = hf_checkpoint_open(answer, &agent->log_vkey, note, &checkpoint, err);
    if (rc == HF_OK) {
        rc = hf_note_verify(note, &agent->region.cosigner, /* ret_time_s= */ NULL, err);
    }
    if (rc == HF_OK && checkpoint.size != agent->upload_end) {
        rc = hf_err_set(err, HF_EMISMATCH, "the receipt is for another size");
    }
    hf_heap_free(note);
    if (rc == HF_OK) {
        agent->receipt = checkpoint.size;
        hf_agent_well(agent);
        hf_agent_save_receipt(agent, answer);
    }
    return rc;
}

/* What the Hub says that it has. */
static bool take_place(struct hf_bytes answer, uint32_t *ret_epoch, uint64_t *ret_size)
{
    struct hf_json_doc *doc = NULL;
    uint64_t epoch = 0;
    bool said = hf_json_parse(answer, &doc, /* err= */ NULL) == HF_OK &&
                hf_json_take_u64(hf_json_root(doc), "epoch", UINT32_MAX, &epoch) &&
                hf_json_take_u64(hf_json_root(doc), "size", UINT64_MAX, ret_size);
    hf_json_free(doc);
    *ret_epoch = (uint32_t)epoch;
    return said;
}

/* The Hub is elsewhere: go on where it is, unless it has more than there is here. */
static enum hf_rc take_resume(struct hf_agent *agent, struct hf_bytes answer, struct hf_err *err)
{
    uint32_t epoch = 0;
    uint64_t size = 0;
    if (!take_place(answer, &epoch, &size)) {
        return hf_err_set(err, HF_EINVAL, "the Hub does not say where to go on");
    }
    if (!hf_agent_compare(agent, epoch, size)) {
        return hf_err_set(err, HF_EFORK, "%s", agent->trouble.text);
    }
    uint64_t from = epoch == agent->epoch.epoch ? size : 0;
    if (from < agent->receipt) {
        hf_log(agent->logger, HF_LOG_ERROR, "hub.lost_entries", hf_f_u64("receipt", agent->receipt),
               hf_f_u64("hub", from));
    }
    agent->receipt = from;
    return HF_OK;
}

/* The Hub has another history of this log, or is in a later epoch. */
static enum hf_rc take_refusal(struct hf_agent *agent, struct hf_bytes answer, struct hf_err *err)
{
    char text[200];
    uint32_t epoch = 0;
    uint64_t size = 0;
    (void)hf_err_set(err, HF_EFORK, "the Hub refuses the log: %.*s", (int)answer.len,
                     (const char *)answer.ptr);
    if (!take_place(answer, &epoch, &size)) {
        hf_agent_halt(agent, HF_AGENT_FORKED, /* hub_epoch= */ 0, err->text);
    } else if (epoch > agent->epoch.epoch) {
        (void)hf_agent_compare(agent, epoch, size);
    } else {
        (void)snprintf(text, sizeof text,
                       "the Hub has another history of this log, of %llu entries in epoch %u",
                       (unsigned long long)size, epoch);
        hf_agent_halt(agent, HF_AGENT_FORKED, epoch, text);
    }
    return HF_EFORK;
}

static enum hf_rc judge(struct hf_agent *agent, const struct hf_http_call *call, struct hf_err *err)
{
    struct hf_bytes answer = hf_buf_bytes(&call->answer);
    if (call->rc != HF_OK) {
        *err = call->err;
        return call->rc;
    }
    switch (call->status) {
    case 200: return take_receipt(agent, answer, err);
    case 409: return take_resume(agent, answer, err);
    case 422: return take_refusal(agent, answer, err);
    default:
        return hf_err_set(err, HF_EIO, "the Hub answered %d: %.*s", call->status, (int)answer.len,
                          (const char *)answer.ptr);
    }
}

static void uploaded(struct hf_http_call *call)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(call, struct hf_agent_job, call);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, upload);
    struct hf_err err = {0};
    job->busy = false;
    if (agent->sm.state != HF_AGENT_RUNNING) {
        hf_buf_free(&call->answer); /* halted meanwhile */
        return;
    }
    enum hf_rc rc = judge(agent, call, &err);
    hf_buf_free(&call->answer);
    if (rc == HF_OK) {
        job->failures = 0;
        if (hf_log_size(agent->log.log) > agent->upload_end) {
            (void)hf_timer_arm(&job->timer, 0); /* more is waiting already */
        } else {
            hf_agent_replicate_poke(agent, false);
        }
        return;
    }
    hf_log(agent->logger, rc == HF_EFORK ? HF_LOG_ERROR : HF_LOG_WARN, "upload.failed",
           hf_f_err(&err), hf_f_u64("receipt", agent->receipt),
           hf_f_u64("size", hf_log_size(agent->log.log)));
    if (rc != HF_EFORK) {
        hf_agent_back_off(agent, job);
    }
}

static void upload(struct hf_timer *timer)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(timer, struct hf_agent_job, timer);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, upload);
    struct hf_err err = {0};
    uint64_t now = hf_env_mono_ns(hf_loop_env(agent->loop));
    if (now < agent->uploads_paused_ns) { /* the region asked for it: tenant/feed.c */
        (void)hf_timer_arm(timer, agent->uploads_paused_ns - now);
        return;
    }
    if (job->busy || agent->sm.state != HF_AGENT_RUNNING ||
        hf_log_size(agent->log.log) <= agent->receipt || hf_agent_subjects_wait(agent)) {
        return;
    }
    enum hf_rc rc = make_segment(agent, &err);
    if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "upload.failed", hf_f_err(&err));
        hf_agent_back_off(agent, job);
        return;
    }
    hf_agent_ask(agent, job, "/v1/segments", "application/octet-stream", uploaded);
}

void hf_agent_replicate_start(struct hf_agent *agent)
{
    hf_timer_init(&agent->upload.timer, agent->loop, upload);
    hf_agent_replicate_poke(agent, true);
}
