/* hub/worker.c: keeps a region's read models in PostgreSQL, following the Hub's log. */
#include "hub/worker.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "hub/read_models.h"
#include "projections/digest.h"
#include "projections/postgres/store_postgres.h"
#include "projections/promote.h"
#include "projections/source_part.h"

#define AGAIN_NS     UINT64_C(1000000000)
#define SLICE_EVENTS 10000
#define DAY_US       INT64_C(86400000000)
#define JSON_MAX     1024

enum hf_rc hf_worker_models_check(const char *models, struct hf_err *err)
{
    if (models != NULL && (strncmp(models, "postgresql://", sizeof "postgresql://" - 1) == 0 ||
                           strncmp(models, "postgres://", sizeof "postgres://" - 1) == 0)) {
        return strlen(models) < HF_WORKER_URL_MAX
                   ? HF_OK
                   : hf_err_set(err, HF_EUSAGE, "the URL of the read models has more than %d bytes",
                                HF_WORKER_URL_MAX - 1);
    }
    return hf_err_set(err, HF_EUSAGE,
                      "a Hub of roles apart has its read models in PostgreSQL, where the worker "
                      "writes and the api role reads them at the same time: give models = "
                      "postgresql://...; with a SQLite file run the role all");
}

/* opening the store, and where it stands */

static void close_store(struct hf_worker *worker)
{
    hf_projector_close(worker->projector);
    hf_store_close(worker->store);
    worker->projector = NULL;
    worker->store = NULL;
}

/* The store may be ahead of what came: then parts are let go until it is reached. When it is behind
 * (it was made anew, or put back), the log is followed from its beginning again. */
static enum hf_rc settle(struct hf_worker *worker, struct hf_err *err)
{
    struct hf_source_mark mark;
    uint64_t position = hf_projector_position(worker->projector);
    uint64_t first = worker->has_part ? worker->first : worker->tracker.follow.frontier.size;
    enum hf_rc rc = hf_source_mark_read(worker->store, &mark, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (position < first) {
        hf_log(worker->conf.logger, HF_LOG_INFO, "worker.from_the_beginning",
               hf_f_u64("models", position), hf_f_u64("followed", first));
        hf_source_part_set(worker->source, NULL);
        worker->has_part = false;
        hf_tracker_again(&worker->tracker, mark.size, &mark.root);
    } else if (mark.size > worker->tracker.follow.frontier.size) {
        worker->tracker.follow.known_size = mark.size;
        worker->tracker.follow.known_root = mark.root;
    }
    return HF_OK;
}

static enum hf_rc open_store(struct hf_worker *worker, struct hf_err *err)
{
    enum hf_rc rc = hf_store_postgres_open(worker->models, &worker->store, err);
    if (rc == HF_OK) {
        const struct hf_projector_conf conf = {.env = hf_loop_env(worker->conf.loop),
                                               .store = worker->store,
                                               .source = worker->source,
                                               .until = UINT64_MAX};
        rc = hf_projector_open(&conf, &worker->projector, err);
    }
    if (rc == HF_OK) {
        rc = hf_promotions_create(worker->store, err);
    }
    if (rc == HF_OK) {
        rc = settle(worker, err);
    }
    if (rc != HF_OK) {
        close_store(worker);
    }
    return rc;
}

/* working */

static void tell_dead(struct hf_worker *worker)
{
    const struct hf_projector_counts *counts = hf_projector_counts(worker->projector);
    if (counts->dead_letters > worker->dead_letters) {
        hf_log(worker->conf.logger, HF_LOG_WARN, "models.dead_letters",
               hf_f_u64("index", counts->last_dead.index),
               hf_f_u64("offset", counts->last_dead.offset));
    }
    worker->dead_letters = counts->dead_letters;
}

/* A connection that failed is opened anew; read models of another log stay such. */
static void fail(struct hf_worker *worker, enum hf_rc rc, const struct hf_err *err)
{
    close_store(worker);
    if (rc == HF_EFORK) {
        worker->conf.failed(worker->conf.arg, rc, err);
        return;
    }
    if (worker->trouble != rc) {
        hf_log(worker->conf.logger, HF_LOG_ERROR, "models.failed", hf_f_err(err),
               hf_f_c("help", hf_hub_models_help(rc)));
    }
    worker->trouble = rc;
    (void)hf_timer_arm(&worker->timer, AGAIN_NS);
}

static void work(struct hf_timer *timer)
{
    struct hf_worker *worker = HF_CONTAINER_OF(timer, struct hf_worker, timer);
    struct hf_err err = {0};
    bool more = false;
    enum hf_rc rc = worker->store == NULL ? open_store(worker, &err) : HF_OK;
    if (rc == HF_OK && worker->has_part) {
        rc = hf_projector_step(worker->projector, SLICE_EVENTS, &more, &err);
    }
    if (rc != HF_OK) {
        fail(worker, rc, &err);
        return;
    }
    worker->trouble = HF_OK;
    tell_dead(worker);
    if (more) {
        (void)hf_timer_arm(timer, 0);
        return;
    }
    worker->has_part = false;
    hf_source_part_set(worker->source, NULL);
    hf_tracker_next(&worker->tracker);
}

/* digests */

static enum hf_rc digests_file(const struct hf_worker *worker, char out[HF_PATH_MAX],
                               struct hf_err *err)
{
    enum hf_rc rc = hf_path_join(worker->conf.dir, "digested", out, HF_PATH_MAX);
    return rc == HF_OK ? rc : hf_err_set(err, rc, "the path %s is too long", worker->conf.dir);
}

/* When it cannot be read they are due. */
static void load_digested(struct hf_worker *worker)
{
    char path[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(HF_TIME_TEXT);
    if (digests_file(worker, path, /* err= */ NULL) == HF_OK &&
        hf_disk_read(worker->conf.disk, path, &text, /* err= */ NULL) == HF_OK) {
        (void)hf_parse_time_us(hf_bytes_str(hf_buf_bytes(&text)), &worker->digested_us);
    }
    hf_buf_free(&text);
}

static void digests_done(struct hf_worker *worker)
{
    char path[HF_PATH_MAX];
    char text[HF_TIME_TEXT];
    struct hf_err err = {0};
    worker->digested_us = hf_env_wall_us(hf_loop_env(worker->conf.loop));
    hf_format_time_us(worker->digested_us, text);
    enum hf_rc rc = digests_file(worker, path, &err);
    if (rc == HF_OK) {
        rc = hf_disk_replace(worker->conf.disk, path, hf_str_bytes(hf_str_c(text)), 0600, &err);
    }
    if (rc != HF_OK) {
        hf_log(worker->conf.logger, HF_LOG_WARN, "worker.not_saved", hf_f_err(&err));
    }
}

static enum hf_rc write_digest(struct hf_worker *worker, const struct hf_projection *p,
                               struct hf_err *err)
{
    struct hf_json_out json;
    struct hf_hash digest;
    uint64_t rows = 0;
    uint64_t position = 0;
    enum hf_rc rc = hf_projection_digest(worker->store, p, &digest, &rows, err);
    if (rc == HF_OK) {
        rc = hf_store_get_position(worker->store, p->name, &position, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_buf_clear(&worker->json);
    hf_json_init(&json, &worker->json);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "projection", hf_str_c(p->name));
    hf_json_key_u64(&json, "position", position);
    hf_json_key_u64(&json, "rows", rows);
    hf_json_key(&json, HF_STR("digest"));
    hf_json_hex(&json, hf_bytes_of(digest.b, HF_HASH_SIZE));
    hf_json_object_end(&json);
    return worker->json.failed == HF_OK
               ? HF_OK
               : hf_err_set(err, worker->json.failed, "no memory for a digest");
}

static void digest_posted(void *arg, int status);

static void post_digest(struct hf_worker *worker)
{
    struct hf_err err = {0};
    const struct hf_projection *p = hf_projections[worker->digest];
    if (p == NULL) {
        digests_done(worker);
        hf_tracker_next(&worker->tracker);
        return;
    }
    enum hf_rc rc = write_digest(worker, p, &err);
    if (rc != HF_OK) {
        fail(worker, rc, &err);
        return;
    }
    hf_tracker_post(&worker->tracker, "/v1/worker/digests", hf_buf_bytes(&worker->json),
                    digest_posted);
}

/* Those that the Hub could not take come again with all others, in an hour. */
static void digest_posted(void *arg, int status)
{
    struct hf_worker *worker = arg;
    if (status == 201) {
        worker->digest++;
        post_digest(worker);
        return;
    }
    hf_log(worker->conf.logger, HF_LOG_WARN, "worker.digest_refused",
           hf_f_c("projection", hf_projections[worker->digest]->name), hf_f_i64("status", status));
    worker->digested_us = hf_env_wall_us(hf_loop_env(worker->conf.loop)) - DAY_US + DAY_US / 24;
    hf_tracker_next(&worker->tracker);
}

/* following */

static void ready(void *arg)
{
    struct hf_worker *worker = arg;
    (void)hf_timer_arm(&worker->timer, 0);
}

/* The log has no more; but the store has? */
static void at_the_end(struct hf_worker *worker)
{
    struct hf_err err = {0};
    uint64_t size = worker->tracker.follow.frontier.size;
    uint64_t position = hf_projector_position(worker->projector);
    int64_t now = hf_env_wall_us(hf_loop_env(worker->conf.loop));
    if (position > size) {
        (void)hf_err_set(&err, HF_EFORK,
                         "the read models are at %llu, the Hub's log has %llu entries: it was put "
                         "back, or it is another one; find out, then build the read models anew",
                         (unsigned long long)position, (unsigned long long)size);
        worker->conf.failed(worker->conf.arg, HF_EFORK, &err);
    } else if (size > 0 && now - worker->digested_us >= DAY_US) {
        worker->digest = 0;
        post_digest(worker);
    } else {
        hf_tracker_next(&worker->tracker);
    }
}

static void take_part(void *arg, const struct hf_follow_part *part)
{
    struct hf_worker *worker = arg;
    if (part == NULL) {
        at_the_end(worker);
        return;
    }
    hf_source_part_set(worker->source, part);
    worker->has_part = true;
    worker->first = part->segment.first;
    work(&worker->timer);
}

static void lost(void *arg, enum hf_rc rc, const struct hf_err *err)
{
    struct hf_worker *worker = arg;
    worker->conf.failed(worker->conf.arg, rc, err);
}

/* opening and closing */

enum hf_rc hf_worker_open(struct hf_worker *worker, const struct hf_worker_conf *conf,
                          struct hf_err *err)
{
    *worker = (struct hf_worker){.conf = *conf, .json = hf_buf_init(JSON_MAX)};
    const struct hf_http_client_conf client = {.socket = conf->socket};
    const struct hf_tracker_conf tracker = {.loop = conf->loop,
                                            .disk = conf->disk,
                                            .logger = conf->logger,
                                            .dir = conf->dir,
                                            .client = &client,
                                            .url = "http://localhost",
                                            .ready = ready,
                                            .part = take_part,
                                            .failed = lost,
                                            .arg = worker};
    hf_timer_init(&worker->timer, conf->loop, work);
    enum hf_rc rc = hf_worker_models_check(conf->models, err);
    if (rc == HF_OK) {
        (void)snprintf(worker->models, sizeof worker->models, "%s", conf->models);
        rc = hf_source_part_new(&worker->tracker.follow, &worker->source, err);
    }
    if (rc == HF_OK) {
        rc = hf_tracker_open(&worker->tracker, &tracker, err);
    }
    if (rc == HF_OK) {
        load_digested(worker);
    }
    return rc;
}

void hf_worker_close(struct hf_worker *worker, void (*closed)(void *arg), void *arg)
{
    if (worker->conf.loop != NULL) {
        hf_timer_cancel(&worker->timer);
        hf_tracker_close(&worker->tracker);
        close_store(worker);
        hf_source_close(worker->source);
        hf_buf_free(&worker->json);
        worker->conf.loop = NULL;
    }
    closed(arg);
}
