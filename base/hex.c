/* base/hex.c: hexadecimal in and out. */
#include "base/hex.h"

void hf_hex_encode(struct hf_bytes data, char *out)
{
    /* By arithmetic and not by a table, so that compilers do many at a time. */
    for (size_t i = 0; i < data.len; i++) {
        unsigned high = data.ptr[i] >> 4;
        unsigned low = data.ptr[i] & 15u;
        out[2 * i] = (char)(high + '0' + (high > 9 ? 'a' - '9' - 1 : 0));
        out[2 * i + 1] = (char)(low + '0' + (low > 9 ? 'a' - '9' - 1 : 0));
    }
    out[2 * data.len] = '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

enum hf_rc hf_hex_decode(struct hf_str text, uint8_t *out, size_t cap, size_t *ret_len,
                         size_t *ret_at)
{
    size_t at = 0;
    while (at < text.len && digit(text.ptr[at]) >= 0) {
        at++;
    }
    if (at < text.len || text.len % 2 != 0) {
        if (ret_at != NULL) {
            *ret_at = at;
        }
        return HF_ESYNTAX;
    }
    if (text.len / 2 > cap) {
        return HF_ETOOBIG;
    }
    for (size_t i = 0; i < text.len / 2; i++) {
        out[i] = (uint8_t)(digit(text.ptr[2 * i]) << 4 | digit(text.ptr[2 * i + 1]));
    }
    *ret_len = text.len / 2;
    return HF_OK;
}
