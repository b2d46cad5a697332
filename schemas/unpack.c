/* schemas/unpack.c: the readers of MessagePack that are not worth inlining. */
#include "schemas/unpack.h"

enum hf_unpack_kind hf_unpack_peek(const struct hf_unpack *u)
{
    if (u->ptr == u->end) {
        return HF_UNPACK_NONE;
    }
    uint8_t head = *u->ptr;
    if (head < 0x80) {
        return HF_UNPACK_UINT;
    }
    if (head < 0x90) {
        return HF_UNPACK_MAP;
    }
    if (head < 0xa0) {
        return HF_UNPACK_ARRAY;
    }
    if (head < 0xc0) {
        return HF_UNPACK_STR;
    }
    if (head >= 0xe0) {
        return HF_UNPACK_INT;
    }
    switch (head) {
    case 0xc0: return HF_UNPACK_NIL;
    case 0xc2:
    case 0xc3: return HF_UNPACK_BOOL;
    case 0xc4:
    case 0xc5: return HF_UNPACK_BIN;
    case 0xc7:
    case 0xc8: return HF_UNPACK_SEALED;
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: return HF_UNPACK_UINT;
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: return HF_UNPACK_INT;
    case 0xd9:
    case 0xda: return HF_UNPACK_STR;
    case 0xdc: return HF_UNPACK_ARRAY;
    case 0xde: return HF_UNPACK_MAP;
    default: return HF_UNPACK_NONE;
    }
}

bool hf_unpack_i64(struct hf_unpack *u, int64_t *ret)
{
    size_t left = hf_unpack_left(u);
    if (left == 0) {
        return false;
    }
    const uint8_t *p = u->ptr;
    int64_t value;
    size_t size;
    int64_t above; /* the greatest value that needs this width is one less */
    if (p[0] >= 0xe0) {
        *ret = (int64_t)p[0] - 0x100;
        u->ptr++;
        return true;
    }
    if (p[0] == 0xd0 && left >= 2) {
        value = (int64_t)(p[1] ^ 0x80) - 0x80;
        size = 2;
        above = -32;
    } else if (p[0] == 0xd1 && left >= 3) {
        value = (int16_t)hf_be16_get(p + 1);
        size = 3;
        above = INT8_MIN;
    } else if (p[0] == 0xd2 && left >= 5) {
        value = (int32_t)hf_be32_get(p + 1);
        size = 5;
        above = INT16_MIN;
    } else if (p[0] == 0xd3 && left >= 9) {
        value = (int64_t)hf_be64_get(p + 1);
        size = 9;
        above = INT32_MIN;
    } else {
        struct hf_unpack copy = *u;
        uint64_t positive;
        if (!hf_unpack_u64(&copy, &positive) || positive > INT64_MAX) {
            return false;
        }
        *ret = (int64_t)positive;
        *u = copy;
        return true;
    }
    if (value >= above) {
        return false;
    }
    *ret = value;
    u->ptr += size;
    return true;
}

bool hf_unpack_sealed(struct hf_unpack *u, struct hf_bytes *ret)
{
    size_t left = hf_unpack_left(u);
    size_t size;
    size_t len;
    if (left >= 3 && u->ptr[0] == 0xc7) {
        len = u->ptr[1];
        size = 3;
    } else if (left >= 4 && u->ptr[0] == 0xc8 && u->ptr[1] != 0) {
        len = hf_be16_get(u->ptr + 1);
        size = 4;
    } else {
        return false;
    }
    struct hf_unpack copy = *u;
    struct hf_bytes body;
    if (copy.ptr[size - 1] != HF_SEALED_TYPE || !hf_unpack_body(&copy, size, len, &body) ||
        len < HF_SEALED_MIN || body.ptr[0] != HF_SEALED_FORMAT) {
        return false;
    }
    *ret = body;
    *u = copy;
    return true;
}

/* Takes the head and, of a value without parts, the body; *ret_parts values follow. */
static bool skip_one(struct hf_unpack *u, size_t *ret_parts)
{
    struct hf_bytes body;
    struct hf_str text;
    uint64_t unsigned_value;
    int64_t signed_value;
    size_t count;
    *ret_parts = 0;
    switch (hf_unpack_peek(u)) {
    case HF_UNPACK_NONE: return false;
    case HF_UNPACK_NIL:
    case HF_UNPACK_BOOL: u->ptr++; return true;
    case HF_UNPACK_UINT: return hf_unpack_u64(u, &unsigned_value);
    case HF_UNPACK_INT: return hf_unpack_i64(u, &signed_value);
    case HF_UNPACK_STR: return hf_unpack_str(u, &text);
    case HF_UNPACK_BIN: return hf_unpack_bin(u, &body);
    case HF_UNPACK_SEALED: return hf_unpack_sealed(u, &body);
    case HF_UNPACK_ARRAY: return hf_unpack_array(u, ret_parts);
    case HF_UNPACK_MAP:
        if (!hf_unpack_map(u, &count)) {
            return false;
        }
        *ret_parts = count * 2;
        return true;
    }
    return false;
}

/* The values of one byte and the short texts, which are most of what there is to skip. */
static inline bool skip_short(struct hf_unpack *u)
{
    size_t left = hf_unpack_left(u);
    if (left == 0) {
        return false;
    }
    uint8_t head = *u->ptr;
    size_t size = 1;
    if ((head & 0xe0) == 0xa0) {
        size += head & 0x1f;
    } else if (head >= 0x80 && head < 0xe0) {
        return false;
    }
    if (size > left) {
        return false;
    }
    u->ptr += size;
    return true;
}

bool hf_unpack_skip(struct hf_unpack *u)
{
    struct hf_unpack copy = *u;
    /* Each turn takes a byte at least, and no count is above the bytes left: it ends. */
    for (size_t pending = 1; pending > 0; pending--) {
        size_t parts = 0;
        if (!skip_short(&copy) && !skip_one(&copy, &parts)) {
            return false;
        }
        pending += parts;
    }
    *u = copy;
    return true;
}
