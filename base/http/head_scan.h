/* base/http/head_scan.h: the grammar of a head (or of trailers), one byte at a time.
 *
 * A state machine over single bytes, so that a byte is refused when it comes and the outcome cannot
 * depend on how the input was split. It holds the shape only (RFC 9112 sections 3 and 5): token
 * characters, exactly one space between the parts of the request line, CRLF at line ends, no
 * obs-fold, no control bytes, limits. What fields mean is head_read's job.
 */
#ifndef HF_BASE_HTTP_HEAD_SCAN_H
#define HF_BASE_HTTP_HEAD_SCAN_H

#include "base/http/request_parser.h"

/* Why a request is refused; status 0 stands for "it is not". */
struct hf_http_refusal {
    int status;
    const char *reason; /* static storage */
};

enum hf_head_scan_state {
    HF_HEAD_METHOD,
    HF_HEAD_TARGET,
    HF_HEAD_VERSION,
    HF_HEAD_VERSION_LF,
    HF_HEAD_LINE, /* the first byte of a field line, or of the empty line */
    HF_HEAD_NAME,
    HF_HEAD_VALUE,
    HF_HEAD_VALUE_LF,
    HF_HEAD_END_LF,
    HF_HEAD_DONE,
};

struct hf_head_scan {
    enum hf_head_scan_state state;
    uint32_t part; /* bytes of the method, target or version so far */
    uint32_t left; /* bytes until 431 */
    uint32_t target_max;
    int fields;
    uint8_t major;
    uint8_t minor;
    struct hf_http_refusal refusal;
};

/* For a whole head; for trailers, which begin with a field line and have no limit but `max`. */
void hf_head_scan_init(struct hf_head_scan *scan, const struct hf_http_limits *limits);
void hf_head_scan_init_trailers(struct hf_head_scan *scan, uint32_t max);

/* Takes bytes up to the end of the head or up to the first byte that is refused (which is not
 * counted). Says how many; look at state and refusal afterwards. */
size_t hf_head_scan_feed(struct hf_head_scan *scan, struct hf_bytes bytes);

/* RFC 9110 section 5.6.2. */
bool hf_http_is_token(uint8_t c);

#endif
