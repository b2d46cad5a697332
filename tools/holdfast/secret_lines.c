/* tools/holdfast/secret_lines.c: reads files of secrets. */
#include "tools/holdfast/secret_lines.h"

#include "base/base64.h"

static struct hf_str word(struct hf_str *io_line)
{
    const char *space = memchr(io_line->ptr, ' ', io_line->len);
    size_t len = space == NULL ? io_line->len : (size_t)(space - io_line->ptr);
    struct hf_str first = {io_line->ptr, len};
    size_t skip = space == NULL ? len : len + 1;
    *io_line = (struct hf_str){io_line->ptr + skip, io_line->len - skip};
    return first;
}

static enum hf_rc take_line(struct hf_str text, hf_secret_line_fn *fn, void *arg,
                            struct hf_err *err)
{
    struct hf_secret room, value = {0};
    size_t len = 0;
    struct hf_secret_line line = {.kind = word(&text), .value = &value};
    line.name = word(&text);
    enum hf_rc rc = hf_secret_alloc(HF_SECRET_VALUE_MAX, &room);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no locked memory for a secret");
    }
    if (line.kind.len == 0 || line.kind.len > 32 || line.name.len == 0 || line.name.len > 64 ||
        hf_base64_decode(text, hf_secret_fill(&room), HF_SECRET_VALUE_MAX, &len) != HF_OK ||
        len == 0) {
        rc = hf_err_set(err, HF_EINVAL, "a line is \"KIND NAME VALUE\", the value in base64");
    } else if (hf_secret_copy(hf_bytes_of(hf_secret_reveal(&room).ptr, len), &value) != HF_OK) {
        rc = hf_err_set(err, HF_ENOMEM, "no locked memory for a secret");
    } else {
        rc = fn(arg, &line, err);
    }
    hf_secret_free(&value);
    hf_secret_free(&room);
    return rc;
}

enum hf_rc hf_secret_lines(struct hf_bytes text, hf_secret_line_fn *fn, void *arg,
                           struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(text);
    enum hf_rc rc = HF_OK;
    unsigned number = 0;
    while (rc == HF_OK && cursor.left > 0) {
        struct hf_str line = {(const char *)cursor.ptr, cursor.left};
        number++;
        if (!hf_cursor_line(&cursor, &line)) {
            cursor.left = 0; /* the last line may have no end */
        }
        if (line.len > 0 && line.ptr[0] != '#') {
            rc = take_line(line, fn, arg, err);
        }
    }
    return rc == HF_OK ? rc : hf_err_wrap(err, rc, "line %u", number);
}
