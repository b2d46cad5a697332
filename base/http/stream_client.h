/* base/http/stream_client.h: an HTTP client over streams that somebody else opens.
 *
 * For simulations, where there are no sockets: the dialer gives a stream to the server of the URL.
 * One request a connection. What the peer sends is bounded as with libcurl, and so is the time.
 * Threads: the loop's.
 */
#ifndef HF_BASE_HTTP_STREAM_CLIENT_H
#define HF_BASE_HTTP_STREAM_CLIENT_H

#include "base/http/client.h"
#include "base/net/stream.h"

/* authority: "hub.example:443" of the URL. HF_OK with a stream that nobody reads yet, or why there
 * is none. */
typedef enum hf_rc (*hf_http_dial)(void *arg, struct hf_str authority,
                                   struct hf_stream **ret_stream, struct hf_err *err);

enum hf_rc hf_http_stream_client_new(struct hf_loop *loop, hf_http_dial dial, void *arg,
                                     struct hf_http_client **ret_client, struct hf_err *err);

#endif
