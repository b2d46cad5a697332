/* tests/unit/base/test_parse.c: hex, base64, numbers, sizes and times from text. */
#include "base/parse.h"

#include "base/base64.h"
#include "base/env.h"
#include "base/hex.h"
#include "tests/harness/test.h"

#define ROUNDS 2000

/* Texts that are hex and what they decode to; texts that are not, and where. */
HF_TEST(hex_table)
{
    const struct {
        struct hf_str text;
        enum hf_rc rc;
        size_t at;
    } rows[] = {
        {HF_STR(""), HF_OK, 0},
        {{NULL, 0}, HF_OK, 0},
        {HF_STR("00ff"), HF_OK, 0},
        {HF_STR("AbCdEf09"), HF_OK, 0},
        {HF_STR("0"), HF_ESYNTAX, 1},
        {HF_STR("0g"), HF_ESYNTAX, 1},
        {HF_STR("g0"), HF_ESYNTAX, 0},
        {HF_STR("00 1"), HF_ESYNTAX, 2},
        {HF_STR("0x00"), HF_ESYNTAX, 1},
        {HF_STR("00\0"), HF_ESYNTAX, 2},
        {HF_STR("00/0"), HF_ESYNTAX, 2},
        {HF_STR("00:0"), HF_ESYNTAX, 2},
        {HF_STR("00@0"), HF_ESYNTAX, 2},
        {HF_STR("00`0"), HF_ESYNTAX, 2},
        {HF_STR("00G0"), HF_ESYNTAX, 2},
        {HF_STR("\xFF\xFF"), HF_ESYNTAX, 0},
        {HF_STR("0011223344"), HF_ETOOBIG, 0},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        uint8_t out[4];
        size_t len = 99, at = 0;
        HF_CHECK_RC(hf_hex_decode(rows[i].text, out, sizeof out, &len, &at), rows[i].rc);
        HF_CHECK_U64(at, rows[i].at);
        HF_CHECK_U64(len, rows[i].rc == HF_OK ? rows[i].text.len / 2 : 99);
        HF_CHECK(hf_hex_decode(rows[i].text, out, sizeof out, &len, NULL) == rows[i].rc);
    }
    uint8_t out[4];
    size_t len = 0;
    HF_CHECK_RC(hf_hex_decode(HF_STR("AbCdEf09"), out, 4, &len, NULL), HF_OK);
    HF_CHECK_MEM(out, "\xab\xcd\xef\x09", 4);
}

/* The vectors of RFC 4648, section 10. */
HF_TEST(base64_vectors)
{
    const struct {
        struct hf_str plain, text;
    } rows[] = {
        {HF_STR(""), HF_STR("")},
        {HF_STR("f"), HF_STR("Zg==")},
        {HF_STR("fo"), HF_STR("Zm8=")},
        {HF_STR("foo"), HF_STR("Zm9v")},
        {HF_STR("foob"), HF_STR("Zm9vYg==")},
        {HF_STR("fooba"), HF_STR("Zm9vYmE=")},
        {HF_STR("foobar"), HF_STR("Zm9vYmFy")},
        {HF_STR("\xFB\xFF\xBF"), HF_STR("+/+/")},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        char text[16];
        uint8_t plain[8];
        size_t len = 99;
        hf_base64_encode(hf_str_bytes(rows[i].plain), text);
        HF_CHECK_STR(hf_str_c(text), rows[i].text);
        HF_CHECK_RC(hf_base64_decode(rows[i].text, plain, rows[i].plain.len, &len), HF_OK);
        HF_CHECK_STR(hf_bytes_str(hf_bytes_of(plain, len)), rows[i].plain);
        if (len > 0) {
            HF_CHECK_RC(hf_base64_decode(rows[i].text, plain, len - 1, &len), HF_ETOOBIG);
        }
    }
}

/* Each way to spell base64 loosely is refused and leaves the length alone. */
HF_TEST(base64_refused)
{
    const struct hf_str rows[] = {
        HF_STR("Z"),         HF_STR("Zg"),         HF_STR("Zg="),      HF_STR("Zm9vYg"),
        HF_STR("Zh=="),      HF_STR("Zm9="),       HF_STR("Zg==\n"),   HF_STR("Zm 9"),
        HF_STR("Zm9v\nZm9"), HF_STR("Zg==Zg=="),   HF_STR("Zm8=Zm8="), HF_STR("===="),
        HF_STR("Z==="),      HF_STR("=Zg="),       HF_STR("Zg=a"),     HF_STR("-_-_"),
        HF_STR("Zm9\0"),     HF_STR("\xC3\xA9zz"), HF_STR("Zm9v===="),
    };
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        uint8_t out[16];
        size_t len = 99;
        HF_CHECK_RC(hf_base64_decode(rows[i], out, sizeof out, &len), HF_ESYNTAX);
        HF_CHECK_U64(len, 99);
    }
}

/* Random bytes survive hex and base64; whatever random text base64 takes, it spells again the
 * same way (one spelling a value). */
HF_TEST(round_trips)
{
    static const char letters[] = "AQgw/+=Z";
    struct hf_env_sim env;
    hf_env_sim_init(&env, hf_test_seed());
    size_t taken = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        uint8_t data[64], back[64];
        char text[2 * sizeof data + 1];
        size_t len = 0, size = i % (sizeof data + 1);
        hf_env_random(&env.env, data, sizeof data);
        hf_hex_encode(hf_bytes_of(data, size), text);
        HF_CHECK_RC(hf_hex_decode(hf_str_c(text), back, sizeof back, &len, NULL), HF_OK);
        HF_CHECK(hf_bytes_eq(hf_bytes_of(back, len), hf_bytes_of(data, size)));
        hf_base64_encode(hf_bytes_of(data, size), text);
        HF_CHECK_U64(strlen(text), HF_BASE64_LEN(size));
        HF_CHECK_RC(hf_base64_decode(hf_str_c(text), back, sizeof back, &len), HF_OK);
        HF_CHECK(hf_bytes_eq(hf_bytes_of(back, len), hf_bytes_of(data, size)));
        char loose[9] = "", again[16];
        for (size_t k = 0; k < 8; k++) {
            loose[k] = letters[data[k] % 8];
        }
        if (hf_base64_decode(hf_str_c(loose), back, sizeof back, &len) == HF_OK) {
            hf_base64_encode(hf_bytes_of(back, len), again);
            HF_CHECK_STR(hf_str_c(again), hf_str_c(loose));
            taken++;
        }
    }
    HF_CHECK(taken > ROUNDS / 10 && taken < ROUNDS);
}

/* Numbers at their borders, and every loose spelling refused without touching the result. */
HF_TEST(parse_u64)
{
    const struct {
        struct hf_str text;
        uint64_t min, max;
        enum hf_rc rc;
        uint64_t value;
    } rows[] = {
        {HF_STR("0"), 0, 0, HF_OK, 0},
        {HF_STR("7"), 7, 7, HF_OK, 7},
        {HF_STR("6"), 7, 9, HF_ERANGE, 0},
        {HF_STR("10"), 7, 9, HF_ERANGE, 0},
        {HF_STR("18446744073709551615"), 0, UINT64_MAX, HF_OK, UINT64_MAX},
        {HF_STR("18446744073709551616"), 0, UINT64_MAX, HF_ERANGE, 0},
        {HF_STR("99999999999999999999999999"), 0, UINT64_MAX, HF_ERANGE, 0},
        {HF_STR("9999999999999999999999999x"), 0, UINT64_MAX, HF_ESYNTAX, 0},
        {{NULL, 0}, 0, 9, HF_ESYNTAX, 0},
        {HF_STR("00"), 0, 9, HF_ESYNTAX, 0},
        {HF_STR("01"), 0, 9, HF_ESYNTAX, 0},
        {HF_STR("+1"), 0, 9, HF_ESYNTAX, 0},
        {HF_STR("-1"), 0, 9, HF_ESYNTAX, 0},
        {HF_STR(" 1"), 0, 9, HF_ESYNTAX, 0},
        {HF_STR("1 "), 0, 9, HF_ESYNTAX, 0},
        {HF_STR("1\0"), 0, 9, HF_ESYNTAX, 0},
        {HF_STR("0x1"), 0, 9, HF_ESYNTAX, 0},
        {HF_STR("1e1"), 0, 99, HF_ESYNTAX, 0},
        {HF_STR("\xD9\xA1"), 0, 9, HF_ESYNTAX, 0},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        uint64_t got = 4242;
        HF_CHECK_RC(hf_parse_u64(rows[i].text, rows[i].min, rows[i].max, &got), rows[i].rc);
        HF_CHECK_U64(got, rows[i].rc == HF_OK ? rows[i].value : 4242);
    }
}

/* The same for numbers with a sign. */
HF_TEST(parse_i64)
{
    const struct {
        struct hf_str text;
        int64_t min, max;
        enum hf_rc rc;
        int64_t value;
    } rows[] = {
        {HF_STR("0"), -1, 1, HF_OK, 0},
        {HF_STR("-1"), -1, 1, HF_OK, -1},
        {HF_STR("-2"), -1, 1, HF_ERANGE, 0},
        {HF_STR("2"), -1, 1, HF_ERANGE, 0},
        {HF_STR("9223372036854775807"), INT64_MIN, INT64_MAX, HF_OK, INT64_MAX},
        {HF_STR("9223372036854775808"), INT64_MIN, INT64_MAX, HF_ERANGE, 0},
        {HF_STR("-9223372036854775808"), INT64_MIN, INT64_MAX, HF_OK, INT64_MIN},
        {HF_STR("-9223372036854775809"), INT64_MIN, INT64_MAX, HF_ERANGE, 0},
        {HF_STR("-18446744073709551616"), INT64_MIN, INT64_MAX, HF_ERANGE, 0},
        {{NULL, 0}, -1, 1, HF_ESYNTAX, 0},
        {HF_STR("-"), -1, 1, HF_ESYNTAX, 0},
        {HF_STR("-0"), -1, 1, HF_ESYNTAX, 0},
        {HF_STR("--1"), -1, 1, HF_ESYNTAX, 0},
        {HF_STR("-01"), -1, 1, HF_ESYNTAX, 0},
        {HF_STR("+1"), -1, 1, HF_ESYNTAX, 0},
        {HF_STR("1-"), -1, 1, HF_ESYNTAX, 0},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        int64_t got = 4242;
        HF_CHECK_RC(hf_parse_i64(rows[i].text, rows[i].min, rows[i].max, &got), rows[i].rc);
        HF_CHECK(got == (rows[i].rc == HF_OK ? rows[i].value : 4242));
    }
}

/* Sizes: units are powers of 1024, the border of 64 bits holds for each. */
HF_TEST(parse_size)
{
    const struct {
        struct hf_str text;
        enum hf_rc rc;
        uint64_t value;
    } rows[] = {
        {HF_STR("0"), HF_OK, 0},
        {HF_STR("0T"), HF_OK, 0},
        {HF_STR("1K"), HF_OK, 1024},
        {HF_STR("64M"), HF_OK, UINT64_C(64) << 20},
        {HF_STR("3G"), HF_OK, UINT64_C(3) << 30},
        {HF_STR("16777215T"), HF_OK, UINT64_C(16777215) << 40},
        {HF_STR("16777216T"), HF_ERANGE, 0},
        {HF_STR("18446744073709551615"), HF_OK, UINT64_MAX},
        {HF_STR("18446744073709551615K"), HF_ERANGE, 0},
        {HF_STR("18014398509481983K"), HF_OK, UINT64_MAX - 1023},
        {{NULL, 0}, HF_ESYNTAX, 0},
        {HF_STR("K"), HF_ESYNTAX, 0},
        {HF_STR("1k"), HF_ESYNTAX, 0},
        {HF_STR("1KB"), HF_ESYNTAX, 0},
        {HF_STR("1KK"), HF_ESYNTAX, 0},
        {HF_STR("1 K"), HF_ESYNTAX, 0},
        {HF_STR("1.5K"), HF_ESYNTAX, 0},
        {HF_STR("-1K"), HF_ESYNTAX, 0},
        {HF_STR("1\0"), HF_ESYNTAX, 0},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        uint64_t got = 4242;
        HF_CHECK_RC(hf_parse_size(rows[i].text, &got), rows[i].rc);
        HF_CHECK_U64(got, rows[i].rc == HF_OK ? rows[i].value : 4242);
    }
}

/* Times at the borders of years and leap days; other spellings that RFC 3339 knows are refused. */
HF_TEST(parse_time)
{
    static const struct {
        const char *text;
        enum hf_rc rc;
        int64_t us;
    } rows[] = {
        {"1970-01-01T00:00:00Z", HF_OK, 0},
        {"1970-01-01T00:00:00.1Z", HF_OK, 100000},
        {"1970-01-01T00:00:00.000001Z", HF_OK, 1},
        {"2000-02-29T12:34:56.789Z", HF_OK, INT64_C(951827696789000)},
        {"2026-01-01T00:00:00Z", HF_OK, INT64_C(1767225600000000)},
        {"9999-12-31T23:59:59.999999Z", HF_OK, INT64_C(253402300799999999)},
        {"1969-12-31T23:59:59Z", HF_ERANGE, 0},
        {"2100-02-29T00:00:00Z", HF_ERANGE, 0},
        {"2023-02-29T00:00:00Z", HF_ERANGE, 0},
        {"2023-04-31T00:00:00Z", HF_ERANGE, 0},
        {"2023-00-01T00:00:00Z", HF_ERANGE, 0},
        {"2023-01-00T00:00:00Z", HF_ERANGE, 0},
        {"2023-13-01T00:00:00Z", HF_ESYNTAX, 0},
        {"2023-01-32T00:00:00Z", HF_ESYNTAX, 0},
        {"2023-01-01T24:00:00Z", HF_ESYNTAX, 0},
        {"2023-01-01T00:60:00Z", HF_ESYNTAX, 0},
        {"2023-01-01T00:00:60Z", HF_ESYNTAX, 0},
        {"2023-01-01T00:00:00", HF_ESYNTAX, 0},
        {"2023-01-01T00:00:00z", HF_ESYNTAX, 0},
        {"2023-01-01t00:00:00Z", HF_ESYNTAX, 0},
        {"2023-01-01 00:00:00Z", HF_ESYNTAX, 0},
        {"2023-01-01T00:00:00.Z", HF_ESYNTAX, 0},
        {"2023-01-01T00:00:00,1Z", HF_ESYNTAX, 0},
        {"2023-01-01T00:00:00.1234567Z", HF_ESYNTAX, 0},
        {"2023-01-01T00:00:00.12 Z", HF_ESYNTAX, 0},
        {"2023-01-01T00:00:00+00:00", HF_ESYNTAX, 0},
        {"+023-01-01T00:00:00Z", HF_ESYNTAX, 0},
        {"Z", HF_ESYNTAX, 0},
        {"", HF_ESYNTAX, 0},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        int64_t got = 4242;
        HF_CHECK_RC(hf_parse_time_us(hf_str_c(rows[i].text), &got), rows[i].rc);
        HF_CHECK(got == (rows[i].rc == HF_OK ? rows[i].us : 4242));
    }
}

/* Every day from 1970 to 9999 survives formatting and parsing, and follows the one before it by
 * the calendar; what lies outside is written as the nearest time inside. */
HF_TEST(time_round_trip)
{
    const int64_t day_us = INT64_C(86400000000);
    char text[HF_TIME_TEXT], last[HF_TIME_TEXT] = "1969-12-31T";
    for (int64_t day = 0; day <= 2932896; day++) {
        int64_t us = day * day_us + (day * 7919) % day_us, back = -1;
        hf_format_time_us(us, text);
        HF_CHECK_U64(strlen(text), HF_TIME_TEXT - 1);
        HF_CHECK_RC(hf_parse_time_us(hf_str_c(text), &back), HF_OK);
        HF_CHECK(back == us);
        HF_CHECK(memcmp(last, text, 10) < 0);
        memcpy(last, text, sizeof last);
    }
    HF_CHECK(memcmp(last, "9999-12-31", 10) == 0);
    hf_format_time_us(-1, text);
    HF_CHECK_STR(hf_str_c(text), HF_STR("1970-01-01T00:00:00.000000Z"));
    hf_format_time_us(INT64_MAX, text);
    HF_CHECK_STR(hf_str_c(text), HF_STR("9999-12-31T23:59:59.999999Z"));
}

HF_TEST_MAIN(HF_TEST_CASE(hex_table), HF_TEST_CASE(base64_vectors), HF_TEST_CASE(base64_refused),
             HF_TEST_CASE(round_trips), HF_TEST_CASE(parse_u64), HF_TEST_CASE(parse_i64),
             HF_TEST_CASE(parse_size), HF_TEST_CASE(parse_time), HF_TEST_CASE(time_round_trip))
