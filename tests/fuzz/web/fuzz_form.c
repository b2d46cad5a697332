/* tests/fuzz/web/fuzz_form.c: a form is read whole or not at all.
 *
 * Property: what is read, and written again with every byte escaped, is read as the same; names
 * come once, values are UTF-8 without zero bytes; a room that is too small gives no form.
 */
#include "base/assert.h"
#include "hub/web/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void escape(struct hf_writer *w, struct hf_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        hf_writer_printf(w, "%%%02X", (unsigned)(uint8_t)text.ptr[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[8192];
    static uint8_t other_room[8192];
    static uint8_t escaped[4 * sizeof room];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_form form;
    struct hf_form other;
    if (hf_form_parse(hf_bytes_of(data, size), &w, &form, NULL) != HF_OK) {
        return 0;
    }
    struct hf_writer e = hf_writer_init(escaped, sizeof escaped);
    for (unsigned i = 0; i < form.count; i++) {
        HF_ASSERT(hf_utf8_valid(hf_str_bytes(form.values[i]), NULL));
        HF_ASSERT(form.values[i].len == 0 ||
                  memchr(form.values[i].ptr, 0, form.values[i].len) == NULL);
        escape(&e, form.names[i]);
        hf_writer_u8(&e, '=');
        escape(&e, form.values[i]);
        hf_writer_u8(&e, '&');
    }
    HF_ASSERT(!e.overflow);
    struct hf_writer ow = hf_writer_init(other_room, sizeof other_room);
    HF_ASSERT(hf_form_parse(hf_writer_done(&e), &ow, &other, NULL) == HF_OK);
    HF_ASSERT(other.count == form.count && ow.len == w.len);
    for (unsigned i = 0; i < form.count; i++) {
        HF_ASSERT(hf_str_eq(other.names[i], form.names[i]));
        HF_ASSERT(hf_str_eq(other.values[i], form.values[i]));
    }
    if (w.len > 0) {
        struct hf_writer small = hf_writer_init(other_room, w.len - 1);
        HF_ASSERT(hf_form_parse(hf_bytes_of(data, size), &small, &other, NULL) == HF_ETOOBIG);
    }
    return 0;
}
