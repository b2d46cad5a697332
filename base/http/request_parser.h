/* base/http/request_parser.h: HTTP/1.1 requests out of bytes (RFC 9112), and nothing laxer.
 *
 * Pure: bytes in, callbacks out, no socket and no clock. The head is gathered whole (at most
 * head_max bytes), pre-scanned by our own rules, then parsed by llhttp in strict mode; what either
 * refuses is refused. The pre-scan refuses what strict llhttp lets through: bare LF, bare CR, NUL
 * and other control bytes, obs-fold, white space in or after a field name, a missing version, a
 * request line or field that is not made of its token characters, no Host or two, Transfer-Encoding
 * other than exactly "chunked" once, Transfer-Encoding on HTTP/1.0, Content-Length together with
 * Transfer-Encoding, more than one Content-Length, one that is not only digits, versions other than
 * 1.0 and 1.1, an empty line before the request line, a target that is not made of URI characters
 * or does not fit the method, a body of CONNECT. In a chunked body: any chunk extension is refused,
 * sizes and trailers are capped (framing_max), bare LF is refused at once. Trailers are dropped;
 * Content-Length, Transfer-Encoding, Host, Connection, Upgrade and TE among them are refused.
 * The result never depends on where the input was split (tests/fuzz/http holds it to that).
 * Threads: none; one parser, one user at a time.
 */
#ifndef HF_BASE_HTTP_REQUEST_PARSER_H
#define HF_BASE_HTTP_REQUEST_PARSER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

#define HF_HTTP_FIELDS_MAX 64

/* The methods that are taken, ending with NULL; others are answered with 501. */
extern const char *const hf_http_methods[];

struct hf_http_field {
    struct hf_bytes name;  /* as sent; compare with hf_http_name_eq */
    struct hf_bytes value; /* without white space around it */
};

/* All slices lie in the parser's head buffer and are good until hf_http_parser_release or the first
 * byte of the next request, whichever comes first. */
struct hf_http_request {
    struct hf_bytes method; /* "GET"; one of those in hf_http_methods */
    struct hf_bytes target; /* as sent: origin-form, absolute-form, authority-form or "*" */
    int minor;              /* 0 or 1 */
    bool keep_alive;        /* the peer wants the connection kept */
    bool chunked;
    bool has_length;
    bool expect_continue;
    uint64_t length;      /* Content-Length */
    struct hf_bytes host; /* the target's authority if it has one (RFC 9112 3.2.2), else Host */
    struct hf_http_field fields[HF_HTTP_FIELDS_MAX];
    int field_count;
};

struct hf_http_limits {
    uint32_t head_max;    /* bytes of request line and fields, 431 beyond */
    uint32_t target_max;  /* bytes of the target, 414 beyond */
    uint64_t body_max;    /* bytes, 413 beyond (before reading when Content-Length says so) */
    uint32_t framing_max; /* bytes of a chunked body that are not data (sizes, trailers), 400 */
};

struct hf_http_parser;

/* Called from hf_http_parser_feed. A callback that answers other than HF_OK stops the parser for
 * good: this feed and every later one gives that code back. No callback may free the parser or feed
 * it. A body comes in pieces of any size, never empty, good until `body` returned. After the end of
 * a CONNECT, the bytes that feed left are the tunnel's. */
struct hf_http_events {
    enum hf_rc (*head)(void *ctx, const struct hf_http_request *request);
    enum hf_rc (*body)(void *ctx, struct hf_bytes data);
    enum hf_rc (*end)(void *ctx);
};

enum hf_http_state {
    HF_HTTP_IDLE,    /* between requests: nothing of the next one came yet */
    HF_HTTP_HEAD,    /* in a head */
    HF_HTTP_BODY,    /* in a body */
    HF_HTTP_REFUSED, /* refused: answer hf_http_parser_status and close */
};

/* Borrows events; copies limits. HF_ENOMEM. */
enum hf_rc hf_http_parser_new(const struct hf_http_limits *limits,
                              const struct hf_http_events *events, void *ctx,
                              struct hf_http_parser **ret_parser);
void hf_http_parser_free(struct hf_http_parser *parser);

/* Feeds bytes; stops after the end of one request (so that pipelined ones are answered in order):
 * *ret_used says how many bytes were taken, feed the rest afterwards. HF_EINVAL when the peer's
 * bytes are refused: hf_http_parser_status and hf_http_parser_reason say why, *ret_used means
 * nothing, and every later feed answers HF_EINVAL. HF_ENOMEM: the rest, from *ret_used on, may be
 * fed again later. */
enum hf_rc hf_http_parser_feed(struct hf_http_parser *parser, struct hf_bytes bytes,
                               size_t *ret_used);

enum hf_http_state hf_http_parser_state(const struct hf_http_parser *parser);

/* 400, 413, 414, 431, 501 or 505; 0 when nothing was refused. */
int hf_http_parser_status(const struct hf_http_parser *parser);
/* One sentence in English for the problem document. Static storage. */
const char *hf_http_parser_reason(const struct hf_http_parser *parser);

/* Frees the head of the request that was taken, between requests: an idle connection costs only the
 * struct. */
void hf_http_parser_release(struct hf_http_parser *parser);

/* The first field of this name (ASCII case ignored), or NULL. */
const struct hf_http_field *hf_http_field(const struct hf_http_request *request, const char *name);
bool hf_http_name_eq(struct hf_bytes name, const char *other);

#endif
