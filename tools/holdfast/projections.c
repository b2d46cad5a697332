/* tools/holdfast/projections.c: holdfast projections: read models out of a region's log. */
#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/cli/table.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "projections/digest.h"
#include "projections/status.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/models.h"

/* One projection's name, position, rows and digest. */
static enum hf_rc put_status(struct hf_models *m, const struct hf_projection *p,
                             struct hf_table *table, struct hf_json_out *json, struct hf_err *err)
{
    struct hf_projection_status status;
    struct hf_hash digest;
    uint64_t rows = 0;
    char hex[2 * HF_HASH_SIZE + 1];
    enum hf_rc rc = hf_projection_digest(m->store, p, &digest, &rows, err);
    if (rc == HF_OK) {
        rc = hf_projection_status(m->store, p, hf_log_size(m->session.log), &status, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_hex_encode(hf_bytes_of(digest.b, sizeof digest.b), hex);
    if (json != NULL) {
        hf_json_object_begin(json);
        hf_projection_status_to_json(&status, json);
        hf_json_key_u64(json, "rows", rows);
        hf_json_key_str(json, "digest", hf_str_c(hex));
        hf_json_object_end(json);
        return HF_OK;
    }
    hf_table_cell(table, hf_str_c(p->name));
    hf_table_cell(table, status.promoted ? HF_STR("yes") : HF_STR(""));
    hf_table_u64(table, status.position);
    hf_table_u64(table, status.lag);
    hf_table_u64(table, status.dead);
    hf_table_u64(table, rows);
    hf_table_cell(table, hf_str_c(hex));
    hf_table_cell(table, hf_str_c(p->about));
    return HF_OK;
}

static enum hf_rc print_status(struct hf_models *m, struct hf_err *err)
{
    static const struct hf_table_column columns[] = {{.title = "PROJECTION"},
                                                     {.title = "READ"},
                                                     {.title = "POSITION", .right = true},
                                                     {.title = "LAG", .right = true},
                                                     {.title = "DEAD", .right = true},
                                                     {.title = "ROWS", .right = true},
                                                     {.title = "DIGEST"},
                                                     {.title = "WHAT"}};
    struct hf_table table;
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(1u << 20);
    enum hf_rc rc = HF_OK;
    hf_table_init(&table, columns, HF_LEN(columns));
    hf_json_init(&json, &text);
    hf_json_array_begin(&json);
    for (size_t i = 0; rc == HF_OK && hf_projections[i] != NULL; i++) {
        rc = put_status(m, hf_projections[i], &table, m->cli->json ? &json : NULL, err);
    }
    hf_json_array_end(&json);
    if (rc == HF_OK && m->cli->json) {
        hf_cli_printf(m->cli, "%.*s\n", (int)text.len, (const char *)text.ptr);
    } else if (rc == HF_OK) {
        rc = hf_table_write(&table, m->cli->out, err);
    }
    hf_table_free(&table);
    hf_buf_free(&text);
    return rc;
}

static int run_status(struct hf_cli *cli)
{
    struct hf_models m;
    struct hf_err err = {0};
    enum hf_rc rc = hf_models_open(&m, cli, hf_cli_str(cli, "db"), &err);
    if (rc == HF_OK) {
        rc = hf_models_check(&m, &err);
    }
    if (rc == HF_OK) {
        rc = print_status(&m, &err);
    }
    return hf_models_finish(&m, rc, &err);
}

static int run_update(struct hf_cli *cli)
{
    struct hf_models m;
    struct hf_err err = {0};
    enum hf_rc rc = hf_models_open(&m, cli, hf_cli_str(cli, "db"), &err);
    if (rc == HF_OK) {
        rc = hf_models_update(&m, NULL, &err);
    }
    if (rc == HF_OK) {
        rc = print_status(&m, &err);
    }
    return hf_models_finish(&m, rc, &err);
}

static int run_rebuild(struct hf_cli *cli)
{
    struct hf_models m;
    struct hf_err err = {0};
    const char *name = hf_cli_operand(cli, 1);
    const struct hf_projection *only = NULL;
    enum hf_rc rc = hf_models_open(&m, cli, hf_cli_str(cli, "db"), &err);
    if (rc == HF_OK && name != NULL) {
        rc = hf_models_find(name, &only, &err);
    }
    if (rc == HF_OK && name != NULL) { /* the others stay, so they must be of this log */
        rc = hf_models_check(&m, &err);
    }
    for (size_t i = 0; rc == HF_OK && hf_projections[i] != NULL; i++) {
        if (only == NULL || only == hf_projections[i]) {
            rc = hf_projection_reset(m.store, hf_projections[i], &err);
        }
    }
    if (rc == HF_OK) {
        rc = hf_models_update(&m, NULL, &err);
    }
    if (rc == HF_OK) {
        rc = print_status(&m, &err);
    }
    return hf_models_finish(&m, rc, &err);
}

/* verify: builds everything anew in a file of its own and compares digests. */

static enum hf_rc compare(struct hf_models *have, struct hf_models *fresh, const char **ret_differs,
                          struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; rc == HF_OK && hf_projections[i] != NULL; i++) {
        struct hf_hash a;
        struct hf_hash b;
        uint64_t rows = 0;
        rc = hf_projection_digest(have->store, hf_projections[i], &a, &rows, err);
        if (rc == HF_OK) {
            rc = hf_projection_digest(fresh->store, hf_projections[i], &b, &rows, err);
        }
        if (rc == HF_OK && !hf_hash_eq(&a, &b)) {
            *ret_differs = hf_projections[i]->name;
        }
    }
    return rc;
}

static int run_verify(struct hf_cli *cli)
{
    struct hf_models m;
    struct hf_models fresh = {.cli = cli};
    struct hf_err err = {0};
    const char *differs = NULL;
    enum hf_rc rc = hf_models_open(&m, cli, hf_cli_str(cli, "db"), &err);
    if (rc == HF_OK) {
        rc = hf_models_update(&m, NULL, &err); /* to the same position */
    }
    if (rc == HF_OK) {
        rc = hf_models_open(&fresh, cli, "", &err); /* a file without a name: SQLite removes it */
    }
    if (rc == HF_OK) {
        rc = hf_models_update(&fresh, NULL, &err);
    }
    if (rc == HF_OK && hf_log_size(m.session.log) == hf_log_size(fresh.session.log)) {
        rc = compare(&m, &fresh, &differs, &err);
    }
    hf_models_close(&fresh);
    hf_models_close(&m);
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    if (differs != NULL) {
        return hf_cli_no(cli, "%s is not what the log says; holdfast projections rebuild mends it",
                         differs);
    }
    hf_cli_printf(cli, "every read model is what the log says\n");
    return HF_EXIT_OK;
}

static const struct hf_cli_option options[] = {HF_MODELS_OPTION};
static const struct hf_cli_operand operands[] = {
    {.name = "DIR", .help = "the folder of the region's log"}};
static const struct hf_cli_operand rebuild_operands[] = {
    {.name = "DIR", .help = "the folder of the region's log"},
    {.name = "NAME", .help = "only this read model", .optional = true}};

static const struct hf_cli_command command_status = {.name = "status",
                                                     .summary =
                                                         "where each read model is, and its digest",
                                                     .options = options,
                                                     .option_count = HF_LEN(options),
                                                     .operands = operands,
                                                     .operand_count = HF_LEN(operands),
                                                     .run = run_status};
static const struct hf_cli_command command_update = {
    .name = "update",
    .summary = "bring the read models up to the log; goes on where it was interrupted",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_update};
static const struct hf_cli_command command_rebuild = {
    .name = "rebuild",
    .summary = "throw read models away and build them from the log",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = rebuild_operands,
    .operand_count = HF_LEN(rebuild_operands),
    .run = run_rebuild};
static const struct hf_cli_command command_verify = {
    .name = "verify",
    .summary = "build them again beside and compare; exit 1 names the one that differs",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_verify,
    .no_json = true};

const struct hf_cli_command hf_command_projections = {
    .name = "projections",
    .summary = "read models out of a region's log",
    HF_CLI_CHILDREN(&command_status, &command_update, &command_rebuild, &command_verify,
                    &hf_command_projections_digest, &hf_command_projections_promote,
                    &hf_command_projections_dead, &hf_command_projections_show),
};
