/* tests/unit/base/test_json.c: JSON in and out, apart and as a round trip. */
#include "base/json_in.h"
#include "base/json_out.h"

#include "base/env.h"
#include "base/heap.h"
#include "tests/harness/test.h"

static bool fails_nth(void *arg)
{
    size_t *left = arg;
    return *left == 0 || (*left)-- > 1;
}

/* Texts that are not JSON, or not ours: each is refused with line and column, or its size. */
HF_TEST(refused)
{
    const struct hf_str rows[] = {
        {NULL, 0},
        HF_STR(" "),
        HF_STR("{"),
        HF_STR("[1,]"),
        HF_STR("{\"a\":1,}"),
        HF_STR("{a:1}"),
        HF_STR("{'a':1}"),
        HF_STR("{\"a\" 1}"),
        HF_STR("{\"a\":1} x"),
        HF_STR("1 2"),
        HF_STR("[1]\0"),
        HF_STR("nul"),
        HF_STR("True"),
        HF_STR("NaN"),
        HF_STR("-Infinity"),
        HF_STR("01"),
        HF_STR("+1"),
        HF_STR(".5"),
        HF_STR("5."),
        HF_STR("0x10"),
        HF_STR("1e999"),
        HF_STR("9223372036854775808"),
        HF_STR("-9223372036854775809"),
        HF_STR("123456789012345678901234567890"),
        HF_STR("\"open"),
        HF_STR("\"\\x\""),
        HF_STR("\"\\u12\""),
        HF_STR("\"tab\there\""),
        HF_STR("\"line\nend\""),
        HF_STR("\"nul\0inside\""),
        HF_STR("// comment\n1"),
        HF_STR("\xEF\xBB\xBF{}"), /* a byte order mark */
        HF_STR("{\"a\":1,\"a\":1}"),
        HF_STR("{\"a\":1,\"b\":2,\"\\u0061\":3}"), /* the same key, spelt otherwise */
        HF_STR("[{\"in\":{\"x\":1,\"x\":null}}]"),
        HF_STR("{\"k\\u0000\":1}"), /* a key with NUL would be cut by its reader */
        HF_STR("\"\xFF\""),
        HF_STR("\"\xC0\xAF\""),         /* overlong */
        HF_STR("\"\xED\xA0\x80\""),     /* a surrogate */
        HF_STR("\"\xF4\x90\x80\x80\""), /* above U+10FFFF */
        HF_STR("\"\xE2\x82\""),
        HF_STR("{\"\xFF\":1}"),
        HF_STR("\"\\ud800\""),
        HF_STR("\"\\udc00\\ud800\""),
    };
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_json_doc *doc = NULL;
        struct hf_err err = {0};
        enum hf_rc rc = hf_json_parse(hf_str_bytes(rows[i]), &doc, &err);
        if (rc != HF_ESYNTAX || doc != NULL || strstr(err.text, "line ") == NULL) {
            hf_test_fail(__FILE__, __LINE__, "row %zu gave %s: %s", i, hf_rc_name(rc), err.text);
            hf_json_free(doc);
            return;
        }
    }
}

/* The place in the error is that of the mistake. */
HF_TEST(place)
{
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    HF_CHECK_RC(hf_json_parse(HF_BYTES("{\n  \"a\": 1,\n  \"b\": oops\n}"), &doc, &err),
                HF_ESYNTAX);
    HF_CHECK(strstr(err.text, "line 3, column 11") != NULL);
    HF_CHECK_RC(hf_json_parse(HF_BYTES("?"), &doc, NULL), HF_ESYNTAX);
}

/* depth times open, then close. */
static enum hf_rc parse_nested(size_t depth, const char *open, const char *close)
{
    struct hf_buf buf = hf_buf_init(1u << 23);
    struct hf_json_doc *doc = NULL;
    for (size_t i = 0; i < depth; i++) {
        hf_buf_str(&buf, hf_str_c(open));
    }
    hf_buf_str(&buf, HF_STR("1"));
    for (size_t i = 0; i < depth; i++) {
        hf_buf_str(&buf, hf_str_c(close));
    }
    enum hf_rc rc = buf.failed == HF_OK ? hf_json_parse(hf_buf_bytes(&buf), &doc, NULL) : HF_EIO;
    hf_json_free(doc);
    hf_buf_free(&buf);
    return rc;
}

/* Nesting is bounded: a hundred levels are read, a million are refused and do not cost the stack,
 * closed or not. */
HF_TEST(depth)
{
    HF_CHECK_RC(parse_nested(100, "[", "]"), HF_OK);
    HF_CHECK_RC(parse_nested(100, "{\"a\":", "}"), HF_OK);
    HF_CHECK_RC(parse_nested(1000000, "[", "]"), HF_ESYNTAX);
    HF_CHECK_RC(parse_nested(1000000, "{\"a\":", "}"), HF_ESYNTAX);
    HF_CHECK_RC(parse_nested(1000000, "[", ""), HF_ESYNTAX);
}

/* A document of the greatest size is read, one byte more is refused before it is looked at. */
HF_TEST(size)
{
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    char *text = hf_heap_alloc(HF_JSON_IN_MAX + 1);
    HF_CHECK(text != NULL);
    memset(text, ' ', HF_JSON_IN_MAX + 1);
    text[HF_JSON_IN_MAX - 1] = '7';
    enum hf_rc fits = hf_json_parse(hf_bytes_of(text, HF_JSON_IN_MAX), &doc, &err);
    hf_json_free(doc);
    doc = NULL;
    enum hf_rc more = hf_json_parse(hf_bytes_of(text, HF_JSON_IN_MAX + 1), &doc, &err);
    hf_heap_free(text);
    HF_CHECK(fits == HF_OK && more == HF_ETOOBIG && doc == NULL);
}

/* All kinds of values, members in document order, and what is not there. */
HF_TEST(values)
{
    static const char text[] = " {\"z\":null,\"b\":[true,false],\"i\":-7,\"r\":0.5,\"s\":\"a\\u0000"
                               "\xC3\xA9\\ud83d\\ude00\",\"o\":{}}\n";

    static const enum hf_json_kind kinds[] = {HF_JSON_NULL, HF_JSON_ARRAY, HF_JSON_INT,
                                              HF_JSON_REAL, HF_JSON_STR,   HF_JSON_OBJECT};
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    HF_CHECK_OK(hf_json_parse(HF_BYTES(text), &doc, &err), err);
    const struct hf_json *root = hf_json_root(doc);
    HF_CHECK_U64(hf_json_kind(root), HF_JSON_OBJECT);
    HF_CHECK_U64(hf_json_count(root), HF_LEN(kinds));
    for (size_t i = 0; i < HF_LEN(kinds); i++) {
        struct hf_str key;
        const struct hf_json *value = hf_json_member(root, i, &key);
        HF_CHECK_STR(key, ((struct hf_str){&"zbirso"[i], 1}));
        HF_CHECK_U64(hf_json_kind(value), kinds[i]);
        HF_CHECK(hf_json_kind_name(kinds[i])[0] != '?');
    }
    const struct hf_json *array = hf_json_get(root, "b");
    HF_CHECK_U64(hf_json_count(array), 2);
    HF_CHECK(hf_json_as_bool(hf_json_at(array, 0)) && !hf_json_as_bool(hf_json_at(array, 1)));
    HF_CHECK(hf_json_as_i64(hf_json_get(root, "i")) == -7);
    HF_CHECK(hf_json_as_real(hf_json_get(root, "r")) * 2 == 1);
    HF_CHECK_STR(hf_json_as_str(hf_json_get(root, "s")), HF_STR("a\0\xC3\xA9\xF0\x9F\x98\x80"));
    HF_CHECK(hf_json_get(root, "Z") == NULL && hf_json_get(root, "") == NULL);
    HF_CHECK_U64(hf_json_count(hf_json_get(root, "o")), 0);
    hf_json_free(doc);
    hf_json_free(NULL);
}

/* Integers in both spellings at their borders; what is none leaves the result alone. */
HF_TEST(integers)
{
    const struct {
        struct hf_str text;
        bool is_u64, is_i64;
        uint64_t bits; /* the value, in two's complement */
    } rows[] = {
        {HF_STR("0"), true, true, 0},
        {HF_STR("-1"), false, true, UINT64_MAX},
        {HF_STR("9007199254740993"), true, true, UINT64_C(9007199254740993)},
        {HF_STR("9223372036854775807"), true, true, INT64_MAX},
        {HF_STR("-9223372036854775808"), false, true, UINT64_C(1) << 63},
        {HF_STR("\"0\""), true, true, 0},
        {HF_STR("\"9223372036854775808\""), true, false, UINT64_C(1) << 63},
        {HF_STR("\"18446744073709551615\""), true, false, UINT64_MAX},
        {HF_STR("\"18446744073709551616\""), false, false, 0},
        {HF_STR("\"-9223372036854775808\""), false, true, UINT64_C(1) << 63},
        {HF_STR("\"-9223372036854775809\""), false, false, 0},
        {HF_STR("\"\""), false, false, 0},
        {HF_STR("\"01\""), false, false, 0},
        {HF_STR("\" 1\""), false, false, 0},
        {HF_STR("\"1\\u0000\""), false, false, 0},
        {HF_STR("1.0"), false, false, 0},
        {HF_STR("1e2"), false, false, 0},
        {HF_STR("true"), false, false, 0},
        {HF_STR("null"), false, false, 0},
        {HF_STR("[1]"), false, false, 0},
        {HF_STR("{}"), false, false, 0},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_json_doc *doc = NULL;
        struct hf_err err = {0};
        uint64_t u = 4242;
        int64_t s = 4242;
        HF_CHECK_OK(hf_json_parse(hf_str_bytes(rows[i].text), &doc, &err), err);
        enum hf_rc to_u = hf_json_to_u64(hf_json_root(doc), &u);
        enum hf_rc to_s = hf_json_to_i64(hf_json_root(doc), &s);
        hf_json_free(doc);
        HF_CHECK_RC(to_u, rows[i].is_u64 ? HF_OK : HF_EINVAL);
        HF_CHECK_RC(to_s, rows[i].is_i64 ? HF_OK : HF_EINVAL);
        HF_CHECK_U64(u, rows[i].is_u64 ? rows[i].bits : 4242);
        HF_CHECK_U64(s, rows[i].is_i64 ? rows[i].bits : 4242);
    }
}

/* Strings are escaped where they must be, and bytes that are not UTF-8 become U+FFFD. */
HF_TEST(escape)
{
    const struct {
        struct hf_str in, out;
    } rows[] = {
        {HF_STR(""), HF_STR("\"\"")},
        {{NULL, 0}, HF_STR("\"\"")},
        {HF_STR("plain /'"), HF_STR("\"plain /'\"")},
        {HF_STR("\"\\"), HF_STR("\"\\\"\\\\\"")},
        {HF_STR("\n\r\t"), HF_STR("\"\\n\\r\\t\"")},
        {HF_STR("\0\x01\x1F\x7F"), HF_STR("\"\\u0000\\u0001\\u001f\\u007f\"")},
        {HF_STR("\xC3\xA9\xF0\x9F\x98\x80"), HF_STR("\"\xC3\xA9\xF0\x9F\x98\x80\"")},
        {HF_STR("a\xFF\"b"), HF_STR("\"a\xEF\xBF\xBD\\\"b\"")},
        {HF_STR("\xE2\x82"), HF_STR("\"\xEF\xBF\xBD\xEF\xBF\xBD\"")},
        {HF_STR("\xED\xA0\x80x"), HF_STR("\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx\"")},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_buf buf = hf_buf_init(256);
        struct hf_json_out json;
        hf_json_init(&json, &buf);
        hf_json_str(&json, rows[i].in);
        HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&buf)), rows[i].out);
        hf_buf_free(&buf);
    }
}

static void write_all_kinds(struct hf_json_out *json)
{
    hf_json_object_begin(json);
    hf_json_key_str(json, "s\n", HF_STR("x"));
    hf_json_key_u64(json, "exact", UINT64_C(1) << 53);
    hf_json_key_u64(json, "beyond", (UINT64_C(1) << 53) + 1);
    hf_json_key(json, HF_STR("list"));
    hf_json_array_begin(json);
    hf_json_i64(json, -(INT64_C(1) << 53));
    hf_json_i64(json, -(INT64_C(1) << 53) - 1);
    hf_json_i64(json, INT64_MIN);
    hf_json_u64(json, UINT64_MAX);
    hf_json_bool(json, true);
    hf_json_bool(json, false);
    hf_json_null(json);
    hf_json_array_begin(json);
    hf_json_array_end(json);
    hf_json_object_begin(json);
    hf_json_object_end(json);
    hf_json_array_end(json);
    hf_json_key(json, HF_STR("hex"));
    hf_json_hex(json, HF_BYTES("\x01\xFE"));
    hf_json_key(json, HF_STR("base64"));
    hf_json_base64(json, HF_BYTES("fo"));
    hf_json_key(json, HF_STR("time"));
    hf_json_time_us(json, 1);
    hf_json_key(json, HF_STR("raw"));
    hf_json_raw(json, HF_BYTES("[1,2]"));
    hf_json_key(json, HF_STR(""));
    hf_json_hex(json, (struct hf_bytes){0});
    hf_json_object_end(json);
}

static const char all_kinds[] =
    "{\"s\\n\":\"x\",\"exact\":9007199254740992,\"beyond\":\"9007199254740993\",\"list\":["
    "-9007199254740992,\"-9007199254740993\",\"-9223372036854775808\",\"18446744073709551615\","
    "true,false,null,[],{}],\"hex\":\"01fe\",\"base64\":\"Zm8=\","
    "\"time\":\"1970-01-01T00:00:00.000001Z\",\"raw\":[1,2],\"\":\"\"}";

/* Commas and colons are where they belong for every kind of value. */
HF_TEST(all_kinds_written)
{
    struct hf_buf buf = hf_buf_init(1024);
    struct hf_json_out json;
    hf_json_init(&json, &buf);
    write_all_kinds(&json);
    HF_CHECK(buf.failed == HF_OK);
    HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&buf)), HF_STR(all_kinds));
    hf_buf_free(&buf);
}

/* A buffer too small by any number of bytes, or without memory at any growth, fails once for all:
 * no write goes past it, the writer goes on without harm. */
HF_TEST(output_fails)
{
    for (size_t max = 0; max < sizeof all_kinds - 1; max++) {
        struct hf_buf buf = hf_buf_init(max);
        struct hf_json_out json;
        hf_json_init(&json, &buf);
        write_all_kinds(&json);
        HF_CHECK(buf.failed == HF_ETOOBIG && buf.len <= max);
        hf_buf_free(&buf);
    }
    for (size_t n = 1, left = 0; left == 0; n++) {
        struct hf_buf buf = hf_buf_init(1024);
        struct hf_json_out json;
        left = n;
        hf_heap_gate(fails_nth, &left);
        hf_json_init(&json, &buf);
        write_all_kinds(&json);
        hf_heap_gate(NULL, NULL);
        HF_CHECK(buf.failed == (left == 0 ? HF_ENOMEM : HF_OK));
        hf_buf_free(&buf);
    }
    struct hf_json_doc *doc = NULL;
    size_t left = 1;
    hf_heap_gate(fails_nth, &left);
    enum hf_rc rc = hf_json_parse(HF_BYTES("[]"), &doc, NULL);
    hf_heap_gate(NULL, NULL);
    HF_CHECK(rc == HF_ENOMEM && doc == NULL);
}

/* The greatest depth can be written and read back. */
HF_TEST(output_depth)
{
    struct hf_buf buf = hf_buf_init(1024);
    struct hf_json_out json;
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    hf_json_init(&json, &buf);
    for (int i = 0; i < HF_JSON_DEPTH_MAX - 1; i++) {
        hf_json_array_begin(&json);
    }
    for (int i = 0; i < HF_JSON_DEPTH_MAX - 1; i++) {
        hf_json_array_end(&json);
    }
    HF_CHECK_U64(buf.len, 2 * (HF_JSON_DEPTH_MAX - 1));
    HF_CHECK_OK(hf_json_parse(hf_buf_bytes(&buf), &doc, &err), err);
    hf_json_free(doc);
    hf_buf_free(&buf);
}

/* Random strings (as keys and values) and integers come back as they were. Half of the strings
 * are ASCII with many control characters, half are two-byte characters. */
HF_TEST(round_trip)
{
    struct hf_env_sim env;
    hf_env_sim_init(&env, hf_test_seed());
    for (int round = 0; round < 2000; round++) {
        uint8_t text[40];
        uint64_t number;
        hf_env_random(&env.env, text, sizeof text);
        hf_env_random(&env.env, &number, sizeof number);
        number >>= round % 64;
        size_t len = (size_t)round % (sizeof text + 1) & ~(size_t)1;
        for (size_t i = 0; i < sizeof text; i++) {
            bool wide = round % 4 < 2;
            text[i] = !wide        ? (uint8_t)(text[i] % 127 + 1)
                      : i % 2 == 0 ? (uint8_t)(0xC2 + text[i] % 30)
                                   : (uint8_t)(0x80 | (text[i] & 63));
        }
        struct hf_str string = {(const char *)text, len};
        struct hf_buf buf = hf_buf_init(4096);
        struct hf_json_out json;
        struct hf_json_doc *doc = NULL;
        struct hf_err err = {0};
        hf_json_init(&json, &buf);
        hf_json_array_begin(&json);
        hf_json_object_begin(&json);
        hf_json_key(&json, string);
        hf_json_str(&json, string);
        hf_json_object_end(&json);
        hf_json_u64(&json, number);
        hf_json_i64(&json, (int64_t)number);
        hf_json_array_end(&json);
        HF_CHECK(buf.failed == HF_OK);
        HF_CHECK_OK(hf_json_parse(hf_buf_bytes(&buf), &doc, &err), err);
        struct hf_str key;
        uint64_t u = 0;
        int64_t s = 0;
        const struct hf_json *root = hf_json_root(doc);
        const struct hf_json *value = hf_json_member(hf_json_at(root, 0), 0, &key);
        HF_CHECK_STR(key, string);
        HF_CHECK_STR(hf_json_as_str(value), string);
        HF_CHECK_RC(hf_json_to_u64(hf_json_at(root, 1), &u), HF_OK);
        HF_CHECK_RC(hf_json_to_i64(hf_json_at(root, 2), &s), HF_OK);
        HF_CHECK(u == number && s == (int64_t)number);
        hf_json_free(doc);
        hf_buf_free(&buf);
    }
}

/* A value parsed and copied is the same text; what is nested too deep becomes null. */
HF_TEST(copy)
{
    static const char *const rows[][2] = {
        {"{\"a\":[1,-2,\"x\",true,false,null,{}],\"b\":{\"c\":[[]]}}", NULL},
        {"[]", NULL},
        {"\"x\\n\"", NULL},
        {"7", NULL},
        {"[1.5]", "[null]"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[7]]]]]]]]]]]]]]]]]]]]]]]]]]",
         "[[[[[[[[[[[[[[[[[[[[[[[[null]]]]]]]]]]]]]]]]]]]]]]]]"},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_json_doc *doc = NULL;
        struct hf_err err = {0};
        struct hf_buf buf = hf_buf_init(1024);
        struct hf_json_out json;
        HF_CHECK_OK(hf_json_parse(hf_str_bytes(hf_str_c(rows[i][0])), &doc, &err), err);
        hf_json_init(&json, &buf);
        hf_json_copy(&json, hf_json_root(doc));
        HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&buf)),
                     hf_str_c(rows[i][1] == NULL ? rows[i][0] : rows[i][1]));
        hf_buf_free(&buf);
        hf_json_free(doc);
    }
}

/* Goal: members of what others wrote are read or missing, whatever is there. Method: a document
 * with one of each kind, asked for each kind, and what is no object at all. */
HF_TEST(members)
{
    static const char text[] =
        "{\"s\": \"abc\", \"n\": 7, \"big\": \"18446744073709551615\", \"minus\": -1, "
        "\"t\": true, \"a\": [1], \"z\": null}";
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    char out[4] = "";
    uint64_t number = 5;
    HF_CHECK_RC(hf_json_parse(hf_str_bytes(hf_str_c(text)), &doc, &err), HF_OK);
    const struct hf_json *root = hf_json_root(doc);
    const struct hf_json *list = hf_json_get_kind(root, "a", HF_JSON_ARRAY);
    HF_CHECK(hf_str_eq(hf_json_get_str(root, "s"), HF_STR("abc")));
    HF_CHECK(hf_json_get_str(root, "n").len == 0 && hf_json_get_str(root, "none").len == 0);
    HF_CHECK(hf_json_get_u64(root, "n") == 7 && hf_json_get_u64(root, "big") == UINT64_MAX);
    HF_CHECK(hf_json_get_u64(root, "minus") == 0 && hf_json_get_u64(root, "s") == 0);
    HF_CHECK(hf_json_get_bool(root, "t") && !hf_json_get_bool(root, "n"));
    HF_CHECK(list != NULL && hf_json_get_kind(root, "a", HF_JSON_OBJECT) == NULL);
    HF_CHECK(hf_json_get_kind(root, "z", HF_JSON_NULL) != NULL);
    HF_CHECK(hf_json_get_str(list, "s").len == 0 && hf_json_get_u64(NULL, "n") == 0);
    HF_CHECK(!hf_json_take_u64(root, "n", 6, &number) && !hf_json_take_u64(root, "s", 9, &number));
    HF_CHECK(number == 5 && hf_json_take_u64(root, "n", 7, &number) && number == 7);
    HF_CHECK(hf_json_take_text(root, "s", out, 4) && strcmp(out, "abc") == 0);
    HF_CHECK(!hf_json_take_text(root, "s", out, 3) && !hf_json_take_text(root, "n", out, 4));
    HF_CHECK(!hf_json_take_text(list, "s", out, 4) && strcmp(out, "abc") == 0);
    hf_json_free(doc);
}

HF_TEST_MAIN(HF_TEST_CASE(members), HF_TEST_CASE(refused), HF_TEST_CASE(place), HF_TEST_CASE(depth),
             HF_TEST_CASE(size), HF_TEST_CASE(values), HF_TEST_CASE(integers), HF_TEST_CASE(escape),
             HF_TEST_CASE(all_kinds_written), HF_TEST_CASE(output_fails),
             HF_TEST_CASE(output_depth), HF_TEST_CASE(round_trip), HF_TEST_CASE(copy))
