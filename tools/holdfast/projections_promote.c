/* tools/holdfast/projections_promote.c: holdfast projections promote, dead. */
#include <stdio.h>

#include "base/assert.h"
#include "base/cli/table.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "projections/digest.h"
#include "projections/promote.h"
#include "projections/row_json.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/models.h"

static void show_text(struct hf_models *m, const struct hf_projection *old,
                      const struct hf_projection *new, const struct hf_difference *d)
{
    hf_cli_printf(m->cli, "%s has %llu rows, %s has %llu: %llu gone, %llu new, %llu changed\n",
                  old->name, (unsigned long long)d->rows_a, new->name,
                  (unsigned long long)d->rows_b, (unsigned long long)d->missing,
                  (unsigned long long)d->added, (unsigned long long)d->changed);
    if (d->first[0] != '\0') {
        hf_cli_printf(m->cli, "the first difference is at %s\n", d->first);
    }
}

static void show_json(struct hf_models *m, const struct hf_projection *old,
                      const struct hf_projection *new, const struct hf_difference *d)
{
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(1u << 20);
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "from", hf_str_c(old->name));
    hf_json_key_str(&json, "to", hf_str_c(new->name));
    hf_json_key_u64(&json, "rows_from", d->rows_a);
    hf_json_key_u64(&json, "rows_to", d->rows_b);
    hf_json_key_u64(&json, "gone", d->missing);
    hf_json_key_u64(&json, "new", d->added);
    hf_json_key_u64(&json, "changed", d->changed);
    hf_json_key_str(&json, "first_difference", hf_str_c(d->first));
    hf_json_object_end(&json);
    hf_cli_line(m->cli, &text);
    hf_buf_free(&text);
}

/* What a person should know before everybody reads another version. */
static enum hf_rc show_difference(struct hf_models *m, const struct hf_projection *old,
                                  const struct hf_projection *new, struct hf_err *err)
{
    struct hf_difference d;
    enum hf_rc rc = hf_compare(m->store, old, new, &d, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (m->cli->json) {
        show_json(m, old, new, &d);
    } else {
        show_text(m, old, new, &d);
    }
    if (d.missing + d.added + d.changed > 0 && hf_cli_str(m->cli, "because") == NULL) {
        return hf_err_set(err, HF_EPERM,
                          "the versions differ in what both have: say why with --because TEXT");
    }
    return HF_OK;
}

static enum hf_rc promote(struct hf_models *m, const struct hf_projection *new, struct hf_err *err)
{
    const struct hf_projection *old = NULL;
    enum hf_rc rc = hf_promoted(m->store, hf_str_c(new->model), &old, err);
    if (rc == HF_OK && old == new) {
        return hf_err_set(err, HF_EEXIST, "%s is the version that is read already", new->name);
    }
    if (rc == HF_OK) {
        rc = hf_models_update(m, NULL, err); /* both, to the same position */
    }
    if (rc == HF_OK) {
        rc = hf_may_promote(m->store, new, hf_log_size(m->session.log), err);
    }
    if (rc == HF_OK) {
        rc = show_difference(m, old, new, err);
    }
    if (rc == HF_OK) {
        const char *because = hf_cli_str(m->cli, "because");
        rc = hf_promote(m->store, new, because == NULL ? "" : because, err);
    }
    if (rc == HF_OK && !m->cli->json) {
        hf_cli_printf(m->cli, "%s is read from now on\n", new->name);
    }
    return rc;
}

static int run_promote(struct hf_cli *cli)
{
    struct hf_models m;
    struct hf_err err = {0};
    const struct hf_projection *new = NULL;
    enum hf_rc rc = hf_models_open(&m, cli, hf_cli_str(cli, "db"), &err);
    if (rc == HF_OK) {
        rc = hf_models_find(hf_cli_operand(cli, 1), &new, &err);
    }
    if (rc == HF_OK) {
        rc = promote(&m, new, &err);
    }
    return hf_models_finish(&m, rc, &err);
}

/* dead letters */

struct dead {
    struct hf_cli *cli;
    struct hf_table table;
    struct hf_json_out json;
};

static enum hf_rc add_dead(void *arg, const struct hf_value *row)
{
    struct dead *dead = arg;
    if (dead->cli->json) {
        hf_row_to_json(&hf_dead_letters, row, &dead->json);
        return HF_OK;
    }
    hf_table_cell(&dead->table, row[0].text);
    hf_table_u64(&dead->table, (uint64_t)row[1].number);
    hf_table_u64(&dead->table, (uint64_t)row[2].number);
    hf_table_cell(&dead->table, row[3].text);
    return HF_OK;
}

static int run_dead(struct hf_cli *cli)
{
    static const struct hf_table_column columns[] = {{.title = "PROJECTION"},
                                                     {.title = "ENTRY", .right = true},
                                                     {.title = "EVENT", .right = true},
                                                     {.title = "WHY"}};
    static const struct hf_scan all;
    struct hf_models m;
    struct hf_err err = {0};
    struct dead dead = {.cli = cli};
    struct hf_buf text = hf_buf_init(64u << 20);
    hf_table_init(&dead.table, columns, HF_LEN(columns));
    hf_json_init(&dead.json, &text);
    hf_json_array_begin(&dead.json);
    enum hf_rc rc = hf_models_open_to_read(&m, cli, hf_cli_str(cli, "db"), &err);
    if (rc == HF_OK) {
        rc = hf_store_create(m.store, &hf_dead_letters, &err);
    }
    if (rc == HF_OK) {
        rc = hf_store_scan(m.store, &hf_dead_letters, &all, add_dead, &dead, &err);
    }
    hf_json_array_end(&dead.json);
    if (rc == HF_OK && text.failed) {
        rc = hf_err_set(&err, HF_ETOOBIG, "there are too many dead letters to show");
    }
    if (rc == HF_OK && cli->json) {
        hf_cli_line(cli, &text);
    } else if (rc == HF_OK) {
        rc = hf_table_write(&dead.table, cli->out, &err);
    }
    hf_buf_free(&text);
    hf_table_free(&dead.table);
    return hf_models_finish(&m, rc, &err);
}

static const struct hf_cli_option promote_options[] = {
    HF_MODELS_OPTION,
    {.name = "because",
     .kind = HF_CLI_STRING,
     .value = "TEXT",
     .help = "why they may differ in what both versions have"}};
static const struct hf_cli_option dead_options[] = {HF_MODELS_OPTION};
static const struct hf_cli_operand promote_operands[] = {
    {.name = "DIR", .help = "the folder of the region's log"},
    {.name = "NAME", .help = "the version to read, such as fleet_2"}};
static const struct hf_cli_operand dead_operands[] = {
    {.name = "DIR", .help = "the folder of the region's log"}};

const struct hf_cli_command hf_command_projections_promote = {
    .name = "promote",
    .summary = "read another version of a read model from now on",
    .description =
        "Brings both versions to the same position and compares them in what both have. A version "
        "with dead letters is not promoted, and a difference needs a reason.",
    .options = promote_options,
    .option_count = HF_LEN(promote_options),
    .operands = promote_operands,
    .operand_count = HF_LEN(promote_operands),
    .run = run_promote};
const struct hf_cli_command hf_command_projections_dead = {
    .name = "dead",
    .summary = "events that a read model could not read, and why",
    .options = dead_options,
    .option_count = HF_LEN(dead_options),
    .operands = dead_operands,
    .operand_count = HF_LEN(dead_operands),
    .run = run_dead};
