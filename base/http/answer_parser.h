/* base/http/answer_parser.h: one HTTP/1.1 answer out of bytes, bounded.
 *
 * Pure: for clients over streams (base/http/stream_client.h). Refuses what two readers could
 * understand differently: a length and chunks, two lengths, a line end that is not CRLF, a name
 * that is no token. Informational answers (1xx) are passed over.
 * Threads: none; one parser, one user at a time.
 */
#ifndef HF_BASE_HTTP_ANSWER_PARSER_H
#define HF_BASE_HTTP_ANSWER_PARSER_H

#include "base/buf.h"
#include "base/http/chunk_scan.h"

#define HF_HTTP_ANSWER_HEAD_MAX 16384 /* bytes of one head, and of all heads of a call */

enum hf_http_answer_state {
    HF_HTTP_ANSWER_HEAD,
    HF_HTTP_ANSWER_LENGTH, /* `left` bytes of body are due */
    HF_HTTP_ANSWER_CHUNKS,
    HF_HTTP_ANSWER_OPEN, /* the body ends with the connection */
    HF_HTTP_ANSWER_DONE,
};

struct hf_http_answer {
    /* read-only, once the state is past the head */
    int status;
    uint32_t retry_after_s; /* 0: not said, not a number, or more than a day */
    enum hf_http_answer_state state;
    bool keeps; /* once it is DONE: the connection may carry another answer */
    /* private */
    struct hf_buf head;
    struct hf_buf *body;
    size_t heads; /* bytes of heads so far */
    bool has_length;
    bool chunked;
    bool closes; /* by its version, a field, or bytes behind its end */
    uint64_t left;
    struct hf_chunk_scan chunks;
};

/* Borrows body, whose maximum bounds the answer's. */
void hf_http_answer_init(struct hf_http_answer *answer, struct hf_buf *body);
void hf_http_answer_free(struct hf_http_answer *answer);

/* HF_OK: look at the state; bytes after the answer's end are let go. HF_EINVAL: this is no answer;
 * HF_ETOOBIG: more body than `body` takes; HF_ENOMEM. Nothing may be fed after a failure. */
enum hf_rc hf_http_answer_feed(struct hf_http_answer *answer, struct hf_bytes bytes);
/* Not a byte came. */
bool hf_http_answer_untouched(const struct hf_http_answer *answer);
/* The connection has ended: HF_OK when that is where the answer ends, else HF_EIO. */
enum hf_rc hf_http_answer_end(struct hf_http_answer *answer);

#endif
