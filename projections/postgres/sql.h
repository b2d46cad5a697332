/* projections/postgres/sql.h: statements about a table, as text.
 *
 * Names of tables and columns are constants of the program, never a peer's; values are parameters
 * or lines of COPY, never text of a statement.
 */
#ifndef HF_PROJECTIONS_POSTGRES_SQL_H
#define HF_PROJECTIONS_POSTGRES_SQL_H

#include "base/buf.h"
#include "projections/store.h"

#define HF_PG_SQL_MAX 8192 /* 16 columns of up to 64 characters, each named up to four times */

void hf_pg_sql_create(struct hf_buf *sql, const struct hf_table_def *table);
/* One row, its columns $1, $2, ... */
void hf_pg_sql_put(struct hf_buf *sql, const struct hf_table_def *table);
/* All rows of another table with the same columns. */
void hf_pg_sql_put_from(struct hf_buf *sql, const struct hf_table_def *table, const char *from);
/* The row whose key is $1, $2, ... */
void hf_pg_sql_get(struct hf_buf *sql, const struct hf_table_def *table);
/* Parameters: the first column, then the key, each when it is asked for; limit: 0 is none. */
void hf_pg_sql_scan(struct hf_buf *sql, const struct hf_table_def *table, bool first, bool after,
                    uint64_t limit);

/* A row as a line of COPY's text form. */
void hf_pg_copy_row(struct hf_buf *out, const struct hf_table_def *table,
                    const struct hf_value *row);

#endif
