/* schemas/canonical.c: walks MessagePack once and says where it leaves the canonical form. */
#include "schemas/canonical.h"

#include "base/assert.h"

/* An array or map that is being walked. */
struct level {
    uint32_t left; /* values still to come: for a map keys and values are counted each */
    bool is_map;
    bool has_key; /* key_at and key_len are those of the key before */
    uint32_t key_at;
    uint32_t key_len;
};

struct walk {
    const uint8_t *ptr;
    size_t len;
    size_t at;
    unsigned depth;
    struct level levels[HF_CANONICAL_DEPTH_MAX];
};

static const char *const reason_texts[] = {
#define XX(name, text) [HF_CANONICAL_##name] = (text),
    HF_CANONICAL_MAP(XX)
#undef XX
};

const char *hf_canonical_reason_text(enum hf_canonical_reason reason)
{
    HF_ASSERT((size_t)reason < HF_LEN(reason_texts));
    return reason_texts[reason];
}

/* Reads the big-endian integer of width bytes behind the head byte at w->at; false when the input
 * ends before it does. */
static bool argument(const struct walk *w, size_t width, uint64_t *ret)
{
    if (w->len - w->at - 1 < width) {
        return false;
    }
    const uint8_t *p = w->ptr + w->at + 1;
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value = (value << 8) | p[i];
    }
    *ret = value;
    return true;
}

static enum hf_canonical_reason walk_uint(struct walk *w, size_t width)
{
    uint64_t value;
    if (!argument(w, width, &value)) {
        return HF_CANONICAL_TRUNCATED;
    }
    uint64_t least = width == 1 ? 0x80 : UINT64_C(1) << (width * 4);
    if (value < least) {
        return HF_CANONICAL_WIDTH;
    }
    w->at += 1 + width;
    return HF_CANONICAL_OK;
}

static enum hf_canonical_reason walk_int(struct walk *w, size_t width)
{
    uint64_t value;
    if (!argument(w, width, &value)) {
        return HF_CANONICAL_TRUNCATED;
    }
    /* In two's complement of this width: the sign bit, then the magnitude that a shorter form
     * would have held. */
    if ((value >> (width * 8 - 1)) == 0) {
        return HF_CANONICAL_SIGN;
    }
    uint64_t shorter = width == 1 ? 32 : UINT64_C(1) << (width * 4 - 1);
    uint64_t magnitude = (~value & (UINT64_MAX >> (64 - width * 8))) + 1;
    if (magnitude <= shorter) {
        return HF_CANONICAL_WIDTH;
    }
    w->at += 1 + width;
    return HF_CANONICAL_OK;
}

/* Reads the length of a str, bin, ext, array or map with a length of width bytes; least is the
 * smallest length that needs this width. No length of 4 bytes is ever canonical, because nothing
 * of 65,536 parts fits the input. */
static enum hf_canonical_reason walk_length(const struct walk *w, size_t width, uint64_t least,
                                            uint64_t *ret)
{
    if (!argument(w, width, ret)) {
        return HF_CANONICAL_TRUNCATED;
    }
    return *ret < least ? HF_CANONICAL_WIDTH : HF_CANONICAL_OK;
}

/* head: bytes before the body. */
static enum hf_canonical_reason walk_body(struct walk *w, size_t head, uint64_t len)
{
    if (w->len - w->at < head || w->len - w->at - head < len) {
        return HF_CANONICAL_TRUNCATED;
    }
    w->at += head + (size_t)len;
    return HF_CANONICAL_OK;
}

/* width: bytes of the length, 0 for a fixstr of len bytes. A UTF-8 fault leaves w->at at the wrong
 * byte. */
static enum hf_canonical_reason walk_str(struct walk *w, size_t width, uint64_t len)
{
    if (width > 0) {
        uint64_t least = width == 1 ? 32 : UINT64_C(1) << (width * 4);
        enum hf_canonical_reason reason = walk_length(w, width, least, &len);
        if (reason != HF_CANONICAL_OK) {
            return reason;
        }
    }
    size_t body = w->at + 1 + width;
    enum hf_canonical_reason reason = walk_body(w, 1 + width, len);
    if (reason != HF_CANONICAL_OK) {
        return reason;
    }
    size_t wrong = 0;
    if (!hf_utf8_valid(hf_bytes_of(w->ptr + body, (size_t)len), &wrong)) {
        w->at = body + wrong;
        return HF_CANONICAL_UTF8;
    }
    return HF_CANONICAL_OK;
}

static enum hf_canonical_reason walk_bin(struct walk *w, size_t width)
{
    uint64_t len;
    uint64_t least = width == 1 ? 0 : UINT64_C(1) << (width * 4);
    enum hf_canonical_reason reason = walk_length(w, width, least, &len);
    return reason != HF_CANONICAL_OK ? reason : walk_body(w, 1 + width, len);
}

/* width: bytes of the length, 0 for a fixext of len bytes. */
static enum hf_canonical_reason walk_ext(struct walk *w, size_t width, uint64_t len)
{
    size_t start = w->at;
    if (width > 0) {
        enum hf_canonical_reason reason =
            walk_length(w, width, width == 1 ? 0 : UINT64_C(1) << (width * 4), &len);
        if (reason != HF_CANONICAL_OK) {
            return reason;
        }
        if (len == 1 || len == 2 || len == 4 || len == 8 || len == 16) {
            return HF_CANONICAL_WIDTH;
        }
    }
    enum hf_canonical_reason reason = walk_body(w, 1 + width + 1, len);
    if (reason != HF_CANONICAL_OK) {
        return reason;
    }
    const uint8_t *type = w->ptr + start + 1 + width;
    if (*type != HF_SEALED_TYPE) {
        w->at = start;
        return HF_CANONICAL_EXT_TYPE;
    }
    if (len < HF_SEALED_MIN || type[1] != HF_SEALED_FORMAT) {
        w->at = start;
        return HF_CANONICAL_EXT_SHAPE;
    }
    return HF_CANONICAL_OK;
}

/* width: bytes of the count, 0 for a count inside of the head byte. */
static enum hf_canonical_reason walk_open(struct walk *w, bool is_map, size_t width, uint64_t count)
{
    if (width > 0) {
        uint64_t least = width == 2 ? 16 : 65536;
        enum hf_canonical_reason reason = walk_length(w, width, least, &count);
        if (reason != HF_CANONICAL_OK) {
            return reason;
        }
    }
    uint64_t values = is_map ? count * 2 : count;
    if (values > w->len - w->at - 1 - width) {
        return HF_CANONICAL_TRUNCATED; /* each value takes a byte at least */
    }
    if (w->depth == HF_CANONICAL_DEPTH_MAX) {
        return HF_CANONICAL_DEPTH;
    }
    w->at += 1 + width;
    w->levels[w->depth] = (struct level){.left = (uint32_t)values, .is_map = is_map};
    w->depth++;
    return HF_CANONICAL_OK;
}

static enum hf_canonical_reason walk_head(struct walk *w, uint8_t head)
{
    switch (head) {
    case 0xc0:
    case 0xc2:
    case 0xc3: w->at++; return HF_CANONICAL_OK;
    case 0xc1: return HF_CANONICAL_RESERVED;
    case 0xc4: return walk_bin(w, 1);
    case 0xc5: return walk_bin(w, 2);
    case 0xc6: return walk_bin(w, 4);
    case 0xc7: return walk_ext(w, 1, 0);
    case 0xc8: return walk_ext(w, 2, 0);
    case 0xc9: return walk_ext(w, 4, 0);
    case 0xca:
    case 0xcb: return HF_CANONICAL_FLOAT;
    case 0xcc: return walk_uint(w, 1);
    case 0xcd: return walk_uint(w, 2);
    case 0xce: return walk_uint(w, 4);
    case 0xcf: return walk_uint(w, 8);
    case 0xd0: return walk_int(w, 1);
    case 0xd1: return walk_int(w, 2);
    case 0xd2: return walk_int(w, 4);
    case 0xd3: return walk_int(w, 8);
    case 0xd4: return walk_ext(w, 0, 1);
    case 0xd5: return walk_ext(w, 0, 2);
    case 0xd6: return walk_ext(w, 0, 4);
    case 0xd7: return walk_ext(w, 0, 8);
    case 0xd8: return walk_ext(w, 0, 16);
    case 0xd9: return walk_str(w, 1, 0);
    case 0xda: return walk_str(w, 2, 0);
    case 0xdb: return walk_str(w, 4, 0);
    case 0xdc: return walk_open(w, false, 2, 0);
    case 0xdd: return walk_open(w, false, 4, 0);
    case 0xde: return walk_open(w, true, 2, 0);
    case 0xdf: return walk_open(w, true, 4, 0);
    default: HF_UNREACHABLE("heads of one byte are handled before");
    }
}

static enum hf_canonical_reason walk_value(struct walk *w)
{
    if (w->at == w->len) {
        return HF_CANONICAL_TRUNCATED;
    }
    uint8_t head = w->ptr[w->at];
    if (head < 0x80 || head >= 0xe0) {
        w->at++;
        return HF_CANONICAL_OK;
    }
    if (head < 0x90) {
        return walk_open(w, true, 0, head & 0x0f);
    }
    if (head < 0xa0) {
        return walk_open(w, false, 0, head & 0x0f);
    }
    if (head < 0xc0) {
        return walk_str(w, 0, head & 0x1f);
    }
    return walk_head(w, head);
}

static bool is_str_head(uint8_t head)
{
    return (head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb);
}

/* Walks a map's key and holds it against the key before. */
static enum hf_canonical_reason walk_key(struct walk *w, struct level *level)
{
    size_t start = w->at;
    if (start == w->len) {
        return HF_CANONICAL_TRUNCATED;
    }
    if (!is_str_head(w->ptr[start])) {
        return HF_CANONICAL_KEY_TYPE;
    }
    enum hf_canonical_reason reason = walk_value(w);
    if (reason != HF_CANONICAL_OK) {
        return reason;
    }
    uint8_t head = w->ptr[start];
    size_t body = start + (head < 0xc0 ? 1u : 1u + (1u << (head - 0xd9)));
    struct hf_bytes key = hf_bytes_of(w->ptr + body, w->at - body);
    if (level->has_key) {
        int order = hf_bytes_cmp(hf_bytes_of(w->ptr + level->key_at, level->key_len), key);
        if (order >= 0) {
            w->at = start;
            return order == 0 ? HF_CANONICAL_KEY_DUPLICATE : HF_CANONICAL_KEY_ORDER;
        }
    }
    level->has_key = true;
    level->key_at = (uint32_t)body;
    level->key_len = (uint32_t)key.len;
    return HF_CANONICAL_OK;
}

static enum hf_canonical_reason walk_all(struct walk *w)
{
    enum hf_canonical_reason reason = walk_value(w);
    while (reason == HF_CANONICAL_OK && w->depth > 0) {
        struct level *level = &w->levels[w->depth - 1];
        if (level->left == 0) {
            w->depth--;
            continue;
        }
        /* An even number left in a map: a key comes. */
        bool is_key = level->is_map && level->left % 2 == 0;
        level->left--;
        reason = is_key ? walk_key(w, level) : walk_value(w);
    }
    return reason;
}

enum hf_rc hf_canonical_check(struct hf_bytes bytes, struct hf_canonical_fault *ret_fault)
{
    *ret_fault = (struct hf_canonical_fault){0, HF_CANONICAL_OK};
    if (bytes.len == 0) {
        ret_fault->reason = HF_CANONICAL_EMPTY;
        return HF_EINVAL;
    }
    if (bytes.len > HF_CANONICAL_SIZE_MAX) {
        *ret_fault = (struct hf_canonical_fault){HF_CANONICAL_SIZE_MAX, HF_CANONICAL_TOO_LONG};
        return HF_ETOOBIG;
    }
    struct walk w;
    w.ptr = bytes.ptr;
    w.len = bytes.len;
    w.at = 0;
    w.depth = 0;
    enum hf_canonical_reason reason = walk_all(&w);
    if (reason == HF_CANONICAL_OK && w.at < w.len) {
        reason = HF_CANONICAL_TRAILING;
    }
    if (reason == HF_CANONICAL_OK) {
        return HF_OK;
    }
    *ret_fault = (struct hf_canonical_fault){w.at, reason};
    return HF_EINVAL;
}

enum hf_rc hf_canonical_check_err(struct hf_bytes bytes, struct hf_err *err)
{
    struct hf_canonical_fault fault;
    enum hf_rc rc = hf_canonical_check(bytes, &fault);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "offset %zu: %s", fault.offset,
                          hf_canonical_reason_text(fault.reason));
    }
    return HF_OK;
}
