/* projections/store.c: what all stores have in common. */
#include "projections/store.h"

#include <string.h>

enum hf_rc hf_row_check(const struct hf_table_def *table, const struct hf_value *row,
                        struct hf_err *err)
{
    for (unsigned i = 0; i < hf_table_columns(table); i++) {
        struct hf_str text = row[i].text;
        size_t bad = 0;
        if (table->columns[i].type != HF_COLUMN_TEXT || text.len == 0) {
            continue;
        }
        if (memchr(text.ptr, '\0', text.len) != NULL || !hf_utf8_valid(hf_str_bytes(text), &bad)) {
            return hf_err_set(err, HF_EINVAL, "%s.%s: a text must be UTF-8 without NUL",
                              table->name, table->columns[i].name);
        }
    }
    return HF_OK;
}

static int compare_text(struct hf_str a, struct hf_str b)
{
    size_t least = a.len < b.len ? a.len : b.len;
    int order = least == 0 ? 0 : memcmp(a.ptr, b.ptr, least);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

int hf_key_compare(const struct hf_table_def *table, const struct hf_value *a,
                   const struct hf_value *b)
{
    for (unsigned i = 0; i < table->key_columns; i++) {
        int order = table->columns[i].type == HF_COLUMN_INT
                        ? (a[i].number > b[i].number) - (a[i].number < b[i].number)
                        : compare_text(a[i].text, b[i].text);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}
