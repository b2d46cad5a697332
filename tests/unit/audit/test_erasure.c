/* tests/unit/audit/test_erasure.c: a certificate of erasure holds as it is, and no other way. */
#include "log/audit/erasure.h"

#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"
#include "tests/harness/test.h"

/* The key that signed tests/fuzz/corpus/erasure/whole.hex. */
static const char vkey_text[] =
    "holdfast/dev+44e35f51+AZKYSzTAVZOOZ3T+oUYM7AOdTWw1BDYk2zaJ6UXE3zFP";

/* The bytes that the seed's text spells: hexadecimal over lines. */
static void load(struct hf_buf *ret, struct hf_vkey *ret_vkey)
{
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(1u << 20);
    HF_ASSERT(hf_crypto_init(&err) == HF_OK);
    HF_ASSERT(hf_vkey_parse(hf_str_c(vkey_text), ret_vkey, &err) == HF_OK);
    HF_ASSERT(hf_file_read(hf_test_source("fuzz/corpus/erasure/whole.hex"), &text, &err) == HF_OK);
    for (size_t i = 0; i + 1 < text.len;) {
        uint8_t byte = 0;
        size_t len = 0;
        if (text.ptr[i] == '\n' || text.ptr[i] == ' ') {
            i++;
            continue;
        }
        HF_ASSERT(hf_hex_decode((struct hf_str){(const char *)text.ptr + i, 2}, &byte, 1, &len,
                                NULL) == HF_OK);
        hf_buf_put(ret, &byte, 1);
        i += 2;
    }
    hf_buf_free(&text);
}

static void count(void *arg, const struct hf_erasure_request *request)
{
    HF_ASSERT(request->hash.len == HF_HASH_SIZE && request->offset > 0);
    ++*(uint64_t *)arg;
}

/* What it says of the one subject that it is about. */
HF_TEST(whole)
{
    struct hf_buf bytes = hf_buf_init(1u << 20);
    struct hf_vkey vkey;
    struct hf_erasure_result r;
    struct hf_err err = {0};
    uint64_t requests = 0;
    load(&bytes, &vkey);
    HF_CHECK_OK(hf_erasure_verify(hf_buf_bytes(&bytes), &vkey, count, &requests, &r, &err), err);
    HF_CHECK_STR(r.tenant, HF_STR("acme"));
    HF_CHECK_STR(r.by, HF_STR("admin"));
    HF_CHECK(r.confirmed && r.told && r.kept_index < r.erased_index &&
             r.erased_index < r.confirmed_segment && r.confirmed_segment < r.confirmed_index &&
             r.confirmed_index < r.region_size && r.confirmed_offset > 0);
    HF_CHECK(requests == r.requests && requests > 0);
    vkey.public_key.b[0] ^= 1;
    HF_CHECK(hf_erasure_verify(hf_buf_bytes(&bytes), &vkey, NULL, NULL, &r, &err) != HF_OK);
    hf_buf_free(&bytes);
}

/* Every bit of it altered, every shorter and one longer text: refused, each with a reason. */
HF_TEST(altered)
{
    struct hf_buf bytes = hf_buf_init(1u << 20);
    struct hf_vkey vkey;
    struct hf_erasure_result r;
    load(&bytes, &vkey);
    for (size_t at = 0; at < bytes.len; at++) {
        for (unsigned bit = 0; bit < 8; bit += 3) {
            struct hf_err err = {0};
            bytes.ptr[at] ^= (uint8_t)(1u << bit);
            enum hf_rc rc = hf_erasure_verify(hf_buf_bytes(&bytes), &vkey, NULL, NULL, &r, &err);
            bytes.ptr[at] ^= (uint8_t)(1u << bit);
            HF_CHECK(rc != HF_OK && err.text[0] != '\0');
        }
        struct hf_err err = {0};
        HF_CHECK(hf_erasure_verify(hf_bytes_of(bytes.ptr, at), &vkey, NULL, NULL, &r, &err) !=
                     HF_OK &&
                 err.text[0] != '\0');
    }
    struct hf_err err = {0};
    hf_buf_put(&bytes, "", 1);
    HF_CHECK(hf_erasure_verify(hf_buf_bytes(&bytes), &vkey, NULL, NULL, &r, &err) != HF_OK);
    hf_buf_free(&bytes);
}

HF_TEST_MAIN(HF_TEST_CASE(whole), HF_TEST_CASE(altered))
