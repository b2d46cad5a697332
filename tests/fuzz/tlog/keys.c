/* tests/fuzz/tlog/keys.c: makes the fixed keys. */
#include "tests/fuzz/tlog/keys.h"

#include "base/assert.h"

static struct hf_signing_key *make(uint8_t fill)
{
    struct hf_secret seed = {0};
    struct hf_signing_key *key = NULL;
    uint8_t bytes[HF_SEED_SIZE];
    memset(bytes, fill, sizeof bytes);
    HF_ASSERT(hf_secret_copy(hf_bytes_of(bytes, sizeof bytes), &seed) == HF_OK);
    HF_ASSERT(hf_signing_key_from_seed(&seed, &key, /* err= */ NULL) == HF_OK);
    hf_secret_free(&seed);
    return key;
}

const struct fuzz_keys *fuzz_keys(void)
{
    static struct fuzz_keys keys;
    if (keys.signer == NULL) {
        HF_ASSERT(hf_crypto_init(/* err= */ NULL) == HF_OK);
        keys.signer = make(1);
        keys.stranger = make(2);
    }
    return &keys;
}

struct hf_vkey fuzz_claim(struct hf_str name, enum hf_key_type type, uint32_t id,
                          const struct hf_signing_key *key)
{
    struct hf_vkey vkey;
    HF_ASSERT(hf_vkey_make(name, type, hf_signing_key_public(key), &vkey, /* err= */ NULL) ==
              HF_OK);
    vkey.id = id;
    return vkey;
}
