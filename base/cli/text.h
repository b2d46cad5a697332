/* base/cli/text.h: text on its way to a person's terminal.
 *
 * Data from files and peers must not command the terminal: control characters, characters that
 * turn the direction of writing, and bytes that are not UTF-8 are written as '?'. A width is a
 * number of characters; each counts as one column.
 */
#ifndef HF_BASE_CLI_TEXT_H
#define HF_BASE_CLI_TEXT_H

#include <stdio.h>

#include "base/bytes.h"

/* Bytes of the first character of a text that is not empty; *ret_shown is false for one that is
 * written as '?'. */
size_t hf_text_next(struct hf_str text, bool *ret_shown);

size_t hf_text_width(struct hf_str text);

/* Write errors stay in the stream, here and below. */
void hf_text_write(FILE *out, struct hf_str text);

/* Words of text broken into lines of at most 80 columns, the cursor being at `column`; further
 * lines start at `indent`. Line ends in text stay. Ends with a line end. */
void hf_text_wrap(FILE *out, struct hf_str text, size_t indent, size_t column);

#endif
