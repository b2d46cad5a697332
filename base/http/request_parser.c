/* base/http/request_parser.c: HTTP/1.1 requests out of bytes: our scanners first, then llhttp.
 *
 * Bytes go through our own state machines; what those accept is given to llhttp, which has to see
 * the same request in it. The order matters for chunked bodies: llhttp sees a run before anything
 * of it is handed on, so that the outcome does not depend on where the input was split.
 */
#include "base/http/request_parser.h"

#include <llhttp.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/http/chunk_scan.h"
#include "base/http/head_read.h"

#define HEAD_FIRST 1024u

static const struct hf_http_refusal disagreement = {
    400, "Two parsers do not agree on what this request is."};

/* What a request needs besides its head's bytes; allocated with its first byte. */
struct message {
    llhttp_t llhttp;
    bool llhttp_head; /* llhttp saw the end of the head */
    bool llhttp_end;  /* llhttp saw the end of the request */
    bool llhttp_chunked;
    uint64_t llhttp_length;
    struct hf_head_scan head;
    struct hf_chunk_scan chunks;
    uint64_t body_left; /* of a body with Content-Length */
    struct hf_http_request request;
};

struct hf_http_parser {
    struct hf_http_limits limits;
    const struct hf_http_events *events;
    void *ctx;
    enum hf_http_state state;
    enum hf_rc stopped; /* what a callback answered, once it was not HF_OK */
    struct hf_http_refusal refusal;
    struct message *message; /* NULL after a release, as is buf */
    uint8_t *buf;
    size_t len;
    size_t cap;
};

static int on_head(llhttp_t *llhttp)
{
    struct message *message = llhttp->data;
    message->llhttp_head = true;
    message->llhttp_chunked = (llhttp->flags & F_CHUNKED) != 0;
    message->llhttp_length = llhttp->content_length;
    return 0;
}

static int on_end(llhttp_t *llhttp)
{
    struct message *message = llhttp->data;
    message->llhttp_end = true;
    return 0;
}

static const llhttp_settings_t llhttp_settings = {.on_headers_complete = on_head,
                                                  .on_message_complete = on_end};

/* True when llhttp takes all of the bytes. After a request that asks for another protocol it
 * pauses; with all bytes taken that is the end of the request and nothing else. */
static bool llhttp_takes(struct message *message, struct hf_bytes bytes)
{
    const char *start = (const char *)bytes.ptr;
    llhttp_errno_t code = llhttp_execute(&message->llhttp, start, bytes.len);
    if (code == HPE_PAUSED_UPGRADE) {
        return message->llhttp_end && llhttp_get_error_pos(&message->llhttp) == start + bytes.len;
    }
    return code == HPE_OK;
}

static bool llhttp_agrees(struct message *message, struct hf_bytes head)
{
    const struct hf_http_request *request = &message->request;
    llhttp_init(&message->llhttp, HTTP_REQUEST, &llhttp_settings);
    message->llhttp.data = message;
    if (!llhttp_takes(message, head) || !message->llhttp_head) {
        return false;
    }
    const char *method = llhttp_method_name((llhttp_method_t)message->llhttp.method);
    bool has_body = request->chunked || request->length > 0;
    return hf_bytes_eq(request->method, hf_str_bytes(hf_str_c(method))) &&
           message->llhttp.http_major == 1 && message->llhttp.http_minor == request->minor &&
           message->llhttp_chunked == request->chunked &&
           message->llhttp_length == request->length && message->llhttp_end == !has_body;
}

static void release(struct hf_http_parser *parser)
{
    hf_heap_free(parser->buf);
    hf_heap_free(parser->message);
    parser->buf = NULL;
    parser->message = NULL;
    parser->len = 0;
    parser->cap = 0;
}

void hf_http_parser_release(struct hf_http_parser *parser)
{
    HF_ASSERT(parser->state == HF_HTTP_IDLE || parser->state == HF_HTTP_REFUSED);
    release(parser);
}

static enum hf_rc refuse(struct hf_http_parser *parser, struct hf_http_refusal refusal)
{
    parser->refusal = refusal;
    parser->state = HF_HTTP_REFUSED;
    release(parser);
    return HF_EINVAL;
}

/* Room for more bytes of head; the scan never lets more than head_max through. */
static enum hf_rc reserve(struct hf_http_parser *parser, size_t more)
{
    size_t need = parser->len + more;
    HF_ASSERT(need <= parser->limits.head_max);
    if (need <= parser->cap) {
        return HF_OK;
    }
    size_t cap = parser->cap == 0 ? HEAD_FIRST : parser->cap * 2;
    cap = cap < need ? need : cap;
    cap = cap > parser->limits.head_max ? parser->limits.head_max : cap;
    uint8_t *bigger = hf_heap_resize(parser->buf, cap, 1);
    if (bigger == NULL) {
        return HF_ENOMEM;
    }
    parser->buf = bigger;
    parser->cap = cap;
    return HF_OK;
}

static enum hf_rc finish(struct hf_http_parser *parser)
{
    parser->state = HF_HTTP_IDLE;
    parser->stopped = parser->events->end(parser->ctx);
    return parser->stopped;
}

static enum hf_rc finish_head(struct hf_http_parser *parser)
{
    struct message *message = parser->message;
    struct hf_http_request *request = &message->request;
    struct hf_bytes head = hf_bytes_of(parser->buf, parser->len);
    struct hf_http_refusal refusal = hf_head_read(head, &parser->limits, request);
    if (refusal.status != 0) {
        return refuse(parser, refusal);
    }
    if (!llhttp_agrees(message, head)) {
        return refuse(parser, disagreement);
    }
    parser->state = HF_HTTP_BODY;
    message->body_left = request->length;
    hf_chunk_scan_init(&message->chunks, &parser->limits);
    parser->stopped = parser->events->head(parser->ctx, request);
    if (parser->stopped == HF_OK && !request->chunked && request->length == 0) {
        return finish(parser);
    }
    return parser->stopped;
}

static enum hf_rc feed_head(struct hf_http_parser *parser, struct hf_bytes bytes, size_t *ret_used)
{
    if (parser->state == HF_HTTP_IDLE) {
        release(parser);
        parser->message = hf_heap_zalloc(1, sizeof *parser->message);
        if (parser->message == NULL) {
            return HF_ENOMEM;
        }
        hf_head_scan_init(&parser->message->head, &parser->limits);
        parser->state = HF_HTTP_HEAD;
    }
    struct hf_head_scan *scan = &parser->message->head;
    struct hf_head_scan before = *scan;
    size_t used = hf_head_scan_feed(scan, bytes);
    if (scan->refusal.status != 0) {
        *ret_used += used;
        return refuse(parser, scan->refusal);
    }
    if (reserve(parser, used) != HF_OK) {
        *scan = before;
        return HF_ENOMEM;
    }
    if (used > 0) {
        memcpy(parser->buf + parser->len, bytes.ptr, used);
    }
    parser->len += used;
    *ret_used += used;
    return scan->state == HF_HEAD_DONE ? finish_head(parser) : HF_OK;
}

static enum hf_rc feed_length(struct hf_http_parser *parser, struct hf_bytes bytes,
                              size_t *ret_used)
{
    struct message *message = parser->message;
    size_t take = bytes.len < message->body_left ? bytes.len : (size_t)message->body_left;
    message->body_left -= take;
    *ret_used += take;
    parser->stopped = parser->events->body(parser->ctx, hf_bytes_of(bytes.ptr, take));
    if (parser->stopped == HF_OK && message->body_left == 0) {
        return finish(parser);
    }
    return parser->stopped;
}

static enum hf_rc feed_chunked(struct hf_http_parser *parser, struct hf_bytes bytes,
                               size_t *ret_used)
{
    struct message *message = parser->message;
    struct hf_bytes data;
    size_t used = hf_chunk_scan_feed(&message->chunks, bytes, &data);
    *ret_used += used;
    if (used > 0 && !llhttp_takes(message, hf_bytes_of(bytes.ptr, used))) {
        return refuse(parser, disagreement);
    }
    if (message->chunks.refusal.status != 0) {
        return refuse(parser, message->chunks.refusal);
    }
    bool done = message->chunks.state == HF_CHUNK_DONE;
    if (message->llhttp_end != done) {
        return refuse(parser, disagreement);
    }
    if (done) {
        return finish(parser);
    }
    if (data.len > 0) {
        parser->stopped = parser->events->body(parser->ctx, data);
    }
    return parser->stopped;
}

enum hf_rc hf_http_parser_new(const struct hf_http_limits *limits,
                              const struct hf_http_events *events, void *ctx,
                              struct hf_http_parser **ret_parser)
{
    struct hf_http_parser *parser = hf_heap_zalloc(1, sizeof *parser);
    if (parser == NULL) {
        return HF_ENOMEM;
    }
    parser->limits = *limits;
    parser->events = events;
    parser->ctx = ctx;
    *ret_parser = parser;
    return HF_OK;
}

void hf_http_parser_free(struct hf_http_parser *parser)
{
    if (parser != NULL) {
        release(parser);
        hf_heap_free(parser);
    }
}

enum hf_rc hf_http_parser_feed(struct hf_http_parser *parser, struct hf_bytes bytes,
                               size_t *ret_used)
{
    *ret_used = 0;
    if (parser->state == HF_HTTP_REFUSED) {
        return HF_EINVAL;
    }
    enum hf_rc rc = parser->stopped;
    while (rc == HF_OK && *ret_used < bytes.len) {
        struct hf_bytes rest = hf_bytes_of(bytes.ptr + *ret_used, bytes.len - *ret_used);
        if (parser->state != HF_HTTP_BODY) {
            rc = feed_head(parser, rest, ret_used);
        } else if (parser->message->request.chunked) {
            rc = feed_chunked(parser, rest, ret_used);
        } else {
            rc = feed_length(parser, rest, ret_used);
        }
        if (parser->state == HF_HTTP_IDLE) {
            break;
        }
    }
    return rc;
}

enum hf_http_state hf_http_parser_state(const struct hf_http_parser *parser)
{
    return parser->state;
}

int hf_http_parser_status(const struct hf_http_parser *parser)
{
    return parser->refusal.status;
}

const char *hf_http_parser_reason(const struct hf_http_parser *parser)
{
    return parser->refusal.reason == NULL ? "" : parser->refusal.reason;
}
