/* tenant/scan_rows.c: the two tables of the search for secrets. */
#include "tenant/scan_rows.h"

#include <stdio.h>

#include "base/hex.h"

#define HEX_SIZE (2 * HF_HASH_SIZE)

enum {
    ID,
    SET,
    FIRST_ENTRY,
    END_ENTRY,
    FRESH,
    FINDINGS,
    FIRST_INDEX,
    FIRST_SECRET,
    TOLD_SET,
    TOLD_FINDINGS,
    TOLD_WHOLE,
    TOLD_US,
};

static const struct hf_table_def scan_table = {.name = "secret_scan_1",
                                               .columns = {{"id", HF_COLUMN_INT},
                                                           {"secrets", HF_COLUMN_TEXT},
                                                           {"first_entry", HF_COLUMN_INT},
                                                           {"end_entry", HF_COLUMN_INT},
                                                           {"fresh", HF_COLUMN_INT},
                                                           {"findings", HF_COLUMN_INT},
                                                           {"first_index", HF_COLUMN_INT},
                                                           {"first_secret", HF_COLUMN_TEXT},
                                                           {"told_secrets", HF_COLUMN_TEXT},
                                                           {"told_findings", HF_COLUMN_INT},
                                                           {"told_whole", HF_COLUMN_INT},
                                                           {"told_us", HF_COLUMN_INT}},
                                               .key_columns = 1};

enum {
    FOUND_INDEX,
    FOUND_SECRET,
    FOUND_TYPE,
    FOUND_PLACES,
};

static const struct hf_table_def found_table = {.name = "secret_found_1",
                                                .columns = {{"entry", HF_COLUMN_INT},
                                                            {"secret", HF_COLUMN_TEXT},
                                                            {"type", HF_COLUMN_TEXT},
                                                            {"places", HF_COLUMN_INT}},
                                                .key_columns = 2};

enum hf_rc hf_scan_rows_create(struct hf_store *store, struct hf_err *err)
{
    enum hf_rc rc = hf_store_create(store, &scan_table, err);
    return rc == HF_OK ? hf_store_create(store, &found_table, err) : rc;
}

static enum hf_rc read_hash(struct hf_str text, struct hf_hash *ret, struct hf_err *err)
{
    size_t len = 0;
    if (text.len == 0) {
        return HF_OK;
    }
    enum hf_rc rc = hf_hex_decode(text, ret->b, HF_HASH_SIZE, &len, NULL);
    return rc == HF_OK && len == HF_HASH_SIZE
               ? HF_OK
               : hf_err_set(err, HF_EIO, "the views hold no digest where one belongs");
}

enum hf_rc hf_scan_rows_load(struct hf_store *store, struct hf_scan_row *ret_row,
                             struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    *ret_row = (struct hf_scan_row){.from = 0};
    enum hf_rc rc = hf_store_get(store, &scan_table, row, err);
    if (rc != HF_OK) {
        return rc == HF_ENOTFOUND ? HF_OK : rc;
    }
    ret_row->from = (uint64_t)row[FIRST_ENTRY].number;
    ret_row->to = (uint64_t)row[END_ENTRY].number;
    ret_row->fresh = (uint64_t)row[FRESH].number;
    ret_row->findings = (uint64_t)row[FINDINGS].number;
    ret_row->first_index = (uint64_t)row[FIRST_INDEX].number;
    (void)snprintf(ret_row->first_secret, sizeof ret_row->first_secret, "%.*s",
                   HF_STR_ARG(row[FIRST_SECRET].text));
    ret_row->told.findings = (uint64_t)row[TOLD_FINDINGS].number;
    ret_row->told.whole = row[TOLD_WHOLE].number != 0;
    ret_row->told.at_us = row[TOLD_US].number;
    rc = read_hash(row[SET].text, &ret_row->set, err);
    return rc == HF_OK ? read_hash(row[TOLD_SET].text, &ret_row->told.set, err) : rc;
}

enum hf_rc hf_scan_rows_save(struct hf_store *store, const struct hf_scan_row *row,
                             struct hf_err *err)
{
    char set[HEX_SIZE + 1];
    char told[HEX_SIZE + 1];
    hf_hex_encode(hf_bytes_of(row->set.b, HF_HASH_SIZE), set);
    hf_hex_encode(hf_bytes_of(row->told.set.b, HF_HASH_SIZE), told);
    const struct hf_value values[HF_COLUMNS_MAX] = {
        [SET] = {.text = {set, HEX_SIZE}},
        [FIRST_ENTRY] = {.number = (int64_t)row->from},
        [END_ENTRY] = {.number = (int64_t)row->to},
        [FRESH] = {.number = (int64_t)row->fresh},
        [FINDINGS] = {.number = (int64_t)row->findings},
        [FIRST_INDEX] = {.number = (int64_t)row->first_index},
        [FIRST_SECRET] = {.text = hf_str_c(row->first_secret)},
        [TOLD_SET] = {.text = {told, HEX_SIZE}},
        [TOLD_FINDINGS] = {.number = (int64_t)row->told.findings},
        [TOLD_WHOLE] = {.number = row->told.whole ? 1 : 0},
        [TOLD_US] = {.number = row->told.at_us}};
    return hf_store_put(store, &scan_table, values, err);
}

enum hf_rc hf_scan_rows_reset(struct hf_store *store, const struct hf_hash *set, uint64_t from,
                              struct hf_scan_row *io_row, struct hf_err *err)
{
    enum hf_rc rc = hf_store_drop(store, &found_table, err);
    rc = rc == HF_OK ? hf_store_create(store, &found_table, err) : rc;
    if (rc == HF_OK) {
        *io_row = (struct hf_scan_row){.set = *set, .from = from, .to = from, .told = io_row->told};
        rc = hf_scan_rows_save(store, io_row, err);
    }
    return rc;
}

enum hf_rc hf_scan_rows_found(struct hf_store *store, uint64_t index, struct hf_str secret,
                              struct hf_str type, struct hf_scan_row *io_row, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {
        [FOUND_INDEX] = {.number = (int64_t)index}, [FOUND_SECRET] = {.text = secret}};
    if (io_row->findings++ == 0) {
        io_row->first_index = index;
        (void)snprintf(io_row->first_secret, sizeof io_row->first_secret, "%.*s",
                       HF_STR_ARG(secret));
    }
    if (io_row->findings > HF_SCAN_FOUND_MAX) {
        return HF_OK;
    }
    enum hf_rc rc = hf_store_get(store, &found_table, row, err);
    if (rc != HF_OK && rc != HF_ENOTFOUND) {
        return rc;
    }
    int64_t places = rc == HF_OK ? row[FOUND_PLACES].number : 0;
    const struct hf_value next[HF_COLUMNS_MAX] = {[FOUND_INDEX] = {.number = (int64_t)index},
                                                  [FOUND_SECRET] = {.text = secret},
                                                  [FOUND_TYPE] = {.text = type},
                                                  [FOUND_PLACES] = {.number = places + 1}};
    return hf_store_put(store, &found_table, next, err);
}

static enum hf_rc show(void *arg, const struct hf_value *row)
{
    struct hf_json_out *json = arg;
    hf_json_object_begin(json);
    hf_json_key_u64(json, "index", (uint64_t)row[FOUND_INDEX].number);
    hf_json_key_str(json, "secret", row[FOUND_SECRET].text);
    hf_json_key_str(json, "type", row[FOUND_TYPE].text);
    hf_json_key_u64(json, "places", (uint64_t)row[FOUND_PLACES].number);
    hf_json_object_end(json);
    return HF_OK;
}

enum hf_rc hf_scan_rows_show(struct hf_store *store, struct hf_json_out *json, struct hf_err *err)
{
    const struct hf_scan all = {.limit = HF_SCAN_FOUND_MAX};
    hf_json_array_begin(json);
    enum hf_rc rc = hf_store_scan(store, &found_table, &all, show, json, err);
    hf_json_array_end(json);
    return rc;
}
