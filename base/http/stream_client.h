/* base/http/stream_client.h: an HTTP client over streams: those of a Unix socket, or those that
 * somebody else opens.
 *
 * For programs that talk beside each other on a machine, where a call must cost little, and for
 * simulations, where there are no sockets: the dialer gives a stream to the server of the URL.
 * Nothing is encrypted. What the peer sends is bounded as with libcurl, and so is the time.
 *
 * Connections that are left open for the next call are used by whichever authority it has, so all
 * calls of a client that keeps some go to one server. One that ends before a byte of the answer
 * came, because the server closed it in the meantime, is replaced by a new one, and the request is
 * sent once more, as libcurl does: what must not be done twice has an idempotency key.
 * Threads: the loop's.
 */
#ifndef HF_BASE_HTTP_STREAM_CLIENT_H
#define HF_BASE_HTTP_STREAM_CLIENT_H

#include "base/http/client.h"
#include "base/net/address.h"
#include "base/net/stream.h"

/* authority: "hub.example:443" of the URL. HF_OK with a stream that nobody reads yet, or why there
 * is none. */
typedef enum hf_rc (*hf_http_dial)(void *arg, struct hf_str authority,
                                   struct hf_stream **ret_stream, struct hf_err *err);

/* One request a connection. */
enum hf_rc hf_http_stream_client_new(struct hf_loop *loop, hf_http_dial dial, void *arg,
                                     struct hf_http_client **ret_client, struct hf_err *err);

/* To the server that listens there; connections are kept. Copies address. */
enum hf_rc hf_http_socket_client_new(struct hf_loop *loop, const struct hf_address *address,
                                     struct hf_http_client **ret_client, struct hf_err *err);

#endif
