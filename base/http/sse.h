/* base/http/sse.h: an answer as server-sent events (WHATWG HTML, section 9.2), bounded.
 *
 * The owner puts events while there is room, flushes, and goes on when `room` is called. While
 * nothing happens a comment keeps the connection alive. A reader that does not take what is
 * queued within slow_ns is closed with a last event "closed" that says so; it comes back with
 * Last-Event-ID, and nothing was held for it in between.
 *
 * Order: hf_sse_begin on an exchange that is not answered yet; hf_sse_drained from the handler's
 * `drained`; hf_sse_fini from its `over`. hf_sse_end, and with it a cut, may run `over` at once.
 * Threads: the loop's.
 */
#ifndef HF_BASE_HTTP_SSE_H
#define HF_BASE_HTTP_SSE_H

#include "base/buf.h"
#include "base/http/server.h"

struct hf_sse;

struct hf_sse_conf {
    size_t queue_max;  /* bytes that wait for the reader; the event that goes over it is taken */
    uint64_t alive_ns; /* a comment after so much silence */
    uint64_t slow_ns;  /* for a full queue to become empty; less than the server's stuck_ns */
    uint32_t retry_ms; /* what the reader is told to wait before it comes back */
    /* A full queue is empty again: go on. From a task or from hf_sse_drained, nowhere else. */
    void (*room)(struct hf_sse *sse);
};

struct hf_sse {
    /* private */
    const struct hf_sse_conf *conf;
    struct hf_http_exchange *exchange;
    struct hf_loop *loop;
    struct hf_timer timer;
    struct hf_task task; /* what was flushed went out at once: tells that there is room */
    struct hf_buf piece; /* events that are not flushed yet */
    bool full;
    bool ended;
};

/* Begins the answer (200, text/event-stream). Borrows conf. */
void hf_sse_begin(struct hf_sse *sse, struct hf_loop *loop, struct hf_http_exchange *exchange,
                  const struct hf_sse_conf *conf);
/* The exchange is over. */
void hf_sse_fini(struct hf_sse *sse);

/* One event. id and name may be empty; they are ours and have no line ends. data may have several
 * lines. HF_OK; HF_EBUSY: not taken, the queue is full and `room` will be called; HF_ENOMEM. */
enum hf_rc hf_sse_event(struct hf_sse *sse, struct hf_str id, struct hf_str name,
                        struct hf_bytes data);
/* Sends what was put. */
void hf_sse_flush(struct hf_sse *sse);
/* A last event, whatever is queued, and the answer's end. */
void hf_sse_end(struct hf_sse *sse, struct hf_str name, struct hf_bytes data);

/* The handler's `drained`. */
void hf_sse_drained(struct hf_sse *sse);

/* Does the request ask for events ("Accept: text/event-stream")? */
bool hf_sse_wanted(const struct hf_http_request *request);

/* Writes an event's bytes. */
void hf_sse_write(struct hf_buf *buf, struct hf_str id, struct hf_str name, struct hf_bytes data);

#endif
