/* base/http/request_parser.c: gathers a head, has it scanned, takes the body apart; llhttp in
 * strict mode reads the same bytes and must agree. */
#include "base/http/request_parser.h"

#include <llhttp.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/http/head_scan.h"

/* Where in a chunked body the next byte is. */
enum chunk_at {
    AT_SIZE_FIRST, /* the first digit of a size */
    AT_SIZE,
    AT_SIZE_LF,
    AT_DATA,
    AT_DATA_CR,
    AT_DATA_LF,
    AT_TRAILER_FIRST, /* the first character of a trailer line */
    AT_TRAILER,
    AT_TRAILER_LF,
    AT_LAST_LF, /* of the empty line */
    AT_END,
};

struct hf_http_parser {
    struct hf_http_limits limits;
    const struct hf_http_events *events;
    void *ctx;
    enum hf_http_phase phase;
    struct hf_http_refusal refusal;
    struct hf_buf head;
    unsigned byte_state;
    unsigned end_seen; /* bytes of CR LF CR LF */
    struct hf_http_request request;
    uint64_t left; /* of a body with a length, or of the chunk at hand */
    uint64_t body; /* data bytes so far */
    uint64_t framing;
    enum chunk_at at;
    llhttp_t second;
    llhttp_settings_t settings;
    bool second_done;
};

static int second_complete(llhttp_t *second)
{
    struct hf_http_parser *parser = second->data;
    parser->second_done = true;
    return 0;
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
    parser->head = hf_buf_init(limits->head_max);
    llhttp_settings_init(&parser->settings);
    parser->settings.on_message_complete = second_complete;
    *ret_parser = parser;
    return HF_OK;
}

void hf_http_parser_free(struct hf_http_parser *parser)
{
    if (parser != NULL) {
        hf_buf_free(&parser->head);
        hf_heap_free(parser);
    }
}

void hf_http_parser_release(struct hf_http_parser *parser)
{
    HF_ASSERT(parser->phase == HF_HTTP_IDLE || parser->phase == HF_HTTP_REFUSED);
    hf_buf_free(&parser->head);
    parser->head = hf_buf_init(parser->limits.head_max);
}

enum hf_http_phase hf_http_parser_phase(const struct hf_http_parser *parser)
{
    return parser->phase;
}

int hf_http_parser_status(const struct hf_http_parser *parser)
{
    return parser->refusal.status;
}

const char *hf_http_parser_reason(const struct hf_http_parser *parser)
{
    return parser->refusal.reason == NULL ? "" : parser->refusal.reason;
}

static enum hf_rc refuse(struct hf_http_parser *parser, int status, const char *reason)
{
    parser->phase = HF_HTTP_REFUSED;
    parser->refusal = (struct hf_http_refusal){status, reason};
    return HF_EINVAL;
}

/* The second reader gets the same bytes. */
static enum hf_rc second_opinion(struct hf_http_parser *parser, struct hf_bytes bytes)
{
    if (bytes.len == 0) {
        return HF_OK;
    }
    llhttp_errno_t code = llhttp_execute(&parser->second, (const char *)bytes.ptr, bytes.len);
    bool connect = hf_str_eq(hf_bytes_str(parser->request.method), HF_STR("CONNECT"));
    if (code == HPE_OK || (code == HPE_PAUSED_UPGRADE && connect)) {
        return HF_OK;
    }
    return refuse(parser, 400, "The request is not well-formed HTTP/1.1.");
}

static enum hf_rc finish(struct hf_http_parser *parser)
{
    if (!parser->second_done) {
        return refuse(parser, 400, "The request's end is not where its framing says.");
    }
    parser->phase = HF_HTTP_IDLE;
    parser->end_seen = 0;
    parser->byte_state = 0;
    enum hf_rc rc = parser->events->end(parser->ctx);
    if (rc != HF_OK) {
        parser->phase = HF_HTTP_REFUSED;
    }
    return rc;
}

/* the head */

static enum hf_rc head_done(struct hf_http_parser *parser, bool *ret_finished)
{
    if (!hf_http_head_scan(hf_buf_bytes(&parser->head), &parser->limits, &parser->request,
                           &parser->refusal)) {
        return refuse(parser, parser->refusal.status, parser->refusal.reason);
    }
    llhttp_init(&parser->second, HTTP_REQUEST, &parser->settings);
    parser->second.data = parser;
    parser->second_done = false;
    enum hf_rc rc = second_opinion(parser, hf_buf_bytes(&parser->head));
    if (rc != HF_OK) {
        return rc;
    }
    parser->phase = HF_HTTP_BODY;
    parser->left = parser->request.chunked ? 0 : parser->request.length;
    parser->body = 0;
    parser->framing = 0;
    parser->at = AT_SIZE_FIRST;
    rc = parser->events->head(parser->ctx, &parser->request);
    if (rc != HF_OK) {
        parser->phase = HF_HTTP_REFUSED;
        return rc;
    }
    *ret_finished = !parser->request.chunked && parser->left == 0;
    return *ret_finished ? finish(parser) : HF_OK;
}

/* How many of the bytes belong to the head; sets *ret_whole at its end. HF_EINVAL at a byte that
 * can be in no head. */
static enum hf_rc measure_head(struct hf_http_parser *parser, struct hf_bytes bytes,
                               size_t *ret_len, bool *ret_whole)
{
    static const uint8_t end[4] = {'\r', '\n', '\r', '\n'};
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.ptr[i];
        if (!hf_http_head_byte(&parser->byte_state, byte)) {
            return refuse(
                parser, 400,
                "A line of the head does not end with CR LF, or has a control character.");
        }
        if (byte == '\r' && parser->head.len + i == 0) {
            return refuse(parser, 400, "The request begins with an empty line.");
        }
        parser->end_seen = byte == end[parser->end_seen] ? parser->end_seen + 1 : byte == '\r';
        if (parser->head.len + i >= parser->limits.head_max) {
            return refuse(parser, 431, "The head is too long.");
        }
        if (parser->end_seen == sizeof end) {
            *ret_len = i + 1;
            *ret_whole = true;
            return HF_OK;
        }
    }
    *ret_len = bytes.len;
    return HF_OK;
}

static enum hf_rc feed_head(struct hf_http_parser *parser, struct hf_bytes bytes, size_t *ret_used,
                            bool *ret_finished)
{
    bool whole = false;
    size_t len = 0;
    if (parser->phase == HF_HTTP_IDLE) {
        hf_http_parser_release(parser);
    }
    parser->phase = HF_HTTP_HEAD;
    enum hf_rc rc = measure_head(parser, bytes, &len, &whole);
    if (rc != HF_OK) {
        return rc;
    }
    hf_buf_put(&parser->head, bytes.ptr, len);
    if (parser->head.failed != HF_OK) {
        parser->phase = HF_HTTP_REFUSED;
        return parser->head.failed;
    }
    *ret_used = len;
    return whole ? head_done(parser, ret_finished) : HF_OK;
}

/* the body */

static enum hf_rc give_body(struct hf_http_parser *parser, struct hf_bytes data)
{
    enum hf_rc rc = parser->events->body(parser->ctx, data);
    if (rc != HF_OK) {
        parser->phase = HF_HTTP_REFUSED;
    }
    return rc;
}

static enum hf_rc feed_sized(struct hf_http_parser *parser, struct hf_bytes bytes, size_t *ret_used,
                             bool *ret_finished)
{
    size_t len = bytes.len < parser->left ? bytes.len : (size_t)parser->left;
    struct hf_bytes data = hf_bytes_of(bytes.ptr, len);
    enum hf_rc rc = second_opinion(parser, data);
    if (rc == HF_OK) {
        rc = give_body(parser, data);
    }
    parser->left -= len;
    *ret_used = len;
    if (rc == HF_OK && parser->left == 0) {
        *ret_finished = true;
        rc = finish(parser);
    }
    return rc;
}

static int digit_of(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static enum hf_rc size_byte(struct hf_http_parser *parser, uint8_t byte)
{
    int digit = digit_of(byte);
    if (digit >= 0) {
        if (parser->left > UINT64_MAX >> 8) {
            return refuse(parser, 413, "A chunk's size is too big.");
        }
        parser->left = parser->left * 16 + (unsigned)digit;
        parser->at = AT_SIZE;
        return HF_OK;
    }
    if (byte == '\r' && parser->at == AT_SIZE) {
        if (parser->body + parser->left > parser->limits.body_max) {
            return refuse(parser, 413, "The body is too big.");
        }
        parser->at = AT_SIZE_LF;
        return HF_OK;
    }
    return refuse(parser, 400, "A chunk's size is not hexadecimal digits and CR LF.");
}

/* A byte of a chunked body that is not data. */
static enum hf_rc framing_byte(struct hf_http_parser *parser, uint8_t byte)
{
    if (++parser->framing > parser->limits.framing_max) {
        return refuse(parser, 400, "The body has too much around its data.");
    }
    switch (parser->at) {
    case AT_SIZE_FIRST:
    case AT_SIZE: return size_byte(parser, byte);
    case AT_SIZE_LF:
        if (byte == '\n') {
            parser->at = parser->left == 0 ? AT_TRAILER_FIRST : AT_DATA;
            return HF_OK;
        }
        break;
    case AT_DATA_CR:
        if (byte == '\r') {
            parser->at = AT_DATA_LF;
            return HF_OK;
        }
        break;
    case AT_DATA_LF:
        if (byte == '\n') {
            parser->at = AT_SIZE_FIRST;
            return HF_OK;
        }
        break;
    case AT_TRAILER_FIRST:
    case AT_TRAILER:
        if (byte == '\r') {
            parser->at = parser->at == AT_TRAILER_FIRST ? AT_LAST_LF : AT_TRAILER_LF;
            return HF_OK;
        }
        if (byte >= 0x20 && byte < 0x7F) {
            parser->at = AT_TRAILER;
            return HF_OK;
        }
        break;
    case AT_TRAILER_LF:
        if (byte == '\n') {
            parser->at = AT_TRAILER_FIRST;
            return HF_OK;
        }
        break;
    case AT_LAST_LF:
        if (byte == '\n') {
            parser->at = AT_END;
            return HF_OK;
        }
        break;
    case AT_DATA:
    case AT_END: break;
    }
    return refuse(parser, 400, "The chunks of the body are not well-formed.");
}

/* Framing is judged before the second reader sees it, data is given out before. */
static enum hf_rc feed_chunked(struct hf_http_parser *parser, struct hf_bytes bytes,
                               size_t *ret_used, bool *ret_finished)
{
    size_t at = 0;
    while (at < bytes.len && parser->at != AT_END) {
        size_t from = at;
        struct hf_bytes data = {NULL, 0};
        enum hf_rc rc = HF_OK;
        if (parser->at == AT_DATA) {
            size_t len = bytes.len - at < parser->left ? bytes.len - at : (size_t)parser->left;
            data = hf_bytes_of(bytes.ptr + at, len);
            parser->left -= len;
            parser->body += len;
            parser->at = parser->left == 0 ? AT_DATA_CR : AT_DATA;
            at += len;
        } else {
            while (rc == HF_OK && at < bytes.len && parser->at != AT_DATA && parser->at != AT_END) {
                rc = framing_byte(parser, bytes.ptr[at++]);
            }
        }
        if (rc == HF_OK) {
            rc = second_opinion(parser, hf_bytes_of(bytes.ptr + from, at - from));
        }
        if (rc == HF_OK && data.len > 0) {
            rc = give_body(parser, data);
        }
        if (rc != HF_OK) {
            return rc;
        }
    }
    *ret_used = at;
    *ret_finished = parser->at == AT_END;
    return *ret_finished ? finish(parser) : HF_OK;
}

enum hf_rc hf_http_parser_feed(struct hf_http_parser *parser, struct hf_bytes bytes,
                               size_t *ret_used)
{
    *ret_used = 0;
    bool finished = false;
    while (*ret_used < bytes.len && !finished) {
        struct hf_bytes rest = hf_bytes_of(bytes.ptr + *ret_used, bytes.len - *ret_used);
        size_t used = 0;
        enum hf_rc rc = HF_EINVAL;
        switch (parser->phase) {
        case HF_HTTP_IDLE:
        case HF_HTTP_HEAD: rc = feed_head(parser, rest, &used, &finished); break;
        case HF_HTTP_BODY:
            rc = parser->request.chunked ? feed_chunked(parser, rest, &used, &finished)
                                         : feed_sized(parser, rest, &used, &finished);
            break;
        case HF_HTTP_REFUSED: break;
        }
        if (rc != HF_OK) {
            return rc;
        }
        *ret_used += used;
    }
    return HF_OK;
}
