/* base/hex.c: hexadecimal in and out. */
#include "base/hex.h"

/* The two digits of each byte, one after the other: whole vectors of facts go this way in each
 * decision of the wrapper. */
#define ROW(h)                                                                                     \
    h "0" h "1" h "2" h "3" h "4" h "5" h "6" h "7" h "8" h "9" h "a" h "b" h "c" h "d" h "e" h "f"
static const char pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7")
    ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");

void hf_hex_encode(struct hf_bytes data, char *out)
{
    for (size_t i = 0; i < data.len; i++) {
        memcpy(out + 2 * i, pairs + 2 * (size_t)data.ptr[i], 2);
    }
    out[2 * data.len] = '\0';
}

int hf_hex_digit(char c)
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
    while (at < text.len && hf_hex_digit(text.ptr[at]) >= 0) {
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
        out[i] = (uint8_t)(hf_hex_digit(text.ptr[2 * i]) << 4 | hf_hex_digit(text.ptr[2 * i + 1]));
    }
    *ret_len = text.len / 2;
    return HF_OK;
}
