/* base/net/pair.c: streams without sockets. */
#include "base/net/pair.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/heap.h"

#define QUEUE_MAX (64u << 20)

struct side {
    struct hf_stream stream;
    struct pair *pair;
    struct hf_buf queue; /* written here, on its way to the other side */
    struct hf_timer timer;
    struct hf_task closed_task;
    uint64_t delay_ns;
    bool reading;
    bool finished; /* no more will be written here */
    bool told_end;
    bool closing;
    bool gone;
};

struct pair {
    struct side side[2];
};

static struct side *side_of(struct hf_stream *stream)
{
    return HF_CONTAINER_OF(stream, struct side, stream);
}

static struct side *other(struct side *side)
{
    return &side->pair->side[side == &side->pair->side[0] ? 1 : 0];
}

/* Has what this side wrote been held back, and may it go now? */
static void schedule(struct side *side)
{
    bool has = side->queue.len > 0 || side->finished || side->closing;
    if (has && !side->gone && !hf_timer_armed(&side->timer) && !other(side)->closing) {
        (void)hf_timer_arm(&side->timer, side->delay_ns);
    }
}

static void tell_end(struct side *to, enum hf_rc why)
{
    if (!to->told_end && !to->closing) {
        to->told_end = true;
        to->stream.on_end(&to->stream, why);
    }
}

static void deliver(struct hf_timer *timer)
{
    struct side *from = HF_CONTAINER_OF(timer, struct side, timer);
    struct side *to = other(from);
    if (to->closing) {
        return;
    }
    if (from->queue.len > 0) {
        if (!to->reading) {
            return; /* comes back when it reads */
        }
        struct hf_buf data = from->queue;
        from->queue = hf_buf_init(QUEUE_MAX);
        to->stream.on_data(&to->stream, hf_buf_bytes(&data));
        hf_buf_free(&data);
        if (!from->closing && from->stream.on_drain != NULL && from->queue.len == 0) {
            from->stream.on_drain(&from->stream);
        }
    }
    if (from->queue.len == 0 && (from->finished || from->closing)) {
        tell_end(to, from->finished ? HF_EEND : HF_EIO);
    } else {
        schedule(from);
    }
}

static void read_on(struct hf_stream *stream, bool on)
{
    side_of(stream)->reading = on;
    if (on) {
        schedule(other(side_of(stream)));
    }
}

static enum hf_rc write_out(struct hf_stream *stream, struct hf_bytes bytes)
{
    struct side *side = side_of(stream);
    if (side->closing || side->finished || other(side)->closing) {
        return HF_OK;
    }
    hf_buf_put(&side->queue, bytes.ptr, bytes.len);
    schedule(side);
    return side->queue.failed;
}

static void finish(struct hf_stream *stream)
{
    side_of(stream)->finished = true;
    schedule(side_of(stream));
}

static void closed(struct hf_task *task)
{
    struct side *side = HF_CONTAINER_OF(task, struct side, closed_task);
    struct pair *pair = side->pair;
    side->stream.on_closed(&side->stream);
    side->gone = true;
    hf_timer_cancel(&side->timer);
    if (pair->side[0].gone && pair->side[1].gone) {
        hf_buf_free(&pair->side[0].queue);
        hf_buf_free(&pair->side[1].queue);
        hf_heap_free(pair);
    }
}

static void close_stream(struct hf_stream *stream)
{
    struct side *side = side_of(stream);
    if (!side->closing) {
        side->closing = true;
        hf_buf_clear(&side->queue);
        hf_timer_cancel(&other(side)->timer);
        hf_buf_clear(&other(side)->queue);
        tell_end(other(side), side->finished ? HF_EEND : HF_EIO);
        hf_task_post(stream->loop, &side->closed_task);
    }
}

static size_t queued(const struct hf_stream *stream)
{
    const struct side *side = (const void *)stream; /* the first member */
    return side->queue.len;
}

static const struct hf_stream_ops ops = {read_on, write_out, finish, close_stream, queued};

enum hf_rc hf_pair_new(struct hf_loop *loop, uint64_t delay_ns, struct hf_stream **ret_a,
                       struct hf_stream **ret_b)
{
    struct pair *pair = hf_heap_zalloc(1, sizeof *pair);
    if (pair == NULL) {
        return HF_ENOMEM;
    }
    for (int i = 0; i < 2; i++) {
        struct side *side = &pair->side[i];
        side->stream.ops = &ops;
        side->stream.loop = loop;
        (void)snprintf(side->stream.peer.text, sizeof side->stream.peer.text, "a pair");
        side->pair = pair;
        side->delay_ns = delay_ns;
        side->queue = hf_buf_init(QUEUE_MAX);
        hf_timer_init(&side->timer, loop, deliver);
        hf_task_init(&side->closed_task, closed);
    }
    *ret_a = &pair->side[0].stream;
    *ret_b = &pair->side[1].stream;
    return HF_OK;
}
