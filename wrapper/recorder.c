/* wrapper/recorder.c: slots, each with one request to the agent at a time. */
#include "wrapper/recorder.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "schemas/envelope.h"

#define SECOND      UINT64_C(1000000000)
#define CALL_NS     (5 * SECOND)
#define RETRY_NS    (SECOND / 5)
#define ANSWER_MAX  65536
#define BODY_MAX    (256u << 10) /* an event of 60,000 bytes, in JSON */
#define MARK_STEP   (UINT64_C(1) << 20)
#define MARK_DIGITS 20

struct slot {
    struct hf_recorder *recorder;
    char producer[24];
    struct hf_record *record; /* NULL: free */
    struct hf_http_call call;
    struct hf_buf body;
    struct hf_timer timer; /* until the next try */
    bool busy;
};

struct hf_recorder {
    struct hf_loop *loop;
    struct hf_http_client *client;
    struct hf_queue queues[2]; /* [1] urgent */
    size_t waiting[2];
    size_t running;
    uint64_t sequence; /* last that was used */
    uint64_t mark;     /* on disk; sequences stay below it */
    const char *state;
    struct slot slots[HF_RECORDER_SLOTS];
};

static uint64_t now_ns(const struct hf_recorder *r)
{
    return hf_env_mono_ns(hf_loop_env(r->loop));
}

/* sequences */

static enum hf_rc save_mark(struct hf_recorder *r, struct hf_err *err)
{
    char text[MARK_DIGITS + 2];
    uint64_t mark = r->sequence + MARK_STEP;
    int len = snprintf(text, sizeof text, "%llu\n", (unsigned long long)mark);
    enum hf_rc rc = HF_OK;
    if (r->state != NULL) {
        rc = hf_file_replace(r->state, hf_bytes_of(text, (size_t)len), 0600, err);
    }
    if (rc == HF_OK) {
        r->mark = mark;
    }
    return rc;
}

static enum hf_rc load_mark(struct hf_recorder *r, struct hf_err *err)
{
    struct hf_buf buf = hf_buf_init(MARK_DIGITS + 1);
    uint64_t mark = 0;
    enum hf_rc rc = r->state == NULL ? HF_ENOTFOUND : hf_file_read(r->state, &buf, err);
    if (rc == HF_OK) {
        struct hf_str text = hf_bytes_str(hf_buf_bytes(&buf));
        text.len -= text.len > 0 && text.ptr[text.len - 1] == '\n' ? 1 : 0;
        rc = hf_parse_u64(text, 1, INT64_MAX - MARK_STEP, &mark);
        if (rc != HF_OK) {
            rc = hf_err_set(err, HF_ECORRUPT,
                            "%s: is no number; remove it, the clock is taken instead", r->state);
        }
    }
    hf_buf_free(&buf);
    if (rc != HF_OK && rc != HF_ENOTFOUND) {
        return rc;
    }
    uint64_t clock = (uint64_t)hf_env_wall_us(hf_loop_env(r->loop));
    r->sequence = mark > clock ? mark : clock;
    return save_mark(r, err);
}

/* ending */

static void finish(struct hf_record *record, enum hf_rc rc)
{
    record->rc = rc;
    record->done(record);
}

static void tell(struct hf_task *task)
{
    struct hf_record *record = HF_CONTAINER_OF(task, struct hf_record, task);
    record->done(record);
}

static void fail_later(struct hf_recorder *r, struct hf_record *record, enum hf_rc rc)
{
    record->rc = rc;
    hf_task_init(&record->task, tell);
    hf_task_post(r->loop, &record->task);
}

static void feed(struct hf_recorder *r);

static void release(struct slot *slot, enum hf_rc rc)
{
    struct hf_record *record = slot->record;
    struct hf_recorder *r = slot->recorder;
    slot->record = NULL;
    r->running--;
    finish(record, rc);
    feed(r);
}

/* sending */

static void answered(struct hf_http_call *call);

static void try_now(struct slot *slot)
{
    struct hf_recorder *r = slot->recorder;
    uint64_t now = now_ns(r);
    if (now >= slot->record->until_ns) {
        release(slot, slot->record->err.rc == HF_OK ? HF_EIO : slot->record->err.rc);
        return;
    }
    uint64_t left = slot->record->until_ns - now;
    slot->call = (struct hf_http_call){
        .method = "POST",
        .url = "http://agent/v1/events",
        .content_type = "application/json",
        .body = hf_buf_bytes(&slot->body),
        .timeout_ns = left < CALL_NS ? left : CALL_NS,
        .answer_max = ANSWER_MAX,
        .done = answered,
    };
    slot->busy = true;
    hf_http_call_start(r->client, &slot->call);
}

static void again(struct hf_timer *timer)
{
    try_now(HF_CONTAINER_OF(timer, struct slot, timer));
}

/* Where it is, and the hash of what is there: the agent seals what is personal. */
static enum hf_rc read_answer(struct hf_bytes answer, struct hf_record *record)
{
    struct hf_json_doc *doc = NULL;
    size_t len = 0;
    enum hf_rc rc = hf_json_parse(answer, &doc, /* err= */ NULL);
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_json *root = hf_json_root(doc);
    bool is_object = hf_json_kind(root) == HF_JSON_OBJECT;
    const struct hf_json *index = is_object ? hf_json_get(root, "index") : NULL;
    const struct hf_json *hash = is_object ? hf_json_get(root, "submission") : NULL;
    if (index == NULL || hf_json_to_u64(index, &record->index) != HF_OK || hash == NULL ||
        hf_json_kind(hash) != HF_JSON_STR ||
        hf_hex_decode(hf_json_as_str(hash), record->request.b, HF_HASH_SIZE, &len, NULL) != HF_OK ||
        len != HF_HASH_SIZE) {
        rc = HF_EINVAL;
    }
    hf_json_free(doc);
    return rc;
}

/* 200: durable. 503 and no answer: again. Everything else is our mistake, and stays one. */
static void answered(struct hf_http_call *call)
{
    struct slot *slot = HF_CONTAINER_OF(call, struct slot, call);
    struct hf_record *record = slot->record;
    struct hf_str answer = hf_bytes_str(hf_buf_bytes(&call->answer));
    slot->busy = false;
    enum hf_rc rc = call->rc;
    if (rc != HF_OK) {
        record->err = call->err;
        record->err.rc = rc == HF_ENOMEM ? HF_ENOMEM : HF_EIO;
    } else if (call->status == 200) {
        rc = read_answer(hf_buf_bytes(&call->answer), record);
        record->err.rc = rc;
    } else {
        rc = call->status == 503 ? HF_ENOSPC : HF_EINVAL;
        rc = hf_err_set(&record->err, rc, "the agent answered %d: %.*s", call->status,
                        (int)(answer.len < 200 ? answer.len : 200), answer.ptr);
    }
    hf_buf_free(&call->answer);
    if (rc == HF_OK || rc == HF_EINVAL) {
        release(slot, rc);
    } else if (hf_timer_arm(&slot->timer, RETRY_NS) != HF_OK) {
        release(slot, HF_ENOMEM);
    }
}

static enum hf_rc write_body(struct slot *slot, const struct hf_envelope *envelope)
{
    struct hf_json_out json;
    hf_buf_clear(&slot->body);
    hf_json_init(&json, &slot->body);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "type", envelope->type);
    hf_json_key_u64(&json, "schema_version", envelope->schema_version);
    hf_json_key_str(&json, "producer", envelope->producer);
    hf_json_key_u64(&json, "sequence", envelope->sequence);
    hf_json_key_str(&json, "stream", envelope->stream);
    hf_json_key(&json, HF_STR("occurred"));
    hf_json_time_us(&json, envelope->occurred_us);
    if (envelope->correlation.len > 0) {
        hf_json_key_str(&json, "correlation", envelope->correlation);
    }
    hf_json_key(&json, HF_STR("payload"));
    slot->record->type->to_json(slot->record->event, &json);
    hf_json_object_end(&json);
    return slot->body.failed;
}

static enum hf_rc prepare(struct slot *slot)
{
    struct hf_recorder *r = slot->recorder;
    struct hf_record *record = slot->record;
    char stream[HF_ENVELOPE_NAME_MAX];
    struct hf_writer w = hf_writer_init(stream, sizeof stream);
    if (r->sequence + 1 >= r->mark) {
        enum hf_rc rc = save_mark(r, &record->err);
        if (rc != HF_OK) {
            return rc;
        }
    }
    record->type->stream_name(record->event, &w);
    const struct hf_envelope envelope = {
        .type = record->type->name,
        .schema_version = record->type->version,
        .producer = hf_str_c(slot->producer),
        .sequence = ++r->sequence,
        .stream = {stream, w.overflow ? 0 : w.len},
        .occurred_us = hf_env_wall_us(hf_loop_env(r->loop)),
        .correlation = record->correlation,
    };
    return write_body(slot, &envelope);
}

static struct hf_record *next_record(struct hf_recorder *r)
{
    for (int urgent = 1; urgent >= 0; urgent--) {
        struct hf_queue *node = hf_queue_pop(&r->queues[urgent]);
        if (node != NULL) {
            r->waiting[urgent]--;
            return HF_CONTAINER_OF(node, struct hf_record, node);
        }
    }
    return NULL;
}

static void feed(struct hf_recorder *r)
{
    for (size_t i = 0; i < HF_RECORDER_SLOTS; i++) {
        struct slot *slot = &r->slots[i];
        while (slot->record == NULL && (slot->record = next_record(r)) != NULL) {
            r->running++;
            enum hf_rc rc = prepare(slot);
            if (rc == HF_OK) {
                try_now(slot);
                break;
            }
            struct hf_record *record = slot->record;
            slot->record = NULL;
            r->running--;
            fail_later(r, record, rc);
        }
    }
}

void hf_recorder_submit(struct hf_recorder *r, struct hf_record *record)
{
    int urgent = record->urgent ? 1 : 0;
    record->err = (struct hf_err){.rc = HF_OK};
    record->index = 0;
    enum hf_rc rc = record->type->check(record->event, &record->err);
    if (rc == HF_OK && r->waiting[urgent] >= HF_RECORDER_QUEUE) {
        rc = hf_err_set(&record->err, HF_EBUSY, "too many events wait for the agent");
    }
    if (rc != HF_OK) {
        fail_later(r, record, rc);
        return;
    }
    record->until_ns = now_ns(r) + record->wait_ns;
    hf_queue_push(&r->queues[urgent], &record->node);
    r->waiting[urgent]++;
    feed(r);
}

size_t hf_recorder_pending(const struct hf_recorder *r)
{
    return r->waiting[0] + r->waiting[1] + r->running;
}

enum hf_rc hf_recorder_new(struct hf_loop *loop, const struct hf_recorder_conf *conf,
                           struct hf_recorder **ret_recorder, struct hf_err *err)
{
    struct hf_recorder *r = hf_heap_zalloc(1, sizeof *r);
    if (r == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the recorder");
    }
    r->loop = loop;
    r->client = conf->client;
    r->state = conf->state;
    hf_queue_init(&r->queues[0]);
    hf_queue_init(&r->queues[1]);
    for (size_t i = 0; i < HF_RECORDER_SLOTS; i++) {
        struct slot *slot = &r->slots[i];
        slot->recorder = r;
        slot->body = hf_buf_init(BODY_MAX);
        (void)snprintf(slot->producer, sizeof slot->producer, "wrapper-%zu", i);
        hf_timer_init(&slot->timer, loop, again);
    }
    enum hf_rc rc = load_mark(r, err);
    if (rc != HF_OK) {
        hf_recorder_free(r);
        return rc;
    }
    *ret_recorder = r;
    return HF_OK;
}

void hf_recorder_free(struct hf_recorder *r)
{
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < HF_RECORDER_SLOTS; i++) {
        struct slot *slot = &r->slots[i];
        hf_timer_cancel(&slot->timer);
        if (slot->busy) {
            hf_http_call_cancel(&slot->call);
        }
        if (slot->record != NULL) {
            finish(slot->record, HF_ECLOSED);
        }
        hf_buf_free(&slot->body);
    }
    for (struct hf_record *record = next_record(r); record != NULL; record = next_record(r)) {
        finish(record, HF_ECLOSED);
    }
    hf_heap_free(r);
}
