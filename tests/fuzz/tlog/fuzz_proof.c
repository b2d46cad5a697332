/* tests/fuzz/tlog/fuzz_proof.c: a proof file that is accepted is written again to its bytes and
 * proves nothing under a key that did not sign it. */
#include "base/assert.h"
#include "log/tlog/proof_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hf_proof_file file;
    static uint8_t again[1 << 18];
    struct hf_bytes input = hf_bytes_of(data, size);
    struct hf_err err = {0};
    if (hf_proof_file_parse(input, &file, &err) != HF_OK) {
        HF_ASSERT(err.text[0] != '\0');
        return 0;
    }
    struct hf_writer w = hf_writer_init(again, sizeof again);
    hf_proof_file_format(&file, &w);
    HF_ASSERT(w.overflow || hf_bytes_eq(hf_writer_done(&w), input));
    HF_ASSERT(hf_crypto_init(&err) == HF_OK);
    struct hf_public_key public_key = {{7}};
    struct hf_vkey vkey;
    enum hf_rc rc =
        hf_vkey_make(HF_STR("fuzz.example/log"), HF_KEY_ED25519, &public_key, &vkey, &err);
    HF_ASSERT(rc == HF_OK);
    HF_ASSERT(hf_proof_file_verify(&file, &vkey, HF_BYTES("entry"), /* ret_checkpoint= */ NULL,
                                   &err) != HF_OK);
    return 0;
}
