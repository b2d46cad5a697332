/* base/cli/table.c: collects cells and writes them in aligned columns. */
#include "base/cli/table.h"

#include "base/assert.h"
#include "base/cli/text.h"

#include <inttypes.h>
#include <stdarg.h>

void hf_table_init(struct hf_table *table, const struct hf_table_column *columns, size_t count)
{
    HF_ASSERT(count >= 1 && count <= HF_TABLE_COLUMNS_MAX);
    *table = (struct hf_table){
        .columns = columns, .column_count = count, .text = hf_buf_init(HF_TABLE_BYTES_MAX)};
    for (size_t i = 0; i < count; i++) {
        table->widths[i] = hf_text_width(hf_str_c(columns[i].title));
    }
}

void hf_table_cell(struct hf_table *table, struct hf_str text)
{
    /* The NUL ends the cell; one inside of the text would start a cell of its own. */
    const char *nul = text.len > 0 ? memchr(text.ptr, '\0', text.len) : NULL;
    if (nul != NULL) {
        text.len = (size_t)(nul - text.ptr);
    }
    size_t column = table->cells % table->column_count;
    size_t width = hf_text_width(text);
    if (width > table->widths[column]) {
        table->widths[column] = width;
    }
    hf_buf_str(&table->text, text);
    hf_buf_put(&table->text, "", 1);
    table->cells++;
}

void hf_table_u64(struct hf_table *table, uint64_t number)
{
    hf_table_printf(table, "%" PRIu64, number);
}

void hf_table_printf(struct hf_table *table, const char *format, ...)
{
    char cell[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(cell, sizeof cell, format, args);
    va_end(args);
    hf_table_cell(table, hf_str_c(len < 0 ? "?" : cell));
}

static void put_space(FILE *out, size_t count)
{
    (void)fprintf(out, "%*s", (int)count, "");
}

/* owed is space that is written only when something follows it. */
static void put_cell(const struct hf_table *table, size_t column, struct hf_str text, FILE *out,
                     size_t *io_owed)
{
    size_t pad = table->widths[column] - hf_text_width(text);
    size_t before = table->columns[column].right ? pad : 0;
    *io_owed += before;
    if (text.len > 0) {
        put_space(out, *io_owed);
        *io_owed = 0;
        hf_text_write(out, text);
    }
    *io_owed += pad - before + 2;
}

static void put_header(const struct hf_table *table, FILE *out)
{
    size_t owed = 0;
    if (table->columns[0].title == NULL) {
        return;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        put_cell(table, i, hf_str_c(table->columns[i].title), out, &owed);
    }
    (void)fputc('\n', out);
}

enum hf_rc hf_table_write(const struct hf_table *table, FILE *out, struct hf_err *err)
{
    if (table->text.failed != HF_OK) {
        return hf_err_set(err, table->text.failed,
                          table->text.failed == HF_ENOMEM
                              ? "out of memory for the table; ask for fewer rows"
                              : "the table is too large; ask for fewer rows");
    }
    HF_ASSERT(table->cells % table->column_count == 0);
    put_header(table, out);
    const char *cell = (const char *)table->text.ptr;
    size_t owed = 0;
    for (size_t i = 0; i < table->cells; i++) {
        struct hf_str text = hf_str_c(cell);
        put_cell(table, i % table->column_count, text, out, &owed);
        if ((i + 1) % table->column_count == 0) {
            (void)fputc('\n', out);
            owed = 0;
        }
        cell += text.len + 1;
    }
    return HF_OK;
}

void hf_table_free(struct hf_table *table)
{
    hf_buf_free(&table->text);
    table->cells = 0;
}
