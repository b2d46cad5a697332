/* schemas/unpack.h: bounds-safe readers of canonical MessagePack, inline for speed.
 *
 * Each reader takes one value off the front of the cursor, or returns false and changes nothing:
 * when another kind of value is there, when it is not in its shortest form, or when it goes past
 * the end. Slices borrow from the input. Any thread.
 */
#ifndef HF_SCHEMAS_UNPACK_H
#define HF_SCHEMAS_UNPACK_H

#include "base/bytes.h"
#include "schemas/canonical.h"

struct hf_unpack {
    const uint8_t *ptr;
    const uint8_t *end;
};

enum hf_unpack_kind {
    HF_UNPACK_NONE, /* nothing left, or a byte that begins no canonical value */
    HF_UNPACK_NIL,
    HF_UNPACK_BOOL,
    HF_UNPACK_UINT,
    HF_UNPACK_INT, /* negative */
    HF_UNPACK_STR,
    HF_UNPACK_BIN,
    HF_UNPACK_ARRAY,
    HF_UNPACK_MAP,
    HF_UNPACK_SEALED
};

static inline struct hf_unpack hf_unpack_init(struct hf_bytes bytes)
{
    return (struct hf_unpack){bytes.ptr, bytes.ptr == NULL ? NULL : bytes.ptr + bytes.len};
}

static inline size_t hf_unpack_left(const struct hf_unpack *u)
{
    return (size_t)(u->end - u->ptr);
}

/* Kind of the next value, by its first byte. */
enum hf_unpack_kind hf_unpack_peek(const struct hf_unpack *u);

/* Skips a value whatever it holds; reads heads only. */
bool hf_unpack_skip(struct hf_unpack *u);

bool hf_unpack_i64(struct hf_unpack *u, int64_t *ret);
bool hf_unpack_sealed(struct hf_unpack *u, struct hf_bytes *ret);

static inline bool hf_unpack_nil(struct hf_unpack *u)
{
    if (u->ptr == u->end || *u->ptr != 0xc0) {
        return false;
    }
    u->ptr++;
    return true;
}

static inline bool hf_unpack_bool(struct hf_unpack *u, bool *ret)
{
    if (u->ptr == u->end || (*u->ptr & 0xfe) != 0xc2) {
        return false;
    }
    *ret = (*u->ptr & 1) != 0;
    u->ptr++;
    return true;
}

static inline bool hf_unpack_u64(struct hf_unpack *u, uint64_t *ret)
{
    size_t left = hf_unpack_left(u);
    if (left == 0) {
        return false;
    }
    const uint8_t *p = u->ptr;
    uint8_t head = p[0];
    uint64_t value;
    size_t size;
    bool shortest;
    if (head < 0x80) {
        *ret = head;
        u->ptr++;
        return true;
    }
    if (head == 0xcc && left >= 2) {
        value = p[1];
        size = 2;
        shortest = value >= 0x80;
    } else if (head == 0xcd && left >= 3) {
        value = hf_be16_get(p + 1);
        size = 3;
        shortest = value >= 0x100;
    } else if (head == 0xce && left >= 5) {
        value = hf_be32_get(p + 1);
        size = 5;
        shortest = value >= 0x10000;
    } else if (head == 0xcf && left >= 9) {
        value = hf_be64_get(p + 1);
        size = 9;
        shortest = value >= UINT64_C(0x100000000);
    } else {
        return false;
    }
    if (!shortest) {
        return false;
    }
    *ret = value;
    u->ptr += size;
    return true;
}

/* Takes a body of len bytes behind a head of `head` bytes. */
static inline bool hf_unpack_body(struct hf_unpack *u, size_t head, size_t len,
                                  struct hf_bytes *ret)
{
    size_t left = hf_unpack_left(u);
    if (left < head || left - head < len) {
        return false;
    }
    *ret = hf_bytes_of(u->ptr + head, len);
    u->ptr += head + len;
    return true;
}

static inline bool hf_unpack_str(struct hf_unpack *u, struct hf_str *ret)
{
    size_t left = hf_unpack_left(u);
    if (left == 0) {
        return false;
    }
    uint8_t head = u->ptr[0];
    size_t size = 1;
    size_t len;
    if ((head & 0xe0) == 0xa0) {
        len = head & 0x1f;
    } else if (head == 0xd9 && left >= 2 && u->ptr[1] >= 32) {
        len = u->ptr[1];
        size = 2;
    } else if (head == 0xda && left >= 3 && u->ptr[1] != 0) {
        len = hf_be16_get(u->ptr + 1);
        size = 3;
    } else {
        return false;
    }
    struct hf_bytes body;
    if (!hf_unpack_body(u, size, len, &body)) {
        return false;
    }
    *ret = hf_bytes_str(body);
    return true;
}

static inline bool hf_unpack_bin(struct hf_unpack *u, struct hf_bytes *ret)
{
    size_t left = hf_unpack_left(u);
    if (left >= 2 && u->ptr[0] == 0xc4) {
        return hf_unpack_body(u, 2, u->ptr[1], ret);
    }
    if (left >= 3 && u->ptr[0] == 0xc5 && u->ptr[1] != 0) {
        return hf_unpack_body(u, 3, hf_be16_get(u->ptr + 1), ret);
    }
    return false;
}

/* The head of an array or a map: fix is the head byte of an empty one, wide that of a count of two
 * bytes, parts the values a count stands for. A count that cannot fit the input is refused. */
static inline bool hf_unpack_open(struct hf_unpack *u, uint8_t fix, uint8_t wide, size_t parts,
                                  size_t *ret_count)
{
    size_t left = hf_unpack_left(u);
    size_t size = 1;
    size_t count;
    if (left == 0) {
        return false;
    }
    if ((u->ptr[0] & 0xf0) == fix) {
        count = u->ptr[0] & 0x0f;
    } else if (u->ptr[0] == wide && left >= 3) {
        count = hf_be16_get(u->ptr + 1);
        size = 3;
        if (count < 16) {
            return false;
        }
    } else {
        return false;
    }
    if (count * parts > left - size) {
        return false;
    }
    *ret_count = count;
    u->ptr += size;
    return true;
}

static inline bool hf_unpack_array(struct hf_unpack *u, size_t *ret_count)
{
    return hf_unpack_open(u, 0x90, 0xdc, 1, ret_count);
}

static inline bool hf_unpack_map(struct hf_unpack *u, size_t *ret_count)
{
    return hf_unpack_open(u, 0x80, 0xde, 2, ret_count);
}

/* Takes a map's key if and only if it is this one; text is the key as it is encoded, with its head
 * byte. */
static inline bool hf_unpack_key(struct hf_unpack *u, const char *text, size_t len)
{
    if (hf_unpack_left(u) < len || memcmp(u->ptr, text, len) != 0) {
        return false;
    }
    u->ptr += len;
    return true;
}

#endif
