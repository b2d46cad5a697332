/* tests/fuzz/tlog/fuzz_vkey.c: a verifier key that is accepted has one text; one flipped character
 * of its key never gives the same key. */
#include "base/assert.h"
#include "log/tlog/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_vkey key;
    struct hf_err err = {0};
    struct hf_str input = {(const char *)data, size};
    (void)hf_key_name_check(input, &err);
    if (hf_vkey_parse(input, &key, &err) != HF_OK) {
        HF_ASSERT(err.text[0] != '\0');
        return 0;
    }
    char text[HF_VKEY_TEXT_MAX];
    size_t len = hf_vkey_format(&key, text);
    HF_ASSERT(hf_str_eq((struct hf_str){text, len}, input));
    struct hf_vkey other;
    text[len - 3] = text[len - 3] == 'A' ? 'B' : 'A';
    if (hf_vkey_parse((struct hf_str){text, len}, &other, &err) == HF_OK) {
        HF_ASSERT(memcmp(&other.public_key, &key.public_key, sizeof key.public_key) != 0);
    }
    return 0;
}
