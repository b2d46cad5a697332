/* tests/unit/redaction/test_placeholder.c: placeholders are made of values and survive models. */
#include "wrapper/redaction/placeholder.h"

#include "tests/harness/test.h"

static struct hf_placeholder made(struct hf_str kind, struct hf_str value, const char *text)
{
    struct hf_hmac_key key;
    struct hf_placeholder placeholder;
    hf_hmac_key_init(hf_str_bytes(hf_str_c(text)), &key);
    hf_placeholder_make(&key, kind, hf_str_bytes(value), &placeholder);
    return placeholder;
}

/* The bytes are fixed for ever: the first was computed by Python's hmac, apart from this code. */
HF_TEST(golden)
{
    struct hf_placeholder p = made(HF_STR("password"), HF_STR("correct horse battery"),
                                   "0123456789abcdef0123456789abcdef");
    HF_CHECK_STR(hf_placeholder_str(&p), HF_STR("HFX_password_Y0FHKT8XEDC9EX"));
}

/* Another value, kind or key gives another placeholder; the same gives the same. */
HF_TEST(depends)
{
    struct hf_placeholder a = made(HF_STR("a"), HF_STR("bcdefghi"), "key 1");
    struct hf_placeholder b = made(HF_STR("a"), HF_STR("bcdefghi"), "key 1");
    HF_CHECK_STR(hf_placeholder_str(&a), hf_placeholder_str(&b));
    b = made(HF_STR("a"), HF_STR("bcdefghi"), "key 2");
    HF_CHECK(memcmp(a.text + 6, b.text + 6, 13) != 0);
    b = made(HF_STR("ab"), HF_STR("cdefghi"), "key 1");
    HF_CHECK(memcmp(a.text + 6, b.text + 7, 13) != 0);
}

/* A model writes it in lower case: it is the same. Any other character, and any two neighbours that
 * changed places, are noticed. */
HF_TEST(check_digit)
{
    struct hf_placeholder p = made(HF_STR("github"), HF_STR("some value"), "a key");
    struct hf_placeholder back;
    char text[HF_PLACEHOLDER_MAX];
    for (size_t i = 0; i < p.len; i++) {
        char c = p.text[i];
        text[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    HF_CHECK(hf_placeholder_parse((struct hf_str){text, p.len}, &back));
    HF_CHECK_STR(hf_placeholder_str(&back), hf_placeholder_str(&p));
    HF_CHECK(!hf_placeholder_parse((struct hf_str){text, p.len - 1U}, &back));
    for (size_t i = p.len - 14U; i < p.len; i++) {
        for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *c != '\0'; c++) {
            memcpy(text, p.text, p.len);
            text[i] = *c;
            HF_CHECK(hf_placeholder_parse((struct hf_str){text, p.len}, &back) ==
                     (*c == p.text[i]));
        }
        if (i + 1 < p.len && p.text[i] != p.text[i + 1]) {
            memcpy(text, p.text, p.len);
            text[i] = p.text[i + 1];
            text[i + 1] = p.text[i];
            HF_CHECK(!hf_placeholder_parse((struct hf_str){text, p.len}, &back));
        }
    }
    HF_CHECK(!hf_placeholder_parse(HF_STR("HFX__0123456789ABCD"), &back));
    HF_CHECK(!hf_placeholder_parse(HF_STR("HFX_github"), &back));
    HF_CHECK(!hf_placeholder_parse(HF_STR(""), &back));
}

HF_TEST_MAIN(HF_TEST_CASE(golden), HF_TEST_CASE(depends), HF_TEST_CASE(check_digit))
