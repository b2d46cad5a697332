/* log/tlog/proof_file.c: proof files, read, written, verified offline. */
#include "log/tlog/proof_file.h"

#include "base/base64.h"
#include "base/heap.h"
#include "base/parse.h"

#define HEADER "c2sp.org/tlog-proof@v1"

static bool valid_base64(struct hf_str text)
{
    if (text.len > HF_PROOF_FILE_MAX) {
        return false;
    }
    uint8_t *out = hf_heap_alloc(text.len);
    size_t len = 0;
    bool ok = out != NULL && hf_base64_decode(text, out, text.len, &len) == HF_OK;
    hf_heap_free(out);
    return ok;
}

static enum hf_rc bad_line(struct hf_err *err, unsigned line, const char *what)
{
    return hf_err_set(err, HF_ESYNTAX, "the proof file's line %u must be %s", line, what);
}

enum hf_rc hf_proof_file_parse(struct hf_bytes bytes, struct hf_proof_file *ret_file,
                               struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(bytes);
    struct hf_str line;
    unsigned number = 1;
    if (bytes.len > HF_PROOF_FILE_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "a proof file has at most %u bytes", HF_PROOF_FILE_MAX);
    }
    memset(ret_file, 0, sizeof *ret_file);
    if (!hf_cursor_line(&c, &line) || !hf_str_eq(line, HF_STR(HEADER))) {
        return bad_line(err, number, HEADER);
    }
    bool have = hf_cursor_line(&c, &line);
    number++;
    struct hf_str extra = HF_STR("extra ");
    if (have && hf_str_starts(line, extra)) {
        ret_file->extra = (struct hf_str){line.ptr + extra.len, line.len - extra.len};
        if (!valid_base64(ret_file->extra)) {
            return bad_line(err, number, "extra and base64");
        }
        have = hf_cursor_line(&c, &line);
        number++;
    }
    struct hf_str index = HF_STR("index ");
    if (!have || !hf_str_starts(line, index) ||
        hf_parse_u64((struct hf_str){line.ptr + index.len, line.len - index.len}, 0, INT64_MAX,
                     &ret_file->index) != HF_OK) {
        return bad_line(err, number, "index and a number");
    }
    for (;;) {
        number++;
        if (!hf_cursor_line(&c, &line)) {
            return bad_line(err, number, "a hash or the empty line before the checkpoint");
        }
        if (line.len == 0) {
            break;
        }
        size_t len = 0;
        if (ret_file->proof.count == HF_PROOF_MAX ||
            hf_base64_decode(line, ret_file->proof.hash[ret_file->proof.count].b, HF_HASH_SIZE,
                             &len) != HF_OK ||
            len != HF_HASH_SIZE) {
            return bad_line(err, number, "a hash of 32 bytes in base64");
        }
        ret_file->proof.count++;
    }
    ret_file->note = hf_bytes_of(c.ptr, c.left);
    return HF_OK;
}

void hf_proof_file_format(const struct hf_proof_file *file, struct hf_writer *w)
{
    hf_writer_str(w, HF_STR(HEADER "\n"));
    if (file->extra.ptr != NULL) {
        hf_writer_str(w, HF_STR("extra "));
        hf_writer_str(w, file->extra);
        hf_writer_u8(w, '\n');
    }
    hf_writer_printf(w, "index %llu\n", (unsigned long long)file->index);
    for (unsigned i = 0; i < file->proof.count; i++) {
        char hash[HF_BASE64_LEN(HF_HASH_SIZE) + 1];
        hf_base64_encode(hf_bytes_of(file->proof.hash[i].b, HF_HASH_SIZE), hash);
        hf_writer_printf(w, "%s\n", hash);
    }
    hf_writer_u8(w, '\n');
    hf_writer_bytes(w, file->note);
}

enum hf_rc hf_proof_file_verify(const struct hf_proof_file *file, const struct hf_vkey *key,
                                struct hf_bytes entry, struct hf_checkpoint *ret_checkpoint,
                                struct hf_err *err)
{
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    if (note == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to read the checkpoint");
    }
    struct hf_checkpoint checkpoint;
    enum hf_rc rc = hf_checkpoint_open(file->note, key, note, &checkpoint, err);
    hf_heap_free(note);
    if (rc != HF_OK) {
        return rc;
    }
    if (file->index >= checkpoint.size) {
        return hf_err_set(err, HF_ERANGE, "the proof is for entry %llu of a log of %llu",
                          (unsigned long long)file->index, (unsigned long long)checkpoint.size);
    }
    struct hf_hash leaf;
    hf_tree_leaf_hash(entry, &leaf);
    rc = hf_verify_inclusion(file->index, checkpoint.size, &leaf, file->proof.hash,
                             file->proof.count, &checkpoint.root);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "the entry is not the one at index %llu of the log",
                          (unsigned long long)file->index);
    }
    if (ret_checkpoint != NULL) {
        *ret_checkpoint = checkpoint;
    }
    return HF_OK;
}
