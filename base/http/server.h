/* base/http/server.h: HTTP/1.1 for the Hub, the wrapper and the proxy: one library, one behaviour.
 *
 * A server takes streams (sockets, TLS, pairs of a simulation), reads one request after the other
 * from each (pipelined ones wait), gives whole requests to its handler and sends the answers.
 * Bounded everywhere: connections, head, body, time for a head in all, least rate of a body, time
 * that an answer may be stuck, time between requests. The clocks are the loop's: a simulation tests
 * slow clients in no time.
 * Threads: the loop's.
 */
#ifndef HF_BASE_HTTP_SERVER_H
#define HF_BASE_HTTP_SERVER_H

#include "base/http/request_parser.h"
#include "base/net/stream.h"

struct hf_http_server;

struct hf_http_server_conf {
    struct hf_http_limits limits;
    uint32_t connections_max; /* more are closed at once */
    uint64_t bodies_max; /* bytes of all bodies that are held; more are answered 503: come later */
    uint64_t head_ns;    /* from the first byte (or the connection's begin) to the head's end */
    uint64_t body_grace_ns; /* then the body must have come at body_rate or more */
    uint32_t body_rate;     /* bytes a second */
    uint64_t stuck_ns;      /* an answer of which the peer takes nothing */
    uint64_t idle_ns;       /* between two requests */
    uint64_t drain_ns;      /* answers still under way when the server is drained */
};

extern const struct hf_http_server_conf hf_http_server_defaults;

/* A request and its answer. */
struct hf_http_exchange;

struct hf_http_handler {
    /* How big a body this request may bring, looked at before any of it is held; more is answered
     * 413. May be NULL: limits.body_max. */
    uint64_t (*body_max)(void *ctx, const struct hf_http_request *request);
    /* A whole request: answer it now or later. */
    void (*handle)(void *ctx, struct hf_http_exchange *exchange);
    /* The exchange is over: answered and sent, or the connection is lost. Free what `user` holds;
     * the exchange must not be touched afterwards. May be NULL. */
    void (*over)(void *ctx, struct hf_http_exchange *exchange);
    /* A streamed answer's queue is empty again. May be NULL. */
    void (*drained)(void *ctx, struct hf_http_exchange *exchange);
};

/* Borrows handler; copies conf. */
enum hf_rc hf_http_server_new(struct hf_loop *loop, const struct hf_http_server_conf *conf,
                              const struct hf_http_handler *handler, void *ctx,
                              struct hf_http_server **ret_server);
/* No connection may be left (hf_http_server_drain). */
void hf_http_server_free(struct hf_http_server *server);
/* Takes the stream. */
void hf_http_server_take(struct hf_http_server *server, struct hf_stream *stream);
/* Closes idle connections, lets answers finish for drain_ns, closes the rest; then done(arg). */
void hf_http_server_drain(struct hf_http_server *server, void (*done)(void *arg), void *arg);
uint32_t hf_http_server_connections(const struct hf_http_server *server);
/* Bytes of bodies that are held now. */
uint64_t hf_http_server_bodies(const struct hf_http_server *server);
/* Requests that were refused before the handler saw them: malformed, too big, too slow, or too much
 * at once. */
uint64_t hf_http_server_refused(const struct hf_http_server *server);

/* The request; slices are good until the exchange is over. */
const struct hf_http_request *hf_http_exchange_request(const struct hf_http_exchange *exchange);
struct hf_bytes hf_http_exchange_body(const struct hf_http_exchange *exchange);
/* Overwrites the body with zeros, for a request that brought a secret; before it is answered. */
void hf_http_exchange_wipe(struct hf_http_exchange *exchange);
const struct hf_peer *hf_http_exchange_peer(const struct hf_http_exchange *exchange);
/* A slot for the handler's own. */
void hf_http_exchange_set_user(struct hf_http_exchange *exchange, void *user);
void *hf_http_exchange_user(const struct hf_http_exchange *exchange);
/* Nanoseconds (mono) when the head was complete. */
uint64_t hf_http_exchange_began(const struct hf_http_exchange *exchange);
/* Of the answer; 0 before. */
int hf_http_exchange_status(const struct hf_http_exchange *exchange);

/* Adds a field to the answer; before it begins. Name and value are ours, not a peer's: bytes that
 * do not belong in a field are a programming error. */
void hf_http_add_field(struct hf_http_exchange *exchange, const char *name, struct hf_str value);
/* Answers; copies body. Status 204 and 304 have none. */
void hf_http_answer(struct hf_http_exchange *exchange, int status, const char *content_type,
                    struct hf_bytes body);
/* Answers with a problem document (RFC 9457). type: the last part of its URN
 * ("urn:holdfast:problem:" TYPE), stable; detail: what is wrong and what to do, for people. */
void hf_http_problem(struct hf_http_exchange *exchange, int status, const char *type,
                     const char *detail);

/* An answer in pieces, chunked. */
void hf_http_stream_begin(struct hf_http_exchange *exchange, int status, const char *content_type);
/* HF_OK, or HF_EBUSY when more than queue_max bytes wait: the piece was not taken. */
enum hf_rc hf_http_stream_put(struct hf_http_exchange *exchange, struct hf_bytes piece,
                              size_t queue_max);
/* Bytes that the peer did not take yet; `drained` is told when they are none again. */
size_t hf_http_stream_queued(const struct hf_http_exchange *exchange);
void hf_http_stream_end(struct hf_http_exchange *exchange);

/* "Not Found". Static storage. */
const char *hf_http_status_text(int status);

#endif
