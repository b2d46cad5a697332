/* tests/unit/tlog/test_note.c: notes, keys and proof files against published vectors. */
#include "log/tlog/key_file.h"
#include "log/tlog/proof_file.h"

#include "base/heap.h"
#include "base/host_key.h"
#include "tests/harness/test.h"

#define DASH     "\xE2\x80\x94 "
#define BODY     "holdfast.example/prod-eu\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
#define LOG_VKEY "holdfast.example/prod-eu+1a6062db+ASFS+NGbeR0kRTJC4V8uq2y3z/p7al7TAJeWDgaYgdsS"
#define LOG_LINE                                                                                   \
    DASH "holdfast.example/prod-eu GmBi260CesBESI4tULtGaUInxTDg4yAb/LpKnx8PKeRUL4md2FUnyhTnJopaN2" \
         "MNRrhY7W9hIsytx7dvjw+mOQpNKAQ=\n"
#define WITNESS_VKEY                                                                               \
    "holdfast.example/prod-us/witness+0955abd4+BCFS+NGbeR0kRTJC4V8uq2y3z/p7al7TAJeWDgaYgdsS"
#define WITNESS_LINE                                                                               \
    DASH "holdfast.example/prod-us/witness CVWr1AAAAABlU/EAucokaddTdNS0JqaJ42Q6g8+nOdU6lLU8JQXiHU" \
         "q0J/lzmxZdXr1u7zBCdDzBmHDu3j442X3ZJ8tAvk4lzVGsBg==\n"

static struct hf_signing_key *key_of(uint8_t byte)
{
    uint8_t seed[HF_SEED_SIZE];
    struct hf_secret secret = {0};
    struct hf_signing_key *key = NULL;
    memset(seed, byte, sizeof seed);
    HF_ASSERT(hf_secret_copy(hf_bytes_of(seed, sizeof seed), &secret) == HF_OK);
    HF_ASSERT(hf_signing_key_from_seed(&secret, &key, NULL) == HF_OK);
    hf_secret_free(&secret);
    return key;
}

/* The example of the signed-note page verifies; one letter changed, it does not. */
HF_TEST(published_note)
{
    static char text[] =
        "This is an example message.\n\n" DASH
        "example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERY"
        "NZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    struct hf_vkey key;
    struct hf_note note;
    struct hf_err err = {0};
    HF_CHECK_OK(hf_vkey_parse(
                    HF_STR("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
                    &key, &err),
                err);
    HF_CHECK_OK(hf_note_parse(HF_BYTES(text), &note, &err), err);
    HF_CHECK_OK(hf_note_verify(&note, &key, NULL, &err), err);
    text[0] = 't';
    HF_CHECK_RC(hf_note_verify(&note, &key, NULL, &err), HF_EBADSIG);
}

/* Our own deterministic vector: signature and cosignature come out as OpenSSL made them. */
HF_TEST(checkpoint_vector)
{
    struct hf_signing_key *key = key_of(0x42);
    struct hf_vkey log, witness;
    struct hf_err err = {0};
    char out[2048];
    struct hf_writer w = hf_writer_init(out, sizeof out);
    HF_CHECK_OK(hf_vkey_parse(HF_STR(LOG_VKEY), &log, &err), err);
    HF_CHECK_OK(hf_vkey_parse(HF_STR(WITNESS_VKEY), &witness, &err), err);
    hf_note_sign(HF_STR(BODY), &log, key, &w);
    hf_note_cosign(HF_STR(BODY), &witness, key, 1700000000, &w);
    HF_CHECK(!w.overflow);
    HF_CHECK_STR(hf_bytes_str(hf_writer_done(&w)), HF_STR(LOG_LINE WITNESS_LINE));
    struct hf_note note;
    struct hf_checkpoint checkpoint;
    uint64_t time_s = 0;
    HF_CHECK_OK(hf_checkpoint_open(HF_BYTES(BODY "\n" LOG_LINE WITNESS_LINE), &log, &note,
                                   &checkpoint, &err),
                err);
    HF_CHECK_U64(checkpoint.size, 8);
    HF_CHECK_OK(hf_note_verify(&note, &witness, &time_s, &err), err);
    HF_CHECK_U64(time_s, 1700000000);
    char text[HF_VKEY_TEXT_MAX];
    size_t len = hf_vkey_format(&witness, text);
    HF_CHECK_STR(((struct hf_str){text, len}), HF_STR(WITNESS_VKEY));
    HF_CHECK_RC(
        hf_checkpoint_open(HF_BYTES(BODY "\n" LOG_LINE), &witness, &note, &checkpoint, &err),
        HF_EMISMATCH);
    hf_signing_key_free(key);
}

/* Malformed notes, keys and checkpoints are refused. */
HF_TEST(malformed)
{
    static const char *const notes[] = {
        "",
        "\n",
        "text\n",
        "text\n\n",
        "\n\n" LOG_LINE,
        "text\n" LOG_LINE,
        "text\n\nnonsense\n",
        "te\rxt\n\n" LOG_LINE,
        "text\n\n" DASH "a b\n",
        "text\n\n" DASH "a AAAA\n",
        "text\n\n" DASH "a+b AAAAAAAA\n",
        "text\n\n" DASH "a  AAAAAAAA\n",
        "t\xff\n\n" LOG_LINE,
        "text\n\n" DASH "name AAAAAAA=",
    };
    struct hf_note note;
    for (size_t i = 0; i < HF_LEN(notes); i++) {
        HF_CHECK(hf_note_parse(hf_str_bytes(hf_str_c(notes[i])), &note, NULL) != HF_OK);
    }
    static const char *const texts[] = {
        "",
        "o\n",
        "o\n1\n",
        "\n1\nAAAA\n",
        "o\n01\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "o\n-1\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "o\n1\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n",
        "o\n1\nAAAA\n",
        "o\n99999999999999999999\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "o\n1\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n",
    };
    struct hf_checkpoint checkpoint;
    for (size_t i = 0; i < HF_LEN(texts); i++) {
        HF_CHECK(hf_checkpoint_parse(hf_str_c(texts[i]), &checkpoint, NULL) != HF_OK);
    }
    static const char *const vkeys[] = {
        "",
        "a",
        "a+b",
        "a+00000000+AAAA",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    };
    struct hf_vkey key;
    for (size_t i = 0; i < HF_LEN(vkeys); i++) {
        HF_CHECK(hf_vkey_parse(hf_str_c(vkeys[i]), &key, NULL) != HF_OK);
    }
    HF_CHECK(hf_key_name_check(HF_STR("a\xe2\x80\x83z"), NULL) != HF_OK); /* an em space */
    HF_CHECK(hf_key_name_check(HF_STR("example.com/\xc3\xa9"), NULL) == HF_OK);
}

/* A key file opens with its host key only; each changed byte is noticed. */
HF_TEST(key_files)
{
    struct hf_signing_key *key = NULL;
    struct hf_secret seed = {0}, host = {0}, other = {0};
    struct hf_vkey vkey, read;
    struct hf_err err = {0};
    uint8_t bytes[HF_SEAL_KEY_SIZE] = {1};
    char text[HF_KEY_FILE_MAX];
    HF_CHECK_OK(hf_signing_key_new(hf_env_os(), &key, &seed, &err), err);
    HF_CHECK_OK(
        hf_vkey_make(HF_STR("a/b"), HF_KEY_ED25519, hf_signing_key_public(key), &vkey, &err), err);
    HF_CHECK_RC(hf_secret_copy(hf_bytes_of(bytes, sizeof bytes), &host), HF_OK);
    bytes[0] = 2;
    HF_CHECK_RC(hf_secret_copy(hf_bytes_of(bytes, sizeof bytes), &other), HF_OK);
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_key_file_format(hf_env_os(), &vkey, &seed, &host, &w);
    hf_signing_key_free(key);
    key = NULL;
    HF_CHECK_OK(hf_key_file_open(hf_writer_done(&w), &host, &read, &key, &err), err);
    HF_CHECK(memcmp(&read.public_key, &vkey.public_key, sizeof vkey.public_key) == 0);
    hf_signing_key_free(key);
    HF_CHECK_RC(hf_key_file_open(hf_writer_done(&w), &other, &read, &key, &err), HF_EMISMATCH);
    for (size_t i = 0; i < w.len; i++) {
        text[i] = (char)(text[i] ^ 1);
        HF_CHECK(hf_key_file_open(hf_writer_done(&w), &host, &read, &key, &err) != HF_OK);
        text[i] = (char)(text[i] ^ 1);
    }
    hf_secret_free(&seed);
    hf_secret_free(&host);
    hf_secret_free(&other);
}

/* A proof file of a one-entry log verifies, formats to the same bytes, and no single flipped bit of
 * it verifies. */
HF_TEST(proof_files)
{
    struct hf_signing_key *key = key_of(7);
    struct hf_vkey vkey;
    struct hf_err err = {0};
    char note[1024], text[2048], again[2048];
    HF_CHECK_OK(
        hf_vkey_make(HF_STR("x.example"), HF_KEY_ED25519, hf_signing_key_public(key), &vkey, &err),
        err);
    struct hf_checkpoint checkpoint = {.origin = HF_STR("x.example"), .size = 2};
    struct hf_hash left, right;
    hf_sha256_prefixed(0, HF_BYTES("hello"), &left);
    hf_sha256_prefixed(0, HF_BYTES("world"), &right);
    hf_sha256_node(&left, &right, &checkpoint.root);
    struct hf_writer n = hf_writer_init(note, sizeof note);
    hf_checkpoint_sign(&checkpoint, &vkey, key, &n);
    struct hf_proof_file file = {.index = 1, .note = hf_writer_done(&n)};
    file.proof.hash[0] = left;
    file.proof.count = 1;
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_proof_file_format(&file, &w);
    struct hf_proof_file parsed;
    HF_CHECK_OK(hf_proof_file_parse(hf_writer_done(&w), &parsed, &err), err);
    HF_CHECK_OK(hf_proof_file_verify(&parsed, &vkey, HF_BYTES("world"), NULL, &err), err);
    HF_CHECK_RC(hf_proof_file_verify(&parsed, &vkey, HF_BYTES("hello"), NULL, &err), HF_EBADPROOF);
    struct hf_writer a = hf_writer_init(again, sizeof again);
    hf_proof_file_format(&parsed, &a);
    HF_CHECK(hf_bytes_eq(hf_writer_done(&a), hf_writer_done(&w)));
    for (size_t i = 0; i < 8 * w.len; i++) {
        text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
        bool ok = hf_proof_file_parse(hf_writer_done(&w), &parsed, NULL) == HF_OK &&
                  hf_proof_file_verify(&parsed, &vkey, HF_BYTES("world"), NULL, NULL) == HF_OK;
        HF_CHECK(!ok);
        text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
    }
    hf_signing_key_free(key);
}

HF_TEST_MAIN(HF_TEST_CASE(published_note), HF_TEST_CASE(checkpoint_vector), HF_TEST_CASE(malformed),
             HF_TEST_CASE(key_files), HF_TEST_CASE(proof_files))
