/* tests/bench/load/wire.h: one connection of a load: HTTPS requests, one after the other.
 *
 * As an agent's client does: connects when there is something to ask, keeps the connection, and
 * notices its end. Knows only the answers that our servers and nginx give: with Content-Length.
 */
#ifndef HF_TESTS_BENCH_LOAD_WIRE_H
#define HF_TESTS_BENCH_LOAD_WIRE_H

#include "base/buf.h"
#include "base/net/socket.h"
#include "base/net/tls.h"

/* Whom a load talks to; one for all its wires. */
struct load_target {
    struct hf_loop *loop;
    struct hf_address address;
    struct hf_tls_client *tls;
    char host[HF_ADDRESS_TEXT_MAX];
    uint64_t connected; /* connections that were begun */
    uint64_t ended;     /* connections that the other side ended */
};

struct load_wire {
    /* public */
    struct load_target *target;
    void (*answered)(struct load_wire *wire, int status, struct hf_bytes body);
    void (*lost)(struct load_wire *wire); /* the request at hand has no answer; asynchronous */
    bool waiting;                         /* for an answer */
    /* private */
    struct hf_stream *stream;
    struct hf_buf in;
    size_t head_len; /* of the answer; 0: not known yet */
    size_t body_len;
    struct hf_task refused;
};

/* Connects to `url` ("https://127.0.0.1:8443") from now on. */
void load_target_init(struct load_target *target, struct hf_loop *loop, const char *url,
                      const struct hf_hash *pin);
void load_wire_init(struct load_wire *wire, struct load_target *target);
/* A request; the wire must not be waiting. token and type may be NULL. */
void load_wire_ask(struct load_wire *wire, const char *method, const char *path, const char *token,
                   const char *type, struct hf_bytes body);
void load_wire_close(struct load_wire *wire);

#endif
