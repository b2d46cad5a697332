/* hub/web/html.h: HTML out of templates; the one place where text becomes HTML.
 *
 * A template is a file of hub/web/pages; hub/web/generate.py makes pieces of it. A slot {{NAME}}
 * takes text, whoever wrote it, and escapes it; a slot {{{NAME}}} takes what other templates made,
 * and nothing else. The generator lets slots stand in text and in quoted attributes alone.
 * Pure; one thread.
 */
#ifndef HF_HUB_WEB_HTML_H
#define HF_HUB_WEB_HTML_H

#include "base/buf.h"

struct hf_html_piece {
    struct hf_str literal;
    int slot;  /* behind the literal; -1: none */
    bool html; /* the slot takes HTML */
};

struct hf_html_template {
    const struct hf_html_piece *pieces;
    unsigned count;
    unsigned slots;
};

/* What a slot takes: one of both. */
struct hf_html_value {
    struct hf_str text;
    const struct hf_buf *html; /* made by hf_html_put; NULL: nothing */
};

/* Appends the template with its slots filled; values has one for each slot. */
void hf_html_put(struct hf_buf *out, const struct hf_html_template *page,
                 const struct hf_html_value *values);

/* Appends text so that it is shown as it is, in an element and in a quoted attribute: the five
 * characters of HTML's own are escaped, bytes that are no UTF-8 become U+FFFD, and characters that
 * nobody sees or that turn text around, with which a text can look like another one, are spelled:
 * [U+202E]. Line ends and tabs stay. */
void hf_html_text(struct hf_buf *out, struct hf_str text);

#endif
