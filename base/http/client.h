/* base/http/client.h: HTTP requests to others, on the loop.
 *
 * An interface with two implementations. hf_http_client_new takes libcurl's multi interface; a
 * server is trusted by the pin of its public key (SHA-256 of the SubjectPublicKeyInfo) where there
 * is one, else by the system's authorities. base/http/stream_client.h speaks over any stream: for
 * simulations, and for a Unix socket, where libcurl's generality would be a good part of a call's
 * time. Both keep connections and use them again.
 * Redirects are never followed: an API that moves says so in its answer.
 * Threads: the loop's.
 */
#ifndef HF_BASE_HTTP_CLIENT_H
#define HF_BASE_HTTP_CLIENT_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/loop.h"
#include "base/secret.h"

struct hf_http_client;
struct hf_http_call;

struct hf_http_client_ops {
    void (*free)(struct hf_http_client *client);
    void (*start)(struct hf_http_client *client, struct hf_http_call *call);
    void (*cancel)(struct hf_http_call *call);
};

struct hf_http_client {
    const struct hf_http_client_ops *ops;
};

struct hf_http_client_conf {
    const struct hf_hash *pin; /* of every server that this client talks to; NULL: authorities */
    const char *socket; /* path of the Unix socket that all calls go to, in the clear, whatever else
                           is said here; NULL: by their URL */
    const char *ca_file; /* authorities in PEM, instead of the system's; NULL: those */
    /* For URLs that others chose: https alone, to addresses of the public Internet alone. */
    bool public_only;
};

/* Copies conf. */
enum hf_rc hf_http_client_new(struct hf_loop *loop, const struct hf_http_client_conf *conf,
                              struct hf_http_client **ret_client, struct hf_err *err);

/* One request; embedded by its owner and left in place until `done` ran (on the loop, never inside
 * of the start). */
struct hf_http_call {
    /* public: borrowed until done */
    const char *method;
    const char *url;
    const char *content_type;      /* of the body; NULL without one */
    const struct hf_secret *token; /* for "Authorization: Bearer"; NULL: none */
    struct hf_bytes body;
    const char *const *fields; /* more of them, each "Name: value" without a line end */
    size_t field_count;
    bool url_is_secret;  /* errors do not name it */
    uint64_t timeout_ns; /* for the whole call */
    size_t answer_max;   /* bytes of its body, else HF_ETOOBIG */
    void (*done)(struct hf_http_call *call);
    /* the answer: read-only; free body with hf_buf_free */
    enum hf_rc rc; /* HF_OK: there is a status, whatever it is. HF_EIO, HF_EBADSIG (not the server
                      that is pinned), HF_ETOOBIG, HF_ECANCELED, HF_ENOMEM */
    struct hf_err err;
    int status;             /* also with another rc than HF_OK, when there was one; else 0 */
    bool timed_out;         /* where rc is HF_EIO */
    uint32_t retry_after_s; /* of a 429 or 503; 0: not said */
    struct hf_buf answer;
    /* private */
    struct hf_http_client *client;
    struct hf_task task;
    void *impl;
};

/* Calls under way end with HF_ECANCELED before it returns; connections close in the loop's next
 * turns. NULL is fine. Also inside of a call's `done`. */
static inline void hf_http_client_free(struct hf_http_client *client)
{
    if (client != NULL) {
        client->ops->free(client);
    }
}

static inline void hf_http_call_start(struct hf_http_client *client, struct hf_http_call *call)
{
    call->client = client;
    client->ops->start(client, call);
}

/* `done` will not run. */
static inline void hf_http_call_cancel(struct hf_http_call *call)
{
    call->client->ops->cancel(call);
}

#endif
