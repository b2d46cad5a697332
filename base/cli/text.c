/* base/cli/text.c: writes text so that it cannot command a terminal. */
#include "base/cli/text.h"

#define WRAP_COLUMNS 80

/* Characters that change the direction of what follows (U+202A to U+202E, U+2066 to U+2069) can
 * make a line read as something else than it is. */
static bool is_direction(const uint8_t *p)
{
    return p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
                            (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

size_t hf_text_next(struct hf_str text, bool *ret_shown)
{
    const uint8_t *p = (const uint8_t *)text.ptr;
    if (p[0] < 0x80) {
        *ret_shown = p[0] >= 0x20 && p[0] != 0x7f;
        return 1;
    }
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (len > text.len || !hf_utf8_valid((struct hf_bytes){p, len}, NULL)) {
        *ret_shown = false;
        return 1;
    }
    bool is_c1 = p[0] == 0xc2 && p[1] < 0xa0;
    *ret_shown = !is_c1 && !(len == 3 && is_direction(p));
    return len;
}

size_t hf_text_width(struct hf_str text)
{
    size_t width = 0;
    for (size_t at = 0; at < text.len; width++) {
        bool shown;
        at += hf_text_next((struct hf_str){text.ptr + at, text.len - at}, &shown);
    }
    return width;
}

void hf_text_write(FILE *out, struct hf_str text)
{
    for (size_t at = 0; at < text.len;) {
        bool shown;
        size_t len = hf_text_next((struct hf_str){text.ptr + at, text.len - at}, &shown);
        if (shown) {
            (void)fwrite(text.ptr + at, 1, len, out);
        } else {
            (void)fputc('?', out);
        }
        at += len;
    }
}

static void new_line(FILE *out, size_t indent)
{
    (void)fprintf(out, "\n%*s", (int)indent, "");
}

void hf_text_wrap(FILE *out, struct hf_str text, size_t indent, size_t column)
{
    bool first = true; /* on its line */
    for (size_t at = 0; at < text.len;) {
        if (text.ptr[at] == '\n') {
            /* An empty line carries no indentation, which would be trailing space. */
            bool empty = at + 1 == text.len || text.ptr[at + 1] == '\n';
            new_line(out, empty ? 0 : indent);
            column = indent;
            first = true;
            at++;
            continue;
        }
        if (text.ptr[at] == ' ') {
            at++;
            continue;
        }
        size_t end = at;
        while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != '\n') {
            end++;
        }
        struct hf_str word = {text.ptr + at, end - at};
        size_t width = hf_text_width(word);
        if (!first && column + 1 + width > WRAP_COLUMNS) {
            new_line(out, indent);
            column = indent;
        } else if (!first) {
            (void)fputc(' ', out);
            column++;
        }
        hf_text_write(out, word);
        column += width;
        first = false;
        at = end;
    }
    (void)fputc('\n', out);
}
