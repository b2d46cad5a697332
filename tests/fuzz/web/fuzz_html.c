/* tests/fuzz/web/fuzz_html.c: whatever text is put into a page, it stays text.
 *
 * Property: what comes out is UTF-8 without any of the characters that end a text or a quoted
 * attribute, an ampersand begins one of the five escapes only, no hidden character is left, and
 * read back it is the text that went in, when that had nothing to spell. A template of one slot
 * gives the same, and escaping in two parts, cut between characters, gives what escaping at once
 * does.
 */
#include "base/assert.h"
#include "hub/web/html.h"

#define MAX (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    struct hf_str escape;
    char c;
} escapes[] = {{{"&amp;", 5}, '&'},
               {{"&lt;", 4}, '<'},
               {{"&gt;", 4}, '>'},
               {{"&quot;", 6}, '"'},
               {{"&#39;", 5}, '\''}};

/* U+202E, which turns text around, and U+200B and U+FEFF, which nobody sees. */
static const uint8_t hidden[][3] = {{0xE2, 0x80, 0xAE}, {0xE2, 0x80, 0x8B}, {0xEF, 0xBB, 0xBF}};

/* Checks what came out and reads it back. */
static void read_back(struct hf_bytes html, struct hf_buf *out)
{
    HF_ASSERT(hf_utf8_valid(html, NULL));
    while (html.len > 0) {
        uint8_t c = html.ptr[0];
        size_t len = 1;
        HF_ASSERT(c != '<' && c != '>' && c != '"' && c != '\'' && c != 0x7F);
        HF_ASSERT(c >= 0x20 || c == '\n' || c == '\t');
        if (c == '&') {
            size_t i = 0;
            while (i < HF_LEN(escapes) && !hf_str_starts(hf_bytes_str(html), escapes[i].escape)) {
                i++;
            }
            HF_ASSERT(i < HF_LEN(escapes));
            c = (uint8_t)escapes[i].c;
            len = escapes[i].escape.len;
        }
        for (size_t i = 0; i < HF_LEN(hidden); i++) {
            HF_ASSERT(html.len < 3 || memcmp(html.ptr, hidden[i], 3) != 0);
        }
        hf_buf_put(out, &c, 1);
        html = hf_bytes_of(html.ptr + len, html.len - len);
    }
}

/* Nothing in it is spelled or replaced: printable ASCII, and line ends. */
static bool is_plain(struct hf_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((text.ptr[i] < 0x20 && text.ptr[i] != '\n') || text.ptr[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct hf_html_piece pieces[] = {{{"", 0}, 0, false}, {{"", 0}, -1, false}};
    static const struct hf_html_template page = {pieces, 2, 1};
    const struct hf_html_value value = {.text = hf_bytes_str(hf_bytes_of(data, size))};
    struct hf_buf html = hf_buf_init(MAX);
    struct hf_buf again = hf_buf_init(MAX);
    struct hf_buf text = hf_buf_init(MAX);
    hf_html_text(&html, value.text);
    hf_html_put(&again, &page, &value);
    HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&html), hf_buf_bytes(&again)));
    read_back(hf_buf_bytes(&html), &text);
    HF_ASSERT(!is_plain(value.text) || hf_bytes_eq(hf_buf_bytes(&text), hf_str_bytes(value.text)));
    size_t half = size / 2;
    while (half < size && (data[half] & 0xC0) == 0x80) {
        half++;
    }
    if (hf_utf8_valid(hf_str_bytes(value.text), NULL)) {
        hf_buf_clear(&again);
        hf_html_text(&again, (struct hf_str){value.text.ptr, half});
        hf_html_text(&again, (struct hf_str){value.text.ptr + half, size - half});
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&html), hf_buf_bytes(&again)));
    }
    hf_buf_free(&text);
    hf_buf_free(&again);
    hf_buf_free(&html);
    return 0;
}
