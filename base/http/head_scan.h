/* base/http/head_scan.h: reads one request head by our own rules; private to this folder. */
#ifndef HF_BASE_HTTP_HEAD_SCAN_H
#define HF_BASE_HTTP_HEAD_SCAN_H

#include "base/http/request_parser.h"

/* What is wrong with a request, for its answer. */
struct hf_http_refusal {
    int status;
    const char *reason; /* static storage */
};

/* Looks at the next byte of a head; false when it can be in none. `state` begins at 0. Depends on
 * the bytes alone, never on how they were cut. */
bool hf_http_head_byte(unsigned *state, uint8_t byte);

/* head: from the method to the empty line's CRLF. Fills *ret_request, whose slices lie in head.
 * false: *ret_refusal says why. */
bool hf_http_head_scan(struct hf_bytes head, const struct hf_http_limits *limits,
                       struct hf_http_request *ret_request, struct hf_http_refusal *ret_refusal);

#endif
