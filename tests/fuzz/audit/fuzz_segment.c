/* tests/fuzz/audit/fuzz_segment.c: a segment that is taken apart is written again to its bytes, and
 * a mirror never grows by one that nobody signed. */
#include "base/assert.h"
#include "log/mirror/mirror.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_bytes bytes = hf_bytes_of(data, size);
    struct hf_segment segment;
    struct hf_mirror mirror;
    struct hf_err err = {0};
    if (hf_segment_parse(bytes, &segment, &err) != HF_OK) {
        HF_ASSERT(err.text[0] != '\0');
        return 0;
    }
    struct hf_buf again = hf_buf_init(2 * HF_SEGMENT_MAX);
    hf_segment_write(&segment, &again);
    HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&again), bytes));
    hf_buf_free(&again);
    struct hf_event_epoch_opened opened;
    if (hf_mirror_opening(&segment, &opened, &err) == HF_OK) {
        HF_ASSERT(segment.first == 0 && hf_event_epoch_opened_check(&opened, &err) == HF_OK);
    }
    hf_mirror_init(&mirror);
    struct hf_mirror next = mirror;
    struct hf_public_key key = {{9}};
    struct hf_hash root;
    HF_ASSERT(hf_crypto_init(&err) == HF_OK);
    HF_ASSERT(hf_mirror_check(&mirror, &segment, HF_STR("dev/tenant/acme"), &key, &next, &root,
                              &err) != HF_OK);
    return 0;
}
