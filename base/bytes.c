/* base/bytes.c: slices, bounded writers and cursors. */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"

int hf_bytes_cmp(struct hf_bytes a, struct hf_bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

bool hf_str_starts(struct hf_str s, struct hf_str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

bool hf_str_ends(struct hf_str s, struct hf_str suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* Length of the sequence that starts with this byte, 0 for one that cannot start any; the least
 * second byte and the greatest rule out overlong forms, surrogates and what is past U+10FFFF. */
static size_t utf8_lead(uint8_t lead, uint8_t *ret_low, uint8_t *ret_high)
{
    *ret_low = 0x80;
    *ret_high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        *ret_low = lead == 0xE0 ? 0xA0 : 0x80;
        *ret_high = lead == 0xED ? 0x9F : 0xBF;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *ret_low = lead == 0xF0 ? 0x90 : 0x80;
        *ret_high = lead == 0xF4 ? 0x8F : 0xBF;
        return 4;
    }
    return 0;
}

bool hf_utf8_valid(struct hf_bytes b, size_t *ret_at)
{
    size_t i = 0;
    while (i < b.len) {
        uint64_t word;
        if (b.len - i >= sizeof word) {
            memcpy(&word, b.ptr + i, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof word;
                continue;
            }
        }
        if (b.ptr[i] < 0x80) {
            i++;
            continue;
        }
        uint8_t low, high;
        size_t len = utf8_lead(b.ptr[i], &low, &high);
        bool ok = len != 0 && b.len - i >= len && b.ptr[i + 1] >= low && b.ptr[i + 1] <= high;
        for (size_t k = 2; ok && k < len; k++) {
            ok = (b.ptr[i + k] & 0xC0) == 0x80;
        }
        if (!ok) {
            if (ret_at != NULL) {
                *ret_at = i;
            }
            return false;
        }
        i += len;
    }
    return true;
}

void hf_writer_put(struct hf_writer *w, const void *ptr, size_t len)
{
    if (!w->overflow && len <= w->cap - w->len) {
        if (len > 0) {
            memcpy(w->ptr + w->len, ptr, len);
        }
    } else {
        w->overflow = true;
    }
    w->len += len;
}

void hf_writer_bytes(struct hf_writer *w, struct hf_bytes b)
{
    hf_writer_put(w, b.ptr, b.len);
}

void hf_writer_str(struct hf_writer *w, struct hf_str s)
{
    hf_writer_put(w, s.ptr, s.len);
}

void hf_writer_u8(struct hf_writer *w, uint8_t v)
{
    hf_writer_put(w, &v, 1);
}

void hf_writer_be16(struct hf_writer *w, uint16_t v)
{
    uint8_t b[2];
    hf_be16_put(b, v);
    hf_writer_put(w, b, sizeof b);
}

void hf_writer_be32(struct hf_writer *w, uint32_t v)
{
    uint8_t b[4];
    hf_be32_put(b, v);
    hf_writer_put(w, b, sizeof b);
}

void hf_writer_be64(struct hf_writer *w, uint64_t v)
{
    uint8_t b[8];
    hf_be64_put(b, v);
    hf_writer_put(w, b, sizeof b);
}

void hf_writer_printf(struct hf_writer *w, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof text) {
        w->overflow = true;
        w->len += len < 0 ? 0 : (size_t)len;
        return;
    }
    hf_writer_put(w, text, (size_t)len);
}

bool hf_cursor_take(struct hf_cursor *c, size_t len, struct hf_bytes *ret)
{
    if (len > c->left) {
        return false;
    }
    *ret = hf_bytes_of(c->ptr, len);
    if (len > 0) {
        c->ptr += len;
    }
    c->left -= len;
    return true;
}

bool hf_cursor_u8(struct hf_cursor *c, uint8_t *ret)
{
    struct hf_bytes b;
    if (!hf_cursor_take(c, 1, &b)) {
        return false;
    }
    *ret = b.ptr[0];
    return true;
}

bool hf_cursor_be16(struct hf_cursor *c, uint16_t *ret)
{
    struct hf_bytes b;
    if (!hf_cursor_take(c, 2, &b)) {
        return false;
    }
    *ret = hf_be16_get(b.ptr);
    return true;
}

bool hf_cursor_be32(struct hf_cursor *c, uint32_t *ret)
{
    struct hf_bytes b;
    if (!hf_cursor_take(c, 4, &b)) {
        return false;
    }
    *ret = hf_be32_get(b.ptr);
    return true;
}

bool hf_cursor_be64(struct hf_cursor *c, uint64_t *ret)
{
    struct hf_bytes b;
    if (!hf_cursor_take(c, 8, &b)) {
        return false;
    }
    *ret = hf_be64_get(b.ptr);
    return true;
}

bool hf_cursor_line(struct hf_cursor *c, struct hf_str *ret)
{
    const uint8_t *end = c->left == 0 ? NULL : memchr(c->ptr, '\n', c->left);
    if (end == NULL) {
        return false;
    }
    size_t len = (size_t)(end - c->ptr);
    *ret = (struct hf_str){(const char *)c->ptr, len};
    c->ptr += len + 1;
    c->left -= len + 1;
    return true;
}

uint32_t hf_utf8_next(struct hf_str text, size_t *ret_len)
{
    const uint8_t *p = (const uint8_t *)text.ptr;
    uint8_t low, high;
    size_t len = p[0] < 0x80 ? 1 : utf8_lead(p[0], &low, &high);
    *ret_len = 1;
    if (len == 0 || len > text.len || !hf_utf8_valid(hf_bytes_of(p, len), NULL)) {
        return 0xFFFD;
    }
    uint32_t ch = p[0] & (len == 1 ? 0x7Fu : 0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        ch = (ch << 6) | (p[i] & 0x3Fu);
    }
    *ret_len = len;
    return ch;
}

bool hf_utf8_hidden(uint32_t character)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x08},     {0x0B, 0x1F},       {0x7F, 0x9F},       {0xAD, 0xAD},
        {0x34F, 0x34F},   {0x61C, 0x61C},     {0x115F, 0x1160},   {0x17B4, 0x17B5},
        {0x180B, 0x180F}, {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},
        {0x3164, 0x3164}, {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
        {0xFFF9, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};

    for (size_t i = 0; i < HF_LEN(ranges); i++) {
        if (character >= ranges[i][0] && character <= ranges[i][1]) {
            return true;
        }
    }
    return false;
}
