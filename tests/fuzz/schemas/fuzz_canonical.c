/* tests/fuzz/schemas/fuzz_canonical.c: what the checker accepts is the packer's own output. */
#include "base/assert.h"
#include "base/buf.h"
#include "schemas/canonical.h"
#include "schemas/event.h"
#include "schemas/pack.h"
#include "schemas/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads one value and packs it again; parts of arrays and maps follow as values of their own. */
static size_t repack(struct hf_unpack *u, struct hf_writer *w)
{
    bool ok = false;
    bool flag = false;
    uint64_t number = 0;
    int64_t negative = 0;
    size_t count = 0;
    struct hf_str text = {NULL, 0};
    struct hf_bytes bytes = {NULL, 0};
    switch (hf_unpack_peek(u)) {
    case HF_UNPACK_NONE: break;
    case HF_UNPACK_NIL:
        ok = hf_unpack_nil(u);
        hf_pack_nil(w);
        break;
    case HF_UNPACK_BOOL:
        ok = hf_unpack_bool(u, &flag);
        hf_pack_bool(w, flag);
        break;
    case HF_UNPACK_UINT:
        ok = hf_unpack_u64(u, &number);
        hf_pack_u64(w, number);
        break;
    case HF_UNPACK_INT:
        ok = hf_unpack_i64(u, &negative);
        hf_pack_i64(w, negative);
        break;
    case HF_UNPACK_STR:
        ok = hf_unpack_str(u, &text);
        hf_pack_str(w, text);
        break;
    case HF_UNPACK_BIN:
        ok = hf_unpack_bin(u, &bytes);
        hf_pack_bin(w, bytes);
        break;
    case HF_UNPACK_SEALED:
        ok = hf_unpack_sealed(u, &bytes);
        hf_pack_sealed(w, bytes);
        break;
    case HF_UNPACK_ARRAY:
        ok = hf_unpack_array(u, &count);
        hf_pack_array(w, count);
        break;
    case HF_UNPACK_MAP:
        ok = hf_unpack_map(u, &count);
        hf_pack_map(w, count);
        count *= 2;
        break;
    }
    HF_ASSERT(ok);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[HF_CANONICAL_SIZE_MAX];
    struct hf_bytes input = hf_bytes_of(data, size);
    struct hf_canonical_fault fault;
    enum hf_rc rc = hf_canonical_check(input, &fault);
    HF_ASSERT((rc == HF_OK) == (fault.reason == HF_CANONICAL_OK));
    HF_ASSERT(fault.offset <= size);
    struct hf_buf text = hf_buf_init(4u << 20);
    struct hf_json_out json;
    hf_json_init(&json, &text);
    hf_value_to_json(input, &json);
    HF_ASSERT(text.failed == HF_OK);
    hf_buf_free(&text);
    struct hf_unpack skip = hf_unpack_init(input);
    bool skipped = hf_unpack_skip(&skip);
    if (rc != HF_OK) {
        return 0;
    }
    HF_ASSERT(skipped && hf_unpack_left(&skip) == 0);
    struct hf_unpack u = hf_unpack_init(input);
    struct hf_writer w = hf_writer_init(again, sizeof again);
    for (size_t pending = 1; pending > 0; pending--) {
        pending += repack(&u, &w);
    }
    HF_ASSERT(!w.overflow && hf_bytes_eq(hf_writer_done(&w), input));
    return 0;
}
