/* tests/fuzz/schemas/fuzz_personal.c: what is sealed opens to what it was, or not at all.
 *
 * Input: a byte that says which one is changed, then a plain text. Properties: bytes of no key are
 * refused; the plain text under the key opens if and only if it is a canonical approval.personal,
 * and then is sealed again to bytes that open to the same; with one byte changed nothing opens.
 */
#include "base/assert.h"
#include "schemas/canonical.h"
#include "schemas/personal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PLACE "holdfast/personal/v1\nacme\na-1\n"
#define HEAD  (1 + HF_SUBJECT_SIZE)

static const struct hf_personal_place place = {{"acme", 4}, {"a-1", 3}};

static const struct hf_subject_key *the_key(void)
{
    static struct hf_subject_key key = {.subject = {{7}}};
    if (hf_secret_reveal(&key.key).ptr == NULL) {
        HF_ASSERT(hf_crypto_init(/* err= */ NULL) == HF_OK);
        HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &key.key) == HF_OK);
        memset(hf_secret_fill(&key.key), 7, HF_SEAL_KEY_SIZE);
    }
    return &key;
}

static bool is_content(struct hf_bytes plain, struct hf_approval_personal *ret)
{
    struct hf_canonical_fault fault;
    return hf_canonical_check(plain, &fault) == HF_OK &&
           hf_approval_personal_decode(plain, ret, /* err= */ NULL) == HF_OK;
}

static void check_content(const struct hf_personal *opened, struct hf_bytes plain)
{
    uint8_t out[HF_PERSONAL_MAX];
    struct hf_personal again;
    struct hf_writer w = hf_writer_init(out, sizeof out);
    HF_ASSERT(hf_bytes_eq(hf_secret_reveal(&opened->plain), plain));
    HF_ASSERT(hf_personal_seal(the_key(), &place, &opened->content, &w, NULL) == HF_OK);
    HF_ASSERT(!w.overflow);
    HF_ASSERT(hf_personal_open(the_key(), &place, hf_writer_done(&w), &again, NULL) == HF_OK);
    HF_ASSERT(hf_bytes_eq(hf_secret_reveal(&again.plain), plain));
    hf_personal_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t sealed[HF_SEALED_MIN + HF_CANONICAL_SIZE_MAX];
    static const uint8_t nonce[HF_SEAL_NONCE_SIZE] = {9};
    struct hf_approval_personal content;
    struct hf_personal opened;
    if (size == 0 || size > HF_PERSONAL_MAX) {
        return 0;
    }
    struct hf_bytes plain = hf_bytes_of(data + 1, size - 1);
    HF_ASSERT(hf_personal_open(the_key(), &place, plain, &opened, NULL) != HF_OK);
    sealed[0] = HF_SEALED_FORMAT;
    memcpy(sealed + 1, the_key()->subject.b, HF_SUBJECT_SIZE);
    hf_seal_with(&the_key()->key, nonce, plain, HF_BYTES(PLACE), sealed + HEAD);
    struct hf_bytes all = hf_bytes_of(sealed, HF_SEALED_MIN + plain.len);
    enum hf_rc rc = hf_personal_open(the_key(), &place, all, &opened, NULL);
    HF_ASSERT(rc == (is_content(plain, &content) ? HF_OK : HF_EINVAL));
    if (rc == HF_OK) {
        check_content(&opened, plain);
        hf_personal_free(&opened);
    }
    sealed[data[0] % all.len] ^= 0x80;
    HF_ASSERT(hf_personal_open(the_key(), &place, all, &opened, NULL) != HF_OK);
    return 0;
}
