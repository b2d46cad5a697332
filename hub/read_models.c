/* hub/read_models.c: the read models inside of the Hub, brought up to the log while it runs. */
#include "hub/read_models.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "projections/postgres/store_postgres.h"
#include "projections/sqlite/store_sqlite.h"

#define GATHER_NS    UINT64_C(20000000)
#define AGAIN_NS     UINT64_C(1000000000)
#define ANEW_NS      UINT64_C(600000000000)
#define SLICE_EVENTS 1000

static bool is_postgres(const char *url)
{
    return strncmp(url, "postgres", sizeof "postgres" - 1) == 0 && strstr(url, "://") != NULL;
}

static void close_all(struct hf_hub_models *models)
{
    hf_projector_close(models->projector);
    hf_store_close(models->store);
    models->projector = NULL;
    models->store = NULL;
}

static enum hf_rc open_all(struct hf_hub_models *models, struct hf_err *err)
{
    enum hf_rc rc = is_postgres(models->url)
                        ? hf_store_postgres_open(models->url, &models->store, err)
                        : hf_store_sqlite_open(models->url, &models->store, err);
    if (rc == HF_OK) {
        const struct hf_projector_conf conf = {.env = hf_loop_env(models->loop),
                                               .store = models->store,
                                               .log = models->log,
                                               .until = UINT64_MAX};
        rc = hf_projector_open(&conf, &models->projector, err);
    }
    if (rc != HF_OK) {
        close_all(models);
    }
    return rc;
}

/* Can the log bring all of it again, and is the file ours to put beside? What is another log's may
 * be another region's, and a database has an operator. */
static bool can_begin_anew(const struct hf_hub_models *models, enum hf_rc rc)
{
    bool opened = models->projector != NULL;
    bool damaged = opened ? models->store->damaged : rc == HF_EIO || rc == HF_ECORRUPT;
    uint64_t now_ns = hf_env_mono_ns(hf_loop_env(models->loop));
    bool often = models->anew_ns != 0 && now_ns - models->anew_ns < ANEW_NS;
    return (damaged || rc == HF_EMISMATCH) && !often && !is_postgres(models->url);
}

/* Kept, for who wants to look. Not again soon: on a disk that fails it would be for nothing. */
static void begin_anew(struct hf_hub_models *models, const struct hf_err *why)
{
    struct hf_err err = {0};
    models->anew_ns = hf_env_mono_ns(hf_loop_env(models->loop));
    if (hf_store_sqlite_set_aside(models->url, &err) != HF_OK) {
        hf_log(models->logger, HF_LOG_ERROR, "models.stuck", hf_f_err(&err),
               hf_f_c("help", "move the file away; the log brings all of it again"));
        return;
    }
    hf_log(models->logger, HF_LOG_WARN, "models.anew", hf_f_err(why),
           hf_f_c("help",
                  "the file is kept with the ending .damaged; the log brings all of it again"));
}

const char *hf_hub_models_help(enum hf_rc rc)
{
    if (rc == HF_ENOSPC) {
        return "make room where they are; it is tried again each second, and nothing is lost";
    }
    return rc == HF_EFORK || rc == HF_EMISMATCH
               ? "is it the right database? then holdfast projections rebuild DIR --db URL builds "
                 "them from the log"
               : "it is tried again each second; if it stays so, holdfast projections rebuild DIR "
                 "--db URL throws them away and builds them from the log";
}

static void fail(struct hf_hub_models *models, enum hf_rc rc, const struct hf_err *err)
{
    bool anew = can_begin_anew(models, rc);
    close_all(models); /* a connection or a file that failed is opened anew */
    models->failures++;
    if (anew) {
        begin_anew(models, err);
    } else if (models->trouble.rc != rc) {
        hf_log(models->logger, HF_LOG_ERROR, "models.failed", hf_f_err(err),
               hf_f_c("help", hf_hub_models_help(rc)));
    }
    models->trouble = *err;
    models->trouble.rc = rc;
    (void)hf_timer_arm(&models->timer, anew ? 0 : AGAIN_NS);
}

/* One slice; then at once the next one while there is more, so that calls come in between. */
static void due(struct hf_timer *timer)
{
    struct hf_hub_models *models = HF_CONTAINER_OF(timer, struct hf_hub_models, timer);
    struct hf_err err = {0};
    bool more = false;
    enum hf_rc rc = models->projector == NULL ? open_all(models, &err)
                    : models->store->damaged
                        ? hf_err_set(&err, HF_EIO, "%s is damaged", models->url)
                        : HF_OK;
    if (rc == HF_OK) {
        rc = hf_projector_step(models->projector, SLICE_EVENTS, &more, &err);
    }
    if (rc != HF_OK) {
        fail(models, rc, &err);
        return;
    }
    models->trouble = (struct hf_err){.rc = HF_OK};
    models->running = more;
    if (!more) {
        models->current_us = hf_env_wall_us(hf_loop_env(models->loop));
    }
    if (more) {
        (void)hf_timer_arm(timer, 0);
    }
}

void hf_hub_models_mend(struct hf_hub_models *models)
{
    if (models->loop != NULL && models->store != NULL && models->store->damaged &&
        hf_timer_arm(&models->timer, 0) == HF_OK) {
        models->running = true;
    }
}

void hf_hub_models_start(struct hf_hub_models *models, struct hf_loop *loop, const char *url,
                         struct hf_log *log, const struct hf_logger *logger)
{
    *models = (struct hf_hub_models){.loop = loop, .log = log, .logger = logger};
    HF_ASSERT(strlen(url) < sizeof models->url); /* the configuration's bound */
    (void)snprintf(models->url, sizeof models->url, "%s", url);
    hf_timer_init(&models->timer, loop, due);
    models->running = true;
    (void)hf_timer_arm(&models->timer, 0);
}

void hf_hub_models_stop(struct hf_hub_models *models)
{
    if (models->loop != NULL) {
        hf_timer_cancel(&models->timer);
        close_all(models);
        models->loop = NULL;
    }
}

void hf_hub_models_wake(struct hf_hub_models *models)
{
    if (models->loop != NULL && !models->running &&
        hf_timer_arm(&models->timer, GATHER_NS) == HF_OK) {
        models->running = true;
    }
}

uint64_t hf_hub_models_position(const struct hf_hub_models *models)
{
    return models->projector == NULL ? 0 : hf_projector_position(models->projector);
}
