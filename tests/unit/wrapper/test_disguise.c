/* tests/unit/wrapper/test_disguise.c: registered secrets in spellings of every tool of a shell. */
#include "wrapper/disguise.h"

#include "base/env.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"

#define VALUE "correct-horse-battery-staple-42"

static struct hf_disguises *disguises_of(const char *const *texts, size_t count)
{
    struct hf_secret secrets[4];
    const struct hf_secret *values[4] = {NULL};
    struct hf_disguises *d = NULL;
    struct hf_err err = {0};
    for (size_t i = 0; i < count; i++) {
        HF_ASSERT(hf_secret_copy(hf_str_bytes(hf_str_c(texts[i])), &secrets[i]) == HF_OK);
        values[i] = &secrets[i];
    }
    enum hf_rc rc = hf_disguises_new(values, count, &d, &err);
    HF_ASSERT(rc == HF_OK);
    for (size_t i = 0; i < count; i++) {
        hf_secret_free(&secrets[i]);
    }
    return d;
}

/* What cut, sed, tr, rev, xxd, od, base64, nl, grep and their like make of a file with it. */
HF_TEST(finds)
{
    static const char *const rows[] = {
        VALUE,
        "the door is " VALUE " today",
        "CORRECT-HORSE-BATTERY-STAPLE-42",
        "correct_horse_battery_staple_42",
        "c o r r e c t - h o r s e - b a t t e r y - s t a p l e - 4 2",
        "c\no\nr\nr\ne\nc\nt\n-\nh\no\nr\ns\ne\n-\nb\na\nt\nt\ne\nr\ny\n-\ns\nt\na\np\nl\ne\n"
        "-\n4\n2\n",
        "correct-horse-\nbattery-staple-42",
        "cor\033[0mrect-\033[1;31mhorse-battery-staple\033[K-42",
        "correct\342\200\213-horse-battery-staple-42",
        "24-elpats-yrettab-esroh-tcerroc",
        "pbeerpg-ubefr-onggrel-fgncyr-42",
        "correct%%2Dhorse%%2Dbattery%%2Dstaple%%2D42",
        "636f72726563742d686f7273652d626174746572\n792d737461706c652d3432\n",
        "63:6F:72:72:65:63:74:2D:68:6F:72:73:65:2D:62:61:74:74:65:72:79:2D:73:74:61",
        "0x63,0x6f,0x72,0x72,0x65,0x63,0x74,0x2d,0x68,0x6f,0x72,0x73,0x65,0x2d,0x62,0x61,0x74,"
        "0x74,0x65,0x72,0x79,0x2d,0x73,0x74,0x61,0x70,0x6c,0x65,0x2d,0x34,0x32",
        "\\x63\\x6f\\x72\\x72\\x65\\x63\\x74\\x2d\\x68\\x6f\\x72\\x73\\x65\\x2d\\x62\\x61\\x74"
        "\\x74\\x65\\x72\\x79\\x2d\\x73\\x74\\x61\\x70\\x6c\\x65\\x2d\\x34\\x32",
        "99 111 114 114 101 99 116 45 104 111 114 115 101 45 98 97 116 116 101 114 121 45 115 116",
        "Y29ycmVjdC1ob3JzZS1i\nYXR0ZXJ5LXN0YXBsZS00Mg==\n",
        "eGNvcnJlY3QtaG9yc2Ut\nYmF0dGVyeS1zdGFwbGUtNDI=\n",
        "eHhjb3JyZWN0LWhvcnNl\nLWJhdHRlcnktc3RhcGxlLTQy\n",
        "MNXXE4TFMN2C22DPOJZWKLLCMF2HIZLSPEWXG5DBOBWGKLJUGI======",
        "00000000: 636f 7272 6563 742d 686f 7273 652d 6261  correct-horse-ba\n"
        "00000010: 7474 6572 792d 7374 6170 6c65 2d34 32    ttery-staple-42\n",
        "00000000  63 6f 72 72 65 63 74 2d  68 6f 72 73 65 2d 62 61  |correct-horse-ba|\n"
        "00000010  74 74 65 72 79 2d 73 74  61 70 6c 65 2d 34 32     |ttery-staple-42|\n",
        "0000000   c   o   r   r   e   c   t   -   h   o   r   s   e   -   b   a\n"
        "0000020   t   t   e   r   y   -   s   t   a   p   l   e   -   4   2\n0000037\n",
        "     1\tcorrect-\n     2\thorse-\n     3\tbattery-\n     4\tstaple-42\n",
        "12:correct-\n13:horse-\n14:battery-\n15:staple-42\n",
        "notes.md:correct-\nnotes.md:horse-\nnotes.md:battery-\nnotes.md:staple-42\n",
    };
    static const char *const values[] = {VALUE, "0123456789abcdefghijklmnopqrstuvwxyz!"};
    struct hf_disguises *d = disguises_of(values, HF_LEN(values));
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        if (!hf_disguised(d, hf_str_c(rows[i]))) {
            hf_test_fail(__FILE__, __LINE__, "not found: %s", rows[i]);
        }
    }
    hf_disguises_free(d);
}

/* Ordinary text, pieces, placeholders, values that are too short: nothing. */
HF_TEST(lets_pass)
{
    static const char *const rows[] = {
        "",
        "-",
        "a horse, correctly harnessed, drew the battery of 42 staples",
        "correct-horse-battery",
        "HFX_credential_7H4WWSDASJ2S18",
        "the summer of 2026! is hot",
        "\033[",
        "\\",
        "12:",
    };
    static const char *const values[] = {VALUE, "Summer-2026!", "\\a\\b\\c\\d\\e\\f-and-more-of-it",
                                         "\033[0m\033[1mand-what-follows"};
    struct hf_disguises *d = disguises_of(values, HF_LEN(values));
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        if (hf_disguised(d, hf_str_c(rows[i]))) {
            hf_test_fail(__FILE__, __LINE__, "found: %s", rows[i]);
        }
    }
    HF_CHECK(!hf_disguised(NULL, HF_STR(VALUE)));
    hf_disguises_free(d);
    d = disguises_of(values, 0);
    HF_CHECK(!hf_disguised(d, HF_STR(VALUE)));
    hf_disguises_free(d);
    hf_disguises_free(NULL);
}

static size_t below(struct hf_env_sim *sim, size_t limit)
{
    uint32_t number;
    hf_env_random(&sim->env, &number, sizeof number);
    return number % limit;
}

/* Any value of letters and digits is found between any characters that are neither. */
HF_TEST(property)
{
    struct hf_env_sim sim;
    hf_env_sim_init(&sim, hf_test_seed());
    for (unsigned round = 0; round < 200; round++) {
        static const char letters[] =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        static const char between[] = " \t\n-_.,;|/+*()[]{}\"'";
        char value[65] = {0};
        char text[512];
        size_t len = HF_DISGUISE_MIN + below(&sim, 50);
        size_t at = 0;
        for (size_t i = 0; i < len; i++) {
            value[i] = letters[below(&sim, sizeof letters - 1)];
            text[at++] = value[i];
            for (size_t n = below(&sim, 4); n > 0; n--) {
                text[at++] = between[below(&sim, sizeof between - 1)];
            }
        }
        const char *const values[] = {value};
        struct hf_disguises *d = disguises_of(values, 1);
        HF_CHECK(hf_disguised(d, (struct hf_str){text, at}));
        hf_disguises_free(d);
    }
}

/* Without memory there is none, and one that is there says yes. */
HF_TEST(allocations)
{
    struct hf_secret secret;
    struct hf_disguises *d = NULL;
    HF_ASSERT(hf_secret_copy(HF_BYTES(VALUE), &secret) == HF_OK);
    const struct hf_secret *const values[] = {&secret};
    uint64_t count = 2;
    for (uint64_t n = 1; n <= count; n++) {
        struct hf_err err = {0};
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        enum hf_rc rc = hf_disguises_new(values, 1, &d, &err);
        bool found = rc == HF_OK && hf_disguised(d, HF_STR("nothing of the kind, and long"));
        count = hf_sweep_end();
        HF_CHECK(rc == HF_OK || rc == HF_ENOMEM || rc == HF_ECORRUPT);
        HF_CHECK(!found || n < count);
        if (rc == HF_OK) {
            hf_disguises_free(d);
        }
    }
    hf_secret_free(&secret);
}

HF_TEST_MAIN(HF_TEST_CASE(finds), HF_TEST_CASE(lets_pass), HF_TEST_CASE(property),
             HF_TEST_CASE(allocations))
