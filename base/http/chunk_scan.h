/* base/http/chunk_scan.h: the chunked framing of a body (RFC 9112 section 7.1).
 *
 * Sizes are bare hexadecimal numbers: extensions are refused, because nobody needs them and every
 * implementation reads them differently. Trailers are checked and dropped; those that would frame
 * or route a request if somebody merged them into the head are refused (RFC 9110 section 6.5.1).
 */
#ifndef HF_BASE_HTTP_CHUNK_SCAN_H
#define HF_BASE_HTTP_CHUNK_SCAN_H

#include "base/http/head_scan.h"

/* Longer than each trailer name that is refused. */
#define HF_TRAILER_NAME_MAX 18

enum hf_chunk_scan_state {
    HF_CHUNK_SIZE,
    HF_CHUNK_SIZE_LF,
    HF_CHUNK_DATA,
    HF_CHUNK_DATA_CR,
    HF_CHUNK_DATA_LF,
    HF_CHUNK_TRAILERS,
    HF_CHUNK_DONE,
};

struct hf_chunk_scan {
    enum hf_chunk_scan_state state;
    bool digits;           /* the size has one */
    uint64_t size;         /* of the chunk, as far as read; then what is left of it */
    uint64_t body_left;    /* bytes of data until 413 */
    uint32_t framing_left; /* bytes that are not data until 400 */
    struct hf_head_scan trailers;
    uint8_t name[HF_TRAILER_NAME_MAX]; /* of the trailer, as far as it fits */
    size_t name_len;
    struct hf_http_refusal refusal;
};

void hf_chunk_scan_init(struct hf_chunk_scan *scan, const struct hf_http_limits *limits);

/* Takes a run of either data or framing, up to the byte that is refused (not counted) or the end
 * of the body. Says how many bytes; *ret_data is the run when it is data, else empty. */
size_t hf_chunk_scan_feed(struct hf_chunk_scan *scan, struct hf_bytes bytes,
                          struct hf_bytes *ret_data);

#endif
