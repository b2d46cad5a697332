/* projections/row_json.h: a row as people's programs read it. */
#ifndef HF_PROJECTIONS_ROW_JSON_H
#define HF_PROJECTIONS_ROW_JSON_H

#include "base/json_out.h"
#include "projections/store.h"

/* An object with a member a column; columns that end in "_us" are times in RFC 3339, left out when
 * they are 0. */
void hf_row_to_json(const struct hf_table_def *table, const struct hf_value *row,
                    struct hf_json_out *json);

#endif
