/* base/http/chunk_scan.c: the chunked framing of a body (RFC 9112 section 7.1). */
#include "base/http/chunk_scan.h"

#include "base/assert.h"
#include "base/hex.h"

void hf_chunk_scan_init(struct hf_chunk_scan *scan, const struct hf_http_limits *limits)
{
    *scan =
        (struct hf_chunk_scan){.body_left = limits->body_max, .framing_left = limits->framing_max};
}

static void refuse(struct hf_chunk_scan *scan, int status, const char *reason)
{
    scan->refusal = (struct hf_http_refusal){status, reason};
}

static void step_size(struct hf_chunk_scan *scan, uint8_t c)
{
    int digit = hf_hex_digit((char)c);
    if (digit >= 0) {
        scan->digits = true;
        if (scan->size > UINT64_MAX >> 4 ||
            ((scan->size << 4) | (uint64_t)digit) > scan->body_left) {
            refuse(scan, 413, "The body is too big.");
            return;
        }
        scan->size = (scan->size << 4) | (uint64_t)digit;
    } else if (c == '\r' && scan->digits) {
        scan->state = HF_CHUNK_SIZE_LF;
    } else if (c == ';' || c == ' ' || c == '\t') {
        refuse(scan, 400, "Chunk extensions are not taken.");
    } else {
        refuse(scan, 400, "The size of a chunk is not a hexadecimal number and CR LF.");
    }
}

static void step_trailers(struct hf_chunk_scan *scan, uint8_t c)
{
    static const char *const forbidden[] = {"content-length", "transfer-encoding", "host",
                                            "connection",     "upgrade",           "te"};
    enum hf_head_scan_state before = scan->trailers.state;
    (void)hf_head_scan_feed(&scan->trailers, hf_bytes_of(&c, 1));
    scan->refusal = scan->trailers.refusal;
    if (scan->trailers.state == HF_HEAD_DONE) {
        scan->state = HF_CHUNK_DONE;
    } else if (scan->trailers.state == HF_HEAD_NAME) {
        scan->name_len = before == HF_HEAD_LINE ? 0 : scan->name_len;
        if (scan->name_len < sizeof scan->name) {
            scan->name[scan->name_len++] = c;
        }
    } else if (before == HF_HEAD_NAME) {
        struct hf_bytes name = hf_bytes_of(scan->name, scan->name_len);
        for (size_t i = 0; i < HF_LEN(forbidden); i++) {
            if (hf_http_name_eq(name, forbidden[i])) {
                refuse(scan, 400, "A field stands in the trailers that only a head may have.");
            }
        }
    }
}

static void step(struct hf_chunk_scan *scan, uint8_t c)
{
    switch (scan->state) {
    case HF_CHUNK_SIZE: step_size(scan, c); return;
    case HF_CHUNK_SIZE_LF:
        if (c != '\n') {
            refuse(scan, 400, "The size of a chunk is not followed by CR LF.");
        } else if (scan->size > 0) {
            scan->state = HF_CHUNK_DATA;
            scan->body_left -= scan->size;
        } else {
            scan->state = HF_CHUNK_TRAILERS;
            hf_head_scan_init_trailers(&scan->trailers, UINT32_MAX);
        }
        return;
    case HF_CHUNK_DATA_CR:
    case HF_CHUNK_DATA_LF:
        if (c != (scan->state == HF_CHUNK_DATA_CR ? '\r' : '\n')) {
            refuse(scan, 400, "The data of a chunk is not followed by CR LF.");
        } else if (scan->state == HF_CHUNK_DATA_CR) {
            scan->state = HF_CHUNK_DATA_LF;
        } else {
            scan->state = HF_CHUNK_SIZE;
            scan->digits = false;
        }
        return;
    case HF_CHUNK_TRAILERS: step_trailers(scan, c); return;
    case HF_CHUNK_DATA:
    case HF_CHUNK_DONE: HF_UNREACHABLE("not framing");
    }
}

size_t hf_chunk_scan_feed(struct hf_chunk_scan *scan, struct hf_bytes bytes,
                          struct hf_bytes *ret_data)
{
    *ret_data = (struct hf_bytes){NULL, 0};
    if (scan->state == HF_CHUNK_DATA) {
        size_t take = bytes.len < scan->size ? bytes.len : (size_t)scan->size;
        *ret_data = hf_bytes_of(bytes.ptr, take);
        scan->size -= take;
        if (scan->size == 0) {
            scan->state = HF_CHUNK_DATA_CR;
        }
        return take;
    }
    size_t used = 0;
    while (used < bytes.len && scan->state != HF_CHUNK_DATA && scan->state != HF_CHUNK_DONE) {
        if (scan->framing_left == 0) {
            refuse(scan, 400, "The chunks of the body carry too much besides data.");
            break;
        }
        step(scan, bytes.ptr[used]);
        if (scan->refusal.status != 0) {
            break;
        }
        scan->framing_left--;
        used++;
    }
    return used;
}
