/* base/base64.c: strict base64. */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hf_base64_encode(struct hf_bytes data, char *out)
{
    size_t i = 0;
    for (; data.len - i >= 3; i += 3) {
        uint32_t v = (uint32_t)data.ptr[i] << 16 | (uint32_t)data.ptr[i + 1] << 8 | data.ptr[i + 2];
        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        *out++ = alphabet[v >> 6 & 63];
        *out++ = alphabet[v & 63];
    }
    size_t rest = data.len - i;
    if (rest > 0) {
        uint32_t v = (uint32_t)data.ptr[i] << 16;
        v |= rest == 2 ? (uint32_t)data.ptr[i + 1] << 8 : 0;
        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        *out++ = rest == 2 ? alphabet[v >> 6 & 63] : '=';
        *out++ = '=';
    }
    *out = '\0';
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Three bytes of a quantum of four characters, of which `pad` at the end are '='. */
static bool quantum(const char *in, size_t pad, uint8_t out[3])
{
    uint32_t v = 0;
    for (size_t k = 0; k < 4; k++) {
        int digit = k < 4 - pad ? value_of(in[k]) : 0;
        if (digit < 0) {
            return false;
        }
        v = v << 6 | (uint32_t)digit;
    }
    if ((pad == 1 && (v & 0xFF) != 0) || (pad == 2 && (v & 0xFFFF) != 0)) {
        return false; /* bits that no byte uses must be zero: one spelling a value */
    }
    out[0] = (uint8_t)(v >> 16);
    out[1] = (uint8_t)(v >> 8);
    out[2] = (uint8_t)v;
    return true;
}

enum hf_rc hf_base64_decode(struct hf_str text, uint8_t *out, size_t cap, size_t *ret_len)
{
    if (text.len % 4 != 0) {
        return HF_ESYNTAX;
    }
    size_t pad = 0;
    while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=') {
        pad++;
    }
    size_t len = text.len / 4 * 3 - pad;
    if (len > cap) {
        return HF_ETOOBIG;
    }
    size_t done = 0;
    for (size_t i = 0; i < text.len; i += 4) {
        uint8_t bytes[3];
        if (!quantum(text.ptr + i, i + 4 == text.len ? pad : 0, bytes)) {
            return HF_ESYNTAX;
        }
        for (size_t k = 0; k < 3 && done < len; k++) {
            out[done++] = bytes[k];
        }
    }
    *ret_len = len;
    return HF_OK;
}

void hf_base64url_encode(struct hf_bytes data, char *out)
{
    hf_base64_encode(data, out);
    for (; *out != '\0' && *out != '='; out++) {
        *out = *out == '+' ? '-' : *out == '/' ? '_' : *out;
    }
    *out = '\0';
}

/* Quantum by quantum, in the other alphabet and with the padding that is left out. */
enum hf_rc hf_base64url_decode(struct hf_str text, uint8_t *out, size_t cap, size_t *ret_len)
{
    size_t done = 0;
    for (size_t i = 0; i < text.len; i += 4) {
        char four[4] = {'=', '=', '=', '='};
        size_t len = text.len - i < 4 ? text.len - i : 4;
        size_t more = 0;
        for (size_t k = 0; k < len; k++) {
            char c = text.ptr[i + k];
            four[k] = c == '-' ? '+' : c == '_' ? '/' : c == '+' || c == '/' || c == '=' ? '!' : c;
        }
        enum hf_rc rc = hf_base64_decode((struct hf_str){four, 4}, out + done, cap - done, &more);
        if (rc != HF_OK) {
            return rc;
        }
        done += more;
    }
    *ret_len = done;
    return HF_OK;
}
