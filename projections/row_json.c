/* projections/row_json.c: a row as people's programs read it. */
#include "projections/row_json.h"

void hf_row_to_json(const struct hf_table_def *table, const struct hf_value *row,
                    struct hf_json_out *json)
{
    hf_json_object_begin(json);
    for (unsigned i = 0; i < hf_table_columns(table); i++) {
        struct hf_str name = hf_str_c(table->columns[i].name);
        bool time = name.len > 3 && memcmp(name.ptr + name.len - 3, "_us", 3) == 0;
        if (table->columns[i].type == HF_COLUMN_TEXT) {
            hf_json_key_str(json, table->columns[i].name, row[i].text);
        } else if (!time) {
            hf_json_key(json, name);
            hf_json_i64(json, row[i].number);
        } else if (row[i].number != 0) {
            hf_json_key(json, (struct hf_str){name.ptr, name.len - 3});
            hf_json_time_us(json, row[i].number);
        }
    }
    hf_json_object_end(json);
}
