/* tools/holdfast/projections_show.c: holdfast projections show: rows of a read model, now or when
 * the log was shorter. */
#include <stdio.h>

#include "base/assert.h"
#include "base/cli/table.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "log/core/reader.h"
#include "projections/as_of.h"
#include "projections/promote.h"
#include "projections/row_json.h"
#include "projections/sqlite/store_sqlite.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/models.h"

#define ROWS_MAX 1000

struct shown {
    const struct hf_table_def *def;
    struct hf_table *table;
    struct hf_json_out *json;
    uint64_t rows;
};

static enum hf_rc add_row(void *arg, const struct hf_value *row)
{
    struct shown *shown = arg;
    shown->rows++;
    if (shown->json != NULL) {
        hf_row_to_json(shown->def, row, shown->json);
        return HF_OK;
    }
    for (unsigned i = 0; i < hf_table_columns(shown->def); i++) {
        if (shown->def->columns[i].type == HF_COLUMN_INT) {
            hf_table_printf(shown->table, "%lld", (long long)row[i].number);
        } else {
            hf_table_cell(shown->table, row[i].text);
        }
    }
    return HF_OK;
}

static enum hf_rc print_rows(struct hf_cli *cli, struct hf_store *store,
                             const struct hf_projection *p, const char *key, struct hf_err *err)
{
    const struct hf_table_def *def = p->tables[0];
    struct hf_table_column columns[HF_COLUMNS_MAX] = {{.title = NULL}};
    struct hf_value first = {.number = 0};
    struct hf_table table;
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(8u << 20);
    const struct hf_scan scan = {.first = key == NULL ? NULL : &first, .limit = ROWS_MAX};
    for (unsigned i = 0; i < hf_table_columns(def); i++) {
        columns[i].title = def->columns[i].name;
        columns[i].right = def->columns[i].type == HF_COLUMN_INT;
    }
    if (key != NULL && def->columns[0].type == HF_COLUMN_TEXT) {
        first.text = hf_str_c(key);
    } else if (key != NULL &&
               hf_parse_i64(hf_str_c(key), INT64_MIN, INT64_MAX, &first.number) != HF_OK) {
        return hf_err_set(err, HF_EUSAGE, "the key of %s is a number", p->name);
    }
    hf_table_init(&table, columns, hf_table_columns(def));
    hf_json_init(&json, &text);
    hf_json_array_begin(&json);
    struct shown shown = {.def = def, .table = &table, .json = cli->json ? &json : NULL};
    enum hf_rc rc = hf_store_scan(store, def, &scan, add_row, &shown, err);
    hf_json_array_end(&json);
    if (rc == HF_OK && cli->json) {
        hf_cli_line(cli, &text);
    } else if (rc == HF_OK) {
        rc = hf_table_write(&table, cli->out, err);
    }
    if (rc == HF_OK && shown.rows == ROWS_MAX) {
        hf_cli_note(cli, "these are the first %d rows; ask the store itself for more", ROWS_MAX);
    }
    hf_table_free(&table);
    hf_buf_free(&text);
    return rc;
}

/* --as-of: a number of entries, or a time. */
static enum hf_rc take_size(struct hf_models *m, const char *text, uint64_t *ret_size,
                            struct hf_err *err)
{
    int64_t time_us = 0;
    uint64_t size = hf_log_size(m->session.log);
    if (hf_parse_u64(hf_str_c(text), 0, size, ret_size) == HF_OK) {
        return HF_OK;
    }
    if (hf_parse_time_us(hf_str_c(text), &time_us) != HF_OK) {
        return hf_err_set(err, HF_EUSAGE,
                          "--as-of: a number of entries up to %llu, or a time such as "
                          "2026-01-31T12:00:00Z",
                          (unsigned long long)size);
    }
    return hf_log_find_time(m->session.log, time_us, ret_size, err);
}

/* Folds into a store that goes away with the command. */
static enum hf_rc show_as_of(struct hf_models *m, const struct hf_projection *p, const char *key,
                             const char *when, struct hf_err *err)
{
    struct hf_store *store = NULL;
    struct hf_projector_conf conf = {.env = m->cli->env, .log = m->session.log};
    enum hf_rc rc = key == NULL
                        ? hf_err_set(err, HF_EUSAGE, "--as-of is about one thing: give its KEY")
                        : take_size(m, when, &conf.until, err);
    if (rc == HF_OK) {
        rc = hf_store_sqlite_open("", &store, err);
    }
    if (rc == HF_OK) {
        conf.store = store;
        rc = hf_projection_as_of(&conf, p, hf_str_c(key), err);
    }
    if (rc == HF_OK) {
        rc = print_rows(m->cli, store, p, key, err);
    }
    hf_store_close(store);
    return rc;
}

static int run_show(struct hf_cli *cli)
{
    struct hf_models m;
    struct hf_err err = {0};
    const struct hf_projection *p = NULL;
    const char *key = hf_cli_operand(cli, 2);
    const char *when = hf_cli_str(cli, "as-of");
    enum hf_rc rc = hf_models_open_to_read(&m, cli, hf_cli_str(cli, "db"), &err);
    if (rc == HF_OK) {
        p = hf_projection_find(hf_str_c(hf_cli_operand(cli, 1)));
        rc = p != NULL ? HF_OK : hf_promoted(m.store, hf_str_c(hf_cli_operand(cli, 1)), &p, &err);
    }
    if (rc == HF_OK && when != NULL) {
        rc = show_as_of(&m, p, key, when, &err);
    } else if (rc == HF_OK) {
        rc = hf_store_create(m.store, p->tables[0], &err);
        rc = rc == HF_OK ? print_rows(cli, m.store, p, key, &err) : rc;
    }
    return hf_models_finish(&m, rc, &err);
}

static const struct hf_cli_option options[] = {
    HF_MODELS_OPTION,
    {.name = "as-of",
     .kind = HF_CLI_STRING,
     .value = "WHEN",
     .help = "what it said about KEY when the log had so many entries, or at a time"}};
static const struct hf_cli_operand operands[] = {
    {.name = "DIR", .help = "the folder of the region's log"},
    {.name = "MODEL",
     .help = "a read model (fleet: the version that is read) or a version (fleet_2)"},
    {.name = "KEY", .help = "only rows of this key, such as a tenant", .optional = true}};

const struct hf_cli_command hf_command_projections_show = {
    .name = "show",
    .summary = "rows of a read model, now or as they were",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_show};
