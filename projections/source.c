/* projections/source.c: what a store remembers of the log that it was made of. */
#include "projections/source.h"

#include <string.h>

#include "base/hex.h"

enum {
    MARK_NAME,
    MARK_VKEY,
    MARK_SIZE,
    MARK_ROOT,
};

static const struct hf_table_def marks = {.name = "holdfast_source",
                                          .columns = {{"name", HF_COLUMN_TEXT},
                                                      {"vkey", HF_COLUMN_TEXT},
                                                      {"log_size", HF_COLUMN_INT},
                                                      {"root", HF_COLUMN_TEXT}},
                                          .key_columns = 1};

enum hf_rc hf_source_mark_read(struct hf_store *store, struct hf_source_mark *ret_mark,
                               struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {[MARK_NAME] = {.text = HF_STR("log")}};
    *ret_mark = (struct hf_source_mark){.known = false};
    enum hf_rc rc = hf_store_create(store, &marks, err);
    if (rc == HF_OK) {
        rc = hf_store_get(store, &marks, row, err);
    }
    if (rc == HF_ENOTFOUND) {
        return HF_OK; /* made before stores remembered it, or new */
    }
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_str vkey = row[MARK_VKEY].text;
    size_t len = 0;
    bool rooted = row[MARK_SIZE].number > 0;
    if (vkey.len >= sizeof ret_mark->vkey ||
        (rooted &&
         (hf_hex_decode(row[MARK_ROOT].text, ret_mark->root.b, HF_HASH_SIZE, &len, NULL) != HF_OK ||
          len != HF_HASH_SIZE))) {
        return hf_err_set(err, HF_EMISMATCH,
                          "the table holdfast_source of the read models is damaged; rebuild them");
    }
    memcpy(ret_mark->vkey, vkey.ptr, vkey.len);
    ret_mark->size = rooted ? (uint64_t)row[MARK_SIZE].number : 0;
    ret_mark->known = true;
    return HF_OK;
}

static bool is_of(const struct hf_source_mark *mark, const struct hf_source *source)
{
    char vkey[HF_VKEY_TEXT_MAX];
    size_t len = hf_vkey_format(source->vkey, vkey);
    return mark->known && hf_str_eq(hf_str_c(mark->vkey), (struct hf_str){vkey, len});
}

/* An older root is better than none. */
static enum hf_rc write_without_root(struct hf_store *store, const struct hf_source *source,
                                     struct hf_value *row, struct hf_err *err)
{
    struct hf_source_mark mark;
    enum hf_rc rc = hf_source_mark_read(store, &mark, err);
    if (rc != HF_OK || is_of(&mark, source)) {
        return rc;
    }
    return hf_store_put(store, &marks, row, err);
}

enum hf_rc hf_source_mark_write(struct hf_store *store, struct hf_source *source, uint64_t size,
                                struct hf_err *err)
{
    char vkey[HF_VKEY_TEXT_MAX];
    char hex[2 * HF_HASH_SIZE + 1];
    struct hf_hash root;
    size_t len = hf_vkey_format(source->vkey, vkey);
    struct hf_value row[HF_COLUMNS_MAX] = {
        [MARK_NAME] = {.text = HF_STR("log")}, [MARK_VKEY] = {.text = {vkey, len}}};
    enum hf_rc rc = hf_source_root(source, size, &root, err);
    if (rc == HF_ENOTFOUND) {
        return write_without_root(store, source, row, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_hex_encode(hf_bytes_of(root.b, HF_HASH_SIZE), hex);
    row[MARK_SIZE].number = (int64_t)size;
    row[MARK_ROOT].text = hf_str_c(hex);
    return hf_store_put(store, &marks, row, err);
}

enum hf_rc hf_source_mark_check(const struct hf_source_mark *mark, struct hf_source *source,
                                struct hf_err *err)
{
    char vkey[HF_VKEY_TEXT_MAX];
    struct hf_hash root;
    if (!mark->known) {
        return HF_OK;
    }
    if (!is_of(mark, source)) {
        (void)hf_vkey_format(source->vkey, vkey);
        return hf_err_set(err, HF_EFORK,
                          "these read models are of the log %.80s, not of %.80s: name their own "
                          "store, or throw them away and build all of them anew",
                          mark->vkey, vkey);
    }
    if (mark->size == 0 || mark->size > hf_source_size(source)) {
        return HF_OK; /* a log that is shorter than its read models is told by their positions */
    }
    enum hf_rc rc = hf_source_root(source, mark->size, &root, err);
    if (rc == HF_ENOTFOUND) {
        return HF_OK;
    }
    return rc != HF_OK || hf_hash_eq(&root, &mark->root)
               ? rc
               : hf_err_set(err, HF_EFORK,
                            "these read models are of another history of this log: its first %llu "
                            "entries are others; find out which is the right one, then build the "
                            "read models anew",
                            (unsigned long long)mark->size);
}
