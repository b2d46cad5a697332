/* base/http/connection.h: a connection of a server from inside: its state machine, the exchange
 * that it carries, and the server that it belongs to. For connection.c, exchange.c and server.c.
 *
 * Threads: the loop's.
 */
#ifndef HF_BASE_HTTP_CONNECTION_H
#define HF_BASE_HTTP_CONNECTION_H

#include "base/buf.h"
#include "base/http/server.h"
#include "base/loop.h"
#include "base/queue.h"
#include "base/sm.h"

#define HF_HTTP_ANSWER_FIELDS (8u << 10) /* of an answer */

/*   IDLE -> HEAD -> BODY -> HANDLING -> SENDING -> IDLE
 *   HEAD -> HANDLING (no body), HANDLING -> STREAMING -> SENDING
 *   any -> LAST (the last answer is on its way), any -> GONE */
enum hf_http_phase {
    HF_HTTP_PHASE_IDLE,
    HF_HTTP_PHASE_HEAD,
    HF_HTTP_PHASE_BODY,
    HF_HTTP_PHASE_HANDLING,
    HF_HTTP_PHASE_STREAMING,
    HF_HTTP_PHASE_SENDING,
    HF_HTTP_PHASE_LAST,
    HF_HTTP_PHASE_GONE,
};

struct hf_http_connection;

struct hf_http_exchange {
    struct hf_http_connection *connection;
    void *user;
    const struct hf_http_request *request;
    struct hf_buf body;
    struct hf_buf fields; /* added to the answer */
    uint64_t began_ns;
    int status;
    bool open;    /* the handler has it: `over` is due */
    bool chunked; /* the answer is */
};

struct hf_http_connection {
    struct hf_queue node;
    struct hf_http_server *server;
    struct hf_stream *stream;
    struct hf_http_parser *parser;
    struct hf_sm sm;
    struct hf_timer timer;
    struct hf_task task; /* goes on with what is in `ahead` */
    struct hf_buf ahead; /* bytes behind the request at hand */
    uint64_t phase_ns;   /* when the phase began */
    uint64_t body_seen;  /* bytes of the body */
    uint64_t body_max;
    uint64_t written;    /* bytes of all answers */
    uint64_t last_taken; /* by the peer, at the last look */
    bool peer_ended;
    struct hf_http_exchange exchange;
};

struct hf_http_server {
    struct hf_loop *loop;
    struct hf_http_server_conf conf;
    const struct hf_http_handler *handler;
    void *ctx;
    struct hf_queue connections;
    uint32_t count;
    uint64_t refused;
    uint64_t bodies; /* bytes that are held */
    bool draining;
    void (*drained)(void *arg);
    void *drained_arg;
    struct hf_timer drain_timer;
    struct hf_task drain_task;
};

/* Takes the stream and its callbacks; false: no memory, the stream is the caller's. */
bool hf_http_connection_open(struct hf_http_server *server, struct hf_stream *stream);
/* Moves to the phase, with its deadline. */
void hf_http_connection_enter(struct hf_http_connection *c, enum hf_http_phase phase);
/* Closes at once. */
void hf_http_connection_drop(struct hf_http_connection *c);
enum hf_rc hf_http_connection_write(struct hf_http_connection *c, struct hf_bytes bytes);
/* Everything of the answer is written: on to sending it. */
void hf_http_connection_written(struct hf_http_connection *c, bool last);

#endif
