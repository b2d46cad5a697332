/* base/cli/table.h: aligned columns of text for people.
 *
 * Rows are collected, then written with each column as wide as its widest cell; two spaces between
 * columns, no trailing space. Width counts UTF-8 characters, each as one column. Control
 * characters and bytes that are not UTF-8 are written as '?', so that a cell cannot command the
 * terminal. Failure to allocate is sticky and comes out of hf_table_write. One thread.
 */
#ifndef HF_BASE_CLI_TABLE_H
#define HF_BASE_CLI_TABLE_H

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

#define HF_TABLE_COLUMNS_MAX 16
#define HF_TABLE_BYTES_MAX   (64u << 20) /* of all cells together */

struct hf_table_column {
    const char *title; /* NULL in all columns: no header line */
    bool right;        /* for numbers */
};

struct hf_table {
    /* private */
    const struct hf_table_column *columns;
    size_t column_count;
    size_t cells; /* of the rows so far; the last row may be under way */
    size_t widths[HF_TABLE_COLUMNS_MAX];
    struct hf_buf text; /* NUL-terminated cells, row after row */
};

/* Borrows columns until hf_table_free; 1 to HF_TABLE_COLUMNS_MAX. */
void hf_table_init(struct hf_table *table, const struct hf_table_column *columns, size_t count);

/* The next cell, left to right, row after row; copied. */
void hf_table_cell(struct hf_table *table, struct hf_str text);
void hf_table_u64(struct hf_table *table, uint64_t number);
void hf_table_printf(struct hf_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes all rows; the last row must be complete. HF_ENOMEM, HF_ETOOBIG; write errors stay in
 * the stream (ferror) and are found by hf_cli_main. */
enum hf_rc hf_table_write(const struct hf_table *table, FILE *out, struct hf_err *err);

void hf_table_free(struct hf_table *table);

#endif
