/* hub/web/form.c: reads what a browser's form sends. */
#include "hub/web/form.h"

static int hex_of(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static enum hf_rc decode(struct hf_bytes text, struct hf_writer *room, struct hf_str *ret,
                         struct hf_err *err)
{
    size_t begin = room->len;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_of(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_of(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return hf_err_set(err, HF_EINVAL, "a %% in the form is no escape");
            }
            c = (uint8_t)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (c == 0) {
            return hf_err_set(err, HF_EINVAL, "the form holds a zero byte");
        }
        hf_writer_u8(room, c);
    }
    if (room->overflow) {
        return hf_err_set(err, HF_ETOOBIG, "the form is too long");
    }
    *ret = (struct hf_str){(const char *)room->ptr + begin, room->len - begin};
    return hf_utf8_valid(hf_str_bytes(*ret), NULL)
               ? HF_OK
               : hf_err_set(err, HF_EINVAL, "the form is no UTF-8");
}

static enum hf_rc take_field(struct hf_bytes field, struct hf_writer *room, struct hf_form *form,
                             struct hf_err *err)
{
    const uint8_t *mark = memchr(field.ptr, '=', field.len);
    size_t len = mark == NULL ? field.len : (size_t)(mark - field.ptr);
    struct hf_bytes value = {field.ptr + len, 0};
    if (form->count == HF_FORM_FIELDS) {
        return hf_err_set(err, HF_ETOOBIG, "the form has more than %d fields", HF_FORM_FIELDS);
    }
    if (mark != NULL) {
        value = hf_bytes_of(mark + 1, field.len - len - 1);
    }
    struct hf_str name = {"", 0};
    enum hf_rc rc = decode(hf_bytes_of(field.ptr, len), room, &name, err);
    if (rc == HF_OK) {
        rc = decode(value, room, &form->values[form->count], err);
    }
    for (unsigned i = 0; rc == HF_OK && i < form->count; i++) {
        if (hf_str_eq(form->names[i], name)) {
            rc = hf_err_set(err, HF_EINVAL, "a field of the form comes twice");
        }
    }
    if (rc == HF_OK) {
        form->names[form->count++] = name;
    }
    return rc;
}

enum hf_rc hf_form_parse(struct hf_bytes text, struct hf_writer *room, struct hf_form *ret_form,
                         struct hf_err *err)
{
    struct hf_form form = {.count = 0};
    enum hf_rc rc = HF_OK;
    while (rc == HF_OK && text.len > 0) {
        const uint8_t *and = memchr(text.ptr, '&', text.len);
        size_t len = and == NULL ? text.len : (size_t)(and-text.ptr);
        if (len > 0) {
            rc = take_field(hf_bytes_of(text.ptr, len), room, &form, err);
        }
        size_t taken = len + (and == NULL ? 0 : 1);
        text = hf_bytes_of(text.ptr + taken, text.len - taken);
    }
    if (rc == HF_OK) {
        *ret_form = form;
    }
    return rc;
}

struct hf_str hf_form_get(const struct hf_form *form, const char *name)
{
    for (unsigned i = 0; i < form->count; i++) {
        if (hf_str_eq(form->names[i], hf_str_c(name))) {
            return form->values[i];
        }
    }
    return (struct hf_str){"", 0};
}
