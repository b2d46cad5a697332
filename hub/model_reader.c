/* hub/model_reader.c: asks a database that a worker keeps, without waiting for it. */
#include "hub/model_reader.h"

#include <pthread.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "projections/postgres/store_postgres.h"

#define SECOND_NS   UINT64_C(1000000000)
#define PATIENCE_NS (2 * SECOND_NS)
#define GIVE_UP_NS  (5 * SECOND_NS)
#define LOOK_NS     (5 * SECOND_NS)
#define WAITING_MAX 64

struct hf_model_reader {
    struct hf_model_reader_state state;
    enum hf_rc trouble; /* that was told; HF_OK: it answers */
    struct hf_model_reader_conf conf;
    char *url;
    pthread_mutex_t lock;   /* of the next two: the thread works, the loop interrupts it */
    bool given_up;          /* the job that runs */
    struct hf_store *store; /* NULL: not connected */
    struct hf_queue waiting;
    unsigned waiting_count;
    struct hf_queue refused; /* whose `done` is due */
    struct hf_task refusing;
    struct hf_read_job *running;
    uint64_t began_ns;
    struct hf_work work;
    struct hf_timer timer;
    struct hf_read_job own; /* where are they? */
    bool own_asked;
    uint64_t asked_ns;
    bool quitting;
    void (*closed)(void *arg);
    void *closed_arg;
};

static uint64_t now_ns(const struct hf_model_reader *reader)
{
    return hf_env_mono_ns(hf_loop_env(reader->conf.loop));
}

/* on the other thread */

static void set_store(struct hf_model_reader *reader, struct hf_store *store)
{
    (void)pthread_mutex_lock(&reader->lock);
    reader->store = store;
    (void)pthread_mutex_unlock(&reader->lock);
}

static bool is_given_up(struct hf_model_reader *reader)
{
    (void)pthread_mutex_lock(&reader->lock);
    bool given_up = reader->given_up;
    (void)pthread_mutex_unlock(&reader->lock);
    return given_up;
}

static enum hf_rc connect(struct hf_model_reader *reader, struct hf_err *err)
{
    struct hf_store *store = NULL;
    enum hf_rc rc = hf_store_postgres_open_reading(reader->url, &store, err);
    if (rc == HF_OK) {
        set_store(reader, store);
    }
    return rc;
}

/* Whoever would interrupt it must not find it any more. */
static void disconnect(struct hf_model_reader *reader)
{
    struct hf_store *store = reader->store;
    set_store(reader, NULL);
    hf_store_close(store);
}

/* In one transaction, so that a page and its position belong together. */
static enum hf_rc ask(struct hf_store *store, struct hf_read_job *job)
{
    enum hf_rc rc = hf_store_begin(store, &job->err);
    job->begun = rc == HF_OK;
    if (rc == HF_OK) {
        rc = hf_model_ask(store, &job->question, &job->err);
        hf_store_rollback(store); /* nothing was written */
    }
    return rc;
}

static void run(struct hf_work *work)
{
    struct hf_model_reader *reader = HF_CONTAINER_OF(work, struct hf_model_reader, work);
    struct hf_read_job *job = reader->running;
    job->begun = false;
    job->rc = reader->store != NULL ? ask(reader->store, job) : HF_EIO;
    if (job->rc == HF_EIO && !job->begun && !is_given_up(reader)) {
        /* It was never there, or it broke while nobody looked. */
        disconnect(reader);
        job->rc = connect(reader, &job->err);
        if (job->rc == HF_OK) {
            job->rc = ask(reader->store, job);
        }
    }
    if (job->rc != HF_OK && job->question.refused == HF_OK) {
        disconnect(reader);
    }
}

/* on the loop */

static void interrupt(struct hf_model_reader *reader)
{
    (void)pthread_mutex_lock(&reader->lock);
    reader->given_up = true;
    if (reader->store != NULL) {
        hf_store_postgres_interrupt(reader->store);
    }
    (void)pthread_mutex_unlock(&reader->lock);
}

static void give_refusals(struct hf_task *task)
{
    struct hf_model_reader *reader = HF_CONTAINER_OF(task, struct hf_model_reader, refusing);
    for (struct hf_queue *node; (node = hf_queue_pop(&reader->refused)) != NULL;) {
        struct hf_read_job *job = HF_CONTAINER_OF(node, struct hf_read_job, node);
        job->done(job);
    }
}

static void refuse(struct hf_model_reader *reader, struct hf_read_job *job)
{
    job->rc = reader->quitting
                  ? hf_err_set(&job->err, HF_ECLOSED, "the Hub is being stopped")
                  : hf_err_set(&job->err, HF_EBUSY,
                               "the database does not answer, or too many calls wait for it");
    hf_queue_push(&reader->refused, &job->node);
    hf_task_post(reader->conf.loop, &reader->refusing);
}

static void refuse_waiting(struct hf_model_reader *reader)
{
    for (struct hf_queue *node; (node = hf_queue_pop(&reader->waiting)) != NULL;) {
        refuse(reader, HF_CONTAINER_OF(node, struct hf_read_job, node));
    }
    reader->waiting_count = 0;
}

static void finish(struct hf_model_reader *reader)
{
    hf_task_cancel(&reader->refusing);
    give_refusals(&reader->refusing);
    hf_store_close(reader->store);
    (void)pthread_mutex_destroy(&reader->lock);
    hf_model_question_fini(&reader->own.question);
    void (*closed)(void *arg) = reader->closed;
    void *arg = reader->closed_arg;
    hf_heap_free(reader->url);
    hf_heap_free(reader);
    closed(arg);
}

static void go_on(struct hf_model_reader *reader)
{
    struct hf_queue *node = hf_queue_pop(&reader->waiting);
    if (node == NULL) {
        return;
    }
    struct hf_read_job *job = HF_CONTAINER_OF(node, struct hf_read_job, node);
    reader->waiting_count--;
    reader->running = job;
    reader->began_ns = now_ns(reader);
    reader->given_up = false; /* nobody else looks at it now */
    if (hf_work_submit(reader->conf.loop, &reader->work) != HF_OK) {
        reader->running = NULL;
        refuse(reader, job);
    }
}

/* What a question is refused for says nothing about the database. */
static void note_trouble(struct hf_model_reader *reader, const struct hf_read_job *job)
{
    bool failed = job->rc != HF_OK && job->question.refused == HF_OK;
    if (failed && reader->trouble != job->rc) {
        hf_log(reader->conf.logger, HF_LOG_ERROR, "models.failed", hf_f_err(&job->err));
    }
    reader->state.failures += failed ? 1 : 0;
    reader->trouble = failed ? job->rc : HF_OK;
}

static void done(struct hf_work *work)
{
    struct hf_model_reader *reader = HF_CONTAINER_OF(work, struct hf_model_reader, work);
    struct hf_read_job *job = reader->running;
    reader->running = NULL;
    if (!reader->quitting) {
        note_trouble(reader, job);
    }
    job->done(job);
    if (reader->closed != NULL) {
        finish(reader);
    } else if (reader->running == NULL) {
        go_on(reader);
    }
}

void hf_model_reader_ask(struct hf_model_reader *reader, struct hf_read_job *job)
{
    bool stuck = reader->running != NULL && now_ns(reader) - reader->began_ns > PATIENCE_NS;
    job->err = (struct hf_err){.rc = HF_OK};
    if (reader->quitting || stuck || reader->waiting_count == WAITING_MAX) {
        refuse(reader, job);
        return;
    }
    hf_queue_push(&reader->waiting, &job->node);
    reader->waiting_count++;
    if (reader->running == NULL) {
        go_on(reader);
    }
}

/* where the read models are */

static void told(struct hf_read_job *job)
{
    struct hf_model_reader *reader = HF_CONTAINER_OF(job, struct hf_model_reader, own);
    reader->own_asked = false;
    if (job->rc == HF_OK) {
        reader->state.position = job->question.position;
        if (reader->state.position >= job->question.log_size) {
            reader->state.current_us = hf_env_wall_us(hf_loop_env(reader->conf.loop));
        }
    }
}

static void due(struct hf_timer *timer)
{
    struct hf_model_reader *reader = HF_CONTAINER_OF(timer, struct hf_model_reader, timer);
    uint64_t now = now_ns(reader);
    uint64_t took_ns = reader->running == NULL ? 0 : now - reader->began_ns;
    if (took_ns > PATIENCE_NS) {
        refuse_waiting(reader);
    }
    if (took_ns > GIVE_UP_NS) {
        interrupt(reader);
    }
    if (!reader->own_asked && (reader->asked_ns == 0 || now - reader->asked_ns >= LOOK_NS)) {
        reader->asked_ns = now;
        reader->own_asked = true;
        reader->own.question.log_size = reader->conf.log_size(reader->conf.arg);
        hf_model_reader_ask(reader, &reader->own);
    }
    (void)hf_timer_arm(timer, SECOND_NS);
}

/* beginning and end */

enum hf_rc hf_model_reader_new(const struct hf_model_reader_conf *conf,
                               struct hf_model_reader **ret_reader, struct hf_err *err)
{
    struct hf_model_reader *reader = hf_heap_zalloc(1, sizeof *reader);
    size_t len = strlen(conf->url) + 1;
    char *url = reader == NULL ? NULL : hf_heap_alloc(len);
    if (url == NULL || pthread_mutex_init(&reader->lock, NULL) != 0) {
        hf_heap_free(url);
        hf_heap_free(reader);
        return hf_err_set(err, HF_ENOMEM, "no memory to read from the database");
    }
    memcpy(url, conf->url, len);
    reader->conf = *conf;
    reader->url = url;
    reader->work = (struct hf_work){.run = run, .done = done};
    hf_queue_init(&reader->waiting);
    hf_queue_init(&reader->refused);
    hf_task_init(&reader->refusing, give_refusals);
    hf_model_question_init(&reader->own.question, HF_MODEL_POSITION);
    hf_queue_init(&reader->own.node);
    reader->own.done = told;
    hf_timer_init(&reader->timer, conf->loop, due);
    (void)hf_timer_arm(&reader->timer, 0);
    *ret_reader = reader;
    return HF_OK;
}

const struct hf_model_reader_state *hf_model_reader_state(const struct hf_model_reader *reader)
{
    return &reader->state;
}

void hf_model_reader_quit(struct hf_model_reader *reader)
{
    if (reader != NULL && !reader->quitting) {
        reader->quitting = true;
        hf_timer_cancel(&reader->timer);
        refuse_waiting(reader);
        interrupt(reader);
    }
}

void hf_model_reader_free(struct hf_model_reader *reader, void (*closed)(void *arg), void *arg)
{
    if (reader == NULL) {
        closed(arg);
        return;
    }
    hf_model_reader_quit(reader);
    reader->closed = closed;
    reader->closed_arg = arg;
    if (reader->running == NULL) {
        finish(reader);
    }
}
