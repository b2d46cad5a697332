/* projections/positions.c: how far each projection is, as rows. */
#include "projections/positions.h"

const struct hf_table_def hf_positions = {
    .name = "holdfast_positions",
    .columns = {{"projection", HF_COLUMN_TEXT}, {"position", HF_COLUMN_INT}},
    .key_columns = 1};

enum hf_rc hf_positions_get(struct hf_store *store, const char *projection, uint64_t *ret_position,
                            struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.text = hf_str_c(projection)}};
    enum hf_rc rc = hf_store_get(store, &hf_positions, row, err);
    *ret_position = rc == HF_OK ? (uint64_t)row[1].number : 0;
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

enum hf_rc hf_positions_set(struct hf_store *store, const char *projection, uint64_t position,
                            struct hf_err *err)
{
    const struct hf_value row[HF_COLUMNS_MAX] = {{.text = hf_str_c(projection)},
                                                 {.number = (int64_t)position}};
    return hf_store_put(store, &hf_positions, row, err);
}
