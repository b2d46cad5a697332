/* base/buf.c: grows a buffer by doubling, up to its maximum. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"

uint8_t *hf_buf_reserve(struct hf_buf *buf, size_t len)
{
    if (buf->failed != HF_OK) {
        return NULL;
    }
    if (len > buf->max || buf->len > buf->max - len) {
        buf->failed = HF_ETOOBIG;
        return NULL;
    }
    size_t need = buf->len + len;
    if (need > buf->cap || buf->ptr == NULL) {
        size_t cap = buf->cap < 64 ? 64 : buf->cap;
        while (cap < need) {
            cap = cap > buf->max / 2 ? buf->max : 2 * cap;
        }
        uint8_t *ptr = hf_heap_resize(buf->ptr, cap, 1);
        if (ptr == NULL) {
            buf->failed = HF_ENOMEM;
            return NULL;
        }
        buf->ptr = ptr;
        buf->cap = cap;
    }
    return buf->ptr + buf->len;
}

void hf_buf_commit(struct hf_buf *buf, size_t len)
{
    HF_ASSERT(len <= buf->cap - buf->len);
    buf->len += len;
}

void hf_buf_put(struct hf_buf *buf, const void *ptr, size_t len)
{
    uint8_t *room = hf_buf_reserve(buf, len);
    if (room != NULL && len > 0) {
        memcpy(room, ptr, len);
        buf->len += len;
    }
}

void hf_buf_str(struct hf_buf *buf, struct hf_str s)
{
    hf_buf_put(buf, s.ptr, s.len);
}

void hf_buf_printf(struct hf_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    uint8_t *room = len < 0 ? NULL : hf_buf_reserve(buf, (size_t)len + 1);
    if (room != NULL) {
        (void)vsnprintf((char *)room, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void hf_buf_clear(struct hf_buf *buf)
{
    buf->len = 0;
    buf->failed = HF_OK;
}

void hf_buf_free(struct hf_buf *buf)
{
    hf_heap_free(buf->ptr);
    *buf = (struct hf_buf){NULL, 0, HF_OK, 0, buf->max};
}
