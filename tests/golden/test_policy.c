/* tests/golden/test_policy.c: a policy's text compiles to the same bytes for ever, and its
 * vectors get the same verdicts.
 *
 * policy-2.txt is the text; policy-2.hex is its bundle, in lines of hexadecimal digits. A change of
 * format or of meaning gets new files beside these; they are never edited. policy-1 is from before
 * programs had options: its text compiles to other facts today, and its bundle decides as ever.
 */
#include "base/file.h"
#include "base/hex.h"
#include "tests/harness/test.h"
#include "wrapper/policy/policy.h"
#include "wrapper/policy/print.h"
#include "wrapper/policy/text.h"

static void read_hex(const char *path, struct hf_buf *out)
{
    struct hf_buf text = hf_buf_init(1u << 20);
    struct hf_err err = {0};
    HF_ASSERT(hf_file_read(hf_test_source(path), &text, &err) == HF_OK);
    struct hf_cursor c = hf_cursor_init(hf_buf_bytes(&text));
    struct hf_str line;
    while (hf_cursor_line(&c, &line)) {
        uint8_t bytes[64];
        size_t len;
        HF_ASSERT(hf_hex_decode(line, bytes, sizeof bytes, &len, NULL) == HF_OK);
        hf_buf_put(out, bytes, len);
    }
    hf_buf_free(&text);
}

/* The text gives the bundle byte for byte. */
HF_TEST(compiles)
{
    static struct hf_policy_faults faults;
    struct hf_buf text = hf_buf_init(1u << 20);
    struct hf_buf golden = hf_buf_init(1u << 20);
    struct hf_buf bundle = hf_buf_init(1u << 20);
    struct hf_err err = {0};
    read_hex("golden/policy-2.hex", &golden);
    HF_CHECK_OK(hf_file_read(hf_test_source("golden/policy-2.txt"), &text, &err), err);
    HF_CHECK_OK(hf_policy_compile(hf_bytes_str(hf_buf_bytes(&text)), &bundle, &faults, &err), err);
    HF_CHECK(hf_bytes_eq(hf_buf_bytes(&bundle), hf_buf_bytes(&golden)));
    hf_buf_free(&text);
    hf_buf_free(&golden);
    hf_buf_free(&bundle);
}

static void decides_as(const char *path, uint64_t vectors)
{
    struct hf_buf golden = hf_buf_init(1u << 20);
    struct hf_policy *policy = NULL;
    struct hf_err err = {0};
    read_hex(path, &golden);
    HF_CHECK_OK(hf_policy_load(hf_buf_bytes(&golden), &policy, &err), err);
    HF_CHECK_U64(hf_policy_vector_count(policy), vectors);
    HF_CHECK_OK(hf_policy_selftest(policy, &err), err);
    hf_policy_free(policy);
    hf_buf_free(&golden);
}

/* The stored bundles load, and each vector in them gets the verdict that stands beside it. */
HF_TEST(decides)
{
    decides_as("golden/policy-1.hex", 6);
    decides_as("golden/policy-2.hex", 7);
}

static void prints(const char *path)
{
    static struct hf_policy_faults faults;
    struct hf_buf golden = hf_buf_init(1u << 20);
    struct hf_buf text = hf_buf_init(1u << 20);
    struct hf_buf again = hf_buf_init(1u << 20);
    struct hf_err err = {0};
    read_hex(path, &golden);
    HF_CHECK_OK(hf_policy_print(hf_buf_bytes(&golden), &text, &err), err);
    HF_CHECK_OK(hf_policy_compile(hf_bytes_str(hf_buf_bytes(&text)), &again, &faults, &err), err);
    HF_CHECK(hf_bytes_eq(hf_buf_bytes(&golden), hf_buf_bytes(&again)));
    hf_buf_free(&golden);
    hf_buf_free(&text);
    hf_buf_free(&again);
}

/* The stored bundles can be read for ever: the text that each is printed as compiles to it. */
HF_TEST(readable)
{
    prints("golden/policy-1.hex");
    prints("golden/policy-2.hex");
}

HF_TEST_MAIN(HF_TEST_CASE(compiles), HF_TEST_CASE(decides), HF_TEST_CASE(readable))
