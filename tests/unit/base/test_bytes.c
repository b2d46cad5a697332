/* tests/unit/base/test_bytes.c: slices, writers, cursors and buffers. */
#include "base/buf.h"
#include "base/env.h"
#include "base/heap.h"
#include "tests/harness/test.h"

static bool fails_nth(void *arg)
{
    size_t *left = arg;
    return *left == 0 || (*left)-- > 1;
}

/* Order is bytewise and a prefix sorts first: pairs with the sign expected, both ways round. */
HF_TEST(compare)
{
    const struct {
        struct hf_bytes a, b;
        int sign;
    } rows[] = {
        {{NULL, 0}, {NULL, 0}, 0},
        {{NULL, 0}, HF_BYTES("\0"), -1},
        {HF_BYTES("a"), HF_BYTES("a"), 0},
        {HF_BYTES("a"), HF_BYTES("a\0"), -1},
        {HF_BYTES("ab"), HF_BYTES("b"), -1},
        {HF_BYTES("\x7f"), HF_BYTES("\x80"), -1}, /* bytes have no sign */
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        int there = hf_bytes_cmp(rows[i].a, rows[i].b), back = hf_bytes_cmp(rows[i].b, rows[i].a);
        HF_CHECK((there > 0) - (there < 0) == rows[i].sign);
        HF_CHECK((back > 0) - (back < 0) == -rows[i].sign);
        HF_CHECK(hf_bytes_eq(rows[i].a, rows[i].b) == (rows[i].sign == 0));
    }
    HF_CHECK(hf_str_starts(HF_STR("abc"), HF_STR("")) &&
             hf_str_starts((struct hf_str){0}, HF_STR("")));
    HF_CHECK(hf_str_starts(HF_STR("abc"), HF_STR("abc")));
    HF_CHECK(!hf_str_starts(HF_STR("ab"), HF_STR("abc")) &&
             !hf_str_starts(HF_STR("abc"), HF_STR("b")));
}

/* A decoder of one code point written from the definition, to compare with. Bytes taken or 0. */
static size_t reference_utf8(const uint8_t *p, size_t left, uint32_t *ret_point)
{
    size_t len = p[0] < 0x80       ? 1
                 : p[0] >> 5 == 6  ? 2
                 : p[0] >> 4 == 14 ? 3
                 : p[0] >> 3 == 30 ? 4
                                   : 0;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (len == 0 || len > left) {
        return 0;
    }
    uint32_t point = len == 1 ? p[0] : p[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (p[i] >> 6 != 2) {
            return 0;
        }
        point = point << 6 | (p[i] & 63);
    }
    *ret_point = point;
    bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    return point < least[len] || point > 0x10FFFF || surrogate ? 0 : len;
}

/* The first character is this one, of so many bytes. */
static bool takes(const uint8_t *p, size_t left, uint32_t point, size_t len)
{
    size_t got_len = 0;
    return hf_utf8_next(hf_bytes_str(hf_bytes_of(p, left)), &got_len) == point && got_len == len;
}

/* Every one of the 65536 pairs of lead and second byte, before each ending, behind ASCII of each
 * length up to 9 (the fast path works on words): the answer and the offset are the reference's. */
HF_TEST(utf8_exhaustive)
{
    static const char *const ends[] = {"", "\x80", "\x80\x80", "\xBF\xBF", "x\x80", "\x80x"};
    for (uint32_t pair = 0; pair < 65536 * 10; pair++) {
        uint32_t ahead = pair >> 16;
        for (size_t e = 0; e < HF_LEN(ends); e++) {
            uint8_t text[16];
            memset(text, 'a', sizeof text);
            text[ahead] = (uint8_t)(pair >> 8);
            text[ahead + 1] = (uint8_t)pair;
            size_t end = strlen(ends[e]), len = ahead + 2 + end;
            for (size_t i = 0; i < end; i++) {
                text[ahead + 2 + i] = (uint8_t)ends[e][i];
            }
            size_t at = 0, got = SIZE_MAX;
            uint32_t point = 0;
            for (size_t step;
                 at < len && (step = reference_utf8(text + at, len - at, &point)) > 0;) {
                HF_CHECK(takes(text + at, len - at, point, step));
                at += step;
            }
            HF_CHECK(at == len || takes(text + at, len - at, 0xFFFD, 1));
            HF_CHECK(hf_utf8_valid(hf_bytes_of(text, len), &got) == (at == len));
            HF_CHECK_U64(got, at == len ? SIZE_MAX : at);
        }
    }
    HF_CHECK(hf_utf8_valid((struct hf_bytes){0}, NULL));
    HF_CHECK(!hf_utf8_valid(HF_BYTES("\xFF"), NULL));
}

/* What people see, and what they do not, at the borders of what they do not. */
HF_TEST(utf8_hidden)
{
    static const uint32_t seen[] = {'\t',   '\n',   ' ',    '~',    0xA0,   0xAC,    0x200A,
                                    0x2010, 0x2027, 0x202F, 0x3000, 0xFFFD, 0x1F600, 0x10FFFF};
    static const uint32_t hidden[] = {0,      0x1B,   0x7F,    0x9F,   0xAD,   0x61C,
                                      0x180E, 0x200B, 0x200F,  0x2028, 0x202E, 0x3164,
                                      0xFE0F, 0xFEFF, 0x1D173, 0xE0041};
    for (size_t i = 0; i < HF_LEN(seen); i++) {
        HF_CHECK(!hf_utf8_hidden(seen[i]));
    }
    for (size_t i = 0; i < HF_LEN(hidden); i++) {
        HF_CHECK(hf_utf8_hidden(hidden[i]));
    }
}

/* A writer of every size that is too small sets overflow, writes nothing past its end, and still
 * tells the size needed. */
HF_TEST(writer_sizes)
{
    static const uint8_t expected[] = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
                                      "text7";
    for (size_t cap = 0; cap < sizeof expected + 2; cap++) {
        uint8_t memory[64];
        memset(memory, 0xEE, sizeof memory);
        struct hf_writer w = hf_writer_init(memory, cap);
        hf_writer_u8(&w, 1);
        hf_writer_be16(&w, 0x0203);
        hf_writer_be32(&w, 0x04050607);
        hf_writer_be64(&w, UINT64_C(0x08090a0b0c0d0e0f));
        hf_writer_str(&w, HF_STR("text"));
        hf_writer_bytes(&w, (struct hf_bytes){0});
        hf_writer_printf(&w, "%d", 7);
        HF_CHECK_U64(w.len, sizeof expected - 1);
        HF_CHECK(w.overflow == (cap < sizeof expected - 1));
        HF_CHECK(memory[cap] == 0xEE);
        if (!w.overflow) {
            HF_CHECK(hf_bytes_eq(hf_writer_done(&w), hf_bytes_of(expected, sizeof expected - 1)));
        }
    }
}

/* Once overflowed, even what would fit is not written. */
HF_TEST(writer_sticky)
{
    char memory[8] = "........";
    struct hf_writer w = hf_writer_init(memory, 4);
    hf_writer_str(&w, HF_STR("12345"));
    hf_writer_u8(&w, 'x');
    HF_CHECK(w.overflow && memory[0] == '.');
    HF_CHECK_U64(w.len, 6);
    char big[2048];
    w = hf_writer_init(big, sizeof big);
    hf_writer_printf(&w, "%1500d", 1); /* longer than printf's own bound */
    HF_CHECK(w.overflow && w.len == 1500);
}

/* What the writer wrote a cursor reads; each get that lacks a byte changes nothing. */
HF_TEST(cursor)
{
    struct hf_cursor c = hf_cursor_init(HF_BYTES("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"
                                                 "\x0d\x0e\x0fline\n\nrest"));
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    struct hf_str line;
    struct hf_bytes taken = {0};
    HF_CHECK(hf_cursor_u8(&c, &u8) && u8 == 1);
    HF_CHECK(hf_cursor_be16(&c, &u16) && u16 == 0x0203);
    HF_CHECK(hf_cursor_be32(&c, &u32) && u32 == 0x04050607);
    HF_CHECK(hf_cursor_be64(&c, &u64) && u64 == UINT64_C(0x08090a0b0c0d0e0f));
    HF_CHECK(hf_cursor_line(&c, &line));
    HF_CHECK_STR(line, HF_STR("line"));
    HF_CHECK(hf_cursor_line(&c, &line) && line.len == 0);
    const uint8_t *at = c.ptr;
    HF_CHECK(!hf_cursor_line(&c, &line) && !hf_cursor_be64(&c, &u64));
    HF_CHECK(!hf_cursor_take(&c, 5, &taken) && !hf_cursor_take(&c, SIZE_MAX, &taken));
    HF_CHECK(c.ptr == at && c.left == 4);
    HF_CHECK(hf_cursor_take(&c, 3, &taken) && hf_cursor_take(&c, 0, &taken) && taken.len == 0);
    HF_CHECK(!hf_cursor_be16(&c, &u16) && !hf_cursor_be32(&c, &u32) && hf_cursor_u8(&c, &u8));
    HF_CHECK(!hf_cursor_u8(&c, &u8) && u8 == 't' && u16 == 0x0203 && u32 == 0x04050607);
    struct hf_cursor none = hf_cursor_init((struct hf_bytes){0});
    HF_CHECK(hf_cursor_take(&none, 0, &taken) && !hf_cursor_line(&none, &line));
}

/* A buffer takes exactly its maximum; one byte more fails, stays failed, keeps what it had; clear
 * forgets the failure. */
HF_TEST(buf_maximum)
{
    for (size_t max = 0; max < 200; max++) {
        struct hf_buf buf = hf_buf_init(max);
        for (size_t i = 0; i < max; i++) {
            hf_buf_put(&buf, "x", 1);
        }
        HF_CHECK(buf.failed == HF_OK && buf.len == max);
        hf_buf_str(&buf, HF_STR("y"));
        HF_CHECK(buf.failed == HF_ETOOBIG && buf.len == max);
        hf_buf_put(&buf, NULL, 0);
        HF_CHECK(hf_buf_reserve(&buf, 0) == NULL && buf.failed == HF_ETOOBIG);
        hf_buf_clear(&buf);
        HF_CHECK(hf_buf_reserve(&buf, max) != NULL && buf.len == 0);
        HF_CHECK(hf_buf_reserve(&buf, SIZE_MAX) == NULL && buf.failed == HF_ETOOBIG);
        hf_buf_free(&buf);
        HF_CHECK(buf.ptr == NULL && buf.len == 0 && buf.failed == HF_OK);
    }
}

/* Random pieces by all ways to append give the same bytes as their concatenation. */
HF_TEST(buf_pieces)
{
    struct hf_env_sim env;
    hf_env_sim_init(&env, hf_test_seed());
    static char all[100000];
    size_t len = 0;
    struct hf_buf buf = hf_buf_init(sizeof all);
    while (len + 300 < sizeof all) {
        uint8_t draw[2];
        char piece[256];
        hf_env_random(&env.env, draw, sizeof draw);
        memset(piece, 'a' + draw[0] % 26, draw[1]);
        piece[draw[1]] = '\0';
        if (draw[0] % 3 == 0) {
            hf_buf_put(&buf, piece, draw[1]);
        } else if (draw[0] % 3 == 1) {
            hf_buf_printf(&buf, "%s", piece);
        } else {
            uint8_t *room = hf_buf_reserve(&buf, 256);
            HF_CHECK(room != NULL);
            memcpy(room, piece, draw[1]);
            hf_buf_commit(&buf, draw[1]);
        }
        memcpy(all + len, piece, draw[1]);
        len += draw[1];
    }
    HF_CHECK(buf.failed == HF_OK);
    HF_CHECK(hf_bytes_eq(hf_buf_bytes(&buf), hf_bytes_of(all, len)));
    hf_buf_free(&buf);
}

/* Whichever growth fails, the buffer says so, keeps a prefix of the text and leaks nothing. */
HF_TEST(buf_no_memory)
{
    for (size_t n = 1;; n++) {
        size_t left = n;
        struct hf_buf buf = hf_buf_init(4096);
        hf_heap_gate(fails_nth, &left);
        for (int i = 0; i < 1000; i++) {
            hf_buf_printf(&buf, "%c", 'a' + i % 26);
        }
        hf_heap_gate(NULL, NULL);
        for (size_t i = 0; i < buf.len; i++) {
            HF_CHECK_U64(buf.ptr[i], 'a' + i % 26);
        }
        enum hf_rc failed = buf.failed;
        size_t len = buf.len;
        hf_buf_free(&buf);
        if (left > 0) {
            HF_CHECK(n > 3 && failed == HF_OK && len == 1000);
            return;
        }
        HF_CHECK(failed == HF_ENOMEM && len < 1000);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(compare), HF_TEST_CASE(utf8_exhaustive), HF_TEST_CASE(utf8_hidden),
             HF_TEST_CASE(writer_sizes), HF_TEST_CASE(writer_sticky), HF_TEST_CASE(cursor),
             HF_TEST_CASE(buf_maximum), HF_TEST_CASE(buf_pieces), HF_TEST_CASE(buf_no_memory))
