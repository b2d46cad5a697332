/* hub/read_models.c: the read models inside of the Hub, brought up to the log while it runs. */
#include "hub/read_models.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/file.h"
#include "projections/postgres/store_postgres.h"
#include "projections/sqlite/store_sqlite.h"

#define GATHER_NS    UINT64_C(20000000)
#define AGAIN_NS     UINT64_C(1000000000)
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

/* What cannot be opened is put beside, once, for who wants to look; the log brings all again. */
static void set_aside(struct hf_hub_models *models, const struct hf_err *why)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char from[HF_HUB_MODELS_URL_MAX + 8];
    char to[HF_HUB_MODELS_URL_MAX + 16];
    models->anew = true;
    hf_log(models->logger, HF_LOG_WARN, "models.anew", hf_f_err(why),
           hf_f_c("help",
                  "the file is kept with the ending .damaged; the log brings all of it again"));
    for (size_t i = 0; i < HF_LEN(ends); i++) {
        (void)snprintf(from, sizeof from, "%s%s", models->url, ends[i]);
        (void)snprintf(to, sizeof to, "%s.damaged%s", models->url, ends[i]);
        enum hf_rc rc = hf_file_move(from, to, /* err= */ NULL);
        (void)rc; /* not each of them is always there */
    }
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

/* One slice; then at once the next one while there is more, so that calls come in between. */
static void due(struct hf_timer *timer)
{
    struct hf_hub_models *models = HF_CONTAINER_OF(timer, struct hf_hub_models, timer);
    struct hf_err err = {0};
    bool more = false;
    enum hf_rc rc = models->projector == NULL ? open_all(models, &err) : HF_OK;
    if ((rc == HF_EIO || rc == HF_ECORRUPT) && models->projector == NULL && !models->anew &&
        !is_postgres(models->url)) {
        set_aside(models, &err);
        rc = open_all(models, &err);
    }
    if (rc == HF_OK) {
        rc = hf_projector_step(models->projector, SLICE_EVENTS, &more, &err);
    }
    if (rc != HF_OK) {
        if (models->trouble.rc != rc) {
            hf_log(models->logger, HF_LOG_ERROR, "models.failed", hf_f_err(&err));
        }
        models->failures++;
        models->trouble = err;
        close_all(models); /* a connection or a file that failed is opened anew */
        (void)hf_timer_arm(timer, AGAIN_NS);
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
