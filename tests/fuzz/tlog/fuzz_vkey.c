/* tests/fuzz/tlog/fuzz_vkey.c: verifier keys and key files have one spelling and one owner.
 *
 * Input: a verifier key, a key file, or bytes to make a key of. Properties: an accepted verifier
 * key is written as it was read; a key file made for it opens to the same key, and no longer once
 * any byte of it was changed or with another host's key.
 */
#include "base/assert.h"
#include "log/tlog/key_file.h"
#include "tests/fuzz/tlog/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void secret(struct hf_secret *ret_secret, struct hf_bytes bytes, uint8_t fill)
{
    uint8_t filled[HF_SEED_SIZE];
    memset(filled, fill, sizeof filled);
    memcpy(filled, bytes.ptr, bytes.len < sizeof filled ? bytes.len : sizeof filled);
    HF_ASSERT(hf_secret_copy(hf_bytes_of(filled, sizeof filled), ret_secret) == HF_OK);
}

static void check_vkey(struct hf_str text, struct hf_vkey *ret_key)
{
    char again[HF_VKEY_TEXT_MAX];
    struct hf_vkey made;
    if (hf_vkey_parse(text, ret_key, /* err= */ NULL) != HF_OK) {
        HF_ASSERT(hf_vkey_make(HF_STR("key.example"), HF_KEY_ED25519,
                               hf_signing_key_public(fuzz_keys()->signer), ret_key,
                               /* err= */ NULL) == HF_OK);
        return;
    }
    size_t len = hf_vkey_format(ret_key, again);
    HF_ASSERT(hf_str_eq((struct hf_str){again, len}, text));
    HF_ASSERT(hf_vkey_make((struct hf_str){ret_key->name, ret_key->name_len}, ret_key->type,
                           &ret_key->public_key, &made, /* err= */ NULL) == HF_OK);
    HF_ASSERT(made.id == ret_key->id);
}

/* Foreign bytes that open must name the key they open to. */
static void check_foreign(struct hf_bytes input, const struct hf_secret *host_key)
{
    struct hf_vkey vkey;
    struct hf_signing_key *key = NULL;
    char text[HF_VKEY_TEXT_MAX];
    if (hf_key_file_open(input, host_key, &vkey, &key, /* err= */ NULL) != HF_OK) {
        HF_ASSERT(key == NULL);
        return;
    }
    size_t len = hf_vkey_format(&vkey, text);
    struct hf_str named = {(const char *)input.ptr + sizeof "holdfast/key@v1", len};
    HF_ASSERT(hf_str_eq((struct hf_str){text, len}, named) && named.ptr[len] == '\n');
    HF_ASSERT(memcmp(hf_signing_key_public(key), &vkey.public_key, HF_PUBLIC_KEY_SIZE) == 0);
    hf_signing_key_free(key);
}

static void check_opens(struct hf_bytes file, const struct hf_secret *host_key,
                        const struct hf_vkey *expected)
{
    struct hf_vkey vkey = {0};
    struct hf_signing_key *key = NULL;
    HF_ASSERT(hf_key_file_open(file, host_key, &vkey, &key, /* err= */ NULL) == HF_OK);
    HF_ASSERT(vkey.id == expected->id && vkey.type == expected->type);
    HF_ASSERT(strcmp(vkey.name, expected->name) == 0 && vkey.name_len == expected->name_len);
    HF_ASSERT(memcmp(hf_signing_key_public(key), &expected->public_key, HF_PUBLIC_KEY_SIZE) == 0);
    hf_signing_key_free(key);
}

static void check_refused(struct hf_bytes file, const struct hf_secret *host_key,
                          enum hf_rc *ret_rc)
{
    struct hf_vkey vkey;
    struct hf_signing_key *key = NULL;
    *ret_rc = hf_key_file_open(file, host_key, &vkey, &key, /* err= */ NULL);
    HF_ASSERT(*ret_rc != HF_OK && key == NULL);
}

/* A file for a key made of the input, under the name that the input's verifier key has. */
static void check_file(const struct hf_vkey *named, struct hf_bytes input,
                       const struct hf_secret *host_key)
{
    uint8_t bytes[HF_KEY_FILE_MAX];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_secret seed = {0}, other = {0};
    struct hf_signing_key *key = NULL;
    struct hf_vkey vkey;
    struct hf_env_sim env;
    enum hf_rc rc;
    hf_env_sim_init(&env, input.len);
    secret(&seed, input, 3);
    secret(&other, HF_BYTES("another host"), 5);
    HF_ASSERT(hf_signing_key_from_seed(&seed, &key, /* err= */ NULL) == HF_OK);
    HF_ASSERT(hf_vkey_make((struct hf_str){named->name, named->name_len}, named->type,
                           hf_signing_key_public(key), &vkey, /* err= */ NULL) == HF_OK);
    hf_key_file_format(&env.env, &vkey, &seed, host_key, &w);
    HF_ASSERT(!w.overflow);
    check_opens(hf_writer_done(&w), host_key, &vkey);
    check_refused(hf_writer_done(&w), &other, &rc);
    HF_ASSERT(rc == HF_EMISMATCH);
    size_t at = (input.len == 0 ? 0 : input.ptr[0] * 256u + input.ptr[input.len - 1]) % w.len;
    bytes[at] ^= (uint8_t)(1u << (input.len % 8));
    check_refused(hf_writer_done(&w), host_key, &rc);
    check_refused(hf_bytes_of(bytes, at), host_key, &rc);
    hf_signing_key_free(key);
    hf_secret_free(&seed);
    hf_secret_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_bytes input = hf_bytes_of(data, size);
    struct hf_secret host_key = {0};
    struct hf_vkey named;
    (void)fuzz_keys();
    secret(&host_key, HF_BYTES(""), 4);
    check_vkey(hf_bytes_str(input), &named);
    check_foreign(input, &host_key);
    check_file(&named, input, &host_key);
    hf_secret_free(&host_key);
    return 0;
}
