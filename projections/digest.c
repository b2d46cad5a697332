/* projections/digest.c: a hash over all rows. */
#include "projections/digest.h"

#include <stdio.h>

#define TRIES 10

struct digest {
    struct hf_sha256_state state;
    const struct hf_table_def *table;
    uint64_t rows;
};

static enum hf_rc digest_row(void *arg, const struct hf_value *row)
{
    struct digest *d = arg;
    for (unsigned i = 0; i < hf_table_columns(d->table); i++) {
        char text[32];
        int len = d->table->columns[i].type == HF_COLUMN_INT
                      ? snprintf(text, sizeof text, "%lld;", (long long)row[i].number)
                      : snprintf(text, sizeof text, "%zu:", row[i].text.len);
        hf_sha256_update(&d->state, hf_bytes_of(text, (size_t)len));
        if (d->table->columns[i].type == HF_COLUMN_TEXT) {
            hf_sha256_update(&d->state, hf_str_bytes(row[i].text));
        }
    }
    hf_sha256_update(&d->state, HF_BYTES("\n"));
    d->rows++;
    return HF_OK;
}

enum hf_rc hf_projection_digest(struct hf_store *store, const struct hf_projection *projection,
                                struct hf_hash *ret_digest, uint64_t *ret_rows, struct hf_err *err)
{
    static const struct hf_scan all;
    struct digest d = {.rows = 0};
    enum hf_rc rc = HF_OK;
    hf_sha256_begin(&d.state);
    for (int i = 0; rc == HF_OK && i < HF_PROJECTION_TABLES_MAX && projection->tables[i] != NULL;
         i++) {
        d.table = projection->tables[i];
        hf_sha256_update(&d.state, hf_str_bytes(hf_str_c(d.table->name)));
        hf_sha256_update(&d.state, HF_BYTES("\n"));
        rc = hf_store_create(store, d.table, err);
        if (rc == HF_OK) {
            rc = hf_store_scan(store, d.table, &all, digest_row, &d, err);
        }
    }
    hf_sha256_end(&d.state, ret_digest);
    *ret_rows = d.rows;
    return rc;
}

enum hf_rc hf_projection_digest_at(struct hf_store *store, const struct hf_projection *projection,
                                   uint64_t *ret_position, struct hf_hash *ret_digest,
                                   uint64_t *ret_rows, struct hf_err *err)
{
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = 0;
        uint64_t after = 0;
        enum hf_rc rc = hf_store_get_position(store, projection->name, &before, err);
        if (rc == HF_OK) {
            rc = hf_projection_digest(store, projection, ret_digest, ret_rows, err);
        }
        if (rc == HF_OK) {
            rc = hf_store_get_position(store, projection->name, &after, err);
        }
        if (rc != HF_OK || before == after) {
            *ret_position = before;
            return rc;
        }
    }
    return hf_err_set(
        err, HF_EBUSY,
        "%s is brought on by another program faster than it can be read; try again when "
        "there is less to do",
        projection->name);
}
