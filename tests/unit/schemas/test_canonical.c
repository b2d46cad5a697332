/* tests/unit/schemas/test_canonical.c: what is canonical, and where and why the rest is not. */
#include "base/heap.h"
#include "schemas/canonical.h"
#include "schemas/pack.h"
#include "schemas/unpack.h"
#include "tests/harness/test.h"

#define X16         "xxxxxxxxxxxxxxxx"
#define X31         X16 "xxxxxxxxxxxxxxx"
#define Z16         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
/* 56 bytes after the format byte: the shortest sealed data. */
#define SEALED_REST Z16 Z16 Z16 "\0\0\0\0\0\0\0\0"

struct row {
    const char *what;
    const char *bytes;
    size_t len;
    enum hf_canonical_reason reason;
    size_t offset;
};

#define ROW(what, bytes, reason, offset)                                                           \
    {                                                                                              \
        what, bytes, sizeof(bytes) - 1, HF_CANONICAL_##reason, offset                              \
    }

static const struct row rows[] = {
    ROW("nil", "\xc0", OK, 0),
    ROW("false", "\xc2", OK, 0),
    ROW("true", "\xc3", OK, 0),
    ROW("0", "\x00", OK, 0),
    ROW("127", "\x7f", OK, 0),
    ROW("128", "\xcc\x80", OK, 0),
    ROW("255", "\xcc\xff", OK, 0),
    ROW("256", "\xcd\x01\x00", OK, 0),
    ROW("65535", "\xcd\xff\xff", OK, 0),
    ROW("65536", "\xce\x00\x01\x00\x00", OK, 0),
    ROW("2^32-1", "\xce\xff\xff\xff\xff", OK, 0),
    ROW("2^32", "\xcf\0\0\0\1\0\0\0\0", OK, 0),
    ROW("2^64-1", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", OK, 0),
    ROW("-1", "\xff", OK, 0),
    ROW("-32", "\xe0", OK, 0),
    ROW("-33", "\xd0\xdf", OK, 0),
    ROW("-128", "\xd0\x80", OK, 0),
    ROW("-129", "\xd1\xff\x7f", OK, 0),
    ROW("-32768", "\xd1\x80\x00", OK, 0),
    ROW("-32769", "\xd2\xff\xff\x7f\xff", OK, 0),
    ROW("-2^31", "\xd2\x80\0\0\0", OK, 0),
    ROW("-2^31-1", "\xd3\xff\xff\xff\xff\x7f\xff\xff\xff", OK, 0),
    ROW("-2^63", "\xd3\x80\0\0\0\0\0\0\0", OK, 0),
    ROW("empty str", "\xa0", OK, 0),
    ROW("str of 31", "\xbf" X31, OK, 0),
    ROW("str of 32", "\xd9\x20" X16 X16, OK, 0),
    ROW("str with U+10FFFF", "\xa4\xf4\x8f\xbf\xbf", OK, 0),
    ROW("empty bin", "\xc4\x00", OK, 0),
    ROW("bin", "\xc4\x02\xff\x00", OK, 0),
    ROW("empty array", "\x90", OK, 0),
    ROW("array", "\x92\xc0\x91\x01", OK, 0),
    ROW("array of 16", "\xdc\x00\x10" Z16, OK, 0),
    ROW("empty map", "\x80", OK, 0),
    ROW("map",
        "\x82\xa1"
        "a\x01\xa2"
        "aa\x02",
        OK, 0),
    ROW("map: short keys after longer ones",
        "\x82\xa2"
        "aa\x01\xa1"
        "b\x02",
        OK, 0),
    ROW("map: the empty key is first",
        "\x82\xa0\x01\xa1"
        "a\x02",
        OK, 0),
    ROW("map: bytes above 127 sort last", "\x82\xa1z\x01\xa2\xc3\xa9\x02", OK, 0),
    ROW("the same key in two maps",
        "\x92\x81\xa1"
        "a\x01\x81\xa1"
        "a\x01",
        OK, 0),
    ROW("sealed, shortest", "\xc7\x39\x01\x01" SEALED_REST, OK, 0),
    ROW("16 levels", "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x90", OK, 0),

    ROW("nothing", "", EMPTY, 0),
    ROW("a second value", "\xc0\xc0", TRAILING, 1),
    ROW("a byte after a map", "\x80\x00", TRAILING, 1),
    ROW("reserved", "\xc1", RESERVED, 0),
    ROW("reserved, inside", "\x91\xc1", RESERVED, 1),
    ROW("float32", "\xca\0\0\0\0", FLOAT, 0),
    ROW("float64", "\xcb\0\0\0\0\0\0\0\0", FLOAT, 0),
    ROW("float64 cut off", "\xcb", FLOAT, 0),
    ROW("127 in uint8", "\xcc\x7f", WIDTH, 0),
    ROW("255 in uint16", "\xcd\x00\xff", WIDTH, 0),
    ROW("65535 in uint32", "\xce\x00\x00\xff\xff", WIDTH, 0),
    ROW("2^32-1 in uint64", "\xcf\0\0\0\0\xff\xff\xff\xff", WIDTH, 0),
    ROW("0 in int8", "\xd0\x00", SIGN, 0),
    ROW("127 in int8", "\xd0\x7f", SIGN, 0),
    ROW("128 in int16", "\xd1\x00\x80", SIGN, 0),
    ROW("1 in int32", "\xd2\0\0\0\1", SIGN, 0),
    ROW("2^62 in int64", "\xd3\x40\0\0\0\0\0\0\0", SIGN, 0),
    ROW("-32 in int8", "\xd0\xe0", WIDTH, 0),
    ROW("-1 in int8", "\xd0\xff", WIDTH, 0),
    ROW("-128 in int16", "\xd1\xff\x80", WIDTH, 0),
    ROW("-32768 in int32", "\xd2\xff\xff\x80\x00", WIDTH, 0),
    ROW("-2^31 in int64", "\xd3\xff\xff\xff\xff\x80\0\0\0", WIDTH, 0),
    ROW("uint8 cut off", "\xcc", TRUNCATED, 0),
    ROW("uint16 cut off", "\xcd\x01", TRUNCATED, 0),
    ROW("uint32 cut off", "\xce\x01\x01\x01", TRUNCATED, 0),
    ROW("uint64 cut off", "\xcf\x01\x01\x01\x01\x01\x01\x01", TRUNCATED, 0),
    ROW("int8 cut off", "\xd0", TRUNCATED, 0),
    ROW("int64 cut off", "\xd3\x80", TRUNCATED, 0),
    ROW("31 in str8", "\xd9\x1f" X31, WIDTH, 0),
    ROW("empty str8", "\xd9\x00", WIDTH, 0),
    ROW("32 in str16", "\xda\x00\x20" X16 X16, WIDTH, 0),
    ROW("255 in str16", "\xda\x00\xff", WIDTH, 0),
    ROW("str32", "\xdb\x00\x00\x00\x01x", WIDTH, 0),
    ROW("str32 of 65536", "\xdb\x00\x01\x00\x00", TRUNCATED, 0),
    ROW("str32 of 2^32-1", "\xdb\xff\xff\xff\xff", TRUNCATED, 0),
    ROW("fixstr past the end", "\xa2x", TRUNCATED, 0),
    ROW("str8 past the end", "\xd9\x20" X16, TRUNCATED, 0),
    ROW("str16 past the end", "\xda\xff\xff" X16, TRUNCATED, 0),
    ROW("str8 without length", "\xd9", TRUNCATED, 0),
    ROW("str16 with half a length", "\xda\x01", TRUNCATED, 0),
    ROW("UTF-8: lone continuation", "\xa2x\x80", UTF8, 2),
    ROW("UTF-8: overlong", "\xa2\xc0\x80", UTF8, 1),
    ROW("UTF-8: surrogate", "\xa3\xed\xa0\x80", UTF8, 1),
    ROW("UTF-8: above U+10FFFF", "\xa4\xf4\x90\x80\x80", UTF8, 1),
    ROW("UTF-8: cut off by the length", "\xa1\xc3\xa9", UTF8, 1),
    ROW("UTF-8 in a key", "\x81\xa1\xff\x01", UTF8, 2),
    ROW("1 in bin16", "\xc5\x00\x01x", WIDTH, 0),
    ROW("bin32", "\xc6\x00\x00\x00\x01x", WIDTH, 0),
    ROW("bin past the end", "\xc4\x02x", TRUNCATED, 0),
    ROW("bin without length", "\xc4", TRUNCATED, 0),
    ROW("bin16 past the end", "\xc5\x01\x00x", TRUNCATED, 0),
    ROW("bin32 of 2^32-1", "\xc6\xff\xff\xff\xff", TRUNCATED, 0),
    ROW("15 in array16", "\xdc\x00\x0f" Z16, WIDTH, 0),
    ROW("array32", "\xdd\x00\x00\x00\x01\x00", WIDTH, 0),
    ROW("array32 of 2^32-1", "\xdd\xff\xff\xff\xff", TRUNCATED, 0),
    ROW("1 in map16",
        "\xde\x00\x01\xa1"
        "a\x00",
        WIDTH, 0),
    ROW("map32", "\xdf\x00\x00\x00\x00", WIDTH, 0),
    ROW("map32 of 2^32-1", "\xdf\xff\xff\xff\xff", TRUNCATED, 0),
    ROW("array of more than there is", "\x93\x00\x00", TRUNCATED, 0),
    ROW("array16 of more than there is", "\xdc\xff\xff\x00", TRUNCATED, 0),
    ROW("array without length", "\xdc\x00", TRUNCATED, 0),
    ROW("map of more than there is",
        "\x82\xa1"
        "a\x00",
        TRUNCATED, 0),
    ROW("array that ends inside", "\x92\xa2xx", TRUNCATED, 4),
    ROW("map that ends before a key", "\x82\xa2xx\x00", TRUNCATED, 5),
    ROW("map that ends before a value", "\x81\xa1x", TRUNCATED, 3),
    ROW("key: integer", "\x81\x01\x01", KEY_TYPE, 1),
    ROW("key: nil", "\x81\xc0\x01", KEY_TYPE, 1),
    ROW("key: bin", "\x81\xc4\x00\x01", KEY_TYPE, 1),
    ROW("key: array", "\x81\x90\x01", KEY_TYPE, 1),
    ROW("key: too wide",
        "\x81\xd9\x01"
        "a\x01",
        WIDTH, 1),
    ROW("keys descending",
        "\x82\xa1"
        "b\x01\xa1"
        "a\x02",
        KEY_ORDER, 4),
    ROW("keys by length first",
        "\x82\xa1"
        "b\x01\xa2"
        "aa\x02",
        KEY_ORDER, 4),
    ROW("a prefix after the longer key",
        "\x82\xa2"
        "ab\x01\xa1"
        "a\x02",
        KEY_ORDER, 5),
    ROW("key above 127 before z", "\x82\xa2\xc3\xa9\x01\xa1z\x02", KEY_ORDER, 5),
    ROW("duplicate key",
        "\x82\xa1"
        "a\x01\xa1"
        "a\x02",
        KEY_DUPLICATE, 4),
    ROW("duplicate key after a map",
        "\x82\xa1"
        "a\x81\xa1z\x01\xa1"
        "a\x02",
        KEY_DUPLICATE, 7),
    ROW("order inside of an inner map",
        "\x81\xa1"
        "a\x82\xa1z\x01\xa1y\x01",
        KEY_ORDER, 7),
    ROW("17 arrays", "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x90", DEPTH,
        16),
    ROW("17 levels, the last a map",
        "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x80", DEPTH, 16),
    ROW("fixext1", "\xd4\x01\x00", EXT_SHAPE, 0),
    ROW("fixext16", "\xd8\x01" Z16, EXT_SHAPE, 0),
    ROW("fixext4 timestamp", "\xd6\xff\0\0\0\0", EXT_TYPE, 0),
    ROW("fixext8 cut off", "\xd7\x01\x00", TRUNCATED, 0),
    ROW("fixext2 cut off", "\xd5", TRUNCATED, 0),
    ROW("ext8 for 16", "\xc7\x10\x01" Z16, WIDTH, 0),
    ROW("ext8 of another type", "\xc7\x39\x02\x01" SEALED_REST, EXT_TYPE, 0),
    ROW("ext8, empty", "\xc7\x00\x01", EXT_SHAPE, 0),
    ROW("sealed too short", "\xc7\x38\x01\x01" Z16 Z16 Z16 "\0\0\0\0\0\0\0", EXT_SHAPE, 0),
    ROW("sealed of another format", "\xc7\x39\x01\x02" SEALED_REST, EXT_SHAPE, 0),
    ROW("sealed in ext16", "\xc8\x00\x39\x01\x01" SEALED_REST, WIDTH, 0),
    ROW("sealed in ext32", "\xc9\x00\x00\x00\x39\x01\x01" SEALED_REST, WIDTH, 0),
    ROW("sealed past the end", "\xc7\x3a\x01\x01" SEALED_REST, TRUNCATED, 0),
    ROW("ext8 without type", "\xc7\x00", TRUNCATED, 0),
    ROW("ext8 without length", "\xc7", TRUNCATED, 0),
    ROW("sealed as a key", "\x81\xc7\x39\x01\x01" SEALED_REST "\x00", KEY_TYPE, 1),
};

/* Goal: each row is accepted, or refused with its reason and offset. Method: the table, each row in
 * a block of its own size, so that the address sanitizer sees a read past the end. */
HF_TEST(table)
{
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        const struct row *row = &rows[i];
        uint8_t *copy = hf_heap_copy(row->bytes, row->len);
        struct hf_canonical_fault fault = {99, HF_CANONICAL_OK};
        HF_CHECK(copy != NULL);
        enum hf_rc rc = hf_canonical_check(hf_bytes_of(copy, row->len), &fault);
        if (fault.reason != row->reason || fault.offset != row->offset) {
            hf_test_fail(__FILE__, __LINE__, "%s: %s at %zu, expected %s at %zu", row->what,
                         hf_canonical_reason_text(fault.reason), fault.offset,
                         hf_canonical_reason_text(row->reason), row->offset);
        }
        hf_heap_free(copy);
        HF_CHECK_RC(rc, row->reason == HF_CANONICAL_OK ? HF_OK : HF_EINVAL);
    }
}

/* Goal: the fast readers skip what is canonical, to the last byte, and never accept a width that is
 * not. Method: the table's rows that say OK, WIDTH and SIGN at the top level. */
HF_TEST(skip_agrees)
{
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        const struct row *row = &rows[i];
        uint8_t *copy = hf_heap_copy(row->bytes, row->len);
        HF_CHECK(copy != NULL);
        struct hf_unpack u = hf_unpack_init(hf_bytes_of(copy, row->len));
        bool skipped = hf_unpack_skip(&u);
        size_t left = hf_unpack_left(&u);
        hf_heap_free(copy);
        if (row->reason == HF_CANONICAL_OK) {
            HF_CHECK(skipped && left == 0);
        } else if (row->reason == HF_CANONICAL_TRUNCATED || row->reason == HF_CANONICAL_SIGN ||
                   (row->reason == HF_CANONICAL_WIDTH && row->offset == 0)) {
            if (skipped || left != row->len) {
                hf_test_fail(__FILE__, __LINE__, "%s was skipped", row->what);
                return;
            }
        }
    }
}

/* Goal: the size limit is exact. Method: a str16 that fills 65,535 bytes, and one byte more. */
HF_TEST(size_limit)
{
    static uint8_t bytes[HF_CANONICAL_SIZE_MAX + 1];
    struct hf_canonical_fault fault;
    memset(bytes, 'x', sizeof bytes);
    bytes[0] = 0xda;
    hf_be16_put(bytes + 1, HF_CANONICAL_SIZE_MAX - 3);
    HF_CHECK_RC(hf_canonical_check(hf_bytes_of(bytes, HF_CANONICAL_SIZE_MAX), &fault), HF_OK);
    HF_CHECK_RC(hf_canonical_check(hf_bytes_of(bytes, sizeof bytes), &fault), HF_ETOOBIG);
    HF_CHECK_U64(fault.reason, HF_CANONICAL_TOO_LONG);
    HF_CHECK_U64(fault.offset, HF_CANONICAL_SIZE_MAX);
}

/* Goal: the text names offset and reason. */
HF_TEST(text)
{
    struct hf_err err = {0};
    HF_CHECK_RC(hf_canonical_check_err(HF_BYTES("\x91\xcc\x01"), &err), HF_EINVAL);
    HF_CHECK_STR(hf_str_c(err.text), HF_STR("offset 1: not the shortest encoding"));
}

/* Goal: the packer writes what the checker accepts and the readers give back. Method: integers
 * around every power of two, lengths around every change of width. */
HF_TEST(pack_integers)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int delta = -2; delta <= 2; delta++) {
            uint64_t value = (UINT64_C(1) << bit) + (uint64_t)(int64_t)delta;
            int64_t negative = (int64_t)(0 - value);
            uint8_t room[16];
            uint64_t back;
            int64_t signed_back;
            struct hf_canonical_fault fault;
            struct hf_writer w = hf_writer_init(room, sizeof room);
            hf_pack_u64(&w, value);
            HF_CHECK_RC(hf_canonical_check(hf_writer_done(&w), &fault), HF_OK);
            struct hf_unpack u = hf_unpack_init(hf_writer_done(&w));
            HF_CHECK(hf_unpack_u64(&u, &back) && hf_unpack_left(&u) == 0);
            HF_CHECK_U64(back, value);
            w = hf_writer_init(room, sizeof room);
            hf_pack_i64(&w, negative);
            HF_CHECK_RC(hf_canonical_check(hf_writer_done(&w), &fault), HF_OK);
            u = hf_unpack_init(hf_writer_done(&w));
            HF_CHECK(hf_unpack_i64(&u, &signed_back) && hf_unpack_left(&u) == 0);
            HF_CHECK_U64(signed_back, negative);
        }
    }
}

HF_TEST(pack_lengths)
{
    static uint8_t room[HF_CANONICAL_SIZE_MAX];
    static const char zeros[65536];
    static const size_t lengths[] = {0, 1, 15, 16, 31, 32, 33, 255, 256, 257, 65000, 65532};
    struct hf_canonical_fault fault;
    for (size_t i = 0; i < HF_LEN(lengths); i++) {
        struct hf_str text = {NULL, 0};
        struct hf_bytes bytes = {NULL, 0};
        size_t count = 0;
        struct hf_writer w = hf_writer_init(room, sizeof room);
        hf_pack_str(&w, (struct hf_str){zeros, lengths[i]});
        HF_CHECK_RC(hf_canonical_check(hf_writer_done(&w), &fault), HF_OK);
        struct hf_unpack u = hf_unpack_init(hf_writer_done(&w));
        HF_CHECK(hf_unpack_str(&u, &text) && text.len == lengths[i]);
        w = hf_writer_init(room, sizeof room);
        hf_pack_bin(&w, hf_bytes_of(zeros, lengths[i]));
        HF_CHECK_RC(hf_canonical_check(hf_writer_done(&w), &fault), HF_OK);
        u = hf_unpack_init(hf_writer_done(&w));
        HF_CHECK(hf_unpack_bin(&u, &bytes) && bytes.len == lengths[i]);
        w = hf_writer_init(room, sizeof room);
        hf_pack_array(&w, lengths[i]);
        for (size_t n = 0; n < lengths[i]; n++) {
            hf_pack_nil(&w);
        }
        HF_CHECK_RC(hf_canonical_check(hf_writer_done(&w), &fault), HF_OK);
        u = hf_unpack_init(hf_writer_done(&w));
        HF_CHECK(hf_unpack_array(&u, &count) && count == lengths[i]);
    }
}

/* Goal: sealed data has one form too. Method: pack the shortest and one that needs ext16. */
HF_TEST(pack_sealed)
{
    static uint8_t sealed[1000] = {HF_SEALED_FORMAT};
    static uint8_t room[1100];
    static const size_t lengths[] = {HF_SEALED_MIN, 255, 256, 1000};
    for (size_t i = 0; i < HF_LEN(lengths); i++) {
        struct hf_writer w = hf_writer_init(room, sizeof room);
        struct hf_canonical_fault fault;
        struct hf_bytes back = {NULL, 0};
        hf_pack_sealed(&w, hf_bytes_of(sealed, lengths[i]));
        HF_CHECK_RC(hf_canonical_check(hf_writer_done(&w), &fault), HF_OK);
        struct hf_unpack u = hf_unpack_init(hf_writer_done(&w));
        HF_CHECK(hf_unpack_sealed(&u, &back) && back.len == lengths[i]);
    }
}

/* Goal: overflow of the writer is noticed, nothing is written past the end. Method: every room that
 * is too small. */
HF_TEST(pack_overflow)
{
    for (size_t cap = 0; cap < 12; cap++) {
        uint8_t room[16];
        memset(room, 0xee, sizeof room);
        struct hf_writer w = hf_writer_init(room, cap);
        hf_pack_str(&w, HF_STR("0123456789a"));
        HF_CHECK(w.overflow && w.len == 12);
        HF_CHECK_U64(room[cap], 0xee);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(table), HF_TEST_CASE(skip_agrees), HF_TEST_CASE(size_limit),
             HF_TEST_CASE(text), HF_TEST_CASE(pack_integers), HF_TEST_CASE(pack_lengths),
             HF_TEST_CASE(pack_sealed), HF_TEST_CASE(pack_overflow))
