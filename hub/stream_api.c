/* hub/stream_api.c: the region's events as they come: as a stream, or page by page.
 *
 * GET /v1/events?from=P&type=PREFIX&stream=NAME&tenant=NAME&segments=1 for auditors and higher.
 * "Accept: text/event-stream": every event from P (a position, "now", or what follows
 * Last-Event-ID), without an end. Else a page: limit=N, and wait_s=N to wait for the first event.
 */
#include <stdio.h>

#include "base/heap.h"
#include "base/http/sse.h"
#include "hub/call.h"

#define SECOND      UINT64_C(1000000000)
#define STREAMS_MAX 4096   /* each some 20 KiB with its TLS */
#define SCAN_MAX    512    /* entries looked at in one slice: about a millisecond */
#define PAGE_SCAN   200000 /* and for one page: then the caller asks again from `next` */
#define PAGE_BYTES  (1u << 20)

struct tail {
    struct hf_hub_follower follower;
    struct hf_hub_filter filter;
    struct hf_hub_position at; /* what is looked at next */
    const struct hf_hub_principal *principal;
    struct hf_hash token_hash;

    union {
        struct hf_sse sse;

        struct {
            struct hf_timer timer; /* how long a page may wait for its first event */
            struct hf_buf events;
            uint64_t count;
            uint64_t limit;
            uint64_t scanned;
            bool waits;
        } page;
    };
};

static void room(struct hf_sse *sse);

static const struct hf_sse_conf sse_conf = {.queue_max = 64u << 10,
                                            .alive_ns = 15 * SECOND,
                                            .slow_ns = 20 * SECOND,
                                            .retry_ms = 1000,
                                            .room = room};

static struct tail *tail_of(struct hf_hub_holder *holder)
{
    return HF_CONTAINER_OF(holder, struct tail, follower.holder);
}

/* A token may be revoked or run out while a stream is open. */
static bool still_allowed(const struct tail *tail)
{
    const struct hf_principal *p = &tail->principal->life;
    int64_t now = hf_env_wall_us(hf_loop_env(tail->follower.hub->loop));
    return hf_principal_takes(p, &tail->token_hash, now) && p->role >= HF_ROLE_AUDITOR &&
           p->tenant[0] == '\0';
}

/* streams */

static void end_stream(struct tail *tail, const char *type, const char *detail)
{
    char text[256];
    int len = snprintf(text, sizeof text,
                       "{\"type\":\"urn:holdfast:problem:%s\",\"detail\":\"%s\"}", type, detail);
    hf_hub_follower_leave(&tail->follower);
    hf_sse_end(&tail->sse, HF_STR("closed"), hf_bytes_of(text, (size_t)len));
}

static void run_stream(struct hf_hub_follower *follower)
{
    struct tail *tail = HF_CONTAINER_OF(follower, struct tail, follower);
    struct hf_hub *hub = follower->hub;
    struct hf_err err = {0};
    if (hub->followers.closing) {
        end_stream(tail, "closing", "The Hub stops; come back with Last-Event-ID.");
        return;
    }
    if (!still_allowed(tail)) {
        end_stream(tail, "unknown-principal", "The token is not good any more.");
        return;
    }
    for (unsigned n = 0; n < SCAN_MAX; n++) {
        struct hf_hub_position before = tail->at;
        struct hf_hub_position at;
        struct hf_bytes json;
        char id[HF_POSITION_TEXT];
        enum hf_rc rc =
            hf_hub_entries_next(hub->entries, &tail->filter, &tail->at, &at, &json, &err);
        if (rc == HF_OK) {
            rc = hf_sse_event(&tail->sse, hf_hub_position_format(at, id), HF_STR(""), json);
            tail->at = rc == HF_OK ? tail->at : before;
        }
        if (rc == HF_EBUSY || rc == HF_EEND) {
            hf_sse_flush(&tail->sse);
            if (rc == HF_EEND) {
                hf_hub_follower_wait(follower);
            }
            return; /* `room` goes on when the reader took what it has */
        }
        if (rc != HF_OK && rc != HF_ENOTFOUND) {
            hf_log(hub->logger, HF_LOG_ERROR, "events.unreadable", hf_f_err(&err),
                   hf_f_u64("index", before.index));
            end_stream(tail, "failed", "The next event cannot be read; see the Hub's log.");
            return;
        }
    }
    hf_sse_flush(&tail->sse);
    hf_hub_follower_ready(follower);
}

static void room(struct hf_sse *sse)
{
    hf_hub_follower_ready(&HF_CONTAINER_OF(sse, struct tail, sse)->follower);
}

static void stream_over(struct hf_hub_holder *holder)
{
    struct tail *tail = tail_of(holder);
    tail->follower.hub->streams--;
    hf_hub_follower_leave(&tail->follower);
    hf_sse_fini(&tail->sse);
    hf_heap_free(tail);
}

static void stream_drained(struct hf_hub_holder *holder)
{
    hf_sse_drained(&tail_of(holder)->sse);
}

/* pages */

static void answer_page(struct tail *tail)
{
    struct hf_buf text = hf_buf_init(2 * PAGE_BYTES + (2u << 20));
    struct hf_json_out json;
    char next[HF_POSITION_TEXT];
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key(&json, HF_STR("events"));
    hf_json_array_begin(&json);
    if (tail->page.events.len > 0) {
        hf_json_raw(&json, hf_buf_bytes(&tail->page.events));
    }
    hf_json_array_end(&json);
    hf_json_key_str(&json, "next", hf_hub_position_format(tail->at, next));
    hf_json_key_u64(&json, "as_of", hf_log_size(tail->follower.hub->log.log));
    hf_json_object_end(&json);
    hf_hub_follower_leave(&tail->follower);
    if (text.failed != HF_OK || tail->page.events.failed != HF_OK) {
        hf_http_problem(tail->follower.exchange, 503, "out-of-memory",
                        "The Hub has no memory for the answer.");
    } else {
        hf_http_answer(tail->follower.exchange, 200, "application/json", hf_buf_bytes(&text));
    }
    hf_buf_free(&text);
}

static void fail_page(struct tail *tail, const struct hf_err *err)
{
    hf_log(tail->follower.hub->logger, HF_LOG_ERROR, "events.unreadable", hf_f_err(err),
           hf_f_u64("index", tail->at.index));
    hf_hub_follower_leave(&tail->follower);
    hf_http_problem(tail->follower.exchange, 500, "failed",
                    "The next event cannot be read; see the Hub's log.");
}

static void run_page(struct hf_hub_follower *follower)
{
    struct tail *tail = HF_CONTAINER_OF(follower, struct tail, follower);
    struct hf_err err = {0};
    for (unsigned n = 0; n < SCAN_MAX; n++) {
        struct hf_hub_position at;
        struct hf_bytes json;
        enum hf_rc rc =
            hf_hub_entries_next(follower->hub->entries, &tail->filter, &tail->at, &at, &json, &err);
        if (rc == HF_OK) {
            hf_buf_str(&tail->page.events, tail->page.count++ > 0 ? HF_STR(",") : HF_STR(""));
            hf_buf_put(&tail->page.events, json.ptr, json.len);
        } else if (rc == HF_EEND) {
            if (tail->page.count == 0 && tail->page.waits && !follower->hub->followers.closing) {
                hf_hub_follower_wait(follower);
            } else {
                answer_page(tail);
            }
            return;
        } else if (rc != HF_ENOTFOUND) {
            fail_page(tail, &err);
            return;
        }
        if (tail->page.count >= tail->page.limit || tail->page.events.len >= PAGE_BYTES ||
            ++tail->page.scanned >= PAGE_SCAN || follower->hub->followers.closing) {
            answer_page(tail);
            return;
        }
    }
    hf_hub_follower_ready(follower);
}

static void late(struct hf_timer *timer)
{
    struct tail *tail = HF_CONTAINER_OF(timer, struct tail, page.timer);
    tail->page.waits = false;
    hf_hub_follower_ready(&tail->follower);
}

static void page_over(struct hf_hub_holder *holder)
{
    struct tail *tail = tail_of(holder);
    hf_hub_follower_leave(&tail->follower);
    hf_timer_cancel(&tail->page.timer);
    hf_buf_free(&tail->page.events);
    hf_heap_free(tail);
}

/* the call */

/* Where to begin: behind Last-Event-ID, or at `from`. */
static bool take_start(struct hf_hub_call *call, struct tail *tail)
{
    const struct hf_api_events_query *query = &call->asked.events;
    const struct hf_http_field *last =
        hf_http_field(hf_http_exchange_request(call->exchange), "last-event-id");
    enum hf_rc rc = HF_OK;
    if (last != NULL && last->value.len > 0) {
        rc = hf_hub_position_parse(hf_bytes_str(last->value), &tail->at);
        tail->at = tail->filter.segments
                       ? (struct hf_hub_position){tail->at.index, tail->at.offset + 1}
                       : (struct hf_hub_position){tail->at.index + 1, 0};
    } else if (query->has_from && hf_str_eq(query->from, HF_STR("now"))) {
        tail->at.index = hf_log_size(call->hub->log.log);
    } else if (query->has_from) {
        rc = hf_hub_position_parse(query->from, &tail->at);
    }
    if (rc != HF_OK) {
        hf_call_problem(call, HF_PROBLEM_INVALID,
                        "from and Last-Event-ID are positions: INDEX or INDEX.OFFSET.");
        return false;
    }
    if (tail->at.index > hf_log_size(call->hub->log.log)) {
        /* To wait there would pass over all that comes until then. */
        hf_call_problem(call, HF_PROBLEM_FORK,
                        "This position is behind the log's end: it is of another log, or this one "
                        "was put back. Begin again with from.");
        return false;
    }
    return true;
}

static void take_filter(const struct hf_api_events_query *query, struct hf_hub_filter *filter)
{
    if (query->has_type) {
        memcpy(filter->type, query->type.ptr, query->type.len);
    }
    if (query->has_stream) {
        memcpy(filter->stream, query->stream.ptr, query->stream.len);
    }
    if (query->has_tenant) {
        memcpy(filter->tenant, query->tenant.ptr, query->tenant.len);
    }
    filter->segments = query->has_segments && query->segments == 1;
}

/* Becomes the holder of the call's exchange; false: no memory. */
static bool begin_page(struct hf_hub_call *call, struct tail *tail)
{
    const struct hf_api_events_query *query = &call->asked.events;
    uint64_t wait_s = query->has_wait_s ? query->wait_s : 0;
    tail->follower.holder = (struct hf_hub_holder){.over = page_over};
    tail->follower.run = run_page;
    tail->page.limit = query->has_limit ? query->limit : 100;
    tail->page.waits = wait_s > 0;
    tail->page.events = hf_buf_init(2 * PAGE_BYTES);
    hf_timer_init(&tail->page.timer, call->hub->loop, late);
    if (wait_s > 0 && hf_timer_arm(&tail->page.timer, wait_s * SECOND) != HF_OK) {
        return false;
    }
    hf_call_hand_over(call, &tail->follower);
    return true;
}

static void begin_stream(struct hf_hub_call *call, struct tail *tail)
{
    struct hf_hub *hub = call->hub;
    hub->streams++;
    tail->follower.holder = (struct hf_hub_holder){.over = stream_over, .drained = stream_drained};
    tail->follower.run = run_stream;
    hf_call_hand_over(call, &tail->follower);
    hf_sse_begin(&tail->sse, hub->loop, tail->follower.exchange, &sse_conf);
}

void hf_serve_events(struct hf_hub_call *call)
{
    const struct hf_http_request *request = hf_http_exchange_request(call->exchange);
    bool stream = hf_sse_wanted(request) && hf_str_eq(hf_bytes_str(request->method), HF_STR("GET"));
    struct tail *tail = hf_heap_zalloc(1, sizeof *tail);
    if (tail == NULL || (stream && call->hub->streams >= STREAMS_MAX)) {
        hf_heap_free(tail);
        hf_call_problem(call, HF_PROBLEM_BUSY, "The Hub has as many streams open as it can.");
        return;
    }
    take_filter(&call->asked.events, &tail->filter);
    if (!take_start(call, tail)) {
        hf_heap_free(tail);
        return;
    }
    tail->principal = call->principal;
    (void)hf_call_token_hash(request, &tail->token_hash);
    if (stream) {
        begin_stream(call, tail);
    } else if (!begin_page(call, tail)) {
        hf_heap_free(tail);
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory to wait.");
        return;
    }
    hf_hub_follower_ready(&tail->follower);
}
