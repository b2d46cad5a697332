/* base/bytes.h: length-carrying slices, integers in bytes, bounded readers and writers.
 *
 * A slice borrows; it is passed by value. NUL-terminated strings exist only at the edges of
 * libraries. Readers change nothing on failure and check lengths before arithmetic.
 */
#ifndef HF_BASE_BYTES_H
#define HF_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/rc.h"

/* For a big array that is written before it is read, in code where its zeroes would cost: the build
 * clears all other variables (-ftrivial-auto-var-init). */
#define HF_UNINITIALIZED __attribute__((uninitialized))

struct hf_bytes {
    const uint8_t *ptr;
    size_t len;
};

/* Text: UTF-8 unless a comment says otherwise, no NUL needed. */
struct hf_str {
    const char *ptr;
    size_t len;
};

#define HF_STR(literal)   ((struct hf_str){(literal), sizeof(literal) - 1})
#define HF_BYTES(literal) ((struct hf_bytes){(const uint8_t *)(literal), sizeof(literal) - 1})
/* For printf: printf("%.*s", HF_STR_ARG(s)). */
#define HF_STR_ARG(s)     (int)(s).len, (s).ptr

static inline struct hf_str hf_str_c(const char *text)
{
    return (struct hf_str){text, text == NULL ? 0 : strlen(text)};
}

static inline struct hf_bytes hf_bytes_of(const void *ptr, size_t len)
{
    return (struct hf_bytes){(const uint8_t *)ptr, len};
}

static inline struct hf_bytes hf_str_bytes(struct hf_str s)
{
    return (struct hf_bytes){(const uint8_t *)s.ptr, s.len};
}

static inline struct hf_str hf_bytes_str(struct hf_bytes b)
{
    return (struct hf_str){(const char *)b.ptr, b.len};
}

static inline bool hf_bytes_eq(struct hf_bytes a, struct hf_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool hf_str_eq(struct hf_str a, struct hf_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Bytewise order, a prefix sorts first. Negative, 0, positive. */
int hf_bytes_cmp(struct hf_bytes a, struct hf_bytes b);

bool hf_str_starts(struct hf_str s, struct hf_str prefix);
bool hf_str_ends(struct hf_str s, struct hf_str suffix);

/* Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. On false, *ret_at (may
 * be NULL) is the offset of the first byte that does not fit. */
bool hf_utf8_valid(struct hf_bytes b, size_t *ret_at);
/* The first character of a text that is not empty, and how many bytes it takes; U+FFFD, one byte,
 * where there is no UTF-8. */
uint32_t hf_utf8_next(struct hf_str text, size_t *ret_len);
/* Nobody sees the character, or it changes how others are seen: what stands there is not what
 * people read. Neither tab nor newline. */
bool hf_utf8_hidden(uint32_t character);

static inline void hf_be16_put(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline uint16_t hf_be16_get(const uint8_t *p)
{
    return (uint16_t)((p[0] << 8) | p[1]);
}

static inline void hf_be32_put(uint8_t *p, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(p, &v, sizeof v);
}

static inline uint32_t hf_be32_get(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return __builtin_bswap32(v);
}

static inline void hf_be64_put(uint8_t *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(p, &v, sizeof v);
}

static inline uint64_t hf_be64_get(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return __builtin_bswap64(v);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the swaps above assume little-endian");

/* A writer into memory of a fixed size with sticky overflow: writes past the end set `overflow`
 * and change nothing; `len` keeps counting so that the caller learns the size needed. Check once
 * at the end. */
struct hf_writer {
    uint8_t *ptr;
    size_t cap;
    size_t len;
    bool overflow;
};

static inline struct hf_writer hf_writer_init(void *ptr, size_t cap)
{
    return (struct hf_writer){(uint8_t *)ptr, cap, 0, false};
}

void hf_writer_put(struct hf_writer *w, const void *ptr, size_t len);
void hf_writer_bytes(struct hf_writer *w, struct hf_bytes b);
void hf_writer_str(struct hf_writer *w, struct hf_str s);
void hf_writer_u8(struct hf_writer *w, uint8_t v);
void hf_writer_be16(struct hf_writer *w, uint16_t v);
void hf_writer_be32(struct hf_writer *w, uint32_t v);
void hf_writer_be64(struct hf_writer *w, uint64_t v);
void hf_writer_printf(struct hf_writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What was written so far; only meaningful without overflow. Borrows the memory. */
static inline struct hf_bytes hf_writer_done(const struct hf_writer *w)
{
    return (struct hf_bytes){w->ptr, w->len};
}

/* A bounded reader: each get takes bytes off the front or returns false and changes nothing. */
struct hf_cursor {
    const uint8_t *ptr;
    size_t left;
};

static inline struct hf_cursor hf_cursor_init(struct hf_bytes b)
{
    return (struct hf_cursor){b.ptr, b.len};
}

bool hf_cursor_u8(struct hf_cursor *c, uint8_t *ret);
bool hf_cursor_be16(struct hf_cursor *c, uint16_t *ret);
bool hf_cursor_be32(struct hf_cursor *c, uint32_t *ret);
bool hf_cursor_be64(struct hf_cursor *c, uint64_t *ret);
bool hf_cursor_take(struct hf_cursor *c, size_t len, struct hf_bytes *ret);
/* The line before the next '\n', which is taken off as well; false if there is no '\n'. */
bool hf_cursor_line(struct hf_cursor *c, struct hf_str *ret);

#endif
