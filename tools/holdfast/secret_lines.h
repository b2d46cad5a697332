/* tools/holdfast/secret_lines.h: files of secrets: lines "KIND NAME VALUE", the value in base64; an
 * empty line, or one that begins with #, is skipped. */
#ifndef HF_TOOLS_HOLDFAST_SECRET_LINES_H
#define HF_TOOLS_HOLDFAST_SECRET_LINES_H

#include "base/err.h"
#include "base/secret.h"

#define HF_SECRET_LINES_MAX (2u << 20) /* bytes of such a file */
#define HF_SECRET_VALUE_MAX 8192

struct hf_secret_line {
    struct hf_str kind; /* borrow from the text */
    struct hf_str name;
    const struct hf_secret *value; /* borrowed until the call returns */
};

typedef enum hf_rc hf_secret_line_fn(void *arg, const struct hf_secret_line *line,
                                     struct hf_err *err);

/* Calls fn for each; its failure ends the walk. Errors name the line. HF_EINVAL. */
enum hf_rc hf_secret_lines(struct hf_bytes text, hf_secret_line_fn *fn, void *arg,
                           struct hf_err *err);

#endif
