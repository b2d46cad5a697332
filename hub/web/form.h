/* hub/web/form.h: what a browser's form sends: application/x-www-form-urlencoded, as the WHATWG URL
 * standard describes it.
 *
 * Bounded: HF_FORM_FIELDS fields; the text is decoded in the caller's memory. Pure; one thread.
 */
#ifndef HF_HUB_WEB_FORM_H
#define HF_HUB_WEB_FORM_H

#include "base/bytes.h"
#include "base/err.h"

#define HF_FORM_FIELDS 12

struct hf_form {
    /* private */
    struct hf_str names[HF_FORM_FIELDS];
    struct hf_str values[HF_FORM_FIELDS];
    unsigned count;
};

/* Decodes into room, from which the form borrows. HF_EINVAL: a field comes twice, or is no UTF-8,
 * or holds a NUL, or a % is no escape; HF_ETOOBIG. */
enum hf_rc hf_form_parse(struct hf_bytes text, struct hf_writer *room, struct hf_form *ret_form,
                         struct hf_err *err);
/* Empty when there is none of this name. */
struct hf_str hf_form_get(const struct hf_form *form, const char *name);

#endif
