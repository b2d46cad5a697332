/* base/http/sse.c: events to bytes, and a queue that is watched. */
#include "base/http/sse.h"

#include "base/assert.h"

#define PIECE_MAX (1u << 20) /* an event's JSON is at most six times its 64 KiB */

static const char slow_text[] =
    "{\"type\":\"urn:holdfast:problem:too-slow\",\"detail\":\"What waited for you was not taken in "
    "time; come back with Last-Event-ID, nothing is lost.\"}";

/* bytes */

static void write_field(struct hf_buf *buf, struct hf_str name, struct hf_str value)
{
    hf_buf_str(buf, name);
    hf_buf_str(buf, value);
    hf_buf_str(buf, HF_STR("\n"));
}

static bool one_line(struct hf_str text)
{
    return text.len == 0 ||
           (memchr(text.ptr, '\n', text.len) == NULL && memchr(text.ptr, '\r', text.len) == NULL &&
            memchr(text.ptr, '\0', text.len) == NULL);
}

void hf_sse_write(struct hf_buf *buf, struct hf_str id, struct hf_str name, struct hf_bytes data)
{
    HF_ASSERT(one_line(id) && one_line(name));
    if (id.len > 0) {
        write_field(buf, HF_STR("id: "), id);
    }
    if (name.len > 0) {
        write_field(buf, HF_STR("event: "), name);
    }
    /* A reader takes CR, LF and CRLF for ends of a line, so each begins a field of its own. */
    for (size_t at = 0, end = 0; at <= data.len; at = end + 1) {
        for (end = at; end < data.len && data.ptr[end] != '\n' && data.ptr[end] != '\r'; end++) {
        }
        write_field(buf, HF_STR("data: "), (struct hf_str){(const char *)data.ptr + at, end - at});
        end += end + 1 < data.len && data.ptr[end] == '\r' && data.ptr[end + 1] == '\n' ? 1 : 0;
    }
    hf_buf_str(buf, HF_STR("\n"));
}

bool hf_sse_wanted(const struct hf_http_request *request)
{
    static const char type[] = "text/event-stream";
    const struct hf_http_field *field = hf_http_field(request, "accept");
    return field != NULL &&
           memmem(field->value.ptr, field->value.len, type, sizeof type - 1) != NULL;
}

/* the queue */

static size_t waiting(const struct hf_sse *sse)
{
    return hf_http_stream_queued(sse->exchange) + sse->piece.len;
}

/* Without memory for a timer there is no comment, and the server's own limit for answers that are
 * stuck is what cuts a reader off. */
static void arm(struct hf_sse *sse, uint64_t ns)
{
    (void)hf_timer_arm(&sse->timer, ns);
}

/* What was put since `before` goes out as a whole or not at all. */
static bool is_whole(struct hf_sse *sse, size_t before)
{
    if (sse->piece.failed == HF_OK) {
        return true;
    }
    sse->piece.len = before;
    sse->piece.failed = HF_OK;
    return false;
}

static void fire(struct hf_timer *timer)
{
    struct hf_sse *sse = HF_CONTAINER_OF(timer, struct hf_sse, timer);
    if (sse->full) {
        hf_sse_end(sse, HF_STR("closed"), hf_bytes_of(slow_text, sizeof slow_text - 1));
        return;
    }
    if (waiting(sse) == 0) {
        hf_buf_str(&sse->piece, HF_STR(":\n\n"));
        (void)is_whole(sse, 0);
        hf_sse_flush(sse);
    }
    arm(sse, sse->conf->alive_ns);
}

static void went_out(struct hf_task *task)
{
    struct hf_sse *sse = HF_CONTAINER_OF(task, struct hf_sse, task);
    if (waiting(sse) == 0) {
        hf_sse_drained(sse);
    }
}

void hf_sse_begin(struct hf_sse *sse, struct hf_loop *loop, struct hf_http_exchange *exchange,
                  const struct hf_sse_conf *conf)
{
    *sse = (struct hf_sse){
        .conf = conf, .exchange = exchange, .loop = loop, .piece = hf_buf_init(PIECE_MAX)};
    hf_timer_init(&sse->timer, loop, fire);
    hf_task_init(&sse->task, went_out);
    hf_http_add_field(exchange, "Cache-Control", HF_STR("no-store"));
    hf_http_add_field(exchange, "X-Accel-Buffering", HF_STR("no")); /* nginx passes it on at once */
    hf_http_stream_begin(exchange, 200, "text/event-stream");
    hf_buf_printf(&sse->piece, "retry: %u\n\n", conf->retry_ms);
    (void)is_whole(sse, 0);
    hf_sse_flush(sse);
    arm(sse, conf->alive_ns);
}

void hf_sse_fini(struct hf_sse *sse)
{
    sse->ended = true;
    hf_timer_cancel(&sse->timer);
    hf_task_cancel(&sse->task);
    hf_buf_free(&sse->piece);
}

enum hf_rc hf_sse_event(struct hf_sse *sse, struct hf_str id, struct hf_str name,
                        struct hf_bytes data)
{
    if (sse->ended) {
        return HF_OK;
    }
    if (sse->full || waiting(sse) >= sse->conf->queue_max) {
        if (!sse->full) {
            sse->full = true;
            arm(sse, sse->conf->slow_ns);
        }
        return HF_EBUSY;
    }
    size_t before = sse->piece.len;
    hf_sse_write(&sse->piece, id, name, data);
    return is_whole(sse, before) ? HF_OK : HF_ENOMEM;
}

void hf_sse_flush(struct hf_sse *sse)
{
    if (!sse->ended && sse->piece.len > 0) {
        (void)hf_http_stream_put(sse->exchange, hf_buf_bytes(&sse->piece), SIZE_MAX);
        hf_buf_free(&sse->piece); /* a reader that waits holds nothing */
        sse->piece = hf_buf_init(PIECE_MAX);
    }
    if (sse->full && !sse->ended && hf_http_stream_queued(sse->exchange) == 0) {
        hf_task_post(sse->loop, &sse->task); /* `drained` is told only of what had to wait */
    }
}

void hf_sse_end(struct hf_sse *sse, struct hf_str name, struct hf_bytes data)
{
    if (sse->ended) {
        return;
    }
    size_t before = sse->piece.len;
    hf_sse_write(&sse->piece, HF_STR(""), name, data);
    (void)is_whole(sse, before);
    hf_sse_flush(sse);
    sse->ended = true;
    hf_timer_cancel(&sse->timer);
    hf_task_cancel(&sse->task);
    hf_http_stream_end(sse->exchange); /* may run `over`, which frees us */
}

void hf_sse_drained(struct hf_sse *sse)
{
    if (sse->ended || !sse->full) {
        return;
    }
    sse->full = false;
    arm(sse, sse->conf->alive_ns);
    if (!sse->ended && sse->conf->room != NULL) {
        sse->conf->room(sse);
    }
}
