/* log/remote/tracker.c: follows a region's log over HTTP, part by part. */
#include "log/remote/tracker.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/json_in.h"

#define AGAIN_NS   UINT64_C(200000000)
#define AGAIN_MAX  5 /* doublings: 6.4 s, then the limit */
#define AGAIN_MOST UINT64_C(5000000000)
#define SAVE_NS    UINT64_C(5000000000)
#define WAIT_S     20
#define CALL_NS    UINT64_C(60000000000)
#define SMALL_MAX  65536

static struct hf_env *env_of(const struct hf_tracker *tracker)
{
    return hf_loop_env(tracker->conf.loop);
}

/* state */

static enum hf_rc file_of(const struct hf_tracker *tracker, const char *name, char out[HF_PATH_MAX],
                          struct hf_err *err)
{
    enum hf_rc rc = hf_path_join(tracker->dir, name, out, HF_PATH_MAX);
    return rc == HF_OK ? rc : hf_err_set(err, rc, "the path %s is too long", tracker->dir);
}

static enum hf_rc write_file(const struct hf_tracker *tracker, const char *name,
                             struct hf_bytes bytes, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    enum hf_rc rc = file_of(tracker, name, path, err);
    return rc == HF_OK ? hf_disk_replace(tracker->conf.disk, path, bytes, 0600, err) : rc;
}

/* A damaged state costs time and nothing else. */
static enum hf_rc load(struct hf_tracker *tracker, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(HF_FOLLOW_STATE_MAX);
    enum hf_rc rc = file_of(tracker, "follow", path, err);
    if (rc == HF_OK) {
        rc = hf_disk_read(tracker->conf.disk, path, &text, err);
    }
    if (rc == HF_OK) {
        rc = hf_follow_read(hf_buf_bytes(&text), /* vkey= */ NULL, &tracker->follow, err);
        tracker->known = rc == HF_OK;
    }
    if (rc == HF_ECORRUPT || rc == HF_ETOOBIG) {
        hf_log(tracker->conf.logger, HF_LOG_WARN, "follow.state_lost", hf_f_c("file", path),
               hf_f_err(err), hf_f_c("help", "it begins at 0 again"));
        rc = HF_OK;
    }
    hf_buf_free(&text);
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

static void save(struct hf_tracker *tracker, const struct hf_follow *follow)
{
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(HF_FOLLOW_STATE_MAX);
    hf_follow_write(follow, &text);
    enum hf_rc rc = text.failed == HF_OK
                        ? write_file(tracker, "follow", hf_buf_bytes(&text), &err)
                        : hf_err_set(&err, text.failed, "no memory to keep the state");
    if (rc != HF_OK) {
        hf_log(tracker->conf.logger, HF_LOG_WARN, "follow.not_saved", hf_f_err(&err));
    }
    hf_buf_free(&text);
}

/* A part was used: in a while that is on the disk. */
static void grow_older(struct hf_tracker *tracker)
{
    uint64_t now_ns = hf_env_mono_ns(env_of(tracker));
    tracker->in_hand = false;
    if (tracker->conf.from != NULL || now_ns - tracker->aged_ns < SAVE_NS) {
        return;
    }
    if (tracker->aged.frontier.size > 0) {
        save(tracker, &tracker->aged);
    }
    tracker->aged = tracker->follow;
    tracker->aged_ns = now_ns;
}

/* ends */

static void end(struct hf_tracker *tracker, enum hf_rc rc, const struct hf_err *err)
{
    hf_timer_cancel(&tracker->timer);
    tracker->conf.failed(tracker->conf.arg, rc, err);
}

/* Away, or it answers what it should not: again in a while. */
static void again(struct hf_tracker *tracker, const struct hf_err *err)
{
    if (tracker->conf.once) {
        end(tracker, err->rc == HF_EPERM ? HF_EPERM : HF_EIO, err); /* a wrong pin is no fork */
        return;
    }
    unsigned doublings = tracker->failures < AGAIN_MAX ? tracker->failures : AGAIN_MAX;
    uint64_t wait_ns = AGAIN_NS << doublings;
    if (tracker->failures++ == 0) {
        hf_log(tracker->conf.logger, HF_LOG_WARN, "follow.waits", hf_f_err(err));
    }
    (void)hf_timer_arm(&tracker->timer, wait_ns < AGAIN_MOST ? wait_ns : AGAIN_MOST);
}

/* Both checkpoints are signed by the region: together they prove what it did. shown: NULL: the Hub
 * has not as much as it once signed. */
static void keep_proof(struct hf_tracker *tracker, const struct hf_bytes *shown)
{
    struct hf_err err = {0};
    struct hf_follow_part part;
    enum hf_rc rc = HF_OK;
    if (shown != NULL) {
        rc = hf_follow_parse(*shown, &part, &err);
    }
    if (rc == HF_OK && shown != NULL) {
        rc = write_file(tracker, "fork-shown.note", part.segment.note, &err);
    }
    if (rc == HF_OK && tracker->follow.note_len > 0) {
        rc = write_file(tracker, "fork-known.note", hf_follow_note(&tracker->follow), &err);
    }
    if (rc != HF_OK) {
        hf_log(tracker->conf.logger, HF_LOG_ERROR, "follow.proof_lost", hf_f_err(&err));
    }
}

/* calls */

/* A Hub that refuses says why. */
static void refusal(const struct hf_http_call *call, struct hf_err *err)
{
    struct hf_json_doc *doc = NULL;
    const struct hf_json *detail = NULL;
    enum hf_rc rc = call->status == 401 || call->status == 403 ? HF_EPERM : HF_EIO;
    if (hf_json_parse(hf_buf_bytes(&call->answer), &doc, /* err= */ NULL) == HF_OK &&
        hf_json_kind(hf_json_root(doc)) == HF_JSON_OBJECT) {
        detail = hf_json_get(hf_json_root(doc), "detail");
    }
    if (detail != NULL && hf_json_kind(detail) == HF_JSON_STR) {
        (void)hf_err_set(err, rc, "the Hub answers %d: %.*s", call->status,
                         HF_STR_ARG(hf_json_as_str(detail)));
    } else {
        (void)hf_err_set(err, rc, "the Hub answers %d and does not say why", call->status);
    }
    hf_json_free(doc);
}

static void start_call(struct hf_tracker *tracker, const char *method, size_t answer_max,
                       void (*done)(struct hf_http_call *call))
{
    tracker->call = (struct hf_http_call){.method = method,
                                          .url = tracker->url,
                                          .token = tracker->conf.token,
                                          .timeout_ns = CALL_NS,
                                          .answer_max = answer_max,
                                          .done = done};
    tracker->calling = true;
    hf_http_call_start(tracker->client, &tracker->call);
}

static void take(struct hf_tracker *tracker)
{
    struct hf_err err = {0};
    struct hf_follow_part part;
    hf_buf_free(&tracker->body);
    tracker->body = tracker->call.answer;
    tracker->call.answer = hf_buf_init(0);
    enum hf_rc rc = hf_follow_take(&tracker->follow, hf_buf_bytes(&tracker->body), &part, &err);
    if (rc == HF_EFORK || rc == HF_EBADSIG) {
        const struct hf_bytes shown = hf_buf_bytes(&tracker->body);
        keep_proof(tracker, &shown);
        end(tracker, rc, &err);
    } else if (rc != HF_OK) {
        again(tracker, &err);
    } else {
        tracker->failures = 0;
        tracker->at_end = false;
        tracker->in_hand = true;
        tracker->conf.part(tracker->conf.arg, &part);
    }
}

static void answered(struct hf_http_call *call)
{
    struct hf_tracker *tracker = HF_CONTAINER_OF(call, struct hf_tracker, call);
    struct hf_err err = call->err;
    tracker->calling = false;
    if (call->rc == HF_OK && call->status == 200) {
        take(tracker);
    } else if (call->rc == HF_OK && call->status == 204) {
        tracker->failures = 0;
        tracker->at_end = true;
        tracker->conf.part(tracker->conf.arg, NULL);
    } else if (call->rc == HF_OK && call->status == 422) {
        (void)hf_err_set(&err, HF_EFORK,
                         "the Hub's log is shorter than the %llu entries that came of it: it was "
                         "put back, or it is another one",
                         (unsigned long long)tracker->follow.frontier.size);
        keep_proof(tracker, /* shown= */ NULL);
        end(tracker, HF_EFORK, &err);
    } else {
        if (call->rc == HF_OK) {
            refusal(call, &err);
        }
        again(tracker, &err);
    }
    hf_buf_free(&call->answer);
}

/* The Hub says which log it has; from then on, or from the beginning, only that one is believed. */
static enum hf_rc take_key(struct hf_tracker *tracker, struct hf_err *err)
{
    struct hf_json_doc *doc = NULL;
    struct hf_vkey vkey = {.name_len = 0};
    enum hf_rc rc = hf_json_parse(hf_buf_bytes(&tracker->call.answer), &doc, err);
    if (rc == HF_OK) {
        const struct hf_json *root = hf_json_root(doc);
        const struct hf_json *log =
            hf_json_kind(root) == HF_JSON_OBJECT ? hf_json_get(root, "log") : NULL;
        rc = log != NULL && hf_json_kind(log) == HF_JSON_STR
                 ? hf_vkey_parse(hf_json_as_str(log), &vkey, err)
                 : hf_err_set(err, HF_EINVAL, "the Hub does not say which log it has");
    }
    if (rc == HF_OK && tracker->known && !hf_vkey_eq(&vkey, &tracker->follow.vkey)) {
        rc = hf_err_set(err, HF_EMISMATCH,
                        "the Hub's log is %s under another key than the one that is trusted, "
                        "which is %s's: it is another region, or somebody stands in between",
                        vkey.name, tracker->follow.vkey.name);
    }
    if (rc == HF_OK && !tracker->known) {
        hf_follow_init(&tracker->follow, &vkey);
    }
    if (rc == HF_OK) {
        const struct hf_json *size = hf_json_get(hf_json_root(doc), "size");
        tracker->known = true;
        tracker->named = true;
        tracker->size = 0;
        if (size != NULL) {
            (void)hf_json_to_u64(size, &tracker->size);
        }
    }
    hf_json_free(doc);
    return rc;
}

static void named(struct hf_http_call *call)
{
    struct hf_tracker *tracker = HF_CONTAINER_OF(call, struct hf_tracker, call);
    struct hf_err err = call->err;
    tracker->calling = false;
    enum hf_rc rc = call->rc;
    if (rc == HF_OK && call->status == 200) {
        rc = take_key(tracker, &err);
    } else if (rc == HF_OK) {
        refusal(call, &err);
        rc = HF_EIO;
    }
    hf_buf_free(&call->answer);
    if (rc == HF_EMISMATCH) {
        end(tracker, rc, &err);
    } else if (rc == HF_OK) {
        tracker->failures = 0;
        tracker->conf.ready(tracker->conf.arg);
    } else {
        again(tracker, &err);
    }
}

static void ask_part(struct hf_tracker *tracker)
{
    (void)snprintf(tracker->url, sizeof tracker->url,
                   "%s/v1/feed/region?from=%llu&blobs=1&wait_s=%d", tracker->conf.url,
                   (unsigned long long)tracker->follow.frontier.size, tracker->at_end ? WAIT_S : 0);
    start_call(tracker, "GET", HF_FOLLOW_PART_MAX, answered);
}

static void due(struct hf_timer *timer)
{
    struct hf_tracker *tracker = HF_CONTAINER_OF(timer, struct hf_tracker, timer);
    bool known = tracker->known && (tracker->named || tracker->conf.from == NULL);
    if (known && tracker->begun) {
        ask_part(tracker);
    } else if (known) {
        tracker->conf.ready(tracker->conf.arg);
    } else {
        (void)snprintf(tracker->url, sizeof tracker->url, "%s/v1/region", tracker->conf.url);
        start_call(tracker, "GET", SMALL_MAX, named);
    }
}

void hf_tracker_next(struct hf_tracker *tracker)
{
    HF_ASSERT(tracker->known && !tracker->calling);
    tracker->begun = true;
    if (tracker->in_hand) {
        grow_older(tracker);
    }
    ask_part(tracker);
}

void hf_tracker_again(struct hf_tracker *tracker, uint64_t known_size, const struct hf_hash *root)
{
    struct hf_vkey vkey = tracker->follow.vkey;
    hf_follow_init(&tracker->follow, &vkey);
    tracker->aged = tracker->follow;
    tracker->in_hand = false;
    tracker->at_end = false;
    tracker->follow.known_size = known_size;
    if (known_size > 0) {
        tracker->follow.known_root = *root;
    }
}

static void posted(struct hf_http_call *call)
{
    struct hf_tracker *tracker = HF_CONTAINER_OF(call, struct hf_tracker, call);
    tracker->calling = false;
    int status = call->rc == HF_OK ? call->status : 0;
    hf_buf_free(&call->answer);
    tracker->posted(tracker->conf.arg, status);
}

void hf_tracker_post(struct hf_tracker *tracker, const char *path, struct hf_bytes json,
                     void (*done)(void *arg, int status))
{
    HF_ASSERT(!tracker->calling);
    tracker->posted = done;
    (void)snprintf(tracker->url, sizeof tracker->url, "%s%s", tracker->conf.url, path);
    tracker->call = (struct hf_http_call){.method = "POST",
                                          .url = tracker->url,
                                          .content_type = "application/json",
                                          .body = json,
                                          .timeout_ns = CALL_NS,
                                          .answer_max = SMALL_MAX,
                                          .done = posted};
    tracker->calling = true;
    hf_http_call_start(tracker->client, &tracker->call);
}

enum hf_rc hf_tracker_open(struct hf_tracker *tracker, const struct hf_tracker_conf *conf,
                           struct hf_err *err)
{
    *tracker = (struct hf_tracker){.conf = *conf};
    if (strlen(conf->url) > HF_TRACKER_URL_MAX - 128) {
        tracker->conf.loop = NULL;
        return hf_err_set(err, HF_EINVAL, "the Hub's URL has more than %d bytes",
                          HF_TRACKER_URL_MAX - 128);
    }
    hf_timer_init(&tracker->timer, conf->loop, due);
    (void)snprintf(tracker->dir, sizeof tracker->dir, "%s", conf->dir);
    enum hf_rc rc = hf_disk_make_dirs(conf->disk, conf->dir, 0700, err);
    if (rc == HF_OK && conf->from != NULL) {
        tracker->follow = *conf->from;
        tracker->known = true;
        tracker->conf.from = &tracker->follow;
    } else if (rc == HF_OK) {
        rc = load(tracker, err);
    }
    if (rc == HF_OK) {
        rc = hf_http_client_new(conf->loop, conf->client, &tracker->client, err);
    }
    if (rc == HF_OK && hf_timer_arm(&tracker->timer, 0) != HF_OK) {
        rc = hf_err_set(err, HF_ENOMEM, "no memory for a timer");
    }
    return rc;
}

void hf_tracker_close(struct hf_tracker *tracker)
{
    if (tracker->conf.loop == NULL) {
        return;
    }
    hf_timer_cancel(&tracker->timer);
    if (tracker->calling) {
        hf_http_call_cancel(&tracker->call);
        hf_buf_free(&tracker->call.answer);
        tracker->calling = false;
    }
    hf_http_client_free(tracker->client);
    tracker->client = NULL;
    if (tracker->conf.from == NULL && tracker->known && !tracker->in_hand &&
        tracker->follow.frontier.size > 0) {
        save(tracker, &tracker->follow);
    }
    hf_buf_free(&tracker->body);
    tracker->conf.loop = NULL;
}
