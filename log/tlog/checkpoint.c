/* log/tlog/checkpoint.c: a checkpoint's three lines, parsed, written, signed. */
#include "log/tlog/checkpoint.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/parse.h"

enum hf_rc hf_checkpoint_parse(struct hf_str text, struct hf_checkpoint *ret_checkpoint,
                               struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(hf_str_bytes(text));
    struct hf_str origin, size, root;
    if (!hf_cursor_line(&c, &origin) || origin.len == 0) {
        return hf_err_set(err, HF_ESYNTAX, "the checkpoint's line 1 must be the log's origin");
    }
    struct hf_checkpoint parsed = {.origin = origin};
    if (!hf_cursor_line(&c, &size) || hf_parse_u64(size, 0, INT64_MAX, &parsed.size) != HF_OK) {
        return hf_err_set(err, HF_ESYNTAX, "the checkpoint's line 2 must be the log's size");
    }
    size_t len = 0;
    if (!hf_cursor_line(&c, &root) ||
        hf_base64_decode(root, parsed.root.b, HF_HASH_SIZE, &len) != HF_OK || len != HF_HASH_SIZE) {
        return hf_err_set(err, HF_ESYNTAX, "the checkpoint's line 3 must be a root of 32 bytes");
    }
    parsed.extensions = (struct hf_str){(const char *)c.ptr, c.left};
    unsigned number = 4;
    for (struct hf_str line; c.left > 0; number++) {
        if (!hf_cursor_line(&c, &line) || line.len == 0) {
            return hf_err_set(err, HF_ESYNTAX, "the checkpoint's line %u is empty or cut", number);
        }
    }
    *ret_checkpoint = parsed;
    return HF_OK;
}

void hf_checkpoint_format(const struct hf_checkpoint *checkpoint, struct hf_writer *w)
{
    char root[HF_BASE64_LEN(HF_HASH_SIZE) + 1];
    hf_base64_encode(hf_bytes_of(checkpoint->root.b, HF_HASH_SIZE), root);
    hf_writer_str(w, checkpoint->origin);
    hf_writer_printf(w, "\n%llu\n%s\n", (unsigned long long)checkpoint->size, root);
    hf_writer_str(w, checkpoint->extensions);
}

void hf_checkpoint_sign(const struct hf_checkpoint *checkpoint, const struct hf_vkey *vkey,
                        const struct hf_signing_key *key, struct hf_writer *w)
{
    size_t start = w->len;
    hf_checkpoint_format(checkpoint, w);
    if (w->overflow) {
        return;
    }
    struct hf_str text = {(const char *)w->ptr + start, w->len - start};
    hf_writer_u8(w, '\n');
    hf_note_sign(text, vkey, key, w);
}

void hf_checkpoint_cosign(struct hf_bytes note, const struct hf_vkey *vkey,
                          const struct hf_signing_key *key, uint64_t time_s, struct hf_buf *buf)
{
    uint8_t line[512];
    const char *start = (const char *)note.ptr;
    const char *end = note.len == 0 ? NULL : memmem(start, note.len, "\n\n", 2);
    HF_ASSERT(end != NULL);
    struct hf_writer w = hf_writer_init(line, sizeof line);
    hf_note_cosign((struct hf_str){start, (size_t)(end - start) + 1}, vkey, key, time_s, &w);
    HF_ASSERT(!w.overflow);
    hf_buf_put(buf, note.ptr, note.len);
    hf_buf_put(buf, line, w.len);
}

enum hf_rc hf_checkpoint_open(struct hf_bytes bytes, const struct hf_vkey *key,
                              struct hf_note *note, struct hf_checkpoint *ret_checkpoint,
                              struct hf_err *err)
{
    struct hf_checkpoint parsed = {0};
    enum hf_rc rc = hf_note_parse(bytes, note, err);
    if (rc == HF_OK) {
        rc = hf_checkpoint_parse(note->text, &parsed, err);
    }
    if (rc == HF_OK && !hf_str_eq(parsed.origin, (struct hf_str){key->name, key->name_len})) {
        rc = hf_err_set(err, HF_EMISMATCH, "the checkpoint is of the log %.*s, not of %s",
                        HF_STR_ARG(parsed.origin), key->name);
    }
    if (rc == HF_OK) {
        rc = hf_note_verify(note, key, /* ret_time_s= */ NULL, err);
    }
    if (rc == HF_OK) {
        *ret_checkpoint = parsed;
    }
    return rc;
}
