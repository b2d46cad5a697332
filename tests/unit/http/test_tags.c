/* tests/unit/http/test_tags.c: lists of entity tags. */
#include "base/http/tags.h"
#include "tests/harness/test.h"

struct row {
    const char *fields[3]; /* values of If-Match, one field each */
    const char *tags;      /* joined by spaces, weak ones with w: in front; "!" where it is bad */
};

/* Goal: what RFC 9110 calls a list of tags is read, nothing else. Method: a table. */
HF_TEST(table)
{
    static const struct row rows[] = {
        {{NULL}, "absent"},
        {{"*"}, "any"},
        {{"*", "*"}, "!"},
        {{"*", "\"a\""}, "!"},
        {{"\"a\"", "*"}, "a !"},
        {{"\"a\""}, "a"},
        {{"\"\""}, ""},
        {{"W/\"a\""}, "w:a"},
        {{"w/\"a\""}, "!"},
        {{"\"a\",\"b\""}, "a b"},
        {{"\"a\" , W/\"b\""}, "a w:b"},
        {{", ,\"a\",,"}, "a"},
        {{"\"a\"", "\"b\""}, "a b"},
        {{"", "\"b\""}, "b"},
        {{"\"a\"\"b\""}, "!"},
        {{"\"a\" \"b\""}, "!"},
        {{"a"}, "!"},
        {{"\"a"}, "!"},
        {{"\""}, "!"},
        {{"W/"}, "!"},
        {{"\"a b\""}, "!"},
        {{"\"a\x7f\""}, "!"},
        {{"\"\xc3\xbc\""}, "\xc3\xbc"},
        {{""}, ""},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_http_request request = {.field_count = 0};
        char text[64];
        struct hf_writer w = hf_writer_init(text, sizeof text);
        for (size_t f = 0; f < HF_LEN(rows[i].fields) && rows[i].fields[f] != NULL; f++) {
            request.fields[request.field_count++] =
                (struct hf_http_field){HF_BYTES("Other"), HF_BYTES("\"no\"")};
            request.fields[request.field_count++] = (struct hf_http_field){
                HF_BYTES("iF-match"), hf_str_bytes(hf_str_c(rows[i].fields[f]))};
        }
        struct hf_http_tags tags = hf_http_tags_of(&request, "if-match");
        struct hf_str tag;
        bool weak = false;
        while (hf_http_tags_next(&tags, &tag, &weak)) {
            hf_writer_str(&w, w.len > 0 ? HF_STR(" ") : HF_STR(""));
            hf_writer_str(&w, weak ? HF_STR("w:") : HF_STR(""));
            hf_writer_str(&w, tag);
        }
        hf_writer_str(&w, tags.bad && w.len > 0 ? HF_STR(" ") : HF_STR(""));
        hf_writer_str(&w, tags.bad ? HF_STR("!")
                                   : (tags.any ? HF_STR("any")
                                               : (tags.present ? HF_STR("") : HF_STR("absent"))));
        HF_CHECK_STR(hf_bytes_str(hf_writer_done(&w)), hf_str_c(rows[i].tags));
    }
}

HF_TEST_MAIN(HF_TEST_CASE(table))
