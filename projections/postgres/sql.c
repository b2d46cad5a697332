/* projections/postgres/sql.c: statements about a table, as text. */
#include "projections/postgres/sql.h"

static void columns(struct hf_buf *sql, const struct hf_table_def *table, unsigned from,
                    unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        hf_buf_printf(sql, "%s%s", i == from ? "" : ", ", table->columns[i].name);
    }
}

static void parameters(struct hf_buf *sql, unsigned from, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        hf_buf_printf(sql, "%s$%u", i == 0 ? "" : ", ", from + i);
    }
}

void hf_pg_sql_create(struct hf_buf *sql, const struct hf_table_def *table)
{
    hf_buf_printf(sql, "CREATE TABLE IF NOT EXISTS holdfast.%s (", table->name);
    for (unsigned i = 0; i < hf_table_columns(table); i++) {
        hf_buf_printf(sql, "%s %s NOT NULL, ", table->columns[i].name,
                      table->columns[i].type == HF_COLUMN_INT ? "bigint" : "text COLLATE \"C\"");
    }
    hf_buf_str(sql, HF_STR("PRIMARY KEY ("));
    columns(sql, table, 0, table->key_columns);
    hf_buf_str(sql, HF_STR("))"));
}

/* What an insert does when the key is there. */
static void upsert(struct hf_buf *sql, const struct hf_table_def *table)
{
    unsigned count = hf_table_columns(table);
    hf_buf_str(sql, HF_STR(" ON CONFLICT ("));
    columns(sql, table, 0, table->key_columns);
    hf_buf_str(sql,
               table->key_columns == count ? HF_STR(") DO NOTHING") : HF_STR(") DO UPDATE SET "));
    for (unsigned i = table->key_columns; i < count; i++) {
        hf_buf_printf(sql, "%s%s = EXCLUDED.%s", i == table->key_columns ? "" : ", ",
                      table->columns[i].name, table->columns[i].name);
    }
}

void hf_pg_sql_put(struct hf_buf *sql, const struct hf_table_def *table)
{
    hf_buf_printf(sql, "INSERT INTO holdfast.%s VALUES (", table->name);
    parameters(sql, 1, hf_table_columns(table));
    hf_buf_str(sql, HF_STR(")"));
    upsert(sql, table);
}

void hf_pg_sql_put_from(struct hf_buf *sql, const struct hf_table_def *table, const char *from)
{
    hf_buf_printf(sql, "INSERT INTO holdfast.%s SELECT * FROM %s", table->name, from);
    upsert(sql, table);
}

static void select_all(struct hf_buf *sql, const struct hf_table_def *table)
{
    hf_buf_str(sql, HF_STR("SELECT "));
    columns(sql, table, 0, hf_table_columns(table));
    hf_buf_printf(sql, " FROM holdfast.%s", table->name);
}

static void compare_key(struct hf_buf *sql, const struct hf_table_def *table, const char *how,
                        unsigned parameter)
{
    hf_buf_str(sql, HF_STR("("));
    columns(sql, table, 0, table->key_columns);
    hf_buf_printf(sql, ") %s (", how);
    parameters(sql, parameter, table->key_columns);
    hf_buf_str(sql, HF_STR(")"));
}

void hf_pg_sql_get(struct hf_buf *sql, const struct hf_table_def *table)
{
    select_all(sql, table);
    hf_buf_str(sql, HF_STR(" WHERE "));
    compare_key(sql, table, "=", 1);
}

void hf_pg_sql_scan(struct hf_buf *sql, const struct hf_table_def *table, bool first, bool after,
                    uint64_t limit)
{
    select_all(sql, table);
    if (first) {
        hf_buf_printf(sql, " WHERE %s = $1", table->columns[0].name);
    }
    if (after) {
        hf_buf_str(sql, first ? HF_STR(" AND ") : HF_STR(" WHERE "));
        compare_key(sql, table, ">", first ? 2 : 1);
    }
    hf_buf_str(sql, HF_STR(" ORDER BY "));
    columns(sql, table, 0, table->key_columns);
    if (limit > 0) {
        hf_buf_printf(sql, " LIMIT %llu", (unsigned long long)limit);
    }
}

/* COPY's text form: columns end in tabs, lines in newlines, the backslash escapes. */

static void copy_text(struct hf_buf *out, struct hf_str text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *escape = text.ptr[i] == '\\'   ? "\\\\"
                             : text.ptr[i] == '\t' ? "\\t"
                             : text.ptr[i] == '\n' ? "\\n"
                             : text.ptr[i] == '\r' ? "\\r"
                                                   : NULL;
        if (escape != NULL) {
            hf_buf_put(out, text.ptr + from, i - from);
            hf_buf_put(out, escape, 2);
            from = i + 1;
        }
    }
    hf_buf_put(out, text.ptr + from, text.len - from);
}

void hf_pg_copy_row(struct hf_buf *out, const struct hf_table_def *table,
                    const struct hf_value *row)
{
    unsigned count = hf_table_columns(table);
    for (unsigned i = 0; i < count; i++) {
        if (table->columns[i].type == HF_COLUMN_INT) {
            hf_buf_printf(out, "%lld", (long long)row[i].number);
        } else if (row[i].text.len > 0) {
            copy_text(out, row[i].text);
        }
        hf_buf_put(out, i + 1 == count ? "\n" : "\t", 1);
    }
}
