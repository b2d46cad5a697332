/* tests/unit/base/test_crypto.c: hashes, signatures, sealing and keys against published vectors. */
#include "base/crypto.h"

#include "base/heap.h"
#include "base/hex.h"
#include "tests/harness/test.h"

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* Bytes from hex that a test spells; the length must be right. */
static void unhex(const char *text, uint8_t *out, size_t len)
{
    size_t got = 0;
    HF_ASSERT(hf_hex_decode(hf_str_c(text), out, len, &got, NULL) == HF_OK && got == len);
}

/* SHA-256 of the examples of FIPS 180, in one piece, and in two pieces cut at every place. */
HF_TEST(sha256)
{
    static const struct {
        const char *text, *hash;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrl"
         "mnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_bytes text = hf_str_bytes(hf_str_c(rows[i].text));
        struct hf_hash expected, hash;
        unhex(rows[i].hash, expected.b, sizeof expected.b);
        hf_sha256(text, &hash);
        HF_CHECK(hf_hash_eq(&hash, &expected));
        for (size_t cut = 0; cut <= text.len; cut++) {
            struct hf_sha256_state state;
            hf_sha256_begin(&state);
            hf_sha256_update(&state, hf_bytes_of(text.ptr, cut));
            hf_sha256_update(&state, hf_bytes_of(text.ptr + cut, text.len - cut));
            hf_sha256_end(&state, &hash);
            HF_CHECK(hf_hash_eq(&hash, &expected));
        }
    }
    struct hf_hash hash, expected;
    struct hf_sha256_state state;
    unhex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", expected.b, 32);
    hf_sha256_begin(&state);
    for (int i = 0; i < 100000; i++) {
        hf_sha256_update(&state, HF_BYTES("aaaaaaaaaa"));
    }
    hf_sha256_end(&state, &hash);
    HF_CHECK(hf_hash_eq(&hash, &expected));
    HF_CHECK(!hf_hash_eq(&hash, &(struct hf_hash){0}));
}

/* Leaf and node hashes are SHA-256 of prefix and data for each length around the short cut for
 * what fits a small buffer; a node may be written over one of its children. */
HF_TEST(prefixed)
{
    uint8_t data[1 + 1100];
    struct hf_hash hash, expected, left, right;
    for (size_t len = 0; len < sizeof data; len++) {
        memset(data, (int)(len % 251), sizeof data);
        data[0] = (uint8_t)(len % 3);
        hf_sha256(hf_bytes_of(data, 1 + len), &expected);
        hf_sha256_prefixed(data[0], hf_bytes_of(len == 0 ? NULL : data + 1, len), &hash);
        HF_CHECK(hf_hash_eq(&hash, &expected));
    }
    data[0] = 1;
    hf_sha256(HF_BYTES("left"), &left);
    hf_sha256(HF_BYTES("right"), &right);
    memcpy(data + 1, left.b, 32);
    memcpy(data + 33, right.b, 32);
    hf_sha256(hf_bytes_of(data, 65), &expected);
    hf_sha256_node(&left, &right, &hash);
    HF_CHECK(hf_hash_eq(&hash, &expected));
    hash = left;
    hf_sha256_node(&hash, &right, &hash);
    HF_CHECK(hf_hash_eq(&hash, &expected));
    hash = right;
    hf_sha256_node(&left, &hash, &hash);
    HF_CHECK(hf_hash_eq(&hash, &expected));
}

/* Tests 1, 2, 3 and SHA(abc) of RFC 8032, section 7.1. */
static const struct {
    const char *seed, *public_key, *message, *signature;
} rfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

static struct hf_signing_key *key_of(const char *hex)
{
    uint8_t bytes[HF_SEED_SIZE];
    struct hf_secret seed = {0};
    struct hf_signing_key *key = NULL;
    unhex(hex, bytes, sizeof bytes);
    HF_ASSERT(hf_secret_copy(hf_bytes_of(bytes, sizeof bytes), &seed) == HF_OK);
    HF_ASSERT(hf_signing_key_from_seed(&seed, &key, NULL) == HF_OK);
    hf_secret_free(&seed);
    return key;
}

/* The keys and signatures of RFC 8032 come out, verify, and no longer do with any bit of the
 * signature, the key or the message changed, or a byte of the message gone. */
HF_TEST(ed25519)
{
    for (size_t i = 0; i < HF_LEN(rfc8032); i++) {
        struct hf_signing_key *key = key_of(rfc8032[i].seed);
        struct hf_public_key expected_key, public_key = *hf_signing_key_public(key);
        struct hf_signature expected, made;
        uint8_t message[64];
        size_t len = strlen(rfc8032[i].message) / 2;
        unhex(rfc8032[i].public_key, expected_key.b, sizeof expected_key.b);
        unhex(rfc8032[i].signature, expected.b, sizeof expected.b);
        unhex(rfc8032[i].message, message, len);
        struct hf_bytes text = hf_bytes_of(message, len);
        hf_sign(key, text, &made);
        hf_signing_key_free(key);
        HF_CHECK_MEM(public_key.b, expected_key.b, sizeof public_key.b);
        HF_CHECK_MEM(made.b, expected.b, sizeof made.b);
        HF_CHECK(hf_verify(&public_key, text, &made));
        for (size_t bit = 0; bit < 8 * sizeof made.b; bit++) {
            made.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            HF_CHECK(!hf_verify(&public_key, text, &made));
            made.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t bit = 0; bit < 8 * sizeof public_key.b; bit++) {
            public_key.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            HF_CHECK(!hf_verify(&public_key, text, &made));
            public_key.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t bit = 0; bit < 8 * len; bit++) {
            message[bit / 8] ^= (uint8_t)(1u << bit % 8);
            HF_CHECK(!hf_verify(&public_key, text, &made));
            message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        HF_CHECK(len == 0 || !hf_verify(&public_key, hf_bytes_of(message, len - 1), &made));
        HF_CHECK(hf_verify(&public_key, text, &made));
    }
}

/* What a lax verifier takes is refused: the same signature with the group's order added to S (a
 * second spelling), and keys of small order, under which one signature fits every message. */
HF_TEST(ed25519_strict)
{
    static const char order[] = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    struct hf_signing_key *key = key_of(rfc8032[0].seed);
    struct hf_signature made;
    uint8_t l[32];
    unsigned carry = 0;
    unhex(order, l, sizeof l);
    hf_sign(key, HF_BYTES("text"), &made);
    HF_CHECK(hf_verify(hf_signing_key_public(key), HF_BYTES("text"), &made));
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)made.b[32 + i] + l[i];
        made.b[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    HF_CHECK(!hf_verify(hf_signing_key_public(key), HF_BYTES("text"), &made));
    hf_signing_key_free(key);
    const struct hf_public_key small[] = {{{1}}, {{0}}, {{[31] = 0x80}}, {{1, [31] = 0x80}}};
    for (size_t i = 0; i < HF_LEN(small); i++) {
        struct hf_signature neutral = {{1}}; /* R is the neutral element, S is 0 */
        HF_CHECK(!hf_verify(&small[i], HF_BYTES("text"), &neutral));
        HF_CHECK(!hf_verify(&small[i], HF_BYTES("text"), &(struct hf_signature){0}));
    }
}

/* Fresh keys differ, their seed makes the same key again; seeds of other lengths and a lack of
 * memory are refused. */
HF_TEST(signing_keys)
{
    struct hf_signing_key *keys[3] = {NULL, NULL, NULL};
    struct hf_secret seeds[2] = {0};
    struct hf_err err = {0};
    for (size_t i = 0; i < 2; i++) {
        HF_CHECK_OK(hf_signing_key_new(hf_env_os(), &keys[i], &seeds[i], &err), err);
    }
    HF_CHECK_OK(hf_signing_key_from_seed(&seeds[0], &keys[2], &err), err);
    const uint8_t *first = hf_signing_key_public(keys[0])->b;
    HF_CHECK(memcmp(first, hf_signing_key_public(keys[1])->b, HF_PUBLIC_KEY_SIZE) != 0);
    HF_CHECK_MEM(first, hf_signing_key_public(keys[2])->b, HF_PUBLIC_KEY_SIZE);
    for (size_t i = 0; i < 3; i++) {
        hf_signing_key_free(keys[i]);
    }
    hf_signing_key_free(NULL);
    hf_heap_gate(never, NULL);
    enum hf_rc made = hf_signing_key_new(hf_env_os(), &keys[0], &seeds[1], &err);
    enum hf_rc again = hf_signing_key_from_seed(&seeds[0], &keys[0], &err);
    hf_heap_gate(NULL, NULL);
    HF_CHECK(made == HF_ENOMEM && again == HF_ENOMEM);
    for (size_t len = 0; len < 70; len++) {
        struct hf_secret odd = {0};
        HF_CHECK_RC(hf_secret_alloc(len, &odd), HF_OK);
        enum hf_rc rc = hf_signing_key_from_seed(&odd, &keys[0], NULL);
        hf_secret_free(&odd);
        HF_CHECK_RC(rc, len == HF_SEED_SIZE ? HF_OK : HF_EINVAL);
        if (rc == HF_OK) {
            hf_signing_key_free(keys[0]);
        }
    }
    hf_secret_free(&seeds[0]);
    hf_secret_free(&seeds[1]);
}

/* Secrets hold their bytes apart from the source, start as zeros, and may be freed twice. */
HF_TEST(secrets)
{
    uint8_t bytes[] = "bytes";
    struct hf_secret secret = {0}, zeros = {0}, empty = {0};
    HF_CHECK_RC(hf_secret_copy(hf_bytes_of(bytes, 5), &secret), HF_OK);
    hf_wipe(bytes, sizeof bytes);
    HF_CHECK(bytes[0] == 0 && bytes[4] == 0);
    HF_CHECK_STR(hf_bytes_str(hf_secret_reveal(&secret)), HF_STR("bytes"));
    HF_CHECK_RC(hf_secret_alloc(3, &zeros), HF_OK);
    HF_CHECK_STR(hf_bytes_str(hf_secret_reveal(&zeros)), HF_STR("\0\0\0"));
    memcpy(hf_secret_fill(&zeros), "abc", 3);
    HF_CHECK_STR(hf_bytes_str(hf_secret_reveal(&zeros)), HF_STR("abc"));
    HF_CHECK_RC(hf_secret_copy((struct hf_bytes){0}, &empty), HF_OK);
    HF_CHECK_U64(hf_secret_reveal(&empty).len, 0);
    for (int i = 0; i < 2; i++) {
        hf_secret_free(&secret);
        hf_secret_free(&zeros);
        hf_secret_free(&empty);
    }
    HF_CHECK_U64(hf_secret_reveal(&secret).len, 0);
    HF_CHECK(hf_equal_secret(HF_BYTES("abc"), HF_BYTES("abc")));
    HF_CHECK(!hf_equal_secret(HF_BYTES("abc"), HF_BYTES("abd")));
    HF_CHECK(!hf_equal_secret(HF_BYTES("abc"), HF_BYTES("ab")));
    HF_CHECK(hf_equal_secret((struct hf_bytes){0}, (struct hf_bytes){0}));
}

/* SipHash-2-4 of the reference's key (00 .. 0f) for its inputs "", 00 and 00 .. 0e. */
HF_TEST(table_hash)
{
    uint8_t key[16];
    for (uint8_t i = 0; i < 16; i++) {
        key[i] = i;
    }
    HF_CHECK_U64(hf_table_hash(key, hf_bytes_of(key, 0)), UINT64_C(0x726fdb47dd0e0e31));
    HF_CHECK_U64(hf_table_hash(key, hf_bytes_of(key, 1)), UINT64_C(0x74f839c593dc67fd));
    HF_CHECK_U64(hf_table_hash(key, hf_bytes_of(key, 15)), UINT64_C(0xa129ca6149be45e5));
}

static void hmac_is(struct hf_bytes secret, struct hf_bytes head, struct hf_bytes rest,
                    const char *expected)
{
    struct hf_secret key;
    struct hf_hash mac;
    HF_CHECK_RC(hf_secret_copy(secret, &key), HF_OK);
    hf_hmac_sha256(&key, head, rest, &mac);
    hf_secret_free(&key);
    char hex[2 * HF_HASH_SIZE + 1];
    hf_hex_encode(hf_bytes_of(mac.b, sizeof mac.b), hex);
    HF_CHECK_STR(hf_str_c(hex), hf_str_c(expected));
}

/* Test cases 2 and 6 of RFC 4231, a short key and one of 131 bytes, their data in two parts. */
HF_TEST(hmac)
{
    hmac_is(HF_BYTES("Jefe"), HF_BYTES("what do ya want "), HF_BYTES("for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    uint8_t key[131];
    memset(key, 0xAA, sizeof key);
    hmac_is(hf_bytes_of(key, sizeof key), HF_BYTES(""),
            HF_BYTES("Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

HF_TEST_MAIN(HF_TEST_CASE(sha256), HF_TEST_CASE(prefixed), HF_TEST_CASE(ed25519),
             HF_TEST_CASE(ed25519_strict), HF_TEST_CASE(signing_keys), HF_TEST_CASE(secrets),
             HF_TEST_CASE(table_hash), HF_TEST_CASE(hmac))
