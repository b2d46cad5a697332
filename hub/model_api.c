/* hub/model_api.c: reading the read models: the Hub's own at once, a worker's on another thread. */
#include <stdio.h>

#include "base/heap.h"
#include "hub/call.h"

#define ROWS 100 /* of a page, when it is not said */

/* A question that is on its way to the database. */
struct asked {
    struct hf_read_job job;
    struct hf_hub_call *call;
    void (*answer)(struct hf_hub_call *call, const struct hf_model_question *question);
};

/* No read models, or none now. */
static void answer_none(struct hf_hub_call *call, const char *why)
{
    char detail[HF_ERR_TEXT_MAX + 64];
    (void)snprintf(detail, sizeof detail, "The read models are not there now: %s", why);
    hf_call_problem(call, HF_PROBLEM_BUSY, detail);
}

static void conclude(struct hf_hub_call *call, const struct hf_model_question *question,
                     enum hf_rc rc, const struct hf_err *err,
                     void (*answer)(struct hf_hub_call *, const struct hf_model_question *))
{
    if (rc == HF_OK) {
        answer(call, question);
    } else if (question->refused != HF_OK || rc == HF_ENOMEM) {
        hf_call_refuse(call, err);
    } else {
        answer_none(call, err->text);
    }
}

static void go_on(struct hf_hub_call *call)
{
    struct asked *asked = call->asking;
    call->asking = NULL;
    conclude(call, &asked->job.question, asked->job.rc, &asked->job.err, asked->answer);
    hf_model_question_fini(&asked->job.question);
    hf_heap_free(asked);
}

static void done(struct hf_read_job *job)
{
    hf_call_go_on(HF_CONTAINER_OF(job, struct asked, job)->call, go_on);
}

/* Takes what the question holds. */
static void ask_worker(struct hf_hub_call *call, struct hf_model_question *question,
                       void (*answer)(struct hf_hub_call *, const struct hf_model_question *))
{
    struct asked *asked = hf_heap_zalloc(1, sizeof *asked);
    if (asked == NULL) {
        hf_model_question_fini(question);
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory for this call.");
        return;
    }
    asked->job.question = *question;
    asked->job.done = done;
    asked->call = call;
    asked->answer = answer;
    hf_queue_init(&asked->job.node);
    call->asking = asked;
    hf_call_hold(call);
    hf_model_reader_ask(call->hub->reader, &asked->job);
}

static void ask(struct hf_hub_call *call, struct hf_model_question *question,
                void (*answer)(struct hf_hub_call *, const struct hf_model_question *))
{
    struct hf_hub_models *models = &call->hub->models;
    struct hf_err err = {0};
    question->log_size = hf_log_size(call->hub->log.log);
    if (call->hub->reader != NULL) {
        ask_worker(call, question, answer);
        return;
    }
    if (models->projector != NULL) {
        enum hf_rc rc = hf_model_ask(models->store, question, &err);
        conclude(call, question, rc, &err, answer);
        hf_hub_models_mend(models);
    } else {
        answer_none(call, models->loop == NULL          ? "its worker keeps them, not this role"
                          : models->trouble.rc == HF_OK ? "they are being opened"
                                                        : models->trouble.text);
    }
    hf_model_question_fini(question);
}

static void copy(char *out, size_t cap, struct hf_str text)
{
    (void)snprintf(out, cap, "%.*s", HF_STR_ARG(text)); /* the API's bounds are smaller */
}

static void answer_json(struct hf_hub_call *call, const struct hf_model_question *question)
{
    hf_call_answer(call, 200, &question->json);
}

/* GET /v1/models */

void hf_serve_models_list(struct hf_hub_call *call)
{
    struct hf_model_question question;
    hf_model_question_init(&question, HF_MODEL_LIST);
    ask(call, &question, answer_json);
}

/* GET /v1/models/{model} */

void hf_serve_model_rows(struct hf_hub_call *call)
{
    const struct hf_api_model_rows_query *query = &call->asked.model_rows;
    struct hf_model_question question;
    hf_model_question_init(&question, HF_MODEL_ROWS);
    copy(question.model, sizeof question.model, hf_call_param(call, 0));
    copy(question.tenant, sizeof question.tenant, hf_str_c(call->principal->life.tenant));
    copy(question.table, sizeof question.table, query->has_table ? query->table : HF_STR(""));
    question.limit = query->has_limit ? query->limit : ROWS;
    question.has_key = query->has_key;
    if (query->has_key) {
        copy(question.key, sizeof question.key, query->key);
    }
    question.has_cursor = query->has_cursor;
    if (query->has_cursor) {
        HF_ASSERT(query->cursor.len <= sizeof question.cursor); /* as declared */
        memcpy(question.cursor, query->cursor.ptr, query->cursor.len);
        question.cursor_len = query->cursor.len;
    }
    ask(call, &question, answer_json);
}

/* POST /v1/models/{model}/digest */

void hf_call_answer_digest(struct hf_hub_call *call)
{
    struct hf_event_projection_digest event;
    struct hf_json_out json;
    struct hf_err err = {0};
    struct hf_bytes payload = hf_bytes_of(call->payload, call->payload_len);
    if (hf_event_projection_digest_decode(payload, &event, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_event_projection_digest_to_json(&event, &json);
    hf_call_answer(call, 201, &call->scratch);
}

static void post_digest(struct hf_hub_call *call, const struct hf_event_projection_digest *event)
{
    char stream[96];
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_projection_digest_encode(event, &w);
    call->payload_len = w.len;
    (void)snprintf(stream, sizeof stream, "projection/%.*s", HF_STR_ARG(event->projection));
    const struct hf_hub_event post = {.type = HF_EVENT_PROJECTION_DIGEST_NAME,
                                      .schema_version = HF_EVENT_PROJECTION_DIGEST_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    hf_call_post(call, &post, hf_call_answer_digest);
}

static void answer_digest(struct hf_hub_call *call, const struct hf_model_question *question)
{
    const struct hf_event_projection_digest event = {
        .projection = hf_str_c(question->answer->name),
        .position = question->position,
        .rows = question->rows,
        .digest = hf_bytes_of(question->digest.b, HF_HASH_SIZE)};
    post_digest(call, &event);
}

/* What the model is at its position becomes an event: whoever replays the log can be held against
 * it, and the Hub against whoever does. */
void hf_serve_model_digest(struct hf_hub_call *call)
{
    struct hf_model_question question;
    hf_model_question_init(&question, HF_MODEL_DIGEST);
    copy(question.model, sizeof question.model, hf_call_param(call, 0));
    ask(call, &question, answer_digest);
}

/* The same by the worker, whose read models the Hub does not see. */
void hf_serve_worker_digest(struct hf_hub_call *call)
{
    const struct hf_api_worker_digest *in = &call->in.worker_digest;
    const struct hf_event_projection_digest event = {.projection = in->projection,
                                                     .position = in->position,
                                                     .rows = in->rows,
                                                     .digest = in->digest};
    if (hf_projection_find(in->projection) == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "There is no such read model in this release.");
        return;
    }
    if (in->position > hf_log_size(call->hub->log.log)) {
        hf_call_problem(call, HF_PROBLEM_INVALID, "position: is behind the log's end.");
        return;
    }
    post_digest(call, &event);
}
