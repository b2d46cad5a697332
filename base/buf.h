/* base/buf.h: a growable byte buffer with a hard maximum and sticky failure.
 *
 * Appends after a failure do nothing; check `failed` (HF_ENOMEM or HF_ETOOBIG) once at the end.
 * One thread. Zero-initialise with a maximum, end with hf_buf_free.
 */
#ifndef HF_BASE_BUF_H
#define HF_BASE_BUF_H

#include "base/bytes.h"

struct hf_buf {
    /* read-only */
    uint8_t *ptr;
    size_t len;
    enum hf_rc failed;
    /* private */
    size_t cap;
    size_t max;
};

static inline struct hf_buf hf_buf_init(size_t max)
{
    return (struct hf_buf){NULL, 0, HF_OK, 0, max};
}

/* Room for len more bytes at ptr + len (not counted until hf_buf_commit); NULL on failure. */
uint8_t *hf_buf_reserve(struct hf_buf *buf, size_t len);
/* Counts len bytes that were written into the reserved room. */
void hf_buf_commit(struct hf_buf *buf, size_t len);
void hf_buf_put(struct hf_buf *buf, const void *ptr, size_t len);
void hf_buf_str(struct hf_buf *buf, struct hf_str s);
void hf_buf_printf(struct hf_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Empties it, keeps the memory, forgets the failure. */
void hf_buf_clear(struct hf_buf *buf);
void hf_buf_free(struct hf_buf *buf);

static inline struct hf_bytes hf_buf_bytes(const struct hf_buf *buf)
{
    return (struct hf_bytes){buf->ptr, buf->len};
}

#endif
