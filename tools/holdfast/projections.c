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
    uint64_t position = 0;
    enum hf_rc rc = hf_projection_digest_at(m->store, p, &position, &digest, &rows, err);
    if (rc == HF_OK) {
        rc = hf_projection_status(m->store, p, hf_log_size(m->session.log), &status, err);
    }
    if (rc == HF_OK) { /* of the digest, even if a Hub went on meanwhile */
        uint64_t moved = status.position - position;
        status.position = position;
        status.lag += moved;
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
        hf_cli_line(m->cli, &text);
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
    enum hf_rc rc = hf_models_open_to_read(&m, cli, hf_cli_str(cli, "db"), &err);
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
    bool resume = hf_cli_flag(cli, "resume");
    for (size_t i = 0; rc == HF_OK && !resume && hf_projections[i] != NULL; i++) {
        if (only == NULL || only == hf_projections[i]) {
            rc = hf_projection_reset(m.store, hf_projections[i], &err);
        }
    }
    if (rc == HF_OK) {
        m.strict = !hf_cli_flag(cli, "skip-dead");
        rc = hf_models_update(&m, NULL, &err);
    }
    if (rc == HF_ECANCELED) {
        const struct hf_err why = err;
        (void)hf_err_set(
            &err, rc,
            "%s; --resume goes on from there, with --skip-dead it is kept as a dead letter",
            why.text);
    }
    if (rc == HF_OK) {
        rc = print_status(&m, &err);
    }
    return hf_models_finish(&m, rc, &err);
}

static const struct hf_cli_option options[] = {HF_MODELS_OPTION};
static const struct hf_cli_operand operands[] = {
    {.name = "DIR", .help = "the folder of the region's log"}};
static const struct hf_cli_option rebuild_options[] = {
    HF_MODELS_OPTION,
    {.name = "resume", .help = "go on with a rebuild that was interrupted"},
    {.name = "skip-dead", .help = "keep what cannot be read as dead letters, and go on"}};
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
    .description =
        "An event that cannot be read ends it, where an update keeps such events as dead "
        "letters: who builds anew shall not have less than before without knowing.",
    .options = rebuild_options,
    .option_count = HF_LEN(rebuild_options),
    .operands = rebuild_operands,
    .operand_count = HF_LEN(rebuild_operands),
    .run = run_rebuild};
const struct hf_cli_command hf_command_projections = {
    .name = "projections",
    .summary = "read models out of a region's log",
    HF_CLI_CHILDREN(&command_status, &command_update, &command_rebuild,
                    &hf_command_projections_verify, &hf_command_projections_digest,
                    &hf_command_projections_promote, &hf_command_projections_dead,
                    &hf_command_projections_show),
};
