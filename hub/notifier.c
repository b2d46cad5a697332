/* hub/notifier.c: takes messages and keeps some on their way. */
#include "hub/notifier.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/json_in.h"
#include "hub/notifier_job.h"

#define WAIT_S     20
#define TAKE_NS    UINT64_C(40000000000)
#define AGAIN_NS   UINT64_C(200000000)
#define AGAIN_MAX  5 /* doublings: 6.4 s, then the limit */
#define AGAIN_MOST UINT64_C(5000000000)
#define ANSWER_MAX (1u << 20)

static void ask(struct hf_notifier *notifier);

static void again(struct hf_notifier *notifier, const struct hf_http_call *call)
{
    unsigned doublings = notifier->failures < AGAIN_MAX ? notifier->failures : AGAIN_MAX;
    uint64_t wait_ns = AGAIN_NS << doublings;
    if (notifier->failures++ == 0) {
        hf_log(notifier->conf.logger, HF_LOG_WARN, "notify.waits", hf_f_i64("status", call->status),
               hf_f_err(&call->err));
    }
    (void)hf_timer_arm(&notifier->again, wait_ns < AGAIN_MOST ? wait_ns : AGAIN_MOST);
}

static void job_done(struct hf_notifier *notifier)
{
    ask(notifier);
}

static bool take_notices(struct hf_notifier *notifier, struct hf_bytes answer)
{
    struct hf_json_doc *doc = NULL;
    if (hf_json_parse(answer, &doc, /* err= */ NULL) != HF_OK) {
        return false;
    }
    const struct hf_json *root = hf_json_root(doc);
    const struct hf_json *list = hf_json_get_kind(root, "notices", HF_JSON_ARRAY);
    bool good = list != NULL;
    for (size_t i = 0; good && i < hf_json_count(list); i++) {
        const struct hf_json *notice = hf_json_at(list, i);
        if (hf_json_kind(notice) == HF_JSON_OBJECT && notifier->count < HF_NOTIFIER_JOBS) {
            (void)hf_job_new(notifier, notice, job_done);
        }
    }
    hf_json_free(doc);
    return good;
}

static void took(struct hf_http_call *call)
{
    struct hf_notifier *notifier = HF_CONTAINER_OF(call, struct hf_notifier, take);
    notifier->taking = false;
    bool good = call->rc == HF_OK && call->status == 200 &&
                take_notices(notifier, hf_buf_bytes(&call->answer));
    if (call->answer.ptr != NULL) {
        hf_wipe(call->answer.ptr, call->answer.len);
    }
    hf_buf_free(&call->answer);
    if (good) {
        notifier->failures = 0;
        notifier->known = true;
        ask(notifier);
    } else {
        again(notifier, call);
    }
}

/* One question at a time, while there is room. */
static void ask(struct hf_notifier *notifier)
{
    if (notifier->taking || hf_timer_armed(&notifier->again) ||
        notifier->count >= HF_NOTIFIER_JOBS) {
        return;
    }
    (void)snprintf(notifier->body, sizeof notifier->body, "{\"most\":%u,\"wait_s\":%d%s}",
                   HF_NOTIFIER_JOBS - notifier->count, WAIT_S,
                   notifier->known ? "" : ",\"fresh\":true");
    notifier->take = (struct hf_http_call){.method = "POST",
                                           .url = "http://localhost/v1/worker/notices",
                                           .content_type = "application/json",
                                           .body = hf_str_bytes(hf_str_c(notifier->body)),
                                           .timeout_ns = TAKE_NS,
                                           .answer_max = ANSWER_MAX,
                                           .done = took};
    notifier->taking = true;
    hf_http_call_start(notifier->hub, &notifier->take);
}

static void due(struct hf_timer *timer)
{
    ask(HF_CONTAINER_OF(timer, struct hf_notifier, again));
}

enum hf_rc hf_notifier_open(struct hf_notifier *notifier, const struct hf_notifier_conf *conf,
                            struct hf_err *err)
{
    const struct hf_http_client_conf hub = {.socket = conf->socket};
    const struct hf_http_client_conf push = {.ca_file = conf->ca_file,
                                             .public_only = !conf->push_anywhere};
    *notifier = (struct hf_notifier){.conf = *conf};
    hf_queue_init(&notifier->jobs);
    hf_timer_init(&notifier->again, conf->loop, due);
    enum hf_rc rc = hf_http_client_new(conf->loop, &hub, &notifier->hub, err);
    if (rc == HF_OK) {
        rc = hf_http_client_new(conf->loop, &push, &notifier->push, err);
    }
    if (rc == HF_OK && conf->mail.url != NULL) {
        rc = hf_mailer_new(conf->loop, &conf->mail, &notifier->mailer, err);
    }
    if (rc == HF_OK && conf->mail.url != NULL) {
        (void)snprintf(notifier->from, sizeof notifier->from, "%s", conf->mail.from);
    }
    if (rc == HF_OK && hf_timer_arm(&notifier->again, 0) != HF_OK) {
        rc = hf_err_set(err, HF_ENOMEM, "no memory for a timer");
    }
    return rc;
}

void hf_notifier_close(struct hf_notifier *notifier)
{
    if (notifier->conf.loop == NULL) {
        return;
    }
    hf_timer_cancel(&notifier->again);
    if (notifier->taking) {
        hf_http_call_cancel(&notifier->take);
        hf_buf_free(&notifier->take.answer);
        notifier->taking = false;
    }
    for (struct hf_job *job; (job = hf_job_first(notifier)) != NULL;) {
        hf_job_free(job);
    }
    hf_http_client_free(notifier->hub);
    hf_http_client_free(notifier->push);
    hf_mailer_free(notifier->mailer);
    notifier->conf.loop = NULL;
}
