/* hub/notifier_job.c: brings one message, and reports. */
#include "hub/notifier_job.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "base/web_push.h"

#define PUSH_NS    UINT64_C(10000000000)
#define MAIL_NS    UINT64_C(20000000000) /* servers that greet late */
#define REPORT_NS  UINT64_C(10000000000)
#define PAUSE_NS   UINT64_C(1000000000)
#define ANSWER_MAX 4096
#define REPORT_MAX 1024
#define SECOND_US  INT64_C(1000000)
#define FIELDS     5

static const struct hf_sm_state states[] = {
    [HF_JOB_BRINGING] = {"bringing", HF_SM_TO(HF_JOB_REPORTING), HF_SM_INITIAL},
    [HF_JOB_REPORTING] = {"reporting", HF_SM_TO(HF_JOB_PAUSING) | HF_SM_TO(HF_JOB_DONE), 0},
    [HF_JOB_PAUSING] = {"pausing", HF_SM_TO(HF_JOB_REPORTING), 0},
    [HF_JOB_DONE] = {"done", 0, HF_SM_FINAL},
};

const struct hf_sm_conf hf_job_machine = {"job", states, HF_LEN(states)};

struct hf_job {
    struct hf_sm sm;
    struct hf_notifier *notifier;
    struct hf_queue node;
    void (*done)(struct hf_notifier *notifier);
    struct hf_notice_id id;
    enum hf_event_notification_attempted_outcome outcome;
    int status;
    uint32_t patience_s;
    struct hf_http_call call; /* to the push service, then to the Hub */
    bool calling;
    struct hf_mail mail;
    bool mailing;
    struct hf_task skip; /* nothing could be sent: straight to the report */
    struct hf_timer timer;
    struct hf_buf message;
    struct hf_buf report;
    char place[1025];
    char authorization[1100];
    char more[FIELDS - 1][64];
    const char *fields[FIELDS];
};

/* reporting */

static void report(struct hf_job *job);

static void finish(struct hf_job *job)
{
    struct hf_notifier *notifier = job->notifier;
    void (*done)(struct hf_notifier * notifier) = job->done;
    hf_sm_move(&job->sm, HF_JOB_DONE);
    hf_job_free(job);
    done(notifier);
}

/* An answer of the Hub that is no failure of its own ends it: it was written, or makes no sense. */
static void reported(struct hf_http_call *call)
{
    struct hf_job *job = HF_CONTAINER_OF(call, struct hf_job, call);
    bool answered = call->rc == HF_OK && call->status < 500;
    job->calling = false;
    hf_buf_free(&call->answer);
    if (answered) {
        finish(job);
        return;
    }
    hf_sm_move(&job->sm, HF_JOB_PAUSING);
    (void)hf_timer_arm(&job->timer, PAUSE_NS);
}

static void paused(struct hf_timer *timer)
{
    struct hf_job *job = HF_CONTAINER_OF(timer, struct hf_job, timer);
    hf_sm_move(&job->sm, HF_JOB_REPORTING);
    report(job);
}

static void put_member(struct hf_json_out *json, const char *key, const char *value)
{
    if (value[0] != '\0') {
        hf_json_key_str(json, key, hf_str_c(value));
    }
}

static void report(struct hf_job *job)
{
    struct hf_json_out json;
    hf_buf_clear(&job->report);
    hf_json_init(&json, &job->report);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "kind", hf_event_notification_attempted_kind_name(job->id.kind));
    put_member(&json, "principal", job->id.principal);
    put_member(&json, "contact", job->id.contact);
    put_member(&json, "tenant", job->id.tenant);
    put_member(&json, "approval", job->id.approval);
    put_member(&json, "subject", job->id.subject);
    hf_json_key_str(&json, "outcome", hf_event_notification_attempted_outcome_name(job->outcome));
    hf_json_key_u64(&json, "status", (uint64_t)job->status);
    hf_json_key_u64(&json, "patience_s", job->patience_s);
    hf_json_object_end(&json);
    if (job->report.failed != HF_OK) { /* its lease ends, and it is brought again */
        finish(job);
        return;
    }
    job->call = (struct hf_http_call){.method = "POST",
                                      .url = "http://localhost/v1/worker/attempts",
                                      .content_type = "application/json",
                                      .body = hf_buf_bytes(&job->report),
                                      .timeout_ns = REPORT_NS,
                                      .answer_max = ANSWER_MAX,
                                      .done = reported};
    job->calling = true;
    hf_http_call_start(job->notifier->hub, &job->call);
}

static void brought(struct hf_job *job, enum hf_event_notification_attempted_outcome outcome,
                    int status)
{
    job->outcome = outcome;
    job->status = status >= 0 && status <= 999 ? status : 0;
    hf_sm_move(&job->sm, HF_JOB_REPORTING);
    report(job);
}

/* push */

enum hf_event_notification_attempted_outcome hf_push_outcome(const struct hf_http_call *call)
{
    int status = call->status;
    if (status >= 200 && status < 300) {
        return HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED;
    }
    if (status == 404 || status == 410) {
        return HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_GONE;
    }
    if (status == 429) {
        return HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_BUSY;
    }
    if (status == 408 || status >= 500) {
        return HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_FAILED;
    }
    if (status >= 300) {
        return HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_REFUSED;
    }
    return call->timed_out ? HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_TIMEOUT
                           : HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_UNREACHABLE;
}

static void pushed(struct hf_http_call *call)
{
    struct hf_job *job = HF_CONTAINER_OF(call, struct hf_job, call);
    int status = call->status;
    enum hf_event_notification_attempted_outcome outcome = hf_push_outcome(call);
    job->calling = false;
    job->patience_s = call->retry_after_s;
    if (outcome != HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED) {
        hf_log(job->notifier->conf.logger, HF_LOG_WARN, "notify.push",
               hf_f_c("principal", job->id.principal), hf_f_c("contact", job->id.contact),
               hf_f_i64("status", status), hf_f_err(&call->err));
    }
    hf_buf_free(&call->answer);
    brought(job, outcome, status);
}

static void skipped(struct hf_task *task)
{
    struct hf_job *job = HF_CONTAINER_OF(task, struct hf_job, skip);
    brought(job, HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_REFUSED, 0);
}

static bool take_hex(const struct hf_json *notice, const char *key, uint8_t *out, size_t len)
{
    size_t got = 0;
    return hf_hex_decode(hf_json_get_str(notice, key), out, len, &got, NULL) == HF_OK && got == len;
}

/* What the service is told beside the message. Whatever is urgent must be on iOS, which holds the
 * rest back. */
static void set_fields(struct hf_job *job, const struct hf_notice_facts *facts, int64_t now_us)
{
    char topic[HF_NOTICE_TOPIC];
    int64_t left_s = (facts->expires_us - now_us) / SECOND_US;
    bool probe = facts->kind == HF_EVENT_NOTIFICATION_ATTEMPTED_KIND_PROBE && !facts->asked;
    hf_notice_topic(facts, topic);
    (void)snprintf(job->more[0], sizeof job->more[0], "TTL: %lld",
                   (long long)(left_s < 1 ? 1 : left_s));
    (void)snprintf(job->more[1], sizeof job->more[1], "Urgency: %s", probe ? "low" : "high");
    (void)snprintf(job->more[2], sizeof job->more[2], "Topic: %s", topic);
    (void)snprintf(job->more[3], sizeof job->more[3], "Content-Encoding: aes128gcm");
    for (size_t i = 0; i < FIELDS - 1; i++) {
        job->fields[i] = job->more[i];
    }
    job->fields[FIELDS - 1] = job->authorization;
}

static enum hf_rc begin_push(struct hf_job *job, const struct hf_json *notice,
                             const struct hf_notice_facts *facts)
{
    struct hf_env *env = hf_loop_env(job->notifier->conf.loop);
    struct hf_push_keys keys;
    struct hf_str endpoint = hf_json_get_str(notice, "endpoint");
    struct hf_str authorization = hf_json_get_str(notice, "authorization");
    struct hf_buf text = hf_buf_init(HF_PUSH_PLAIN_MAX);
    if (endpoint.len == 0 || endpoint.len >= sizeof job->place || authorization.len == 0 ||
        authorization.len + 16 > sizeof job->authorization ||
        !take_hex(notice, "p256dh", keys.p256dh, sizeof keys.p256dh) ||
        !take_hex(notice, "auth", keys.auth, sizeof keys.auth)) {
        return HF_EINVAL;
    }
    (void)snprintf(job->place, sizeof job->place, "%.*s", HF_STR_ARG(endpoint));
    (void)snprintf(job->authorization, sizeof job->authorization, "Authorization: %.*s",
                   HF_STR_ARG(authorization));
    set_fields(job, facts, hf_env_wall_us(env));
    hf_notice_push_text(facts, &text);
    enum hf_rc rc = text.failed;
    if (rc == HF_OK) {
        rc = hf_push_encrypt(env, &keys, hf_buf_bytes(&text), &job->message, /* err= */ NULL);
    }
    hf_buf_free(&text);
    if (rc != HF_OK) {
        return rc;
    }
    job->call = (struct hf_http_call){.method = "POST",
                                      .url = job->place,
                                      .url_is_secret = true,
                                      .content_type = "application/octet-stream",
                                      .fields = job->fields,
                                      .field_count = FIELDS,
                                      .body = hf_buf_bytes(&job->message),
                                      .timeout_ns = PUSH_NS,
                                      .answer_max = ANSWER_MAX,
                                      .done = pushed};
    job->calling = true;
    hf_http_call_start(job->notifier->push, &job->call);
    return HF_OK;
}

/* mail */

static void mailed(struct hf_mail *mail)
{
    static const enum hf_event_notification_attempted_outcome outcomes[] = {
        [HF_MAIL_TAKEN] = HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED,
        [HF_MAIL_NO_MAILBOX] = HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_GONE,
        [HF_MAIL_REFUSED] = HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_REFUSED,
        [HF_MAIL_LATER] = HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_FAILED,
        [HF_MAIL_UNREACHABLE] = HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_UNREACHABLE,
        [HF_MAIL_TIMEOUT] = HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_TIMEOUT,
    };

    struct hf_job *job = HF_CONTAINER_OF(mail, struct hf_job, mail);
    job->mailing = false;
    if (mail->outcome != HF_MAIL_TAKEN) {
        hf_log(job->notifier->conf.logger, HF_LOG_WARN, "notify.mail",
               hf_f_c("principal", job->id.principal), hf_f_c("contact", job->id.contact),
               hf_f_i64("status", mail->status), hf_f_err(&mail->err));
    }
    brought(job, outcomes[mail->outcome], mail->status);
}

static enum hf_rc begin_mail(struct hf_job *job, const struct hf_json *notice,
                             const struct hf_notice_facts *facts)
{
    struct hf_notifier *notifier = job->notifier;
    struct hf_str address = hf_json_get_str(notice, "address");
    const struct hf_notice_mail mail = {.from = hf_str_c(notifier->from),
                                        .to = address,
                                        .now_us = hf_env_wall_us(hf_loop_env(notifier->conf.loop))};
    if (!hf_mail_address_ok(address)) {
        return HF_EINVAL;
    }
    if (notifier->mailer == NULL) {
        hf_log(notifier->conf.logger, HF_LOG_WARN, "notify.no_mail_server",
               hf_f_c("principal", job->id.principal), hf_f_c("contact", job->id.contact),
               hf_f_c("help", "name one with --smtp-url"));
        return HF_ENOTFOUND;
    }
    (void)snprintf(job->place, sizeof job->place, "%.*s", HF_STR_ARG(address));
    hf_notice_mail_text(facts, &mail, &job->message);
    if (job->message.failed != HF_OK) {
        return job->message.failed;
    }
    job->mail = (struct hf_mail){.to = job->place,
                                 .message = hf_buf_bytes(&job->message),
                                 .timeout_ns = MAIL_NS,
                                 .done = mailed};
    job->mailing = true;
    hf_mail_start(notifier->mailer, &job->mail);
    return HF_OK;
}

/* beginning and end */

static bool on_its_way(const struct hf_notifier *notifier, const struct hf_notice_id *id)
{
    HF_QUEUE_FOREACH (node, &notifier->jobs) {
        if (hf_notice_id_eq(&HF_CONTAINER_OF(node, struct hf_job, node)->id, id)) {
            return true;
        }
    }
    return false;
}

struct hf_job *hf_job_new(struct hf_notifier *notifier, const struct hf_json *notice,
                          void (*done)(struct hf_notifier *notifier))
{
    struct hf_notice_id id = {.principal = ""};
    struct hf_notice_facts facts;
    if (!hf_notice_id_read(notice, &id) || on_its_way(notifier, &id)) {
        return NULL;
    }
    struct hf_job *job = hf_heap_zalloc(1, sizeof *job);
    if (job == NULL) {
        return NULL;
    }
    job->notifier = notifier;
    job->done = done;
    job->id = id;
    job->message = hf_buf_init(HF_NOTICE_MAIL_MAX);
    job->report = hf_buf_init(REPORT_MAX);
    hf_sm_init(&job->sm, &hf_job_machine, NULL, HF_JOB_BRINGING, 0);
    hf_timer_init(&job->timer, notifier->conf.loop, paused);
    hf_task_init(&job->skip, skipped);
    hf_queue_push(&notifier->jobs, &job->node);
    notifier->count++;
    hf_notice_facts_read(notice, &job->id, &facts);
    enum hf_rc rc = hf_str_eq(hf_json_get_str(notice, "channel"), HF_STR("mail"))
                        ? begin_mail(job, notice, &facts)
                        : begin_push(job, notice, &facts);
    if (rc != HF_OK) {
        hf_task_post(notifier->conf.loop, &job->skip);
    }
    return job;
}

void hf_job_free(struct hf_job *job)
{
    if (job->calling) {
        hf_http_call_cancel(&job->call);
        hf_buf_free(&job->call.answer);
    }
    if (job->mailing) {
        hf_mail_cancel(&job->mail);
    }
    hf_task_cancel(&job->skip);
    hf_timer_cancel(&job->timer);
    hf_queue_remove(&job->node);
    job->notifier->count--;
    hf_buf_free(&job->message);
    hf_buf_free(&job->report);
    hf_wipe(job->place, sizeof job->place);
    hf_wipe(job->authorization, sizeof job->authorization);
    hf_heap_free(job);
}

struct hf_job *hf_job_first(struct hf_notifier *notifier)
{
    return hf_queue_empty(&notifier->jobs)
               ? NULL
               : HF_CONTAINER_OF(notifier->jobs.next, struct hf_job, node);
}
