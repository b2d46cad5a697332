/* hub/web/html.c: fills templates, and escapes. */
#include "hub/web/html.h"

#include "base/assert.h"

#define BAD 0xFFFDu

void hf_html_text(struct hf_buf *out, struct hf_str text)
{
    while (text.len > 0) {
        size_t len = 0;
        uint32_t c = hf_utf8_next(text, &len);
        switch (c) {
        case '&': hf_buf_str(out, HF_STR("&amp;")); break;
        case '<': hf_buf_str(out, HF_STR("&lt;")); break;
        case '>': hf_buf_str(out, HF_STR("&gt;")); break;
        case '"': hf_buf_str(out, HF_STR("&quot;")); break;
        case '\'': hf_buf_str(out, HF_STR("&#39;")); break;
        case BAD: hf_buf_str(out, HF_STR("\xEF\xBF\xBD")); break;
        default:
            if (hf_utf8_hidden(c)) {
                hf_buf_printf(out, "[U+%04X]", (unsigned)c);
            } else {
                hf_buf_put(out, text.ptr, len);
            }
        }
        text = (struct hf_str){text.ptr + len, text.len - len};
    }
}

void hf_html_put(struct hf_buf *out, const struct hf_html_template *page,
                 const struct hf_html_value *values)
{
    for (unsigned i = 0; i < page->count; i++) {
        const struct hf_html_piece *piece = &page->pieces[i];
        hf_buf_str(out, piece->literal);
        if (piece->slot < 0) {
            continue;
        }
        HF_ASSERT((unsigned)piece->slot < page->slots);
        const struct hf_html_value *value = &values[piece->slot];
        if (!piece->html) {
            HF_ASSERT(value->html == NULL);
            hf_html_text(out, value->text);
        } else if (value->html != NULL) {
            HF_ASSERT(value->text.len == 0);
            hf_buf_put(out, value->html->ptr, value->html->len);
            if (value->html->failed != HF_OK) {
                out->failed = value->html->failed;
            }
        }
    }
}
