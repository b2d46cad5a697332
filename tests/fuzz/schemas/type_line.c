/* tests/fuzz/schemas/type_line.c: inputs that begin with the event type that they are for. */
#include "tests/fuzz/schemas/type_line.h"

#include "base/parse.h"

const struct hf_event_type *fuzz_type_line(struct hf_bytes input, struct hf_bytes *ret_rest)
{
    const uint8_t *end = input.len == 0 ? NULL : memchr(input.ptr, '\n', input.len);
    if (end == NULL) {
        return NULL;
    }
    size_t len = (size_t)(end - input.ptr);
    const uint8_t *space = memchr(input.ptr, ' ', len);
    uint64_t version = 0;
    if (space == NULL) {
        return NULL;
    }
    struct hf_str name = {(const char *)input.ptr, (size_t)(space - input.ptr)};
    struct hf_str number = {(const char *)space + 1, (size_t)(end - space) - 1};
    if (hf_parse_u64(number, 1, UINT16_MAX, &version) != HF_OK) {
        return NULL;
    }
    *ret_rest = hf_bytes_of(end + 1, input.len - len - 1);
    return hf_event_find_version(name, (uint32_t)version);
}
